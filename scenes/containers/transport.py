"""MPEG-TS: packets of one length, which are counted per stream."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from scenes.containers.damage import pieces_missing

if TYPE_CHECKING:
    from mmap import mmap

    from numpy.typing import NDArray

    from scenes.containers.damage import Read

_LENGTHS = (188, 192, 204)  # plain, with time stamps (Blu-ray), with error correction
_MARK = 0x47
_HEAD_BYTES = 6
_LOOK_AT = 400  # packets from which the length is told
_AT_ONCE = 1 << 18  # packets


def transport_note(data: mmap, read: Read) -> str:
    """Return one clause that says what is wrong; empty where all of it is in order.

    Args:
        data: The file.
        read: What was made of it.
    """
    length, offset = _layout(data)
    if not length:
        return ""
    # Whatever else comes with a packet may be missing behind the last one.
    packets, rest = divmod(len(data) - offset + length - min(_LENGTHS), length)
    rest -= length - min(_LENGTHS)
    strayed = missing = 0
    last: NDArray[np.uint8] | None = None
    for first in range(0, packets, _AT_ONCE):
        count = min(_AT_ONCE, packets - first)
        heads = np.ndarray(
            (count, _HEAD_BYTES), np.uint8, data, offset + first * length, (length, 1)
        ).copy()
        begins = heads[:, 0] == _MARK
        strayed += count - int(begins.sum())
        numbers = (heads[:, 1] & 31).astype(int) * 256 + heads[:, 2]
        own = heads[begins & (numbers == read.stream_id)]
        if last is not None:
            own = np.concatenate([last, own])
        missing += _breaks(own)
        last = own[-1:]
    if strayed:
        return f"the file is damaged: {strayed} of its {packets} packets do not begin as packets do"
    if missing:
        return pieces_missing(missing)
    return "the file is cut off: it ends inside a packet" if rest > 0 else ""


def _layout(data: mmap) -> tuple[int, int]:
    """Return how long packets are, and where the first begins; 0, 0 = unknown."""
    best = (0.5, 0, 0)  # at least half of what is looked at has to fit
    seen = np.frombuffer(data[: _LOOK_AT * max(_LENGTHS)], np.uint8) == _MARK
    for length in _LENGTHS:
        for offset in range(min(length, len(seen))):
            best = max(best, (float(seen[offset::length].mean()), length, -offset))
    return best[1], -best[2]


def _breaks(heads: NDArray[np.uint8]) -> int:
    """Return how often the counter of one stream does not go on.

    It goes up by 1, modulo 16, with each packet that carries something. A packet may come twice,
    and one that says that it begins anew may have any number.
    """
    has_extra, has_load = (heads[:, 3] & 0x20) > 0, (heads[:, 3] & 0x10) > 0
    anew = has_extra & (heads[:, 4] > 0) & ((heads[:, 5] & 0x80) > 0)
    step = np.diff(heads[:, 3] & 15) & 15
    goes_on = (step == 0) | (has_load[1:] & (step == 1)) | anew[1:]
    return int((~goes_on).sum())
