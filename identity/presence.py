"""Who disappears or appears in open picture: candidates, to be checked in the pictures."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import cv2
import numpy as np

from tracker import boxes

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from identity.series import Series
    from scenes.shots import Shot

_EDGE_SHARE = 0.03  # nearer to the edge than this share of the picture, one may have walked out
_MIN_PRESENT_S = 0.3
_MIN_ABSENT_S = 0.2
_HIDDEN_SHARE = 0.15  # overlap with somebody else from which one may be behind him
_MIN_SCORE = 0.5
_NEAR_FRAMES = 3
_SETTLED_BOXES = 5
_SETTLED_RATIO = 1.2  # growth within these boxes from which somebody is still coming in
_IN_FRONT_SHARE = 0.03  # of its height: how exactly the foot of a box is known


@dataclass(frozen=True, slots=True, eq=False)
class Gap:
    """Somebody's box ends, or begins, in open picture.

    Attributes:
        kind: "vanish" or "pop_in".
        series: Index of the series.
        frame: First frame without it, or first frame with it.
        seen_frame: The frame nearest to it in which the box is there.
        unseen_frames: Frames in which it is not, nearest first.
        box: (4,) float32, where it was or where it appears.
    """

    kind: Literal["vanish", "pop_in"]
    series: int
    frame: int
    seen_frame: int
    unseen_frames: tuple[int, ...]
    box: NDArray[np.float32]


def find_gaps(
    all_series: Sequence[Series],
    scores: Sequence[NDArray[np.float32]],
    shot: Shot,
    *,
    size_px: tuple[int, int],
    fps: float,
) -> list[Gap]:
    """Return where boxes of one shot end or begin although nothing explains it.

    Args:
        all_series: Of the shot.
        scores: Detection scores of each series, (T,) in [0, 1].
        shot: Its frames.
        size_px: Width and height of the picture.
        fps: Of the clip.
    """
    gaps = []
    for index, series in enumerate(all_series):
        present_s = len(series.frame) / fps
        if present_s < _MIN_PRESENT_S or float(np.median(scores[index])) < _MIN_SCORE:
            continue
        others = [s for k, s in enumerate(all_series) if k != index]
        last, first = int(series.frame[-1]), int(series.frame[0])
        if (shot.stop_frame - 1 - last) / fps >= _MIN_ABSENT_S and _is_open(
            series, -1, others, size_px
        ):
            unseen = tuple(range(last + 1, min(last + 4, shot.stop_frame)))
            gaps.append(Gap("vanish", index, last + 1, last, unseen, series.xyxy[-1]))
        if (first - shot.start_frame) / fps >= _MIN_ABSENT_S and _is_open(
            series, 0, others, size_px
        ):
            unseen = tuple(range(first - 1, max(first - 4, shot.start_frame - 1), -1))
            gaps.append(Gap("pop_in", index, first, first, unseen, series.xyxy[0]))
    return gaps


def _is_open(series: Series, row: int, others: Sequence[Series], size_px: tuple[int, int]) -> bool:
    """Tell whether the box at `row` is away from the side edges and from everybody else."""
    x1, y1, x2, y2 = series.xyxy[row]
    width, height = size_px
    if x1 < _EDGE_SHARE * width or x2 > (1 - _EDGE_SHARE) * width:
        return False
    at_edge = y1 < _EDGE_SHARE * height or y2 > (1 - _EDGE_SHARE) * height
    if at_edge and _grows(series, row):
        return False  # comes in, or goes out, over the upper or lower edge
    frame = int(series.frame[row])
    box = series.xyxy[row]
    for other in others:
        near = other.xyxy[np.abs(other.frame - frame) <= _NEAR_FRAMES]
        # Nobody is hidden by a person who stands behind: whose box ends higher.
        in_front = near[near[:, 3] >= box[3] - _IN_FRONT_SHARE * (box[3] - box[1])]
        if len(in_front) and float(boxes.covered(box[None], in_front).max()) > _HIDDEN_SHARE:
            return False
    return True


def _grows(series: Series, row: int) -> bool:
    """Tell whether the box at an end of a series is still changing its height."""
    heights = series.xyxy[:, 3] - series.xyxy[:, 1]
    ends = heights[:_SETTLED_BOXES] if row == 0 else heights[-_SETTLED_BOXES:]
    return bool(ends.max() > _SETTLED_RATIO * max(float(heights[row]), 1.0))


def still_there(seen: NDArray[np.uint8], unseen: NDArray[np.uint8]) -> float:
    """Return how much two (h, w, 3) crops of the same place agree, in [-1, 1].

    Normalised cross-correlation of small grey versions: if somebody is gone, what was behind comes
    out and the crops differ; if the detector only missed, they agree.
    """
    small = [
        cv2.cvtColor(cv2.resize(c, (24, 48), interpolation=cv2.INTER_AREA), cv2.COLOR_RGB2GRAY)
        for c in (seen, unseen)
    ]
    a, b = (s.astype(np.float64).ravel() - s.mean() for s in small)
    return float(a @ b / max(np.linalg.norm(a) * np.linalg.norm(b), 1e-9))
