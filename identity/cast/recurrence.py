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

from identity.evidence.running_sums import BLOCK_SAMPLES

if TYPE_CHECKING:
    from numpy.typing import NDArray

_BELIEVED_PAIRS = 4.0  # that one half of all pairs is one person is believed as much as so many
_MOST = 0.5  # of two and two who are the same, half of the pairs are one person
_ROUNDS = 40
_SETTLED = 1e-3


def recurrence_log_odds(
    log_odds: NDArray[np.float64], shot: NDArray[np.int64], known: NDArray[np.bool_]
) -> NDArray[np.float64]:
    """Return (S, S) log-odds that two segments are one person, by which of S shots they are in.

    Within a shot it is nothing.

    Args:
        log_odds: (N, N) that two segments are one person, were half of all pairs one.
        shot: (N,) index of the shot of each segment; S different ones, of which the first is 0.
        known: (N,) bool, who is surely somebody; of the others nothing is learnt.

    Example:
        >>> two_shots, known = np.array([0, 0, 1, 1]), np.ones(4, np.bool_)
        >>> for odds in (-3.0, 3.0):
        ...     recurrence_log_odds(np.full((4, 4), odds), two_shots, known)[0].round(1)
        array([ 0. , -1.9])
        array([0., 0.])
    """
    shots, place = np.unique(shot, return_inverse=True)
    order = np.argsort(place, kind="stable")
    edges = np.searchsorted(place[order], np.arange(len(shots)))
    blocks = [slice(at, at + BLOCK_SAMPLES) for at in range(0, len(shot), BLOCK_SAMPLES)]

    def of_pairs(prior: NDArray[np.float64] | None) -> NDArray[np.float64]:
        """Return (S, S) how many pairs of two shots are one person; `None` = all of them are."""
        found = np.zeros((len(shots), len(shots)))
        for rows in blocks:
            counted = (shot[rows, None] != shot) & known[rows, None] & known
            same = counted.astype(np.float64)
            if prior is not None:
                odds = log_odds[rows] + prior[np.ix_(place[rows], place)]
                same = np.where(counted, 1 / (1 + np.exp(-odds)), 0.0)
            np.add.at(found, place[rows], np.add.reduceat(same[:, order], edges, axis=1))
        return found

    pairs = of_pairs(None)
    pair_count = pairs.sum() / 2
    pairs += _BELIEVED_PAIRS
    share = np.full_like(pairs, 0.5)
    for _ in range(_ROUNDS):
        before, share = share, of_pairs(_logit(share))
        # In place from here on: of a thousand shots each table is eight megabytes.
        share += _BELIEVED_PAIRS * (
            (share.sum() / 2 + _BELIEVED_PAIRS / 2) / (pair_count + _BELIEVED_PAIRS)
        )
        share /= pairs
        np.minimum(share, _MOST, out=share)
        before -= share
        if np.abs(before, out=before).max(initial=0) < _SETTLED:
            break
    prior = _logit(share)
    np.fill_diagonal(prior, 0)
    return prior


def _logit(share: NDArray[np.float64]) -> NDArray[np.float64]:
    found = 1 - share
    np.divide(share, found, out=found)
    return np.log(found, out=found)
