"""How time and memory grow with the length of a clip: `python -m bench.long --minutes 1,10,30,120`.

Clips are made on the spot: one minute of three drawn people who walk about, whose packets are
written again and again. Boxes are stored beside them, and looks are colours, so what is measured is
everything but the networks, which take each picture by itself. `--networks` measures with them, and
`--of CLIP...` with them on a minute of these clips, one after the other, scaled.
Seconds are those of the processor, memory is the peak of the process.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from fractions import Fraction
from itertools import count, cycle, islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import av
import cv2
import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

RATE, WIDTH_PX, HEIGHT_PX = 24, 320, 180  # as it is drawn
SIZE_PX = WIDTH_PX, HEIGHT_PX  # as it is written
FRAMES = 60 * RATE  # of the minute that is repeated
PERSON_PX = 36, 96  # width, height
CLOTHES = [
    ((200, 60, 50), (40, 50, 120)),
    ((60, 150, 70), (90, 90, 90)),
    ((220, 200, 80), (60, 30, 20)),
]
SHOT_S = 5  # between cuts, where there are any


def boxes_at(frame: int) -> list[tuple[int, int, int, int]]:
    """Return (x, y, width, height) of everybody: each walks about in a third of the picture."""
    width, height = PERSON_PX
    third = WIDTH_PX // 3
    places = []
    for number in range(len(CLOTHES)):
        swing = np.sin(2 * np.pi * frame * (number + 1) / FRAMES * 4)
        left = number * third + int((third - width) * (0.5 + 0.45 * swing))
        places.append((left, HEIGHT_PX - height - 10, width, height))
    return places


def picture_at(frame: int, *, cuts: bool) -> NDArray[np.uint8]:
    """Draw a picture (H, W, 3)."""
    shot = frame // (SHOT_S * RATE) if cuts else 0
    rng = np.random.default_rng(shot)
    rows, columns = HEIGHT_PX // 20, WIDTH_PX // 20
    picture = rng.integers(30, 220, (rows, columns, 3), dtype=np.uint8).repeat(20, 0).repeat(20, 1)
    for (upper, lower), (left, top, width, height) in zip(CLOTHES, boxes_at(frame), strict=True):
        body = picture[top : top + height, left : left + width]
        body[: height // 5, width // 4 : -width // 4] = (210, 170, 140)
        body[height // 5 : height * 3 // 5] = upper
        body[height * 3 // 5 :] = lower
    return picture


def drawn(*, cuts: bool) -> Iterator[NDArray[np.uint8]]:
    """Yield pictures (H, W, 3) of the people who walk about."""
    return (picture_at(frame, cuts=cuts) for frame in count())


def pictures_of(clips: list[Path]) -> Iterator[NDArray[np.uint8]]:
    """Yield the pictures (H, W, 3) of clips, one after the other, again and again."""
    for clip in cycle(clips):
        with av.open(str(clip)) as source:
            for picture in source.decode(video=0):
                yield picture.to_ndarray(format="rgb24")


def write_clip(
    path: Path,
    minutes: float,
    pictures: Iterator[NDArray[np.uint8]],
    *,
    size_px: tuple[int, int] = SIZE_PX,
) -> None:
    """Write one minute of `pictures`, and its packets again until it is long enough."""
    length = round(minutes * FRAMES)
    with av.open(str(path), "w") as out:
        stream: Any = out.add_stream("libx264", rate=RATE)
        (stream.width, stream.height), stream.pix_fmt = size_px, "yuv420p"
        stream.options = {"preset": "ultrafast", "crf": "24", "tune": "zerolatency"}
        stream.codec_context.gop_size = RATE
        minute = []
        for frame, picture in enumerate(islice(pictures, min(length, FRAMES))):
            scaled = av.VideoFrame.from_ndarray(cv2.resize(picture, size_px), format="rgb24")
            scaled.pts, scaled.time_base = frame, Fraction(1, RATE)
            minute += [(bytes(p), p.is_keyframe) for p in stream.encode(scaled)]
        minute += [(bytes(p), p.is_keyframe) for p in stream.encode(None)]
        for frame in range(length):
            data, is_key = minute[frame % FRAMES]
            packet = av.Packet(data)
            packet.pts = packet.dts = frame
            packet.time_base, packet.stream, packet.is_keyframe = Fraction(1, RATE), stream, is_key
            out.mux(packet)


def write_boxes(path: Path, minutes: float, *, size_px: tuple[int, int] = SIZE_PX) -> None:
    """Store everybody's boxes as MOTChallenge text."""
    wide, high = size_px[0] / WIDTH_PX, size_px[1] / HEIGHT_PX
    with path.open("w") as file:
        for frame in range(round(minutes * FRAMES)):
            for x, y, width, height in boxes_at(frame % FRAMES):
                box = f"{x * wide:g},{y * high:g},{width * wide:g},{height * high:g}"
                file.write(f"{frame + 1},-1,{box},0.9\n")


