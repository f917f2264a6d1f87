"""A batch of decoded pictures with their exact times."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

import cv2
import numpy as np

from scenes.arrays import check_shape, frozen_array
from scenes.device_pictures import averaged, is_on_device
from scenes.errors import ArrayShapeError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence
    from fractions import Fraction
    from pathlib import Path
    from types import TracebackType

    from numpy.typing import NDArray
    from typing_extensions import Self


SMALL_BASE_PX = (192, 108)  # width, height of the largest small picture; others are parts of it
BATCH_LIMIT_BYTES = 512 * 1024 * 1024  # five 8K pictures; 64 of 1080p fit with room to spare


def batch_length(size: int, *, width_px: int, height_px: int) -> int:
    """Return how many pictures one batch holds when `size` are asked for.

    Args:
        size: Pictures asked for, at least 1.
        width_px: Width of the pictures.
        height_px: Their height.

    Raises:
        ValueError: `size` is below 1.

    Example:
        >>> batch_length(64, width_px=1920, height_px=1080)
        64
        >>> batch_length(64, width_px=7680, height_px=4320)
        5
    """
    if size < 1:
        raise ValueError(f"batch size must be at least 1, got {size}")
    return max(1, min(size, BATCH_LIMIT_BYTES // max(1, width_px * height_px * 3)))


@dataclass(frozen=True, slots=True)
class VideoInfo:
    """What the container says about a clip, as displayed (after rotation).

    Attributes:
        path: The clip.
        width_px, height_px: Size of the displayed picture.
        rate: Average frames per second, exact. `None` where the container does not say.
        frame_count: Frames the container claims; `None` where it does not say. Not to be trusted.
        codec: Name of the video codec, such as "h264".
        all_damaged: No picture of it is sound. What is shown is what a decoder guesses, so
            changes in it say nothing of the clip.
    """

    path: Path
    width_px: int
    height_px: int
    rate: Fraction | None
    frame_count: int | None
    codec: str
    all_damaged: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class FrameBatch:
    """Pictures of one clip, consecutive or some of them, in order.

    Attributes:
        index: (N,) int64, zero-based decode order.
        time_s: Exact presentation time of each picture, seconds from the first picture.
        rgb: (N, H, W, 3) uint8. RGB everywhere; BGR exists only inside adapters. Where networks run
            on a GPU, a tensor there of the same shape and dtype (`scenes.device_pictures`).
        known_small: What `small` answers, as far as it is known, by row and size.
    """

    index: NDArray[np.int64]
    time_s: tuple[Fraction, ...]
    rgb: NDArray[np.uint8]
    known_small: dict[tuple[int, tuple[int, int]], NDArray[np.uint8]] = field(
        default_factory=dict, repr=False
    )

    def __post_init__(self) -> None:
        count = len(self.time_s)
        object.__setattr__(
            self, "index", frozen_array("index", self.index, shape=(count,), dtype=np.int64)
        )
        shape = (count, None, None, 3)
        if is_on_device(self.rgb):
            check_shape("rgb", tuple(self.rgb.shape), shape)
        else:
            rgb = frozen_array("rgb", self.rgb, shape=shape, dtype=np.uint8)
            object.__setattr__(self, "rgb", rgb)
        if not bool(np.all(np.diff(self.index) > 0)):
            raise ArrayShapeError("index: frames of a batch must rise")

    def __len__(self) -> int:
        return len(self.time_s)

    def small(self, row: int, size_px: tuple[int, int]) -> NDArray[np.uint8]:
        """Return picture `row` averaged down to (width, height), as (height, width, 3).

        Several ask for the same: it is made once. Averages over parts of a pixel are slow, so where
        a size goes evenly into `SMALL_BASE_PX`, it is averaged from a picture of that size.
        """
        key = (row, size_px)
        picture = self.known_small.get(key)
        if picture is None:
            if is_on_device(self.rgb):
                picture = averaged(self.rgb[row : row + 1], size_px)[0].cpu().numpy()
            else:
                from_base = _goes_into_base(size_px) and self.rgb.shape[2] > SMALL_BASE_PX[0]
                whole = self.small(row, SMALL_BASE_PX) if from_base else self.rgb[row]
                picture = cv2.resize(whole, size_px, interpolation=cv2.INTER_AREA)
            self.known_small[key] = picture
        return picture

    def __repr__(self) -> str:
        first = int(self.index[0]) if len(self) else None
        return f"FrameBatch(first={first}, rgb={tuple(self.rgb.shape)})"


def with_small(
    batches: Iterable[FrameBatch], *, small_px: Sequence[tuple[int, int]]
) -> Iterator[FrameBatch]:
    """Yield the batches with small pictures of these sizes at hand.

    For whoever reads ahead: averaging is a twentieth of a check, and needs no one to wait for it.

    Args:
        batches: Their pictures are arrays.
        small_px: Widths and heights that `FrameBatch.small` will be asked for.
    """
    for batch in batches:
        for row in range(len(batch)):
            for size_px in small_px:
                batch.small(row, size_px)
        yield batch


def _goes_into_base(size_px: tuple[int, int]) -> bool:
    return size_px != SMALL_BASE_PX and not any(
        whole % part for whole, part in zip(SMALL_BASE_PX, size_px, strict=True)
    )


class FrameSource(Protocol):
    """Something that yields the pictures of one clip in batches, once, in order.

    A context manager: leaving it releases the decoder, also when the reader stops half-way. Opening
    it has read the first picture, so that a clip without any never becomes a source.
    """

    @property
    def info(self) -> VideoInfo:
        """What is known before the first picture is read."""
        ...

    @property
    def degradations(self) -> tuple[str, ...]:
        """What could not be read as it should; complete once the last batch was read."""
        ...

    @property
    def end_s(self) -> Fraction:
        """Exact time at which the newest picture read ends: its time plus how long it is shown.

        After the last batch this is the duration of the clip; 0 before the first batch.
        """
        ...

    def batches(self, size: int, *, only: Collection[int] | None = None) -> Iterator[FrameBatch]:
        """Yield batches of at most `size` pictures; memory holds one batch, never the clip.

        A batch is shorter at the end of the clip, and where pictures are so large that `size` of
        them would not fit into `BATCH_LIMIT_BYTES`. What is computed must not depend on it.

        Args:
            size: Pictures per batch.
            only: Frames that are wanted; reading ends with the last of them. `None` = all.

        Raises:
            ValueError: `size` is below 1.
            RuntimeError: Called twice; the pictures pass by once.
            FrameDecodeError: Reading broke off in a way that leaves nothing to judge.
        """
        ...

    def __enter__(self) -> Self: ...

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None: ...
