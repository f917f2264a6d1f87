"""Colours of two levels of the head, where it faces the camera: eyes or glasses, jaw or beard.

The head as a whole hardly changes when somebody puts on glasses or grows a beard. Its levels do,
and each of them is compared by itself: too small a part of anybody to say who it is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from identity.appearance.colour import colour_histograms
from identity.appearance.cues.parts import HEAD, in_view

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from identity.appearance.cues.crops import Crops, Measured

# From where to where of the height of a head.
LEVELS = {"eyes": (0.40, 0.65), "jaw": (0.72, 1.0)}
_INSET = 0.2  # of its width: ears, hair, and what is behind
MIN_HEAD_PX = 40  # tall; the eyes are ten rows then
MIN_FACING = 0.5  # cosine; from farther aside a level shows hair and an ear


def measure(crops: Crops, cue: str) -> Measured:
    """Return the rows whose head is in view, large and turned here, and the colours of a level."""
    parts = crops.told
    shown = np.flatnonzero(in_view(parts, HEAD) & (parts.facing >= MIN_FACING)).tolist()
    rows, patches = [], []
    for k in shown:
        row = crops.sampled[k]
        crop, head_box = crops.pictures[row], parts.head_box[k]
        if (head_box[3] - head_box[1]) * crop.shape[0] >= MIN_HEAD_PX:
            rows.append(row)
            patches.append(level_patch(crop, head_box, *LEVELS[cue]))
    return np.array(rows, np.int64), colour_histograms(patches)


def level_patch(
    crop: NDArray[np.uint8], head_box: NDArray[np.float32], top_share: float, bottom_share: float
) -> NDArray[np.uint8]:
    """Return one level of the head of an (h, w, 3) crop.

    Args:
        crop: Of the whole box.
        head_box: (4,) x1, y1, x2, y2 in shares of the crop.
        top_share: Where the level begins, in shares of the height of the head.
        bottom_share: Where it ends.

    Example:
        >>> crop = np.zeros((200, 100, 3), np.uint8)
        >>> level_patch(crop, np.array([0.3, 0.0, 0.7, 0.5]), 0.5, 0.8).shape
        (30, 24, 3)
    """
    height, width = crop.shape[:2]
    x1, y1, x2, y2 = head_box * (width, height, width, height)
    aside = _INSET * (x2 - x1)
    left = int(np.clip(round(x1 + aside), 0, width - 1))
    top = int(np.clip(round(y1 + top_share * (y2 - y1)), 0, height - 1))
    right = max(round(x2 - aside), left + 1)
    bottom = max(round(y1 + bottom_share * (y2 - y1)), top + 1)
    return crop[top:bottom, left:right]
