"""What happens to looks inside one shot: two exchanged, one become another, one slowly changing."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING, Literal

import numpy as np

from identity.changes import likeness_matrix, monotone_trend, strongest_shift
from identity.series import Series, Sides, sides_at
from tracker import boxes

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from identity.calibration import Calibration
    from identity.looks import Cue
    from identity.settings import FindingSettings

_SAMPLES = 8  # on each side of a moment: a second at the default rate
_REACH_S = 3.0  # how long somebody may be hidden and still be compared with before
_TOGETHER_S = 0.2  # changes of several people this near to each other are one event
_MAX_ZOOM = 1.15  # a box that changes its size more than this at once shows another part of a body
_MAX_RESHAPE = 1.35  # over a whole shot people turn and bend, so boxes may change shape more
_MAX_APPROACH = 1.4  # who comes nearer than this is seen otherwise: another angle, light, sharpness
_MIN_TREND = 0.6  # Kendall's tau from which likeness counts as falling steadily
_ADJACENT = 2
_COLOURS_AGREE = 0.1  # gain by which the colours speak for an exchange at all
_PASSING_IOU = 0.1  # boxes that overlap more than this may be taken for each other
_PASSING_S = 0.35  # the look changes that near to the overlap
_PASSING_BOXES = 8  # boxes before the overlap that tell where somebody was going
_STANDING_WIDTHS = 0.5  # who moves less than this share of a box's width is standing
_CLEARLY = 0.6  # error of the better explanation of motion against the other's
_ABRUPT = 0.6  # share of a loss between two neighbouring samples from which it is one step


@dataclass(frozen=True, slots=True)
class Incident:
    """A change of looks of one series, or an exchange between two.

    Attributes:
        kind: "swap", "morph" or "drift"; a swap of clothes alone is "attribute_swap".
        series: Indices of the series concerned.
        start_frame, stop_frame: Half-open.
        strength: Likeness lost, on the scale where 1 is one person and 0 another.
        likeness: Cue to what it is between before and after.
    """

    kind: Literal["swap", "morph", "drift", "attribute_swap"]
    series: tuple[int, ...]
    start_frame: int
    stop_frame: int
    strength: float
    likeness: dict[Cue, float]


def find_incidents(
    all_series: Sequence[Series], scales: Calibration, settings: FindingSettings, *, fps: float
) -> list[Incident]:
    """Return what happens in the series of one shot, exchanges first; one incident per cause."""
    swaps = _swaps(all_series, scales, settings, fps=fps)
    taken = [(index, swap.start_frame) for swap in swaps for index in swap.series]
    shifts = [
        found
        for index, series in enumerate(all_series)
        if (found := _morph(index, series, scales, settings)) is not None
    ]
    together = _TOGETHER_S * fps + 1
    morphs = [
        shift
        for shift in shifts
        if not any(i == shift.series[0] and abs(f - shift.start_frame) <= fps for i, f in taken)
        # What happens to several at once is a transition or the light, not one character's error.
        and not any(
            other is not shift and abs(other.start_frame - shift.start_frame) <= together
            for other in shifts
        )
    ]
    changed = {index for incident in (*swaps, *morphs) for index in incident.series}
    drifts = [
        found
        for index, series in enumerate(all_series)
        if index not in changed
        and (found := _drift(index, series, scales, settings, fps=fps)) is not None
    ]
    return [*swaps, *morphs, *drifts]


# --- exchange ---------------------------------------------------------------------------------


def _swaps(
    all_series: Sequence[Series], scales: Calibration, settings: FindingSettings, *, fps: float
) -> list[Incident]:
    found = []
    for a, b in combinations(range(len(all_series)), 2):
        best = _strongest_exchange(all_series, (a, b), scales, fps=fps)
        if best is None or best.strength < settings.swap:
            continue
        if tracks_cross(all_series[a], all_series[b], best.start_frame, fps=fps) is not False:
            found.append(best)
    found.sort(key=lambda incident: -incident.strength)
    kept: list[Incident] = []
    for swap in found:
        clash = any(
            set(swap.series) & set(k.series) and abs(swap.start_frame - k.start_frame) <= fps
            for k in kept
        )
        if not clash:
            kept.append(swap)
    return kept


def tracks_cross(one: Series, two: Series, moment: int, *, fps: float) -> bool | None:
    """Tell whether motion vouches for both tracks where two bodies pass each other.

    Behind a crossing a tracker may go on with the wrong one, which looks like an exchange of looks.
    Where each was going before says who comes out where.

    Returns:
        `None` where they do not overlap around the moment, or where both stand: nothing to mistake.
        `True` where motion fits the tracks clearly better than exchanged tracks, else `False`.
    """
    frames, rows_one, rows_two = np.intersect1d(one.frame, two.frame, return_indices=True)
    a, b = one.xyxy[rows_one], two.xyxy[rows_two]
    together = np.array(
        [float(boxes.iou(p[None], q[None])[0, 0]) for p, q in zip(a, b, strict=True)]
    )
    near = np.flatnonzero((together > _PASSING_IOU) & (np.abs(frames - moment) <= _PASSING_S * fps))
    if not len(near):
        return None
    first, last = int(near[0]), int(near[-1])
    while first > 0 and together[first - 1] > _PASSING_IOU:
        first -= 1
    while last < len(frames) - 1 and together[last + 1] > _PASSING_IOU:
        last += 1
    middle_a, middle_b = ((box[:, 0] + box[:, 2]) / 2 for box in (a, b))
    low, high = max(0, first - _PASSING_BOXES), min(len(frames), last + _PASSING_BOXES)
    width = float(np.median(np.concatenate([a[:, 2] - a[:, 0], b[:, 2] - b[:, 0]])))
    moved = max(np.ptp(middle_a[low:high]), np.ptp(middle_b[low:high]))
    if moved < _STANDING_WIDTHS * width:
        return None
    if first < 3 or last > len(frames) - 2:
        return False  # no motion before, or nobody after: it cannot be told
    before, after = slice(low, first), min(last + 1, len(frames) - 1)
    expected = [
        float(np.polyval(np.polyfit(frames[before], middle[before], 1), frames[after]))
        for middle in (middle_a, middle_b)
    ]
    seen = (float(middle_a[after]), float(middle_b[after]))
    stayed = abs(expected[0] - seen[0]) + abs(expected[1] - seen[1])
    exchanged = abs(expected[0] - seen[1]) + abs(expected[1] - seen[0])
    return bool(stayed < _CLEARLY * exchanged)


def _strongest_exchange(
    all_series: Sequence[Series], pair: tuple[int, int], scales: Calibration, *, fps: float
) -> Incident | None:
    one, two = all_series[pair[0]], all_series[pair[1]]
    start = max(one.frame[0], two.frame[0])
    stop = min(one.frame[-1], two.frame[-1])
    rows, _ = one.vectors("body")
    moments = [int(f) for f in one.frame[rows] if start < f <= stop]
    best: tuple[float, int, dict[Cue, float]] | None = None
    for moment in moments:
        gains = _exchange_gain(one, two, moment, scales, fps=fps)
        if gains is None:
            continue
        # Each became like the other: that no turn or light does. The colours need only agree.
        agrees = max(gains.get("upper", 1.0), gains.get("head", 1.0)) >= _COLOURS_AGREE
        if agrees and (best is None or gains["body"] > best[0] + 1e-6):
            best = (gains["body"], moment, gains)
    if best is None:
        return None
    onset = _onset(one, two, best[1])
    return Incident("swap", pair, onset, onset + 1, best[0], best[2])


def _exchange_gain(
    one: Series, two: Series, moment: int, scales: Calibration, *, fps: float
) -> dict[Cue, float] | None:
    """Return cue to how much better "exchanged at `moment`" fits than "stayed"; `None` = unseen."""
    gains: dict[Cue, float] = {}
    cues: tuple[Cue, ...] = ("body", "upper", "head")
    for cue in cues:
        a = sides_at(one, cue, moment, samples=_SAMPLES, reach_frames=_REACH_S * fps)
        b = sides_at(two, cue, moment, samples=_SAMPLES, reach_frames=_REACH_S * fps)
        if a is None or b is None:
            continue
        gains[cue] = _crosswise(a, b, scales, cue)
    return gains if "body" in gains else None


def _crosswise(a: Sides, b: Sides, scales: Calibration, cue: Cue) -> float:
    """Return the lesser of both sides' gains: in an exchange both become the other."""
    scale = scales.scales[cue]
    stay_a, stay_b = (scale.likeness(float(s.before @ s.after)) for s in (a, b))
    a_to_b = scale.likeness(float(a.before @ b.after))
    b_to_a = scale.likeness(float(b.before @ a.after))
    return min(a_to_b, b_to_a) - max(stay_a, stay_b)


