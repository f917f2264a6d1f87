"""Writes planted clips: H.264 at the rate of the source, with its sound where it still fits."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any

import av
import numpy as np

from castcheck.report.writers import OutputError
from scenes.video_open import file_url, open_container

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from numpy.typing import NDArray

# One thread and no macroblock tree, so that the bytes repeat.
_OPTIONS = {"preset": "veryfast", "crf": "19", "threads": "1", "x264-params": "mbtree=0"}
_AUDIO_RATE = 44_100


def write_clip(
    path: Path,
    pictures: Iterable[NDArray[np.uint8]],
    *,
    rate: Fraction,
    sound: tuple[Path, float, float] | None = None,
) -> None:
    """Write a clip whole or not at all.

    Args:
        path: The file, which must not be there.
        pictures: (H, W, 3) uint8 RGB, of even size.
        rate: Pictures per second.
        sound: A clip, and from when to when its sound goes along; where it has none, nothing does.

    Raises:
        OutputError: The disk is full, or the folder cannot be written to.
    """
    part = path.with_name(f".{path.stem}.part.mp4")
    try:
        with av.open(
            file_url(part), "w", format="mp4", options={"movflags": "+faststart"}
        ) as container:
            stream: Any = None
            track = None
            for index, rgb in enumerate(pictures):
                if stream is None:
                    stream = container.add_stream("libx264", rate=rate, options=dict(_OPTIONS))
                    stream.height, stream.width = rgb.shape[:2]
                    stream.pix_fmt = "yuv420p"
                    stream.codec_context.time_base = 1 / rate
                    track = _sound_track(container, sound)
                frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(rgb), format="rgb24")
                frame.pts, frame.time_base = index, 1 / rate
                container.mux(stream.encode(frame))
            if stream is not None:
                container.mux(stream.encode())
            if track is not None and sound is not None:
                _copy_sound(container, track, sound)
        part.replace(path)
    except (OSError, av.FFmpegError) as err:
        reason = (getattr(err, "strerror", None) or str(err)).lower()
        raise OutputError(
            f"cannot be written: {reason}", where=path, hint="make room, or choose another -o"
        ) from err
    finally:
        part.unlink(missing_ok=True)


def _sound_track(container: Any, sound: tuple[Path, float, float] | None) -> Any:
    """Return a sound track, `None` where the source has no sound."""
    if sound is None or not sound[0].is_file():
        return None
    with open_container(sound[0])[0] as source:
        if not source.streams.audio:
            return None
    return container.add_stream("aac", rate=_AUDIO_RATE)


def _copy_sound(container: Any, track: Any, sound: tuple[Path, float, float]) -> None:
    """Write the sound of the source from one moment to another."""
    path, start_s, stop_s = sound
    resampler = av.AudioResampler(format="fltp", layout="stereo", rate=_AUDIO_RATE)
    written = 0
    with open_container(path)[0] as source:
        stream = source.streams.audio[0]
        for frame in source.decode(stream):
            at = float(frame.time or 0.0)
            if at < start_s - 0.02:
                continue
            if at >= stop_s:
                break
            for piece in resampler.resample(frame):
                piece.pts, piece.time_base = written, Fraction(1, _AUDIO_RATE)
                written += piece.samples
                container.mux(track.encode(piece))
    container.mux(track.encode())
