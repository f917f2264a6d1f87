"""Who disappears or appears in full view: candidates, and what the pictures say of them.

A box that ends says little: a detector misses people, and half hidden ones most. Whoever really
vanishes takes all pixels along from one frame to the next, and nothing else in the picture moves
so much then. Whoever walks out or goes behind something takes them bit by bit.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import cv2
import numpy as np

from tracker import boxes

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from identity.tracks.body_track import BodyTrack
    from scenes.shots import Shot

_MIN_PRESENT_BOXES = 4
_MIN_ABSENT_FRAMES = 3
_MIN_SCORE = 0.5
_BEFORE_FRAMES, _AFTER_FRAMES = 5, 8  # read around the end of a box: detectors miss the last ones
_TAKEN_OVER_IOU = 0.4  # another box that goes on here shows the same body
_TAKEN_OVER_FRAMES = 4
_MIN_OPEN_SHARE = 0.35  # of the box that nobody else covers, from which it can be judged
_BEHIND_SHARE = 0.05  # of the height of a box by which another ends higher if it stands behind
_REVEALED_SHARE = 0.55  # of the usual ratio; a step that is the largest by a tenth
_NEARLY_HIDDEN = 0.6  # of a box, by others: what a good detector still follows
_BEHIND_BOX_SHARE = 0.5  # of who is revealed lies where the vanished one was
_MIN_STEPS = 4  # between frames in which so much is open
_MARGIN_SHARE = 0.35  # of the box on every side: what happens there happens to everything
_HEIGHT_PX = 72  # pictures are compared this small: grain and single hairs are no step
_FLOOR_LEVELS = 2.0  # grey levels that change in any film from frame to frame

_STEP_LEVELS = 8.0  # grey levels by which a place changes at least when somebody leaves it
_LASTING = 0.6  # share of the change that stays: a flash of light goes again
_CHANGED_SHARE = 0.5  # of the pixels of the place: whoever vanishes, vanishes whole
_MISSED_FRAMES = 5  # a detector may miss somebody so long before he is gone


@dataclass(frozen=True, slots=True, eq=False)
class PresenceCandidate:
    """Somebody's box ends, or begins, while the shot goes on.

    Attributes:
        kind: "vanish" or "pop_in".
        track: Index of the body track.
        frame: First frame without it, or first frame with it.
        seen_frame: The frame nearest to it in which the box is there.
        window: Frames around it that are to be looked at, in order.
        box: (4,) float32, where it was or where it appears.
        reveals: Whether somebody who was hidden behind is seen again from just this frame on.
    """

    kind: Literal["vanish", "pop_in"]
    track: int
    frame: int
    seen_frame: int
    window: tuple[int, ...]
    box: NDArray[np.float32]
    reveals: bool = False

    def min_ratio(self, usual: float) -> float:
        """Return how far the step of the pixels must stand out, less where somebody is revealed.

        Who stands before somebody else walks by, as a rule, and his own steps change the place.
        """
        return usual * _REVEALED_SHARE if self.reveals else usual

    def place(self, size_px: tuple[int, int]) -> NDArray[np.float32]:
        """Return (4,) the box with a margin, inside the picture."""
        x1, y1, x2, y2 = self.box
        side = _MARGIN_SHARE * max(x2 - x1, 0.5 * (y2 - y1))
        low = np.maximum([x1 - side, y1 - side], 0)
        high = np.minimum([x2 + side, y2 + side], size_px)
        return np.concatenate([low, high]).astype(np.float32)


@dataclass(frozen=True, slots=True)
class PixelStep:
    """The frame at which the pixels of a place change most.

    Attributes:
        frame: First frame with the new pixels.
        levels: Mean change there, in grey levels, beyond that around it.
        ratio: The same against the next largest change in the window.
        lasting: How much of it is still there in the mean of the frames after, 1 = all.
        share: Of the pixels of the place, how many change clearly.
    """

    frame: int
    levels: float
    ratio: float
    lasting: float
    share: float


def find_presence_candidates(
    tracks: Sequence[BodyTrack],
    scores: Sequence[NDArray[np.float32]],
    shot: Shot,
) -> list[PresenceCandidate]:
    """Return where boxes of one shot end or begin before the shot does.

    Args:
        tracks: Of the shot.
        scores: Detection scores of each track, (T,) in [0, 1].
        shot: Its frames.
    """
    gaps = []
    for index, track in enumerate(tracks):
        if len(track.frame) < _MIN_PRESENT_BOXES or np.median(scores[index]) < _MIN_SCORE:
            continue
        others = [s for k, s in enumerate(tracks) if k != index]
        last, first = int(track.frame[-1]), int(track.frame[0])
        if shot.stop_frame - 1 - last >= _MIN_ABSENT_FRAMES and not any(
            _takes_over(track.xyxy[-1], last, other, int(other.frame[0])) for other in others
        ):
            window = _window(last - _BEFORE_FRAMES, last + _AFTER_FRAMES, shot)
            reveals = any(_is_revealed(other, last + 1, track.xyxy[-1]) for other in others)
            gaps.append(
                PresenceCandidate("vanish", index, last + 1, last, window, track.xyxy[-1], reveals)
            )
        if first - shot.start_frame >= _MIN_ABSENT_FRAMES and not any(
            _takes_over(track.xyxy[0], first, other, int(other.frame[-1])) for other in others
        ):
            window = _window(first - _AFTER_FRAMES, first + _BEFORE_FRAMES, shot)
            gaps.append(PresenceCandidate("pop_in", index, first, first, window, track.xyxy[0]))
    return gaps


def _window(low: int, high: int, shot: Shot) -> tuple[int, ...]:
    return tuple(range(max(low, shot.start_frame), min(high + 1, shot.stop_frame)))


def _takes_over(box: NDArray[np.float32], frame: int, other: BodyTrack, end: int) -> bool:
    """Tell whether `other` begins (or ends) at `end`, near `frame`, at the place of the box."""
    if abs(end - frame) > _TAKEN_OVER_FRAMES:
        return False
    row = int(np.searchsorted(other.frame, end))
    return float(boxes.iou(box[None], other.xyxy[row : row + 1])[0, 0]) >= _TAKEN_OVER_IOU


def _is_revealed(other: BodyTrack, frame: int, box: NDArray[np.float32]) -> bool:
    """Tell whether somebody who was hidden behind the box is seen again, or whole, at `frame`."""
    row = int(np.searchsorted(other.frame, frame))
    if not 0 < row < len(other.frame) or other.frame[row] != frame:
        return False
    unseen = frame - int(other.frame[row - 1]) - 1 >= 1
    hidden = unseen or float(other.looks.covered[row - 1]) >= _NEARLY_HIDDEN
    behind = float(boxes.covered(other.xyxy[row : row + 1], box[None])[0, 0])
    return hidden and behind >= _BEHIND_BOX_SHARE


def largest_step(
    gap: PresenceCandidate,
    pictures: NDArray[np.uint8],
    place: NDArray[np.float32],
    others: Sequence[NDArray[np.float32]],
) -> PixelStep | None:
    """Return the step of the pixels where a box ends; `None` = others cover the place.

    Args:
        gap: Whose `window` tells the frames.
        pictures: (F, h, w, 3) uint8, the pixels of `place` in these frames, of any scale.
        place: (4,) the rectangle they show, in pixels of the clip.
        others: Per frame (M, 4) the boxes of everybody else; who stands behind hides nothing.
    """
    width = max(8, round(_HEIGHT_PX * (place[2] - place[0]) / max(place[3] - place[1], 1)))
    scale = np.array([width, _HEIGHT_PX] * 2) / np.tile(np.maximum(place[2:] - place[:2], 1), 2)
    small = np.stack(
        [
            cv2.GaussianBlur(
                cv2.resize(p, (width, _HEIGHT_PX), interpolation=cv2.INTER_AREA), (3, 3), 0
            ).astype(np.float32)
            for p in pictures
        ]
    )

    def painted(rectangles: NDArray[np.float32]) -> NDArray[np.bool_]:
        mask = np.zeros((_HEIGHT_PX, width), np.bool_)
        for box in (rectangles - np.tile(place[:2], 2)) * scale:
            x1, y1, x2, y2 = np.round(box).astype(int)
            mask[max(y1, 0) : max(y2, 0), max(x1, 0) : max(x2, 0)] = True
        return mask

    own = painted(gap.box[None])
    taken = np.stack([painted(boxes_[_may_hide(boxes_, gap.box)]) for boxes_ in others])
    free = ~(taken[1:] | taken[:-1])  # of each step: who walks by covers the place for a while
    judged = (own & free).sum(axis=(1, 2)) >= _MIN_OPEN_SHARE * own.sum()
    if judged.sum() < _MIN_STEPS:
        return None
    change = np.abs(np.diff(small, axis=0)).mean(axis=3)
    extra = np.full(len(change), -1.0)
    for k in np.flatnonzero(judged):
        around = ~own & free[k]
        beside = change[k][around].mean() if around.sum() > 0.1 * own.sum() else 0.0
        extra[k] = max(float(change[k][own & free[k]].mean() - beside), 0.0)
    top = int(extra.argmax())
    inside = own & free[top]
    rest = np.delete(extra, top)
    before = small[max(0, top - 1) : top + 1].mean(axis=0)
    after = [k for k in range(top + 1, min(top + 4, len(small))) if not (taken[k] & inside).any()]
    later = small[after or [top + 1]].mean(axis=0)
    stays = float(np.abs(later - before).mean(axis=2)[inside].mean())
    whole = float(change[top][inside].mean())
    return PixelStep(
        gap.window[top + 1],
        float(extra[top]),
        float(extra[top] / max(float(rest.max(initial=0.0)), _FLOOR_LEVELS)),
        stays / max(whole, 1e-6),
        float((change[top][inside] > 4 * _FLOOR_LEVELS).mean()),
    )


def _may_hide(others: NDArray[np.float32], box: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Return (M,) who may stand in front: whose box ends clearly higher stands behind."""
    return np.asarray(others[:, 3] > box[3] - _BEHIND_SHARE * (box[3] - box[1]), np.bool_)


def is_gap(gap: PresenceCandidate, step: PixelStep, *, min_ratio: float) -> bool:
    """Tell whether somebody is gone, or there, from one frame to the next."""
    late = step.frame - gap.frame if gap.kind == "vanish" else gap.frame - step.frame
    missed_frames = 0 if gap.reveals else _MISSED_FRAMES
    whole = step.lasting >= _LASTING and step.share >= _CHANGED_SHARE
    return (
        -1 <= late <= missed_frames
        and whole
        and step.levels >= _STEP_LEVELS
        and step.ratio >= gap.min_ratio(min_ratio)
    )
