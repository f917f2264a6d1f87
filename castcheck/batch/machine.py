"""How many workers this machine carries."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from scenes.threads import core_count

GPU_VARIABLE = "CUDA_VISIBLE_DEVICES"
_WORKER_BYTES = 1_500_000_000  # torch, the networks and the pictures of one clip at 1080p
_CLIP_BYTES = 500_000_000  # the pictures of each further clip
CLIPS_AT_ONCE_ON_GPU = 4  # enough for one to decode, one to be judged, and two to share a batch
_CLIPS_PER_GPU = 4  # while one decodes or judges, the others keep the GPU busy
_WORKERS_PER_GPU_MIN = 2  # Python runs one thing at a time in each


@dataclass(frozen=True, slots=True)
class Machine:
    """What there is to work with.

    Attributes:
        cores: Those this process may use, see `scenes.threads`.
        free_bytes: Memory that is free now; `None` = not known.
        gpus: Names of the GPUs, as CUDA_VISIBLE_DEVICES takes them.
    """

    cores: int
    free_bytes: int | None = None
    gpus: tuple[str, ...] = ()

    def uses_gpus(self, device: str) -> bool:
        """Return whether networks run on a GPU where `device` is asked for."""
        return device != "cpu" and bool(self.gpus)

    def clips_at_once(self, device: str) -> int:
        """Return how many clips a worker judges at once when nobody said.

        On a GPU several, since one does not fill it; on a core one, since two would take turns.
        """
        return CLIPS_AT_ONCE_ON_GPU if self.uses_gpus(device) else 1

    def worker_count(self, *, clips: int, device: str, clips_at_once: int = 1) -> int:
        """Return how many workers to start when nobody said: at least one.

        Without a GPU, one per core, since a clip uses a second core poorly; with GPUs, a few for
        each, since one clip does not fill it. Never more than there are clips, cores or memory for.

        Example:
            >>> Machine(16).worker_count(clips=100, device="cpu")
            16
            >>> Machine(16, gpus=("0",)).worker_count(clips=100, device="auto")
            4
            >>> Machine(16, gpus=("0",)).worker_count(clips=100, device="auto", clips_at_once=4)
            2
            >>> Machine(16, free_bytes=4_000_000_000).worker_count(clips=100, device="cpu")
            2
        """
        limits = [clips, self.cores]
        if self.free_bytes is not None:
            limits.append(self.free_bytes // (_WORKER_BYTES + _CLIP_BYTES * (clips_at_once - 1)))
        if self.uses_gpus(device):
            used = 1 if ":" in device else len(self.gpus)
            limits.append(workers_per_gpu(clips_at_once) * used)
        return max(1, min(limits))

    def threads_for(self, workers: int) -> int:
        """Return how many threads the networks of each worker get: the cores, shared out."""
        return max(1, self.cores // workers)


def workers_per_gpu(clips_at_once: int) -> int:
    """Return how many workers share a GPU.

    Example:
        >>> [workers_per_gpu(clips) for clips in (1, 2, 4, 8)]
        [4, 2, 2, 2]
    """
    return max(_WORKERS_PER_GPU_MIN, _CLIPS_PER_GPU // clips_at_once)


def this_machine() -> Machine:
    """Look at this machine; no engine is loaded for it."""
    return Machine(core_count(), _free_bytes(), _gpu_names())


def _free_bytes() -> int | None:
    try:
        lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
    except OSError:  # not Linux
        return None
    for line in lines:
        if line.startswith("MemAvailable:"):
            return int(line.split()[1]) * 1024
    return None


def _gpu_names() -> tuple[str, ...]:
    """Return the GPUs that CUDA would see: those left visible, else all of the driver's."""
    visible = os.environ.get(GPU_VARIABLE)
    if visible is not None:
        return tuple(name.strip() for name in visible.split(",") if name.strip() not in {"", "-1"})
    folder = Path("/proc/driver/nvidia/gpus")
    try:
        return tuple(str(number) for number, _ in enumerate(sorted(folder.iterdir())))
    except OSError:
        return ()
