"""The histograms of `identity.appearance.colour`, measured where the pictures lie.

Their cosine with those of OpenCV is 0.9999 and more: a mean that lies between two grey levels may
be rounded to the other.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

from identity.appearance.colour import BINS, HIGH, HISTOGRAM_DIM, LOW, SIDE_PX
from scenes.device_pictures import scaled

if TYPE_CHECKING:
    from collections.abc import Sequence

_NODES = 33  # along each axis of OpenCV's table of Lab, between which it interpolates


def histograms_there(pictures: Any, rows: Sequence[int], edges: Any) -> Any:
    """Return (K, 486) float32 unit vectors of the colours of K places in pictures, a tensor there.

    Args:
        pictures: (N, H, W, 3) uint8, a tensor.
        rows: (K,) the picture of each.
        edges: (K, 4) int64 tensor, top, left, bottom, right.
    """
    import torch

    small = scaled(pictures, rows, edges, height_px=SIDE_PX, width_px=SIDE_PX)
    lab = _lab(small.reshape(len(small), SIDE_PX * SIDE_PX, 3) / 255)
    light, red, blue = (_shares(lab[..., k], k) for k in range(3))
    both = (light[..., :, None] * red[..., None, :]).flatten(2)
    bins = torch.bmm(both.transpose(1, 2), blue).reshape(len(small), HISTOGRAM_DIM)
    return (bins / (SIDE_PX * SIDE_PX)).sqrt()


def _lab(rgb: Any) -> Any:
    """Return CIE Lab of (..., 3) float32 sRGB in 0..1."""
    import torch

    rgb = ((rgb * 2**14).round() / 2**5).floor() / 2**9  # as OpenCV looks it up
    # The last axis of a grid names the innermost axis of the table first.
    grid = (rgb.flip(-1) * 2 - 1).reshape(1, 1, 1, -1, 3)
    lab = torch.nn.functional.grid_sample(
        _lab_table(rgb.device), grid, mode="bilinear", padding_mode="border", align_corners=True
    )
    return lab.reshape(3, -1).T.reshape(rgb.shape)


@functools.cache
def _lab_table(device: Any) -> Any:
    """Return (1, 3, 33, 33, 33) CIE Lab by red, green and blue, as OpenCV has it at its nodes.

    OpenCV is up to 0.3 off the formula, and the square root of a share makes much of the little
    that falls into the next bin.
    """
    import torch

    steps = np.linspace(0, 1, _NODES, dtype=np.float32)
    rgb = np.stack(np.meshgrid(steps, steps, steps, indexing="ij"), axis=-1)
    lab = cv2.cvtColor(rgb.reshape(-1, 1, 3), cv2.COLOR_RGB2LAB).reshape(rgb.shape)
    return torch.from_numpy(np.ascontiguousarray(lab.transpose(3, 0, 1, 2)))[None].to(device)


def _shares(values: Any, axis: int) -> Any:
    """Return (K, P, bins) how much of each pixel falls to the two bins beside its value."""
    import torch

    last = BINS[axis] - 1
    place = (values - float(LOW[axis])) / float(HIGH[axis] - LOW[axis]) * last
    place = place.clamp(0, last - 1e-3)
    return (1 - (place[..., None] - torch.arange(BINS[axis], device=values.device)).abs()).clamp(
        min=0
    )
