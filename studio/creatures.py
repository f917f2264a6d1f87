"""Figures that are not people: robots built of solids, and animal-people with ears and a tail."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from studio import textures
from studio.character import CLOTH, GLOSS, Character, Material, Part, Texture
from studio.mesh import capsule, rounded_box

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from studio.character import Wardrobe
    from studio.looks import Look, Rgb
    from studio.mesh import Mesh


def make_character(wardrobe: Wardrobe, look: Look) -> Character:
    """Return the character of a look, whatever its species."""
    if look.species == "robot":
        return Robot(wardrobe, look)
    if look.species == "animal":
        return AnimalPerson(wardrobe, look)
    return Character(wardrobe, look)


class Robot(Character):
    """A robot with the rig of a human; its colours come from the look's outfit."""

    def prepare_drift(self, goal: Look) -> None:
        """Make ready to fade into the goal's colours; the solids stay as they are."""
        self._goal_look = goal
        self._goal = self._rest
        for part, replacement in zip(self.parts, self._paints(goal), strict=True):
            part.texture_b = replacement

    def _build_parts(self) -> list[Part]:
        self._roles: list[str] = []
        self._solids: list[Part] = []
        self.joints, self.tails = self.library.rig.joints(self._rest)
        self._build_limbs()
        self._build_trunk()
        self._build_head()
        for part, texture in zip(self._solids, self._paints(self.look), strict=True):
            part.texture = texture
        return self._solids

    def _paints(self, look: Look) -> list[Texture]:
        outfit = look.outfit
        colours: dict[str, Rgb] = {
            "shell": outfit.upper.colour,
            "accent": outfit.upper.accent,
            "joint": (0.18, 0.19, 0.22),
            "light": _vivid(look.hair.colour),
        }
        paints = {name: _paint(f"robot:{name}:{c}", c) for name, c in colours.items()}
        return [paints[role] for role in self._roles]

    def _solid(self, role: str, mesh: Mesh, bone: str) -> None:
        glow = Material(CLOTH, emission=1.5)
        material = glow if role == "light" else Material(GLOSS, rough=0.25)
        self._roles.append(role)
        self._solids.append(Part(role, mesh.bound_to(self.library.rig.index[bone]), material))

    def _at(self, bone: str, *, tail: bool = False) -> NDArray[np.float32]:
        source = self.tails if tail else self.joints
        place: NDArray[np.float32] = source[self.library.rig.index[bone]]
        return place

    def _build_limbs(self) -> None:
        body = self.library.base.groups["body"]
        floor = float(self._rest[body, 1].min())
        limbs = (
            ("upperarm", "lowerarm", 0.52, 0.42), ("lowerarm", "hand", 0.46, 0.36),
            ("thigh", "calf", 0.85, 0.62), ("calf", "foot", 0.62, 0.42),
        )  # fmt: skip
        for side in "lr":
            for bone, until, start_radius, stop_radius in limbs:
                a, b = self._at(f"{bone}_{side}"), self._at(f"{until}_{side}")
                limb = f"{bone}_{side}"
                self._solid("shell", capsule(a, b, start_radius, stop_radius), limb)
                half = 0.3 if bone in ("thigh", "calf") else 0.01
                across = np.array([half, 0, 0])
                hinge = capsule(a - across, a + across, start_radius * 0.85, start_radius * 0.85)
                self._solid("joint", hinge, limb)
            hand = f"hand_{side}"
            middle = (self._at(hand) + self._at(hand, tail=True)) / 2
            self._solid("accent", rounded_box(middle, (0.36, 0.45, 0.28), rounding=0.2), hand)
            for finger in ("index", "middle", "pinky", "thumb"):
                first, last = f"{finger}_01_{side}", f"{finger}_03_{side}"
                tip = self._at(last, tail=True)
                mesh = capsule(self._at(first), tip, 0.13, 0.09, sides=8, rings=3)
                self._solid("joint", mesh, first)
            foot = (self._at(f"foot_{side}") + self._at(f"ball_{side}", tail=True)) / 2
            centre = (float(foot[0]), floor + 0.38, float(foot[2]))
            shoe = rounded_box(centre, (0.5, 0.38, 1.25), rounding=0.25)
            self._solid("accent", shoe, f"foot_{side}")

    def _build_trunk(self) -> None:
        chest = (self._at("spine_03") + self._at("neck_01")) / 2
        wide = 1.55 + 0.5 * self.look.build.weight
        bulk = rounded_box(_moved(chest, 0, 0.1, 0.1), (wide, 1.75, 1.05), rounding=0.25)
        self._solid("shell", bulk, "spine_03")
        plate = rounded_box(_moved(chest, 0, 0.3, 1.1), (0.9, 0.55, 0.12), rounding=0.2)
        self._solid("accent", plate, "spine_03")
        lamp = rounded_box(_moved(chest, 0, 0.3, 1.23), (0.25, 0.25, 0.04), rounding=0.2)
        self._solid("light", lamp, "spine_03")
        waist = capsule(self._at("spine_01"), self._at("spine_03"), 0.9, 1.0)
        self._solid("joint", waist, "spine_01")
        hips = rounded_box(_moved(self._at("pelvis"), 0, 0.1, 0), (1.35, 0.7, 0.9), rounding=0.25)
        self._solid("accent", hips, "pelvis")
        neck = capsule(self._at("neck_01"), self._at("head"), 0.4, 0.4)
        self._solid("joint", neck, "neck_01")

    def _build_head(self) -> None:
        head = self._at("head")
        round_head = self.look.build.masculine < 0.5
        if round_head:
            mesh = capsule(_moved(head, 0, 0.6, 0.2), _moved(head, 0, 0.95, 0.2), 0.95, 0.95)
        else:
            mesh = rounded_box(_moved(head, 0, 0.75, 0.25), (0.85, 0.85, 0.9), rounding=0.28)
        self._solid("shell", mesh, "head")
        visor = rounded_box(_moved(head, 0, 0.85, 1.05), (0.7, 0.33, 0.16), rounding=0.2)
        self._solid("joint", visor, "head")
        for x in (-0.33, 0.33):
            eye = capsule(_moved(head, x, 0.85, 1.16), _moved(head, x, 0.85, 1.2), 0.15, 0.15)
            self._solid("light", eye, "head")
        for x in (0.55,) if round_head else (-0.6, 0.6):
            rod = capsule(
                _moved(head, x, 1.4, 0.2), _moved(head, x, 2.1, 0.2), 0.05, 0.05, sides=8, rings=3
            )
            self._solid("joint", rod, "head")
            tip = capsule(_moved(head, x, 2.15, 0.2), _moved(head, x, 2.2, 0.2), 0.14, 0.14)
            self._solid("light", tip, "head")


