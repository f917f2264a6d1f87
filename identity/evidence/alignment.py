"""Is the camera back in a set-up, with another framing? And where does a place lie now?

Two small pictures are laid over each other at every shift and some scales, by what no box of a
person hides in either: masked normalised cross-correlation (Padfield, "Masked object registration
in the Fourier domain", IEEE Transactions on Image Processing 2012).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

import cv2
import numpy as np

from identity.evidence.same_place import AGREES
from identity.evidence.setups import MIN_FREE, MIN_SPREAD
from tracker import boxes

if TYPE_CHECKING:
    from numpy.typing import NDArray

_SCALES = (0.75, 0.82, 0.89, 0.94, 1.0, 1.06, 1.12, 1.22, 1.34)
_MIN_FREE_SHARE = 0.5  # of what is free in the one that has less of it: must be so in both


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


def lays_of_boxes(
    before: NDArray[np.float32], after: NDArray[np.float32], *, picture_px: tuple[int, int]
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Return how second pictures lie over first ones by where the same N places are in both.

    Args:
        before: (K, N, 4) boxes in the first picture.
        after: (K, N, 4) boxes of the same places in the second one.
        picture_px: (width, height) that boxes are measured in.

    Returns:
        `agrees`, `scale` and `shift` of K alignments: (K,), (K,) and (K, 2). `agrees` is the
        smallest overlap that the best scale leaves; 0 = none.
    """
    count, places = before.shape[:2]
    agrees, scales, shifts = np.zeros(count), np.ones(count), np.zeros((count, 2))
    for scale in _SCALES:
        move = (before - scale * after).reshape(count, 2 * places, 2).mean(axis=1)
        now = np.clip(scale * after + np.tile(move, 2)[:, None], 0, np.array(picture_px * 2))
        one, two = (rows.reshape(-1, 4).astype(np.float32) for rows in (before, now))
        fits = boxes.paired_iou(one, two).reshape(count, places).min(axis=1)
        better = fits > agrees
        agrees[better], scales[better] = fits[better], scale
        shifts[better] = move[better] / picture_px
    return agrees, scales, shifts


def may_lie_over(
    before: NDArray[np.float32], after: NDArray[np.float32], *, share: float
) -> NDArray[np.bool_]:
    """Return (K,) whether places of a second picture can lie at N places of a first one at all.

    Whatever set-up it is, `Alignment.mapped` then lays all of them so, at some scale and shift,
    that their boxes may overlap by `share`. Nothing is said of those that do.

    Args:
        before: (K, N, 4) boxes in the first picture.
        after: (K, N, 4) boxes in the second one.
        share: Intersection over union, even where boxes end at the edge of the picture.

    Example:
        >>> two = np.array([[[0, 0, 10, 20], [30, 0, 40, 20]]], np.float32)
        >>> may_lie_over(two, two, share=0.3), may_lie_over(two, two[:, ::-1], share=0.3)
        (array([ True]), array([False]))
    """
    scales = np.array(_SCALES)[:, None, None, None]
    # Less of a box than that, along either side, and the overlap is less too; but for rounding.
    least = (share - 1e-3) * (before[..., 2:] - before[..., :2])
    lowest = before[..., :2] + least - scales * after[..., 2:]
    highest = before[..., 2:] - least - scales * after[..., :2]
    shifts = lowest.max(axis=2) <= highest.min(axis=2)  # (scale, K, x and y)
    return np.asarray(shifts.all(axis=2).any(axis=0), np.bool_)


def aligned(
    first: NDArray[np.uint8],
    free_first: NDArray[np.bool_],
    second: NDArray[np.uint8],
    free_second: NDArray[np.bool_],
) -> Alignment | None:
    """Return how two pictures of one set-up lie over each other; `None` = it is another one.

    Of thousands of shifts one agrees by chance where little of the set is seen.

    Args:
        first: (h, w, 3) uint8, small.
        free_first: (h, w) bool, where nobody stands in it.
        second: (h, w, 3) uint8 of the same size.
        free_second: (h, w) bool.
    """
    tall, wide = first.shape[:2]
    one = _grey(first), free_first.astype(np.float64)
    grey, free = _grey(second), free_second.astype(np.float32)
    best: Alignment | None = None
    for scale in _SCALES:
        size = round(wide * scale), round(tall * scale)
        two = (
            cv2.resize(grey, size, interpolation=cv2.INTER_AREA),
            (cv2.resize(free, size) > 1 - 1e-3).astype(np.float64),
        )
        least = max(_MIN_FREE_SHARE * min(one[1].sum(), two[1].sum()), MIN_FREE * tall * wide)
        agrees, dx, dy = _best_shift(*one, *two, least=least)
        if agrees >= AGREES and (best is None or agrees > best.agrees):
            best = Alignment(agrees, scale, (dx / wide, dy / tall))
    return best


