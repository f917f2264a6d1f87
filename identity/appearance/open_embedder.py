"""From what the user wrote behind `--embedder` to something that embeds."""

from __future__ import annotations

from typing import TYPE_CHECKING

from identity.appearance.embedder import check_tells_apart
from identity.appearance.reid_cues import open_cue_graph
from identity.appearance.reid_onnx import OnnxEmbedder
from identity.appearance.reid_specs import KNOWN_REID, KNOWN_SPECS, MOBILENET, UNKNOWN
from identity.appearance.reid_torch import (
    TorchEmbedder,
    open_mobilenet,
    open_safetensors,
    open_torchscript,
)
from scenes.errors import WeightsError
from tracker.known_weights import check_trust, resolve_weights, weights_sha256

if TYPE_CHECKING:
    from pathlib import Path

    from identity.appearance.reid_cues import CueReader

COLOUR = "colour"
_SUFFIXES = (".onnx", ".safetensors", ".torchscript")
_TORCHSCRIPT = (".torchscript", ".pt", ".pth", ".ts")


def open_embedder(
    spec: str | Path, *, device: str = "cpu", half: bool = False, trusted: bool = False
) -> OnnxEmbedder | TorchEmbedder | CueReader | None:
    """Return the network that `spec` names; `None` for "colour", which needs none.

    Args:
        spec: "colour", "bundled", a known name, the path of an ONNX, TorchScript or safetensors
            file, or the name of such a file in the models folder. Never fetched from anywhere.
        device: "cpu" or "cuda:N".
        half: fp16 on a GPU, where torch runs the network; ONNX runs as it was exported.
        trusted: Whether TorchScript of unknown bytes may be opened although it can run code.

    Raises:
        WeightsError: Missing, damaged, not trusted, or not a network that embeds.
    """
    if str(spec) == COLOUR:
        return None
    half = half and device.startswith("cuda")
    embedder = _opened(spec, device=device, half=half, trusted=trusted)
    check_tells_apart(embedder)
    return embedder


def _opened(
    spec: str | Path, *, device: str, half: bool, trusted: bool
) -> OnnxEmbedder | TorchEmbedder | CueReader:
    path = resolve_weights(spec, suffixes=_SUFFIXES, known=KNOWN_REID)
    if path.is_dir():
        raise WeightsError("is a folder, not a weights file", where=path)
    sha256 = weights_sha256(path)
    if sha256 == MOBILENET.sha256:
        return open_mobilenet(path, sha256=sha256, device=device, half=half)
    known = KNOWN_SPECS.get(sha256, UNKNOWN)
    suffix = path.suffix.lower()
    if suffix == ".onnx":
        return OnnxEmbedder(path, sha256=sha256, spec=known, device=device)
    if suffix == ".safetensors":
        name = path.name if known is UNKNOWN else known.name
        if device == "cpu" and (
            graph := open_cue_graph(path, sha256=sha256, spec=known, name=name)
        ):
            return graph
        return open_safetensors(path, sha256=sha256, spec=known, device=device, half=half)
    if suffix in _TORCHSCRIPT:
        check_trust(path, sha256, trusted=trusted, known=KNOWN_REID)
        return open_torchscript(path, sha256=sha256, spec=known, device=device, half=half)
    raise WeightsError(
        f"files ending in {suffix!r} are not known as embedders",
        where=path,
        hint="give .onnx, .safetensors or TorchScript (.torchscript, .pt)",
    )
