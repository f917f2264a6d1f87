"""What a container says of its pictures, against what was read."""

from __future__ import annotations

import re
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from scenes.containers.checks import damage_note
from scenes.containers.damage import Read
from scenes.timebase import seconds_text

if TYPE_CHECKING:
    from pathlib import Path

_CONTAINER_TICKS = 1_000_000  # a second, in what PyAV says of a container
_TAG = re.compile(r"(\d+):(\d\d):(\d\d(?:\.\d+)?)$")
_LEAST_GAP_FRAMES = 3  # by less, containers are off that count from the first coded picture
# FFmpeg gives each stream of these the duration of the file, which may be that of the sound.
_ONE_DURATION = frozenset({"flv", "live_flv", "asf"})
# AVI counts places without a picture too, which writers fill up with where the sound goes on.
_NO_CLAIM = frozenset({"avi"})
_SHARE = 50  # one picture in so many may be missing without a word
_VP8_SHOWN = 0x10  # of the first byte; a packet of VP8 may be there only to be predicted from


class Claims:
    """Compares a stream with what was made of it.

    Args:
        path: The clip.
        container, stream: Of PyAV.

    Attributes:
        packets: Packets with a picture to be shown, trimmed ones apart.
        trimmed: Packets that an edit list leaves out: nothing is missing if they are not shown.
        corrupt: Packets that the container says are damaged.
    """

    def __init__(self, path: Path, container: Any, stream: Any) -> None:
        self._path, self._container, self._stream = path, container, stream
        self._codec = stream.codec_context.name
        self._is_of_the_whole = container.format.name in _ONE_DURATION
        self._least_gap_s = Fraction(_LEAST_GAP_FRAMES) / min(max(stream.average_rate or 8, 8), 60)
        self._coded = 0
        self.packets = 0
        self.trimmed = 0
        self.corrupt = 0

    def take(self, packet: Any) -> None:
        """Count one packet."""
        if packet.size:
            self._coded += 1
            self.trimmed += packet.is_discard
            hidden = self._codec == "vp8" and not memoryview(packet)[0] & _VP8_SHOWN
            self.packets += not (packet.is_discard or hidden)
            self.corrupt += packet.is_corrupt

    def shortfall(self, pictures: int, end_s: Fraction, *, interlaced: bool) -> list[str]:
        """Return what is less than the file claims, a clause each; none where it is all there.

        Args:
            pictures: Frames that came out.
            end_s: When the last of them ends.
            interlaced: Two packets may make one picture.
        """
        notes = []
        counted = 0 if self._container.format.name in _NO_CLAIM else self._stream.frames
        claimed = counted - self.trimmed
        claimed_s = self.claimed_s()
        if counted and claimed - pictures > claimed // _SHARE:
            notes.append(f"the file claims {claimed} pictures, only {pictures} could be read")
        elif claimed_s and claimed_s - end_s > max(self._least_gap_s, claimed_s / _SHARE):
            notes.append(
                f"the file claims {seconds_text(claimed_s)}, "
                f"its pictures end at {seconds_text(end_s)}"
            )
        elif self.packets - pictures > self.packets // _SHARE and not interlaced:
            lost = self.packets - pictures
            notes.append(f"{lost} of {self.packets} coded pictures gave none that can be shown")
        if self.corrupt:
            notes.append(f"damaged packets: {self.corrupt}")
        read = Read(self._stream.id, self._stream.index, self._coded)
        ended = damage_note(self._path, self._container.format.name, read)
        return [*notes, ended] if ended else notes

    def claimed_s(self) -> Fraction | None:
        """Return how long the pictures last by what the file says; `None` where it does not."""
        stream, container = self._stream, self._container
        if container.format.name in _NO_CLAIM or (
            self._is_of_the_whole and len(container.streams) > 1
        ):
            return None
        if stream.duration is not None and stream.time_base is not None:
            return Fraction(stream.duration * stream.time_base)
        for key, value in stream.metadata.items():  # Matroska: DURATION, DURATION-eng
            match = _TAG.match(value.strip()) if key.upper().startswith("DURATION") else None
            if match:
                hours, minutes, seconds = match.groups()
                start = stream.start_time or 0
                begins_s = start * (stream.time_base or Fraction(0))
                # FFmpeg writes the time of the last packet's end, counted from 0.
                ends_s = int(hours) * 3600 + int(minutes) * 60 + Fraction(seconds)
                return Fraction(ends_s - max(begins_s, 0))
        if container.duration is None or len(container.streams) > 1:
            return None  # the container's figure may be that of the sound
        return Fraction(container.duration, _CONTAINER_TICKS)
