"""Opens a clip file for reading, its decoder on the CPU or on a device that FFmpeg drives."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import av
from av.codec.hwaccel import HWAccel, hwdevices_available

from scenes.errors import VideoOpenError

if TYPE_CHECKING:
    from pathlib import Path

CPU = "cpu"
# FFmpeg draws any text file as terminal art; nobody means that by "clip".
NO_CLIP_FORMATS = frozenset({"tty"})
HINT_FORMATS = "give a video FFmpeg can read, such as mp4, mov, mkv, webm or gif"
# What devices hand over, and how the CPU's decoders lay out the same.
_PLANAR = {"nv12": "yuv420p", "nv16": "yuv422p", "nv24": "yuv444p", "p010le": "yuv420p10le"}


def open_container(path: Path, decoder: str = CPU) -> tuple[Any, str]:
    """Open `path`; names and tags that are not UTF-8 are read with replacement characters.

    Args:
        path: The clip.
        decoder: "cpu", or a device of FFmpeg with an optional number, "cuda:1".

    Returns:
        The container, and what to say where the CPU decodes although a device was asked for; empty
        where all is as asked.

    Raises:
        VideoOpenError: It is no clip.
    """
    if decoder == CPU:
        return _opened(path), ""
    device, _, number = decoder.partition(":")
    note = f"decoded on the CPU: {device} "
    if device not in hwdevices_available():
        return _opened(path), f"{note}is unknown to this FFmpeg"
    try:
        there = av.open(
            str(path),
            mode="r",
            metadata_errors="replace",
            hwaccel=HWAccel(
                device_type=device, device=number or None, allow_software_fallback=False
            ),
        )
    except RuntimeError:
        return _opened(path), f"{note}does not decode this kind of video"
    except (av.FFmpegError, OSError, ValueError) as err:
        # Either there is no such device, or the file is no clip, and then this raises.
        return _opened(path), f"{note}cannot be used ({reason_of(err)})"
    return there, ""


def _opened(path: Path) -> Any:
    try:
        container = av.open(str(path), mode="r", metadata_errors="replace")
    except av.InvalidDataError as err:
        raise VideoOpenError(
            "not a video, or damaged or cut off before its index", where=path, hint=HINT_FORMATS
        ) from err
    except (av.FFmpegError, OSError, ValueError) as err:
        raise VideoOpenError(
            f"cannot be opened: {reason_of(err)}", where=path, hint=HINT_FORMATS
        ) from err
    if container.format.name in NO_CLIP_FORMATS:
        container.close()
        raise VideoOpenError("a text file, not a video", where=path, hint=HINT_FORMATS)
    return container


def video_stream(container: Any, path: Path) -> Any:
    """Return the first video stream that is more than a cover picture."""
    streams = [s for s in container.streams.video if not _is_cover(s)]
    if not streams:
        what = "only sound" if container.streams.audio else "no video"
        raise VideoOpenError(f"there is {what} in it", where=path, hint="give a clip with pictures")
    stream = streams[0]
    if stream.codec_context is None:
        raise VideoOpenError(
            "its video codec is unknown to this FFmpeg", where=path, hint="re-encode it as H.264"
        )
    return stream


def planar(frame: Any) -> Any:
    """Return a frame with its chroma in planes of their own, as the CPU's decoders give it.

    FFmpeg turns interleaved chroma to RGB with other rounding, up to 29 grey levels off where
    colours meet, and the answer must not depend on what decodes.
    """
    layout = _PLANAR.get(frame.format.name)
    return frame if layout is None else frame.reformat(format=layout)


def _is_cover(stream: Any) -> bool:
    """Whether a video stream is the cover picture of a sound file."""
    return bool(stream.disposition & type(stream.disposition).attached_pic)


def reason_of(err: Exception) -> str:
    """Return the reason of an FFmpeg error in a few words, without its file name."""
    text = getattr(err, "strerror", None) or str(err) or type(err).__name__
    return str(text)[:1].lower() + str(text)[1:]
