"""A dressed character: the parts to draw, and how they follow shape, expression and drift."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import TYPE_CHECKING

import cv2
import numpy as np

from studio.assets import HAIR_LONG, HAIR_SHORT
from studio.errors import AssetsMissingError
from studio.makehuman import BASE_VERTICES
from studio.mesh import Mesh, split_corners, strongest_four, vertex_normals
from studio.patterns import GarmentMap, map_garment, paint_garment, tinted
from studio.shape import shape_look

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from numpy.typing import NDArray

    from studio.looks import Build, Hair, Look, Rgb
    from studio.makehuman import Library, Proxy

    Floats = NDArray[np.float32]
    Image = NDArray[np.uint8]

# How the fragment shader lights a surface; the numbers are its `kind`.
SKIN, CLOTH, HAIR, LEAF, GLOSS = range(5)


@dataclass(frozen=True, slots=True)
class Texture:
    """A picture for the renderer: a file, or pixels with a key that names them for the cache."""

    key: str
    path: Path | None = None
    rgba: NDArray[np.uint8] | None = field(default=None, compare=False, repr=False)

    @classmethod
    def file(cls, path: Path) -> Texture:
        """Return the texture of a picture file."""
        return cls(str(path), path=path)

    @classmethod
    def pixels(cls, key: str, rgba: Image) -> Texture:
        """Return the texture of (H, W, 4) pixels, row 0 on top."""
        return cls(key, rgba=rgba)


@dataclass(slots=True)
class Material:
    """How a surface is lit and coloured. `tint` is (r, g, b, share of the texture it replaces)."""

    kind: int = CLOTH
    rough: float = 0.8
    tint: tuple[float, float, float, float] = (1, 1, 1, 0)
    emission: float = 0.0
    mix: float = 0.0  # share of the second texture
    casts_shadow: bool = True


@dataclass(slots=True)
class Part:
    """One mesh of a character with its textures."""

    name: str
    mesh: Mesh
    material: Material
    texture: Texture | None = None
    normal_map: Texture | None = None
    texture_b: Texture | None = None
    proxy: Proxy | None = None
    # Which base or proxy vertex each render vertex shows, and the quads normals come from.
    source: NDArray[np.integer] | None = None
    quads: NDArray[np.integer] | None = None
    moves_with_face: bool = False
    dirty: bool = True


class Wardrobe:
    """Builds characters and keeps what several of them share (garment maps, heights, colours)."""

    def __init__(self, library: Library) -> None:
        self.library = library
        self.heights: dict[Build, float] = {}
        self._garments: dict[str, GarmentMap] = {}

    def suit_texture(self, look: Look) -> Texture:
        """Return the painted texture of a look's suit."""
        outfit = look.outfit
        if outfit.suit not in self._garments:
            self._garments[outfit.suit] = map_garment(self.library, outfit.suit)
        key = f"suit:{outfit.suit}:{outfit.upper}:{outfit.lower}:{outfit.logo}"
        return Texture.pixels(key, paint_garment(self._garments[outfit.suit], outfit))

    def accessory_texture(self, kind: str, name: str, colour: Rgb) -> Texture:
        """Return a shoe's or hat's texture in a colour."""
        path = self.library.proxy(kind, name).textures["mapDiffuse"]
        return Texture.pixels(f"tinted:{path.name}:{colour}", tinted(_read_rgba(path), colour))

    def skin_texture(self, look: Look) -> Texture:
        """Return the skin, toned for the person; smooth and pale for drawn figures."""
        path = self.library.assets.skin(look.face.skin)
        key = f"skin:{look.species}:{path.name}:{look.face.tone:.3f}"
        return Texture.pixels(key, _species_skin(_read_rgba(path), look))


