"""The truth of a planted clip, schema `castcheck.truth/1`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np

from castcheck.planting.masks import Shape
from castcheck.planting.paste import copy_rect
from castcheck.planting.plan import second_rect
from castcheck.planting.stand_in import look_difference
from castcheck.planting.timeline import in_view
from castcheck.tables.kinds import KINDS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import NDArray

    from castcheck.planting.material import Material
    from castcheck.planting.plan import Plan
    from castcheck.planting.timeline import Step
    from castcheck.planting.track import Track

    Floats = NDArray[np.float32]

SCHEMA = "castcheck.truth/1"
_SAMPLES = 4  # looks before and after that a strength is measured on
_HALF = 0.5


def truth_of(
    plan: Plan, material: Material, *, clip: str, asked: float, seed: int, kind: str
) -> dict[str, Any]:
    """Return the truth of one planted clip, all but the measured strength.

    Args:
        plan: What was planted.
        material: In what.
        clip: File name of the clip.
        asked: The strength asked for.
        seed: Of the run.
        kind: Name of the row of the table it was made by.
    """
    take = plan.take
    return {
        "schema": SCHEMA,
        "clip": clip,
        "fps": f"{material.rate.numerator}/{material.rate.denominator}",
        "frames": len(take.steps),
        "width": material.size[0],
        "height": material.size[1],
        "shots": [{"start_frame": a, "stop_frame": b} for a, b in take.shots],
        "people": _people(plan, material),
        "events": [_event(plan)] if plan.people or plan.look_alike else [],
        "planted_from": material.sha256,
        "planted": {
            "as": kind,
            "source": material.source.name,
            "source_shot": material.shot,
            "source_frame": material.first,
            "donor": plan.from_clip or None,
            "asked_strength": asked,
            "seed": seed,
        },
    }


def _event(plan: Plan) -> dict[str, Any]:
    take = plan.take
    row = KINDS.get(plan.kind)  # whoever is planted against the cast comes with a cut
    moment = row is not None and (row.is_moment or row.against_cast)
    stop = len(take.steps) if plan.until is None else plan.until
    return {
        "kind": plan.kind,
        "people": list(plan.people),
        "start_frame": take.onset,
        "stop_frame": take.onset + 1 if moment else max(stop, take.onset + 1),
        "until_frame": len(take.steps),
        "onset_frames": take.onset_frames,
        "where": take.where,
        "strength": None,
        "look_alike": plan.look_alike,
        "whole_picture": plan.whole_picture,
    }


def _people(plan: Plan, material: Material) -> list[dict[str, Any]]:
    steps = plan.take.steps
    people = []
    for track in material.tracks:
        rows = [
            (k, box, _look(plan, track.name, step))
            for k, step in enumerate(steps)
            if step.material is material and not _absent(plan, track.name, step)
            for box in [_shown(track.raw.get(step.frame), step, material)]
            if box is not None
        ]
        tracks = [_table(rows)] if rows else []
        if plan.copy is not None and plan.copy[0].track is track:
            donor, shift = plan.copy
            copies = []
            for k, step in enumerate(steps):
                rect = None if step.amount < _HALF else second_rect(donor, step.frame, shift)
                box = None if rect is None else _shown(np.array(rect, np.float32), step, material)
                if box is not None:
                    copies.append((k, box, track.name))
            tracks.append(_table(copies))
        people.append({"person": track.name, "tracks": tracks})
    people += _of_inserts(steps, material)
    return people


def _of_inserts(steps: Sequence[Step], material: Material) -> list[dict[str, Any]]:
    """Return the people of another shot that is shown between."""
    others: dict[str, list[tuple[int, Floats, str]]] = {}
    for k, step in enumerate(steps):
        if step.material is not material:
            for track in step.material.tracks:
                box = _shown(track.raw.get(step.frame), step, step.material)
                if box is not None:
                    name = f"other-{track.name}"
                    others.setdefault(name, []).append((k, box, name))
    return [{"person": name, "tracks": [_table(rows)]} for name, rows in sorted(others.items())]


def _absent(plan: Plan, name: str, step: Step) -> bool:
    return plan.gone == name and step.amount >= _HALF


def _look(plan: Plan, name: str, step: Step) -> str:
    return plan.looks.get(name, name) if step.amount > _HALF else name


def _shown(box: Floats | None, step: Step, material: Material) -> Floats | None:
    if box is None:
        return None
    view = step.view
    if view is not None and view[0] > view[2]:  # mirrored
        width = material.size[0]
        straight = (view[2], view[1], view[0], view[3])
        seen = in_view(box, straight, material.size)
        return (
            None
            if seen is None
            else np.array([width - seen[2], seen[1], width - seen[0], seen[3]], np.float32)
        )
    whole = (0.0, 0.0, float(material.size[0]), float(material.size[1]))
    return in_view(box, whole if view is None else view, material.size)


def _table(rows: Sequence[tuple[int, Floats, str]]) -> dict[str, Any]:
    boxes = [[round(float(v), 1) for v in box] for _, box, _ in rows]
    return {
        "frames": [k for k, _, _ in rows],
        "boxes": boxes,
        "amodal": boxes,
        "visible": [1.0] * len(rows),
        "look": [look for _, _, look in rows],
    }


def strength_of(
    plan: Plan, material: Material, pictures: Mapping[int, NDArray[np.uint8]]
) -> float | None:
    """Return how different the looks before and after are, measured on what was drawn.

    Args:
        plan: What was planted.
        material: In what.
        pictures: Frame of the window to its picture with the error in the amount asked for, before
            views and cuts.

    Each picture is compared with itself without the error, so that no motion counts.
    """
    if plan.copy is not None:
        return _of_copy(plan, material, pictures)
    rows = []
    for name in plan.strength_of:
        track = next(t for t in material.tracks if t.name == name)
        rows.append(_changed_by(track, material, pictures, plan.changes))
    known = [value for value in rows if value is not None]
    return round(float(np.mean(known)), 2) if known else None


def _changed_by(
    track: Track,
    material: Material,
    pictures: Mapping[int, NDArray[np.uint8]],
    changes: Callable[[Track, int], Shape | None] | None,
) -> float | None:
    def shape_of(track: Track, frame: int) -> Shape | None:
        return material.shape(track, frame) or material.soft_box(track, frame)

    frames = np.linspace(track.start, track.stop - 1, _SAMPLES).round().astype(int).tolist()
    shapes = {f: (changes or shape_of)(track, f) for f in frames}
    seen = [f for f in frames if shapes[f] is not None]
    if not seen:
        return None
    old = [(material.frames[f].astype(np.float32), shapes[f]) for f in seen]
    new = [(pictures[f].astype(np.float32), shapes[f]) for f in seen]
    pairs = [look_difference([a], [b]) for a, b in zip(old, new, strict=True)]  # type: ignore[list-item]
    return float(np.mean(pairs))


def _of_copy(
    plan: Plan, material: Material, pictures: Mapping[int, NDArray[np.uint8]]
) -> float | None:
    """Return how much a copy stands out from what was there."""
    if plan.copy is None:
        raise ValueError("the plan has no copy")
    donor, shift = plan.copy
    values = []
    for frame in np.linspace(0, len(material.frames) - 1, _SAMPLES).round().astype(int).tolist():
        own = donor.material.shape(donor.track, donor.frame(frame))
        if own is not None:
            alpha = np.ascontiguousarray(own.alpha[:, ::-1]) if donor.mirror else own.alpha
            place = Shape(copy_rect(own.rect, shift), alpha)
            old = (material.frames[frame].astype(np.float32), place)
            values.append(look_difference([old], [(pictures[frame].astype(np.float32), place)]))
    return round(float(np.mean(values)), 2) if values else None


def text_of(truth: dict[str, Any]) -> str:
    """Return the file's text: the same truth gives the same bytes."""
    return json.dumps(truth, allow_nan=False, sort_keys=True, separators=(",", ":")) + "\n"
