"""What a detector saw, as columns that cannot drift apart."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np

from scenes.arrays import frozen_array

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from scenes.frames import FrameBatch


@dataclass(frozen=True, slots=True, eq=False)
class Detections:
    """Boxes of one or more frames, sorted by frame.

    Attributes:
        frame: (N,) int64, the frame each box was seen in.
        xyxy: (N, 4) float32, pixels of the displayed picture, clipped to it.
        score: (N,) float32 in [0, 1].
        class_id: (N,) int32, the detector's own numbering.
    """

    frame: NDArray[np.int64]
    xyxy: NDArray[np.float32]
    score: NDArray[np.float32]
    class_id: NDArray[np.int32]

    def __post_init__(self) -> None:
        count = len(self.score)
        for name, shape, dtype in (
            ("frame", (count,), np.int64),
            ("xyxy", (count, 4), np.float32),
            ("score", (count,), np.float32),
            ("class_id", (count,), np.int32),
        ):
            object.__setattr__(
                self, name, frozen_array(name, getattr(self, name), shape=shape, dtype=dtype)
            )

    def __len__(self) -> int:
        return len(self.score)

    @classmethod
    def empty(cls) -> Detections:
        """Return no boxes, with every column in its right shape and dtype."""
        return cls(
            np.zeros(0, np.int64),
            np.zeros((0, 4), np.float32),
            np.zeros(0, np.float32),
            np.zeros(0, np.int32),
        )

    @classmethod
    def concat(cls, parts: Sequence[Detections]) -> Detections:
        """Join `parts` in the given order.

        Example:
            >>> len(Detections.concat([Detections.empty(), Detections.empty()]))
            0
        """
        if not parts:
            return cls.empty()
        return cls(
            np.concatenate([p.frame for p in parts]),
            np.concatenate([p.xyxy for p in parts]),
            np.concatenate([p.score for p in parts]),
            np.concatenate([p.class_id for p in parts]),
        )

    def take(self, rows: NDArray[np.bool_] | NDArray[np.int64]) -> Detections:
        """Return the chosen rows of every column; the only way rows are ever selected."""
        return Detections(self.frame[rows], self.xyxy[rows], self.score[rows], self.class_id[rows])


class Detector(Protocol):
    """Finds characters in pictures. Holds no policy: thresholds come from the configuration."""

    @property
    def name(self) -> str:
        """What the report calls it."""
        ...

    @property
    def sha256(self) -> str | None:
        """Of the weights file; `None` where there is no single file."""
        ...

    @property
    def passing_classes(self) -> frozenset[int]:
        """Ids of classes that count as characters only where they are large and stay."""
        ...

    @property
    def heads_from(self) -> dict[str, str | None] | None:
        """Name and sha256 of what finds the heads, where another network does; for the report."""
        ...

    def detect(self, batch: FrameBatch) -> Detections:
        """Return the boxes of all frames of `batch`, sorted by frame."""
        ...
