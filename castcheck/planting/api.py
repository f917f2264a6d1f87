"""`castcheck.plant(...)`: the same as the command, from Python."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from castcheck.models.load import load_models
from castcheck.observe import observe
from castcheck.planting.run import PlantedSet, plant_all
from castcheck.planting.wish import Wish
from tracker.stride import EVERY_PICTURE

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from castcheck.config import Config
    from castcheck.observe import Observations


def plant(
    clips: Sequence[str | Path],
    out: str | Path,
    *,
    kinds: Sequence[str] = (),
    per_clip: int = 4,
    strengths: Sequence[float] = (1.0,),
    seed: int = 0,
    seconds: float = 4.0,
    side_px: int = 1280,
    boxes: str | Path | None = None,
    config: Config | str | Path | dict[str, Any] | None = None,
    wish: Wish | None = None,
    progress: Callable[[str, int, int | None], None] = lambda *_: None,
    note: Callable[[str], None] = lambda _: None,
) -> PlantedSet:
    """Plant known errors in clips that have none.

    Args:
        clips: Clips known to be good.
        out: Folder for the planted clips, their truth, clean twins, `index.json` and `index.html`.
        kinds: Which; empty = all, legal look-alikes too.
        per_clip: Errors per clip.
        strengths: How much of another look is shown, each in (0, 1].
        seed: Of all chance: the same seed gives the same truth.
        seconds: Longest piece of a shot that is planted in.
        side_px: Longer side of the pictures at most; 0 = as in the source.
        boxes: Folder of stored boxes, `<clip stem>.txt` each; `None` = a detector finds them.
        config: As of `castcheck.check`; its detector finds the people, its embedder their heads.
        wish: All of the above that says what is planted, instead of the single values.
        progress: Called with the stage, how much is done, and of how much.
        note: Called with a line for every clip in which less was planted than asked for.

    Returns:
        What was planted.

    Raises:
        CastcheckError: A clip cannot be read, the folder holds a planted set or cannot be written,
            or nothing could be planted in any clip. The text is one line.

    Example:
        planted = castcheck.plant(["good.mp4"], "planted", kinds=["swap"], per_clip=2)
        print(len(planted.errors))
    """
    from castcheck.api import settings_of  # noqa: PLC0415 (it imports this lazily)

    settings = settings_of(config)
    if boxes is not None:
        settings = settings.updated({"run": {"detector": str(boxes)}})
    if wish is None:
        wish = Wish(tuple(kinds), per_clip, tuple(strengths), seed, seconds, side_px)
    # What is planted must lie on the bodies of every picture.
    settings = settings.updated({"detector": {"search_fps": EVERY_PICTURE}})
    models = load_models(settings)
    reader = models.embedder if hasattr(models.embedder, "read_cues") else None

    def see(clip: Path) -> Observations:
        return observe(clip, config=settings, models=models, progress=progress)

    return plant_all(
        [Path(clip) for clip in clips],
        Path(out),
        wish,
        observe=see,
        progress=progress,
        note=note,
        reader=reader,
    )
