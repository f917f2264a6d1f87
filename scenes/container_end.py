"""Whether a file is whole by what its container says: where it ends, and its checksums.

FFmpeg reads what is there and is content. Most containers say how long they are, or close with a
mark; where they do, a file that was cut off is told from one that is short.
"""

from __future__ import annotations

import mmap
from typing import TYPE_CHECKING
from zlib import crc32

from scenes.gif_blocks import gif_note

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Bytes = mmap.mmap

_TS_LENGTHS = (188, 192, 204)  # plain, with time stamps (Blu-ray), with error correction
_EBML_HEADER, _SEGMENT, _EBML_CRC = b"\x1aE\xdf\xa3", b"\x18S\x80g", b"\xbf\x84"
_OGG_EOS, _OGG_TAIL_BYTES = 4, 65_536  # a page is at most as long
_PNG_TAIL_BYTES = 64
_ASF_FILE_PROPERTIES = bytes.fromhex("a1dcab8c47a9cf118ee400c00c205365")


def cut_off_note(path: Path, format_name: str) -> str:
    """Return one clause that says how the file is seen to be cut off or damaged; empty = it is not.

    Args:
        path: A file that could be opened.
        format_name: FFmpeg's name of its format, such as "matroska,webm".
    """
    check = next((c for name, c in _CHECKS.items() if name in format_name.split(",")), None)
    if check is None:
        return ""
    try:
        with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            return check(data)
    except (OSError, ValueError, IndexError):
        return ""  # not laid out as its format says: the decoder tells what is wrong


def _missing(claimed: int, data: Bytes) -> str:
    if claimed <= len(data):
        return ""
    return f"the file is cut off: it claims {claimed} bytes and has {len(data)}"


def _matroska(data: Bytes) -> str:
    if data[:4] != _EBML_HEADER:
        return ""
    size, after = _ebml_size(data, 4)
    at = after + (size or 0)
    if size is None or data[at : at + 4] != _SEGMENT:
        return ""
    size, after = _ebml_size(data, at + 4)
    missing = "" if size is None else _missing(after + size, data)
    return missing or _wrong_sums(data, after, len(data) if size is None else after + size)


def _wrong_sums(data: Bytes, at: int, stop: int) -> str:
    """Check the parts of a segment that carry a checksum."""
    checked = wrong = 0
    while at + 5 <= stop:
        length = 9 - data[at].bit_length()
        size, begin = _ebml_size(data, at + length)
        if length > 4 or size is None or begin + size > stop:
            break  # of no known length, or damaged itself: FFmpeg looks for the next by its mark
        if data[begin : begin + 2] == _EBML_CRC:
            checked += 1
            wrong += crc32(data[begin + 6 : begin + size]) != int.from_bytes(
                data[begin + 2 : begin + 6], "little"
            )
        at = begin + size
    broken = checked and at != stop
    if wrong or broken:
        return f"the file is damaged: {wrong + bool(broken)} of its parts do not fit their checksum"
    return ""


def _ebml_size(data: Bytes, at: int) -> tuple[int | None, int]:
    """Return a size, `None` = unknown until it ends, and where what it measures begins."""
    first = data[at]
    length = 9 - first.bit_length()
    if length > 8:
        raise ValueError("no EBML size")
    value = int.from_bytes(data[at : at + length], "big") & ((1 << 7 * length) - 1)
    return (None if value == (1 << 7 * length) - 1 else value), at + length


def _boxes(data: Bytes) -> str:
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
    return _missing(at, data)


def _riff(data: Bytes) -> str:
    """Walk the RIFF chunks of AVI (large ones have several) and WebP."""
    at = 0
    while data[at : at + 4] == b"RIFF":
        size = int.from_bytes(data[at + 4 : at + 8], "little")
        at += 8 + size + size % 2
    claimed = at - 1 if at == len(data) + 1 else at  # the last padding byte may be left out
    return _missing(claimed, data)


def _transport(data: Bytes) -> str:
    length = next((n for n in _TS_LENGTHS if _is_ts(data, n)), None)
    if length is None or len(data) % length == 0:
        return ""
    return "the file is cut off: it ends inside a packet"


def _is_ts(data: Bytes, length: int) -> bool:
    offset = 4 if length == 192 else 0
    places = range(offset, min(len(data), offset + 5 * length), length)
    return all(data[at] == 0x47 for at in places)


def _ogg(data: Bytes) -> str:
    at = data.rfind(b"OggS", max(0, len(data) - _OGG_TAIL_BYTES))
    if at < 0 or len(data) - at < 27:
        return "the file is cut off: it ends inside a page"
    segments = data[at + 26]
    claimed = at + 27 + segments + sum(data[at + 27 : at + 27 + segments])
    if claimed > len(data) or len(data) < at + 27 + segments:
        return "the file is cut off: it ends inside a page"
    if not data[at + 5] & _OGG_EOS:
        return "the file is cut off: its last page does not say that it is the last"
    return ""


def _flv(data: Bytes) -> str:
    at = int.from_bytes(data[5:9], "big") + 4
    while at + 11 <= len(data):
        at += 11 + int.from_bytes(data[at + 1 : at + 4], "big") + 4
    return "" if at == len(data) else "the file is cut off: it ends inside a tag"


def _asf(data: Bytes) -> str:
    at = data.find(_ASF_FILE_PROPERTIES, 0, 65_536)
    if at < 0:
        return ""
    claimed = int.from_bytes(data[at + 40 : at + 48], "little")
    broadcast = data[at + 88] & 1  # then the size means nothing
    return "" if broadcast else _missing(claimed, data)


def _png(data: Bytes) -> str:
    if data.find(b"IEND", max(0, len(data) - _PNG_TAIL_BYTES)) >= 0:
        return ""
    return "the file is cut off: it ends without the mark that closes a PNG"


def _ivf(data: Bytes) -> str:
    at = int.from_bytes(data[6:8], "little")
    while at + 12 <= len(data):
        at += 12 + int.from_bytes(data[at : at + 4], "little")
    return "" if at == len(data) else "the file is cut off: it ends inside a picture"


_CHECKS: dict[str, Callable[[Bytes], str]] = {
    "matroska": _matroska,
    "mov": _boxes,
    "avi": _riff,
    "webp_pipe": _riff,
    "gif": gif_note,
    "mpegts": _transport,
    "ogg": _ogg,
    "flv": _flv,
    "asf": _asf,
    "apng": _png,
    "png_pipe": _png,
    "ivf": _ivf,
}
