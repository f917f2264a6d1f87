"""Pictures of people who touch: cut-outs side by side, cheek to cheek, one behind the other.

Where two touch, detectors draw one box around both, and labels that a detector made say the same.
Here everybody's box and head are known, since each was pasted.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

from scenes.errors import CastcheckError
from tracker import boxes
from training.film_boxes import ALL, CHARACTER, HEAD

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    Image = NDArray[np.uint8]
    Floats = NDArray[np.float32]

SIZES_PX = ((480, 270), (480, 270), (480, 320), (384, 384), (288, 480))
_COUNTS = (0.1, 0.5, 0.28, 0.12)  # of 1 to 4 people
_MIN_SEEN, _OPEN_SEEN = 0.22, 0.08  # shares of a body that must, and that may be found
_MIN_HEAD_SEEN = 0.5
_MIN_FREE = 0.34  # of a side of the picture: less is no backdrop
_LONGEST_PX = 220
_GRABCUT_ROUNDS = 3
_MIN_BODY_PX, _MIN_HEAD_PX = 110, 24


@dataclass(frozen=True, slots=True)
class Figure:
    """Somebody cut out of a picture.

    Attributes:
        bgr: (H, W, 3).
        alpha: (H, W) float32 in 0..1.
        head: [x1, y1, x2, y2] in the cut-out, px; `None` = not known or not in it.
        kind: Class.
        cut: Which edges of its picture it reaches: left, top, right, bottom.
    """

    bgr: Image
    alpha: Floats
    head: tuple[float, float, float, float] | None
    kind: int = CHARACTER
    cut: tuple[bool, bool, bool, bool] = (False, False, False, False)


def cut_by_grabcut(bgr: Image, box: Sequence[float], head: Sequence[float]) -> Figure | None:
    """Return who is in a box of a picture, or `None` where the outline is no good.

    What is sure is the middle of the face and of what is under it; beyond the box is background.
    """
    height, width = bgr.shape[:2]
    x1, y1, x2, y2 = (round(v) for v in box)
    pad = round(0.12 * max(x2 - x1, y2 - y1))
    left, top = max(0, x1 - pad), max(0, y1 - pad)
    part = bgr[top : min(height, y2 + pad), left : min(width, x2 + pad)]
    scale = min(1.0, _LONGEST_PX / max(part.shape[:2]))
    small = cv2.resize(part, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    bx = np.round((np.array(box) - [left, top, left, top]) * scale).astype(int)
    hd = (np.array(head) - [left, top, left, top]) * scale
    mask = np.full(small.shape[:2], cv2.GC_BGD, np.uint8)
    mask[max(bx[1], 0) : bx[3], max(bx[0], 0) : bx[2]] = cv2.GC_PR_BGD
    middle, wide, tall = (hd[0] + hd[2]) / 2, hd[2] - hd[0], hd[3] - hd[1]
    body = (round(middle - 0.9 * wide), round(hd[3]), round(middle + 0.9 * wide), bx[3])
    for (a, b, c, d), value in (
        (body, cv2.GC_PR_FGD),
        ((round(hd[0]), round(hd[1]), round(hd[2]), round(hd[3])), cv2.GC_PR_FGD),
        ((round(middle - wide * 0.25), round(hd[1] + 0.4 * tall), round(middle + wide * 0.25),
          round(hd[1] + 0.9 * tall)), cv2.GC_FGD),
        ((round(middle - wide * 0.3), round(hd[3] + 0.3 * tall), round(middle + wide * 0.3),
          round(min(bx[3] - 2, hd[3] + 1.5 * tall))), cv2.GC_FGD),
    ):  # fmt: skip
        mask[max(b, bx[1], 0) : max(d, 0), max(a, bx[0], 0) : max(min(c, bx[2]), 0)] = value
    try:
        cv2.grabCut(
            small, mask, None, np.zeros((1, 65)), np.zeros((1, 65)), _GRABCUT_ROUNDS,
            cv2.GC_INIT_WITH_MASK,
        )  # fmt: skip
    except cv2.error:
        return None
    solid = np.isin(mask, (cv2.GC_FGD, cv2.GC_PR_FGD)).astype(np.uint8)
    solid = cv2.morphologyEx(solid, cv2.MORPH_OPEN, np.ones((3, 3), np.uint8))
    count, parts, stats, _ = cv2.connectedComponentsWithStats(solid)
    if count < 2:
        return None
    largest = 1 + int(stats[1:, cv2.CC_STAT_AREA].argmax())
    own = (parts == largest).astype(np.uint8)
    own = cv2.morphologyEx(own, cv2.MORPH_CLOSE, np.ones((5, 5), np.uint8))
    inside = own[max(bx[1], 0) : bx[3], max(bx[0], 0) : bx[2]]
    hx = np.clip(np.round(hd).astype(int), 0, None)
    in_head = own[hx[1] : hx[3], hx[0] : hx[2]]
    if not inside.size or not in_head.size:
        return None
    rows, columns = np.flatnonzero(own.any(1)), np.flatnonzero(own.any(0))
    seen = np.array([columns[0], rows[0], columns[-1] + 1, rows[-1] + 1])
    fits = np.abs(seen - bx).max() <= 0.12 * max(bx[2] - bx[0], bx[3] - bx[1])
    if not 0.38 <= inside.mean() <= 0.93 or in_head.mean() < 0.6 or not fits:
        return None
    a, b, c, d = seen
    alpha = cv2.GaussianBlur(own.astype(np.float32), (0, 0), 0.8)[b:d, a:c]
    edge = (x1 <= 2, y1 <= 2, x2 >= width - 2, y2 >= height - 2)
    own_head = tuple(float(v) for v in (hd - [a, b, a, b]))
    return Figure(np.ascontiguousarray(small[b:d, a:c]), alpha, own_head, CHARACTER, edge)  # type: ignore[arg-type]


def figures_of_film(
    folder: Path, *, held_out: bool, of_clip: int = 2
) -> tuple[list[Figure], list[Image]]:
    """Return who can be cut out of labelled pictures of films, and parts without anybody.

    Only who stands alone, with one found face in it, can be cut out well.
    """
    figures: list[Figure] = []
    empty: list[Image] = []
    count_of: dict[str, int] = {}
    for line in (folder / "index.jsonl").read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        if row["held_out"] != held_out:
            continue
        labels = np.array(row["boxes"], np.float32).reshape(-1, 5)
        opened = np.array(row["left_out"], np.float32).reshape(-1, 5)
        bodies, heads = labels[labels[:, 4] != HEAD], labels[labels[:, 4] == HEAD]
        bgr = cv2.imread(str(folder / row["file"]), cv2.IMREAD_COLOR)
        if bgr is None:
            raise CastcheckError("no picture", where=folder / row["file"], hint="label it again")
        picture = np.asarray(bgr, np.uint8)
        free = free_part(picture, np.concatenate([bodies, opened])[:, :4])
        if free is not None:
            empty.append(free)
        if not len(bodies):
            continue
        others = np.concatenate([bodies, opened[opened[:, 4] == ALL]])[:, :4]
        clip = row["file"].partition("_")[0]
        for place, body in enumerate(bodies):
            box = body[None, :4]
            overlap = boxes.iou(box, others)[0]
            overlap[place] = 0
            own = heads[boxes.covered(heads[:, :4], box)[:, 0] > 0.6]
            is_fit = (
                body[4] == CHARACTER and body[3] - body[1] >= _MIN_BODY_PX
                and overlap.max() <= 0.05 and len(own) == 1
                and own[0, 3] - own[0, 1] >= _MIN_HEAD_PX and count_of.get(clip, 0) < of_clip
            )  # fmt: skip
            figure = cut_by_grabcut(picture, body[:4], own[0, :4]) if is_fit else None
            if figure is not None:
                figures.append(figure)
                count_of[clip] = count_of.get(clip, 0) + 1
    return figures, empty


def free_part(bgr: Image, taken: Floats) -> Image | None:
    """Return the largest full-height or full-width strip of a picture that no box reaches into.

    `None` where it would be narrower than a third of the picture.

    Example:
        >>> picture = np.zeros((60, 100, 3), np.uint8)
        >>> free_part(picture, np.array([[50, 0, 80, 60]], np.float32)).shape
        (60, 50, 3)
        >>> free_part(picture, np.array([[30, 10, 70, 60]], np.float32)) is None
        True
    """
    height, width = bgr.shape[:2]
    if not len(taken):
        return bgr
    best: tuple[float, slice, slice] | None = None
    for axis, size_px in ((0, width), (1, height)):
        edges = sorted((float(box[axis]), float(box[axis + 2])) for box in taken)
        start = 0.0
        for low, high in [*edges, (float(size_px), float(size_px))]:
            share = (low - start) / size_px
            if share >= _MIN_FREE and (best is None or share > best[0]):
                strip = slice(int(start), int(low))
                best = (share, *((slice(None), strip) if axis == 0 else (strip, slice(None))))
            start = max(start, high)
    return None if best is None else np.ascontiguousarray(bgr[best[1], best[2]])


def figures_of_stills(folder: Path) -> list[Figure]:
    """Return the people of the studio's stills who are seen well, heads and all, from all sides."""
    found = []
    for done in sorted(folder.glob("g*/.done")):
        for line in map(json.loads, filter(None, done.read_text().splitlines())):
            picture = cv2.imread(str(folder / line["file"]), cv2.IMREAD_COLOR)
            mask = cv2.imread(str(folder / line["mask"]), cv2.IMREAD_GRAYSCALE)
            if picture is None or mask is None:
                continue
            height, width = mask.shape
            for number, person in enumerate(line["people"], start=1):
                x1, y1, x2, y2 = person["box"]
                if person["visible"] < 0.8 or person["head"] is None or y2 - y1 < 60:
                    continue
                own = (mask[y1:y2, x1:x2] == number).astype(np.float32)
                own = cv2.GaussianBlur(cv2.erode(own, np.ones((2, 2), np.uint8)), (0, 0), 0.7)
                head = tuple(np.subtract(person["head"], [x1, y1, x1, y1]).tolist())
                cut = (x1 <= 1, y1 <= 1, x2 >= width - 1, y2 >= height - 1)
                found.append(
                    Figure(picture[y1:y2, x1:x2].copy(), own, head, CHARACTER, cut)  # type: ignore[arg-type]
                )
    return found


