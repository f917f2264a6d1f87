"""Camera set-ups: whether two shots look at the same place from the same place."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

_MIN_SPREAD = 4.0  # grey levels; a flatter picture agrees with everything


def setup_likeness(thumbnails: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return (S, S) how alike the set-ups of S shots are, in [0, 1]; 1 on the diagonal.

    Args:
        thumbnails: (S, 2, h, w, 3) uint8, first and last picture of every shot.

    The best correlation of any picture of one shot with any of the other; people are part of the
    pictures, yet small against a set: a changed coat leaves it high, another angle does not.

    Example:
        >>> ramp = np.tile(np.arange(32, dtype=np.uint8) * 8, (1, 2, 18, 1))
        >>> ramp = ramp[..., None].repeat(3, axis=-1)
        >>> setup_likeness(np.concatenate([ramp, 255 - ramp])).round(2)
        array([[1., 0.],
               [0., 1.]], dtype=float32)
    """
    count = len(thumbnails)
    likeness = np.eye(count, dtype=np.float32)
    flat = thumbnails.reshape(count, 2, -1).astype(np.float64) if count else np.zeros((0, 2, 1))
    flat = flat - flat.mean(axis=2, keepdims=True)
    spread = flat.std(axis=2)
    length = np.linalg.norm(flat, axis=2)
    for a in range(count):
        for b in range(a):
            dots = flat[a] @ flat[b].T / np.maximum(np.outer(length[a], length[b]), 1e-9)
            dots[np.minimum.outer(spread[a], spread[b]) < _MIN_SPREAD] = 0
            likeness[a, b] = likeness[b, a] = np.clip(dots.max(), 0, 1)
    return likeness
