"""What `bench.speed` runs on, and its floor: decoding and the bare network, and nothing else."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from castcheck.config import Config
from scenes.prefetch import read_ahead
from scenes.source import open_source
from tracker.devices import choose_device
from tracker.engine import EngineNetwork
from tracker.known_weights import resolve_weights
from tracker.letterbox import Letterbox
from tracker.settings import DetectorSettings

if TYPE_CHECKING:
    from pathlib import Path

INPUT_PX = 640
TRIAL_FRAMES = 16


@dataclass(frozen=True, slots=True)
class Setup:
    """What is run, and where.

    Attributes:
        clip: The clip.
        detector: YOLO weights.
        embedder: Re-ID network of castcheck, "colour" = none.
        device: "cpu" or "cuda:0".
    """

    clip: Path
    detector: Path
    embedder: str
    device: str = "cpu"

    def config(self, **run: Any) -> Config:
        """Return the settings of castcheck."""
        fixed = {"detector": str(self.detector), "embedder": self.embedder, "device": self.device}
        return Config.from_dict({"run": {**fixed, "trust_weights": True, **run}})


@dataclass(frozen=True, slots=True)
class Floor:
    """The bare network in the way that was fastest here."""

    threads: int
    batch: int
    channels_last: bool

    def __str__(self) -> str:
        layout = "channels_last" if self.channels_last else "contiguous"
        return f"{self.threads} threads, batches of {self.batch}, {layout}"


def bare_network(setup: Setup) -> Any:
    """Return the fused network without anything around it."""
    path = resolve_weights(setup.detector)
    return EngineNetwork(
        path, DetectorSettings(), device=choose_device(setup.device), half=False, bfloat16=False
    ).network


def find_floor(setup: Setup, network: Any, cores: int) -> Floor:
    """Return the fastest of a few ways to run the network over the first frames."""
    best = (float("inf"), Floor(cores, 8, channels_last=True))
    for threads in sorted({1, cores}):
        for batch in (1, 4, 8, 16):
            for channels_last in (True, False):
                floor = Floor(threads, batch, channels_last)
                started = time.perf_counter()
                run_floor(setup, network, floor, limit=TRIAL_FRAMES)
                best = min(best, (time.perf_counter() - started, floor), key=lambda b: b[0])
    return best[1]


def run_floor(setup: Setup, network: Any, floor: Floor, *, limit: int | None = None) -> int:
    """Decode, scale and run the network; nothing is done with what it says."""
    import torch

    kept = torch.get_num_threads()
    torch.set_num_threads(floor.threads)
    layout = torch.channels_last if floor.channels_last else torch.contiguous_format
    dtype = next(network.parameters()).dtype
    count = 0
    with open_source(setup.clip) as source, torch.inference_mode():
        network.to(memory_format=layout)
        info = source.info
        letterbox = Letterbox.fit(info.width_px, info.height_px, longer_px=INPUT_PX)
        batches = read_ahead(source.batches(floor.batch))
        for batch in batches:
            pictures = torch.from_numpy(letterbox.apply(batch.rgb)).to(setup.device)
            planes = pictures.permute(0, 3, 1, 2).to(dtype).div_(255)
            network(planes.contiguous(memory_format=layout))
            count += len(batch)
            if limit is not None and count >= limit:
                break
        batches.close()
        if setup.device != "cpu":
            torch.cuda.synchronize()
    network.to(memory_format=torch.channels_last)
    torch.set_num_threads(kept)
    return count
