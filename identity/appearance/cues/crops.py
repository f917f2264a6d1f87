"""What a cue may look at: the boxes of one batch, cut out, and what the embedder said of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import NDArray

    from identity.appearance.cues.table import Need
    from identity.appearance.embedder import CrossCues
    from identity.appearance.faces.face_reader import Faces
    from scenes.device_pictures import DeviceCrop
    from tracker.detections import Detections

    Picture = NDArray[np.uint8] | DeviceCrop

    # Which rows of the boxes show a cue, (K,), and their (K, D) unit vectors.
    Measured = tuple[NDArray[np.int64], NDArray[np.float32]]
    # From sizes of crops and boxes of heads to top, left, bottom and right, as `hair.hair_edges`.
    EdgesOf = Callable[[Any, Any], tuple[Any, Any, Any, Any]]
    ReadFaces = Callable[[NDArray[np.int64], NDArray[np.int64]], Faces]


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
        colours: Colour cues that were measured where the pictures lie; those of hair and chest of
            all sampled boxes, in view or not.
        read_faces: Reads the faces of some sampled boxes, (K,) numbered by their place in
            `sampled`, in (K, 3) squares around their heads, see `faces.squares`; `None` = nobody
            reads faces.
        seconded: Rows of the boxes that a second detector was asked about, good and bad, and (K, 1)
            how sure it is of each; `None` = there is none.
    """

    found: Detections
    pictures: Mapping[int, Picture]
    sampled: Sequence[int]
    width_px: int
    height_px: int
    body: NDArray[np.float32]
    parts: CrossCues | None = None
    colours: Mapping[str, Measured] = field(default_factory=dict)
    read_faces: ReadFaces | None = None
    seconded: Measured | None = None

    @property
    def told(self) -> CrossCues:
        """What an embedder with parts says of the sampled boxes.

        Raises:
            ValueError: The embedder tells no parts; the row of the cue should say that it
                needs them.
        """
        if self.parts is None:
            raise ValueError("this embedder tells no parts")
        return self.parts

    def faces(self, chosen: NDArray[np.int64], squares: NDArray[np.int64]) -> Faces:
        """Return what is read of some sampled boxes, see `read_faces`.

        Raises:
            ValueError: Nobody reads faces; the row of the cue should say that it needs it.
        """
        if self.read_faces is None:
            raise ValueError("no faces are read")
        return self.read_faces(chosen, squares)

    def second_opinion(self) -> Measured:
        """Return what a second detector says of some boxes, see `seconded`.

        Raises:
            ValueError: There is none; the row of the cue should say that it needs it.
        """
        if self.seconded is None:
            raise ValueError("no second detector is asked")
        return self.seconded

    def show(self, needs: Need) -> bool:
        """Tell whether what a cue needs is there."""
        told = self.parts is not None
        faces, second = told and self.read_faces is not None, self.seconded is not None
        return {"box": True, "parts": told, "faces": faces, "second": second}[needs]


def crop_edges(xyxy: NDArray[np.float32], *, width_px: int, height_px: int) -> NDArray[np.int64]:
    """Return (N, 4) top, left, bottom, right of the crops of N boxes, whole pixels, none empty.

    Example:
        >>> crop_edges(np.array([[3.4, 2, 3.2, 9]], np.float32), width_px=20, height_px=8).tolist()
        [[2, 3, 8, 4]]
    """
    first, last = np.split(np.round(xyxy).astype(np.int64)[:, [1, 0, 3, 2]], 2, axis=1)
    size = np.array([height_px, width_px])
    # A box thinner than a pixel still has a colour.
    first = first.clip(0, size - 1)
    return np.concatenate([first, last.clip(first + 1, size)], axis=1)


def parts_by_head(
    crops: Sequence[Picture], head_boxes: NDArray[np.float32], edges_of: EdgesOf
) -> list[Picture]:
    """Return what a head tells the place of in each crop (h, w, 3), at least a pixel of it.

    Args:
        crops: Of whole boxes.
        head_boxes: (K, 4) x1, y1, x2, y2 in shares of the crops.
        edges_of: Says where, as `hair.hair_edges` does.
    """
    size_px = np.array([crop.shape[:2] for crop in crops], np.float64).reshape(-1, 2)
    edges = np.stack(edges_of(size_px, head_boxes.astype(np.float64)), axis=1)
    return [
        crop[top:bottom, left:right]
        for crop, (top, left, bottom, right) in zip(crops, edges.astype(int).tolist(), strict=True)
    ]
