"""Store what a detector finds, so that it can be judged again without the network.

    python -m bench.store_boxes --detector WEIGHTS -o FOLDER CLIP...

Writes `FOLDER/<stem>.txt` per clip; `castcheck check CLIP --detector FOLDER` reads them.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from scenes.source import open_source
from tracker.detections import Detections
from tracker.replay import write_detections
from tracker.settings import DetectorSettings
from tracker.yolo import YoloDetector


def main(argv: list[str] | None = None) -> int:
    """Run the detector over the clips."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("clips", nargs="+", type=Path)
    parser.add_argument("--detector", required=True)
    parser.add_argument("--classes", default="")
    parser.add_argument("-o", "--out", type=Path, required=True)
    options = parser.parse_args(argv)
    detector = YoloDetector(options.detector, DetectorSettings(classes=options.classes))
    options.out.mkdir(parents=True, exist_ok=True)
    for clip in options.clips:
        with open_source(clip) as source:
            found = Detections.concat([detector.detect(batch) for batch in source.batches(16)])
        (options.out / f"{clip.stem}.txt").write_text(write_detections(found), encoding="utf-8")
        print(f"{clip.stem}: {len(found)} boxes", file=sys.stderr)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
