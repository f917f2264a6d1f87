"""Findings that a person accepted: they are told, and fail no clip; what is new does.

A finding is known again by the clip's content, its kind, when it is and where those concerned are
on screen: numbers of characters and tracklets change from version to version, boxes hardly do.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, fields, replace
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np

from castcheck.acceptance.verdict import verdict_on
from castcheck.facts.report import BaselineFacts, GoneFacts, frame_rate
from castcheck.support.json_text import from_json
from castcheck.tables.kinds import KINDS, MOMENTS, TOLERANCE_FRAMES
from scenes.errors import CastcheckError
from tracker import boxes
from tracker.assignment import cheapest_pairs

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from castcheck.acceptance.gate import Gate
    from castcheck.facts.report import Report
    from identity.findings import Finding

BASELINE_SCHEMA = "castcheck.baseline/1"
TOLERANCE_S = 0.35  # a moment may move by so much from version to version
_MIN_OVERLAP = 0.5  # of the shorter of two that last
_SAME_PLACE_IOU = 0.35  # a box of another detector around the same body
_ONE_PLACE_IOU = 0.5  # two tracklets at one place are one body: before and after
_DIGITS = 1

Box = tuple[float, ...]


class BaselineError(CastcheckError):
    """A file is no baseline."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One finding that was accepted.

    Attributes:
        clip_sha256: Of the clip.
        clip: What it was called, for people.
        finding: Its id then, for people.
        kind: As in the report.
        start_frame, stop_frame: Half-open.
        start_s, stop_s: The same in seconds.
        places: [x1, y1, x2, y2] pixels of everybody concerned, when it starts; empty where nobody
            is on screen.
        member: Whom of the cast it is about; `None` where nobody.
        message: What was told.
    """

    clip_sha256: str
    clip: str
    finding: str
    kind: str
    start_frame: int
    stop_frame: int
    start_s: float
    stop_s: float
    places: tuple[Box, ...]
    member: str | None
    message: str


@dataclass(frozen=True, slots=True)
class Baseline:
    """What was accepted.

    Attributes:
        entries: In the order of the file.
        name: The file, as the user gave it.
        sha256: Of the file.
    """

    entries: tuple[Entry, ...]
    name: str = ""
    sha256: str = ""


def load_baseline(path: Path) -> Baseline:
    """Read a baseline.

    Raises:
        BaselineError: It cannot be read, or is none this version can read.
    """
    try:
        data = path.read_bytes()
    except OSError as err:
        reason = (err.strerror or str(err)).lower()
        raise BaselineError(
            f"cannot be read: {reason}", where=path, hint="check --baseline"
        ) from err
    try:
        table = from_json(data.decode("utf-8"))
        if not isinstance(table, dict) or table.get("schema") != BASELINE_SCHEMA:
            raise ValueError("no baseline of a schema this version knows")  # noqa: TRY301
        entries = tuple(_entry(row) for row in table["findings"])
    except (ValueError, TypeError, KeyError, AttributeError) as err:
        what = f"field {err} is missing" if isinstance(err, KeyError) else str(err)
        raise BaselineError(
            f"is not a baseline: {what}",
            where=path,
            hint="`castcheck baseline RUN -o FILE` writes one",
        ) from err
    return Baseline(entries, str(path), hashlib.sha256(data).hexdigest())


def baseline_json(entries: Sequence[Entry]) -> str:
    """Return the text of a baseline: an entry a line, in the order of clips and time."""
    order = sorted(entries, key=lambda e: (e.clip, e.clip_sha256, e.start_frame, e.finding))
    rows = ",\n".join(f"  {json.dumps(asdict(e), ensure_ascii=False)}" for e in order)
    body = f"[\n{rows}\n ]" if rows else "[]"
    return f'{{\n "schema": "{BASELINE_SCHEMA}",\n "findings": {body}\n}}\n'


def entry_of(report: Report, finding: Finding) -> Entry:
    """Return what is kept of a finding to know it again."""
    member = finding.evidence.get("member")
    return Entry(
        report.clip.sha256,
        report.clip.path,
        finding.finding_id,
        finding.kind,
        finding.start_frame,
        finding.stop_frame,
        round(report.time_s(finding.start_frame), 3),
        round(report.time_s(finding.stop_frame), 3),
        places_of(report, finding, at_frame=finding.start_frame),
        None if member is None else str(member),
        finding.message,
    )


def places_of(report: Report, finding: Finding, *, at_frame: int) -> tuple[Box, ...]:
    """Return where those concerned are, each once: pixels at the nearest frame there is."""
    places: list[Box] = []
    for tracklet in report.tracklets:
        if tracklet.id in finding.tracklets and tracklet.frames:
            nearest = min(
                range(len(tracklet.frames)), key=lambda k: abs(tracklet.frames[k] - at_frame)
            )
            box = tuple(round(value, _DIGITS) for value in tracklet.boxes[nearest])
            if not places or _ious([box], places).max() < _ONE_PLACE_IOU:
                places.append(box)
    return tuple(places)


def apply_baseline(report: Report, baseline: Baseline, gate: Gate) -> Report:
    """Return the report with what was accepted marked, and the verdict that the rest deserves."""
    mine = [entry for entry in baseline.entries if entry.clip_sha256 == report.clip.sha256]
    known = match_entries(report, mine)
    findings = tuple(
        replace(finding, accepted=k in known.values()) for k, finding in enumerate(report.findings)
    )
    gone = tuple(
        GoneFacts(e.finding, e.kind, e.start_s, e.stop_s, e.message)
        for i, e in enumerate(mine)
        if i not in known
    )
    return replace(
        report,
        findings=findings,
        verdict=verdict_on(findings, report.characters, gate),
        baseline=BaselineFacts(baseline.name, baseline.sha256, len(known), gone),
    )


def match_entries(report: Report, entries: Sequence[Entry]) -> dict[int, int]:
    """Return which entry is which finding, by their places in the sequences; one is one at most."""
    if not entries or not report.findings:
        return {}
    hopeless = 1e9
    cost = np.full((len(entries), len(report.findings)), hopeless)
    for i, entry in enumerate(entries):
        for k, finding in enumerate(report.findings):
            if _is_same(entry, finding, report):
                cost[i, k] = abs(entry.start_frame - finding.start_frame)
    rows, columns = cheapest_pairs(cost)
    return {int(i): int(k) for i, k in zip(rows, columns, strict=True) if cost[i, k] < hopeless}


def _is_same(entry: Entry, finding: Finding, report: Report) -> bool:
    if entry.kind != finding.kind:
        return False
    if entry.member is not None and finding.evidence.get("member") not in (None, entry.member):
        return False
    return _same_time(entry, finding, report) and _same_places(entry, finding, report)


def _same_time(entry: Entry, finding: Finding, report: Report) -> bool:
    if entry.kind in MOMENTS:
        rate = frame_rate(report.clip.fps) or Fraction(0)
        tolerance = max(TOLERANCE_FRAMES, round(TOLERANCE_S * float(rate)))
        return abs(entry.start_frame - finding.start_frame) <= tolerance
    start = max(entry.start_frame, finding.start_frame)
    shared = min(entry.stop_frame, finding.stop_frame) - start
    shorter = min(entry.stop_frame - entry.start_frame, finding.stop_frame - finding.start_frame)
    return shared >= max(_MIN_OVERLAP * shorter, 1)


def _same_places(entry: Entry, finding: Finding, report: Report) -> bool:
    """Tell whether most of those concerned then are most of those concerned now."""
    places = places_of(report, finding, at_frame=entry.start_frame)
    if not places or not entry.places:
        return not places and not entry.places
    near = _ious(entry.places, places)
    rows, columns = cheapest_pairs(-near)
    shared = int((near[rows, columns] >= _SAME_PLACE_IOU).sum())
    return 2 * shared > max(len(places), len(entry.places))


def _ious(ones: Sequence[Box], others: Sequence[Box]) -> np.ndarray:
    table: np.ndarray = boxes.iou(np.array(ones, np.float32), np.array(others, np.float32))
    return table


def _entry(row: dict[str, Any]) -> Entry:
    values = {item.name: row[item.name] for item in fields(Entry)}
    places = tuple(tuple(float(v) for v in box) for box in row["places"])
    if any(len(box) != 4 for box in places):
        raise ValueError("a place is [x1, y1, x2, y2]")
    if row["kind"] not in KINDS:
        raise ValueError(f"kind {row['kind']!r} is unknown")
    numbers = {name: int(row[name]) for name in ("start_frame", "stop_frame")}
    return Entry(**{**values, **numbers, "places": places})
