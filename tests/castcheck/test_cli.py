"""The command line: what it prints where, and the exact exit code of every way to end."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest
from typer.testing import CliRunner

from castcheck.cli import app
from castcheck.console.commands import COMMANDS
from castcheck.facts.report import Report
from scenes.errors import VideoOpenError, WeightsError
from tests.castcheck.support import FakePipeline

OPTIONS = (
    "--detector",
    "--embedder",
    "--device",
    "--half",
    "--no-half",
    "--batch-size",
    "--config",
    "--format",
    "--json",
    "--fail-on",
    "--strict",
    "--quiet",
    "--classes",
    "--trust-weights",
    "--cast",
    "--characters",
    "--out",
)
RUNNER = CliRunner()
ROOT = Path(__file__).parents[2]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder with a clean, a swapped, an empty and a hopeless clip."""
    monkeypatch.chdir(tmp_path)
    for name in ("clean.mp4", "room_swap.mp4", "empty.mp4", "bad.mp4", "other.mp4"):
        (tmp_path / name).write_bytes(b"a clip, for all the made-up pipeline knows")
    return tmp_path


def run(*args: str):
    return RUNNER.invoke(app, list(args), env={"COLUMNS": "200"})


@pytest.mark.parametrize(
    ("args", "code", "says"),
    [
        pytest.param(["check", "clean.mp4"], 0, "", id="clean"),
        pytest.param(["check", "room_swap.mp4"], 1, "", id="findings"),
        pytest.param(["check", "empty.mp4"], 0, "", id="abstain-is-no-finding"),
        pytest.param(["check", "room_swap.mp4", "--fail-on", "never"], 0, "", id="never"),
        pytest.param(["check", "room_swap.mp4", "--fail-on", "critical"], 1, "", id="at-the-gate"),
        pytest.param(["check", "room_swap.mp4", "--fail-on", "clone"], 0, "", id="other-kind"),
        pytest.param(["check", "room_swap.mp4", "--fail-on", "vanish"], 1, "", id="that-kind"),
        pytest.param(
            ["check", "nix.mp4"], 2, "nix.mp4: no such file; check the path", id="no-file"
        ),
        pytest.param(["check", "s3://a/b.mp4"], 2, "`castcheck batch` takes URLs", id="url"),
        pytest.param(["check", "bad.mp4"], 2, "bad.mp4: not a video; try another", id="bad-clip"),
        pytest.param(["check"], 2, "Missing argument", id="no-clip"),
        pytest.param(["check", "--frobnicate"], 2, "--frobnicate", id="unknown-flag"),
        pytest.param(["frobnicate"], 2, "frobnicate", id="unknown-command"),
        pytest.param([], 2, "check", id="no-command"),
        pytest.param(["check", "clean.mp4", "--fail-on", "majr"], 2, "'major'", id="gate-typo"),
        pytest.param(["check", "clean.mp4", "--format", "jsn"], 2, "'json'", id="format-typo"),
        pytest.param(["check", "clean.mp4", "--format", ","], 2, "no format", id="no-format"),
        pytest.param(["check", "clean.mp4", "--device", "gpu"], 2, "cuda:N", id="device"),
        pytest.param(["check", "clean.mp4", "--batch-size", "0"], 2, "1 to", id="batch-range"),
        pytest.param(["check", "clean.mp4", "--batch-size", "x"], 2, "batch-size", id="batch-type"),
        pytest.param(["check", "clean.mp4", "--json", "r.json"], 2, "allowed is -", id="json-file"),
        pytest.param(["check", "clean.mp4", "--config", "no.toml"], 2, "no.toml", id="no-config"),
        pytest.param(["check", "clean.mp4", "-o", "bad.mp4"], 2, "bad.mp4", id="out-is-a-file"),
        pytest.param(["check", "clean.mp4", "-o", "/proc/x"], 2, "/proc/x", id="out-unwritable"),
        pytest.param(["check", "clean.mp4", "bad.mp4"], 2, "not a video", id="worst-bad"),
        pytest.param(["check", "room_swap.mp4", "nix.mp4"], 2, "nix.mp4", id="worst-missing"),
        pytest.param(["check", "clean.mp4", "room_swap.mp4"], 1, "", id="worst-findings"),
        pytest.param(["check", "other.mp4", "bad.mp4", "clean.mp4"], 3, "a bug", id="worst-bug"),
        pytest.param(["check", "room_swap.mp4", "--strict"], 2, "--strict", id="strict"),
        pytest.param(["check", "clean.mp4", "--strict"], 0, "", id="strict-and-nothing-to-tell"),
        pytest.param(["--version"], 0, "", id="version"),
        pytest.param(["--help"], 0, "", id="help"),
        pytest.param(["check", "--help"], 0, "", id="check-help"),
    ],
)
def test_exit_code_and_message(args, code, says, folder, pipeline: FakePipeline):
    pipeline.errors = {
        "bad.mp4": VideoOpenError("not a video", where="bad.mp4", hint="try another"),
        "other.mp4": KeyError("surprise"),
    }
    result = run(*args)
    assert result.exit_code == code, result.output
    assert says in result.stderr
    assert "Traceback" not in result.output
    if (
        code in (2, 3)
        and len([a for a in args if a.endswith(".mp4")]) <= 1
        and "--strict" not in args
    ):
        assert result.stdout == ""
        assert not (folder / "castcheck-out").exists()
        if args:  # without any, it is the help
            assert len(result.stderr.splitlines()) == 1


