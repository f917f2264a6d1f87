"""What `bench.speed` times: a row runs over all frames of a clip and returns how many it saw."""

from __future__ import annotations

import tempfile
import time
from dataclasses import replace
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench.speed_floor import Bare, Floor, Setup, run_floor
from bench.speed_peers import Ultralytics, botsort_with_reid, run_boxmot, run_deep_sort
from castcheck import pipeline
from castcheck.report.writers import ReportInputs, write_reports
from tracker.stride import EVERY_PICTURE

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from castcheck.config import Config

    Row = Callable[[Path], int]

OURS = "castcheck, whole"
_FLOORS = "floor: decode + bare network", "floor in torch"


def rows_for(
    setup: Setup, floors: Sequence[Floor], bare: Bare, exported: Path | None = None
) -> dict[str, Row]:
    """Return what is timed, by name; everything is loaded by the first call of each.

    `floors` are the fastest way to run the bare detector, then the fastest in torch where that is
    another one; `exported` is the same detector as ONNX, which castcheck runs by itself.

    All have all threads. Ultralytics leaves torch one on two cores; as it comes it has a row of its
    own.
    """
    import torch

    threads = torch.get_num_threads()
    peers = Ultralytics(setup)

    def on(clip: Path) -> Setup:
        return replace(setup, clip=clip)

    boxmot: dict[str, Row] = {}
    if find_spec("boxmot"):  # by hand: it would change versions of what is installed
        boxmot["BoxMOT, ByteTrack"] = lambda clip: run_boxmot(on(clip), threads)
    with_reid = botsort_with_reid()
    as_onnx: dict[str, Row] = {}
    if exported is not None:
        onnx = replace(setup, detector=exported)
        as_onnx = {
            # Its re-ID on features of the detector needs the checkpoint.
            "Ultralytics track, BoT-SORT, the detector as ONNX": partial(
                Ultralytics(onnx).track, tracker="botsort.yaml", threads=threads
            ),
        }
    bundled, bfloat16 = replace(setup, detector=Path("bundled")), {"run": {"bfloat16": True}}
    return {
        **{
            name: partial(_over_floor, setup, bare, floor)
            for name, floor in zip(_FLOORS[: len(floors)], floors, strict=True)
        },
        "Ultralytics predict, batches of 8": partial(peers.predict, threads=threads),
        OURS: Castcheck(setup),
        "castcheck, looks by colour": Castcheck(replace(setup, embedder="colour")),
        "castcheck, every picture": Castcheck(setup, {"detector": {"search_fps": EVERY_PICTURE}}),
        "castcheck, every 2nd picture": Castcheck(setup, {"detector": {"stride": 2}}),
        "castcheck, bfloat16": Castcheck(setup, bfloat16),
        "castcheck, bundled detector": Castcheck(bundled),
        "castcheck, bundled detector, bfloat16": Castcheck(bundled, bfloat16),
        "Ultralytics track, BoT-SORT + re-ID": partial(
            peers.track, tracker=with_reid, threads=threads
        ),
        "the same as it comes, one thread": partial(peers.track, tracker=with_reid, threads=1),
        "Ultralytics track, BoT-SORT": partial(
            peers.track, tracker="botsort.yaml", threads=threads
        ),
        "Ultralytics track, ByteTrack": partial(
            peers.track, tracker="bytetrack.yaml", threads=threads
        ),
        "deep-sort-realtime, MobileNetV2": lambda clip: run_deep_sort(on(clip), threads),
        **boxmot,
        **as_onnx,
    }


def _over_floor(setup: Setup, bare: Bare, floor: Floor, clip: Path) -> int:
    return run_floor(replace(setup, clip=clip), bare, floor)


class Castcheck:
    """The whole program: judging, and the report as JSON and page.

    Args:
        setup: What is run; its clip is not asked.
        more: Settings on top of it.

    Attributes:
        stages: Milliseconds a frame per stage, of each clip so far.
    """

    def __init__(self, setup: Setup, more: dict[str, Any] | None = None) -> None:
        import torch

        self._threads = torch.get_num_threads()
        self._config = setup.config().updated(more or {})
        self._models: Any = None
        self.stages: list[dict[str, float]] = []

    def __call__(self, clip: Path) -> int:
        """Judge a clip; models are loaded once, as for many clips."""
        import torch

        # Ultralytics leaves torch with fewer threads for the whole process; who runs castcheck
        # alone has all of them.
        torch.set_num_threads(self._threads)
        if self._models is None:
            self._models = pipeline.load_models(self._config)
        timings: dict[str, float] = {}
        frames = judge_and_write(clip, self._config, self._models, timings)
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
