"""Convolutions in eight bits: what the changed graph computes is nearly what it did."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import TensorProto, helper, numpy_helper
from ultralytics.nn.modules.block import DFL

from tracker.tracing import expected_distances
from training.quantised import quantise_convolutions

RNG = np.random.default_rng(0)


def network(*behind: str, bias: bool = True, convolutions: int = 1) -> onnx.ModelProto:
    """Convolutions of three channels one behind the other, and what comes after the last."""
    names = [f"t{k}" for k in range(convolutions + len(behind) + 1)]
    nodes, inside = [], []
    for k, (given, out) in enumerate(pairwise(names)):
        if k >= convolutions:
            nodes.append(helper.make_node(behind[k - convolutions], [given], [out]))
            continue
        own = {f"w{k}": RNG.normal(size=(3, 3, 3, 3)), f"b{k}": RNG.normal(size=3)}
        own = {name: value for name, value in own.items() if bias or name[0] == "w"}
        inside += [numpy_helper.from_array(v.astype(np.float32), name) for name, v in own.items()]
        nodes.append(helper.make_node("Conv", [given, *own], [out], f"conv{k}", pads=[1] * 4))
    tensors = [
        helper.make_tensor_value_info(name, TensorProto.FLOAT, ["n", 3, "h", "w"])
        for name in (names[0], names[-1])
    ]
    graph = helper.make_graph(nodes, "net", tensors[:1], tensors[1:], inside)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=8)


def run(model: onnx.ModelProto, picture: np.ndarray) -> np.ndarray:
    session = onnxruntime.InferenceSession(
        model.SerializeToString(), providers=["CPUExecutionProvider"]
    )
    return np.asarray(session.run(None, {"t0": picture})[0])


@pytest.mark.parametrize(
    ("behind", "bias", "convolutions"),
    [
        pytest.param([], True, 0, id="none"),
        pytest.param([], True, 1, id="one"),
        pytest.param([], False, 1, id="no bias"),
        pytest.param(["Relu"], True, 1, id="ReLU"),
        pytest.param([], True, 2, id="two"),
    ],
)
def test_eight_bits_say_nearly_what_32_do(behind, bias, convolutions):
    model = network(*behind or ["Identity"], bias=bias, convolutions=convolutions)
    picture = RNG.random((2, 3, 9, 12), np.float32)
    wanted = run(model, picture)
    quantise_convolutions(model, [picture])
    found = run(model, picture)
    assert np.abs(found - wanted).max() < 0.03 * np.ptp(wanted)
    assert (np.abs(found - wanted).max() > 0) == bool(convolutions)  # it was done at all
    assert found.min() >= 0 or "Relu" not in behind


def test_a_value_beyond_what_was_seen_is_cut_off():
    model = network("Relu")
    picture = RNG.random((1, 3, 9, 12), np.float32)
    quantise_convolutions(model, [picture])
    assert np.allclose(run(model, 9 * picture).max(), run(model, picture).max(), rtol=0.5)


@pytest.mark.parametrize("anchors", [1, 7])
def test_the_mean_of_distances_is_that_of_the_engine(anchors):
    import torch

    logits = torch.from_numpy(RNG.normal(scale=9, size=(2, 64, anchors)).astype(np.float32))
    found, wanted = expected_distances(logits), DFL(16)(logits)
    assert found.shape == wanted.shape == (2, 4, anchors)
    assert torch.allclose(found, wanted, atol=1e-4)
