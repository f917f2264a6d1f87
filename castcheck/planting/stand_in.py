"""Whether one person can stand in another's place, and how different two looks are (measured)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

from castcheck.planting.masks import GRID_PX, taken
from castcheck.planting.paste import Donor, light_between, light_of
from identity.appearance.colour import colour_histogram

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from castcheck.planting.masks import Shape
    from castcheck.planting.material import Material
    from castcheck.planting.track import Track

    Floats = NDArray[np.float32]

_MAX_SIZE_RATIO = 2.2  # of the areas' roots: more, and the pasted one is a blur or a mosaic
_MAX_ASPECT_RATIO = 1.45
_MIN_MASK_IOU = 0.62
_MAX_HEAD_RATIO = 1.5
_MAX_HEAD_SHIFT = 0.12  # of the box's height
_MAX_TURN = 0.9  # of cosines
_MAX_BACKGROUND_STEP = 12.0  # of L, or twice that of a or b, after the light was fitted
_MAX_LIGHT_STEP = 34.0  # of L around the two: more cannot be fitted
_SAMPLES = 4
_COLOUR_SHARE = 0.6
_LOOK_PX = (32, 48)


def fit(
    material: Material, place: Track, donor_material: Material, donor: Track, *, mirror: bool | None
) -> Donor | str:
    """Return how `donor` stands in for `place`, or why he cannot.

    Args:
        material: Of the place.
        place: Whose place.
        donor_material: Of the donor; may be the same.
        donor: Who is to be drawn there.
        mirror: Whether the donor is turned left to right; `None` = as fits better.
    """
    mine, theirs = _box(place), _box(donor)
    sizes = np.sqrt(mine[0] * mine[1] / (theirs[0] * theirs[1]))
    if not 1 / _MAX_SIZE_RATIO <= sizes <= _MAX_SIZE_RATIO:
        return "no one of similar size"
    aspect = (mine[0] / mine[1]) / (theirs[0] / theirs[1])
    if not 1 / _MAX_ASPECT_RATIO <= aspect <= _MAX_ASPECT_RATIO:
        return "no one of similar shape"
    here, there = _usual_cut(material, place), _usual_cut(donor_material, donor)
    if here[1] != there[1] or here[3] != there[3]:
        return "no one in similar framing"
    if reason := _views_differ(place, donor):
        return reason
    sides = [(there[0], there[2]), (there[2], there[0])]
    allowed = [bool(k) for k in (0, 1) if sides[k] == (here[0], here[2]) and mirror in (None, k)]
    if not allowed:
        return "no one in similar framing"
    other = donor_material is not material
    around = light_of(material, place, local=True), light_of(donor_material, donor, local=True)
    if abs(float(around[0][0] - around[1][0])) > _MAX_LIGHT_STEP:
        return "no one in similar light"
    light = light_between(*around, other_clip=other)
    offset = donor.start - place.start if other else 0
    tried = [Donor(donor_material, donor, turned, light, offset) for turned in allowed]
    scored = [(mask_overlap(material, place, one), k, one) for k, one in enumerate(tried)]
    best = max(scored, key=lambda row: (row[0], -row[1]))
    if best[0] >= _MIN_MASK_IOU:
        return best[2]
    # With all that is in the box: what shows of his own background must fit there.
    rest = np.abs(around[0] - around[1] - light) * np.array([1, 2, 2])
    if float(rest.max()) > _MAX_BACKGROUND_STEP:
        return "no one of similar silhouette, or before a similar background"
    return Donor(donor_material, donor, allowed[-1], light, offset, boxed=True)


def _views_differ(place: Track, donor: Track) -> str:
    """Return why two are not seen in a like view; "" where they are, or no network was asked.

    Views are alike where heads are as large, as high, and as much turned to the camera.
    """
    if place.head is None or donor.head is None:
        return ""
    tall = float((place.head[3] - place.head[1]) / max(1e-3, donor.head[3] - donor.head[1]))
    low = abs(float(place.head[1] + place.head[3] - donor.head[1] - donor.head[3])) / 2
    if not 1 / _MAX_HEAD_RATIO <= tall <= _MAX_HEAD_RATIO or low > _MAX_HEAD_SHIFT:
        return "no one in a similar view"
    if abs(place.facing - donor.facing) > _MAX_TURN:
        return "no one turned to the camera as much"
    return ""


def _box(track: Track) -> tuple[float, float]:
    width, height = np.median(track.boxes[:, 2:] - track.boxes[:, :2], axis=0)
    return float(width), float(height)


def _usual_cut(material: Material, track: Track) -> tuple[bool, bool, bool, bool]:
    cuts = [material.cut_by(track, f) for f in range(track.start, track.stop, 3)]
    left, top, right, bottom = (bool(np.mean(edge) > 0.5) for edge in zip(*cuts, strict=True))
    return left, top, right, bottom


def mask_overlap(material: Material, place: Track, donor: Donor) -> float:
    """Return the mean IoU of the two masks in their boxes; 0 where one has none."""
    found = []
    for frame in np.linspace(place.start, place.stop - 1, _SAMPLES).round().astype(int):
        here = material.shape(place, int(frame))
        there = donor.material.shape(donor.track, donor.frame(int(frame)))
        if here is None or there is None:
            return 0.0
        alpha = there.alpha[:, ::-1] if donor.mirror else there.alpha
        union = np.maximum(here.alpha, alpha).sum()
        found.append(float(np.minimum(here.alpha, alpha).sum() / max(union, 1e-6)))
    return float(np.mean(found))


def look_difference(one: list[tuple[Floats, Shape]], two: list[tuple[Floats, Shape]]) -> float:
    """Return how different two looks are by colour and structure, in [0, 1].

    Args:
        one: Pictures (H, W, 3) of the first, each with the mask of the place.
        two: Of the second.

    1 - Bhattacharyya's coefficient of the colours, and half of 1 - the correlation of small grey
    pictures (means over all pairs): 0 for two equal pictures, about 0.1 to 0.2 for one person a
    second later, and above 0.4 for two who differ in everything.
    """
    if not one or not two:
        return 0.0
    colours = [np.mean([_colours(*row) for row in rows], axis=0) for rows in (one, two)]
    affinity = float(colours[0] @ colours[1])
    affinity /= float(np.linalg.norm(colours[0]) * np.linalg.norm(colours[1])) or 1.0
    structures = [[_structure(*row) for row in rows] for rows in (one, two)]
    alike = float(np.mean([a @ b for a in structures[0] for b in structures[1]]))
    colour, structure = 1 - affinity, (1 - alike) / 2
    return float(np.clip(_COLOUR_SHARE * colour + (1 - _COLOUR_SHARE) * structure, 0, 1))


def _colours(rgb: Floats, shape: Shape) -> Floats:
    """Return the colours of three bands of a person, one after the other."""
    patch = taken(rgb, shape.rect, (GRID_PX, GRID_PX))
    inside = shape.alpha > 0.5
    rows = []
    for band in np.array_split(np.arange(GRID_PX), 3):
        pixels = patch[band][inside[band]]
        if len(pixels) < 16:
            rows.append(np.zeros(486, np.float32))
            continue
        side = int(np.sqrt(len(pixels)))
        square = np.clip(pixels[: side * side].reshape(side, side, 3), 0, 255).astype(np.uint8)
        rows.append(colour_histogram(square))
    return np.concatenate(rows)


def _structure(rgb: Floats, shape: Shape) -> Floats:
    grey = cv2.cvtColor(np.clip(rgb, 0, 255).astype(np.uint8), cv2.COLOR_RGB2GRAY)
    patch = taken(grey, shape.rect, _LOOK_PX)
    weight = cv2.resize(shape.alpha, _LOOK_PX)
    mean = float((patch * weight).sum() / max(weight.sum(), 1e-6))
    vector = ((patch - mean) * weight).ravel()
    return np.asarray(vector / max(float(np.linalg.norm(vector)), 1e-6), np.float32)
