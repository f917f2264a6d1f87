"""Each step of the grouping by itself, on weights that can be added up by hand."""

from __future__ import annotations

import numpy as np
import pytest

from identity.cast import clustering
from identity.cast.clustering import (
    _exchange,
    _join_best,
    _join_greedily,
    _likeliest_joints,
    _move_singles,
    _polish,
    _Problem,
    _renumber,
    partition,
)


def table(count, pairs):
    """Return a symmetric (count, count) table from {(a, b): value}."""
    found = np.zeros((count, count))
    for (a, b), value in pairs.items():
        found[a, b] = found[b, a] = value
    return found


def problem(count, pairs, *, cost=0.0, free=0, apart=()):
    cannot = table(count, dict.fromkeys(apart, 1)).astype(bool)
    return _Problem(np.where(cannot, -1e6, table(count, pairs)), cannot, cost, free)


@pytest.mark.parametrize(("groups", "cost"), [(0, 0), (1, 0), (2, 0), (3, 1.5), (5, 4.5)])
def test_groups_beyond_the_free_ones_cost(groups, cost):
    assert problem(0, {}, cost=1.5, free=2).cost(groups) == cost


@pytest.mark.parametrize(
    ("labels", "worth"), [([0, 0, 1], 3 - 1), ([0, 1, 2], 0 - 2), ([0, 0, 0], 3 - 5 + 7)]
)
def test_what_a_grouping_is_worth(labels, worth):
    pairs = {(0, 1): 3, (0, 2): -5, (1, 2): 7}
    assert problem(3, pairs, cost=1.0, free=1).value(np.array(labels)) == worth


@pytest.mark.parametrize(
    ("pairs", "cost", "labels"),
    [
        pytest.param({}, 0.0, [0, 1, 2], id="nothing speaks for it"),
        pytest.param({(0, 1): 1, (0, 2): -5, (1, 2): 2}, 0.0, [0, 1, 1], id="the likest two"),
        pytest.param({(0, 1): 1, (0, 2): -5, (1, 2): 2}, 4.0, [0, 1, 1], id="as dear as it is bad"),
        pytest.param({(0, 1): 1, (0, 2): -5, (1, 2): 2}, 4.1, [0, 0, 0], id="dearer than bad"),
        pytest.param({(0, 1): 3, (0, 2): 2, (1, 2): -1}, 0.0, [0, 0, 0], id="what both say counts"),
        pytest.param({(0, 1): 3, (0, 2): 2, (1, 2): -2}, 0.0, [0, 0, 2], id="they say nothing"),
        pytest.param({(0, 2): 0.1, (0, 1): -9, (1, 2): -9}, 0.0, [0, 1, 0], id="the last pair"),
    ],
)
def test_joining_greedily(pairs, cost, labels):
    (found,) = _join_greedily(table(3, pairs), [cost])
    assert found.tolist() == labels


@pytest.mark.parametrize("count", [0, 1])
def test_nobody_and_one_alone_are_not_joined(count):
    found = _join_greedily(np.zeros((count, count)), [0.0, 9.0])
    assert [labels.tolist() for labels in found] == [list(range(count))] * 2


def test_groups_of_several_are_joined_by_all_their_pairs():
    pairs = {(0, 1): 9, (2, 3): 8, (0, 2): 5, (1, 3): -4, (0, 3): -0.5, (1, 2): 0.25}
    assert _join_greedily(table(4, pairs), [0.0])[0].tolist() == [0, 0, 0, 0]
    assert _join_greedily(table(4, {**pairs, (0, 3): -2}), [0.0])[0].tolist() == [0, 0, 2, 2]


