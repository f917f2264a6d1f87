"""What clips judged at once cost and gain: `python -m bench.shared CLIP...`.

First a made-up device on which every call costs the same, however few its pictures: how full the
calls are. Then the real networks over the clips given: CPU seconds and findings must not change
with how many are judged at once.
"""

from __future__ import annotations

import argparse
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from castcheck.batch.shared_models import SharedDetector, SharedModels
from castcheck.config import Config
from scenes.frames import FrameBatch
from tracker.detections import Detections, Detector

if TYPE_CHECKING:
    from collections.abc import Sequence

AT_ONCE = (1, 2, 4, 8)
_CALL_S, _PICTURE_S = 0.020, 0.0005  # a call costs as much as 40 of its pictures
_OWN_S = 0.010  # what a clip does between two batches: decode, looks, cuts
_CLIPS, _BATCH = 32, 32
FRAMES = (12, 48)  # of a clip: half a second and two


class FixedCostDevice:
    """A `Detector` that finds nothing, at a price per call and one per picture."""

    name, sha256 = "made up", None
    passing_classes: ClassVar[frozenset[int]] = frozenset()
    heads_from: ClassVar[None] = None

    def __init__(self) -> None:
        self.calls = 0

    def detect(self, batch: FrameBatch) -> Detections:
        """Return no boxes, after the time the call takes."""
        self.calls += 1
        time.sleep(_CALL_S + _PICTURE_S * len(batch))
        return Detections.empty()


class Counting:
    """A `Detector` that counts the calls of another."""

    def __init__(self, detector: Detector) -> None:
        self._detector = detector
        self.name, self.sha256 = detector.name, detector.sha256
        self.passing_classes, self.heads_from = detector.passing_classes, detector.heads_from
        self.calls = self.pictures = 0

    def detect(self, batch: FrameBatch) -> Detections:
        """Return what the other finds."""
        self.calls += 1
        self.pictures += len(batch)
        return self._detector.detect(batch)


def made_up_row(frame_count: int, at_once: int) -> str:
    """Return a row of the table of the made-up device."""
    device = FixedCostDevice()
    shared = SharedDetector(device, batch_size=_BATCH)
    pictures = np.zeros((frame_count, 4, 4, 3), np.uint8)

    def clip(_: int) -> None:
        with shared.batcher.asker():
            for first in range(0, frame_count, _BATCH):
                own = pictures[first : first + _BATCH]
                frames = np.arange(first, first + len(own))
                shared.detect(FrameBatch(frames, (Fraction(0),) * len(own), own))
                time.sleep(_OWN_S)

    started = time.perf_counter()
    with shared.batcher, ThreadPoolExecutor(at_once) as threads:
        list(threads.map(clip, range(_CLIPS)))
    took = time.perf_counter() - started
    total = _CLIPS * frame_count
    fill = total / device.calls / _BATCH
    return f"| {frame_count} | {at_once} | {device.calls} | {fill:.0%} | {total / took:.0f} |"


def real_row(clips: Sequence[Path], at_once: int, models: Any, config: Config) -> tuple[str, Any]:
    """Return a row of the table of the real networks, and the findings it must not change."""
    from castcheck import pipeline

    counting = Counting(models.detector)
    shared = SharedModels(replace(models, detector=counting), config)
    lend = shared.one_clip

    def judge(clip: Path) -> Any:
        with lend() as lent:
            outcome = pipeline.judge(clip, config=config, models=lent, progress=lambda *_: None)
        return outcome.report.findings, outcome.report.tracklets

    cpu_s, wall_s = time.process_time(), time.perf_counter()
    with ThreadPoolExecutor(at_once) as threads:
        seen = list(threads.map(judge, clips))
    cpu_s, wall_s = time.process_time() - cpu_s, time.perf_counter() - wall_s
    shared.close()
    per_call = counting.pictures / counting.calls
    row = f"| {at_once} | {cpu_s:.1f} | {wall_s:.1f} | {counting.calls} | {per_call:.1f} |"
    return row, seen


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("clips", nargs="*", type=Path)
    parser.add_argument("--at-once", type=int, nargs="+", default=list(AT_ONCE))
    parser.add_argument("--batch-size", type=int, default=8)
    arguments = parser.parse_args()
    print("| frames of a clip | clips at once | calls | full | pictures/s |\n|---|---|---|---|---|")
    for frame_count in FRAMES:
        for at_once in arguments.at_once:
            print(made_up_row(frame_count, at_once), flush=True)
    if not arguments.clips:
        return
    from castcheck.models.load import load_models

    config = Config.from_dict(
        {"run": {"device": "cpu"}, "detector": {"batch_size": arguments.batch_size}}
    )
    models = load_models(config)
    real_row(arguments.clips[:1], 1, models, config)  # what is loaded at the first clip
    print("\n| clips at once | CPU s | s | calls | pictures per call |\n|---|---|---|---|---|")
    first: Any = None
    for at_once in arguments.at_once:
        row, seen = real_row(arguments.clips, at_once, models, config)
        first = first or seen
        print(row + ("" if seen == first else " DIFFERENT FINDINGS"), flush=True)


if __name__ == "__main__":
    main()
