"""Colour of a part of a character as a soft histogram in CIE Lab, compared by Hellinger's affinity.

Square roots of histograms are unit vectors whose dot product is the Bhattacharyya coefficient
(Bhattacharyya 1943), so colour cues and network cues are compared by the same dot product.
Soft binning keeps a small shift of light from moving everything into the next bin.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from scenes.device_pictures import DeviceCrop

BINS = (6, 9, 9)
LOW = np.array([0.0, -50.0, -50.0], np.float32)
HIGH = np.array([100.0, 60.0, 60.0], np.float32)
SIDE_PX = 16  # patches are averaged down to this: texture and noise are not colour
HISTOGRAM_DIM = int(np.prod(BINS))


def colour_histogram(patch_rgb: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return the (486,) unit vector of the colours of a (h, w, 3) RGB patch.

    Example:
        >>> red = np.full((4, 4, 3), (200, 0, 0), np.uint8)
        >>> blue = np.full((4, 4, 3), (0, 0, 200), np.uint8)
        >>> float(colour_histogram(red) @ colour_histogram(red)) > 0.99
        True
        >>> float(colour_histogram(red) @ colour_histogram(blue)) < 0.1
        True
    """
    row: NDArray[np.float32] = colour_histograms([patch_rgb])[0]
    return row


def colour_histograms(patches_rgb: Sequence[NDArray[np.uint8] | DeviceCrop]) -> NDArray[np.float32]:
    """Return (N, 486) float32 unit vectors of the colours of N patches (h, w, 3) of any size.

    All patches in one go: the arithmetic of a single one is too little to be worth its calls.
    """
    count = len(patches_rgb)
    if not count:
        return np.zeros((0, HISTOGRAM_DIM), np.float32)
    small = np.empty((count, SIDE_PX, SIDE_PX, 3), np.uint8)
    size = (SIDE_PX, SIDE_PX)
    for row, patch in enumerate(patches_rgb):
        cv2.resize(np.asarray(patch), size, dst=small[row], interpolation=cv2.INTER_AREA)
    column = small.reshape(-1, SIDE_PX, 3).astype(np.float32) / np.float32(255)
    lab = cv2.cvtColor(column, cv2.COLOR_RGB2LAB)
    steps = np.array(BINS) - 1
    place = (lab.reshape(-1, 3) - LOW) / (HIGH - LOW) * steps
    place = np.clip(place, 0, steps - 1e-3)
    low = place.astype(np.int64)
    part = place - low
    share = (1 - part, part)
    first = np.repeat(np.arange(count) * HISTOGRAM_DIM, SIDE_PX * SIDE_PX)
    first = first + (low[:, 0] * BINS[1] + low[:, 1]) * BINS[2] + low[:, 2]
    histogram = np.zeros(count * HISTOGRAM_DIM, np.float64)
    for corner in range(8):
        a, b, c = corner >> 2 & 1, corner >> 1 & 1, corner & 1
        weight = share[a][:, 0] * share[b][:, 1] * share[c][:, 2]
        flat = first + (a * BINS[1] + b) * BINS[2] + c
        histogram += np.bincount(flat, weight, len(histogram))
    rows = histogram.reshape(count, HISTOGRAM_DIM)
    return np.asarray(np.sqrt(rows / rows.sum(axis=1, keepdims=True)), np.float32)


def mean_lightness(vector: NDArray[np.float32]) -> float:
    """Return the mean CIE L*, 0 black to 100 white, of a `colour_histogram` or a mean of some.

    Example:
        >>> grey = np.full((4, 4, 3), 119, np.uint8)
        >>> round(mean_lightness(colour_histogram(grey)))
        50
    """
    share = np.square(vector, dtype=np.float64)
    return float(share @ bin_colours()[:, 0] / max(share.sum(), 1e-9))


def bin_colours() -> NDArray[np.float64]:
    """Return (486, 3) the Lab colour that each bin of `colour_histogram` stands for."""
    axes = [np.linspace(LOW[k], HIGH[k], BINS[k]) for k in range(3)]
    return np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, 3).astype(np.float64)
