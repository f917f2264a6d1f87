"""The cast a clip is judged against: a file that names it, or a folder of reference pictures."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, get_args

from castcheck.toml_file import read_toml
from identity.roll_call import Presence
from scenes.errors import CastcheckError
from scenes.pictures import PICTURE_SUFFIXES, natural_key, picture_files
from scenes.source import clip_sha256
from scenes.user_paths import is_folder, is_there, user_path

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

CAST_FILE = "cast.toml"
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
        references: Pictures and clips that show it.
        presence: "required": missing where it is not seen. "optional": may be absent.
            "forbidden": known, but must not be in the clip.
    """

    name: str
    references: tuple[Path, ...]
    presence: Presence = "required"


def read_cast(path: str | Path) -> tuple[Listed, ...]:
    """Read a cast file, or list the characters of a folder of reference pictures.

    In a folder every picture is a character named like the file, a number at the end left out, so
    that `ben-1.jpg` and `ben-2.jpg` show one; a folder inside it is a character with all pictures
    in it. A folder that holds `cast.toml` is read as that file.

    Raises:
        CastFileError: It cannot be read, or a line of it is wrong; the text names the character.
    """
    path = user_path(path)
    try:
        if is_folder(path):
            file = path / CAST_FILE
            return read_cast(file) if file.is_file() else _from_folder(path)
    except OSError as err:
        reason = (err.strerror or str(err)).lower()
        raise CastFileError(f"cannot be read: {reason}", where=path, hint="check --cast") from err
    hint = f"give a folder of pictures or a cast file; {_HINT}"
    table = read_toml(path, CastFileError, option="--cast", hint=hint)
    return _from_table(table, path)


def cast_sha256(cast: Sequence[Listed]) -> str:
    """Return a digest of the cast: names, presences and the bytes of every reference.

    Raises:
        VideoOpenError: A reference cannot be read.
    """
    digest = hashlib.sha256()
    for one in cast:
        digest.update(f"{one.name}\n{one.presence}\n".encode())
        for file in one.references:
            digest.update(clip_sha256(file).encode())
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


def _from_table(table: dict[str, Any], path: Path) -> tuple[Listed, ...]:
    for key in table:
        if key != "character":
            raise CastFileError(
                f"unknown key {key!r}", where=path, hint="known here: [[character]] sections"
            )
    rows = table.get("character")
    if not isinstance(rows, list) or not rows or not all(isinstance(row, dict) for row in rows):
        raise CastFileError("lists no [[character]]", where=path, hint=_HINT)
    cast = tuple(_character(row, number, path) for number, row in enumerate(rows, start=1))
    names = [one.name.casefold() for one in cast]
    for one in cast:
        if names.count(one.name.casefold()) > 1:
            raise CastFileError(
                f"two characters are named {one.name!r}",
                where=path,
                hint="give one section all the references of a character",
            )
    return cast


def _character(row: dict[str, Any], number: int, path: Path) -> Listed:
    name = row.get("name")
    where = f"{path}, character {name if isinstance(name, str) and name else number}"
    for key in row:
        if key not in _KEYS:
            close = get_close_matches(key, _KEYS, n=1)
            near = f", did you mean {close[0]!r}?" if close else ""
            raise CastFileError(
                f"unknown key {key!r}{near}", where=where, hint=f"known here: {', '.join(_KEYS)}"
            )
    if not isinstance(name, str) or not name.strip() or not name.isprintable():
        raise CastFileError("has no name", where=where, hint='write name = "Ben"')
    files = row.get("references")
    if not isinstance(files, list) or not files or not all(isinstance(f, str) for f in files):
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
