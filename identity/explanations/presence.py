"""Who disappears or appears in full view: candidates, and how likely each is.

A box that ends says little: a detector misses people, and half hidden ones most. Whoever really
vanishes takes all pixels along, at once or within a few frames, and nothing else in the picture
moves so much then. Whoever walks out or goes behind something takes them bit by bit, and his box
shows it: it shrinks, or leaves over an edge. How much each of this says is learnt
(`python -m training presence`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from identity.evidence.logistic import AGAINST, FOR, Bounds
from identity.evidence.same_look import MIN_LOOKS
from identity.explanations.model import DecisionModel, bundled_model
from identity.tracks.body_track import SURE_SCORE
from identity.tracks.linking import END_BOXES, NEAR_FRAMES
from tracker import boxes

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from identity.evidence.place_changes import PlaceChanges
    from identity.tracks.body_track import BodyTrack
    from scenes.shots import Shot

DATA_FILE = "presence.json"
NAME = "presence"
FEATURES: Mapping[str, Bounds] = {
    # Of the pixels, see `PlaceChanges`.
    "gone": FOR, "around": AGAINST, "torn": AGAINST, "sweep": AGAINST,
    # Of the boxes, see `_of_boxes`.
    "score": FOR, "shrinks": AGAINST, "leaves": AGAINST,
}  # fmt: skip

_MIN_PRESENT_BOXES = 4
# Read around the end of a box: he may fade, and others are compared with that.
_BEFORE_FRAMES, _AFTER_FRAMES = 20, 18
_TAKEN_OVER_IOU = 0.4  # another box that goes on here shows the same body
_BEHIND_SHARE = 0.05  # of the height of a box by which another ends higher if it stands behind
_SCORED_BOXES = 5
_EDGE_SHARE = 0.015  # of the picture's side: so near to its edge somebody is cut by it
_STEADY_BOXES = 5  # whose median is where somebody is: single boxes swell and shrink


@dataclass(frozen=True, slots=True, eq=False)
class PresenceCandidate:
    """Somebody's box ends, or begins, while the shot goes on.

    Attributes:
        kind: "vanish" or "pop_in".
        track: Index of the body track.
        frame: First frame without it, or first frame with it.
        seen_frame: The frame nearest to it in which the box is there.
        window: Frames around it that are to be looked at, in order.
        path: (F, 4) float32, where he is in these frames; where he has no box, where he ought to
            be if he goes on as he went.
        in_front: Per frame of the window, (M, 4) float32 boxes of who may stand before the place.
        features: What its boxes say, by name.
    """

    kind: Literal["vanish", "pop_in"]
    track: int
    frame: int
    seen_frame: int
    window: tuple[int, ...]
    path: NDArray[np.float32]
    in_front: tuple[NDArray[np.float32], ...] = ()
    features: Mapping[str, float] | None = None

    @property
    def box(self) -> NDArray[np.float32]:
        """(4,) float32, where he is seen last, or first."""
        return np.asarray(self.path[self.window.index(self.seen_frame)], np.float32)


@dataclass(frozen=True, slots=True)
class Absence:
    """How likely it is that a candidate is one, at the likeliest moment.

    Attributes:
        frame: The first with more than half of the change.
        log_odds: That somebody is gone, or there, in full view.
        ratio: Change of the place against the largest other one around that time; 1 at least.
        share: Of his pixels that change clearly.
        features: What it was judged by.
    """

    frame: int
    log_odds: float
    ratio: float
    share: float
    features: Mapping[str, float]


def find_presence_candidates(
    tracks: Sequence[BodyTrack], shot: Shot, *, size_px: tuple[float, float] | None = None
) -> list[PresenceCandidate]:
    """Return where boxes of one shot end or begin before the shot does.

    Args:
        tracks: Of the shot.
        shot: Its frames.
        size_px: Width and height of the picture; `None` = where its edges are is not known.
    """
    gaps = []
    for index, track in enumerate(tracks):
        if len(track.frame) < _MIN_PRESENT_BOXES:
            continue
        others = [s for k, s in enumerate(tracks) if k != index]
        begin, end = _sure_part(track.score)
        last, first = int(track.frame[end]), int(track.frame[begin])
        if shot.stop_frame - 1 - last >= MIN_LOOKS:
            window = _window(last - _BEFORE_FRAMES, last + _AFTER_FRAMES, shot)
            gaps.append(_candidate("vanish", index, track, end, others, window, size_px))
        if first - shot.start_frame >= MIN_LOOKS:
            window = _window(first - _AFTER_FRAMES, first + _BEFORE_FRAMES, shot)
            gaps.append(_candidate("pop_in", index, track, begin, others, window, size_px))
    return [
        gap
        for gap in gaps
        if not any(_takes_over(gap, s) for k, s in enumerate(tracks) if k != gap.track)
    ]


def explain_absence(
    gap: PresenceCandidate, changes: PlaceChanges, *, model: DecisionModel | None = None
) -> Absence | None:
    """Return the likeliest moment at which somebody is gone, or there; `None` = none can be judged.

    Args:
        gap: Whose box ends or begins.
        changes: Of the pixels of its place.
        model: `None` = the one of the package.
    """
    rows = moments_of(gap, changes)
    if not len(changes):
        return None
    odds = (model or bundled_model(DATA_FILE))[NAME].log_odds(rows)
    best = int(odds.argmax())
    return Absence(
        int(changes.frame[best]),
        float(odds[best]),
        float(1 / (1 - changes.features["stands_out"][best])),
        float(changes.features["whole"][best]),
        {name: float(values[best]) for name, values in rows.items()},
    )


def may_be(
    gap: PresenceCandidate,
    said: Mapping[str, float] | None = None,
    *,
    least_log_odds: float,
    model: DecisionModel | None = None,
) -> bool:
    """Tell whether somebody may be gone, or there, if all that is not known speaks for it.

    Args:
        gap: Whose box ends or begins.
        said: What is known of the pixels, by name; others are ignored.
        least_log_odds: From which on it counts.
        model: `None` = the one of the package.

    Example:
        >>> nothing = np.zeros((1, 4), np.float32)
        >>> gap = PresenceCandidate("vanish", 0, 5, 4, (4,), nothing, features={"leaves": 2.0})
        >>> [may_be(gap, least_log_odds=least) for least in (-5.0, 0.0)]
        [True, False]
    """
    known = {name: float(bounds == FOR) for name, bounds in FEATURES.items()}
    known |= {**(gap.features or {}), **(said or {})}
    rows = {name: np.array([known[name]]) for name in FEATURES}
    return bool((model or bundled_model(DATA_FILE))[NAME].log_odds(rows)[0] >= least_log_odds)


def moments_of(gap: PresenceCandidate, changes: PlaceChanges) -> dict[str, NDArray[np.float64]]:
    """Return (M,) of every feature at M moments: of the pixels, and of the boxes."""
    said = {name: np.full(len(changes), value) for name, value in (gap.features or {}).items()}
    return {
        name: values for name, values in {**changes.features, **said}.items() if name in FEATURES
    }


def _sure_part(score: NDArray[np.float32]) -> tuple[int, int]:
    """Return the first and last row in which the detector is sure of somebody.

    Where somebody has left, weak boxes often go on around what stands there. All rows, where it is
    hardly ever sure.
    """
    beside = np.pad(score, 1, mode="edge")
    calm = np.median([beside[:-2], score, beside[2:]], axis=0)
    sure = np.flatnonzero(calm >= SURE_SCORE)
    return (int(sure[0]), int(sure[-1])) if len(sure) >= _MIN_PRESENT_BOXES else (0, len(score) - 1)


def _window(low: int, high: int, shot: Shot) -> tuple[int, ...]:
    return tuple(range(max(low, shot.start_frame), min(high + 1, shot.stop_frame)))


def _takes_over(gap: PresenceCandidate, other: BodyTrack) -> bool:
    """Tell whether another box begins (or ends) near it in time, where he ought to be by then."""
    row = 0 if gap.kind == "vanish" else len(other.frame) - 1
    frame = int(other.frame[row])
    if abs(frame - gap.seen_frame) > NEAR_FRAMES:
        return False
    here = gap.path[gap.window.index(frame)]
    return float(boxes.iou(here[None], other.xyxy[row : row + 1])[0, 0]) >= _TAKEN_OVER_IOU


def _candidate(
    kind: Literal["vanish", "pop_in"],
    index: int,
    track: BodyTrack,
    row: int,
    others: Sequence[BodyTrack],
    window: tuple[int, ...],
    size_px: tuple[float, float] | None,
) -> PresenceCandidate:
    # From here on whoever appears is somebody who leaves, seen backwards.
    order = slice(None) if kind == "vanish" else slice(None, None, -1)
    stop = row + 1 if kind == "vanish" else len(track.frame) - row
    own, scores = track.xyxy[order][:stop], track.score[order][:stop]
    seen = int(track.frame[row])
    sign = 1 if kind == "vanish" else -1
    path = path_of(sign * track.frame[order][:stop], own, sign * np.array(window))
    front = tuple(_in_front(box, others, frame) for box, frame in zip(path, window, strict=True))
    frame = seen + 1 if kind == "vanish" else seen
    return PresenceCandidate(
        kind, index, frame, seen, window, path, front, _of_boxes(own, scores, size_px)
    )


def path_of(
    time: NDArray[np.int64], xyxy: NDArray[np.float32], asked: NDArray[np.int64]
) -> NDArray[np.float32]:
    """Return (F, 4) where somebody is at F times, and where he ought to be after his last box.

    He goes on for eight frames as he went in his last eight boxes, without turning and as large as
    he was. Slope and place are medians, so that a last box around half of him says little.

    Args:
        time: (T,) of his boxes, ascending; frames, or their negatives for who appears.
        xyxy: (T, 4).
        asked: (F,).

    Raises:
        ValueError: He has no box.

    Example:
        >>> walks = np.array([[10 * t, 0, 10 * t + 20, 50] for t in range(9)], np.float32)
        >>> path_of(np.arange(9), walks, np.array([4, 10])).tolist()
        [[40.0, 0.0, 60.0, 50.0], [100.0, 0.0, 120.0, 50.0]]
    """
    half = _STEADY_BOXES // 2
    beside = np.pad(xyxy.astype(np.float64), ((half, half), (0, 0)), mode="edge")
    steady = np.median(sliding_window_view(beside, _STEADY_BOXES, axis=0), axis=-1)
    found = np.stack([np.interp(asked, time, side) for side in steady.T], axis=1)
    last, when = xyxy[-END_BOXES:].astype(np.float64), time[-END_BOXES:].astype(np.float64)
    centre, size = (last[:, :2] + last[:, 2:]) / 2, np.median(last[:, 2:] - last[:, :2], axis=0)
    one, two = np.triu_indices(len(when), 1)
    slope = np.zeros(2)
    if len(one):
        slope = np.median((centre[two] - centre[one]) / (when[two] - when[one])[:, None], axis=0)
    start = np.median(centre - slope * when[:, None], axis=0)
    ahead = asked > time[-1]
    to = start + slope * np.minimum(asked[ahead], time[-1] + END_BOXES)[:, None]
    found[ahead] = np.concatenate([to - size / 2, to + size / 2], axis=1)
    return found.astype(np.float32)


def _of_boxes(
    xyxy: NDArray[np.float32], score: NDArray[np.float32], size_px: tuple[float, float] | None
) -> dict[str, float]:
    """Return what the last boxes of somebody say of how he leaves.

    Args:
        xyxy: (T, 4), the one at the end last.
        score: (T,).
        size_px: Width and height of the picture, if they are known.
    """
    last = xyxy[-END_BOXES:].astype(np.float64)
    wide = last[:, 2] - last[:, 0]
    usual = max(float(np.median(wide)), 1.0)
    areas = np.maximum(boxes.area(xyxy[-END_BOXES:]), 1.0)
    # How far his inner side comes to the edge that cuts him: who stands there does not move.
    leaves = 0.0
    for axis, side in enumerate(size_px or ()):
        near = _EDGE_SHARE * side
        if last[-1, axis] <= near:
            leaves = max(leaves, last[0, axis + 2] - last[-1, axis + 2])
        if last[-1, axis + 2] >= side - near:
            leaves = max(leaves, last[-1, axis] - last[0, axis])
    return {
        "score": float(np.median(score[-_SCORED_BOXES:])),
        "shrinks": float(max(0.0, 1 - areas[-1] / np.median(areas))),
        "leaves": max(leaves / usual, 0.0),
    }


def _in_front(
    box: NDArray[np.float32], others: Sequence[BodyTrack], frame: int
) -> NDArray[np.float32]:
    """Return (M, 4) boxes at `frame` of who may stand before the box, each without swellings.

    Whose box ends clearly higher stands behind.
    """
    found = []
    for other in others:
        a, b = np.searchsorted(other.frame, (frame - NEAR_FRAMES, frame + NEAR_FRAMES + 1))
        row = int(np.searchsorted(other.frame, frame))
        if a < b and row < len(other.frame) and other.frame[row] == frame:
            found.append(np.median(other.xyxy[a:b], axis=0))
    rows = np.array(found, np.float32).reshape(-1, 4)
    return np.asarray(rows[rows[:, 3] > box[3] - _BEHIND_SHARE * (box[3] - box[1])], np.float32)
