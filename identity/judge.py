"""From tracklets and their looks to the cast and to what is wrong with it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from identity.cast.characters import Cast, build_cast
from identity.evidence.consistency import LikenessCurve, likeness_curves
from identity.evidence.hair import hair_exchanges
from identity.explanations.attribute_swap import (
    AttributeSwap,
    find_attribute_swaps,
    reclassify_by_head,
)
from identity.explanations.clone_pair import Clone, may_be_clones
from identity.explanations.drift_rules import (
    Drift,
    drifts_in_shot,
    drifts_over_cuts,
    extend_onset_before_cut,
    merge_drifts,
)
from identity.explanations.incident import Incident
from identity.explanations.model import bundled_model
from identity.explanations.over_cut import CutSwap, Sets, swaps_over_cuts
from identity.explanations.presence import PresenceCandidate, find_presence_candidates
from identity.explanations.shot import Explained, explain_shot, most_alike_at_once
from identity.findings import confidence_of
from identity.tracks.body_track import BodyTrack, make_body_track
from identity.tracks.linking import link_tracklets
from identity.tracks.segments import Segment, make_segment
from scenes.shots import numbers_by_shot

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from identity.appearance.looks import Looks
    from identity.evidence.calibration import Calibration
    from identity.settings import ClusteringSettings, FindingSettings
    from scenes.shots import Shot
    from tracker.tracklets import Tracklet

_BECAME = 1.0  # log-odds by which two are more alike from a moment on, so that they are no twins


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

    series: tuple[BodyTrack, ...]
    segments: tuple[Segment, ...]
    cast: Cast
    incidents: tuple[Incident, ...]
    clones: tuple[Clone, ...]
    cut_swaps: tuple[CutSwap, ...]
    attribute_swaps: tuple[AttributeSwap, ...]
    drifts: tuple[Drift, ...]
    gaps: tuple[PresenceCandidate, ...]
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
    cast_settings: ClusteringSettings,
    finding_settings: FindingSettings,
    *,
    fps: float,
    tone: NDArray[np.float32] | None = None,
    sets: Sets | None = None,
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
        tone: (F, 3) mean CIE Lab of the set at every frame; `None` = not known.
        sets: What the shots look like where nobody stands; `None` = no exchange over a cut is told.
    """
    chains = link_tracklets(tracklets, fps=fps)
    series = tuple(make_body_track(chain, tracklets, looks) for chain in chains)
    incidents: list[Incident] = []
    gaps: list[PresenceCandidate] = []
    drifts: list[Drift] = []
    copies: list[tuple[tuple[int, int], Explained]] = []
    model = bundled_model()
    by_shot = numbers_by_shot(one.shot_index for one in series)
    here = {shot.index: [series[k] for k in by_shot.get(shot.index, ())] for shot in shots}
    # Asked by other shots only: the looks of a single long take are laid out once.
    alike = {
        index: most_alike_at_once(own, calibration, fps=fps)
        for index, own in here.items()
        if len(here) > 1
    }
    for shot in shots:
        inside, own = by_shot.get(shot.index, []), here[shot.index]
        elsewhere = max((v for index, v in alike.items() if index != shot.index), default=-2.0)
        for found in explain_shot(
            own, calibration, model, fps=fps, tone=tone, twins=elsewhere,
            least=finding_settings.least_log_odds,
        ):  # fmt: skip
            numbers = tuple(inside[k] for k in found.tracks)
            if found.kind == "clone":
                copies.append(((numbers[0], numbers[1]), found))
            elif found.kind == "drift":
                drifts.append(_drift_of(found, numbers))
            else:
                incident = Incident(
                    found.kind, found.tracks, found.start_frame, found.stop_frame,
                    found.features["network"], found.confidence, found.features,
                )  # fmt: skip
                incident = reclassify_by_head(incident, own, calibration, fps=fps)
                incidents.append(replace(incident, series=numbers))
        # What heads alone tell: two in one outfit who exchange hair, a head that changes slowly.
        taken = {k for incident in incidents for k in incident.series}
        for exchange in hair_exchanges(own, threshold=finding_settings.scaled("swap"), fps=fps):
            numbers = tuple(inside[k] for k in exchange.series)
            if not taken & set(numbers):
                incidents.append(
                    Incident(
                        "swap", numbers, exchange.start_frame, exchange.start_frame + 1,
                        exchange.lost, None, {"hair": exchange.lost},
                    )
                )  # fmt: skip
                taken |= set(numbers)
        taken |= {k for pair, _ in copies for k in pair}
        known = frozenset(k for k, number in enumerate(inside) if number in taken)
        threshold = finding_settings.scaled("drift")
        for drift in drifts_in_shot(own, known, calibration, finding_settings, fps=fps):
            numbers = tuple(inside[k] for k in drift.series)
            learnt = next((d for d in drifts if d.series == numbers), None)
            sure = confidence_of(drift.strength, threshold)
            if learnt is None or (learnt.confidence or 0.0) < sure:
                drifts = [d for d in drifts if d is not learnt]
                drifts.append(replace(drift, series=numbers, confidence=sure))
        missing = find_presence_candidates(own, [one.score for one in own], shot)
        gaps += [replace(g, series=inside[g.series]) for g in missing]
    segments = _split_where_looks_change(tracklets, looks, series, incidents)
    cast = build_cast(segments, setups, calibration, cast_settings)
    clones = [_clone_of(found, pair, series, segments, alike) for pair, found in copies]
    clones = [one for one in clones if may_be_clones(*(segments[k] for k in one.pair))]
    certain = [one for one in clones if one.confidence >= finding_settings.major_confidence]
    cast = _join_clones(cast, certain)
    dressed = find_attribute_swaps(segments, cast.labels, setups, calibration, finding_settings)
    if any(incident.kind == "attribute_swap" for incident in incidents):
        dressed = []  # what follows a cut is the same cause
    cast = _relabel_after_clothes_swap(cast, segments, dressed)
    cut_swaps = (
        []
        if dressed or sets is None
        else swaps_over_cuts(
            segments, sets, calibration, model, least=finding_settings.least_log_odds
        )
    )
    worn = _characters_of_tracks(series, segments, cast)
    drifts = extend_onset_before_cut(drifts, series, worn, calibration, fps=fps)
    explained = {int(cast.labels[k]) for copy in clones for k in copy.pair}
    explained |= {worn[k] for incident in incidents for k in incident.series}
    explained |= {int(cast.labels[k]) for clothes in dressed for k in clothes.before}
    explained |= {int(cast.labels[k]) for places in cut_swaps for k in places.before}
    drifts += [
        replace(drift, confidence=confidence_of(drift.strength, finding_settings.scaled("drift")))
        for drift in drifts_over_cuts(series, worn, setups, calibration, finding_settings)
        if not {worn[k] for k in drift.series} & explained
    ]
    # What may be a thing says nothing of how much somebody stays himself.
    surely_worn = _characters_of_tracks(series, segments, _without_doubtful(cast))
    curves = tuple(likeness_curves(series, surely_worn, setups, calibration))
    slow = merge_drifts(drifts, worn)
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


