"""Slow change: in one shot, and from shot to shot of one camera set-up.

Four things look like a drift and are none: a turn of the body, which costs the networks likeness
and leaves at least two of the colours; light, which moves everybody; a step, which is a morph, a
cut or somebody passing; and a body that comes from behind something, or goes there. So networks
must fall much more than anybody else's do meanwhile, along a ramp that explains the samples better
than a step does; and unless the body is known to keep facing the camera as it did, two of the
colours must fall with them. The first and last looks of who has come or goes do not count.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from identity.evidence.calibration import HAIR_SCALE
from identity.evidence.consistency import MAX_APPROACH, curve_from
from identity.evidence.hair import affinity
from identity.evidence.positions import Positions
from identity.evidence.setups import SAME_SETUP
from identity.explanations.change import COLOURS, NETWORKS
from identity.explanations.contract import Explained, log_odds_of
from identity.findings import confidence_of
from identity.tracks.body_track import fully_visible_span, unoccluded_rows
from identity.tracks.crossings import TOUCHING_IOU
from scenes.shots import numbers_by_shot

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from identity.appearance.looks import Cue
    from identity.evidence.calibration import Calibration
    from identity.explanations.contract import Clip, Kind, Scene
    from identity.settings import FindingSettings
    from identity.tracks.body_track import BodyTrack

KINDS: tuple[Kind, ...] = ("drift",)
_MIN_STRETCH_S = 0.6
_MIN_LOOKS = 4  # of the network; colours are known at every frame
_MAX_WIDENING = 1.7  # from profile to front; more is another part of the body, or somebody else
_MAX_POINTS = 48  # of a curve that is fitted; more say nothing about a slope
_FULL_RAMP = 1.5  # the means of the outer thirds of a ramp differ by two thirds of it
_EXPLAINED = 0.5  # share of the variance that a ramp must explain
_AS_LIKELY = 1.5  # a ramp with so much more error is not yet worse than the best
_EDGE_SHARE = 0.15  # of the samples: so near to an end the onset is not seen
_OVER_CUT = 1.4  # pose and moment differ more between two shots than within one
# Where no colour confirms them networks must lose more: arms that rise cost 0.4 too.
_ALONE, _CONFIRMS = 1.35, 0.12
_STAYS = 0.1  # likeness lost at most by who is seen to stay the same
_EVERYBODY = 0.6  # share of the loss that somebody else has too, from which it is light
# Where the head alone changes. Heads that turn: a range of 0.95 and more in rendered clips.
_HEAD_RANGE, _HEAD_GROWTH, _CLOTHES_STAY, _CALM_HAIR = 0.6, 1.25, 0.2, 0.8
# Turns of rendered clips without any error move the cosine by 0.6 to 2.0, all else by 0.5 at most.
_STEADY_RANGE, _STEADY_SHIFT = 0.45, 0.2


def find(scene: Scene) -> list[Explained]:
    """Return who changes slowly in one shot; of whom something else is known is passed over."""
    all_series, scales, fps = scene.tracks, scene.calibration, scene.samples.fps
    changed = {k for one in scene.explained if one.kind != "drift" for k in one.tracks}
    stretches = [_strongest_stretch(series, all_series, scales, fps=fps) for series in all_series]
    found = []
    least = scene.settings.scaled("drift")
    for k, own in enumerate(stretches):
        if own is None or k in changed:
            continue
        beside = [other for i, other in enumerate(stretches) if i != k and other is not None]
        light = max((other.light(own) for other in beside), default=0.0)
        head = max((other.head for other in beside), default=0.0)
        cues = NETWORKS if own.steady else COLOURS
        strength = own.strength
        if strength < least:
            strength, light, cues = own.head / _ALONE, head / _ALONE, ("hair",)
        if strength < least or light > _EVERYBODY * strength:
            continue
        ramp = _ramp(all_series[k], own.rows, cues)
        if ramp is not None:
            by_colours = _colours(own.loss) >= least
            told = _drift((k,), *ramp, strength, own.loss, scene.settings, vouched=by_colours)
            curve = curve_from(scene.samples, k, _first_third(scene, k, own.rows), cues, scales)
            found.append(replace(told, curves={k: curve}))
    return found


def _first_third(scene: Scene, track: int, rows: NDArray[np.int64]) -> tuple[int, int]:
    """Return from which sample to which the looks of a stretch of rows are the old ones."""
    frames = scene.tracks[track].frame[rows]
    first, stop = np.searchsorted(scene.samples.frames, [frames[0], frames[-1] + 1]).tolist()
    return first, first + max((stop - first) // 3, 1)


def _drift(
    tracks: tuple[int, ...],
    start: int,
    stop: int,
    strength: float,
    loss: Mapping[Cue, float],
    settings: FindingSettings,
    *,
    over_cut: bool = False,
    vouched: bool = True,
) -> Explained:
    odds = log_odds_of(confidence_of(strength, settings.scaled("drift")))
    left: dict[str, float] = {cue: 1 - value for cue, value in loss.items()}
    return Explained(
        "drift", tracks, start, stop, odds, strength, left, over_cut=over_cut, vouched=vouched
    )


def find_over_cuts(clip: Clip) -> list[Explained]:
    """Return who looks otherwise when the camera is back in a set-up, at the same place.

    A shot is compared with the first one of its set-up. What everybody loses is light.
    """
    all_series, labels, setups = clip.tracks, clip.worn, clip.setups
    explained = clip.characters_explained()
    found: list[Explained] = []
    places = Positions(series.xyxy for series in all_series)
    by_shot = numbers_by_shot(series.shot_index for series in all_series)
    spans = _spans(all_series, labels)
    for late in range(len(setups)):
        first = next((s for s in range(late) if setups[s, late] >= SAME_SETUP), None)
        if first is None:
            continue
        pairs = {
            (a, b): _between(all_series[a], all_series[b], clip.calibration)
            for a in by_shot.get(first, ())
            for b in by_shot.get(late, ())
            if places.same(a, b)
        }
        kept = {k for pair in pairs for k in pair if labels[pair[0]] == labels[pair[1]] >= 0}
        for (a, b), loss in pairs.items():
            if min(labels[a], labels[b]) < 0 or loss is None:
                continue
            # So much of the look may be lost that the cast has a new character, in the place of one
            # who is never seen from then on, while somebody else is where he was.
            relieved = spans[labels[a]][1] < spans[labels[b]][0]
            recast = relieved and kept and a not in kept
            if labels[a] != labels[b] and not recast:
                continue
            beside = [o for key, o in pairs.items() if not {a, b} & set(key) and o is not None]
            light = max((_over_cut(o) for o in beside), default=0.0)
            strength = _over_cut(loss)
            told = {labels[a], labels[b]} & explained
            enough = strength >= clip.settings.scaled("drift")
            if enough and not told and light <= _EVERYBODY * strength:
                start = int(all_series[a].frame[-1]) + 1
                stop = int(all_series[b].frame[-1]) + 1
                found.append(
                    _drift((a, b), start, stop, strength, loss, clip.settings, over_cut=True)
                )
    return found


def extend_onset_before_cut(drifts: Sequence[Explained], clip: Clip) -> list[Explained]:
    """Return the drifts with a better guess of their onset, where it lies before their shot.

    What is under way at the first look of a shot will rarely have begun at the cut. It began some
    time in the shot before, if the character is there and is not seen to stay the same; half of
    that time is the guess with the least error.
    """
    all_series, labels = clip.tracks, clip.worn
    by_shot = numbers_by_shot(series.shot_index for series in all_series)
    spans = _spans(all_series, labels)
    found = []
    for drift in drifts:
        if drift.over_cut:
            found.append(drift)
            continue
        (own,) = drift.tracks
        series = all_series[own]
        opens = min(all_series[k].frame[0] for k in by_shot[series.shot_index])
        earlier = by_shot.get(series.shot_index - 1, [])
        was = _was(labels[own], series.shot_index, spans)
        before = [k for k in earlier if labels[k] == was >= 0]
        if drift.start_frame == series.frame[0] == opens and before:
            last = max(before, key=lambda k: int(all_series[k].frame[-1]))
            everybody = [all_series[k] for k in earlier]
            stretch = _strongest_stretch(
                all_series[last], everybody, clip.calibration, fps=clip.fps
            )
            if stretch is None or not stretch.steady or _networks(stretch.loss) >= _STAYS:
                start = (int(all_series[last].frame[0]) + drift.start_frame) // 2
                found.append(replace(drift, tracks=(last, own), start_frame=start))
                continue
        found.append(drift)
    return found


def _spans(all_series: Sequence[BodyTrack], labels: Sequence[int]) -> dict[int, tuple[int, int]]:
    """Return character to the first and the last shot it is seen in."""
    shots: dict[int, list[int]] = {}
    for series, label in zip(all_series, labels, strict=True):
        shots.setdefault(label, []).append(series.shot_index)
    return {label: (min(own), max(own)) for label, own in shots.items()}


def _was(label: int, shot: int, spans: Mapping[int, tuple[int, int]]) -> int:
    """Return who a character of `shot` was before it; -1 = nobody who can be told.

    Half of a change may make a new character. Where one of the shot before is never seen again,
    it was that one.
    """
    if spans[label][0] < shot:
        return label
    gone = [who for who, (_, last) in spans.items() if who >= 0 and last == shot - 1]
    return gone[0] if len(gone) == 1 else -1


def merge_drifts(drifts: Sequence[Explained], labels: Sequence[int]) -> list[Explained]:
    """Return one drift per character, from its onset to the end of the change.

    Args:
        drifts: In one shot and over cuts.
        labels: Character of each track; those of nobody stay apart.
    """
    groups: dict[int, list[Explained]] = {}
    for number, drift in enumerate(drifts):
        label = labels[drift.tracks[-1]]
        groups.setdefault(label if label >= 0 else -1 - number, []).append(drift)
    return [
        replace(
            max(group, key=lambda d: (d.confidence, d.strength)),
            tracks=tuple(sorted({k for d in group for k in d.tracks})),
            start_frame=min(d.start_frame for d in group),
            stop_frame=max(d.stop_frame for d in group),
            over_cut=any(d.over_cut for d in group),
            vouched=any(d.vouched for d in group),
            curves={k: curve for d in group for k, curve in d.curves.items()},
        )
        for group in groups.values()
    ]


# --- how much is lost --------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, eq=False)
class _Stretch:
    """Rows of a series in which nobody passes, and what is lost from their first to their last.

    Attributes:
        rows: Of the series.
        loss: Cue to the likeness lost.
        steady: Whether the body is known to face the camera all the while as it did at first.
        head: What hair and head lose while the body keeps its clothes, its shape and its side.
    """

    rows: NDArray[np.int64]
    loss: dict[Cue, float]
    steady: bool
    head: float = 0.0

    @property
    def strength(self) -> float:
        """What networks lose, and two colours too where the body may have turned."""
        networks = _networks(self.loss)
        if not self.steady:
            return min(networks, _colours(self.loss))
        confirmed = max((self.loss.get(cue, 0.0) for cue in COLOURS), default=0.0) >= _CONFIRMS
        return networks if confirmed else networks / _ALONE

    def light(self, whose: _Stretch) -> float:
        """Return what is lost beside `whose` too: where that is nearly as much, it is the light."""
        return max(self.strength if whose.steady else _colours(self.loss), 0.0)


def _networks(loss: Mapping[Cue, float]) -> float:
    return float(np.mean([loss[cue] for cue in NETWORKS if cue in loss] or [0.0]))


def _garment(loss: Mapping[Cue, float]) -> float:
    """Return the larger loss of the clothes: seen alike before and after, no turn moves it."""
    return max((loss[cue] for cue in COLOURS if cue in loss and cue != "head"), default=0.0)


def _over_cut(loss: Mapping[Cue, float]) -> float:
    """Return what networks and clothes agree on, from one shot to another."""
    return min(_networks(loss), _garment(loss)) / _OVER_CUT


def _colours(loss: Mapping[Cue, float]) -> float:
    """Return the second largest loss of the colours: a turn, or a hand, moves one of them."""
    values = sorted((loss[cue] for cue in COLOURS if cue in loss), reverse=True)
    return values[1] if len(values) > 1 else 0.0


def _loss(
    early: NDArray[np.float32], late: NDArray[np.float32], scales: Calibration, cue: Cue
) -> float:
    """Return the likeness lost between two sides, beyond what the calmer of them varies itself."""
    scale = scales.scales[cue]
    within = min(_among(early), _among(late))
    across = float(early.mean(axis=0) @ late.mean(axis=0))
    return (within - across) / (scale.same - scale.different)


def _among(vectors: NDArray[np.float32]) -> float:
    count = len(vectors)
    if count < 2:
        return 1.0
    return (float(np.square(vectors.sum(axis=0)).sum()) - count) / (count * (count - 1))


def _between(one: BodyTrack, two: BodyTrack, scales: Calibration) -> dict[Cue, float] | None:
    """Return cue to the likeness lost from one series to the other; `None` = another framing."""
    heights = [float(np.median(s.xyxy[:, 3] - s.xyxy[:, 1])) for s in (one, two)]
    if max(heights) > MAX_APPROACH * min(heights):
        return None
    loss: dict[Cue, float] = {}
    for cue in scales.scales:
        sides = [s.vectors(cue)[1] for s in (one, two)]
        if min(len(side) for side in sides) >= _MIN_LOOKS:
            loss[cue] = _loss(sides[0], sides[1], scales, cue)
    return loss


def _strongest_stretch(
    series: BodyTrack, everybody: Sequence[BodyTrack], scales: Calibration, *, fps: float
) -> _Stretch | None:
    """Return the rows in which most is lost while nobody passes; `None` = there are none."""
    best: _Stretch | None = None
    for rows in _undisturbed(series, everybody, fps=fps):
        if (series.frame[rows[-1]] - series.frame[rows[0]]) / fps < _MIN_STRETCH_S:
            continue
        if not _keeps_framing(series.xyxy[rows]):
            continue
        loss: dict[Cue, float] = {}
        for cue in scales.scales:
            seen, vectors = series.vectors(cue)
            vectors = vectors[np.isin(seen, rows)]
            if len(vectors) >= _MIN_LOOKS:
                side = max(len(vectors) // 3, 2)
                loss[cue] = _FULL_RAMP * _loss(vectors[:side], vectors[-side:], scales, cue)
        head = _head_loss(series, rows, loss)
        stretch = _Stretch(rows, loss, _keeps_facing(series, rows), head)
        if best is None or stretch.strength > best.strength:
            best = stretch
    return best


def _head_loss(series: BodyTrack, rows: NDArray[np.int64], loss: Mapping[Cue, float]) -> float:
    """Return what hair and the colours of the head agree on; 0 where more than the head may change.

    A face that changes is read as one that turns, so a little of a turn is allowed here.
    """
    hair, facing = (
        vectors[np.isin(seen, rows)]
        for seen, vectors in (series.vectors("hair"), series.vectors("facing"))
    )
    if min(len(hair), len(facing)) < _MIN_LOOKS or "head" not in loss:
        return 0.0
    wider, taller = _growth(series.xyxy[rows])
    turned = float(np.ptp(facing[:, 0])) > _HEAD_RANGE
    if turned or max(wider, taller) > _HEAD_GROWTH or _garment(loss) > _CLOTHES_STAY:
        return 0.0
    if min(float(hair[0] @ hair[1]), float(hair[-1] @ hair[-2])) < _CALM_HAIR:
        return 0.0
    side = max(len(hair) // 3, 2)
    first: dict[Cue, NDArray[np.float32]] = {"hair": hair[:side].mean(axis=0)}
    last: dict[Cue, NDArray[np.float32]] = {"hair": hair[-side:].mean(axis=0)}
    return min(1 - HAIR_SCALE.likeness(affinity(first, last, "hair")), loss["head"])


def _keeps_facing(series: BodyTrack, rows: NDArray[np.int64]) -> bool:
    """Tell whether the body is known to be turned from the camera alike all the while."""
    seen, vectors = series.vectors("facing")
    facing = vectors[np.isin(seen, rows), 0]
    if len(facing) < _MIN_LOOKS or _growth(series.xyxy[rows])[0] > MAX_APPROACH:
        return False
    side = max(len(facing) // 3, 2)
    shift = abs(float(facing[:side].mean() - facing[-side:].mean()))
    return float(np.ptp(facing)) <= _STEADY_RANGE and shift <= _STEADY_SHIFT


def _undisturbed(
    series: BodyTrack, everybody: Sequence[BodyTrack], *, fps: float
) -> list[NDArray[np.int64]]:
    """Return stretches of rows in which nobody's box overlaps, and the body has all come in."""
    first, last = fully_visible_span(series, everybody, fps=fps)
    there = (series.frame >= first) & (series.frame <= last)
    rows = np.flatnonzero(unoccluded_rows(series, everybody, max_iou=TOUCHING_IOU) & there)
    edges = [0, *(np.flatnonzero(np.diff(rows) > 1) + 1).tolist(), len(rows)]
    return [rows[a:b] for a, b in pairwise(edges) if b - a >= _MIN_LOOKS]


