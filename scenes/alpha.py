"""Transparent pictures, laid over one colour: what lies beneath them is not in the clip."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

# Neither the black that players show nor the white of pages: hair and shirts are of those colours.
_GREY = 128
BACKGROUND = f"#{_GREY:02x}{_GREY:02x}{_GREY:02x}"


def has_alpha(frame: Any) -> bool:
    """Tell whether a frame of PyAV can be transparent somewhere."""
    return any(part.is_alpha for part in frame.format.components) or frame.format.has_palette


def opaque(frame: Any, **size: int) -> tuple[NDArray[np.uint8], bool]:
    """Return (H, W, 3) RGB of a frame that has alpha, and whether anything showed through."""
    return over_grey(frame.to_ndarray(format="rgba", **size))


def over_grey(rgba: NDArray[np.uint8]) -> tuple[NDArray[np.uint8], bool]:
    """Return the (H, W, 4) picture as (H, W, 3) over the background; and whether that shows.

    Example:
        >>> over_grey(np.array([[[200, 0, 0, 255], [200, 0, 0, 0]]], np.uint8))[0].tolist()
        [[[200, 0, 0], [128, 128, 128]]]
    """
    alpha = rgba[..., 3:]
    if alpha.min(initial=255) == 255:
        return np.ascontiguousarray(rgba[..., :3]), False
    shown = rgba[..., :3].astype(np.uint16) * alpha + np.uint16(_GREY) * (255 - alpha)
    return np.asarray((shown + 127) // 255, np.uint8), True
