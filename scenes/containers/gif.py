"""Whether the blocks of a GIF follow each other, and hold as many pixels as they claim.

Decoders fill up what is missing and leave out what is too much, without a word. The codes are
counted here, not drawn.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mmap import mmap

    from scenes.containers.damage import Read

_MOST_CODES = 4096


def gif_note(data: mmap | bytes, _read: Read) -> str:
    """Return one clause that says what is wrong with a GIF; empty where all of it is there."""
    at = 13 + _colour_table_bytes(data[10])
    pictures = wrong = 0
    note = ""
    while True:
        kind = data[at : at + 1]
        if kind == b";":
            break
        if not kind:
            note = "the file is cut off: it ends without the mark that closes a GIF"
            break
        if kind not in {b"!", b","}:
            note = "the file is damaged: its blocks do not follow each other"
            break
        if kind == b"!":
            _, at = _block(data, at + 2)
            continue
        pictures += 1
        if at + 10 > len(data):
            note = "the file is cut off: it ends inside a picture"
            break
        width_px = int.from_bytes(data[at + 5 : at + 7], "little")
        height_px = int.from_bytes(data[at + 7 : at + 9], "little")
        at += 10 + _colour_table_bytes(data[at + 9])
        bits = data[at] if at < len(data) else 0
        codes, at = _block(data, at + 1)
        wrong += pixels_in(codes, bits) != width_px * height_px
    if not note and wrong:
        note = f"the file is damaged: {wrong} of {pictures} pictures do not hold what they claim"
    return note


def _colour_table_bytes(flags: int) -> int:
    return 3 << ((flags & 7) + 1) if flags & 0x80 else 0


def _block(data: mmap | bytes, at: int) -> tuple[bytes, int]:
    """Return what the blocks from `at` on hold, and where they end."""
    parts = []
    while at < len(data) and data[at]:
        parts.append(data[at + 1 : at + 1 + data[at]])
        at += 1 + data[at]
    return b"".join(parts), at + 1


def pixels_in(codes: bytes, bits: int) -> int:
    """Return how many pixels LZW codes stand for; -1 where there is one that cannot be.

    Args:
        codes: As a GIF holds them.
        bits: Of a pixel, 1 to 11.

    Example:
        >>> pixels_in(bytes([0x44, 0x0A]), 2)  # clear, pixel 0, pixel 1, end
        2
        >>> pixels_in(b"D", 12)
        -1
    """
    if not 1 <= bits <= 11:
        return -1
    clear = 1 << bits
    lengths: list[int] = []  # of the runs that codes stand for
    total, last = 0, -1
    width, held, held_bits = bits + 1, 0, 0
    start = [*[1] * clear, 0, 0]
    lengths = start.copy()
    for byte in codes:
        held |= byte << held_bits
        held_bits += 8
        while held_bits >= width:
            code = held & ((1 << width) - 1)
            held >>= width
            held_bits -= width
            if code == clear:
                lengths, width, last = start.copy(), bits + 1, -1
                continue
            if code == clear + 1:
                return total
            if code > len(lengths) or (code == len(lengths) and last < 0):
                return -1
            if last >= 0 and len(lengths) < _MOST_CODES:
                lengths.append(lengths[last] + 1)
            if code >= len(lengths):
                return -1
            total += lengths[code]
            last = code
            if len(lengths) == 1 << width and width < 12:
                width += 1
    return total
