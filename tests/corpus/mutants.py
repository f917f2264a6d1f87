"""Spoils clips of every container at random and judges each: `python -m tests.corpus.mutants`.

What must never happen: a bug (exit code 3), a traceback, more than 20 s, or pictures that are lost
without a word. Pictures that are broken without a word are counted: most codecs have no checksum,
and any bits are a picture. A mutant is named by its recipe and seed, so it can be made again; those
that went wrong are written down in `mutants.txt`, whose lines are rows of a test.
"""

from __future__ import annotations

import argparse
import contextlib
import faulthandler
import io
import os
import tempfile
import time
from collections import Counter
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tests.corpus import make

RECIPES = (
    "h264-mp4", "h264-mov", "h264-mkv", "h264-ts", "h264-flv", "vp8-webm", "vp9-webm", "mpeg4-avi",
    "mjpeg-avi", "wmv2-asf", "gif", "apng",
)  # fmt: skip
WENT_WRONG = Path(__file__).with_name("mutants.txt")
SILENT_SHARE = 0.02  # of the pictures may be lost without a word
BROKEN_LEVELS = 8.0  # mean grey levels by which a picture differs that is not the one coded
LONGEST_S = 20.0  # of a processor: the machine may be busy with something else
_GRACE_S = 120.0  # what takes longer than the time and this hangs: say where, and end
_WORDS = (
    "damaged", "cut off", "claims", "coded pictures", "stopped", "time stamps", "another size",
)  # fmt: skip


def spoil(data: bytes, seed: int) -> bytes:
    """Return `data` with one kind of damage; the seed says which."""
    kind = seed % 5
    if kind == 0:
        return make.flip(data, seed)
    if kind == 1:
        return make.flip(data, seed, bits=10)
    if kind == 2:
        return make.hole(data, seed)
    if kind == 3:
        return make.zeros(data, seed)
    return make.cut(data, 0.1 + 0.85 * float(np.random.default_rng(seed).random()))


def read(path: Path) -> tuple[list[NDArray[np.uint8]], tuple[str, ...]]:
    from scenes.source import open_source

    with open_source(path) as source:
        shown = [rgb.copy() for batch in source.batches(8) for rgb in batch.rgb]
        return shown, source.degradations


def silent(path: Path, whole: list[NDArray[np.uint8]]) -> tuple[int, int]:
    """Return how many pictures are lost, and how many broken, although nothing was said."""
    from scenes.errors import CastcheckError

    try:
        shown, notes = read(path)
    except CastcheckError:
        return 0, 0
    if any(word in note for note in notes for word in _WORDS):
        return 0, 0
    broken = sum(not _is_of(picture, whole) for picture in shown)
    return max(0, len(whole) - len(shown)), broken


def _is_of(picture: NDArray[np.uint8], whole: list[NDArray[np.uint8]]) -> bool:
    """Tell whether a picture is one of those that were coded."""
    return any(
        picture.shape == one.shape
        and float(np.abs(picture.astype(np.int16) - one).mean()) <= BROKEN_LEVELS
        for one in whole
    )


def judge(path: Path, boxes: Path, out: Path) -> tuple[int, str]:
    """Run the command line on a clip, with stored boxes; return its exit code and its words."""
    from castcheck.cli import app

    said = io.StringIO()
    config = boxes.with_name("config.toml")  # no networks: damage is met before them
    config.write_text('[shots]\nmethod = "content"\n')
    args = ["check", str(path), "-o", str(out), "--detector", str(boxes), "--embedder", "colour"]
    args += ["--config", str(config)]
    with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
        try:
            app([*args, "--format", "json", "--device", "cpu"])
        except SystemExit as end:
            return int(end.code or 0), said.getvalue()
    return 0, said.getvalue()


def try_out(recipe: str, seed: int, data: bytes, whole: list[NDArray[np.uint8]]) -> tuple[str, int]:
    """Return what went wrong with one mutant, empty = nothing; and how many broken pictures."""
    with tempfile.TemporaryDirectory(prefix="castcheck-mutant-") as name:
        folder = Path(name)
        path = folder / f"mutant{make.BY_NAME[recipe].suffix}"
        path.write_bytes(spoil(data, seed))
        boxes = folder / "boxes.txt"
        lines = [f"{n},-1,{6 + 3 * n % 60},10,24,50,0.9\n" for n in range(1, make.FRAMES + 1)]
        boxes.write_text("".join(lines))
        began = time.process_time()
        code, said = judge(path, boxes, folder / "out")
        took_s = time.process_time() - began
        if code not in (0, 1, 2) or "Traceback" in said:
            return f"exit code {code}: {said.strip()[-200:]}", 0
        if took_s > LONGEST_S:
            return f"took {took_s:.0f} s", 0
        lost, broken = silent(path, whole)
        too_many = lost > SILENT_SHARE * len(whole)
        return f"{lost} pictures silently lost" if too_many else "", broken


def whole_of(recipe: str) -> tuple[bytes, list[NDArray[np.uint8]]]:
    """Return a sound clip and its pictures."""
    data = make.encode(make.BY_NAME[recipe])
    with tempfile.TemporaryDirectory(prefix="castcheck-mutant-") as name:
        path = Path(name) / f"whole{make.BY_NAME[recipe].suffix}"
        path.write_bytes(data)
        return data, read(path)[0]


def main() -> int:
    """Try mutants until the time is over, write down what went wrong, print a table."""
    parser = argparse.ArgumentParser(description=__doc__, prog="python -m tests.corpus.mutants")
    parser.add_argument("--count", type=int, default=500, help="mutants in all")
    parser.add_argument("--first", type=int, default=0, help="seed of the first")
    parser.add_argument("--seconds", type=float, default=540.0, help="stop after so many seconds")
    options = parser.parse_args()
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    faulthandler.dump_traceback_later(options.seconds + _GRACE_S, exit=True)
    recipes = [name for name in RECIPES if make.is_available(make.BY_NAME[name])]
    sound = {name: whole_of(name) for name in recipes}
    print(f"mutants for {options.seconds:g} s, seeds from {options.first}", flush=True)
    began, tried, wrong = time.monotonic(), Counter[str](), Counter[str]()
    blurred = Counter[str]()
    rows = []
    for number in range(options.count):
        if time.monotonic() - began > options.seconds:
            break
        recipe, seed = recipes[number % len(recipes)], options.first + number // len(recipes)
        tried[recipe] += 1
        complaint, broken = try_out(recipe, seed, *sound[recipe])
        blurred[recipe] += broken > SILENT_SHARE * make.FRAMES
        if complaint:
            wrong[recipe] += 1
            rows.append(f"{recipe} {seed}\n")
            print(f"{recipe} {seed}: {complaint}", flush=True)
    for recipe in recipes:
        print(
            f"{recipe:10} {tried[recipe]:4} tried {wrong[recipe]:3} went wrong, "
            f"{blurred[recipe]:3} with broken pictures that nothing tells"
        )
    took_s = time.monotonic() - began
    print(f"{sum(tried.values())} mutants, {sum(wrong.values())} went wrong, {took_s:.0f} s")
    if rows:
        known = WENT_WRONG.read_text("utf-8") if WENT_WRONG.exists() else ""
        WENT_WRONG.write_text(known + "".join(r for r in rows if r not in known), "utf-8")
    return int(bool(rows))


if __name__ == "__main__":
    raise SystemExit(main())
