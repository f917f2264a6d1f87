"""Correlation clustering against exhaustive search, and its invariances."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from identity.cast.clustering import partition


def value(labels, odds, cost, free):
    same = np.equal.outer(labels, labels)
    np.fill_diagonal(same, False)
    return odds[same].sum() / 2 - cost * max(0, len(set(labels)) - free)


def groupings(count):
    """Yield every grouping of `count` items as restricted growth strings."""

    def grow(prefix):
        if len(prefix) == count:
            yield tuple(prefix)
            return
        for label in range(max(prefix, default=-1) + 2):
            yield from grow([*prefix, label])

    yield from grow([])


def best_by_search(odds, apart, cost, free):
    allowed = (
        g
        for g in groupings(len(odds))
        if not any(apart[a, b] and g[a] == g[b] for a in range(len(g)) for b in range(a))
    )
    return max(value(np.array(g), odds, cost, free) for g in allowed)


@st.composite
def problems(draw):
    count = draw(st.integers(1, 6))
    cells = st.floats(-4, 4, allow_nan=False)
    odds = np.zeros((count, count))
    apart = np.zeros((count, count), bool)
    for a in range(count):
        for b in range(a):
            odds[a, b] = odds[b, a] = draw(cells)
            apart[a, b] = apart[b, a] = draw(st.booleans())
    return odds, apart, draw(st.floats(0, 3)), draw(st.integers(0, 3))


@given(problems())
@settings(max_examples=60, deadline=None)
def test_never_breaks_a_constraint_and_is_near_the_best(problem):
    odds, apart, cost, free = problem
    labels = partition(odds, apart, group_cost=cost, free_groups=free)
    assert not any(
        apart[a, b] and labels[a] == labels[b] for a in range(len(odds)) for b in range(a)
    )
    best = best_by_search(odds, apart, cost, free)
    scale = np.abs(odds).sum() / 2 + cost
    assert value(labels, odds, cost, free) >= best - 0.15 * scale
    assert value(labels, odds, cost, free) <= best + 1e-9


@given(problems(), st.randoms(use_true_random=False))
@settings(max_examples=40, deadline=None)
def test_clear_cases_do_not_depend_on_the_order(problem, random):
    odds, apart, _, _ = problem
    truth = np.arange(len(odds)) % 2
    clear = np.where(np.equal.outer(truth, truth), 3.0, -3.0)
    order = list(range(len(odds)))
    random.shuffle(order)
    labels = partition(clear[np.ix_(order, order)], np.zeros_like(apart), group_cost=0.5)
    back = np.empty(len(odds), int)
    back[order] = labels
    assert (np.equal.outer(back, back) == np.equal.outer(truth, truth)).all()


@pytest.mark.parametrize(
    ("odds", "apart", "cost", "free", "expect"),
    [
        pytest.param([], [], 1.0, 0, [], id="nobody"),
        pytest.param([[0]], [[0]], 1.0, 0, [0], id="one"),
        pytest.param([[0, 2], [2, 0]], [[0, 1], [1, 0]], 9.0, 0, [0, 1], id="seen together"),
        pytest.param([[0, -1], [-1, 0]], [[0, 0], [0, 0]], 0.5, 0, [0, 1], id="unlike"),
        pytest.param([[0, -1], [-1, 0]], [[0, 0], [0, 0]], 2.0, 0, [0, 0], id="cost joins"),
        pytest.param([[0, -1], [-1, 0]], [[0, 0], [0, 0]], 2.0, 2, [0, 1], id="free groups"),
    ],
)
def test_table(odds, apart, cost, free, expect):
    count = len(odds)
    odds = np.array(odds, float).reshape(count, count)
    apart = np.array(apart, bool).reshape(count, count)
    assert partition(odds, apart, group_cost=cost, free_groups=free).tolist() == expect