class Canvas:
    """A picture in the making, and who is where in it."""

    def __init__(self, backdrop: Image) -> None:
        self.bgr = backdrop.astype(np.float32)
        self.owner = np.zeros(backdrop.shape[:2], np.int32)
        self._placed: list[tuple[Figure, int, int, int]] = []  # figure, left, top, solid pixels

    def paste(self, figure: Figure, left: int, top: int) -> None:
        """Put a figure there; it may reach beyond the picture."""
        height, width = self.bgr.shape[:2]
        tall, wide = figure.alpha.shape
        x1, y1, x2, y2 = max(left, 0), max(top, 0), min(left + wide, width), min(top + tall, height)
        if x2 - x1 < 4 or y2 - y1 < 4:
            return
        inside = (slice(y1 - top, y2 - top), slice(x1 - left, x2 - left))
        place = (slice(y1, y2), slice(x1, x2))
        alpha = figure.alpha[inside][..., None]
        self.bgr[place] += alpha * (figure.bgr[inside].astype(np.float32) - self.bgr[place])
        solid = figure.alpha[inside] > 0.5
        self._placed.append((figure, left, top, int(solid.sum())))
        self.owner[place][solid] = len(self._placed)

    def labels(self) -> tuple[list[list[float]], list[list[float]]]:
        """Return the boxes [x1, y1, x2, y2, class] to find, and those that may be found or not."""
        wanted: list[list[float]] = []
        left_out: list[list[float]] = []
        height, width = self.bgr.shape[:2]
        for number, (figure, left, top, whole) in enumerate(self._placed, start=1):
            seen = self.owner == number
            share = seen.sum() / max(whole, 1)
            if not seen.any():
                continue
            rows, columns = np.flatnonzero(seen.any(1)), np.flatnonzero(seen.any(0))
            box = [float(columns[0]), float(rows[0]), columns[-1] + 1.0, rows[-1] + 1.0]
            if share >= _MIN_SEEN:
                wanted.append([*box, figure.kind])
            elif share >= _OPEN_SEEN:
                left_out.append([*box, -1])
            if figure.head is None:
                left_out.append([*box, HEAD])
                continue
            hx = np.add(figure.head, [left, top, left, top])
            clipped = np.clip(hx, 0, [width, height, width, height])
            a, b, c, d = np.round(clipped).astype(int)
            if c - a < 3 or d - b < 3:
                continue
            own_alpha = figure.alpha[
                max(b - top, 0) : max(d - top, 0), max(a - left, 0) : max(c - left, 0)
            ]
            solid = max(int((own_alpha > 0.5).sum()), 1)
            head_seen = seen[b:d, a:c].sum() / solid
            shown = ((c - a) * (d - b)) / max((hx[2] - hx[0]) * (hx[3] - hx[1]), 1)
            row = [*map(float, clipped), HEAD]
            if head_seen >= _MIN_HEAD_SEEN and shown >= _MIN_HEAD_SEEN:
                wanted.append(row)
            elif head_seen > 0.15:
                left_out.append(row)
        return wanted, left_out


