"""The counting of the benches: what is right, what is not counted, and rates at the ends."""

from __future__ import annotations

import math

import numpy as np
import pytest

from bench.detector import figures, match
from bench.embeddings import Boxed, cast_similarity, parts_similarity, ranking
from bench.error_rate import equal_error_rate
from bench.labelled import Labelled
from identity.appearance.embedder import CrossCues


def table(*rows):
    return np.array(rows, np.float32).reshape(-1, 4)


ONE, TWO = (0, 0, 10, 10), (50, 50, 60, 60)


@pytest.mark.parametrize(
    ("said", "people", "ignored", "right", "counted"),
    [
        pytest.param([], [ONE], [], [], [], id="nothing said"),
        pytest.param([ONE], [], [], [0], [1], id="nobody there"),
        pytest.param([ONE, ONE], [ONE], [], [1, 0], [1, 1], id="the second box is wrong"),
        pytest.param([TWO, ONE], [ONE, TWO], [], [1, 1], [1, 1], id="each his own"),
        pytest.param([TWO], [ONE], [TWO], [0], [0], id="need not be found"),
        pytest.param([(0, 0, 10, 4)], [ONE], [], [0], [1], id="too small a part"),
    ],
)
def test_match(said, people, ignored, right, counted):
    blank = np.zeros((1, 1, 3), np.uint8)
    picture = Labelled("clip", 0, blank, table(*people), table(*ignored))
    hit, used = match(table(*said), picture)
    assert hit.astype(int).tolist() == right
    assert used.astype(int).tolist() == counted


@pytest.mark.parametrize(
    ("scores", "right", "people", "expected"),
    [
        pytest.param([], [], 3, (0, 0, 0), id="nothing"),
        pytest.param([0.9, 0.5], [False, False], 3, (0, 0, 0), id="all wrong"),
        pytest.param([0.9, 0.5, 0.4], [True, False, True], 2, (2 / 3, 1, 0.5), id="mixed"),
    ],
)
def test_figures(scores, right, people, expected):
    row = figures(np.array(scores, np.float32), np.array(right, np.bool_), people)
    assert (row["precision"], row["recall"], row["recall_at_p90"]) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("same", "different", "expected"),
    [
        ([0.9], [0.1], 0.0),
        ([0.1], [0.9], 1.0),
        ([0.5, 0.9], [0.5, 0.1], 0.25),
        ([], [0.1], math.nan),
        ([0.1], [], math.nan),
    ],
)
def test_equal_error_rate(same, different, expected):
    rate = equal_error_rate(np.array(same, np.float32), np.array(different, np.float32))
    assert rate == pytest.approx(expected, nan_ok=True)


def test_ranking_leaves_out_what_is_near_in_time():
    person = np.array([0, 0, 0, 1])
    far = np.array([[0, 0, 1, 1], [0, 0, 1, 1], [1, 1, 0, 1], [1, 1, 1, 0]], np.bool_)
    similarity = np.array(
        [[1, 0.9, 0.2, 0.5], [0.9, 1, 0.8, 0.1], [0.2, 0.8, 1, 0.1], [0.5, 0.1, 0.1, 1]], np.float32
    )
    # The first one's twin is near in time and does not count, so a stranger comes first.
    first, average = ranking(similarity, person, far)
    assert first == pytest.approx(2 / 3)
    assert average == pytest.approx((1 / 2 + 1 + 1) / 3)


class Parts:
    name, sha256, dim, part_dim = "parts", None, 2, 1

    def embed(self, crops):
        return self.read_cues(crops).body

    def read_cues(self, crops):
        body = np.array([[1, 0], [0, 1]], np.float32)
        parts = np.ones((2, 3, 1), np.float32)
        seen = np.array([[1, 0, 0], [1, 0, 0]], np.float32)
        return CrossCues(body, parts, seen, np.zeros((2, 4), np.float32), np.zeros(2, np.float32))


def test_a_part_that_is_seen_in_both_counts_as_much_as_the_body():
    assert parts_similarity(Parts())(Boxed())[0, 1] == pytest.approx(0.5)


def test_the_cast_compares_what_it_would_judge_and_nothing_else():
    """Two in one colour, one in another, and one too small to be judged."""
    seen = Boxed()
    rgb = np.full((120, 300, 3), 90, np.uint8)
    boxes = table((10, 10, 50, 110), (110, 10, 150, 110), (210, 10, 250, 110), (260, 10, 270, 30))
    for box, colour in zip(boxes, ((200, 30, 30), (200, 30, 30), (30, 60, 200)), strict=False):
        x1, y1, x2, y2 = box.astype(int)
        rgb[y1:y2, x1:x2] = colour
    seen.add(rgb, boxes[:2])
    seen.add(rgb, boxes[2:])
    seen.add(rgb, boxes[:0])  # nobody in this picture
    assert (len(seen.pictures), len(seen.crops)) == (2, 4)
    odds = cast_similarity(None, "colour")(seen)
    assert odds.shape == (4, 4)
    assert np.array_equal(odds, odds.T)
    assert odds[0, 1] > 0 > odds[0, 2]
    assert not odds[3].any()
