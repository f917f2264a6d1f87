"""Crops of rendered people for re-identification: cut, marked with their parts, and roughened.

A crop is cut as a detector would cut it, with slack and with the partial views of close-ups, and
comes with where head, upper and lower body lie in it, from the joints the studio measured.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

from identity.appearance.cue_network import INPUT_HEIGHT_PX, INPUT_WIDTH_PX, PARTS

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    Image = NDArray[np.uint8]
    Floats = NDArray[np.float32]
    Rect = tuple[float, float, float, float]

GRID = (INPUT_HEIGHT_PX // 16, INPUT_WIDTH_PX // 16)
_MIN_HEIGHT_PX = 36
_MIN_VISIBLE = 0.35
# Places in the studio's list of joints.
_NECK, _SHOULDERS, _HIPS = 0, (2, 3), (8, 9, 10)


@dataclass(frozen=True, slots=True)
class Figure:
    """One person in one training picture.

    Attributes:
        file: The picture.
        mask: Where people are in it.
        person: Who.
        box: Visible box in pixels.
        parts: Where head, upper and lower body lie, in pixels; None when outside the picture.
        camera: Kind of camera.
        away_rad: 0 faces the camera.
        stage: Which set; the same person stands on two.
    """

    file: Path
    mask: Path
    person: str
    box: Rect
    parts: tuple[Rect | None, ...]
    camera: str
    away_rad: float
    stage: str


@dataclass(frozen=True, slots=True)
class Crop:
    """A (192, 96, 3) RGB float crop in 0..1, (3, 12, 6) part targets and (3,) who is seen.

    `head` is [x1, y1, x2, y2] of the head in shares of the crop, NaN where it is unknown.
    """

    rgb: Floats
    masks: Floats
    seen: Floats
    head: Floats


def figures_of(line: dict[str, Any], folder: Path) -> list[Figure]:
    """Return everybody in a training picture who is large and free enough to learn from."""
    figures = []
    for person in line["people"]:
        x1, y1, x2, y2 = person["box"]
        if y2 - y1 < _MIN_HEIGHT_PX or x2 - x1 < 12 or person["visible"] < _MIN_VISIBLE:
            continue
        figures.append(
            Figure(
                folder / line["file"], folder / line["mask"], person["person"], (x1, y1, x2, y2),
                part_rects(person["box"], person["head"], person["joints"]),
                line["camera"], person["away_rad"], line["set_name"],
            )
        )  # fmt: skip
    return figures


def part_rects(
    box: list[int], head: list[float] | None, joints: list[list[float] | None]
) -> tuple[Rect | None, Rect | None, Rect | None]:
    """Return where head, upper and lower body lie in the picture.

    Args:
        box: Visible box in pixels.
        head: Box of the head, None when outside the picture.
        joints: [x, y] in the order of the studio's `JOINT_NAMES`, None when outside.

    Example:
        >>> part_rects([0, 0, 40, 100], None, [None] * 16)
        (None, None, None)
    """
    x1, y1, x2, y2 = (float(v) for v in box)
    neck = _mean_y(joints, (_NECK, *_SHOULDERS))
    hips = _mean_y(joints, _HIPS)
    if neck is None and hips is None:
        return (_clipped(head, box), None, None)
    top = neck if neck is not None else y1
    # Hips outside the picture are below it: the torso goes to the box's lower edge.
    bottom = hips if hips is not None else y2
    upper = (x1, max(top, y1), x2, min(bottom, y2))
    lower = (x1, max(bottom, y1), x2, y2) if hips is not None else None
    return (_clipped(head, box), _solid(upper), _solid(lower))


def _mean_y(joints: list[list[float] | None], places: tuple[int, ...]) -> float | None:
    found = [joint[1] for place in places if (joint := joints[place]) is not None]
    return float(np.mean(found)) if found else None


def _clipped(rect: list[float] | None, box: list[int]) -> Rect | None:
    if rect is None:
        return None
    inside = (
        max(rect[0], box[0]), max(rect[1], box[1]), min(rect[2], box[2]), min(rect[3], box[3]),
    )  # fmt: skip
    return _solid(inside)


def _solid(rect: Rect | None) -> Rect | None:
    return rect if rect is not None and rect[2] - rect[0] >= 2 and rect[3] - rect[1] >= 3 else None


def cut(figure: Figure, picture: Image, rng: np.random.Generator | None = None) -> Crop:
    """Cut a figure out of its (H, W, 3) RGB picture; without `rng` as it stands, unroughened."""
    height, width = picture.shape[:2]
    x1, y1, x2, y2 = figure.box
    if rng is not None:
        x1, y1, x2, y2 = _loose_box(figure, rng)
    left, top = int(np.clip(x1, 0, width - 4)), int(np.clip(y1, 0, height - 4))
    right, bottom = int(np.clip(x2, left + 4, width)), int(np.clip(y2, top + 4, height))
    patch = picture[top:bottom, left:right]
    size = (INPUT_WIDTH_PX, INPUT_HEIGHT_PX)
    shrinks = patch.shape[0] > INPUT_HEIGHT_PX
    rgb = cv2.resize(
        patch, size, interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
    ).astype(np.float32)
    masks = np.zeros((len(PARTS), *GRID), np.float32)
    seen = np.zeros(len(PARTS), np.float32)
    head = np.full(4, np.nan, np.float32)
    for i, rect in enumerate(figure.parts):
        if rect is not None:
            masks[i], seen[i] = _on_grid(rect, (left, top, right, bottom))
    if figure.parts[0] is not None:
        corner, size_px = np.array([left, top] * 2), np.array([right - left, bottom - top] * 2)
        head = ((figure.parts[0] - corner) / size_px).astype(np.float32)
    if rng is not None:
        if rng.random() < 0.5:
            rgb, masks = rgb[:, ::-1], masks[:, :, ::-1]
            head = np.array([1, 0, 1, 0], np.float32) - head[[2, 1, 0, 3]] * (1, -1, 1, -1)
        rgb = roughened(np.ascontiguousarray(rgb), rng)
    return Crop(np.clip(rgb, 0, 255) / 255, np.ascontiguousarray(masks), seen, head)


def _loose_box(figure: Figure, rng: np.random.Generator) -> Rect:
    """Return the box with slack, and now and then only its upper part or one side."""
    x1, y1, x2, y2 = figure.box
    wide, tall = x2 - x1, y2 - y1
    slack = rng.uniform(-0.06, 0.08, 4) * (wide, tall, wide, tall)
    x1, y1, x2, y2 = x1 - slack[0], y1 - slack[1], x2 + slack[2], y2 + slack[3]
    if rng.random() < 0.3:
        # A closer view: head and shoulders at least.
        y2 = y1 + tall * float(rng.uniform(0.35, 0.95))
        if y2 - y1 < 0.6 * tall and rng.random() < 0.7:
            # A close-up is not that wide either.
            middle, half = (x1 + x2) / 2, wide * float(rng.uniform(0.35, 0.5))
            x1, x2 = middle - half, middle + half
    if rng.random() < 0.12:
        share = float(rng.uniform(0.1, 0.35)) * wide
        x1, x2 = (x1 + share, x2) if rng.random() < 0.5 else (x1, x2 - share)
    return x1, y1, x2, y2


def _on_grid(rect: Rect, crop: Rect) -> tuple[Floats, float]:
    """Return a part's (12, 6) share of every cell, and 1.0 when enough of it is inside."""
    left, top, right, bottom = crop
    x = np.linspace(left, right, GRID[1] + 1)
    y = np.linspace(top, bottom, GRID[0] + 1)
    wide = np.clip(np.minimum(x[1:], rect[2]) - np.maximum(x[:-1], rect[0]), 0, None)
    tall = np.clip(np.minimum(y[1:], rect[3]) - np.maximum(y[:-1], rect[1]), 0, None)
    cells = np.outer(tall / (y[1] - y[0]), wide / (x[1] - x[0])).astype(np.float32)
    inside = wide.sum() * tall.sum() / ((rect[2] - rect[0]) * (rect[3] - rect[1]))
    enough = inside >= 0.4 and tall.sum() >= 0.07 * (bottom - top)
    return cells, float(enough)


