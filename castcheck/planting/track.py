"""One person through a window of a clip."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float32]


@dataclass(eq=False)
class Track:
    """One person through a window.

    Attributes:
        name: "p0", "p1" ...
        start: First frame of the window the person is seen in.
        boxes: (T, 4) float32, smoothed, pixels of the window's pictures, of consecutive frames.
        seen: Frames with a box of the detector's own, bridged ones are not among them.
        raw: Those boxes: what the truth says.
        score: Median score of its boxes.
        head: (4,) of the head in shares of the box, `None` where no network was asked.
        head_seen: How sure the network is that a head is in the box, in [0, 1].
        facing: About 1 = turned to the camera, -1 = away.
    """

    name: str
    start: int
    boxes: Floats
    raw: dict[int, Floats]
    score: float
    head: Floats | None = None
    head_seen: float = 1.0
    facing: float = 0.0

    @property
    def stop(self) -> int:
        """First frame after the last."""
        return self.start + len(self.boxes)

    def at(self, frame: int) -> Floats | None:
        """Return the smoothed box, `None` where the person is not followed."""
        return self.boxes[frame - self.start] if self.start <= frame < self.stop else None