def test_first_line_is_the_verdict_then_the_findings_worst_first(folder, pipeline):
    result = run("check", "room_swap.mp4")
    lines = result.stdout.splitlines()
    assert lines[0] == (
        "FAIL  room_swap.mp4: 1 swap (critical), 1 drift (major), 1 vanish (minor) "
        "— 3 characters in 3 shots"
    )
    assert lines[1].strip() == (
        "0:01.58  critical swap: char-01 and Mei exchange their looks in full view."
    )
    assert lines[2].strip().startswith("0:04.50 to 0:05.92  major drift: ")
    assert "report.html" in lines[4]
    assert "cuda unavailable, used cpu" in result.stderr


@pytest.mark.parametrize(
    ("clip", "line"),
    [
        ("clean.mp4", "PASS  clean.mp4: 2 characters in 3 shots keep their identity"),
        ("empty.mp4", "ABSTAIN empty.mp4: no one is seen well enough to judge"),
    ],
)
def test_verdict_in_plain_words(clip, line, folder, pipeline):
    assert run("check", clip).stdout.splitlines()[0] == line


def test_one_bad_clip_stops_no_other_and_models_load_once(folder, pipeline: FakePipeline):
    pipeline.errors["bad.mp4"] = VideoOpenError("not a video", where="bad.mp4")
    result = run("check", "bad.mp4", "nix.mp4", "clean.mp4", "room_swap.mp4")
    assert pipeline.loads == 1
    assert pipeline.judged == ["bad.mp4", "clean.mp4", "room_swap.mp4"]
    assert [line.split()[0] for line in result.stdout.splitlines() if line[0] != " "] == [
        "PASS",
        "FAIL",
    ]
    assert (folder / "castcheck-out/room_swap/report.json").is_file()
    assert not (folder / "castcheck-out/bad").exists()


def test_what_would_judge_better_is_said_once(folder, pipeline: FakePipeline):
    pipeline.advice = ("the detector is small; `castcheck models pull big` fetches a stronger one",)
    assert run("check", "clean.mp4", "--strict").exit_code == 0  # advice is no degradation
    result = run("check", "clean.mp4", "room_swap.mp4")
    assert result.stderr.count("castcheck models pull big") == 1


def test_models_are_not_loaded_for_nothing(folder, pipeline: FakePipeline):
    assert run("check", "nix.mp4", "nada.mp4").exit_code == 2
    assert pipeline.loads == 0


def test_bad_weights_end_the_run_with_one_line(folder, pipeline: FakePipeline):
    pipeline.load_error = WeightsError("not weights", where="w.pt", hint="check --detector")
    result = run("check", "clean.mp4", "room_swap.mp4")
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr == "castcheck: w.pt: not weights; check --detector\n"


def test_json_on_stdout_and_nothing_else(folder, pipeline):
    result = run("check", "room_swap.mp4", "empty.mp4", "nix.mp4", "--json", "-")
    rows = [json.loads(line) for line in result.stdout.splitlines()]
    assert [row["verdict"] for row in rows] == ["fail", "abstain"]
    assert Report.from_json(result.stdout.splitlines()[0]).findings[0].kind == "drift"
    assert "FAIL" in result.stderr
    assert result.exit_code == 2


