"""From what the user names to a list of clips: files, folders, globs, list files, stdin, URLs."""

from __future__ import annotations

import os
from dataclasses import dataclass
from glob import glob
from pathlib import Path
from typing import TYPE_CHECKING

from castcheck.batch.remote import find_remote, is_remote
from scenes.errors import CastcheckError
from scenes.pictures import CLIP_SUFFIXES, natural_key, picture_files

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

LIST_SUFFIXES = frozenset({".txt", ".lst", ".list"})
STDIN = "-"
_OURS = "annotated.mp4"  # our own drawing, where it lies beside a report


@dataclass(frozen=True, slots=True)
class Named:
    """A clip to judge.

    Attributes:
        clip: As the user named it, or as found below a folder the user named.
        key: The same for two spellings of one place: an absolute path, or the URL.
    """

    clip: str
    key: str


def find_clips(
    specs: Iterable[str], *, stdin: Callable[[], bytes], run_folder: Path
) -> tuple[list[Named], list[str]]:
    """Return the clips that `specs` name, each once, in a stable order; and what named none.

    A file is a clip whatever its suffix, except a list file (`@FILE`, or one that ends in .txt,
    .lst or .list), which names one clip, folder or glob per line; empty lines and lines that start
    with `#` are skipped, and paths in it start from the working folder. A folder stands for the
    clips below it, in natural order; where there are none but it holds pictures, it is one clip.

    Args:
        specs: Paths, folders, globs, URLs, `@FILE`, or `-` for a list on stdin.
        stdin: Returns what is on stdin.
        run_folder: What castcheck wrote itself is no clip.

    Example:
        >>> find_clips(["a.mp4", "./a.mp4", "*.nix"], stdin=bytes, run_folder=Path("run"))[1]
        ['*.nix: matches nothing; check the pattern']
    """
    found: dict[str, Named] = {}
    complaints: list[str] = []
    walk = _Walk(run_folder)
    for place, spec in _each(specs, stdin, complaints):
        try:  # each on its own: one that names nothing stops no other
            for clip in walk.clips_of(spec):
                named = Named(clip, clip if is_remote(clip) else os.path.abspath(clip))  # noqa: PTH100 (".." over a link must stay)
                found.setdefault(named.key, named)
        except CastcheckError as err:  # noqa: PERF203
            complaints.append(f"{place}{err}")
    return list(found.values()), complaints


def _each(
    specs: Iterable[str], stdin: Callable[[], bytes], complaints: list[str]
) -> Iterator[tuple[str, str]]:
    """Yield the arguments, with the lines of a list in its place, and where a line stands."""
    for spec in specs:
        try:
            lines = _read_lines(spec, stdin)
        except CastcheckError as err:
            complaints.append(str(err))
            continue
        if lines is None:
            yield "", spec
            continue
        for number, line in lines:
            yield f"{_list_name(spec)}, line {number}: ", line


def _read_lines(spec: str, stdin: Callable[[], bytes]) -> list[tuple[int, str]] | None:
    """Return the lines of a list that name something, numbered from 1; `None` = it is no list.

    Raises:
        CastcheckError: It cannot be read, or names nothing.
    """
    path = Path(spec)
    if spec == STDIN:
        data = stdin()
    elif spec.startswith("@") and not _exists(path):
        data = _read_list(Path(spec[1:]))
    elif path.suffix.lower() in LIST_SUFFIXES and not is_remote(spec):
        data = _read_list(path)
    else:
        return None
    # File names may hold bytes that are no UTF-8.
    text = data.decode("utf-8-sig", "surrogateescape")
    numbered = ((n, line.strip()) for n, line in enumerate(text.split("\n"), start=1))
    lines = [(n, line) for n, line in numbered if line and not line.startswith("#")]
    if not lines:
        raise CastcheckError(
            "this list names no clips", where=_list_name(spec), hint="one path a line is wanted"
        )
    return lines


def _read_list(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as err:
        reason = (err.strerror or str(err)).lower()
        raise CastcheckError(f"this list cannot be read: {reason}", where=path) from err


def _list_name(spec: str) -> str:
    return "stdin" if spec == STDIN else spec.removeprefix("@")


class _Walk:
    """Finds clips on disk, and leaves out what castcheck wrote."""

    def __init__(self, run_folder: Path) -> None:
        self._run = run_folder.resolve()

    def clips_of(self, spec: str) -> Iterator[str]:
        """Yield the clips that a path, folder, glob or URL stands for.

        Raises:
            CastcheckError: It stands for none. A file that is not there is a clip all the same:
                it is reported with the clips, in its place.
        """
        if is_remote(spec):
            yield from find_remote(spec, suffixes=CLIP_SUFFIXES)
            return
        path = Path(spec)
        if _is_folder(path):
            yield from self._below(path)
        elif any(char in spec for char in "*?[") and not _exists(path):
            yield from self._matching(spec)
        else:
            yield spec

    def _below(self, folder: Path) -> Iterator[str]:
        clips = [path for path in _files_below(folder, skip=self._run) if _is_clip(path)]
        if clips:
            yield from map(str, clips)
        elif _holds_pictures(folder):
            yield str(folder)
        else:
            raise CastcheckError(
                "this folder holds no clips", where=folder, hint="name the clips themselves"
            )

    def _matching(self, pattern: str) -> Iterator[str]:
        matches = sorted(glob(pattern, recursive=True), key=natural_key)  # noqa: PTH207 (absolute ones too)
        paths = [path for path in map(Path, matches) if self._run not in path.resolve().parents]
        if not paths:
            raise CastcheckError("matches nothing", where=pattern, hint="check the pattern")
        for path in paths:
            if path.is_dir():
                yield from self._below_quietly(path)
            elif _is_clip(path) or len(paths) == 1:
                yield str(path)

    def _below_quietly(self, folder: Path) -> Iterator[str]:
        """Yield the clips of a folder that a pattern matched; it may hold none."""
        try:
            yield from self._below(folder)
        except CastcheckError:
            return


def _files_below(folder: Path, *, skip: Path) -> Iterator[Path]:
    """Yield the files below a folder in natural order, nothing hidden, no linked folders."""
    for here, folders, files in os.walk(folder):
        folders[:] = sorted((f for f in folders if not f.startswith(".")), key=natural_key)
        if Path(here).resolve() == skip:
            folders.clear()
            continue
        for name in sorted(files, key=natural_key):
            if not name.startswith("."):
                yield Path(here) / name


def _holds_pictures(folder: Path) -> bool:
    try:
        return bool(picture_files(folder))
    except OSError as err:
        reason = (err.strerror or str(err)).lower()
        raise CastcheckError(f"this folder cannot be read: {reason}", where=folder) from err


def _is_clip(path: Path) -> bool:
    if path.suffix.lower() not in CLIP_SUFFIXES:
        return False
    return path.name != _OURS or not path.with_name("report.json").exists()


def _is_folder(path: Path) -> bool:
    try:
        return path.is_dir()
    except (OSError, ValueError):
        return False


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except (OSError, ValueError):  # too long a name, a NUL: the reader tells
        return True
