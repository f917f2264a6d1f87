"""Where on a head its hair, eyes and jaw are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from identity.appearance.colour import colour_histograms

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from identity.appearance.cues.crops import Crops, Measured, Picture


class HeadPlace(NamedTuple):
    """A part of a head, in shares of its box.

    Attributes:
        top, bottom: From where to where of its height.
        inset: Of its width, left out on either side: what is beside or behind.
    """

    top: float
    bottom: float
    inset: float


# The box of a head is square and a head is round: where it is narrower, more is left out.
HEAD_PLACES = {
    "hair": HeadPlace(0.0, 0.5, 0.1),
    "eyes": HeadPlace(0.40, 0.65, 0.2),
    "jaw": HeadPlace(0.72, 1.0, 0.2),
}


def head_colours(crops: Crops, cue: str, chosen: NDArray[np.int64]) -> Measured:
    """Return the rows of some of the sampled boxes, and the colours of a part of their heads.

    Args:
        crops: The boxes.
        cue: One of `HEAD_PLACES`.
        chosen: (K,) which of the sampled ones.
    """
    rows = np.array(crops.sampled, np.int64)[chosen]
    if cue in crops.colours:
        return rows, crops.colours[cue][1][chosen]
    pictures = [crops.pictures[row] for row in rows.tolist()]
    patches = head_patches(pictures, crops.told.head_box[chosen], HEAD_PLACES[cue])
    return rows, colour_histograms(patches)


def head_patches(
    crops: Sequence[Picture], head_boxes: NDArray[np.float32], place: HeadPlace
) -> list[Picture]:
    """Return one part of the head of each crop (h, w, 3), at least a pixel of it.

    Args:
        crops: Of whole boxes.
        head_boxes: (K, 4) x1, y1, x2, y2 in shares of the crops.
        place: Which part.

    Example:
        >>> crop = np.zeros((100, 50, 3), np.uint8)
        >>> head_patches([crop], np.array([[0.3, 0.0, 0.7, 0.2]]), HEAD_PLACES["hair"])[0].shape
        (10, 16, 3)
    """
    size_px = np.array([crop.shape[:2] for crop in crops], np.float64).reshape(-1, 2)
    edges = np.stack(head_edges(size_px, head_boxes.astype(np.float64), place), axis=1)
    return [
        crop[top:bottom, left:right]
        for crop, (top, left, bottom, right) in zip(crops, edges.astype(int).tolist(), strict=True)
    ]


def head_edges(size_px: Any, head_boxes: Any, place: HeadPlace) -> tuple[Any, Any, Any, Any]:
    """Return top, left, bottom and right of a part of the head, (K,) whole pixels of each crop.

    Arrays or tensors, both float64: on a GPU colours are read before anything comes back.

    Args:
        size_px: (K, 2) height and width of crops.
        head_boxes: (K, 4) x1, y1, x2, y2 in shares of them.
        place: Which part.
    """
    height, width = size_px[:, 0], size_px[:, 1]
    x1, x2 = head_boxes[:, 0] * width, head_boxes[:, 2] * width
    y1, y2 = head_boxes[:, 1] * height, head_boxes[:, 3] * height
    aside = place.inset * (x2 - x1)
    left = (x1 + aside).round().clip(min=0).clip(max=width - 1)
    top = (y1 + place.top * (y2 - y1)).round().clip(min=0).clip(max=height - 1)
    right = (x2 - aside).round().clip(min=left + 1).clip(max=width)
    bottom = (y1 + place.bottom * (y2 - y1)).round().clip(min=top + 1).clip(max=height)
    return top, left, bottom, right
