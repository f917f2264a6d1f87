"""The fixed sets that quality is measured on: *tune* to choose thresholds, *report* to report.

The two share no seed, no garment and no kind of set. Every broken clip has a clean twin from the
same seed (several broken ones may share it), and clean clips full of legal look-alikes stand beside
them: turns, light changes, camera moves, exits, people behind furniture, people dressed alike.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from studio.director import Wish, plant, stage_scene
from studio.errors import SceneError
from studio.looks import distinct_looks, recoloured, same_outfit, sibling
from studio.picture import RenderSettings
from studio.video import Encoding

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from studio.looks import Look, Species
    from studio.stage import Scene

SETTINGS = RenderSettings(width_px=480, height_px=270, supersample=1.0, samples=4, shadow_px=1024)
ENCODING = Encoding(crf=24, preset="fast")
FRAMES = 48


@dataclass(frozen=True, slots=True)
class Split:
    """What belongs to one side of the split."""

    name: str
    first_seed: int
    sets: tuple[str, ...]
    suits: frozenset[str]
    rounds: int


TUNE = Split(
    "tune", 100_000, ("room", "park"),
    frozenset({
        "female_casualsuit01", "female_sportsuit01", "male_casualsuit01", "male_casualsuit03",
        "male_casualsuit06", "male_worksuit01",
    }),
    rounds=1,
)  # fmt: skip
REPORT = Split(
    "report", 200_000, ("office", "cafe", "street"),
    frozenset({
        "female_casualsuit02", "female_elegantsuit01", "male_casualsuit02", "male_casualsuit04",
        "male_casualsuit05", "male_elegantsuit01",
    }),
    rounds=2,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Recipe:
    """A clean clip and the errors planted in copies of it."""

    story: str
    wishes: tuple[Wish, ...] = ()
    people: int = 2
    cast: str = ""  # "", "same_outfit", "siblings", "recoloured"
    species: Species = "human"
    light: str = ""


# One round of these makes about 60 clips. The first half already covers every kind of error.
RECIPES = (
    Recipe("gather", (Wish("swap", where="open"), Wish("morph"))),
    Recipe("crossing", (Wish("swap", where="crossing"), Wish("vanish"))),
    Recipe("dialogue", (Wish("swap", where="cut"), Wish("attribute_swap", cue="clothes"))),
    Recipe("stroll", (Wish("drift"), Wish("pop_in"))),
    Recipe("gather", (Wish("clone", where="stand"), Wish("attribute_swap", cue="hair"))),
    Recipe("turns"),
    Recipe("seated", (Wish("morph", ghost_frames=1), Wish("clone", where="bystander")), 3),
    Recipe("hide"),
    Recipe("crossing", (Wish("swap", where="crossing"), Wish("drift", 0.7, cue="clothes+hair"))),
    Recipe("gather", (Wish("swap", where="cut"), Wish("attribute_swap", cue="face")), 3),
    Recipe("leave_return", (), 3),
    Recipe("dialogue", (Wish("drift", where="per_shot"), Wish("morph"))),
    Recipe("gather", (Wish("pop_in"), Wish("vanish")), 3),
    Recipe("gather", light="ramp"),
    Recipe("crossing", cast="same_outfit"),
    Recipe("approach", (Wish("drift", cue="face+hair"), Wish("swap", where="open"))),
    Recipe("gather", (Wish("swap", where="cut"), Wish("clone", where="walk_in")), species="toy"),
    Recipe("dialogue", (Wish("attribute_swap", cue="clothes"), Wish("swap", where="open"))),
    Recipe("dialogue", light="warm"),
    Recipe("gather", (Wish("swap", where="open", ghost_frames=2),), 2, "same_outfit"),
    Recipe("gather", (), 3, "siblings"),
    Recipe("stroll", (Wish("morph"), Wish("vanish"))),
    Recipe("turns", (Wish("swap", where="open"),), 2, "", "robot"),
    Recipe("gather", (Wish("attribute_swap", cue="hair"), Wish("swap", where="cut")),
           cast="siblings"),
    Recipe("crossing", (Wish("pop_in"), Wish("swap", where="crossing")), species="cel"),
    Recipe("seated", (Wish("drift", where="per_shot"), Wish("clone", where="stand")), 2),
    Recipe("crossing", light="dim"),
    Recipe("gather", (), 2, "recoloured"),
    Recipe("hide", (Wish("morph"),), 3),
    Recipe("stroll", species="animal"),
)  # fmt: skip


def tune() -> list[Scene]:
    """Return the clips thresholds may be chosen on."""
    return _build(TUNE)


def report() -> list[Scene]:
    """Return the clips figures are reported on."""
    return _build(REPORT)


def check(first_seed: int = 300_000) -> list[Scene]:
    """Return more clips like those of *tune*: what is chosen there must not fit single clips.

    Args:
        first_seed: Of the people, the sets and what they do.
    """
    return _build(replace(TUNE, name="check", first_seed=first_seed))


def smoke() -> list[Scene]:
    """Return a clean clip and its broken twin, to see that rendering works here."""
    return _build(replace(TUNE, name="smoke", first_seed=900_000), RECIPES[:1])[:2]


SETS: dict[str, Callable[[], list[Scene]]] = {
    "tune": tune, "check": check,
    "check2": partial(check, 400_000), "check3": partial(check, 500_000),
    "report": report, "smoke": smoke,
}  # fmt: skip


def _build(split: Split, recipes: Sequence[Recipe] = RECIPES) -> list[Scene]:
    scenes: list[Scene] = []
    for round_number in range(split.rounds):
        for number, recipe in enumerate(recipes):
            seed = split.first_seed + 1000 * round_number + 10 * number
            scenes += _family(split, recipe, seed, f"{round_number * len(recipes) + number:03d}")
    return scenes


def _family(split: Split, recipe: Recipe, seed: int, stem: str) -> list[Scene]:
    """Return a clean scene and its broken copies; tries seeds until all errors find a place."""
    for attempt in range(10):
        rng = np.random.default_rng([seed + attempt, 61])
        clean = stage_scene(
            seed + attempt,
            name=f"{stem}_{recipe.story}_clean",
            story=recipe.story,
            set_name=str(rng.choice(split.sets)),
            frames=FRAMES,
            species=recipe.species,
            video_look=float(rng.choice([0.0, 0.3, 0.6])),
            cast=_cast(split, recipe, seed + attempt),
            light=recipe.light,
            suits=split.suits,
        )
        tags = tuple(tag for tag in (*clean.tags, recipe.cast) if tag)
        clean = replace(clean, tags=tags)
        try:
            broken = [
                plant(clean, wish, name=f"{stem}_{recipe.story}_{wish.kind}")
                for wish in recipe.wishes
            ]
        except SceneError:
            continue
        return [clean, *broken]
    raise SceneError(f"recipe {stem} {recipe.story}: no seed has a place for {recipe.wishes}")


def _cast(split: Split, recipe: Recipe, seed: int) -> list[Look]:
    looks = distinct_looks(seed, recipe.people, species=recipe.species, suits=split.suits)
    first = looks[0]
    if recipe.cast == "same_outfit":
        looks[1] = same_outfit(first, seed + 5, looks[1].name)
    elif recipe.cast == "siblings":
        looks[1:] = [
            sibling(first, seed + 5 + k, look.name, suits=split.suits)
            for k, look in enumerate(looks[1:])
        ]
    elif recipe.cast == "recoloured":
        # The same face and cut of clothes in other colours: two people, as near as can be.
        looks[1] = recoloured(first, seed + 5, looks[1].name)
    return looks
