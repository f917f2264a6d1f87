"""Who goes with whom: rows and columns of a table, paired at the least total cost.

Mostly everybody's best is somebody else, which is seen at a glance, and where two want one there
are few ways to try. SciPy solves the rest, and is imported then: it takes a seventh of the time
until a short clip is judged.
"""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Pairs = tuple[NDArray[np.int64], NDArray[np.int64]]

_FEW_WAYS = 300  # tried in the time of a picture's boxes
_AS_GOOD = 1e-6


def cheapest_pairs(cost: NDArray[np.floating]) -> Pairs:
    """Return rows, increasing, and their columns: as many as there are of whichever is fewer.

    Args:
        cost: (R, C), finite.

    Example:
        >>> rows, columns = cheapest_pairs(np.array([[0.1, 0.2], [0.1, 0.9]]))
        >>> rows.tolist(), columns.tolist()
        ([0, 1], [1, 0])
    """
    found = undisputed_pairs(cost)
    if found is not None:
        return found
    from scipy.optimize import linear_sum_assignment

    rows, columns = linear_sum_assignment(cost)
    return rows, columns


def pairs_of_most_gain(gain: NDArray[np.floating]) -> list[tuple[int, int]] | None:
    """Return the (row, column) pairs of greatest total gain; nobody has to have a partner.

    `None` = there are many ways, or two are as good.

    Args:
        gain: (R, C), 0 where a pair is impossible.

    Example:
        >>> pairs_of_most_gain(np.array([[0.9, 0.8], [0.8, 0.0]]))
        [(0, 1), (1, 0)]
    """
    choices: list[list[int | None]] = [[None, *np.flatnonzero(row > 0).tolist()] for row in gain]
    ways = 1
    for columns in choices:
        ways *= len(columns)
        if ways > _FEW_WAYS:
            return None
    best: tuple[int | None, ...] = ()
    best_gain = next_gain = -1.0
    for way in product(*choices):
        taken = [column for column in way if column is not None]
        if len(set(taken)) < len(taken):
            continue
        total = sum(float(gain[row, c]) for row, c in enumerate(way) if c is not None)
        if total > best_gain:
            best, best_gain, next_gain = way, total, best_gain
        else:
            next_gain = max(next_gain, total)
    if best_gain - next_gain < _AS_GOOD:
        return None
    return [(row, column) for row, column in enumerate(best) if column is not None]


def undisputed_pairs(cost: NDArray[np.floating]) -> Pairs | None:
    """Return the cheapest pairs where everybody has the cheapest partner; `None` = some do not.

    The total cannot be less than the sum of everybody's least cost. Where each has one cheapest
    partner and no two the same one, that is the sum, and of no other pairs.

    Example:
        >>> undisputed_pairs(np.array([[0.1, 0.2], [0.1, 0.9]])) is None
        True
    """
    if not cost.size:
        return np.zeros(0, np.int64), np.zeros(0, np.int64)
    if len(cost) > cost.shape[1]:
        turned = undisputed_pairs(cost.T)
        if turned is None:
            return None
        order = np.argsort(turned[1])
        return turned[1][order], turned[0][order]
    best = cost.argmin(axis=1)
    rows = np.arange(len(cost))
    is_alone = (cost == cost[rows, best][:, None]).sum(axis=1) == 1
    if not is_alone.all() or len(np.unique(best)) < len(best):
        return None
    return rows, best
