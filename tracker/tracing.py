"""Networks of torch as ONNX models, for those who run them without torch."""

from __future__ import annotations

import io
import warnings
from typing import TYPE_CHECKING, Any

import torch

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import Tensor, nn

_OPSET = 18
_EXAMPLE_HW = (224, 384)  # of a picture; any other will do


class Traced(torch.nn.Module):
    """A network and how it is to be run."""

    def __init__(
        self, network: nn.Module, run: Callable[[Any, Tensor], Tensor | list[Tensor]]
    ) -> None:
        super().__init__()
        self.network, self.run = network, run

    def forward(self, given: Tensor) -> Tensor | list[Tensor]:
        """Run it."""
        return self.run(self.network, given)


def traced(network: nn.Module, example: Tensor, axes: dict[str, dict[int, str]]) -> bytes:
    """Return the ONNX model of a network, its weights inside.

    Args:
        network: In single precision, on the CPU.
        example: What it takes.
        axes: Which sides of its input, then of each output, may have any length, and their names.

    Raises:
        ImportError: The package onnx is not installed.
    """
    model: Any = io.BytesIO()  # takes files, but is typed for paths
    given, *out = axes
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the tracer, which is old and does what is needed
        torch.onnx.export(
            network.eval().requires_grad_(requires_grad=False),
            (example,),
            model,
            dynamo=False,
            opset_version=_OPSET,
            # Keeps normalisations and names as they are in the file.
            training=torch.onnx.TrainingMode.PRESERVE,
            do_constant_folding=False,
            input_names=[given],
            output_names=out,
            dynamic_axes=axes,
        )
    return bytes(model.getvalue())


def traced_detector(network: Any) -> bytes:
    """Return the ONNX model of a network of Ultralytics that ends in its `Detect`.

    It maps (N, 3, h, w) pictures to (N, 4 + classes, anchors): boxes and scores in one tensor. The
    network is left as it was.
    """
    last = network.model[-1]
    kept = {name: getattr(last, name, None) for name in ("export", "format", "dynamic")}
    distances = last.dfl.forward
    try:
        last.export, last.format, last.dynamic = True, "onnx", True
        last.dfl.forward = expected_distances
        return traced(
            Traced(network, lambda net, pictures: net(pictures)),
            torch.zeros(2, 3, *_EXAMPLE_HW),
            {"images": {0: "n", 2: "height", 3: "width"}, "rows": {0: "n", 2: "anchors"}},
        )
    finally:
        last.dfl.forward = distances
        for name, value in kept.items():
            setattr(last, name, value)


def expected_distances(logits: Tensor) -> Tensor:
    """Return (N, 4, A) means of the distributions whose logits (N, 4 * K, A) are, over 0 to K - 1.

    As `ultralytics.nn.modules.block.DFL` does it, but without a softmax over an axis in the middle,
    which takes ONNX Runtime a twentieth of the whole network.
    """
    count, rows, anchors = logits.shape
    split = logits.view(count, 4, rows // 4, anchors)
    weights = (split - split.amax(2, keepdim=True)).exp()
    steps = torch.arange(rows // 4, dtype=logits.dtype)[:, None]
    return (weights * steps).sum(2) / weights.sum(2)
