"""What a GitHub workflow shows: annotations on stdout, a table in the summary of the job."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from castcheck.facts.parts import ordered
from castcheck.labels import headline, kind_title, when
from castcheck.report.markdown import markdown_text

if TYPE_CHECKING:
    from castcheck.acceptance.gate import Gate
    from castcheck.facts.report import Report

SUMMARY_VARIABLE = "GITHUB_STEP_SUMMARY"
SUMMARY_LIMIT_BYTES = 1024 * 1024  # GitHub drops a summary that is larger, all of it
_LEVELS = {"critical": "warning", "major": "warning", "minor": "notice"}  # below the gate


def annotations_of(report: Report, gate: Gate) -> tuple[str, ...]:
    """Return a line per finding, worst first: an error where it trips the gate.

    GitHub shows ten errors, ten warnings and ten notices of a step at most; the summary has all.
    """
    lines = []
    for finding in ordered(report.findings):
        fails = gate.trips(finding) and not gate.silent
        level = "error" if fails else _LEVELS[finding.severity]
        title = f"{kind_title(finding.kind)} at {when(report, finding)} ({finding.severity})"
        lines.append(annotation(level, finding.message, file=report.clip.path, title=title))
    if report.verdict == "abstain":
        message = headline(report)
        lines.append(annotation("warning", message, file=report.clip.path, title="Abstained"))
    return tuple(lines)


def annotation(level: str, message: str, *, file: str, title: str) -> str:
    r"""Return one workflow command.

    Example:
        >>> annotation("error", "50 % of\nthem", file="a,b.mp4", title="Swap: 0:01")
        '::error file=a%2Cb.mp4,title=Swap%3A 0%3A01::50 %25 of%0Athem'
    """
    return f"::{level} file={_property(file)},title={_property(title)}::{_data(message)}"


def add_to_summary(report: Report) -> str:
    """Append the report to the summary of the job; return why not, empty where it was.

    Outside a workflow there is no summary, which is no failure.
    """
    name = os.environ.get(SUMMARY_VARIABLE, "").strip()
    if not name:
        return ""
    path = Path(name)
    text = (markdown_text(report) + "\n").encode("utf-8", "backslashreplace")
    try:
        size = path.stat().st_size if path.exists() else 0
        if size + len(text) > SUMMARY_LIMIT_BYTES:
            return f"${SUMMARY_VARIABLE} is full; the report of {report.clip.path} is not in it"
        with path.open("ab") as file:
            file.write(text)
    except OSError as err:
        reason = (err.strerror or str(err)).lower()
        return f"${SUMMARY_VARIABLE} ({path}) cannot be written: {reason}"
    return ""


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
