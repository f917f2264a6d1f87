"""What a GPU makes of castcheck, in one table: `bench/gpu.sh` runs it.

    python -m bench.gpu CLIP... [--detector SPEC] [--seconds 240] [--out TABLE.md]

Judges the clips on the CPU and on the GPU, one after the other and several at once, and the first
of them also at 1080p and 4K, and prints frames a second, how long the GPU was busy, its memory,
clips an hour, and whether the findings are the same. The table is written after every row, so that
what was measured stays where time runs out. Where there is no GPU it says so and ends with 2: no
row is made up. `--rehearse` goes the same way with torch's CPU in the place of the GPU, and says so
in every row.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import subprocess
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from statistics import mean
from typing import TYPE_CHECKING, Any, NamedTuple

from bench.tables import Table
from castcheck.batch.shared_models import SharedModels
from castcheck.config import Config
from castcheck.pipeline import judge, load_models
from tracker import yolo

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from castcheck.facts.report import Report

NO_GPU = 2
_SAME_CONFIDENCE = 0.005  # scores may differ in the third digit
_EVERY_MS = 200
_LARGER_PX = (1080, 2160)  # heights
_BATCH = {"detector": {"batch_size": 32}}


class BusyMeter:
    """Asks the driver how busy the first GPU that may be used is, while the block runs.

    Attributes:
        shares: What it said, each in 0..1; nothing where no driver answers.
    """

    def __init__(self) -> None:
        self.shares: list[float] = []
        first = os.environ.get("CUDA_VISIBLE_DEVICES", "").partition(",")[0] or "0"
        self._command = [
            "nvidia-smi", "-i", first, "--query-gpu=utilization.gpu",
            "--format=csv,noheader,nounits", "-lms", str(_EVERY_MS),
        ]  # fmt: skip
        self._driver: subprocess.Popen[str] | None = None
        self._thread: threading.Thread | None = None

    def __enter__(self) -> BusyMeter:
        with contextlib.suppress(OSError):
            driver = subprocess.Popen(  # noqa: S603
                self._command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
            )
            self._driver = driver
            self._thread = threading.Thread(target=self._read, args=(driver.stdout,), daemon=True)
            self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        if self._driver is not None and self._thread is not None:
            with self._driver:  # closes its pipe
                self._driver.terminate()
                self._thread.join()

    def _read(self, lines: Iterable[str]) -> None:
        for line in lines:
            with contextlib.suppress(ValueError):  # "[N/A]" where the card does not say
                self.shares.append(float(line) / 100)


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
    on_gpu = models.device.startswith("cuda")
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


class Way(NamedTuple):
    """One way to judge clips on the GPU.

    Attributes:
        name: For the table.
        more: Settings.
        at_once: Clips judged at the same time.
        height_px: Of the pictures; 0 = as they are.
    """

    name: str
    more: dict[str, Any]
    at_once: int = 1
    height_px: int = 0


WAYS = (
    Way("one clip at a time", _BATCH),
    Way("four clips at once", _BATCH, at_once=4),
    Way("one clip at a time, float32", {**_BATCH, "run": {"half": False}}),
    Way("one clip at a time, decoded on the GPU", {**_BATCH, "run": {"decoder": "auto"}}),
    *(Way(f"four clips at once, {height} px high", _BATCH, 4, height) for height in _LARGER_PX),
)


def compare(
    clips: Sequence[Path], base: Config, *, seconds: float, where: str
) -> Iterator[tuple[str, dict[str, Any], str]]:
    """Yield the rows of the table, each as soon as it is measured.

    Args:
        clips: At least one.
        base: What all ways have in common.
        seconds: For all ways on the GPU together; each judges every clip once, however long it
            takes.
        where: What the rows call the device.
    """
    cpu, gpu = (base.updated({"run": {"device": device}}) for device in ("cpu", "cuda"))
    truth: dict[Path, Report] = {}
    with tempfile.TemporaryDirectory() as folder:
        for way in WAYS:
            own = list(clips)
            if way.height_px:
                own = [scaled(clips[0], way.height_px, Path(folder))]
            if not truth.keys() >= set(own):
                figures, reports = run(own, cpu, at_once=1, seconds=0)
                truth |= reports
                size = f", {way.height_px} px high" if way.height_px else ""
                yield f"CPU, one clip at a time{size}", figures, ""
            each = seconds / len(WAYS)
            figures, reports = run(own, gpu.updated(way.more), at_once=way.at_once, seconds=each)
            agree = sum(same(findings_of(truth[c]), findings_of(r)) for c, r in reports.items())
            yield f"{where}, {way.name}", figures, f"{agree} of {len(reports)} clips"


def scaled(clip: Path, height_px: int, folder: Path) -> Path:
    """Write the same pictures so high, and return the file."""
    out = folder / f"{clip.stem}-{height_px}.mp4"
    words = ["-i", str(clip), "-vf", f"scale=-2:{height_px}", "-an", str(out)]
    subprocess.run(["ffmpeg", "-v", "error", "-y", *words], check=True)  # noqa: S603, S607
    return out


def main() -> int:
    """Judge, compare, print."""
    import torch

    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("clips", nargs="+", type=Path)
    parser.add_argument("--detector", default="bundled")
    parser.add_argument("--embedder", default="bundled")
    parser.add_argument("--seconds", type=float, default=240, help="for all rows on the GPU")
    parser.add_argument("--out", type=Path, help="file the table is written to")
    parser.add_argument("--rehearse", action="store_true", help="torch's CPU is the GPU")
    options = parser.parse_args()
    where = "GPU"
    if options.rehearse:
        where = "rehearsal on torch's CPU, no GPU"
        yolo.choose_device = lambda device: "cpu" if device == "cpu" else "cpu:0"
    elif not torch.cuda.is_available():
        print("there is no GPU here: nothing measured", file=sys.stderr)
        return NO_GPU
    run_with = {"detector": options.detector, "embedder": options.embedder, "trust_weights": True}
    base = Config.from_dict({"run": run_with})
    rows = []
    for row in compare(options.clips, base, seconds=options.seconds, where=where):
        rows.append(row)
        text = table(rows).markdown() + "\n"
        if options.out:
            options.out.write_text(text, encoding="utf-8")
        print(f"{row[0]}: {row[1]['frames_per_s']:.1f} frames/s", file=sys.stderr, flush=True)
    print(text)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
