"""Re-ID networks as ONNX files."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from identity.appearance.embedder import unit_rows
from identity.appearance.prepare import prepare_crops
from identity.appearance.reid_specs import UNKNOWN, ReidSpec
from scenes.errors import WeightsError
from scenes.onnx_session import has_cuda, open_session

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

_BATCH_SIZE = 16  # larger batches do not run faster on a CPU and cost memory
# What a file may fix; outside of it the file is damaged or no re-ID network.
_MAX_BATCH, _MIN_PX, _MAX_PX, _MAX_DIM = 256, 8, 1024, 16_384


class OnnxEmbedder:
    """A re-ID network run by onnxruntime (an `Embedder`).

    Args:
        path: The file. ONNX holds no code, so no trust is needed.
        sha256: Of the file.
        spec: What it wants to see; input height and width come from the file where it fixes them.
        device: "cpu" or "cuda:N".

    Raises:
        WeightsError: The file is no ONNX model, or not one that turns pictures into vectors.
    """

    def __init__(
        self, path: Path, *, sha256: str, spec: ReidSpec = UNKNOWN, device: str = "cpu"
    ) -> None:
        wants_cuda = device.startswith("cuda") and has_cuda()
        self._session = open_session(
            path,
            gpu=int(device.partition(":")[2] or 0) if wants_cuda else None,
            hint="give a re-ID network exported to ONNX",
        )
        self.degradations: tuple[str, ...] = ()
        if device.startswith("cuda") and not wants_cuda:
            note = "the installed onnxruntime has no CUDA, so the embedder ran on the CPU"
            self.degradations = (f"{note}; install onnxruntime-gpu",)
        self._path = path
        self._name = path.name if spec is UNKNOWN else spec.name
        self._sha256 = sha256
        self._spec = spec
        self._read_shapes()

    def _read_shapes(self) -> None:
        inputs, outputs = self._session.get_inputs(), self._session.get_outputs()
        shape: list[Any] = list(inputs[0].shape) if len(inputs) == 1 else []
        # Exports of vision transformers leave the number of channels open.
        if len(shape) != 4 or (isinstance(shape[1], int) and shape[1] != 3) or not outputs:
            wanted = str([i.shape for i in inputs])[:120]
            raise self._no_network(f"wants inputs {wanted}, expected one of (N, 3, H, W)")
        self._input = inputs[0].name
        self._batch_size = shape[0] if isinstance(shape[0], int) else _BATCH_SIZE
        self._height_px = shape[2] if isinstance(shape[2], int) else self._spec.height_px
        self._width_px = shape[3] if isinstance(shape[3], int) else self._spec.width_px
        names = [output.name for output in outputs]
        self._output = self._spec.output or names[0]
        if self._output not in names:
            raise self._no_network(f"has no output {self._output!r}, only {', '.join(names)}")
        sizes = (self._height_px, self._width_px)
        if not (1 <= self._batch_size <= _MAX_BATCH and min(sizes) >= _MIN_PX):
            raise self._no_network(f"wants inputs {shape}, which no picture fills")
        if max(sizes) > _MAX_PX:
            raise self._no_network(f"wants pictures of {sizes[1]}x{sizes[0]} pixels")
        self._dim = self._run(np.zeros((1, 3, *sizes), np.float32)).shape[1]

    def _no_network(self, what: str) -> WeightsError:
        return WeightsError(what, where=self._path, hint="give a re-ID network exported to ONNX")

    @property
    def name(self) -> str:
        """Name of the network where it is known, else of the file."""
        return self._name

    @property
    def sha256(self) -> str | None:
        """Of the file."""
        return self._sha256

    @property
    def dim(self) -> int:
        """Length of its vectors."""
        return int(self._dim)

    def embed(self, crops: Sequence[NDArray[np.uint8]]) -> NDArray[np.float32]:
        """Return (N, D) float32 unit rows; N may be 0."""
        if not crops:
            return np.zeros((0, self._dim), np.float32)
        planes = prepare_crops(
            crops, self._spec, height_px=self._height_px, width_px=self._width_px
        )
        return unit_rows(self._run(planes))

    def _run(self, planes: NDArray[np.float32]) -> NDArray[np.float32]:
        """Run the network over (N, 3, H, W) in batches of the size it takes."""
        parts = []
        for first in range(0, len(planes), self._batch_size):
            part = planes[first : first + self._batch_size]
            count = len(part)
            if (
                count < self._batch_size
                and self._session.get_inputs()[0].shape[0] == self._batch_size
            ):
                part = np.concatenate(
                    [part, np.repeat(part[-1:], self._batch_size - count, axis=0)]
                )
            parts.append(self._once(part)[:count])
        return np.concatenate(parts)

    def _once(self, planes: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return (N, D) of one batch.

        Raises:
            WeightsError: It cannot be run on it, or returns no vector for each picture.
        """
        try:
            out = np.asarray(self._session.run([self._output], {self._input: planes})[0])
            out = out.astype(np.float32, copy=False)
        except Exception as err:
            reason = " ".join(str(err).split())[:120]
            raise self._no_network(f"cannot be run on pictures ({reason})") from err
        if self._spec.first_token and out.ndim == 3:
            out = out[:, 0]  # the vectors of the patches are not of the whole picture
        if out.ndim < 2 or len(out) != len(planes) or not 1 <= out[0].size <= _MAX_DIM:
            raise self._no_network(
                f"returns {out.shape} for {len(planes)} pictures, expected a vector for each"
            )
        return out.reshape(len(planes), -1)
