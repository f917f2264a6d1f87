"""The sets: a living room, an office, a cafe, a street and a park, each varied by a seed.

All sets share one stage: people act between x = -3 and 3 and z = -2 and 2 metres, the floor is at
y = 0, and most cameras stand at positive z. `studio.floors` knows the seats and the hiding places.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from studio import textures
from studio.character import GLOSS, LEAF, Material, Texture
from studio.floors import CAFE_TABLES, floor_plan
from studio.mesh import Mesh, box, cylinder, disc, quad
from studio.picture import Lighting, Prop

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from studio.mesh import Vec3

    Image = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class StageSet:
    """A dressed set.

    Attributes:
        props: What to draw.
        light: How it is lit.
    """

    props: tuple[Prop, ...]
    light: Lighting


class _Builder:
    """Collects props; textures are named after the set, so that two sets never share one."""

    def __init__(self, prefix: str, seed: int) -> None:
        self.rng = np.random.default_rng([seed, 51])
        self.seed = seed
        self.props: list[Prop] = []
        self._prefix = f"{prefix}:{seed}"
        self._count = 0

    def texture(self, rgba: Image) -> Texture:
        self._count += 1
        return Texture.pixels(f"{self._prefix}:{self._count}", rgba)

    def paint(self, red: float, green: float, blue: float, rough: float = 0.05) -> Texture:
        return self.texture(textures.plaster(self._count, (red, green, blue), rough=rough))

    def muted(self, low: float, high: float) -> Texture:
        return self.texture(textures.fabric(self._count, textures.muted(self.rng, low, high)))

    def add(self, mesh: Mesh, texture: Texture, material: Material | None = None) -> None:
        self.props.append(Prop(mesh, texture, material or Material()))

    def box(
        self, centre: Vec3, half: Vec3, texture: Texture, repeat: float = 1.0, yaw_rad: float = 0.0
    ) -> None:
        self.add(box(centre, half, repeat=repeat, yaw_rad=yaw_rad), texture)


_STILL = Material(casts_shadow=False)


def build_set(name: str, seed: int) -> StageSet:
    """Return a set by name; the seed varies colours, furniture and light.

    Raises:
        KeyError: No such set.
    """
    return _SETS[name](seed)


def _walls(b: _Builder, height: float, wall: Texture) -> None:
    """Put four walls around the stage; the camera side has a door, for reverse angles."""
    half = height / 2
    b.add(quad((0, half, -3.2), (5, 0, 0), (0, half, 0), (4, 2)), wall)
    for mesh in (
        quad((-4.6, half, 0), (0, 0, -5.2), (0, half, 0), (4, 2)),
        quad((4.6, half, 0), (0, 0, 5.2), (0, half, 0), (4, 2)),
        quad((0, half, 5.2), (-5, 0, 0), (0, half, 0), (4, 2)),
    ):
        b.add(mesh, wall, _STILL)
    ceiling = b.paint(225, 222, 215, 0.03)
    b.add(quad((0, height, 0), (5, 0, 0), (0, 0, 5.2), (2, 2)), ceiling, _STILL)
    white = b.paint(235, 232, 225, 0.03)
    b.box((0, 0.05, -3.17), (5, 0.05, 0.03), white)
    b.box((1.6, 1.02, 5.17), (0.48, 1.02, 0.04), b.texture(textures.wood(b.seed, (120, 85, 55))))
    for x in (-2.6, -1.2, 0.1):
        art = b.texture(textures.picture(b.seed + int(x * 10) + 90))
        b.add(quad((x, 1.65, 5.15), (-0.4, 0, 0), (0, 0.3, 0)), art)


def _window(b: _Builder, x: float, width: float = 0.85) -> None:
    frame = b.paint(240, 238, 232, 0.03)
    b.box((x, 1.65, -3.17), (width, 0.75, 0.04), frame)
    outside = b.texture(textures.sky(b.seed))
    bright = Material(emission=1.3)
    b.add(quad((x, 1.65, -3.12), (width - 0.1, 0, 0), (0, 0.65, 0), (0.6, 0.5)), outside, bright)
    b.box((x, 1.65, -3.11), (0.02, 0.65, 0.02), frame)
    b.box((x, 1.65, -3.11), (width - 0.1, 0.02, 0.02), frame)
    curtain = b.muted(90, 190)
    for side in (-1, 1):
        b.box((x + side * (width + 0.2), 1.55, -3.05), (0.22, 1.1, 0.05), curtain, 6)


def _shelf(b: _Builder, x: float) -> None:
    board = b.texture(textures.wood(b.seed, (140, 95, 60)))
    b.box((x, 1.0, -2.95), (0.8, 1.0, 0.02), board)
    covers = [b.muted(40, 200) for _ in range(8)]
    for level in range(5):
        b.box((x, 0.03 + level * 0.48, -2.8), (0.8, 0.02, 0.18), board)
        at = x - 0.74
        while level < 4 and at < x + 0.7:
            thick, tall = float(b.rng.uniform(0.012, 0.03)), float(b.rng.uniform(0.1, 0.19))
            cover = covers[int(b.rng.integers(len(covers)))]
            if b.rng.random() < 0.85:
                b.box((at + thick, 0.05 + level * 0.48 + tall, -2.78), (thick, tall, 0.11), cover)
            at += 2 * thick + 0.003
    for side in (-0.8, 0.8):
        b.box((x + side, 1.0, -2.8), (0.02, 1.0, 0.18), board)


def _sofa(b: _Builder, x: float, z: float) -> None:
    cover = b.muted(60, 160)
    b.box((x, 0.23, z), (1.0, 0.2, 0.42), cover, 4)
    b.box((x, 0.6, z - 0.35), (1.0, 0.35, 0.12), cover, 4)
    for side in (-1.05, 1.05):
        b.box((x + side, 0.35, z), (0.11, 0.33, 0.45), cover, 4)


def _table(b: _Builder, x: float, z: float, half: Vec3, top: Texture) -> None:
    wide, height, deep = half
    b.box((x, height - 0.03, z), (wide, 0.03, deep), top)
    for dx in (-wide + 0.05, wide - 0.05):
        for dz in (-deep + 0.05, deep - 0.05):
            b.box((x + dx, height / 2 - 0.03, z + dz), (0.03, height / 2 - 0.03, 0.03), top)


def _chair(b: _Builder, x: float, z: float, yaw_rad: float, wood: Texture) -> None:
    cos, sin = float(np.cos(yaw_rad)), float(np.sin(yaw_rad))
    b.box((x, 0.43, z), (0.22, 0.025, 0.22), wood, 1, yaw_rad)
    b.box((x - 0.21 * sin, 0.72, z - 0.21 * cos), (0.22, 0.28, 0.02), wood, 1, yaw_rad)
    for dx in (-0.18, 0.18):
        for dz in (-0.18, 0.18):
            at = (x + dx * cos + dz * sin, 0.21, z - dx * sin + dz * cos)
            b.box(at, (0.02, 0.21, 0.02), wood)


def _plant(b: _Builder, x: float, z: float) -> None:
    b.add(cylinder((x, 0, z), 0.15, 0.35, top=0.2), b.paint(180, 110, 80, 0.1))
    foliage = b.texture(textures.leaves(b.seed))
    leaf = Material(LEAF, tint=(1, 1, 1, 0), casts_shadow=False)
    for k in range(7):
        turn = k * 0.9
        centre = (x + 0.12 * np.cos(turn), 0.85 + 0.12 * (k % 3), z + 0.12 * np.sin(turn))
        half = (0.38 * np.cos(turn * 1.7), 0.0, 0.38 * np.sin(turn * 1.7))
        b.add(quad(centre, half, (0, 0.42, 0)), foliage, leaf)


def _lamp(b: _Builder, x: float, z: float) -> None:
    b.add(cylinder((x, 0, z), 0.02, 1.5), b.paint(60, 60, 60, 0.1))
    glow = Material(emission=0.9)
    b.add(cylinder((x, 1.45, z), 0.22, 0.3, top=0.14), b.paint(240, 225, 190, 0.02), glow)


def _pillar(b: _Builder, x: float, z: float, texture: Texture) -> None:
    b.box((x, 1.5, z), (0.24, 1.5, 0.24), texture)
    b.box((x, 0.08, z), (0.28, 0.08, 0.28), texture)


def _indoor_light(mood: int) -> Lighting:
    day = Lighting(
        sun_to=(-0.5, 1.1, 0.75), sun=(1.25, 1.15, 1.0), sky=(0.40, 0.41, 0.43),
        floor=(0.26, 0.22, 0.18), lamp_at=(-1.9, 1.9, -2.4), lamp=(1.6, 1.75, 2.0),
        exposure=0.95, centre=(0, 0.8, 0), reach_m=5.2,
    )  # fmt: skip
    if mood == 0:
        return day
    if mood == 1:  # evening, warm lamps
        return replace(
            day, sun_to=(0.7, 1.2, 0.6), sun=(1.25, 0.95, 0.68), sky=(0.34, 0.30, 0.27),
            lamp_at=(3.9, 1.8, -0.6), lamp=(2.0, 1.5, 0.9), exposure=0.98,
        )  # fmt: skip
    return replace(day, sun_to=(0.6, 1.3, 0.9), sun=(1.0, 1.08, 1.2), sky=(0.44, 0.47, 0.52))


def _room(seed: int) -> StageSet:
    b = _Builder("room", seed)
    wall = b.texture(textures.plaster(seed, textures.muted(b.rng, 170, 215), rough=0.05))
    boards = b.texture(textures.wood(seed + 1, (165, 120, 80)))
    floor = quad((0, 0, 0), (5, 0, 0), (0, 0, -5.2), (3, 3))
    b.add(floor, boards, Material(rough=0.5))
    _walls(b, 3.0, wall)
    mirror = 1 if seed % 2 else -1
    _window(b, -1.9 * mirror)
    _shelf(b, 2.6 * mirror)
    _sofa(b, -1.9 * mirror, -2.45)
    b.add(quad((0, 0.006, -0.6), (1.7, 0, 0), (0, 0, -1.2)), b.texture(textures.rug(seed)))
    for k, (x, y) in enumerate(((0.3, 1.75), (0.95, 1.6))):
        art = b.texture(textures.picture(seed + k))
        b.add(quad((x * mirror, y, -3.17), (0.26, 0, 0), (0, 0.32, 0)), art)
    _plant(b, 4.0 * mirror, -2.5)
    _lamp(b, 4.1 * mirror, -0.6)
    top = b.texture(textures.wood(seed, (140, 95, 60)))
    _table(b, -3.9 * mirror, -1.0, (0.5, 0.42, 0.35), top)
    _pillar(b, *floor_plan("room", seed).occluders[0], wall)
    return StageSet(tuple(b.props), _indoor_light(seed % 3))


def _office(seed: int) -> StageSet:
    b = _Builder("office", seed)
    wall = b.texture(textures.plaster(seed, (205, 208, 210), rough=0.04))
    carpet = b.texture(textures.fabric(seed, textures.muted(b.rng, 85, 130)))
    b.add(quad((0, 0, 0), (5, 0, 0), (0, 0, -5.2), (24, 24)), carpet, Material(rough=0.95))
    _walls(b, 2.8, wall)
    for x in (-2.6, 0.0, 2.6):
        _window(b, x, 0.95)
    top = b.paint(200, 196, 188, 0.04)
    dark = b.paint(45, 47, 52, 0.05)
    for x in (-2.7, 0.9):
        _table(b, x, -2.35, (0.8, 0.74, 0.36), top)
        b.box((x, 1.02, -2.5), (0.3, 0.18, 0.02), dark)
        b.box((x, 0.8, -2.5), (0.03, 0.08, 0.03), dark)
    _chair(b, -2.7, -1.75, 0.0, dark)
    _plant(b, 3.9, -2.4)
    accent = b.muted(70, 180)
    # A partition to disappear behind.
    x, z = floor_plan("office", seed).occluders[0]
    b.box((x, 0.85, z), (0.5, 0.85, 0.04), accent, 4)
    b.box((-4.4, 0.6, 0.6), (0.2, 0.6, 0.8), top)
    light = replace(_indoor_light(2), lamp_at=(0, 2.6, 0), lamp=(1.5, 1.55, 1.6))
    return StageSet(tuple(b.props), light)


def _cafe(seed: int) -> StageSet:
    b = _Builder("cafe", seed)
    wall = b.texture(textures.brick(seed, (150, 84, 64)))
    paving = b.texture(textures.tiles(seed, textures.muted(b.rng, 120, 190), vary=0.2))
    b.add(quad((0, 0, 0), (5, 0, 0), (0, 0, -5.2), (4, 4)), paving, Material(rough=0.4))
    _walls(b, 3.0, wall)
    _window(b, 2.4, 1.1)
    wood = b.texture(textures.wood(seed, (120, 80, 50)))
    b.box((-2.4, 0.55, -2.5), (1.7, 0.55, 0.3), wood)
    b.box((-2.4, 1.12, -2.5), (1.75, 0.03, 0.36), b.paint(60, 58, 56, 0.08))
    for k in range(7):
        jar = b.muted(60, 220)
        b.add(cylinder((-3.8 + k * 0.42, 1.15, -2.55), 0.07, float(b.rng.uniform(0.12, 0.3))), jar)
    board = b.texture(textures.picture(seed + 7))
    b.add(quad((-2.4, 2.1, -3.15), (0.9, 0, 0), (0, 0.4, 0)), board)
    for x, z in CAFE_TABLES:
        b.add(cylinder((x, 0, z), 0.04, 0.72), wood)
        b.add(disc((x, 0.74, z), 0.42), wood)
        for side in (-1, 1):
            # A chair looks at the table.
            yaw = float(-side * np.pi / 2)
            _chair(b, x + side * 0.72, z, yaw, wood)
    _pillar(b, *floor_plan("cafe", seed).occluders[0], wall)
    for x in (-2.0, 0.4, 2.4):
        shade = b.paint(235, 205, 150, 0.02)
        b.add(cylinder((x, 2.1, -0.9), 0.16, 0.2, top=0.05), shade, Material(emission=1.0))
    return StageSet(tuple(b.props), _indoor_light(1))


def _tree(b: _Builder, x: float, z: float, bark: Texture, foliage: Texture, size: float) -> None:
    b.add(cylinder((x, 0, z), 0.13 * size, 2.4 * size, top=0.08 * size), bark)
    leaf = Material(LEAF, rough=0.9, tint=(0.35, 0.5, 0.2, 0.0))
    for k in range(12):
        turn, out = k * 2.4, 0.6 * size * np.sqrt((k + 0.5) / 12)
        y = 2.4 * size + 0.45 * size * ((k * 7) % 5) / 2
        centre = (x + out * np.cos(turn), y, z + out * np.sin(turn))
        half = (0.8 * size * np.cos(turn * 1.3), 0.0, 0.8 * size * np.sin(turn * 1.3))
        b.add(quad(centre, half, (0, 0.75 * size, 0)), foliage, leaf)


def _backdrop(b: _Builder) -> None:
    outside = b.texture(textures.sky(b.seed))
    glow = Material(emission=0.9, casts_shadow=False)
    for mesh in (
        quad((0, 9, -40), (80, 0, 0), (0, 22, 0)),
        quad((0, 9, 40), (-80, 0, 0), (0, 22, 0)),
        quad((45, 9, 0), (0, 0, 60), (0, 22, 0)),
        quad((-45, 9, 0), (0, 0, -60), (0, 22, 0)),
    ):
        b.add(mesh, outside, glow)


def _car(b: _Builder, x: float, colour: tuple[float, float, float]) -> None:
    body = b.paint(*colour, 0.02)
    gloss = Material(GLOSS, rough=0.2)
    b.add(box((x, 0.42, 3.6), (2.0, 0.28, 0.8)), body, gloss)
    b.add(box((x - 0.1, 0.9, 3.6), (1.1, 0.26, 0.7)), b.paint(45, 52, 60), gloss)
    b.box((x - 0.1, 1.17, 3.6), (1.0, 0.03, 0.68), body)
    tyre = b.paint(25, 25, 27, 0.1)
    for dx in (-1.25, 1.25):
        b.box((x + dx, 0.2, 3.6), (0.3, 0.3, 0.82), tyre)


def _houses(b: _Builder) -> None:
    x = -22.0
    ledge = b.paint(200, 195, 185, 0.1)
    while x < 22:
        half = float(b.rng.uniform(2.2, 3.6))
        k = int(b.rng.integers(1000))
        b.add(quad((x + half, 1.6, -2.2), (half, 0, 0), (0, 1.6, 0)), b.texture(textures.shop(k)))
        b.add(
            quad((x + half, 6.2, -2.25), (half, 0, 0), (0, 3.0, 0)), b.texture(textures.facade(k))
        )
        b.box((x + half, 3.2, -2.15), (half, 0.1, 0.12), ledge)
        if b.rng.random() < 0.5:
            awning = quad((x + half, 2.75, -1.75), (half * 0.8, 0, 0), (0, -0.22, 0.42), (3, 1))
            b.add(awning, b.muted(80, 190))
        x += 2 * half


def _street(seed: int) -> StageSet:
    b = _Builder("street", seed)
    paving = b.texture(textures.tiles(seed, (158, 154, 148)))
    b.add(quad((0, 0, 0), (30, 0, 0), (0, 0, -2.2), (22, 1.6)), paving)
    b.box((0, -0.08, 2.35), (30, 0.08, 0.15), b.paint(185, 182, 176, 0.1))
    asphalt = b.texture(textures.plaster(seed + 1, (88, 88, 92), rough=0.25))
    b.add(quad((0, -0.12, 8.5), (30, 0, 0), (0, 0, -6.1), (14, 3)), asphalt)
    line = b.paint(225, 225, 215, 0.1)
    for k in range(-8, 9):
        b.add(quad((k * 3.2, -0.115, 6.5), (0.8, 0, 0), (0, 0, -0.07)), line)
    _houses(b)
    _backdrop(b)
    for k in range(-5, 6):
        house = b.texture(textures.facade(seed + k + 20))
        b.add(quad((k * 7 + 2, 4.5, 17), (-3.5, 0, 0), (0, 4.6, 0)), house)
    bark = b.paint(95, 75, 55, 0.3)
    foliage = b.texture(textures.leaves(seed))
    trunk = floor_plan("street", seed).occluders[0]
    for x, z in ((-5.6, 1.9), (6.9, 1.9)):
        _tree(b, x, z, bark, foliage, 1.0)
    # An advertising pillar at the kerb, broad enough to hide somebody.
    b.add(cylinder((trunk[0], 0, trunk[1]), 0.42, 2.3), b.texture(textures.picture(seed + 3)))
    b.add(cylinder((trunk[0], 2.3, trunk[1]), 0.48, 0.2, top=0.1), b.paint(60, 80, 65, 0.1))
    iron = b.paint(55, 60, 62, 0.1)
    for x in (-3.9, 4.6):
        b.add(cylinder((x, 0, 2.1), 0.05, 3.6, top=0.035), iron)
        b.box((x, 3.6, 1.9), (0.06, 0.05, 0.25), iron)
    sunny = Lighting(
        sun_to=(0.55 if seed % 2 else -0.6, 1.0, 0.55), sun=(2.1, 1.95, 1.7),
        sky=(0.60, 0.66, 0.78), floor=(0.38, 0.35, 0.31), exposure=0.78, centre=(0, 1, 0),
        reach_m=8.5, backdrop=(0.45, 0.62, 0.85),
    )  # fmt: skip
    if seed % 3 == 2:  # overcast
        sunny = replace(
            sunny, sun=(0.75, 0.76, 0.8), sky=(0.85, 0.88, 0.94), shadow_soft=9.0, exposure=0.78
        )
    return StageSet(tuple(b.props), sunny)


def _park(seed: int) -> StageSet:
    b = _Builder("park", seed)
    lawn = b.texture(textures.grass(seed))
    b.add(quad((0, -0.01, 0), (45, 0, 0), (0, 0, -45), (26, 26)), lawn, Material(rough=0.95))
    gravel = b.texture(textures.plaster(seed, (182, 168, 144), rough=0.35))
    b.add(quad((0, 0, 0.1), (40, 0, 0), (0, 0, -1.5), (26, 1)), gravel)
    _backdrop(b)
    bark = b.paint(92, 74, 56, 0.35)
    autumn = 0.9 if seed % 3 == 1 else 0.0
    foliage = b.texture(textures.leaves(seed, autumn=autumn))
    for _ in range(26):
        turn, far = float(b.rng.uniform(0, 2 * np.pi)), float(b.rng.uniform(8, 22))
        x, z = far * np.sin(turn), far * np.cos(turn)
        if abs(z) > 3.5:
            _tree(b, x, z, bark, foliage, float(b.rng.uniform(1.3, 2.1)))
    hedge = Material(LEAF, rough=0.9, tint=(1, 1, 1, 0))
    for k in range(-14, 15):
        b.add(quad((k * 0.9, 0.5, -5.2 - 0.2 * (k % 3)), (0.9, 0, 0), (0, 0.75, 0)), foliage, hedge)
    trunk = floor_plan("park", seed).occluders[0]
    b.add(cylinder((trunk[0], 0, trunk[1]), 0.3, 4.5, top=0.22), bark)
    plank = b.texture(textures.wood(seed, (130, 90, 60)))
    bench_x = -1.9 if seed % 2 else 1.9
    for z in (-1.95, -1.8, -1.65):
        b.box((bench_x, 0.43, z), (0.85, 0.02, 0.06), plank)
    for y in (0.62, 0.78):
        b.box((bench_x, y, -2.06), (0.85, 0.06, 0.02), plank)
    for side in (-0.7, 0.7):
        b.box((bench_x + side, 0.2, -1.8), (0.03, 0.2, 0.18), b.paint(50, 52, 54))
    light = Lighting(
        sun_to=(-0.6 if seed % 2 else 0.65, 1.0, 0.5), sun=(1.9, 1.78, 1.5), sky=(0.48, 0.56, 0.66),
        floor=(0.26, 0.30, 0.18), exposure=0.74, centre=(0, 1, 0), reach_m=8.0,
        backdrop=(0.5, 0.66, 0.86),
    )  # fmt: skip
    return StageSet(tuple(b.props), light)


_SETS: dict[str, Callable[[int], StageSet]] = {
    "room": _room,
    "office": _office,
    "cafe": _cafe,
    "street": _street,
    "park": _park,
}
SET_NAMES = tuple(_SETS)
