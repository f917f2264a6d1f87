"""Colours of head, upper and lower body, in every frame: where they lie follows from the box."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import numpy as np

from identity.appearance.colour import colour_histograms
from identity.appearance.zones import framing_of, strip_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from identity.appearance.cues.crops import Crops, Measured, Picture
    from identity.appearance.zones import Zone
    from tracker.detections import Detections


def measure(crops: Crops, cue: str) -> Measured:
    """Return the rows whose zone `cue` is in view, and the colours of it."""
    if cue in crops.colours:
        return crops.colours[cue]
    rows, patches = zone_patches(
        crops.found, crops.pictures, cue, width_px=crops.width_px, height_px=crops.height_px
    )
    return rows, colour_histograms(patches)


def zone_patches(
    found: Detections, pictures: Mapping[int, Picture], cue: str, *, width_px: int, height_px: int
) -> tuple[NDArray[np.int64], list[Picture]]:
    """Return the rows of `pictures` whose zone `cue` is in view, and the parts that show it.

    Args:
        found: All boxes.
        pictures: Row of a box to its crop, which may lie on a device.
        cue: A zone.
        width_px: Of the whole picture.
        height_px: Of the whole picture.
    """
    rows: list[int] = []
    patches = []
    for row, crop in pictures.items():
        x1, y1, x2, y2 = found.xyxy[row].tolist()
        framing = framing_of((x1, y1, x2, y2), width_px=width_px, height_px=height_px)
        strip = strip_of(cast("Zone", cue), framing)
        if strip is None:
            continue
        height, width = crop.shape[:2]
        top, left = int(strip.y1 * height), int(strip.x1 * width)
        patch = crop[
            top : max(int(strip.y2 * height), top + 1),
            left : max(int(strip.x2 * width), left + 1),
        ]
        if min(patch.shape):
            rows.append(row)
            patches.append(patch)
    return np.array(rows, np.int64), patches
