"""Intervals and tests: against SciPy's own, and the properties they must have for any counts."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binomtest

from castcheck.runs.statistics import (
    FEWEST_PAIRS,
    bootstrap,
    clips_needed,
    exact_interval,
    exact_p,
    holm,
    most_hits,
    paired_difference,
    rate_of,
)

COUNTS = st.integers(1, 300).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))


@given(COUNTS)
def test_the_exact_interval_is_that_of_scipy(counts):
    hits, count = counts
    expect = binomtest(hits, count).proportion_ci(0.95, method="exact")
    assert exact_interval(hits, count) == pytest.approx((expect.low, expect.high), abs=1e-9)


@given(COUNTS, st.integers(2, 5))
def test_more_clips_narrow_an_interval_and_it_holds_the_share(counts, times):
    hits, count = counts
    low, high = exact_interval(hits, count)
    lower, higher = exact_interval(hits * times, count * times)
    assert low <= lower <= hits / count <= higher <= high
    assert (high - low) > (higher - lower)


@given(st.floats(0.002, 0.9), st.integers(0, 6))
def test_so_many_clips_are_needed_and_no_fewer(rate, hits):
    count = clips_needed(rate, hits=hits)
    assert exact_interval(hits, count)[1] <= rate
    assert count == hits + 1 or exact_interval(hits, count - 1)[1] > rate
    assert most_hits(rate, count) >= hits
    assert most_hits(rate, count - 1) < hits


@given(st.lists(st.booleans(), min_size=1, max_size=60), st.integers(1, 8))
def test_clips_of_one_source_never_count_for_more_than_clips_apart(hits, sources):
    groups = [str(k % sources) for k in range(len(hits))]
    apart, together = rate_of(hits), rate_of(hits, groups)
    assert (together.hits, together.count) == (apart.hits, apart.count)
    assert together.low <= apart.low + 1e-9
    assert together.high >= apart.high - 1e-9
    assert together.low <= sum(hits) / len(hits) <= together.high


@pytest.mark.parametrize(
    ("hits", "groups", "like"),
    [
        pytest.param([], None, (0, 0), id="none"),
        pytest.param([True], ["a"], (1, 1), id="one"),
        pytest.param([False] * 6, ["a", "a", "a", "b", "b", "b"], (0, 2), id="six-of-two-sources"),
        pytest.param([False] * 6, list("abcdef"), (0, 6), id="six-apart"),
    ],
)
def test_how_much_a_source_counts(hits, groups, like):
    rate = rate_of(hits, groups)
    assert (rate.low, rate.high) == pytest.approx(exact_interval(*like))
    assert rate.share == (sum(hits) / len(hits) if hits else None)


@given(st.lists(st.floats(0, 1), min_size=0, max_size=12))
def test_p_values_that_allow_for_their_number_keep_their_order(values):
    adjusted = holm(values)
    assert len(adjusted) == len(values)
    assert all(a >= v - 1e-9 and a <= 1 for a, v in zip(adjusted, values, strict=True))
    order = np.argsort(values, kind="stable")
    assert all(adjusted[i] <= adjusted[k] + 1e-9 for i, k in pairwise(order))


@given(st.integers(0, 40), st.integers(0, 40))
def test_the_sign_test_does_not_care_which_side_is_which(better, worse):
    assert exact_p(better, worse) == pytest.approx(exact_p(worse, better))
    assert exact_p(better, worse) >= min(1, 2 * 0.5 ** (better + worse)) - 1e-12


@settings(deadline=None, max_examples=20)
@given(
    st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), min_size=FEWEST_PAIRS, max_size=30)
)
def test_a_paired_interval_holds_its_value_and_turns_round_with_the_sides(pairs):
    before, after = [float(a) for a, _ in pairs], [float(b) for _, b in pairs]
    there, back = paired_difference(before, after), paired_difference(after, before)
    assert there == paired_difference(before, after)  # the same every time
    assert there.value == pytest.approx(np.mean(after) - np.mean(before))
    assert there.low is not None
    assert there.high is not None
    assert back.low is not None
    assert back.high is not None
    assert there.low <= there.value <= there.high
    assert there.low < there.high  # never certain
    assert (there.low, there.high) == pytest.approx((-back.high, -back.low), abs=1e-9)


def test_a_bootstrap_covers_what_it_says():
    random = np.random.default_rng(3)
    hits = 0
    for k in range(60):
        sample = random.poisson(0.8, 40).astype(float)
        found = bootstrap([sample.tolist()], lambda a: a.mean(-1), seed=k)
        assert found.low is not None
        assert found.high is not None
        hits += found.low <= 0.8 <= found.high
    assert hits >= 51  # 95 % of 60 are 57; fewer than 51 has a chance of 1 in 400


@pytest.mark.parametrize("count", [1, FEWEST_PAIRS - 1])
def test_too_few_pairs_give_no_interval(count):
    found = paired_difference([0.0] * count, [1.0] * count)
    assert (found.value, found.low, found.high) == (1.0, None, None)
