"""Change over time: where in a row of looks somebody becomes somebody else (pure numeric core)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


class Likeness(Protocol):
    """Whatever has the blocks of a (K, K) matrix of cosines."""

    def __len__(self) -> int: ...

    def __getitem__(self, block: tuple[slice, slice], /) -> NDArray[np.float32]: ...


@dataclass(frozen=True, slots=True)
class Shift:
    """An abrupt change of looks.

    Attributes:
        index: The first sample of the new look.
        before: Mean likeness of the samples before it among each other.
        after: The same after it.
        across: Mean likeness between the two sides.
        near: Likeness across the change itself, between the samples right beside it.
    """

    index: int
    before: float
    after: float
    across: float
    near: float

    @property
    def loss(self) -> float:
        """How much likeness is lost, measured at the calmer way: small sides do not exaggerate."""
        return min(self.before, self.after) - self.across

    @property
    def abruptness(self) -> float:
        """Share in [0, 1] of the loss that happens between two neighbouring samples."""
        if self.loss <= 0:
            return 0.0
        return float(np.clip((min(self.before, self.after) - self.near) / self.loss, 0, 1))


class LikenessMatrix:
    """The (K, K) cosines of K unit rows, of which only the blocks asked for are ever made.

    Those of a take of two hours would fill 13 GB, and only what lies near the diagonal is read.

    Args:
        vectors: (K, D) float32 unit rows.

    Example:
        >>> LikenessMatrix(np.eye(3, dtype=np.float32))[0:1, 0:2]
        array([[1., 0.]], dtype=float32)
    """

    def __init__(self, vectors: NDArray[np.float32]) -> None:
        self._vectors = vectors

    def __len__(self) -> int:
        return len(self._vectors)

    def __getitem__(self, block: tuple[slice, slice]) -> NDArray[np.float32]:
        rows, columns = block
        return np.asarray(self._vectors[rows] @ self._vectors[columns].T, np.float32)


def likeness_matrix(vectors: NDArray[np.float32]) -> LikenessMatrix:
    """Return the cosines of the (K, D) unit rows."""
    return LikenessMatrix(vectors)


def strongest_shift(likeness: Likeness, *, min_side: int, window: int) -> Shift | None:
    """Return the split of K samples that loses most likeness, `None` where K is too small.

    Args:
        likeness: (K, K) symmetric, 1 on the diagonal.
        min_side: Samples that each side needs.
        window: Samples on each side that are looked at; those farther away do not count.

    Example:
        >>> a = np.ones((6, 6), np.float32); a[:3, 3:] = a[3:, :3] = 0.2
        >>> shift = strongest_shift(a, min_side=2, window=10)
        >>> shift.index, round(shift.loss, 2), shift.abruptness
        (3, 0.8, 1.0)
    """
    shifts = [
        shift_at(likeness, index, window=window)
        for index in range(min_side, len(likeness) - min_side + 1)
    ]
    return max(shifts, key=lambda s: s.loss * (0.5 + 0.5 * s.abruptness), default=None)


def shift_at(likeness: Likeness, index: int, *, window: int) -> Shift:
    """Return how the samples before `index` compare with those from it on."""
    low, high = max(0, index - window), min(len(likeness), index + window)
    near_low, near_high = max(low, index - 2), min(high, index + 2)
    return Shift(
        index,
        _mean_among(likeness[low:index, low:index]),
        _mean_among(likeness[index:high, index:high]),
        float(likeness[low:index, index:high].mean()),
        float(likeness[near_low:index, index:near_high].mean()),
    )


def _mean_among(block: NDArray[np.float32]) -> float:
    """Return the mean off the diagonal; a single sample agrees with itself."""
    count = len(block)
    if count < 2:
        return 1.0
    return float((block.sum() - np.trace(block)) / (count * (count - 1)))


def monotone_trend(values: NDArray[np.float32]) -> float:
    """Return Kendall's rank correlation of `values` (K,) with time, in [-1, 1]; 0 for K < 3.

    Kendall, "A New Measure of Rank Correlation", Biometrika 1938.

    Example:
        >>> monotone_trend(np.array([3, 2, 1], np.float32))
        -1.0
    """
    count = len(values)
    if count < 3:
        return 0.0
    rows, columns = np.triu_indices(count, 1)
    return float(np.sign(values[columns] - values[rows]).mean())
