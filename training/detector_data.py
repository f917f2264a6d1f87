"""The studio's training pictures as Ultralytics wants them: one text file of boxes per picture."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from scenes.errors import CastcheckError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

# Smaller than this nobody can be told apart; a box there would only teach noise.
MIN_HEIGHT_PX = 12
MIN_WIDTH_PX = 5
# One group in this many is kept back to watch the training by.
HOLD_OUT_EVERY = 20


def read_index(folder: Path) -> list[dict[str, Any]]:
    """Return the lines of all finished groups of a folder of stills, in order of their seeds.

    Raises:
        CastcheckError: The folder has no finished group.

    Example:
        >>> from pathlib import Path
        >>> read_index(Path("nowhere"))
        Traceback (most recent call last):
        scenes.errors.CastcheckError: nowhere: no training pictures; run `python -m studio stills`
    """
    lines = [
        json.loads(line)
        for done in sorted(folder.glob("g*/.done"))
        for line in done.read_text().splitlines()
        if line
    ]
    if not lines:
        raise CastcheckError(
            "no training pictures", where=folder, hint="run `python -m studio stills`"
        )
    return lines


def label_lines(people: Iterable[dict[str, Any]], width_px: int, height_px: int) -> list[str]:
    """Return one `class x y width height` line per person, in shares of the picture.

    Example:
        >>> label_lines([{"box": [0, 0, 50, 100]}, {"box": [0, 0, 2, 2]}], 100, 100)
        ['0 0.250000 0.500000 0.500000 1.000000']
    """
    lines = []
    for person in people:
        x1, y1, x2, y2 = person["box"]
        if x2 - x1 < MIN_WIDTH_PX or y2 - y1 < MIN_HEIGHT_PX:
            continue
        place = ((x1 + x2) / 2 / width_px, (y1 + y2) / 2 / height_px)
        size = ((x2 - x1) / width_px, (y2 - y1) / height_px)
        lines.append("0 " + " ".join(f"{value:.6f}" for value in (*place, *size)))
    return lines


def is_held_out(line: dict[str, Any]) -> bool:
    """Say whether a picture's group is kept back."""
    return int(line["group"]) % HOLD_OUT_EVERY == 0


def write_dataset(
    stills: Path, size_px: tuple[int, int], work: Path, composed: Path | None = None
) -> Path:
    """Write labels beside the pictures and return the YAML that describes both halves.

    Args:
        stills: Folder of `python -m studio stills`.
        size_px: (width, height) of its pictures.
        work: Where the lists and the YAML go.
        composed: Folder of `python -m training compose`, with `train/` and `val/`.
    """
    halves: dict[str, list[str]] = {"train": [], "val": []}
    for line in read_index(stills):
        picture = (stills / line["file"]).resolve()
        picture.with_suffix(".txt").write_text("\n".join(label_lines(line["people"], *size_px)))
        halves["val" if is_held_out(line) else "train"].append(str(picture))
    work.mkdir(parents=True, exist_ok=True)
    for half, pictures in halves.items():
        if composed is not None:
            pictures += [str(path.resolve()) for path in sorted((composed / half).glob("*.jpg"))]
        (work / f"{half}.txt").write_text("\n".join(pictures) + "\n")
    path = work / "data.yaml"
    path.write_text(
        # JSON is YAML too.
        json.dumps(
            {
                "path": str(work.resolve()),
                "train": "train.txt",
                "val": "val.txt",
                "names": {"0": "character"},
            }
        )
    )
    return path
