"""How fast castcheck is beside the bare detector and the usual trackers, and what it costs.

    pip install ".[bench]"
    python -m bench.speed --detector WEIGHTS [--onnx FILE] [--embedder SPEC] [--clip CLIP...]

Ultralytics' trackers need lap, which it would fetch by itself in the middle of a round.

Every row sees the same frames, in turns: in each round each row runs once over all clips, and is
divided by the floor of that round, so that a machine that is busy now and then changes little. The
floor is decoding and the bare network in the fastest of several ways. Printed are medians, of the
time on the clock and of CPU time; the latter hardly depends on who else uses the machine. Tables
come as Markdown, and as `speed.json` and `speed.png` in the folder given with `--out`. About 20
minutes on two quiet cores; `--skip sizes,workers,start,busy,resolutions` leaves the rows alone, and
`--only castcheck` the peers out. All but the rows take the first of several clips.
"""

from __future__ import annotations

import argparse
import json
import resource
import shutil
import subprocess
import sys
import time
from importlib.util import find_spec
from pathlib import Path
from statistics import fmean, median
from typing import TYPE_CHECKING, Any

from bench.speed_children import read_child, start_child
from bench.speed_floor import Setup, bare_network, find_floors
from bench.speed_more import HEIGHTS_PX, costs_by_resolution, on_a_busy_machine, start_up
from bench.speed_rows import OURS, Castcheck, judge_and_write, rows_for
from bench.speed_tables import tables
from scenes.threads import core_count

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from bench.speed_rows import Row

CLIP = Path("sample_videos/street_clean.mp4")
LENGTHS_S = (10, 60, 600, 1800)
_NEED_FFMPEG = ("sizes", "start", "resolutions")  # parts that cut or scale clips first
_NEEDED_BY_ROWS = ("lap", "matplotlib")  # Ultralytics' trackers, and the picture
PEOPLE = (2, 3, 8, 20)
FPS, BODY_SHARE = 24, 0.5
SMALL_PX = (426, 240)
SMALL_SCALE = f"scale={SMALL_PX[0]}:{SMALL_PX[1]}"


def time_rows(
    rows: Mapping[str, Row], clips: Sequence[Path], runs: int
) -> dict[str, list[dict[str, float]]]:
    """Return, per row and round, seconds on the clock and of CPU per frame of all clips.

    Round 0 warms up, and does not count.
    """
    spent: dict[str, list[dict[str, float]]] = {name: [] for name in rows}
    for number in range(runs + 1):
        for name, row in rows.items():
            wall, cpu = time.perf_counter(), time.process_time()
            frames = sum(map(row, clips))
            cost = {
                "wall_s": (time.perf_counter() - wall) / frames,
                "cpu_s": (time.process_time() - cpu) / frames,
            }
            if number:
                spent[name].append(cost)
            sys.stderr.write(f"round {number}, {name}: {1 / cost['wall_s']:.1f} frames/s\n")
    return spent


def against_floor(spent: dict[str, list[dict[str, float]]]) -> dict[str, dict[str, float]]:
    """Return medians per row, and of its ratio to the first row in the same round.

    Example:
        >>> one, two = [{"wall_s": 1.0, "cpu_s": 2.0}], [{"wall_s": 2.0, "cpu_s": 6.0}]
        >>> against_floor({"floor": one, "other": two})["other"]["cpu_ratio"]
        3.0
    """
    floor = next(iter(spent.values()))
    return {
        name: {
            "frames_per_s": 1 / median(c["wall_s"] for c in costs),
            "cpu_ms_per_frame": 1000 * median(c["cpu_s"] for c in costs),
            **_ratios(costs, floor),
        }
        for name, costs in spent.items()
    }


def _ratios(costs: list[dict[str, float]], floor: list[dict[str, float]]) -> dict[str, float]:
    """Return the median ratio to the floor of the same round, and the least and most of them."""
    figures = {}
    for kind in ("wall", "cpu"):
        key = f"{kind}_s"
        ratios = [own[key] / bare[key] for own, bare in zip(costs, floor, strict=True)]
        figures |= {
            f"{kind}_ratio": median(ratios),
            f"{kind}_ratio_least": min(ratios),
            f"{kind}_ratio_most": max(ratios),
        }
    return figures


