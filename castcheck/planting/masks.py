"""Masks of people from their boxes: GrabCut on small pictures, made soft, calm from frame to frame.

Where a person fills the picture and touches another, a mask of colours alone runs over into the
other: there, and where GrabCut fails, the mask is the box with soft edges (`soft_box`), up to the
middle between the two.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from castcheck.planting.track import Track

    Image = NDArray[np.uint8]
    Floats = NDArray[np.float32]

GRID_PX = 112  # masks are kept in a square of this side, whatever the size of the box
MARGIN = 0.05  # of the box on each side, in the square
_CUT_PX = 80  # longer side of the picture GrabCut sees
_ROUNDS = 2
_AROUND = 0.12  # what GrabCut sees of the background around, as a share of the box
_GUESSES = (0.02, 0.5)  # how likely a place has to be to be tried as the person
_REACH, _REACH_SIDE = 0.07, 0.2  # of the box: so near to its ends and sides a silhouette comes
_PIECE = 0.04  # of the largest piece: smaller ones are dropped
_KEY_FRAMES = 3  # a mask is made of every so many frames, between them they are blended
_MIN_SHARE, _MAX_SHARE = 0.22, 0.93  # of the box: outside, the mask is taken for a failure
_HUGE_SHARE = 0.3  # of the picture: such a box is a face or a bust
_TOUCH_IOU = 0.06


@dataclass(frozen=True, slots=True, eq=False)
class Shape:
    """A soft mask in its place.

    Attributes:
        rect: x1, y1, x2, y2 in pixels; may reach out of the picture.
        alpha: (GRID_PX, GRID_PX) float32 in [0, 1].
    """

    rect: tuple[float, float, float, float]
    alpha: Floats

    def full(self, size: tuple[int, int], *, alpha: Floats | None = None) -> Floats:
        """Return the mask in a picture of `size` (width, height)."""
        return placed(self.alpha if alpha is None else alpha, self.rect, size)


def placed(
    picture: NDArray[np.generic], rect: tuple[float, ...], size: tuple[int, int], *, edge: int = 0
) -> Floats:
    """Return `picture` stretched over `rect` of an empty picture of `size` (width, height)."""
    rows, columns = picture.shape[:2]
    x1, y1, x2, y2 = rect
    matrix = np.array([[(x2 - x1) / columns, 0, x1], [0, (y2 - y1) / rows, y1]], np.float64)
    # Pixel centres: without the half, everything would be shifted by half a pixel of the square.
    matrix[0, 2] += 0.5 * matrix[0, 0] - 0.5
    matrix[1, 2] += 0.5 * matrix[1, 1] - 0.5
    mode = cv2.BORDER_REPLICATE if edge else cv2.BORDER_CONSTANT
    flags = cv2.INTER_AREA if matrix[0, 0] < 0.5 else cv2.INTER_LINEAR
    return np.asarray(
        cv2.warpAffine(picture.astype(np.float32), matrix, size, flags=flags, borderMode=mode),
        np.float32,
    )


def taken(rgb: NDArray[np.generic], rect: tuple[float, ...], size: tuple[int, int]) -> Floats:
    """Return what lies in `rect` of a picture, at `size` (width, height); edges are repeated."""
    x1, y1, x2, y2 = rect
    matrix = np.array([[(x2 - x1) / size[0], 0, x1], [0, (y2 - y1) / size[1], y1]], np.float64)
    matrix[0, 2] += 0.5 * matrix[0, 0] - 0.5
    matrix[1, 2] += 0.5 * matrix[1, 1] - 0.5
    return np.asarray(
        cv2.warpAffine(
            rgb.astype(np.float32),
            matrix,
            size,
            flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
            borderMode=cv2.BORDER_REPLICATE,
        ),
        np.float32,
    )


def rect_of(box: Floats) -> tuple[float, float, float, float]:
    """Return the square's place: the box, and a margin."""
    x1, y1, x2, y2 = (float(v) for v in box)
    dx, dy = MARGIN * (x2 - x1), MARGIN * (y2 - y1)
    return x1 - dx, y1 - dy, x2 + dx, y2 + dy


