"""What happens to looks inside one shot: two exchanged, one become another."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache, partial
from itertools import combinations
from typing import TYPE_CHECKING, Literal

import numpy as np

from identity.attributes import crossing_of
from identity.changes import likeness_matrix, strongest_shift
from identity.hair import hair_exchanges
from identity.passing import passings
from identity.series import Series, Sides, settled, sides_at

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import NDArray

    from identity.attributes import Crossing
    from identity.calibration import Calibration
    from identity.looks import Cue
    from identity.passing import Passing
    from identity.settings import FindingSettings

_SAMPLES = 8  # on each side of a moment: a second at the default rate
_REACH_S = 3.0  # how long somebody may be hidden and still be compared with before
_TOGETHER_S = 0.2  # changes of several people this near to each other are one event
_MAX_ZOOM = 1.15  # a box that changes its size more than this at once shows another part of a body
_ADJACENT = 2
_COLOURS: tuple[Cue, ...] = ("upper", "lower", "head")
_COLOURS_AGREE = 0.1  # gain by which the colours speak for an exchange at all
_ANOTHER_LOOK = 1.2  # likeness lost to the network beyond which no person looks like himself
_SAME_FACING = 0.2  # difference of cosines
_MAX_BETWEEN_FRAMES = 8  # looked at one by one for the frame of a change
_PASSING_S = 0.1  # a look is seen every so often only: a change so near to a meeting is its
_LEAST_COLOUR = 0.1  # loss of a colour that counts where it comes in one sudden step
_VOUCHED = 0.6  # share of the usual gain that is asked for where motion followed both
_STANDS_OUT = 4.0  # a step is sudden if it is so much larger than all others near it
_CALM_FRAMES = 8
_COLOUR_GRAIN = 0.003  # steps of the colours that grain and coding make
_NOTHING_LEFT = 0.5  # colours lost, and half of what the network loses, with another person
_ABRUPT = 0.6  # share of a loss between two neighbouring samples from which it is one step


@dataclass(frozen=True, slots=True)
class Incident:
    """A change of looks of one series, or an exchange between two.

    Attributes:
        kind: "swap" or "morph"; a swap of clothes alone is "attribute_swap".
        series: Indices of the series concerned.
        start_frame, stop_frame: Half-open.
        strength: Likeness lost, on the scale where 1 is one person and 0 another.
        likeness: Cue to what it is between before and after.
    """

    kind: Literal["swap", "morph", "attribute_swap"]
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
        for index in range(len(all_series))
        if (found := _morph(index, all_series, scales, settings, fps=fps)) is not None
    ]
    shifts = [s for s in shifts if not _may_be_mixed(s, all_series, fps=fps)]
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
    return [*swaps, *morphs]


# --- exchange ---------------------------------------------------------------------------------


def _swaps(
    all_series: Sequence[Series], scales: Calibration, settings: FindingSettings, *, fps: float
) -> list[Incident]:
    least = settings.scaled("swap")
    meetings = {
        (a, b): passings(all_series[a], all_series[b], fps=fps)
        for a, b in combinations(range(len(all_series)), 2)
    }
    found = _behind_meetings(all_series, meetings, scales, least=_VOUCHED * least, fps=fps)
    by_hair = [
        Incident("swap", e.series, e.start_frame, e.start_frame + 1, e.lost, {"hair": e.lost})
        for e in hair_exchanges(all_series, threshold=least, fps=fps)
    ]
    for exchange in (*_exchanges(all_series, scales, least=least, fps=fps), *by_hair):
        one, two = exchange.series
        placed = _behind_passing(exchange, meetings[one, two], fps=fps)
        if placed is not None:
            found.append(placed)
    # Hair is told where bodies tell nothing: it is seen later after a meeting.
    found.sort(key=lambda incident: ("body" not in incident.likeness, -incident.strength))
    kept: list[Incident] = []
    for swap in found:
        clash = any(
            set(swap.series) & set(k.series) and abs(swap.start_frame - k.start_frame) <= fps
            for k in kept
        )
        if not clash:
            kept.append(swap)
    return kept


def _behind_meetings(
    all_series: Sequence[Series],
    meetings: Mapping[tuple[int, int], Sequence[Passing]],
    scales: Calibration,
    *,
    least: float,
    fps: float,
) -> list[Incident]:
    """Return exchanges behind meetings through which motion followed both.

    Looks from within the meeting are of both bodies, so those right before and after it are
    compared. Motion says who is who, so less is asked of them than where nothing does.
    """
    found = []
    for pair, met in meetings.items():
        for passing in met:
            if passing.tracks != "stayed":
                continue
            apart = (passing.first_frame + 1, passing.last_frame)
            sides = cache(partial(_sides, all_series, apart, fps=fps))
            body = _crossing(sides, *pair, "body", scales)
            if body is None or body.gain < least:
                continue
            colours = _colours_of(sides, *pair, scales)
            agree = max(colours.values(), default=0.0) >= _COLOURS_AGREE
            if agree and min(colours.values()) > -_COLOURS_AGREE:
                start, gains = passing.moment, {"body": body.gain, **colours}
                found.append(Incident("swap", pair, start, start + 1, body.gain, gains))
    return found


def _behind_passing(swap: Incident, meetings: Sequence[Passing], *, fps: float) -> Incident | None:
    """Return an exchange at the frame at which the two pass; `None` = motion does not vouch for it.

    While somebody is hidden nobody sees when the looks change; the middle of the meeting is the
    best guess. Away from all meetings the exchange stays as it is.
    """
    for passing in meetings:
        reach = _PASSING_S * fps
        if passing.first_frame - reach <= swap.start_frame <= passing.last_frame + reach:
            if passing.tracks != "stayed":
                return None
            return replace(swap, start_frame=passing.moment, stop_frame=passing.moment + 1)
    return swap


def _may_be_mixed(change: Incident, all_series: Sequence[Series], *, fps: float) -> bool:
    """Tell whether the box may have gone over to somebody who passes just then."""
    index = change.series[0]
    return any(
        passing.tracks != "stayed"
        and passing.first_frame <= change.start_frame <= passing.last_frame
        for k, other in enumerate(all_series)
        if k != index
        for passing in passings(all_series[index], other, fps=fps)
    )


def _exchanges(
    all_series: Sequence[Series], scales: Calibration, *, least: float, fps: float
) -> list[Incident]:
    """Return the strongest exchange of each two, where the body tells at least `least` for it."""
    frames = [set(s.frame[s.looks.seen("body")].tolist()) for s in all_series]
    best: dict[tuple[int, int], tuple[float, int, dict[Cue, float]]] = {}
    for moment in sorted(set().union(*frames)):
        # Read once for all pairs, and forgotten after the moment: a shot may last for an hour.
        sides = cache(partial(_sides, all_series, (moment, moment), fps=fps))
        here = [k for k, s in enumerate(all_series) if s.frame[0] < moment <= s.frame[-1]]
        for one, two in combinations(here, 2):
            if moment not in frames[one]:
                continue
            crossing = _crossing(sides, one, two, "body", scales)
            # Each became like the other: that no turn or light does. The colours need only agree.
            if crossing is None or crossing.gain < least:
                continue
            if (one, two) in best and crossing.gain <= best[one, two][0] + 1e-6:
                continue
            before = max((f for f in frames[one] if f < moment), default=moment - 1)
            colours = _clearest_colours(all_series, one, two, (before, moment), scales, fps=fps)
            if max(colours.values(), default=1.0) >= _COLOURS_AGREE:
                gains: dict[Cue, float] = {"body": crossing.gain, **colours}
                best[one, two] = (crossing.gain, moment, gains)
    found = []
    for pair, (gain, moment, gains) in sorted(best.items()):
        onset = _onset(all_series[pair[0]], all_series[pair[1]], moment)
        found.append(Incident("swap", pair, onset, onset + 1, gain, gains))
    return found


def _sides(
    all_series: Sequence[Series], apart: tuple[int, int], index: int, cue: Cue, *, fps: float
) -> Sides | None:
    """Return the looks before the first and from the second frame on."""
    stop, start = apart
    reach = _REACH_S * fps
    return sides_at(
        all_series[index], cue, start, samples=_SAMPLES, reach_frames=reach, hidden_from=stop
    )


def _colours_of(
    sides: Callable[[int, Cue], Sides | None], one: int, two: int, scales: Calibration
) -> dict[Cue, float]:
    """Return colour to how much better "exchanged" fits than "stayed"; those unseen are absent."""
    crossings = {cue: _crossing(sides, one, two, cue, scales) for cue in _COLOURS}
    return {cue: found.preference for cue, found in crossings.items() if found is not None}


def _clearest_colours(
    all_series: Sequence[Series],
    one: int,
    two: int,
    between: tuple[int, int],
    scales: Calibration,
    *,
    fps: float,
) -> dict[Cue, float]:
    """Return the colours' preferences where they speak loudest for an exchange.

    Two samples of the network are some frames apart, and the exchange lies anywhere between them;
    a frame too late, looks of the one lie on the side of the other.
    """
    every = [
        _colours_of(partial(_sides, all_series, (frame, frame), fps=fps), one, two, scales)
        for frame in _frames_between(*between)
    ]
    return max(every, key=lambda colours: max(colours.values(), default=-np.inf))


def _frames_between(before: int, moment: int) -> range:
    """Return the frames at which what is seen at `before` and no more at `moment` may change."""
    return range(max(before, moment - _MAX_BETWEEN_FRAMES) + 1, moment + 1)


def _crossing(
    sides: Callable[[int, Cue], Sides | None], one: int, two: int, cue: Cue, scales: Calibration
) -> Crossing | None:
    """Return how two compare before and after; `None` = not seen on both sides."""
    a, b = sides(one, cue), sides(two, cue)
    return None if a is None or b is None else crossing_of(a, b, scales, cue)


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
    index: int,
    all_series: Sequence[Series],
    scales: Calibration,
    settings: FindingSettings,
    *,
    fps: float,
) -> Incident | None:
    series = all_series[index]
    rows, vectors = series.vectors("body")
    shift = strongest_shift(likeness_matrix(vectors), min_side=_ADJACENT, window=_SAMPLES)
    if shift is None:
        return None
    scale = scales.scales["body"]
    span = scale.same - scale.different
    loss = shift.loss / span
    if (
        loss < settings.scaled("change")
        or shift.abruptness < _ABRUPT
        or scale.likeness(shift.across) > 0.5
    ):
        return None
    moment = int(series.frame[rows[shift.index]])
    first, last = settled(series, all_series, fps=fps)
    if not first <= moment <= last:
        return None  # whoever comes in or goes out shows a part of the body only
    before = int(series.frame[rows[shift.index - 1]])
    colours = max(
        (_colour_loss(series, frame, scales) for frame in _frames_between(before, moment)),
        key=lambda losses: max(losses.values(), default=0.0),
    )
    most = max(colours.values(), default=0.0)
    # The network alone is fooled by a turn of the body.
    if most < settings.scaled("change") * 0.6 and not (
        most >= _LEAST_COLOUR
        and (
            _sudden(series, moment, before)
            or (loss >= _ANOTHER_LOOK and _faces_alike(series, moment))
        )
    ):
        return None
    # Another framing shows another part of the body, unless nothing at all is left of the look.
    if not _same_framing(series, moment, before) and (
        most < _NOTHING_LEFT or loss < 2 * _NOTHING_LEFT
    ):
        return None
    if _returns(vectors, shift.index):
        return None
    onset = _onset(series, None, moment)
    likeness: dict[Cue, float] = {"body": scale.likeness(shift.across)}
    likeness.update({cue: 1 - value for cue, value in colours.items()})
    return Incident("morph", (index,), onset, onset + 1, loss, likeness)


def _faces_alike(series: Series, moment: int) -> bool:
    """Tell whether the body is known to face the camera after the moment as it did before."""
    sides = sides_at(series, "facing", moment, samples=_SAMPLES, reach_frames=60)
    return sides is not None and abs(float(sides.before[0] - sides.after[0])) <= _SAME_FACING


def _sudden(series: Series, moment: int, before: int) -> bool:
    """Tell whether the colours make one step between two samples, far above any other near it."""
    cues: tuple[Cue, ...] = ("upper", "head")
    for cue in cues:
        rows, vectors = series.vectors(cue)
        frames = series.frame[rows]
        steps = 1 - (vectors[1:] * vectors[:-1]).sum(axis=1)
        here = (frames[1:] > before) & (frames[1:] <= moment)
        near = np.abs(frames[1:] - moment) <= _CALM_FRAMES
        if here.any() and (near & ~here).sum() >= _ADJACENT:
            others = max(float(steps[near & ~here].max()), _COLOUR_GRAIN)
            if float(steps[here].max()) >= _STANDS_OUT * others:
                return True
    return False


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
