"""Two who pass each other: motion says who comes out where, whatever the tracks and the looks say.

Behind a crossing a tracker may go on with the wrong one, which looks like an exchange of looks;
or it may follow the looks, which hides one. So both ways of joining what comes before the meeting
with what comes after it are compared: people go on as they went.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol

import numpy as np

from identity.tracks.linking import END_BOXES
from tracker import boxes

if TYPE_CHECKING:
    from numpy.typing import NDArray


TOUCHING_IOU = 0.1  # boxes that overlap more than this may be taken for each other
_MAX_MEETING_S = 2.0  # who walks side by side for longer does not pass
_MIN_BOXES = 3
_STANDING_WIDTHS = 0.5  # who moves less than this share of a box's width is standing
_CLEARLY = 0.6  # error of the better explanation of motion against the other's
_SPEED_FRAMES = 4.0  # a difference in speed counts as much as the way it makes in so many frames


class Body(Protocol):
    """Whatever has a box at some frames of one shot: a tracklet, or a body track."""

    @property
    def frame(self) -> NDArray[np.int64]:
        """(T,) strictly increasing."""

    @property
    def xyxy(self) -> NDArray[np.float32]:
        """(T, 4) pixels."""


@dataclass(frozen=True, slots=True)
class Crossing:
    """A meeting of two bodies of which at least one walks.

    Attributes:
        first_frame, last_frame: Before and after it, where both are seen apart.
        moment: The frame at which their middles pass each other.
        tracks: Whether motion says that the tracks stayed with the bodies; "unclear" = neither.
    """

    first_frame: int
    last_frame: int
    moment: int
    tracks: Literal["stayed", "exchanged", "unclear"]


def find_crossings(one: Body, two: Body, *, fps: float) -> list[Crossing]:
    """Return the meetings of two tracks, in order of time; people who only stand there have none.

    Args:
        one: A body as the tracker followed it.
        two: Another one, of the same shot.
        fps: Of the clip.
    """
    frames, rows_one, rows_two = np.intersect1d(one.frame, two.frame, return_indices=True)
    overlap = boxes.paired_iou(one.xyxy[rows_one], two.xyxy[rows_two])
    is_apart = _for_a_while(overlap <= TOUCHING_IOU)
    apart, touching = frames[is_apart], frames[~is_apart]
    found: list[Crossing] = []
    edges = np.concatenate([[-1], apart, frames[-1:] + 1]).astype(np.int64)
    behind = -1  # up to where all meetings are judged
    for frame, after in zip(
        touching.tolist(), np.searchsorted(edges, touching).tolist(), strict=True
    ):
        if frame < behind:
            continue
        first, last = int(edges[after - 1]), int(edges[after])
        behind = last
        crossing = _judged(one, two, first, last)
        if crossing is not None and last - first <= _MAX_MEETING_S * fps:
            found.append(crossing)
    return found


def _for_a_while(apart: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return (T,) where two are apart long enough to see where each goes.

    In the middle of a meeting a box may shrink for a moment, and with it the overlap.
    """
    starts = np.flatnonzero(np.diff(apart, prepend=~apart[:1]))
    lengths = np.diff(np.append(starts, len(apart)))
    return np.asarray(apart & (np.repeat(lengths, lengths) >= _MIN_BOXES), np.bool_)


@dataclass(frozen=True, slots=True)
class _Way:
    """Where somebody's middle is at `frame` and how fast it goes, in pixels and pixels a frame."""

    frame: float
    at: float
    speed: float

    def where(self, frame: float) -> float:
        return self.at + self.speed * (frame - self.frame)

    def differs(self, other: _Way, frame: float) -> float:
        return abs(self.where(frame) - other.where(frame)) + _SPEED_FRAMES * abs(
            self.speed - other.speed
        )


def _judged(one: Body, two: Body, first: int, last: int) -> Crossing | None:
    """Return the meeting between two frames in which both are seen apart; `None` = both stand."""
    if all(_stands(body, first - END_BOXES, last + END_BOXES) for body in (one, two)):
        return None
    a, b = (_way(body, first, late=True) for body in (one, two))
    c, d = (_way(body, last, late=False) for body in (one, two))
    if a is None or b is None or c is None or d is None:
        return Crossing(first, last, (first + last) // 2, "unclear")
    middle = (first + last) / 2
    stayed = a.differs(c, middle) + b.differs(d, middle)
    exchanged = a.differs(d, middle) + b.differs(c, middle)
    tracks: Literal["stayed", "exchanged", "unclear"] = "unclear"
    if stayed < _CLEARLY * exchanged:
        tracks = "stayed"
    elif exchanged < _CLEARLY * stayed:
        tracks = "exchanged"
        c, d = d, c
    frames = np.arange(first, last + 1)
    ways = [
        np.interp(frames, (first, last), (before.where(first), after.where(last)))
        for before, after in ((a, c), (b, d))
    ]
    return Crossing(first, last, int(frames[int(np.abs(ways[0] - ways[1]).argmin())]), tracks)


def _stands(body: Body, first: int, last: int) -> bool:
    start, stop = np.searchsorted(body.frame, (first, last + 1))
    near = body.xyxy[start:stop]
    middles, width = (near[:, 0] + near[:, 2]) / 2, float(np.median(near[:, 2] - near[:, 0]))
    return bool(np.ptp(middles) < _STANDING_WIDTHS * width)


def _way(body: Body, frame: int, *, late: bool) -> _Way | None:
    """Return the straight way through the last boxes up to a frame, or the first from it on."""
    at = int(np.searchsorted(body.frame, frame, side="right" if late else "left"))
    rows = slice(max(at - END_BOXES, 0), at) if late else slice(at, at + END_BOXES)
    frames = body.frame[rows].astype(np.float64)
    if len(frames) < _MIN_BOXES:
        return None
    middles = (body.xyxy[rows, 0] + body.xyxy[rows, 2]).astype(np.float64) / 2
    speed, _ = np.polyfit(frames, middles, 1)
    return _Way(float(frames.mean()), float(middles.mean()), float(speed))
