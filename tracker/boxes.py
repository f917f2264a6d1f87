"""Pure box maths. Boxes are `[x1, y1, x2, y2]` in pixels, x to the right, y down."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


def area(xyxy: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the (N,) areas in square pixels of the (N, 4) boxes; empty boxes have area 0."""
    size = np.clip(xyxy[:, 2:] - xyxy[:, :2], 0, None)
    return np.asarray(size[:, 0] * size[:, 1], np.float32)


def intersection(a: NDArray[np.float32], b: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the (A, B) areas in square pixels that the (A, 4) boxes `a` share with `b` (B, 4)."""
    low = np.maximum(a[:, None, :2], b[None, :, :2])
    high = np.minimum(a[:, None, 2:], b[None, :, 2:])
    size = np.clip(high - low, 0, None)
    return np.asarray(size[..., 0] * size[..., 1], np.float32)


def iou(a: NDArray[np.float32], b: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the (A, B) intersection over union in [0, 1]; two empty boxes give 0.

    Example:
        >>> iou(np.array([[0, 0, 2, 2]], np.float32), np.array([[1, 0, 3, 2]], np.float32)).round(3)
        array([[0.333]], dtype=float32)
    """
    shared = intersection(a, b)
    union = area(a)[:, None] + area(b)[None, :] - shared
    return np.asarray(shared / np.maximum(union, 1e-9), np.float32)


def paired_iou(a: NDArray[np.float32], b: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the (N,) intersection over union of each of the (N, 4) boxes `a` with its own of `b`.

    Example:
        >>> one = np.array([[0, 0, 2, 2], [0, 0, 1, 1]], np.float32)
        >>> paired_iou(one, one[::-1]).tolist() == iou(one, one[::-1]).diagonal().tolist()
        True
    """
    shared = paired_intersection(a, b)
    return np.asarray(shared / np.maximum(area(a) + area(b) - shared, 1e-9), np.float32)


def paired_intersection(a: NDArray[np.float32], b: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the (N,) areas in square pixels that the (N, 4) boxes `a` share with their own `b`."""
    size = np.clip(np.minimum(a[:, 2:], b[:, 2:]) - np.maximum(a[:, :2], b[:, :2]), 0, None)
    return np.asarray(size[:, 0] * size[:, 1], np.float32)


def paired_nesting(a: NDArray[np.float32], b: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the (N,) shares in [0, 1] of the smaller of two boxes that lie in the larger one.

    Example:
        >>> large = np.array([[0, 0, 4, 4]], np.float32)
        >>> paired_nesting(large, large / 2)
        array([1.], dtype=float32)
    """
    smaller = np.minimum(area(a), area(b))
    return np.asarray(paired_intersection(a, b) / np.maximum(smaller, 1e-9), np.float32)


def iou_of_pairs(xyxy: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the (N, N) intersection over union of the (N, 4) boxes with each other, own ones 0.

    Example:
        >>> iou_of_pairs(np.array([[0, 0, 2, 2], [0, 0, 2, 1]], np.float32)).tolist()
        [[0.0, 0.5], [0.5, 0.0]]
    """
    table = iou(xyxy, xyxy)
    np.fill_diagonal(table, 0)
    return table


def covered(a: NDArray[np.float32], b: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the (A, B) share in [0, 1] of each box of `a` that a box of `b` covers."""
    return np.asarray(intersection(a, b) / np.maximum(area(a)[:, None], 1e-9), np.float32)


def clip(xyxy: NDArray[np.float32], *, width_px: int, height_px: int) -> NDArray[np.float32]:
    """Return the (N, 4) boxes cut to the picture."""
    high = np.array([width_px, height_px, width_px, height_px], np.float32)
    return np.clip(xyxy, np.float32(0), high).astype(np.float32)
