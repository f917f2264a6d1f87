"""Colours of the upper half of the head, where the embedder finds it: hair, hat or bald head."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from identity.appearance.colour import colour_histograms
from identity.appearance.cues.crops import parts_by_head
from identity.appearance.cues.parts import HEAD, in_view

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from identity.appearance.cues.crops import Crops, Measured, Picture

# Of the width of a head's box, on either side: the box is square and a head is round.
_BESIDE_SHARE = 0.1


def measure(crops: Crops, cue: str) -> Measured:
    """Return the rows whose head is in view, and the colours of their hair."""
    shown = np.flatnonzero(in_view(crops.told, HEAD))
    rows = np.array(crops.sampled, np.int64)[shown]
    if cue in crops.colours:
        return rows, crops.colours[cue][1][shown]
    pictures = [crops.pictures[row] for row in rows.tolist()]
    return rows, colour_histograms(hair_patches(pictures, crops.told.head_box[shown]))


def hair_patches(crops: Sequence[Picture], head_boxes: NDArray[np.float32]) -> list[Picture]:
    """Return the upper half of the head of each crop (h, w, 3), at least a pixel of it.

    Args:
        crops: Of whole boxes.
        head_boxes: (K, 4) x1, y1, x2, y2 in shares of the crops.

    Example:
        >>> crop = np.zeros((100, 50, 3), np.uint8)
        >>> hair_patches([crop], np.array([[0.3, 0.0, 0.7, 0.2]]))[0].shape
        (10, 16, 3)
    """
    return parts_by_head(crops, head_boxes, hair_edges)


def hair_edges(size_px: Any, head_boxes: Any) -> tuple[Any, Any, Any, Any]:
    """Return top, left, bottom and right of the upper half of heads, (K,) whole pixels of crops.

    Arrays or tensors, both float64: on a GPU colours are read before anything comes back.

    Args:
        size_px: (K, 2) height and width of crops.
        head_boxes: (K, 4) x1, y1, x2, y2 in shares of them.
    """
    height, width = size_px[:, 0], size_px[:, 1]
    x1, x2 = head_boxes[:, 0] * width, head_boxes[:, 2] * width
    y1, y2 = head_boxes[:, 1] * height, head_boxes[:, 3] * height
    beside = _BESIDE_SHARE * (x2 - x1)
    left = (x1 + beside).round().clip(min=0).clip(max=width - 1)
    top = y1.round().clip(min=0).clip(max=height - 1)
    right = (x2 - beside).round().clip(min=left + 1).clip(max=width)
    bottom = (y1 + (y2 - y1) / 2).round().clip(min=top + 1).clip(max=height)
    return top, left, bottom, right