def test_quiet_says_nothing_but_errors(folder, pipeline):
    result = run("check", "room_swap.mp4", "--quiet")
    assert (result.exit_code, result.output) == (1, "")
    assert run("check", "nix.mp4", "-q").stderr.count("\n") == 1
    assert json.loads(run("check", "clean.mp4", "-q", "--json", "-").stdout)["verdict"] == "pass"


def test_only_the_formats_asked_for_under_their_fixed_names(folder, pipeline):
    assert run("check", "clean.mp4", "-o", "out/deep", "--format", "json,csv,mot").exit_code == 0
    written = sorted(path.name for path in (folder / "out/deep/clean").iterdir())
    assert written == ["findings.csv", "report.json", "tracks.txt"]


EVERYTHING = "json,html,mot,csv,junit,otio,edl,md"
NOT_OURS = {"notes.txt": "mine", "annotated.mp4": "mine too", "findings.csv": "edited"}


@pytest.mark.parametrize(
    ("second", "written", "told"),
    [
        pytest.param(("clean.mp4", "--format", "json"), {"report.json"}, 2, id="fewer-formats"),
        pytest.param(
            ("clean.mp4", "--format", "html,csv"), {"report.html", "findings.csv"}, 1, id="others"
        ),
        pytest.param(("clean.mp4", "--format", "github"), set(), 2, id="no-file"),
        pytest.param(("broken/clean.mp4",), set(), 2, id="cannot-be-judged"),
        pytest.param(("gone/clean.mp4",), set(), 2, id="not-there"),
    ],
)
def test_no_report_of_an_earlier_run_passes_for_this_one(second, written, told, folder, pipeline):
    (folder / "broken").mkdir()
    (folder / "broken/clean.mp4").write_bytes(b"x")
    out = folder / "out/clean"
    assert run("check", "clean.mp4", "-o", "out", "--format", EVERYTHING).exit_code == 0
    for name, text in NOT_OURS.items():
        (out / name).write_text(text)
    if "broken" in second[0]:
        pipeline.errors["clean.mp4"] = VideoOpenError("no video")
    result = run("check", *second, "-o", "out")
    assert {path.name for path in out.iterdir()} == written | set(NOT_OURS)
    kept = {name: text for name, text in NOT_OURS.items() if name not in written}
    assert {name: (out / name).read_text() for name in kept} == kept
    assert result.stderr.count("this run did not write it") == told


def test_what_was_written_once_is_not_removed_where_it_was_not_written(folder, pipeline):
    assert run("check", "clean.mp4", "bad.mp4", "-o", "out").exit_code == 0
    assert run("check", "bad.mp4", "-o", "out", "--format", "json").exit_code == 0
    assert {path.name for path in (folder / "out/clean").iterdir()} == {
        *("report.html", "report.json")
    }
    assert {path.name for path in (folder / "out/bad").iterdir()} == {"report.json"}


