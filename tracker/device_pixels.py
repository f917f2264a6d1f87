"""Pictures made ready where the network runs: one upload, and nothing comes back but boxes.

The same code runs on a CPU, where a test compares it with OpenCV's, which is faster there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from tracker.letterbox import PAD_VALUE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from tracker.letterbox import Letterbox


def uploaded(rgb: NDArray[np.uint8], device: str) -> Any:
    """Return pictures on a device as a tensor, copied there by way of memory it can read itself.

    Pictures are read-only, and torch warns where it is handed such an array.
    """
    import torch

    pinned = torch.device(device).type == "cuda"
    staged = torch.empty(rgb.shape, dtype=torch.uint8, pin_memory=pinned)
    np.copyto(staged.numpy(), rgb)
    return staged.to(device)


def letterboxed(pictures: Any, letterbox: Letterbox) -> Any:
    """Return (N, 3, h, w) float32 planes in 0..255 of (N, H, W, 3) uint8 pictures on a device.

    Within one grey level of `Letterbox.apply`, which rounds in steps of its own.
    """
    import torch

    planes = pictures.permute(0, 3, 1, 2).float()
    size = (letterbox.inner_height_px, letterbox.inner_width_px)
    if planes.shape[-2:] != size:
        planes = torch.nn.functional.interpolate(
            planes, size, mode="bilinear", align_corners=False
        ).round_()
    shape = (len(planes), 3, letterbox.height_px, letterbox.width_px)
    out = planes.new_full(shape, PAD_VALUE)
    top, left = letterbox.top_px, letterbox.left_px
    out[:, :, top : top + size[0], left : left + size[1]] = planes
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
