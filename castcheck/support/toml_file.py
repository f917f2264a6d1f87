"""TOML files that people wrote, read with every way of being wrong in mind."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

if TYPE_CHECKING:
    from pathlib import Path

    from scenes.errors import CastcheckError

_MAX_BYTES = 1024 * 1024  # a cast of thousands has a tenth of it


def read_toml(path: Path, error: type[CastcheckError], *, option: str, hint: str) -> dict[str, Any]:
    """Return the table in a TOML file.

    Args:
        path: The file.
        error: What is raised where it cannot be used.
        option: By which option it was given, named where it cannot be opened.
        hint: What to do where it is something else than TOML.

    Raises:
        CastcheckError: Of the kind `error`: it cannot be read, is too large or nested, or no TOML.
    """
    try:
        with path.open("rb") as file:
            data = file.read(_MAX_BYTES + 1)
    except (OSError, ValueError) as err:  # ValueError: a NUL in the name
        reason = str(getattr(err, "strerror", None) or err).lower()
        raise error(f"cannot be read: {reason}", where=path, hint=f"check {option}") from err
    if len(data) > _MAX_BYTES:
        raise error(f"is larger than {_MAX_BYTES} bytes", where=path, hint=hint)
    try:
        table = tomllib.loads(data.decode("utf-8-sig"))
    except UnicodeDecodeError as err:
        raise error("is not a text file in UTF-8", where=path, hint=hint) from err
    except RecursionError as err:
        raise error("is nested too deeply", where=path, hint=hint) from err
    except ValueError as err:  # TOMLDecodeError among them, and numbers no machine holds
        reason = " ".join(str(err).split())[:200]
        raise error(f"is not valid TOML: {reason}", where=path, hint=hint) from err
    _check_texts(table, path, error)
    return table


def _check_texts(table: Any, path: Path, error: type[CastcheckError]) -> None:
    """Raise where a text holds the one character that no name of a file can hold."""
    waiting = [table]
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict):
            waiting += [*value, *value.values()]
        elif isinstance(value, list):
            waiting += value
        elif isinstance(value, str) and "\0" in value:
            raise error("holds a text with a NUL character in it", where=path, hint="take it out")
