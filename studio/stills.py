"""Training pictures: groups of people filmed from all sides on two sets, with everybody's box.

A group is a few people who share sets, light and pictures, so that a network cannot tell them by
their surroundings: same set, different people; same people, different sets. Hard cases are staged
on purpose: the same outfit on two people, and siblings. A detector learns from the pictures, a
re-identification network from the boxes cut out of them.
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
from studio.floors import floor_plan
from studio.looks import random_look, same_outfit, sibling
from studio.picture import Actor, RenderSettings
from studio.renderer import Renderer
from studio.schedule import Drawn
from studio.sets import SET_NAMES, build_set
from studio.stage import Camera, Shot, Stand, Walk
from studio.stories import GESTURES, clear_cameras, close_up, medium, over_shoulder, profile
from studio.truth import measure
from studio.video import VideoLook

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    from numpy.typing import NDArray

    from studio.character import Character
    from studio.looks import Look, Species
    from studio.makehuman import Library
    from studio.sets import StageSet
    from studio.stage import Action, Lens

    Image = NDArray[np.uint8]
    Spot = tuple[float, float]

SETTINGS = RenderSettings(width_px=512, height_px=288, supersample=1.0, samples=4, shadow_px=1024)
PEOPLE_PER_GROUP = 4
_SETS_PER_GROUP = 2
_NOBODY_LISTED = 255
# Most people in generated video look like people.
_SPECIES: tuple[tuple[Species, float], ...] = (
    ("human", 0.68), ("cel", 0.14), ("toy", 0.06), ("robot", 0.04), ("animal", 0.08),
)  # fmt: skip
_CAMERAS = (("wide", 0.3), ("medium", 0.25), ("close", 0.22), ("over", 0.13), ("profile", 0.1))
_COUNTS = (0.12, 0.33, 0.33, 0.22)  # of 1, 2, 3, 4 people in a picture


@dataclass(frozen=True, slots=True)
class Pictured:
    """One person in one training picture.

    Attributes:
        person: Name that is the same in all pictures of the group and unique among groups.
        box: Visible pixels, half-open [x1, y1, x2, y2].
        visible: Visible share of what lies inside the picture.
        truncation: Share of the whole figure outside the picture.
        head: Box of the head inside the picture, None when outside.
        joints: [x, y] per `truth.JOINT_NAMES`, None when outside.
        away_rad: 0 faces the camera, +-pi shows the back.
    """

    person: str
    box: list[int]
    visible: float
    truncation: float
    head: list[float] | None
    joints: list[list[float] | None]
    away_rad: float


@dataclass(frozen=True, slots=True)
class Still:
    """One line of the index: which file shows whom, on which set, from which kind of camera.

    `mask` is a PNG of (H, W) numbers: 0 the set, i the i-th of `people`, and 255 somebody too small
    to be among them.
    """

    file: str
    mask: str
    group: int
    set_name: str
    species: str
    camera: str
    people: list[Pictured]


def render_stills(
    library: Library,
    folder: Path,
    groups: Iterable[int],
    pictures: int,
    *,
    progress: Callable[[], None] = lambda: None,
) -> int:
    """Render groups into `folder/g<seed>/` and write `index.jsonl`; return how many pictures.

    A group whose `.done` file is there is kept, so a broken-off run goes on where it stopped, and
    several processes may fill one folder with groups of their own.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with Renderer(SETTINGS) as renderer:
        wardrobe = Wardrobe(library)
        for seed in groups:
            home = folder / f"g{seed:06d}"
            if not (home / ".done").exists():
                home.mkdir(exist_ok=True)
                lines: list[str] = []
                for still, rgb, mask in _shoot_group(renderer, wardrobe, seed, pictures):
                    quality = int(np.random.default_rng([seed, len(lines), 44]).integers(60, 94))
                    bgr = cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR)
                    cv2.imwrite(str(folder / still.file), bgr, [cv2.IMWRITE_JPEG_QUALITY, quality])
                    cv2.imwrite(str(folder / still.mask), mask)
                    lines.append(json.dumps(asdict(still), sort_keys=True))
                _write_whole(home / ".done", lines)
            progress()
    return _write_index(folder)


