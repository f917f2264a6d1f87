"""Pictures made ready for a detector where they lie, and what it found brought back in one copy.

The same code runs on a CPU, where a test compares it with OpenCV's, which is faster there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from scenes.device_pictures import blended
from tracker.letterbox import PAD_VALUE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from tracker.letterbox import Letterbox


def letterboxed(pictures: Any, letterbox: Letterbox) -> Any:
    """Return (N, 3, h, w) float32 planes in 0..255 of (N, H, W, 3) uint8 pictures on a device.

    Those of `Letterbox.apply`, but for one grey level in a few pixels at some sizes.
    """
    import torch

    size_px = letterbox.inner_width_px, letterbox.inner_height_px
    inner = pictures if pictures.shape[2:0:-1] == size_px else blended(pictures, size_px)
    shape = (len(pictures), 3, letterbox.height_px, letterbox.width_px)
    out = pictures.new_full(shape, PAD_VALUE, dtype=torch.float32)
    top, left = letterbox.top_px, letterbox.left_px
    out[:, :, top : top + size_px[1], left : left + size_px[0]] = inner.permute(0, 3, 1, 2)
    return out


def brought_back(parts: Sequence[Any]) -> list[NDArray[np.float32]]:
    """Return (M, D) tensors of a device as arrays, float32, in one copy.

    Args:
        parts: Of one D; a part may have no rows, and there may be none.
    """
    import torch

    if not parts:
        return []
    flat = torch.cat(list(parts)).float().cpu().numpy()
    return np.split(flat, np.cumsum([len(part) for part in parts[:-1]]))
