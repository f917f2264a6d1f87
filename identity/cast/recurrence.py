"""How many of those in one shot are anybody of another: asked of the clip itself.

In a dialogue the same two are in every shot, in three scenes put into one file nobody is seen
twice, and no prior fits both. Looks tell: where few pairs of two shots are alike, those that are
alike by a hair are so by chance. So the share of pairs that are one person is estimated from the
clip, by expectation and maximisation over a mixture of two (Dempster, Laird & Rubin, "Maximum
Likelihood from Incomplete Data via the EM Algorithm", J. Royal Statistical Society B, 1977), and
is the prior of every pair (empirical Bayes: Efron, "Large-Scale Inference", 2010, chapter 1). It is
estimated for the clip as a whole, and from there for every two shots; it is never more than what is
taken where nothing is known.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

_BELIEVED_PAIRS = 4.0  # that one half of all pairs is one person is believed as much as so many
_MOST = 0.5  # of two and two who are the same, half of the pairs are one person
_ROUNDS = 40
_SETTLED = 1e-3


def recurrence_log_odds(
    log_odds: NDArray[np.float64], shot: NDArray[np.int64], known: NDArray[np.bool_]
) -> NDArray[np.float64]:
    """Return (N, N) log-odds that two segments are one person, by what shots they are in.

    Within a shot it is nothing.

    Args:
        log_odds: (N, N) that two segments are one person, were half of all pairs one.
        shot: (N,) index of the shot of each segment.
        known: (N,) bool, who is surely somebody; of the others nothing is learnt.

    Example:
        >>> two_shots, known = np.array([0, 0, 1, 1]), np.ones(4, np.bool_)
        >>> for odds in (-3.0, 3.0):
        ...     recurrence_log_odds(np.full((4, 4), odds), two_shots, known)[0].round(1)
        array([ 0. ,  0. , -1.9, -1.9])
        array([0., 0., 0., 0.])
    """
    apart = shot[:, None] != shot
    counted = apart & known[:, None] & known
    shots, place = np.unique(shot, return_inverse=True)
    pairs = _by_shots(counted.astype(np.float64), place, len(shots))
    share = np.full_like(pairs, 0.5)
    for _ in range(_ROUNDS):
        odds = log_odds + _logit(share)[np.ix_(place, place)]
        same = np.where(counted, 1 / (1 + np.exp(-odds)), 0.0)
        of_clip = (same.sum() / 2 + _BELIEVED_PAIRS / 2) / (pairs.sum() / 2 + _BELIEVED_PAIRS)
        of_shots = _by_shots(same, place, len(shots)) + _BELIEVED_PAIRS * of_clip
        before, share = share, np.minimum(of_shots / (pairs + _BELIEVED_PAIRS), _MOST)
        if np.abs(share - before).max(initial=0) < _SETTLED:
            break
    return np.where(apart, _logit(share)[np.ix_(place, place)], 0.0)


def _by_shots(
    values: NDArray[np.float64], place: NDArray[np.int64], count: int
) -> NDArray[np.float64]:
    """Return (S, S) sums of (N, N) values by the shots that their rows and columns are in."""
    rows = np.zeros((count, values.shape[1]))
    np.add.at(rows, place, values)
    found = np.zeros((count, count))
    np.add.at(found.T, place, rows.T)
    return found


def _logit(share: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(np.log(share / (1 - share)), np.float64)
