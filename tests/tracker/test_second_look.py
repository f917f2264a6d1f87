from __future__ import annotations

import numpy as np
import pytest

from tests.tracker.worlds import batch_of
from tracker.detections import Detections
from tracker.known_weights import BUNDLED
from tracker.second_look import holds_two_heads, parted
from tracker.settings import DetectorSettings
from tracker.yolo import YoloDetector

PAIR = [60, 20, 220, 170]
LEFT, RIGHT = [80, 24, 110, 62], [160, 22, 190, 60]  # heads
ONE, TWO = [62, 22, 140, 170], [141, 22, 218, 170]  # bodies


def found(rows):
    table = np.array(rows, np.float32).reshape(-1, 5)
    return Detections(
        np.full(len(table), 3, np.int64), table[:, :4], table[:, 4], np.zeros(len(table), np.int32)
    )


@pytest.mark.parametrize(
    ("bodies", "heads", "wanted"),
    [
        ([], [], False),
        ([[*PAIR, 0.8]], [], False),
        ([[*PAIR, 0.8]], [[*LEFT, 0.5]], False),
        ([[*PAIR, 0.8]], [[*LEFT, 0.5], [*RIGHT, 0.15]], True),
        ([[*PAIR, 0.3]], [[*LEFT, 0.5], [*RIGHT, 0.15]], False),  # not worth the time
        ([[*PAIR, 0.8]], [[*LEFT, 0.5], [165, 22, 177, 36, 0.5]], False),  # far behind
        ([[*PAIR, 0.8]], [[*LEFT, 0.5], [82, 24, 112, 62, 0.4]], False),  # one head twice
        ([[*ONE, 0.8], [*TWO, 0.8]], [[*LEFT, 0.5], [*RIGHT, 0.5]], False),
    ],
)
def test_where_a_second_look_is_worth_it(bodies, heads, wanted):
    assert holds_two_heads(found(bodies), found(heads)) is wanted


@pytest.mark.parametrize(
    ("first", "again", "wanted"),
    [
        ([], [[*ONE, 0.8], [*TWO, 0.8]], []),
        ([[*PAIR, 0.8]], [], [[*PAIR, 0.8]]),
        ([[*PAIR, 0.8]], [[*ONE, 0.9], [*TWO, 0.6]], [[*ONE, 0.8], [*TWO, 0.6]]),
        # One part alone, a doubtful one, or two that do not fill the box, part nothing.
        ([[*PAIR, 0.8]], [[*ONE, 0.9]], [[*PAIR, 0.8]]),
        ([[*PAIR, 0.8]], [[*ONE, 0.9], [*TWO, 0.2]], [[*PAIR, 0.8]]),
        ([[*PAIR, 0.8]], [[62, 22, 90, 170, 0.9], [91, 22, 120, 170, 0.9]], [[*PAIR, 0.8]]),
        ([[*PAIR, 0.8]], [[*PAIR, 0.9], [62, 22, 218, 168, 0.9]], [[*PAIR, 0.8]]),
        # A child in front is no half of who stands behind.
        ([[*PAIR, 0.8]], [[*ONE, 0.9], [141, 110, 218, 170, 0.9]], [[*PAIR, 0.8]]),
        # A part that has a box already keeps its own; others stay as they are.
        ([[*PAIR, 0.8], [*TWO, 0.7]], [[*ONE, 0.9], [*TWO, 0.6]], [[*ONE, 0.8], [*TWO, 0.7]]),
        ([[*PAIR, 0.8], [240, 20, 300, 170, 0.5]], [[*ONE, 0.9], [*TWO, 0.6]],
         [[*ONE, 0.8], [*TWO, 0.6], [240, 20, 300, 170, 0.5]]),
    ],
)  # fmt: skip
def test_two_boxes_of_the_second_look_part_one_of_the_first(first, again, wanted):
    got = parted(found(first), found(again))
    table = np.column_stack([got.xyxy, got.score])
    assert table == pytest.approx(np.array(wanted, np.float32).reshape(-1, 5))


class SeesTwoInASmallPicture:
    """A network that draws one box around two, and two boxes in smaller pictures (a `Network`)."""

    longer_px, stride_px, has_prompts, degradations = 320, 32, False, ()

    def __init__(self, heads, fixed_hw=None):
        self.names = {0: "character", 1: "creature", 2: "head"}
        self.heads, self.fixed_hw, self.asked = heads, fixed_hw, []

    def find(self, rgb, letterbox, groups):
        self.asked.append((len(rgb), letterbox.inner_width_px))
        bodies = [[*PAIR, 0.8]] if letterbox.inner_width_px >= 320 else [[*ONE, 0.8], [*TWO, 0.8]]
        rows = [[*row, 0] for row in bodies] + [[*row, 2] for row in self.heads]
        table = np.array(rows, np.float32)
        scale = letterbox.inner_width_px / rgb.shape[2]
        table[:, :4] = table[:, :4] * scale + np.tile([letterbox.left_px, letterbox.top_px], 2)
        return [table] * len(rgb)


@pytest.mark.parametrize(
    ("heads", "fixed_hw", "asked", "found_boxes"),
    [
        ([[*LEFT, 0.45], [*RIGHT, 0.45]], None, [(2, 320), (2, 240)], 2),
        ([[*LEFT, 0.45]], None, [(2, 320)], 1),
        ([[*LEFT, 0.45], [*RIGHT, 0.45]], (192, 320), [(2, 320)], 1),  # it takes one size only
    ],
)
def test_a_picture_is_searched_again_where_a_body_has_two_heads(
    heads, fixed_hw, asked, found_boxes
):
    detector = YoloDetector(BUNDLED, DetectorSettings(), device="cpu")
    network = SeesTwoInASmallPicture(heads, fixed_hw)
    detector._network = network  # type: ignore[assignment]
    seen = detector.detect(batch_of(np.zeros((2, 180, 320, 3), np.uint8)))
    assert network.asked == asked
    assert np.bincount(seen.frame).tolist() == [found_boxes] * 2
    assert (seen.score > 0.5).all()
