"""The findings as a table for spreadsheets."""

from __future__ import annotations

import csv
import io
import json
from typing import TYPE_CHECKING

from castcheck.facts.parts import ordered

if TYPE_CHECKING:
    from castcheck.facts.report import Report
    from castcheck.report.writers import ReportInputs

COLUMNS = (
    "clip",
    "id",
    "kind",
    "severity",
    "confidence",
    "characters",
    "tracklets",
    "shots",
    "start_frame",
    "stop_frame",
    "start_s",
    "stop_s",
    "message",
    "evidence",
    "accepted",
)
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


def render(inputs: ReportInputs) -> str:
    """Return the text of `findings.csv`: a header, then one line per finding, worst first."""
    return csv_text(inputs.report)


def csv_text(report: Report) -> str:
    """Return the findings of `report` as CSV."""
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(COLUMNS)
    for finding in ordered(report.findings):
        writer.writerow(
            [
                neutral(report.clip.path),
                neutral(finding.finding_id),
                finding.kind,
                finding.severity,
                finding.confidence,
                neutral(" ".join(finding.characters)),
                " ".join(map(str, finding.tracklets)),
                " ".join(map(str, finding.shots)),
                finding.start_frame,
                finding.stop_frame,
                f"{report.time_s(finding.start_frame):.3f}",
                f"{report.time_s(finding.stop_frame):.3f}",
                neutral(finding.message),
                neutral(json.dumps(finding.evidence, ensure_ascii=False)),
                str(finding.accepted).lower(),
            ]
        )
    return file.getvalue()


def neutral(text: str) -> str:
    """Return `text` so that no spreadsheet takes it for a formula.

    Example:
        >>> neutral("=1+1"), neutral("a.mp4")
        ("'=1+1", 'a.mp4')
    """
    return f"'{text}" if text.startswith(_FORMULA_STARTS) else text
