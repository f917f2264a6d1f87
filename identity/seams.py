"""Cuts that are none: all that changed from one picture to the next lies inside people's boxes.

Somebody large who appears at once, or two who exchange looks, change so much of a picture that it
is taken for the first one of a new shot. A cut changes the set as well, or its people stand
elsewhere: between rendered and generated shots the set differs by ten grey levels and more, at
such a seam by one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from identity.setups import cover
from tracker import boxes

if TYPE_CHECKING:
    from numpy.typing import NDArray

_MIN_FREE = 0.25  # share of a picture outside all boxes; less of the set says nothing
_MAX_MEAN, _MAX_HIGH = 3.0, 6.0  # grey levels by which the set may change, and nearly all of it
_HIGH = 0.95
_STAYS_IOU = 0.5  # of the boxes of who is there before and after
_MAX_SHARE = 0.15  # of the set's own spread that it may change: two dark sets are alike anyway


def is_seam(
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
        >>> is_seam(wall, somebody, nobody, box, picture_px=(320, 180))
        True
        >>> is_seam(wall, 255 - somebody, nobody, box, picture_px=(320, 180))
        False
    """
    tall, wide = before.shape[:2]
    free = np.ones((tall, wide), np.bool_)
    for box in (*boxes_before, *boxes_after):
        cover(free, box, picture_px=picture_px)
    if free.mean() < _MIN_FREE:
        return False
    change = np.abs(before[free].astype(np.float32) - after[free]).mean(axis=-1)
    limit = min(_MAX_MEAN, _MAX_SHARE * float(before[free].std()))
    if change.mean() > limit or np.quantile(change, _HIGH) > _MAX_HIGH:
        return False
    few, many = sorted((boxes_before, boxes_after), key=len)
    return not len(few) or bool((boxes.iou(few, many).max(axis=1) >= _STAYS_IOU).all())
