"""Training crops: many people, each from all sides, near and far, in several sets.

Views: "full" from head to foot, "half" from the hips up, "close" head and shoulders, "back" from
behind. A crop is cut from the visible box with a little random slack, as a detector would cut it.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np

from studio.body import Body
from studio.character import Wardrobe
from studio.creatures import make_character
from studio.film import pose_bones
from studio.looks import random_look
from studio.picture import Actor, RenderSettings
from studio.renderer import Renderer
from studio.sets import SET_NAMES, build_set
from studio.stage import Lens, Stand, Walk
from studio.truth import mask_box

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    from numpy.typing import NDArray

    from studio.looks import Species
    from studio.makehuman import Library
    from studio.sets import StageSet
    from studio.stage import Action

    Image = NDArray[np.uint8]

SETTINGS = RenderSettings(width_px=288, height_px=384, supersample=1.0, samples=4, shadow_px=1024)
_FOV_DEG = 36.0
_MIN_CROP_PX = 24
# How far the camera stands and how high it looks, by view.
_VIEWS = {"full": (3.3, 0.95), "half": (1.9, 1.25), "close": (1.2, 1.45), "back": (3.0, 1.0)}
_SHARES = (0.45, 0.25, 0.15, 0.15)
# A new set of surroundings every so many people.
_PEOPLE_PER_SET = 25


@dataclass(frozen=True, slots=True)
class Crop:
    """One line of the index: which file shows whom, how."""

    file: str
    person: str
    view: str
    set_name: str
    yaw_rad: float  # 0: faces the camera
    visible_px: int


def render_crops(
    library: Library,
    folder: Path,
    seeds: Iterable[int],
    views: int,
    *,
    species: Species = "human",
    progress: Callable[[], None] = lambda: None,
) -> int:
    """Render crops into `folder/<person>/` and write `index.jsonl`; return how many there are.

    A person whose `.done` file is there is kept, so a broken-off run goes on where it stopped.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with Renderer(SETTINGS) as renderer:
        wardrobe = Wardrobe(library)
        stage: tuple[str, StageSet] | None = None
        for seed in seeds:
            home = folder / f"p{seed:06d}"
            if not (home / ".done").exists():
                block = seed // _PEOPLE_PER_SET
                name = SET_NAMES[block % len(SET_NAMES)]
                if stage is None or stage[0] != f"{name}{block}":
                    if stage is not None:
                        renderer.forget_props(stage[1].props)
                    stage = (f"{name}{block}", build_set(name, block + 1))
                made = _person_crops(renderer, wardrobe, stage[1], name, seed, views, species)
                _write_person(home, list(made))
            progress()
    return _write_index(folder)


def _person_crops(
    renderer: Renderer,
    wardrobe: Wardrobe,
    stage: StageSet,
    set_name: str,
    seed: int,
    views: int,
    species: Species,
) -> Iterator[tuple[Crop, Image]]:
    look = random_look(seed, species=species)
    character = make_character(wardrobe, look)
    body = Body(character)
    rng = np.random.default_rng([seed, 31])
    character.face({"mouthSmileLeft": 0.4, "mouthSmileRight": 0.4, "browInnerUp": 0.2})
    for number in range(views):
        view = str(rng.choice(list(_VIEWS), p=_SHARES))
        lens, yaw = _random_lens(rng, view, look.build.height_m)
        bones = pose_bones(body, *_random_action(rng, yaw), seed % 6)
        picture = renderer.render(
            stage.props, [Actor(character.parts, bones)], lens, stage.light,
            gain=_random_gain(rng), cel=species == "cel", grain_seed=seed * 64 + number,
        )  # fmt: skip
        seen = picture.ids == 1
        if not seen.any():
            continue
        crop = _cut(picture.rgb, mask_box(seen), rng)
        if min(crop.shape[:2]) < _MIN_CROP_PX:
            continue
        file = f"p{seed:06d}/{number:02d}_{view}.jpg"
        facing = float(np.arctan2(*(lens.eye[[0, 2]])))
        away = float((yaw - facing + np.pi) % (2 * np.pi) - np.pi)
        yield Crop(file, f"p{seed:06d}", view, set_name, round(away, 3), int(seen.sum())), crop
    renderer.forget(character.parts)


def _random_lens(rng: np.random.Generator, view: str, height_m: float) -> tuple[Lens, float]:
    distance, at_m = _VIEWS[view]
    distance *= float(rng.uniform(0.9, 1.3))
    at_m *= height_m / 1.7
    around = float(rng.uniform(-0.7, 0.7))
    eye = np.array(
        [
            distance * np.sin(around),
            at_m + float(rng.uniform(-0.3, 0.8)) * distance / 3.3,
            distance * np.cos(around),
        ]
    )
    yaw = around + float(rng.normal(0, 0.8))
    if view == "back":
        yaw = around + np.pi + float(rng.uniform(-0.6, 0.6))
    at = np.array([float(rng.uniform(-0.08, 0.08)), at_m, 0.0])
    return Lens(eye, at, _FOV_DEG), yaw


def _random_action(rng: np.random.Generator, yaw: float) -> tuple[Action, float]:
    """Return an action and a time at which its actor is in the middle of the stage."""
    if rng.random() < 0.4:
        back = (-2.0 * float(np.sin(yaw)), -2.0 * float(np.cos(yaw)))
        ahead = (-back[0], -back[1])
        walk = Walk((back, ahead), 1.0, phase=float(rng.uniform(0, 6)))
        return walk, 2.0 + float(rng.uniform(-0.1, 0.1))
    gesture = str(rng.choice(["idle", "talk", "hip", "nod", "phone", "wave"]))
    return Stand((0, 0), yaw, gesture), float(rng.uniform(0, 5))


def _random_gain(rng: np.random.Generator) -> tuple[float, float, float]:
    level, warm = float(rng.uniform(0.6, 1.5)), float(rng.uniform(-0.12, 0.16))
    return (level * (1 + warm), level, level * (1 - warm))


def _cut(rgb: Image, box: list[int], rng: np.random.Generator) -> Image:
    height, width = rgb.shape[:2]
    x1, y1, x2, y2 = box
    slack = rng.uniform(-0.04, 0.06, 4) * np.array([x2 - x1, y2 - y1, x2 - x1, y2 - y1])
    left, top = max(0, int(x1 - slack[0])), max(0, int(y1 - slack[1]))
    right, bottom = min(width, int(x2 + slack[2])), min(height, int(y2 + slack[3]))
    return np.ascontiguousarray(rgb[top:bottom, left:right])


def _write_person(home: Path, made: list[tuple[Crop, Image]]) -> None:
    home.mkdir(exist_ok=True)
    for crop, rgb in made:
        bgr = cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR)
        cv2.imwrite(str(home.parent / crop.file), bgr, [cv2.IMWRITE_JPEG_QUALITY, 92])
    lines = [json.dumps(asdict(crop), sort_keys=True) for crop, _ in made]
    temporary = home / ".part"
    temporary.write_text("\n".join(lines) + "\n")
    temporary.replace(home / ".done")


def _write_index(folder: Path) -> int:
    lines = [
        line
        for done in sorted(folder.glob("p*/.done"))
        for line in done.read_text().splitlines()
        if line
    ]
    temporary = folder / ".index.part"
    temporary.write_text("\n".join(lines) + "\n")
    temporary.replace(folder / "index.jsonl")
    return len(lines)
