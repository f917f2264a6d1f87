"""Small odd and damaged clips, and what is true of each: `python -m tests.corpus.make FOLDER`.

How many pictures are whole is known from how a file was made, never from castcheck.
"""

from __future__ import annotations

import io
import struct
import sys
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from pathlib import Path
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray

from tests.corpus.codecs import CODECS, OPTIONS

FRAMES, WIDTH_PX, HEIGHT_PX = 24, 96, 64


@dataclass(frozen=True)
class Recipe:
    """One way of coding: a codec in a container."""

    name: str
    codec: str
    format: str
    suffix: str
    pix_fmt: str = "yuv420p"
    options: tuple[tuple[str, str], ...] = ()
    exact: bool = False  # coded without loss
    rate: int = 24


RECIPES = (
    Recipe("h264-mp4", "libx264", "mp4", ".mp4"),
    Recipe("h264-mov", "libx264", "mov", ".mov"),
    Recipe("h264-mkv", "libx264", "matroska", ".mkv"),
    Recipe("h264-ts", "libx264", "mpegts", ".ts"),
    Recipe("h264-flv", "libx264", "flv", ".flv"),
    Recipe("hevc-mp4", "libx265", "mp4", ".mp4", options=(("x265-params", "log-level=none"),)),
    Recipe("av1-mp4", "libsvtav1", "mp4", ".mp4", options=(("preset", "10"),)),
    Recipe("vp8-webm", "libvpx", "webm", ".webm"),
    Recipe("vp9-webm", "libvpx-vp9", "webm", ".webm"),
    Recipe("mpeg4-avi", "mpeg4", "avi", ".avi"),
    Recipe("mjpeg-avi", "mjpeg", "avi", ".avi", "yuvj420p"),
    Recipe("mpeg2-mpg", "mpeg2video", "mpeg", ".mpg", rate=25),
    Recipe("wmv2-asf", "wmv2", "asf", ".wmv"),
    Recipe("prores-mov", "prores_ks", "mov", ".mov", "yuv422p10le"),
    Recipe("ffv1-mkv", "ffv1", "matroska", ".mkv", "bgr0", exact=True),
    Recipe("ffv1-nut", "ffv1", "nut", ".nut", "bgr0", exact=True),
    Recipe("gif", "gif", "gif", ".gif", "rgb8", rate=25),
    Recipe("apng", "apng", "apng", ".apng", "rgb24", exact=True),
    Recipe("raw-y4m", "wrapped_avframe", "yuv4mpegpipe", ".y4m"),
    *(
        Recipe(
            f"{codec}-in-{container}", codec, container, suffix, pix_fmt, OPTIONS.get(codec, ()),
            rate=25,  # MPEG-1 and -2 know no 24
        )
        for codec, container, suffix, pix_fmt in CODECS
    ),
)  # fmt: skip
BY_NAME = {recipe.name: recipe for recipe in RECIPES}


