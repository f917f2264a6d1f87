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
from tracker.graph_network import planes_of
from tracker.kept_graphs import keep_graph
from tracker.known_weights import resolve_weights, weights_sha256
from tracker.letterbox import Letterbox
from tracker.settings import DetectorSettings

if TYPE_CHECKING:
    from pathlib import Path

    from tracker.graph_network import GraphNetwork

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
    channels_last: bool = False
    as_graph: bool = False

    def __str__(self) -> str:
        layout = "channels_last" if self.channels_last else "contiguous"
        way = "ONNX Runtime" if self.as_graph else f"torch, {layout}"
        return f"{self.threads} threads, batches of {self.batch}, {way}"


@dataclass(frozen=True, slots=True)
class Bare:
    """A detector without anything around it.

    Attributes:
        network: Fused, in torch.
        graph: The same for ONNX Runtime; `None` on a GPU, and where none can be made of it.
    """

    network: Any
    graph: GraphNetwork | None


def bare_network(setup: Setup) -> Bare:
    """Return the fused network without anything around it, in both ways to run it."""
    path, settings = resolve_weights(setup.detector), DetectorSettings()
    device = choose_device(setup.device)
    engine = EngineNetwork(path, settings, device=device, half=False, bfloat16=False)
    graph = None
    if device == "cpu":
        graph = keep_graph(engine, weights_sha256(path), settings)
    return Bare(engine.network, graph)


def find_floors(setup: Setup, bare: Bare, cores: int) -> list[Floor]:
    """Return the fastest way to run the network over the first frames; then that in torch."""
    batches = (1, 4, 8, 16)
    in_torch = [
        Floor(threads, batch, channels_last)
        for threads in sorted({1, cores})
        for batch in batches
        for channels_last in (True, False)
    ]
    graphs = [Floor(cores, batch, as_graph=True) for batch in batches if bare.graph is not None]

    def spent(floor: Floor) -> float:
        started = time.perf_counter()
        run_floor(setup, bare, floor, limit=TRIAL_FRAMES)
        return time.perf_counter() - started

    times = {floor: spent(floor) for floor in (*in_torch, *graphs)}
    fastest, torch_alone = min(times, key=times.__getitem__), min(in_torch, key=times.__getitem__)
    return list(dict.fromkeys([fastest, torch_alone]))


def run_floor(setup: Setup, bare: Bare, floor: Floor, *, limit: int | None = None) -> int:
    """Decode, scale and run the network; nothing is done with what it says."""
    import torch

    kept = torch.get_num_threads()
    torch.set_num_threads(floor.threads)
    layout = torch.channels_last if floor.channels_last else torch.contiguous_format
    dtype = next(bare.network.parameters()).dtype
    count = 0
    with open_source(setup.clip) as source, torch.inference_mode():
        bare.network.to(memory_format=layout)
        info = source.info
        letterbox = Letterbox.fit(info.width_px, info.height_px, longer_px=INPUT_PX)
        batches = read_ahead(source.batches(floor.batch))
        for batch in batches:
            pictures = letterbox.apply(batch.rgb)
            if floor.as_graph and bare.graph is not None:
                bare.graph.raw(planes_of(pictures))
            else:
                there = torch.from_numpy(pictures).to(setup.device)
                planes = there.permute(0, 3, 1, 2).to(dtype).div_(255)
                bare.network(planes.contiguous(memory_format=layout))
            count += len(batch)
            if limit is not None and count >= limit:
                break
        batches.close()
        if setup.device != "cpu":
            torch.cuda.synchronize()
    bare.network.to(memory_format=torch.channels_last)
    torch.set_num_threads(kept)
    return count
