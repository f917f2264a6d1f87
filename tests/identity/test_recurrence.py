"""How many of one shot are anybody of another is learnt from the clip."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from identity.cast import recurrence
from identity.cast.recurrence import recurrence_log_odds

TWO_OF_TWO = (0, 0, 1, 1)


def odds_of(*alike, count=4, alike_odds=2.0, other_odds=-2.0):
    odds = np.full((count, count), other_odds)
    for a, b in alike:
        odds[a, b] = odds[b, a] = alike_odds
    return odds


def shift(odds, shot, known=None):
    count = len(odds)
    known = np.ones(count, np.bool_) if known is None else np.array(known)
    found = recurrence_log_odds(odds, np.array(shot, np.int64), known)
    place = np.unique(np.array(shot, np.int64), return_inverse=True)[1]
    return found[np.ix_(place, place)]


@pytest.mark.parametrize(
    ("odds", "shot", "known", "low", "high"),
    [
        pytest.param(odds_of(), TWO_OF_TWO, None, -3.0, -1.0, id="strangers"),
        pytest.param(odds_of((0, 2), (1, 3)), TWO_OF_TWO, None, -0.3, 0.3, id="the same two"),
        pytest.param(
            odds_of(alike_odds=2, other_odds=2),
            TWO_OF_TWO,
            None,
            0,
            0,
            id="all alike: no more than half",
        ),
        pytest.param(odds_of(), (0, 0, 0, 0), None, 0, 0, id="one shot"),
        pytest.param(odds_of(), TWO_OF_TWO, [False] * 4, 0, 0, id="nobody is known"),
        pytest.param(odds_of(count=2), (0, 1), None, -1, -0.1, id="one pair says little"),
    ],
)
def test_table(odds, shot, known, low, high) -> None:
    across = shift(odds, shot, known)[0, -1]
    assert low <= across <= high


def test_nobody() -> None:
    assert shift(np.zeros((0, 0)), ()).shape == (0, 0)


def test_two_of_three_scenes_belong_together() -> None:
    """The third one's people are strangers, so those who look a little like others are nobody."""
    shot = (0, 0, 1, 1, 2, 2)
    found = shift(odds_of((0, 2), (1, 3), count=6), shot)
    assert found[0, 2] > found[0, 4] + 1
    assert found[0, 2] > -0.7


def test_segments_counted_block_by_block_say_the_same(monkeypatch) -> None:
    shot, known = (2, 0, 1, 1, 2, 0, 3), [True] * 6 + [False]
    odds = odds_of((0, 2), (1, 3), (4, 5), count=7)
    whole = shift(odds, shot, known)
    monkeypatch.setattr(recurrence, "BLOCK_SAMPLES", 3)
    assert np.allclose(shift(odds, shot, known), whole, atol=1e-12)
    assert whole.min() < -0.1


@given(st.lists(st.integers(0, 3), min_size=1, max_size=8), st.integers(0, 10**6))
def test_it_says_nothing_within_a_shot_and_is_the_same_both_ways(shot, seed) -> None:
    odds = np.random.default_rng(seed).normal(0, 3, (len(shot), len(shot)))
    odds = odds + odds.T
    found = shift(odds, shot)
    assert np.isfinite(found).all()
    assert np.allclose(found, found.T)
    same = np.array(shot)[:, None] == np.array(shot)
    assert not found[same].any()
    assert (found <= 0).all()
    # The more alike everybody is, the likelier it is that anybody recurs.
    assert (shift(odds + 1.0, shot) >= found - 1e-9).all()
