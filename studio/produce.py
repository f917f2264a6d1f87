"""Renders many scenes: resumable, in parallel, each clip whole or not at all."""

from __future__ import annotations

import hashlib
import json
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import asdict, dataclass, field
from multiprocessing import get_context
from typing import TYPE_CHECKING, Protocol

from studio.errors import StudioError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from studio.picture import RenderSettings
    from studio.stage import Scene
    from studio.truth import JsonDict
    from studio.video import Encoding

# Raise when the same scene renders to other pixels, so that old clips are made again.
RECIPE = 1


class Camera(Protocol):
    """What `render_set` needs of a studio: tests hand in a fake one."""

    def shoot(
        self, scene: Scene, folder: Path, *, progress: Callable[[int], None] = ...
    ) -> JsonDict:
        """Render a scene into a folder."""
        ...


@dataclass(slots=True)
class Tally:
    """What became of a set."""

    rendered: list[str] = field(default_factory=list)
    kept: list[str] = field(default_factory=list)
    failed: dict[str, str] = field(default_factory=dict)


def fingerprint(scene: Scene, settings: RenderSettings, encoding: Encoding) -> str:
    """Return a short hash of everything that decides a clip's pixels."""
    recipe = {
        "recipe": RECIPE,
        "scene": asdict(scene),
        "settings": asdict(settings),
        "encoding": asdict(encoding),
    }
    text = json.dumps(recipe, sort_keys=True, default=_plain)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _plain(value: object) -> object:
    """Return what JSON does not know as something it does, the same in every process."""
    # The order of a set of texts changes with the process's hash seed.
    return sorted(value) if isinstance(value, (set, frozenset)) else str(value)


def is_done(scene: Scene, folder: Path, mark: str) -> bool:
    """Say whether a clip, its truth and its fingerprint are all there."""
    stamp = folder / f".{scene.name}.done"
    return (
        stamp.exists()
        and stamp.read_text().strip() == mark
        and (folder / f"{scene.name}.mp4").exists()
        and (folder / f"{scene.name}.truth.json").exists()
    )


def render_set(
    scenes: Sequence[Scene],
    folder: Path,
    open_camera: Callable[[], Camera],
    marks: Sequence[str],
    *,
    progress: Callable[[str, int], None] = lambda _name, _frames: None,
) -> Tally:
    """Render what is not there yet, in order, in this process.

    Args:
        scenes: What to render.
        folder: Where to.
        open_camera: Makes the camera, only when something has to be rendered.
        marks: One fingerprint per scene.
        progress: Called with (scene name, frames done since the last call).
    """
    tally = Tally()
    camera: Camera | None = None
    for scene, mark in zip(scenes, marks, strict=True):
        if is_done(scene, folder, mark):
            tally.kept.append(scene.name)
            progress(scene.name, scene.frames)
            continue
        if camera is None:
            camera = open_camera()
        _render_one(camera, scene, folder, mark, tally, progress)
    return tally


def _render_one(
    camera: Camera,
    scene: Scene,
    folder: Path,
    mark: str,
    tally: Tally,
    progress: Callable[[str, int], None],
) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    stamp = folder / f".{scene.name}.done"
    stamp.unlink(missing_ok=True)
    try:
        camera.shoot(scene, folder, progress=lambda frames: progress(scene.name, frames))
    except StudioError as err:
        tally.failed[scene.name] = str(err)
        return
    temporary = stamp.with_suffix(".part")
    temporary.write_text(mark + "\n")
    temporary.replace(stamp)
    tally.rendered.append(scene.name)


def render_parallel(
    scenes: Sequence[Scene],
    folder: Path,
    opener: Callable[[], Camera],
    marks: Sequence[str],
    workers: int,
    *,
    progress: Callable[[str, int], None] = lambda _name, _frames: None,
) -> Tally:
    """Render a set in several processes, each with a camera of its own.

    Args:
        scenes: What to render.
        folder: Where to.
        opener: Makes a camera; has to be picklable.
        marks: One fingerprint per scene.
        workers: How many processes.
        progress: Called with (scene name, its frames) whenever a clip is done.
    """
    tally = Tally()
    # An OpenGL context does not survive a fork.
    with ProcessPoolExecutor(
        workers, mp_context=get_context("spawn"), initializer=_open_worker, initargs=(opener,)
    ) as pool:
        waiting = {
            pool.submit(_work, scene, folder, mark): scene
            for scene, mark in zip(scenes, marks, strict=True)
        }
        for done in as_completed(waiting):
            part = done.result()
            tally.rendered += part.rendered
            tally.kept += part.kept
            tally.failed.update(part.failed)
            progress(waiting[done].name, waiting[done].frames)
    return tally


_worker_openers: list[Callable[[], Camera]] = []
_worker_cameras: list[Camera] = []


def _open_worker(opener: Callable[[], Camera]) -> None:
    _worker_openers.append(opener)


def _work(scene: Scene, folder: Path, mark: str) -> Tally:
    """Render one scene in a worker process, which keeps its camera from scene to scene."""

    def camera() -> Camera:
        if not _worker_cameras:
            _worker_cameras.append(_worker_openers[0]())
        return _worker_cameras[0]

    return render_set([scene], folder, camera, [mark])
