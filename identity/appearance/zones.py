"""Where head, upper and lower body lie in a box, without a pose network.

A box that ends above the lower edge of the picture and is tall shows a whole figure, whose head is
about a seventh of its height. A box that the lower edge cuts shows what is above it: there the
width tells the size of the head, since shoulders are about two head heights wide.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

Zone = Literal["head", "upper", "lower"]

_FIGURE_ASPECT = 1.6  # height by width from which an uncut box is a standing figure
_FIGURE_HEADS = 6.5  # between a child's five and an adult's seven and a half
_TALL_ASPECT = 2.4
_SLIVER_ASPECT = 3.0  # height by width from which what two edges leave is a shoulder or a sleeve


class Strip(NamedTuple):
    """A rectangle inside a box, as shares of its width (x) and height (y)."""

    x1: float
    y1: float
    x2: float
    y2: float


class BoxFraming(NamedTuple):
    """How much of a character a box shows.

    Attributes:
        head_share: Height of the head as a share of the box.
        name: "full", "half" or "closeup".
    """

    head_share: float
    name: Literal["full", "half", "closeup"]


def framing_of(
    box: tuple[float, float, float, float], *, width_px: int, height_px: int
) -> BoxFraming:
    """Tell the view from the shape of the box and where the picture cuts it.

    Args:
        box: x1, y1, x2, y2 in pixels.
        width_px: Of the picture.
        height_px: Of the picture.

    Example:
        >>> framing_of((0, 10, 30, 100), width_px=200, height_px=120).name
        'full'
        >>> framing_of((20, 10, 130, 120), width_px=200, height_px=120).name
        'closeup'
    """
    x1, y1, x2, y2 = box
    width, height = max(x2 - x1, 1.0), max(y2 - y1, 1.0)
    cut_below, cut_aside = _is_cut(x1, x2, y2, width_px=width_px, height_px=height_px)
    # The part beyond the side edge is missing from the width.
    whole_width = width * (1.3 if cut_aside else 1.0)
    if (not cut_below and height > _FIGURE_ASPECT * width) or height > _TALL_ASPECT * whole_width:
        return BoxFraming(1 / _FIGURE_HEADS, "full")
    head = min(0.5 * whole_width, 0.6 * height) / height
    return BoxFraming(head, "closeup" if head > 0.42 else "half")


def is_sliver(xyxy: NDArray[np.float32], *, width_px: int, height_px: int) -> NDArray[np.bool_]:
    """Return (N,) which of the (N, 4) boxes show no more of a near body than a strip of it.

    Who is cut both by the side of the picture and below, and what is left is narrow: somebody over
    whose shoulder the camera looks. What is seen there, an ear or a sleeve, tells nobody apart.

    Args:
        xyxy: (N, 4) boxes in pixels.
        width_px: Of the picture.
        height_px: Of the picture.

    Example:
        >>> rows = np.array([[0, 10, 35, 120], [0, 10, 90, 120], [0, 10, 30, 100]], np.float32)
        >>> is_sliver(rows, width_px=200, height_px=120)
        array([ True, False, False])
    """
    x1, y1, x2, y2 = xyxy.T
    cut_below, cut_aside = _is_cut(x1, x2, y2, width_px=width_px, height_px=height_px)
    width, height = x2 - x1, y2 - y1
    narrow = height > _SLIVER_ASPECT * np.maximum(width, 1)
    return np.asarray(cut_below & cut_aside & narrow, np.bool_)


def _is_cut(x1: Any, x2: Any, y2: Any, *, width_px: int, height_px: int) -> tuple[Any, Any]:
    """Tell whether the lower edge of the picture cuts a box, and one of its sides; also of many."""
    return y2 > 0.98 * height_px - 2, (x1 <= 2) | (x2 >= width_px - 2)


def strip_of(zone: Zone, view: BoxFraming) -> Strip | None:
    """Return where `zone` lies in a box seen as `view`; `None` where it is out of view.

    Example:
        >>> strip_of("lower", BoxFraming(0.5, "closeup")) is None
        True
    """
    head = view.head_share
    if zone == "head":
        return Strip(0.25, 0.0, 0.75, min(head, 1.0))
    if zone == "upper":
        top, bottom = 1.05 * head, min(2.6 * head, 1.0)
        return Strip(0.15, top, 0.85, bottom) if bottom - top >= 0.05 else None
    top = 3.8 * head
    return Strip(0.2, top, 0.8, min(6.0 * head, 1.0)) if top <= 0.85 else None
