"""Fitting a picture into the shape a network wants, and boxes back into the picture."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

PAD_VALUE = 114  # the grey that YOLO networks are trained with


@dataclass(frozen=True, slots=True)
class Letterbox:
    """Scale a picture, then pad it: the same for every picture of one size.

    The shape depends on nothing but the size of the picture, so that a result cannot depend on
    which other pictures are in the batch.

    Attributes:
        width_px, height_px: Of the input of the network.
        inner_width_px, inner_height_px: Of the scaled picture inside it.
        left_px, top_px: Of the scaled picture inside it.
    """

    width_px: int
    height_px: int
    inner_width_px: int
    inner_height_px: int
    left_px: int
    top_px: int

    @classmethod
    def fit(
        cls,
        width_px: int,
        height_px: int,
        *,
        longer_px: int,
        stride_px: int = 32,
        fixed_hw: tuple[int, int] | None = None,
    ) -> Letterbox:
        """Return the letterbox for pictures of `width_px` x `height_px`.

        Args:
            width_px: Of the picture.
            height_px: Of the picture.
            longer_px: The longer side is scaled to this.
            stride_px: The input of the network is a multiple of this.
            fixed_hw: Height and width of a network that takes only one shape.

        Example:
            >>> box = Letterbox.fit(1280, 720, longer_px=640)
            >>> box.width_px, box.height_px, box.top_px
            (640, 384, 12)
        """
        limit = fixed_hw or (longer_px, longer_px)
        scale = min(limit[0] / height_px, limit[1] / width_px)
        inner_width = max(1, min(limit[1], round(width_px * scale)))
        inner_height = max(1, min(limit[0], round(height_px * scale)))
        if fixed_hw is not None:
            height, width = fixed_hw
        else:
            width = -(-inner_width // stride_px) * stride_px
            height = -(-inner_height // stride_px) * stride_px
        left, top = (width - inner_width) // 2, (height - inner_height) // 2
        return cls(width, height, inner_width, inner_height, left, top)

    def apply(self, rgb: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Return the (N, H, W, 3) uint8 pictures in the shape of the network."""
        out = np.full((len(rgb), self.height_px, self.width_px, 3), PAD_VALUE, np.uint8)
        rows = slice(self.top_px, self.top_px + self.inner_height_px)
        columns = slice(self.left_px, self.left_px + self.inner_width_px)
        size = (self.inner_width_px, self.inner_height_px)
        for target, picture in zip(out, rgb, strict=True):
            if picture.shape[:2] == size[::-1]:
                target[rows, columns] = picture
            else:
                target[rows, columns] = cv2.resize(picture, size, interpolation=cv2.INTER_LINEAR)
        return out

    def undo(
        self, xyxy: NDArray[np.float32], *, width_px: int, height_px: int
    ) -> NDArray[np.float32]:
        """Return (N, 4) boxes of the network's input as boxes of the picture, not yet clipped."""
        offset = np.array([self.left_px, self.top_px] * 2, np.float32)
        factor = np.array(
            [width_px / self.inner_width_px, height_px / self.inner_height_px] * 2, np.float32
        )
        return np.asarray((xyxy - offset) * factor, np.float32)
