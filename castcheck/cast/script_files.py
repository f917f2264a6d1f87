"""The schedules of public benchmarks of multi-shot video, read as scripts.

Read is what the loaders of both read. An episode of EntityBench has one `entity_schedule`, from
"scene:shot" to the `characters` in it; its `scenes` list a prompt for each shot, and some a `cut`:
false where a shot goes on from the one before. A story of ViStoryBench has `Shots`, each with its
`Characters Appearing`, and pictures in a folder for each key of `Characters`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from castcheck.cast.script import Line, Script, ScriptError
from castcheck.support.json_text import from_json
from scenes.pictures import picture_files

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_WANTED = (
    "wanted is a story of ViStoryBench (Shots with Characters Appearing) or an episode of "
    "EntityBench (an entity_schedule with shots such as 1:2)"
)
_SHOT_KEY = re.compile(r"(\d{1,9}):(\d{1,9})")


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
    if isinstance(table, dict) and isinstance(table.get("entity_schedule"), dict):
        if not table["entity_schedule"]:
            raise ScriptError("holds no shots", where=path, hint=_WANTED)
        return _episode(table, path)
    raise ScriptError("holds no shots that say who is in them", where=path, hint=_WANTED)


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
    characters = table.get("Characters")
    keys = {key.strip(): key for key in (characters if isinstance(characters, dict) else {})}
    folders = {name: path.parent / "image" / keys.get(name, name) for name in script.names}
    return Schedule(
        script,
        {name: _pictures(folder) for name, folder in folders.items() if folder.is_dir()},
    )


def _pictures(folder: Path) -> tuple[Path, ...]:
    """Return the pictures of one character, in its folder and the folders below."""
    below = sorted(item for item in folder.rglob("*") if item.is_dir())
    return tuple(picture for one in (folder, *below) for picture in picture_files(one))


def _episode(table: Mapping[str, Any], path: Path) -> Schedule:
    schedule = table["entity_schedule"]
    cuts = _cuts(table)
    known = _names_by_label(table)
    said = {}
    for key, row in schedule.items():
        match = _SHOT_KEY.fullmatch(key)
        if match is None:
            raise ScriptError(
                f"{key!r} is not a shot: wanted is scene:shot, such as 1:2",
                where=path,
                hint=_WANTED,
            )
        place = (int(match[1]), int(match[2]))
        where = f"{path}, scene {place[0]}, shot {place[1]}"
        said[place] = _names(row, known, where)
    lines: list[Line] = []
    number = -1
    # A shot of which nothing is said is one all the same: the numbers after it depend on it.
    for place in sorted(said.keys() | cuts.keys()):
        number += 1 if number < 0 or cuts.get(place, True) else 0
        if place in said:
            stem = f"{place[0]:03d}_{place[1]:03d}"
            line = Line(f"shot {number + 1}", said[place], shots=(number,), clip_stem=stem)
            lines.append(line)
    return Schedule(Script(tuple(lines), shot_count=number + 1), {})


def _cuts(table: Mapping[str, Any]) -> dict[tuple[int, int], bool]:
    """Return scene and shot number, from 1, to whether the shot begins with a cut."""
    cuts = {}
    scenes = table.get("scenes")
    for scene_place, scene in enumerate(scenes if isinstance(scenes, list) else [], start=1):
        if not isinstance(scene, dict):
            continue
        number = scene.get("scene_num", scene_place)
        prompts, flags = scene.get("video_prompts"), scene.get("cut")
        flags = flags if isinstance(flags, list) else []
        for place in range(len(prompts) if isinstance(prompts, list) else 0):
            goes_on = place < len(flags) and flags[place] is False
            cuts[number if isinstance(number, int) else scene_place, place + 1] = not goes_on
    return cuts


def _names_by_label(table: Mapping[str, Any]) -> dict[str, str]:
    """Return what an episode calls its entities, such as "Character 1", to their names."""
    rows = table.get("entity_descriptions")
    return {
        label: row["name"]
        for label, row in (rows if isinstance(rows, dict) else {}).items()
        if isinstance(row, dict) and isinstance(row.get("name"), str)
    }


def _names(row: Any, known: Mapping[str, str], where: str) -> tuple[str, ...]:
    listed = row.get("characters", []) if isinstance(row, dict) else None
    if not isinstance(listed, list):
        raise ScriptError("does not say who is expected", where=where, hint=_WANTED)
    if not all(isinstance(one, str) and one.strip() for one in listed):
        raise ScriptError("lists a character without a name", where=where, hint=_WANTED)
    return tuple(dict.fromkeys(known.get(one, one).strip() for one in listed))
