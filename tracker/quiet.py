"""Where nothing happens between two pictures, so that what lies between need not be searched.

Everything an explanation asks for is a reason to look: a step of the picture or of somebody's
looks, somebody who comes or goes, two who might be taken for each other, a box that moves unlike it
did before. What is left is people who stand, sit or walk on, and there a straight line is as good
as a search.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np

from scenes.arrays import grey_of
from scenes.cuts_content import SMALL_PX
from tracker import boxes
from tracker.matching import best_pairs

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from scenes.frames import FrameBatch
    from tracker.detections import Detections

    Reason = Literal["", "who", "motion"]

DRAWN_IOU = 0.3  # least overlap of two boxes between which a line is drawn: one character
STAYS_IOU = 0.6  # least overlap of a box with itself in the next searched picture
EXPECTED_IOU = 0.7  # the same, with where its motion so far puts it
STILL_IOU = 0.9  # least overlap of every box with itself a quarter of a second later: nobody moves
CLEAR_IOU = 0.15  # by so much more a box overlaps itself than anybody else
AGREES_IOU = 0.85  # of a drawn box with the found one: its motion is a straight line after all
STEP_MIN, STEP_RATIO = 4.0, 2.5  # grey levels, and times the steps before: a cut, another face
_SMALLEST_PX = (2, 3)  # of a box in that small picture; below it is one pixel of many
_USUAL_FRAMES = 24  # steps that say what is usual in the picture
_USUAL_IN_BOX_FRAMES = 16
_USUAL_MIN = 3
_LONGEST_STEP_FRAMES = 2  # a flash is one there and one back; what goes on is motion


class Glances:
    """Small grey copies of the newest pictures, and where the step from one to the next stands out.

    Pictures are forgotten when they are older than `forget` was told.
    """

    def __init__(self) -> None:
        self._newest: tuple[int, NDArray[np.float32]] | None = None
        self._moved: dict[int, NDArray[np.float32]] = {}  # by how much each differs from the last
        self._usual: list[float] = []
        self._out: set[int] = set()
        self._size_px = (1, 1)

    def push(self, batch: FrameBatch) -> None:
        """Take in the next pictures."""
        self._size_px = batch.rgb.shape[2], batch.rgb.shape[1]
        for row, frame in enumerate(batch.index.tolist()):
            grey = grey_of(batch.small(row, SMALL_PX))
            known, self._newest = self._newest, (frame, grey)
            step = 0.0
            if known is not None and known[0] == frame - 1:
                self._moved[frame] = np.abs(grey - known[1])
                step = float(self._moved[frame].mean())
            usual = float(np.median(self._usual)) if self._usual else 0.0
            if _stands_out(step, usual):
                self._out.add(frame)
            self._usual = [*self._usual[1 - _USUAL_FRAMES :], step]

    def forget(self, before: int) -> None:
        """Drop what is not needed for steps into frames after `before`."""
        oldest = before - _USUAL_IN_BOX_FRAMES
        self._moved = {frame: moved for frame, moved in self._moved.items() if frame > oldest}
        self._out = {frame for frame in self._out if frame >= oldest}

    def steps(self, start: int, stop: int, people: NDArray[np.float32]) -> list[int]:
        """Return the frames after `start` up to `stop` into which the picture or a box steps.

        Args:
            start: A frame.
            stop: A later one.
            people: (N, 4) boxes in which to look, x1, y1, x2, y2 in pixels.
        """
        found = {frame for frame in range(start + 1, stop + 1) if frame in self._out}
        for box in people:
            found.update(self._steps_in(box, start, stop))
        return sorted(found)

    def _steps_in(self, box: NDArray[np.float32], start: int, stop: int) -> list[int]:
        width, height = (SMALL_PX[k] / self._size_px[k] for k in range(2))
        x1, y1 = (max(int(at), 0) for at in (box[0] * width, box[1] * height))
        x2, y2 = int(np.ceil(box[2] * width)), int(np.ceil(box[3] * height))
        if (
            min(x2, SMALL_PX[0]) - x1 < _SMALLEST_PX[0]
            or min(y2, SMALL_PX[1]) - y1 < _SMALLEST_PX[1]
        ):
            return []
        first = max(min(self._moved), start - _USUAL_IN_BOX_FRAMES + 1)
        asked = range(first, stop + 1)
        moved = np.stack([self._moved[frame][y1:y2, x1:x2] for frame in asked])
        means = moved.reshape(len(asked), -1).mean(axis=1).tolist()
        steps = dict(zip(asked, means, strict=True))
        before = [step for frame, step in steps.items() if frame <= start]
        usual = float(np.median(before if len(before) > _USUAL_MIN else [*steps.values()]))
        run, found = 0, []
        for frame, step in steps.items():
            run = run + 1 if _stands_out(step, usual) else 0
            if frame > start and 0 < run <= _LONGEST_STEP_FRAMES:
                found.append(frame)
        return found


def _stands_out(step: float, usual: float) -> bool:
    return step >= STEP_MIN and step >= STEP_RATIO * usual


def why_look(
    early: Detections, late: Detections, before: Detections | None, *, sure_score: float
) -> Reason:
    """Return why what lies between two frames should be searched: "" = nothing happens there.

    Args:
        early: Boxes of a frame.
        late: Boxes of a later one.
        before: Boxes of a frame searched before `early`, where motion goes on from there.
        sure_score: Whoever is less sure may come and go: weak boxes do so all the time.

    Returns:
        "who" = somebody comes or goes; "motion" = somebody moves far, unlike before, or so close to
        another that they may be taken for each other. Then the picture in the middle can tell that
        nothing happens after all.

    Example:
        >>> from tracker.detections import Detections
        >>> score, kind = np.full(1, 0.5, np.float32), np.zeros(1, np.int32)
        >>> one = Detections(np.array([0]), np.array([[10, 0, 30, 40]], np.float32), score, kind)
        >>> two = Detections(np.array([3]), np.array([[12, 0, 32, 40]], np.float32), score, kind)
        >>> [why_look(one, end, None, sure_score=0.25) for end in (two, Detections.empty())]
        ['', 'who']
    """
    overlap = boxes.iou(early.xyxy, late.xyxy)
    pairs = best_pairs(overlap, min_overlap=DRAWN_IOU)
    stay_early, stay_late = {i for i, _ in pairs}, {k for _, k in pairs}
    for found, stay in ((early, stay_early), (late, stay_late)):
        if set(np.flatnonzero(found.score >= sure_score).tolist()) - stay:
            return "who"
    sure = [(i, k) for i, k in pairs if max(early.score[i], late.score[k]) >= sure_score]
    if any(overlap[i, k] < max(STAYS_IOU, _next_best(overlap, i, k) + CLEAR_IOU) for i, k in sure):
        return "motion"
    if before is None or _moves_on(before, early, late, sure):
        return ""
    return "motion"


def all_stay(early: Detections, late: Detections, *, sure_score: float) -> bool:
    """Return whether two frames show the same sure boxes in the same places, and no weak ones.

    Args:
        early: Boxes of a frame.
        late: Boxes of a later one.
        sure_score: Whoever is less sure may be gone in the next picture.

    Example:
        >>> from tracker.detections import Detections
        >>> score, kind = np.full(1, 0.5, np.float32), np.zeros(1, np.int32)
        >>> one = Detections(np.array([0]), np.array([[10, 0, 30, 40]], np.float32), score, kind)
        >>> two = Detections(np.array([6]), np.array([[11, 0, 31, 40]], np.float32), score, kind)
        >>> [all_stay(one, late, sure_score=0.25) for late in (two, Detections.empty())]
        [True, False]
    """
    if min(early.score.min(initial=1), late.score.min(initial=1)) < sure_score:
        return False
    pairs = best_pairs(boxes.iou(early.xyxy, late.xyxy), min_overlap=STILL_IOU)
    if not len(pairs) == len(early) == len(late):
        return False
    return not why_look(early, late, None, sure_score=sure_score)


def staying(early: Detections, late: Detections, *, sure_score: float) -> NDArray[np.float32]:
    """Return the (N, 4) boxes of two frames, but not of those who have moved away in between.

    A place that somebody walks into or leaves changes at once, and that is no step of looks.

    Args:
        early: Boxes of a frame.
        late: Boxes of a later one.
        sure_score: Boxes must be as sure.

    Example:
        >>> from tracker.detections import Detections
        >>> score, kind = np.full(1, 0.5, np.float32), np.zeros(1, np.int32)
        >>> one = Detections(np.array([0]), np.array([[10, 0, 30, 40]], np.float32), score, kind)
        >>> two = Detections(np.array([6]), np.array([[18, 0, 38, 40]], np.float32), score, kind)
        >>> [len(staying(one, late, sure_score=0.25)) for late in (one, two)]
        [2, 0]
    """
    overlap = boxes.iou(early.xyxy, late.xyxy)
    pairs = best_pairs(overlap, min_overlap=DRAWN_IOU)
    moved = np.array([p for p in pairs if overlap[p] < STAYS_IOU], np.int64).reshape(-1, 2)
    return np.concatenate(
        [
            np.delete(found.xyxy, gone, axis=0)[np.delete(found.score, gone) >= sure_score]
            for found, gone in zip((early, late), moved.T, strict=True)
        ]
    )


def _next_best(overlap: NDArray[np.float32], row: int, column: int) -> float:
    """Return the largest overlap of either of two boxes with anybody else."""
    others = (np.delete(overlap[row], column), np.delete(overlap[:, column], row))
    return max(float(np.max(other, initial=0)) for other in others)


def _moves_on(
    before: Detections, early: Detections, late: Detections, pairs: list[tuple[int, int]]
) -> bool:
    """Return whether each is where his motion so far puts him; who was not there had none."""
    known = {k: i for i, k in best_pairs(boxes.iou(before.xyxy, early.xyxy), min_overlap=0.3)}
    pairs = [(i, k) for i, k in pairs if i in known]
    if not pairs:
        return True
    passed = float(late.frame[0] - early.frame[0]) / float(early.frame[0] - before.frame[0])
    for i, k in pairs:
        step = early.xyxy[i] - before.xyxy[known[i]]
        expected = early.xyxy[i] + step * np.float32(passed)
        if boxes.iou(expected[None], late.xyxy[[k]])[0, 0] < EXPECTED_IOU:
            return False
    return True


def agrees(found: Detections, drawn: Detections, *, sure_score: float) -> bool:
    """Return whether whoever is found in a frame with this score is where he would be drawn."""
    sure = found.xyxy[found.score >= sure_score]
    if not len(sure):
        return True
    return bool(len(drawn)) and bool((boxes.iou(sure, drawn.xyxy).max(axis=1) >= AGREES_IOU).all())
