"""Convolutions of a graph in eight bits, on the CPUs that ONNX Runtime runs it on.

What every convolution takes in and hands on is rounded to 256 levels, its weights to 127 a channel
(Jacob et al. 2018, https://arxiv.org/abs/1712.05877). The graph says so by pairs of QuantizeLinear
and DequantizeLinear; weights stay where they are, and ONNX Runtime rounds them when it opens the
graph. Weights have seven bits, not eight: processors without VNNI add two products in 16 bits,
which would overflow. With seven every processor gives the same numbers.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

_WEIGHT_MOST = 63  # of -64 to 63, alike on both sides
_LEVELS = 255


class _Range(NamedTuple):
    """Least and most of what a tensor held; 0 is in between, as padding is 0."""

    least: float
    most: float

    @property
    def scale(self) -> np.float32:
        return np.float32(max(self.most - self.least, 1e-6) / _LEVELS)

    @property
    def zero(self) -> int:
        return int(np.clip(round(-self.least / float(self.scale)), 0, _LEVELS))


def quantise_convolutions(model: Any, pictures: Iterable[NDArray[Any]]) -> None:
    """Have all convolutions of a model run in eight bits; changes the model.

    A ReLU right behind a convolution is done by the rounding: what is below 0 becomes 0.

    Args:
        model: An ONNX model with its weights inside.
        pictures: What its only input is to be given, to see between which bounds values lie.
    """
    graph = model.graph
    convolutions = [node for node in graph.node if node.op_type == "Conv"]
    if not convolutions:
        return
    takers: dict[str, list[Any]] = defaultdict(list)
    for node in graph.node:
        for name in node.input:
            takers[name].append(node)
    seen = sorted({name for node in convolutions for name in (node.input[0], node.output[0])})
    ranges, weights = _observe(model, seen, [node.input[1] for node in convolutions], pictures)
    nodes: list[Any] = []
    rounded: dict[str, str] = {}
    for node in list(graph.node):
        if node.op_type != "Conv":
            nodes.append(node)
            continue
        given = node.input[0]
        if given not in rounded:
            rounded[given] = f"{given}.rounded"
            nodes += _rounded(given, rounded[given], ranges[given])
        nodes += _in_eight_bits(
            node, rounded[given], takers[node.output[0]],
            ranges[given], weights[node.input[1]], ranges[node.output[0]],
        )  # fmt: skip
    del graph.node[:]
    graph.node.extend(nodes)


def _in_eight_bits(
    node: Any, given: str, takers: list[Any],
    before: _Range, weights: NDArray[np.float32], after: _Range,
) -> list[Any]:  # fmt: skip
    """Return a convolution with the nodes that round its weights, its bias and its result.

    Args:
        node: The convolution.
        given: Its input, rounded.
        takers: Nodes that take its result.
        before: Between what its input lies.
        weights: Its weights.
        after: Between what its result lies.
    """
    out = node.output[0]
    most = np.abs(weights).reshape(len(weights), -1).max(axis=1)
    step = np.asarray(np.maximum(most, 1e-9) / _WEIGHT_MOST, np.float32)
    nodes = _rounded_weights(node, step)
    if len(node.input) > 2:
        nodes += _rounded_bias(node, before.scale * step)
    node.input[0], node.output[0] = given, f"{out}.exact"
    for taker in takers:
        if taker.op_type == "Shape":  # else the levels are made numbers again to be counted
            taker.input[0] = f"{out}.levels"
    if [taker.op_type for taker in takers] == ["Relu"]:
        takers[0].op_type = "Identity"
        after = _Range(0.0, after.most)
    return [*nodes, node, *_rounded(f"{out}.exact", out, after)]


def _observe(
    model: Any, seen: list[str], weights: list[str], pictures: Iterable[NDArray[Any]]
) -> tuple[dict[str, _Range], dict[str, NDArray[np.float32]]]:
    """Return the range of each tensor over all pictures, and the weights by name."""
    watched = type(model)()
    watched.CopyFrom(model)
    graph = watched.graph
    del graph.output[:]
    for name in seen:
        for end in ("Min", "Max"):
            out = f"{name}.{end}"
            graph.node.append(helper.make_node(f"Reduce{end}", [name], [out], keepdims=0))
            graph.output.append(helper.make_tensor_value_info(out, TensorProto.FLOAT, []))
    for name in weights:
        graph.output.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, None))
    session = onnxruntime.InferenceSession(
        watched.SerializeToString(), providers=["CPUExecutionProvider"]
    )
    (given,) = session.get_inputs()
    bounds, values = [], []
    for picture in pictures:
        out = session.run(None, {given.name: picture})
        bounds.append(out[: 2 * len(seen)])
        values = out[2 * len(seen) :]
    least, most = np.min(bounds, axis=0)[0::2], np.max(bounds, axis=0)[1::2]
    ranges = [_Range(min(a, 0.0), max(b, 0.0)) for a, b in zip(least, most, strict=True)]
    return dict(zip(seen, ranges, strict=True)), dict(zip(weights, values, strict=True))


def _rounded(source: str, target: str, bounds: _Range) -> list[Any]:
    """Return the nodes that round a tensor to the levels between two bounds."""
    scale, zero, levels = (f"{target}.{part}" for part in ("scale", "zero", "levels"))
    return [
        _constant(scale, bounds.scale),
        _constant(zero, np.uint8(bounds.zero)),
        helper.make_node("QuantizeLinear", [source, scale, zero], [levels]),
        helper.make_node("DequantizeLinear", [levels, scale, zero], [target]),
    ]


def _rounded_weights(node: Any, step: NDArray[np.float32]) -> list[Any]:
    """Return the nodes that round the weights of a convolution, which takes them from now on."""
    source, target = node.input[1], f"{node.name}.weights"
    scale, zero, levels = (f"{target}.{part}" for part in ("scale", "zero", "levels"))
    node.input[1] = target
    return [
        _constant(scale, step),
        _constant(zero, np.zeros(len(step), np.int8)),
        helper.make_node("QuantizeLinear", [source, scale, zero], [levels], axis=0),
        helper.make_node("DequantizeLinear", [levels, scale, zero], [target], axis=0),
    ]


def _rounded_bias(node: Any, step: NDArray[np.float32]) -> list[Any]:
    """Return the nodes that round the bias of a convolution to whole steps of its sums."""
    source, target = node.input[2], f"{node.name}.bias"
    scale, steps, whole, levels = (f"{target}.{p}" for p in ("scale", "steps", "whole", "levels"))
    node.input[2] = target
    return [
        _constant(scale, step),
        helper.make_node("Div", [source, scale], [steps]),
        helper.make_node("Round", [steps], [whole]),
        helper.make_node("Cast", [whole], [levels], to=TensorProto.INT32),
        helper.make_node("DequantizeLinear", [levels, scale], [target], axis=0),
    ]


def _constant(name: str, value: Any) -> Any:
    return helper.make_node(
        "Constant", [], [name], value=numpy_helper.from_array(np.asarray(value), name)
    )
