"""Decoders that say of damage instead of drawing over it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import av

from scenes.threads import decoder_thread_count

if TYPE_CHECKING:
    from collections.abc import Iterator

# FFmpeg's own decoders of these take any bits for a picture, and leave out the transparency that
# lies beside it; the reference decoder does neither. What is whole looks the same in both.
_STRICTER = {"vp8": "libvpx", "vp9": "libvpx-vp9"}
# Errors are raised, not concealed: a picture that was made up must not be judged.
_ERRORS = {"err_detect": "crccheck+bitstream+buffer+explode"}
_GUESSES = {"err_detect": "ignore_err"}  # whatever the bits may mean


class StrictDecoder:
    """Makes pictures of the packets of one stream.

    Args:
        stream: Of PyAV.
        threads: 0 = as `scenes.threads` decides.
        max_pixels: Larger pictures are refused, before memory is taken for them.
        on_device: A device decodes, so the decoder is the one the container was opened with.
        guesses: Draw over damage after all, where nothing else is left to look at.
    """

    def __init__(
        self, stream: Any, *, threads: int, max_pixels: int, on_device: bool, guesses: bool = False
    ) -> None:
        own = stream.codec_context
        self._context = None if on_device or guesses else _stricter(own)
        context = self._context or own
        errors = _GUESSES if guesses else _ERRORS
        context.options = {**errors, "max_pixels": str(max_pixels)}
        context.thread_type = "AUTO"
        context.thread_count = threads or decoder_thread_count()

    def decode(self, packet: Any) -> list[Any]:
        """Return the frames that come out when `packet` goes in; an empty packet ends it.

        Raises:
            av.FFmpegError: It is damaged.
        """
        if self._context is None:
            return list(packet.decode())
        return list(self._context.decode(packet if packet.size else None))

    def flushed(self, stream: Any) -> Iterator[Any]:
        """Yield what is still held after the file broke off; `None` stands for a damaged frame."""
        try:
            yield from stream.decode(None) if self._context is None else self._context.decode(None)
        except av.FFmpegError:
            yield None


def _stricter(own: Any) -> Any:
    """Return a stricter decoder than a stream's own; `None` = there is none."""
    name = _STRICTER.get(own.codec.canonical_name if own.codec else "")
    if name is None or name not in av.codecs_available:
        return None
    context = av.CodecContext.create(name, "r")
    if own.extradata:
        context.extradata = own.extradata
    return context
