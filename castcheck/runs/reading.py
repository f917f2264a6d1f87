"""Reads a run back: the folder of `castcheck batch`, or of `castcheck check`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from castcheck.batch.record import Record, record_of
from castcheck.batch.remote import clip_path, is_remote
from castcheck.batch.work import RESULT_FILE
from castcheck.checking.folders import SUMMARY_FILE
from castcheck.facts.report import report_from_json
from castcheck.support.json_text import from_json
from castcheck.tables.formats import FORMATS
from scenes.errors import CastcheckError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from castcheck.facts.report import Report

REPORT_FILE = FORMATS["json"].filename


class RunReadError(CastcheckError):
    """A folder is no run, or what is in it cannot be read."""


@dataclass(frozen=True, slots=True)
class RunClip:
    """One clip of a run.

    Attributes:
        record: The line of the summary.
        folder: Where its reports lie; `None` where it was not judged.
    """

    record: Record
    folder: Path | None

    def report(self) -> Report:
        """Read `report.json`.

        Raises:
            RunReadError: It is not there, or is none this version can read.
        """
        if self.folder is None:
            raise RunReadError("this clip was not judged", where=self.record.clip)
        return _read_report(self.folder / REPORT_FILE)

    def source(self) -> Path | None:
        """Return where the clip lies, as far as is known; `None` for a remote one."""
        key = self.record.clip
        if self.folder is not None:
            try:
                text = (self.folder / RESULT_FILE).read_text(encoding="utf-8")
                key = str(from_json(text)["key"])
            except (OSError, ValueError, KeyError, TypeError):
                pass  # a folder of `check` has none
        return None if is_remote(key) else Path(key)


@dataclass(frozen=True, slots=True)
class Run:
    """A run that is finished.

    Attributes:
        folder: As the user named it.
        clips: In the order of the summary; those that could not be judged too.
    """

    folder: Path
    clips: tuple[RunClip, ...]

    @property
    def name(self) -> str:
        """What to call it: the name of its folder."""
        return self.folder.resolve().name or str(self.folder)

    @property
    def judged(self) -> tuple[RunClip, ...]:
        """The clips that have a report."""
        return tuple(clip for clip in self.clips if clip.record.outcome == "judged")


def read_run(folder: Path) -> Run:
    """Read a run: its summary, or where there is none the reports below it.

    Raises:
        RunReadError: No such folder, no run, nothing judged, or a damaged line.
    """
    if not folder.is_dir():
        raise RunReadError(
            "no such folder", where=folder, hint="give what `castcheck batch -o` wrote"
        )
    summary = folder / SUMMARY_FILE
    clips = tuple(_from_summary(summary, folder) if summary.exists() else _from_reports(folder))
    if not clips:
        raise RunReadError(
            "not a run: the folder has neither a summary nor reports", where=folder,
            hint="give what `castcheck batch -o` wrote",
        )  # fmt: skip
    if not any(clip.record.outcome == "judged" for clip in clips):
        raise RunReadError("no clip of this run was judged", where=folder)
    return Run(folder, clips)


def names_of(runs: Sequence[Run]) -> list[str]:
    """Return what to call each run: its folder's name, the path where two are alike."""
    names = [run.name for run in runs]
    return [
        str(run.folder) if names.count(name) > 1 else name
        for run, name in zip(runs, names, strict=True)
    ]


def _from_summary(path: Path, folder: Path) -> Iterator[RunClip]:
    try:
        lines = path.read_bytes().decode("utf-8").splitlines()
    except OSError as err:
        raise _unreadable(err, path) from err
    except UnicodeDecodeError as err:
        raise RunReadError("is not a text file in UTF-8", where=path) from err
    for number, line in enumerate(lines, start=1):
        try:
            record = Record.from_dict(from_json(line))
        except (ValueError, TypeError, AttributeError) as err:
            raise RunReadError(
                f"line {number} is not a line of a summary: {err}", where=path,
                hint="run the same `castcheck batch` again, it writes the summary anew",
            ) from err  # fmt: skip
        yield RunClip(record, None if record.folder is None else folder / record.folder)


def _from_reports(folder: Path) -> Iterator[RunClip]:
    for path in sorted(folder.glob(f"*/{REPORT_FILE}")):
        record = record_of(_read_report(path), folder=path.parent.name)
        yield RunClip(record, path.parent)


def _read_report(path: Path) -> Report:
    try:
        return report_from_json(path.read_text(encoding="utf-8"))
    except OSError as err:
        raise _unreadable(err, path) from err
    except UnicodeDecodeError as err:
        raise RunReadError("is not a text file in UTF-8", where=path) from err
    except CastcheckError as err:
        raise RunReadError(err.message, where=path) from err


def _unreadable(err: OSError, path: Path) -> RunReadError:
    reason = (err.strerror or str(err)).lower()
    return RunReadError(f"cannot be read: {reason}", where=path)


def stem_of(clip: str) -> str:
    """Return the stem of a clip's name, of a path or a URL."""
    return clip_path(clip).stem