def test_reports_stay_where_only_the_screen_fails(folder, pipeline, monkeypatch):
    def full(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("castcheck.checking.run.show", full)
    result = run("check", "clean.mp4", "-o", "out", "--format", "json")
    assert result.exit_code == 2
    assert "no space left" in result.stderr
    assert (folder / "out/clean/report.json").exists()


def test_the_folder_of_a_batch_is_not_written(folder, pipeline):
    (folder / "run").mkdir()
    (folder / "run/summary.jsonl").write_text("")
    result = run("check", "clean.mp4", "-o", "run")
    assert result.exit_code == 2
    assert "run: holds a run of `castcheck batch`" in result.stderr
    assert [path.name for path in (folder / "run").iterdir()] == ["summary.jsonl"]


@pytest.mark.parametrize("flag", [(), ("--embed-video",)])
def test_the_page_plays_the_clip_from_where_it_lies_or_holds_it(flag, folder, pipeline):
    assert run("check", "clean.mp4", "-o", "out/deep", *flag).exit_code == 0
    text = (folder / "out/deep/clean/report.html").read_text(encoding="utf-8")
    assert ('"url":"./../../../clean.mp4"' in text) == (not flag)
    assert ('id="castcheck-video"' in text) == bool(flag)


def test_clips_of_one_stem_do_not_overwrite_each_other(folder, pipeline):
    for name in ("a", "b"):
        (folder / name).mkdir()
        (folder / name / "Clip.mp4").write_bytes(b"x")
    (folder / "clip.mov").write_bytes(b"x")
    (folder / "clip-2.mp4").write_bytes(b"x")
    result = run("check", "a/Clip.mp4", "b/Clip.mp4", "clip.mov", "clip-2.mp4", "--format", "json")
    assert result.exit_code == 0
    found = {
        path.parent.name: json.loads(path.read_text())["clip"]["path"]
        for path in (folder / "castcheck-out").glob("*/report.json")
    }
    assert found == {
        "Clip": "a/Clip.mp4",
        "Clip-3": "b/Clip.mp4",
        "clip-4": "clip.mov",
        "clip-2": "clip-2.mp4",
    }


@pytest.mark.parametrize("name", ["..", "."])
def test_a_folder_named_by_dots_writes_inside_the_output(name, folder, pipeline):
    assert run("check", name, "-o", "out", "--format", "json").exit_code == 0
    assert len(list((folder / "out").glob("*/report.json"))) == 1


@pytest.mark.parametrize(
    "name",
    [
        pytest.param("[bold]x[", id="markup"),
        pytest.param("a\x1b[2Jb", id="escape"),
        pytest.param("a\nb", id="newline"),
        pytest.param("קליפ", id="rtl"),
        pytest.param("n" * 240, id="long"),
        pytest.param(os.fsdecode(b"bad-\xff-utf8"), id="not-utf8"),
    ],
)
def test_strange_names_are_printed_on_one_line_as_they_are(name, folder, pipeline):
    (folder / f"{name}.mp4").write_bytes(b"x")
    result = run("check", f"{name}.mp4")
    assert result.exit_code == 0, result.stderr
    assert len(result.stdout.splitlines()) == 2
    assert "\x1b" not in result.stdout
    if name.isprintable():
        assert name in result.stdout


def test_a_clip_whose_name_looks_like_closing_markup(folder, pipeline):
    (folder / "[").mkdir()
    (folder / "[/x].mp4").write_bytes(b"x")
    result = run("check", "[/x].mp4")
    assert result.stdout.splitlines()[0].startswith("PASS  [/x].mp4: ")


def test_flag_beats_file_beats_default(folder, pipeline: FakePipeline):
    (folder / "c.toml").write_text(
        '[run]\ndevice = "cuda:1"\nhalf = false\n[detector]\nbatch_size=3'
    )
    run("check", "clean.mp4", "--config", "c.toml", "--device", "cpu", "--classes", "cat,dog")
    config = pipeline.configs[0]
    assert (config.run.device, config.run.half) == ("cpu", False)
    assert (config.detector.batch_size, config.detector.classes) == (3, "cat,dog")
    assert config.gate.fail_on == "major"


def test_interrupt_ends_with_130_and_one_line(folder, pipeline: FakePipeline):
    pipeline.errors["clean.mp4"] = KeyboardInterrupt()
    result = run("check", "clean.mp4", "other.mp4")
    assert (result.exit_code, result.stdout) == (130, "")
    assert result.stderr == "castcheck: interrupted\n"
    assert pipeline.judged == ["clean.mp4"]


@pytest.mark.parametrize(("value", "shown"), [("1", True), ("0", False), ("", False)])
def test_a_bug_is_3_with_the_way_to_its_traceback(value, shown, folder, pipeline, monkeypatch):
    monkeypatch.setenv("CASTCHECK_DEBUG", value)
    pipeline.errors["clean.mp4"] = RuntimeError("one\ntwo")
    result = run("check", "clean.mp4")
    assert (result.exit_code, result.stdout) == (3, "")
    assert "clean.mp4: a bug in castcheck (RuntimeError: one two)" in result.stderr
    assert "CASTCHECK_DEBUG=1" in result.stderr
    assert ("Traceback" in result.stderr) is shown


def test_a_bug_before_any_clip_is_3_too(folder, pipeline: FakePipeline):
    pipeline.load_error = ZeroDivisionError("oh")
    result = run("check", "clean.mp4")
    assert (result.exit_code, result.stdout) == (3, "")


def test_help_names_every_option_of_the_contract_and_no_other():
    text = RUNNER.invoke(app, ["check", "--help"], env={"COLUMNS": "200"}).stdout
    assert set(OPTIONS) <= set(re.findall(r"--[a-z-]+", text))
    assert "Exit codes" in text


@pytest.mark.parametrize("name", COMMANDS)
def test_the_table_of_commands_says_what_each_says_of_itself(name):
    command = COMMANDS[name].load(name)
    assert (command.name or name, command.help.splitlines()[0]) == (name, COMMANDS[name].help)
    result = run(name, "--help")
    assert result.exit_code == 0
    assert COMMANDS[name].help in " ".join(result.stdout.split())


@pytest.mark.parametrize(
    ("command", "arguments"),
    [
        (["check"], "CLIP..."),
        (["compare"], "RUN_A RUN_B..."),
        (["plant"], "[CLIP]..."),
        (["review"], "RUN"),
        (["models", "pull"], "NAME..."),
        (["models", "verify"], ""),
    ],
)
def test_help_names_arguments_as_the_docs_do(command, arguments):
    usage, *text = run(*command, "--help").stdout.splitlines()
    assert usage.endswith(" ".join([*command, *arguments.split(), "[OPTIONS]"]))
    named = [line for line in text if line.startswith(f"  {arguments}  ")]
    assert ("Arguments:" in text, len(named)) == ((True, 1) if arguments else (False, 0))


def test_help_groups_options_and_ends_with_the_examples():
    text = run("check", "--help").stdout
    titles = re.findall(r"^(\S[^\n]*):$", text, re.MULTILINE)
    assert titles == [
        *("Arguments", "Output", "Judging", "Models", "Options", "Examples", "Exit codes")
    ]
    assert text.index("Output:") < text.index("--format") < text.index("Judging:")


def test_the_first_help_loads_no_command_and_nothing_slow():
    code = textwrap.dedent("""
        import sys
        from typer.testing import CliRunner
        from castcheck.cli import app
        shown = CliRunner().invoke(app, ["--help"])
        assert shown.exit_code == 0 and "review" in shown.stdout
        slow = {"rich", "pydantic", "http.client", "ssl", "tomllib", "castcheck.config"}
        slow |= {name for name in sys.modules if name.startswith("castcheck") and "command" in name}
        print(sorted(slow & set(sys.modules)))
    """)
    result = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert result.stdout.strip() == "['castcheck.console.commands']"


def test_import_and_help_load_no_engine():
    code = textwrap.dedent("""
        import sys, castcheck
        from typer.testing import CliRunner
        castcheck.Config, castcheck.Report, castcheck.CastcheckError, castcheck.__version__
        from castcheck.cli import app
        assert CliRunner().invoke(app, ["check", "--help"]).exit_code == 0
        heavy = {"torch", "numpy", "cv2", "ultralytics", "av", "onnxruntime", "scenedetect"}
        heavy |= {"scipy", "jinja2", "PIL"}
        print(sorted(heavy & set(sys.modules)))
    """)
    result = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert result.stdout.strip() == "[]"


def test_ctrl_c_in_a_real_process_ends_cleanly(tmp_path):
    code = textwrap.dedent("""
        import signal, sys, time, types
        # Started in the background, as by a build server, a process ignores Ctrl-C by inheritance.
        signal.signal(signal.SIGINT, signal.default_int_handler)
        fake = types.ModuleType("castcheck.pipeline")
        def load_models(config):
            print("ready", file=sys.stderr, flush=True)
            time.sleep(30)
        fake.load_models = load_models
        sys.modules["castcheck.pipeline"] = fake
        import castcheck; castcheck.pipeline = fake
        from castcheck.checking import run
        run.glance_at = lambda clip, config: None
        from castcheck.cli import main
        main()
    """)
    clip = tmp_path / "a.mp4"
    clip.write_bytes(b"x")
    process = subprocess.Popen(
        [sys.executable, "-c", code, "check", str(clip), "-o", str(tmp_path / "out")],
        cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        assert process.stderr is not None
        assert process.stderr.readline() == "ready\n"
        time.sleep(0.1)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=20)
    finally:
        process.kill()
        process.wait()
    assert (process.returncode, out, err) == (130, "", "castcheck: interrupted\n")
    assert not (tmp_path / "out").exists()
