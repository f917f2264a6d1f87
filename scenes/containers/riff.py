"""AVI and WebP: RIFF chunks follow each other."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scenes.containers.damage import cut_off, damaged_at

if TYPE_CHECKING:
    from mmap import mmap

    from scenes.containers.damage import Read

_HEAD_BYTES, _LIST_HEAD_BYTES = 8, 12
_PLAIN = {b"JUNK", b"idx1"}


def riff_note(data: mmap, read: Read) -> str:
    """Return one clause that says what is wrong; empty where all of it is in order."""
    at, parts = 0, []
    while data[at : at + 4] == b"RIFF":  # large AVIs have several
        begin, end = at + _LIST_HEAD_BYTES, at + _HEAD_BYTES + _size(data, at)
        parts.append((data[at + 8 : at + 12], begin, end))
        at = end + end % 2
    claimed = at - 1 if at == len(data) + 1 else at  # the last padding byte may be left out
    missing = cut_off(claimed, data)
    if missing:
        return missing
    streams = pictures = 0
    for form, begin, end in parts:
        if form not in {b"AVI ", b"AVIX"}:
            continue
        for kind, inner, inner_end in _lists(data, begin, end):
            if kind == b"hdrl":
                streams = sum(k == b"strl" for k, *_ in _lists(data, inner, inner_end))
            elif kind == b"movi":
                broken_at, held = _walk(
                    data, inner, min(inner_end, end), streams, read.stream_index
                )
                pictures += held
                if broken_at is not None:
                    return damaged_at(broken_at, data)
    if pictures > read.packets:
        return f"the file is damaged: it holds {pictures} pictures, found were {read.packets}"
    return ""


def _size(data: mmap, at: int) -> int:
    return int.from_bytes(data[at + 4 : at + 8], "little")


def _lists(data: mmap, at: int, stop: int) -> list[tuple[bytes, int, int]]:
    """Return kind, beginning and end of the lists between two places."""
    found = []
    while at + _LIST_HEAD_BYTES <= stop:
        end = at + _HEAD_BYTES + _size(data, at)
        if data[at : at + 4] == b"LIST":
            found.append((data[at + 8 : at + 12], at + _LIST_HEAD_BYTES, end))
        at = end + end % 2
    return found


def _walk(data: mmap, at: int, stop: int, streams: int, stream: int) -> tuple[int | None, int]:
    """Return where, among chunks of pictures and sound, something else is; and the pictures."""
    own, pictures = f"{stream:02}".encode(), 0
    while at + _HEAD_BYTES <= stop:
        if not _may_stand(data[at : at + 4], streams):
            return at, pictures
        if data[at : at + 4] == b"LIST":  # "rec ": chunks that belong together
            at += _LIST_HEAD_BYTES
            continue
        end = at + _HEAD_BYTES + _size(data, at)
        if end > stop:
            return at, pictures
        # An empty one stands for the picture before it; "00pc" holds colours.
        held = end - at > _HEAD_BYTES and data[at + 2 : at + 4] != b"pc"
        pictures += held and data[at : at + 2] == own
        # Some writers do not fill up to even places.
        at = end if _may_stand(data[end : end + 4], streams) else end + end % 2
    return None, pictures


def _may_stand(kind: bytes, streams: int) -> bool:
    if kind[:2].isdigit():  # "00dc": of which stream, and what
        return int(kind[:2]) < streams
    return kind in _PLAIN or kind == b"LIST" or (kind[:2] == b"ix" and kind[2:].isdigit())
