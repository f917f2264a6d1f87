"""The pictures of a clip through PyAV (FFmpeg)."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

import av
import numpy as np
from av.video.reformatter import VideoReformatter

from scenes.alpha import BACKGROUND, has_alpha, opaque
from scenes.claims import Claims
from scenes.errors import CastcheckError, FrameDecodeError, VideoOpenError
from scenes.frames import FrameBatch, VideoInfo, batch_length
from scenes.limits import NO_LIMITS, too_large
from scenes.orient import Orientation, orientation_from_matrix
from scenes.strict_decoder import StrictDecoder
from scenes.timebase import FrameClock, seconds_text
from scenes.video_open import CPU, open_container, planar, reason_of, video_stream

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from types import TracebackType

    from numpy.typing import NDArray
    from typing_extensions import Self

    from scenes.limits import LimitSettings

MAX_RATE = 1000  # frames per second; above it, the "rate" is the resolution of the clock
_NONE_SOUND = (
    "damaged: no picture of it is sound, so nothing was decided and no cuts were looked for"
)


class PyAvSource:
    """The pictures of a clip file, decoded once, in order; see `scenes.frames.FrameSource`.

    Damage does not end the reading: a picture that is damaged, or that is predicted from one, is
    left out up to the next key picture, and `degradations` says how many and where. Where that
    leaves nothing, all pictures are what a decoder guesses, and `info.all_damaged` says so.

    Args:
        path: The clip.
        threads: Decoder threads inside FFmpeg; 0 = as `scenes.threads` decides.
        decoder: What decodes: "cpu", or a device of FFmpeg, such as "cuda" or "vaapi". The pictures
            are the same; where the device cannot, the CPU does, and `degradations` says so.
        limits: How large pictures may be, and how many there may be of them.

    Raises:
        VideoOpenError: The file cannot be opened as a video, holds no pictures, or is too large.
        FrameDecodeError: It holds pictures, but none of them can be decoded.
    """

    def __init__(
        self,
        path: Path,
        *,
        threads: int = 0,
        decoder: str = CPU,
        limits: LimitSettings = NO_LIMITS,
    ) -> None:
        self._path, self._limits = Path(path), limits
        try:
            self._open(decoder, threads, guesses=False)
        except FrameDecodeError as err:
            # Whoever sent it shall see what there is, but a file that gives nothing stays bad.
            try:
                self._open(CPU, threads, guesses=True)
            except CastcheckError:
                raise err from None

    def _open(self, decoder: str, threads: int, *, guesses: bool) -> None:
        limits = self._limits
        self._container, self._not_decoded_there = open_container(
            self._path, decoder, limits=limits
        )
        self._guesses = guesses
        try:
            self._stream = video_stream(self._container, self._path, limits=limits)
            self._decoder = StrictDecoder(
                self._stream,
                threads=threads,
                max_pixels=limits.decoder_px,
                on_device=decoder != CPU and not self._not_decoded_there,
                guesses=guesses,
            )
            self._start()
        except BaseException:
            self._container.close()
            raise

    def _start(self) -> None:
        """Read up to the first good picture, and with it what is known about the clip."""
        stream, limits = self._stream, self._limits
        rate = _rate(stream)
        self._clock = FrameClock(time_base=stream.time_base or Fraction(1, 1000), rate=rate)
        self._left_out = 0
        self._left_out_at_s: Fraction | None = None
        self._rescaled = 0
        self._to_rgb = VideoReformatter()  # a frame's own would be made anew for each
        self._transparent = 0
        self._interlaced = False
        self._claims = Claims(self._path, self._container, stream)
        self._count = 0
        self._stopped = ""
        self._complete = False
        self._started = False
        self._frames = self._good_frames()
        self._first = next(self._frames, None)
        if self._first is None:
            raise self._nothing_decodable()
        if limits.forbids_picture(self._first.width, self._first.height):
            raise too_large(self._path, self._first.width, self._first.height, limits)
        self._orientation = _orientation(self._first)
        self._stored_px = (self._first.width, self._first.height)
        width_px, height_px = self._orientation.size(*self._stored_px)
        self._info = VideoInfo(
            path=self._path,
            width_px=width_px,
            height_px=height_px,
            rate=rate,
            frame_count=stream.frames or None,
            codec=stream.codec_context.name,
            all_damaged=self._guesses,
        )

    @property
    def info(self) -> VideoInfo:
        """What is known before the first batch is read."""
        return self._info

    @property
    def end_s(self) -> Fraction:
        """Exact time at which the newest picture read ends; 0 before the first batch."""
        return self._clock.end_s

    @property
    def degradations(self) -> tuple[str, ...]:
        """What could not be read as it should; complete once the last batch was read."""
        notes = []
        if self._guesses:
            notes.append(_NONE_SOUND)
        if self._left_out:
            at = seconds_text(self._left_out_at_s or Fraction(0))
            notes.append(f"damaged pictures left out: {self._left_out}, the first near {at}")
        if self._stopped:
            notes.append(self._stopped)
        if self._clock.repaired:
            notes.append(
                f"time stamps missing, out of order or ages apart: {self._clock.repaired}, "
                "filled in from the frame rate"
            )
        if self._rescaled:
            width_px, height_px = self._stored_px
            notes.append(
                f"pictures of another size than the first: {self._rescaled}, "
                f"scaled to {width_px}x{height_px}"
            )
        if self._complete:
            notes += self._claims.shortfall(
                self._count + self._left_out,
                self.end_s + self._clock.closed_s,
                interlaced=self._interlaced,
            )
        if self._transparent:
            notes.append(
                f"transparent pictures: {self._transparent}, laid over the grey {BACKGROUND}"
            )
        if self._not_decoded_there:
            notes.append(self._not_decoded_there)
        return tuple(notes)

    def batches(self, size: int, *, only: Collection[int] | None = None) -> Iterator[FrameBatch]:
        """Yield batches of at most `size` pictures; see `FrameSource.batches`."""
        info = self._info
        length = batch_length(size, width_px=info.width_px, height_px=info.height_px)
        if self._started:
            raise RuntimeError("batches() was called twice; open the clip anew")
        self._started = True
        return self._batches(length, only)

    def _batches(self, length: int, only: Collection[int] | None) -> Iterator[FrameBatch]:
        index: list[int] = []
        times: list[Fraction] = []
        last = None if only is None else max(only, default=-1)
        shape = (length, self._info.height_px, self._info.width_px, 3)
        rgb = np.empty(shape, np.uint8)
        frame, self._first = self._first, None
        while frame is not None and (last is None or self._count <= last):
            is_wanted = only is None or self._count in only
            if is_wanted:  # turning a picture to RGB takes as long as decoding it
                rgb[len(index)] = self._picture(frame)
                index.append(self._count)
            time_s = self._clock.tick(frame.pts, frame.duration)
            if is_wanted:
                times.append(time_s)
            self._count += 1
            self._limits.check_length(self._path, self._count, self.end_s)
            if len(index) == length:
                yield FrameBatch(np.array(index, np.int64), tuple(times), rgb)
                # A fresh buffer: the reader may still hold the old one.
                rgb, index, times = np.empty(shape, np.uint8), [], []
            frame = next(self._frames, None)
        self._complete = frame is None
        if index:
            yield FrameBatch(np.array(index, np.int64), tuple(times), rgb[: len(index)])

    def _picture(self, frame: Any) -> NDArray[np.uint8]:
        """Return the displayed picture (H, W, 3) of a decoded frame."""
        size: dict[str, int] = {}
        stored: NDArray[np.uint8]
        if (frame.width, frame.height) != self._stored_px:
            self._rescaled += 1
            size = dict(zip(("width", "height"), self._stored_px, strict=True))
        self._interlaced |= bool(frame.interlaced_frame)
        try:
            if has_alpha(frame):
                stored, is_transparent = opaque(frame, **size)
                self._transparent += is_transparent
            else:
                shown = self._to_rgb.reformat(planar(frame), format="rgb24", **size)
                stored = np.asarray(shown.to_ndarray(), np.uint8)
        except (av.FFmpegError, ValueError) as err:
            raise FrameDecodeError(
                f"picture {self._count} has a pixel format that cannot be converted "
                f"({frame.format.name})",
                where=self._path,
                hint="re-encode it as H.264",
            ) from err
        return self._orientation.apply(stored)

    def _good_frames(self) -> Iterator[Any]:
        """Yield decoded frames; leave out damaged ones and all that are predicted from them."""
        waiting = False  # for a key picture, after damage
        for frame in self._decoded():
            damaged = frame is None or (frame.is_corrupt and not self._guesses)
            waiting = damaged or (waiting and not frame.key_frame and not self._guesses)
            if waiting:
                if self._left_out_at_s is None:
                    self._left_out_at_s = self._clock.end_s
                self._left_out += 1
            else:
                yield frame

    def _decoded(self) -> Iterator[Any]:
        """Yield what the decoder makes of each packet: a frame, or `None` for one it refuses."""
        packets = self._container.demux(self._stream)
        while True:
            try:
                packet = next(packets)
            except StopIteration:
                return
            except av.FFmpegError as err:
                self._stopped = (
                    f"reading stopped near {seconds_text(self._clock.end_s)}: {reason_of(err)}"
                )
                yield from self._decoder.flushed(self._stream)
                return
            self._claims.take(packet)
            try:
                frames = self._decoder.decode(packet)
            except av.FFmpegError:
                yield None
                continue
            yield from frames

    def _nothing_decodable(self) -> Exception:
        if self._left_out or self._stopped:
            size_known = self._stream.codec_context.width > 0
            too = f" or has more than {self._limits.picture_px} pixels a picture"
            return FrameDecodeError(
                "no picture of it can be decoded, the file is damaged or cut off"
                + ("" if size_known else too),
                where=self._path,
                hint="copy or download it again",
            )
        return VideoOpenError(
            "the video holds no pictures", where=self._path, hint="check how it was written"
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._frames = iter(())
        self._container.close()


def _rate(stream: Any) -> Fraction | None:
    """Return the average frames per second, or `None` where the file gives no usable figure."""
    for rate in (stream.average_rate, stream.guessed_rate):
        if rate is not None and 0 < rate <= MAX_RATE:
            return Fraction(rate)
    return None


def _orientation(frame: Any) -> Orientation:
    """Return how `frame` is turned for display."""
    side = next((item for item in frame.side_data if item.type.name == "DISPLAYMATRIX"), None)
    if side is None:
        return Orientation()
    return orientation_from_matrix([int(v) for v in np.frombuffer(bytes(side), np.int32)[:9]])
