"""Procedural surfaces for sets: planks, plaster, bricks, leaves, facades. All (H, W, 4) uint8."""

from __future__ import annotations

import colorsys
from typing import TYPE_CHECKING

import cv2
import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float32]
    Image = NDArray[np.uint8]
    Colour = tuple[float, float, float]  # sRGB, 0..255

SHOP_NAMES = ("BAKERY", "BOOKS", "CAFE", "FLOWERS", "PHARMACY", "MUSIC")


def muted(rng: np.random.Generator, low: float = 70, high: float = 190) -> Colour:
    """Return a colour that a wall or a curtain could have."""
    hue = float(rng.choice([0.03, 0.07, 0.09, 0.12, 0.55, 0.6, 0.63, 0.35, 0.97]))
    hue = (hue + float(rng.uniform(-0.02, 0.02))) % 1
    value = float(rng.uniform(low, high))
    red, green, blue = colorsys.hsv_to_rgb(hue, float(rng.uniform(0.08, 0.38)), 1)
    return (red * value, green * value, blue * value)


def noise(size: int, seed: int, *, octaves: int = 6, decay: float = 0.55, base: int = 4) -> Floats:
    """Return (size, size) fractal noise in about [0, 1]."""
    rng = np.random.default_rng([seed, 101])
    total = np.zeros((size, size), np.float32)
    amplitude, weight = 1.0, 0.0
    for octave in range(octaves):
        cells = min(base * 2**octave, size)
        grid = np.pad(rng.random((cells, cells), np.float32), ((0, 1), (0, 1)), mode="wrap")
        total += amplitude * cv2.resize(grid, (size, size), interpolation=cv2.INTER_CUBIC)
        weight += amplitude
        amplitude *= decay
    return total / weight


def opaque(rgb: NDArray[np.floating]) -> Image:
    """Return (H, W, 3) colours in 0..255 as an opaque texture."""
    alpha = np.full(rgb.shape[:2], 255)
    return np.dstack([np.clip(rgb, 0, 255), alpha]).astype(np.uint8)


def plaster(seed: int, base: Colour, *, rough: float = 0.12, size: int = 256) -> Image:
    """Return a painted, slightly uneven surface."""
    grain = noise(size, seed, octaves=7, decay=0.65, base=8) - 0.5
    return opaque(np.asarray(base) * (1 + 2 * rough * grain)[..., None])


def wood(seed: int, base: Colour, *, planks: int = 8, size: int = 512) -> Image:
    """Return floor boards with grain and joints."""
    rng = np.random.default_rng([seed, 102])
    broad = noise(size, seed)
    streak = cv2.GaussianBlur(rng.random((size, size), np.float32), (0, 0), 0.7, sigmaY=25)
    streak = (streak - streak.mean()) / streak.std()
    out = np.zeros((size, size, 3), np.float32)
    width = size // planks
    for i in range(planks):
        at = slice(i * width, (i + 1) * width)
        shift = int(rng.integers(size))
        grain = 1 + 0.1 * np.roll(streak, shift, 0)[:, at]
        grain = grain + 0.25 * (np.roll(broad, shift, 0)[:, at] - 0.5)
        out[:, at] = np.asarray(base) * float(rng.uniform(0.75, 1.15)) * grain[..., None]
        out[:, i * width : i * width + 2] *= 0.45
        joint = int(rng.integers(size))
        out[joint : joint + 2, at] *= 0.5
    return opaque(out)


