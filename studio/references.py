"""Reference stills of a cast, and the cast file that names them, to judge a scene against.

The stills are taken on another set than the scene, in other light: what a reference sheet is to a
generated clip. The errors `missing`, `unexpected` and `stranger` are errors against this file.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import cv2
import numpy as np

from studio.film import Film
from studio.floors import floor_plan
from studio.sets import SET_NAMES
from studio.stage import Camera, Scene, Shot, Stand
from studio.stories import clear_cameras

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from studio.film import Studio
    from studio.looks import Look
    from studio.truth import Box

CAST_FILE = "cast.toml"
_MARGIN = 0.08  # around the figure, as a share of its height
# Name of the view, camera, and where the person looks (0 = into the camera).
_VIEWS = (
    ("front", Camera((0.0, 1.35, 3.4), (0.0, 0.95, 0.0), 38, setup="front"), 0.0),
    ("side", Camera((0.0, 1.35, 3.4), (0.0, 0.95, 0.0), 38, setup="side"), 0.9),
    ("close", Camera((0.1, 1.55, 1.3), (0.0, 1.42, 0.0), 38, setup="close"), 0.15),
)


def listed(scene: Scene) -> list[Look]:
    """Return whom the cast file of a scene names: everybody but those who should not be there."""
    left_out = {plan.people[0] for plan in scene.errors if plan.kind == "unexpected"}
    return [look for look in scene.cast if look.name not in left_out]


def write_references(studio: Studio, scene: Scene, folder: Path) -> Path:
    """Render the stills of everybody listed into `folder`; return the cast file beside them.

    The cast file is written last, so that a folder which has one is complete.
    """
    folder.mkdir(parents=True, exist_ok=True)
    others = [name for name in SET_NAMES if name != scene.set_name]
    set_name = others[scene.seed % len(others)]
    pictures: dict[str, list[str]] = {}
    for look in listed(scene):
        film = Film(studio.renderer, studio.wardrobe, still_scene(scene, look, set_name))
        try:
            for (view, _, _), frame in zip(_VIEWS, film.frames(), strict=True):
                box = next((s.box for s in frame.sightings if s.box is not None), None)
                if box is None:
                    continue
                file = f"{look.name}_{view}.jpg"
                cv2.imwrite(str(folder / file), _around(frame.rgb[:, :, ::-1], box))
                pictures.setdefault(look.name, []).append(file)
        finally:
            film.close()
    path = folder / CAST_FILE
    part = path.with_name(f".{path.name}.part")
    part.write_text(cast_text(pictures), encoding="utf-8")
    part.replace(path)
    return path


def still_scene(scene: Scene, look: Look, set_name: str) -> Scene:
    """Return a scene of one frame per view, with this person alone in it."""
    floor = floor_plan(set_name, scene.set_seed)
    shots = [
        Shot(1, camera, ((look.name, Stand((0.0, 0.0), facing, "idle")),))
        for _, camera, facing in _VIEWS
    ]
    return replace(
        scene,
        name=f"{look.name}.references",
        set_name=set_name,
        cast=(look,),
        shots=tuple(clear_cameras(shots, floor)),
        errors=(),
        strangers=(),
        video_look=0.0,
    )


def cast_text(pictures: dict[str, Sequence[str]] | dict[str, list[str]]) -> str:
    """Return the cast file as TOML.

    Example:
        >>> print(cast_text({"ben": ["ben_front.jpg"]}), end="")
        [[character]]
        name = "ben"
        references = ["ben_front.jpg"]
    """
    blocks = []
    for name, files in pictures.items():
        listing = ", ".join(f'"{file}"' for file in files)
        blocks.append(f'[[character]]\nname = "{name}"\nreferences = [{listing}]\n')
    return "\n".join(blocks)


def _around(bgr: np.ndarray, box: Box) -> np.ndarray:
    """Return the picture cut to a box and some room around it."""
    height, width = bgr.shape[:2]
    room = round(_MARGIN * (box[3] - box[1]))
    x1, y1 = max(box[0] - room, 0), max(box[1] - room, 0)
    x2, y2 = min(box[2] + room, width), min(box[3] + room, height)
    return np.ascontiguousarray(bgr[y1:y2, x1:x2])