def shared_share(
    free_first: NDArray[np.bool_], free_second: NDArray[np.bool_], lay: Alignment
) -> float:
    """Return the share of a picture that nobody hides in either of two that lie so.

    Args:
        free_first: (h, w) bool, where nobody stands in the first one.
        free_second: (h, w) bool, the same of the second.
        lay: How the second lies over the first.

    Example:
        >>> left = np.zeros((4, 8), np.bool_)
        >>> left[:, :4] = True
        >>> shared_share(left, left, Alignment(1.0, 1.0, (0.25, 0.0)))
        0.25
    """
    tall, wide = free_first.shape
    moved = np.array(
        [[lay.scale, 0, lay.shift[0] * wide], [0, lay.scale, lay.shift[1] * tall]], np.float32
    )
    second = cv2.warpAffine(free_second.astype(np.uint8), moved, (wide, tall))
    return float((free_first & (second > 0)).mean())


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
    """Return the best correlation of `b` shifted over `a`, and the shift.

    At least `least` pixels must be known in both, so the two have at least so many rows and columns
    in common. Shifts that leave fewer may go round the edges of the transform and be mixed up.
    """
    tall, wide = (min(sides) for sides in zip(a.shape, b.shape, strict=True))
    rows, columns = (
        min(max(1, int(least // across)), own) for own, across in ((tall, wide), (wide, tall))
    )
    shape = a.shape[0] + b.shape[0] - rows, a.shape[1] + b.shape[1] - columns
    fast = cv2.getOptimalDFTSize(shape[0]), cv2.getOptimalDFTSize(shape[1])
    judged = np.s_[rows - 1 : shape[0], columns - 1 : shape[1]]

    def forward(values: NDArray[np.float64]) -> NDArray[np.float64]:
        padded = np.zeros(fast)
        padded[: values.shape[0], : values.shape[1]] = values
        return np.asarray(cv2.dft(padded, nonzeroRows=values.shape[0]))

    def sums(one: NDArray[np.float64], two: NDArray[np.float64]) -> NDArray[np.float64]:
        product = cv2.mulSpectrums(one, two, 0)
        flags = cv2.DFT_INVERSE | cv2.DFT_SCALE | cv2.DFT_REAL_OUTPUT
        return np.asarray(cv2.dft(product, flags=flags)[judged])

    fka, fkb = forward(known_a), forward(known_b[::-1, ::-1])
    number = sums(fka, fkb)
    enough = np.flatnonzero(number >= least)
    if not len(enough):
        return -1.0, 0, 0
    width = number.shape[1]
    number = np.maximum(number.take(enough), 1.0)
    turned = (b * known_b)[::-1, ::-1]
    fa, faa = forward(a * known_a), forward(a * a * known_a)
    fb, fbb = forward(turned), forward(turned * b[::-1, ::-1])
    mean_a, mean_b = sums(fa, fkb).take(enough) / number, sums(fka, fb).take(enough) / number
    spread_a = np.maximum(sums(faa, fkb).take(enough) / number - mean_a**2, 0)
    spread_b = np.maximum(sums(fka, fbb).take(enough) / number - mean_b**2, 0)
    both = sums(fa, fb).take(enough) / number - mean_a * mean_b
    flat = np.minimum(spread_a, spread_b) < MIN_SPREAD**2
    score = np.where(flat, -1.0, both / np.maximum(np.sqrt(spread_a * spread_b), 1e-6))
    best = int(score.argmax())
    row, column = divmod(int(enough[best]), width)
    return float(score[best]), column + columns - b.shape[1], row + rows - b.shape[0]


class Sets(Protocol):
    """Whoever knows whether the camera is back in a set-up."""

    @property
    def picture_px(self) -> tuple[int, int]:
        """(width, height) that boxes are measured in."""

    def alignment(self, early: int, late: int) -> Alignment | None:
        """Return how a later shot lies over an earlier one; `None` = it is another set-up."""

    def is_hidden(self, early: int, late: int, lay: Alignment) -> bool:
        """Tell whether people leave too little of the set to say that two shots lie so, or not."""


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
    _known: dict[tuple[int, int], Alignment | None] = field(default_factory=dict, repr=False)

    def alignment(self, early: int, late: int) -> Alignment | None:
        """Return how the first picture of one shot lies over the last one of an earlier shot.

        Several explanations ask about the same two shots: they are laid over each other once.
        """
        if (early, late) not in self._known:
            (one, free_one), (two, free_two) = (
                (self.pictures[shot, end], self.free[shot, end])
                for shot, end in ((early, 1), (late, 0))
            )
            self._known[early, late] = aligned(one, free_one, two, free_two)
        return self._known[early, late]

    def is_hidden(self, early: int, late: int, lay: Alignment) -> bool:
        """Tell whether people leave too little of the set to say that two shots lie so, or not."""
        return shared_share(self.free[early, 1], self.free[late, 0], lay) < MIN_FREE