def group_looks(seed: int) -> tuple[Species, list[Look]]:
    """Return what the people of a group are, and their looks.

    Example:
        >>> [look.name for look in group_looks(3)[1]]
        ['g000003p0', 'g000003p1', 'g000003p2', 'g000003p3']
    """
    rng = np.random.default_rng([seed, 41])
    species = _SPECIES[int(rng.choice(len(_SPECIES), p=[share for _, share in _SPECIES]))][0]
    names = [f"g{seed:06d}p{number}" for number in range(PEOPLE_PER_GROUP)]
    seeds = [1_000_000 + seed * PEOPLE_PER_GROUP + number for number in range(PEOPLE_PER_GROUP)]
    looks = [
        random_look(one, name, species=species) for one, name in zip(seeds, names, strict=True)
    ]
    if rng.random() < 0.2:
        looks[1] = same_outfit(looks[0], seeds[1], names[1])
    if rng.random() < 0.2 and species == "human":
        looks[3] = sibling(looks[2], seeds[3], names[3])
    return species, looks


def _shoot_group(
    renderer: Renderer, wardrobe: Wardrobe, seed: int, pictures: int
) -> Iterator[tuple[Still, Image, Image]]:
    species, looks = group_looks(seed)
    characters = [make_character(wardrobe, look) for look in looks]
    bodies = [Body(character) for character in characters]
    rng = np.random.default_rng([seed, 42])
    per_set = -(-pictures // _SETS_PER_GROUP)
    for part in range(_SETS_PER_GROUP):
        set_name = str(rng.choice(SET_NAMES))
        set_seed = int(rng.integers(1, 100_000))
        stage = build_set(set_name, set_seed)
        for number in range(part * per_set, min(pictures, (part + 1) * per_set)):
            shown = rng.permutation(PEOPLE_PER_GROUP)[: 1 + int(rng.choice(4, p=_COUNTS))]
            name, camera, spots = _random_camera(rng, len(shown), set_name, set_seed)
            lens = camera.at_time(0.0)
            rgb, people, mask = _shoot(
                renderer, stage, rng, lens, name, species=species, salt=seed * 64 + number,
                cast=[(characters[i], bodies[i]) for i in shown], spots=spots,
                names=[looks[i].name for i in shown],
            )  # fmt: skip
            if not people:  # a pillar stands before the camera
                continue
            stem = f"g{seed:06d}/{number:02d}"
            files = (f"{stem}.jpg", f"{stem}.png")
            yield Still(*files, seed, f"{set_name}{set_seed}", species, name, people), rgb, mask
        renderer.forget_props(stage.props)
    for character in characters:
        renderer.forget(character.parts)


def _shoot(
    renderer: Renderer,
    stage: StageSet,
    rng: np.random.Generator,
    lens: Lens,
    camera: str,
    *,
    species: Species,
    salt: int,
    cast: list[tuple[Character, Body]],
    spots: list[Spot],
    names: list[str],
) -> tuple[Image, list[Pictured], Image]:
    actors, drawn, away = [], [], []
    for number, ((character, body), spot, name) in enumerate(zip(cast, spots, names, strict=True)):
        to_camera = float(np.arctan2(lens.eye[0] - spot[0], lens.eye[2] - spot[1]))
        yaw = _random_yaw(rng, to_camera, back=camera == "over" and number == 1)
        action, time_s = _random_action(rng, spot, yaw)
        character.face(_random_face(rng))
        actors.append(Actor(character.parts, pose_bones(body, action, time_s, number + salt % 6)))
        drawn.append(Drawn(name, 0, name, name, action, time_s))
        away.append(float((yaw - to_camera + np.pi) % (2 * np.pi) - np.pi))
    picture = renderer.render(
        stage.props, actors, lens, stage.light,
        gain=_random_gain(rng), cel=species == "cel", grain_seed=salt,
    )  # fmt: skip
    people: list[Pictured] = []
    mask = np.where(picture.ids > 0, _NOBODY_LISTED, 0).astype(np.uint8)
    for i, (figure, actor) in enumerate(zip(drawn, actors, strict=True)):
        seen = measure(figure, cast[i][1], actor.bones, picture, i, lens)
        if seen is not None and seen.box is not None:
            mask[picture.ids == i + 1] = len(people) + 1
            people.append(
                Pictured(
                    figure.person, seen.box, seen.visible, seen.truncation, seen.head,
                    seen.joints, round(away[i], 3),
                )
            )  # fmt: skip
    strength = float(rng.uniform(0.1, 1)) if rng.random() < 0.6 else 0.0
    return VideoLook(strength, salt).apply(picture.rgb, 0, first_of_shot=True), people, mask


def _random_camera(
    rng: np.random.Generator, count: int, set_name: str, set_seed: int
) -> tuple[str, Camera, list[Spot]]:
    """Return the kind of a camera, the camera, and where people stand before it."""
    spots = _random_spots(rng, count)
    kind = _CAMERAS[int(rng.choice(len(_CAMERAS), p=[share for _, share in _CAMERAS]))][0]
    if kind == "over" and count < 2:
        kind = "close"
    side = float(rng.choice([-1.0, 1.0]))
    if kind == "wide":
        x, far = float(rng.uniform(-0.9, 0.9)), float(rng.uniform(3.0, 5.5))
        camera = Camera((x, float(rng.uniform(1.1, 2.3)), far), (0.0, 0.96, -0.3), 39)
    elif kind == "medium":
        camera = medium(spots[0], side, rng)
    elif kind == "close":
        camera = close_up(spots[0], float(rng.uniform(-0.9, 0.9)), 0.0)
    elif kind == "over":
        camera = over_shoulder(spots[0], spots[1], side)
    else:
        camera = profile(spots[0], side)
    camera = _jittered(rng, camera)
    floor = floor_plan(set_name, set_seed)
    return kind, clear_cameras([Shot(1, camera, ())], floor)[0].camera, spots


def _random_spots(rng: np.random.Generator, count: int) -> list[Spot]:
    gap = float(rng.uniform(0.55, 1.4))
    xs = (np.arange(count) - (count - 1) / 2) * gap + rng.uniform(-0.15, 0.15, count)
    zs = rng.uniform(-1.3, 0.6, count)
    spots = [(float(x), float(z)) for x, z in zip(xs, zs, strict=True)]
    return [spots[i] for i in rng.permutation(count)]


def _jittered(rng: np.random.Generator, camera: Camera) -> Camera:
    """Move a camera along its line of sight and a little off it, and tilt it."""
    eye, at = np.asarray(camera.eye), np.asarray(camera.at)
    eye = at + (eye - at) * float(rng.uniform(0.75, 1.25))
    eye[1] += float(rng.uniform(-0.25, 0.25))
    at = at + rng.uniform(-0.1, 0.1, 3)
    return Camera(
        (float(eye[0]), float(eye[1]), float(eye[2])),
        (float(at[0]), float(at[1]), float(at[2])),
        camera.fov_deg * float(rng.uniform(0.85, 1.15)),
    )


def _random_yaw(rng: np.random.Generator, to_camera: float, *, back: bool) -> float:
    if back or rng.random() < 0.15:
        return to_camera + np.pi + float(rng.uniform(-0.7, 0.7))
    if rng.random() < 0.4:
        return float(rng.uniform(-np.pi, np.pi))
    return to_camera + float(rng.normal(0, 0.6))


def _random_action(rng: np.random.Generator, spot: Spot, yaw: float) -> tuple[Action, float]:
    """Return an action and a time at which it has brought its actor to the spot."""
    if rng.random() < 0.35:
        dx, dz = 2.0 * float(np.sin(yaw)), 2.0 * float(np.cos(yaw))
        path = ((spot[0] - dx, spot[1] - dz), (spot[0] + dx, spot[1] + dz))
        walk = Walk(path, 1.0, phase=float(rng.uniform(0, 6)))
        return walk, 2.0 + float(rng.uniform(-0.1, 0.1))
    return Stand(spot, yaw, str(rng.choice(GESTURES))), float(rng.uniform(0, 5))


def _random_face(rng: np.random.Generator) -> dict[str, float]:
    smile, jaw = float(rng.uniform(0, 0.6)), float(max(0.0, rng.uniform(-0.3, 0.5)))
    blink = 1.0 if rng.random() < 0.08 else 0.0
    return {
        "eyeBlinkLeft": blink,
        "eyeBlinkRight": blink,
        "mouthSmileLeft": smile,
        "mouthSmileRight": smile,
        "browInnerUp": float(rng.uniform(0, 0.5)),
        "jawOpen": jaw,
    }


def _random_gain(rng: np.random.Generator) -> tuple[float, float, float]:
    level, warm = float(rng.uniform(0.55, 1.6)), float(rng.uniform(-0.14, 0.18))
    return (level * (1 + warm), level, level * (1 - warm))


def _write_index(folder: Path) -> int:
    lines = [
        line
        for done in sorted(folder.glob("g*/.done"))
        for line in done.read_text().splitlines()
        if line
    ]
    _write_whole(folder / "index.jsonl", lines)
    return len(lines)


def _write_whole(path: Path, lines: list[str]) -> None:
    temporary = path.with_name(f"{path.name}.part")
    temporary.write_text("\n".join(lines) + "\n")
    temporary.replace(path)
