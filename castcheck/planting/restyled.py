"""The whole picture in another style: drawn, painted, without colours, graded anew."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import cv2
import numpy as np

from castcheck.planting.plan import Plan, Stock, some_frames
from castcheck.planting.timeline import Step, Take, onset_for, plain, side_frames, with_onset

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    Image = NDArray[np.uint8]
    Restyle = Callable[[Image], Image]

_JUMP_S = 0.4  # what a cut within the set-up leaves out
_SEPIA = (1.07, 0.86, 0.62)
_SHADOWS, _HIGHLIGHTS = (-0.10, 0.03, 0.12), (0.14, 0.03, -0.12)  # blue-green and orange


def _bytes(picture: NDArray[np.floating]) -> Image:
    return np.asarray(np.clip(picture, 0, 255), np.uint8)


def cartoon(rgb: Image) -> Image:
    """Draw flat areas of few colours with dark outlines."""
    smooth = cv2.edgePreservingFilter(rgb, flags=cv2.RECURS_FILTER, sigma_s=40, sigma_r=0.35)
    flat = smooth // 32 * 32 + 16
    grey = cv2.medianBlur(cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY), 5)
    inside = cv2.adaptiveThreshold(
        grey, 255, cv2.ADAPTIVE_THRESH_MEAN_C, cv2.THRESH_BINARY, blockSize=9, C=4
    )
    return _bytes(flat * np.where(inside[..., None] > 0, 1.0, 0.25))


def painting(rgb: Image) -> Image:
    """Paint with broad strokes in strong colours."""
    hsv = cv2.cvtColor(cv2.stylization(rgb, sigma_s=60, sigma_r=0.45), cv2.COLOR_RGB2HSV)
    return np.asarray(cv2.cvtColor(_bytes(hsv * np.array([1, 1.35, 1])), cv2.COLOR_HSV2RGB))


def black_and_white(rgb: Image) -> Image:
    """Take all colours away."""
    return np.asarray(cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY)[..., None].repeat(3, axis=2))


def sepia(rgb: Image) -> Image:
    """Make it brown."""
    return _bytes(black_and_white(rgb) * np.array(_SEPIA))


def two_tone(rgb: Image) -> Image:
    """Grade shadows towards blue-green and highlights towards orange."""
    share = rgb.astype(np.float32) / 255
    light = share.mean(axis=2, keepdims=True)
    graded = share + (1 - light) * np.array(_SHADOWS) + light * np.array(_HIGHLIGHTS)
    return _bytes(((graded - 0.5) * 1.15 + 0.5) * 255)


def pencil(rgb: Image) -> Image:
    """Draw it in pencil."""
    grey, _ = cv2.pencilSketch(rgb, sigma_s=60, sigma_r=0.07, shade_factor=0.05)
    return np.asarray(grey[..., None].repeat(3, axis=2))


def poster(rgb: Image) -> Image:
    """Print it in four shades of each colour."""
    return np.asarray(cv2.medianBlur(rgb, 5) // 64 * 64 + 32, np.uint8)


STYLES: dict[str, Restyle] = {
    "cartoon": cartoon,
    "painting": painting,
    "black and white": black_and_white,
    "sepia": sepia,
    "two-tone": two_tone,
    "pencil": pencil,
    "poster": poster,
}


def _restyled(stock: Stock, rng: np.random.Generator, take: Take | str) -> Plan | str:
    """Show everything in another style from the onset of a take on."""
    if isinstance(take, str):
        return take
    material = stock.material
    old, new = (
        {t.name for t in material.tracks if t.at(take.steps[k].frame) is not None}
        for k in (take.onset - 1, take.onset)
    )
    if not old & new:
        return "no one is seen when the style would change"
    name = str(rng.choice(list(STYLES)))
    restyle = STYLES[name]

    def paint(frame: int) -> NDArray[np.float32]:
        return restyle(material.frames[frame]).astype(np.float32)

    where = f"style, {name}" if not take.cuts else f"style over a cut, {name}"
    both = tuple(sorted(old & new))
    return Plan("morph", replace(take, where=where), paint, both, whole_picture=True)


def _in_shot(stock: Stock, rng: np.random.Generator, *, over: int) -> Plan | str:
    tracks = stock.material.tracks[:1]
    at = onset_for(stock.material, list(tracks), rng, over=over) if tracks else None
    if at is None:
        return "no one is seen long enough"
    return _restyled(stock, rng, with_onset(plain(stock.material), at, over))


def restyle_at_once(stock: Stock, rng: np.random.Generator) -> Plan | str:
    """Change the style of everything from one picture to the next."""
    return _in_shot(stock, rng, over=1)


def restyle_slow(stock: Stock, rng: np.random.Generator) -> Plan | str:
    """Change the style of everything over 3 to 12 frames."""
    return _in_shot(stock, rng, over=some_frames(rng))


def restyle_cut(stock: Stock, rng: np.random.Generator) -> Plan | str:
    """Change the style of everything over a cut after which the camera stands where it was."""
    material = stock.material
    count, side = len(material.frames), side_frames(material)
    jump = round(_JUMP_S * material.fps)
    if count < 2 * side + jump:
        return "too short for two shots"
    at = (count - jump) // 2
    steps = [Step(material, f) for f in (*range(at), *range(at + jump, count))]
    return _restyled(stock, rng, with_onset(Take(tuple(steps), (at,), "cut", at), at, 1))
