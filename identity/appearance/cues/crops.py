"""What a cue may look at: the boxes of one batch, cut out, and what the embedder said of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from identity.appearance.embedder import CrossCues
    from scenes.device_pictures import DeviceCrop
    from tracker.detections import Detections

    Picture = NDArray[np.uint8] | DeviceCrop

    # Which rows of the boxes show a cue, (K,), and their (K, D) unit vectors.
    Measured = tuple[NDArray[np.int64], NDArray[np.float32]]


@dataclass(frozen=True, slots=True, eq=False)
class Crops:
    """The boxes of one batch of pictures.

    Attributes:
        found: All boxes, good and bad.
        pictures: Row of a box to its crop (h, w, 3) uint8 RGB, for every box worth looking at.
            Where networks run on a GPU it lies there; `np.asarray` copies it.
        sampled: Those of them that the network looked at.
        width_px, height_px: Of the whole picture.
        body: (S, D) float32, what the network made of the sampled ones; where there is no network,
            of all of `pictures`.
        parts: What an embedder with parts says of the sampled ones; `None` with any other.
        colours: Colour cues that were measured where the pictures lie; those of hair of all sampled
            boxes, in view or not.
    """

    found: Detections
    pictures: Mapping[int, Picture]
    sampled: Sequence[int]
    width_px: int
    height_px: int
    body: NDArray[np.float32]
    parts: CrossCues | None = None
    colours: Mapping[str, Measured] = field(default_factory=dict)

    @property
    def told(self) -> CrossCues:
        """What an embedder with parts says of the sampled boxes.

        Raises:
            ValueError: The embedder tells no parts; the row of the cue should say `parts_only`.
        """
        if self.parts is None:
            raise ValueError("this embedder tells no parts")
        return self.parts
