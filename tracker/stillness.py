"""What never stirs is nobody: portraits, posters, and things on the set, such as a tree or a lamp.

Whoever lives moves a little, even who sits and listens: breath and eyes change what a small copy of
the picture shows. What is painted does not change at all while others do.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from numpy.typing import NDArray

    from tracker.tracklets import Tracklet

STILL_GREY = 4.0  # grey levels by which nine pixels in ten of a small picture stay within
STIRS_GREY = 12.0  # by which one pixel in ten of somebody in the same shot exceeds that
LEAST_S = 2.0  # seen for less, somebody may just hold still, as a puppet does
KEEPS_PLACE = 0.25  # of its own size, by which the middle of a box stays where it is
_WITHIN = 0.1  # of a box, left out on every side: there is the wall
_LEAST_PIXELS = 6


class StirOfShots:
    """The darkest and the brightest value of every pixel, between one possible cut and the next.

    Of an hour this is as little as of a second, as long as nothing is cut.

    Example:
        >>> stir = StirOfShots()
        >>> for frame, grey in enumerate((10, 30, 90)):
        ...     stir.push(frame, np.full((2, 2), grey, np.uint8), cuts=[2])
        >>> stir.between(0, 2).tolist(), stir.between(2, 3).tolist()
        ([[20.0, 20.0], [20.0, 20.0]], [[0.0, 0.0], [0.0, 0.0]])
    """

    def __init__(self) -> None:
        self._spans: list[tuple[int, NDArray[np.uint8], NDArray[np.uint8]]] = []
        self._last = -1

    def push(self, frame: int, grey: NDArray[np.uint8], *, cuts: Collection[int]) -> None:
        """Take in the next picture (h, w); `cuts` are the first frames of all shots up to it."""
        if not self._spans or any(self._last < cut <= frame for cut in cuts):
            self._spans.append((frame, grey, grey))
        else:
            start, low, high = self._spans[-1]
            self._spans[-1] = (start, np.minimum(low, grey), np.maximum(high, grey))
        self._last = frame

    def between(self, start_frame: int, stop_frame: int) -> NDArray[np.float32]:
        """Return (h, w) by how much every pixel changes in a shot, in grey levels."""
        first = max(bisect_right(self._spans, start_frame, key=lambda span: span[0]) - 1, 0)
        own = [span for span in self._spans[first:] if span[0] < stop_frame]
        low = np.min([low for _, low, _ in own], axis=0)
        high = np.max([high for _, _, high in own], axis=0)
        return np.asarray(high.astype(np.float32) - low, np.float32)


def without_pictures(
    tracklets: Sequence[Tracklet],
    stir: NDArray[np.float32],
    *,
    picture_px: tuple[int, int],
    fps: float,
) -> list[Tracklet]:
    """Return the tracklets of a shot without those that nothing stirs in, if it does in another.

    Where nobody stirs, the clip stands still, and all stay. Where the camera moves, so does what
    hangs on a wall, and it stays, too.

    Args:
        tracklets: Of one shot; those that stay keep their order and are numbered anew, from the
            first number on.
        stir: (h, w) by how much every pixel of the shot changes (`StirOfShots.between`).
        picture_px: (width, height) of the clip.
        fps: Of the clip.
    """
    change = [_change_in(t, stir, picture_px) for t in tracklets]
    if max((c for c in change if c is not None), default=0.0) < STIRS_GREY:
        return list(tracklets)
    kept = [
        t
        for t, changes in zip(tracklets, change, strict=True)
        if changes is None or changes > STILL_GREY or len(t) < LEAST_S * fps or not _keeps_place(t)
    ]
    if len(kept) == len(tracklets):
        return list(tracklets)
    first = tracklets[0].tracklet_id
    return [replace(t, tracklet_id=first + number) for number, t in enumerate(kept)]


def _change_in(
    tracklet: Tracklet, stir: NDArray[np.float32], picture_px: tuple[int, int]
) -> float | None:
    """Return what one pixel in ten inside a box exceeds; `None` = it is too small to tell."""
    height, width = stir.shape
    scale = np.array([width / picture_px[0], height / picture_px[1]] * 2)
    x1, y1, x2, y2 = np.median(tracklet.xyxy, axis=0) * scale
    aside, down = _WITHIN * (x2 - x1), _WITHIN * (y2 - y1)
    left, top, right, bottom = (
        max(round(float(at)), 0) for at in (x1 + aside, y1 + down, x2 - aside, y2 - down)
    )
    inner = stir[top:bottom, left:right]
    return float(np.percentile(inner, 90)) if inner.size >= _LEAST_PIXELS else None


def _keeps_place(tracklet: Tracklet) -> bool:
    middles = (tracklet.xyxy[:, :2] + tracklet.xyxy[:, 2:]) / 2
    size = np.median(tracklet.xyxy[:, 2:] - tracklet.xyxy[:, :2], axis=0)
    return bool((np.ptp(middles, axis=0) <= KEEPS_PLACE * size).all())
