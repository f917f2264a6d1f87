"""What lies behind people: filled from around, or from beside."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Image = NDArray[np.uint8]
    Floats = NDArray[np.float32]

_INPAINT_PX = 160
_BESIDE_LEVELS = 22.0  # how far a filling from beside may differ at the edge of the hole


def fill(rgb: Image, hole: NDArray[np.bool_]) -> Image:
    """Return a picture whose hole is filled from what lies around it."""
    if not hole.any():
        return rgb
    height, width = rgb.shape[:2]
    scale = min(1.0, _INPAINT_PX / max(height, width))
    size = (max(8, round(width * scale)), max(8, round(height * scale)))
    small = cv2.resize(rgb, size, interpolation=cv2.INTER_AREA)
    mask = cv2.resize(hole.astype(np.uint8), size, interpolation=cv2.INTER_NEAREST)
    mask = cv2.dilate(mask, np.ones((3, 3), np.uint8))
    filled = cv2.inpaint(small, mask, 4, cv2.INPAINT_TELEA)
    soft = cv2.GaussianBlur(filled, (0, 0), 2.0)
    filled = np.where(mask[..., None] > 0, soft, filled)
    large = cv2.resize(filled, (width, height), interpolation=cv2.INTER_CUBIC)
    weight = cv2.GaussianBlur(hole.astype(np.float32), (0, 0), 1.5)[..., None]
    weight = np.maximum(weight, hole[..., None])
    return np.asarray(np.clip(rgb * (1 - weight) + large * weight, 0, 255), np.uint8)


def from_beside(
    plate: Image, never: NDArray[np.bool_], boxes: Floats
) -> tuple[Image, NDArray[np.bool_]]:
    """Fill what is never seen behind somebody with what is seen beside, blended at the edge.

    Set and texture go on sideways more often than up and down. Returned unchanged where nothing
    wide enough is seen there.
    """
    height, width = plate.shape[:2]
    x1, y1 = np.floor(boxes[:, :2].min(axis=0)).astype(int) - 6
    x2, y2 = np.ceil(boxes[:, 2:].max(axis=0)).astype(int) + 6
    x1, y1, x2, y2 = max(1, x1), max(1, y1), min(width - 1, x2), min(height - 1, y2)
    hole = np.zeros_like(never)
    hole[y1:y2, x1:x2] = never[y1:y2, x1:x2]
    if not hole.any():
        return plate, never
    ys, xs = np.nonzero(hole)
    x1, x2, y1, y2 = xs.min(), xs.max() + 1, ys.min(), ys.max() + 1
    ring = cv2.dilate(hole.astype(np.uint8), np.ones((9, 9), np.uint8)) > 0
    ring &= ~cv2.dilate(never.astype(np.uint8), np.ones((3, 3), np.uint8)).astype(bool)
    best: tuple[float, Image] | None = None
    for shift in _shifts(x2 - x1):
        moved = np.roll(plate, shift, axis=1)
        unseen = np.roll(never, shift, axis=1)
        if x1 - shift < 0 or x2 - shift > width or unseen[hole].any():
            continue
        if not ring.any():
            break
        cost = float(np.abs(moved[ring].astype(np.float32) - plate[ring]).mean())
        if best is None or cost < best[0]:
            best = (cost, moved)
    if best is None or best[0] > _BESIDE_LEVELS:
        return plate, never
    mask = cv2.dilate(hole.astype(np.uint8) * 255, np.ones((5, 5), np.uint8))
    mask[[0, -1]] = 0
    mask[:, [0, -1]] = 0
    columns, rows = np.flatnonzero(mask.any(axis=0)), np.flatnonzero(mask.any(axis=1))
    centre = ((columns[0] + columns[-1] + 1) // 2, (rows[0] + rows[-1] + 1) // 2)
    mixed = cv2.seamlessClone(
        np.ascontiguousarray(best[1]), plate, mask,
        (int(centre[0]), int(centre[1])), cv2.NORMAL_CLONE,
    )  # fmt: skip
    rest = never & ~hole
    # The picture cut off at its edge: there the clone has nothing to hold on to.
    plate = np.where(hole[..., None] & (mask == 0)[..., None], best[1], mixed)
    return np.asarray(plate, np.uint8), rest


def _shifts(hole_px: int) -> list[int]:
    """Return how far to the side a filling may be looked for."""
    step = max(4, hole_px // 6)
    reach = range(hole_px // 2, 3 * hole_px, step)
    return [s for far in reach for s in (far, -far)]
