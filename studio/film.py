"""Renders a scene: story and errors in, frames and measured truth out."""

from __future__ import annotations

import zlib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from studio.assets import open_assets
from studio.body import Body
from studio.character import Wardrobe
from studio.creatures import make_character
from studio.makehuman import Library
from studio.picture import Actor
from studio.poses import GESTURES, blend, walk
from studio.renderer import Renderer
from studio.schedule import all_looks, draw_list, goal_name
from studio.sets import build_set
from studio.stage import Stand, place
from studio.truth import Sighting, build_truth, measure, write_truth
from studio.video import VideoLook, encode

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterator
    from pathlib import Path

    from numpy.typing import NDArray

    from studio.character import Character
    from studio.picture import RenderSettings
    from studio.schedule import Drawn
    from studio.sets import StageSet
    from studio.stage import Action, Lens, Scene
    from studio.truth import JsonDict
    from studio.video import Encoding

    Image = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class FilmFrame:
    """One finished frame before encoding, and everybody in it."""

    index: int
    rgb: Image
    sightings: list[Sighting]


class FrameMemo:
    """Remembers the frames of one story, so that a broken twin renders only where it differs.

    A frame is the same when the same figures do the same thing in the same take; what a clean clip
    and its broken twins share is most of them.
    """

    def __init__(self) -> None:
        self._story: tuple[Hashable, ...] = ()
        self._frames: dict[Hashable, tuple[Image, list[Sighting]]] = {}

    def of(self, scene: Scene) -> dict[Hashable, tuple[Image, list[Sighting]]]:
        """Return the frames known of a scene's story; another story's are dropped."""
        story = (scene.seed, scene.set_name, scene.set_seed, scene.species, scene.cast, scene.shots)
        if story != self._story:
            self._story, self._frames = story, {}
        return self._frames


class Film:
    """Renders the frames of one scene with a renderer that several films may share."""

    def __init__(
        self, renderer: Renderer, wardrobe: Wardrobe, scene: Scene, memo: FrameMemo | None = None
    ) -> None:
        self.scene = scene
        self._known = (memo or FrameMemo()).of(scene)
        self._renderer = renderer
        self._wardrobe = wardrobe
        self._looks = all_looks(scene)
        self._set: StageSet = build_set(scene.set_name, scene.set_seed)
        self._cast: dict[tuple[str, int], tuple[Character, Body]] = {}

    def frames(self) -> Iterator[FilmFrame]:
        """Yield every frame in order."""
        look = VideoLook(self.scene.video_look, self.scene.seed)
        first_frames = {start for start, _ in self.scene.spans()}
        for index in range(self.scene.frames):
            rgb, sightings = self._frame(index)
            rgb = look.apply(rgb, index, first_of_shot=index in first_frames)
            yield FilmFrame(index, rgb, sightings)

    def close(self) -> None:
        """Free the characters' memory on the renderer."""
        for character, _ in self._cast.values():
            self._renderer.forget(character.parts)
        self._renderer.forget_props(self._set.props)
        self._cast.clear()

    def _frame(self, index: int) -> tuple[Image, list[Sighting]]:
        _, shot, time_s = self.scene.shot_at(index)
        lens = shot.camera.at_time(time_s)
        level = shot.light.gain(time_s)
        warmth = shot.light.warmth
        gain = (level * (1 + warmth), level, level * (1 - warmth))
        figures = draw_list(self.scene, index)
        # Names of the cast mean the same people in every twin, names of strangers do not.
        cast = {look.name for look in self.scene.cast}
        plain = all(figure.look in cast and figure.drift == 0 for figure in figures)
        key = (index, tuple(figures), () if plain else self.scene.strangers)
        if key not in self._known:
            self._known[key] = self._compose(figures, index, lens, gain)
        return self._known[key]

    def _compose(
        self, figures: list[Drawn], index: int, lens: Lens, gain: tuple[float, float, float]
    ) -> tuple[Image, list[Sighting]]:
        """Draw a frame; while a look fades into another, mix the frame before and after."""
        rgb, sightings = self._draw(figures, index, lens, gain)
        ghosts = [figure for figure in figures if figure.ghost_of is not None]
        if ghosts:
            old = [_as_ghost(figure) for figure in figures]
            before, _ = self._draw(old, index, lens, gain)
            share = ghosts[0].ghost
            mixed = (1 - share) * rgb.astype(np.float32) + share * before.astype(np.float32)
            rgb = np.clip(mixed, 0, 255).astype(np.uint8)
        return rgb, sightings

    def _draw(
        self, figures: list[Drawn], index: int, lens: Lens, gain: tuple[float, float, float]
    ) -> tuple[Image, list[Sighting]]:
        actors, bodies = [], []
        for figure in figures:
            character, body = self._wearer(figure)
            bones = pose_bones(body, figure.action, figure.time_s, _salt(figure.look))
            character.face(self._expression(figure, index))
            actors.append(Actor(character.parts, bones))
            bodies.append(body)
        picture = self._renderer.render(
            self._set.props,
            actors,
            lens,
            self._set.light,
            gain=gain,
            cel=self.scene.species == "cel",
            grain_seed=self.scene.seed * 100_003 + index,
        )
        sightings = []
        for i, (figure, body, actor) in enumerate(zip(figures, bodies, actors, strict=True)):
            sighting = measure(figure, body, actor.bones, picture, i, lens)
            if sighting is not None:
                sightings.append(sighting)
        return picture.rgb, sightings

    def _wearer(self, figure: Drawn) -> tuple[Character, Body]:
        """Return the character that shows a look; a clone's copy has one of its own."""
        # A copy needs its own meshes: both copies' faces move in one frame.
        key = (figure.look, figure.track if figure.person == figure.look else 2)
        if key not in self._cast:
            look = self._looks[figure.look]
            character = make_character(self._wardrobe, look)
            goal = self._looks.get(goal_name(figure.look))
            if goal is not None:
                character.prepare_drift(goal)
            self._cast[key] = (character, Body(character))
        character, body = self._cast[key]
        if figure.drift != character.drift_weight:
            character.drift(figure.drift)
            body.refresh()
        return character, body

    def _expression(self, figure: Drawn, index: int) -> dict[str, float]:
        """Blink now and then, smile a little, move the mouth while talking."""
        _, shot, _ = self.scene.shot_at(index)
        salt = _salt(figure.look)
        time_s = index / self.scene.fps
        blink = max(0.0, 1 - abs(((time_s + salt) % 2.6) - 0.1) / 0.09)
        mouth = 0.0
        if figure.person in shot.talking:
            mouth = max(
                0.0, 0.25 + 0.35 * np.sin(time_s * 17 + salt) + 0.25 * np.sin(time_s * 11.3)
            )
        return {
            "eyeBlinkLeft": blink,
            "eyeBlinkRight": blink,
            "mouthSmileLeft": 0.38,
            "mouthSmileRight": 0.38,
            "browInnerUp": 0.15 + (0.2 if mouth > 0.1 else 0.0),
            "jawOpen": 0.5 * float(mouth),
        }


