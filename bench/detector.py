"""How well detectors find people, side by side: recall and precision at IoU 0.5, and time.

    python -m bench.detector WEIGHTS... [--real DIR] [--studio DIR] [--sizes 320,640] [--limit N]
                             [--labels-alone] [--json FILE]

On the labelled pictures of the generated clips, and on rendered clips. WEIGHTS are paths or known
names, such as `bundled`; behind a colon stand the classes that count, `any` for all: `a.pt:any`.
The boxes of the labels are those of yolov8n, looked through by eye, so a detector of other habits
is at a disadvantage in where a box ends. Characters that yolov8n did not find were drawn by eye
(`bench/data/characters.json`); with `--labels-alone` they are counted as found by nobody, and a box
on them as wrong.
"""

from __future__ import annotations

import argparse
import json
import time
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from bench.labelled import EARLIER_CLIPS, Labelled, real_pictures, studio_pictures
from scenes.frames import FrameBatch
from tracker import boxes
from tracker.settings import DetectorSettings
from tracker.yolo import YoloDetector

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

Boxes = tuple["NDArray[np.float32]", "NDArray[np.float32]"]  # (N, 4) px, (N,) scores

_MIN_IOU = 0.5
_MIN_SCORE = 0.02
_WANTED_PRECISION = 0.90
_TOUCHING = 0.05  # of the smaller of two boxes that the other covers
_AROUND = 0.75  # of both, in one box that is taken for one of them


