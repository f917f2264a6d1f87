"""What a person looks like, as plain values made from a seed; no file is read here.

A `Look` is everything that makes somebody recognisable: build, face, hair, outfit. Two looks can be
blended, and one can lend a cue to another, which is how drift and attribute swaps are planted.
"""

from __future__ import annotations

import colorsys
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

import numpy as np

from studio import assets

if TYPE_CHECKING:
    from collections.abc import Iterable

Rgb = tuple[float, float, float]  # each in [0, 1], sRGB
Species = Literal["human", "cel", "toy", "robot", "animal"]
Cue = Literal["face", "hair", "clothes", "body"]
CUES: tuple[Cue, ...] = ("face", "hair", "clothes", "body")
RACES = ("caucasian", "asian", "african")
PATTERNS = (
    "plain", "hstripe", "vstripe", "check", "diagonal", "dots", "camo", "block", "raglan",
    "confetti",
)  # fmt: skip
LOGOS = ("disc", "star", "ring", "bar", "number", "diamond", "bolt")
EYE_COLOURS = ("brown", "brownlight", "blue", "green", "grey", "deepblue")

# Both signs of each exist as shape targets; the studio picks one by the sign of the weight.
FACE_TARGETS = (
    "nose/nose-scale-horiz", "nose/nose-scale-vert", "nose/nose-hump", "nose/nose-width2",
    "nose/nose-point", "mouth/mouth-scale-horiz", "mouth/mouth-lowerlip-volume",
    "mouth/mouth-upperlip-volume", "chin/chin-width", "chin/chin-height", "chin/chin-prominent",
    "head/head-scale-horiz", "head/head-scale-vert", "cheek/cheek-volume",
    "forehead/forehead-nubian", "eyes/eye-scale", "ears/ear-scale", "eyes/eye-height2",
    "eyebrows/eyebrows-trans",
)  # fmt: skip
# Above this, random faces look angry or odd.
FACE_AMPLITUDE = 0.38

