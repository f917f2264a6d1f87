"""The schedules of public benchmarks of multi-shot video, read as scripts.

Only what both papers and loaders publish is relied on: EntityBench's shots carry an
`entity_schedule` with `characters`; ViStoryBench's `Shots` say who is in `Characters Appearing`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from castcheck.json_text import from_json
from castcheck.script import Line, Script, ScriptError
from scenes.pictures import picture_files

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

_MOST_DIGITS = 10  # of the number of a shot
_WANTED = (
    "wanted is a story of ViStoryBench (Shots with Characters Appearing) or an episode of "
    "EntityBench (shots with an entity_schedule)"
)
_NAME_KEYS = ("name", "id", "entity_id", "entity")
_REGISTRIES = ("entity_registry", "registry", "entities")


@dataclass(frozen=True, slots=True)
class Schedule:
    """What such a file says.

    Attributes:
        script: Who is where.
        references: Name to the pictures that lie beside the file; may be empty.
    """

    script: Script
    references: Mapping[str, tuple[Path, ...]]


def read_schedule(path: Path) -> Schedule:
    """Read the schedule of a benchmark.

    Raises:
        ScriptError: It cannot be read, or is none that is known.
    """
    try:
        table = from_json(path.read_bytes().decode("utf-8-sig"))
    except OSError as err:
        reason = (err.strerror or str(err)).lower()
        raise ScriptError(f"cannot be read: {reason}", where=path) from err
    except ValueError as err:
        raise ScriptError(f"is not JSON: {err}", where=path, hint=_WANTED) from err
    if isinstance(table, dict) and isinstance(table.get("Shots"), list):
        return _story(table, path)
    shots = list(_entity_shots(table))
    if not shots:
        raise ScriptError("holds no shots that say who is in them", where=path, hint=_WANTED)
    return _episode(table, shots, path)


def _story(table: Mapping[str, Any], path: Path) -> Schedule:
    lines = []
    for place, shot in enumerate(table["Shots"]):
        where = f"{path}, shot {place + 1}"
        said = shot.get("Characters Appearing") if isinstance(shot, dict) else None
        # English names are the keys of the story, whatever language it is told in.
        names = said.get("en") if isinstance(said, dict) else said
        if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
            raise ScriptError("does not say who is expected", where=where, hint=_WANTED)
        number = shot.get("index", place + 1)
        stem = f"shot_{number:02d}" if isinstance(number, int) else ""
        who = tuple(dict.fromkeys(name.strip() for name in names if name.strip()))
        lines.append(Line(f"shot {place + 1}", who, shots=(place,), clip_stem=stem))
    if not lines:
        raise ScriptError("holds no shots", where=path, hint=_WANTED)
    script = Script(tuple(lines), shot_count=len(lines))
    folders = {name: path.parent / "image" / name for name in script.names}
    pictures = {name: folder for name, folder in folders.items() if folder.is_dir()}
    return Schedule(
        script, {name: tuple(picture_files(folder)) for name, folder in pictures.items()}
    )


def _entity_shots(table: Any) -> Iterator[tuple[int, int, Mapping[str, Any]]]:
    """Yield scene and shot number, from 1, and what is said of each shot."""
    if isinstance(table, dict) and isinstance(table.get("scenes"), list):
        scenes = table["scenes"]
    else:
        scenes = [table if isinstance(table, dict) else {"shots": table}]
    for scene_place, scene in enumerate(scenes, start=1):
        shots = scene.get("shots") if isinstance(scene, dict) else None
        for shot_place, shot in enumerate(shots if isinstance(shots, list) else [], start=1):
            if isinstance(shot, dict) and "entity_schedule" in shot:
                yield (
                    _number(scene, ("scene_id", "scene", "scene_number"), scene_place),
                    _number(shot, ("shot_id", "shot", "shot_number"), shot_place),
                    shot,
                )


def _episode(table: Any, shots: list[tuple[int, int, Mapping[str, Any]]], path: Path) -> Schedule:
    known = _registry(table)
    lines: list[Line] = []
    number = -1
    for scene, shot, said in shots:
        where = f"{path}, scene {scene}, shot {shot}"
        schedule = said["entity_schedule"]
        listed = schedule.get("characters", []) if isinstance(schedule, dict) else None
        if not isinstance(listed, list):
            raise ScriptError("does not say who is expected", where=where, hint=_WANTED)
        names = [_name(one, known, where) for one in listed]
        number += 0 if lines and _goes_on(said) else 1
        lines.append(
            Line(
                f"shot {number + 1}", tuple(dict.fromkeys(names)), shots=(number,),
                clip_stem=f"{scene:03d}_{shot:03d}",
            )
        )  # fmt: skip
    return Schedule(Script(tuple(lines), shot_count=number + 1), {})


def _goes_on(shot: Mapping[str, Any]) -> bool:
    """Tell whether a shot goes on where the last one ended, without a cut."""
    return (
        shot.get("continuation") is True
        or shot.get("cut") is False
        or shot.get("transition") == "continuation"
    )


def _registry(table: Any) -> dict[str, str]:
    """Return id to name of everybody whom the episode describes."""
    found = {}
    for key in _REGISTRIES:
        rows = table.get(key) if isinstance(table, dict) else None
        rows = rows.get("characters", rows) if isinstance(rows, dict) else rows
        if isinstance(rows, dict):
            rows = [{"id": name, **row} for name, row in rows.items() if isinstance(row, dict)]
        for row in rows if isinstance(rows, list) else []:
            name = row.get("name") if isinstance(row, dict) else None
            for one in ("id", "entity_id"):
                if isinstance(name, str) and isinstance(row.get(one), str):
                    found[row[one]] = name
    return found


def _name(one: Any, known: Mapping[str, str], where: str) -> str:
    if isinstance(one, dict):
        one = next((one[key] for key in _NAME_KEYS if isinstance(one.get(key), str)), None)
    if not isinstance(one, str) or not one.strip():
        raise ScriptError("lists a character without a name", where=where, hint=_WANTED)
    return known.get(one, one).strip()


def _number(row: Mapping[str, Any], keys: tuple[str, ...], place: int) -> int:
    for key in keys:
        text = str(row.get(key, "")).rpartition("_")[2]
        if text.isdecimal() and len(text) < _MOST_DIGITS:
            return int(text)
    return place
