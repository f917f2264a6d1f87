"""Which track takes which box, in numbers that can be checked on paper."""

from __future__ import annotations

import numpy as np
import pytest

from tracker.matching import (
    best_pairs,
    contested_pairs,
    duplicates_of,
    expand,
    extend_back,
    isolated_pairs,
    merged_boxes,
    similar_size,
)


def table(rows, columns=-1):
    return np.array(rows, np.float32).reshape(len(rows), columns)


def boxes_of(rows):
    return np.array(rows, np.float32).reshape(-1, 4)


@pytest.mark.parametrize(
    ("overlap", "pairs"),
    [
        pytest.param([[0.0, 0.25], [0.0, 0.0]], [(0, 1)], id="just enough, and it is sought"),
        pytest.param([[0.24]], [], id="too little"),
        pytest.param([[0.8, 0.6], [0.6, 0.0]], [(0, 1), (1, 0)], id=".36 + .36 beats .64"),
        pytest.param([[0.8, 0.6], [0.5, 0.0]], [(0, 0)], id=".64 beats .36 + .25"),
        pytest.param([[0.9, 0.8, 0.7]], [(0, 0)], id="one track"),
        pytest.param([[0.7], [0.9], [0.8]], [(1, 0)], id="one box"),
    ],
)
def test_pairs_have_the_largest_sum_of_squares(overlap, pairs):
    assert best_pairs(table(overlap), min_overlap=0.25) == pairs


@pytest.mark.parametrize(
    ("overlap", "pairs", "contested"),
    [
        pytest.param([[0.75], [0.6875]], [(0, 0)], [(0, 0)], id="nearly as much"),
        pytest.param([[0.75], [0.625]], [(0, 0)], [], id="an eighth less is enough"),
        pytest.param([[0.3125], [0.25]], [(0, 0)], [(0, 0)], id="the other claims just enough"),
        pytest.param([[0.3125], [0.24]], [(0, 0)], [], id="the other claims too little"),
        pytest.param([[0.75], [0.7], [0.0]], [(0, 0)], [(0, 0)], id="one of two others"),
        pytest.param([[0.75, 0.0], [0.7, 0.8]], [(0, 0), (1, 1)], [], id="the other has its own"),
        pytest.param([[0.7, 0.0], [0.0, 0.7], [0.0, 0.65]], [(0, 0), (1, 1)], [(1, 1)], id="one"),
        pytest.param([[0.7]], [], [], id="no pair"),
    ],
)
def test_a_box_that_two_claim_alike_is_contested(overlap, pairs, contested):
    assert contested_pairs(table(overlap), pairs, min_overlap=0.25, margin=0.125) == contested


@pytest.mark.parametrize(
    ("overlap", "pairs", "alone"),
    [
        pytest.param([[0.6]], [(0, 0)], [(0, 0)], id="nobody else"),
        pytest.param([[0.6, 0.4], [0.4, 0.7]], [(0, 0), (1, 1)], [(0, 0), (1, 1)], id="apart"),
        pytest.param([[0.6, 0.5], [0.0, 0.7]], [(0, 0), (1, 1)], [], id="one box near both"),
        pytest.param([[0.6, 0.5, 0.0]], [(0, 0)], [], id="another box, and a far one"),
        pytest.param([[0.6], [0.5], [0.0]], [(0, 0)], [], id="another track, and a far one"),
        pytest.param([[0.6, 0.0], [0.5, 0.0]], [(0, 0)], [], id="another track"),
    ],
)
def test_isolated_is_who_overlaps_nobody_by_half(overlap, pairs, alone):
    assert isolated_pairs(table(overlap), pairs, below=0.5) == alone


@pytest.mark.parametrize(
    ("rows", "of", "iou", "inside", "double"),
    [
        pytest.param([], [[0, 0, 40, 100]], 0.5, 0.5, [], id="no box"),
        pytest.param([[0, 0, 40, 100]], [], 0.5, 0.5, [False], id="nothing to double"),
        pytest.param([[0, 0, 40, 50]], [[0, 0, 40, 100]], 0.5, 1.1, [True], id="half as large"),
        pytest.param([[0, 0, 40, 49]], [[0, 0, 40, 100]], 0.5, 1.1, [False], id="smaller"),
        pytest.param([[20, 0, 60, 100]], [[0, 0, 40, 100]], 0.9, 0.5, [True], id="half inside"),
        pytest.param([[21, 0, 61, 100]], [[0, 0, 40, 100]], 0.9, 0.5, [False], id="less inside"),
        pytest.param(
            [[0, 0, 9, 9], [50, 0, 90, 99], [200, 0, 240, 100]],
            [[200, 0, 240, 100], [50, 0, 90, 100]],
            0.9, 0.95, [False, True, True],
            id="each of its own",
        ),
    ],
)  # fmt: skip
def test_a_double_overlaps_a_taken_box_or_lies_inside_it(rows, of, iou, inside, double):
    found = duplicates_of(boxes_of(rows), boxes_of(of), iou=iou, inside=inside)
    assert found.tolist() == double
    assert found.dtype == np.bool_


