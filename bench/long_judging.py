"""How judging alone grows with a clip: `python -m bench.long_judging --minutes 1,10,30,120`.

One minute of `bench.long` is read, and what was seen in it is taken again and again: the one take
goes on for hours, or the same shots come again. Nothing else is decoded, so that two hours can be
judged on a laptop. The minute is read in a process of its own, and each length is judged in one;
seconds are those of the processor for the judging, memory is the peak of the whole process.
`--of CLIP...` reads a minute of these clips instead, scaled, with all networks.
"""

from __future__ import annotations

import argparse
import pickle
import resource
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from bench.long import RATE, SIZE_PX, drawn, pictures_of, write_boxes, write_clip
from castcheck.config import Config
from castcheck.models.load import load_models
from castcheck.observe import Observations, observe
from castcheck.pipeline import calibrate, embedder_name, judge_observations
from identity.appearance.feature_store import FeatureStore
from identity.evidence.picture_style import PictureStyles
from identity.tracks.repair import repair_id_switches
from tracker.tracklets import Tracklet

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

TAKES = ("one", "cuts")


def a_minute(
    *, cuts: bool, embedder: str, of: Sequence[Path] = (), size_px: tuple[int, int] = SIZE_PX
) -> tuple[Observations, str]:
    """Return what is seen in one minute, and the name of what compared looks."""
    with tempfile.TemporaryDirectory(prefix="castcheck-long-") as name:
        clip, boxes = Path(name) / "long.mp4", Path(name) / "boxes.txt"
        write_clip(clip, 1, pictures_of(list(of)) if of else drawn(cuts=cuts), size_px=size_px)
        write_boxes(boxes, 1, size_px=size_px)
        stored = {
            "run": {"detector": str(boxes), "embedder": embedder},
            "shots": {"method": "content"},
        }
        config = Config.from_dict({} if of else stored)
        models = load_models(config)
        seen = observe(clip, config=config, models=models, progress=lambda *_: None)
        return seen, embedder_name(models)


def again_and_again(seen: Observations, minutes: int, *, cuts: bool) -> Observations:
    """Return the same, as often as there are minutes: as one take, or shot for shot."""
    frames, shots = len(seen.frame_times_s), len(seen.shots)
    store, stored = FeatureStore(), 0
    pieces: dict[tuple[int, int], list[tuple[int, NDArray[np.int64]]]] = {}
    for minute in range(minutes):
        for number, looks in enumerate(seen.looks):
            store.append(looks)
            rows = np.arange(stored, stored + len(looks))
            stored += len(looks)
            pieces.setdefault((minute if cuts else 0, number), []).append((minute, rows))
    tracklets: list[Tracklet] = []
    for (minute, number), parts in pieces.items():
        one, times = seen.tracklets[number], [m for m, _ in parts]
        tracklets.append(
            Tracklet(
                len(tracklets),
                one.shot_index + minute * shots,
                np.concatenate([one.frame + m * frames for m in times]),
                np.tile(one.xyxy, (len(times), 1)),
                np.tile(one.score, len(times)),
                one.class_id,
            )
        )
    if cuts:
        all_shots = tuple(
            replace(
                shot,
                index=shot.index + minute * shots,
                start_frame=shot.start_frame + minute * frames,
                stop_frame=shot.stop_frame + minute * frames,
            )
            for minute in range(minutes)
            for shot in seen.shots
        )
    else:
        all_shots = (replace(seen.shots[0], stop_frame=minutes * frames),)
    return replace(
        seen,
        frame_times_s=tuple(Fraction(k, RATE) for k in range(minutes * frames)),
        end_s=Fraction(minutes * frames, RATE),
        shots=all_shots,
        tracklets=tuple(tracklets),
        looks=tuple(store.take(np.concatenate([r for _, r in p])) for p in pieces.values()),
        thumbnails=np.tile(seen.thumbnails, (minutes if cuts else 1, 1, 1, 1, 1)),
        tone=np.tile(seen.tone, (minutes, 1)),
        styles=PictureStyles.joined([seen.styles] * minutes),
    )


def judge_one(minutes: int, take: str, stored: Path) -> str:
    """Judge so many minutes of what was seen in one, and return the row of the table."""
    minute, name = pickle.loads(stored.read_bytes())  # noqa: S301 (written by this program)
    seen = again_and_again(minute, minutes, cuts=take == "cuts")
    del minute
    began = time.process_time()
    tracklets, looks = repair_id_switches(seen.tracklets, seen.looks, fps=seen.fps)
    seen = replace(seen, tracklets=tracklets, looks=looks)
    calibration, _ = calibrate(seen, embedder=name)
    found = judge_observations(seen, Config(), calibration)
    spent_s = time.process_time() - began
    peak_mib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return (
        f"| {take} | {minutes} | {len(seen.shots)} | {len(seen.frame_times_s)} | {spent_s:.1f} | "
        f"{spent_s / minutes:.2f} | {peak_mib:.0f} | {found.cast.character_count} | "
        f"{len(found.explained)} |"
    )


def main() -> int:
    """Print a table."""
    parser = argparse.ArgumentParser(description=__doc__, prog="python -m bench.long_judging")
    parser.add_argument("--minutes", default="1,10,30,120", help="lengths, with commas between")
    parser.add_argument("--takes", default=",".join(TAKES), help="one: no cut; cuts: one every 5 s")
    parser.add_argument("--embedder", default="colour", help="looks are read once, for one minute")
    parser.add_argument("--of", type=Path, nargs="*", default=[], help="clips, not drawn people")
    parser.add_argument("--size", default="x".join(map(str, SIZE_PX)), help="of the pictures")
    parser.add_argument("--read", type=Path, help="read a minute in this process, and store it")
    parser.add_argument("--row", type=Path, help="judge a stored minute in this process")
    options = parser.parse_args()
    takes, lengths = options.takes.split(","), options.minutes.split(",")
    if options.of:
        takes = ["cuts"]  # theirs
    if options.read:
        width_px, height_px = map(int, options.size.split("x"))
        minute = a_minute(
            cuts=takes[0] == "cuts",
            embedder=options.embedder,
            of=options.of,
            size_px=(width_px, height_px),
        )
        options.read.write_bytes(pickle.dumps(minute))
        return 0
    if options.row:
        print(judge_one(int(lengths[0]), takes[0], options.row))
        return 0
    print(
        "| take | minutes | shots | pictures | judging, processor s | s per minute of clip | "
        "peak MiB | characters | explained |\n|---|---|---|---|---|---|---|---|---|",
        flush=True,
    )
    for take in takes:
        with tempfile.TemporaryDirectory(prefix="castcheck-long-") as name:
            stored = str(Path(name) / "minute")
            read = ["--takes", take, "--embedder", options.embedder, "--size", options.size]
            if options.of:
                read += ["--of", *map(str, options.of)]
            _again("--read", stored, *read)
            for minutes in lengths:
                _again("--row", stored, "--takes", take, "--minutes", minutes)
    return 0


def _again(*options: str) -> None:
    """Run this program in a process of its own."""
    command = [sys.executable, "-m", "bench.long_judging", *options]
    subprocess.run(command, check=True)  # noqa: S603 (this program)


if __name__ == "__main__":
    raise SystemExit(main())