def pictures(count: int = FRAMES) -> list[NDArray[np.uint8]]:
    """Return (H, W, 3) pictures of a grey that rises and a disc that walks over a texture."""
    rng = np.random.default_rng(7)
    texture = rng.integers(60, 120, (HEIGHT_PX // 4, WIDTH_PX // 4, 3)).repeat(4, 0).repeat(4, 1)
    rows, columns = np.mgrid[:HEIGHT_PX, :WIDTH_PX]
    drawn = []
    for i in range(count):
        picture = (texture + 4 * i).astype(np.uint8)
        disc = (rows - 32) ** 2 + (columns - 12 - 3 * i) ** 2 < 100
        picture[disc] = (200, 40, 40)
        drawn.append(picture)
    return drawn


def is_available(recipe: Recipe) -> bool:
    return recipe.codec in av.codecs_available and recipe.format in av.formats_available


def encode(recipe: Recipe, frames: list[NDArray[np.uint8]] | None = None, **extra: Any) -> bytes:
    """Return the bytes of a clip of `frames`.

    Args:
        recipe: How it is coded.
        frames: (H, W, 3) RGB, or (H, W, 4) with alpha.
        extra: `pts` in ticks of 1/1000 s, `sound_s`, `interlaced`.
    """
    frames = pictures() if frames is None else frames
    target = io.BytesIO()
    with av.open(target, "w", format=recipe.format) as container:
        stream: Any = container.add_stream(recipe.codec, rate=recipe.rate)
        stream.options = dict(recipe.options)
        stream.height, stream.width = frames[0].shape[:2]
        stream.pix_fmt = recipe.pix_fmt
        stream.codec_context.gop_size = 8
        base = Fraction(1, 1000) if extra.get("pts") else Fraction(1, recipe.rate)
        stream.codec_context.time_base = base
        if extra.get("interlaced"):
            stream.options = {**stream.options, "flags": "+ildct+ilme", "x264-params": "tff=1"}
        sound = container.add_stream("aac", rate=16000) if extra.get("sound_s") else None
        for i, picture in enumerate(frames):
            rgb = "rgba" if picture.shape[2] == 4 else "rgb24"
            frame = av.VideoFrame.from_ndarray(picture, format=rgb)
            if recipe.codec == "wrapped_avframe" or rgb == "rgba":
                frame = frame.reformat(format=recipe.pix_fmt)
            frame.pts, frame.time_base = (extra["pts"][i] if extra.get("pts") else i), base
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
        if sound is not None:
            _add_sound(container, sound, extra["sound_s"])
    return target.getvalue()


def _add_sound(container: Any, stream: Any, seconds: float) -> None:
    for start in range(0, int(16000 * seconds), 1024):
        quiet = np.zeros((1, 1024), np.float32)
        frame = av.AudioFrame.from_ndarray(quiet, format="fltp", layout="mono")
        frame.sample_rate, frame.pts, frame.time_base = 16000, start, Fraction(1, 16000)
        container.mux(stream.encode(frame))
    container.mux(stream.encode(None))


# Ways of spoiling bytes


def cut(data: bytes, share: float) -> bytes:
    return data[: int(len(data) * share)]


def flip(data: bytes, seed: int, *, bits: int = 1) -> bytes:
    """Flip bits anywhere behind the first twentieth, where headers are."""
    rng, spoilt = np.random.default_rng(seed), bytearray(data)
    for at in rng.integers(len(data) // 20, len(data), bits).tolist():
        spoilt[at] ^= 1 << int(rng.integers(8))
    return bytes(spoilt)


def hole(data: bytes, seed: int) -> bytes:
    """Take some bytes out."""
    rng = np.random.default_rng(seed)
    at, length = int(rng.integers(len(data) // 20, len(data))), int(rng.integers(1, 2000))
    return data[:at] + data[at + length :]


def zeros(data: bytes, seed: int) -> bytes:
    """Overwrite some bytes with zeros, as a lost block of a disk is."""
    rng = np.random.default_rng(seed)
    at, length = int(rng.integers(len(data) // 20, len(data))), int(rng.integers(1, 2000))
    return data[:at] + bytes(len(data[at : at + length])) + data[at + length :]


def trimmed_mp4(first: int) -> bytes:
    """Return an MP4 whose edit list begins at picture `first`: it is whole, and shows the rest."""
    data = bytearray(encode(BY_NAME["h264-mp4"]))
    at = data.index(b"elst") + 4
    version_and_flags, entries, length, begins = struct.unpack_from(">IIIi", data, at)
    assert (version_and_flags, entries) == (0, 1)
    media_rate = struct.unpack_from(">I", data, data.index(b"mdhd") + 16)[0]
    movie_rate = struct.unpack_from(">I", data, data.index(b"mvhd") + 16)[0]
    struct.pack_into(">I", data, at + 8, length - first * movie_rate // 24)
    struct.pack_into(">i", data, at + 12, begins + first * media_rate // 24)
    return bytes(data)


def huge_gif(size_px: int) -> bytes:
    """Return a GIF of some hundred bytes that claims a picture of `size_px` squared."""
    data = bytearray(encode(BY_NAME["gif"], [np.zeros((16, 16, 3), np.uint8)]))
    struct.pack_into("<HH", data, 6, size_px, size_px)
    at = data.index(b",\0\0\0\0") + 5
    struct.pack_into("<HH", data, at, size_px, size_px)
    return bytes(data)


def pillow_gif() -> bytes:
    """Return a GIF by another encoder, of which later pictures hold only what moves."""
    from PIL import Image

    target = io.BytesIO()
    first, *rest = (Image.fromarray(picture).quantize(64) for picture in pictures(8))
    first.save(target, "GIF", save_all=True, append_images=rest, duration=40, disposal=1)
    return target.getvalue()


def transparent() -> list[NDArray[np.uint8]]:
    """Return (H, W, 4) pictures of which the left half is not there."""
    drawn = []
    for picture in pictures(6):
        alpha = np.full((HEIGHT_PX, WIDTH_PX, 1), 255, np.uint8)
        alpha[:, : WIDTH_PX // 2] = 0
        drawn.append(np.concatenate([picture, alpha], axis=2))
    return drawn


@dataclass(frozen=True)
class Odd:
    """A file and what is true of it.

    Attributes:
        suffix: Of its name.
        make: Returns its bytes.
        frames: Pictures that are whole and must be read; `None` = it must be refused.
        says: What its note or error must hold, a pattern; empty = it is sound, and nothing is said.
    """

    suffix: str
    make: Callable[[], bytes]
    frames: int | None
    says: str = ""


def _cut_odd(name: str, *, sound_s: float = 0.0, says: str) -> Odd:
    recipe = BY_NAME[name]
    return Odd(recipe.suffix, lambda: cut(encode(recipe, sound_s=sound_s), 0.7), -1, says)


_VARIABLE = [0, 40, 43, 500, 540, 560, 900, 940]
ODD: dict[str, Odd] = {
    **{
        f"whole-{recipe.name}": Odd(recipe.suffix, partial(encode, recipe), FRAMES)
        for recipe in RECIPES
    },
    "gif-of-pillow": Odd(".gif", pillow_gif, 8),
    "with-sound": Odd(".mkv", lambda: encode(BY_NAME["h264-mkv"], sound_s=1.0), FRAMES),
    "longer-sound-flv": Odd(".flv", lambda: encode(BY_NAME["h264-flv"], sound_s=2.0), FRAMES),
    "longer-sound-asf": Odd(".wmv", lambda: encode(BY_NAME["wmv2-asf"], sound_s=2.0), FRAMES),
    "longer-sound-avi": Odd(".avi", lambda: encode(BY_NAME["mjpeg-avi"], sound_s=2.0), FRAMES),
    "longer-sound-ts": Odd(".ts", lambda: encode(BY_NAME["h264-ts"], sound_s=2.0), FRAMES),
    "longer-sound-mkv": Odd(".mkv", lambda: encode(BY_NAME["h264-mkv"], sound_s=2.0), FRAMES),
    "variable-rate": Odd(
        ".mkv", lambda: encode(BY_NAME["h264-mkv"], pictures(8), pts=_VARIABLE), 8
    ),
    "a-day-apart": Odd(
        ".mkv",
        lambda: encode(BY_NAME["ffv1-mkv"], pictures(4), pts=[0, 40, 95_000_000, 95_000_040]),
        4,
        "ages apart",
    ),
    "interlaced": Odd(".mkv", lambda: encode(BY_NAME["h264-mkv"], interlaced=True), FRAMES),
    "ten-bits": Odd(
        ".mp4", lambda: encode(Recipe("", "libx265", "mp4", "", "yuv420p10le")), FRAMES
    ),
    "edit-list-that-trims": Odd(".mp4", lambda: trimmed_mp4(6), FRAMES - 6),
    "fast": Odd(".mp4", lambda: encode(Recipe("", "libx264", "mp4", "", rate=960)), FRAMES),
    "alpha-vp9": Odd(
        ".webm",
        lambda: encode(Recipe("", "libvpx-vp9", "webm", "", "yuva420p"), transparent()),
        6,
        "transparent pictures: 6, laid over the grey #808080",
    ),
    "alpha-apng": Odd(
        ".apng",
        lambda: encode(Recipe("", "apng", "apng", "", "rgba"), transparent()),
        6,
        "transparent pictures: 6",
    ),
    "cut-mkv": _cut_odd("h264-mkv", says=r"claims 1\.00 s, its pictures end at"),
    "cut-mkv-with-sound": _cut_odd("h264-mkv", sound_s=1.0, says="claims|cut off"),
    "cut-webm": _cut_odd("vp9-webm", says="claims|cut off"),
    "cut-gif": _cut_odd("gif", says="without the mark that closes a GIF"),
    "flipped-gif": Odd(".gif", lambda: flip(encode(BY_NAME["gif"]), 1, bits=10), -1, "damaged"),
    "flipped-vp9": Odd(
        ".webm",
        lambda: flip(encode(BY_NAME["vp9-webm"]), 7, bits=40),
        FRAMES,
        "no picture of it is sound",
    ),
    "zeros-in-mkv": Odd(".mkv", lambda: zeros(encode(BY_NAME["h264-mkv"]), 3), -1, "checksum"),
    "cut-apng": _cut_odd("apng", says="without the mark that closes a PNG"),
    "cut-avi": _cut_odd("mjpeg-avi", says="claims|cut off"),
    "cut-flv": _cut_odd("h264-flv", says="claims|cut off"),
    "cut-asf": _cut_odd("wmv2-asf", says="claims|cut off"),
    "cut-ts": _cut_odd("h264-ts", says="cut off|damaged"),
    "huge-gif": Odd(".gif", lambda: huge_gif(16_000), None, "16000x16000, allowed are"),
    "empty": Odd(".mp4", lambda: b"", None, "the file is empty"),
    "text": Odd(".mp4", lambda: b"no clip at all\n" * 20, None, "not a video"),
    "list": Odd(".mp4", lambda: b"ffconcat version 1.0\nfile base.mp4\n", None, "a list"),
    "playlist": Odd(".mp4", lambda: b"#EXTM3U\n#EXTINF:1,\nbase.mp4\n", None, "a list"),
    "dash": Odd(".mp4", lambda: b'<?xml version="1.0"?>\n<MPD></MPD>\n', None, "a list"),
}


def write(name: str, folder: Path) -> Path:
    """Write one of the odd files."""
    odd = ODD[name]
    path = folder / f"{name}{odd.suffix}"
    path.write_bytes(odd.make())
    return path


if __name__ == "__main__":
    target = Path(sys.argv[1])
    target.mkdir(parents=True, exist_ok=True)
    for each in ODD:
        write(each, target)
