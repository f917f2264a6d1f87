"""Writes the reports that were asked for; each file is written whole or not at all."""

from __future__ import annotations

import os
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from castcheck.tables.formats import FORMATS
from castcheck.tables.kinds import load
from scenes.errors import CastcheckError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from castcheck.config import ReportSettings
    from castcheck.facts.report import Report
    from castcheck.report.visuals import Visuals
    from castcheck.support.progress import Progress
    from castcheck.tables.formats import Format


class OutputError(CastcheckError):
    """A report cannot be written."""


@dataclass(frozen=True, slots=True)
class ReportInputs:
    """What a writer works from.

    Attributes:
        report: The report.
        visuals: Pictures for the formats that show some.
        settings: The `[report]` section.
        clip: Where the clip lies now, for the formats that read it again.
        home: The folder that the reports will lie in when all is done, for links from them; `None`
            where nobody can know, or where the clip lies elsewhere than its name says.
    """

    report: Report
    visuals: Visuals
    settings: ReportSettings
    clip: Path
    home: Path | None = None


def write_reports(
    inputs: ReportInputs,
    folder: Path,
    formats: Iterable[str],
    *,
    progress: Progress,
    note: Callable[[str], None] = lambda _: None,
) -> dict[str, Path]:
    """Write the reports asked for into `folder`, and return format name to file.

    Formats that are printed ("github") are left to the caller. Each file is put in place only once
    it is complete. `note` gets a line for everything a file lacks.

    Raises:
        OutputError: A file cannot be written.
    """
    written = {}
    for name in formats:
        row = FORMATS[name]
        if not row.filename:
            continue
        path = folder / row.filename
        try:
            folder.mkdir(parents=True, exist_ok=True)
            for line in _write_whole(row, inputs, path, progress):
                note(f"{path}: {line}")
        except OSError as err:
            raise output_error(err, path) from err
        written[name] = path
    return written


def check_writable(folder: Path) -> None:
    """Raise where nothing could be written into `folder`; leaves no trace.

    Raises:
        OutputError: Naming the folder and the reason.
    """
    made = []
    try:
        for parent in [*reversed(folder.parents), folder]:
            if not parent.is_dir():
                parent.mkdir()
                made.append(parent)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as err:
        raise output_error(err, folder) from err
    finally:
        for parent in reversed(made):
            parent.rmdir()


def _write_whole(
    row: Format, inputs: ReportInputs, path: Path, progress: Progress
) -> tuple[str, ...]:
    """Write one file; return what had to be left out of it."""
    left_out: tuple[str, ...] = ()
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    os.close(handle)
    part = Path(name)
    try:
        if row.is_video:
            left_out = load(row.target)(inputs, part, progress=progress)
        else:
            # A file name that is not UTF-8 holds lone surrogates; JSON spells them as escapes.
            part.write_bytes(load(row.target)(inputs).encode("utf-8", "backslashreplace"))
        part.chmod(0o666 & ~_umask())
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
    return left_out


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def output_error(err: OSError, path: Path) -> OutputError:
    """Return the error of an output that the system refused."""
    reason = (err.strerror or str(err)).lower()
    return OutputError(
        f"cannot be written: {reason}", where=path, hint="choose another folder with -o"
    )
