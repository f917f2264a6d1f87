"""A batch of decoded pictures with their exact times."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np

from scenes.arrays import frozen_array
from scenes.errors import ArrayShapeError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from fractions import Fraction
    from pathlib import Path
    from types import TracebackType

    from numpy.typing import NDArray
    from typing_extensions import Self


@dataclass(frozen=True, slots=True)
class VideoInfo:
    """What the container says about a clip, as displayed (after rotation).

    Attributes:
        path: The clip.
        width_px, height_px: Size of the displayed picture.
        rate: Average frames per second, exact. `None` where the container does not say.
        frame_count: Frames the container claims; `None` where it does not say. Not to be trusted.
        codec: Name of the video codec, such as "h264".
    """

    path: Path
    width_px: int
    height_px: int
    rate: Fraction | None
    frame_count: int | None
    codec: str


@dataclass(frozen=True, slots=True, eq=False)
class FrameBatch:
    """Consecutive pictures of one clip.

    Attributes:
        index: (N,) int64, zero-based decode order.
        time_s: Exact presentation time of each picture, seconds from the first picture.
        rgb: (N, H, W, 3) uint8. RGB everywhere; BGR exists only inside adapters.
    """

    index: NDArray[np.int64]
    time_s: tuple[Fraction, ...]
    rgb: NDArray[np.uint8]

    def __post_init__(self) -> None:
        count = len(self.time_s)
        object.__setattr__(
            self, "index", frozen_array("index", self.index, shape=(count,), dtype=np.int64)
        )
        object.__setattr__(
            self, "rgb", frozen_array("rgb", self.rgb, shape=(count, None, None, 3), dtype=np.uint8)
        )
        if count > 1 and not bool(np.all(np.diff(self.index) == 1)):
            raise ArrayShapeError("index: frames of a batch must be consecutive")

    def __len__(self) -> int:
        return len(self.time_s)

    def __repr__(self) -> str:
        first = int(self.index[0]) if len(self) else None
        return f"FrameBatch(first={first}, rgb={self.rgb.shape})"


class FrameSource(Protocol):
    """Something that yields the pictures of one clip in batches, once, in order.

    A context manager: leaving it releases the decoder, also when the reader stops half-way.
    """

    @property
    def info(self) -> VideoInfo:
        """What is known before the first picture is read."""
        ...

    @property
    def degradations(self) -> tuple[str, ...]:
        """What could not be read as it should; complete once the last batch was read."""
        ...

    def batches(self, size: int) -> Iterator[FrameBatch]:
        """Yield batches of `size` pictures (the last may be shorter). Memory holds one batch."""
        ...

    def __enter__(self) -> Self: ...

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None: ...
