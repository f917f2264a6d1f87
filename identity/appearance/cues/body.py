"""The whole body, as the embedder sees it; without one, the colours of both its halves."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from identity.appearance.colour import HISTOGRAM_DIM, colour_histograms

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from identity.appearance.cues.crops import Crops, Measured

COLOUR_DIM = 2 * HISTOGRAM_DIM


def measure(crops: Crops, _cue: str) -> Measured:
    """Return the rows that were looked at, and their vectors."""
    return np.asarray(crops.sampled, np.int64), crops.body


def colour_bodies(crops: Sequence[NDArray[np.uint8]]) -> NDArray[np.float32]:
    """Return (N, 972) unit vectors of the colours of the upper and lower half of N crops.

    What stands in for a network where there is none: weak, but needs no weights.
    """
    halves = []
    for crop in crops:
        height, width = crop.shape[:2]
        inner = crop[:, int(0.1 * width) : max(int(0.9 * width), int(0.1 * width) + 1)]
        middle = max(height // 2, 1)
        halves += [inner[:middle], inner[middle:] if height > 1 else inner]
    joined = colour_histograms(halves).reshape(len(crops), COLOUR_DIM)
    return np.asarray(joined / np.sqrt(2), np.float32)
