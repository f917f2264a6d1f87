"""Draws one person in another's place, in another's clothes, beside himself, or not at all.

Each function returns a `Painter`: frame of the window to (H, W, 3) float32 picture with the error
in full. How much of it is shown, and when, is the business of the timeline.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np

from castcheck.planting.masks import GRID_PX, placed, taken

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from castcheck.planting.masks import Shape
    from castcheck.planting.material import Material
    from castcheck.planting.track import Track

    Image = NDArray[np.uint8]
    Floats = NDArray[np.float32]

Painter = Callable[[int], "NDArray[np.float32]"]

# How far colours are fitted to the place: L, a, b of CIE Lab. The look must stay what it is.
_OWN_LIGHT = np.array([8.0, 3.0, 3.0], np.float32)
_OTHER_LIGHT = np.array([20.0, 7.0, 7.0], np.float32)
_SHARE_OF_LIGHT = 0.7


@dataclass(frozen=True, slots=True, eq=False)
class Donor:
    """Whose look is drawn.

    Attributes:
        material: Where the pictures come from.
        track: The person.
        mirror: Whether he is turned left to right.
        light: Added in Lab, so that he stands in the light of the place.
        offset: Added to the frame asked for, to get that of the donor's window.
        boxed: Drawn with all that is in his box, soft at the edges: his silhouette is not known, or
            that of who stands there.
    """

    material: Material
    track: Track
    mirror: bool
    light: Floats
    offset: int = 0
    boxed: bool = False

    def frame(self, frame: int) -> int:
        """Return the donor's frame for a frame of the window: to and fro, so that none jumps."""
        length = self.track.stop - self.track.start
        if length <= 1:
            return self.track.start
        turn = (frame + self.offset - self.track.start) % (2 * length - 2)
        return self.track.start + (turn if turn < length else 2 * length - 2 - turn)


def light_of(material: Material, track: Track, *, local: bool) -> Floats:
    """Return the mean Lab colour around a person, or of all that is no person."""
    key = track.name, local
    if key not in material.lights:
        material.lights[key] = _light_of(material, track, local=local)
    return material.lights[key]


def _light_of(material: Material, track: Track, *, local: bool) -> Floats:
    middle = (track.start + track.stop) // 2
    lab = cv2.cvtColor(material.frames[middle], cv2.COLOR_RGB2LAB).astype(np.float32)
    free = material.covered(middle) < 0.05
    if local:
        shape = material.shape(track, middle)
        if shape is not None:
            reach = max(9, round(0.06 * max(material.size))) | 1
            near = cv2.dilate(shape.full(material.size), np.ones((reach, reach), np.uint8)) > 0.5
            free = free & near
    if free.sum() < 50:
        free = np.ones(free.shape, np.bool_)
    scale = np.array([100 / 255, 1, 1], np.float32)
    return np.asarray(lab[free].mean(axis=0) * scale, np.float32)


def light_between(place: Floats, own: Floats, *, other_clip: bool) -> Floats:
    """Return what is added to the donor's colours, limited."""
    limit = _OTHER_LIGHT if other_clip else _OWN_LIGHT
    return np.asarray(np.clip(_SHARE_OF_LIGHT * (place - own), -limit, limit), np.float32)


def lit(rgb: Floats, light: Floats) -> Floats:
    """Return a picture with `light` (Lab) added."""
    if not np.any(light):
        return rgb
    lab = cv2.cvtColor(np.clip(rgb / 255, 0, 1).astype(np.float32), cv2.COLOR_RGB2LAB)
    lab = lab + light
    return np.asarray(cv2.cvtColor(lab.astype(np.float32), cv2.COLOR_LAB2RGB) * 255, np.float32)


def dressed(
    material: Material, place: Track, donor: Donor, frame: int, *, fitted: bool
) -> tuple[Floats, Floats] | None:
    """Return the donor's picture (H, W, 3) and mask (H, W) at the place; `None` = nobody there.

    Args:
        material: The window.
        place: Whose place it is.
        donor: Whose look.
        frame: Of the window.
        fitted: The donor's look in the silhouette of who stands there, row by row.
    """
    there_frame = donor.frame(frame)
    if donor.boxed:
        here = material.soft_box(place, frame)
        there = donor.material.soft_box(donor.track, there_frame)
    else:
        here = material.shape(place, frame)
        there = donor.material.shape(donor.track, there_frame)
    if here is None or there is None:
        return None
    rect = here.rect
    if not (donor.boxed or fitted):
        rect = _in_proportion(material, place, frame, here, there)
    x1, y1, x2, y2 = rect
    size = (max(4, round(x2 - x1)), max(4, round(y2 - y1)))
    rgb = taken(donor.material.frames[there_frame], there.rect, size)
    alpha = there.alpha
    if donor.mirror:
        rgb, alpha = rgb[:, ::-1], alpha[:, ::-1]
    rgb = lit(np.ascontiguousarray(rgb), donor.light)
    if donor.boxed:
        return placed(rgb, here.rect, material.size, edge=1), here.full(material.size)
    if fitted:
        rgb = _row_by_row(rgb, np.ascontiguousarray(alpha), here.alpha)
        return placed(rgb, here.rect, material.size, edge=1), here.full(material.size)
    mask = placed(np.ascontiguousarray(alpha), rect, material.size)
    return placed(rgb, rect, material.size, edge=1), mask


