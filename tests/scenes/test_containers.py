"""Pieces that are gone from the middle of a file are told from what its container counts."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from scenes.containers.checks import damage_note
from scenes.containers.damage import Read
from tests.corpus import make

TS_BYTES, VIDEO_PID = 188, 256
MKV_BLOCK = rb"\xa3(?:[\x40-\x7f].|[\x81-\xfe])\x81"  # of track 1
FLV_TAG = rb"\x09\0.{6}\0\0\0[\x17\x27]\x01"
FORMATS = {
    "h264-mkv": "matroska,webm",
    "vp8-webm": "matroska,webm",
    "mpeg4-avi": "avi",
    "h264-ts": "mpegts",
    "wmv2-asf": "asf",
    "h264-flv": "flv",
    "vp8-ogg": "ogg",
}
IN_OGG = make.Recipe("vp8-ogg", "libvpx", "ogg", ".ogv")


def coded(name: str) -> bytes:
    recipe = make.BY_NAME.get(name, IN_OGG)
    if not make.is_available(recipe):
        pytest.skip(f"this FFmpeg has no {recipe.codec}")
    return make.encode(recipe)


def note(name: str, data: bytes, folder: Path) -> str:
    path = folder / "a"
    path.write_bytes(data)
    read = Read(VIDEO_PID if name == "h264-ts" else 1, 0, make.FRAMES)
    return damage_note(path, FORMATS[name], read)


def packets(data: bytes) -> list[bytes]:
    return [data[at : at + TS_BYTES] for at in range(0, len(data), TS_BYTES)]


def _is_video(packet: bytes | bytearray) -> bool:
    return (packet[1] & 31) * 256 + packet[2] == VIDEO_PID


def ts_without(data: bytes, *, video: bool) -> bytes:
    """Take out one packet from the middle: of the pictures, or of the tables."""
    parts = packets(data)
    of_kind = [n for n, packet in enumerate(parts) if _is_video(packet) == video]
    del parts[of_kind[len(of_kind) // 2]]
    return b"".join(parts)


def ts_twice(data: bytes) -> bytes:
    """Send one packet twice, as the format allows."""
    parts = packets(data)
    middle = [n for n, packet in enumerate(parts) if _is_video(packet)][20]
    return b"".join([*parts[: middle + 1], parts[middle], *parts[middle + 1 :]])


def ts_anew(data: bytes) -> bytes:
    """Break the count where a packet says that it begins anew."""
    parts = [bytearray(packet) for packet in packets(data)]
    video = [n for n, packet in enumerate(parts) if _is_video(packet)]
    first = next(n for n in video[5:] if parts[n][3] & 0x20 and parts[n][4])
    parts[first][5] |= 0x80
    for n in video:
        if n >= first:
            parts[n][3] = parts[n][3] & 0xF0 | (parts[n][3] + 5) & 15
    return b"".join(parts)


def overwritten(data: bytes, pattern: bytes, nth: int, new: bytes, *, offset: int = 0) -> bytes:
    """Overwrite something at the nth place that fits a pattern; an offset below 0: from its end."""
    found = list(re.finditer(pattern, data, re.DOTALL))[nth]
    at = found.start() + offset if offset >= 0 else found.end() + offset
    return data[:at] + new + data[at + len(new) :]


def ogg_without_page(data: bytes) -> bytes:
    pages = [found.start() for found in re.finditer(b"OggS", data)] + [len(data)]
    middle = len(pages) // 2
    return data[: pages[middle]] + data[pages[middle + 1] :]


def small_pages(data: bytes) -> bytes:
    """Return an Ogg of several pages: FFmpeg puts a second into one."""
    return data if data.count(b"OggS") > 5 else make.encode(IN_OGG, make.pictures() * 5)


@pytest.mark.parametrize("name", FORMATS)
def test_nothing_is_said_of_a_sound_file(name: str, tmp_path: Path) -> None:
    assert note(name, coded(name), tmp_path) == ""


ROWS: list[tuple[str, Callable[[bytes], bytes], str]] = [
    ("vp8-webm", lambda d: overwritten(d, MKV_BLOCK, 5, b"\x00"), "at byte"),
    ("vp8-webm", lambda d: overwritten(d, MKV_BLOCK, 9, b"\x87", offset=-1), "at byte"),
    ("h264-mkv", lambda d: overwritten(d, MKV_BLOCK, 5, b"\x00"), "checksum"),
    ("h264-ts", lambda d: ts_without(d, video=True), "missing from the middle of it, at 1 place"),
    ("h264-ts", lambda d: ts_without(d, video=False), "^$"),
    ("h264-ts", ts_twice, "^$"),
    ("h264-ts", ts_anew, "^$"),
    ("h264-ts", lambda d: d[:1880] + bytes(400) + d[2280:], "do not begin as packets do"),
    ("h264-ts", lambda d: d[:-5], "ends inside a packet"),
    ("mpeg4-avi", lambda d: overwritten(d, b"00dc", 9, b"\x10"), "at byte"),
    ("mpeg4-avi", lambda d: overwritten(d, b"00dc", 9, b"7"), "at byte"),
    ("mpeg4-avi", lambda d: overwritten(d, b"00dc", 9, b"\xff\xff", offset=6), "at byte"),
    ("wmv2-asf", lambda d: make.flip(d, 40), "missing from the middle"),
    ("h264-flv", lambda d: overwritten(d, FLV_TAG, 6, b"\x0b"), "at byte"),
    ("h264-flv", lambda d: overwritten(d, FLV_TAG, 6, b"\x07", offset=2), "at byte"),
    ("vp8-ogg", lambda d: ogg_without_page(small_pages(d)), "missing from the middle"),
    ("vp8-ogg", lambda d: overwritten(d, b"OggS", 2, b"\0"), "at byte"),
]


@pytest.mark.parametrize(("name", "spoil", "says"), ROWS)
def test_what_is_gone_or_broken_is_said(
    name: str, spoil: Callable[[bytes], bytes], says: str, tmp_path: Path
) -> None:
    assert re.search(says, note(name, spoil(coded(name)), tmp_path))


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("length", [1, 20, 400])
def test_a_stump_breaks_nothing(name: str, length: int, tmp_path: Path) -> None:
    assert isinstance(note(name, coded(name)[:length], tmp_path), str)
