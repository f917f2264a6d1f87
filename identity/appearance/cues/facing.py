"""How far the body is turned from the camera, as (cos, sin): circumstances, nobody's look."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from identity.appearance.cues.crops import Crops, Measured


def measure(crops: Crops, _cue: str) -> Measured:
    """Return all rows that were looked at, and (cos, sin) of how far each is turned."""
    cosine = np.clip(crops.told.facing, -1, 1)
    turned = np.stack([cosine, np.sqrt(1 - cosine**2)], axis=1)
    return np.asarray(crops.sampled, np.int64), np.asarray(turned, np.float32)
