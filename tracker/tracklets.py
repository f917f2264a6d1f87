"""A tracklet is one continuous box through one shot: it follows motion and never crosses a cut."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from scenes.arrays import frozen_array
from scenes.errors import ArrayShapeError

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, eq=False)
class Tracklet:
    """One character's boxes through one shot.

    Attributes:
        tracklet_id: Unique in the clip, from 0.
        shot_index: The shot it lies in.
        frame: (T,) int64, strictly increasing; frames where it was hidden are absent.
        xyxy: (T, 4) float32, pixels.
        score: (T,) float32 in [0, 1].
        class_id: The detector's class that most of its boxes have.
    """

    tracklet_id: int
    shot_index: int
    frame: NDArray[np.int64]
    xyxy: NDArray[np.float32]
    score: NDArray[np.float32]
    class_id: int = 0

    def __post_init__(self) -> None:
        count = len(self.frame)
        for name, shape, dtype in (
            ("frame", (count,), np.int64),
            ("xyxy", (count, 4), np.float32),
            ("score", (count,), np.float32),
        ):
            object.__setattr__(
                self, name, frozen_array(name, getattr(self, name), shape=shape, dtype=dtype)
            )
        if count == 0:
            raise ArrayShapeError("frame: a tracklet has at least one box")
        if not bool(np.all(np.diff(self.frame) > 0)):
            raise ArrayShapeError("frame: must be strictly increasing")

    def __len__(self) -> int:
        return len(self.frame)

    @property
    def start_frame(self) -> int:
        """First frame it is seen in."""
        return int(self.frame[0])

    @property
    def stop_frame(self) -> int:
        """First frame after the last it is seen in."""
        return int(self.frame[-1]) + 1