def match(
    xyxy: NDArray[np.float32], picture: Labelled
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Tell which of the boxes, best first, are right, and which count at all.

    Args:
        xyxy: (N, 4) by falling score. Each person is found once; a second box is wrong.
        picture: What is there.

    Returns:
        (N,) right and (N,) counted: a box on somebody who need not be found is not counted.
    """
    right = np.zeros(len(xyxy), np.bool_)
    counted = np.ones(len(xyxy), np.bool_)
    free = np.ones(len(picture.boxes), np.bool_)
    overlap = boxes.iou(xyxy, picture.boxes)
    spare = boxes.covered(xyxy, picture.ignored)
    for row in range(len(xyxy)):
        fits = np.where(free, overlap[row], 0)
        best = int(fits.argmax()) if len(fits) else -1
        if best >= 0 and fits[best] >= _MIN_IOU:
            free[best], right[row] = False, True
        elif spare.shape[1] and spare[row].max() >= _MIN_IOU:
            counted[row] = False
    return right, counted


def touching_pairs(picture: Labelled) -> list[tuple[int, int]]:
    """Return the pairs of people whose boxes overlap.

    Two boxes of which one lies in the other are left out: any box of the one is around both.
    """
    inside = boxes.covered(picture.boxes, picture.boxes)
    mutual = np.maximum(inside, inside.T)
    return [
        (a, b) for a in range(len(inside)) for b in range(a) if _TOUCHING <= mutual[a, b] < _AROUND
    ]


def merged_pairs(xyxy: NDArray[np.float32], picture: Labelled) -> int:
    """Return how many touching pairs have one box around both and not one each.

    Args:
        xyxy: (N, 4) boxes that would be tracked.
        picture: What is there.
    """
    found = (boxes.iou(picture.boxes, xyxy) >= _MIN_IOU).any(axis=1)
    held = np.asarray(boxes.covered(picture.boxes, xyxy) >= _AROUND)
    return sum(
        bool((held[a] & held[b]).any()) and not (found[a] and found[b])
        for a, b in touching_pairs(picture)
    )


def figures(scores: NDArray[np.float32], right: NDArray[np.bool_], people: int) -> dict[str, float]:
    """Return precision and recall at the best F1, and the recall at precision 0.90.

    Example:
        >>> figures(np.array([0.9, 0.8, 0.7], np.float32), np.array([True, True, False]), 2)["f1"]
        1.0
    """
    order = np.argsort(-scores, kind="stable")
    hits = np.cumsum(right[order])
    precision = hits / np.arange(1, len(order) + 1)
    recall = hits / max(people, 1)
    if not len(order) or not hits[-1]:
        return dict.fromkeys(
            ("f1", "precision", "recall", "score", "recall_at_p90", "score_at_p90"), 0.0
        )
    f1 = 2 * precision * recall / np.maximum(precision + recall, 1e-9)
    best = int(f1.argmax())
    good = recall[precision >= _WANTED_PRECISION]
    return {
        "f1": float(f1[best]),
        "precision": float(precision[best]),
        "recall": float(recall[best]),
        "score": float(scores[order][best]),
        "recall_at_p90": float(good.max()) if len(good) else 0.0,
        "score_at_p90": float(scores[order][precision >= _WANTED_PRECISION][-1])
        if len(good)
        else 1.0,
    }


def measure(detector: YoloDetector, pictures: Sequence[Labelled]) -> dict[str, float]:
    """Return the figures of one detector on one set, with ms per picture."""
    spent, seen = [], []
    for picture in pictures:
        batch = FrameBatch(
            index=np.zeros(1, np.int64), time_s=(Fraction(0),), rgb=picture.rgb[None]
        )
        started = time.perf_counter()
        found = detector.detect(batch)
        spent.append(time.perf_counter() - started)
        seen.append((found.xyxy, found.score))
    # The least of many: other work on the machine only ever adds.
    return {**judged(seen, pictures), "ms": 1000 * float(np.percentile(spent, 10))}


def judged(seen: Sequence[Boxes], pictures: Sequence[Labelled]) -> dict[str, float]:
    """Return the figures of what was seen in some pictures.

    Args:
        seen: Per picture the (N, 4) boxes and their (N,) scores, the highest first.
        pictures: The same pictures.
    """
    scores, right = [], []
    for (xyxy, score), picture in zip(seen, pictures, strict=True):
        hit, counted = match(xyxy, picture)
        scores.append(score[counted])
        right.append(hit[counted])
    people = sum(len(p.boxes) + p.missed for p in pictures)
    row = figures(np.concatenate(scores), np.concatenate(right), people)
    strong = [xyxy[score >= row["score_at_p90"]] for xyxy, score in seen]
    return {**row, **among_others(strong, pictures), "people": people}


def among_others(
    strong: Sequence[NDArray[np.float32]], pictures: Sequence[Labelled]
) -> dict[str, float]:
    """Return the recall of people who touch another one, and how many pairs have one box for two.

    Args:
        strong: Per picture the (N, 4) boxes that are kept where precision is 0.90.
        pictures: The same pictures.
    """
    found = touched = pairs = merged = 0
    for xyxy, picture in zip(strong, pictures, strict=True):
        close = touching_pairs(picture)
        who = sorted({person for pair in close for person in pair})
        each = (boxes.iou(picture.boxes[who], xyxy) >= _MIN_IOU).any(axis=1)
        found, touched = found + int(each.sum()), touched + len(who)
        pairs, merged = pairs + len(close), merged + merged_pairs(xyxy, picture)
    return {
        "touching": touched,
        "recall_touching": found / max(touched, 1),
        "pairs": pairs,
        "two_in_one_box": merged / max(pairs, 1),
    }


def open_detector(spec: str, *, size_px: int) -> YoloDetector:
    """Open `PATH[:CLASSES]`; classes "any" = all that the network knows."""
    path, _, words = spec.partition(":")
    if words == "any":
        names = YoloDetector(path, device="cpu", trusted=True).all_class_names
        words = ",".join(names.values())
    settings = DetectorSettings(image_size_px=size_px, min_score=_MIN_SCORE, classes=words)
    return YoloDetector(path, settings, device="cpu", trusted=True)


def main() -> None:
    """Print one row per detector, size and set."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("weights", nargs="+")
    parser.add_argument("--real", type=Path, default=Path("../shared/real"))
    parser.add_argument("--studio", type=Path)
    parser.add_argument("--sizes", default="320,640")
    parser.add_argument("--step", type=int, default=8, help="every Nth frame of a rendered clip")
    parser.add_argument("--limit", type=int, default=30, help="at most so many rendered clips")
    parser.add_argument("--labels-alone", action="store_true", help="without drawn characters")
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    _one_core()
    sets: dict[str, list[Labelled]] = {}
    if given.real.is_dir():
        halves = {"earlier": slice(EARLIER_CLIPS), "new": slice(EARLIER_CLIPS, None)}
        for name, clips in halves.items():
            pictures = real_pictures(given.real, clips=clips, drawn=not given.labels_alone)
            sets[f"real, {name}"] = list(pictures)
    else:
        print(f"{given.real} is not there: the labelled clips are skipped")
    if given.studio:
        sets["studio"] = list(
            studio_pictures(given.studio, step_frames=given.step, limit=given.limit)
        )
    print(
        "| detector | px | set | people | recall | precision | F1 | recall at P >= .90 "
        "| of those who touch | two in one box | ms |"
    )
    print("|---|---:|---|---:|---:|---:|---:|---:|---:|---:|---:|")
    table = []
    for spec in given.weights:
        for size_px in map(int, given.sizes.split(",")):
            detector = open_detector(spec, size_px=size_px)
            for name, pictures in sets.items():
                row = measure(detector, pictures)
                shown = Path(spec.partition(":")[0]).stem + spec[len(spec.partition(":")[0]) :]
                table.append({"detector": shown, "size_px": size_px, "set": name, **row})
                print(
                    f"| {shown} | {size_px} | {name} | {row['people']:.0f} | {row['recall']:.3f} "
                    f"| {row['precision']:.3f} | {row['f1']:.3f} | {row['recall_at_p90']:.3f} "
                    f"| {row['recall_touching']:.3f} | {row['two_in_one_box']:.3f} "
                    f"| {row['ms']:.0f} |",
                    flush=True,
                )
    if given.json:
        given.json.parent.mkdir(parents=True, exist_ok=True)
        given.json.write_text(json.dumps(table, indent=1) + "\n", encoding="utf-8")


def _one_core() -> None:
    import cv2
    import torch

    torch.set_num_threads(1)
    cv2.setNumThreads(1)


if __name__ == "__main__":
    main()
