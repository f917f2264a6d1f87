"""Every format runs one contract: a whole file that can be read back, for any report."""

from __future__ import annotations

import csv
import importlib.util
import json
import os
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from castcheck.config import Config
from castcheck.facts.report import Report
from castcheck.report.csv_out import csv_text
from castcheck.report.junit import junit_text
from castcheck.report.mot import mot_text
from castcheck.report.otio import otio_timeline
from castcheck.report.writers import (
    OutputError,
    ReportInputs,
    check_writable,
    write_reports,
)
from castcheck.tables.formats import FORMATS
from scenes.source import clip_sha256
from tests.castcheck import support

CONFIG = Config()
REPORTS = {
    "empty": support.empty_report,
    "single": support.single_report,
    "full": support.full_report,
    "strange-name": lambda: support.full_report("=\x1b\u202e]]><![CDATA[/\udcff</script>.mp4"),
}


def silent(stage: str, done: int, total: int | None) -> None:
    pass


@pytest.fixture(scope="module")
def clips(tmp_path_factory):
    """A clip for each report, of its size and length."""
    folder = tmp_path_factory.mktemp("clips")
    made = {}
    for name, make in REPORTS.items():
        facts = make().clip
        made[name] = support.write_clip(
            folder / f"{name}.mp4", frames=facts.frames, size=(facts.width, facts.height)
        )
    return made


def _read_video(path: Path, report: Report) -> None:
    import av

    with av.open(str(path)) as container:
        shown = [frame.time for frame in container.decode(video=0)]
        stream = container.streams.video[0]
        assert (stream.codec_context.name, stream.pix_fmt) == ("h264", "yuv420p")
        assert (stream.width, stream.height) == (report.clip.width, report.clip.height)
    assert len(shown) == report.clip.frames


READERS = {
    "json": lambda path, report: Report.from_json(path.read_text("utf-8")).verdict,
    "html": lambda path, report: HTMLParser().feed(path.read_text("utf-8")),
    "video": _read_video,
    "mot": lambda path, report: [
        list(map(float, line.split(","))) for line in path.read_text().splitlines()
    ],
    "csv": lambda path, report: list(csv.DictReader(path.read_text("utf-8").splitlines())),
    "junit": lambda path, report: ET.fromstring(path.read_bytes()),  # noqa: S314 (our own file)
    "otio": lambda path, report: json.loads(path.read_text("utf-8")),
    "edl": lambda path, report: path.read_text("ascii").index("TITLE: castcheck "),
    "md": lambda path, report: path.read_text("utf-8").index("### "),
}


FILES = [name for name, row in FORMATS.items() if row.filename]


def test_every_format_with_a_file_is_read_back_here():
    assert list(READERS) == FILES


@pytest.mark.parametrize("kind", FILES)
@pytest.mark.parametrize("name", REPORTS)
def test_writes_a_whole_file_that_can_be_read_back(kind, name, clips, tmp_path):
    report = REPORTS[name]()
    sha256 = clip_sha256(clips[name])  # only the clip that was judged is drawn on
    report = replace(report, clip=replace(report.clip, sha256=sha256))
    material = support.make_material(report, CONFIG, clips[name])
    written = write_reports(material, tmp_path / "deep/folder", [kind], progress=silent)
    assert written == {kind: tmp_path / "deep/folder" / FORMATS[kind].filename}
    assert [path.name for path in (tmp_path / "deep/folder").iterdir()] == [FORMATS[kind].filename]
    READERS[kind](written[kind], report)


@pytest.mark.parametrize("kind", [k for k in FILES if k != "video"])
def test_the_same_report_gives_the_same_bytes(kind, tmp_path):
    material = support.make_material(support.full_report(), CONFIG, Path("x"))
    one, other = (
        write_reports(material, tmp_path / run, [kind], progress=silent)[kind].read_bytes()
        for run in "ab"
    )
    assert one == other


def test_a_writer_that_fails_leaves_the_old_file_whole(tmp_path):
    good = support.make_material(support.full_report(), CONFIG, Path("x"))
    path = write_reports(good, tmp_path, ["json"], progress=silent)["json"]
    before = path.read_bytes()
    broken = Report(good.report.clip, "pass", timings={"decode": float("inf")})
    with pytest.raises(ValueError, match="JSON compliant"):
        write_reports(
            ReportInputs(broken, good.visuals, CONFIG.report, Path("x")),
            tmp_path,
            ["json"],
            progress=silent,
        )
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_an_unwritable_folder_is_one_clear_line(tmp_path):
    (tmp_path / "file").write_text("")
    material = support.make_material(support.full_report(), CONFIG, Path("x"))
    with pytest.raises(OutputError, match="cannot be written: not a directory; choose another"):
        write_reports(material, tmp_path / "file/x", ["json"], progress=silent)


