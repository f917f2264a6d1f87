"""How sure a second detector is of the same box, in [0, 1]."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from tracker import boxes

if TYPE_CHECKING:
    from identity.appearance.cues.crops import Crops, Measured
    from tracker.detections import Detections

SAME_IOU = 0.5


def measure(crops: Crops, _cue: str) -> Measured:
    """Return the rows that the second detector was asked about, and (K, 1) how sure it is."""
    return crops.second_opinion()


def opinion_on(found: Detections, second: Detections, frames: set[int]) -> Measured:
    """Return which boxes are of some frames, (K,), and (K, 1) how sure a second detector is.

    That is its score of what is there for it too (IoU of 0.5 and more); 0 = it sees nobody there.

    Args:
        found: Boxes that are asked about.
        second: What the second detector found in the frames.
        frames: In which it was asked.

    Example:
        >>> from tracker.detections import Detections
        >>> box, number = np.array([[0, 0, 10, 30]], np.float32), np.zeros(1, np.int64)
        >>> one = Detections(number, box, np.ones(1, np.float32), np.zeros(1, np.int32))
        >>> sure = Detections(number, box, np.full(1, 0.5, np.float32), np.zeros(1, np.int32))
        >>> opinion_on(one, sure, {0})[1].tolist(), opinion_on(one, sure, {3})[1].tolist()
        ([[0.5]], [])
    """
    rows = np.flatnonzero(np.isin(found.frame, sorted(frames)))
    score = np.zeros((len(rows), 1), np.float32)
    for frame in np.unique(found.frame[rows]):
        own, there = rows[found.frame[rows] == frame], np.flatnonzero(second.frame == frame)
        same = boxes.iou(found.xyxy[own], second.xyxy[there]) >= SAME_IOU
        sure = np.where(same, second.score[there], 0)
        score[np.searchsorted(rows, own), 0] = sure.max(axis=1, initial=0)
    return rows, score
