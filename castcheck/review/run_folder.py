"""What the folder of a run holds for a reviewer: its clips, their findings, where they lie."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from castcheck.batch.record import Finished, record_of
from castcheck.batch.remote import clip_path, is_remote
from castcheck.batch.work import RESULT_FILE, clip_fingerprint
from castcheck.checking.folders import SUMMARY_FILE
from castcheck.facts.report import report_from_json
from castcheck.support.json_text import from_json
from castcheck.tables.formats import FORMATS
from scenes.errors import CastcheckError, ConfigError
from scenes.source import clip_sha256

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from castcheck.batch.record import Record
    from castcheck.facts.report import Report

REPORT_FILE = FORMATS["json"].filename


@dataclass(frozen=True, slots=True)
class RunClip:
    """One judged clip of a run.

    Attributes:
        record: What the run remembers of it.
        folder: Where its reports lie.
        lies_at: Where the clip was when it was judged; a path or a URL.
        size_bytes: Of its file then; `None` where that is not known.
    """

    record: Record
    folder: Path
    lies_at: str
    size_bytes: int | None = None

    @property
    def name(self) -> str:
        """What the clip is called."""
        return clip_path(self.record.clip).name or self.record.clip

    @property
    def sha256(self) -> str:
        """The sha256 of the clip."""
        return self.record.sha256 or ""

    def report(self) -> Report:
        """Read its report.

        Raises:
            CastcheckError: It cannot be read.
        """
        return _read_report(self.folder / REPORT_FILE)


@dataclass(frozen=True, slots=True)
class Run:
    """The clips of a run in the order of its list, and what could not be read."""

    folder: Path
    clips: tuple[RunClip, ...]
    complaints: tuple[str, ...] = ()


def read_run(folder: Path) -> Run:
    """Read a folder that `castcheck batch` or `castcheck check` has written.

    Raises:
        ConfigError: There is no such folder, or there are no reports in it.
    """
    hint = "give the folder that `castcheck batch -o` has written"
    if not folder.is_dir():
        what = "is not a folder" if folder.exists() else "no such folder"
        raise ConfigError(what, where=folder, hint=hint)
    clips: list[RunClip] = []
    complaints: list[str] = []
    for entry in sorted(folder.iterdir()):
        if entry.name.startswith(".") or not (entry / REPORT_FILE).is_file():
            continue
        try:
            clips.append(_read_clip(entry))
        except CastcheckError as err:
            complaints.append(f"{entry.name} is left out: {err}")
    if not clips:
        raise ConfigError("there are no reports in it", where=folder, hint=hint)
    order = _listed(folder)
    clips.sort(key=lambda clip: order.get(clip.folder.name, len(order)))
    return Run(folder, tuple(clips), tuple(complaints))


def _read_clip(folder: Path) -> RunClip:
    try:
        finished = Finished.from_json((folder / RESULT_FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError):  # `castcheck check` writes none
        report = _read_report(folder / REPORT_FILE)
        return RunClip(record_of(report, folder=folder.name), folder, report.clip.path)
    size = re.search(r"\bsize=(\d+)", finished.stamp)
    return RunClip(finished.record, folder, finished.key, int(size[1]) if size else None)


def _read_report(path: Path) -> Report:
    try:
        return report_from_json(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as err:
        raise ConfigError(f"cannot be read: {err}", where=path) from err
    except CastcheckError as err:
        raise ConfigError(str(err), where=path) from err


def _listed(folder: Path) -> dict[str, int]:
    """Return the place of each clip's folder in the list of the run."""
    try:
        lines = (folder / SUMMARY_FILE).read_text(encoding="utf-8").splitlines()
        rows: list[Any] = [from_json(line) for line in lines]
        return {str(row["folder"]): place for place, row in enumerate(rows) if row.get("folder")}
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return {}  # `castcheck check` writes no list: the order of the names will do


@dataclass(frozen=True, slots=True)
class Whereabouts:
    """Where a clip lies now; `path` is `None` where it was not found, `note` says what is so."""

    path: Path | None
    note: str = ""


@dataclass(slots=True)
class ClipFinder:
    """Finds the clips of a run, also those that were moved, and is sure by their sha256.

    Args:
        run: The run.
        folders: Where else to look, with everything below.
    """

    run: Run
    folders: Sequence[Path] = ()
    _digests: dict[tuple[str, str], str] = field(default_factory=dict)
    _known: dict[str, Path] = field(default_factory=dict)

    def find(self, clip: RunClip) -> Whereabouts:
        """Return where `clip` lies now."""
        known = self._known.get(clip.sha256)
        if known is not None and self._is(known, clip):
            return Whereabouts(known)
        if is_remote(clip.lies_at):
            note = f"The clip is at {clip.lies_at}, which this page does not fetch."
            return Whereabouts(None, note + _HELP)
        others = []
        for place in self._usual_places(clip):
            if self._is(place, clip):
                return self._found(place, clip)
            others += [place] if place.exists() else []
        for place in self._searched(clip):
            if self._is(place, clip):
                return self._found(place, clip)
        lost = Path(clip.lies_at) not in others
        what = [f"The clip is no longer at {clip.lies_at}."] if lost else []
        if others:
            what.append(
                f"The file at {others[0]} is not the one that was judged: its sha256 differs."
            )
        return Whereabouts(None, " ".join(what) + _HELP)

    def _found(self, place: Path, clip: RunClip) -> Whereabouts:
        self._known[clip.sha256] = place
        moved = Path(clip.lies_at).name != place.name or not Path(clip.lies_at).exists()
        return Whereabouts(place, f"The clip was moved; found at {place}." if moved else "")

    def _usual_places(self, clip: RunClip) -> Iterator[Path]:
        """Yield where it was, and the same name beside the run and beside other clips."""
        yield Path(clip.lies_at)
        home = self.run.folder.resolve()
        yield home / clip.record.clip
        yield home.parent / clip.record.clip
        beside = [home, home.parent, *(path.parent for path in self._known.values())]
        for folder in dict.fromkeys(beside):
            yield folder / clip.name

    def _searched(self, clip: RunClip) -> Iterator[Path]:
        """Yield what may be the clip below the folders named: by name first, then by size."""
        suffix = Path(clip.name).suffix.lower()
        files = [
            file
            for folder in self.folders
            for file in sorted(folder.rglob("*"))
            if file.suffix.lower() == suffix and file.is_file()
        ]
        yield from (file for file in files if file.name == clip.name)
        for file in files:
            if file.name != clip.name and clip.size_bytes in {None, file.stat().st_size}:
                yield file

    def _is(self, place: Path, clip: RunClip) -> bool:
        try:
            key = (str(place.resolve()), clip_fingerprint(str(place)))
            if key not in self._digests:
                self._digests[key] = clip_sha256(place)
            return self._digests[key] == clip.sha256
        except (OSError, ValueError, CastcheckError):
            return False


_HELP = " Name the folder it is in with --clips to play it; until then decide from the pictures."
