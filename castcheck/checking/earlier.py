"""The reports that an earlier run left in a clip's folder: none of them may pass for this run's.

What castcheck wrote into `DIR/<clip stem>/` stands in `DIR/.castcheck/<clip stem>.sha256`, a line
for each file, as `sha256sum` writes them. Only a file that still has that content is taken away.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from castcheck.report.writers import output_error
from castcheck.tables.formats import FORMATS
from scenes.source import file_sha256

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable
    from pathlib import Path

_FILENAMES = tuple(row.filename for row in FORMATS.values() if row.filename)


def remember(folder: Path, written: Iterable[Path]) -> None:
    """Note what was written into the folder of a clip.

    Raises:
        OutputError: That cannot be noted.
    """
    path = _list_of(folder)
    try:
        lines = "".join(f"{file_sha256(file)}  {file.name}\n" for file in written)
        if lines:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(lines, encoding="utf-8")
    except OSError as err:
        raise output_error(err, path) from err


def remove_earlier(folder: Path) -> None:
    """Take away what an earlier run wrote into the folder of a clip, and nothing else.

    Raises:
        OutputError: It cannot be taken away.
    """
    path = _list_of(folder)
    try:
        for line in _lines(path):
            digest, _, name = line.partition("  ")
            file = folder / name
            if name in _FILENAMES and _is_file(file) and file_sha256(file) == digest:
                file.unlink()
        if _is_file(path):
            path.unlink()
    except OSError as err:
        raise output_error(err, folder) from err
    for empty in (folder, path.parent):
        with contextlib.suppress(OSError, ValueError):  # not empty, not there, or no name at all
            empty.rmdir()


def lookalikes(folder: Path, written: Collection[Path] = ()) -> list[Path]:
    """Return the files there that are called like a report, and that this run did not write."""
    paths = (folder / name for name in _FILENAMES)
    return [path for path in paths if path not in written and _is_file(path)]


def _list_of(folder: Path) -> Path:
    return folder.parent / ".castcheck" / f"{folder.name}.sha256"


def _lines(path: Path) -> list[str]:
    """Return the lines of a list; none where it is not there or damaged."""
    try:
        return path.read_text(encoding="utf-8").splitlines()
    except (FileNotFoundError, NotADirectoryError, ValueError):
        return []


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except (OSError, ValueError):  # a name that no system takes
        return False
