"""The sound of a clip, carried over into another file: packets as they are where MP4 holds them."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any

import av

from scenes.errors import CastcheckError
from scenes.video_open import open_container

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from types import TracebackType

    from typing_extensions import Self

# What players of MP4 read; anything else is encoded anew.
COPIED_CODECS = frozenset({"aac", "mp3", "ac3", "eac3", "alac", "opus", "flac"})
ENCODER = "aac"
MOST_CHANNELS = 2  # of what is encoded anew: what a laptop plays


class Sound:
    """The first sound track of a clip, muxed little by little beside the pictures.

    Use it as a context manager. A clip without sound, or a folder of pictures, has none to carry.

    Args:
        clip: Where the clip lies.
        container: The file that is written; its header must not be written yet.
    """

    def __init__(self, clip: Path, container: Any) -> None:
        self.note = ""  # why there is no sound although the clip has one
        self._container = container
        self._source: Any = None
        self._packets: Iterator[Any] = iter(())
        self._held: tuple[Fraction, Any] | None = None
        if not clip.is_file():
            return
        try:
            self._open(clip)
        except (av.FFmpegError, ValueError, CastcheckError) as err:
            self.note = f"the sound is left out: it cannot be read ({_reason(err)})"
            self.close()

    def _open(self, clip: Path) -> None:
        first_s = _first_picture_s(clip)
        self._source, _ = open_container(clip)
        stream = next(iter(self._source.streams.audio), None)
        if stream is None:
            return
        if stream.codec_context.codec.canonical_name in COPIED_CODECS:
            out = self._container.add_stream_from_template(stream)
            self._packets = self._copied(stream, out, first_s)
        else:
            out = self._container.add_stream(ENCODER, rate=stream.codec_context.sample_rate)
            out.layout = "mono" if stream.codec_context.channels == 1 else "stereo"
            self._packets = self._encoded(stream, out, first_s)

    def mux_until(self, time_s: Fraction) -> None:
        """Write the sound up to `time_s`, in seconds from the first picture."""
        held = self._held or next(self._packets, None)
        while held is not None and held[0] <= time_s:
            self._container.mux(held[1])
            held = next(self._packets, None)
        self._held = held

    def _copied(self, stream: Any, out: Any, first_s: Fraction) -> Iterator[tuple[Fraction, Any]]:
        offset = round(first_s / stream.time_base)
        for packet in self._source.demux(stream):
            if packet.dts is None or packet.pts is None:
                continue
            start_s = (packet.pts - offset) * stream.time_base
            if start_s + (packet.duration or 0) * stream.time_base <= 0:
                continue  # over before the first picture
            packet.pts -= offset
            packet.dts -= offset
            packet.stream = out
            yield start_s, packet

    def _encoded(self, stream: Any, out: Any, first_s: Fraction) -> Iterator[tuple[Fraction, Any]]:
        resampler = av.AudioResampler(
            format=out.codec_context.format, layout=out.codec_context.layout, rate=out.rate
        )
        tick = Fraction(1, out.rate)
        at: int | None = None
        for frame in self._frames(stream):
            if at is None:  # from here on samples are counted: stamps of damaged files jump
                at = round((Fraction(frame.pts or 0) * frame.time_base - first_s) / tick)
            for piece in resampler.resample(frame):
                piece.pts, piece.time_base = at, tick
                at += piece.samples
                yield from self._timed(out.encode(piece))
        yield from self._timed(out.encode(None))

    def _frames(self, stream: Any) -> Iterator[Any]:
        for packet in self._source.demux(stream):
            try:
                yield from packet.decode()
            except av.FFmpegError:  # noqa: PERF203
                continue  # a damaged piece is silent

    def _timed(self, packets: list[Any]) -> Iterator[tuple[Fraction, Any]]:
        for packet in packets:
            yield Fraction(packet.pts) * packet.time_base, packet

    def close(self) -> None:
        """Close the clip."""
        if self._source is not None:
            self._source.close()
            self._source = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self.close()


def _first_picture_s(clip: Path) -> Fraction:
    """Return when the first picture is shown by the clip's own clock, which may start anywhere."""
    with open_container(clip)[0] as container:
        for packet in container.demux(video=0):
            try:
                frames = packet.decode()
            except av.FFmpegError:
                continue
            if frames:
                first: Any = frames[0]
                return Fraction((first.pts or 0) * first.time_base)
    return Fraction(0)


def _reason(err: Exception) -> str:
    return str(getattr(err, "strerror", None) or err).lower()
