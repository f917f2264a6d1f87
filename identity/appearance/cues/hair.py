"""Colours of the upper half of the head, where the embedder finds it: hair, hat or bald head."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from identity.appearance.colour import colour_histograms
from identity.appearance.cues.parts import HEAD, in_view

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from identity.appearance.cues.crops import Crops, Measured

_INSET = 0.1


def measure(crops: Crops, _cue: str) -> Measured:
    """Return the rows whose head is in view, and the colours of their hair."""
    parts = crops.told
    with_head = np.flatnonzero(in_view(parts, HEAD))
    rows = np.array(crops.sampled, np.int64)[with_head]
    patches = [
        hair_patch(crops.pictures[row], parts.head_box[k])
        for row, k in zip(rows.tolist(), with_head, strict=True)
    ]
    return rows, colour_histograms(patches)


def hair_patch(crop: NDArray[np.uint8], head_box: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Return the upper half of the head of an (h, w, 3) crop: hair, hat or bald head.

    Args:
        crop: Of the whole box.
        head_box: (4,) x1, y1, x2, y2 in shares of the crop.

    Example:
        >>> hair_patch(np.zeros((100, 50, 3), np.uint8), np.array([0.3, 0.0, 0.7, 0.2])).shape
        (10, 16, 3)
    """
    height, width = crop.shape[:2]
    x1, y1, x2, y2 = head_box * (width, height, width, height)
    aside = _INSET * (x2 - x1)  # a head is round: its box's corners show what is behind
    left = int(np.clip(round(x1 + aside), 0, width - 1))
    top = int(np.clip(round(y1), 0, height - 1))
    right, bottom = max(round(x2 - aside), left + 1), max(round((y1 + y2) / 2), top + 1)
    return crop[top:bottom, left:right]
