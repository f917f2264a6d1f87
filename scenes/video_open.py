"""Opens a clip file for reading, its decoder on the CPU or on a device that FFmpeg drives."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import av
from av.codec.hwaccel import HWAccel, hwdevices_available

from scenes.errors import VideoOpenError
from scenes.limits import NO_LIMITS, too_large

if TYPE_CHECKING:
    from scenes.limits import LimitSettings

CPU = "cpu"
# What opens other files or the network, reads a device, makes pictures out of text, or takes a file
# name for a pattern of names. Nobody means any of that by "clip".
NO_CLIP_FORMATS = frozenset(
    {
        "alsa", "avisynth", "bktr", "caca", "concat", "concatf", "dash", "decklink", "dshow",
        "fbdev", "ffmetadata", "gdigrab", "hls", "iec61883", "image2", "image2pipe", "imf", "jack",
        "kmsgrab", "lavfi", "libcdio", "libdc1394", "openal", "oss", "pulse", "rtp", "rtsp", "sap",
        "sdp", "sndio", "tty", "v4l2", "vapoursynth", "vfwcap", "webm_dash_manifest", "x11grab",
        "xcbgrab"
    }
)  # fmt: skip
_LIST_BEGINS = (b"ffconcat", b"#EXTM3U", b"<MPD", b"<?xml", b"file ", b"[playlist]", b"v=0")
_JPEG_BEGINS = b"\xff\xd8\xff"
HINT_FORMATS = "give a video FFmpeg can read, such as mp4, mov, mkv, webm or gif"
# What devices hand over, and how the CPU's decoders lay out the same.
_PLANAR = {"nv12": "yuv420p", "nv16": "yuv422p", "nv24": "yuv444p", "p010le": "yuv420p10le"}


def open_container(
    path: Path, decoder: str = CPU, *, limits: LimitSettings = NO_LIMITS
) -> tuple[Any, str]:
    """Open the file at `path` and nothing else, whatever its name or contents ask for.

    Names and tags that are not UTF-8 are read with replacement characters.

    Args:
        path: The clip.
        decoder: "cpu", or a device of FFmpeg with an optional number, "cuda:1".
        limits: Larger pictures are not decoded, not even to find out what is in the file.

    Returns:
        The container, and what to say where the CPU decodes although a device was asked for; empty
        where all is as asked.

    Raises:
        VideoOpenError: It is no clip.
    """
    how = _how_to_open(limits)
    if decoder == CPU:
        return _opened(path, how), ""
    device, _, number = decoder.partition(":")
    note = f"decoded on the CPU: {device} "
    if device not in hwdevices_available():
        return _opened(path, how), f"{note}is unknown to this FFmpeg"
    try:
        there = av.open(
            file_url(path),
            mode="r",
            **how,
            hwaccel=HWAccel(
                device_type=device, device=number or None, allow_software_fallback=False
            ),
        )
    except RuntimeError:
        return _opened(path, how), f"{note}does not decode this kind of video"
    except (av.FFmpegError, OSError, ValueError) as err:
        # Either there is no such device, or the file is no clip, and then this raises.
        return _opened(path, how), f"{note}cannot be used ({reason_of(err)})"
    return there, ""


def file_url(path: Path) -> str:
    """Return how FFmpeg has to be told of a local file, so that it takes no part for a protocol.

    Example:
        >>> file_url(Path("/a/concat:b.mp4"))
        'file:/a/concat:b.mp4'
    """
    return f"file:{Path.cwd() / path}"


def _how_to_open(limits: LimitSettings) -> dict[str, Any]:
    # The limit goes to the decoders too, which FFmpeg starts to find out what is in a file.
    return {
        "metadata_errors": "replace",
        "container_options": {"protocol_whitelist": "file", "format_whitelist": _clip_formats()},
        "options": {"max_pixels": str(limits.decoder_px)},
    }


@cache
def _clip_formats() -> str:
    """Return the names of all formats that are clips, as FFmpeg wants them."""
    names = {name for entry in av.formats_available for name in entry.split(",")}
    return ",".join(sorted(names - NO_CLIP_FORMATS))


def _opened(path: Path, how: dict[str, Any]) -> Any:
    try:
        return av.open(file_url(path), mode="r", **how)
    except (av.FFmpegError, OSError, ValueError) as err:
        raise _no_clip(path, err) from err


def _no_clip(path: Path, err: Exception) -> VideoOpenError:
    """Say why a file cannot be opened as a clip."""
    try:
        with path.open("rb") as file:
            head = file.read(64)
    except OSError:
        head = b""
    if head.lstrip().startswith(_LIST_BEGINS):
        what, hint = "a list or playlist, not a video", "give the clips it names"
    elif head.startswith(_JPEG_BEGINS):
        what, hint = (
            "a single picture, not a video",
            "give a clip, or a folder of numbered pictures",
        )
    elif isinstance(err, av.InvalidDataError):
        what, hint = "not a video, or damaged or cut off before its index", HINT_FORMATS
    elif isinstance(err, av.ArgumentError) and head.isascii() and b"\0" not in head:
        what, hint = "a text file, not a video", HINT_FORMATS
    else:
        what, hint = f"cannot be opened: {reason_of(err)}", HINT_FORMATS
    return VideoOpenError(what, where=path, hint=hint)


def video_stream(container: Any, path: Path, *, limits: LimitSettings = NO_LIMITS) -> Any:
    """Return the first video stream that is more than a cover picture.

    Raises:
        VideoOpenError: There is none, no decoder for it, or it is larger than the limits allow.
    """
    streams = [s for s in container.streams.video if not _is_cover(s)]
    if not streams:
        what = "only sound" if container.streams.audio else "no video"
        raise VideoOpenError(f"there is {what} in it", where=path, hint="give a clip with pictures")
    # One picture beside a sequence is what is shown until that is loaded, in AVIF.
    stream = next((s for s in streams if s.frames != 1), streams[0])
    if stream.codec_context is None:
        raise VideoOpenError(
            "its video codec is unknown to this FFmpeg", where=path, hint="re-encode it as H.264"
        )
    width_px, height_px = stream.codec_context.width, stream.codec_context.height
    if not width_px:  # no decoder took it, maybe for its size
        width_px, height_px = _declared_size_px(path)
    if limits.forbids_picture(width_px, height_px):
        raise too_large(path, width_px, height_px, limits)
    if stream.frames > limits.frames:
        raise VideoOpenError(
            f"it claims {stream.frames} pictures, allowed are {limits.frames}",
            where=path,
            hint="cut it into pieces, or raise limits.frames in the config",
        )
    return stream


def _declared_size_px(path: Path) -> tuple[int, int]:
    """Return width and height by the header of a file alone, nothing decoded; 0, 0 = unknown."""
    header_only = {"probesize": "32", "analyzeduration": "0", "protocol_whitelist": "file"}
    header_only["format_whitelist"] = _clip_formats()
    try:
        with av.open(
            file_url(path), metadata_errors="replace", container_options=header_only
        ) as container:
            context = container.streams.video[0].codec_context
            return context.width, context.height
    except (av.FFmpegError, OSError, ValueError, IndexError, AttributeError):
        return 0, 0


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
