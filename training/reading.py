"""Single pictures of clips, and what a detector finds in one."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

import cv2
import numpy as np

from scenes.frames import FrameBatch

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from numpy.typing import NDArray

    from tracker.detections import Detections, Detector


def at_frames(video: Path, count: int) -> Iterator[tuple[int, NDArray[np.uint8]]]:
    """Yield number and (H, W, 3) BGR picture of `count` frames, evenly spread over a clip."""
    capture = cv2.VideoCapture(str(video))
    try:
        total = int(capture.get(cv2.CAP_PROP_FRAME_COUNT))
        wanted = {int((k + 0.5) * total / count) for k in range(count)}
        for frame in range(max(wanted, default=-1) + 1):
            if not capture.grab():
                return
            if frame in wanted:
                yield frame, np.asarray(capture.retrieve()[1], np.uint8)
    finally:
        capture.release()


def seen_by(detector: Detector, rgb: NDArray[np.uint8]) -> Detections:
    """Return what a detector finds in one (H, W, 3) RGB picture, by falling score."""
    return detector.detect(
        FrameBatch(index=np.zeros(1, np.int64), time_s=(Fraction(0),), rgb=rgb[None])
    )
