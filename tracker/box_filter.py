"""Removing boxes that are no character of their own. Pure functions on detections."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from tracker import boxes

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from tracker.detections import Detections

SIDE_MIN_PX = 8.0  # below this there is nothing to recognise
NESTED_SHARE = 0.9  # of the smaller box that lies in the larger one
TOP_SHIFT = 0.12  # of the larger box's height: both start at the same head
WIDTH_SHARE = 0.55  # of the larger box's width: one body, cut off, not a child in front
MEMBER_INSIDE = 0.85  # of a member of a group that lies in the box around the group
WEAK_GROUP_INSIDE = 0.75  # the same where the detector is surer of the member than of the group
MEMBER_HEIGHT = 0.6  # of that box's height: people side by side, not somebody carrying something
MEMBER_APART = 0.3  # at most, of either of two members that the other covers


def filter_boxes(found: Detections) -> Detections:
    """Return the boxes of one frame by falling score, without tiny ones and second boxes."""
    x1, y1, x2, y2 = found.xyxy.T
    # A full order: equal scores must not fall back on the order the detector happened to use.
    order = np.lexsort((y2, x2, y1, x1, -found.score)).astype(np.int64)
    found = found.take(order)
    size = found.xyxy[:, 2:] - found.xyxy[:, :2]
    found = found.take(np.asarray((size >= SIDE_MIN_PX).all(axis=1), np.bool_))
    found = found.take(~second_boxes(found.xyxy))
    return found.take(~group_boxes(found.xyxy, found.score))


def second_boxes(xyxy: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Return (N,) True where a box shows a body that an earlier row shows already.

    That is a half body inside the full body of one person (or the other way round), and the ghosts
    of networks without NMS: nested, starting at the same head, similarly wide. A child in front of
    a grown-up starts lower and stays.

    Args:
        xyxy: (N, 4) boxes of one frame, the more trusted first.

    Example:
        >>> rows = np.array([[0, 0, 40, 100], [1, 1, 39, 50], [10, 60, 30, 100]], np.float32)
        >>> second_boxes(rows)
        array([False,  True, False])
    """
    second = np.zeros(len(xyxy), bool)
    if len(xyxy) < 2:
        return second
    inside = boxes.covered(xyxy, xyxy)
    nested = np.maximum(inside, inside.T) >= NESTED_SHARE
    width, height = xyxy[:, 2] - xyxy[:, 0], xyxy[:, 3] - xyxy[:, 1]
    taller = np.maximum(height[:, None], height[None, :])
    same_head = np.abs(xyxy[:, None, 1] - xyxy[None, :, 1]) <= TOP_SHIFT * taller
    narrow = np.minimum(width[:, None], width[None, :])
    wide = np.maximum(width[:, None], width[None, :])
    alike = nested & same_head & (narrow >= WIDTH_SHARE * wide)
    for row in range(1, len(xyxy)):
        second[row] = bool(np.any(alike[row, :row] & ~second[:row]))
    return second


def group_boxes(xyxy: NDArray[np.float32], score: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Return (N,) True where a box is drawn around two people who have boxes of their own.

    Args:
        xyxy: (N, 4) boxes of one frame.
        score: (N,) their scores; the members together must score at least as much as the group.
            One that scores more than the group may stand out of it a little farther.

    Example:
        >>> rows = np.array([[0, 0, 40, 90], [50, 0, 90, 90], [0, 0, 90, 90]], np.float32)
        >>> group_boxes(rows, np.array([0.9, 0.8, 0.6], np.float32))
        array([False, False,  True])
    """
    group = np.zeros(len(xyxy), bool)
    inside = boxes.covered(xyxy, xyxy)
    height = xyxy[:, 3] - xyxy[:, 1]
    for row in range(len(xyxy)):
        needed = np.where(score > score[row], WEAK_GROUP_INSIDE, MEMBER_INSIDE)
        member = (inside[:, row] >= needed) & (height >= MEMBER_HEIGHT * height[row])
        member[row] = False
        rows = np.flatnonzero(member)
        apart = np.maximum(inside, inside.T)[np.ix_(rows, rows)] <= MEMBER_APART
        enough = score[rows][:, None] + score[rows][None, :] >= score[row]
        group[row] = bool(np.any(apart & enough))
    return group
