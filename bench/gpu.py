"""What a GPU makes of castcheck, in one table: `bench/gpu.sh` runs it.

    python -m bench.gpu CLIP... [--detector SPEC] [--seconds 240]

Judges the clips on the CPU and on the GPU, one after the other and several at once, and prints
frames a second, how long the GPU was busy, its memory, clips an hour, and whether the findings are
the same. Where there is no GPU it says so and ends with 2: no row is made up.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from statistics import mean
from typing import TYPE_CHECKING, Any

from bench.tables import Table
from castcheck.batch.shared_models import SharedModels
from castcheck.config import Config
from castcheck.pipeline import judge, load_models

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from castcheck.facts.report import Report

NO_GPU = 2
_SAME_CONFIDENCE = 0.005  # scores may differ in the third digit
_EVERY_S = 0.2


class BusyMeter:
    """Asks the driver how busy the GPU is, while the block runs."""

    def __init__(self) -> None:
        self.shares: list[float] = []
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._ask, daemon=True)

    def __enter__(self) -> BusyMeter:
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._stopped.set()
        self._thread.join()

    def _ask(self) -> None:
        command = ["nvidia-smi", "--query-gpu=utilization.gpu", "--format=csv,noheader,nounits"]
        while not self._stopped.wait(_EVERY_S):
            share = _share(command)
            if share is None:  # no driver that answers: a dash in the table
                return
            self.shares.append(share)


def _share(command: list[str]) -> float | None:
    try:
        told = subprocess.run(command, capture_output=True, text=True, check=True)  # noqa: S603
        return float(told.stdout.split()[0]) / 100
    except (OSError, subprocess.CalledProcessError, ValueError, IndexError):
        return None


def findings_of(report: Report) -> list[tuple[Any, ...]]:
    """Return what must be the same on both, but for the confidence, which comes last."""
    return [
        (f.kind, f.severity, f.start_frame, f.stop_frame, f.characters, f.confidence)
        for f in report.findings
    ]


def same(one: Iterable[tuple[Any, ...]], two: Iterable[tuple[Any, ...]]) -> bool:
    """Return whether two lists of findings differ in the third digit of their confidence at most.

    Example:
        >>> same([("swap", 3, 0.912)], [("swap", 3, 0.914)]), same([("swap", 3, 0.9)], [])
        (True, False)
    """
    left, right = sorted(one, key=str), sorted(two, key=str)
    return len(left) == len(right) and all(
        a[:-1] == b[:-1] and abs(a[-1] - b[-1]) <= _SAME_CONFIDENCE
        for a, b in zip(left, right, strict=True)
    )


def run(
    clips: Sequence[Path], config: Config, *, at_once: int, seconds: float
) -> tuple[dict[str, Any], dict[Path, Report]]:
    """Judge the clips again and again for so long; return figures, and the first report of each."""
    import torch

    models = load_models(config)
    judge(clips[0], config=config, models=models, progress=_silent)  # warms up
    on_gpu = models.device != "cpu"
    if on_gpu:
        torch.cuda.reset_peak_memory_stats()
    shared = SharedModels(models, config) if at_once > 1 else None
    reports: dict[Path, Report] = {}
    frames = count = 0
    ends = time.perf_counter() + seconds
    todo = iter(list(clips) * 10_000)
    lock = threading.Lock()

    def work() -> None:
        nonlocal frames, count
        while True:
            with lock:
                clip = next(todo)
            # Every clip once, however long it takes: findings are compared.
            if time.perf_counter() > ends and len(reports) == len(set(clips)):
                return
            if shared is None:
                report = judge(clip, config=config, models=models, progress=_silent).report
            else:
                with shared.one_clip() as lent:
                    report = judge(clip, config=config, models=lent, progress=_silent).report
            with lock:
                reports.setdefault(clip, report)
                frames, count = frames + report.clip.frames, count + 1

    started = time.perf_counter()
    with BusyMeter() as meter, ThreadPoolExecutor(at_once) as threads:
        for job in [threads.submit(work) for _ in range(at_once)]:
            job.result()
    spent = time.perf_counter() - started
    if shared is not None:
        shared.close()
    figures = {
        "frames_per_s": frames / spent,
        "clips_per_hour": 3600 * count / spent,
        "busy": mean(meter.shares) if on_gpu and meter.shares else None,
        "gpu_mb": torch.cuda.max_memory_allocated() / 2**20 if on_gpu else None,
    }
    return figures, reports


def _silent(*_: Any) -> None:
    return


def table(rows: Sequence[tuple[str, dict[str, Any], str]]) -> Table:
    """Return the one table."""
    cells = tuple(
        (
            name,
            f"{figures['frames_per_s']:.1f}",
            f"{figures['frames_per_s'] / 24:.1f}",
            None if figures["busy"] is None else f"{figures['busy']:.0%}",
            None if figures["gpu_mb"] is None else f"{figures['gpu_mb']:.0f}",
            f"{figures['clips_per_hour']:.0f}",
            agreed,
        )
        for name, figures, agreed in rows
    )
    columns = (
        *("", "frames/s", "times 24 frames/s", "GPU busy", "MB on the GPU"),
        *("clips an hour", "findings as on the CPU"),
    )
    return Table("On a GPU", columns, cells)


def main() -> int:
    """Judge, compare, print."""
    import torch

    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("clips", nargs="+", type=Path)
    parser.add_argument("--detector", default="bundled")
    parser.add_argument("--embedder", default="bundled")
    parser.add_argument("--seconds", type=float, default=240, help="for all rows on the GPU")
    options = parser.parse_args()
    if not torch.cuda.is_available():
        print("there is no GPU here: nothing measured", file=sys.stderr)
        return NO_GPU
    base = Config.from_dict({"run": {"detector": options.detector, "embedder": options.embedder}})
    ways: list[tuple[str, dict[str, Any], int]] = [
        ("GPU, one clip at a time", {"detector": {"batch_size": 32}}, 1),
        ("the same in float32", {"detector": {"batch_size": 32}, "run": {"half": False}}, 1),
        ("GPU, decoding too", {"detector": {"batch_size": 32}, "run": {"decoder": "auto"}}, 1),
        ("GPU, four clips at once", {"detector": {"batch_size": 32}}, 4),
    ]
    cpu = base.updated({"run": {"device": "cpu"}})
    figures, truth = run(options.clips, cpu, at_once=1, seconds=0)
    rows = [("CPU", figures, "")]
    for name, more, at_once in ways:
        config = base.updated({"run": {"device": "cuda"}}).updated(more)
        each = options.seconds / len(ways)
        figures, reports = run(options.clips, config, at_once=at_once, seconds=each)
        agree = sum(same(findings_of(truth[c]), findings_of(r)) for c, r in reports.items())
        rows.append((name, figures, f"{agree} of {len(reports)} clips"))
        print(table(rows).markdown(), end="\n\n", flush=True)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
