"""How a picture is drawn and graded, whatever its light.

Light multiplies every colour channel, exposure bends all of them alike. So everything here is
measured on logarithms of pixels: how colours change from dark to light, and how much of the picture
has a colour besides that. A photograph that becomes black and white changes these, a lamp that goes
on does not. Where light is too much for the camera all colours end, so such pixels are left out.
Strokes, flat areas and grain are seen by the first layers of a network, in the few directions in
which drawing moves them most and light, blur and coding least (`python -m training texture`).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from typing import TYPE_CHECKING

import cv2
import numpy as np

from identity.appearance.texture import channel_statistics, texture_network
from identity.evidence.same_place import free_of
from scenes.arrays import grey_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from scenes.frames import FrameBatch

TEXTURE_FILE = "texture.npz"
# Where a style is measured, and by what, in this order.
STYLE_PLACES = ("set", "people", "picture")  # outside all boxes, within them, and both together
STYLE_PARTS = ("colours", "red_slope", "blue_slope", "texture_1", "texture_2", "texture_3")

_GRADES = STYLE_PARTS.index("texture_1")
STYLE_PX = (192, 108)  # width, height: smaller, and strokes and flat areas are gone
_FLOOR_LEVELS = 16.0  # added to pixels: noise in the dark has no colour
_LOG_OF_LEVEL = np.log(np.arange(256, dtype=np.float32) + _FLOOR_LEVELS)
_CLIPPED_LEVEL = 250
_OWN_COLOUR = 0.02  # in logarithms: what coding adds to a grey picture is less
_FEW = 0.05  # share of a picture, added to that of colours
_MIN_SEEN = 0.03  # share of a picture; less of it has no style of its own
_MIN_CONTRAST = 0.08  # in logarithms: a flatter picture is fading, or a wall
_REACH_PX = (4, 2)  # of 96 x 54: how far a camera moves between two pictures
_STYLES_PER_S = 12.0  # as it was fitted; more cost a tenth of a check
_BLUR_PX = 1.0  # of the same
_MEDIAN_CELLS = 1024  # of a histogram
# Light and dark are more alike over a cut than edges are: so 7 of 131 cuts of generated clips go on
# (5 by edges alone), and all of 396 pictures drawn in six styles (387; in pencil 54 of 66).
_LIGHT_SAYS_LESS = 0.15
_LIGHT_IS_LESS = 1.001 - _LIGHT_SAYS_LESS  # whatever it is; correlations are rounded


@dataclass(frozen=True, slots=True, eq=False)
class PictureStyles:
    """How every picture of a clip is drawn.

    Attributes:
        parts: (F, 3, 6) float32, what `grade_of` and `texture_of` return, NaN where too little is
            seen or nothing was asked.
        stays: (F,) float32, how well what the picture before shows goes on in this one.
    """

    parts: NDArray[np.float32]
    stays: NDArray[np.float32]

    def between(self, start: int, stop: int) -> PictureStyles:
        """Return those of pictures `start` to before `stop`."""
        return PictureStyles(self.parts[start:stop], self.stays[start:stop])

    @classmethod
    def joined(cls, pieces: Sequence[PictureStyles | None]) -> PictureStyles | None:
        """Return the styles of clips one after the other; `None` where one is not known.

        Example:
            >>> one = StyleReader(fps=24).finish()
            >>> PictureStyles.joined([one, None]) is None
            True
        """
        known = [piece for piece in pieces if piece is not None]
        if not known or len(known) < len(pieces):
            return None
        stays = [
            np.concatenate([[0.0 if number else 1.0], piece.stays[1:]])[: len(piece.stays)]
            for number, piece in enumerate(known)
        ]
        parts = np.concatenate([piece.parts for piece in known])
        return cls(parts, np.concatenate(stays).astype(np.float32))


class StyleReader:
    """Reads the style of one picture after the other, of twelve a second.

    Args:
        fps: Of the clip.
    """

    def __init__(self, *, fps: float) -> None:
        self._every = max(1, round(fps / _STYLES_PER_S))
        self._network = texture_network()
        self._layout: NDArray[np.float32] | None = None
        self._parts: list[NDArray[np.float32]] = []
        self._stays: list[float] = []

    def read(
        self,
        batch: FrameBatch,
        row: int,
        small: NDArray[np.uint8],
        xyxy: NDArray[np.float32],
    ) -> None:
        """Take in the next picture.

        Args:
            batch: Holds it.
            row: Which of the batch it is.
            small: (54, 96, 3) uint8, the same picture: whether it goes on is asked of every one.
            xyxy: (N, 4) boxes of everybody, in pixels of the picture.
        """
        style = np.full((len(STYLE_PLACES), len(STYLE_PARTS)), np.nan, np.float32)
        if len(self._parts) % self._every == 0:
            drawn = batch.small(row, STYLE_PX)
            size_px = batch.rgb.shape[2], batch.rgb.shape[1]
            grade = grade_of(drawn, xyxy, picture_px=size_px)
            texture = self._network.maps(drawn)
            style = np.concatenate([grade, texture_of(texture, xyxy, picture_px=size_px)], axis=1)
        self._parts.append(style)
        known, self._layout = self._layout, layout_of(small)
        self._stays.append(1.0 if known is None else goes_on(known, self._layout))

    def finish(self) -> PictureStyles:
        """Return what was read."""
        parts = np.array(self._parts, np.float32)
        parts = parts.reshape(-1, len(STYLE_PLACES), len(STYLE_PARTS))
        return PictureStyles(parts, np.array(self._stays, np.float32))


def style_picture(picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return an RGB picture at the size its style is measured at."""
    return np.asarray(cv2.resize(picture, STYLE_PX, interpolation=cv2.INTER_AREA), np.uint8)


