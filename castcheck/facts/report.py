"""The report: the one value every writer, script and test reads, and its JSON.

Schema `castcheck.report/1`: fields may be added, never changed.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field, fields
from typing import TYPE_CHECKING, Any

from castcheck.facts.parts import (
    BaselineFacts,
    CharacterFacts,
    ClipFacts,
    Curve,
    GoneFacts,
    MemberFacts,
    SegmentFacts,
    ShotFacts,
    TrackletFacts,
    Verdict,
    frame_rate,
    ordered,
)
from castcheck.support.json_text import from_json
from identity.findings import SEVERITIES, Finding
from scenes.errors import CastcheckError

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = [
    "SCHEMA",
    "BaselineFacts",
    "CharacterFacts",
    "ClipFacts",
    "Curve",
    "GoneFacts",
    "MemberFacts",
    "Report",
    "ReportReadError",
    "SegmentFacts",
    "ShotFacts",
    "TrackletFacts",
    "Verdict",
    "finding_to_dict",
    "frame_rate",
    "report_from_dict",
    "report_from_json",
    "report_to_dict",
    "report_to_json",
]

SCHEMA = "castcheck.report/1"
STEADY_WITHIN_S = 0.001  # Matroska stores whole milliseconds: no closer can be asked for
_TIME_DIGITS = 6


class ReportReadError(CastcheckError):
    """A text that should be a report is none this version can read."""


@dataclass(frozen=True, slots=True, repr=False)
class Report:
    """Everything castcheck says about one clip.

    Attributes:
        clip: What was judged.
        verdict: "pass", "fail" or "abstain".
        shots, characters, tracklets, findings: What was seen in it.
        frame_times_s: When each frame is shown, seconds from the first. Give them always; they are
            kept only where they differ from the steady beat of `clip.fps`, and are empty otherwise.
        provenance: What judged it: version, models, configuration, device.
        degradations: What could not be done as it should.
        cast: Who of the cast file is in the clip; empty without one.
        timings: Seconds per stage, and in all (`elapsed`); stages may run beside each other.
        baseline: Which findings were accepted before; `None` without a baseline.
    """

    clip: ClipFacts
    verdict: Verdict
    shots: tuple[ShotFacts, ...] = ()
    characters: tuple[CharacterFacts, ...] = ()
    tracklets: tuple[TrackletFacts, ...] = ()
    findings: tuple[Finding, ...] = ()
    frame_times_s: tuple[float, ...] = ()
    provenance: Mapping[str, Any] = field(default_factory=dict)
    degradations: tuple[str, ...] = ()
    timings: Mapping[str, float] = field(default_factory=dict)
    cast: tuple[MemberFacts, ...] = ()
    baseline: BaselineFacts | None = None

    def __post_init__(self) -> None:
        rate = frame_rate(self.clip.fps)
        times = tuple(round(float(time), 6) for time in self.frame_times_s)
        if rate is not None and all(
            abs(time - index / rate) <= STEADY_WITHIN_S for index, time in enumerate(times)
        ):
            times = ()
        object.__setattr__(self, "frame_times_s", times)

    @property
    def passed(self) -> bool:
        """Whether somebody was judged and nothing is at or above the gate: not "abstain"."""
        return self.verdict == "pass"

    def __repr__(self) -> str:
        """Return what a failed assertion should show: the findings, and not every box."""
        worst = ordered(self.findings)[:3]
        rows = [f"{f.kind} at frame {f.start_frame}: {f.message}" for f in worst]
        more = [f"and {len(self.findings) - 3} more"] if len(self.findings) > 3 else []
        return f"<Report {self.verdict} {self.clip.path!r}: {'; '.join([*rows, *more]) or '-'}>"

    def at_or_above(self, severity: str) -> tuple[Finding, ...]:
        """Return the findings whose severity is `severity` or worse."""
        floor = SEVERITIES.index(severity)  # type: ignore[arg-type]
        return tuple(f for f in self.findings if SEVERITIES.index(f.severity) >= floor)

    def time_s(self, frame: int) -> float:
        """Return when `frame` is shown; for the frame after the last, the end of the clip.

        Example:
            >>> Report(ClipFacts("a.mp4", "", 64, 64, 48, "24/1", 2.0), "abstain").time_s(12)
            0.5
        """
        if frame >= self.clip.frames:
            return self.clip.duration_s
        if frame < len(self.frame_times_s):
            return self.frame_times_s[frame]
        rate = frame_rate(self.clip.fps)
        if rate is None:
            return self.clip.duration_s * frame / self.clip.frames
        return float(frame / rate)

    def to_json(self, *, pretty: bool = True) -> str:
        """Return the report as JSON text in the published schema. No NaN; unknown is `null`.

        Args:
            pretty: One line per shot, character, tracklet and finding; else all on one line.
        """
        return report_to_json(self, pretty=pretty)

    @staticmethod
    def from_json(text: str) -> Report:
        """Read back what `to_json` wrote.

        Raises:
            CastcheckError: The text is not a report of a schema this version knows.
        """
        return report_from_json(text)


def report_to_dict(report: Report) -> dict[str, Any]:
    """Return the report as JSON types in the order of the published schema."""
    return {
        "schema": SCHEMA,
        "clip": asdict(report.clip),
        "verdict": report.verdict,
        "shots": [asdict(shot) for shot in report.shots],
        "characters": [asdict(character) for character in report.characters],
        "tracklets": [_tracklet_to_dict(tracklet) for tracklet in report.tracklets],
        "findings": [finding_to_dict(finding, report) for finding in report.findings],
        "provenance": dict(report.provenance),
        "degradations": list(report.degradations),
        "timings": dict(report.timings),
        # Only where there is a cast file.
        **({"cast": [asdict(member) for member in report.cast]} if report.cast else {}),
        # Only where there is a baseline.
        **({} if report.baseline is None else {"baseline": asdict(report.baseline)}),
        # Only where the clip has no steady rate; else frame / fps tells the time.
        **({"frame_times_s": list(report.frame_times_s)} if report.frame_times_s else {}),
    }


def report_to_json(report: Report, *, pretty: bool = True) -> str:
    """Return the report as JSON text. No NaN.

    Args:
        report: The report.
        pretty: Top-level keys and the rows of lists on lines of their own; else one line.
    """
    table = report_to_dict(report)
    if not pretty:
        return _dump(table)
    rows = (f" {_dump(key)}: {_dump_rows(value)}" for key, value in table.items())
    return "{\n" + ",\n".join(rows) + "\n}\n"


def report_from_dict(table: Mapping[str, Any]) -> Report:
    """Build the report that `report_to_dict` took apart; unknown fields are passed over.

    Raises:
        ReportReadError: Another schema, or a field is missing or of the wrong kind.
    """
    schema = table.get("schema")
    if schema != SCHEMA:
        raise ReportReadError(
            f"schema is {schema!r}, this version reads {SCHEMA!r}", where="report"
        )
    try:
        return Report(
            clip=_build(ClipFacts, table["clip"]),
            verdict=table["verdict"],
            shots=tuple(_build(ShotFacts, row) for row in table["shots"]),
            characters=tuple(_build(CharacterFacts, row) for row in table["characters"]),
            tracklets=tuple(_tracklet(row) for row in table["tracklets"]),
            findings=tuple(_finding(row) for row in table["findings"]),
            frame_times_s=tuple(table.get("frame_times_s", ())),
            provenance=dict(table["provenance"]),
            degradations=tuple(table["degradations"]),
            timings=dict(table["timings"]),
            cast=tuple(_member(row) for row in table.get("cast", ())),
            baseline=_baseline(table.get("baseline")),
        )
    except KeyError as err:
        raise ReportReadError(f"field {err} is missing", where="report") from err
    except (TypeError, ValueError, AttributeError) as err:
        raise ReportReadError(f"a field is of the wrong kind: {err}", where="report") from err


def report_from_json(text: str) -> Report:
    """Read a report from JSON text.

    Raises:
        ReportReadError: The text is not JSON, or no report this version can read.
    """
    try:
        table = from_json(text)
    except ValueError as err:
        raise ReportReadError(f"not JSON: {err}", where="report") from err
    if not isinstance(table, dict):
        raise ReportReadError("not a JSON object", where="report")
    return report_from_dict(table)


def _tracklet_to_dict(tracklet: TrackletFacts) -> dict[str, Any]:
    table = {
        "id": tracklet.id,
        "shot": tracklet.shot,
        "frames": list(tracklet.frames),
        "boxes": [list(box) for box in tracklet.boxes],
        "scores": list(tracklet.scores),
        "segments": [asdict(segment) for segment in tracklet.segments],
        "likeness": None,
    }
    if tracklet.likeness is not None:
        curve = tracklet.likeness
        table["likeness"] = {"frames": list(curve.frames), "values": list(curve.values)}
    return table


def finding_to_dict(finding: Finding, report: Report) -> dict[str, Any]:
    """Return a finding as JSON types, with its times."""
    return {
        "id": finding.finding_id,
        "kind": finding.kind,
        "severity": finding.severity,
        "confidence": finding.confidence,
        "characters": list(finding.characters),
        "tracklets": list(finding.tracklets),
        "shots": list(finding.shots),
        "start_frame": finding.start_frame,
        "stop_frame": finding.stop_frame,
        "start_s": round(report.time_s(finding.start_frame), _TIME_DIGITS),
        "stop_s": round(report.time_s(finding.stop_frame), _TIME_DIGITS),
        "message": finding.message,
        "evidence": finding.evidence,
        # Only where a person has accepted it.
        **({"accepted": True} if finding.accepted else {}),
    }


def _build(kind: type[Any], row: Mapping[str, Any]) -> Any:
    """Return `kind` from the fields of `row` that it knows; one without default must be there."""
    return kind(**{item.name: row[item.name] for item in fields(kind) if item.name in row})


def _tracklet(row: Mapping[str, Any]) -> TrackletFacts:
    curve = row.get("likeness")
    return TrackletFacts(
        id=row["id"],
        shot=row["shot"],
        frames=tuple(row["frames"]),
        boxes=tuple(tuple(box) for box in row["boxes"]),  # type: ignore[misc]
        scores=tuple(row["scores"]),
        segments=tuple(_build(SegmentFacts, segment) for segment in row["segments"]),
        likeness=None if curve is None else Curve(tuple(curve["frames"]), tuple(curve["values"])),
    )


def _member(row: Mapping[str, Any]) -> MemberFacts:
    return _build(MemberFacts, {**row, "characters": tuple(row["characters"])})  # type: ignore[no-any-return]


def _baseline(row: Mapping[str, Any] | None) -> BaselineFacts | None:
    if row is None:
        return None
    gone = tuple(_build(GoneFacts, entry) for entry in row["gone"])
    return _build(BaselineFacts, {**row, "gone": gone})  # type: ignore[no-any-return]


def _finding(row: Mapping[str, Any]) -> Finding:
    values = {item.name: row[item.name] for item in fields(Finding) if item.name in row}
    for name in ("characters", "tracklets", "shots"):
        values[name] = tuple(row[name])
    return Finding(**values)


def _dump(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, allow_nan=False)


def _dump_rows(value: Any) -> str:
    if not isinstance(value, list) or not value or not isinstance(value[0], dict):
        return _dump(value)
    return "[\n" + ",\n".join(f"  {_dump(row)}" for row in value) + "\n ]"
