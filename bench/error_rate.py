"""One number for how well similarity tells one person from two, for benches and training."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


def equal_error_rate(same: NDArray[np.floating], different: NDArray[np.floating]) -> float:
    """Return the rate at which both kinds of error are alike; NaN where either is missing.

    Example:
        >>> equal_error_rate(np.array([0.9, 0.8], "f4"), np.array([0.1, 0.2], "f4"))
        0.0
        >>> equal_error_rate(np.array([0.9, 0.1], "f4"), np.array([0.8, 0.2], "f4"))
        0.5
    """
    if not len(same) or not len(different):
        return float("nan")
    bars = np.unique(np.concatenate([same, different, [np.inf]]))
    missed = np.searchsorted(np.sort(same), bars, side="left") / len(same)
    taken = 1 - np.searchsorted(np.sort(different), bars, side="left") / len(different)
    best = int(np.abs(missed - taken).argmin())
    return float((missed[best] + taken[best]) / 2)


def area_under_curve(same: NDArray[np.floating], different: NDArray[np.floating]) -> float:
    """Return how often one person's pair is likelier than two people's; NaN without either.

    Example:
        >>> area_under_curve(np.array([0.9, 0.5], "f4"), np.array([0.5, 0.1], "f4"))
        0.875
    """
    if not len(same) or not len(different):
        return float("nan")
    ordered = np.sort(different)
    below = np.searchsorted(ordered, same, side="left")
    level = np.searchsorted(ordered, same, side="right")
    return float((below + level).mean() / (2 * len(different)))
