"""The network of this project that reads every cue of a crop in one pass."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from identity.appearance.embedder import CrossCues, unit_rows
from identity.appearance.prepare import BATCH_SIZE, prepare_crops
from identity.appearance.reid_specs import BODY_DIM, PART_DIM
from identity.appearance.reid_there import TorchReader
from scenes.errors import WeightsError
from scenes.onnx_session import open_graph
from tracker.device_pixels import brought_back
from tracker.tensor_file import write_tensors

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from identity.appearance.embedder import DeviceReader
    from identity.appearance.reid_specs import ReidSpec

ARCHITECTURE = "castcheck.cues/2"
_PARTS = 3
# Where the rows of the network are parted: body, parts, visibility, box of the head, facing.
_ENDS = np.cumsum([BODY_DIM, _PARTS * PART_DIM, _PARTS, 4]).tolist()


class CueReader:
    """A `CueNetwork` that embeds (an `Embedder`) and also gives the parts (a `PartsEmbedder`).

    Args:
        run: Maps (N, 3, H, W) float32 crops, as `spec` says, to the (N, 648) float32 rows of
            `CueOutput.in_rows`.
        name: What the report calls it.
        sha256: Of the weights file.
        spec: How a crop is prepared.
        there: Reads crops that lie on a device; `None` = only arrays are read.
    """

    degradations: tuple[str, ...] = ()
    dim = BODY_DIM
    part_dim = PART_DIM

    def __init__(
        self,
        run: Callable[[NDArray[np.float32]], NDArray[np.float32]],
        *,
        name: str,
        sha256: str,
        spec: ReidSpec,
        there: DeviceReader | None = None,
    ) -> None:
        self._run = run
        self.there = there
        self._name, self._sha256, self._spec = name, sha256, spec

    @property
    def name(self) -> str:
        """Name of the network where it is known, else of the file."""
        return self._name

    @property
    def sha256(self) -> str | None:
        """Of the file."""
        return self._sha256

    def embed(self, crops: Sequence[NDArray[np.uint8]]) -> NDArray[np.float32]:
        """Return (N, D) float32 unit rows of the whole body; N may be 0."""
        return self.read_cues(crops).body

    def read_cues(self, crops: Sequence[NDArray[np.uint8]]) -> CrossCues:
        """Return all cues of N crops of any size; N may be 0."""
        spec, size = self._spec, (self._spec.height_px, self._spec.width_px)
        batches = [crops[first : first + BATCH_SIZE] for first in range(0, len(crops), BATCH_SIZE)]
        rows = np.zeros((0, _ENDS[-1] + 1), np.float32)
        if batches:
            rows = np.concatenate(
                [
                    self._run(prepare_crops(batch, spec, height_px=size[0], width_px=size[1]))
                    for batch in batches
                ]
            )
        return cues_in(rows)


def cues_in(rows: NDArray[np.float32]) -> CrossCues:
    """Return the cues that the network's rows (N, 648) hold."""
    body, looks, visibility, head_box, facing = np.split(rows, _ENDS, axis=1)
    parts = unit_rows(looks.reshape(-1, PART_DIM)).reshape(len(rows), _PARTS, PART_DIM)
    return CrossCues(unit_rows(body), parts, visibility, head_box, facing[:, 0])


class CuesThere(TorchReader):
    """Reads all cues of crops that lie on a device (a `DeviceReader`)."""

    def head_boxes(self, rows: Any) -> Any:
        """Return (N, 4) x1, y1, x2, y2 of the heads in shares of the crops."""
        return rows[:, _ENDS[2] : _ENDS[3]]

    def read(self, rows: NDArray[np.float32]) -> tuple[NDArray[np.float32], CrossCues | None]:
        """Return (N, D) unit rows of the body, and all cues."""
        cues = cues_in(rows)
        return cues.body, cues


def open_cue_graph(weights: Path, *, sha256: str, spec: ReidSpec, name: str) -> CueReader | None:
    """Return our own network as run by ONNX Runtime; `None` = no graph lies beside the weights.

    Raises:
        WeightsError: The graph is damaged.
    """
    session = open_graph(weights, sha256)
    if session is None:
        return None

    def run(planes: NDArray[np.float32]) -> NDArray[np.float32]:
        return np.asarray(session.run(None, {"crops": planes})[0], np.float32)

    return CueReader(run, name=name, sha256=sha256, spec=spec)


def build_cue_reader(
    path: Path,
    state: dict[str, Any],
    *,
    sha256: str,
    spec: ReidSpec,
    name: str,
    device: str,
    half: bool = False,
) -> CueReader:
    """Fill the network with the tensors of a file, of which each must be there and fit.

    Raises:
        WeightsError: Tensors are missing, left over, of another shape, or no numbers.
    """
    import torch

    from identity.appearance.cue_network import CueNetwork, fuse

    network = CueNetwork()
    try:
        network.load_state_dict(state, strict=True)
    except RuntimeError as err:
        raise WeightsError(f"its tensors do not fit {ARCHITECTURE}", where=path) from err
    if not all(torch.isfinite(rows).all() for rows in network.state_dict().values()):
        raise WeightsError("holds values that are not numbers", where=path)
    ready: Any = fuse(network.eval().requires_grad_(requires_grad=False))
    dtype, layout = torch.float16 if half else torch.float32, torch.channels_last
    ready = ready.to(device=device, dtype=dtype, memory_format=layout)

    def forward(planes: Any) -> Any:
        return ready(planes.to(device, dtype, memory_format=layout)).in_rows().float()

    def run(planes: NDArray[np.float32]) -> NDArray[np.float32]:
        with torch.inference_mode():
            return brought_back([forward(torch.from_numpy(planes))])[0]

    there = CuesThere(forward, dim=_ENDS[-1] + 1, spec=spec, device=device)
    return CueReader(run, name=name, sha256=sha256, spec=spec, there=there)


def save_cue_network(network: Any, path: Path, metadata: dict[str, str]) -> None:
    """Write a `CueNetwork` as safetensors; whole or not at all.

    Raises:
        WeightsError: It holds numbers that half precision cannot.

    Example:
        >>> save_cue_network(network, Path("reid.safetensors"), {"seed": "0"})
        ... # doctest: +SKIP
    """
    write_tensors(network.state_dict(), path, {**metadata, "architecture": ARCHITECTURE})