class AnimalPerson(Character):
    """A dressed figure with fur, ears, a muzzle and a tail."""

    def _build_parts(self) -> list[Part]:
        return super()._build_parts() + self._ears() + self._muzzle() + self._tail()

    def _solid(self, mesh: Mesh, bone: str, texture: Texture, kind: int = CLOTH) -> Part:
        bound = mesh.bound_to(self.library.rig.index[bone])
        return Part("solid", bound, Material(kind, rough=0.9), texture)

    def _fur(self) -> Texture:
        return _paint(f"fur:{self.look.hair.colour}", _lighter(self.look.hair.colour), rough=0.15)

    def _ears(self) -> list[Part]:
        top = float(self._rest[self.library.base.groups["body"], 1].max())
        fur, pink = self._fur(), _paint("fur:pink", (0.86, 0.59, 0.55))
        tall = 0.62 if self.look.build.masculine > 0.5 else 1.0
        ears = []
        for side in (-1, 1):
            outer = capsule(
                (side * 0.62, top - 0.55, 0.25), (side * 0.95, top + tall, 0.15), 0.42, 0.06
            )
            inner = capsule(
                (side * 0.64, top - 0.42, 0.45), (side * 0.92, top + tall - 0.2, 0.33), 0.26, 0.04
            )
            ears += [self._solid(outer, "head", fur), self._solid(inner, "head", pink)]
        return ears

    def _muzzle(self) -> list[Part]:
        head = self.library.rig.joints(self._rest)[0][self.library.rig.index["head"]]
        skin = self._rest[self.library.base.groups["body"]]
        middle = np.abs(skin[:, 0]) < 0.1
        level = np.abs(skin[:, 1] - head[1] - 0.25) < 0.75
        front = skin[middle & level]
        nose = front[front[:, 2].argmax()]
        light = _paint("fur:belly", (0.94, 0.88, 0.78))
        parts = []
        for side in (-1, 1):
            start, stop = (
                _moved(nose, side * 0.16, -0.38, -0.25),
                _moved(nose, side * 0.18, -0.38, -0.02),
            )
            parts.append(self._solid(capsule(start, stop, 0.27, 0.24), "head", light))
        tip = capsule(_moved(nose, -0.06, -0.12, 0.02), _moved(nose, 0.06, -0.12, 0.02), 0.11, 0.11)
        parts.append(self._solid(tip, "head", _paint("fur:nose", (0.25, 0.18, 0.18)), GLOSS))
        return parts

    def _tail(self) -> list[Part]:
        pelvis = self.library.rig.joints(self._rest)[0][self.library.rig.index["pelvis"]]
        at = _moved(pelvis, 0, 0.2, -1.0)
        fur = self._fur()
        parts = []
        for k in range(9):
            rise = -0.3 + (0.32 * (k - 2) if k > 2 else 0.0)
            tip = _moved(at, 0.12 * np.sin(k * 0.9), rise, -0.42)
            parts.append(self._solid(capsule(at, tip, 0.22, 0.21), "pelvis", fur))
            at = tip
        return parts


def _moved(point: ArrayLike, x: float, y: float, z: float) -> NDArray[np.float64]:
    """Return a (3,) point shifted by decimetres."""
    moved: NDArray[np.float64] = np.asarray(point, float) + np.array([x, y, z])
    return moved


def _paint(key: str, colour: Rgb, rough: float = 0.05) -> Texture:
    red, green, blue = (c * 255 for c in colour)
    return Texture.pixels(key, textures.plaster(4, (red, green, blue), rough=rough, size=64))


def _lighter(colour: Rgb) -> Rgb:
    red, green, blue = (min(1.0, max(0.12, c) * 1.25 + 0.1) for c in colour)
    return (red, green, blue)


def _vivid(colour: Rgb) -> Rgb:
    """Return a lamp's colour out of a hair colour, which alone would be too dark to glow."""
    hue = (colour[0] * 7.3 + colour[1] * 3.1 + colour[2] * 5.7) % 1.0
    angle = 2 * np.pi * (hue + np.array([0.0, 1 / 3, 2 / 3]))
    red, green, blue = (float(c) for c in 0.6 + 0.4 * np.cos(angle))
    return (red, green, blue)
