"""Forty clips judged by the real program, its processes killed at random moments, and resumed."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.scenes.clips import stairs, write_clip

ROOT = Path(__file__).parents[2]
CLIPS = 40
FRAMES = 8
PATIENCE_S = 120
ENVIRONMENT = {
    **os.environ,
    "OMP_NUM_THREADS": "1",
    "PYTHONPATH": str(ROOT),
}
# Cuts by pictures alone: no network to load, and tiny clips have none anyway.
SETTINGS = '[shots]\ndetector = "content"\n'


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with clips, the boxes in them, and settings; one of the clips is none."""
    folder = tmp_path_factory.mktemp("clips")
    (folder / "boxes").mkdir()
    (folder / "castcheck.toml").write_text(SETTINGS)
    for number in range(CLIPS):
        name = f"clip_{number:02d}"
        write_clip(folder / f"{name}.mp4", stairs(FRAMES + number % 3))
        boxes = (f"{frame},-1,{10 + number % 7},8,30,50,0.9\n" for frame in range(1, FRAMES))
        (folder / "boxes" / f"{name}.txt").write_text("".join(boxes))
    (folder / "clip_13.mp4").write_bytes(b"no clip at all")
    return folder


@contextmanager
def started(clips: Path, out: Path, *more: str) -> Iterator[subprocess.Popen[str]]:
    """Run `castcheck batch` beside the test; nothing of it is left behind a test that fails."""
    process = subprocess.Popen(
        [
            *(sys.executable, "-m", "castcheck", "batch", str(clips), "-o", str(out)),
            *("--detector", str(clips / "boxes"), "--config", str(clips / "castcheck.toml")),
            *("--format", "csv,mot", *more),
        ],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=ENVIRONMENT,
        start_new_session=True,
    )
    try:
        yield process
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()


def end(process: subprocess.Popen[str]) -> tuple[int, str, str]:
    out, err = process.communicate(timeout=PATIENCE_S)
    return process.returncode, out, err


def committed(out: Path) -> dict[str, tuple[int, int]]:
    """Folder to what changes if it is ever written again."""
    found = {}
    for result in out.glob("*/result.json"):
        facts = result.stat()
        found[result.parent.name] = (facts.st_ino, facts.st_mtime_ns)
    return found


def workers(process: subprocess.Popen[str]) -> list[psutil.Process]:
    return [child for child in psutil.Process(process.pid).children() if is_worker(child)]


def is_worker(child: psutil.Process) -> bool:
    try:
        return "spawn_main" in " ".join(child.cmdline())
    except psutil.NoSuchProcess:  # one just killed has no command line; a zombie is one of these
        return False


def wait_for(condition, what: str):
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline, what
        time.sleep(0.01)


def contents(out: Path) -> dict[str, bytes]:
    """Every file of a run but for the seconds in its reports."""
    found = {}
    for path in sorted(out.rglob("*")):
        if path.is_file():
            data = path.read_bytes()
            if path.name == "report.json":
                data = json.dumps({**json.loads(data), "timings": None}).encode()
            found[str(path.relative_to(out))] = data
    return found


def summary(out: Path) -> list[dict[str, Any]]:
    text = (out / "summary.jsonl").read_text(encoding="utf-8")
    return [json.loads(line) for line in text.splitlines()]


@pytest.fixture(scope="module")
def undisturbed(clips: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("undisturbed") / "run"
    with started(clips, out, "--workers", "2") as process:
        code, said, err = end(process)
    assert code == 2, err
    assert "1 unreadable" in said
    return out


def test_undisturbed(undisturbed: Path):
    rows = summary(undisturbed)
    assert [Path(row["clip"]).stem for row in rows] == [f"clip_{i:02d}" for i in range(CLIPS)]
    assert [i for i, row in enumerate(rows) if row["outcome"] != "judged"] == [13]
    assert len(committed(undisturbed)) == CLIPS - 1


def kill_and_resume(clips: Path, out: Path, crew, *more: str, seed: int, rounds: int):
    """Kill a worker and then the leader at random moments, `rounds` times; then run to the end.

    Args:
        crew: Called with the leader's process; returns those of its workers.
    """
    rng = random.Random(seed)  # noqa: S311
    before: dict[str, tuple[int, int]] = {}
    for _ in range(rounds):
        with started(clips, out, *more) as process:
            goal = len(before) + rng.randint(3, 9)
            wait_for(lambda goal=goal: len(committed(out)) >= goal, "nothing was judged")
            time.sleep(rng.uniform(0, 0.1))
            rng.choice(crew(process)).kill()
            goal += rng.randint(1, 4)
            wait_for(lambda goal=goal: len(committed(out)) >= goal, "a dead worker ends the run")
            time.sleep(rng.uniform(0, 0.1))
            orphans = crew(process)
            process.kill()
            _, alive = psutil.wait_procs(orphans, timeout=30)
            assert not alive, "a worker outlived its leader"
        after = committed(out)
        assert after.items() >= before.items(), "a finished clip was done again"
        before = after
    with started(clips, out, *more) as process:
        code, _, err = end(process)
    assert code == 2, err
    assert f"{len(before)} clips of {CLIPS} were judged before" in err
    assert committed(out).items() >= before.items(), "a finished clip was done again"


@pytest.mark.slow
def test_killed_and_resumed_loses_and_doubles_nothing(clips, undisturbed, tmp_path):
    out = tmp_path / "run"
    kill_and_resume(clips, out, workers, "--workers", "2", seed=1, rounds=2)
    assert contents(out) == contents(undisturbed)


def test_no_cluster_is_one_line_at_once(clips, tmp_path):
    pytest.importorskip("ray")
    with started(clips, tmp_path / "run", "--ray", "127.0.0.1:1") as process:
        code, _, err = end(process)
    assert code == 2
    assert err.startswith("castcheck: --ray: no cluster answers at '127.0.0.1:1'")
    assert len(err.splitlines()) == 1


def test_ctrl_c_ends_cleanly(clips, tmp_path):
    out = tmp_path / "run"
    with started(clips, out, "--workers", "1") as process:
        wait_for(lambda: len(committed(out)) >= 2, "nothing was judged")
        os.killpg(process.pid, signal.SIGINT)  # as a terminal does: to the workers too
        code, said, err = end(process)
    assert code == 130, err
    done = len(committed(out))
    assert f" of {CLIPS} clips are done: the same command goes on" in err
    assert err.splitlines()[-1] == "castcheck: interrupted"
    assert "Traceback" not in err
    rows = summary(out)
    assert sum(row["outcome"] == "judged" for row in rows) == done
    assert sum(row["outcome"] == "not_judged" for row in rows) >= CLIPS - done - 1
    assert "not judged" in said
    assert not (out / ".parts").exists()