def touching(
    figures: Sequence[Figure], backdrops: Sequence[Image], rng: np.random.Generator
) -> tuple[Image, list[list[float]], list[list[float]]]:
    """Return a picture of people who touch or hide each other, its boxes, and what stays open."""
    width, height = SIZES_PX[int(rng.integers(len(SIZES_PX)))]
    canvas = Canvas(_backdrop(backdrops, rng, (width, height)))
    count = 1 + int(rng.choice(len(_COUNTS), p=_COUNTS))
    chosen = [figures[int(k)] for k in rng.integers(len(figures), size=count)]
    share = float(rng.uniform(0.3, 0.95)) * (1.6 if rng.random() < 0.3 else 1.0)
    scaled = [_scaled(f, share * float(rng.uniform(0.85, 1.18)) * height, rng) for f in chosen]
    # Each next one begins where the last one ends, or well inside: cheek to cheek, or behind.
    gap = float(rng.choice([0.95, 0.75, 0.6, 0.45, 0.3]))
    steps = [0.0]
    for one, two in pairwise(scaled):
        mean = (one.alpha.shape[1] + two.alpha.shape[1]) / 2
        steps.append(steps[-1] + mean * gap * float(rng.uniform(0.8, 1.2)))
    middle = width * float(rng.uniform(0.3, 0.7)) - steps[-1] / 2
    base = height * float(rng.uniform(0.8, 1.1))
    order = rng.permutation(count)
    for k in order:
        figure = scaled[int(k)]
        tall, wide = figure.alpha.shape
        top = round(base - tall + float(rng.normal(0, 0.04)) * height)
        if figure.cut[3] or share > 0.95:
            # A half figure ends at the picture's edge, never in the air.
            top = max(height - tall, round(height * float(rng.uniform(-0.02, 0.3))))
        if figure.cut[1]:
            top = min(top, 0)
        left = round(middle + steps[int(k)] - wide / 2)
        canvas.paste(_lit(figure, canvas.bgr, left, top, rng), left, top)
    bgr = np.clip(canvas.bgr, 0, 255).astype(np.uint8)
    wanted, left_out = canvas.labels()
    return bgr, wanted, left_out


