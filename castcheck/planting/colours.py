"""Hair and clothes in other colours: of another person, or others altogether."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np

from castcheck.planting.masks import GRID_PX, placed

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from castcheck.planting.material import Material
    from castcheck.planting.paste import Painter
    from castcheck.planting.track import Track

    Floats = NDArray[np.float32]

PARTS = ("hair", "upper", "lower")
_SAMPLES = 5
_MIN_PIXELS = 30
_FULL_OF_CLOTHES = 0.2  # of the picture: larger boxes hold little else below the chin
_SURELY_FACING = 0.3
_LEAST_FACING = -0.2
_SKIN_OF_CLOTHES = 0.35  # of a part; more of it is no skin
_SCALE = np.array([100 / 255, 1, 1], np.float32)


@dataclass(frozen=True, slots=True, eq=False)
class Colour:
    """Of a part of a person, in CIE Lab.

    Attributes:
        mean, spread: (3,) of L, a and b.
    """

    mean: Floats
    spread: Floats


def zones(track: Track, frame: int, material: Material) -> dict[str, Floats]:
    """Return soft (GRID_PX, GRID_PX) masks of the parts, by their place in the box alone."""
    box = track.at(frame)
    if box is None:
        return {}
    tall = float((box[3] - box[1]) / max(1.0, box[2] - box[0]))
    cut_below = material.cut_by(track, frame)[3]
    whole = tall > 1.9 and not cut_below
    # Heads are about a seventh of a standing figure, and two fifths of a bust.
    chin = 0.17 if whole else float(np.clip(0.62 / tall, 0.24, 0.55))
    crown, middle, half = 0.0, 0.5, 0.18
    if track.head is not None:
        x1, crown, x2, chin = (float(v) for v in np.clip(track.head, 0, 1))
        middle, half = (x1 + x2) / 2, max(0.08, (x2 - x1) / 2 + 0.03)
        chin = max(chin, crown + 0.05)
    eyes = crown + 0.45 * (chin - crown)
    y = (np.arange(GRID_PX) + 0.5)[:, None] / GRID_PX * np.ones((1, GRID_PX))
    x = np.abs((np.arange(GRID_PX) + 0.5)[None, :] / GRID_PX - middle) * np.ones((GRID_PX, 1))
    waist = 0.52 if whole else 2.0

    def between(v: NDArray[np.float64], low: float, high: float, soft: float) -> Floats:
        return np.asarray(
            np.clip((v - low) / soft + 0.5, 0, 1) * np.clip((high - v) / soft + 0.5, 0, 1),
            np.float32,
        )

    parts = {
        "hair": between(y, crown - 0.08, eyes, 0.03) * between(x, -1, half, 0.03),
        "upper": between(y, chin + 0.04, waist, 0.05),
    }
    if whole:
        parts["lower"] = between(y, waist, 2, 0.05)
    return parts


def _skin(rgb: Floats) -> Floats:
    """Return how much a pixel looks like skin, in [0, 1]."""
    small = np.clip(rgb, 0, 255).astype(np.uint8)
    ycc = cv2.cvtColor(small, cv2.COLOR_RGB2YCrCb).astype(np.float32)
    far = np.maximum(np.abs(ycc[..., 1] - 152) / 20, np.abs(ycc[..., 2] - 104) / 24)
    bright = np.clip((ycc[..., 0] - 60) / 30, 0, 1)
    return np.asarray(np.clip(1.6 - far, 0, 1) * bright, np.float32)


def part_mask(material: Material, track: Track, frame: int, part: str) -> Floats | None:
    """Return (H, W): where a part of a person is, skin left out."""
    shape = material.shape(track, frame)
    box = track.at(frame)
    if shape is None and box is not None and track.facing >= _SURELY_FACING:
        width, height = material.size
        if (box[2] - box[0]) * (box[3] - box[1]) > _FULL_OF_CLOTHES * width * height:
            shape = material.soft_box(track, frame)
    zone = zones(track, frame, material).get(part)
    if shape is None or zone is None:
        return None
    alpha = shape.alpha * zone
    mask = placed(alpha, shape.rect, material.size)
    picture = material.frames[frame].astype(np.float32)
    skin = _skin(cv2.GaussianBlur(picture, (0, 0), 1.5))
    inside = mask > 0.6
    if inside.any() and float(skin[inside].mean()) > _SKIN_OF_CLOTHES:
        return mask  # brown or pink clothes, or bare arms and chest: nothing can be left out
    bare = 1 - skin
    return np.asarray(mask * cv2.GaussianBlur(bare, (0, 0), 1.0), np.float32)


def colour_of(material: Material, track: Track, part: str) -> Colour | None:
    """Return the colours of a part over the window, `None` where it is hardly seen."""
    if track.facing < _LEAST_FACING:
        return None  # from behind, hair and back run into each other
    frames = np.linspace(track.start, track.stop - 1, _SAMPLES).round().astype(int)
    if part == "hair" and material.shape(track, int(frames[_SAMPLES // 2])) is None:
        return None  # without a silhouette, the wall beside a head would change its colour
    pixels = []
    for frame in frames:
        mask = part_mask(material, track, int(frame), part)
        if mask is not None:
            pixels.append(_lab(material.frames[frame])[mask > 0.6])
    table = np.concatenate(pixels) if pixels else np.zeros((0, 3), np.float32)
    if len(table) < _MIN_PIXELS * _SAMPLES:
        return None
    middle = np.median(table, axis=0).astype(np.float32)
    if float(_skin(_rgb(middle[None, None])).mean()) > _SKIN_OF_CLOTHES:
        return None  # a bald head, or bare arms: nothing that is put on
    spread = np.maximum(np.abs(table - middle).mean(axis=0), 1.0).astype(np.float32)
    return Colour(middle, spread)


def recoloured(
    material: Material, wanted: Mapping[str, Mapping[str, Colour]], people: Mapping[str, Track]
) -> Painter:
    """Draw people with parts in other colours.

    Args:
        material: The window.
        wanted: Per person and part the new colours.
        people: Name to track.
    """
    own = {
        (name, part): colour_of(material, people[name], part)
        for name, parts in wanted.items()
        for part in parts
    }

    def paint(frame: int) -> Floats:
        picture = material.frames[frame].astype(np.float32)
        lab = _lab(material.frames[frame])
        for name, parts in wanted.items():
            for part, new in parts.items():
                old = own[name, part]
                mask = part_mask(material, people[name], frame, part)
                if old is None or mask is None:
                    continue
                gain = np.clip(new.spread / old.spread, 0.6, 1.6)
                # Within reach of the part's own colours: beyond, hues would run through a rainbow.
                reach = 3 * old.spread + 6
                changed = np.clip(lab - old.mean, -reach, reach) * gain + new.mean
                # What is far from the part's own colour is a tie, a collar, a wall: it changes less
                far = np.abs(lab - old.mean) / (4 * old.spread + np.array([14, 7, 7], np.float32))
                weight = (mask * np.clip(1.8 - far.max(axis=-1), 0, 1))[..., None]
                rgb = _rgb(changed)
                picture = picture * (1 - weight) + rgb * weight
        return np.asarray(picture, np.float32)

    return paint


def another_colour(old: Colour, rng: np.random.Generator) -> Colour:
    """Return a colour far from `old`: another hue, and lighter where it was dark."""
    angle = np.arctan2(float(old.mean[2]), float(old.mean[1])) + np.pi * rng.uniform(0.6, 1.4)
    strong = float(rng.uniform(22, 38))
    light = float(np.clip(old.mean[0] + rng.choice([-1, 1]) * rng.uniform(12, 22), 25, 78))
    if old.mean[0] < 30:
        light = float(rng.uniform(42, 60))
    mean = np.array([light, strong * np.cos(angle), strong * np.sin(angle)], np.float32)
    return Colour(mean, np.maximum(old.spread, np.array([4, 1, 1], np.float32)))


def _lab(rgb: NDArray[np.uint8]) -> Floats:
    table = cv2.cvtColor(rgb.astype(np.float32) / 255, cv2.COLOR_RGB2LAB)
    return np.asarray(table, np.float32)


def _rgb(lab: Floats) -> Floats:
    low = np.array([0, -110, -110], np.float32)
    bounded = np.clip(lab, low, np.array([100, 110, 110], np.float32)).astype(np.float32)
    return np.asarray(np.clip(cv2.cvtColor(bounded, cv2.COLOR_LAB2RGB), 0, 1) * 255, np.float32)