def median_stages(runs: list[dict[str, float]], clips: int = 1) -> dict[str, float]:
    """Return the median over the rounds of each stage's mean over the clips.

    Args:
        runs: Of each clip, round by round.
        clips: How many there are in a round.

    Example:
        >>> median_stages([{"looks": 1.0}, {"looks": 3.0}, {"looks": 2.0}])
        {'looks': 2.0}
        >>> median_stages([{"looks": 1.0}, {"looks": 3.0}], clips=2)
        {'looks': 2.0}
    """
    rounds = [runs[k : k + clips] for k in range(0, len(runs), clips)]
    return {
        stage: median(fmean(run[stage] for run in one) for one in rounds)
        for stage in (runs[0] if runs else ())
    }


def write_small(clip: Path, folder: Path) -> Path:
    """Return `clip` encoded at half its size: the costs by length are not those of decoding."""
    out = folder / f"{clip.stem}-small.mp4"
    command = ["ffmpeg", "-v", "error", "-y", "-i", str(clip), "-vf", SMALL_SCALE, "-an"]
    subprocess.run([*command, str(out)], check=True)  # noqa: S603
    return out


def write_looped(clip: Path, seconds: float, folder: Path) -> Path:
    """Return a clip of so many seconds: `clip` again and again, not encoded anew."""
    out = folder / f"{clip.stem}-{seconds:g}s.mp4"
    command = ["ffmpeg", "-v", "error", "-y", "-stream_loop", "-1", "-i", str(clip)]
    subprocess.run([*command, "-t", str(seconds), "-c", "copy", str(out)], check=True)  # noqa: S603
    return out


def write_boxes(path: Path, *, frames: int, people: int, size_px: tuple[int, int]) -> Path:
    """Write stored boxes of people who stand side by side and sway, so that only looks cost."""
    width_px, height_px = size_px
    body = (width_px / people * 0.6, height_px * BODY_SHARE)
    lines = []
    for frame in range(frames):
        for k in range(people):
            left = (k + 0.2) * width_px / people + (frame % 24 - 12) / 4
            lines.append(
                f"{frame + 1},-1,{left:.2f},{height_px * 0.3:.2f},{body[0]:.2f},{body[1]:.2f},0.9\n"
            )
    path.write_text("".join(lines), encoding="utf-8")
    return path


def child(clip: Path, detector: str, embedder: str, device: str) -> None:
    """Judge one clip in this process and print what it cost as JSON."""
    from castcheck import pipeline

    config = Setup(clip, Path(detector), embedder, device).config()
    models = pipeline.load_models(config)
    started, cpu = time.perf_counter(), time.process_time()
    timings: dict[str, float] = {}
    frames = judge_and_write(clip, config, models, timings)
    cost = {
        "frames": frames,
        "wall_s": time.perf_counter() - started,
        "cpu_s": time.process_time() - cpu,
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        "stages_s": timings,
    }
    sys.stdout.write(json.dumps(cost) + "\n")


def costs_by_size(setup: Setup, lengths_s: list[float], folder: Path) -> list[dict[str, Any]]:
    """Return cost and peak memory by length (three people) and by number of people (10 s).

    Boxes are given, so that what is measured is all but the detector.
    """
    small = write_small(setup.clip, folder)
    sizes = [(s, 3) for s in lengths_s] + [(10.0, p) for p in PEOPLE if p != 3]
    rows = []
    for seconds, people in sizes:
        clip = write_looped(small, seconds, folder)
        boxes = write_boxes(
            folder / f"{people}-{seconds:g}.txt",
            frames=int(seconds * FPS) + FPS,
            people=people,
            size_px=SMALL_PX,
        )
        cost = read_child(start_child(clip, boxes, setup))
        rows.append({"seconds": seconds, "people": people, **cost})
        sys.stderr.write(f"{seconds:g} s, {people} people: {cost['peak_mb']:.0f} MB\n")
    return rows


def workers(setup: Setup) -> dict[str, float]:
    """Return the clips a second of one worker, of two beside each other, and their ratio."""
    one = time.perf_counter()
    read_child(start_child(setup.clip, setup.detector, setup, OMP_NUM_THREADS="1"))
    one = time.perf_counter() - one
    two = time.perf_counter()
    pair = [start_child(setup.clip, setup.detector, setup, OMP_NUM_THREADS="1") for _ in range(2)]
    for process in pair:
        read_child(process)
    two = time.perf_counter() - two
    return {"one_clips_per_s": 1 / one, "two_clips_per_s": 2 / two, "ratio": 2 * one / two}


