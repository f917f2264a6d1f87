"""Colours of head, upper and lower body, in every frame: where they lie follows from the box."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import numpy as np

from identity.appearance.colour import colour_histograms
from identity.appearance.zones import framing_of, strip_of

if TYPE_CHECKING:
    from identity.appearance.cues.crops import Crops, Measured
    from identity.appearance.zones import Zone


def measure(crops: Crops, cue: str) -> Measured:
    """Return the rows whose zone `cue` is in view, and the colours of it."""
    rows: list[int] = []
    patches = []
    for row, crop in crops.pictures.items():
        x1, y1, x2, y2 = crops.found.xyxy[row].tolist()
        framing = framing_of((x1, y1, x2, y2), width_px=crops.width_px, height_px=crops.height_px)
        strip = strip_of(cast("Zone", cue), framing)
        if strip is None:
            continue
        height, width = crop.shape[:2]
        top, left = int(strip.y1 * height), int(strip.x1 * width)
        patch = crop[
            top : max(int(strip.y2 * height), top + 1),
            left : max(int(strip.x2 * width), left + 1),
        ]
        if patch.size:
            rows.append(row)
            patches.append(patch)
    return np.array(rows, np.int64), colour_histograms(patches)
