"""The network of this project that reads every cue of a crop in one pass."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from identity.appearance.embedder import CrossCues, unit_rows
from identity.appearance.prepare import prepare_crops
from scenes.errors import WeightsError
from tracker.device_pixels import brought_back
from tracker.tensor_file import write_tensors

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from identity.appearance.reid_specs import ReidSpec

ARCHITECTURE = "castcheck.cues/2"
_BATCH_SIZE = 32


class CueReader:
    """A `CueNetwork` that embeds (an `Embedder`) and also gives the parts (a `PartsEmbedder`).

    Args:
        network: A filled `CueNetwork`; it is changed in place.
        name: What the report calls it.
        sha256: Of the weights file.
        spec: How a crop is prepared.
        device: "cpu" or "cuda:N".
        half: fp16, for a GPU.
    """

    def __init__(
        self,
        network: Any,
        *,
        name: str,
        sha256: str,
        spec: ReidSpec,
        device: str = "cpu",
        half: bool = False,
    ) -> None:
        import torch

        from identity.appearance.cue_network import BODY_DIM, PART_DIM, fuse

        self._torch, self._device = torch, device
        network = fuse(network.eval().requires_grad_(requires_grad=False))
        self._dtype = torch.float16 if half else torch.float32
        self._network = network.to(
            device=device, dtype=self._dtype, memory_format=torch.channels_last
        )
        self._name, self._sha256, self._spec = name, sha256, spec
        self._dim, self._part_dim = BODY_DIM, PART_DIM
        self.degradations: tuple[str, ...] = ()

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
        """Length of its vectors of the whole body."""
        return self._dim

    @property
    def part_dim(self) -> int:
        """Length of its vectors of a part."""
        return self._part_dim

    def embed(self, crops: Sequence[NDArray[np.uint8]]) -> NDArray[np.float32]:
        """Return (N, D) float32 unit rows of the whole body; N may be 0."""
        return self.read_cues(crops).body

    def read_cues(self, crops: Sequence[NDArray[np.uint8]]) -> CrossCues:
        """Return all cues of N crops of any size; N may be 0."""
        count, spec = len(crops), self._spec
        body = np.zeros((count, self._dim), np.float32)
        parts = np.zeros((count, 3, self._part_dim), np.float32)
        visibility = np.zeros((count, 3), np.float32)
        head_box = np.zeros((count, 4), np.float32)
        facing = np.zeros(count, np.float32)
        for first in range(0, count, _BATCH_SIZE):
            rows = slice(first, min(first + _BATCH_SIZE, count))
            planes = prepare_crops(
                crops[rows], spec, height_px=spec.height_px, width_px=spec.width_px
            )
            with self._torch.inference_mode():
                tensor = self._torch.from_numpy(planes).to(
                    self._device, self._dtype, memory_format=self._torch.channels_last
                )
                out = self._network(tensor)
                # In one copy: from a GPU each waits for all that was asked of it before.
                wide = (out.body, out.head, out.upper, out.lower, out.visibility, out.head_box)
                (flat,) = brought_back([self._torch.cat([*wide, out.facing[:, None]], dim=1)])
            ends = np.cumsum([body.shape[1], parts[0].size, visibility.shape[1], 4])
            body[rows], looks, visibility[rows], head_box[rows], turned = np.split(
                flat, ends, axis=1
            )
            parts[rows] = looks.reshape(-1, *parts.shape[1:])
            facing[rows] = turned[:, 0]
        flat = unit_rows(parts.reshape(-1, self._part_dim)).reshape(parts.shape)
        return CrossCues(unit_rows(body), flat, visibility, head_box, facing)


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

    from identity.appearance.cue_network import CueNetwork

    network = CueNetwork()
    try:
        network.load_state_dict(state, strict=True)
    except RuntimeError as err:
        raise WeightsError(f"its tensors do not fit {ARCHITECTURE}", where=path) from err
    if not all(torch.isfinite(rows).all() for rows in network.state_dict().values()):
        raise WeightsError("holds values that are not numbers", where=path)
    return CueReader(network, name=name, sha256=sha256, spec=spec, device=device, half=half)


def save_cue_network(network: Any, path: Path, metadata: dict[str, str]) -> None:
    """Write a `CueNetwork` as safetensors; whole or not at all.

    Raises:
        WeightsError: It holds numbers that half precision cannot.

    Example:
        >>> save_cue_network(network, Path("reid.safetensors"), {"seed": "0"})
        ... # doctest: +SKIP
    """
    write_tensors(network.state_dict(), path, {**metadata, "architecture": ARCHITECTURE})
