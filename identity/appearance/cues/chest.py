"""Colours of the chest, where the embedder finds the head above it: what words for clothes go by.

Heads measure bodies: shoulders begin a third of a head below the chin, and two heads below it a
child's trousers may. As wide as the head, the place holds neither arms nor what is behind them.
Nothing is judged by it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from identity.appearance.colour import colour_histograms
from identity.appearance.cues.crops import parts_by_head
from identity.appearance.cues.parts import HEAD, UPPER, in_view

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from identity.appearance.cues.crops import Crops, Measured, Picture

# In heights of the head, from its lower edge.
_FROM, _TO = 0.3, 1.1
_LEAST = 0.25  # of it in the crop; less is a collar


def measure(crops: Crops, cue: str) -> Measured:
    """Return the rows whose chest is in view, and the colours of it."""
    heads = crops.told.head_box
    shown = np.flatnonzero(in_view(crops.told, HEAD) & in_view(crops.told, UPPER) & below(heads))
    rows = np.array(crops.sampled, np.int64)[shown]
    if cue in crops.colours:
        return rows, crops.colours[cue][1][shown]
    pictures = [crops.pictures[row] for row in rows.tolist()]
    return rows, colour_histograms(chest_patches(pictures, heads[shown]))


def below(head_boxes: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Tell under which heads (K, 4), in shares of their crops, the crop shows a chest.

    Example:
        >>> below(np.array([[0.3, 0.0, 0.7, 0.4], [0.1, 0.1, 0.9, 0.9]]))
        array([ True, False])
    """
    height = head_boxes[:, 3] - head_boxes[:, 1]
    return np.asarray(head_boxes[:, 3] + (_FROM + _LEAST) * height <= 1, np.bool_)


def chest_patches(crops: Sequence[Picture], head_boxes: NDArray[np.float32]) -> list[Picture]:
    """Return the chest of each crop (h, w, 3), at least a pixel of it.

    Args:
        crops: Of whole boxes.
        head_boxes: (K, 4) x1, y1, x2, y2 in shares of the crops.

    Example:
        >>> crop = np.zeros((100, 50, 3), np.uint8)
        >>> chest_patches([crop], np.array([[0.3, 0.0, 0.7, 0.2]]))[0].shape
        (16, 20, 3)
    """
    return parts_by_head(crops, head_boxes, chest_edges)


def chest_edges(size_px: Any, head_boxes: Any) -> tuple[Any, Any, Any, Any]:
    """Return top, left, bottom and right of the chest below heads, (K,) whole pixels of crops.

    Arrays or tensors, both float64, as in `hair.hair_edges`.

    Args:
        size_px: (K, 2) height and width of crops.
        head_boxes: (K, 4) x1, y1, x2, y2 in shares of them.
    """
    height, width = size_px[:, 0], size_px[:, 1]
    head = (head_boxes[:, 3] - head_boxes[:, 1]) * height
    chin = head_boxes[:, 3] * height
    left = (head_boxes[:, 0] * width).round().clip(min=0).clip(max=width - 1)
    top = (chin + _FROM * head).round().clip(min=0).clip(max=height - 1)
    right = (head_boxes[:, 2] * width).round().clip(min=left + 1).clip(max=width)
    bottom = (chin + _TO * head).round().clip(min=top + 1).clip(max=height)
    return top, left, bottom, right