def measure(
    minutes: float,
    pictures: Iterator[NDArray[np.uint8]],
    *,
    networks: bool,
    formats: str,
    size_px: tuple[int, int],
) -> tuple[float, float, float, str]:
    """Judge such a clip in a process of its own.

    Returns:
        Seconds of the processor, seconds that passed, peak MiB, and the exit code with the words.
    """
    with tempfile.TemporaryDirectory(prefix="castcheck-long-") as name:
        folder = Path(name)
        clip, boxes, config = folder / "long.mp4", folder / "boxes.txt", folder / "c.toml"
        write_clip(clip, minutes, pictures, size_px=size_px)
        write_boxes(boxes, minutes, size_px=size_px)
        args = [
            "-m",
            "castcheck",
            "check",
            str(clip),
            "-o",
            str(folder / "out"),
            "--format",
            formats,
        ]
        if not networks:
            config.write_text('[shots]\nmethod = "content"\n')
            args += ["--detector", str(boxes), "--embedder", "colour", "--config", str(config)]
        said = folder / "said"
        with said.open("w") as file:
            began = time.monotonic()
            env = {**os.environ, "OMP_NUM_THREADS": "1"}
            actions = [(os.POSIX_SPAWN_DUP2, file.fileno(), to) for to in (1, 2)]
            python = sys.executable
            pid = os.posix_spawn(python, [python, *args, "--quiet"], env, file_actions=actions)
            _, status, usage = os.wait4(pid, 0)  # of this child alone
            wall_s = time.monotonic() - began
        code = os.waitstatus_to_exitcode(status)
        words = f"exit code {code} {said.read_text()[-300:].strip()}".strip()
        return usage.ru_utime + usage.ru_stime, wall_s, usage.ru_maxrss / 1024, words


def main() -> int:
    """Print a table."""
    parser = argparse.ArgumentParser(description=__doc__, prog="python -m bench.long")
    parser.add_argument("--minutes", default="1,10,30,120", help="lengths, with commas between")
    parser.add_argument("--takes", default="one,cuts", help="one: no cut; cuts: one every 5 s")
    parser.add_argument("--networks", action="store_true", help="with the networks that auto takes")
    parser.add_argument("--of", type=Path, nargs="*", help="clips instead of drawn people")
    parser.add_argument("--formats", default="json,html")
    parser.add_argument("--size", default="320x180", help="of the pictures, even numbers")
    options = parser.parse_args()
    print(
        "| take | minutes | pictures | processor s | s per minute of clip | peak MiB | |\n"
        "|---|---|---|---|---|---|---|",
        flush=True,
    )
    width_px, height_px = map(int, options.size.split("x"))
    failed = False
    takes = ["clips"] if options.of else options.takes.split(",")
    for take in takes:
        for minutes in map(float, options.minutes.split(",")):
            spent_s, _, peak_mib, words = measure(
                minutes,
                pictures_of(options.of) if options.of else drawn(cuts=take == "cuts"),
                networks=options.networks or bool(options.of),
                formats=options.formats,
                size_px=(width_px, height_px),
            )
            failed |= "exit code 0" not in words and "exit code 1" not in words
            print(
                f"| {take} | {minutes:g} | {round(minutes * FRAMES)} | {spent_s:.1f} | "
                f"{spent_s / minutes:.2f} | {peak_mib:.0f} | {words} |",
                flush=True,
            )
    return int(failed)


if __name__ == "__main__":
    raise SystemExit(main())