def _onset(one: Series, two: Series | None, moment: int) -> int:
    """Return the first frame with the new look, from the colours, which are known at every frame.

    The network saw only every few frames. Between its last look before `moment` and `moment` the
    colours tell the frame; where they show no step, the first sample of the network is taken.
    """
    best: tuple[float, int] = (0.15, moment)
    for series in (one,) if two is None else (one, two):
        body_rows, _ = series.vectors("body")
        frames = series.frame[body_rows]
        before = frames[frames < moment]
        low = int(before[-1]) + 1 if len(before) else moment
        cues: tuple[Cue, ...] = ("upper", "head")
        for cue in cues:
            rows, vectors = series.vectors(cue)
            for frame in range(low, moment + 1):
                split = int(np.searchsorted(series.frame[rows], frame))
                step = _step(vectors, split)
                if step > best[0]:
                    best = (step, frame)
    return best[1]


def _step(vectors: NDArray[np.float32], split: int) -> float:
    """Return how much the looks jump between row `split - 1` and `split`, beyond their noise."""
    before, after = vectors[max(0, split - 3) : split], vectors[split : split + 3]
    if len(before) < _ADJACENT or len(after) < _ADJACENT:
        return 0.0
    inside = min(float(before[-1] @ before[-2]), float(after[0] @ after[1]))
    return inside - float(before[-1] @ after[0])


