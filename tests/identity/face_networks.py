"""Made-up networks for faces, in the shape of the files that people have."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from identity.appearance.faces.face_reader import Faces

RED = (255, 0, 0)
FACE_PX = 64  # how large a face the made-up YuNet tells, in its own picture of 160
# In cells of 32 pixels, from the corner of the red one.
_POINTS = [0.2, 0.3, 0.8, 0.3, 0.5, 0.5, 0.3, 0.8, 0.7, 0.8]


class Reddest:
    """A `FaceReader` to whom a head with a red middle is a face, of the colour of the head."""

    name, sha256, dim = "reddest", "7" * 64, 3

    def read(self, heads: Sequence[NDArray[np.uint8]]) -> Faces:
        """Return what is read of N heads."""
        middles = np.array([head[len(head) // 2, len(head) // 2] for head in heads], float)
        means = np.array([head.mean(axis=(0, 1)) for head in heads]).reshape(-1, 3) + 1
        known = middles.reshape(-1, 3) @ (1, -1, -1) > 0
        vectors = (means / np.linalg.norm(means, axis=1, keepdims=True)).astype(np.float32)
        return Faces(known, vectors, np.zeros((len(heads), 2), np.float32))


def _onnx():
    return pytest.importorskip("onnx")


def _convolved(name: str, kernel: NDArray[np.float32], bias: Sequence[float], stride: int):
    """Return nodes and tensors that make (1, cells, channels) called `name` of a picture."""
    helper, numpy_helper = _onnx().helper, _onnx().numpy_helper
    nodes = [
        helper.make_node("Conv", ["input", f"{name}_k", f"{name}_b"], [f"{name}_c"],
                         kernel_shape=[stride] * 2, strides=[stride] * 2),
        helper.make_node("Transpose", [f"{name}_c"], [f"{name}_t"], perm=[0, 2, 3, 1]),
        helper.make_node("Reshape", [f"{name}_t", f"{name}_s"], [name]),
    ]  # fmt: skip
    tensors = [
        numpy_helper.from_array(kernel, f"{name}_k"),
        numpy_helper.from_array(np.array(bias, np.float32), f"{name}_b"),
        numpy_helper.from_array(np.array([1, -1, len(bias)]), f"{name}_s"),
    ]
    return nodes, tensors


def _write(path: Path, nodes, tensors, given, outputs) -> Path:
    helper = _onnx().helper
    graph = helper.make_graph(nodes, "net", [given], outputs, tensors)
    opset = [helper.make_opsetid("", 13)]
    _onnx().save(helper.make_model(graph, opset_imports=opset, ir_version=8), path)
    return path


def made_up_yunet(path: Path) -> Path:
    """Write a network that finds a face of 64 pixels in every red cell of 32."""
    helper, number = _onnx().helper, _onnx().TensorProto.FLOAT
    nodes: list[Any] = []
    tensors: list[Any] = []
    outputs = []
    biases = {"cls": [0.0], "obj": [0.0], "bbox": [0.5, 0.5, np.log(2), np.log(2)], "kps": _POINTS}
    for kind, bias in biases.items():
        for stride in (8, 16, 32):
            kernel = np.zeros((len(bias), 3, stride, stride), np.float32)
            if stride == 32 and kind in ("cls", "obj"):
                kernel[:, 2], kernel[:, 1] = 1 / (255 * 32 * 32), -1 / (255 * 32 * 32)  # BGR
            more = _convolved(f"{kind}_{stride}", kernel, bias, stride)
            nodes, tensors = nodes + more[0], tensors + more[1]
            shape = [1, None, len(bias)]
            outputs.append(helper.make_tensor_value_info(f"{kind}_{stride}", number, shape))
    given = helper.make_tensor_value_info("input", number, [1, 3, 640, 640])
    return _write(path, nodes, tensors, given, outputs)


def made_up_sface(path: Path, *, dim: int = 128) -> Path:
    """Write a network that makes a vector of an aligned face."""
    helper, number = _onnx().helper, _onnx().TensorProto.FLOAT
    kernel = np.random.default_rng(0).standard_normal((dim, 3, 28, 28)).astype(np.float32)
    nodes = [
        helper.make_node("Conv", ["data", "k"], ["y"], kernel_shape=[28, 28], strides=[28, 28]),
        helper.make_node("GlobalAveragePool", ["y"], ["z"]),
        helper.make_node("Flatten", ["z"], ["fc1"]),
    ]
    given = helper.make_tensor_value_info("data", number, [1, 3, 112, 112])
    told = helper.make_tensor_value_info("fc1", number, [1, dim])
    return _write(path, nodes, [_onnx().numpy_helper.from_array(kernel, "k")], given, [told])
