"""What `bench.speed` measures in processes of their own: start-up, a busy machine, resolutions."""

from __future__ import annotations

import contextlib
import resource
import subprocess
import sys
import tempfile
import time
from statistics import median
from typing import TYPE_CHECKING, Any

from bench.speed_children import run_child
from scenes.threads import core_count

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from bench.speed_floor import Setup

HEIGHTS_PX = (360, 720, 1080, 2160)
SHORT_FRAMES = 16


def start_up(setup: Setup, runs: int, folder: Path) -> list[dict[str, Any]]:
    """Return what it takes from nothing to a first answer; all of it counts, also the reports."""
    short = folder / f"{setup.clip.stem}-{SHORT_FRAMES}.mp4"
    _ffmpeg("-i", str(setup.clip), "-frames:v", str(SHORT_FRAMES), "-an", str(short))
    with tempfile.TemporaryDirectory() as out:
        ours = ["-m", "castcheck"]
        check = [
            *ours, "check", str(short), "-o", out, "--device", setup.device, "--trust-weights",
            "--embedder", setup.embedder,
        ]  # fmt: skip
        commands = {
            "python -c 'import torch'": ["-c", "import torch"],
            "castcheck --help": [*ours, "--help"],
            "castcheck check --help": [*ours, "check", "--help"],
            f"castcheck check, {SHORT_FRAMES} frames, bundled": [*check, "--detector", "bundled"],
            f"castcheck check, {SHORT_FRAMES} frames, {setup.detector.name}": [
                *check, "--detector", str(setup.detector),
            ],
        }  # fmt: skip
        return [
            {"what": what, **_cost_of([sys.executable, *words], runs)}
            for what, words in commands.items()
        ]


def _cost_of(command: list[str], runs: int) -> dict[str, float]:
    """Return medians of seconds on the clock and of CPU; a first run fills the disk's cache."""
    costs = []
    for _ in range(runs + 1):
        before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
        code = subprocess.run(  # noqa: S603
            command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False
        ).returncode
        if code not in (0, 1):
            raise SystemExit(f"{' '.join(command)} ended with {code}")
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        cpu_s = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        costs.append((time.perf_counter() - started, cpu_s))
    return {
        "wall_s": median(wall_s for wall_s, _ in costs[1:]),
        "cpu_s": median(cpu_s for _, cpu_s in costs[1:]),
    }


@contextlib.contextmanager
def busy_loops(count: int) -> Iterator[None]:
    """Keep so many cores busy while the block runs."""
    command = [sys.executable, "-c", "while True: pass"]
    loops = [subprocess.Popen(command) for _ in range(count)]  # noqa: S603
    try:
        yield
    finally:
        for loop in loops:
            loop.kill()
            loop.wait()


def on_a_busy_machine(setup: Setup) -> list[dict[str, Any]]:
    """Return what a clip takes alone, and with a busy loop beside it on each core."""
    rows = []
    for loops in (0, core_count()):
        with busy_loops(loops):
            rows.append({"loops": loops, **run_child(setup)})
    return rows


def costs_by_resolution(
    setup: Setup, heights_px: Sequence[int], folder: Path
) -> list[dict[str, Any]]:
    """Return cost and peak memory of the same pictures, scaled."""
    rows = []
    for height_px in heights_px:
        clip = folder / f"{setup.clip.stem}-{height_px}.mp4"
        _ffmpeg("-i", str(setup.clip), "-vf", f"scale=-2:{height_px}", "-an", str(clip))
        rows.append({"height_px": height_px, **run_child(setup, clip)})
    return rows


def _ffmpeg(*words: str) -> None:
    subprocess.run(["ffmpeg", "-v", "error", "-y", *words], check=True)  # noqa: S603, S607
