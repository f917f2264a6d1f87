"""Drawn people in front of a wall, with exact boxes: what the planting tests plant in."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np

from castcheck.planting.material import Material
from castcheck.planting.track import Track

SIZE = (240, 136)
RATE = Fraction(16)
LOOKS = {"red": (190, 40, 40), "blue": (40, 60, 190), "green": (40, 150, 60)}


def wall(seed: int = 0) -> np.ndarray:
    """Return a wall with a calm pattern."""
    width, height = SIZE
    x = np.linspace(0, 6, width)[None, :] + np.linspace(0, 2, height)[:, None] + seed
    grey = 168 + 12 * np.sin(x * 2)
    return np.stack([grey, grey - 6, grey - 14], axis=2).astype(np.uint8)


def figure(picture: np.ndarray, x: float, colour: tuple[int, int, int]) -> np.ndarray:
    """Draw somebody whose feet stand at `x`, and return the box."""
    x1, y1, x2, y2 = round(x) - 16, 24, round(x) + 16, 122
    cv2.rectangle(picture, (x1 + 3, y1 + 24), (x2 - 3, y1 + 62), colour, -1)
    cv2.rectangle(picture, (x1 + 5, y1 + 60), (x2 - 5, y2 - 1), tuple(c // 2 for c in colour), -1)
    cv2.rectangle(picture, (x1, y1 + 26), (x2, y1 + 52), colour, -1)
    cv2.ellipse(picture, (round(x), y1 + 12), (9, 12), 0, 0, 360, (214, 170, 140), -1)
    cv2.ellipse(picture, (round(x), y1 + 6), (10, 7), 0, 180, 360, (60, 40, 20), -1)
    return np.array([x1, y1, x2 + 1, y2], np.float32)


def scene(
    looks: tuple[str, ...] = ("red", "blue"), frames: int = 48, seed: int = 0
) -> tuple[np.ndarray, list[np.ndarray]]:
    """Return pictures, and per person the boxes."""
    pictures = []
    boxes: list[list[np.ndarray]] = [[] for _ in looks]
    for k in range(frames):
        picture = wall(seed)
        for number, look in enumerate(looks):
            x = SIZE[0] * (number + 1) / (len(looks) + 1) + 5 * np.sin(k / 9 + number)
            boxes[number].append(figure(picture, x, LOOKS[look]))
        pictures.append(picture)
    return np.stack(pictures), [np.stack(rows) for rows in boxes]


def material(
    looks: tuple[str, ...] = ("red", "blue"), frames: int = 48, name: str = "drawn", seed: int = 0
) -> Material:
    """Return a window of drawn people."""
    pictures, boxes = scene(looks, frames, seed)
    tracks = tuple(
        Track(f"p{k}", 0, rows, dict(enumerate(rows)), 0.9) for k, rows in enumerate(boxes)
    )
    sha = f"{name:0>64}"
    return Material(Path(f"{name}.mp4"), sha, 0, 0, RATE, Fraction(0), pictures, tracks)


def boxes_text(boxes: list[np.ndarray]) -> str:
    """Return the boxes as a file of stored boxes."""
    lines = []
    for rows in boxes:
        for frame, (x1, y1, x2, y2) in enumerate(rows):
            lines.append((frame + 1, f"{frame + 1},-1,{x1},{y1},{x2 - x1},{y2 - y1},0.9\n"))
    return "".join(text for _, text in sorted(lines))
