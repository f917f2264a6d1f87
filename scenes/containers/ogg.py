"""Ogg: pages, which are numbered per stream and say which is the last."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scenes.containers.damage import damaged_at, pieces_missing

if TYPE_CHECKING:
    from mmap import mmap

    from scenes.containers.damage import Read

_MARK, _HEAD_BYTES, _LAST = b"OggS", 27, 4
_ENDS_INSIDE = "the file is cut off: it ends inside a page"


def ogg_note(data: mmap, _read: Read) -> str:
    """Return one clause that says what is wrong; empty where all of it is in order."""
    at, flags, missing = 0, 0, 0
    numbers: dict[bytes, int] = {}
    while at < len(data):
        if data[at : at + 4] != _MARK:
            again = data.find(_MARK, at)
            return damaged_at(at, data) if again >= 0 else _ENDS_INSIDE
        if at + _HEAD_BYTES > len(data):
            return _ENDS_INSIDE
        flags, serial = data[at + 5], data[at + 14 : at + 18]
        number = int.from_bytes(data[at + 18 : at + 22], "little")
        missing += numbers.get(serial, number - 1) + 1 != number
        numbers[serial] = number
        segments = data[at + 26]
        body = at + _HEAD_BYTES + segments
        at = body + sum(data[at + _HEAD_BYTES : body])
    if at > len(data):
        return _ENDS_INSIDE
    if missing:
        return pieces_missing(missing)
    if not flags & _LAST:
        return "the file is cut off: its last page does not say that it is the last"
    return ""
