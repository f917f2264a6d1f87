"""Pictures of rendered people with and without one attribute, for `bench.attributes`.

Everybody is filmed three times by one camera within a shot ("near") and twice by another camera on
another set ("far"). The near views are rendered again with each attribute changed and all else the
same: so a pair with a change has a twin without, seen from just the same two sides.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Literal, get_args

import cv2
import numpy as np

from studio.attributes import ATTRIBUTES, Attribute, can_wear, with_attribute
from studio.body import Body
from studio.character import Wardrobe
from studio.creatures import make_character
from studio.film import pose_bones
from studio.floors import floor_plan
from studio.looks import as_species, random_look
from studio.picture import Actor, RenderSettings
from studio.renderer import Renderer
from studio.schedule import Drawn
from studio.sets import SET_NAMES, build_set
from studio.stage import Camera, Shot, Stand
from studio.stories import GESTURES, clear_cameras
from studio.truth import measure
from studio.video import VideoLook

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from studio.character import Character, Part
    from studio.looks import Look
    from studio.makehuman import Library
    from studio.sets import StageSet

SETTINGS = RenderSettings(width_px=240, height_px=384, supersample=1.0, samples=4, shadow_px=1024)
Framing = Literal["head", "figure"]
FRAMINGS: tuple[Framing, ...] = get_args(Framing)
# What each attribute is seen by: a head in a view to the hips, or a whole figure.
FRAMING_OF: dict[Attribute, Framing] = dict.fromkeys(ATTRIBUTES, "head")
FRAMING_OF["coat"] = "figure"
NEAR, FAR = ("near0", "near1", "near2"), ("far0", "far1")
_CEL_SHARE = 0.25
_TURN_RAD, _FAR_TURN_RAD = 0.4, 1.0
_MIN_VISIBLE = 0.85
_JPEG_QUALITY = 88


@dataclass(frozen=True, slots=True)
class Pictured:
    """One picture of one person.

    Attributes:
        person: Whose.
        framing: "head" = to the hips, "figure" = all of it.
        view: One of `NEAR` or `FAR`; the same view is the same in all but the attribute.
        worn: The attribute that is changed; empty = none.
        file: Below the folder.
        box: Visible pixels of the person, half-open [x1, y1, x2, y2].
        head: Box of the head.
        away_rad: 0 = turned to the camera.
    """

    person: str
    framing: Framing
    view: str
    worn: str
    file: str
    box: list[int]
    head: list[float]
    away_rad: float


@dataclass(frozen=True, slots=True)
class _View:
    name: str
    yaw_rad: float
    gesture: str
    time_s: float
    smile: float
    gain: tuple[float, float, float]
    moved_m: tuple[float, float, float]


def render_people(library: Library, folder: Path, seeds: range) -> list[Pictured]:
    """Render whoever is missing in `folder`; return all pictures of these seeds."""
    folder.mkdir(parents=True, exist_ok=True)
    missing = [seed for seed in seeds if not _index(folder, seed).exists()]
    if missing:
        with Renderer(SETTINGS) as renderer:
            wardrobe = Wardrobe(library)
            for seed in missing:
                rows = [asdict(row) for row in _shoot(renderer, wardrobe, folder, seed)]
                part = _index(folder, seed).with_suffix(".part")
                part.write_text(json.dumps(rows), encoding="utf-8")
                part.replace(_index(folder, seed))
    return [
        Pictured(**row)
        for seed in seeds
        for row in json.loads(_index(folder, seed).read_text(encoding="utf-8"))
    ]


def _index(folder: Path, seed: int) -> Path:
    return folder / f"p{seed:05d}.json"


def person_of(seed: int) -> Look:
    """Return who is drawn: bare-headed, three in four like people and one like a cartoon."""
    look = random_look(2_000_000 + seed, f"p{seed:05d}")
    look = replace(look, outfit=replace(look.outfit, hat=None))
    is_cel = np.random.default_rng([seed, 81]).random() < _CEL_SHARE
    return as_species(look, "cel") if is_cel else look


def _views(rng: np.random.Generator) -> list[_View]:
    turned = float(rng.uniform(-0.7, 0.7))
    turned_far = turned + float(rng.uniform(-_FAR_TURN_RAD, _FAR_TURN_RAD))
    views = []
    for name in (*NEAR, *FAR):
        near = name in NEAR
        level = float(rng.uniform(0.93, 1.08) if near else rng.uniform(0.65, 1.5))
        warm = float(rng.uniform(-0.01, 0.01) if near else rng.uniform(-0.12, 0.15))
        shift = rng.uniform(-0.08, 0.08, 3)
        views.append(
            _View(
                name,
                (turned if near else turned_far) + float(rng.uniform(-_TURN_RAD, _TURN_RAD)),
                str(rng.choice(GESTURES)),
                float(rng.uniform(0, 5)),
                float(rng.uniform(0, 0.4)),
                (level * (1 + warm), level, level * (1 - warm)),
                (float(shift[0]), float(shift[1]), float(shift[2])),
            )
        )
    return views


def _camera(framing: Framing, view: _View, height_m: float, side_m: float) -> Camera:
    x, y, z = view.moved_m
    if framing == "figure":
        return Camera((side_m + x, 1.35 + y, 3.4 + z), (x / 2, 0.95, 0.0), 38)
    middle = height_m - 0.34
    return Camera((side_m + x, middle + 0.05 + y, 2.2 + z), (x / 2, middle, 0.0), 23)


def _shoot(renderer: Renderer, wardrobe: Wardrobe, folder: Path, seed: int) -> Iterator[Pictured]:
    rng = np.random.default_rng([seed, 82])
    look = person_of(seed)
    character = make_character(wardrobe, look)
    body = Body(character)
    worn = _wardrobe_of(character, seed)
    views = _views(rng)
    sides = {True: float(rng.uniform(-0.5, 0.5)), False: float(rng.uniform(-0.9, 0.9))}
    names = rng.permutation(SET_NAMES)[:2].tolist()
    (folder / look.name).mkdir(exist_ok=True)
    for near, set_name in zip((True, False), names, strict=True):
        set_seed = int(rng.integers(1, 100_000))
        stage, floor = build_set(set_name, set_seed), floor_plan(set_name, set_seed)
        for number, view in enumerate(views):
            if (view.name in NEAR) is not near:
                continue
            for framing, attribute in _asked(worn, near=near):
                camera = _camera(framing, view, look.build.height_m, sides[near])
                camera = clear_cameras([Shot(1, camera, ())], floor)[0].camera
                character.wear(worn[attribute])
                row = _take(
                    renderer, stage, character, body, view, camera, folder,
                    framing=framing, worn=attribute, salt=seed * 64 + number,
                )  # fmt: skip
                if row is not None:
                    yield row
        renderer.forget_props(stage.props)
    for parts in worn.values():
        renderer.forget(parts)


def _wardrobe_of(character: Character, seed: int) -> dict[str, list[Part]]:
    """Return the parts to draw by the attribute that is changed; empty = none."""
    worn: dict[str, list[Part]] = {"": list(character.parts)}
    for number, attribute in enumerate(ATTRIBUTES):
        if can_wear(character, attribute):
            rng = np.random.default_rng([seed, number, 83])
            worn[attribute] = with_attribute(character, attribute, rng)
    return worn


def _asked(worn: dict[str, list[Part]], *, near: bool) -> list[tuple[Framing, str]]:
    """Return what is filmed of a view; changes only in the near ones, where they are looked for."""
    plain: list[tuple[Framing, str]] = [(framing, "") for framing in FRAMINGS]
    changes = [(FRAMING_OF[a], a) for a in ATTRIBUTES if a in worn and near]
    return [*plain, *changes]


def _take(
    renderer: Renderer,
    stage: StageSet,
    character: Character,
    body: Body,
    view: _View,
    camera: Camera,
    folder: Path,
    *,
    framing: Framing,
    worn: str,
    salt: int,
) -> Pictured | None:
    """Render and write one picture; `None` where too little of the person or no head shows."""
    lens = camera.at_time(0.0)
    to_camera = float(np.arctan2(lens.eye[0], lens.eye[2]))
    yaw = to_camera + view.yaw_rad
    action = Stand((0.0, 0.0), yaw, view.gesture)
    character.face({"mouthSmileLeft": view.smile, "mouthSmileRight": view.smile})
    bones = pose_bones(body, action, view.time_s, salt % 6)
    look = character.look
    picture = renderer.render(
        stage.props, [Actor(character.parts, bones)], lens, stage.light,
        gain=view.gain, cel=look.species == "cel", grain_seed=salt,
    )  # fmt: skip
    drawn = Drawn(look.name, 0, look.name, look.name, action, view.time_s)
    seen = measure(drawn, body, bones, picture, 0, lens)
    if seen is None or seen.box is None or seen.head is None or seen.visible < _MIN_VISIBLE:
        return None
    rgb = VideoLook(0.4, salt).apply(picture.rgb, 0, first_of_shot=True)
    file = f"{look.name}/{framing}_{view.name}_{worn or 'plain'}.jpg"
    bgr = cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR)
    cv2.imwrite(str(folder / file), bgr, [cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY])
    return Pictured(
        look.name, framing, view.name, worn, file, seen.box, seen.head, round(view.yaw_rad, 3)
    )