def _backdrop(
    backdrops: Sequence[Image], rng: np.random.Generator, size_px: tuple[int, int]
) -> Image:
    picture = backdrops[int(rng.integers(len(backdrops)))]
    tall, wide = picture.shape[:2]
    share = float(rng.uniform(0.5, 1.0))
    crop_h = max(8, int(min(tall, wide * size_px[1] / size_px[0]) * share))
    crop_w = max(8, min(wide, int(crop_h * size_px[0] / size_px[1])))
    y, x = int(rng.integers(tall - crop_h + 1)), int(rng.integers(wide - crop_w + 1))
    part = cv2.resize(picture[y : y + crop_h, x : x + crop_w], size_px)
    if rng.random() < 0.4:
        part = cv2.GaussianBlur(part, (0, 0), float(rng.uniform(1, 5)))
    return np.asarray(part, np.uint8)


def _scaled(figure: Figure, tall_px: float, rng: np.random.Generator) -> Figure:
    tall, wide = figure.alpha.shape
    factor = min(max(tall_px, 16) / tall, 3.0)
    size = (max(4, round(wide * factor)), max(4, round(tall * factor)))
    how = cv2.INTER_AREA if factor < 1 else cv2.INTER_LINEAR
    bgr = cv2.resize(figure.bgr, size, interpolation=how)
    alpha = cv2.resize(figure.alpha, size, interpolation=how)
    head: Any = None if figure.head is None else tuple(factor * v for v in figure.head)
    if rng.random() < 0.5:
        bgr, alpha = np.ascontiguousarray(bgr[:, ::-1]), np.ascontiguousarray(alpha[:, ::-1])
        head = head and (size[0] - head[2], head[1], size[0] - head[0], head[3])
    return Figure(
        np.asarray(bgr, np.uint8), np.asarray(alpha, np.float32), head, figure.kind, figure.cut
    )


def _lit(figure: Figure, canvas: Floats, left: int, top: int, rng: np.random.Generator) -> Figure:
    """Return the figure in light a little like that of its place."""
    tall, wide = figure.alpha.shape
    around = canvas[max(top, 0) : max(top + tall, 1), max(left, 0) : max(left + wide, 1)]
    if not around.size:
        return figure
    own = (figure.bgr * figure.alpha[..., None]).sum((0, 1)) / max(float(figure.alpha.sum()), 1.0)
    gain = np.clip((around.mean((0, 1)) + 20) / (own + 20), 0.5, 1.8) ** float(rng.uniform(0, 0.5))
    bgr = np.clip(figure.bgr * gain, 0, 255).astype(np.uint8)
    return Figure(bgr, figure.alpha, figure.head, figure.kind, figure.cut)
