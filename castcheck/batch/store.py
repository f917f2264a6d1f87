"""The folder of a run: one run at a time, results whole or not at all, what was finished before.

Work in progress lies in `.parts/`; a clip's folder appears under its name by one rename, which only
the process that leads the run does. So whatever is killed, a folder under its name is complete, and
a worker that outlives its leader can change nothing that counts.

The older folder of a clip lies in `.replaced/` meanwhile, under its own name. What people have put
into it is moved on from there, or the whole of it back: at once, or by the next run.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import IO, TYPE_CHECKING

from castcheck.batch.record import Finished
from castcheck.batch.remote import clip_path
from castcheck.batch.work import POSTER_FILE, RESULT_FILE
from castcheck.checking.folders import SUMMARY_FILE, clip_folders
from castcheck.report.writers import OutputError
from castcheck.support.locking import try_lock
from castcheck.tables.formats import FORMATS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from typing_extensions import Self

    from castcheck.batch.inputs import Named

_LOCK, _PARTS, _REPLACED = ".lock", ".parts", ".replaced"
FINDINGS_FILE, PAGE_FILE = "findings.parquet", "index.html"
DECISIONS_FILE = "decisions.jsonl"
_RESERVED = (_LOCK, _PARTS, _REPLACED, SUMMARY_FILE, FINDINGS_FILE, PAGE_FILE, DECISIONS_FILE)
# What castcheck writes into the folder of a clip.
_OURS = frozenset({RESULT_FILE, POSTER_FILE} | {r.filename for r in FORMATS.values() if r.filename})


class RunStore:
    """Holds the lock on a run's folder; use it as a context manager.

    Args:
        folder: The run's folder; made where it is not there.

    Raises:
        OutputError: It cannot be written, or another run is writing it.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._lock: IO[str] | None = None
        self._parts, self._replaced = folder / _PARTS, folder / _REPLACED
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._lock = (folder / _LOCK).open("a", encoding="utf-8")
            _lock_or_raise(self._lock, folder)
            if self._replaced.is_dir():  # a run was killed while it replaced a folder
                for old in sorted(self._replaced.iterdir()):
                    self._keep_theirs(old)
            shutil.rmtree(self._parts, ignore_errors=True)
            self._parts.mkdir(exist_ok=True)
            # A name of its own: a worker that outlived an earlier leader finds its own gone.
            self.work = Path(tempfile.mkdtemp(dir=self._parts))
        except OSError as err:
            self.close()
            raise _unwritable(err, folder) from err
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        shutil.rmtree(self._parts, ignore_errors=True)
        with suppress(OSError):  # not there, or not empty
            self._replaced.rmdir()
        self.close()

    def close(self) -> None:
        """Give the lock back."""
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    def finished(self) -> dict[str, Finished]:
        """Return what earlier runs finished here, by the key of the clip."""
        found = {}
        for entry in sorted(self.folder.iterdir()):
            result = None if entry.name in _RESERVED else _read_result(entry)
            if result is not None:
                found[result.key] = result
        return found

    def folders_for(self, clips: Sequence[Named], finished: dict[str, Finished]) -> list[str]:
        """Return the name of each clip's folder: what it was before, else a free one.

        A folder that castcheck did not write is never taken: its name counts as held.
        """
        held = {key: str(result.record.folder) for key, result in finished.items()}
        ours = set(held.values())
        foreign = [e.name for e in self.folder.iterdir() if e.name not in ours]
        wanted = [clip for clip in clips if clip.key not in held]
        fresh = clip_folders(
            [Path(clip_path(clip.key)) for clip in wanted], taken=[*ours, *foreign, *_RESERVED]
        )
        names = {clip.key: name for clip, name in zip(wanted, fresh, strict=True)}
        return [held.get(clip.key) or names[clip.key] for clip in clips]

    def part(self, index: int) -> Path:
        """Return where the reports of clip `index` grow; nothing is there yet."""
        part = self.work / f"{index}"
        shutil.rmtree(part, ignore_errors=True)
        return part

    def fill(self, part: Path, files: Mapping[str, bytes]) -> None:
        """Write the reports that another machine made.

        Raises:
            OutputError: They cannot be written.
        """
        try:
            part.mkdir()
            for name, data in files.items():
                (part / name).write_bytes(data)
        except OSError as err:
            raise _unwritable(err, part) from err

    def commit(self, part: Path, name: str) -> None:
        """Put a complete folder in place, instead of an older one if there is one.

        What castcheck did not write into the older one is kept.

        Raises:
            OutputError: It cannot be renamed.
        """
        target, old = self.folder / name, self._replaced / name
        try:
            if not target.exists():
                part.rename(target)
                return
            self._replaced.mkdir(exist_ok=True)
            target.rename(old)
            try:
                part.rename(target)
            finally:
                self._keep_theirs(old)
        except OSError as err:
            raise _unwritable(err, target) from err

    def _keep_theirs(self, old: Path) -> None:
        """Move what castcheck did not write out of a replaced folder, and delete the rest.

        Where nothing has taken its place, all of it goes back. May be killed and done again.
        """
        target = self.folder / old.name
        if not target.exists():
            old.rename(target)
        else:
            for item in old.iterdir():
                if item.name not in _OURS:
                    item.rename(_free(target / item.name))
            shutil.rmtree(old, ignore_errors=True)

    def discard(self, name: str) -> None:
        """Take away what an earlier run wrote into a clip's folder, and nothing else.

        Raises:
            OutputError: It cannot be taken away.
        """
        folder = self.folder / name
        try:
            part = Path(tempfile.mkdtemp(dir=self.work)) / name
            if {item.name for item in folder.iterdir()} <= _OURS:
                folder.rename(part)
                return
            part.mkdir()
        except FileNotFoundError:
            return
        except OSError as err:
            raise _unwritable(err, folder) from err
        self.commit(part, name)

    def write(self, name: str, data: bytes) -> Path:
        """Write a file of the run, whole or not at all.

        Raises:
            OutputError: It cannot be written.
        """
        path, part = self.folder / name, self.work / name
        try:
            part.write_bytes(data)
            part.replace(path)
        except OSError as err:
            raise _unwritable(err, path) from err
        return path


def _free(path: Path) -> Path:
    """Return a path that nothing has, with a number where this one is taken."""
    number = 1
    free = path
    while os.path.lexists(free):
        number += 1
        free = path.with_name(f"{path.stem}-{number}{path.suffix}")
    return free


def _read_result(folder: Path) -> Finished | None:
    """Return the result in a folder; `None` where there is none of ours, or a damaged one."""
    try:
        result = Finished.from_json((folder / RESULT_FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return result if result.record.folder == folder.name else None


def _lock_or_raise(file: IO[str], folder: Path) -> None:
    """Take the lock, which the system gives back however this process ends."""
    if not try_lock(file):
        raise OutputError(
            "another castcheck batch is writing here",
            where=folder,
            hint="wait for it, or choose -o",
        )


def _unwritable(err: OSError, path: Path) -> OutputError:
    reason = (err.strerror or str(err)).lower()
    return OutputError(
        f"cannot be written: {reason}", where=path, hint="choose another folder with -o"
    )
