"""Clips of a folder, and the table that says of each where it comes from and where it is cut."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from fnmatch import fnmatch
from typing import TYPE_CHECKING

from scenes.errors import CastcheckError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

SUFFIXES = (".mp4", ".mov", ".webm", ".mkv")
_COLUMNS = ("name", "repo", "cuts")


@dataclass(frozen=True, slots=True)
class Entry:
    """One row of the table.

    Attributes:
        clip: The file.
        source: Who made it; nothing is fitted on a source and judged by it.
        cuts: First frame of every shot but the first.
        licence: Of the clip, empty where the table does not say.
        people: How many there are in it, roughly; `None` where the table does not say.
    """

    clip: Path
    source: str
    cuts: tuple[int, ...]
    licence: str = ""
    people: int | None = None


def read_entries(clips: Path, table: Path, *, without: Sequence[str] = ()) -> list[Entry]:
    """Return the clips of a folder with what the table says of them, by name.

    Args:
        clips: Folder.
        table: Text with tabs between its columns; `name`, `repo` and `cuts` are read, and
            `licence` and `people` where they are there. No cut is "0", "-" or nothing.
        without: Patterns of names that are left out.

    Raises:
        CastcheckError: A column is missing, a clip has no row, or a row says what cannot be.
    """
    rows = _read_rows(table)
    files = sorted(f for f in clips.iterdir() if f.suffix.lower() in SUFFIXES)
    chosen = [f for f in files if not any(fnmatch(f.stem, pattern) for pattern in without)]
    if not chosen:
        raise CastcheckError("no clip to learn from", where=clips, hint="check --clips, --without")
    entries = []
    for file in chosen:
        row = rows.get(file.name)
        if row is None:
            raise CastcheckError(
                f"no row for {file.name}", where=table, hint="add it, or leave it out by --without"
            )
        cuts = _cuts_of(row["cuts"], where=f"{table}, {file.name}")
        people = row.get("people") or ""
        entries.append(
            Entry(
                file, row["repo"], cuts, row.get("licence") or "",
                int(people) if people.isdecimal() else None,
            )
        )  # fmt: skip
    return entries


def _read_rows(table: Path) -> dict[str, dict[str, str]]:
    with table.open(encoding="utf-8", newline="") as stream:
        reader = csv.DictReader(stream, delimiter="\t")
        missing = [c for c in _COLUMNS if c not in (reader.fieldnames or ())]
        if missing:
            raise CastcheckError(
                f"no column {', '.join(missing)}", where=table, hint="columns are parted by tabs"
            )
        return {row["name"]: row for row in reader}


def _cuts_of(text: str | None, *, where: str) -> tuple[int, ...]:
    words = (text or "").replace(",", " ").split()
    if words in ([], ["0"], ["-"]):
        return ()
    if not all(word.isdecimal() and int(word) for word in words):
        raise CastcheckError(
            f"{text!r} are no cuts", where=where, hint="frames with commas between, or 0"
        )
    return tuple(sorted({int(word) for word in words}))