def pose_bones(body: Body, action: Action, time_s: float, salt: float) -> NDArray[np.float32]:
    """Return the world bones of a body that carries out an action."""
    where = place(action, time_s)
    gesture, phase = (
        (action.gesture, 0.0) if isinstance(action, Stand) else (action.then, action.phase)
    )
    pose = GESTURES[gesture](time_s, salt)
    if where.moving > 0:
        walking = walk(body.phase_at(where.walked_m, phase))
        pose = blend(pose, walking, where.moving)
    return body.bones(pose, (where.x_m, where.z_m), where.yaw_rad)


def _salt(name: str) -> float:
    """Return a number in [0, 6.28) that stays the same for a name on every machine."""
    return zlib.crc32(name.encode()) % 628 / 100


def _as_ghost(figure: Drawn) -> Drawn:
    if figure.ghost_of is None:
        return figure
    return replace(figure, look=figure.ghost_of, shown_as=figure.ghost_of, ghost_of=None)


class Studio:
    """A renderer and a wardrobe: everything needed to turn scenes into clips."""

    def __init__(self, library: Library, settings: RenderSettings, encoding: Encoding) -> None:
        self.settings = settings
        self.encoding = encoding
        self.renderer = Renderer(settings)
        self._memo = FrameMemo()
        self.wardrobe = Wardrobe(library)

    def __enter__(self) -> Studio:
        return self

    def __exit__(self, *_: object) -> None:
        self.renderer.close()

    def shoot(
        self, scene: Scene, folder: Path, *, progress: Callable[[int], None] = lambda _: None
    ) -> JsonDict:
        """Render a scene to `folder/<name>.mp4` and `.truth.json`; return the truth.

        The truth is written last, so a clip with a truth file is a finished one.
        """
        folder.mkdir(parents=True, exist_ok=True)
        film = Film(self.renderer, self.wardrobe, scene, self._memo)
        sightings: list[list[Sighting]] = []

        def pictures() -> Iterator[Image]:
            for frame in film.frames():
                sightings.append(frame.sightings)
                progress(1)
                yield frame.rgb

        clip = folder / f"{scene.name}.mp4"
        try:
            encode(
                clip, pictures(),
                fps=scene.fps, crf=self.encoding.crf, preset=self.encoding.preset,
            )  # fmt: skip
        finally:
            film.close()
        size = (self.settings.width_px, self.settings.height_px)
        truth = build_truth(scene, clip.name, sightings, size)
        write_truth(folder / f"{scene.name}.truth.json", truth)
        return truth


@dataclass(frozen=True, slots=True)
class StudioOpener:
    """Opens a studio when called; can be sent to another process."""

    settings: RenderSettings
    encoding: Encoding
    cache: Path | None = None

    def __call__(self) -> Studio:
        """Return a new studio."""
        return Studio(Library(open_assets(self.cache)), self.settings, self.encoding)
