"""The words for what is wrong with a file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mmap import mmap


@dataclass(frozen=True, slots=True)
class Read:
    """What FFmpeg made of a file, to be compared with what is in it.

    Attributes:
        stream_id: The file's own number of the stream with the pictures.
        stream_index: FFmpeg's: streams counted from 0.
        packets: Of that stream, those that hold something.
    """

    stream_id: int
    stream_index: int
    packets: int


def cut_off(claimed: int, data: mmap) -> str:
    """Return that a file has fewer bytes than it claims; empty where it has all."""
    if claimed <= len(data):
        return ""
    return f"the file is cut off: it claims {claimed} bytes and has {len(data)}"


def damaged_at(at: int, data: mmap) -> str:
    """Return that at byte `at` something stands which does not belong there."""
    return f"the file is damaged: what should follow at byte {at} of {len(data)} does not"


def pieces_missing(count: int) -> str:
    """Return that something is gone from the middle, at `count` places."""
    return f"the file is damaged: pictures are missing from the middle of it, at {count} places"
