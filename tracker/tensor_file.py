"""Files of tensors (safetensors): opening one runs no code, and one is written whole or not at all.

Matrices are stored in half precision, which halves the file. Rows of numbers (the statistics of
batch normalisation, biases) stay in single precision: they are a hundredth of the file, and a
variance below 6e-8 would become 0.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from scenes.errors import WeightsError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


def read_tensors(path: Path, *, instead: str) -> tuple[dict[str, str], dict[str, Any]]:
    """Return the metadata of a file and its tensors by name, on the CPU.

    Args:
        path: The file.
        instead: What the user may give in its place, for the message.

    Raises:
        WeightsError: It is no safetensors file.
    """
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(str(path), framework="pt", device="cpu") as file:
            tensors = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118 (no mapping)
            return file.metadata() or {}, tensors
    except (SafetensorError, OSError) as err:
        raise WeightsError("is not a safetensors file", where=path, hint=instead) from err


def read_metadata(path: Path) -> dict[str, str]:
    """Return what a file says of itself, without its tensors and without torch.

    Raises:
        WeightsError: It is no safetensors file.
    """
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(str(path), framework="np") as file:
            return file.metadata() or {}
    except (SafetensorError, OSError) as err:
        raise WeightsError("is not a safetensors file", where=path) from err


def write_tensors(state: Mapping[str, Any], path: Path, metadata: dict[str, str]) -> None:
    """Write the tensors of a network, matrices in half precision.

    Raises:
        WeightsError: They hold numbers that half precision cannot.
    """
    import torch
    from safetensors.torch import save_file

    tensors = {}
    for key, rows in state.items():
        kept = rows.detach().cpu()
        if kept.is_floating_point():
            kept = kept.to(torch.float16 if kept.ndim > 1 else torch.float32)
            if not torch.isfinite(kept).all():
                raise WeightsError(f"{key} does not fit half precision", where=path)
        tensors[key] = kept.contiguous()
    part = path.with_name(path.name + ".part")
    save_file(tensors, str(part), metadata=metadata)
    os.replace(part, path)  # noqa: PTH105 (one call that replaces on every system)
