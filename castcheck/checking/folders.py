"""The folder below the output folder that the reports of each clip go to."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

SUMMARY_FILE = "summary.jsonl"  # of the folder of a batch
STEM_LIMIT_BYTES = 200  # of the 255 most file systems allow, room left for a number


def clip_folders(clips: Sequence[Path], *, taken: Iterable[str] = ()) -> list[str]:
    """Return the name of each clip's folder: its stem, with a number where two are alike.

    Two names that differ only in case are alike, since some file systems cannot tell them apart.

    Args:
        clips: The clips; only their names count.
        taken: Names that are given away already.

    Example:
        >>> from pathlib import Path
        >>> clip_folders([Path("a/x.mp4"), Path("b/X.mov"), Path("x-2.mp4")])
        ['x', 'X-3', 'x-2']
    """
    stems = [_stem(clip) for clip in clips]
    seen = {name.casefold() for name in taken}
    names: list[str] = []
    avoid = seen | {stem.casefold() for stem in stems}
    tried: dict[str, int] = {}  # ten thousand clips of one name want no search from 2 each time
    for stem in stems:
        name, number = stem, tried.get(stem.casefold(), 2)
        if stem.casefold() in seen:
            while f"{stem}-{number}".casefold() in avoid:
                number += 1
            name = f"{stem}-{number}"
            tried[stem.casefold()] = number + 1
        avoid.add(name.casefold())
        seen.add(name.casefold())
        names.append(name)
    return names


def _stem(clip: Path) -> str:
    """Return the stem of what the path points at: `.` and `..` never name a folder of reports."""
    stem = clip.stem if clip.name not in {"", ".."} else clip.resolve().stem
    encoded = stem.encode("utf-8", "surrogateescape")[:STEM_LIMIT_BYTES]
    return encoded.decode("utf-8", "ignore").strip() or "clip"
