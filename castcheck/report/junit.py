"""The findings as JUnit XML: what most build servers show without being taught."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET  # nosec B405

from castcheck.facts.parts import ordered
from castcheck.labels import display_name, frames, headline, kind_title, when

if TYPE_CHECKING:
    from castcheck.facts.report import Report
    from castcheck.report.writers import ReportInputs
    from identity.findings import Finding

# What XML 1.0 cannot hold, not even as an escape.
_FORBIDDEN = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def render(inputs: ReportInputs) -> str:
    """Return the text of `junit.xml`."""
    return junit_text(inputs.report)


def junit_text(report: Report) -> str:
    """Return one test suite for the clip: a failed case per finding, a passed one per character.

    A character who could not be judged is a skipped case; so are a clip with nobody to judge, a
    finding that was accepted, and all findings of a clip that does not fail.
    """
    suite = ET.Element("testsuite", name=_clean(report.clip.path))
    for finding in ordered(report.findings):
        _add_finding(suite, report, finding)
    named = {name for finding in report.findings for name in finding.characters}
    for character in report.characters:
        if character.id not in named:
            case = _case(suite, report, f"{display_name(character)} stays the same")
            if character.abstained:
                ET.SubElement(case, "skipped", message=_clean(character.abstained))
    if report.verdict == "abstain" and not report.characters:
        ET.SubElement(_case(suite, report, "cast"), "skipped", message=headline(report))
    suite.set("tests", str(len(suite)))
    suite.set("failures", str(len(suite.findall("*/failure"))))
    suite.set("errors", "0")
    suite.set("skipped", str(len(suite.findall("*/skipped"))))
    elapsed_s = report.timings.get("elapsed", sum(report.timings.values()))
    suite.set("time", f"{elapsed_s:.3f}")
    root = ET.Element("testsuites")
    root.append(suite)
    ET.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(root, encoding="unicode") + "\n"


def _add_finding(suite: ET.Element, report: Report, finding: Finding) -> None:
    title = f"{kind_title(finding.kind)} at {when(report, finding)} ({finding.finding_id})"
    case = _case(suite, report, title)
    if finding.accepted or report.verdict != "fail":
        why = "accepted" if finding.accepted else "below the gate"
        ET.SubElement(case, "skipped", message=_clean(f"{why}: {finding.message}"))
        return
    failure = ET.SubElement(
        case,
        "failure",
        type=f"{finding.kind}.{finding.severity}",
        message=_clean(finding.message),
    )
    failure.text = _clean(
        f"{finding.severity} {finding.kind}, {frames(finding)}, "
        f"confidence {finding.confidence:.2f}: {finding.message}"
    )


def _case(suite: ET.Element, report: Report, name: str) -> ET.Element:
    return ET.SubElement(
        suite, "testcase", classname=_clean(f"castcheck.{report.clip.path}"), name=_clean(name)
    )


def _clean(text: str) -> str:
    return _FORBIDDEN.sub("\ufffd", text)
