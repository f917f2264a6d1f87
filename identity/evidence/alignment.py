"""Is the camera back in a set-up, with another framing? And where does a place lie now?

Two small pictures are laid over each other at every shift and some scales, by what no box of a
person hides in either: masked normalised cross-correlation (Padfield, "Masked object registration
in the Fourier domain", IEEE Transactions on Image Processing 2012).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import cv2
import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

_SCALES = (0.75, 0.82, 0.89, 0.94, 1.0, 1.06, 1.12, 1.22, 1.34)
_MIN_AGREES = 0.96  # sky and walls that are no set of ours reach 0.9 in most pictures
_MIN_SHARE = 0.07  # of the picture that must be free in both: less is a gradient like any other
_MIN_FREE_SHARE = 0.5  # ... and of what is free in the one that has less of it
_MIN_SPREAD_LEVELS = 5.0


@dataclass(frozen=True, slots=True)
class Alignment:
    """How a second picture lies over a first one.

    Attributes:
        agrees: Correlation of what is seen of the set in both, in [-1, 1].
        scale: By which the second one is enlarged.
        shift: (x, y) that is then added, as shares of the width and height of the first.
    """

    agrees: float
    scale: float
    shift: tuple[float, float]

    def mapped(
        self, xyxy: NDArray[np.float32], *, picture_px: tuple[int, int]
    ) -> NDArray[np.float32]:
        """Return (N, 4) where boxes of the second picture lie in the first.

        Example:
            >>> moved = Alignment(1.0, 1.0, (0.1, 0.0))
            >>> moved.mapped(np.array([[0, 0, 10, 20]], np.float32), picture_px=(100, 50)).tolist()
            [[10.0, 0.0, 20.0, 20.0]]
        """
        move = np.array(self.shift * 2) * np.array(picture_px * 2)
        return np.asarray(xyxy * self.scale + move, np.float32)


def aligned(
    first: NDArray[np.uint8],
    free_first: NDArray[np.bool_],
    second: NDArray[np.uint8],
    free_second: NDArray[np.bool_],
) -> Alignment | None:
    """Return how two pictures of one set-up lie over each other; `None` = it is another one.

    Args:
        first: (h, w, 3) uint8, small.
        free_first: (h, w) bool, where nobody stands in it.
        second: (h, w, 3) uint8 of the same size.
        free_second: (h, w) bool.
    """
    tall, wide = first.shape[:2]
    one = _grey(first), free_first.astype(np.float64)
    best: Alignment | None = None
    for scale in _SCALES:
        size = round(wide * scale), round(tall * scale)
        two = (
            cv2.resize(_grey(second), size, interpolation=cv2.INTER_AREA),
            (cv2.resize(free_second.astype(np.float32), size) > 1 - 1e-3).astype(np.float64),
        )
        least = max(_MIN_FREE_SHARE * min(one[1].sum(), two[1].sum()), _MIN_SHARE * tall * wide)
        agrees, dx, dy = _best_shift(*one, *two, least=least)
        if agrees >= _MIN_AGREES and (best is None or agrees > best.agrees):
            best = Alignment(agrees, scale, (dx / wide, dy / tall))
    return best


def _grey(picture: NDArray[np.uint8]) -> NDArray[np.float64]:
    grey = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY).astype(np.float64)
    return np.asarray(cv2.GaussianBlur(grey, (0, 0), 1.0), np.float64)


def _best_shift(
    a: NDArray[np.float64],
    known_a: NDArray[np.float64],
    b: NDArray[np.float64],
    known_b: NDArray[np.float64],
    *,
    least: float,
) -> tuple[float, int, int]:
    """Return the best correlation over all shifts of `b` over `a`, and that shift (x, y)."""
    shape = a.shape[0] + b.shape[0] - 1, a.shape[1] + b.shape[1] - 1
    fast = cv2.getOptimalDFTSize(shape[0]), cv2.getOptimalDFTSize(shape[1])

    def forward(values: NDArray[np.float64]) -> NDArray[np.complex128]:
        return np.fft.rfft2(values, fast)

    def back(product: NDArray[np.complex128]) -> NDArray[np.float64]:
        return np.asarray(np.fft.irfft2(product, fast)[: shape[0], : shape[1]])

    turned, known = (b * known_b)[::-1, ::-1], known_b[::-1, ::-1]
    fa, faa, fka = forward(a * known_a), forward(a * a * known_a), forward(known_a)
    fb, fbb, fkb = forward(turned), forward(turned * b[::-1, ::-1]), forward(known)
    number = np.maximum(back(fka * fkb), 1.0)
    sum_a, sum_b = back(fa * fkb), back(fka * fb)
    spread_a = np.maximum(back(faa * fkb) / number - (sum_a / number) ** 2, 0)
    spread_b = np.maximum(back(fka * fbb) / number - (sum_b / number) ** 2, 0)
    both = back(fa * fb) / number - sum_a * sum_b / number**2
    enough = (number >= least) & (np.minimum(spread_a, spread_b) >= _MIN_SPREAD_LEVELS**2)
    score = np.where(enough, both / np.maximum(np.sqrt(spread_a * spread_b), 1e-6), -1.0)
    row, column = np.unravel_index(int(score.argmax()), score.shape)
    return float(score[row, column]), int(column) - b.shape[1] + 1, int(row) - b.shape[0] + 1


class Sets(Protocol):
    """Whoever knows whether the camera is back in a set-up."""

    @property
    def picture_px(self) -> tuple[int, int]:
        """(width, height) that boxes are measured in."""

    def alignment(self, early: int, late: int) -> Alignment | None:
        """Return how a later shot lies over an earlier one; `None` = it is another set-up."""


@dataclass(frozen=True, slots=True, eq=False)
class SetPictures:
    """What shots look like where nobody stands.

    Attributes:
        pictures: (S, 2, h, w, 3) uint8, the first and last picture of every shot, small.
        free: (S, 2, h, w) bool, where nobody stands.
        picture_px: (width, height) that boxes are measured in.
    """

    pictures: NDArray[np.uint8]
    free: NDArray[np.bool_]
    picture_px: tuple[int, int]

    def alignment(self, early: int, late: int) -> Alignment | None:
        """Return how the first picture of one shot lies over the last one of an earlier shot."""
        return aligned(
            self.pictures[early, 1], self.free[early, 1], self.pictures[late, 0], self.free[late, 0]
        )
