"""Detectors as safetensors: the tensors of an Ultralytics network beside its architecture.

A checkpoint of the engine is a pickle, and opening one runs code. This holds numbers and a table,
so a file from anywhere can be opened; what a table could do is kept from it: the engine evaluates
the name of an activation as Python and fetches the weights of a backbone from a hub.
"""

from __future__ import annotations

import contextlib
import json
import re
from copy import deepcopy
from typing import TYPE_CHECKING, Any

from scenes.errors import WeightsError
from tracker.lean_torchvision import import_torchvision
from tracker.tensor_file import read_tensors, write_tensors

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

FORMAT = "castcheck.detector/1"
DEFAULT_IMAGE_PX = 640  # longer side where nothing says what a network was trained with
_ACTIVATION = re.compile(r"(torch\.)?nn\.[A-Za-z0-9]+\([a-z_=,. 0-9A-Z-]*\)")
_LAYER_PACKAGES = ("ultralytics.nn.modules.", "torch.nn.modules.", "torchvision.ops.")
_BACKBONE = "TorchVision"  # its arguments: channels, name, weights, then how it is cut up
_BACKBONE_WEIGHTS = 2


def save_bundled(model: Any, path: Path, metadata: Mapping[str, str]) -> None:
    """Write an Ultralytics detection model as safetensors; whole or not at all.

    Args:
        model: A `DetectionModel` that is not fused, such as the averaged one of a training run.
        path: The file, ending in .safetensors.
        metadata: Further facts to keep in the file, such as the picture size of the training.

    Raises:
        WeightsError: The model is fused, or holds numbers that half precision cannot.

    Example:
        >>> save_bundled(trainer.ema.ema, Path("nano.safetensors"), {"imgsz": "416"})
        ... # doctest: +SKIP
    """
    if model.is_fused():
        raise WeightsError("the model is fused, its layers are lost", where=path)
    facts = {
        **metadata,
        "format": FORMAT,
        "architecture": json.dumps(_plain(model.yaml), sort_keys=True),
        "names": json.dumps({str(k): str(v) for k, v in dict(model.names).items()}),
    }
    write_tensors(model.state_dict(), path, facts)


def load_bundled(path: Path) -> Any:
    """Return the Ultralytics detection model that `save_bundled` wrote, in single precision.

    Every tensor must be there, and none besides, each of the shape that the architecture says.

    Raises:
        WeightsError: Damaged, not such a file, or an architecture that could run code.
    """
    facts, state = read_tensors(path, instead="fetch it again, or give ONNX")
    if facts.get("format") != FORMAT:
        raise WeightsError(
            f"its metadata does not say {FORMAT!r}, so its architecture is not known",
            where=path,
            hint="write it with `tracker.bundled.save_bundled`, or give ONNX",
        )
    try:
        architecture, names = json.loads(facts["architecture"]), json.loads(facts["names"])
        model = _build(architecture, len(names))
    # A table that somebody else wrote can make the engine's parser raise anything.
    except Exception as err:
        reason = (str(err).strip() or type(err).__name__).splitlines()[0][:120]
        raise WeightsError(f"its architecture cannot be built ({reason})", where=path) from err
    try:
        model.load_state_dict(state, strict=True)
    except RuntimeError as err:
        raise WeightsError("its tensors do not fit its architecture", where=path) from err
    model.names = {int(key): str(name) for key, name in names.items()}
    size = str(facts.get("imgsz", ""))
    model.args = {"imgsz": int(size) if size.isdigit() else DEFAULT_IMAGE_PX}
    return model


def fold_norms(network: Any) -> None:
    """Fold batch normalisations into the convolutions before them, in place; for evaluation only.

    The engine folds its own layers; a backbone that it took from elsewhere it leaves as it is.
    The outputs stay the same to rounding.
    """
    from torch import nn
    from torch.nn.utils.fusion import fuse_conv_bn_eval

    for block in list(network.modules()):
        if not isinstance(block, nn.Sequential):
            continue
        for index in range(len(block) - 1):
            first, second = block[index], block[index + 1]
            if isinstance(first, nn.Conv2d) and isinstance(second, nn.BatchNorm2d):
                block[index] = fuse_conv_bn_eval(first, second)
                block[index + 1] = nn.Identity()


def _build(architecture: dict[str, Any], class_count: int) -> Any:
    """Return the empty network of a table that came from a file."""
    from ultralytics.nn.modules import Detect
    from ultralytics.nn.tasks import DetectionModel

    table = deepcopy(architecture)
    activation = table.get("activation")
    if activation and not _ACTIVATION.fullmatch(str(activation)):
        raise ValueError(f"{activation!r} is not an activation")
    for layer in (*table["backbone"], *table["head"]):
        _check_layer(layer)
    with _default_activation_kept():
        channels = int(table.get("channels", 3))
        model = DetectionModel(table, ch=channels, nc=class_count, verbose=False)
    if not isinstance(model.model[-1], Detect):
        raise ValueError("it does not end in a layer that finds boxes")  # noqa: TRY004
    return model


def _check_layer(layer: list[Any]) -> None:
    """Refuse what is no layer, and keep a backbone from fetching weights of its own."""
    import torch
    from ultralytics.nn import tasks

    torchvision = import_torchvision()

    name, arguments = str(layer[2]), layer[3]
    rooms: dict[str, Any] = {"nn.": torch.nn, "torchvision.ops.": torchvision.ops}
    prefix = next((p for p in rooms if name.startswith(p)), "")
    kind = getattr(rooms.get(prefix, tasks), name.removeprefix(prefix), None)
    is_layer = isinstance(kind, type) and issubclass(kind, torch.nn.Module)
    if not is_layer or not str(kind.__module__ + ".").startswith(_LAYER_PACKAGES):
        raise ValueError(f"{name!r} is not a layer")
    if name == _BACKBONE:
        arguments[_BACKBONE_WEIGHTS : _BACKBONE_WEIGHTS + 1] = [None]


@contextlib.contextmanager
def _default_activation_kept() -> Iterator[None]:
    """Undo that building a network with its own activation changes those built after it."""
    from ultralytics.nn.modules.conv import Conv

    kept = Conv.default_act
    try:
        yield
    finally:
        Conv.default_act = kept


def _plain(table: Mapping[str, Any]) -> dict[str, Any]:
    """Return the architecture without the name of the file it was read from."""
    return {key: value for key, value in table.items() if key != "yaml_file"}
