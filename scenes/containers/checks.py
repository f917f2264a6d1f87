"""Asks of a file what its format can tell of damage."""

from __future__ import annotations

import mmap
from typing import TYPE_CHECKING

from scenes.containers.asf import asf_note
from scenes.containers.damage import cut_off, damaged_at
from scenes.containers.gif import gif_note
from scenes.containers.matroska import matroska_note
from scenes.containers.ogg import ogg_note
from scenes.containers.riff import riff_note
from scenes.containers.transport import transport_note

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from scenes.containers.damage import Read

_PNG_TAIL_BYTES = 64
_FLV_TAGS = frozenset({8, 9, 18})  # sound, pictures, script


def damage_note(path: Path, format_name: str, read: Read) -> str:
    """Return one clause that says how a file is seen to be cut off or damaged; empty = it is not.

    Args:
        path: A file that could be opened.
        format_name: FFmpeg's name of its format, such as "matroska,webm".
        read: What was made of it.
    """
    check = next((c for name, c in _CHECKS.items() if name in format_name.split(",")), None)
    if check is None:
        return ""
    try:
        with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            return check(data, read)
    except (OSError, ValueError, IndexError):
        return ""  # not laid out as its format says: the decoder tells what is wrong


def _boxes(data: mmap.mmap, _read: Read) -> str:
    """Walk the boxes of MP4 and MOV, also of fragments."""
    at = 0
    while at + 8 <= len(data):
        size = int.from_bytes(data[at : at + 4], "big")
        if size == 1:
            size = int.from_bytes(data[at + 8 : at + 16], "big")
        if size == 0:  # until the end
            return ""
        if size < 8 or not data[at + 4 : at + 8].isalnum():
            return ""  # something else was put behind it
        at += size
    return cut_off(at, data)


def _flv(data: mmap.mmap, _read: Read) -> str:
    """Walk the tags; behind each stands how long it was."""
    at = int.from_bytes(data[5:9], "big") + 4
    while at + 11 <= len(data):
        length = 11 + int.from_bytes(data[at + 1 : at + 4], "big")
        told = int.from_bytes(data[at + length : at + length + 4], "big")
        if at + length + 4 <= len(data) and (told != length or data[at] & 31 not in _FLV_TAGS):
            return damaged_at(at, data)
        at += length + 4
    return "" if at == len(data) else "the file is cut off: it ends inside a tag"


def _png(data: mmap.mmap, _read: Read) -> str:
    if data.find(b"IEND", max(0, len(data) - _PNG_TAIL_BYTES)) >= 0:
        return ""
    return "the file is cut off: it ends without the mark that closes a PNG"


def _ivf(data: mmap.mmap, _read: Read) -> str:
    at = int.from_bytes(data[6:8], "little")
    while at + 12 <= len(data):
        at += 12 + int.from_bytes(data[at : at + 4], "little")
    return "" if at == len(data) else "the file is cut off: it ends inside a picture"


_CHECKS: dict[str, Callable[[mmap.mmap, Read], str]] = {
    "matroska": matroska_note,
    "mov": _boxes,
    "avi": riff_note,
    "webp_pipe": riff_note,
    "gif": gif_note,
    "mpegts": transport_note,
    "ogg": ogg_note,
    "flv": _flv,
    "asf": asf_note,
    "apng": _png,
    "png_pipe": _png,
    "ivf": _ivf,
}