def _in_proportion(
    material: Material, place: Track, frame: int, here: Shape, there: Shape
) -> tuple[float, float, float, float]:
    """Return the place with the donor's proportions: who walks is wide and narrow in turn.

    The feet stay where they are; where a side of the picture cuts the place, its box holds.
    """
    left, _, right, _ = material.cut_by(place, frame)
    if left or right:
        return here.rect
    x1, y1, x2, y2 = here.rect
    wanted = (there.rect[2] - there.rect[0]) / (there.rect[3] - there.rect[1]) * (y2 - y1)
    width = float(np.clip(wanted, 0.7 * (x2 - x1), 1.4 * (x2 - x1)))
    middle = (x1 + x2) / 2
    return middle - width / 2, y1, middle + width / 2, y2


def _spans(alpha: Floats) -> tuple[Floats, Floats]:
    """Return the left and right end of a silhouette per row, smooth, in [0, 1]."""
    inside = alpha > 0.5
    n = alpha.shape[1]
    some = inside.any(axis=1)
    if not some.any():
        return np.zeros(len(alpha), np.float32), np.ones(len(alpha), np.float32)
    left = inside.argmax(axis=1).astype(np.float64)
    right = (n - inside[:, ::-1].argmax(axis=1)).astype(np.float64)
    rows = np.arange(len(alpha))
    left = np.interp(rows, rows[some], left[some]) / n
    right = np.interp(rows, rows[some], right[some]) / n
    both = np.stack([left, right], axis=1).astype(np.float32)
    both = cv2.GaussianBlur(both, (1, 0), sigmaX=0.001, sigmaY=4.0) if len(both) > 1 else both
    return both[:, 0], np.maximum(both[:, 1], both[:, 0] + 0.05)


def _row_by_row(rgb: Floats, alpha: Floats, place: Floats) -> Floats:
    """Return the donor's picture with its silhouette stretched onto that of the place."""
    rows, columns = rgb.shape[:2]
    dl, dr = _spans(alpha)
    pl, pr = _spans(place)
    at = (np.arange(rows) + 0.5) / rows * GRID_PX - 0.5
    grid = np.arange(GRID_PX)
    dl, dr, pl, pr = (np.interp(at, grid, v)[:, None] for v in (dl, dr, pl, pr))
    x = (np.arange(columns)[None, :] + 0.5) / columns
    inner = 0.03  # so that the edge of the place shows the donor and not what lay behind him
    share = np.clip((x - pl) / (pr - pl), inner, 1 - inner)
    source_x = ((dl + share * (dr - dl)) * columns - 0.5).astype(np.float32)
    source_y = np.broadcast_to(np.arange(rows, dtype=np.float32)[:, None], source_x.shape)
    return np.asarray(
        cv2.remap(
            rgb, source_x, np.ascontiguousarray(source_y), cv2.INTER_LINEAR,
            borderMode=cv2.BORDER_REPLICATE,
        ),
        np.float32,
    )  # fmt: skip


def exchange(
    material: Material, pairs: list[tuple[Track, Donor]], *, fitted: bool = False
) -> Painter:
    """Draw each donor in the place that goes with him; what nobody covers any more is filled."""
    places = [place for place, _ in pairs]

    def paint(frame: int) -> Floats:
        picture = material.frames[frame].astype(np.float32)
        new = []
        for place, donor in pairs:
            made = dressed(material, place, donor, frame, fitted=fitted)
            box = place.at(frame)
            if made is not None and box is not None:
                left = None if donor.boxed else material.shape(place, frame)
                new.append((float(box[3]), place, left, *made))
        new.sort(key=lambda row: row[0])  # who stands farther back is drawn first
        front = _in_front(material, places, frame)
        before = picture.copy()
        if not fitted:
            picture = _cleared(material, picture, [row[2] for row in new], frame)
        for _, place, _, rgb, mask in new:
            weight = _at_edges(material, place, frame, mask)[..., None]
            picture = picture * (1 - weight) + rgb * weight
        return np.asarray(before * front[..., None] + picture * (1 - front[..., None]), np.float32)

    return paint


