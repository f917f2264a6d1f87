"""The clips in `sample_videos/`: small, good to look at, broken ones beside their clean twins."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import av

from studio.director import Wish, plant, stage_scene
from studio.picture import RenderSettings

if TYPE_CHECKING:
    from pathlib import Path

    from PIL import Image

    from studio.looks import Species
    from studio.stage import Scene

SETTINGS = RenderSettings(width_px=854, height_px=480, supersample=1.0, samples=4)


@dataclass(frozen=True, slots=True)
class Pair:
    """A clean clip and what is broken in its twin."""

    stem: str
    seed: int
    set_name: str
    story: str
    people: int
    wish: Wish
    error_name: str
    frames: int = 96
    species: Species = "human"
    with_clean: bool = True

    def scenes(self) -> list[Scene]:
        """Return the clean scene and the broken one."""
        clean = stage_scene(
            self.seed,
            name=f"{self.stem}_clean",
            story=self.story,
            set_name=self.set_name,
            people=self.people,
            frames=self.frames,
            species=self.species,
            video_look=0.35 if self.species == "human" else 0.2,
        )
        broken = plant(clean, self.wish, name=f"{self.stem}_{self.error_name}")
        return [clean, broken] if self.with_clean else [broken]


PAIRS = (
    Pair("room", 25, "room", "gather", 3, Wish("swap", where="open"), "swap"),
    Pair("street", 3, "street", "crossing", 3, Wish("swap", where="crossing"), "swap_crossing"),
    Pair("cafe", 27, "cafe", "dialogue", 2, Wish("swap", where="cut"), "swap_cut"),
    Pair("park", 35, "park", "stroll", 2, Wish("drift"), "drift"),
    Pair("office", 7, "office", "gather", 2, Wish("clone", where="stand"), "clone",
         with_clean=False),
    Pair("toys", 4, "room", "gather", 3, Wish("attribute_swap", cue="clothes"), "clothes_swap",
         species="toy", with_clean=False),
    Pair("robots", 6, "street", "turns", 3, Wish("morph", ghost_frames=1), "morph",
         species="robot", with_clean=False),
    Pair("cel", 17, "park", "crossing", 2, Wish("vanish"), "vanish",
         species="cel", with_clean=False),
)  # fmt: skip


def sample_scenes() -> list[Scene]:
    """Return all sample scenes, the clean twin first in each pair."""
    return [scene for pair in PAIRS for scene in pair.scenes()]


def write_stills(scenes: list[Scene], folder: Path, *, width_px: int = 427) -> None:
    """Write one small picture per clip beside it, of what is broken where something is."""
    for scene in scenes:
        frame = scene.frames // 3
        if scene.errors:
            error = scene.errors[0]
            frame = min(error.start_frame + 8, error.stop_frame - 1)
            if error.kind == "drift":
                frame = error.stop_frame - 1
        picture = _frame_of(folder / f"{scene.name}.mp4", frame)
        height_px = round(picture.height * width_px / picture.width)
        small = picture.resize((width_px, height_px))
        small.save(folder / f"{scene.name}.jpg", quality=82)


def _frame_of(clip: Path, wanted: int) -> Image.Image:
    with av.open(str(clip)) as container:
        for number, frame in enumerate(container.decode(video=0)):
            if number == wanted:
                picture: Image.Image = frame.to_image()
                return picture
    raise IndexError(f"{clip}: has no frame {wanted}")