@pytest.mark.parametrize("inside", ["", "new", "new/deeper"])
def test_the_check_of_the_folder_leaves_no_trace(inside, tmp_path):
    check_writable(tmp_path / inside)
    assert list(tmp_path.iterdir()) == []


def test_mot_counts_from_one_and_names_characters():
    lines = mot_text(support.full_report()).splitlines()
    rows = [line.split(",") for line in lines]
    assert {len(row) for row in rows} == {10}
    assert rows[0][:2] == ["1", "1"]
    assert rows == sorted(rows, key=lambda row: (int(row[0]), int(row[1])))
    left, top, width, height = map(float, rows[0][2:6])
    assert (left, top, width) == (61, 91, 80)
    assert height == pytest.approx(240)
    assert {row[1] for row in rows} == {"1", "2", "3"}
    # At frame 38 (39 here) the looks change owner, and with them the numbers.
    at = {row[1]: float(row[2]) for row in rows if row[0] == "38"}
    after = {row[1]: float(row[2]) for row in rows if row[0] == "39"}
    assert (at["1"] < at["2"], after["1"] < after["2"]) == (True, False)


def test_csv_is_neutral_for_spreadsheets():
    report = support.full_report("=HYPERLINK(1).mp4")
    rows = list(csv.DictReader(csv_text(report).splitlines()))
    assert [row["kind"] for row in rows] == ["swap", "drift", "vanish"]
    assert rows[0]["clip"] == "'=HYPERLINK(1).mp4"
    assert (rows[0]["start_frame"], rows[0]["start_s"]) == ("38", "1.583")
    assert json.loads(rows[0]["evidence"])["same_after"] == 0.04


def test_junit_counts_add_up():
    suite = ET.fromstring(junit_text(support.full_report()).encode())[0]  # noqa: S314
    assert (suite.get("tests"), suite.get("failures"), suite.get("skipped")) == ("3", "3", "0")
    assert suite[0][0].get("type") == "swap.critical"
    doubtful = replace(support.full_report(), verdict="abstain")
    suite = ET.fromstring(junit_text(doubtful).encode())[0]  # noqa: S314
    assert (suite.get("tests"), suite.get("failures"), suite.get("skipped")) == ("3", "0", "3")
    nobody = ET.fromstring(junit_text(support.empty_report()).encode())[0]  # noqa: S314
    assert (nobody.get("failures"), nobody.get("skipped")) == ("0", "1")
    clean = ET.fromstring(junit_text(support.pass_report()).encode())[0]  # noqa: S314
    assert (clean.get("tests"), clean.get("failures")) == ("2", "0")


def test_otio_puts_every_finding_onto_its_shot():
    report = support.full_report()
    clips = otio_timeline(report)["tracks"]["children"][0]["children"]
    assert [len(clip["markers"]) for clip in clips] == [1, 0, 2]
    assert clips[0]["markers"][0]["marked_range"]["start_time"] == {
        "OTIO_SCHEMA": "RationalTime.1",
        "value": 38.0,
        "rate": 24.0,
    }


@pytest.mark.skipif(
    importlib.util.find_spec("opentimelineio") is None, reason="opentimelineio is not installed"
)
def test_otio_is_read_by_the_library_itself(tmp_path):
    import opentimelineio as otio  # type: ignore[import-not-found,import-untyped,unused-ignore]

    material = support.make_material(support.full_report(), CONFIG, Path("x"))
    path = write_reports(material, tmp_path, ["otio"], progress=silent)["otio"]
    timeline = otio.adapters.read_from_file(str(path))
    shots = list(timeline.find_clips())
    assert [shot.name for shot in shots] == ["shot 1", "shot 2", "shot 3"]
    assert shots[0].markers[0].color == otio.schema.MarkerColor.RED
    assert timeline.duration().to_seconds() == pytest.approx(6.25)


@pytest.mark.skipif(os.name == "nt", reason="Windows has other rights")
@pytest.mark.parametrize(("mask", "rights"), [(0o022, 0o644), (0o027, 0o640), (0, 0o666)])
def test_a_file_has_the_rights_that_any_new_file_has(mask, rights, tmp_path):
    material = support.make_material(support.full_report(), CONFIG, Path("x"))
    before = os.umask(mask)
    try:
        path = write_reports(material, tmp_path, ["json"], progress=silent)["json"]
    finally:
        after = os.umask(before)
    assert path.stat().st_mode & 0o777 == rights
    assert after == mask