def _drift_of(found: Explained, series: tuple[int, ...]) -> Drift:
    return Drift(
        series, found.start_frame, found.stop_frame, found.features["network"], {},
        over_cut=False, confidence=found.confidence, features=found.features,
    )  # fmt: skip


def _clone_of(
    found: Explained,
    pair: tuple[int, int],
    series: Sequence[BodyTrack],
    segments: Sequence[Segment],
    alike: Mapping[int, float],
) -> Clone:
    """Return a clone of the two segments that are worn when it begins."""
    worn = tuple(_segment_at(series[k], segments, found.start_frame) for k in pair)
    vouched = len(alike) > 1 or found.features["became"] >= _BECAME or found.features["appears"] > 0
    return Clone(
        (worn[0], worn[1]), found.start_frame, found.stop_frame, found.confidence,
        found.features, vouched,
    )  # fmt: skip


def _segment_at(one: BodyTrack, segments: Sequence[Segment], frame: int) -> int:
    """Return the number of the segment that a series wears at `frame` or next after it."""
    own = [k for k, s in enumerate(segments) if s.tracklet.tracklet_id in one.members]
    return next((k for k in own if segments[k].stop_frame > frame), own[-1])


def _split_where_looks_change(
    tracklets: Sequence[Tracklet],
    looks: Sequence[Looks],
    series: Sequence[BodyTrack],
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


def _relabel_after_clothes_swap(
    cast: Cast, segments: Sequence[Segment], dressed: Sequence[AttributeSwap]
) -> Cast:
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


def _without_doubtful(cast: Cast) -> Cast:
    return replace(cast, labels=np.where(cast.doubtful, -1, cast.labels))


def _characters_of_tracks(
    series: Sequence[BodyTrack], segments: Sequence[Segment], cast: Cast
) -> list[int]:
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
