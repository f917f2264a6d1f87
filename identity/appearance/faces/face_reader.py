"""Networks that find the face of a head and turn it into a vector in which one face stays near."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from scenes.arrays import check_network_output

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray


class Faces(NamedTuple):
    """What was read of N heads.

    Attributes:
        known: (N,) bool, whether there is a face to compare.
        vectors: (N, D) float32 unit rows; they mean nothing where there is none.
        turn: (N, 2) float32, how it is turned, see `align.turn_of`; 0 where there is none.
    """

    known: NDArray[np.bool_]
    vectors: NDArray[np.float32]
    turn: NDArray[np.float32]

    def take(self, rows: NDArray[np.int64]) -> Faces:
        """Return what was read of the chosen heads."""
        return Faces(self.known[rows], self.vectors[rows], self.turn[rows])


class FaceReader(Protocol):
    """Faces as unit vectors. Holds no policy: which heads are worth it is decided elsewhere."""

    @property
    def name(self) -> str:
        """What the report calls it."""
        ...

    @property
    def sha256(self) -> str:
        """Of the weights file that the vectors come from."""
        ...

    @property
    def dim(self) -> int:
        """Length D of its vectors."""
        ...

    def read(self, heads: Sequence[NDArray[np.uint8]]) -> Faces:
        """Return the faces of N heads, each an RGB square (s, s, 3) uint8 of any size around one.

        The head's box fills the middle, 1 / `HEAD_SCALE` of the square. Of several faces the one
        nearest to the middle counts, and one whose centre lies outside the head's box never does.
        """
        ...


class DeviceFaceReader(Protocol):
    """The part of a face reader that takes heads where they lie, and leaves there what it says.

    A reader that torch runs has one as its attribute `there`.
    """

    def rows(self, pictures: Any, places: Sequence[int], squares: Any) -> Any:
        """Return (N, K) float32, all that is said of N heads; a tensor on the device.

        Args:
            pictures: (P, H, W, 3) uint8 RGB, a tensor.
            places: (N,) which of them each head is in.
            squares: (N, 3) int64, a tensor: left, top and side of the squares around them.
        """
        ...

    def read(self, rows: NDArray[np.float32]) -> Faces:
        """Return the faces, out of what has come back."""
        ...


def checked_faces(faces: Faces, *, network: str) -> Faces:
    """Return what a network made of heads.

    Raises:
        WeightsError: Some of it is not finite.
    """
    for values in (faces.vectors[faces.known], faces.turn):
        check_network_output(values, network=network, what="faces")
    return faces
