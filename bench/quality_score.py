"""Figures on clips whose errors are known: per kind, false alarms, confidence (pure)."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from bench.matching import claimed_place
from castcheck.runs.matching import Truth, followed, match, notices, said_instead
from castcheck.tables.kinds import KINDS

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from castcheck.facts.report import Report

PLANTED_KINDS = ("swap", "morph", "drift", "attribute_swap", "clone", "vanish", "pop_in")
SWAP_PLACES = ("open", "crossing", "cut")
# A planted kind as it stands in the tables: swaps apart by where they happen.
ROWS = (*(f"swap, {place}" for place in SWAP_PLACES), *PLANTED_KINDS[1:])
NEAR_MISSES = ("wrong time", "wrong people")
TOLD = (*KINDS, *NEAR_MISSES, "nothing")
CONFIDENCE_EDGES = (0.0, 0.6, 0.7, 0.8, 0.9, 0.95, 1.0)
GRAVE = frozenset({"major", "critical"})


@dataclass(frozen=True, slots=True)
class EventRow:
    """What became of one planted error.

    Attributes:
        clip: Name of the clip.
        kind: Planted kind; `row`: the same with the place of a swap.
        start_frame, stop_frame: Half-open.
        found: Whether a finding tells it, by the contract.
        noticed: Whether anything is said in time about any of its people, of whatever kind.
        delay_frames: How much later the finding starts; `None` where there is none.
        told: Kind of the finding, or what was said instead, or "nothing".
    """

    clip: str
    kind: str
    row: str
    start_frame: int
    stop_frame: int
    found: bool
    noticed: bool
    delay_frames: int | None
    told: str


@dataclass(frozen=True, slots=True)
class FindingRow:
    """What became of one finding.

    Attributes:
        clip: Name of the clip.
        kind: Told kind; `row`: the same with the place of a swap, of the event where it is right,
            else where the finding claims to be.
        right: Whether it tells a planted error.
        start_frame, stop_frame, severity, confidence: As in the report.
    """

    clip: str
    kind: str
    row: str
    right: bool
    severity: str
    confidence: float
    start_frame: int
    stop_frame: int


@dataclass(frozen=True, slots=True)
class ClipRow:
    """One judged clip.

    Attributes:
        clip: Its name.
        broken: Whether anything is planted.
        seconds: Its length.
        species, video_look: How it is drawn.
        verdict: castcheck's.
        events, findings: What became of them.
        peers: Scores and hits of other methods, by name; see `bench.quality`.
    """

    clip: str
    broken: bool
    seconds: float
    species: str
    video_look: float
    verdict: str
    events: tuple[EventRow, ...] = ()
    findings: tuple[FindingRow, ...] = ()
    peers: dict[str, Any] = field(default_factory=dict)

    @property
    def score(self) -> float:
        """How sure castcheck is that something is wrong: its surest finding."""
        return max((f.confidence for f in self.findings), default=0.0)


def score_clip(
    clip: str, report: Report, truth: Truth, peers: dict[str, Any] | None = None
) -> ClipRow:
    """Compare a report with the truth."""
    follows = followed(report, truth)
    matches = match(report.findings, truth, follows)
    teller = {m.event: m.finding for m in matches}
    told_of = {m.finding: truth.events[m.event] for m in matches}
    loose = [f for k, f in enumerate(report.findings) if k not in told_of]
    events = []
    for i, event in enumerate(truth.events):
        finding = report.findings[teller[i]] if i in teller else None
        events.append(
            EventRow(
                clip,
                event.kind,
                row_name(event.kind, event.where),
                event.start_frame,
                event.stop_frame,
                finding is not None,
                any(notices(f, event, truth, follows) for f in report.findings),
                None if finding is None else finding.start_frame - event.start_frame,
                said_instead(event, loose, truth, follows) if finding is None else finding.kind,
            )
        )
    findings = []
    for k, finding in enumerate(report.findings):
        true = told_of.get(k)
        place = claimed_place(finding, report, truth) if true is None else true.where
        findings.append(
            FindingRow(
                clip,
                finding.kind,
                row_name(finding.kind, place),
                true is not None,
                finding.severity,
                finding.confidence,
                finding.start_frame,
                finding.stop_frame,
            )
        )
    return ClipRow(
        clip,
        bool(truth.events),
        truth.frames / truth.fps,
        truth.species,
        truth.video_look,
        report.verdict,
        tuple(events),
        tuple(findings),
        peers or {},
    )


def row_name(kind: str, where: str) -> str:
    """Return the row of the tables a kind belongs to; a swap of unknown place is an open one.

    Example:
        >>> row_name("swap", "cut"), row_name("drift", "per_shot"), row_name("swap", "")
        ('swap, cut', 'drift', 'swap, open')
    """
    if kind != "swap":
        return kind
    return f"swap, {where if where in SWAP_PLACES else 'open'}"


def kind_figures(clips: Sequence[ClipRow]) -> dict[str, dict[str, Any]]:
    """Return the figures per row of the table, then of all swaps, then of everything."""
    events = [e for c in clips for e in c.events]
    findings = [f for c in clips for f in c.findings]
    table = {
        name: figures([e for e in events if e.row == name], [f for f in findings if f.row == name])
        for name in ROWS
    }
    swaps = [e for e in events if e.kind == "swap"], [f for f in findings if f.kind == "swap"]
    return {**table, "swap, all": figures(*swaps), "all": figures(events, findings)}


def figures(events: Sequence[EventRow], findings: Sequence[FindingRow]) -> dict[str, Any]:
    """Return counts, precision, recall, F1 and delays; `None` where there is nothing to divide by.

    Example:
        >>> figures([], [])["f1"] is None
        True
    """
    found, right = sum(e.found for e in events), sum(f.right for f in findings)
    delays = [e.delay_frames for e in events if e.delay_frames is not None]
    total = len(events) + len(findings)
    return {
        "events": len(events),
        "found": found,
        "told": len(findings),
        "precision": right / len(findings) if findings else None,
        "recall": found / len(events) if events else None,
        "f1": (found + right) / total if total else None,
        "delay_abs_median": float(np.median(np.abs(delays))) if delays else None,
        "delay_median": float(np.median(delays)) if delays else None,
    }


def false_alarms(clips: Iterable[ClipRow]) -> dict[str, Any]:
    """Return how often castcheck cries wolf on clips in which nothing is wrong."""
    clean = [c for c in clips if not c.broken]
    told = [f for c in clean for f in c.findings]
    grave = [f for f in told if f.severity in GRAVE]
    minutes = sum(c.seconds for c in clean) / 60

    def rates(some: Sequence[FindingRow]) -> dict[str, Any]:
        return {
            "count": len(some),
            "per_minute": len(some) / minutes if minutes else None,
            "per_100_clips": 100 * len(some) / len(clean) if clean else None,
            "clips_with_any": len({f.clip for f in some}),
            "kinds": dict(Counter(f.kind for f in some).most_common()),
        }

    return {
        "clean_clips": len(clean),
        "clean_minutes": minutes,
        "all": rates(told),
        "major": rates(grave),
    }


def calibration(
    findings: Sequence[FindingRow], edges: Sequence[float] = CONFIDENCE_EDGES
) -> list[dict[str, Any]]:
    """Return per bin of confidence how many findings there are and which share is right.

    A bin holds its lower edge; the last one its upper edge, too.

    Example:
        >>> calibration([], [0.0, 0.5, 1.0])[1]
        {'low': 0.5, 'high': 1.0, 'findings': 0, 'confidence': None, 'right': None}
    """
    rows = []
    for low, high in pairwise(edges):
        last = high == edges[-1]
        inside = [
            f for f in findings if low <= f.confidence < high or (last and f.confidence == high)
        ]
        rows.append(
            {
                "low": low,
                "high": high,
                "findings": len(inside),
                "confidence": float(np.mean([f.confidence for f in inside])) if inside else None,
                "right": float(np.mean([f.right for f in inside])) if inside else None,
            }
        )
    return rows


def calibration_error(findings: Sequence[FindingRow]) -> float | None:
    """Return the expected calibration error: mean gap between confidence and share right."""
    rows = [r for r in calibration(findings) if r["findings"]]
    if not rows:
        return None
    gaps = [r["findings"] * abs(r["confidence"] - r["right"]) for r in rows]
    return float(sum(gaps) / sum(r["findings"] for r in rows))


def confusion(clips: Sequence[ClipRow]) -> dict[str, dict[str, int]]:
    """Return planted kind -> what was told -> how often; then what was told where nothing is."""
    table = {
        name: dict(Counter(e.told for c in clips for e in c.events if e.row == name))
        for name in ROWS
    }
    for name, broken in (("(clean clips)", False), ("(left over in broken clips)", True)):
        wrong = [f.kind for c in clips if c.broken is broken for f in c.findings if not f.right]
        table[name] = dict(Counter(wrong))
    return table


def splits(clips: Sequence[ClipRow]) -> dict[str, dict[str, Any]]:
    """Return the figures with and without the video look, and by species."""
    groups = {
        "video look off": [c for c in clips if c.video_look == 0],
        "video look on": [c for c in clips if c.video_look > 0],
    }
    for species in sorted({c.species for c in clips if c.species}):
        groups[species] = [c for c in clips if c.species == species]
    return {
        name: {
            "clips": len(some),
            "kinds": kind_figures(some),
            "false_alarms": false_alarms(some),
        }
        for name, some in groups.items()
        if some
    }
