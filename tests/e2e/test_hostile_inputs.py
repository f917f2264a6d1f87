"""Small inputs that went wrong once, each with its right answer; skipped where they do not lie."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest
from typer.testing import CliRunner

from castcheck.cli import app

INPUTS = Path(os.environ.get("CASTCHECK_INPUTS", Path(__file__).parents[3] / "shared" / "inputs"))
BOXES = ("--detector", "base_boxes.txt")
COLOUR = (*BOXES, "--embedder", "colour")

pytestmark = [
    pytest.mark.skipif(not INPUTS.is_dir(), reason="the inputs are not there"),
    pytest.mark.slow,
    pytest.mark.timeout(600),
]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy to run in, with the two names that the folder itself cannot hold."""
    for file in INPUTS.iterdir():
        shutil.copyfile(file, tmp_path / file.name)
    shutil.copyfile(tmp_path / "name_concat.mp4", tmp_path / "concat:base.mp4")
    shutil.copyfile(tmp_path / "name_take1.mp4", tmp_path / "take:1.mp4")
    (tmp_path / "p").mkdir()
    shutil.copyfile(tmp_path / "b20k.png", tmp_path / "p" / "ben.png")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def check(*args: str) -> tuple[int, str]:
    result = CliRunner().invoke(app, ["check", *args, "-o", "out"])
    assert "a bug in castcheck" not in result.output
    assert "Traceback" not in result.output
    return result.exit_code, result.output


REFUSED = [
    ("base.mp4 --embedder nan.onnx", "not finite"),
    ("concat_list.mp4", "a list or playlist"),
    ("g16k.gif", "16000x16000, allowed are"),
    ("base.mp4 --cast p", "too large"),
    ("base.mp4 --embedder scalar.onnx", "a vector for each"),
    ("base.mp4 --embedder batch0.onnx", "no picture fills"),
    ("base.mp4 --embedder hugepx.onnx", "2000000x2000000"),
    ("base.mp4 --config nest.toml", "nested too deeply|not valid TOML"),
    ("base.mp4 --config surr.toml", "NUL|not valid TOML"),
    ("base.mp4 --cast cast_bad6.toml", "no such file"),
]


def test_every_row_of_the_table_is_asked_here() -> None:
    """A row that is added has to be answered too."""
    table = [row for row in (INPUTS / "README.md").read_text("utf-8").splitlines() if "|" in row]
    named = {name for row in table for name in re.findall(r"`([\w.]+\.[a-z0-9]+)`", row)}
    here = Path(__file__).read_text("utf-8")
    assert len(named) > 15
    assert sorted(name for name in named if name not in here) == []


@pytest.mark.parametrize(("line", "says"), REFUSED)
def test_what_is_bad_is_refused_in_one_line(line: str, says: str, folder: Path) -> None:
    code, said = check(*line.split(), *BOXES)
    assert code == 2
    assert re.search(says, said)
    assert not list((folder / "out").rglob("*.json"))


@pytest.mark.parametrize(
    ("line", "codes", "says"),
    [
        pytest.param("late_cut70.mkv --strict", {2}, r"claims 4\.00 s", id="cut-off"),
        pytest.param("el_trim.mp4 --strict", {0, 1}, "", id="trimmed-is-sound"),
        pytest.param("wrap.mkv --format json,video", {0, 1}, "ages apart", id="a-day-apart"),
    ],
)
def test_damage_is_said_and_trimming_is_none(
    line: str, codes: set[int], says: str, folder: Path
) -> None:
    found, said = check(*line.split(), *COLOUR)
    report = json.loads(next((folder / "out").rglob("report.json")).read_text("utf-8"))
    assert re.search(says, " ".join(report["degradations"]))
    assert bool(report["degradations"]) == bool(says)
    assert found in codes, said


@pytest.mark.parametrize("name", ["take:1.mp4", "./take:1.mp4"])
def test_a_name_with_a_colon_is_that_file(name: str, folder: Path) -> None:
    assert check(name)[0] == check("base.mp4")[0] == 1


def test_a_name_that_reads_like_a_protocol_is_that_file(folder: Path) -> None:
    assert check("concat:base.mp4")[0] == 0


@pytest.mark.parametrize(
    ("clip", "starts", "undone"),
    [
        ("fl_C32S8C24.mp4", [32], [40]),
        ("fl_C12S8C12.mp4", [12], [20]),
        ("twice.mp4", [8, 24, 32], [None] * 3),
        ("base.mp4", [8], [None]),
    ],
)
def test_exchanges_and_their_return_are_told(
    clip: str, starts: list[int], undone: list[int | None], folder: Path
) -> None:
    assert check(clip)[0] == 1
    report = json.loads(next((folder / "out").rglob("report.json")).read_text("utf-8"))
    assert report["verdict"] == "fail"
    swaps = [f for f in report["findings"] if f["kind"] == "swap"]
    assert len(swaps) == len(report["findings"])
    assert [f["start_frame"] for f in swaps] == pytest.approx(starts, abs=3)
    assert [f["evidence"].get("undone_frame") for f in swaps] == undone


@pytest.mark.parametrize(
    ("folder_named", "reason"),
    [pytest.param("missing", "no such file", id="missing"), ("base.mp4", "not a directory")],
)
@pytest.mark.parametrize("command", ["check", "batch"])
def test_a_folder_for_temporary_files_that_cannot_be_is_said_at_once(
    command: str, folder_named: str, reason: str, folder: Path
) -> None:
    began = time.process_time()
    found = subprocess.run(
        [sys.executable, "-m", "castcheck", command, "base.mp4", "-o", "out"],
        env={**os.environ, "TMPDIR": str(folder / folder_named)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert found.returncode == 2
    (line,) = found.stderr.strip().splitlines()
    assert reason in line
    assert "TMPDIR" in line
    assert folder_named in line
    assert not list((folder / "out").rglob("*.json"))
    assert time.process_time() - began < 5


def test_time_grows_with_the_length_of_a_take(folder: Path) -> None:
    spent_s = {}
    for pictures in (100, 800, 3200):  # the first loads what is loaded once
        subprocess.run([sys.executable, "make_long_take.py", str(pictures)], check=True)
        boxes = ("--detector", f"take_{pictures}.txt", "--embedder", "colour")
        began = time.process_time()
        assert check(f"take_{pictures}.mp4", *boxes, "--format", "json")[0] in {0, 1}
        spent_s[pictures] = time.process_time() - began
    assert spent_s[3200] < 1.5 * 4 * spent_s[800], spent_s


@pytest.mark.parametrize(
    ("options", "expected"),
    [pytest.param([], 0, id="plain"), pytest.param(["--strict"], 2, id="strict")],
)
def test_a_clip_of_damage_is_read_said_and_not_judged(
    options: list[str], expected: int, folder: Path
) -> None:
    code, said = check("c_flip0.webm", *options)
    report = json.loads((folder / "out" / "c_flip0" / "report.json").read_text("utf-8"))
    assert (code, report["verdict"], report["findings"]) == (expected, "abstain", [])
    assert "damaged: no picture of it is sound" in said
    assert [(s["start_frame"], s["stop_frame"]) for s in report["shots"]] == [(0, 16)]


def test_the_same_clip_undamaged_fails(folder: Path) -> None:
    assert check("c_whole.webm")[0] == 1
