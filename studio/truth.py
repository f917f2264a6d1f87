"""The truth of a rendered clip: measured per frame from the id pass, written as JSON.

Schema `castcheck.truth/1`, with more fields than a reader needs to know:
    people[].tracks[]: frames, boxes, amodal, visible, look, and added: full (box that may leave
        the picture), truncation, drift, head (box or null), joints ([x, y] or null each).
    people[].tracks[].hidden: frames in which the figure is in the picture but wholly covered.
    shots[].setup, events[].until_frame, cues, strength, where, ghost_frames; joint_names; studio.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from studio.body import JOINTS

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from numpy.typing import NDArray

    from studio.body import Body
    from studio.picture import Picture
    from studio.schedule import Drawn
    from studio.stage import ErrorPlan, Lens, Scene

SCHEMA = "castcheck.truth/1"
JOINT_NAMES = (*JOINTS, "head_top")
# Fewer pixels than this is a speck that nobody could name.
MIN_VISIBLE_PX = 24
_MOMENTS = ("swap", "morph", "vanish", "pop_in")

Box = list[int]
JsonDict = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Sighting:
    """One figure in one frame, measured.

    Attributes:
        person, track, look: As in `Drawn`; `look` is who is drawn.
        box: Visible pixels [x1, y1, x2, y2], None when fewer than `MIN_VISIBLE_PX`.
        amodal: All its pixels inside the picture as if nothing stood before it.
        full: The same without the picture's edge.
        visible: Visible share of the amodal pixels.
        truncation: Share of the full box outside the picture.
        drift: How far the look has drifted.
        head: Box of the head inside the picture, None when outside.
        joints: [x, y] per `JOINT_NAMES`, None when outside the picture.
    """

    person: str
    track: int
    look: str
    box: Box | None
    amodal: Box
    full: list[float]
    visible: float
    truncation: float
    drift: float
    head: list[float] | None
    joints: list[list[float] | None]


def measure(
    drawn: Drawn, body: Body, bones: NDArray[np.float32], picture: Picture, index: int, lens: Lens
) -> Sighting | None:
    """Measure actor `index` of a picture; None when no part of it is inside the frame."""
    height, width = picture.ids.shape
    amodal = picture.amodal[index]
    amodal_px = int(amodal.sum())
    if amodal_px == 0:
        return None
    seen = picture.ids == index + 1
    seen_px = int(seen.sum())
    points, depth = lens.project(body.sample_world(bones), width, height)
    points = points[depth > 0.1]
    full = _around(points) if len(points) else [float(v) for v in mask_box(amodal)]
    head, head_depth = lens.project(body.head_world(bones), width, height)
    joints = body.joints_world(bones)
    places, joint_depth = lens.project(np.array([joints[n] for n in JOINT_NAMES]), width, height)
    return Sighting(
        person=drawn.person,
        track=drawn.track,
        look=drawn.shown_as,
        box=mask_box(seen) if seen_px >= MIN_VISIBLE_PX else None,
        amodal=mask_box(amodal),
        full=full,
        visible=round(seen_px / amodal_px, 4),
        truncation=round(_outside_share(full, width, height), 4),
        drift=drawn.drift,
        head=_head_box(head[head_depth > 0.1], width, height),
        joints=[
            [round(float(x), 1), round(float(y), 1)]
            if d > 0.1 and 0 <= x < width and 0 <= y < height
            else None
            for (x, y), d in zip(places, joint_depth, strict=True)
        ],
    )


def mask_box(mask: NDArray[np.bool_]) -> Box:
    """Return the half-open [x1, y1, x2, y2] around the True pixels of a non-empty mask."""
    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    return [int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1]


def _around(points: NDArray[np.float64]) -> list[float]:
    low, high = points.min(0), points.max(0)
    return [round(float(v), 1) for v in (low[0], low[1], high[0], high[1])]


def _outside_share(box: list[float], width: int, height: int) -> float:
    x1, y1, x2, y2 = box
    area = max((x2 - x1) * (y2 - y1), 1e-6)
    inside = max(0.0, min(x2, width) - max(x1, 0)) * max(0.0, min(y2, height) - max(y1, 0))
    return max(0.0, 1 - inside / area)


def _head_box(points: NDArray[np.float64], width: int, height: int) -> list[float] | None:
    if not len(points):
        return None
    x1, y1, x2, y2 = _around(points)
    # Room for hair, which the skin's vertices do not know of.
    margin = 0.08 * (y2 - y1)
    box = [max(0.0, x1 - margin), max(0.0, y1 - margin)]
    box += [min(float(width), x2 + margin), min(float(height), y2)]
    if box[2] - box[0] < 2 or box[3] - box[1] < 2:
        return None
    return [round(v, 1) for v in box]


def build_truth(
    scene: Scene, clip: str, sightings: list[list[Sighting]], size: tuple[int, int]
) -> JsonDict:
    """Return the truth of a whole clip.

    Args:
        scene: What was staged.
        clip: File name of the clip.
        sightings: Per frame, everybody seen in it.
        size: (width, height) in pixels.
    """
    spans = scene.spans()
    return {
        "schema": SCHEMA,
        "clip": clip,
        "fps": f"{scene.fps}/1",
        "frames": scene.frames,
        "width": size[0],
        "height": size[1],
        "shots": [
            {"start_frame": start, "stop_frame": stop, "setup": shot.camera.setup}
            for (start, stop), shot in zip(spans, scene.shots, strict=True)
        ],
        "people": [
            {"person": look.name, "tracks": _tracks(look.name, sightings)} for look in scene.cast
        ],
        "events": [event(plan, sightings) for plan in scene.errors],
        "joint_names": list(JOINT_NAMES),
        "studio": {
            "seed": scene.seed,
            "set": scene.set_name,
            "set_seed": scene.set_seed,
            "species": scene.species,
            "video_look": scene.video_look,
            "tags": list(scene.tags),
            "looks": {look.name: asdict(look) for look in scene.cast},
        },
    }


def _tracks(person: str, sightings: list[list[Sighting]]) -> list[JsonDict]:
    numbers = sorted({s.track for seen in sightings for s in seen if s.person == person})
    tracks = []
    for number in numbers:
        rows = [
            (frame, s)
            for frame, seen in enumerate(sightings)
            for s in seen
            if s.person == person and s.track == number
        ]
        seen_rows = [(frame, s) for frame, s in rows if s.box is not None]
        hidden = [(frame, s) for frame, s in rows if s.box is None]
        tracks.append(
            {
                "frames": [frame for frame, _ in seen_rows],
                "boxes": [s.box for _, s in seen_rows],
                "amodal": [s.amodal for _, s in seen_rows],
                "visible": [s.visible for _, s in seen_rows],
                "look": [s.look for _, s in seen_rows],
                "full": [s.full for _, s in seen_rows],
                "truncation": [s.truncation for _, s in seen_rows],
                "drift": [s.drift for _, s in seen_rows],
                "head": [s.head for _, s in seen_rows],
                "joints": [s.joints for _, s in seen_rows],
                "hidden": {
                    "frames": [frame for frame, _ in hidden],
                    "amodal": [s.amodal for _, s in hidden],
                },
            }
        )
    return tracks


def event(plan: ErrorPlan, sightings: list[list[Sighting]]) -> JsonDict:
    """Return the truth of one planted error, in the contract's frames.

    A moment (swap, morph, vanish, pop-in) is its first frame; what lasts is given from first to
    last, and a clone only while both copies are really seen.
    """
    start, stop = plan.start_frame, plan.stop_frame
    if plan.kind == "clone":
        both = [f for f in range(start, stop) if _copies_seen(plan.people[0], sightings[f]) >= 2]
        start, stop = (both[0], both[-1] + 1) if both else (start, stop)
    moment = plan.kind in _MOMENTS
    people = plan.people[:1] if plan.kind in ("morph", "drift", "stranger") else plan.people
    return {
        "kind": plan.kind,
        "people": list(people),
        "start_frame": start,
        "stop_frame": start + 1 if moment else stop,
        "until_frame": stop,
        "strength": plan.strength,
        "cues": list(plan.cues),
        "where": plan.where,
        "ghost_frames": plan.ghost_frames,
    }


def _copies_seen(person: str, seen: Iterable[Sighting]) -> int:
    return sum(s.look == person and s.box is not None for s in seen)


def write_truth(path: Path, truth: JsonDict) -> None:
    """Write the truth beside its clip, whole or not at all."""
    text = json.dumps(truth, allow_nan=False, sort_keys=True, separators=(",", ":"))
    temporary = path.with_name(f".{path.name}.part")
    temporary.write_text(text + "\n")
    temporary.replace(path)


def check_truth(truth: JsonDict) -> list[str]:
    """Return what is wrong with a truth file; an empty list means it keeps its promises.

    Example:
        >>> check_truth({"schema": "other"})
        ["schema is 'other', not 'castcheck.truth/1'"]
    """
    if truth.get("schema") != SCHEMA:
        return [f"schema is {truth.get('schema')!r}, not {SCHEMA!r}"]
    faults = []
    starts = [shot["start_frame"] for shot in truth["shots"]]
    stops = [shot["stop_frame"] for shot in truth["shots"]]
    if starts != [0, *stops[:-1]] or stops[-1] != truth["frames"]:
        faults.append("shots do not tile the clip")
    for person in truth["people"]:
        for track in person["tracks"]:
            faults += _track_faults(person["person"], track, truth)
    names = {person["person"] for person in truth["people"]}
    for planted in truth["events"]:
        if not 0 <= planted["start_frame"] < planted["stop_frame"] <= truth["frames"]:
            faults.append(f"{planted['kind']}: frames outside the clip")
        if not names.issuperset(planted["people"]):
            faults.append(f"{planted['kind']}: names somebody who is not in the story")
    return faults


def _track_faults(person: str, track: JsonDict, truth: JsonDict) -> list[str]:
    faults: list[str] = []
    count = len(track["frames"])
    faults += [
        f"{person}: {name} has {len(track[name])} rows, frames {count}"
        for name in ("boxes", "amodal", "visible", "look", "truncation", "drift", "head", "joints")
        if len(track[name]) != count
    ]
    if any(b <= a for a, b in zip(track["frames"], track["frames"][1:], strict=False)):
        faults.append(f"{person}: frames do not increase")
    for box, whole in zip(track["boxes"], track["amodal"], strict=False):
        x1, y1, x2, y2 = box
        if not (0 <= x1 < x2 <= truth["width"] and 0 <= y1 < y2 <= truth["height"]):
            faults.append(f"{person}: box {box} outside the picture")
        if whole[0] > x1 or whole[1] > y1 or whole[2] < x2 or whole[3] < y2:
            faults.append(f"{person}: visible box {box} leaves amodal box {whole}")
    return faults
