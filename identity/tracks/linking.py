"""Chains: tracklets of one shot that motion alone shows to be one body, gaps bridged.

A tracklet ends where its box is lost, behind somebody or for want of a detection. Who comes out
behind a crossing is told by where he was going, not by what he looks like: otherwise an exchange of
looks behind the crossing would be explained away.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from tracker import boxes

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from tracker.tracklets import Tracklet

MAX_GAP_S = 1.5
SAME_PLACE_IOU = 0.3  # boxes that overlap by so much lie in one place
NEAR_FRAMES = 4  # a box so near in time still says where somebody is
END_BOXES = 8  # the first or last boxes, which tell where somebody stands and was going


@dataclass(frozen=True, slots=True)
class Chain:
    """Tracklets (by their index) in order of time; most chains are one tracklet."""

    members: tuple[int, ...]


def link_tracklets(tracklets: Sequence[Tracklet], *, fps: float) -> list[Chain]:
    """Join tracklets of one shot end to start, where there is one way only to do so.

    Two tracklets that could both go on as a third are left apart: a wrong joint would be worse
    than a missing one.
    """
    follower: dict[int, list[int]] = {}
    leader: dict[int, list[int]] = {}
    order = sorted(range(len(tracklets)), key=lambda k: tracklets[k].start_frame)
    starts_at = [tracklets[k].start_frame for k in order]
    for a, first in enumerate(tracklets):
        low = bisect_left(starts_at, first.stop_frame)
        high = bisect_right(starts_at, first.stop_frame + MAX_GAP_S * fps)
        for b in sorted(order[low:high]):
            if a != b and _goes_on(first, tracklets[b], fps=fps):
                follower.setdefault(a, []).append(b)
                leader.setdefault(b, []).append(a)
    joined = {a: b[0] for a, b in follower.items() if len(b) == 1 and len(leader[b[0]]) == 1}
    starts = [k for k in range(len(tracklets)) if k not in joined.values()]
    chains = []
    for start in starts:
        members = [start]
        while members[-1] in joined:
            members.append(joined[members[-1]])
        chains.append(Chain(tuple(members)))
    return chains


def _goes_on(first: Tracklet, second: Tracklet, *, fps: float) -> bool:
    gap_frames = second.start_frame - first.stop_frame
    if first.shot_index != second.shot_index or not 0 <= gap_frames <= MAX_GAP_S * fps:
        return False
    expected = _extrapolate(first, second.start_frame)[None]
    begins = second.xyxy[:1]
    here = float(boxes.iou(first.xyxy[-1:], begins)[0, 0])
    return max(float(boxes.iou(expected, begins)[0, 0]), here) >= SAME_PLACE_IOU


def _extrapolate(tracklet: Tracklet, frame: int) -> NDArray[np.float32]:
    """Return (4,) the box at `frame` if it goes on as in its last boxes, straight and robustly."""
    frames = tracklet.frame[-END_BOXES:].astype(np.float64)
    xyxy = tracklet.xyxy[-END_BOXES:].astype(np.float64)
    if len(frames) < 3:
        return np.asarray(tracklet.xyxy[-1], np.float32)
    steps = [
        (b - a) / (g - f) for (f, g), (a, b) in zip(pairwise(frames), pairwise(xyxy), strict=True)
    ]
    centre = np.median(np.array(steps)[:, :2] + np.array(steps)[:, 2:], axis=0) / 2
    shift = np.tile(centre, 2) * (frame - frames[-1])
    return np.asarray(tracklet.xyxy[-1] + shift, np.float32)