# --- one becomes another ----------------------------------------------------------------------


def _morph(
    index: int, series: Series, scales: Calibration, settings: FindingSettings
) -> Incident | None:
    rows, vectors = series.vectors("body")
    shift = strongest_shift(likeness_matrix(vectors), min_side=_ADJACENT, window=_SAMPLES)
    if shift is None:
        return None
    scale = scales.scales["body"]
    span = scale.same - scale.different
    loss = shift.loss / span
    if loss < settings.change or shift.abruptness < _ABRUPT or scale.likeness(shift.across) > 0.5:
        return None
    moment = int(series.frame[rows[shift.index]])
    if not _same_framing(series, moment, int(series.frame[rows[shift.index - 1]])):
        return None
    colours = _colour_loss(series, moment, scales)
    if not colours or max(colours.values()) < settings.change * 0.6:
        return None  # the network alone is fooled by a turn of the body
    if _returns(vectors, shift.index):
        return None
    onset = _onset(series, None, moment)
    likeness: dict[Cue, float] = {"body": scale.likeness(shift.across)}
    likeness.update({cue: 1 - value for cue, value in colours.items()})
    return Incident("morph", (index,), onset, onset + 1, loss, likeness)


def _same_framing(series: Series, moment: int, before: int) -> bool:
    """Tell whether the box keeps its shape over the moment; if not, it shows something else."""
    rows = np.flatnonzero((series.frame >= before) & (series.frame <= moment))
    size = series.xyxy[rows, 2:] - series.xyxy[rows, :2]
    ratio = size.max(axis=0) / np.maximum(size.min(axis=0), 1)
    return bool((ratio <= _MAX_ZOOM).all())


def _colour_loss(series: Series, moment: int, scales: Calibration) -> dict[Cue, float]:
    """Return colour cue to the likeness lost over `moment`, 0 = none, 1 = another person's."""
    losses: dict[Cue, float] = {}
    cues: tuple[Cue, ...] = ("upper", "head")
    for cue in cues:
        sides = sides_at(series, cue, moment, samples=12, reach_frames=60)
        if sides is not None:
            scale = scales.scales[cue]
            calm = min(sides.among_before, sides.among_after)
            across = float(sides.before @ sides.after)
            losses[cue] = (calm - across) / (scale.same - scale.different)
    return losses