LEFT, RIGHT = [0, 0, 40, 90], [60, 0, 100, 90]


@pytest.mark.parametrize(
    ("box", "last", "around"),
    [
        pytest.param([0, 0, 100, 90], [LEFT, RIGHT], True, id="around both"),
        pytest.param([0, 0, 100, 90], [RIGHT, LEFT], True, id="in the other order"),
        pytest.param([0, 0, 100, 90], [LEFT], False, id="only one is known"),
        pytest.param([0, 0, 100, 120], [LEFT, RIGHT], True, id="three quarters of it are theirs"),
        pytest.param([0, 0, 100, 122], [LEFT, RIGHT], False, id="less of it is theirs"),
        pytest.param([0, 0, 90, 100], [[0, 0, 60, 100], [30, 0, 90, 100]], True, id="half hidden"),
        pytest.param([0, 0, 87, 100], [[0, 0, 60, 100], [27, 0, 87, 100]], False, id="more hidden"),
        pytest.param([0, 0, 86, 100], [[0, 0, 60, 100], [40, 0, 70, 100]], False, id="a child"),
        pytest.param([0, 0, 86, 100], [[40, 0, 70, 100], [0, 0, 60, 100]], False, id="the child"),
        pytest.param([0, 0, 100, 90], [[0, 0, 69, 90], [71, 0, 100, 90]], True, id="wide"),
        pytest.param([0, 0, 100, 90], [[0, 0, 72, 90], [74, 0, 100, 90]], False, id="its own box"),
        pytest.param(
            [0, 0, 100, 90], [LEFT, [300, 0, 340, 90], RIGHT], True, id="somebody far away too"
        ),
        pytest.param([0, 0, 100, 90], [LEFT, [60, 0, 100, 40]], False, id="one is too low"),
        pytest.param(
            [0, 200, 100, 290], [[0, 200, 40, 290], [60, 200, 100, 290]], True, id="further down"
        ),
        pytest.param(
            [0, 200, 100, 290], [[0, 200, 40, 290], [60, 200, 100, 240]], False, id="too low there"
        ),
        pytest.param([6, 0, 100, 90], [LEFT, RIGHT], True, id="85 % of one lies in it"),
        pytest.param([7, 0, 100, 90], [LEFT, RIGHT], False, id="less of one lies in it"),
        pytest.param([0, 0, 100, 90], [[0, 0, 70, 90], [72, 0, 100, 90]], False, id="just its own"),
    ],
)
def test_a_box_around_two(box, last, around):
    rows = boxes_of([[500, 0, 540, 90], box])
    assert merged_boxes(rows, boxes_of(last)).tolist() == [False, around]


def test_boxes_grow_on_every_side():
    grown = expand(boxes_of([[10, 20, 30, 60]]), 0.25)
    assert grown.tolist() == [[5.0, 10.0, 35.0, 70.0]]
    assert grown.dtype == np.float32
    assert expand(boxes_of([]), 0.25).shape == (0, 4)


def test_sizes_are_similar_by_the_share_of_their_heights():
    a = boxes_of([[0, 0, 10, 100], [0, 50, 10, 100], [0, 7, 10, 7]])
    b = boxes_of([[0, 100, 90, 150], [0, 100, 10, 149]])
    assert similar_size(a, b, least=0.5).tolist() == [[True, False], [True, True], [False, False]]


@pytest.mark.parametrize(
    ("heights", "lead"),
    [
        pytest.param([10, 10, 10], [0, 1, 2], id="as it was"),
        pytest.param([10, 6, 10], [1, 2], id="six tenths of the later one, then more than that"),
        pytest.param([10, 5.9, 10], [2], id="too unlike"),
        pytest.param([10, 20, 10], [2], id="too large"),
    ],
)
def test_a_start_is_led_up_to_by_boxes_that_hardly_move(heights, lead):
    rows = [[0, 0, 10, height] for height in (*heights, 10)]
    if lead == [1, 2]:
        rows[0][3] = 3.5  # of the 6 after it, less than six tenths
    assert extend_back(3, {0: [0], 1: [1], 2: [2]}, boxes_of(rows), frame=3) == lead


def test_the_nearest_of_several_boxes_leads_up():
    rows = boxes_of([[0, 0, 10, 8], [0, 0, 10, 9], [0, 0, 10, 7], [0, 0, 10, 10]])
    rows_at = {4: [0, 1, 2]}
    assert extend_back(3, rows_at, rows, frame=5) == [1]
    assert rows_at == {4: [0, 2]}
