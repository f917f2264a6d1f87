"""A YOLO network in bfloat16 on a CPU: about half the time, boxes within about a pixel.

Bfloat16 keeps eight bits of a number: enough for features, too few for places. So the convolutions
run in it, and boxes are decoded in float32.
"""

from __future__ import annotations

from typing import Any

# Per-level branches of Ultralytics' heads, and those of its heads without NMS.
_BRANCHES = ("cv2", "cv3", "cv4", "one2one_cv2", "one2one_cv3")


def cpu_has_bfloat16() -> bool:
    """Tell whether this CPU computes in bfloat16 itself; others are slower with it than without."""
    import torch

    return any(
        getattr(torch.cpu, name, lambda: False)()
        for name in ("_is_avx512_bf16_supported", "_is_amx_tile_supported")
    )


def run_in_bfloat16(network: Any) -> None:
    """Change a fused Ultralytics network in place; it then takes pictures in bfloat16.

    Args:
        network: Its last layer is a `Detect` head or one made from it.

    Raises:
        TypeError: Its head is of another kind.
    """
    from ultralytics.nn.modules.head import Detect

    head = network.model[-1]
    if not isinstance(head, Detect):
        raise TypeError(f"{type(head).__name__} is not known to run in bfloat16")
    network.bfloat16()
    head.float()
    head.register_forward_pre_hook(_features_as_float)
    for name in _BRANCHES:
        for branch in getattr(head, name, None) or ():
            branch.bfloat16()
            branch.register_forward_pre_hook(_input_as_bfloat16)
            branch.register_forward_hook(_output_as_float)


def _features_as_float(_head: Any, given: tuple[Any, ...]) -> tuple[Any, ...]:
    """Hand float32 to the head: it lays its grid of anchors in the type of the features."""
    return ([features.float() for features in given[0]], *given[1:])


def _input_as_bfloat16(_branch: Any, given: tuple[Any, ...]) -> tuple[Any, ...]:
    return tuple(values.bfloat16() for values in given)


def _output_as_float(_branch: Any, _given: tuple[Any, ...], out: Any) -> Any:
    return out.float()
