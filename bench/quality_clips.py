"""Which rendered clips there are to measure on, and which are still missing."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from castcheck.runs.matching import Truth
from scenes.errors import CastcheckError

if TYPE_CHECKING:
    from pathlib import Path

ANY = "any"


class ClipsError(CastcheckError):
    """There is nothing to measure on."""


@dataclass(frozen=True, slots=True)
class ClipSet:
    """The clips of one set that are there.

    Attributes:
        name: "report", "tune" or "any".
        folder: Where they lie.
        clips: Those with their truth, in the order of the set.
        missing: Names of those still to be rendered.
    """

    name: str
    folder: Path
    clips: tuple[Path, ...]
    missing: tuple[str, ...] = ()

    @property
    def render_command(self) -> str:
        """How to render what is missing."""
        return f"python -m studio set {self.name} -o {self.folder}"


def find_clips(name: str, clips: Path, *, only: str = "", limit: int | None = None) -> ClipSet:
    """Return the clips of a set.

    Args:
        name: "report" or "tune", in the folder of that name under `clips`; "any" = whatever lies in
            `clips` itself with its truth beside it.
        clips: The folder.
        only: Part of the names to take.
        limit: Take no more than this.

    Raises:
        ClipsError: No such folder for "any".
    """
    if name == ANY:
        if not clips.is_dir():
            raise ClipsError("no such folder", where=clips, hint="give clips with --clips")
        folder, names = clips, _names_in(clips)
    else:
        folder, names = clips / name, _names_of_set(name)
    chosen = [n for n in names if only in n][:limit]
    there = [n for n in chosen if (folder / f"{n}.truth.json").exists()]
    missing = tuple(n for n in chosen if n not in there)
    return ClipSet(name, folder, tuple(folder / f"{n}.mp4" for n in there), missing)


def read_truth(clip: Path) -> Truth:
    """Return the truth that lies beside a clip."""
    text = clip.with_suffix(".truth.json").read_text(encoding="utf-8")
    return Truth.from_dict(json.loads(text))


def render_missing(chosen: ClipSet, *, workers: int) -> int:
    """Render what is missing of a set, with the studio's own command; return its exit code."""
    from studio.cli import run

    return run(["set", chosen.name, "-o", str(chosen.folder), "--workers", str(workers)])


def _names_in(folder: Path) -> list[str]:
    return sorted(file.name.removesuffix(".truth.json") for file in folder.glob("*.truth.json"))


def _names_of_set(name: str) -> list[str]:
    from studio.quality_set import SETS

    return [scene.name for scene in SETS[name]()]