class Character:
    """A person made of MakeHuman parts. Meshes are in decimetres in the rest pose.

    Attributes:
        look: Who is drawn.
        position: (19158, 3) base vertices of the current shape.
        joints: (53, 3) bone starts; `tails` their ends.
        parts: What to draw.
    """

    def __init__(self, wardrobe: Wardrobe, look: Look) -> None:
        self.look = look
        self.wardrobe = wardrobe
        self.library = wardrobe.library
        self._rest = shape_look(self.library, look, wardrobe.heights)
        self._goal: Floats | None = None
        self._goal_look: Look | None = None
        self.drift_weight = 0.0
        self.parts = self._build_parts()
        self.position = self._rest
        self.joints, self.tails = self.library.rig.joints(self._rest)
        self._face_key: tuple[tuple[str, float], ...] = ()
        self._refit()

    def face(self, units: Mapping[str, float]) -> None:
        """Put on an expression: ARKit-style face units with weights in [0, 1]."""
        key = tuple(sorted((name, round(float(w), 3)) for name, w in units.items()))
        if key == self._face_key:
            return
        self._face_key = key
        position = self.position.copy()
        for name, weight in key:
            vertex, move = self.library.face_unit(name)
            position[vertex] += weight * move
        for part in self.parts:
            if part.moves_with_face:
                self._fit_part(part, position)

    def wear(self, parts: list[Part]) -> None:
        """Draw these parts from now on, on the body as it is shaped and with a resting face."""
        self.parts = parts
        self._face_key = ()
        self._refit()

    def hair_part(self, hair: Hair) -> Part:
        """Return other hair, to be worn instead of one's own; `hair.style` may not be None."""
        if hair.style is None:
            raise ValueError("a bald head wears no hair")
        part = self._worn_part("hair", "hair", hair.style, np.zeros(BASE_VERTICES, bool))
        part.material = _worn_material("hair", replace(self.look, hair=hair))
        return part

    def hair_styles(self) -> tuple[str, ...]:
        """Return the cuts that suit this build."""
        return HAIR_SHORT if self.look.build.masculine > 0.5 else HAIR_LONG

    def prepare_drift(self, goal: Look) -> None:
        """Make ready to drift towards a look on the same garment shapes (`drift_target`)."""
        self._goal_look = goal
        self._goal = shape_look(self.library, goal, self.wardrobe.heights)
        for part in self.parts:
            if part.name == "skin":
                part.texture_b = self.wardrobe.skin_texture(goal)
            elif part.name == "suit":
                part.texture_b = self.wardrobe.suit_texture(goal)
            elif part.name == "shoes":
                outfit = goal.outfit
                part.texture_b = self.wardrobe.accessory_texture(
                    "clothes", outfit.shoes, outfit.shoe_colour
                )

    def drift(self, weight: float) -> None:
        """Move to `weight` in [0, 1] of the way to the prepared look."""
        if self._goal is None or self._goal_look is None or weight == self.drift_weight:
            return
        self.drift_weight = weight
        self.position = ((1 - weight) * self._rest + weight * self._goal).astype(np.float32)
        self.joints, self.tails = self.library.rig.joints(self.position)
        here, there = np.array(self.look.hair.colour), np.array(self._goal_look.hair.colour)
        red, green, blue = (float(c) for c in (1 - weight) * here + weight * there)
        for part in self.parts:
            if part.texture_b is not None:
                part.material.mix = weight
            if part.name == "hair":
                part.material.tint = (red, green, blue, part.material.tint[3])
        self._face_key = ()
        self._refit()

    def _refit(self) -> None:
        for part in self.parts:
            if part.source is not None:
                self._fit_part(part, self.position)

    def _fit_part(self, part: Part, position: Floats) -> None:
        if part.source is None or part.quads is None:
            return
        fitted = position if part.proxy is None else part.proxy.fit(position)
        normal = vertex_normals(fitted, part.quads)
        part.mesh.position = fitted[part.source]
        part.mesh.normal = normal[part.source]
        part.dirty = True

    def _build_parts(self) -> list[Part]:
        look, wardrobe = self.look, self.wardrobe
        outfit = look.outfit
        worn = [("suit", "clothes", outfit.suit), ("shoes", "clothes", outfit.shoes)]
        if outfit.hat:
            worn.append(("hat", "clothes", outfit.hat))
        if look.hair.style:
            worn.append(("hair", "hair", look.hair.style))
        worn += [("eyes", "eyes", "HighPolyEyes"), ("lashes", "eyelashes", look.face.lashes)]
        if look.species != "animal":
            worn.append(("brows", "eyebrows", look.face.brows))
        hidden = np.zeros(BASE_VERTICES, bool)
        for _, kind, name in worn:
            hidden |= self.library.proxy(kind, name).hides
        parts = [self._skin_part(hidden)]
        for role, kind, name in worn:
            parts.append(self._worn_part(role, kind, name, self._covered(kind, name, worn)))
        for part in parts:
            if part.name == "suit":
                part.texture = wardrobe.suit_texture(look)
            elif part.name == "shoes":
                part.texture = wardrobe.accessory_texture(
                    "clothes", outfit.shoes, outfit.shoe_colour
                )
            elif part.name == "hat" and outfit.hat:
                part.texture = wardrobe.accessory_texture("clothes", outfit.hat, outfit.hat_colour)
        return parts

    def _covered(self, kind: str, name: str, worn: list[tuple[str, str, str]]) -> NDArray[np.bool_]:
        """Return the base vertices under garments of a higher layer (socks under trousers)."""
        covered = np.zeros(BASE_VERTICES, bool)
        if kind != "clothes":
            return covered
        depth = self.library.proxy(kind, name).depth
        for _, other_kind, other in worn:
            proxy = self.library.proxy(other_kind, other)
            if other_kind == "clothes" and proxy.depth > depth:
                covered |= proxy.hides
        return covered

    def _skin_part(self, hidden: NDArray[np.bool_]) -> Part:
        base, rig = self.library.base, self.library.rig
        body = base.quads[base.is_body]
        covered = np.all(hidden[base.quads], axis=1)
        seen = base.is_body & ~covered
        source, uv_source, triangles = split_corners(base.quads[seen], base.uv_quads[seen])
        index, weight = strongest_four(rig.weight[source])
        material = Material(SKIN, rough=0.55)
        if self.look.species == "toy":
            material = Material(SKIN, rough=0.2)
        blank = np.zeros((len(source), 3), np.float32)
        mesh = Mesh(blank, blank, base.uv[uv_source], triangles, index, weight)
        return Part(
            "skin", mesh, material, self.wardrobe.skin_texture(self.look),
            source=source, quads=body, moves_with_face=True,
        )  # fmt: skip

    def _worn_part(self, role: str, kind: str, name: str, covered: NDArray[np.bool_]) -> Part:
        proxy = self.library.proxy(kind, name)
        index, weight = strongest_four(proxy.weight[proxy.source])
        triangles = proxy.triangles
        if covered.any():
            under = np.all(covered[proxy.anchor], axis=1)
            triangles = triangles[~np.all(under[proxy.source[triangles]], axis=1)]
        blank = np.zeros((len(proxy.source), 3), np.float32)
        mesh = Mesh(blank, blank, proxy.uv, triangles, index, weight)
        texture = proxy.textures.get("mapDiffuse")
        if role == "eyes":
            texture = self.library.assets.eye(self.look.face.eyes)
        normal = proxy.textures.get("mapNormal") if self.look.species == "human" else None
        return Part(
            role,
            mesh,
            _worn_material(role, self.look),
            texture=Texture.file(texture) if texture else None,
            normal_map=Texture.file(normal) if normal else None,
            proxy=proxy,
            source=proxy.source,
            quads=proxy.quads,
            moves_with_face=role in ("eyes", "lashes", "brows"),
        )


