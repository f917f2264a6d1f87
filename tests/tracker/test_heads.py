from __future__ import annotations

import numpy as np
import pytest

from tracker.detections import Detections
from tracker.heads import join, single_heads

WIDTH, HEIGHT = 320, 180
BODY = [100, 20, 180, 170]
HEAD = [125, 22, 155, 60]
PAIR = [60, 20, 220, 170]  # one box around two
LEFT, RIGHT = [80, 24, 110, 62], [160, 22, 190, 60]


def found(rows, class_id=0):
    table = np.array(rows, np.float32).reshape(-1, 5)
    return Detections(
        np.full(len(table), 3, np.int64), table[:, :4], table[:, 4],
        np.full(len(table), class_id, np.int32),
    )  # fmt: skip


def joined(bodies, heads):
    return join(found(bodies), found(heads, 2), width_px=WIDTH, height_px=HEIGHT, half_class=0)


@pytest.mark.parametrize(
    ("bodies", "heads", "wanted"),
    [
        ([], [], []),
        ([[*BODY, 0.8]], [], [BODY]),
        ([[*BODY, 0.8]], [[*HEAD, 0.9]], [BODY]),
        # Parted half-way between the heads, each from its own head down.
        ([[*PAIR, 0.8]], [[*LEFT, 0.9], [*RIGHT, 0.7]],
         [[60, 24, 135, 170], [135, 22, 220, 170]]),
        # A doubtful second head, or a small one far behind, parts nobody.
        ([[*PAIR, 0.8]], [[*LEFT, 0.9], [*RIGHT, 0.45]], [PAIR]),
        ([[*PAIR, 0.8]], [[*LEFT, 0.9], [165, 22, 177, 36, 0.9]], [PAIR]),
        # Each of two bodies has its own head, though one body holds both.
        ([[*PAIR, 0.8], [140, 20, 220, 170, 0.7]], [[*LEFT, 0.9], [*RIGHT, 0.9]],
         [PAIR, [140, 20, 220, 170]]),
        # A large head outside all bodies is somebody, a small or doubtful one nobody.
        ([], [[*HEAD, 0.9]], [[95, 22, 185, 143.6]]),
        ([], [[*HEAD, 0.45]], []),
        ([], [[10, 10, 18, 20, 0.9]], []),
        ([[*BODY, 0.8]], [[*HEAD, 0.9], [240, 40, 270, 80, 0.9]],
         [BODY, [210, 40, 300, 168]]),
        # A hand's head: too low in the body for being its own, but not outside either.
        ([[*BODY, 0.8]], [[125, 120, 155, 158, 0.9]], [BODY]),
        # A weaker box without a head of its own that doubles one with a head.
        ([[*BODY, 0.8], [105, 20, 200, 170, 0.5]], [[*HEAD, 0.9]], [BODY]),
        # A weaker box in somebody with a head is a piece of that one, unless a head shows, too.
        ([[*BODY, 0.8], [110, 80, 150, 168, 0.5]], [[*HEAD, 0.9]], [BODY]),
        ([[*BODY, 0.8], [110, 80, 150, 168, 0.5]], [[*HEAD, 0.9], [122, 82, 140, 104, 0.15]],
         [BODY, [110, 80, 150, 168]]),
        ([[*BODY, 0.8], [110, 80, 150, 168, 0.5]], [[*HEAD, 0.3]], [BODY, [110, 80, 150, 168]]),
        # Nobody's head says nothing about somebody elsewhere.
        ([[*BODY, 0.8], [200, 20, 280, 170, 0.5]], [[*HEAD, 0.9]], [BODY, [200, 20, 280, 170]]),
    ],
)  # fmt: skip
def test_a_head_is_a_person(bodies, heads, wanted):
    got = joined(bodies, heads)
    rows = np.array(sorted(got.xyxy.tolist())).reshape(-1, 4)
    assert rows == pytest.approx(np.array(sorted(wanted), float).reshape(-1, 4), abs=0.01)
    assert got.score.tolist() == sorted(got.score.tolist(), reverse=True)
    assert set(got.frame.tolist()) <= {3}
    assert set(got.class_id.tolist()) <= {0}


def test_a_parted_body_is_no_surer_than_its_heads():
    got = joined([[*PAIR, 0.8]], [[*LEFT, 0.9], [*RIGHT, 0.7]])
    assert got.score.tolist() == pytest.approx([0.8, 0.7])


@pytest.mark.parametrize(
    ("heads", "kept"),
    [
        pytest.param([], [], id="none"),
        pytest.param([[*HEAD, 0.3]], [0.3], id="one"),
        pytest.param([[*LEFT, 0.3], [*RIGHT, 0.5]], [0.5, 0.3], id="side by side"),
        pytest.param([[*HEAD, 0.3], [128, 24, 158, 62, 0.5]], [0.5], id="twice the same"),
        pytest.param(
            [[100, 20, 120, 40, 0.5], [107, 20, 127, 40, 0.4], [114, 20, 134, 40, 0.3]],
            [0.5, 0.3],
            id="what was left out leaves nothing out",
        ),
    ],
)
def test_a_head_has_one_box(heads, kept):
    assert single_heads(found(heads, 2)).score.tolist() == pytest.approx(kept)
