"""How often heads of the bundled network change the boxes of a detector that knows none.

    python -m bench.head_pairing WEIGHTS [--real DIR] [--pictures N]

N pictures of every labelled clip, evenly spread. Boxes and heads are found in all of them, whether
or not the program would ask for heads there, and counted by what the boxes of the picture look like
before. A picture is changed where a box that starts a track comes, goes, or moves by more than a
tenth of its own area.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from bench.tables import Table
from scenes.source import open_source
from tracker import boxes
from tracker.classes import HEAD
from tracker.head_pairing import needs_heads
from tracker.heads import SEEN, join
from tracker.known_weights import BUNDLED
from tracker.settings import DetectorSettings, TrackerSettings
from tracker.yolo import YoloDetector

if TYPE_CHECKING:
    from tracker.detections import Detections

SAME_IOU = 0.9
TOUCHING_IOU = 0.05


def sort_of(found: Detections, *, width_px: int, height_px: int) -> str:
    """Return what the boxes of a picture look like.

    Example:
        >>> from tracker.detections import Detections
        >>> sort_of(Detections.empty(), width_px=100, height_px=100)
        'none (asked for)'
    """
    asked = needs_heads(found, width_px=width_px, height_px=height_px)
    if len(found) < 2:
        sort = ("none", "one")[len(found)]
    elif asked:
        sort = "one in a more confident one, or its double"
    else:
        touch = float(boxes.iou_of_pairs(found.xyxy).max()) >= TOUCHING_IOU
        sort = "more, some touch" if touch else "more, apart"
    return f"{sort} (asked for)" if asked else sort


def is_changed(before: Detections, after: Detections, *, least: float) -> bool:
    """Tell whether boxes of at least this score have come, gone or moved."""
    old, new = (found.xyxy[found.score >= least] for found in (before, after))
    if len(old) != len(new):
        return True
    return bool(len(old)) and bool((boxes.iou(old, new).max(axis=1) < SAME_IOU).any())


def count_changes(
    people: YoloDetector, heads: YoloDetector, clips: list[Path], *, pictures: int
) -> tuple[Counter[str], Counter[str]]:
    """Return how many pictures there are of each sort, and how many of them heads change."""
    seen: Counter[str] = Counter()
    changed: Counter[str] = Counter()
    half_class, least = min(people.class_names), TrackerSettings().start_score
    for clip in clips:
        with open_source(clip) as source:
            last = (source.info.frame_count or 1) - 1
            wanted = {int(frame) for frame in np.linspace(0, last, pictures + 2)[1:-1]}
            for batch in source.batches(8, only=wanted):
                bodies, their_heads = people.detect(batch), heads.detect(batch)
                height, width = batch.rgb.shape[1:3]
                for frame in batch.index.tolist():
                    own, here = (
                        found.take(np.flatnonzero(found.frame == frame))
                        for found in (bodies, their_heads)
                    )
                    after = join(own, here, width_px=width, height_px=height, half_class=half_class)
                    sort = sort_of(own, width_px=width, height_px=height)
                    seen[sort] += 1
                    changed[sort] += is_changed(own, after, least=least)
    return seen, changed


def main(argv: list[str] | None = None) -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])  # type: ignore[union-attr]
    parser.add_argument("weights", help="of a detector of people that knows no heads")
    parser.add_argument("--real", type=Path, default=Path("../shared/real"))
    parser.add_argument("--pictures", type=int, default=6, help="of each clip")
    options = parser.parse_args(argv)
    clips = sorted((options.real / "clips").glob("*.mp4"))
    if not clips:
        print(f"{options.real}: no labelled clips here, nothing measured", file=sys.stderr)
        return 0
    settings = DetectorSettings()
    people = YoloDetector(options.weights, settings)
    heads = YoloDetector(BUNDLED, replace(settings, classes=HEAD, min_score=SEEN))
    seen, changed = count_changes(people, heads, clips, pictures=options.pictures)
    rows = tuple((sort, count, changed[sort]) for sort, count in sorted(seen.items()))
    print(Table("boxes of a picture", ("", "pictures", "changed by heads"), rows).markdown())
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
