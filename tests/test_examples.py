"""What lies in the repository for others: it has to run as it stands."""

from __future__ import annotations

import json
import os
import re
import stat
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

from castcheck.cli import app
from tests.castcheck.test_pytest_plugin import PLUGIN

ROOT = Path(__file__).parents[1]
SAMPLES = ROOT / "sample_videos"


def load(path):
    return yaml.safe_load((ROOT / path).read_text(encoding="utf-8"))


ACTION = load("action.yml")
CHECK = next(step for step in ACTION["runs"]["steps"] if step.get("id") == "check")


def run_step(tmp_path, clips="a.mp4\nb c.mp4", code=0, **inputs):
    """Run the shell of the action's main step with a made-up castcheck in the place of ours."""
    fake = tmp_path / "castcheck"
    fake.write_text(
        f'#!/bin/sh\nfor a in "$@"; do echo "$a" >> {tmp_path}/args; done\n'
        f"cat > {tmp_path}/stdin\nexit {code}\n"
    )
    fake.chmod(fake.stat().st_mode | stat.S_IXUSR)
    given = {name: str(one.get("default", "")) for name, one in ACTION["inputs"].items()}
    given.update({"clips": clips, **{k.replace("_", "-"): v for k, v in inputs.items()}})
    env = {}
    for name, text in CHECK["env"].items():
        match = re.fullmatch(r"\$\{\{ inputs\.([\w-]+) \}\}", text)
        assert match, text
        env[name] = match[1]
    result = subprocess.run(
        ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", CHECK["run"]],  # noqa: S607
        env={
            "PATH": f"{tmp_path}:{os.environ['PATH']}", "GITHUB_OUTPUT": str(tmp_path / "output"),
            **{name: given[key] for name, key in env.items()},
        },
        capture_output=True, text=True, check=False, cwd=tmp_path,
    )  # fmt: skip
    return result, (tmp_path / "args").read_text().splitlines()


@pytest.mark.parametrize("code", [0, 1, 2])
def test_the_action_hands_over_clips_and_the_exit_code(code, tmp_path):
    result, arguments = run_step(tmp_path, code=code)
    assert result.returncode == code
    assert (tmp_path / "output").read_text() == f"exit-code={code}\n"
    assert (tmp_path / "stdin").read_text() == "a.mp4\nb c.mp4\n"
    assert arguments[:2] == ["batch", "-"]
    assert "--cast" not in arguments


def test_the_action_runs_nothing_that_is_named_in_its_inputs(tmp_path):
    evil = "$(touch hacked).mp4\n`touch hacked`; touch hacked"
    _, arguments = run_step(
        tmp_path, evil, cast='x"; touch hacked; "', arguments="--workers 2 --stride 3"
    )
    assert not (tmp_path / "hacked").exists()
    assert 'x"; touch hacked; "' in arguments
    assert arguments[-4:] == ["--workers", "2", "--stride", "3"]


def test_the_options_of_the_action_are_options_of_castcheck():
    known = CliRunner().invoke(app, ["batch", "--help"], env={"COLUMNS": "200"}).output
    for option in set(re.findall(r"--[a-z-]+", CHECK["run"])) - {"--baseline"}:
        assert option in known
    for step in ACTION["runs"]["steps"]:
        assert "${{" not in step.get("run", ""), "an input in a shell is a hole"


def test_the_hook_of_pre_commit_starts_castcheck():
    (hook,) = load(".pre-commit-hooks.yaml")
    words = hook["entry"].split()
    known = CliRunner().invoke(app, [words[1], "--help"], env={"COLUMNS": "200"}).output
    assert words[0] == "castcheck"
    assert all(word in known for word in words[2:] if word.startswith("--"))
    assert "--quiet" not in words  # who commits has to read why it failed
    pattern = re.compile(hook["files"])
    assert [bool(pattern.search(name)) for name in ("a/b.mp4", "x.mov", "x.py")] == [
        True,
        True,
        False,
    ]


def test_the_workflows_name_inputs_that_the_action_has():
    job = load("examples/github/castcheck.yml")["jobs"]["clips"]
    given = job["steps"][-1]["with"]
    assert set(given) <= set(ACTION["inputs"])
    assert load("examples/gitlab-ci.yml")["clips"]["script"][0].startswith("castcheck check ")


def example(*arguments):
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.run(
        [sys.executable, *arguments], capture_output=True, text=True, check=False, cwd=ROOT,
        env=environment, timeout=280,
    )  # fmt: skip


@pytest.mark.slow
def test_the_script_for_the_morning_after():
    clips = [str(SAMPLES / name) for name in ("room_clean.mp4", "room_swap.mp4")]
    result = example("examples/qa_report.py", *clips, "nowhere.mp4")
    assert result.returncode == 1, result.stderr
    assert "2 clips, 1 pass; {'swap': 1}" in result.stdout
    assert "critical swap: From 0.67 s on" in result.stdout
    assert "BAD      nowhere.mp4: no such file" in result.stdout


@pytest.mark.slow
def test_the_suite_of_clips():
    result = example(
        "-m", "pytest", "-q", *PLUGIN, "-p", "no:cacheprovider", "examples/test_renders.py"
    )
    assert result.returncode == 0, result.stdout
    assert "4 passed" in result.stdout


@pytest.mark.slow
def test_the_cast_file_with_a_script(tmp_path):
    clip = str(SAMPLES / "room_clean.mp4")
    arguments = [
        "check",
        clip,
        "--cast",
        str(ROOT / "examples/cast/cast.toml"),
        "-o",
        str(tmp_path),
    ]
    result = CliRunner().invoke(app, [*arguments, "--detector", str(SAMPLES / "boxes")])
    assert result.exit_code == 0, result.output


EXECUTE = """
import sys, nbformat, nbclient
path, boxes = sys.argv[1:]
book = nbformat.read(path, as_version=4)
settings = {"run": {"device": "cpu", "detector": boxes, "embedder": "colour"}}
for cell in book.cells:
    if "CONFIG = " in cell.source:  # boxes that are known, so that no network runs
        cell.source = cell.source.replace('{"run": {"device": "auto"}}', repr(settings))
nbclient.NotebookClient(book, timeout=240, kernel_name="python3").execute()
for cell in book.cells:
    for output in cell.get("outputs", ()):
        print(output.get("text") or sorted(output.get("data", {})))
"""


@pytest.mark.slow
def test_the_notebook():
    result = example("-c", EXECUTE, "examples/one_clip.ipynb", str(SAMPLES / "boxes"))
    assert result.returncode == 0, result.stderr
    assert "critical swap" in result.stdout
    assert "char-03" in result.stdout
    assert "image/png" in result.stdout


def test_the_notebook_is_stored_without_outputs():
    book = json.loads((ROOT / "examples/one_clip.ipynb").read_text(encoding="utf-8"))
    assert not any(cell.get("outputs") for cell in book["cells"])
