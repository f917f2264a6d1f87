"""The script of a clip: who is expected in which shot, scene or stretch of time."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from castcheck.support.suggestions import did_you_mean
from scenes.errors import CastcheckError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

_SHOT_KEYS = ("index", "start_frame", "stop_frame", "start_s", "stop_s", "characters")
_SCENE_KEYS = ("shots", "start_frame", "stop_frame", "start_s", "stop_s", "characters")


class ScriptError(CastcheckError):
    """A script cannot be used."""


@dataclass(frozen=True, slots=True)
class Line:
    """Who is expected in one stretch of the clip. Exactly one way of saying where is given.

    Attributes:
        title: What messages call it, such as "shot 2".
        names: Who is expected there and nobody else; empty = nobody at all.
        shots: Numbers of shots, from 0.
        frames: Half-open range of frames.
        seconds: Half-open range of seconds from the first frame.
        clip_stem: The line is all of a clip with this file name; empty = of none.
    """

    title: str
    names: tuple[str, ...]
    shots: tuple[int, ...] = ()
    frames: tuple[int, int] | None = None
    seconds: tuple[float, float] | None = None
    clip_stem: str = ""


@dataclass(frozen=True, slots=True)
class Script:
    """All lines of a script.

    Attributes:
        lines: In the order of the file.
        shot_count: How many shots the clip has if the script speaks of each; `None` = unknown.
    """

    lines: tuple[Line, ...] = ()
    shot_count: int | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """Everybody who is expected somewhere, in order of the first line."""
        return tuple(dict.fromkeys(name for line in self.lines for name in line.names))


def script_from_tables(
    table: Mapping[str, Any], path: Path, known: Sequence[str]
) -> tuple[Line, ...]:
    """Read the `[[shot]]` and `[[scene]]` sections of a cast file.

    Args:
        table: The whole file.
        path: Of the file, for messages.
        known: Names of the `[[character]]` sections; empty = any name will do.

    Raises:
        ScriptError: Naming the section.
    """
    lines = []
    for kind, keys in (("shot", _SHOT_KEYS), ("scene", _SCENE_KEYS)):
        rows = table.get(kind, [])
        if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
            raise ScriptError(f"write [[{kind}]], in double brackets", where=path)
        lines += [
            _line(row, kind, keys, f"{path}, {kind} section {number}", known)
            for number, row in enumerate(rows, start=1)
        ]
    return tuple(lines)


def _line(
    row: Mapping[str, Any], kind: str, keys: Sequence[str], where: str, known: Sequence[str]
) -> Line:
    for key in row:
        if key not in keys:
            raise ScriptError(
                f"unknown key {key!r}{did_you_mean(key, keys)}",
                where=where,
                hint=f"known here: {', '.join(keys)}",
            )
    names = row.get("characters")
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise ScriptError(
            "does not say who is expected",
            where=where,
            hint='write characters = ["Ben", "Mei"], or [] for no one',
        )
    for name in names:
        if known and name not in known:
            raise ScriptError(
                f"{name!r} is not a [[character]] of this file{did_you_mean(name, known)}",
                where=where,
            )
    names = tuple(dict.fromkeys(names))
    given = [
        found
        for found in (
            _shots(row, kind, where),
            _range(row, "start_frame", "stop_frame", int, where),
            _range(row, "start_s", "stop_s", float, where),
        )
        if found is not None
    ]
    if len(given) != 1:
        number = "index" if kind == "shot" else "shots"
        raise ScriptError(
            f"says where {'in no way' if not given else 'in two ways'}",
            where=where,
            hint=f"give one of: {number}; start_s and stop_s; start_frame and stop_frame",
        )
    return Line(names=names, **given[0])


def _shots(row: Mapping[str, Any], kind: str, where: str) -> dict[str, Any] | None:
    key = "index" if kind == "shot" else "shots"
    if key not in row:
        return None
    value = row[key]
    numbers = [value] if kind == "shot" else value
    if not isinstance(numbers, list) or not numbers or not all(map(_is_count, numbers)):
        want = "a whole number from 0" if kind == "shot" else "a list of whole numbers from 0"
        raise ScriptError(f"{key} is {value!r}, wanted is {want}", where=where)
    numbers = sorted(set(numbers))
    first, last = numbers[0] + 1, numbers[-1] + 1  # people count from 1, as the page does
    title = f"shot {first}" if first == last else f"shots {first} to {last}"
    return {"shots": tuple(numbers), "title": title}


def _range(
    row: Mapping[str, Any], first: str, last: str, kind: type, where: str
) -> dict[str, Any] | None:
    if first not in row and last not in row:
        return None
    start, stop = row.get(first, math.nan), row.get(last, math.nan)
    usable = _is_number(start, kind) and _is_number(stop, kind)
    if not usable or not 0 <= start < stop:
        raise ScriptError(
            f"{first} and {last} are {row.get(first)!r} and {row.get(last)!r}", where=where,
            hint="both are wanted, from 0, and the second is the larger",
        )  # fmt: skip
    if kind is int:
        return {"frames": (start, stop), "title": f"frames {start} to {stop - 1}"}
    return {"seconds": (float(start), float(stop)), "title": f"{start:g} s to {stop:g} s"}


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _is_number(value: Any, kind: type) -> bool:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return False
    return isinstance(value, int) if kind is int else math.isfinite(value)
