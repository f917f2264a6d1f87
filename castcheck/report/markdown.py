"""The findings as Markdown: for job summaries, pull requests and chats."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from castcheck.facts.parts import ordered
from castcheck.labels import display_name, headline, kind_title, when

if TYPE_CHECKING:
    from castcheck.facts.report import Report
    from castcheck.report.writers import ReportInputs
    from identity.findings import Finding

_SPECIAL = re.compile(r"([\\`*_{}\[\]<>|#~@!&])")
_MARKS = {"pass": "✅ PASS", "fail": "❌ FAIL", "abstain": "⚠️ ABSTAIN"}


def render(inputs: ReportInputs) -> str:
    """Return the text of `findings.md`."""
    return markdown_text(inputs.report)


def markdown_text(report: Report) -> str:
    """Return verdict, findings (worst first), and who is in the clip, as Markdown."""
    lines = [
        f"### {_MARKS[report.verdict]} {plain(report.clip.path)}",
        "",
        f"{plain(headline(report))}",
    ]
    if report.findings:
        lines += [
            "",
            "| when | frames | kind | severity | confidence | what |",
            "|---|---|---|---|---|---|",
        ]
    lines += [
        f"| {when(report, finding)} | {_frames(finding)} | {kind_title(finding.kind)} "
        f"| {finding.severity} | {finding.confidence:.2f} | {plain(finding.message)} |"
        for finding in ordered(report.findings)
    ]
    if report.characters:
        lines += ["", "| character | looks | on screen | consistency |", "|---|---|---|---|"]
    lines += [
        f"| {plain(display_name(c))} | {plain(c.description)} | {c.screen_s:.1f} s "
        f"| {'not judged' if c.consistency is None else f'{c.consistency:.0%}'} |"
        for c in report.characters
    ]
    lines += ["", *(f"- {plain(line)}" for line in report.degradations)]
    return "\n".join(lines).rstrip() + "\n"


def _frames(finding: Finding) -> str:
    last = finding.stop_frame - 1
    return str(last) if finding.start_frame >= last else f"{finding.start_frame} to {last}"


def plain(text: str) -> str:
    r"""Return `text` on one line so that Markdown shows it as it is.

    Example:
        >>> plain("a_b|c\n<d>")
        'a\\_b\\|c \\<d\\>'
    """
    return _SPECIAL.sub(r"\\\1", " ".join(text.split()))
