"""How the pixels change where somebody is: whoever is gone from one moment to the next took them.

He may walk, so the place moves on with him. Of every pixel two things are asked: is it as it was at
the same spot of the picture, as the background is, and is it as it was where he ought to be by now,
as he is himself? It has changed only where neither holds.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import reduce
from typing import TYPE_CHECKING, Any, NamedTuple

import cv2
import numpy as np

from identity.evidence.same_look import MIN_LOOKS
from identity.evidence.same_place import NOISE_LEVELS
from scenes.arrays import grey_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import NDArray

SPANS_FRAMES = (1, 2, 4, 8)  # over which somebody may fade
PIXELS = ("stands_out", "clear", "whole", "gone", "around", "slow", "torn", "sweep")
_MARGIN_SHARE = 0.35  # of the box on every side: what happens there happens to everything
_HEIGHT_PX = 72  # pictures are compared this small: grain and single hairs are no step
_CLEARLY_LEVELS = 8.0
_MIN_OPEN_SHARE = 0.2  # of the box that nobody else covers, from which it can be judged
_MIN_AROUND_SHARE = 0.1
_LEAST_FLOW_PX = 12  # of a side of a picture in which motion can be followed
# OpenCV halves a low picture as often as its width asks for, and dies where no row is left.
_LOW_PX, _WIDEST = 32, 2.5
_LATEST_FRAMES = 6  # a detector may miss somebody so long, or find what fades
_LEAST_PIXELS = 20  # of him that show how much of him is left
_NEARLY = 0.15  # of a pixel: film is noisy
_HALF_LEFT = (0.2, 0.8)  # of him: before and after that he is whole or gone anyway


@dataclass(frozen=True, slots=True, eq=False)
class PlaceChanges:
    """M moments at which the pixels of a place change, over one frame or several.

    Attributes:
        frame: (M,) int64, the first with more than half of him gone, or there.
        features: By name, (M,) float64. `stands_out`: share of the change by which it is more than
            the largest other one of the same length; 0 if it is not. `clear`: log of the change by
            8 grey levels. `whole`: share of the pixels that change clearly. `gone`: geometric mean
            of `whole` and `stands_out`, since of whoever goes bit by bit a last bit goes at once.
            `around`: change beside him by that in his box. `slow`: log2 of how many frames it
            takes. `torn`: how much of him is there wholly or not at all while about half of him is
            left, squared: whoever fades does so everywhere at once, whoever goes behind something
            bit by bit. `sweep`: by how many widths of his box all that is seen moves in the fastest
            step of the change, times how surely it does: a camera that whips round takes everybody
            out of the picture, and nobody vanishes.
    """

    frame: NDArray[np.int64]
    features: dict[str, NDArray[np.float64]]

    def __len__(self) -> int:
        return len(self.frame)


def place_of(path: NDArray[np.float32], size_px: tuple[int, int]) -> NDArray[np.float32]:
    """Return (4,) what holds all of (F, 4) boxes with a margin, in a picture of (width, height)."""
    around = np.clip(_with_margin(path), 0, np.tile(size_px, 2))
    return np.concatenate([around[:, :2].min(axis=0), around[:, 2:].max(axis=0)]).astype(np.float32)


def changes_of_place(
    path: NDArray[np.float32],
    window: Sequence[int],
    pictures: NDArray[np.uint8],
    place: NDArray[np.float32],
    in_front: Sequence[NDArray[np.float32]],
    *,
    ends_at: float,
    appears: bool = False,
    worth: Callable[[Mapping[str, float]], bool] = lambda _: True,
) -> PlaceChanges:
    """Return how the pixels change where somebody is, at every moment that can be judged.

    Args:
        path: (F, 4) where he is, or ought to be, in these frames, in pixels of the clip.
        window: F frames, in order.
        pictures: (F, h, w, 3) uint8, the pixels of `place` in these frames, of any scale.
        place: (4,) the rectangle they show, in pixels of the clip.
        in_front: Per frame (M, 4) boxes of who covers the place.
        ends_at: The frame from which on the box is not there, or is.
        appears: He is there at the end, not at the beginning: he leaves if seen backwards.
        worth: Whether a moment with such features, or worse ones, is of interest; where none of a
            length can be, those are left out.
    """
    order = slice(None, None, -1) if appears else slice(None)
    film = _Film.of(path[order], pictures[order], place, in_front[order])
    rows: list[tuple[float, ...]] = []
    for span in SPANS_FRAMES:
        rows += _of_span(span, film, window[order], ends_at, appears=appears, worth=worth)
    table = np.array(rows, np.float64).reshape(-1, len(PIXELS) + 1)
    features = {name: table[:, k + 1] for k, name in enumerate(PIXELS)}
    return PlaceChanges(table[:, 0].astype(np.int64), features)


class _Step(NamedTuple):
    """How a place differs from one frame to a later one.

    Attributes:
        change: (h, w) grey levels.
        inside: (h, w) which pixels of it are his, and known.
        beside: Mean change around him.
        extra: Mean change of his pixels beyond that; NaN = too few are known.
    """

    change: NDArray[np.float32]
    inside: NDArray[np.bool_]
    beside: float
    extra: float


@dataclass(frozen=True, slots=True, eq=False)
class _Film:
    """Small pictures of a place, with who is where in them; he leaves.

    Most films are over after a look at the pictures around his last box, so everything is made when
    it is asked for.

    Attributes:
        pictures: (F, h, w, 3) uint8, as they were read.
        boxes, margins: (F, 4) his box, and his box with a margin, in pixels of small pictures.
        covered: (F, h, w) where others stand before him, of small pictures.
        made: Small pictures so far, by frame.
        swept: What `moves` has found so far, by frame.
        found: What `followed` has found so far, by the two frames.
    """

    pictures: NDArray[np.uint8]
    boxes: NDArray[np.int64]
    margins: NDArray[np.int64]
    covered: NDArray[np.bool_]
    made: dict[int, NDArray[np.float32]] = field(default_factory=dict)
    swept: dict[int, float] = field(default_factory=dict)
    found: dict[tuple[int, int], tuple[NDArray[np.float32], NDArray[np.bool_]]] = field(
        default_factory=dict
    )

    @classmethod
    def of(
        cls,
        path: NDArray[np.float32],
        pictures: NDArray[np.uint8],
        place: NDArray[np.float32],
        in_front: Sequence[NDArray[np.float32]],
    ) -> _Film:
        """Scale all so that he and his margin are 72 pixels high."""
        around = np.clip(_with_margin(path), np.tile(place[:2], 2), np.tile(place[2:], 2))
        sides = np.maximum(place[2:] - place[:2], 1)
        tall = max(float(np.median(around[:, 3] - around[:, 1])), 1.0)
        height = max(1, round(float(_HEIGHT_PX * sides[1] / tall)))
        width = max(8, round(float(height * sides[0] / sides[1])))
        scale = np.tile([width, height] / sides, 2)
        corner = np.tile(place[:2], 2)

        def scaled(rectangles: NDArray[np.float32]) -> NDArray[np.int64]:
            return np.asarray(np.round((rectangles - corner) * scale), np.int64)

        covered = np.zeros((len(pictures), height, width), np.bool_)
        for mask, rectangles in zip(covered, in_front, strict=True):
            for x1, y1, x2, y2 in np.maximum(scaled(rectangles), 0):
                mask[y1:y2, x1:x2] = True
        return cls(pictures, scaled(path), scaled(around), covered)

    def __len__(self) -> int:
        return len(self.pictures)

    def small(self, at: int) -> NDArray[np.float32]:
        """Return (h, w, 3) the picture of a frame."""
        if at not in self.made:
            height, width = self.covered.shape[1:]
            self.made[at] = _small(self.pictures[at], (width, height))
        return self.made[at]

    def moves(self, at: int) -> float:
        """Return by how many pixels the whole place moves from a frame to the next."""
        if at not in self.swept:
            self.swept[at] = _moves(self.small(at), self.small(at + 1))
        return self.swept[at]

    def own(self, at: int) -> NDArray[np.bool_]:
        """Return which pixels of his place at a frame are in his box."""
        x1, y1, x2, y2 = self.margins[at]
        a1, b1, a2, b2 = np.maximum(self.boxes[at] - np.tile([x1, y1], 2), 0)
        mask = np.zeros((max(y2 - y1, 0), max(x2 - x1, 0)), np.bool_)
        mask[b1:b2, a1:a2] = True
        return mask

    def sweep(self, at: int, later: int) -> float:
        """Return by how many of his widths all moves in the fastest step between two frames."""
        x1, _, x2, _ = self.boxes[at]
        return max(self.moves(k) for k in range(at, later)) / max(int(x2 - x1), 1)

    def area(self, at: int) -> int:
        """Return of how many pixels his box is, those outside the picture as well."""
        x1, y1, x2, y2 = self.boxes[at]
        return int(max(x2 - x1, 1) * max(y2 - y1, 1))

    def seen(
        self, at: int, place: int, picture: int
    ) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
        """Return how a place looks in one frame, and which of it can be seen.

        Args:
            at: The place is as large as he is in this frame.
            place: It is where he is, or ought to be, in this one.
            picture: It is looked at in this one.
        """
        x1, y1, x2, y2 = self.margins[at]
        dx, dy = (self.boxes[place].reshape(2, 2) - self.boxes[at].reshape(2, 2)).sum(axis=0) // 2
        height, width = self.covered.shape[1:]
        if min(x1 + dx, y1 + dy) >= 0 and x2 + dx <= width and y2 + dy <= height:
            spots: tuple[Any, ...] = slice(y1 + dy, y2 + dy), slice(x1 + dx, x2 + dx)
            return self.small(picture)[spots], ~self.covered[picture][spots]
        columns, rows = np.arange(x1, x2) + dx, np.arange(y1, y2) + dy
        spots = np.ix_(np.clip(rows, 0, height - 1), np.clip(columns, 0, width - 1))
        inside = ((rows >= 0) & (rows < height))[:, None] & (columns >= 0) & (columns < width)
        return self.small(picture)[spots], inside & ~self.covered[picture][spots]

    def followed(self, at: int, other: int) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
        """Return where every pixel of his place at a frame is found again in another one."""
        if (at, other) not in self.found:
            here, _ = self.seen(at, at, at)
            self.found[at, other] = _bent(here, *self.seen(at, other, other))
        return self.found[at, other]

    def change(
        self, at: int, later: int, *, follow: bool
    ) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
        """Return (h, w) by how many grey levels his place at a frame differs from a later one.

        A pixel differs by as much as it does both at the same spot and, if it is to be followed,
        where it is found again. Nothing is known where either is covered, or outside the picture.
        """
        here, known = self.seen(at, at, at)
        views = [self.seen(at, at, later), *([self.followed(at, later)] if follow else [])]
        differs = reduce(np.minimum, [_levels(view, here) for view, _ in views])
        return differs, reduce(np.logical_and, [known, *(seen for _, seen in views)])

    def step(self, at: int, later: int, *, follow: bool = True) -> _Step:
        """Return how his place at a frame differs from a later one."""
        own, area = self.own(at), self.area(at)
        # Who walks by covers the place for a while; whatever is followed, no more of it is known.
        known = self.seen(at, at, at)[1] & self.seen(at, at, later)[1]
        if np.count_nonzero(own & known) < _MIN_OPEN_SHARE * area:
            return _Step(np.zeros(own.shape, np.float32), own & known, 0.0, float("nan"))
        change, free = self.change(at, later, follow=follow)
        inside, around = own & free, ~own & free
        beside, extra = 0.0, float("nan")
        if np.count_nonzero(around) > _MIN_AROUND_SHARE * area:
            beside = float(change[around].mean())
        if np.count_nonzero(inside) >= _MIN_OPEN_SHARE * area:
            extra = max(float(change[inside].mean()) - beside, 0.0)
        return _Step(change, inside, beside, extra)

    def left(
        self, at: int, later: int, between: int, inside: NDArray[np.bool_]
    ) -> tuple[float, float]:
        """Return how much of him is left in a frame, and how torn he is; NaN = not known.

        Pixels of the frame are taken for mixtures of him as he was and of what is seen there once
        he is gone, and count by how much the two differ. Torn is what is there as good as wholly,
        or not at all.

        Args:
            at: He is there.
            later: He is gone.
            between: The frame.
            inside: (h, w) which pixels of his place are his.
        """
        him, _ = self.seen(at, at, at)
        shown, known = self.seen(at, between, between)
        behind, open_ = self.seen(at, between, later)
        every = np.s_[::2, ::2]  # every second row and column says as much
        own = (inside & known & open_)[every]
        if own.sum() < _LEAST_PIXELS:
            return np.nan, np.nan
        whole, part = (picture[every][own] - behind[every][own] for picture in (him, shown))
        counts, common = np.square(whole).sum(axis=1), (whole * part).sum(axis=1)
        torn = np.abs(common / np.maximum(counts, 1.0) - 0.5) > 0.5 - _NEARLY
        most = max(float(counts.sum()), 1e-6)
        return float(common.sum()) / most, float(counts[torn].sum()) / most


def _levels(view: NDArray[np.float32], here: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return (h, w) by how many grey levels a picture differs from another."""
    return grey_of(np.abs(view - here))


