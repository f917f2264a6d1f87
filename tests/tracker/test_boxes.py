from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.tracker.worlds import found
from tracker import boxes
from tracker.box_filter import SIDE_MIN_PX, filter_boxes, group_boxes, second_boxes
from tracker.matching import (
    best_pairs,
    contested_pairs,
    duplicates_of,
    extend_back,
    isolated_pairs,
    merged_boxes,
)

side = st.integers(0, 60)
box = st.tuples(side, side, side, side).map(
    lambda v: [min(v[0], v[2]), min(v[1], v[3]), max(v[0], v[2]), max(v[1], v[3])]
)
some = st.lists(box, max_size=6).map(lambda rows: np.array(rows, np.float32).reshape(-1, 4))


def slow_iou(a, b):
    """Count whole pixels."""
    one = {(x, y) for x in range(int(a[0]), int(a[2])) for y in range(int(a[1]), int(a[3]))}
    two = {(x, y) for x in range(int(b[0]), int(b[2])) for y in range(int(b[1]), int(b[3]))}
    return len(one & two) / max(len(one | two), 1)


@given(some, some)
def test_iou_is_what_counting_pixels_gives(a, b):
    fast = boxes.iou(a, b)
    assert fast.shape == (len(a), len(b))
    for i in range(len(a)):
        for j in range(len(b)):
            assert fast[i, j] == pytest.approx(slow_iou(a[i], b[j]), abs=1e-5)


@given(some, some)
def test_iou_is_symmetric_and_in_0_1(a, b):
    assert np.allclose(boxes.iou(a, b), boxes.iou(b, a).T)
    assert np.all((boxes.iou(a, b) >= 0) & (boxes.iou(a, b) <= 1))


@given(some, some, st.randoms(use_true_random=False))
def test_iou_follows_the_order_of_its_rows(a, b, random):
    order = list(range(len(a)))
    random.shuffle(order)
    assert np.array_equal(boxes.iou(a[order], b), boxes.iou(a, b)[order])


@given(some)
def test_a_box_covers_itself_and_clipping_keeps_it_inside(a):
    full = boxes.area(a) > 0
    assert np.allclose(np.diag(boxes.covered(a, a))[full], 1)
    inside = boxes.clip(a, width_px=30, height_px=20)
    assert np.all(inside >= 0)
    assert np.all(inside[:, [0, 2]] <= 30)
    assert np.all(inside[:, [1, 3]] <= 20)


@pytest.mark.parametrize(
    ("rows", "expect"),
    [
        pytest.param([], [], id="none"),
        pytest.param([[0, 0, 40, 100]], [False], id="one"),
        pytest.param([[0, 0, 40, 100], [1, 0, 39, 45]], [False, True], id="upper-half-of-it"),
        pytest.param([[1, 0, 39, 45], [0, 0, 40, 100]], [False, True], id="half-is-trusted-more"),
        pytest.param([[0, 0, 40, 100], [8, 50, 32, 100]], [False, False], id="child-in-front"),
        pytest.param([[0, 0, 40, 100], [30, 0, 70, 100]], [False, False], id="side-by-side"),
        pytest.param([[0, 0, 40, 100], [15, 2, 25, 20]], [False, False], id="far-head-behind"),
    ],
)
def test_second_boxes(rows, expect):
    assert second_boxes(np.array(rows, np.float32).reshape(-1, 4)).tolist() == expect


