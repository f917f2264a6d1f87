"""How many threads work in this process: decided once, by the cores it may really use.

Networks, decoders and OpenCV each start as many threads as they see cores. What they see is not
what a container may use, and on a machine where something else runs, threads that spin while they
wait for each other stand still together: a step of 2 s took three minutes. So counts come from
affinity and from the quota of the control group, and who waits sleeps.
"""

from __future__ import annotations

import os
import sys
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cv2

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

COUNT_VARIABLE = "OMP_NUM_THREADS"  # who sets it says how many threads a process may have
# Read once, when the library that they are for is loaded. The first is OpenMP's own, the others
# those of GNU and of Intel.
_PATIENT = {"OMP_WAIT_POLICY": "PASSIVE", "GOMP_SPINCOUNT": "0", "KMP_BLOCKTIME": "0"}
_CGROUP = Path("/sys/fs/cgroup")
_MOST_DECODER_THREADS = 8  # more decode no faster, and each holds pictures


def core_count(cgroup: Path = _CGROUP) -> int:
    """Return how many cores this process may use: by affinity, and by the quota of its group.

    Args:
        cgroup: Where the control group of this process is mounted.
    """
    if hasattr(os, "sched_getaffinity"):
        cores = len(os.sched_getaffinity(0))
    else:
        cores = os.cpu_count() or 1
    quota = _quota(cgroup)
    return cores if quota is None else max(1, min(cores, int(quota + 0.5)))


def thread_count(environment: Mapping[str, str] = os.environ) -> int:
    """Return how many threads compute in this process: one per core, or as OMP_NUM_THREADS says.

    Example:
        >>> thread_count({"OMP_NUM_THREADS": "3"})
        3
    """
    said = environment.get(COUNT_VARIABLE, "").partition(",")[0].strip()
    return int(said) if said.isdecimal() and int(said) > 0 else core_count()


def decoder_thread_count() -> int:
    """Return how many threads decode."""
    return min(thread_count(), _MOST_DECODER_THREADS)


def load_torch() -> Any:
    """Return torch; where this loads it, its threads neither outnumber the cores nor spin.

    Where it is loaded already, whoever did so has decided; nothing is changed then, and never for
    the children of this process.
    """
    if "torch" in sys.modules:
        return sys.modules["torch"]
    count = thread_count()
    with _environment({name: value for name, value in _PATIENT.items() if name not in os.environ}):
        torch = import_module("torch")
    torch.set_num_threads(count)
    limit_opencv()
    return torch


def limit_opencv() -> None:
    """Keep OpenCV from using more threads than networks may."""
    if cv2.getNumThreads() > thread_count():
        cv2.setNumThreads(thread_count())


def onnx_options(options: Any) -> Any:
    """Return onnxruntime's `SessionOptions` with our number of threads, none of which spins.

    Nor does it lay out all memory of a pass in advance, which takes half as much again or twice as
    much, and is not quicker.
    """
    options.enable_mem_pattern = False
    options.intra_op_num_threads = thread_count()
    options.inter_op_num_threads = 1
    for pool in ("intra", "inter"):
        options.add_session_config_entry(f"session.{pool}_op.allow_spinning", "0")
    return options


def _quota(cgroup: Path) -> float | None:
    """Return how many cores the control group allows; `None` = as many as there are."""
    try:
        text = (cgroup / "cpu.max").read_text(encoding="ascii")
        quota, _, period = text.strip().partition(" ")
    except (OSError, UnicodeDecodeError):
        try:  # the older layout
            quota = (cgroup / "cpu/cpu.cfs_quota_us").read_text(encoding="ascii").strip()
            period = (cgroup / "cpu/cpu.cfs_period_us").read_text(encoding="ascii").strip()
        except (OSError, UnicodeDecodeError):
            return None
    if not (quota.isdecimal() and period.isdecimal() and int(quota) and int(period)):
        return None  # "max", or -1
    return int(quota) / int(period)


@contextmanager
def _environment(variables: Mapping[str, str]) -> Iterator[None]:
    os.environ.update(variables)
    try:
        yield
    finally:
        for name in variables:
            os.environ.pop(name, None)
