"""Does the set go on? What lies behind the people tells a change of them from a cut.

Somebody large who changes at once, or two who exchange looks, change so much of a picture that it
is taken for the first one of a new shot. Outside their boxes everything then stays as it was: over
the labelled cuts of generated clips the set agrees by 0.91 at most and differs by a quarter of its
own spread at least, over errors planted in place by 0.99 and more and a fiftieth.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

from scenes.cuts_content import colour_step
from tracker import boxes

if TYPE_CHECKING:
    from numpy.typing import NDArray

_MARGINS = (0.10, 0.05)  # of a box's width on each side: hair and hands reach out of it
_MIN_FREE = 0.02  # share of a picture outside all boxes; less of the set says nothing
AGREES = 0.95  # correlation: sky and walls that are no set of ours reach 0.9 in most pictures
_DIFFERS = 0.15  # as a share of the set's own spread
NOISE_LEVELS = 2.0  # grey levels by which any film changes from frame to frame
_BLOCK_PX = 8  # of pictures about 96 px wide
_BLOCK_AGREES, _BLOCKS_STAY = 0.7, 0.15
_MIXED = 0.5  # a step beside that of a cut, as a share of it
_STAYS_IOU = 0.4  # of the boxes of who is there before and after
_STAYS_SHARE = 0.5  # of all their area: in a jump cut of a set people stand elsewhere


def set_goes_on(
    before: NDArray[np.uint8],
    after: NDArray[np.uint8],
    boxes_before: NDArray[np.float32],
    boxes_after: NDArray[np.float32],
    *,
    picture_px: tuple[int, int],
) -> bool:
    """Tell whether two neighbouring pictures are of one shot, whatever happens to its people.

    Args:
        before: (h, w, 3) uint8, the one picture, small.
        after: (h, w, 3) uint8, the next one.
        boxes_before: (N, 4) boxes of all people in the one.
        boxes_after: (M, 4) boxes of all people in the next.
        picture_px: (width, height) that boxes are measured in.

    Example:
        >>> wall = np.tile(np.arange(32, dtype=np.uint8) * 8, (18, 1))[..., None].repeat(3, axis=2)
        >>> somebody = wall.copy()
        >>> somebody[4:, 8:14] = 255
        >>> nobody, box = np.zeros((0, 4), np.float32), np.array([[80, 40, 140, 180]], np.float32)
        >>> set_goes_on(wall, somebody, nobody, box, picture_px=(320, 180))
        True
        >>> set_goes_on(wall, 255 - somebody, nobody, box, picture_px=(320, 180))
        False
    """
    few, many = sorted((boxes_before, boxes_after), key=len)
    if len(few):
        area = boxes.area(few)
        stays = boxes.iou(few, many).max(axis=1) >= _STAYS_IOU
        if float(area[stays].sum()) <= _STAYS_SHARE * float(area.sum()):
            return False
    everybody = np.concatenate([boxes_before, boxes_after])
    for margin in _MARGINS:
        free = free_of(before.shape[:2], everybody, picture_px=picture_px, margin=margin)
        if free.mean() >= _MIN_FREE:
            return _agrees(before[free], after[free])
    return _blocks_that_stay(before, after) >= _BLOCKS_STAY


def one_is_mixed(
    before: NDArray[np.uint8],
    last: NDArray[np.uint8],
    first: NDArray[np.uint8],
    after: NDArray[np.uint8],
) -> bool:
    """Tell whether one of the two pictures beside a cut is half of the other shot.

    Generators that fill in frames leave such pictures. They differ from their own shot about as
    much as from the other one.

    Args:
        before: (h, w, 3) uint8, a picture.
        last: The one after it, said to be the last of its shot.
        first: Said to be the first of the next shot.
        after: The one after that.

    Example:
        >>> old, new = np.zeros((2, 2, 3), np.uint8), np.full((2, 2, 3), 200, np.uint8)
        >>> one_is_mixed(old, new // 2, new, new), one_is_mixed(old, old, new, new)
        (True, False)
    """
    beside = max(colour_step(before, last), colour_step(first, after))
    return beside > _MIXED * colour_step(last, first)


def tone_of(
    picture: NDArray[np.uint8], xyxy: NDArray[np.float32], *, picture_px: tuple[int, int]
) -> NDArray[np.float32]:
    """Return (3,) mean CIE Lab of what nobody hides in a small picture; NaN where that is nothing.

    Args:
        picture: (h, w, 3) uint8 RGB.
        xyxy: (N, 4) boxes of everybody.
        picture_px: (width, height) that boxes are measured in.
    """
    pixels = np.flatnonzero(free_of(picture.shape[:2], xyxy, picture_px=picture_px))
    if len(pixels) < _MIN_FREE * picture[..., 0].size:
        return np.full(3, np.nan, np.float32)
    lab = cv2.cvtColor(np.float32(picture) / 255, cv2.COLOR_RGB2LAB).reshape(-1, 3)
    return np.asarray(lab.take(pixels, axis=0).mean(axis=0), np.float32)


def free_of(
    shape: tuple[int, ...],
    xyxy: NDArray[np.float32],
    *,
    picture_px: tuple[int, int],
    margin: float = _MARGINS[0],
) -> NDArray[np.bool_]:
    """Return (h, w) where none of the boxes (N, 4), with a margin in box widths, lies."""
    tall, wide = shape
    free = np.ones((tall, wide), np.bool_)
    cells = np.array([wide, tall]) / np.array(picture_px)
    for box in xyxy.astype(np.float64):
        around = margin * (box[2] - box[0])
        low = np.floor((box[:2] - around) * cells).astype(int).clip(0)
        high = np.ceil((box[2:] + around) * cells).astype(int).clip(0)
        free[low[1] : high[1], low[0] : high[0]] = False
    return free


def _agrees(one: NDArray[np.uint8], two: NDArray[np.uint8]) -> bool:
    """Tell whether (K, 3) pixels are the same ones, up to noise, coding and a small movement."""
    a, b = one.astype(np.float64).ravel(), two.astype(np.float64).ravel()
    difference = float(np.abs(a - b).mean())
    spread = float(a.std())
    if min(spread, float(b.std())) < NOISE_LEVELS:
        return difference < NOISE_LEVELS
    return difference <= _DIFFERS * spread and float(np.corrcoef(a, b)[0, 1]) >= AGREES


def _blocks_that_stay(one: NDArray[np.uint8], two: NDArray[np.uint8]) -> float:
    """Return the share of blocks of the whole picture that stay as they were.

    Where people fill the picture no set is seen, but even then some of them stays: a shoulder,
    a collar, a corner.
    """
    a, b = (_blocks(cv2.cvtColor(p, cv2.COLOR_RGB2GRAY).astype(np.float64)) for p in (one, two))
    inner_a, inner_b = (x - x.mean(axis=1, keepdims=True) for x in (a, b))
    spread_a, spread_b = inner_a.std(axis=1), inner_b.std(axis=1)
    textured = np.maximum(spread_a, spread_b) > 2 * NOISE_LEVELS
    alike = (inner_a * inner_b).mean(axis=1) / np.maximum(spread_a * spread_b, 1e-6)
    level = np.abs(a.mean(axis=1) - b.mean(axis=1)) < 6 * NOISE_LEVELS
    return float(np.where(textured, alike > _BLOCK_AGREES, level).mean())


def _blocks(picture: NDArray[np.float64]) -> NDArray[np.float64]:
    side = _BLOCK_PX
    tall, wide = (length // side for length in picture.shape)
    cut = picture[: tall * side, : wide * side]
    return cut.reshape(tall, side, wide, side).swapaxes(1, 2).reshape(-1, side * side)
