"""What a workflow sees: annotations on stdout, Markdown in the summary of the job."""

from __future__ import annotations

import pytest
from typer.testing import CliRunner

from castcheck.acceptance.gate import parse_gate
from castcheck.cli import app
from castcheck.report import github
from castcheck.report.markdown import markdown_text
from scenes.errors import VideoOpenError
from tests.castcheck import support

RUNNER = CliRunner()


def levels(report, gate):
    return [line.split()[0] for line in github.annotations_of(report, parse_gate(gate))]


@pytest.mark.parametrize(
    ("make", "gate", "expect"),
    [
        pytest.param(support.full_report, "major", ["::error", "::error", "::notice"], id="gate"),
        pytest.param(support.full_report, "minor", ["::error"] * 3, id="all fail"),
        pytest.param(
            support.full_report, "vanish", ["::warning", "::warning", "::error"], id="one kind"
        ),
        pytest.param(
            support.full_report, "never", ["::warning", "::warning", "::notice"], id="never"
        ),
        pytest.param(support.empty_report, "major", ["::warning"], id="abstained"),
        pytest.param(support.pass_report, "major", [], id="nothing found"),
    ],
)
def test_level_follows_the_gate(make, gate, expect):
    assert levels(make(), gate) == expect


def test_an_annotation_names_clip_kind_and_time_and_keeps_to_its_line():
    report = support.full_report("a,b:c%.mp4\n::error::forged")
    line = github.annotations_of(report, parse_gate("major"))[0]
    assert line == (
        "::error file=a%2Cb%3Ac%25.mp4%0A%3A%3Aerror%3A%3Aforged,title=Swap at 0%3A01.58 "
        "(critical)::char-01 and Mei exchange their looks in full view."
    )


@pytest.fixture
def clips(tmp_path, monkeypatch, pipeline):
    monkeypatch.chdir(tmp_path)
    for name in ("clean.mp4", "room_swap.mp4", "bad.mp4"):
        (tmp_path / name).write_bytes(b"for the made-up pipeline")
    pipeline.errors = {"bad.mp4": VideoOpenError("not a video", where="bad.mp4")}
    return tmp_path


def run(*args):
    return RUNNER.invoke(app, ["check", *args, "-o", "out"], env={"COLUMNS": "200"})


def test_prints_annotations_and_adds_to_the_summary(clips, monkeypatch):
    summary = clips / "summary.md"
    summary.write_text("# before\n", encoding="utf-8")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(summary))
    result = run("clean.mp4", "room_swap.mp4", "bad.mp4", "nix.mp4", "--format", "github")
    assert result.exit_code == 2
    told = [line for line in result.stdout.splitlines() if line.startswith("::")]
    assert [line.split("::")[1].split(",")[0] for line in told] == [
        "error file=nix.mp4", "error file=room_swap.mp4", "error file=room_swap.mp4",
        "notice file=room_swap.mp4", "error file=bad.mp4",
    ]  # fmt: skip
    text = summary.read_text(encoding="utf-8")
    assert text.startswith("# before\n### ✅ PASS clean.mp4\n")
    assert "| Swap | critical | 0.97 |" in text
    assert not (clips / "out").exists()  # nothing to write, nothing written


@pytest.mark.parametrize("quiet", [[], ["--quiet"]])
def test_outside_a_workflow_there_is_no_summary_and_that_is_fine(quiet, clips, monkeypatch):
    monkeypatch.delenv("GITHUB_STEP_SUMMARY", raising=False)
    result = run("room_swap.mp4", "--format", "github,md", *quiet)
    assert result.exit_code == 1
    assert result.stdout.count("::error file=room_swap.mp4") == 2
    assert (clips / "out/room_swap/findings.md").read_text("utf-8").startswith("### ❌ FAIL")


@pytest.mark.parametrize(
    ("summary", "says"),
    [
        pytest.param("gone/summary.md", "cannot be written: no such file", id="unwritable"),
        pytest.param("full.md", "is full; the report of room_swap.mp4 is not in it", id="full"),
    ],
)
def test_a_summary_that_cannot_take_it_is_told(summary, says, clips, monkeypatch):
    (clips / "full.md").write_bytes(b"x" * (github.SUMMARY_LIMIT_BYTES - 10))
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(clips / summary))
    result = run("room_swap.mp4", "--format", "github")
    assert result.exit_code == 1
    assert says in result.stderr


def test_json_and_annotations_cannot_share_stdout(clips):
    result = run("clean.mp4", "--format", "github", "--json", "-")
    assert result.exit_code == 2
    assert result.stderr.startswith("castcheck: --format: both print to stdout")


def test_markdown_shows_text_as_it_is():
    text = markdown_text(support.full_report("a|b_<img src=x>\n# c.mp4"))
    assert text.splitlines()[0] == r"### ❌ FAIL a\|b\_\<img src=x\> \# c.mp4"
    rows = [line for line in text.splitlines() if line.startswith("| 0:")]
    assert [row.count(" | ") for row in rows] == [5, 5, 5]
    assert "cuda unavailable" in text
    nobody = markdown_text(support.empty_report())
    assert nobody == "### ⚠️ ABSTAIN empty.mp4\n\nno one is seen well enough to judge\n"
