"""The annotated video: H.264 in MP4, with the times and the sound of the clip."""

from __future__ import annotations

from contextlib import ExitStack
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import av
import cv2
import numpy as np

from castcheck.facts.report import frame_rate
from castcheck.report.draw import Annotator
from castcheck.report.sound import Sound
from scenes.errors import VideoOpenError
from scenes.source import clip_sha256, open_source
from scenes.video_open import file_url

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from numpy.typing import NDArray

    from castcheck.facts.report import Report
    from castcheck.report.writers import ReportInputs

BATCH_FRAMES = 8
LONGEST_SIDE_PX = 3840  # beyond 4K, H.264 players give up before people see more
SHORTEST_SIDE_PX = 16  # what the encoder takes
CLOCK = Fraction(1, 90_000)  # ticks for clips without a steady rate
OPTIONS = {"preset": "veryfast", "crf": "20"}
STAGE = "drawing the video"


def write(
    inputs: ReportInputs, path: Path, *, progress: Callable[[str, int, int | None], None]
) -> tuple[str, ...]:
    """Write the clip with everything found drawn onto it to `path`; return what is left out.

    Raises:
        OSError: The file cannot be written.
        VideoOpenError: The clip cannot be read any more, or is not the one that was judged.
    """
    try:
        return _write(inputs, path, progress)
    except av.FFmpegError as err:  # what is read has errors of its own
        reason = (err.strerror or str(err)).lower()
        raise OSError(err.errno, reason, str(path)) from err


def _write(
    inputs: ReportInputs, path: Path, progress: Callable[[str, int, int | None], None]
) -> tuple[str, ...]:
    report = inputs.report
    width, height = fitting_size(report.clip.width, report.clip.height)
    annotator = Annotator(report, width_px=width, height_px=height)
    timing = _Timing(report)
    with (
        open_source(inputs.clip) as source,
        av.open(file_url(path), "w", format="mp4", options={"movflags": "+faststart"}) as container,
        ExitStack() as opened,
    ):
        stream: Any = container.add_stream("libx264", rate=timing.rate, options=OPTIONS)
        stream.width, stream.height = _even(width), _even(height)
        stream.pix_fmt = "yuv420p"
        stream.codec_context.time_base = timing.time_base
        sound = opened.enter_context(Sound(inputs.clip, container))
        for batch in source.batches(BATCH_FRAMES):
            for index, rgb in zip(batch.index.tolist(), batch.rgb, strict=True):
                picture = _resized(rgb, width, height)
                annotator.draw(picture, index)
                frame = av.VideoFrame.from_ndarray(_padded(picture), format="rgb24")
                frame.pts, frame.time_base = timing.pts(index), timing.time_base
                container.mux(stream.encode(frame))
            sound.mux_until(batch.time_s[-1])
            progress(STAGE, int(batch.index[-1]) + 1, report.clip.frames)
        container.mux(stream.encode())
        sound.mux_until(source.end_s)
    if report.clip.sha256 and clip_sha256(inputs.clip) != report.clip.sha256:
        raise VideoOpenError(
            "the file changed after it was judged, so it cannot be drawn on",
            where=inputs.clip,
            hint="wait until it is written, then check it again",
        )
    return (sound.note,) if sound.note else ()


def fitting_size(width_px: int, height_px: int) -> tuple[int, int]:
    """Return the size drawn at: that of the clip, unless it is too large to be played.

    Example:
        >>> fitting_size(1280, 720), fitting_size(7680, 4320)
        ((1280, 720), (3840, 2160))
    """
    shrink = min(1.0, LONGEST_SIDE_PX / max(width_px, height_px))
    return max(1, round(width_px * shrink)), max(1, round(height_px * shrink))


class _Timing:
    """When each frame is shown, in ticks of the video written."""

    def __init__(self, report: Report) -> None:
        self._report = report
        rate = frame_rate(report.clip.fps)
        self._steady = rate is not None and not report.frame_times_s
        self.rate = rate or Fraction(25)
        self.time_base = 1 / self.rate if self._steady else CLOCK
        self._last = -1

    def pts(self, frame: int) -> int:
        """Return the tick of `frame`; always later than the one before."""
        wanted = frame if self._steady else round(self._report.time_s(frame) / CLOCK)
        self._last = max(wanted, self._last + 1)
        return self._last


def _even(size_px: int) -> int:
    """Return the size the encoder gets: even, since it halves the colours."""
    return max(SHORTEST_SIDE_PX, size_px + size_px % 2)


def _resized(rgb: NDArray[np.uint8], width: int, height: int) -> NDArray[np.uint8]:
    if rgb.shape[:2] == (height, width):
        return np.array(rgb)
    small: NDArray[np.uint8] = cv2.resize(rgb, (width, height), interpolation=cv2.INTER_AREA)
    return small


def _padded(picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    height, width = picture.shape[:2]
    rows, columns = _even(height) - height, _even(width) - width
    if not rows and not columns:
        return picture
    return np.pad(picture, ((0, rows), (0, columns), (0, 0)), mode="edge")