@pytest.mark.parametrize(
    ("rows", "score", "expect"),
    [
        pytest.param([], [], [], id="none"),
        pytest.param(
            [[0, 0, 40, 90], [50, 0, 90, 90], [0, 0, 90, 90]], [0.9] * 3, [0, 0, 1], id="group"
        ),
        pytest.param(
            [[0, 0, 40, 30], [50, 0, 90, 30], [0, 0, 90, 90]], [0.9] * 3, [0, 0, 0], id="low"
        ),
        pytest.param(
            [[0, 0, 60, 90], [20, 0, 90, 90], [0, 0, 90, 90]], [0.9] * 3, [0, 0, 0], id="one-body"
        ),
        pytest.param(
            [[0, 0, 40, 90], [50, 0, 90, 90], [0, 0, 90, 90]], [0.1, 0.1, 0.9], [0, 0, 0],
            id="unsure-members",
        ),
        pytest.param(
            [[-10, 0, 38, 90], [52, 0, 100, 90], [0, 0, 90, 90]], [0.9, 0.9, 0.5], [0, 0, 1],
            id="weak-group-its-members-stand-out-of",
        ),
        pytest.param(
            [[-10, 0, 38, 90], [52, 0, 100, 90], [0, 0, 90, 90]], [0.5, 0.5, 0.9], [0, 0, 0],
            id="somebody-before-two-others",
        ),
    ],
)  # fmt: skip
def test_group_boxes(rows, score, expect):
    xyxy = np.array(rows, np.float32).reshape(-1, 4)
    assert group_boxes(xyxy, np.array(score, np.float32)).astype(int).tolist() == expect


@pytest.mark.parametrize(
    ("rows", "last", "expect"),
    [
        pytest.param([], [], [], id="nothing"),
        pytest.param([[0, 0, 90, 90]], [], [0], id="nobody-known"),
        pytest.param([[0, 0, 90, 90]], [[0, 0, 40, 90]], [0], id="one-known-who-widens"),
        pytest.param([[0, 0, 90, 90]], [[0, 0, 40, 90], [50, 0, 90, 90]], [1], id="around-both"),
        pytest.param(
            [[0, 0, 90, 90]], [[0, 0, 40, 90], [50, 0, 90, 90], [1, 1, 88, 90]], [0],
            id="somebody-large-in-front-of-both",
        ),
        pytest.param(
            [[0, 0, 90, 90]], [[0, 0, 60, 90], [20, 0, 90, 90]], [0], id="two-who-overlap"
        ),
        pytest.param(
            [[0, 0, 90, 200]], [[0, 0, 40, 90], [50, 0, 90, 90]], [0], id="much-larger-than-both"
        ),
    ],
)  # fmt: skip
def test_around_two(rows, last, expect):
    xyxy, known = (np.array(part, np.float32).reshape(-1, 4) for part in (rows, last))
    assert merged_boxes(xyxy, known).astype(int).tolist() == expect


@given(some, st.randoms(use_true_random=False))
def test_cleaning_does_not_depend_on_the_order_of_the_detector(xyxy, random):
    rows = [(0, *row, 0.5) for row in xyxy.tolist()]
    shuffled = random.sample(rows, len(rows))
    one, two = filter_boxes(found(rows)), filter_boxes(found(shuffled))
    assert np.array_equal(one.xyxy, two.xyxy)
    assert np.all(one.xyxy[:, 2:] - one.xyxy[:, :2] >= SIDE_MIN_PX)


def test_matching_of_nothing():
    nothing = np.zeros((0, 0), np.float32)
    assert best_pairs(nothing, min_overlap=0.3) == []
    assert best_pairs(np.zeros((2, 0), np.float32), min_overlap=0.3) == []
    assert contested_pairs(nothing, [], min_overlap=0.3, margin=0.1) == []
    assert isolated_pairs(nothing, [], below=0.3) == []
    none = np.zeros((0, 4), np.float32)
    assert duplicates_of(none, none, iou=0.5, inside=0.5).tolist() == []


def test_pairs_below_the_least_overlap_are_left_alone():
    assert best_pairs(np.array([[0.2]], np.float32), min_overlap=0.3) == []


def test_one_good_pair_is_worth_more_than_two_poor_ones():
    overlap = np.array([[0.85, 0.6], [0.4, 0.0]], np.float32)
    assert best_pairs(overlap, min_overlap=0.25) == [(0, 0)]


def test_going_back_takes_boxes_until_there_is_none():
    xyxy = np.array([[0, 0, 10, 20], [0, 1, 10, 21], [50, 0, 60, 20], [0, 2, 10, 22]], np.float32)
    rows_at = {0: [0], 1: [1, 2]}
    assert extend_back(3, rows_at, xyxy, frame=2) == [0, 1]
    assert rows_at == {0: [], 1: [2]}
    assert extend_back(3, {}, xyxy, frame=2) == []
