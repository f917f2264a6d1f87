"""Who is seen where somebody was seen before."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from identity.tracks.linking import SAME_PLACE_IOU
from tracker import boxes

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray


class Positions:
    """The places at which bodies are seen, each the median of its boxes.

    Args:
        tracks: Per body (T, 4) boxes in pixels, T at least 1.

    Example:
        >>> left, right = np.float32([[0, 0, 10, 30]]), np.float32([[40, 0, 50, 30]])
        >>> Positions([left, right, left + 1]).same_as(0).tolist()
        [True, False, True]
    """

    def __init__(self, tracks: Iterable[NDArray[np.float32]]) -> None:
        medians = [np.median(xyxy, axis=0) for xyxy in tracks]
        self._xyxy = np.array(medians, np.float32).reshape(-1, 4)

    def same_as(self, number: int) -> NDArray[np.bool_]:
        """Return (N,) who stands, and is seen, where that body is."""
        return np.asarray(
            boxes.iou(self._xyxy[number : number + 1], self._xyxy)[0] >= SAME_PLACE_IOU
        )

    def same(self, one: int, two: int) -> bool:
        """Tell whether two are seen at one place."""
        pair = self._xyxy[[one]], self._xyxy[[two]]
        return float(boxes.iou(*pair)[0, 0]) >= SAME_PLACE_IOU