def joined_one_by_one(weight, cost):
    """Join the two groups that gain most, all pairs asked anew each time; of equals the first."""
    between = weight.copy()
    np.fill_diagonal(between, -np.inf)
    labels = np.arange(len(weight))
    while len(weight) > 1:
        a, b = sorted(np.unravel_index(int(between.argmax()), between.shape))
        if between[a, b] + cost <= 0:
            break
        labels[labels == b] = a
        between[a] += between[b]
        between[:, a] += between[:, b]
        between[b] = between[:, b] = between[a, a] = -np.inf
    return labels.tolist()


@pytest.mark.parametrize("levels", [2, 5, 1000])
def test_joining_by_the_best_of_every_row_is_joining_by_the_best_of_all(levels):
    rng = np.random.default_rng(levels)
    for count in range(2, 40):
        weight = rng.integers(-levels, levels, (count, count)).astype(float)  # many are equal
        weight = np.triu(weight, 1) + np.triu(weight, 1).T
        costs = 0.0, 2.5, 40.0
        expect = [joined_one_by_one(weight, cost) for cost in costs]
        assert [labels.tolist() for labels in _join_greedily(weight, costs)] == expect


def test_some_of_all_are_grouped():
    rng = np.random.default_rng(0)
    odds = rng.normal(0, 4, (9, 9))
    odds, apart = odds + odds.T, np.zeros((9, 9), bool)
    apart[1, 4] = apart[4, 1] = True
    items = np.array([1, 2, 4, 7, 8])
    own = np.ix_(items, items)
    before = odds.copy()
    found = partition(odds, apart, items=items, discount=0.5, group_cost=1.0)
    assert found.tolist() == partition(odds[own] / 2, apart[own], group_cost=1.0).tolist()
    assert np.array_equal(odds, before)
    assert len(set(found.tolist())) > 1


def test_groups_asked_block_by_block_are_the_same_two(monkeypatch):
    rng = np.random.default_rng(0)
    weight = rng.integers(-9, 3, (20, 20)).astype(float)
    weight = np.triu(weight, 1) + np.triu(weight, 1).T
    labels = rng.integers(0, 9, 20)
    asked = _Problem(weight, np.zeros((20, 20), bool), 0.0, 0)
    whole = _likeliest_joints(labels, np.unique(labels), asked)
    monkeypatch.setattr(clustering, "_BLOCK_GROUPS", 2)
    assert _likeliest_joints(labels, np.unique(labels), asked) == whole != []


@pytest.mark.parametrize(
    ("pairs", "cost", "free", "labels"),
    [
        pytest.param({(0, 1): -1, (0, 2): -2, (1, 2): -0.5}, 1, 0, [0, 1, 1], id="the best two"),
        pytest.param({(0, 1): -0.5, (0, 2): -2, (1, 2): -1}, 1, 0, [0, 0, 2], id="the first two"),
        pytest.param({(0, 1): -1, (0, 2): -2, (1, 2): -0.5}, 0.5, 0, None, id="it gains nothing"),
        pytest.param({(0, 1): -1, (0, 2): -2, (1, 2): -0.5}, 1, 2, [0, 1, 1], id="one costs"),
        pytest.param({(0, 1): -1, (0, 2): -2, (1, 2): -0.5}, 1, 3, None, id="all are free"),
    ],
)
def test_joining_two_groups(pairs, cost, free, labels):
    found = np.arange(3)
    joined = _join_best(found, problem(3, pairs, cost=cost, free=free))
    assert joined == (labels is not None)
    assert found.tolist() == (labels or [0, 1, 2])


LEAVES = {(0, 1): -1, (0, 2): -9, (1, 2): -9}


