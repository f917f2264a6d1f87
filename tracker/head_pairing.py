"""Heads for detectors that know none: another network is asked for them where they can help."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from scenes.frames import FrameBatch
from tracker import boxes
from tracker.detections import Detections
from tracker.heads import DOUBLE_IOU, PART_INSIDE, join, single_heads

if TYPE_CHECKING:
    from tracker.yolo import YoloDetector

LARGE_SHARE = 0.2  # of the picture: a box that may hold two, where it is the only one


def needs_heads(found: Detections, *, width_px: int, height_px: int) -> bool:
    """Tell whether heads may change the boxes of a picture, as far as the boxes can say.

    That is where a box doubles another, or lies in a surer one: it may be a piece of that person.
    Also where the only box is large: it may hold two. A picture without any box counts too, as
    somebody who fills it may have none. Nowhere else have heads changed anything
    (`python -m bench.head_pairing`).

    Args:
        found: Boxes of one picture.
        width_px: Of the picture.
        height_px: Of the picture.

    Example:
        >>> score, kind = np.array([0.9, 0.8], np.float32), np.zeros(2, np.int32)
        >>> apart = np.array([[0, 0, 10, 30], [60, 0, 70, 30]], np.float32)
        >>> two = Detections(np.zeros(2, np.int64), apart, score, kind)
        >>> needs_heads(two, width_px=100, height_px=100)
        False
        >>> needs_heads(Detections.empty(), width_px=100, height_px=100)
        True
    """
    if not len(found):
        return True
    if len(found) == 1:
        return bool(boxes.area(found.xyxy)[0] >= LARGE_SHARE * width_px * height_px)
    if boxes.iou_of_pairs(found.xyxy).max() >= DOUBLE_IOU:
        return True
    inside = boxes.covered(found.xyxy, found.xyxy) >= PART_INSIDE
    return bool((inside & (found.score[None, :] > found.score[:, None])).any())


class HeadPairedDetector:
    """A detector of people whose boxes are matched with the heads that another one finds.

    Args:
        people: Finds people.
        heads: Finds heads: its class `head` is what it is asked for.
    """

    def __init__(self, people: YoloDetector, heads: YoloDetector) -> None:
        self._people, self._heads = people, heads
        self._half_class = min(set(people.class_names) - people.passing_classes)

    @property
    def heads(self) -> YoloDetector:
        """What finds the heads."""
        return self._heads

    @property
    def name(self) -> str:
        """Of the detector of people."""
        return self._people.name

    @property
    def sha256(self) -> str | None:
        """Of the detector of people."""
        return self._people.sha256

    @property
    def heads_from(self) -> dict[str, str | None]:
        """Name and sha256 of what finds the heads, for the report."""
        return {"name": self._heads.name, "sha256": self._heads.sha256}

    @property
    def passing_classes(self) -> frozenset[int]:
        """Classes that count only where they are large and stay."""
        return self._people.passing_classes

    @property
    def batch_size(self) -> int:
        """Pictures per forward pass."""
        return self._people.batch_size

    def detect(self, batch: FrameBatch) -> Detections:
        """Return the boxes of all frames of `batch`, sorted by frame, then by falling score."""
        found = self._people.detect(batch)
        height_px, width_px = batch.rgb.shape[1:3]
        size = {"width_px": width_px, "height_px": height_px}
        own = [found.take(np.flatnonzero(found.frame == frame)) for frame in batch.index]
        asked = [k for k, rows in enumerate(own) if needs_heads(rows, **size)]
        if not asked:
            return found
        heads = self._heads.detect(
            FrameBatch(batch.index[asked], tuple(batch.time_s[k] for k in asked), batch.rgb[asked])
        )
        for k in asked:
            here = single_heads(heads.take(np.flatnonzero(heads.frame == batch.index[k])))
            own[k] = join(own[k], here, half_class=self._half_class, **size)
        return Detections.concat(own)


__all__ = ["HeadPairedDetector", "needs_heads"]
