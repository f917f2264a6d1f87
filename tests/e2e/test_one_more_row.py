"""A kind and a format that are made up: each takes one row and one file, and nothing else.

They are put into a copy of the package, which then judges a clip in a process of its own.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]
SAMPLES = REPOSITORY / "sample_videos"

KIND_ROW = """\
    Kind(
        name="standing_by",
        title="Standing by",
        plural="standings by",
        meaning="A character does nothing of note.",
        icon='<path d="M1 2h3"/>',
        worst="minor",
        extent="span",
        pictured="both_ends",
        found_by="castcheck.kinds.standing_by:find",
        planted_by=(Planting("stand", "castcheck.kinds.standing_by:plant"),),
    ),
)
KINDS: dict"""
KIND_FILE = '''\
"""A character does nothing of note."""


def find(case):
    """Yield the tracklets of the first shot that belong to the cast."""
    judgement, build = case.judgement, case.build
    for number, series in enumerate(judgement.tracks):
        start, stop = int(series.frame[0]) + 5, int(series.frame[-1]) - 5
        label = judgement.character_at(number, start)
        if label >= 0 and case.seen.tracklets[series.members[0]].shot_index == 0:
            yield build.finding(
                "standing_by",
                severity=build.severity("standing_by", [series], 0.9),
                confidence=0.9,
                characters=[label],
                tracklets=series.members,
                frames=(start, stop),
                message=f"{build.name(label)} does nothing of note.",
                evidence={"strength": 1.5},
            )


def plant(stock, rng):
    """Return why nothing can be planted."""
    return f"nothing to plant in {stock}"
'''
FORMAT_ROW = """\
    Format(
        name="haiku",
        filename="findings.haiku",
        about="findings, briefly",
        target="castcheck.report.haiku:render",
    ),
)
FORMATS: dict"""
FORMAT_FILE = '''\
"""Findings, briefly."""


def render(inputs):
    """Return a line per finding."""
    return "".join(f"{one.kind} / {one.start_frame}\\n" for one in inputs.report.findings)
'''
ASK = """
import castcheck.tables.kinds as table
from castcheck.config import Config
from castcheck.gate import parse_gate
from castcheck.planting.ways import WAYS
print(table.__file__)
bars = Config.from_dict({"confidence": {"standing_by": 0.5}}).confidence
print(bars.bar("standing_by", default=1))
print(sorted(parse_gate("standing_by").kinds), WAYS["stand"].group, WAYS["stand"].make("it", None))
"""


@pytest.fixture(scope="module")
def copied(tmp_path_factory):
    """Return a copy of the package with one more kind and one more format."""
    folder = tmp_path_factory.mktemp("copy")
    shutil.copytree(
        REPOSITORY / "castcheck", folder / "castcheck", ignore=shutil.ignore_patterns("__pycache__")
    )
    for room in ("identity", "tracker", "scenes"):
        (folder / room).symlink_to(REPOSITORY / room)
    for table, end, row in (
        ("tables/kinds.py", ")\nKINDS: dict", KIND_ROW),
        ("tables/formats.py", ")\nFORMATS: dict", FORMAT_ROW),
    ):
        path = folder / "castcheck" / table
        text = path.read_text()
        assert text.count(end) == 1
        path.write_text(text.replace(end, row))
    (folder / "castcheck/kinds/standing_by.py").write_text(KIND_FILE)
    (folder / "castcheck/report/haiku.py").write_text(FORMAT_FILE)
    return folder


def run(folder, *arguments):
    environment = {**os.environ, "PYTHONPATH": str(folder)}
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=240,
    )


@pytest.mark.slow
def test_settings_gate_and_planting_know_a_new_row(copied):
    answer = run(copied, "-c", ASK)
    assert answer.returncode == 0, answer.stderr
    assert answer.stdout.splitlines() == [
        str(copied / "castcheck/tables/kinds.py"),
        "0.5",
        "['standing_by'] standing_by nothing to plant in it",
    ]


@pytest.mark.slow
def test_a_new_kind_is_found_gated_pictured_and_written_in_a_new_format(copied):
    answer = run(
        copied, "-m", "castcheck", "check", str(SAMPLES / "room_clean.mp4"), "-o", "out",
        "--detector", str(SAMPLES / "boxes"), "--embedder", "colour", "--device", "cpu",
        "--format", "json,html,junit,haiku", "--fail-on", "standing_by",
    )  # fmt: skip
    assert answer.returncode == 1, answer.stderr
    assert "standings by (minor)" in answer.stdout
    out = copied / "out/room_clean"
    report = json.loads((out / "report.json").read_text())
    found = [f for f in report["findings"] if f["kind"] == "standing_by"]
    assert len(found) == 3
    assert {f["severity"] for f in found} == {"minor"}  # its cap, though it is large and sure
    assert report["provenance"]["config"]["confidence"]["standing_by"] == 0
    assert (out / "findings.haiku").read_text().count("standing_by / ") == 3
    assert "Standing by at " in (out / "junit.xml").read_text()
    page = (out / "report.html").read_text()
    assert '<symbol id="i-standing_by" viewBox="0 0 20 20"><path d="M1 2h3"/></symbol>' in page
    assert "A character does nothing of note." in page
    card = page[page.index('<article class="finding') :].split("</article>")[0]
    assert card.count("<img ") >= 2  # before and after
