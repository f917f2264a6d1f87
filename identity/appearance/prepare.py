"""Crops to network input."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from identity.appearance.reid_specs import ReidSpec

BATCH_SIZE = 32  # crops that a network of ours sees at once


def prepare_crops(
    crops: Sequence[NDArray[np.uint8]], spec: ReidSpec, *, height_px: int, width_px: int
) -> NDArray[np.float32]:
    """Return (N, 3, height_px, width_px) float32 planes of N RGB crops (h, w, 3), as `spec` says.

    Example:
        >>> from identity.appearance.reid_specs import UNKNOWN
        >>> crop = np.zeros((10, 5, 3), np.uint8)
        >>> prepare_crops([crop], UNKNOWN, height_px=8, width_px=4).shape
        (1, 3, 8, 4)
    """
    # What a crop does not fill stays 0, which is the mean colour.
    planes = np.zeros((len(crops), 3, height_px, width_px), np.float32)
    every_level = np.arange(256, dtype=np.uint8)[:, None] / np.float32(spec.scale)
    seen_as = (every_level - np.array(spec.mean, np.float32)) / np.array(spec.std, np.float32)
    for row, crop in enumerate(crops):
        height, width = inner_size(crop.shape, spec, height_px, width_px)
        shrinks = crop.shape[0] > height and crop.shape[1] > width
        way = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
        sized = cv2.resize(crop, (width, height), interpolation=way)
        channels = cv2.split(sized)[::-1] if spec.bgr else cv2.split(sized)
        top, left = (height_px - height) // 2, (width_px - width) // 2
        inner = planes[row, :, top : top + height, left : left + width]
        for plane, channel, levels in zip(inner, channels, seen_as.T, strict=True):
            cv2.LUT(channel, np.ascontiguousarray(levels), dst=plane)
    return planes


def inner_size(
    shape: tuple[int, ...], spec: ReidSpec, height_px: int, width_px: int
) -> tuple[int, int]:
    """Return height and width that a crop (h, w, 3) takes of the input of a network."""
    if not spec.pads:
        return height_px, width_px
    factor = min(height_px / shape[0], width_px / shape[1])
    height = max(1, min(height_px, round(shape[0] * factor)))
    return height, max(1, min(width_px, round(shape[1] * factor)))
