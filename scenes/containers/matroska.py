"""Matroska and WebM: every element is one that may stand where it stands, and its checksum fits."""

from __future__ import annotations

from typing import TYPE_CHECKING
from zlib import crc32

from scenes.containers.damage import cut_off, damaged_at

if TYPE_CHECKING:
    from collections.abc import Iterator
    from mmap import mmap

    from scenes.containers.damage import Read

_HEADER, _SEGMENT, _CLUSTER, _TRACKS = 0x1A45DFA3, 0x18538067, 0x1F43B675, 0x1654AE6B
_VOID, _CRC = 0xEC, 0xBF
# What may lie in a segment: head, info, tracks, cluster, cues, attachments, chapters, tags, ...
_IN_SEGMENT = {
    0x114D9B74, 0x1549A966, _TRACKS, _CLUSTER, 0x1C53BB6B, 0x1941A469, 0x1043A770, 0x1254C367,
    _VOID, _CRC,
}  # fmt: skip
_BLOCK, _SIMPLE_BLOCK, _BLOCK_GROUP = 0xA1, 0xA3, 0xA0
# What may lie in a cluster: time, blocks, place, size before, silent tracks, encrypted block.
_IN_CLUSTER = {0xE7, _SIMPLE_BLOCK, _BLOCK_GROUP, 0xA7, 0xAB, 0x5854, 0xAF, _VOID, _CRC}
_TRACK_ENTRY, _TRACK_NUMBER = 0xAE, 0xD7


def matroska_note(data: mmap, _read: Read) -> str:
    """Return one clause that says what is wrong; empty where all of it is in order."""
    first, size, at = _element(data, 0)
    if first != _HEADER or size is None or at + size > len(data):
        return ""
    kind, size, begin = _element(data, at + size)
    if kind != _SEGMENT:
        return ""
    stop = len(data) if size is None else begin + size
    return cut_off(stop, data) or _Segment(data).note(begin, stop)


class _Segment:
    """Walks over what a file holds, and remembers which tracks there are."""

    def __init__(self, data: mmap) -> None:
        self._data = data
        self._tracks: set[int] = set()
        self._wrong_sums = 0

    def note(self, at: int, stop: int) -> str:
        data, broken_at = self._data, -1
        while at < stop and broken_at < 0:
            kind, size, begin = _element(data, at)
            end = stop if size is None else begin + size
            if kind not in _IN_SEGMENT or end > stop:
                broken_at = at
                break
            if size is not None:
                self._check_sum(begin, end)
            if kind == _TRACKS:
                self._tracks = set(_track_numbers(data, begin, end))
            if kind == _CLUSTER:
                end, broken_at = self._walk_cluster(begin, end, closed=size is not None)
            elif size is None:
                return ""  # goes on until something of another kind: nothing can be told
            at = end
        if self._wrong_sums:
            return (
                f"the file is damaged: {self._wrong_sums + (broken_at >= 0)} of its parts "
                "do not fit their checksum"
            )
        return damaged_at(broken_at, data) if broken_at >= 0 else ""

    def _check_sum(self, begin: int, end: int) -> None:
        """Compare a part with the checksum it begins with, if it does."""
        data = self._data
        if data[begin : begin + 2] == b"\xbf\x84":
            told = int.from_bytes(data[begin + 2 : begin + 6], "little")
            self._wrong_sums += crc32(data[begin + 6 : end]) != told

    def _walk_cluster(self, at: int, stop: int, *, closed: bool) -> tuple[int, int]:
        """Return where a cluster ends, and where it is broken; -1 = it is not."""
        data = self._data
        while at < stop:
            kind, size, begin = _element(data, at)
            if not closed and kind in _IN_SEGMENT - _IN_CLUSTER:
                return at, -1
            if kind not in _IN_CLUSTER:
                return at, at
            if size is None or begin + size > stop:
                return at, at
            if not self._is_of_a_track(kind, begin, begin + size):
                return at, at
            at = begin + size
        return stop, -1

    def _is_of_a_track(self, kind: int, begin: int, end: int) -> bool:
        """Tell whether a block, if it is one, belongs to a track that there is."""
        data = self._data
        if kind == _BLOCK_GROUP:
            inner, _, begin = next(
                (e for e in _elements(data, begin, end) if e[0] == _BLOCK), (0, 0, 0)
            )
            if not inner:
                return False
        elif kind != _SIMPLE_BLOCK:
            return True
        number, _ = _vint(data, begin)
        return not self._tracks or number in self._tracks


def _track_numbers(data: mmap, at: int, stop: int) -> Iterator[int]:
    for kind, size, begin in _elements(data, at, stop):
        if kind == _TRACK_ENTRY:
            for inner, length, where in _elements(data, begin, begin + size):
                if inner == _TRACK_NUMBER:
                    yield int.from_bytes(data[where : where + length], "big")


def _elements(data: mmap, at: int, stop: int) -> Iterator[tuple[int, int, int]]:
    """Yield kind, size and beginning of what lies between two places, up to what is broken."""
    while at < stop:
        kind, size, begin = _element(data, at)
        if size is None or begin + size > stop:
            return
        yield kind, size, begin
        at = begin + size


def _element(data: mmap, at: int) -> tuple[int, int | None, int]:
    """Return kind, size (`None` = until it ends) and beginning of an element; kind 0 = none."""
    length = 9 - data[at].bit_length() if at < len(data) else 9
    if length > 4 or at + length >= len(data) or not data[at + length]:
        return 0, 0, at
    kind = int.from_bytes(data[at : at + length], "big")
    size, begin = _vint(data, at + length)
    return kind, size, begin


def _vint(data: mmap, at: int) -> tuple[int | None, int]:
    """Return a number (`None` = unknown), and its end; its first byte says how long it is."""
    length = 9 - data[at].bit_length()
    value = int.from_bytes(data[at : at + length], "big") & ((1 << 7 * length) - 1)
    return (None if value == (1 << 7 * length) - 1 else value), at + length
