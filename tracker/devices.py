"""Which device networks run on."""

from __future__ import annotations

import ctypes
import sys
from pathlib import Path

from scenes.errors import ConfigError
from scenes.threads import load_torch

_DRIVERS = ("libcuda.so.1", "libcuda.so", "nvcuda.dll")
_ROCM = Path("/dev/kfd")  # AMD's, which torch calls cuda as well


def choose_device(device: str) -> str:
    """Return "cpu" or "cuda:N".

    Where there is no driver of a GPU, torch is not asked, since loading it takes two seconds.

    Args:
        device: "auto", "cpu", "cuda" or "cuda:N".

    Raises:
        ConfigError: The word is unknown, or there is no such device.

    Example:
        >>> choose_device("cpu")
        'cpu'
    """
    if device == "cpu":
        return device
    kind, _, number = device.partition(":")
    if device != "auto" and (kind != "cuda" or not (number.isdigit() or ":" not in device)):
        raise ConfigError(
            f"{device!r} is unknown, allowed is auto, cpu, cuda, cuda:N", where="device"
        )
    count = _gpu_count()
    if device == "auto":
        return "cuda:0" if count else "cpu"
    if int(number or 0) >= count:
        raise ConfigError(
            f"there is no {device} here ({count} found)", where="device", hint="use auto"
        )
    return f"cuda:{int(number or 0)}"


def _gpu_count() -> int:
    """Return how many GPUs torch can use."""
    if "torch" not in sys.modules and not _has_driver():
        return 0
    cuda = load_torch().cuda
    return int(cuda.device_count()) if cuda.is_available() else 0


def _has_driver() -> bool:
    """Tell whether the driver of a GPU is installed; whether it works, torch knows."""
    for name in _DRIVERS:
        try:
            ctypes.CDLL(name)
        except OSError:
            continue
        return True
    return _ROCM.exists()
