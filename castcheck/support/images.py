"""Small JPEGs of crops, for the page."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

_JPEG_QUALITY = 82


def jpeg_of(rgb: NDArray[np.uint8]) -> bytes:
    """Return an (h, w, 3) RGB picture as JPEG."""
    quality = [cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY]
    _, data = cv2.imencode(".jpg", np.ascontiguousarray(rgb[:, :, ::-1]), quality)
    return bytes(data)


def shrunk(rgb: NDArray[np.uint8], *, max_height_px: int) -> NDArray[np.uint8]:
    """Return the picture no higher than `max_height_px`, in its proportions."""
    height, width = rgb.shape[:2]
    if height <= max_height_px:
        return rgb
    size = (max(round(width * max_height_px / height), 1), max_height_px)
    return np.asarray(cv2.resize(rgb, size, interpolation=cv2.INTER_AREA), np.uint8)


def shrunk_jpeg(rgb: NDArray[np.uint8], *, max_height_px: int) -> tuple[bytes, int, int]:
    """Return the shrunk picture as JPEG, its width and its height in pixels.

    Example:
        >>> shrunk_jpeg(np.zeros((20, 10, 3), np.uint8), max_height_px=10)[1:]
        (5, 10)
    """
    small = shrunk(rgb, max_height_px=max_height_px)
    return jpeg_of(small), small.shape[1], small.shape[0]
