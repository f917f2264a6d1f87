"""The mask of somebody whose silhouette is not known: the box, soft at the edges."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from castcheck.planting.masks import GRID_PX, rect_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from castcheck.planting.track import Track

    Floats = NDArray[np.float32]


def soft_box(frame: int, box: Floats, others: Sequence[Track], size: tuple[int, int]) -> Floats:
    """Return the box with soft edges, that ends in the middle between it and whom it touches.

    It is not soft where the picture cuts it.
    """
    n = GRID_PX
    left, top, right, bottom = (float(v) for v in rect_of(box))
    x1, y1, x2, y2 = (float(v) for v in box)
    for other in others:
        far = other.at(frame)
        if far is None:
            continue
        ox1, oy1, ox2, oy2 = (float(v) for v in far)
        if ox1 < x2 and ox2 > x1 and oy1 < y2 and oy2 > y1:
            if (ox1 + ox2) > (x1 + x2):
                x2 = min(x2, (x2 + ox1) / 2)
            else:
                x1 = max(x1, (x1 + ox2) / 2)
    xs = (left + (np.arange(n) + 0.5) / n * (right - left)).astype(np.float32)
    ys = (top + (np.arange(n) + 0.5) / n * (bottom - top)).astype(np.float32)
    soft_x, soft_y = 0.10 * (x2 - x1), 0.10 * (y2 - y1)
    edge = 0.02 * max(size)

    def ramp(v: Floats, low: float, high: float, soft: float, end: float) -> Floats:
        rise = np.ones_like(v) if low <= edge else np.clip((v - low) / soft + 0.5, 0, 1)
        fall = np.ones_like(v) if high >= end - edge else np.clip((high - v) / soft + 0.5, 0, 1)
        return np.minimum(rise, fall)

    across = ramp(xs, x1, x2, soft_x, size[0])
    down = ramp(ys, y1, y2, soft_y, size[1])
    alpha = across[None, :] * down[:, None] * _shoulders(xs, ys, (x1, y1, x2, y2), soft_x)
    return np.asarray(alpha * alpha * (3 - 2 * alpha), np.float32)


def _shoulders(xs: Floats, ys: Floats, box: tuple[float, ...], soft: float) -> Floats:
    """Return the corners beside a head left out: there is background in every box."""
    x1, y1, x2, y2 = box
    y = np.clip((ys - y1) / max(1.0, y2 - y1), 0, 1)
    half = np.interp(y, (0, 0.12, 0.3, 0.55), (0.5, 0.78, 0.88, 1.0))[:, None] * (x2 - x1) / 2
    middle = (x1 + x2) / 2
    far = np.abs(xs - middle)[None, :]
    cut = half >= 0.999 * (x2 - x1) / 2  # below the shoulders the sides of the box hold
    return np.asarray(np.where(cut, 1.0, np.clip((half - far) / soft + 0.5, 0, 1)), np.float32)
