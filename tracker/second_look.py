"""A box that may hold two people, looked at once more in a smaller picture. Pure functions.

Where two heads lie side by side in one box, the network at another size often draws two. It is
asked there only, and believed only where its boxes part the one: a smaller picture has its own
mistakes.
"""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np

from tracker import boxes
from tracker.detections import Detections
from tracker.heads import fits, side_by_side

if TYPE_CHECKING:
    from numpy.typing import NDArray

SURE = 0.4  # boxes scored lower are not worth the time
SIZE = 0.75  # of the side of the picture that was searched first
_PART_INSIDE = 0.75  # of a part, that lies in the box it is a part of
_PART_HEIGHT = 0.5  # at least, of that box
_PARTS_SHARED = 0.5  # at most, of either part that the other covers
_PARTS_COVER = 0.65  # IoU of the box around both parts with the box that is parted
_KNOWN_IOU = 0.5  # a part that has a box already
_PART_SCORE = 0.25


def holds_two_heads(bodies: Detections, heads: Detections) -> bool:
    """Tell whether one of the sure bodies of a picture has two heads side by side, even weak ones.

    Args:
        bodies: Of one picture, as the network scored them.
        heads: Of the same picture.
    """
    sure = bodies.xyxy[bodies.score >= SURE]
    if not len(sure) or len(heads) < 2:
        return False
    return any(
        side_by_side(heads.xyxy[a], heads.xyxy[b])
        for row in fits(sure, heads.xyxy)
        for a, b in combinations(np.flatnonzero(row > 0).tolist(), 2)
    )


def parted(found: Detections, again: Detections) -> Detections:
    """Return the boxes of a picture with those in two parts that two of the second look part.

    Args:
        found: Of one picture, by falling score.
        again: Of the same picture, seen at another size.
    """
    again = again.take(np.asarray(again.score >= _PART_SCORE, np.bool_))
    if not len(found) or len(again) < 2:
        return found
    gone: list[int] = []
    new: list[Detections] = []
    for row in range(len(found)):
        pair = _parts_of(found.xyxy[row], again.xyxy)
        if found.score[row] < _PART_SCORE or pair is None:
            continue
        gone.append(row)
        rest = np.setdiff1d(np.arange(len(found)), gone)
        for part in pair:
            known = np.concatenate([found.xyxy[rest], *(one.xyxy for one in new)])
            if boxes.iou(again.xyxy[[part]], known).max(initial=0) < _KNOWN_IOU:
                score = np.minimum(again.score[[part]], found.score[row])
                new.append(
                    Detections(
                        found.frame[[row]], again.xyxy[[part]], score, again.class_id[[part]]
                    )
                )
    if not gone:
        return found
    kept = found.take(np.setdiff1d(np.arange(len(found)), gone))
    whole = Detections.concat([kept, *new])
    return whole.take(np.argsort(-whole.score, kind="stable"))


def _parts_of(box: NDArray[np.float32], seen: NDArray[np.float32]) -> tuple[int, int] | None:
    """Return which two of the (N, 4) boxes lie side by side in `box` (4,) and fill it best."""
    shared = boxes.covered(seen, seen)
    tall = seen[:, 3] - seen[:, 1] >= _PART_HEIGHT * (box[3] - box[1])
    inside = boxes.covered(seen, box[None])[:, 0] >= _PART_INSIDE
    best, found = _PARTS_COVER, None
    for a, b in combinations(np.flatnonzero(tall & inside).tolist(), 2):
        if max(shared[a, b], shared[b, a]) > _PARTS_SHARED:
            continue
        around = np.concatenate(
            [np.minimum(seen[a, :2], seen[b, :2]), np.maximum(seen[a, 2:], seen[b, 2:])]
        )
        cover = float(boxes.iou(around[None], box[None])[0, 0])
        if cover >= best:
            best, found = cover, (a, b)
    return found
