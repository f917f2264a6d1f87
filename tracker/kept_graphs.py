"""Checkpoints of Ultralytics as ONNX graphs, written once and kept for later runs on a CPU.

ONNX Runtime takes a quarter less time for a picture than torch, and who has a graph loads neither
torch nor the engine, which takes seconds. A graph lies beside the folder of models, under the
sha256 of the checkpoint that it was made from; it holds no code.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from scenes.errors import WeightsError
from tracker.graph_network import open_exported
from tracker.known_weights import models_dir

if TYPE_CHECKING:
    from tracker.engine import EngineNetwork
    from tracker.graph_network import GraphNetwork
    from tracker.settings import DetectorSettings

_VERSION = 1  # of what is written; another one is written anew
_TRIAL_HW = (96, 160)  # of the pictures by which a graph is compared with its network
_MOST_PX, _MOST_SCORE = 0.05, 1e-3  # by which they may differ


def graph_path(sha256: str) -> Path:
    """Return where the graph of these weights belongs; it need not lie there."""
    return models_dir().parent / "graphs" / f"{sha256}-{_VERSION}.onnx"


def open_kept(sha256: str, settings: DetectorSettings) -> GraphNetwork | None:
    """Return the network of the graph that an earlier run kept; `None` = there is none.

    Args:
        sha256: Of the checkpoint.
        settings: Thresholds and sizes.
    """
    path = graph_path(sha256)
    try:
        return open_exported(path, settings) if path.is_file() else None
    except WeightsError:  # damaged: it is written anew
        return None


def keep_graph(
    network: EngineNetwork, sha256: str, settings: DetectorSettings
) -> GraphNetwork | None:
    """Write the graph of a checkpoint for `open_kept`, and return its network.

    Args:
        network: In float32, on the CPU.
        sha256: Of the checkpoint.
        settings: Thresholds and sizes.

    Returns:
        `None` where the network is more than a plain detector, where the package onnx or a folder
        to write to is missing, or where the graph finds other boxes than the network does.
    """
    model = _graph_of(network) if network.is_plain else None
    if model is None:
        return None
    path = graph_path(sha256)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=path.parent) as folder:
            part = Path(folder, path.name)
            part.write_bytes(model)
            graph = open_exported(part, settings)
            if graph is None or not _agree(network, graph):
                return None
            os.replace(part, path)  # noqa: PTH105 (one call that replaces on every system)
    except (OSError, WeightsError):  # a full or read-only disk, or nothing that can be run
        return None
    return graph


def _graph_of(network: EngineNetwork) -> bytes | None:
    """Return the ONNX model of a network, in the form in which Ultralytics exports one."""
    try:
        import onnx

        from tracker.tracing import traced_detector
    except ImportError:
        return None
    try:
        model = onnx.load_model_from_string(traced_detector(network.network))
    # A layer that the tracer does not know, or a version of torch without it: torch runs it then.
    except (RuntimeError, TypeError, ValueError, AttributeError):
        return None
    onnx.helper.set_model_props(
        model,
        {
            "task": "detect",
            "names": repr(dict(network.names)),
            "stride": str(network.stride_px),
            "imgsz": str([network.trained_px] * 2),
        },
    )
    for node in model.graph.node:
        node.doc_string = ""  # the tracer writes the paths of this machine there
    return bytes(model.SerializeToString())


def _agree(network: EngineNetwork, graph: GraphNetwork) -> bool:
    """Tell whether a graph says of three pictures what its network does."""
    planes = np.random.default_rng(0).random((3, 3, *_TRIAL_HW), np.float32)
    wanted, found = network.raw(planes), graph.raw(planes)
    if found.shape != wanted.shape:
        return False
    gap = np.abs(found - wanted)
    return bool(gap[:, :4].max() <= _MOST_PX and gap[:, 4:].max() <= _MOST_SCORE)