def grade_of(
    picture: NDArray[np.uint8], xyxy: NDArray[np.float32], *, picture_px: tuple[int, int]
) -> NDArray[np.float32]:
    """Return (3, 3) how it is graded at every one of `STYLE_PLACES`; NaN = too little is seen.

    Args:
        picture: (h, w, 3) uint8 RGB, small.
        xyxy: (N, 4) boxes of everybody.
        picture_px: (width, height) that boxes are measured in.

    Example:
        >>> rng = np.random.default_rng(0)
        >>> seen = rng.integers(40, 160, (54, 96, 3)).astype(np.uint8)
        >>> nobody = np.zeros((0, 4), np.float32)
        >>> as_it_is, lit, grey = (
        ...     grade_of(p, nobody, picture_px=(96, 54))[0]
        ...     for p in (seen, seen // 2, seen[..., :1].repeat(3, axis=2))
        ... )
        >>> bool(abs(lit - as_it_is)[0] < 0.2 < 2 < (as_it_is - grey)[0])
        True
    """
    red, green, blue = (plane.ravel() for plane in cv2.split(_logs(picture)))
    planes = (red + green + blue) / np.float32(3), red - green, blue - green
    free = free_of(picture.shape[:2], xyxy, picture_px=picture_px).ravel()
    shown = np.maximum.reduce(cv2.split(picture)).ravel() < _CLIPPED_LEVEL
    grades = np.full((len(STYLE_PLACES), _GRADES), np.nan, np.float32)
    for place, part in enumerate((free & shown, ~free & shown, shown)):
        pixels = np.flatnonzero(part)
        if len(pixels) >= _MIN_SEEN * part.size:
            grades[place] = _measured(*(plane.take(pixels) for plane in planes))
    return grades


def texture_of(
    maps: Sequence[NDArray[np.float32]],
    xyxy: NDArray[np.float32],
    *,
    picture_px: tuple[int, int],
    directions: NDArray[np.float32] | None = None,
) -> NDArray[np.float32]:
    """Return (3, K) what it is drawn with at every one of `STYLE_PLACES`, as `grade_of` does.

    Args:
        maps: (C, h, w) each, of `TextureNetwork`.
        xyxy: (N, 4) boxes of everybody.
        picture_px: (width, height) that boxes are measured in.
        directions: (112, K) along which it is measured; by default the learnt three.
    """
    directions = learnt_directions() if directions is None else directions
    free = [free_of(cells.shape[1:], xyxy, picture_px=picture_px) for cells in maps]
    found = np.full((len(STYLE_PLACES), directions.shape[1]), np.nan, np.float32)
    everywhere = [np.ones_like(cells) for cells in free]
    for place, shows in enumerate((free, [~cells for cells in free], everywhere)):
        if all(_share(cells) >= _MIN_SEEN for cells in shows):
            found[place] = channel_statistics(maps, shows) @ directions
    return found