def _worn_material(role: str, look: Look) -> Material:
    red, green, blue = look.hair.colour
    if role == "hair":
        return Material(HAIR, rough=0.5, tint=(red, green, blue, 0.85))
    if role == "brows":
        return Material(LEAF, rough=0.9, tint=(red * 0.6, green * 0.6, blue * 0.6, 0.9))
    if role == "lashes":
        return Material(LEAF, rough=0.9, tint=(0.05, 0.04, 0.04, 0.9))
    if role == "eyes":
        return Material(GLOSS, rough=0.05)
    return Material(CLOTH, rough=0.5 if look.species == "toy" else 0.85)


def _species_skin(skin: Image, look: Look) -> Image:
    """Tone a skin texture; flatten it for drawn figures and toys, stripe it for animals."""
    rgb = skin[..., :3].astype(np.float32)
    if look.species in ("cel", "toy"):
        smooth = cv2.bilateralFilter(skin[..., :3].copy(), 15, 70, 15).astype(np.float32)
        mean = rgb[rgb.sum(2) > 60].mean(0)
        pale = 0.4 * mean + 0.6 * np.array([252, 222, 204])
        rgb = 0.3 * smooth + 0.7 * np.clip(pale * (0.75 + 0.25 * look.face.tone), 0, 255)
    elif look.species == "animal":
        rgb = _fur(rgb, look)
    else:
        rgb = rgb * look.face.tone
    out = np.clip(rgb, 0, 255).astype(np.uint8)
    return np.dstack([out, np.full(out.shape[:2], 255, np.uint8)])


def _fur(rgb: Floats, look: Look) -> Floats:
    rng = np.random.default_rng([int(c * 999) for c in look.hair.colour])
    grey = cv2.GaussianBlur(rgb.mean(2), (0, 0), 1)
    grey = np.clip(grey / grey.mean(), 0.4, 1.3)
    size = rgb.shape[0]
    noise = cv2.resize(
        rng.random((24, 24), np.float32), (size, size), interpolation=cv2.INTER_CUBIC
    )
    rows = np.arange(size)[:, None] / size
    stripe = np.clip(np.sin(rows * 90 + noise * 14) * 3, 0, 1)[..., None]
    strand = cv2.GaussianBlur(rng.random((size, size), np.float32), (0, 0), 0.6, sigmaY=2.5)
    fur = np.maximum(np.asarray(look.hair.colour), 0.12) * 255
    light = np.clip(fur * 1.25 + 25, 0, 255)
    coat = light * (1 - 0.75 * stripe) + fur * 0.45 * 0.75 * stripe
    fur_rgb: Floats = (coat * (grey * (0.55 + 0.9 * strand))[..., None]).astype(np.float32)
    return fur_rgb


@lru_cache(maxsize=64)
def _read_rgba(path: Path) -> Image:
    image = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
    if image is None:
        raise AssetsMissingError(f"{path}: not a readable picture; run `python -m studio assets`")
    if image.ndim == 2:
        image = cv2.cvtColor(image, cv2.COLOR_GRAY2BGRA)
    elif image.shape[2] == 3:
        image = cv2.cvtColor(image, cv2.COLOR_BGR2BGRA)
    rgba: Image = cv2.cvtColor(image, cv2.COLOR_BGRA2RGBA)
    return rgba


def read_texture(texture: Texture) -> Image:
    """Return the (H, W, 4) pixels of a texture, row 0 on top."""
    if texture.rgba is not None:
        return texture.rgba
    if texture.path is None:
        raise ValueError(f"texture {texture.key!r} has neither pixels nor a file")
    return _read_rgba(texture.path)
