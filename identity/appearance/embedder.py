"""Networks that turn a picture of a character into a vector in which one person stays near."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, runtime_checkable

import numpy as np

from scenes.arrays import check_network_output
from scenes.errors import WeightsError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from scenes.device_pictures import DeviceCrop


class Embedder(Protocol):
    """Looks as unit vectors. Holds no policy: which crops are worth it is decided elsewhere."""

    @property
    def name(self) -> str:
        """What the report calls it."""
        ...

    @property
    def sha256(self) -> str | None:
        """Of the weights file; `None` where there is none."""
        ...

    @property
    def dim(self) -> int:
        """Length D of its vectors."""
        ...

    def embed(self, crops: Sequence[NDArray[np.uint8]]) -> NDArray[np.float32]:
        """Return (N, D) float32 unit rows for N RGB crops of any size, each (h, w, 3) uint8."""
        ...


class CrossCues(NamedTuple):
    """All cues of N crops, out of one pass.

    Attributes:
        body: (N, D) float32 unit rows.
        parts: (N, 3, P) float32 unit rows of head, upper and lower body.
        visibility: (N, 3) float32 in 0..1, whether head, upper and lower body are in the crop.
        head_box: (N, 4) float32, x1, y1, x2, y2 of the head in shares of the crop; it means
            nothing where the head is not in the crop.
        facing: (N,) float32, about 1 = turned to the camera, 0 = from the side, -1 = from behind.
    """

    body: NDArray[np.float32]
    parts: NDArray[np.float32]
    visibility: NDArray[np.float32]
    head_box: NDArray[np.float32]
    facing: NDArray[np.float32]


@runtime_checkable
class PartsEmbedder(Embedder, Protocol):
    """An embedder that also tells parts and pose: which are seen, where the head is, how turned."""

    @property
    def part_dim(self) -> int:
        """Length P of its vectors of a part."""
        ...

    def read_cues(self, crops: Sequence[NDArray[np.uint8]]) -> CrossCues:
        """Return all cues of N RGB crops of any size, each (h, w, 3) uint8."""
        ...


class DeviceReader(Protocol):
    """The part of an embedder that takes crops where they lie, and leaves there what it says.

    An embedder that torch runs has one as its attribute `there`.
    """

    def rows(self, crops: Sequence[DeviceCrop]) -> Any:
        """Return (N, K) float32, all that the network says of N crops; a tensor on the device."""
        ...

    def head_boxes(self, rows: Any) -> Any:
        """Return (N, 4) x1, y1, x2, y2 of the heads in shares of the crops; `None` = not told."""
        ...

    def read(self, rows: NDArray[np.float32]) -> tuple[NDArray[np.float32], CrossCues | None]:
        """Return (N, D) unit rows of the body, and all cues, out of what has come back."""
        ...


def unit_rows(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the (N, D) rows scaled to length 1; a row of zeros stays zero.

    Example:
        >>> unit_rows(np.array([[3, 4]], np.float32))
        array([[0.6, 0.8]], dtype=float32)
    """
    with np.errstate(invalid="ignore", over="ignore"):  # whoever asked checks what came out
        length = np.linalg.norm(vectors, axis=1, keepdims=True)
        return np.asarray(vectors / np.maximum(length, 1e-12), np.float32)


_PROBE_PX = (64, 32)  # height, width
_SAME_WITHIN = 1e-6


def checked_rows(vectors: NDArray[np.float32], *, network: str) -> NDArray[np.float32]:
    """Return the (N, D) rows that a network made of N crops.

    Raises:
        WeightsError: Some of them are not finite, or nothing but zeros.
    """
    check_network_output(vectors, network=network, what="vectors")
    if not vectors.any(axis=-1).all():
        raise WeightsError(
            "it returns vectors of nothing but zeros", where=network, hint="use other weights"
        )
    return vectors


def check_tells_apart(embedder: Embedder) -> None:
    """Raise where an embedder makes the same of different pictures: it would call all one person.

    Raises:
        WeightsError: It does, or returns no numbers.
    """
    noise = np.random.default_rng(0).integers(0, 256, (*_PROBE_PX, 3), np.uint8)
    crops = [np.zeros_like(noise), noise, np.full_like(noise, (200, 40, 40))]
    rows = checked_rows(embedder.embed(crops), network=embedder.name)
    if float(np.abs(rows - rows[0]).max()) < _SAME_WITHIN:
        raise WeightsError(
            "it returns the same vector for different pictures",
            where=embedder.name,
            hint="use other weights",
        )
