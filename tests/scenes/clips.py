"""Write small clips to read back: every container, codec and defect the tests need."""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray

WIDTH_PX, HEIGHT_PX = 96, 64


def stairs(
    frames: int, width_px: int = WIDTH_PX, height_px: int = HEIGHT_PX
) -> list[NDArray[np.uint8]]:
    """Return pictures of one grey each, brighter from frame to frame, red in the top left."""
    pictures = []
    for i in range(frames):
        picture = np.full((height_px, width_px, 3), 40 + 150 * i // max(1, frames), np.uint8)
        picture[: height_px // 4, : width_px // 4] = (220, 20, 20)
        pictures.append(picture)
    return pictures


def write_clip(
    path: Path,
    pictures: Sequence[NDArray[np.uint8]],
    *,
    codec: str = "libx264",
    pix_fmt: str = "yuv420p",
    by_way_of: str | None = None,
    rate: int = 24,
    pts_ms: Sequence[int] | None = None,
    options: dict[str, str] | None = None,
    metadata: dict[str, str] | None = None,
) -> Path:
    height_px, width_px = pictures[0].shape[:2]
    with av.open(str(path), "w", options=options or {}) as container:
        container.metadata.update(metadata or {})
        stream = container.add_stream(codec, rate=rate)
        stream.width, stream.height, stream.pix_fmt = width_px, height_px, pix_fmt
        if codec == "libx265":
            stream.options = {"x265-params": "log-level=none"}
        if pts_ms is not None:
            stream.codec_context.time_base = Fraction(1, 1000)
        for i, picture in enumerate(pictures):
            frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
            if by_way_of is not None:
                frame = frame.reformat(format=by_way_of)
            if pts_ms is not None:
                frame.pts, frame.time_base = pts_ms[i], Fraction(1, 1000)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def write_sound(path: Path) -> Path:
    with av.open(str(path), "w") as container:
        stream = container.add_stream("aac", rate=44100, layout="mono")
        frame = av.AudioFrame.from_ndarray(
            np.zeros((1, 1024), np.float32), format="fltp", layout="mono"
        )
        frame.sample_rate = 44100
        frame.pts = 0
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def turn(path: Path, matrix: tuple[int, int, int, int]) -> Path:
    """Write a display matrix (a, b, c, d) into the track header of an mp4 or mov."""
    data = bytearray(path.read_bytes())
    at = data.index(b"tkhd") + 44
    a, b, c, d = (value << 16 for value in matrix)
    data[at : at + 36] = struct.pack(">9i", a, b, 0, c, d, 0, 0, 0, 1 << 30)
    path.write_bytes(data)
    return path


def spoil_title(path: Path) -> Path:
    """Replace the title `SPOILME` by bytes that are not UTF-8."""
    data = path.read_bytes()
    assert b"SPOILME" in data
    path.write_bytes(data.replace(b"SPOILME", b"caf\xe9\xff\xfe!"))
    return path


def cut_off(path: Path, keep: float) -> Path:
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * keep)])
    return path


ClipMaker = Callable[[Path], Path]
PICTURES = stairs(12)

MAKERS: dict[str, ClipMaker] = {
    "h264-mp4": lambda d: write_clip(d / "a.mp4", PICTURES),
    "vp9-webm": lambda d: write_clip(d / "a.webm", PICTURES, codec="libvpx-vp9"),
    "h264-mkv": lambda d: write_clip(d / "a.mkv", PICTURES),
    "mov-turned": lambda d: turn(write_clip(d / "a.mov", PICTURES), (0, 1, -1, 0)),
    "gif": lambda d: write_clip(d / "a.gif", PICTURES, codec="gif", pix_fmt="rgb8", rate=25),
    "hevc-10-bit": lambda d: write_clip(
        d / "a.mp4", PICTURES, codec="libx265", pix_fmt="yuv420p10le"
    ),
    "odd-size": lambda d: write_clip(
        d / "a.mkv", stairs(12, 97, 65), codec="libvpx-vp9", pix_fmt="yuv420p"
    ),
    "mpeg4-avi": lambda d: write_clip(d / "a.avi", PICTURES, codec="mpeg4"),
    "transport-stream": lambda d: write_clip(d / "a.ts", PICTURES),
    "one-pixel": lambda d: write_clip(d / "a.mkv", stairs(12, 1, 1), codec="ffv1", pix_fmt="bgr0"),
    "metadata-not-utf8": lambda d: spoil_title(
        write_clip(d / "a.mp4", PICTURES, metadata={"title": "SPOILME"})
    ),
    "name-with-percent-and-brackets": lambda d: write_clip(d / "a%03d [x].mp4", PICTURES),
}


def picture_folder(folder: Path, pictures: Sequence[NDArray[np.uint8]]) -> Path:
    """Write pictures as f1.png, f2.png, ... f10.png: natural order is theirs, text order not."""
    from PIL import Image

    folder.mkdir()
    for i, picture in enumerate(pictures):
        Image.fromarray(picture).save(folder / f"f{i + 1}.png")
    return folder


MAKERS["pictures"] = lambda d: picture_folder(d / "pictures", PICTURES)
