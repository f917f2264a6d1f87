"""Searching every Nth picture: what is drawn between, and what is not."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from scenes.frames import FrameBatch
from tracker.detections import Detections
from tracker.stride import StridedDetector, between

WIDTH_PX = 20


class Walker:
    """Finds one character who walks 1 px a frame, from frame `first` on; notes what it saw."""

    name, sha256 = "walker", None

    def __init__(self, first: int = 0) -> None:
        self._first = first
        self.searched: list[int] = []

    def detect(self, batch: FrameBatch) -> Detections:
        self.searched += batch.index.tolist()
        frames = batch.index[batch.index >= self._first]
        return boxes_at(frames, 1.0 * frames)


def boxes_at(frames: np.ndarray, left_px: np.ndarray) -> Detections:
    x = np.asarray(left_px, np.float32)
    rows = np.stack([x, 0 * x, x + WIDTH_PX, 0 * x + 40], axis=1)
    return Detections(frames, rows, np.full(len(x), 0.9, np.float32), np.zeros(len(x), np.int32))


def boxes_of(detector: StridedDetector, frames: int, size: int) -> list[tuple[int, float]]:
    rows: list[tuple[int, float]] = []
    batches = [
        FrameBatch(
            np.arange(start, stop),
            tuple(Fraction(i) for i in range(start, stop)),
            np.zeros((stop - start, 4, 4, 3), np.uint8),
        )
        for start in range(0, frames, size)
        for stop in (min(start + size, frames),)
    ]
    ready = [pair for batch in batches for pair in detector.push(batch)] + detector.finish()
    assert [batch.index.tolist() for batch, _ in ready] == [b.index.tolist() for b in batches]
    for _, found in ready:
        rows += list(zip(found.frame.tolist(), found.xyxy[:, 0].tolist(), strict=True))
    return rows


@pytest.mark.parametrize("size", [1, 4, 7, 64])
@pytest.mark.parametrize(
    ("frames", "stride", "searched"),
    [
        pytest.param(0, 2, [], id="empty"),
        pytest.param(1, 3, [0], id="single"),
        pytest.param(6, 1, [0, 1, 2, 3, 4, 5], id="every one"),
        pytest.param(7, 3, [0, 3, 6], id="ends on a searched one"),
        pytest.param(9, 4, [0, 4, 8], id="fourth"),
        pytest.param(8, 5, [0, 5, 7], id="the last is searched too"),
        pytest.param(5, 60, [0, 4], id="longer than the clip"),
    ],
)
def test_whoever_walks_straight_is_where_he_was_drawn(frames, stride, searched, size):
    walker = Walker()
    detector = StridedDetector(walker, stride)
    rows = boxes_of(detector, frames, size)
    assert [frame for frame, _ in rows] == list(range(frames))
    assert [left for _, left in rows] == pytest.approx([1.0 * f for f in range(frames)], abs=0.01)
    assert sorted(walker.searched) == searched
    drawn = detector.is_interpolated(np.arange(frames))
    assert np.flatnonzero(~drawn).tolist() == searched
    assert detector.drawn_boxes == frames - len(searched)


def test_whoever_is_seen_once_is_not_drawn():
    found = boxes_of(StridedDetector(Walker(first=5), 4), 13, 5)
    assert [frame for frame, _ in found] == [8, 9, 10, 11, 12]


@pytest.mark.parametrize(
    ("cuts", "dropped"),
    [
        pytest.param([], [], id="no cut"),
        pytest.param([5], [5, 6, 7], id="between"),
        pytest.param([8], [5, 6, 7], id="into a searched one"),
        pytest.param([4], [1, 2, 3], id="into the one before"),
        pytest.param([9], [9], id="before the last"),
    ],
)
def test_no_line_is_drawn_over_a_cut(cuts, dropped):
    detector = StridedDetector(Walker(), 4)
    boxes_of(detector, 11, 3)
    assert np.flatnonzero(detector.spans_cut(np.arange(11), cuts)).tolist() == dropped


def test_boxes_far_apart_are_two_characters():
    early, late = (boxes_at(np.array([f]), np.array([x])) for f, x in ((0, 0.0), (4, 200.0)))
    assert len(between(early, late, 2)) == 0
    assert len(between(Detections.empty(), late, 2)) == 0
