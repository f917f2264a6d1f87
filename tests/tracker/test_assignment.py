"""Pairs seen at a glance are those that the solver finds."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from scipy.optimize import linear_sum_assignment

from tracker.assignment import cheapest_pairs, pairs_of_most_gain, undisputed_pairs
from tracker.matching import best_pairs


@pytest.mark.parametrize(
    ("cost", "pairs"),
    [
        pytest.param(np.zeros((0, 3)), [], id="nobody"),
        pytest.param(np.zeros((2, 0)), [], id="nothing"),
        pytest.param([[3.0]], [(0, 0)], id="one"),
        pytest.param([[1, 0], [0, 1]], [(0, 1), (1, 0)], id="each has a best"),
        pytest.param([[5, 1, 5]], [(0, 1)], id="more columns"),
        pytest.param([[5], [1], [3]], [(1, 0)], id="more rows"),
        pytest.param([[1, 5], [9, 9], [5, 2]], [(0, 0), (2, 1)], id="rows in order"),
        pytest.param([[0, 1], [0, 9]], None, id="both want one"),
        pytest.param([[0, 0], [1, 9]], None, id="two are as good"),
    ],
)
def test_undisputed(cost, pairs):
    found = undisputed_pairs(np.asarray(cost, float))
    got = None if found is None else list(zip(*(side.tolist() for side in found), strict=True))
    assert got == pairs


@pytest.mark.parametrize("seed", range(60))
def test_pairs_are_those_of_the_solver(seed):
    rng = np.random.default_rng(seed)
    cost = rng.random(rng.integers(0, 5, 2)).astype(np.float32)
    if seed % 3 == 0:
        cost = np.round(cost, 1)  # many are as good
    for ours, theirs in zip(cheapest_pairs(cost), linear_sum_assignment(cost), strict=True):
        assert ours.tolist() == theirs.tolist()


@pytest.mark.parametrize(
    ("gain", "pairs"),
    [
        pytest.param(np.zeros((0, 3)), [], id="nobody"),
        pytest.param([[0.0, 0.0]], [], id="nothing is possible"),
        pytest.param([[0.5], [0.6]], [(1, 0)], id="both want one"),
        pytest.param([[0.9, 0.8], [0.8, 0.0]], [(0, 1), (1, 0)], id="the sum counts"),
        pytest.param([[0.5, 0.25], [0.25, 0.0]], None, id="one as good as two"),
        pytest.param([[0.9, 0.1], [0.7, 0.0]], [(0, 0)], id="one alone is more"),
        pytest.param([[0.5], [0.5]], None, id="as good"),
        pytest.param(np.ones((6, 6)), None, id="too many ways"),
    ],
)
def test_few_ways_are_tried(gain, pairs):
    assert pairs_of_most_gain(np.asarray(gain)) == pairs


@pytest.mark.parametrize("seed", range(60))
def test_the_tracker_pairs_as_the_solver_does(seed):
    rng = np.random.default_rng(seed)
    overlap = (rng.random(rng.integers(1, 6, 2)) * (rng.random() < 0.9)).astype(np.float32)
    overlap[rng.random(overlap.shape) < 0.5] = 0
    rows, columns = linear_sum_assignment(np.where(overlap >= 0.3, 1 - overlap**2, 1.0))
    expected = [(r, c) for r, c in zip(rows, columns, strict=True) if overlap[r, c] >= 0.3]
    assert best_pairs(overlap, min_overlap=0.3) == expected


def test_the_solver_is_loaded_when_it_is_needed():
    code = (
        "import sys, numpy as np, castcheck.pipeline;"
        "from tracker.assignment import cheapest_pairs as pairs;"
        "pairs(np.eye(2)); assert 'scipy.optimize' not in sys.modules;"
        "pairs(np.ones((2, 2))); assert 'scipy.optimize' in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
