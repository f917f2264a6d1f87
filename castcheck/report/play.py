"""What a page needs to play a clip with everything found on top of it, as JSON types. Pure."""

from __future__ import annotations

from pathlib import PurePath
from typing import TYPE_CHECKING, Any

from castcheck.facts.parts import ordered
from castcheck.facts.report import frame_rate
from castcheck.labels import display_name, kind_title, when
from castcheck.report.palette import style_of
from castcheck.tables.kinds import KINDS

if TYPE_CHECKING:
    from castcheck.facts.report import Report, TrackletFacts
    from identity.findings import Finding

NOBODY = -1


def play_data(report: Report) -> dict[str, Any]:
    """Return the clip, who is in it, the boxes of every frame, and the findings, worst first.

    Characters are named by their index in `people`; -1 = not told.
    """
    clip = report.clip
    rate = frame_rate(clip.fps)
    index = {character.id: number for number, character in enumerate(report.characters)}
    return {
        "sha256": clip.sha256,
        "name": PurePath(clip.path).name or clip.path,
        "width": clip.width,
        "height": clip.height,
        "frames": clip.frames,
        "duration_s": clip.duration_s,
        "rate": None if rate is None else float(rate),
        "times": list(report.frame_times_s) or None,
        "shots": [[shot.start_frame, shot.stop_frame, shot.opens_with] for shot in report.shots],
        "people": [
            {"id": c.id, "name": display_name(c), "description": c.description, **_look(number)}
            for number, c in enumerate(report.characters)
        ],
        "tracks": [_track(tracklet, index) for tracklet in report.tracklets],
        "findings": [
            _finding(report, finding, index, number)
            for number, finding in enumerate(ordered(report.findings), start=1)
        ],
        "kinds": {kind.name: kind.title for kind in KINDS.values()},
    }


def _look(number: int) -> dict[str, str]:
    style = style_of(number)
    return {"letter": style.letter, "colour": style.colour, "ink": style.ink}


def _track(tracklet: TrackletFacts, index: dict[str, int]) -> dict[str, Any]:
    """Return a tracklet with whole pixels: a page draws no finer, and stays small."""
    first = tracklet.frames[0] if tracklet.frames else 0
    boxes: list[Any] = [0] * (tracklet.frames[-1] - first + 1 if tracklet.frames else 0)
    for frame, box in zip(tracklet.frames, tracklet.boxes, strict=True):
        boxes[frame - first] = [round(value) for value in box]
    return {
        "id": tracklet.id,
        "start": first,
        "boxes": boxes,
        "segments": [
            [s.start_frame, s.stop_frame, index.get(s.character or "", NOBODY), int(s.doubtful)]
            for s in tracklet.segments
        ],
    }


def _finding(
    report: Report, finding: Finding, index: dict[str, int], number: int
) -> dict[str, Any]:
    before, after = sides(report, finding)
    return {
        "number": number,
        "id": finding.finding_id,
        "kind": finding.kind,
        "title": kind_title(finding.kind),
        "severity": finding.severity,
        "percent": round(100 * finding.confidence),
        "accepted": finding.accepted,
        "start": finding.start_frame,
        "stop": finding.stop_frame,
        "when": when(report, finding),
        "message": finding.message,
        "people": [index[name] for name in finding.characters if name in index],
        "characters": list(finding.characters),
        "tracks": list(finding.tracklets),
        "sides": [before, after],
    }


def sides(report: Report, finding: Finding) -> tuple[int, int]:
    """Return the two frames that show a finding next to each other.

    The last frame before and the first frame of a change at once; the two ends of a slow change;
    for what is wrong all along, its beginning and its middle.
    """
    last = max(report.clip.frames - 1, 0)
    start, stop = finding.start_frame, finding.stop_frame
    row = KINDS.get(finding.kind)
    pictured = row.pictured if row is not None else "change"
    if pictured == "both_ends":
        pair = (start, stop - 1)
    elif pictured in {"side_by_side", "reference"}:
        pair = (start, (start + stop - 1) // 2)
    else:
        pair = (start - 1, start)
    return min(max(pair[0], 0), last), min(max(pair[1], 0), last)