def roughened(rgb: Floats, rng: np.random.Generator, *, occlude: bool = True) -> Floats:
    """Return a (H, W, 3) 0..255 picture as a worse camera, other light or a codec would show it.

    `occlude` covers a part of it now and then.
    """
    height, width = rgb.shape[:2]
    rgb = rgb * float(rng.uniform(0.6, 1.4)) + float(rng.uniform(-25, 25))
    rgb = rgb * (1 + rng.uniform(-0.12, 0.12, 3).astype(np.float32))
    mean = rgb.mean()
    rgb = (rgb - mean) * float(rng.uniform(0.6, 1.35)) + mean
    grey = rgb.mean(2, keepdims=True)
    rgb = grey + (rgb - grey) * float(rng.uniform(0.5, 1.35) if rng.random() > 0.04 else 0.0)
    if rng.random() < 0.35:
        gamma = float(rng.uniform(0.65, 1.5))
        rgb = (255 * (np.clip(rgb, 0, 255) / 255) ** gamma).astype(np.float32)
    if rng.random() < 0.4:
        rgb = cv2.GaussianBlur(rgb, (0, 0), float(rng.uniform(0.4, 2.2)))
    if rng.random() < 0.3:
        share = float(rng.uniform(0.2, 0.6))
        small = cv2.resize(rgb, None, fx=share, fy=share, interpolation=cv2.INTER_AREA)
        rgb = cv2.resize(small, (width, height))
    if rng.random() < 0.4:
        rgb = rgb + rng.normal(0, float(rng.uniform(2, 14)), rgb.shape).astype(np.float32)
    if rng.random() < 0.3:
        quality = [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(15, 60))]
        _, code = cv2.imencode(".jpg", np.clip(rgb, 0, 255).astype(np.uint8), quality)
        rgb = np.asarray(cv2.imdecode(code, cv2.IMREAD_COLOR), np.float32)
    if occlude and rng.random() < 0.4:
        tall, wide = int(height * rng.uniform(0.1, 0.4)), int(width * rng.uniform(0.2, 0.6))
        y, x = int(rng.integers(0, height - tall)), int(rng.integers(0, width - wide))
        rgb = rgb.copy()
        rgb[y : y + tall, x : x + wide] = rng.uniform(0, 255, 3)
    return rgb.astype(np.float32)
