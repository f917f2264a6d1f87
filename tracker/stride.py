"""Searching some pictures only; the boxes between are drawn in straight lines."""

from __future__ import annotations

from bisect import insort
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from scenes.device_pictures import joined
from scenes.frames import FrameBatch
from tracker import boxes
from tracker.detections import Detections
from tracker.matching import best_pairs
from tracker.quiet import DRAWN_IOU, Glances, agrees, all_stay, staying, why_look

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from tracker.detections import Detector
    from tracker.quiet import Reason

    Found = tuple[FrameBatch, Detections]

EVERY_PICTURE = 0.0  # as `search_fps`: search all pictures, draw nothing


class _Span(NamedTuple):
    """Two searched frames, between which none is; motion goes on from `before`, if anything."""

    start: int
    stop: int
    before: int | None

    @property
    def middle(self) -> int:
        return (self.start + self.stop) // 2

    @property
    def halves(self) -> tuple[_Span, _Span]:
        return _Span(self.start, self.middle, self.before), _Span(
            self.middle, self.stop, self.start
        )


class StridedDetector:
    """Hands out boxes for every picture of a clip, though it searches every Nth and the last.

    What lies between is given by the two searched pictures around it: a character that both show,
    in boxes that overlap, moves straight from one to the other, with the smaller of the two
    scores. Whoever is seen in one of them alone is not drawn. Batches are held back until the next
    searched picture is there, so that their size changes nothing.

    Args:
        detector: Searches.
        stride_frames: N, at least 1; at 1 nothing is held back and nothing drawn.
        sure_score: Draw only where nothing happens to boxes of at least this score
            (`tracker.quiet`); `None` = draw everywhere. Where every box stays in its place, every
            second of those pictures will do. Where something happens, the picture in the middle is
            searched, and so on in both halves, until nobody comes or goes between two searched
            pictures less than N apart, or none is left; both pictures of a step are searched.
            Scores then move straight as well: both ends are the same person, surely.
    """

    def __init__(
        self, detector: Detector, stride_frames: int, *, sure_score: float | None = None
    ) -> None:
        self._detector = detector
        self._stride = stride_frames
        self._watchful = sure_score is not None
        self._sure_score = sure_score or 0.0
        self._far = 2 * stride_frames if self._watchful else stride_frames
        self._waiting: list[FrameBatch] = []
        self._searched: dict[int, Detections] = {}  # of frames that may still be asked for
        self._frames: list[int] = []  # all that were searched, in order
        self._ends: list[int] = []  # the newest ends of spans, of which the last two are kept
        self._glances = Glances()
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
            self._glances.push(batch)
        self._waiting.append(batch)
        self._look(batch.index[batch.index % self._far == 0].tolist())
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
        """Search the ends of the next spans, then what is needed inside them."""
        self._search(ends)
        older, ends = self._ends[:-1], [*self._ends[-1:], *ends]
        spans: list[_Span] = []
        if self._watchful:
            ends = self._divided(ends)
            befores: list[int | None] = [*older, *ends] if older else [None, *ends]
            spans = [_Span(*span, befores[k]) for k, span in enumerate(pairwise(ends))]
        self._ends = [*older, *ends][-2:]
        spans = self._parted_at_steps(spans)
        while spans:
            open_spans = [(span, why) for span in spans if (why := self._why(span))]
            self._search([span.middle for span, _ in open_spans])
            # Whoever moves unlike before may still move in a straight line: the middle tells.
            spans = [
                half
                for span, why in open_spans
                if why != "motion" or not self._is_straight(span)
                for half in span.halves
            ]

    def _divided(self, ends: list[int]) -> list[int]:
        """Return ends and every Nth picture between them, but where everybody stays; search it."""
        divided: list[int] = []
        for start, stop in pairwise(ends):
            every = [f for f in range(start + 1, stop) if f % self._stride == 0]
            divided += [start] if every and self._all_stay(start, stop) else [start, *every]
        divided += ends[-1:]
        self._search([frame for frame in divided if frame not in self._searched])
        return divided

    def _all_stay(self, start: int, stop: int) -> bool:
        early, late = self._searched[start], self._searched[stop]
        return all_stay(early, late, sure_score=self._sure_score) and not self._glances.steps(
            start, stop, early.xyxy
        )

    def _parted_at_steps(self, spans: list[_Span]) -> list[_Span]:
        """Search both pictures of each step, and return the spans that are left between."""
        parts: list[_Span] = []
        for span in spans:
            ends = (self._searched[span.start], self._searched[span.stop])
            people = staying(*ends, sure_score=self._sure_score)
            steps = self._glances.steps(span.start, span.stop, people)
            edges = sorted({span.start, span.stop, *steps, *(frame - 1 for frame in steps)})
            own = [_Span(start, stop, None) for start, stop in pairwise(edges)]
            parts += own if steps else [span]
        inner = {frame for part in parts for frame in (part.start, part.stop)}
        self._search(sorted(inner - self._searched.keys()))
        return parts

    def _why(self, span: _Span) -> Reason:
        if span.stop - span.start < 2:
            return ""
        before = None if span.before is None else self._searched[span.before]
        ends = self._searched[span.start], self._searched[span.stop]
        why = why_look(*ends, before, sure_score=self._sure_score)
        # Who moves is found often enough to be drawn between.
        return "" if why == "motion" and span.stop - span.start < self._stride else why

    def _is_straight(self, span: _Span) -> bool:
        start, middle, stop = (self._searched[f] for f in (span.start, span.middle, span.stop))
        drawn = between(start, stop, span.middle, straight_scores=True)
        return agrees(middle, drawn, sure_score=self._sure_score)

    def _search(self, frames: list[int]) -> None:
        """Search these of the waiting pictures, all in one go."""
        if not frames:
            return
        wanted = set(frames)
        chosen = [
            (frame, batch.time_s[row], batch.rgb[row : row + 1])
            for batch in self._waiting
            for row, frame in enumerate(batch.index.tolist())
            if frame in wanted
        ]
        index, times, pictures = zip(*chosen, strict=True)
        found = self._detector.detect(FrameBatch(np.array(index), times, joined(pictures)))
        for frame in index:
            self._searched[frame] = found.take(np.flatnonzero(found.frame == frame))
            insort(self._frames, frame)

    def _ready(self) -> list[Found]:
        ready: list[Found] = []
        while self._waiting and self._ends and int(self._waiting[0].index[-1]) <= self._ends[-1]:
            batch = self._waiting.pop(0)
            parts = [self._boxes_at(frame) for frame in batch.index.tolist()]
            ready.append((batch, Detections.concat(parts)))
            needed = min(self._ends[0], int(batch.index[-1]) // self._far * self._far)
            self._searched = {f: found for f, found in self._searched.items() if f >= needed}
            self._glances.forget(needed)
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
    pairs = best_pairs(boxes.iou(early.xyxy, late.xyxy), min_overlap=DRAWN_IOU)
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