@pytest.mark.parametrize(
    ("labels", "pairs", "cost", "free", "expect"),
    [
        pytest.param([0, 0, 1], LEAVES, 0.5, 0, [2, 0, 1], id="leaves for its own group"),
        pytest.param([0, 0, 1], LEAVES, 1.5, 0, None, id="which costs more"),
        pytest.param([0, 0, 1], LEAVES, 1.5, 3, [2, 0, 1], id="three are free"),
        pytest.param([0, 0, 1], LEAVES, 1.5, 2, None, id="two are free"),
        pytest.param([0, 1], {(0, 1): -1}, 2.0, 0, [1, 1], id="gives up its own group"),
        pytest.param([0, 1], {(0, 1): -1}, 0.5, 0, None, id="keeps it"),
        pytest.param([0, 1], {(0, 1): -1}, 2.0, 2, None, id="keeps it, as it is free"),
        pytest.param([0, 1], {(0, 1): -1}, 2.0, 1, [1, 1], id="the second one costs"),
        pytest.param(
            [0, 0, 1], {(0, 1): 1, (0, 2): 2, (1, 2): -5}, 1.0, 0, [1, 0, 1], id="to a better one"
        ),
        pytest.param(
            [0, 0, 1], {(0, 1): 1, (0, 2): 1, (1, 2): -9}, 1.0, 0, None, id="to one as good: stays"
        ),
        pytest.param([], {}, 1.0, 0, None, id="nobody"),
    ],
)
def test_moving_one(labels, pairs, cost, free, expect):
    found = np.array(labels, np.int64)
    moved = _move_singles(found, problem(len(labels), pairs, cost=cost, free=free))
    assert moved == (expect is not None)
    assert found.tolist() == (labels if expect is None else expect)


CROSSED = {(0, 2): 3, (1, 3): 3, (0, 1): 1, (2, 3): 1}


@pytest.mark.parametrize(
    ("pairs", "apart", "expect"),
    [
        pytest.param(CROSSED, [(1, 2)], [0, 1, 0, 1], id="both fit better"),
        pytest.param(CROSSED, [(0, 1)], None, id="those in one group are not exchanged"),
        pytest.param(CROSSED, [], None, id="nor those who do not exclude each other"),
        pytest.param({**CROSSED, (0, 1): 3, (2, 3): 3}, [(1, 2)], None, id="they fit as well"),
        pytest.param({**CROSSED, (0, 1): 9}, [(1, 2)], None, id="one fits much worse"),
        pytest.param({**CROSSED, (2, 3): 4, (1, 3): 0}, [(1, 2)], None, id="the other fits worse"),
    ],
)
def test_exchanging_two(pairs, apart, expect):
    found = np.array([0, 0, 1, 1])
    assert _exchange(found, problem(4, pairs, apart=apart)) == (expect is not None)
    assert found.tolist() == (expect or [0, 0, 1, 1])


@pytest.mark.parametrize(
    ("start", "pairs", "apart", "cost"),
    [
        pytest.param([0, 1, 2, 3], CROSSED, [(1, 2)], 0.0, id="joins"),
        pytest.param([0, 0, 1, 1], CROSSED, [(1, 2)], 9.0, id="exchanges"),
        pytest.param([0, 0, 0, 0], {**CROSSED, (0, 1): -9, (1, 2): -9}, [], 0.1, id="moves"),
    ],
)
def test_polishing_goes_on_until_nothing_gains(start, pairs, apart, cost):
    whole = problem(4, pairs, apart=apart, cost=cost)
    before = np.array(start)
    found = _polish(before, whole)
    assert before.tolist() == start
    assert whole.value(found) > whole.value(before)
    again = found.copy()
    assert not any(step(again, whole) for step in (_join_best, _move_singles, _exchange))


def test_groups_are_numbered_by_their_first_item():
    assert _renumber(np.array([7, 2, 7, 0, 2])).tolist() == [0, 1, 0, 2, 1]
    assert _renumber(np.array([], np.int64)).tolist() == []


def test_the_diagonal_says_nothing():
    odds = table(3, {(0, 1): 1, (0, 2): -3, (1, 2): -3})
    free = partition(odds, np.zeros((3, 3), bool), group_cost=0.5)
    np.fill_diagonal(odds, [50, -50, 7])
    assert partition(odds, np.zeros((3, 3), bool), group_cost=0.5).tolist() == free.tolist()