def brick(seed: int, base: Colour, *, size: int = 512, rows: int = 16, columns: int = 6) -> Image:
    """Return a brick wall in running bond."""
    rng = np.random.default_rng([seed, 103])
    out = np.ones((size, size, 3), np.float32) * np.array((178, 170, 160), np.float32)
    tall, wide = size // rows, size // columns
    for row in range(rows):
        for column in range(-1, columns + 1):
            left = column * wide + (wide // 2 if row % 2 else 0)
            x0, x1 = max(left + 2, 0), min(left + wide - 2, size)
            shade = float(rng.uniform(0.7, 1.2))
            if x1 > x0:
                out[row * tall + 2 : (row + 1) * tall - 2, x0:x1] = np.asarray(base) * shade
    dirt = noise(size, seed, octaves=7, decay=0.7, base=16)
    return opaque(out * (0.8 + 0.4 * dirt)[..., None])


def tiles(seed: int, base: Colour, *, count: int = 8, vary: float = 0.12, size: int = 512) -> Image:
    """Return square paving."""
    rng = np.random.default_rng([seed, 104])
    shade = rng.uniform(1 - vary, 1 + vary, (count, count)).astype(np.float32)
    out = np.kron(shade, np.ones((size // count, size // count), np.float32))[..., None]
    out = out * np.asarray(base, np.float32)
    for line in range(0, size, size // count):
        out[line : line + 2] *= 0.7
        out[:, line : line + 2] *= 0.7
    return opaque(out * (0.85 + 0.3 * noise(size, seed, octaves=7, decay=0.7, base=16))[..., None])


def fabric(seed: int, base: Colour, *, size: int = 128) -> Image:
    """Return upholstery or a curtain."""
    y, x = np.mgrid[:size, :size]
    weave = 1 + 0.08 * np.sin(x * np.pi / 2) * np.sin(y * np.pi / 2)
    return opaque(np.asarray(base) * (weave * (0.9 + 0.2 * noise(size, seed)))[..., None])


def rug(seed: int, *, size: int = 256) -> Image:
    """Return a rug with nested borders."""
    rng = np.random.default_rng([seed, 105])
    y, x = np.mgrid[:size, :size]
    ring = np.maximum(abs(x - size / 2), abs(y - size / 2)) / (size / 2) * 8.9
    palette = np.array([muted(rng, 80, 180) for _ in range(9)])
    knots = ((x // 16 + y // 16) % 2) * 0.15 + 0.9
    pile = 0.8 + 0.4 * noise(size, seed, octaves=7, decay=0.8, base=32)
    return opaque(palette[np.clip(ring.astype(int), 0, 8)] * (knots * pile)[..., None])


def grass(seed: int, *, size: int = 512) -> Image:
    """Return a lawn."""
    rng = np.random.default_rng([seed, 106])
    blades = cv2.GaussianBlur(rng.random((size, size), np.float32), (0, 0), 0.6, sigmaY=2.2)
    blades = (blades - blades.mean()) / blades.std()
    patches = noise(size, seed, octaves=5)
    tone = 1 + 0.16 * blades + 0.7 * (patches - 0.5)
    return opaque(np.array((86, 118, 58)) * tone[..., None])


def facade(seed: int, *, size: int = 512) -> Image:
    """Return the upper storeys of a house."""
    rng = np.random.default_rng([seed, 107])
    if rng.random() < 0.6:
        red, green, blue = (float(c) for c in np.array((165, 105, 80)) * rng.uniform(0.7, 1.1))
        wall = brick(seed, (red, green, blue), size=size, rows=32, columns=12)
    else:
        wall = plaster(seed, muted(rng, 150, 225), rough=0.15, size=size)
    out = wall[..., :3].astype(np.float32)
    across, up = int(rng.integers(3, 6)), int(rng.integers(3, 5))
    wide, tall = size // across, size // up
    for row in range(up):
        for column in range(across):
            x0, y0 = column * wide + wide // 5, row * tall + tall // 6
            _window(
                out, rng, (x0, y0, (column + 1) * wide - wide // 5, (row + 1) * tall - tall // 4)
            )
    return opaque(out)


def _window(out: Floats, rng: np.random.Generator, box: tuple[int, int, int, int]) -> None:
    x0, y0, x1, y1 = box
    middle_x, middle_y = (x0 + x1) // 2, (y0 + y1) // 2
    out[y0 - 5 : y1 + 8, max(0, x0 - 5) : x1 + 5] = np.array((215, 212, 205))
    glass = np.linspace(90, 40, y1 - y0)[:, None, None] * np.array([0.8, 0.95, 1.1])
    out[y0:y1, x0:x1] = glass * float(rng.uniform(0.7, 1.3))
    if rng.random() < 0.4:
        curtain = out[y0:y1, x0 : middle_x - 2] * 0.4
        out[y0:y1, x0 : middle_x - 2] = curtain + 0.6 * np.array((190, 180, 160))
    out[y0:y1, middle_x - 2 : middle_x + 2] = 200
    out[middle_y - 2 : middle_y + 2, x0:x1] = 200


def shop(seed: int, *, size: int = 512) -> Image:
    """Return a shop front with its sign."""
    rng = np.random.default_rng([seed, 108])
    out = np.ones((size, size, 3), np.float32) * np.asarray(muted(rng, 50, 120), np.float32)
    out[110:400, 30:300] = np.linspace(120, 60, 290)[:, None, None] * np.array([1, 0.95, 0.85])
    for _ in range(40):
        x, y = int(rng.integers(40, 270)), int(rng.integers(220, 370))
        right = x + int(rng.integers(8, 30))
        cv2.rectangle(out, (x, y), (right, 395), muted(rng, 50, 190), -1)
    out[110:512, 340:470] = np.linspace(90, 40, 402)[:, None, None]
    out[110:512, 336:342] = 150
    out[20:90] = np.asarray(muted(rng, 60, 150))
    sign = np.zeros((size, size), np.uint8)
    name = SHOP_NAMES[seed % len(SHOP_NAMES)]
    cv2.putText(sign, name, (60, 75), cv2.FONT_HERSHEY_DUPLEX, 1.9, 255, 4, cv2.LINE_AA)
    ink = sign[..., None].astype(np.float32) / 255
    return opaque(out * (1 - ink) + np.array((245, 240, 230)) * ink)


def sky(seed: int, *, size: int = 512, overcast: float = 0.8) -> Image:
    """Return a sky with clouds, brightest at the horizon."""
    y = np.linspace(0, 1, size)[:, None, None]
    blue = np.array((95, 150, 215)) * (1 - y) + np.array((215, 228, 238)) * y
    cloud = noise(size, seed, octaves=7, decay=0.6)
    cloud = np.clip((cloud - 0.52) * 5, 0, 1)[..., None] * overcast
    return opaque(blue * (1 - cloud) + 245 * cloud)


def picture(seed: int, *, size: int = 128) -> Image:
    """Return a framed abstract painting."""
    rng = np.random.default_rng([seed, 109])
    y = np.linspace(0, 1, size)[:, None, None]
    top, bottom = np.asarray(muted(rng, 60, 220)), np.asarray(muted(rng, 60, 220))
    out = np.ascontiguousarray(
        np.broadcast_to(top * (1 - y) + bottom * y, (size, size, 3)), np.float32
    )
    for _ in range(6):
        x, row = (int(v) for v in rng.integers(0, size, 2))
        cv2.circle(out, (x, row), int(rng.integers(6, 40)), muted(rng, 40, 220), -1)
    out[:9], out[-9:], out[:, :9], out[:, -9:] = 35, 35, 35, 35
    return opaque(out)


def leaves(seed: int, *, size: int = 256, autumn: float = 0.0) -> Image:
    """Return foliage on a transparent ground."""
    rng = np.random.default_rng([seed, 110])
    out = np.zeros((size, size, 4), np.uint8)
    for _ in range(700):
        x, y = (int(v) for v in rng.normal(size / 2, size / 5.2, 2))
        green = int(rng.integers(60, 150))
        axes = (int(rng.integers(5, 12)), int(rng.integers(2, 6)))
        colour = (int(green * (0.5 + 0.7 * autumn)), green, int(green * 0.3), 255)
        cv2.ellipse(out, (x, y), axes, int(rng.integers(360)), 0, 360, colour, -1)
    return out