def shapes_of(frames: Image, track: Track, others: Sequence[Track]) -> dict[int, Shape]:
    """Return the silhouettes of one person over all frames it is followed in.

    None where a person fills the picture and touches another, and where GrabCut fails too often.
    """
    width, height = int(frames.shape[2]), int(frames.shape[1])
    every = range(track.start, track.stop)
    boxes = track.boxes
    areas = (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])
    huge = float(np.median(areas)) > _HUGE_SHARE * width * height
    touches = any(_touch(track, other) for other in others)
    if huge and touches:
        return {}
    keys = sorted({*every[::_KEY_FRAMES], every[-1]})
    tried = [keys[len(keys) // 4], keys[len(keys) // 2], keys[3 * len(keys) // 4]]
    if sum(_silhouette(frames[f], track, f, others) is None for f in tried) > 1:
        return {}  # most of the others would fail, too
    made = {frame: _silhouette(frames[frame], track, frame, others) for frame in keys}
    good = {frame: alpha for frame, alpha in made.items() if alpha is not None}
    if len(good) < 0.5 * len(keys):
        return {}
    known = sorted(good)
    calm = {}
    for k, frame in enumerate(known):
        near = known[max(0, k - 1) : k + 2]
        calm[frame] = np.mean([good[f] for f in near if abs(f - frame) <= 6], axis=0)
    shapes = {}
    for frame, box in zip(every, boxes, strict=True):
        late = min((f for f in known if f >= frame), default=known[-1])
        early = max((f for f in known if f <= frame), default=known[0])
        share = 0.0 if late == early else (frame - early) / (late - early)
        alpha = calm[early] * (1 - share) + calm[late] * share
        alpha = np.clip((alpha - 0.25) / 0.5, 0, 1)
        alpha = cv2.GaussianBlur(alpha.astype(np.float32), (0, 0), 1.3)
        shapes[frame] = Shape(rect_of(box), np.asarray(alpha, np.float32))
    return shapes


def _touch(track: Track, other: Track) -> bool:
    """Tell whether two boxes overlap, or nearly, for a good part of the time."""
    both = range(max(track.start, other.start), min(track.stop, other.stop))
    if not both:
        return False
    near = 0
    for frame in both:
        a, b = track.boxes[frame - track.start], other.boxes[frame - other.start]
        gap = 0.04 * float(a[2] - a[0])
        near += bool(a[0] - gap < b[2] and b[0] - gap < a[2] and a[1] < b[3] and b[1] < a[3])
    return near > 0.3 * len(both)


def prior(rows: int, columns: int, *, slender: bool) -> Floats:
    """Return (rows, columns) how likely a pixel of a box is the person, by its place alone."""
    y = (np.arange(rows) + 0.5)[:, None] / rows
    x = np.abs((np.arange(columns) + 0.5)[None, :] / columns - 0.5) * 2
    head = 0.16 if slender else 0.36
    half_width = np.where(y < head, (0.42 if slender else 0.52), 0.80)
    half_width = half_width * np.clip(y / (0.2 * head), 0.6, 1)
    return np.asarray(np.clip((half_width - x) / 0.35 + 0.5, 0, 1), np.float32)


def _silhouette(rgb: Image, track: Track, frame: int, others: Sequence[Track]) -> Floats | None:
    """Return the mask of one person in one frame, `None` where GrabCut finds no sensible one.

    A box is tight, so that a whole silhouette touches all its sides: one that does not has lost a
    leg or a head, and is tried again with a wider guess.
    """
    box = track.boxes[frame - track.start]
    rect = rect_of(box)
    width, height = rect[2] - rect[0], rect[3] - rect[1]
    scale = _CUT_PX / max(width, height)
    size = (max(20, round(width * scale)), max(20, round(height * scale)))
    seen_rect = (
        rect[0] - _AROUND * width, rect[1] - _AROUND * height,
        rect[2] + _AROUND * width, rect[3] + _AROUND * height,
    )  # fmt: skip
    seen_size = (round(size[0] * (1 + 2 * _AROUND)), round(size[1] * (1 + 2 * _AROUND)))
    picture = np.clip(taken(rgb, seen_rect, seen_size), 0, 255).astype(np.uint8)
    to = _Into(seen_rect, seen_size)
    for guess in _GUESSES:
        marks = _marks(to, seen_size, track, frame, others, guess=guess, height_px=rgb.shape[0])
        try:
            cv2.setRNGSeed(0)  # its clusters start at random
            cv2.grabCut(
                picture, marks, None, np.zeros((1, 65)), np.zeros((1, 65)), _ROUNDS,
                cv2.GC_INIT_WITH_MASK,
            )  # fmt: skip
        except cv2.error:  # nothing was marked as one of the two
            continue
        found = _tidy((marks & 1).astype(np.uint8))
        if _is_whole(found, to.box(box)):
            alpha = cv2.GaussianBlur(found.astype(np.float32), (0, 0), 0.8)
            return taken(alpha, to.rect(rect), (GRID_PX, GRID_PX))
    return None


def _marks(
    to: _Into, size: tuple[int, int], track: Track, frame: int, others: Sequence[Track], *,
    guess: float, height_px: int,
) -> NDArray[np.uint8]:  # fmt: skip
    """Return GrabCut's marks: what is surely, and what probably, the person."""
    box = track.boxes[frame - track.start]
    marks = np.full(size[::-1], cv2.GC_BGD, np.uint8)
    x1, y1, x2, y2 = to.box(box)
    slender = (box[3] - box[1]) > 1.9 * (box[2] - box[0])
    likely = prior(y2 - y1, x2 - x1, slender=slender)
    inner = np.where(likely > guess, cv2.GC_PR_FGD, cv2.GC_PR_BGD).astype(np.uint8)
    centre = np.abs((np.arange(x2 - x1) + 0.5) / (x2 - x1) - 0.5) < (0.05 if slender else 0.12)
    rows = (np.arange(y2 - y1) + 0.5) / (y2 - y1)
    sure = (likely > 0.9) & centre[None, :] & ((rows > 0.08) & (rows < 0.75))[:, None]
    inner[sure] = cv2.GC_FGD
    marks[y1:y2, x1:x2] = inner
    for other in others:
        far = other.at(frame)
        if far is not None and far[3] > box[3] + 0.01 * height_px:  # stands in front
            a, b, c, d = to.box(far)
            narrow = (d - b) > 1.9 * (c - a)
            reach = prior(max(1, d - b), max(1, c - a), slender=narrow) > 0.7
            patch = marks[b:d, a:c]
            patch[reach[: patch.shape[0], : patch.shape[1]]] = cv2.GC_BGD
    return marks


def _is_whole(mask: NDArray[np.uint8], box: tuple[int, int, int, int]) -> bool:
    """Tell whether a mask fills a sensible part of its box and touches all its sides."""
    x1, y1, x2, y2 = box
    inside = mask[y1:y2, x1:x2] > 0
    if not inside.size or not _MIN_SHARE <= float(inside.mean()) <= _MAX_SHARE:
        return False
    rows, columns = inside.mean(axis=1), inside.mean(axis=0)
    high, wide = inside.shape
    dy, dx = max(2, round(_REACH * high)), max(2, round(_REACH_SIDE * wide))
    least = 0.04  # of a row or column: a few stray pixels are no foot
    return bool(
        rows[:dy].max() > least
        and rows[-dy:].max() > least
        and columns[:dx].max() > least
        and columns[-dx:].max() > least
    )


class _Into:
    """From pixels of the picture to those of a part of it at another size."""

    def __init__(self, rect: tuple[float, ...], size: tuple[int, int]) -> None:
        self._x, self._y = rect[0], rect[1]
        self._sx, self._sy = size[0] / (rect[2] - rect[0]), size[1] / (rect[3] - rect[1])
        self._size = size

    def rect(self, rect: Sequence[float]) -> tuple[float, float, float, float]:
        x1, y1, x2, y2 = (float(v) for v in rect)
        return (
            (x1 - self._x) * self._sx, (y1 - self._y) * self._sy,
            (x2 - self._x) * self._sx, (y2 - self._y) * self._sy,
        )  # fmt: skip

    def box(self, box: Sequence[float] | Floats) -> tuple[int, int, int, int]:
        x1, y1, x2, y2 = self.rect([float(v) for v in box])
        width, height = self._size
        return (
            min(max(0, round(x1)), width - 1), min(max(0, round(y1)), height - 1),
            min(max(1, round(x2)), width), min(max(1, round(y2)), height),
        )  # fmt: skip


def _tidy(mask: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Keep the large pieces, close their holes and smooth the edge."""
    count, labels, stats, _ = cv2.connectedComponentsWithStats(mask, connectivity=4)
    if count <= 1:
        return mask
    areas = stats[1:, cv2.CC_STAT_AREA]
    kept = 1 + np.flatnonzero(areas >= _PIECE * areas.max())  # a head or shoes stand apart at times
    body = np.isin(labels, kept).astype(np.uint8)
    body = cv2.morphologyEx(body, cv2.MORPH_CLOSE, np.ones((5, 5), np.uint8))
    outside = np.pad(1 - body, 1, constant_values=1)
    count, labels = cv2.connectedComponents(outside.astype(np.uint8), connectivity=4)
    holes = labels[1:-1, 1:-1] != labels[0, 0]
    body[(body == 0) & holes] = 1
    return np.asarray(cv2.medianBlur(body, 3), np.uint8)
