"""Searching some pictures only; the boxes between are drawn in straight lines."""

from __future__ import annotations

from bisect import insort
from typing import TYPE_CHECKING

import numpy as np

from scenes.frames import FrameBatch
from tracker import boxes
from tracker.detections import Detections
from tracker.matching import best_pairs
from tracker.quiet import PictureSteps, is_quiet

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
        watchful: Draw only where nothing happens (`tracker.quiet`), and search every picture
            elsewhere. Scores then move straight as well: both ends are the same person, surely.
    """

    def __init__(self, detector: Detector, stride_frames: int, *, watchful: bool = False) -> None:
        self._detector = detector
        self._stride = stride_frames
        self._watchful = watchful
        self._waiting: list[FrameBatch] = []
        self._searched: dict[int, Detections] = {}  # of frames that may still be asked for
        self._frames: list[int] = []  # all that were searched, in order
        self._ends: list[int] = []  # the newest ends of spans, of which the last two are kept
        self._steps = PictureSteps()
        self._stands_out: set[int] = set()
        self.drawn_boxes = 0

    @property
    def searched_count(self) -> int:
        """Pictures searched so far."""
        return len(self._frames)

    def push(self, batch: FrameBatch) -> list[Found]:
        """Return the batches whose boxes have become known, in order."""
        if self._stride == 1:
            self._frames += batch.index.tolist()
            return [(batch, self._detector.detect(batch))]
        if self._watchful:
            out = self._steps.push(batch.rgb)
            self._stands_out.update(batch.index[np.flatnonzero(out)].tolist())
        self._waiting.append(batch)
        self._look(batch.index[batch.index % self._stride == 0].tolist())
        return self._ready()

    def finish(self) -> list[Found]:
        """Return the remaining batches, after the last."""
        if self._waiting:
            last = int(self._waiting[-1].index[-1])
            self._look([] if last in self._searched else [last])
        return self._ready()

    def is_interpolated(self, frame: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Return (N,) which frames were not searched; complete after `finish`."""
        return np.asarray(~np.isin(frame, self._frames), np.bool_)

    def spans_cut(self, frame: NDArray[np.int64], cuts: Iterable[int]) -> NDArray[np.bool_]:
        """Return (N,) which drawn frames lie between two searched ones that a cut parts.

        Args:
            frame: (N,) frames.
            cuts: First frame of each new shot.
        """
        known = np.array(self._frames or [0], np.int64)
        after = np.clip(np.searchsorted(known, frame), 1, max(len(known) - 1, 1))
        start, stop = known[after - 1], known[np.minimum(after, len(known) - 1)]
        parted = np.zeros(len(frame), np.bool_)
        for cut in cuts:
            parted |= (start < cut) & (cut <= stop)
        return np.asarray(self.is_interpolated(frame) & parted, np.bool_)

    def _look(self, ends: list[int]) -> None:
        """Search the ends of the next spans, then the spans in which something happens."""
        self._search(ends)
        for end in ends:
            if self._watchful and self._ends and not self._is_quiet(self._ends[-1], end):
                self._search(list(range(self._ends[-1] + 1, end)))
            self._ends = [*self._ends[-1:], end]

    def _is_quiet(self, start: int, end: int) -> bool:
        if any(frame in self._stands_out for frame in range(start + 1, end + 1)):
            return False
        before = self._searched[self._ends[0]] if len(self._ends) > 1 else None
        return is_quiet(self._searched[start], self._searched[end], before)

    def _search(self, frames: list[int]) -> None:
        """Search these of the waiting pictures, evenly spaced, all in one go."""
        if not frames:
            return
        wanted = set(frames)
        chosen = [
            (frame, batch.time_s[row], batch.rgb[row])
            for batch in self._waiting
            for row, frame in enumerate(batch.index.tolist())
            if frame in wanted
        ]
        index, times, pictures = zip(*chosen, strict=True)
        found = self._detector.detect(FrameBatch(np.array(index), times, np.stack(pictures)))
        for frame in index:
            self._searched[frame] = found.take(np.flatnonzero(found.frame == frame))
            insort(self._frames, frame)

    def _ready(self) -> list[Found]:
        ready: list[Found] = []
        while self._waiting and self._ends and int(self._waiting[0].index[-1]) <= self._ends[-1]:
            batch = self._waiting.pop(0)
            parts = [self._boxes_at(frame) for frame in batch.index.tolist()]
            ready.append((batch, Detections.concat(parts)))
            needed = min(self._ends[0], int(batch.index[-1]) // self._stride * self._stride)
            self._searched = {f: found for f, found in self._searched.items() if f >= needed}
            self._stands_out = {frame for frame in self._stands_out if frame >= needed}
        return ready

    def _boxes_at(self, frame: int) -> Detections:
        if frame in self._searched:
            return self._searched[frame]
        start = max(f for f in self._searched if f < frame)
        stop = min(f for f in self._searched if f > frame)
        drawn = between(
            self._searched[start], self._searched[stop], frame, straight_scores=self._watchful
        )
        self.drawn_boxes += len(drawn)
        return drawn


def between(
    early: Detections, late: Detections, frame: int, *, straight_scores: bool = False
) -> Detections:
    """Return the boxes at `frame` of those who are in both, on the straight line between them.

    Args:
        early: Boxes of one earlier frame.
        late: Boxes of one later frame.
        frame: In between.
        straight_scores: Scores lie on a line too; else each is the smaller of the two.

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
    if straight_scores:
        line = early.score[old] * (1 - share) + late.score[new] * share
        score = np.round(line, 4).astype(np.float32)
    order = np.argsort(-score, kind="stable")
    return Detections(
        np.full(len(pairs), frame, np.int64),
        np.round(xyxy, 2)[order],
        score[order],
        early.class_id[old][order],
    )