@lru_cache(maxsize=1)
def learnt_directions() -> NDArray[np.float32]:
    """Return (112, 3) float32 along which drawing moves the statistics most, and light least."""
    with (resources.files("identity.evidence") / TEXTURE_FILE).open("rb") as file:
        return np.asarray(np.load(file)["directions"], np.float32)


def _measured(
    light: NDArray[np.float32], red: NDArray[np.float32], blue: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Return (3,) of the (N,) pixels of one part; colours are beside green, in logarithms."""
    light = light - light.mean()
    spread = float(np.sqrt(np.square(light).mean()))
    if spread < _MIN_CONTRAST:
        return np.full(_GRADES, np.nan, np.float32)
    slopes, own = [], np.zeros_like(light)
    for colour in (red, blue):
        slopes.append(float((light * (colour - colour.mean())).mean()) / spread**2)
        # Besides the colours that follow from light and dark: brown pictures have no others.
        inner = colour - slopes[-1] * light
        own += np.square(inner - _median(inner))
    share = _share(own > _OWN_COLOUR**2)
    return np.array([np.log(share + _FEW), *slopes], np.float32)


def _median(values: NDArray[np.float32]) -> np.float32:
    """Return the median of (N,) numbers, none of them NaN, in two fifths of `np.median`'s time.

    A histogram says which few of them must be sorted: to part all guesses a branch for each.
    """
    low = values.min()
    width = values.max() - low
    if width <= 0:
        return np.float32(low)
    cell = ((values - low) * np.float32(_MEDIAN_CELLS / width)).astype(np.int64)
    counts = np.bincount(cell)
    up_to = np.cumsum(counts)
    middle = np.array([(len(values) - 1) // 2, len(values) // 2])
    first, last = np.searchsorted(up_to, middle, side="right")
    near = np.sort(values[np.flatnonzero((cell >= first) & (cell <= last))])
    lower, upper = near[middle - (up_to[first] - counts[first])]
    return np.float32((lower + upper) / np.float32(2))


def _logs(picture: NDArray[np.uint8]) -> NDArray[np.float32]:
    return np.asarray(cv2.LUT(picture, _LOG_OF_LEVEL), np.float32)


def _share(cells: NDArray[np.bool_]) -> float:
    return np.count_nonzero(cells) / cells.size


def layout_of(small: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return (2, h, w) float32 how steep and how bright a small picture (h, w, 3) is, blurred."""
    bright = grey_of(_logs(small))
    steep = np.hypot(*np.gradient(bright))
    blurred = [cv2.GaussianBlur(plane, (0, 0), _BLUR_PX) for plane in (steep, bright)]
    return np.stack(blurred).astype(np.float32)


def goes_on(before: NDArray[np.float32], after: NDArray[np.float32]) -> float:
    """Return how well one picture goes on in the next, by its edges or by its light and dark.

    A drawing may change all edges of a picture, or all of its light, and rarely both. Each is a
    correlation, moved over each other at best.

    Args:
        before: As `layout_of` returns it.
        after: The same of the next picture.

    Example:
        >>> layout = np.random.default_rng(0).random((2, 54, 96)).astype(np.float32)
        >>> round(goes_on(layout, np.roll(layout, 2, axis=2)), 2)
        1.0
        >>> round(goes_on(layout, np.stack([layout[1], layout[1]])), 2)
        0.85
    """
    edges = _agreement(before[0], after[0])
    if edges > _LIGHT_IS_LESS:
        return edges
    return max(edges, _agreement(before[1], after[1]) - _LIGHT_SAYS_LESS)


def _agreement(before: NDArray[np.float32], after: NDArray[np.float32]) -> float:
    x, y = _REACH_PX
    inner = np.ascontiguousarray(before[y:-y, x:-x])
    if float(inner.std()) < 1e-6 or float(after.std()) < 1e-6:
        return 0.0
    return float(cv2.matchTemplate(after, inner, cv2.TM_CCOEFF_NORMED).max())
