"""ASF (WMV): packets of one length with pieces of numbered pictures.

ref: the description of the "ASF Data Object" in Microsoft's public Advanced Systems Format
specification.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from scenes.containers.damage import cut_off, pieces_missing

if TYPE_CHECKING:
    from collections.abc import Iterator
    from mmap import mmap

    from scenes.containers.damage import Read

_FILE_PROPERTIES = bytes.fromhex("a1dcab8c47a9cf118ee400c00c205365")
_DATA = bytes.fromhex("3626b2758e66cf11a6d900aa0062ce6c")
_HEADERS_BYTES = 1 << 20  # in which the two are looked for
_DATA_HEAD_BYTES = 50
_FIELD_BYTES = (0, 1, 2, 4)  # of a field, by the two bits that say


def asf_note(data: mmap, read: Read) -> str:
    """Return one clause that says what is wrong; empty where all of it is in order.

    Args:
        data: The file.
        read: What was made of it.
    """
    at, begin = (data.find(guid, 0, _HEADERS_BYTES) for guid in (_FILE_PROPERTIES, _DATA))
    if at < 0:
        return ""
    broadcast = data[at + 88] & 1  # then the size means nothing
    missing = "" if broadcast else cut_off(_number(data, at + 40, 8), data)
    length = _number(data, at + 92, 4)
    if missing or begin < 0 or not length or length != _number(data, at + 96, 4):
        return missing
    count = (len(data) - begin - _DATA_HEAD_BYTES) // length
    if not broadcast:
        count = min(count, _number(data, at + 56, 8))
    first = begin + _DATA_HEAD_BYTES
    gaps = _gaps(
        piece
        for number in range(count)
        for piece in _pieces(data, first + number * length, length)
        if piece[0] == read.stream_id
    )
    return pieces_missing(gaps) if gaps else ""


def _gaps(pieces: Iterator[tuple[int, int, int, int, int]]) -> int:
    """Return how often a piece does not go on where the one before it ended."""
    gaps = 0
    picture = expected = size = -1
    for _, number, offset, whole, length in pieces:
        if picture >= 0:
            ended = expected == size
            goes_on = (number, offset) == (
                ((picture + 1) % 256, 0) if ended else (picture, expected)
            )
            gaps += not goes_on
        picture, expected, size = number, offset + length, whole
    return gaps


def _pieces(data: mmap, at: int, packet_bytes: int) -> Iterator[tuple[int, int, int, int, int]]:
    """Yield of each piece in a packet: stream, number of the picture, offset, size, length.

    A packet that is not laid out like that yields what comes before; what it held is missed then.

    Raises:
        ValueError: Packets are laid out in a way that is not counted.
    """
    stop = at + packet_bytes
    if data[at] & 0x80:
        at += 1 + (data[at] & 15)
    flags, fields = data[at], data[at + 1]
    at += 2
    sizes = [_FIELD_BYTES[flags >> shift & 3] for shift in (5, 1, 3)]  # packet, sequence, padding
    padding = _number(data, at + sizes[0] + sizes[1], sizes[2])
    at += sum(sizes) + 6  # time and duration
    stop -= padding
    several = flags & 1
    count, length_bytes = 1, 0
    if several:
        count, length_bytes = data[at] & 63, _FIELD_BYTES[data[at] >> 6]
        at += 1
    number_bytes, offset_bytes, extra_bytes = (_FIELD_BYTES[fields >> s & 3] for s in (4, 2, 0))
    for _ in range(count):
        if at >= stop:
            return
        stream, at = data[at] & 127, at + 1
        number, at = _number(data, at, number_bytes), at + number_bytes
        offset, at = _number(data, at, offset_bytes), at + offset_bytes
        extra, at = _number(data, at, extra_bytes), at + extra_bytes
        whole = _number(data, at, 4) if extra >= 8 else -1
        at += extra
        length = stop - at
        if several:
            length, at = _number(data, at, length_bytes), at + length_bytes
        if extra < 2:
            raise ValueError("small pictures packed together, or no sizes: not counted")
        if whole < 0 or at + length > stop:
            return
        yield stream, number, offset, whole, length
        at += length


def _number(data: mmap, at: int, length: int) -> int:
    return int.from_bytes(data[at : at + length], "little")
