"""The cast a clip is judged against: a file that names it, or a folder of reference pictures."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, get_args

from castcheck.cast.script import Script, script_from_tables
from castcheck.cast.script_files import read_schedule
from castcheck.support.suggestions import did_you_mean
from castcheck.support.toml_file import read_toml
from identity.cast.matching import Presence
from identity.settings import MOST_CHARACTERS
from scenes.errors import CastcheckError
from scenes.pictures import PICTURE_SUFFIXES, natural_key, picture_files
from scenes.source import clip_sha256
from scenes.user_paths import is_folder, is_there, user_path

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from castcheck.cast.script_files import Schedule

CAST_FILE = "cast.toml"
STORY_FILE = "story.json"  # of ViStoryBench
_SECTIONS = ("character", "shot", "scene", "script", "characters")
_KEYS = ("name", "references", "presence")
_PRESENCES: tuple[Presence, ...] = get_args(Presence)
_HINT = "docs/cast-file.md shows one"


class CastFileError(CastcheckError):
    """The cast file or one of its reference pictures cannot be used."""


@dataclass(frozen=True, slots=True)
class Listed:
    """One character as the user lists it.

    Attributes:
        name: What the report calls it.
        references: Pictures and clips that show it; none where only a script speaks of it.
        presence: "required": missing where it is not seen. "optional": may be absent.
            "forbidden": known, but must not be in the clip.
    """

    name: str
    references: tuple[Path, ...]
    presence: Presence = "required"


@dataclass(frozen=True, slots=True)
class CastFile:
    """All that a cast file says.

    Attributes:
        members: Who is in the cast; empty where only a count is given.
        script: Who is expected where; without lines, in all of the clip.
        characters: How many there should be; `None` = as many as are found.
    """

    members: tuple[Listed, ...]
    script: Script = field(default_factory=Script)
    characters: int | None = None


def read_cast(path: str | Path) -> tuple[Listed, ...]:
    """Return the members of a cast, see `read_cast_file`."""
    return read_cast_file(path).members


def read_cast_file(path: str | Path) -> CastFile:
    """Read a cast file, or list the characters of a folder of reference pictures.

    In a folder every picture is a character named like the file, a number at the end left out, so
    that `ben-1.jpg` and `ben-2.jpg` show one; a folder inside it is a character with all pictures
    in it. A folder that holds `cast.toml` or `story.json` is read as that file. A file that ends in
    `.json` is the schedule of a benchmark, see `castcheck.cast.script_files`.

    Raises:
        CastcheckError: It cannot be read, or a line of it is wrong; the text names the section.
    """
    path = user_path(path)
    try:
        if is_folder(path):
            for name in (CAST_FILE, STORY_FILE):
                if (path / name).is_file():
                    return read_cast_file(path / name)
            return CastFile(_from_folder(path))
        if path.suffix.lower() == ".json" and is_there(path) and path.is_file():
            return _from_schedule(read_schedule(path))
    except OSError as err:
        reason = (err.strerror or str(err)).lower()
        raise CastFileError(f"cannot be read: {reason}", where=path, hint="check --cast") from err
    hint = f"give a folder of pictures or a cast file; {_HINT}"
    table = read_toml(path, CastFileError, option="--cast", hint=hint)
    return _from_table(table, path)


def cast_sha256(cast: CastFile) -> str:
    """Return a digest of the cast: names, presences, script and the bytes of every reference.

    Raises:
        VideoOpenError: A reference cannot be read.
    """
    digest = hashlib.sha256()
    for one in cast.members:
        digest.update(f"{one.name}\n{one.presence}\n".encode())
        for file in one.references:
            digest.update(clip_sha256(file).encode())
    if cast.script.lines or cast.characters is not None:
        digest.update(f"{cast.script}\n{cast.characters}\n".encode())
    return digest.hexdigest()


def _from_folder(folder: Path) -> tuple[Listed, ...]:
    found: dict[str, list[Path]] = {}
    for file in picture_files(folder):
        name = re.sub(r"[\s_.\-]*\d+$", "", file.stem).strip() or file.stem
        found.setdefault(name, []).append(file)
    for inner in sorted(folder.iterdir(), key=lambda item: natural_key(item.name)):
        if inner.is_dir() and not inner.name.startswith("."):
            pictures = picture_files(inner)
            if pictures:
                found.setdefault(inner.name, []).extend(pictures)
    if not found:
        raise CastFileError(
            "the folder holds no pictures",
            where=folder,
            hint="name each picture after its character, such as ben-1.jpg",
        )
    return tuple(Listed(name, tuple(files)) for name, files in found.items())


def _from_schedule(schedule: Schedule) -> CastFile:
    script = schedule.script
    members = (Listed(name, schedule.references.get(name, ())) for name in script.names)
    return CastFile(tuple(members), script)


def _from_table(table: dict[str, Any], path: Path) -> CastFile:
    for key in table:
        if key not in _SECTIONS:
            raise CastFileError(
                f"unknown key {key!r}{did_you_mean(key, _SECTIONS)}",
                where=path,
                hint=f"known here: {', '.join(_SECTIONS)}",
            )
    rows = table.get("character", [])
    has_script = any(key in table for key in ("shot", "scene", "script"))
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise CastFileError("lists no [[character]]", where=path, hint=_HINT)
    if not rows and not has_script and "characters" not in table:
        raise CastFileError("lists no [[character]]", where=path, hint=_HINT)
    members = tuple(
        _character(row, number, path, bare=has_script) for number, row in enumerate(rows, start=1)
    )
    names = [one.name.casefold() for one in members]
    for one in members:
        if names.count(one.name.casefold()) > 1:
            raise CastFileError(
                f"two characters are named {one.name!r}",
                where=path,
                hint="give one section all the references of a character",
            )
    script = _script(table, path, [one.name for one in members])
    # Whom only the script names is known by where he is expected.
    named = {one.name for one in members}
    members += tuple(Listed(name, ()) for name in script.names if name not in named)
    return CastFile(members, script, _count(table, path))


def _script(table: dict[str, Any], path: Path, known: Sequence[str]) -> Script:
    lines = script_from_tables(table, path, known)
    if "script" not in table:
        return Script(lines)
    if lines:
        raise CastFileError(
            "has a script and [[shot]] or [[scene]] sections", where=path, hint="one is enough"
        )
    if not isinstance(table["script"], str):
        raise CastFileError(f"script is {table['script']!r}, wanted is a file", where=path)
    script = read_schedule(path.parent / user_path(table["script"])).script
    for name in script.names:
        if known and name not in known:
            raise CastFileError(
                f"the script names {name!r}, which is not a [[character]] of this file"
                f"{did_you_mean(name, known)}",
                where=path,
                hint="list every character of the script, with or without references",
            )
    return script


def _count(table: dict[str, Any], path: Path) -> int | None:
    count = table.get("characters")
    if count is None:
        return None
    if isinstance(count, bool) or not isinstance(count, int) or not 1 <= count <= MOST_CHARACTERS:
        raise CastFileError(
            f"characters is {count!r}, wanted is how many there should be, 1 to {MOST_CHARACTERS}",
            where=path,
        )
    return count


def _character(row: dict[str, Any], number: int, path: Path, *, bare: bool) -> Listed:
    name = row.get("name")
    where = f"{path}, character {name if isinstance(name, str) and name else number}"
    for key in row:
        if key not in _KEYS:
            raise CastFileError(
                f"unknown key {key!r}{did_you_mean(key, _KEYS)}",
                where=where,
                hint=f"known here: {', '.join(_KEYS)}",
            )
    if not isinstance(name, str) or not name.strip() or not name.isprintable():
        raise CastFileError("has no name", where=where, hint='write name = "Ben"')
    files = row.get("references", [] if bare else None)
    if not isinstance(files, list) or not all(isinstance(f, str) for f in files):
        files = None
    if files is None or (not files and not bare):
        raise CastFileError(
            "has no references", where=where, hint='write references = ["ben.jpg"], a list of files'
        )
    presence = row.get("presence", "required")
    if presence not in _PRESENCES:
        raise CastFileError(
            f"presence is {presence!r}, allowed is {', '.join(_PRESENCES)}", where=where
        )
    references = tuple(path.parent / user_path(file) for file in files)
    for file in references:
        if not is_there(file) or file.is_dir():
            raise CastFileError(f"{file}: no such file", where=where, hint="check references")
    return Listed(name.strip(), references, presence)


def is_picture(file: Path) -> bool:
    """Tell whether a reference is a picture; anything else is opened as a clip."""
    return file.suffix.lower() in PICTURE_SUFFIXES
