"""How the pixels of a place change: whoever is gone from one moment to the next took them along."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

SPANS_FRAMES = (1, 2, 4, 8)  # over which somebody may fade
PIXELS = ("stands_out", "clear", "whole", "stays", "around", "slow", "apart", "late", "open")
_MARGIN_SHARE = 0.35  # of the box on every side: what happens there happens to everything
_HEIGHT_PX = 72  # pictures are compared this small: grain and single hairs are no step
_FLOOR_LEVELS = 2.0  # grey levels that change in any film from frame to frame
_CLEARLY_LEVELS = 8.0
_MIN_OPEN_SHARE = 0.2  # of the box that nobody else covers, from which it can be judged
_MIN_AROUND_SHARE = 0.1
_MIN_OTHERS = 3  # moments of the same length that a change is compared with
_LATEST_FRAMES = 6  # a detector may miss somebody so long, or find what fades


@dataclass(frozen=True, slots=True, eq=False)
class PlaceChanges:
    """M moments at which the pixels of a place change, over one frame or several.

    Attributes:
        frame: (M,) int64, the first with more than half of the change.
        features: By name, (M,) float64. `stands_out`: log of the change by the largest other one of
            the same length. `clear`: log of the change by 8 grey levels. `whole`: share of the
            pixels that change clearly. `stays`: share of the change that is still there later.
            `around`: change beside the place by that in it. `slow`: log2 of how many frames it
            takes. `apart`: spread of the frames in which single pixels change, as a share of
            those: whoever fades goes everywhere at once, whoever goes behind something bit by bit.
            `late`: frames between it and the end of the box. `open`: share of the box that
            nobody covers.
    """

    frame: NDArray[np.int64]
    features: dict[str, NDArray[np.float64]]

    def __len__(self) -> int:
        return len(self.frame)


def place_of(box: NDArray[np.float32], size_px: tuple[int, int]) -> NDArray[np.float32]:
    """Return (4,) a box with a margin, inside the picture of `size_px` (width, height)."""
    x1, y1, x2, y2 = box
    side = _MARGIN_SHARE * max(x2 - x1, 0.5 * (y2 - y1))
    low = np.maximum([x1 - side, y1 - side], 0)
    high = np.minimum([x2 + side, y2 + side], size_px)
    return np.concatenate([low, high]).astype(np.float32)


def changes_of_place(
    box: NDArray[np.float32],
    window: Sequence[int],
    pictures: NDArray[np.uint8],
    place: NDArray[np.float32],
    in_front: Sequence[NDArray[np.float32]],
    *,
    ends_at: float,
) -> PlaceChanges:
    """Return how the pixels of a box change, at every moment of a window that can be judged.

    Args:
        box: (4,) in pixels of the clip.
        window: F frames, in order.
        pictures: (F, h, w, 3) uint8, the pixels of `place` in these frames, of any scale.
        place: (4,) the rectangle they show, in pixels of the clip.
        in_front: Per frame (M, 4) boxes of who covers the place.
        ends_at: The frame from which on the box is not there, or is.
    """
    width = max(8, round(_HEIGHT_PX * (place[2] - place[0]) / max(place[3] - place[1], 1)))
    small = np.stack([_small(picture, width) for picture in pictures])
    own = _painted(box[None], place, width)
    covered = np.stack([_painted(rows, place, width) for rows in in_front])
    rows: list[tuple[float, ...]] = []
    for span in SPANS_FRAMES:
        rows += _of_span(span, small, own, covered, window, ends_at)
    table = np.array(rows, np.float64).reshape(-1, len(PIXELS) + 1)
    features = {name: table[:, k + 1] for k, name in enumerate(PIXELS)}
    return PlaceChanges(table[:, 0].astype(np.int64), features)


def _of_span(
    span: int,
    small: NDArray[np.float32],
    own: NDArray[np.bool_],
    covered: NDArray[np.bool_],
    window: Sequence[int],
    ends_at: float,
) -> list[tuple[float, ...]]:
    """Return a row for each change over `span` frames: the frame, then `PIXELS`."""
    count = len(small) - span
    extra = np.full(max(count, 0), np.nan)
    seen = []
    for k in range(count):
        free = ~(covered[k] | covered[k + span])  # who walks by covers the place for a while
        inside, around = own & free, ~own & free
        change = np.abs(small[k + span] - small[k]).mean(axis=2)
        beside = 0.0
        if around.sum() > _MIN_AROUND_SHARE * own.sum():
            beside = float(change[around].mean())
        if inside.sum() >= _MIN_OPEN_SHARE * own.sum() > 0:
            extra[k] = max(float(change[inside].mean()) - beside, 0.0)
        seen.append((inside, change, beside))
    rows: list[tuple[float, ...]] = []
    for k in np.flatnonzero(np.isfinite(extra)).tolist():
        rest = extra[np.abs(np.arange(count) - k) >= span]
        rest = rest[np.isfinite(rest)]
        if len(rest) < _MIN_OTHERS:
            continue
        inside, change, beside = seen[k]
        whole = max(float(change[inside].mean()), 1e-6)
        before = small[max(0, k - 1) : k + 1].mean(axis=0)
        after = [
            m
            for m in range(k + span, min(k + span + 3, len(small)))
            if not (covered[m] & inside).any()
        ]
        later = small[after or [k + span]].mean(axis=0)
        stays = float(np.abs(later - before).mean(axis=2)[inside].mean()) / whole
        half, apart = _course(small[k : k + span + 1], inside)
        first = window[k + half]
        if abs(first - ends_at) > _LATEST_FRAMES:
            continue
        rows.append(
            (
                float(first),
                float(np.log(max(extra[k], 1e-2) / max(float(rest.max()), _FLOOR_LEVELS))),
                float(np.log(max(extra[k], _FLOOR_LEVELS) / _CLEARLY_LEVELS)),
                float((change[inside] > _CLEARLY_LEVELS).mean()),
                min(stays, 1.0),
                min(beside / whole, 1.0),
                float(np.log2(span)),
                apart,
                abs(first - ends_at),
                float(inside.sum() / own.sum()),
            )
        )
    return rows


def _course(small: NDArray[np.float32], inside: NDArray[np.bool_]) -> tuple[int, float]:
    """Return when more than half of a change is there, and how far apart single pixels change.

    Args:
        small: (S + 1, h, w, 3) pictures from before it to after it.
        inside: (h, w) which pixels count.
    """
    span = len(small) - 1
    far = np.abs(small[1:] - small[0])[:, inside].mean(axis=2)
    half = 1 + int(np.argmax(far.mean(axis=1) > far[-1].mean() / 2))
    clearly = far[:, far[-1] > _CLEARLY_LEVELS]
    if span == 1 or not clearly.size:
        return half, 0.0
    each = np.argmax(clearly > clearly[-1] / 2, axis=0)
    return half, float(each.std()) / span


def _small(picture: NDArray[np.uint8], width: int) -> NDArray[np.float32]:
    small = cv2.resize(picture, (width, _HEIGHT_PX), interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.GaussianBlur(small, (3, 3), 0), np.float32)


def _painted(
    rectangles: NDArray[np.float32], place: NDArray[np.float32], width: int
) -> NDArray[np.bool_]:
    """Return (h, w) where any of (M, 4) boxes lies."""
    scale = np.array([width, _HEIGHT_PX] * 2) / np.tile(np.maximum(place[2:] - place[:2], 1), 2)
    mask = np.zeros((_HEIGHT_PX, width), np.bool_)
    for box in (rectangles - np.tile(place[:2], 2)) * scale:
        x1, y1, x2, y2 = np.round(box).astype(int)
        mask[max(y1, 0) : max(y2, 0), max(x1, 0) : max(x2, 0)] = True
    return mask
