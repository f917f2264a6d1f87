"""Crops of a clip, cut out in one more reading of it.

Only the frames that are requested are kept, so memory does not grow with the clip.
"""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING

from castcheck.support.images import jpeg_of, shrunk
from scenes.prefetch import read_ahead
from scenes.source import open_source

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from castcheck.support.progress import Progress
    from scenes.frames import FrameBatch

COMPARISON_PX = 240  # height at most, of a crop of a person
SHOT_PX = 240  # of a whole picture


@dataclass(frozen=True, slots=True)
class CropRequest:
    """One crop to cut out; `tracklet_id` -1 = the whole picture."""

    frame: int
    tracklet_id: int
    box: tuple[float, float, float, float]

    @classmethod
    def of(cls, frame: int, box: NDArray[np.float32], tracklet_id: int) -> CropRequest:
        """Return the request for the pixels of `box` at `frame`."""
        return cls(frame, tracklet_id, tuple(float(v) for v in box))  # type: ignore[arg-type]


class CropCollector:
    """Collects requests, reads the clip once more, and hands out crops."""

    def __init__(self, clip: Path) -> None:
        self._clip = clip
        self._requests: set[CropRequest] = set()
        self._crops: dict[CropRequest, NDArray[np.uint8]] = {}
        self._shots: dict[CropRequest, bytes] = {}  # as JPEG at once: long clips have many shots

    def request(self, request: CropRequest) -> None:
        """Ask for a crop, to be read with the others."""
        self._requests.add(request)

    def crop(self, request: CropRequest) -> NDArray[np.uint8] | None:
        """Return the (h, w, 3) RGB pixels; `None` where the frame could not be read again."""
        return self._crops.get(request)

    def shot(self, request: CropRequest) -> bytes | None:
        """Return a whole picture as JPEG; `None` where the frame could not be read again."""
        return self._shots.get(request)

    def forget(self, requests: Iterable[CropRequest]) -> None:
        """Drop crops that nobody will ask for again: those of a long clip fill gigabytes."""
        for request in requests:
            self._crops.pop(request, None)

    def read(self, progress: Progress, *, after: Callable[[int], None] = lambda _: None) -> None:
        """Read the clip up to the last frame that was requested.

        Args:
            progress: Is shown how far it is.
            after: Called now and then with the newest frame that was read.
        """
        by_frame: dict[int, list[CropRequest]] = {}
        for request in self._requests - self._crops.keys() - self._shots.keys():
            by_frame.setdefault(request.frame, []).append(request)
        if not by_frame:
            return
        last = max(by_frame)
        progress("pictures", 0, last + 1)
        with (
            open_source(self._clip) as source,
            closing(read_ahead(_cuts(source.batches(8, only=by_frame.keys()), by_frame))) as ahead,
        ):
            for newest, crops in ahead:
                for request, crop in crops:
                    if request.tracklet_id < 0:
                        self._shots[request] = jpeg_of(crop)
                    else:
                        self._crops[request] = crop
                after(newest)
                progress("pictures", newest + 1, last + 1)


def _cuts(
    batches: Iterable[FrameBatch], by_frame: Mapping[int, Sequence[CropRequest]]
) -> Iterator[tuple[int, list[tuple[CropRequest, NDArray[np.uint8]]]]]:
    """Yield the newest frame of each batch, and what is cut from its pictures."""
    for batch in batches:
        frames = batch.index.tolist()
        yield (
            frames[-1],
            [
                (request, _cut(picture, request))
                for frame, picture in zip(frames, batch.rgb, strict=True)
                for request in by_frame[frame]
            ],
        )


def _cut(picture: NDArray[np.uint8], request: CropRequest) -> NDArray[np.uint8]:
    """Return a copy of the pixels, no larger than the page can use."""
    height, width = picture.shape[:2]
    limit = SHOT_PX if request.tracklet_id < 0 else COMPARISON_PX
    x1, y1, x2, y2 = (round(v) for v in request.box)
    x1, y1 = min(max(x1, 0), width - 1), min(max(y1, 0), height - 1)
    crop = picture[y1 : max(min(y2, height), y1 + 1), x1 : max(min(x2, width), x1 + 1)]
    return shrunk(crop, max_height_px=limit).copy()
