"""One attribute of somebody changed while all else stays: glasses, beard, hair, helmet, coat.

Generated video does this more often than it exchanges people. What is put on is made here, on the
body as it is shaped, so it needs no file: solids bound to the head, or the skin itself, a little
further out.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING, Literal, get_args

import numpy as np

from studio import textures
from studio.character import CLOTH, GLOSS, Material, Part, Texture
from studio.looks import HAIR_COLOURS, Hair
from studio.makehuman import Proxy
from studio.mesh import Mesh, capsule, split_corners, strongest_four, unit_rows, vertex_normals

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from studio.character import Character
    from studio.looks import Rgb

    Floats = NDArray[np.float32]
    Mask = NDArray[np.bool_]

Attribute = Literal["glasses", "beard", "hair", "helmet", "coat"]
ATTRIBUTES: tuple[Attribute, ...] = get_args(Attribute)

# All lengths are decimetres, as in MakeHuman.
_RIM_SIDES = 20
_LENS_WIDTH, _LENS_HEIGHT = 0.27, 0.20
_TORSO = ("spine", "clavicle", "upperarm", "lowerarm", "pelvis", "thigh")
_COAT_BELOW_HIPS = 1.5
_HELMETS: tuple[Rgb, ...] = (
    (0.85, 0.66, 0.10), (0.75, 0.12, 0.10), (0.90, 0.90, 0.88), (0.22, 0.28, 0.18),
    (0.10, 0.10, 0.12), (0.15, 0.30, 0.60), (0.55, 0.56, 0.58),
)  # fmt: skip
_COATS: tuple[Rgb, ...] = (
    (0.72, 0.60, 0.42), (0.12, 0.13, 0.16), (0.45, 0.12, 0.12), (0.20, 0.26, 0.40),
    (0.30, 0.34, 0.22), (0.82, 0.80, 0.76), (0.80, 0.55, 0.10), (0.46, 0.46, 0.48),
)  # fmt: skip
_FAR_APART = 0.3  # of two colours, each in [0, 1]


def can_wear(character: Character, attribute: Attribute) -> bool:
    """Tell whether an attribute suits somebody: beards are for grown men."""
    return attribute != "beard" or character.look.build.masculine > 0.5


def with_attribute(
    character: Character, attribute: Attribute, rng: np.random.Generator
) -> list[Part]:
    """Return the parts of a character with one attribute changed, for `Character.wear`.

    Args:
        character: As it is; nothing of it is changed here.
        attribute: What is put on, or exchanged (hair).
        rng: Decides its colour, thickness and cut.
    """
    parts = character.parts
    if attribute == "glasses":
        return [*parts, *_glasses(character, rng)]
    if attribute == "beard":
        return [*parts, _beard(character, rng)]
    if attribute == "helmet":
        kept = [part for part in parts if part.name not in ("hair", "hat")]
        return [*kept, *_helmet(character, rng)]
    if attribute == "coat":
        coat, covered = _coat(character, rng)
        return [*(_uncovered(part, covered) for part in parts), coat]
    kept = [part for part in parts if part.name not in ("hair", "hat")]
    return [*kept, character.hair_part(_other_hair(character, rng))]


def _glasses(character: Character, rng: np.random.Generator) -> list[Part]:
    dark = bool(rng.random() < 0.5)
    tube = float(rng.uniform(0.025, 0.05))
    size = float(rng.uniform(0.9, 1.2))
    frame: Rgb = ((0.05, 0.05, 0.05), (0.35, 0.2, 0.1), (0.6, 0.55, 0.35))[int(rng.integers(3))]
    eyes = [character.position[character.library.base.groups[f"helper-{s}-eye"]] for s in "lr"]
    front = max(float(eye[:, 2].max()) for eye in eyes) + 0.12
    skin = _head_skin(character)
    level = float(eyes[0][:, 1].mean())
    temple = (np.abs(skin[:, 1] - level) < 0.2) & (skin[:, 2] > 0.7) & (skin[:, 2] < 1.0)
    side_x = float(np.abs(skin[temple, 0]).max()) + 0.03
    angle = np.linspace(0, 2 * np.pi, _RIM_SIDES + 1)
    rim = np.stack([np.cos(angle) * _LENS_WIDTH, np.sin(angle) * _LENS_HEIGHT, 0 * angle], 1) * size
    wire, glass = [], []
    for eye in eyes:
        centre = np.array([float(eye[:, 0].mean()), level - 0.03, front])
        ring = rim + centre
        wire += [capsule(a, b, tube, tube, sides=6, rings=2) for a, b in pairwise(ring)]
        outer = ring[np.abs(ring[:, 0]).argmax()]
        hinge = np.array([np.sign(centre[0]) * side_x, level + 0.04, front - 0.25])
        ear = np.array([np.sign(centre[0]) * side_x, level + 0.04, 0.25])
        wire += [capsule(outer, hinge, tube, tube, sides=6), capsule(hinge, ear, tube, tube)]
        spokes = np.arange(_RIM_SIDES)
        fan = np.stack([0 * spokes, spokes + 1, spokes + 2], 1)
        corners = np.concatenate([centre[None], ring])
        flat = np.zeros((len(corners), 2))
        glass.append(Mesh.of(corners, np.tile([0, 0, 1], (len(corners), 1)), flat, fan))
    inner = [abs(float(eye[:, 0].mean())) - _LENS_WIDTH * size for eye in eyes]
    bridge = np.array([inner[0], level + 0.03, front])
    wire.append(capsule(bridge, bridge * (-1, 1, 1), tube, tube, sides=6))
    parts = [_solid(character, "glasses", _joined(wire), frame, rough=0.3)]
    if dark:
        parts.append(_solid(character, "lenses", _joined(glass), (0.06, 0.06, 0.07), rough=0.1))
    return parts


def _helmet(character: Character, rng: np.random.Generator) -> list[Part]:
    colour = _HELMETS[int(rng.integers(len(_HELMETS)))]
    skin = _head_skin(character)
    eye = character.position[character.library.base.groups["helper-l-eye"]]
    level = float(eye[:, 1].mean()) + 0.3
    above = skin[skin[:, 1] > level]
    low, high = above.min(0), above.max(0)
    centre = np.array([0.0, level, (low[2] + high[2]) / 2])
    room = float(rng.uniform(0.1, 0.2))
    radii = np.array([high[0] + room, high[1] - level + room, (high[2] - low[2]) / 2 + room])
    turn = np.linspace(0, 2 * np.pi, 33)
    rise = np.linspace(0, np.pi / 2, 10)
    out = np.cos(rise)[:, None]
    dome = np.stack(
        [out * np.cos(turn), np.sin(rise)[:, None] + 0 * turn, out * np.sin(turn)], -1
    ).reshape(-1, 3)
    # The last row is the brim, a little further out and lower, most of all in front.
    brim = dome[: len(turn)] * (1.12, 1, 1 + 0.3 * float(rng.random() < 0.6))
    brim[:, 1] = -0.12
    points = np.concatenate([brim, dome])
    normal = unit_rows(points / radii)
    first = np.arange(len(points) // len(turn) - 1)[:, None] * len(turn) + np.arange(32)
    cell = first.reshape(-1, 1)
    across = len(turn)
    triangles = np.concatenate(
        [cell + np.array([0, 1, across + 1]), cell + np.array([0, across + 1, across])]
    )
    mesh = Mesh.of(points * radii + centre, normal, np.zeros((len(points), 2)), triangles)
    return [_solid(character, "helmet", mesh, colour, rough=float(rng.uniform(0.2, 0.7)))]


def _beard(character: Character, rng: np.random.Generator) -> Part:
    base, at = character.library.base, character.position
    is_head = character.library.rig.weight[:, character.library.rig.index["head"]] > 0.5
    skin = np.zeros(len(at), bool)
    skin[base.groups["body"]] = True
    skin &= is_head
    nose = at[np.flatnonzero(skin)[at[skin, 2].argmax()]]
    lips = np.zeros(len(at), bool)
    for lip in ("upperlip", "lowerlip"):
        delta = character.library.target(f"mouth/mouth-{lip}-volume-incr")
        if delta is not None:
            vertex, move = delta
            length = np.linalg.norm(move, axis=1)
            lips[vertex[length > 0.3 * length.max()]] = True
    aside = np.abs(at[:, 0])
    ear_x = float(np.abs(at[skin, 0]).max())
    grown = skin & ~lips & (at[:, 2] > 0.5) & (aside < ear_x - 0.14)
    grown &= at[:, 1] < nose[1] - 0.14 + 0.2 * aside
    red, green, blue = character.look.hair.colour
    colour = (red * 0.8, green * 0.8, blue * 0.8)
    thick = float(rng.uniform(0.05, 0.16))
    return _layer(character, "beard", grown, np.full(len(at), thick), colour, rough=0.45)


def _coat(character: Character, rng: np.random.Generator) -> tuple[Part, Mask]:
    rig, at = character.library.rig, character.position
    own = np.array(character.look.outfit.upper.colour)
    others = [c for c in _COATS if np.linalg.norm(np.array(c) - own) > _FAR_APART]
    colour = others[int(rng.integers(len(others)))]
    bones = [k for name, k in rig.index.items() if name.startswith(_TORSO)]
    torso = rig.weight[:, bones].sum(1) > 0.5
    skin = np.zeros(len(at), bool)
    skin[character.library.base.groups["body"]] = True
    hips = float(character.joints[rig.index["thigh_l"]][1])
    neck = float(character.joints[rig.index["neck_01"]][1])
    covered = torso & (at[:, 1] > hips - _COAT_BELOW_HIPS) & (at[:, 1] < neck + 0.1)
    arms = [k for name, k in rig.index.items() if name.startswith(("upperarm", "lowerarm"))]
    slim = rig.weight[:, arms].sum(1)
    room = (0.38 - 0.16 * slim).astype(np.float32)
    return _layer(character, "coat", covered & skin, room, colour, rough=0.12), covered


def _other_hair(character: Character, rng: np.random.Generator) -> Hair:
    """Return hair of another cut and of a colour that is clearly another."""
    own = character.look.hair
    styles = [s for s in character.hair_styles() if s != own.style]
    far = [c for c in HAIR_COLOURS if np.linalg.norm(np.subtract(c, own.colour)) > _FAR_APART]
    return Hair(str(rng.choice(styles)), far[int(rng.integers(len(far)))])


def _head_skin(character: Character) -> Floats:
    rig = character.library.rig
    body = character.library.base.groups["body"]
    head: Floats = character.position[body[rig.weight[body, rig.index["head"]] > 0.6]]
    return head


def _layer(
    character: Character, name: str, chosen: Mask, out: Floats, colour: Rgb, *, rough: float
) -> Part:
    """Return the chosen skin once more, further out by `out`; it moves with shape and face."""
    base, rig = character.library.base, character.library.rig
    body = base.quads[base.is_body]
    picked = base.is_body & np.all(chosen[base.quads], axis=1)
    vertices, where = np.unique(base.quads[picked], return_inverse=True)
    quads = where.reshape(-1, 4)
    normal = vertex_normals(character.position, body)[vertices]
    source, uv_source, triangles = split_corners(quads, base.uv_quads[picked])
    proxy = Proxy(
        anchor=np.repeat(vertices[:, None], 3, axis=1),
        anchor_weight=np.tile(np.array([1, 0, 0], np.float32), (len(vertices), 1)),
        offset=(normal * out[vertices, None]).astype(np.float32),
        quads=quads,
        source=source,
        uv=base.uv[uv_source],
        triangles=triangles,
        weight=rig.weight[vertices],
        hides=np.zeros(len(chosen), bool),
        depth=90.0,
        textures={},
    )
    index, weight = strongest_four(proxy.weight[source])
    blank = np.zeros((len(source), 3), np.float32)
    return Part(
        name,
        Mesh(blank, blank, proxy.uv, triangles, index, weight),
        Material(CLOTH, rough=0.9),
        _paint(name, colour, rough=rough),
        proxy=proxy,
        source=source,
        quads=quads,
        moves_with_face=True,
    )


def _uncovered(part: Part, covered: Mask) -> Part:
    """Return a garment without what lies under something else."""
    if part.proxy is None or part.name != "suit":
        return part
    under = np.all(covered[part.proxy.anchor], axis=1)
    kept = ~np.all(under[part.proxy.source[part.mesh.triangles]], axis=1)
    return replace(part, mesh=replace(part.mesh, triangles=part.mesh.triangles[kept]), dirty=True)


def _solid(character: Character, name: str, mesh: Mesh, colour: Rgb, *, rough: float) -> Part:
    bound = mesh.bound_to(character.library.rig.index["head"])
    return Part(name, bound, Material(GLOSS, rough=rough), _paint(name, colour, rough=0.05))


def _paint(name: str, colour: Rgb, *, rough: float) -> Texture:
    red, green, blue = (c * 255 for c in colour)
    key = f"{name}:{red:.0f}:{green:.0f}:{blue:.0f}"
    return Texture.pixels(key, textures.plaster(4, (red, green, blue), rough=rough, size=128))


def _joined(meshes: list[Mesh]) -> Mesh:
    firsts = np.cumsum([0] + [len(mesh.position) for mesh in meshes[:-1]])
    return Mesh.of(
        np.concatenate([mesh.position for mesh in meshes]),
        np.concatenate([mesh.normal for mesh in meshes]),
        np.concatenate([mesh.uv for mesh in meshes]),
        np.concatenate([m.triangles + first for m, first in zip(meshes, firsts, strict=True)]),
    )