def _bent(
    here: NDArray[np.float32], view: NDArray[np.float32], known: NDArray[np.bool_]
) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Return a view bent by optical flow so that it looks as much like `here` as it can.

    Arms and legs do not go where the box goes, nor does what is behind him.
    """
    height, width = known.shape
    if min(height, width) < _LEAST_FLOW_PX or (height < _LOW_PX and width > _WIDEST * height):
        return view, known
    one, two = (
        cv2.cvtColor(picture.astype(np.uint8), cv2.COLOR_RGB2GRAY) for picture in (here, view)
    )
    flow = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_FAST).calc(one, two, None)
    spots = flow + np.dstack(np.meshgrid(np.arange(width), np.arange(height)))
    spots = np.asarray(spots, np.float32)
    bent = cv2.remap(view, spots, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    seen = cv2.remap(
        known.astype(np.uint8), spots, None, cv2.INTER_NEAREST, borderMode=cv2.BORDER_REPLICATE
    )
    return bent, seen > 0


def _moves(one: NDArray[np.float32], two: NDArray[np.float32]) -> float:
    """Return by how many pixels all of a picture (h, w, 3) moves on, times how surely.

    Phase correlation (Kuglin and Hines 1975) finds one shift of half a picture as well as a small
    one, in any light. Optical flow loses a camera that whips round. Its peak is the certainty: next
    to nothing where two pictures have no shift in common.
    """
    a, b = (grey_of(picture) for picture in (one, two))
    window = cv2.createHanningWindow((a.shape[1], a.shape[0]), cv2.CV_32F)
    shift, sure = cv2.phaseCorrelate(a - a.mean(), b - b.mean(), window)
    return float(np.hypot(*shift)) * max(sure, 0.0)


def _of_span(
    span: int,
    film: _Film,
    window: Sequence[int],
    ends_at: float,
    *,
    appears: bool,
    worth: Callable[[Mapping[str, float]], bool],
) -> list[tuple[float, ...]]:
    """Return a row for each change over `span` frames that is worth it: the frame, then `PIXELS`.

    Following pixels takes most of the time. So it is asked first, whether a moment can be worth it
    by how much changes alone, then by all that is known without, then, if nothing else in the film
    changed, and at last all others are looked at.
    """
    count = max(len(film) - span, 0)
    # The first picture that differs: with him, or seen backwards, still without him.
    start = 0 if appears else 1
    firsts = [window[k + start : k + start + span] for k in range(count)]
    near = [k for k in range(count) if _how_late(firsts[k], ends_at) <= _LATEST_FRAMES]

    def row(k: int, step: _Step, largest: float) -> dict[str, float] | None:
        course = [film.left(k, k + span, m, step.inside) for m in range(k + 1, k + span)]
        first = firsts[k][_half([share for share, _ in course])]
        if _how_late([first], ends_at) > _LATEST_FRAMES or np.isnan(step.extra):
            return None
        low, high = _HALF_LEFT
        halved = [torn for share, torn in course if low < share < high]
        whole = max(float(step.change[step.inside].mean()), 1e-6)
        stands_out = max(0.0, 1 - max(largest, NOISE_LEVELS) / max(step.extra, 1e-6))
        share = _clear_share(step)
        return {
            "frame": float(first),
            "stands_out": stands_out,
            "clear": float(np.log(max(step.extra, NOISE_LEVELS) / _CLEARLY_LEVELS)),
            "whole": share,
            "gone": float(np.sqrt(share * stands_out)),
            "around": min(step.beside / whole, 1.0),
            "slow": float(np.log2(span)),
            "torn": float(np.mean(halved or [0.0])) ** 2,
            "sweep": film.sweep(k, k + span),
        }

    steps: dict[int, _Step] = {}
    for k in near:
        step = film.step(k, k + span, follow=False)
        if np.isnan(step.extra) or not worth({"gone": _clear_share(step) ** 0.5}):
            continue
        at_best = row(k, step, 0.0)
        if at_best and worth({"gone": at_best["whole"] ** 0.5, **_some(at_best, "torn", "sweep")}):
            step = film.step(k, k + span)
            if (at_best := row(k, step, 0.0)) and worth(at_best):
                steps[k] = step
    if not steps:
        return []
    judged = list(steps)
    steps |= {k: film.step(k, k + span) for k in range(count) if k not in steps}
    extra = np.array([steps[k].extra for k in range(count)])
    rows = []
    for k in judged:
        rest = extra[np.abs(np.arange(count) - k) >= span]
        rest = rest[np.isfinite(rest)]
        said = row(k, steps[k], float(rest.max())) if len(rest) >= MIN_LOOKS else None
        if said:
            rows.append((said["frame"], *_some(said, *PIXELS).values()))
    return rows


def _clear_share(step: _Step) -> float:
    """Return the share of his known pixels that change clearly."""
    return float((step.change[step.inside] > _CLEARLY_LEVELS).mean())


def _how_late(frames: Sequence[int], ends_at: float) -> float:
    return min(abs(frame - ends_at) for frame in frames)


def _some(said: Mapping[str, float], *names: str) -> dict[str, float]:
    return {name: said[name] for name in names}


def _half(course: Sequence[float]) -> int:
    """Return in which of the frames between less than half of him is left; else in the one after.

    Example:
        >>> _half([0.9, 0.4, 0.1]), _half([0.9, float("nan")]), _half([])
        (1, 2, 0)
    """
    return next((k for k, share in enumerate(course) if share < 0.5), len(course))


def _with_margin(boxes: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return (F, 4) boxes with a margin on every side."""
    width, height = boxes[:, 2] - boxes[:, 0], boxes[:, 3] - boxes[:, 1]
    side = _MARGIN_SHARE * np.maximum(width, 0.5 * height)
    return np.asarray(boxes + side[:, None] * np.array([-1, -1, 1, 1], np.float32), np.float32)


def _small(picture: NDArray[np.uint8], size_px: tuple[int, int]) -> NDArray[np.float32]:
    small = cv2.resize(picture, size_px, interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.GaussianBlur(small, (3, 3), 0), np.float32)
