"""Single frames of clips as JPEGs, for the page: counted exactly as castcheck counts them."""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import TYPE_CHECKING

from castcheck.support.images import shrunk_jpeg
from scenes.errors import FrameDecodeError
from scenes.source import open_source

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

    from scenes.frames import FrameSource

MAX_HEIGHT_PX = 720
SHELF_BYTES = 256 * 1024 * 1024
_BATCH_FRAMES = 8


class FrameShelf:
    """Decodes clips in order and keeps what it decoded; safe to ask from several threads.

    Seeking in a file is not exact for every codec, so a frame is counted from the start. What was
    decoded on the way is kept, up to `max_bytes`, the oldest going first.
    """

    def __init__(self, *, max_bytes: int = SHELF_BYTES) -> None:
        self._max_bytes = max_bytes
        self._bytes = 0
        self._kept: OrderedDict[tuple[Path, int], bytes] = OrderedDict()
        self._reader: _Reader | None = None
        self._shelf = threading.Lock()  # held for a moment
        self._work = threading.Lock()  # held while decoding

    def jpeg(self, clip: Path, frame: int) -> bytes:
        """Return a frame as JPEG, at most `MAX_HEIGHT_PX` high.

        Raises:
            CastcheckError: The clip cannot be read, or has no such frame.
        """
        found = self._look_up(clip, frame)
        if found is not None:
            return found
        with self._work:
            found = self._look_up(clip, frame)  # somebody may have decoded it meanwhile
            return found if found is not None else self._decode_up_to(clip, frame)

    def close(self) -> None:
        """Close the clip that is open."""
        with self._work:
            self._close_reader()

    def _look_up(self, clip: Path, frame: int) -> bytes | None:
        with self._shelf:
            return self._kept.get((clip, frame))

    def _decode_up_to(self, clip: Path, frame: int) -> bytes:
        reader = self._reader
        if reader is None or reader.clip != clip or reader.next_frame > frame:
            self._close_reader()
            reader = self._reader = _Reader(clip)
        for index, jpeg in reader.pictures:
            reader.next_frame = index + 1
            self._keep(clip, index, jpeg)
            if index == frame:
                return jpeg
        self._close_reader()
        raise FrameDecodeError(f"there is no frame {frame}", where=clip)

    def _close_reader(self) -> None:
        if self._reader is not None:
            self._reader.close()
            self._reader = None

    def _keep(self, clip: Path, frame: int, jpeg: bytes) -> None:
        with self._shelf:
            self._bytes += len(jpeg) - len(self._kept.pop((clip, frame), b""))
            self._kept[clip, frame] = jpeg
            while self._bytes > self._max_bytes and len(self._kept) > 1:
                _, old = self._kept.popitem(last=False)
                self._bytes -= len(old)


class _Reader:
    """One pass over one clip, taken up again where it was left."""

    def __init__(self, clip: Path) -> None:
        self.clip = clip
        self.next_frame = 0
        self._context = open_source(clip)
        self.pictures = self._decoded(self._context.__enter__())

    def close(self) -> None:
        self.pictures.close()
        self._context.__exit__(None, None, None)

    @staticmethod
    def _decoded(source: FrameSource) -> Generator[tuple[int, bytes], None, None]:
        for batch in source.batches(_BATCH_FRAMES):
            for index, rgb in zip(batch.index.tolist(), batch.rgb, strict=True):
                yield int(index), shrunk_jpeg(rgb, max_height_px=MAX_HEIGHT_PX)[0]
