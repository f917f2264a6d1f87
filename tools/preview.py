"""Draws report pages from made-up findings, in a second: `python -m tools.preview [-o FOLDER]`.

For work on the page: no clip is read and no network is loaded. One page has a finding of every row
of the table of kinds, so that a new kind shows up at once.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from castcheck.config import Config
from castcheck.report.writers import ReportInputs, write_reports
from castcheck.tables.kinds import KINDS
from identity.findings import Finding
from tests.castcheck import support

if TYPE_CHECKING:
    from castcheck.facts.report import Report
    from castcheck.tables.kinds import Kind

DEFAULT_FOLDER = Path("castcheck-preview")
_FORMATS = ("json", "html", "md", "csv", "junit")
_FIRST_FRAME, _STEP = 10, 13  # of the made-up findings, in a clip of 150 frames


def every_kind() -> Report:
    """Return a made-up report with one finding of each kind, as severe as the kind may be."""
    base = support.full_report("every_kind.mp4")
    findings = tuple(_finding(kind, number) for number, kind in enumerate(KINDS.values()))
    return replace(base, findings=findings)


def _finding(kind: Kind, number: int) -> Finding:
    start = _FIRST_FRAME + _STEP * number
    alone = kind.name == "missing"
    return Finding(
        kind.name,
        kind.worst,
        round(0.97 - 0.04 * number, 3),
        () if alone else ("char-01", "char-02"),
        () if alone else (0, 1),
        (0,),
        start,
        start + (1 if kind.is_moment else 2 * _STEP),
        kind.meaning,
        {"strength": 1.25, "features": {"network": 0.4, "colour": 0.3}},
    )


REPORTS = {
    "every_kind": every_kind,
    "pass": support.pass_report,
    "abstain": support.empty_report,
    "one_frame": support.single_report,
    "crowd": support.crowd_report,
}


def draw(folder: Path) -> list[Path]:
    """Write a folder per made-up report and return the pages."""
    pages = []
    for name, make in REPORTS.items():
        report = make()
        inputs = ReportInputs(
            report, support.make_visuals(report), Config().report, Path(report.clip.path)
        )
        written = write_reports(inputs, folder / name, _FORMATS, progress=lambda *_: None)
        pages.append(written["html"])
    return pages


def main(arguments: list[str]) -> int:
    """Draw, and say where."""
    parser = argparse.ArgumentParser(description="Draw report pages from made-up findings.")
    parser.add_argument("-o", "--out", type=Path, default=DEFAULT_FOLDER, metavar="FOLDER")
    for page in draw(parser.parse_args(arguments).out):
        print(page)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