def _cleared(material: Material, picture: Floats, shapes: list[Shape | None], frame: int) -> Floats:
    """Take people out of a picture, soft at the edges."""
    gone = np.zeros(picture.shape[:2], np.float32)
    for shape in shapes:
        if shape is not None:
            gone = np.maximum(gone, shape.full(material.size))
    if not gone.any():
        return picture
    reach = max(3, round(0.012 * max(material.size))) | 1
    gone = cv2.dilate(gone, np.ones((reach, reach), np.uint8))
    gone = cv2.GaussianBlur(gone, (0, 0), 1.2)[..., None]
    return np.asarray(picture * (1 - gone) + material.background(frame) * gone, np.float32)


def _in_front(material: Material, places: list[Track], frame: int) -> Floats:
    """Return the mask of those who stand in front of the places, and are not exchanged."""
    width, height = material.size
    front = np.zeros((height, width), np.float32)
    low = [box[3] for box in (place.at(frame) for place in places) if box is not None]
    for other in material.tracks:
        box = None if other in places else other.at(frame)
        if box is not None and low and box[3] > min(low) + 0.01 * height:
            shape = material.shape(other, frame)
            if shape is not None:
                front = np.maximum(front, shape.full(material.size))
    return front


def _at_edges(material: Material, place: Track, frame: int, mask: Floats) -> Floats:
    """Return a mask that reaches the edges of the picture where the picture cuts the place.

    A mask is soft on all sides, and so a strip of whoever stood there would stay at the edge.
    """
    left, top, right, bottom = material.cut_by(place, frame)
    mask = mask.copy()
    depth = max(2, round(0.012 * max(material.size)))
    if bottom:
        mask[-depth:] = np.maximum(mask[-depth:], mask[-depth - 1])
    if top:
        mask[:depth] = np.maximum(mask[:depth], mask[depth])
    if left:
        mask[:, :depth] = np.maximum(mask[:, :depth], mask[:, depth : depth + 1])
    if right:
        mask[:, -depth:] = np.maximum(mask[:, -depth:], mask[:, -depth - 1 : -depth])
    return mask


def removed(material: Material, track: Track) -> Painter:
    """Draw the picture without a person."""

    def paint(frame: int) -> Floats:
        picture: Floats = material.frames[frame].astype(np.float32)
        shape = material.shape(track, frame) or material.soft_box(track, frame)
        if shape is None:
            return picture
        front = _in_front(material, [track], frame)[..., None]
        cleared = _cleared(material, picture, [shape], frame)
        return np.asarray(picture * front + cleared * (1 - front), np.float32)

    return paint


def beside(material: Material, donor: Donor, shift_px: tuple[float, float]) -> Painter:
    """Draw a person a second time, `shift_px` (x, y) from where he is."""

    def paint(frame: int) -> Floats:
        picture: Floats = material.frames[frame].astype(np.float32)
        there_frame = donor.frame(frame)
        shape = donor.material.shape(donor.track, there_frame)
        if shape is None:
            return picture
        rect = copy_rect(shape.rect, shift_px)
        size = (max(4, round(rect[2] - rect[0])), max(4, round(rect[3] - rect[1])))
        rgb = taken(donor.material.frames[there_frame], shape.rect, size)
        alpha = shape.alpha
        if donor.mirror:
            rgb, alpha = np.ascontiguousarray(rgb[:, ::-1]), np.ascontiguousarray(alpha[:, ::-1])
        rgb = lit(rgb, donor.light)
        mask = placed(alpha, rect, material.size)
        depth = max(2, round(0.012 * max(material.size)))
        if material.cut_by(donor.track, there_frame)[3]:
            mask[-depth:] = np.maximum(mask[-depth:], mask[-depth - 1])
        # Whoever stands nearer to the camera than the copy stays in front of it.
        for other in material.tracks:
            box = other.at(frame)
            near = box is not None and box[3] > rect[3] + 0.01 * material.size[1]
            own = material.shape(other, frame) if near else None
            if own is not None:
                mask = mask * (1 - own.full(material.size))
        weight = mask[..., None]
        return np.asarray(
            picture * (1 - weight) + placed(rgb, rect, material.size, edge=1) * weight, np.float32
        )

    return paint


def copy_rect(
    rect: tuple[float, float, float, float], shift_px: tuple[float, float]
) -> tuple[float, float, float, float]:
    """Return a place moved by (x, y) pixels."""
    return (
        rect[0] + shift_px[0],
        rect[1] + shift_px[1],
        rect[2] + shift_px[0],
        rect[3] + shift_px[1],
    )
