"""How many heads a detector finds in generated clips.

    python -m bench.heads [WEIGHTS] [--size PX] [--real DIR]

`bench/data/heads.json` holds 196 heads as numbers: clip, frame, box of the character, box of the
head (hair, hat and face; from behind too). Characters were drawn by chance from the labelled ones
of `../shared/real`, at most five of a clip, drawn figures and animals among them. Each was looked
at with the two boxes that the bundled network itself proposed, however doubtful; where neither was
the head, it was drawn by hand. So where a box ends is flattering to that network, and whether there
is one is not. What is found inside another labelled character of the picture does not count. Heads
are measured as they are matched with bodies: one box a head.
"""

from __future__ import annotations

import argparse
import json
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from bench.detector import figures, open_detector
from bench.labelled import EARLIER_CLIPS, Labelled, real_pictures
from scenes.frames import FrameBatch
from tracker import boxes

if TYPE_CHECKING:
    from tracker.yolo import YoloDetector

DATA = Path(__file__).parent / "data" / "heads.json"
_INSIDE, _MIN_IOU = 0.5, 0.5

Head = tuple[np.ndarray, np.ndarray]  # (1, 4) box of the character, (1, 4) of its head


def read_heads(path: Path = DATA) -> dict[tuple[str, int], list[Head]]:
    """Return clip and frame to the labelled characters and their heads, px."""
    found: dict[tuple[str, int], list[Head]] = {}
    for clip, frame, body, head in json.loads(path.read_text(encoding="utf-8")):
        pair = (np.array([body], np.float32), np.array([head], np.float32))
        found.setdefault((clip, frame), []).append(pair)
    return found


def judge(xyxy: np.ndarray, heads: list[Head], picture: Labelled) -> tuple[np.ndarray, np.ndarray]:
    """Return (N,) whether each box, by falling score, is a labelled head, and whether it counts."""
    right, counted = np.zeros(len(xyxy), bool), np.zeros(len(xyxy), bool)
    chosen = np.concatenate([body for body, _ in heads])
    other = [b for b in picture.boxes if boxes.iou(b[None], chosen).max() < 0.99]
    for body, head in heads:
        inside = boxes.covered(xyxy, body)[:, 0] >= _INSIDE
        fits = np.where(inside, boxes.iou(xyxy, head)[:, 0], 0)
        hit = int(np.argmax(fits >= _MIN_IOU)) if (fits >= _MIN_IOU).any() else -1
        for row in np.flatnonzero(inside):
            elsewhere = len(other) and boxes.covered(xyxy[row : row + 1], np.array(other)).max()
            counted[row] |= row == hit or elsewhere < _INSIDE
            right[row] |= row == hit
    return right, counted


def measure(detector: YoloDetector, real: Path, clips: slice) -> tuple[dict[str, float], int]:
    """Return the figures of one detector, and of how many heads."""
    labelled = read_heads()
    scores, right, count = [], [], 0
    for picture in real_pictures(real, clips=clips):
        heads = labelled.get((picture.clip, picture.frame))
        if not heads:
            continue
        batch = FrameBatch(np.zeros(1, np.int64), (Fraction(0),), picture.rgb[None])
        ((_, found),) = detector.bodies_and_heads(batch.index, batch.rgb)
        hit, counted = judge(found.xyxy, heads, picture)
        scores.append(found.score[counted])
        right.append(hit[counted])
        count += len(heads)
    return figures(np.concatenate(scores), np.concatenate(right), count), count


def main() -> None:
    """Print one row per set of clips."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])  # type: ignore[union-attr]
    parser.add_argument("weights", nargs="?", default="bundled")
    parser.add_argument("--size", type=int, default=0, help="0 = as the network says")
    parser.add_argument("--real", type=Path, default=Path("../shared/real"))
    given = parser.parse_args()
    if not given.real.is_dir():
        print(f"{given.real} is not there: nothing to measure with, skipped")
        return
    detector = open_detector(given.weights, size_px=given.size)
    print("| clips | heads | best F1 | recall at precision 0.90 |\n|---|---:|---:|---:|")
    earlier, new = slice(EARLIER_CLIPS), slice(EARLIER_CLIPS, None)
    for name, clips in (("earlier", earlier), ("new", new), ("all", slice(None))):
        row, count = measure(detector, given.real, clips)
        print(f"| {name} | {count} | {row['f1']:.3f} | {row['recall_at_p90']:.3f} |", flush=True)


if __name__ == "__main__":
    main()
