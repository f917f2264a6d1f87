"""Networks run by ONNX Runtime: on a CPU quicker than torch, and loaded in a tenth of the time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from scenes.errors import WeightsError
from scenes.threads import limit_opencv, onnx_options

if TYPE_CHECKING:
    from pathlib import Path

GRAPH_SUFFIX = ".graph.onnx"
WEIGHTS_KEY = "weights_sha256"
_WEIGHTS_FOLDER = "session.model_external_initializers_file_folder_path"


def open_session(
    path: Path, *, hint: str, gpu: int | None = None, weights_folder: Path | None = None
) -> Any:
    """Return an `InferenceSession` with our number of threads, none of which spins.

    Args:
        path: An ONNX file. It holds no code.
        hint: What the user may give instead, for the message.
        gpu: Number of the GPU to run on; `None` = the CPU.
        weights_folder: Where the file lies that its weights are in, if not in itself.

    Raises:
        WeightsError: It is no ONNX model that can be run.
    """
    import onnxruntime

    limit_opencv()
    options = onnx_options(onnxruntime.SessionOptions())
    options.log_severity_level = 4  # its own log goes to stderr, past ours
    providers: list[Any] = ["CPUExecutionProvider"]
    if gpu is not None:
        providers.insert(0, ("CUDAExecutionProvider", {"device_id": gpu}))
    model: str | bytes = str(path)
    if weights_folder is not None:
        options.add_session_config_entry(_WEIGHTS_FOLDER, str(weights_folder))
        model = path.read_bytes()
    try:
        return onnxruntime.InferenceSession(model, sess_options=options, providers=providers)
    except Exception as err:
        reason = " ".join(str(err).split())[:120]
        raise WeightsError(
            f"is not an ONNX model that can be run ({reason})", where=path, hint=hint
        ) from err


def has_cuda() -> bool:
    """Tell whether the installed ONNX Runtime can use a GPU."""
    import onnxruntime

    return "CUDAExecutionProvider" in onnxruntime.get_available_providers()


def open_graph(weights: Path, sha256: str, graph: Path | None = None) -> Any:
    """Return a session of a network whose operations lie in one file and its weights in another.

    A graph says where in the weights file each tensor lies, so there is one copy of the weights,
    and what runs is what was named. One that was written for other bytes is not opened.

    Args:
        weights: The file that the tensors lie in.
        sha256: Of that file.
        graph: Written by `python -m training graphs`; by default the one beside the weights.

    Returns:
        An `InferenceSession`; `None` = there is no graph for these weights.

    Raises:
        WeightsError: The graph is damaged, or the weights are not what their sha256 says.
    """
    graph = graph or weights.with_name(weights.stem + GRAPH_SUFFIX)
    if not graph.is_file():
        return None
    # An entry of a protocol buffer: key, tag 2 and length, value. A session would read tensors of
    # other bytes, at places that may lie beyond their end, before it says what they were.
    entry = WEIGHTS_KEY.encode() + b"\x12"
    content = graph.read_bytes()
    if entry in content and entry + bytes([len(sha256)]) + sha256.encode() not in content:
        return None
    return open_session(graph, weights_folder=weights.parent, hint="install castcheck again")
