"""Heads cut from a picture, and faces turned so that eyes, nose and mouth lie where they always do.

The places are those of ArcFace (Deng et al. 2019, https://arxiv.org/abs/1801.07698), which SFace
and most networks for faces see: given for a square of 112 pixels, in the order right eye, left eye,
nose, right and left corner of the mouth, right and left as the person has them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from numpy.typing import NDArray

    Image = NDArray[np.uint8]

TEMPLATE_PX = 112
TEMPLATE = np.array(
    [[38.2946, 51.6963], [73.5318, 51.5014], [56.0252, 71.7366], [41.5493, 92.3655],
     [70.7299, 92.2041]], np.float32,
)  # fmt: skip
HEAD_SCALE = 1.4  # the square around a head, by the larger side of its box
_NEXT_TO_NOTHING_PX = 1e-3
NEAR_SHARE = 0.85  # of a square, that the template takes when points are looked for again


def square_crop(
    rgb: Image, box: Sequence[float] | NDArray[np.float32], *, scale: float = HEAD_SCALE,
    size_px: int | None = None,
) -> Image:  # fmt: skip
    """Return the (S, S, 3) square around a box; beyond the picture its edge goes on.

    Args:
        rgb: (H, W, 3) picture.
        box: x1, y1, x2, y2 in its pixels.
        scale: Side of the square by the larger side of the box.
        size_px: S, to which the square is brought; `None` = as many pixels as it has.

    Example:
        >>> picture = np.arange(64, dtype=np.uint8).reshape(8, 8, 1).repeat(3, axis=2)
        >>> square_crop(picture, [0, 0, 4, 2], scale=1.0).shape
        (4, 4, 3)
    """
    x1, y1, x2, y2 = (float(v) for v in box)
    side = max(1, round(scale * max(x2 - x1, y2 - y1)))
    left, top = round((x1 + x2 - side) / 2), round((y1 + y2 - side) / 2)
    height, width = rgb.shape[:2]
    # Rows and columns beyond the picture are those of its edge.
    rows = np.clip(np.arange(top, top + side), 0, height - 1)
    columns = np.clip(np.arange(left, left + side), 0, width - 1)
    square = rgb[rows[:, None], columns[None]]
    if size_px is None or side == size_px:
        return np.ascontiguousarray(square)
    way = cv2.INTER_AREA if side > size_px else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(square, (size_px, size_px), interpolation=way), np.uint8)


def face_transform(points: NDArray[np.float32], size_px: int) -> NDArray[np.float32]:
    """Return (2, 3): turns, scales and moves five points onto the template in `size_px` pixels.

    The best one by least squares, without mirroring: with the points as complex numbers about
    their middle, it is the one factor that a regression gives.

    Args:
        points: (5, 2) in pixels.
        size_px: Side of the aligned picture.

    Raises:
        ValueError: All points are the same.

    Example:
        >>> [f"{v:.2f}" for v in np.abs(face_transform(2 * TEMPLATE, 112)).ravel()]
        ['0.50', '0.00', '0.00', '0.00', '0.50', '0.00']
    """
    target = TEMPLATE.astype(np.float64) * (size_px / TEMPLATE_PX)
    given = np.asarray(points, np.float64)
    middle, wanted = given.mean(0), target.mean(0)
    first = (given - middle) @ np.array([1, 1j])
    second = (target - wanted) @ np.array([1, 1j])
    spread = float((np.abs(first) ** 2).sum())
    if spread <= 0:
        raise ValueError("five points in one place have no direction")
    factor = complex((first.conj() * second).sum() / spread)
    turn = np.array([[factor.real, -factor.imag], [factor.imag, factor.real]])
    return np.column_stack([turn, wanted - turn @ middle]).astype(np.float32)


def near_transform(points: NDArray[np.float32], size_px: int) -> NDArray[np.float32]:
    """Return (2, 3): onto the template, with room around it, to look for the points again.

    Args:
        points: (5, 2) in pixels.
        size_px: Side of the square.

    Raises:
        ValueError: All points are the same.

    Example:
        >>> [f"{v:.1f}" for v in np.abs(near_transform(0.85 * TEMPLATE, 112)).ravel()]
        ['1.0', '0.0', '8.3', '0.0', '1.0', '8.3']
    """
    matrix = NEAR_SHARE * face_transform(points, size_px)
    matrix[:, 2] += (1 - NEAR_SHARE) * (size_px - 1) / 2
    return np.asarray(matrix, np.float32)


def turn_of(points: Any) -> tuple[Any, Any]:
    """Return how faces are turned, by where five points of each lie; both (N,), in [-2, 2].

    The first is where the nose lies between the eyes, 0 = in the middle, in shares of their
    distance: it goes to either side as a head turns. The second is the logarithm of that distance
    by how far the mouth lies below the eyes: it falls as a head turns, and rises as it nods.
    Arrays or tensors: on a GPU faces are read before anything comes back.

    Args:
        points: (N, 5, 2) in pixels.

    Example:
        >>> [round(float(part[0]), 1) for part in turn_of(TEMPLATE[None])]
        [0.0, -0.1]
    """
    right, left, nose, *mouth = (points[:, k] for k in range(len(TEMPLATE)))
    eyes, middle, below = left - right, (left + right) / 2, (mouth[0] + mouth[1]) / 2
    apart = (eyes**2).sum(-1) ** 0.5 + _NEXT_TO_NOTHING_PX
    aside = ((nose - middle) * eyes).sum(-1) / apart**2
    down = below - middle
    height = abs(eyes[:, 0] * down[:, 1] - eyes[:, 1] * down[:, 0]) / apart + _NEXT_TO_NOTHING_PX
    ratio = (apart / height).clip(np.exp(-2.0), np.exp(2.0))
    return aside.clip(-2.0, 2.0), ratio.log() if hasattr(ratio, "log") else np.log(ratio)


def aligned_face(rgb: Image, points: NDArray[np.float32], size_px: int) -> Image:
    """Return the (size_px, size_px, 3) face of a picture, its points on the template.

    Args:
        rgb: (H, W, 3).
        points: (5, 2) in its pixels.
        size_px: Side of what is returned.

    Raises:
        ValueError: All points are the same.

    Example:
        >>> aligned_face(np.full((112, 112, 3), 9, np.uint8), TEMPLATE, 80).shape
        (80, 80, 3)
    """
    return turned(rgb, face_transform(points, size_px), size_px)


def turned(rgb: Image, matrix: NDArray[np.float32], size_px: int) -> Image:
    """Return the (size_px, size_px, 3) that a (2, 3) matrix makes of a picture; its edge goes on.

    Example:
        >>> turned(np.full((9, 9, 3), 7, np.uint8), np.eye(2, 3, dtype=np.float32), 4).shape
        (4, 4, 3)
    """
    scale = float(np.hypot(matrix[0, 0], matrix[1, 0]))
    if scale < 0.5:  # bilinear sampling would skip pixels
        size = [max(1, round(2 * scale * side)) for side in rgb.shape[1::-1]]
        small = cv2.resize(rgb, size, interpolation=cv2.INTER_AREA)
        # A pixel's centre lies half a pixel from its corner, whatever its size.
        factor = np.array([rgb.shape[1] / small.shape[1], rgb.shape[0] / small.shape[0]])
        move = matrix[:, :2] @ ((factor - 1) / 2) + matrix[:, 2]
        rgb, matrix = small, np.column_stack([matrix[:, :2] * factor, move])
    seen = cv2.warpAffine(
        rgb, matrix, (size_px, size_px), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )
    return np.asarray(seen, np.uint8)