def gpu_figures(results: dict[str, dict[str, float]], setup: Setup) -> dict[str, float] | None:
    """Return the figures of a GPU; `None` = there was none."""
    if setup.device == "cpu":
        return None
    import torch

    ours = results.get(OURS)
    if ours is None:
        return None
    return {
        "frames_per_s": ours["frames_per_s"],
        "times_real_time_at_24_fps": ours["frames_per_s"] / 24,
        "time_over_floor": ours["wall_ratio"],
        "peak_gpu_mb": torch.cuda.max_memory_allocated() / 2**20,
    }


def plot(results: dict[str, dict[str, float]], path: Path) -> None:
    """Draw CPU time over the floor, a bar per row."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    figure, axes = plt.subplots(figsize=(7, 3), layout="constrained")
    names = list(results)[::-1]
    axes.barh(names, [results[n]["cpu_ratio"] for n in names], color="#3b6ea5")
    axes.axvline(1.3, color="#b03a2e", linewidth=1, linestyle="--")
    axes.set_xlabel("CPU time / floor (dashed: 1.3)")
    figure.savefig(path, dpi=120)


def main() -> int:
    """Measure, print the tables, write JSON and a picture."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--detector", type=Path, required=True)
    parser.add_argument("--onnx", type=Path, help="the same detector as ONNX, for Ultralytics")
    parser.add_argument("--embedder", default="bundled")
    parser.add_argument("--clip", type=Path, nargs="+", default=[CLIP])
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--lengths", type=float, nargs="*", default=list(LENGTHS_S))
    parser.add_argument("--heights", type=int, nargs="*", default=list(HEIGHTS_PX))
    parser.add_argument("--only", default="", help="rows whose name contains one of these, commas")
    parser.add_argument(
        "--skip", default="", help="rows, sizes, workers, start, busy or resolutions, commas"
    )
    parser.add_argument("--out", type=Path, default=Path("bench/out"))
    parser.add_argument("--child", action="store_true", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.child:
        child(args.clip[0], str(args.detector), args.embedder, args.device)
        return 0
    skipped = set(args.skip.split(","))
    if not skipped.issuperset(_NEED_FFMPEG) and shutil.which("ffmpeg") is None:
        parser.error(f"ffmpeg is not installed: install it, or --skip {','.join(_NEED_FFMPEG)}")
    lacking = [name for name in _NEEDED_BY_ROWS if find_spec(name) is None]
    if "rows" not in skipped and lacking:
        parser.error(
            f'not installed: {", ".join(lacking)}; `pip install ".[bench]"` brings them, '
            "or --skip rows"
        )
    args.out.mkdir(parents=True, exist_ok=True)
    setup = Setup(args.clip[0], args.detector, args.embedder, args.device)
    names = ", ".join(clip.name for clip in args.clip)
    found: dict[str, Any] = {"clip": names, "embedder": Path(args.embedder).name}
    if "rows" not in skipped:
        bare = bare_network(setup)
        floors = find_floors(setup, bare, core_count())
        rows = rows_for(setup, floors, bare, args.onnx)
        words = [w for w in args.only.split(",") if w]
        chosen = {
            n: r
            for n, r in rows.items()
            if n.startswith("floor") or not words or any(w in n for w in words)
        }
        results = against_floor(time_rows(chosen, args.clip, args.runs))
        stages = {
            n: median_stages(row.stages[len(args.clip) :], len(args.clip))  # after the warm-up
            for n, row in chosen.items()
            if isinstance(row, Castcheck)
        }
        found |= {"floor": "; ".join(map(str, floors)), "rows": results, "stages": stages}
        found["gpu"] = gpu_figures(results, setup)
        plot(results, args.out / "speed.png")
        tell(found, {"rows", "stages", "gpu", "floor"}, args.out)
    if "sizes" not in skipped:
        found["sizes"] = costs_by_size(setup, args.lengths, args.out)
        tell(found, {"sizes"}, args.out)
    if "workers" not in skipped:
        found["workers"] = workers(setup)
        tell(found, {"workers"}, args.out)
    parts = {
        "start": lambda: start_up(setup, args.runs, args.out),
        "busy": lambda: on_a_busy_machine(setup),
        "resolutions": lambda: costs_by_resolution(setup, args.heights, args.out),
    }
    for name, measure in parts.items():
        if name not in skipped:
            found[name] = measure()
            tell(found, {name}, args.out)
    return 0


def tell(found: dict[str, Any], new: set[str], out: Path) -> None:
    """Print what is new at once, and keep all so far: a run that is broken off is not lost."""
    (out / "speed.json").write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    for part in tables({key: value for key, value in found.items() if key in new}):
        sys.stdout.write(f"{part.markdown()}\n\n")
    sys.stdout.flush()


if __name__ == "__main__":
    raise SystemExit(main())
