"""Which clip of one run is which clip of another, and what tables say about clips."""

from __future__ import annotations

import csv
import io
import os
from collections import Counter
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from castcheck.batch.remote import clip_path
from castcheck.labels import plural
from castcheck.runs.reading import RunReadError, stem_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from castcheck.runs.reading import Run, RunClip

MANY = 5  # names told of what found no partner


@dataclass(frozen=True, slots=True)
class Row:
    """One clip in all runs.

    Attributes:
        name: What it is called.
        clips: One per run.
    """

    name: str
    clips: tuple[RunClip, ...]


@dataclass(frozen=True, slots=True)
class Pairing:
    """What can be compared.

    Attributes:
        rows: Clips that all runs hold.
        alone: Per run, the clips that are not in all runs, by name.
    """

    rows: tuple[Row, ...]
    alone: tuple[tuple[str, ...], ...]


def pair(runs: Sequence[Run], table: Path | None = None) -> Pairing:
    """Pair the clips of runs: by stem, by path where stems are not unique, or by a table.

    The path is that below the folder which holds all clips of the run.

    Args:
        runs: Two or more.
        table: CSV with the columns a and b, for two runs: stem, file name or path of both.

    Raises:
        RunReadError: Names are not unique, a table is broken, or nothing can be paired.
    """
    if table is not None:
        return _by_table(runs, table)
    keys = [[stem_of(clip.record.clip) for clip in run.clips] for run in runs]
    if any(len(set(own)) < len(own) for own in keys):
        keys = [_below([clip.record.clip for clip in run.clips]) for run in runs]
    found = []
    for run, own in zip(runs, keys, strict=True):
        twice = [name for name, count in Counter(own).items() if count > 1]
        if twice:
            raise RunReadError(
                f"two clips are called {twice[0]!r}", where=run.folder,
                hint="say which is which in a table (--pairs)",
            )  # fmt: skip
        found.append(dict(zip(own, run.clips, strict=True)))
    shared = [name for name in found[0] if all(name in own for own in found)]
    if not shared:
        raise RunReadError(
            "no clip has the same name in all runs", where="compare",
            hint="say which is which in a table (--pairs)",
        )  # fmt: skip
    rows = tuple(Row(name, tuple(own[name] for own in found)) for name in shared)
    alone = tuple(tuple(name for name in own if name not in shared) for own in found)
    return Pairing(rows, alone)


def _below(clips: Sequence[str]) -> list[str]:
    """Return the path of each clip below the folder that holds them all, without its suffix.

    Example:
        >>> _below(["r/a/x.mp4", "r/b/x.mp4"])
        ['a/x', 'b/x']
    """
    paths = [PurePosixPath(clip.replace(os.sep, "/")) for clip in clips]
    try:
        shared = os.path.commonpath([str(path.parent) for path in paths])
    except ValueError:  # absolute ones and others: nothing holds them all
        shared = ""
    return [str(p.with_suffix("").relative_to(shared) if shared else p.with_suffix(""))
            for p in paths]  # fmt: skip


def _by_table(runs: Sequence[Run], table: Path) -> Pairing:
    if len(runs) != 2:
        raise RunReadError("a table pairs two runs", where="--pairs", hint="compare two runs")
    rows, used = [], [set[str](), set[str]()]
    finders = [_Finder(run.clips) for run in runs]
    for number, cells in read_table(table, ("a", "b"), option="--pairs"):
        clips = []
        for k, column in enumerate(("a", "b")):
            clip = finders[k].find(cells[column])
            if clip is None:
                raise RunReadError(
                    f"line {number}: {cells[column]!r} is not a clip of {runs[k].folder}, or names "
                    "several", where=table,
                )  # fmt: skip
            if clip.record.clip in used[k]:
                raise RunReadError(f"line {number}: {cells[column]!r} stands twice", where=table)
            used[k].add(clip.record.clip)
            clips.append(clip)
        rows.append(Row(stem_of(clips[0].record.clip), tuple(clips)))
    if not rows:
        raise RunReadError("this table pairs no clips", where=table)
    alone = tuple(
        tuple(stem_of(c.record.clip) for c in run.clips if c.record.clip not in used[k])
        for k, run in enumerate(runs)
    )
    return Pairing(tuple(rows), alone)


class _Finder:
    """Finds a clip by path, file name or stem, where that names one."""

    def __init__(self, clips: Iterable[RunClip]) -> None:
        self._names: dict[str, list[RunClip]] = {}
        for clip in clips:
            path = clip_path(clip.record.clip)
            for name in {clip.record.clip, path.name, path.stem}:
                self._names.setdefault(name, []).append(clip)

    def find(self, name: str) -> RunClip | None:
        """Return the clip; `None` where it is none or several."""
        found = self._names.get(name, [])
        return found[0] if len(found) == 1 else None


def read_table(
    path: Path, columns: Sequence[str], *, option: str
) -> list[tuple[int, dict[str, str]]]:
    """Return the lines of a CSV file with a header, each with its number from 1.

    Raises:
        RunReadError: It cannot be read, or a column is missing.
    """
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except OSError as err:
        reason = (err.strerror or str(err)).lower()
        raise RunReadError(f"cannot be read: {reason}", where=path, hint=f"check {option}") from err
    except UnicodeDecodeError as err:
        raise RunReadError("is not a text file in UTF-8", where=path) from err
    reader = csv.DictReader(io.StringIO(text, newline=""))
    names = [name.strip() for name in reader.fieldnames or ()]
    missing = [name for name in columns if name not in names]
    if missing:
        raise RunReadError(
            f"has no column {missing[0]!r}", where=path,
            hint=f"the first line names the columns: {', '.join(columns)}",
        )  # fmt: skip
    reader.fieldnames = names
    rows = []
    for cells in reader:
        if None in cells or None in cells.values():
            raise RunReadError(
                f"line {reader.line_num} has not as many cells as the first line", where=path
            )
        rows.append((reader.line_num, {k: v.strip() for k, v in cells.items()}))
    return rows


def read_cohorts(path: Path, names: Sequence[str]) -> tuple[dict[str, dict[str, list[str]]], str]:
    """Read which prompt, seed or model each clip is.

    Args:
        path: CSV with the column clip (the name of a pair, or its file name) and others.
        names: Of the pairs.

    Returns:
        Column to value to names of pairs; and a note on clips the table or the runs do not have.

    Raises:
        RunReadError: The table is broken, or names a clip twice.
    """
    cohorts: dict[str, dict[str, list[str]]] = {}
    known, seen, foreign = set(names), set[str](), 0
    for number, cells in read_table(path, ("clip",), option="--cohorts"):
        name = cells.pop("clip")
        name = name if name in known else stem_of(name)
        if name in seen:
            raise RunReadError(f"line {number}: clip {name!r} stands twice", where=path)
        if name not in known:
            foreign += 1
            continue
        seen.add(name)
        for column, value in cells.items():
            if value:
                cohorts.setdefault(column, {}).setdefault(value, []).append(name)
    notes = [f"{plural(foreign, 'clip')} of the table not compared"] if foreign else []
    if known - seen:
        notes.append(f"{plural(len(known - seen), 'clip')} not in the table")
    return cohorts, f"{path}: {', '.join(notes)}" if notes else ""
