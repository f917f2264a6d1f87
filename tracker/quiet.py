"""Where nothing happens between two pictures, so that what lies between need not be searched.

Everything an explanation asks for is a reason to look: a step of the picture (a cut, a flash),
somebody who comes or goes, two who meet, a box that moves unlike it did before. What is left is
people who stand, sit or walk on, and there a straight line is as good as a search.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

from tracker import boxes
from tracker.matching import best_pairs

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from tracker.detections import Detections

SURE_SCORE = 0.25  # whoever is less sure may come and go: weak boxes do so all the time
STAYS_IOU = 0.6  # least overlap of a box with itself, a tenth of a second later
EXPECTED_IOU = 0.75  # the same, with where its motion so far puts it
MEETING_IOU = 0.5  # two that overlap so much are looked at in every picture
MEETING_CHANGE = 0.08  # and so are two that come closer, or part, by so much
STEP_MIN, STEP_RATIO = 4.0, 2.5  # grey levels, and times the steps before: a cut, a flash
_SMALL_PX = (48, 27)
_STEPS_KEPT = 24


class PictureSteps:
    """How much the picture changes from frame to frame, and where that stands out."""

    def __init__(self) -> None:
        self._before: NDArray[np.float32] | None = None
        self._usual: list[float] = []

    def push(self, rgb: NDArray[np.uint8]) -> list[bool]:
        """Return for each of the (N, H, W, 3) next pictures whether the step into it stands out."""
        out = []
        for picture in rgb:
            small = cv2.resize(picture, _SMALL_PX, interpolation=cv2.INTER_AREA)
            grey = small.astype(np.float32).mean(axis=2)
            step = 0.0 if self._before is None else float(np.abs(grey - self._before).mean())
            self._before = grey
            usual = float(np.median(self._usual)) if self._usual else 0.0
            out.append(step >= STEP_MIN and step >= STEP_RATIO * usual)
            self._usual = [*self._usual[1 - _STEPS_KEPT :], step]
        return out


def is_quiet(early: Detections, late: Detections, before: Detections | None) -> bool:
    """Return whether everybody in one frame is, little moved, in a later one.

    Args:
        early: Boxes of a frame.
        late: Boxes of a later one.
        before: Boxes of the frame searched before `early`, where there is one.

    Example:
        >>> from tracker.detections import Detections
        >>> score, kind = np.full(1, 0.5, np.float32), np.zeros(1, np.int32)
        >>> one = Detections(np.array([0]), np.array([[10, 0, 30, 40]], np.float32), score, kind)
        >>> two = Detections(np.array([3]), np.array([[12, 0, 32, 40]], np.float32), score, kind)
        >>> is_quiet(one, two, None), is_quiet(one, Detections.empty(), None)
        (True, False)
    """
    pairs = best_pairs(boxes.iou(early.xyxy, late.xyxy), min_overlap=STAYS_IOU)
    stay_early, stay_late = {i for i, _ in pairs}, {k for _, k in pairs}
    for found, stay in ((early, stay_early), (late, stay_late)):
        if set(np.flatnonzero(found.score >= SURE_SCORE).tolist()) - stay:
            return False  # somebody comes, goes or jumps
    sure = [(i, k) for i, k in pairs if max(early.score[i], late.score[k]) >= SURE_SCORE]
    if _meet(early, late, sure):
        return False
    if before is None or not len(before) or not sure:
        return True
    return _moves_on(before, early, late, sure)


def _meet(early: Detections, late: Detections, pairs: Sequence[tuple[int, int]]) -> bool:
    """Return whether two of the pairs meet, or part."""
    if len(pairs) < 2:
        return False
    old, new = (np.array(side, np.int64) for side in zip(*pairs, strict=True))
    now, then = (boxes.iou_of_pairs(xyxy) for xyxy in (early.xyxy[old], late.xyxy[new]))
    most = float(max(now.max(), then.max()))
    return most >= MEETING_IOU or float(np.abs(now - then).max()) >= MEETING_CHANGE


def _moves_on(
    before: Detections, early: Detections, late: Detections, pairs: Sequence[tuple[int, int]]
) -> bool:
    """Return whether each is where his motion so far puts him; who was not there had none."""
    known = {k: i for i, k in best_pairs(boxes.iou(before.xyxy, early.xyxy), min_overlap=0.3)}
    passed = float(late.frame[0] - early.frame[0]) / float(early.frame[0] - before.frame[0])
    for i, k in pairs:
        if i not in known:
            continue
        step = early.xyxy[i] - before.xyxy[known[i]]
        expected = early.xyxy[i] + step * np.float32(passed)
        if boxes.iou(expected[None], late.xyxy[[k]])[0, 0] < EXPECTED_IOU:
            return False
    return True