_NAMES = {
    "female": ("mei", "anna", "zoe", "ida", "lena", "noor"),
    "male": ("ben", "kofi", "omar", "raj", "tom", "ivan"),
}
HAIR_COLOURS: tuple[Rgb, ...] = (
    (0.04, 0.035, 0.035), (0.12, 0.08, 0.05), (0.28, 0.16, 0.08),
    (0.45, 0.28, 0.14), (0.74, 0.56, 0.30), (0.58, 0.20, 0.08),
)  # fmt: skip
_GREY_HAIR: tuple[Rgb, ...] = ((0.55, 0.54, 0.53), (0.86, 0.82, 0.74))
_DYED_HAIR: tuple[Rgb, ...] = ((0.85, 0.30, 0.55), (0.20, 0.45, 0.85), (0.25, 0.65, 0.45))
_DENIM: tuple[Rgb, ...] = (
    (0.22, 0.30, 0.45), (0.12, 0.15, 0.24), (0.40, 0.47, 0.58), (0.10, 0.10, 0.11),
    (0.55, 0.48, 0.36), (0.33, 0.36, 0.26), (0.42, 0.42, 0.44), (0.70, 0.66, 0.58),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Build:
    """The body. `masculine` 0..1; `age` 0.5 young adult .. 1 old; the rest as MakeHuman has it."""

    masculine: float
    age: float
    muscle: float
    weight: float
    height_m: float
    proportions: float = 0.7


@dataclass(frozen=True, slots=True)
class Face:
    """The head without hair. `targets` = (shape target, signed weight) pairs."""

    race: str
    targets: tuple[tuple[str, float], ...]
    skin: str
    eyes: str
    brows: str
    lashes: str
    tone: float = 1.0


@dataclass(frozen=True, slots=True)
class Hair:
    """A hair style, or None for a bald head, and its colour."""

    style: str | None
    colour: Rgb


@dataclass(frozen=True, slots=True)
class Cloth:
    """A fabric: a pattern of two colours that repeats every `pitch_m` metres."""

    pattern: str
    colour: Rgb
    accent: Rgb
    pitch_m: float = 0.12
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Logo:
    """A print on chest or back, `size_m` wide."""

    shape: str
    colour: Rgb
    size_m: float
    on_back: bool
    number: int = 0


@dataclass(frozen=True, slots=True)
class Outfit:
    """Everything worn."""

    suit: str
    upper: Cloth
    lower: Cloth
    shoes: str
    shoe_colour: Rgb
    hat: str | None = None
    hat_colour: Rgb = (0.2, 0.2, 0.2)
    logo: Logo | None = None


@dataclass(frozen=True, slots=True)
class Look:
    """One recognisable appearance. `name` is what the truth file calls it."""

    name: str
    build: Build
    face: Face
    hair: Hair
    outfit: Outfit
    species: Species = "human"


def random_look(seed: int, name: str = "", *, species: Species = "human") -> Look:
    """Return the look of one seed; the same seed always gives the same look.

    Example:
        >>> random_look(7) == random_look(7)
        True
        >>> random_look(7) == random_look(8)
        False
    """
    rng = np.random.default_rng([seed, 71])
    feminine = bool(rng.random() < 0.5)
    build = _random_build(rng, feminine=feminine)
    face = _random_face(rng, build, feminine=feminine)
    hair = _random_hair(rng, build, feminine=feminine)
    outfit = _random_outfit(rng, feminine=feminine)
    look = Look(name or f"p{seed:05d}", build, face, hair, outfit)
    return look if species == "human" else as_species(look, species)


def distinct_looks(
    seed: int, count: int, *, species: Species = "human", suits: frozenset[str] = frozenset()
) -> list[Look]:
    """Return named people of whom no two are dressed in similar colours.

    Args:
        seed: Decides who.
        count: How many.
        species: What they are.
        suits: Garments to choose from; empty for all.
    """
    looks: list[Look] = []
    names = {name: list(pool) for name, pool in _NAMES.items()}
    rng = np.random.default_rng([seed, 72])
    for pool in names.values():
        rng.shuffle(pool)
    candidate = seed * 1009
    while len(looks) < count:
        look = random_look(candidate)
        candidate += 1
        if suits and look.outfit.suit not in suits:
            continue
        # After many tries the colours are simply as far apart as they got.
        strict = candidate - seed * 1009 < 80
        if strict and any(_outfit_distance(look, other) < 0.34 for other in looks):
            continue
        pool = names["male" if look.build.masculine > 0.5 else "female"]
        if pool:
            looks.append(as_species(replace(look, name=pool.pop()), species))
    return looks


def sibling(look: Look, seed: int, name: str, *, suits: frozenset[str] = frozenset()) -> Look:
    """Return somebody of the same family: half the face, own clothes and hair style."""
    other = random_look(seed, name)
    suit = _suit_like(look.outfit.suit, seed, suits)
    mine, theirs = dict(look.face.targets), dict(other.face.targets)
    keep = np.random.default_rng([seed, 5]).random(len(FACE_TARGETS)) < 0.6
    mixed = tuple(
        (target, (mine if kept else theirs).get(target, 0.0))
        for target, kept in zip(FACE_TARGETS, keep, strict=True)
    )
    height_m = 0.7 * look.build.height_m + 0.3 * other.build.height_m
    return Look(
        name,
        replace(look.build, height_m=height_m, weight=other.build.weight),
        replace(look.face, targets=mixed, eyes=look.face.eyes),
        replace(look.hair, style=_style_for(other.hair.style, look.hair.style)),
        replace(other.outfit, suit=suit),
    )


def same_outfit(look: Look, seed: int, name: str) -> Look:
    """Return somebody else who is dressed exactly like `look`."""
    other = random_look(seed, name, species=look.species)
    return replace(other, outfit=look.outfit)


def recoloured(look: Look, seed: int, name: str) -> Look:
    """Return the same person in the same clothes of other colours."""
    rng = np.random.default_rng([seed, 9])
    outfit = replace(
        look.outfit,
        upper=_random_cloth(rng),
        lower=replace(look.outfit.lower, colour=_DENIM[int(rng.integers(len(_DENIM)))]),
        logo=None,
    )
    return replace(look, name=name, outfit=outfit)


def with_cues(look: Look, donor: Look, cues: Iterable[Cue], name: str | None = None) -> Look:
    """Return `look` with some cues taken over from `donor`."""
    taken = set(cues)
    return replace(
        look,
        name=look.name if name is None else name,
        face=donor.face if "face" in taken else look.face,
        hair=donor.hair if "hair" in taken else look.hair,
        outfit=donor.outfit if "clothes" in taken else look.outfit,
        build=donor.build if "body" in taken else look.build,
    )


def drift_target(look: Look, donor: Look, cues: Iterable[Cue]) -> Look:
    """Return what `look` drifts towards: the donor's cues on the look's own garment shapes.

    Colours, patterns, skin and body shape can change little by little; the cut of a garment or a
    hair style cannot, so these stay.
    """
    changed = with_cues(look, donor, cues)
    outfit = replace(
        changed.outfit, suit=look.outfit.suit, shoes=look.outfit.shoes, hat=look.outfit.hat
    )
    face = replace(
        changed.face, eyes=look.face.eyes, brows=look.face.brows, lashes=look.face.lashes
    )
    hair = replace(changed.hair, style=look.hair.style)
    return replace(changed, outfit=outfit, face=face, hair=hair)


def as_species(look: Look, species: Species) -> Look:
    """Return the look as a cel-shaded person, a toy, a robot or an animal-person."""
    if species == "cel":
        return _as_cel(look)
    if species == "animal":
        extra = (("eyes/eye-scale", 0.8), ("nose/nose-scale-vert", -0.6), ("ears/ear-scale", -1.0))
        face = replace(look.face, targets=_merged(look.face.targets, extra))
        return replace(look, face=face, hair=replace(look.hair, style=None), species="animal")
    if species == "toy":
        hair = replace(look.hair, colour=_boosted(look.hair.colour))
        return replace(look, hair=hair, outfit=replace(look.outfit, hat=None), species="toy")
    return replace(look, species=species)


def _as_cel(look: Look) -> Look:
    extra = (
        ("eyes/eye-scale", 1.5), ("eyes/eye-height2", 0.8), ("nose/nose-scale-horiz", -0.8),
        ("nose/nose-scale-vert", -0.7), ("mouth/mouth-scale-horiz", -0.5),
        ("chin/chin-width", -0.8), ("head/head-scale-horiz", 0.4),
    )  # fmt: skip
    face = replace(look.face, targets=_merged(look.face.targets, extra))
    rng = np.random.default_rng([len(look.name), *look.name.encode()])
    palette = (*_DYED_HAIR, *HAIR_COLOURS[2:], (0.9, 0.82, 0.4))
    colour = palette[int(rng.integers(len(palette)))]
    build = replace(look.build, age=0.5, weight=min(look.build.weight, 0.5))
    hair = replace(look.hair, colour=colour)
    return replace(look, face=face, build=build, hair=hair, species="cel")


def _merged(
    targets: tuple[tuple[str, float], ...], extra: tuple[tuple[str, float], ...]
) -> tuple[tuple[str, float], ...]:
    out = dict(targets)
    for name, weight in extra:
        out[name] = 0.4 * out.get(name, 0.0) + weight
    return tuple(out.items())


def _random_build(rng: np.random.Generator, *, feminine: bool) -> Build:
    low, high = (1.55, 1.76) if feminine else (1.66, 1.92)
    return Build(
        masculine=0.0 if feminine else 1.0,
        age=float(rng.choice([0.5, 0.54, 0.62, 0.78, 0.93])),
        muscle=float(rng.uniform(0.35, 0.7)),
        weight=float(rng.uniform(0.3, 0.8)),
        height_m=float(rng.uniform(low, high)),
    )


def _age_name(age: float) -> str:
    return "young" if age < 0.58 else "middleage" if age < 0.85 else "old"


def _random_face(rng: np.random.Generator, build: Build, *, feminine: bool) -> Face:
    race = str(rng.choice(RACES))
    weights = rng.uniform(-FACE_AMPLITUDE, FACE_AMPLITUDE, len(FACE_TARGETS))
    return Face(
        race=race,
        targets=tuple(zip(FACE_TARGETS, (float(w) for w in weights), strict=True)),
        skin=f"{_age_name(build.age)}_{race}_{'female' if feminine else 'male'}",
        eyes=str(rng.choice(EYE_COLOURS)) if race == "caucasian" else "brown",
        brows=str(rng.choice(assets.BROWS)),
        lashes=str(rng.choice(assets.LASHES)),
        tone=float(rng.uniform(0.86, 1.08)),
    )


def _random_hair(rng: np.random.Generator, build: Build, *, feminine: bool) -> Hair:
    style: str | None
    if feminine:
        style = str(rng.choice([*assets.HAIR_LONG, "afro01", "short03"]))
    else:
        style = None if rng.random() < 0.1 else str(rng.choice(assets.HAIR_SHORT))
    palette = _GREY_HAIR if _age_name(build.age) == "old" else HAIR_COLOURS
    if palette is HAIR_COLOURS and rng.random() < 0.08:
        palette = _DYED_HAIR
    return Hair(style, palette[int(rng.integers(len(palette)))])


def _random_outfit(rng: np.random.Generator, *, feminine: bool) -> Outfit:
    suits = (*assets.CLOTHES_FEMALE, "male_casualsuit05") if feminine else assets.CLOTHES_MALE
    suit = str(rng.choice(suits))
    formal = "elegant" in suit
    upper = _random_cloth(rng, formal=formal)
    denim = _DENIM[int(rng.integers(len(_DENIM)))]
    lower = Cloth("plain", upper.colour if formal and rng.random() < 0.7 else denim, denim)
    logo = None
    if not formal and upper.pattern in ("plain", "raglan", "block") and rng.random() < 0.6:
        logo = Logo(
            shape=str(rng.choice(LOGOS)),
            colour=_contrasting(rng, upper.colour),
            size_m=float(rng.uniform(0.14, 0.24)),
            on_back=bool(rng.random() < 0.4),
            number=int(rng.integers(1, 99)),
        )
    hat = str(rng.choice(assets.HATS)) if rng.random() < 0.12 else None
    return Outfit(
        suit=suit,
        upper=upper,
        lower=lower,
        shoes=str(rng.choice(assets.SHOES)),
        shoe_colour=_random_colour(rng, saturation=(0.05, 0.5), value=(0.12, 0.7)),
        hat=hat,
        hat_colour=_random_colour(rng, saturation=(0.05, 0.4), value=(0.1, 0.6)),
        logo=logo,
    )


def _random_cloth(rng: np.random.Generator, *, formal: bool = False) -> Cloth:
    if formal:
        pattern = str(rng.choice(["plain", "plain", "vstripe", "check"]))
        colour = _random_colour(rng, saturation=(0.05, 0.5), value=(0.12, 0.5))
        accent = tuple(min(1.0, c * 1.5 + 0.05) for c in colour)
        return Cloth(
            pattern, colour, (accent[0], accent[1], accent[2]), float(rng.uniform(0.03, 0.06))
        )
    colour = _random_colour(rng, saturation=(0.1, 0.85), value=(0.18, 0.92))
    return Cloth(
        pattern=str(rng.choice(PATTERNS)),
        colour=colour,
        accent=_contrasting(rng, colour),
        pitch_m=float(rng.uniform(0.05, 0.16)),
        seed=int(rng.integers(1 << 16)),
    )


def _random_colour(
    rng: np.random.Generator, *, saturation: tuple[float, float], value: tuple[float, float]
) -> Rgb:
    return colorsys.hsv_to_rgb(
        float(rng.random()), float(rng.uniform(*saturation)), float(rng.uniform(*value))
    )


def _contrasting(rng: np.random.Generator, colour: Rgb) -> Rgb:
    bright = 0.3 * colour[0] + 0.59 * colour[1] + 0.11 * colour[2]
    value = (0.08, 0.35) if bright > 0.5 else (0.7, 0.97)
    return _random_colour(rng, saturation=(0.0, 0.7), value=value)


def _boosted(colour: Rgb) -> Rgb:
    hue, saturation, value = colorsys.rgb_to_hsv(*colour)
    return colorsys.hsv_to_rgb(hue, min(1.0, saturation * 1.2 + 0.1), min(1.0, value * 1.3 + 0.08))


def _outfit_distance(a: Look, b: Look) -> float:
    """Return the larger of the distances between upper and lower colours, in [0, 1.7]."""
    upper = np.subtract(a.outfit.upper.colour, b.outfit.upper.colour)
    lower = np.subtract(a.outfit.lower.colour, b.outfit.lower.colour)
    return float(max(np.linalg.norm(upper), 0.8 * np.linalg.norm(lower)))


def _style_for(wanted: str | None, like: str | None) -> str | None:
    """Return `wanted` if it suits the same heads as `like`, else `like`."""
    for group in (assets.HAIR_LONG, assets.HAIR_SHORT):
        if wanted in group and like in group:
            return wanted
    return like


def _suit_like(suit: str, seed: int, suits: frozenset[str]) -> str:
    """Return a garment for the same figure, out of `suits` when given."""
    group = assets.CLOTHES_FEMALE if suit.startswith("female") else assets.CLOTHES_MALE
    allowed = [name for name in group if not suits or name in suits]
    return allowed[seed % len(allowed)] if allowed else suit
