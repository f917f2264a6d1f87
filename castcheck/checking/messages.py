"""What is printed about a clip: its verdict, a line per finding, annotations of a workflow."""

from __future__ import annotations

from typing import TYPE_CHECKING

from castcheck.console.screen import Screen, printable
from castcheck.facts.parts import ordered
from castcheck.labels import clock, headline, kind_title, weight, when
from castcheck.report import github
from castcheck.tables.formats import GITHUB

if TYPE_CHECKING:
    from castcheck.config import Config
    from castcheck.facts.report import Report


def show(report: Report, screen: Screen, *, label: str) -> None:
    """Print the verdict on one clip and a line per finding, worst first."""
    screen.verdict(report.verdict.upper(), f"{label}: {headline(report)}")
    for finding in ordered(report.findings):
        title = f"{weight(finding)} {kind_title(finding.kind).lower()}"
        screen.line(f"      {when(report, finding)}  {title}: {finding.message}")
    for gone in report.baseline.gone if report.baseline is not None else ():
        title = f"gone, accepted {kind_title(gone.kind).lower()}"
        screen.line(f"      {clock(gone.start_s)}  {title}: {gone.message}")


def tell_github(report: Report, config: Config, screen: Screen) -> None:
    """Print the annotations of a workflow, and add the report to the summary of its job."""
    for line in github.annotations_of(report, config.parsed_gate()):
        screen.data(printable(line))
    complaint = github.add_to_summary(report)
    if complaint:
        screen.note(complaint)


def tell_github_of_failure(clip: str, text: str, config: Config, screen: Screen) -> None:
    """Print the annotation of a clip that could not be judged, where a workflow listens."""
    if GITHUB in config.report.format_list:
        line = github.annotation("error", text, file=clip, title="Not judged")
        screen.data(printable(line))
