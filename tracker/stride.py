"""Searching every Nth picture only; the boxes between are drawn in straight lines, and marked."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from scenes.frames import FrameBatch
from tracker import boxes
from tracker.detections import Detections
from tracker.matching import best_pairs

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from tracker.detections import Detector

    Found = tuple[FrameBatch, Detections]

_MIN_IOU = 0.3  # of two boxes that one character has in two searched pictures


class StridedDetector:
    """Hands out boxes for every picture of a clip, though it searches every Nth and the last.

    What lies between is given by the two searched pictures around it: a character that both show,
    in boxes that overlap, moves straight from one to the other, with the smaller of the two
    scores. Whoever is seen in one of them alone is not drawn. Batches are held back until the next
    searched picture is there, so that their size changes nothing.

    Args:
        detector: Searches.
        stride_frames: N, at least 1; at 1 nothing is held back and nothing drawn.
    """

    def __init__(self, detector: Detector, stride_frames: int) -> None:
        self._detector = detector
        self._stride = stride_frames
        self._waiting: list[FrameBatch] = []
        self._searched: dict[int, Detections] = {}
        self._last = 0
        self.drawn_boxes = 0

    def push(self, batch: FrameBatch) -> list[Found]:
        """Return the batches whose boxes have become known, in order."""
        if self._stride == 1:
            return [(batch, self._detector.detect(batch))]
        self._search(batch, np.flatnonzero(batch.index % self._stride == 0))
        self._waiting.append(batch)
        return self._ready()

    def finish(self) -> list[Found]:
        """Return the remaining batches, after the last."""
        if self._waiting:
            batch = self._waiting[-1]
            if int(batch.index[-1]) not in self._searched:
                self._search(batch, np.array([len(batch) - 1]))
        return self._ready()

    def is_interpolated(self, frame: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Return (N,) which frames were not searched; complete after `finish`."""
        return np.asarray((frame % self._stride != 0) & (frame != self._last), np.bool_)

    def spans_cut(self, frame: NDArray[np.int64], cuts: Iterable[int]) -> NDArray[np.bool_]:
        """Return (N,) which drawn frames lie between two searched ones that a cut parts.

        Args:
            frame: (N,) frames.
            cuts: First frame of each new shot.
        """
        drawn = self.is_interpolated(frame)
        start = frame // self._stride * self._stride
        stop = np.minimum(start + self._stride, self._last)
        parted = np.zeros(len(frame), np.bool_)
        for cut in cuts:
            parted |= (start < cut) & (cut <= stop)
        return drawn & parted

    def _search(self, batch: FrameBatch, rows: NDArray[np.int64]) -> None:
        if not len(rows):
            return
        times = tuple(batch.time_s[row] for row in rows)
        found = self._detector.detect(FrameBatch(batch.index[rows], times, batch.rgb[rows]))
        for frame in batch.index[rows].tolist():
            self._searched[frame] = found.take(np.flatnonzero(found.frame == frame))
            self._last = frame

    def _ready(self) -> list[Found]:
        ready: list[Found] = []
        while self._waiting and int(self._waiting[0].index[-1]) <= self._last:
            batch = self._waiting.pop(0)
            parts = [self._boxes_at(frame) for frame in batch.index.tolist()]
            ready.append((batch, Detections.concat(parts)))
            needed = int(batch.index[-1]) // self._stride * self._stride
            self._searched = {f: found for f, found in self._searched.items() if f >= needed}
        return ready

    def _boxes_at(self, frame: int) -> Detections:
        if frame in self._searched:
            return self._searched[frame]
        start = frame // self._stride * self._stride
        stop = min(f for f in self._searched if f > frame)
        drawn = between(self._searched[start], self._searched[stop], frame)
        self.drawn_boxes += len(drawn)
        return drawn


def between(early: Detections, late: Detections, frame: int) -> Detections:
    """Return the boxes at `frame` of those who are in both, on the straight line between them.

    Args:
        early: Boxes of one earlier frame.
        late: Boxes of one later frame.
        frame: In between.

    Example:
        >>> score, kind = np.full(1, 0.5, np.float32), np.zeros(1, np.int32)
        >>> one = Detections(np.array([0]), np.array([[10, 0, 30, 40]], np.float32), score, kind)
        >>> two = Detections(np.array([4]), np.array([[14, 0, 34, 40]], np.float32), score, kind)
        >>> between(one, two, 2).xyxy.tolist()
        [[12.0, 0.0, 32.0, 40.0]]
    """
    pairs = best_pairs(boxes.iou(early.xyxy, late.xyxy), min_overlap=_MIN_IOU)
    if not pairs:
        return Detections.empty()
    old, new = (np.array(side, np.int64) for side in zip(*pairs, strict=True))
    share = float((frame - early.frame[0]) / (late.frame[0] - early.frame[0]))
    xyxy = np.asarray(early.xyxy[old] * (1 - share) + late.xyxy[new] * share, np.float32)
    score = np.minimum(early.score[old], late.score[new])
    order = np.argsort(-score, kind="stable")
    return Detections(
        np.full(len(pairs), frame, np.int64),
        np.round(xyxy, 2)[order],
        score[order],
        early.class_id[old][order],
    )
