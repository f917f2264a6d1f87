"""Imports torchvision without torch's compiler, which nobody here asks for.

One operation of torchvision asks the compiler whether a device is supported, and so its import
brings `torch._dynamo` and `sympy` along: 600 modules, a quarter of the time until a first picture
is judged. The question is put off until it is asked.
"""

from __future__ import annotations

import sys
from importlib import import_module
from types import ModuleType
from typing import Any

_COMPILER, _UTILS = "torch._dynamo", "torch._dynamo.utils"


def import_torchvision() -> Any:
    """Return torchvision; the compiler is not loaded for it, and loads as ever when it is used."""
    if "torchvision" in sys.modules or _COMPILER in sys.modules:
        return import_module("torchvision")
    import_module("torch")
    package, utils = ModuleType(_COMPILER), ModuleType(_UTILS)
    package.__path__ = []
    utils.is_compile_supported = _is_compile_supported  # type: ignore[attr-defined]
    ours = {_COMPILER: package, _UTILS: utils}
    sys.modules.update(ours)
    try:
        return import_module("torchvision")
    except (AttributeError, ImportError):  # a release that wants more of the compiler
        _forget(ours)
        for name in [name for name in sys.modules if name.partition(".")[0] == "torchvision"]:
            del sys.modules[name]
        return import_module("torchvision")
    finally:
        _forget(ours)


def _forget(ours: dict[str, ModuleType]) -> None:
    """Take the stand-ins away, so that whoever imports the compiler gets the real one."""
    for name, module in ours.items():
        if sys.modules.get(name) is module:
            del sys.modules[name]


def _is_compile_supported(device_type: str) -> Any:
    return import_module(_UTILS).is_compile_supported(device_type)
