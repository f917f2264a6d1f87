"""The networks of this project for faces: by ONNX Runtime on arrays, by torch on a device."""

from __future__ import annotations

from typing import TYPE_CHECKING

from identity.appearance.faces import reader
from identity.appearance.faces.faces_there import open_there
from identity.appearance.faces.sizes import LOOK_DIM

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from identity.appearance.faces.face_reader import DeviceFaceReader, Faces

NAME = "castcheck-face"


class BundledFaces:
    """Both networks as a `FaceReader`.

    Args:
        weights: The file that holds both; their graphs lie beside it.
        device: Where pictures may lie, "cpu" or "cuda:N". Arrays are always read on the CPU.
        half: fp16 on a device.

    Raises:
        WeightsError: A file is missing or damaged, or the graphs are of other weights.
    """

    name = NAME
    dim = LOOK_DIM

    def __init__(self, weights: Path, *, device: str = "cpu", half: bool = False) -> None:
        self._reader = reader.FaceReader(weights)
        self.there: DeviceFaceReader | None = None
        if device != "cpu":
            self.there = open_there(weights, device=device, half=half)

    @property
    def sha256(self) -> str:
        """Of the file."""
        return self._reader.sha256

    def read(self, heads: Sequence[NDArray[np.uint8]]) -> Faces:
        """Return the faces of N heads; see `FaceReader`."""
        return self._reader.read(heads)