def _keeps_framing(xyxy: NDArray[np.float32]) -> bool:
    """Tell whether the box at the end is as large as at the start, within a zoom or a turn.

    Its width too: a box may be cut by the picture's edges, or come to hold somebody else.
    """
    wider, taller = _growth(xyxy)
    return taller <= MAX_APPROACH and wider <= _MAX_WIDENING


def _growth(xyxy: NDArray[np.float32]) -> tuple[float, float]:
    """Return how many times wider and taller the larger of the boxes at start and end is."""
    count = max(1, len(xyxy) // 8)
    size = xyxy[:, 2:] - xyxy[:, :2]
    first, last = np.median(size[:count], axis=0), np.median(size[-count:], axis=0)
    wider, taller = np.maximum(first, last) / np.maximum(np.minimum(first, last), 1)
    return float(wider), float(taller)


# --- when --------------------------------------------------------------------------------------


def _ramp(
    series: BodyTrack, rows: NDArray[np.int64], cues: Sequence[Cue]
) -> tuple[int, int] | None:
    """Return from when to when the looks change by `cues`; `None` = a step explains them better.

    Least squares of a constant, a ramp and a constant, over all onsets and ends: with noise alike
    at all samples, the generalised likelihood ratio test of a ramp against a step.
    """
    frames, values = _projected(series, rows, cues)
    if len(frames) < 2 * _MIN_LOOKS:
        return None
    flat = float(np.square(values - values.mean()).sum())
    count = len(frames)
    errors: dict[tuple[int, int], float] = {}
    for start in range(count - 1):
        for stop in range(start + 1, count):
            shape = np.clip((np.arange(count) - start) / (stop - start), 0, 1)
            shape -= shape.mean()
            size = float(shape @ values) / max(float(shape @ shape), 1e-9)
            errors[start, stop] = float(np.square(values - values.mean() - size * shape).sum())
    step = min(error for (a, b), error in errors.items() if b - a <= 1)
    slow = {key: error for key, error in errors.items() if key[1] - key[0] >= count / 3}
    best = min(slow, key=lambda key: slow[key])
    if slow[best] >= step or slow[best] > (1 - _EXPLAINED) * flat:
        return None
    # As far as the samples allow: who comes in the middle of a change cannot see its edges.
    likely = [key for key, error in slow.items() if error <= _AS_LIKELY * slow[best]]
    start, stop = min(a for a, _ in likely), max(b for _, b in likely)
    # What is under way at the first look began there, or before; the same at the end.
    edge = _EDGE_SHARE * count
    start, stop = (0 if start <= edge else start), (count - 1 if stop >= count - 1 - edge else stop)
    return int(frames[start]), int(frames[stop]) + 1


def _projected(
    series: BodyTrack, rows: NDArray[np.int64], cues: Sequence[Cue]
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return frames (K,), and how far along from first to last look `cues` are there."""
    total = np.zeros(len(rows))
    known = np.ones(len(rows), np.bool_)
    for cue in cues:
        seen, vectors = series.vectors(cue)
        inside = np.isin(seen, rows)
        places = np.searchsorted(rows, seen[inside])
        if len(places) < 2 * _MIN_LOOKS:
            continue
        own = vectors[inside]
        third = max(2, len(own) // 3)
        way = own[-third:].mean(axis=0) - own[:third].mean(axis=0)
        along = np.full(len(rows), np.nan)
        along[places] = own @ way
        known &= np.isfinite(along)
        total = total + np.nan_to_num(along)
    picks = np.flatnonzero(known)
    picks = (
        picks[np.unique(np.linspace(0, len(picks) - 1, _MAX_POINTS).round().astype(int))]
        if len(picks) > _MAX_POINTS
        else picks
    )
    return series.frame[rows[picks]], total[picks]
