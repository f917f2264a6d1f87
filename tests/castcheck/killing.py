"""Runs of a batch in processes of their own that tests kill, and what is left of them."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any

import psutil

ROOT = Path(__file__).parents[2]
# Workers load what takes half a minute of a processor, of which a busy machine gives a tenth.
PATIENCE_S = 600
MADE_UP_CLIPS = 40
# Its arguments: the folder of the clips, how many at once, and the address of a cluster, if any.
MADE_UP_RUN = """
import sys
from tests.castcheck.batch_workers import run_made_up
run_made_up(sys.argv[1], clips_at_once=int(sys.argv[2]), address="".join(sys.argv[3:]))
"""
ENVIRONMENT = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)}

Process = subprocess.Popen[str]
ProcessFinder = Callable[[Process], list[psutil.Process]]


@contextmanager
def started(*arguments: str, **variables: str) -> Iterator[Process]:
    """Run Python beside the test; nothing of it is left behind a test that fails."""
    process = subprocess.Popen(
        [sys.executable, *arguments],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**ENVIRONMENT, **variables},
        start_new_session=True,
    )
    try:
        yield process
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()


def end(process: Process) -> tuple[int, str, str]:
    out, err = process.communicate(timeout=PATIENCE_S)
    return process.returncode, out, err


def workers(process: Process) -> list[psutil.Process]:
    """Return the local workers of a run."""
    return [child for child in psutil.Process(process.pid).children() if _is_worker(child)]


def _is_worker(child: psutil.Process) -> bool:
    try:
        return "spawn_main" in " ".join(child.cmdline())
    except psutil.NoSuchProcess:  # one just killed has no command line; a zombie is one of these
        return False


def all_gone(processes: list[psutil.Process]) -> bool:
    """Return whether none runs any more; whether somebody took note of its end does not matter."""
    for process in processes:
        with suppress(psutil.NoSuchProcess):
            if process.is_running() and process.status() != psutil.STATUS_ZOMBIE:
                return False
    return True


def wait_for(condition: Callable[[], Any], what: str) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline, what
        time.sleep(0.01)


def committed(out: Path) -> dict[str, tuple[int, int]]:
    """Folder to what changes if it is ever written again."""
    found = {}
    for result in out.glob("*/result.json"):
        facts = result.stat()
        found[result.parent.name] = (facts.st_ino, facts.st_mtime_ns)
    return found


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


def made_up_clips(folder: Path) -> None:
    """Write forty files for `batch_workers.run_made_up`: one is no clip, one fails, one kills."""
    special = {13: "bad", 20: "swap", MADE_UP_CLIPS - 2: "poison"}
    for number in range(MADE_UP_CLIPS):
        name = f"{number:02d}_{special.get(number, 'nap')}.mp4"
        (folder / name).write_bytes(f"made up: {name}".encode())


def check_made_up(out: Path, code: int) -> None:
    """Check a run over `made_up_clips`: each clip has its own result, and only the guilty died."""
    assert code == 3
    became = [row["outcome"] for row in summary(out)]
    wanted = ["judged"] * MADE_UP_CLIPS
    wanted[13], wanted[-2] = "bad_input", "crashed"
    assert became == wanted
    assert len(committed(out)) == MADE_UP_CLIPS - 2
    for row in summary(out):
        if row["outcome"] == "judged":
            report = json.loads((out / row["folder"] / "report.json").read_text(encoding="utf-8"))
            assert report["clip"]["path"] == row["clip"]


def kill_and_resume(
    start: Callable[[], AbstractContextManager[Process]],
    out: Path,
    crew: ProcessFinder,
    *,
    seed: int,
    rounds: int,
    clips: int,
) -> int:
    """Kill a worker and then the leader at random moments, `rounds` times; then run to the end.

    Args:
        start: Starts the run, or goes on with it.
        out: Its folder.
        crew: Returns the workers of a run.
        clips: How many the run has; of each round, at most 13 are judged before the end.

    Returns:
        The exit code of the last run.
    """
    rng = random.Random(seed)  # noqa: S311
    before: dict[str, tuple[int, int]] = {}
    for _ in range(rounds):
        with start() as process:
            goal = len(before) + rng.randint(3, 9)
            _wait_for_clips(process, out, goal, "nothing was judged")
            time.sleep(rng.uniform(0, 0.1))
            rng.choice(_crew_of(process, crew)).kill()
            goal += rng.randint(1, 4)
            _wait_for_clips(process, out, goal, "a dead worker ends the run")
            time.sleep(rng.uniform(0, 0.1))
            orphans = crew(process)
            process.kill()
            wait_for(partial(all_gone, orphans), "a worker outlived its leader")
        after = committed(out)
        assert after.items() >= before.items(), "a finished clip was done again"
        before = after
    with start() as process:
        code, _, err = end(process)
    assert f"{len(before)} clips of {clips} were judged before" in err, err
    assert committed(out).items() >= before.items(), "a finished clip was done again"
    return code


def _crew_of(process: Process, crew: ProcessFinder) -> list[psutil.Process]:
    """Return the workers, once there are any: one that just died may not have a successor yet."""
    wait_for(lambda: crew(process), "there are no workers")
    return crew(process) or _crew_of(process, crew)


def _wait_for_clips(process: Process, out: Path, count: int, what: str) -> None:
    def enough() -> bool:
        assert process.poll() is None, process.communicate()
        return len(committed(out)) >= count

    wait_for(enough, what)
