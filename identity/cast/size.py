"""How many characters there should be, if somebody said so: the likest ones are joined."""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


def merge_to_count(
    labels: NDArray[np.int64],
    characters: int | None,
    log_odds: NDArray[np.float64],
    apart: NDArray[np.bool_],
) -> NDArray[np.int64]:
    """Return the labels with the likest characters joined until there are no more than wanted.

    Two who are seen together stay two, so there may be more in the end: those are too many.

    Args:
        labels: (N,) character of each segment, -1 = nobody.
        characters: How many there should be; `None` = as many as there are.
        log_odds: (N, N) that two segments are one person.
        apart: (N, N) bool, seen together.

    Example:
        >>> odds = np.array([[0, -1, -9], [-1, 0, -9], [-9, -9, 0]], float)
        >>> merge_to_count(np.array([0, 1, 2]), 2, odds, np.zeros((3, 3), bool))
        array([0, 0, 2])
    """
    labels = labels.copy()
    groups = [int(k) for k in np.unique(labels) if k >= 0]
    while characters is not None and len(groups) > characters:
        best: tuple[float, int, int] | None = None
        for one, two in combinations(groups, 2):
            pair = np.ix_(labels == one, labels == two)
            if apart[pair].any():
                continue
            odds = float(log_odds[pair].mean())
            if best is None or odds > best[0]:
                best = (odds, one, two)
        if best is None:
            break
        labels[labels == best[2]] = best[1]
        groups.remove(best[2])
    return labels
