"""Whether a detector trained on photographs sees the studio's figures as people.

    python -m bench.studio_detect --detector WEIGHTS [--clips DIR] [--every N] [--json FILE]

Counted are figures of which at least half is visible and at least half is inside the picture; found
means a person's box with an overlap (IoU) of at least 0.5 with the visible box of the truth.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.optimize import linear_sum_assignment

from scenes.frames import FrameBatch
from scenes.video_pyav import PyAvSource
from tracker.boxes import iou
from tracker.settings import DetectorSettings
from tracker.yolo import YoloDetector

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tracker.detections import Detections

MIN_VISIBLE = 0.5
MAX_TRUNCATION = 0.5
MIN_IOU = 0.5
# Below this a box counts neither as found nor as one too many: the usual cut of detectors.
MIN_SCORE = 0.25
STRONG_SCORE = 0.5


@dataclass(slots=True)
class Count:
    """What was found of one kind of figures."""

    figures: int = 0
    extra: int = 0
    frames: int = 0
    scores: list[float] = field(default_factory=list)
    overlaps: list[float] = field(default_factory=list)

    def row(self) -> dict[str, float | int | None]:
        """Return the figures of a table row; None where there is nothing to divide by."""
        found = len(self.scores)
        strong = sum(score >= STRONG_SCORE for score in self.scores)
        return {
            "frames": self.frames,
            "figures": self.figures,
            "recall": round(found / self.figures, 3) if self.figures else None,
            "strong": round(strong / self.figures, 3) if self.figures else None,
            "confidence": round(float(np.mean(self.scores)), 3) if found else None,
            "overlap": round(float(np.mean(self.overlaps)), 3) if found else None,
            "extra": self.extra,
        }


def truth_boxes(truth: dict[str, Any]) -> dict[int, tuple[np.ndarray, np.ndarray]]:
    """Return per frame the (N, 4) visible boxes and whether each one has to be found."""
    rows: dict[int, list[tuple[list[int], bool]]] = defaultdict(list)
    for person in truth["people"]:
        for track in person["tracks"]:
            for frame, box, visible, cut in zip(
                track["frames"], track["boxes"], track["visible"], track["truncation"], strict=True
            ):
                rows[frame].append((box, visible >= MIN_VISIBLE and cut <= MAX_TRUNCATION))
    return {
        frame: (np.array([b for b, _ in found], np.float32), np.array([w for _, w in found]))
        for frame, found in rows.items()
    }


def count_clip(clip: Path, truth: dict[str, Any], detector: YoloDetector, every: int) -> Count:
    """Run the detector over every n-th frame of a clip and compare."""
    boxes = truth_boxes(truth)
    count = Count()
    for batch in _batches(clip, every):
        found = detector.detect(batch)
        found = found.take(found.score >= MIN_SCORE)
        for frame in batch.index.tolist():
            wanted = boxes.get(frame, (np.zeros((0, 4), np.float32), np.zeros(0, bool)))
            _compare(count, found.take(found.frame == frame), *wanted)
    return count


def _batches(clip: Path, every: int) -> Iterator[FrameBatch]:
    with PyAvSource(clip) as source:
        for batch in source.batches(8):
            # A batch holds consecutive frames, so every kept one is a batch of its own.
            for i in np.flatnonzero(batch.index % every == 0).tolist():
                one = slice(i, i + 1)
                yield FrameBatch(batch.index[one], batch.time_s[one], batch.rgb[one])


def _compare(count: Count, found: Detections, boxes: np.ndarray, wanted: np.ndarray) -> None:
    overlap = iou(boxes, found.xyxy)
    rows, columns = linear_sum_assignment(-overlap)
    taken = np.zeros(len(found), bool)
    for row, column in zip(rows, columns, strict=True):
        if overlap[row, column] < MIN_IOU:
            continue
        taken[column] = True
        if wanted[row]:
            count.scores.append(float(found.score[column]))
            count.overlaps.append(float(overlap[row, column]))
    count.frames += 1
    count.figures += int(wanted.sum())
    count.extra += int((~taken).sum())


def _table(rows: dict[str, dict[str, float | int | None]]) -> str:
    columns = ("frames", "figures", "recall", "strong", "confidence", "overlap", "extra")
    lines = [f"{'':<28}" + "".join(f"{name:>12}" for name in columns)]
    for label, row in rows.items():
        cells = ["-" if row[name] is None else str(row[name]) for name in columns]
        lines.append(f"{label:<28}" + "".join(f"{cell:>12}" for cell in cells))
    return "\n".join(lines)


def _merge(into: Count, part: Count) -> None:
    into.figures += part.figures
    into.extra += part.extra
    into.frames += part.frames
    into.scores += part.scores
    into.overlaps += part.overlaps


def main() -> int:
    """Measure all clips of a folder that have their truth beside them."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--detector", required=True, type=Path, help="weights of a YOLO model")
    parser.add_argument("--clips", type=Path, default=Path("sample_videos"))
    parser.add_argument("--every", type=int, default=3, help="look at every n-th frame")
    parser.add_argument("--per-clip", action="store_true", help="one row per clip as well")
    parser.add_argument("--json", type=Path, help="write the rows here, too")
    options = parser.parse_args()
    detector = YoloDetector(options.detector, DetectorSettings())
    species: dict[str, Count] = defaultdict(Count)
    clips: dict[str, Count] = {}
    for path in sorted(options.clips.glob("*.truth.json")):
        truth = json.loads(path.read_text())
        count = count_clip(path.with_name(truth["clip"]), truth, detector, options.every)
        clips[truth["clip"]] = count
        _merge(species[truth["studio"]["species"]], count)
        print(f"{truth['clip']} done", file=sys.stderr)
    rows = {name: count.row() for name, count in sorted(species.items())}
    if options.per_clip:
        rows.update({name: count.row() for name, count in clips.items()})
    print(_table(rows))
    if options.json:
        options.json.write_text(json.dumps(rows, indent=1, sort_keys=True) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
