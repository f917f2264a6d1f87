"""From tracklets and their looks to the cast and to what is wrong with it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import combinations, pairwise
from typing import TYPE_CHECKING

import numpy as np

from identity.attributes import AttributeSwap, find_attribute_swaps, told_by_heads
from identity.cast import Cast, build_cast
from identity.chains import chains_of
from identity.clones import Clone, find_clones
from identity.consistency import LikenessCurve, likeness_curves
from identity.drifts import Drift, begun_before, drifts_in_shot, drifts_over_cuts, joined_drifts
from identity.incidents import Incident, find_incidents
from identity.places import Places
from identity.presence import Gap, find_gaps
from identity.segments import Segment, make_segment
from identity.series import Series, make_series

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from identity.calibration import Calibration
    from identity.looks import Looks
    from identity.settings import CastSettings, FindingSettings
    from scenes.shots import Shot
    from tracker.tracklets import Tracklet

_SAME_SETUP = 0.9


@dataclass(frozen=True, slots=True)
class CutSwap:
    """Two segments before a cut and two after it, at the same places with exchanged looks."""

    before: tuple[int, int]
    after: tuple[int, int]
    start_frame: int
    strength: float


@dataclass(frozen=True, slots=True, eq=False)
class Judgement:
    """What identity has to say about a clip; findings are worded elsewhere.

    Attributes:
        series: Bodies, each through one shot.
        segments: Stretches of tracklets that wear one look.
        cast: Who is who among the segments.
        incidents: Changes of looks; their `series` index `series`.
        clones: Their pairs index `segments`.
        cut_swaps: Exchanges over a cut; they index `segments`.
        attribute_swaps: Exchanges of clothes or heads alone, over a cut; the same.
        drifts: Slow changes, one per character; their `series` index `series`.
        gaps: Candidates for vanish and pop_in, to be checked in the pictures.
        curves: Likeness over time of each series.
        consistency: Character to its number in [0, 1]; `None` = not seen well enough.
    """

    series: tuple[Series, ...]
    segments: tuple[Segment, ...]
    cast: Cast
    incidents: tuple[Incident, ...]
    clones: tuple[Clone, ...]
    cut_swaps: tuple[CutSwap, ...]
    attribute_swaps: tuple[AttributeSwap, ...]
    drifts: tuple[Drift, ...]
    gaps: tuple[Gap, ...]
    curves: tuple[LikenessCurve, ...]
    consistency: tuple[float | None, ...]

    def character_at(self, series: int, frame: int) -> int:
        """Return the character that a series wears at `frame`, -1 = nobody of the cast."""
        tracklet = self.series[series].tracklet_at(frame)
        for segment, label in zip(self.segments, self.cast.labels, strict=True):
            inside = segment.start_frame <= frame < segment.stop_frame
            if segment.tracklet.tracklet_id == tracklet and inside:
                return int(label)
        return -1


def judge_looks(
    tracklets: Sequence[Tracklet],
    looks: Sequence[Looks],
    shots: Sequence[Shot],
    setups: NDArray[np.float32],
    calibration: Calibration,
    cast_settings: CastSettings,
    finding_settings: FindingSettings,
    *,
    fps: float,
) -> Judgement:
    """Find what happens inside shots, make the cast, then find what the cast shows.

    Args:
        tracklets: Numbered by their place.
        looks: Of each tracklet.
        shots: They tile the clip.
        setups: (S, S) likeness of their camera set-ups.
        calibration: Of the embedder.
        cast_settings: How tracklets are joined.
        finding_settings: From where on a change is a finding.
        fps: Of the clip.
    """
    chains = chains_of(tracklets, fps=fps)
    series = tuple(make_series(chain, tracklets, looks) for chain in chains)
    incidents: list[Incident] = []
    gaps: list[Gap] = []
    drifts: list[Drift] = []
    for shot in shots:
        inside = [k for k, s in enumerate(series) if s.shot_index == shot.index]
        here = [series[k] for k in inside]
        found = [
            told_by_heads(incident, here, calibration, fps=fps)
            for incident in find_incidents(here, calibration, finding_settings, fps=fps)
        ]
        incidents += [replace(i, series=tuple(inside[k] for k in i.series)) for i in found]
        changed = frozenset(k for incident in found for k in incident.series)
        drifts += [
            replace(drift, series=tuple(inside[k] for k in drift.series))
            for drift in drifts_in_shot(here, changed, calibration, finding_settings, fps=fps)
        ]
        scores = [np.concatenate([tracklets[m].score for m in s.members]) for s in here]
        missing = find_gaps(here, scores, shot)
        gaps += [replace(g, series=inside[g.series]) for g in missing]
    segments = _cut_segments(tracklets, looks, series, incidents)
    cast = build_cast(segments, setups, calibration, cast_settings)
    clones = find_clones(
        segments, cast.labels, cast.apart, setups, calibration, finding_settings, fps=fps
    )
    cast = _join_clones(cast, clones)
    dressed = find_attribute_swaps(segments, cast.labels, setups, calibration, finding_settings)
    if any(incident.kind == "attribute_swap" for incident in incidents):
        dressed = []  # what follows a cut is the same cause
    cast = _undressed(cast, segments, dressed)
    told = {(swap.before, swap.after) for swap in dressed}
    cut_swaps = [
        swap
        for swap in _find_cut_swaps(
            segments,
            cast,
            setups,
            incidents,
            min_gain=finding_settings.scaled("swap_over_cut"),
        )
        if (swap.before, swap.after) not in told
        and (swap.before[::-1], swap.after[::-1]) not in told
    ]
    worn = _worn(series, segments, cast)
    drifts = begun_before(drifts, series, worn, calibration, fps=fps)
    if not (dressed or cut_swaps or clones or incidents):  # those explain it, whatever it is
        drifts += drifts_over_cuts(series, worn, setups, calibration, finding_settings)
    # What may be a thing says nothing of how much somebody stays himself.
    surely_worn = _worn(series, segments, _without_doubtful(cast))
    curves = tuple(likeness_curves(series, surely_worn, setups, calibration))
    slow = joined_drifts(drifts, worn)
    consistency = _consistency(surely_worn, cast, curves, slow)
    return Judgement(
        series,
        segments,
        cast,
        tuple(incidents),
        tuple(clones),
        tuple(cut_swaps),
        tuple(dressed),
        tuple(slow),
        tuple(gaps),
        curves,
        consistency,
    )


def _cut_segments(
    tracklets: Sequence[Tracklet],
    looks: Sequence[Looks],
    series: Sequence[Series],
    incidents: Sequence[Incident],
) -> tuple[Segment, ...]:
    """Cut every tracklet where it takes on another look."""
    cuts: dict[int, set[int]] = {}
    for incident in incidents:
        if incident.kind == "attribute_swap":  # it stays the same person
            continue
        for k in incident.series:
            for member in series[k].members:
                cuts.setdefault(member, set()).add(incident.start_frame)
    segments = []
    for tracklet, own in zip(tracklets, looks, strict=True):
        rows = {0, len(tracklet)}
        rows |= {
            int(np.searchsorted(tracklet.frame, f)) for f in cuts.get(tracklet.tracklet_id, ())
        }
        edges = sorted(rows)
        segments += [make_segment(tracklet, own, a, b) for a, b in pairwise(edges)]
    return tuple(segments)


def _join_clones(cast: Cast, clones: Sequence[Clone]) -> Cast:
    """Give both of a clone one identity, that of the earlier number, unless they may be twins."""
    labels = cast.labels.copy()
    for clone in (clone for clone in clones if clone.vouched):
        one, two = sorted(int(labels[k]) for k in clone.pair)
        if one >= 0:
            labels[labels == two] = one
    used = sorted({int(k) for k in labels if k >= 0})
    rename = {old: new for new, old in enumerate(used)} | {-1: -1}
    labels = np.array([rename[int(k)] for k in labels], np.int64)
    return replace(cast, labels=labels, character_count=len(used))


def _undressed(cast: Cast, segments: Sequence[Segment], dressed: Sequence[AttributeSwap]) -> Cast:
    """Return the cast with labels that stay with the heads where clothes were exchanged."""
    labels = cast.labels.copy()
    for swap in dressed:
        a, b = (int(labels[k]) for k in swap.before)
        if swap.attribute != "clothes" or (
            int(labels[swap.after[0]]),
            int(labels[swap.after[1]]),
        ) != (b, a):
            continue
        late = np.array([segment.start_frame >= swap.start_frame for segment in segments])
        was_a, was_b = late & (labels == a), late & (labels == b)
        labels[was_a], labels[was_b] = b, a
    return replace(cast, labels=labels)


def _find_cut_swaps(
    segments: Sequence[Segment],
    cast: Cast,
    setups: NDArray[np.float32],
    incidents: Sequence[Incident],
    *,
    min_gain: float,
) -> list[CutSwap]:
    """Return where a cut comes back to a set-up and two characters have exchanged places.

    Only the first shot with the exchanged places is told, and only against the last shot before
    it in this set-up: what follows is the same cause.
    """
    swapped_inside = any(incident.kind in {"swap", "attribute_swap"} for incident in incidents)
    if not len(segments) or swapped_inside:
        return []
    by_shot: dict[int, list[int]] = {}
    for k, segment in enumerate(segments):
        if cast.labels[k] >= 0:
            by_shot.setdefault(segment.tracklet.shot_index, []).append(k)
    places = Places(segment.xyxy for segment in segments)
    found = []
    for late in sorted(by_shot):
        earlier = [s for s in sorted(by_shot) if s < late and setups[s, late] >= _SAME_SETUP]
        if earlier:
            sides = by_shot[earlier[-1]], by_shot[late]
            found += _exchanged(segments, cast, places, *sides, min_gain=min_gain)
    return found


def _exchanged(
    segments: Sequence[Segment],
    cast: Cast,
    places: Places,
    early: Sequence[int],
    late: Sequence[int],
    *,
    min_gain: float,
) -> list[CutSwap]:
    found = []
    for a, b in combinations(early, 2):
        for c, d in ((c, d) for c in late for d in late if c != d):
            crossed = cast.labels[a] == cast.labels[d] and cast.labels[b] == cast.labels[c]
            if not crossed or cast.labels[a] == cast.labels[b]:
                continue
            if not (places.same(a, c) and places.same(b, d)):
                continue
            odds = cast.log_odds
            gain = float(odds[a, d] + odds[b, c] - odds[a, c] - odds[b, d]) / 2
            if gain >= min_gain:
                found.append(CutSwap((a, b), (c, d), segments[c].start_frame, gain))
    return found


def _without_doubtful(cast: Cast) -> Cast:
    return replace(cast, labels=np.where(cast.doubtful, -1, cast.labels))


def _worn(series: Sequence[Series], segments: Sequence[Segment], cast: Cast) -> list[int]:
    """Return the character that each series wears at first, -1 = nobody of the cast."""
    label_of: dict[int, int] = {}
    for segment, label in zip(segments, cast.labels, strict=True):
        label_of.setdefault(segment.tracklet.tracklet_id, int(label))
    return [label_of.get(one.members[0], -1) for one in series]


def _consistency(
    worn: Sequence[int], cast: Cast, curves: Sequence[LikenessCurve], drifts: Sequence[Drift]
) -> tuple[float | None, ...]:
    """Return, per character, the lowest likeness of any body that wears it.

    A curve goes by the better of network and colours; what a drift has lost is lost all the same.
    """
    lowest: list[float | None] = [None] * cast.character_count
    for label, curve in zip(worn, curves, strict=True):
        if label >= 0 and curve.lowest is not None:
            known = lowest[label]
            lowest[label] = curve.lowest if known is None else min(known, curve.lowest)
    for drift in drifts:
        labels = {worn[k] for k in drift.series}
        for label in labels if min(labels) >= 0 else ():
            known = lowest[label]
            if known is not None:
                lowest[label] = min(known, max(0.0, 1 - drift.strength))
    return tuple(lowest)
