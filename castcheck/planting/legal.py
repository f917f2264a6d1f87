"""Legal look-alikes: what changes the picture a lot, and is no error of anybody's identity."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import cv2
import numpy as np

from castcheck.planting.timeline import (
    Step,
    Take,
    boundary_take,
    cut_take,
    plain,
    side_frames,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from castcheck.planting.material import Material

    Image = NDArray[np.uint8]

    Legal = Callable[[Material, np.random.Generator], Take | str]


def _bytes(picture: NDArray[np.floating]) -> Image:
    return np.asarray(np.clip(picture, 0, 255), np.uint8)


def exposure(material: Material, rng: np.random.Generator) -> Take | str:
    """Make all of it darker or lighter within a second."""
    take = plain(material)
    gain, at, over = _onset(material, rng, [0.5, 1.6])

    def change(k: int, rgb: Image) -> Image:
        share = float(np.clip((k - at) / over, 0, 1))
        return _bytes(255 * (rgb / 255.0) ** (1 + share * (1 / gain - 1)))

    return replace(take, filter=change, where="exposure", onset=at, onset_frames=over)


def white_balance(material: Material, rng: np.random.Generator) -> Take | str:
    """Make all of it warmer or colder within a second."""
    take = plain(material)
    warm, at, over = _onset(material, rng, [-0.22, 0.22])

    def change(k: int, rgb: Image) -> Image:
        share = float(np.clip((k - at) / over, 0, 1)) * warm
        return _bytes(rgb * np.array([1 + share, 1.0, 1 - share]))

    return replace(take, filter=change, where="white balance", onset=at, onset_frames=over)


def flash(material: Material, rng: np.random.Generator) -> Take | str:
    """Overexpose three pictures."""
    take = plain(material)
    _, at, _ = _onset(material, rng, [1.0])

    def change(k: int, rgb: Image) -> Image:
        strong = {0: 0.75, 1: 0.5, 2: 0.2}.get(k - at, 0.0)
        return _bytes(rgb * (1 - strong) + 255.0 * strong) if strong else rgb

    return replace(take, filter=change, where="flash", onset=at)


def fade(material: Material, rng: np.random.Generator) -> Take | str:
    """Fade to black and back."""
    take = plain(material)
    _, at, over = _onset(material, rng, [1.0])

    def change(k: int, rgb: Image) -> Image:
        return _bytes(rgb * float(np.clip(abs(k - at) / over - 0.1, 0, 1)))

    return replace(take, filter=change, where="fade", onset=at - over, onset_frames=over)


def whip_pan(material: Material, rng: np.random.Generator) -> Take | str:
    """Swing the view to one side and back, blurred."""
    _, at, _ = _onset(material, rng, [1.0])
    width = material.size[0]
    half = max(3, round(0.25 * material.fps))
    sign = float(rng.choice([-1.0, 1.0]))

    def change(k: int, rgb: Image) -> Image:
        far = np.clip(1 - abs(k - at) / half, 0, 1)
        if far <= 0:
            return rgb
        shift = sign * 0.35 * width * far * far * (3 - 2 * far)
        blur = max(1, int(0.08 * width * (1 - abs(2 * far - 1))))
        matrix = np.array([[1, 0, shift], [0, 1, 0]], np.float64)
        moved = cv2.warpAffine(
            rgb, matrix, (rgb.shape[1], rgb.shape[0]), borderMode=cv2.BORDER_REFLECT
        )
        return np.asarray(cv2.blur(moved, (blur, 1)), np.uint8)

    return replace(plain(material), filter=change, where="whip pan", onset=at - half)


def zoom(material: Material, rng: np.random.Generator) -> Take | str:
    """Move closer by a third, over most of the window."""
    width, height = material.size
    count = len(material.frames)
    steps = []
    closer = bool(rng.integers(2))
    for k in range(count):
        share = k / (count - 1) if closer else 1 - k / (count - 1)
        factor = 1 + 0.33 * share
        w, h = width / factor, height / factor
        x, y = (width - w) / 2, (height - h) * 0.35
        steps.append(Step(material, k, (x, y, x + w, y + h)))
    return replace(plain(material), steps=tuple(steps), where="zoom")


def mirror(material: Material, rng: np.random.Generator) -> Take | str:
    """Turn the whole picture left to right at a cut.

    The view is another, too: a mirrored picture without a cut does not happen.
    """
    take = cut_take(material, rng)
    if isinstance(take, str):
        return take
    steps = tuple(
        replace(s, view=None if s.view is None else (s.view[2], s.view[1], s.view[0], s.view[3]))
        for s in take.steps
    )
    return replace(take, steps=steps, where="mirror")


def freeze(material: Material, rng: np.random.Generator) -> Take | str:
    """Hold one picture for a second."""
    _, at, hold = _onset(material, rng, [1.0])
    frames = [*range(at), *[at] * hold, *range(at, len(material.frames))]
    return Take(tuple(Step(material, f) for f in frames), (), "freeze", at, hold)


def poorly_coded(rgb: Image, *, share: float = 0.5, quality: int = 18) -> Image:
    """Return a picture that was sent over a poor line, at its own size again.

    Args:
        rgb: (h, w, 3) uint8.
        share: Of width and height that it is sent at.
        quality: Of JPEG, 0 to 100.

    Example:
        >>> poorly_coded(np.zeros((32, 48, 3), np.uint8)).shape
        (32, 48, 3)
    """
    small = cv2.resize(rgb, None, fx=share, fy=share, interpolation=cv2.INTER_AREA)
    _, data = cv2.imencode(".jpg", small, [int(cv2.IMWRITE_JPEG_QUALITY), quality])
    back = cv2.imdecode(data, cv2.IMREAD_COLOR)
    return np.asarray(cv2.resize(back, rgb.shape[1::-1]), np.uint8)


def low_quality(material: Material, rng: np.random.Generator) -> Take | str:
    """Show the second half as if it was sent through a poor line: small, blocky, few colours."""
    _, at, _ = _onset(material, rng, [1.0])

    def change(k: int, rgb: Image) -> Image:
        return poorly_coded(rgb) if k >= at else rgb

    return replace(plain(material), filter=change, where="low quality", onset=at)


def jump_cut(material: Material, rng: np.random.Generator) -> Take | str:
    """Cut within the set-up: some time is left out, and the view is closer."""
    return cut_take(material, rng)


def new_generation(material: Material, rng: np.random.Generator) -> Take | str:
    """Go on from the last picture: the background does, the motion does not."""
    return boundary_take(material, rng)


def walk_out(material: Material, rng: np.random.Generator) -> Take | str:
    """Let somebody leave over the edge and come back: the view moves aside, and back again."""
    del rng
    width, height = material.size
    if not material.tracks:
        return "no one is there"
    track = max(material.tracks, key=lambda t: abs(_centre(t) - width / 2))
    left = _centre(track) < width / 2
    factor = 1.7
    w, h = width / factor, height / factor
    far = width - w if left else 0.0
    near = 0.0 if left else width - w
    top = float(np.clip(np.median(track.boxes[:, 1]) - 0.05 * height, 0, height - h))
    count = len(material.frames)
    if count < 4 * side_frames(material):
        return "too short to leave and come back"
    steps = []
    for k in range(count):
        away = float(np.clip(1.5 - abs(k - count / 2) / (count / 2) * 2.6, 0, 1))
        x = near + (far - near) * away * away * (3 - 2 * away)
        steps.append(Step(material, k, (x, top, x + w, top + h)))
    return replace(plain(material), steps=tuple(steps), where="out and back")


def _centre(track: object) -> float:
    boxes = track.boxes  # type: ignore[attr-defined]
    return float(np.median(boxes[:, 0] + boxes[:, 2]) / 2)


def _onset(
    material: Material, rng: np.random.Generator, choices: list[float]
) -> tuple[float, int, int]:
    """Return one of the choices, a picture near the middle, and how many pictures a second has."""
    count = len(material.frames)
    at = round(count * float(rng.uniform(0.35, 0.55)))
    return float(rng.choice(choices)), at, max(2, min(round(material.fps), count // 3))


# Two people of one outfit need more than a take; they stand with the errors (`kinds.one_outfit`).
LEGAL: dict[str, Legal] = {
    "exposure": exposure,
    "white_balance": white_balance,
    "flash": flash,
    "fade": fade,
    "whip_pan": whip_pan,
    "zoom": zoom,
    "mirror": mirror,
    "freeze": freeze,
    "low_quality": low_quality,
    "jump_cut": jump_cut,
    "new_generation": new_generation,
    "out_and_back": walk_out,
}