def _returns(vectors: NDArray[np.float32], index: int) -> bool:
    """Tell whether the last looks are again the first ones: then something only stood before it."""
    first, last = vectors[:index][-_SAMPLES:], vectors[-_ADJACENT:]
    new = vectors[index : index + _SAMPLES]
    return float((last @ first.T).mean()) > float((last @ new.T).mean())


# --- slow change ------------------------------------------------------------------------------


def _drift(
    index: int, series: Series, scales: Calibration, settings: FindingSettings, *, fps: float
) -> Incident | None:
    rows, vectors = series.vectors("body")
    if len(rows) < 3 * _ADJACENT or (series.frame[rows[-1]] - series.frame[rows[0]]) / fps < 0.6:
        return None
    head = vectors[: max(_ADJACENT, len(rows) // 8)].mean(axis=0)
    tail = vectors[-max(_ADJACENT, len(rows) // 8) :].mean(axis=0)
    scale = scales.scales["body"]
    end = scale.likeness(float(head @ tail) / float(np.linalg.norm(head) * np.linalg.norm(tail)))
    shift = strongest_shift(likeness_matrix(vectors), min_side=_ADJACENT, window=_SAMPLES)
    if (
        shift is not None
        and shift.abruptness >= _ABRUPT
        and shift.loss > 0.5 * (scale.same - scale.different) * (1 - end)
    ):
        return None  # one step, however it came about, is no slow change
    losses = {"body": 1 - end, **_colour_ends(series, scales)}
    colour = max((v for cue, v in losses.items() if cue != "body"), default=0.0)
    # A turn of the body costs the network likeness but leaves the colours; light does the reverse.
    strength = min(losses["body"], colour / 0.6)
    trend = -monotone_trend(vectors @ head)
    if strength < settings.drift or trend < _MIN_TREND or not _keeps_framing(series):
        return None
    start, stop = _slope(vectors @ head, series.frame[rows])
    likeness = {cue: 1 - value for cue, value in losses.items()}
    return Incident("drift", (index,), start, stop, strength, likeness)  # type: ignore[arg-type]


def _colour_ends(series: Series, scales: Calibration) -> dict[str, float]:
    """Return colour cue to the likeness lost from the first to the last tenth."""
    losses: dict[str, float] = {}
    cues: tuple[Cue, ...] = ("upper", "head")
    for cue in cues:
        rows, vectors = series.vectors(cue)
        if len(rows) >= 3 * _ADJACENT:
            count = max(_ADJACENT, len(rows) // 8)
            first, last = vectors[:count].mean(axis=0), vectors[-count:].mean(axis=0)
            cosine = float(first @ last) / float(np.linalg.norm(first) * np.linalg.norm(last))
            losses[cue] = 1 - scales.scales[cue].likeness(cosine)
    return losses


def _keeps_framing(series: Series) -> bool:
    """Tell whether size and shape of the box at the end are those at the start, within a zoom."""
    count = max(1, len(series.xyxy) // 8)
    size = series.xyxy[:, 2:] - series.xyxy[:, :2]
    first, last = np.median(size[:count], axis=0), np.median(size[-count:], axis=0)
    ratio = np.maximum(first, last) / np.maximum(np.minimum(first, last), 1)
    return bool(ratio.max() <= _MAX_APPROACH and ratio.max() / ratio.min() <= _MAX_RESHAPE)


def _slope(values: NDArray[np.float32], frames: NDArray[np.int64]) -> tuple[int, int]:
    """Return where the likeness leaves its upper fifth and where it reaches its lower fifth."""
    high, low = float(values[:_ADJACENT].mean()), float(values[-_ADJACENT:].mean())
    share = (values - low) / max(high - low, 1e-6)
    start = int(np.argmax(share < 0.8))
    stop = len(share) - 1 - int(np.argmax(share[::-1] > 0.2))
    return int(frames[start]), int(frames[max(stop, start)]) + 1
