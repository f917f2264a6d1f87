"""The findings as OpenTimelineIO: shots as clips of a track, findings as markers on them.

Written by hand, since all it takes is JSON of a published schema.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from castcheck.facts.parts import ordered
from castcheck.facts.report import frame_rate
from castcheck.labels import kind_title
from castcheck.report.edl import timeline_frame

if TYPE_CHECKING:
    from castcheck.facts.report import Report, ShotFacts
    from castcheck.report.writers import ReportInputs
    from identity.findings import Finding

MARKER_COLOURS = {"critical": "RED", "major": "ORANGE", "minor": "YELLOW"}


def render(inputs: ReportInputs) -> str:
    """Return the text of `findings.otio`."""
    return json.dumps(otio_timeline(inputs.report), ensure_ascii=False, allow_nan=False, indent=1)


def otio_timeline(report: Report) -> dict[str, Any]:
    """Return the timeline as JSON types.

    Time is counted in frames of the clip's rate, also where the clip has no steady one.
    """
    rate = float(frame_rate(report.clip.fps) or 25)
    name = Path(report.clip.path).name
    track: dict[str, Any] = {
        "OTIO_SCHEMA": "Track.1",
        "name": "shots",
        "kind": "Video",
        "children": [_clip(report, shot, rate) for shot in report.shots],
        "markers": [],
        "effects": [],
        "metadata": {},
        "source_range": None,
    }
    return {
        "OTIO_SCHEMA": "Timeline.1",
        "name": f"castcheck {name}",
        "global_start_time": None,
        "metadata": {
            "castcheck": {"verdict": report.verdict, "sha256": report.clip.sha256},
        },
        "tracks": {
            "OTIO_SCHEMA": "Stack.1",
            "name": "tracks",
            "children": [track],
            "markers": [],
            "effects": [],
            "metadata": {},
            "source_range": None,
        },
    }


def _clip(report: Report, shot: ShotFacts, rate: float) -> dict[str, Any]:
    last = report.shots[-1].index
    markers = [
        _marker(report, finding, rate)
        for finding in ordered(report.findings)
        if shot.start_frame <= finding.start_frame < shot.stop_frame
        or (shot.index == last and finding.start_frame >= shot.stop_frame)
    ]
    return {
        "OTIO_SCHEMA": "Clip.1",
        "name": f"shot {shot.index + 1}",
        "source_range": _range(
            timeline_frame(report, shot.start_frame), timeline_frame(report, shot.stop_frame), rate
        ),
        "media_reference": {
            "OTIO_SCHEMA": "ExternalReference.1",
            "target_url": report.clip.path,
            "available_range": _range(0, timeline_frame(report, report.clip.frames), rate),
            "name": "",
            "metadata": {},
        },
        "markers": markers,
        "effects": [],
        "metadata": {},
    }


def _marker(report: Report, finding: Finding, rate: float) -> dict[str, Any]:
    start, stop = (timeline_frame(report, f) for f in (finding.start_frame, finding.stop_frame))
    return {
        "OTIO_SCHEMA": "Marker.2",
        "name": f"{kind_title(finding.kind)} ({finding.severity})",
        "color": MARKER_COLOURS[finding.severity],
        "comment": finding.message,
        "marked_range": _range(start, max(stop, start + 1), rate),
        "metadata": {
            "castcheck": {
                "id": finding.finding_id,
                "kind": finding.kind,
                "severity": finding.severity,
                "confidence": finding.confidence,
                "characters": list(finding.characters),
            },
            # Where the adapter for Final Cut Pro XML, which Premiere reads, looks for a comment.
            "fcp_xml": {"comment": finding.message},
        },
    }


def _range(start_frame: int, stop_frame: int, rate: float) -> dict[str, Any]:
    return {
        "OTIO_SCHEMA": "TimeRange.1",
        "start_time": _time(start_frame, rate),
        "duration": _time(stop_frame - start_frame, rate),
    }


def _time(frames: int, rate: float) -> dict[str, Any]:
    return {"OTIO_SCHEMA": "RationalTime.1", "value": float(frames), "rate": rate}
