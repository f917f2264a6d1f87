"""How a stored picture is turned and mirrored for display. Pure array work."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray


class Orientation(NamedTuple):
    """Swap the axes first, then flip columns, then flip rows."""

    transpose: bool = False
    flip_x: bool = False
    flip_y: bool = False

    def size(self, width_px: int, height_px: int) -> tuple[int, int]:
        """Return (width, height) as displayed of a picture stored as `width_px` x `height_px`."""
        return (height_px, width_px) if self.transpose else (width_px, height_px)

    def apply(self, rgb: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Return a view of the stored picture `rgb` (H, W, 3) as it is displayed."""
        if self.transpose:
            rgb = rgb.transpose(1, 0, 2)
        if self.flip_x:
            rgb = rgb[:, ::-1]
        if self.flip_y:
            rgb = rgb[::-1]
        return rgb


def orientation_from_matrix(matrix: Sequence[int]) -> Orientation:
    """Return the orientation nearest to a container's display matrix.

    The nine numbers are FFmpeg's and QuickTime's: a stored point (x, y) is displayed at
    (a x + c y, b x + d y), with a, b = matrix[0], matrix[1] and c, d = matrix[3], matrix[4]. The
    translation only moves the picture back into view. Angles that are no multiple of 90 degrees
    go to the nearest one.

    Args:
        matrix: 9 integers, 16.16 fixed point.

    Example:
        >>> one = 1 << 16
        >>> orientation_from_matrix([0, one, 0, -one, 0, 0, 0, 0, 1 << 30])  # 90 degrees clockwise
        Orientation(transpose=True, flip_x=True, flip_y=False)
    """
    a, b, c, d = matrix[0], matrix[1], matrix[3], matrix[4]
    if abs(a) + abs(d) >= abs(b) + abs(c):
        return Orientation(transpose=False, flip_x=a < 0, flip_y=d < 0)
    return Orientation(transpose=True, flip_x=c < 0, flip_y=b < 0)
