"""A kind, a format and a cue that are made up: each takes one row and one file, nothing else.

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
    for number, track in enumerate(judgement.tracks):
        start, stop = int(track.frame[0]) + 5, int(track.frame[-1]) - 5
        label = judgement.character_at(number, start)
        if label >= 0 and case.seen.tracklets[track.members[0]].shot_index == 0:
            yield build.finding(
                "standing_by",
                severity=build.severity("standing_by", [track], 0.9),
                confidence=0.9,
                characters=[label],
                tracklets=track.members,
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
CUE_ROW = """\
    CueRow(
        name="stature",
        title="build",
        role="own",
        measured_by="identity.appearance.cues.stature:measure",
        scale=(0.5, 1.0),
        log_odds=3.0,
    ),
)
CUE_TABLE: dict"""
CUE_FILE = '''\
"""How tall a box is for its width, in every frame."""

import numpy as np


def measure(crops, cue):
    """Return all rows worth looking at, and a direction that turns with the shape of the box."""
    rows = np.array(list(crops.pictures), np.int64)
    sides = crops.found.xyxy[rows, 2:] - crops.found.xyxy[rows, :2]
    return rows, (sides / np.linalg.norm(sides, axis=1, keepdims=True)).astype(np.float32)
'''
ASK_CUE = """
from dataclasses import replace
from fractions import Fraction
import numpy as np
from castcheck.report.page import _flat
from identity.appearance.looks import LooksReader
from identity.evidence.calibration import calibration_for
from identity.evidence.same_look import same_look
from identity.evidence.samples import COMPARED
from identity.settings import LooksSettings
from identity.tracks.segments import make_segment
from scenes.frames import FrameBatch
from tracker.detections import Detections
from tracker.tracklets import Tracklet

def means(width_px):
    box = np.array([[10, 10, 10 + width_px, 90]] * 2, np.float32)
    found = Detections(np.arange(2), box, np.ones(2, np.float32), np.zeros(2, np.int32))
    grey = np.full((2, 100, 100, 3), 90, np.uint8)
    batch = FrameBatch(np.arange(2), (Fraction(0), Fraction(1, 24)), grey)
    looks = LooksReader(None, LooksSettings(), fps=24).read(batch, found)
    return make_segment(Tracklet(0, 0, found.frame, box, found.score), looks, 0, 2).means

scales = calibration_for("colour")
without = replace(scales, weights=replace(scales.weights, parts={}))
thin, wide = means(20), means(80)
print("stature" in COMPARED, [round(float(v), 2) for v in wide["stature"]])
for one in (thin, wide):
    odds = same_look([thin], [one], scales) - same_look([thin], [one], without)
    print(round(float(odds[0, 0]), 1))
print(dict(_flat({"gain": {"stature": 0.5}})))
"""
ASK = """
import castcheck.tables.kinds as table
from castcheck.config import Config
from castcheck.acceptance.gate import parse_gate
from castcheck.planting.ways import WAYS
print(table.__file__)
bars = Config.from_dict({"confidence": {"standing_by": 0.5}}).confidence
print(bars.bar("standing_by", default=1))
print(sorted(parse_gate("standing_by").kinds), WAYS["stand"].group, WAYS["stand"].make("it", None))
"""


@pytest.fixture(scope="module")
def copied(tmp_path_factory):
    """Return a copy of the package with one more kind, one more format and one more cue."""
    folder = tmp_path_factory.mktemp("copy")
    for package in ("castcheck", "identity"):
        shutil.copytree(
            REPOSITORY / package, folder / package, ignore=shutil.ignore_patterns("__pycache__")
        )
    for package in ("tracker", "scenes"):
        (folder / package).symlink_to(REPOSITORY / package)
    for table, end, row in (
        ("castcheck/tables/kinds.py", ")\nKINDS: dict", KIND_ROW),
        ("castcheck/tables/formats.py", ")\nFORMATS: dict", FORMAT_ROW),
        ("identity/appearance/cues/table.py", ")\nCUE_TABLE: dict", CUE_ROW),
    ):
        path = folder / table
        text = path.read_text()
        assert text.count(end) == 1
        path.write_text(text.replace(end, row))
    (folder / "castcheck/kinds/standing_by.py").write_text(KIND_FILE)
    (folder / "castcheck/report/haiku.py").write_text(FORMAT_FILE)
    (folder / "identity/appearance/cues/stature.py").write_text(CUE_FILE)
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
def test_a_new_cue_is_measured_averaged_weighed_and_named(copied):
    answer = run(copied, "-c", ASK_CUE)
    assert answer.returncode == 0, answer.stderr
    # Cosine of (20, 80) with itself 1, with (80, 80) 0.857: similarity 1 and 0.715 on its scale.
    assert answer.stdout.splitlines() == [
        "True [0.71, 0.71]",
        "1.5",
        "0.6",
        "{'gain · build': '0.5'}",
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
