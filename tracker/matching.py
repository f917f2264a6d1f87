"""Which track takes which box. Pure functions on overlaps; rows are tracks, columns are boxes."""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np

from tracker import boxes
from tracker.assignment import cheapest_pairs, pairs_of_most_gain, undisputed_pairs
from tracker.box_filter import MEMBER_HEIGHT, MEMBER_INSIDE

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Pair = tuple[int, int]


BACK_IOU = 0.6  # going back there is no prediction and no second look: only what hardly moved
AROUND_IOU = 0.75  # of a box around two with the smallest box that holds both
BESIDE_COVERED = 0.5  # share at most of either of two bodies that the other covers
OWN_IOU = 0.7  # a box so near to the last one of a body is its own, whoever else it holds


def best_pairs(overlap: NDArray[np.float32], *, min_overlap: float) -> list[Pair]:
    """Return the (row, column) pairs of greatest total overlap, none below `min_overlap`.

    Args:
        overlap: (T, N) in [0, 1]; 0 where a pair is impossible.
        min_overlap: Least overlap of a pair.

    Example:
        >>> best_pairs(np.array([[0.9, 0.8], [0.8, 0.1]], np.float32), min_overlap=0.3)
        [(0, 1), (1, 0)]
    """
    if not overlap.size:
        return []
    possible = overlap >= min_overlap
    cost = np.where(possible, 1 - overlap**2, 1.0)
    some_rows, some_columns = (np.flatnonzero(possible.any(axis=axis)) for axis in (1, 0))
    found = undisputed_pairs(cost[np.ix_(some_rows, some_columns)])
    if found is not None:
        rows, columns = some_rows[found[0]], some_columns[found[1]]
    elif (few := pairs_of_most_gain(np.where(possible, overlap**2, 0))) is not None:
        return few
    else:
        rows, columns = cheapest_pairs(cost)
    return [(int(r), int(c)) for r, c in zip(rows, columns, strict=True) if possible[r, c]]


def contested_pairs(
    overlap: NDArray[np.float32], pairs: list[Pair], *, min_overlap: float, margin: float
) -> list[Pair]:
    """Return the pairs whose box a second track, left with nothing, claims nearly as well.

    One of two people is hidden and motion cannot say which: better two tracks than a wrong one.

    Example:
        >>> claims = np.array([[0.60], [0.58]], np.float32)
        >>> contested_pairs(claims, [(0, 0)], min_overlap=0.3, margin=0.05)
        [(0, 0)]
    """
    taken = {row for row, _ in pairs}
    left = [row for row in range(len(overlap)) if row not in taken]
    return [
        (row, column)
        for row, column in pairs
        if any(
            overlap[other, column] >= min_overlap
            and overlap[row, column] - overlap[other, column] < margin
            for other in left
        )
    ]


def isolated_pairs(overlap: NDArray[np.float32], pairs: list[Pair], *, below: float) -> list[Pair]:
    """Return the pairs whose track and box overlap no other box and no other track by `below`.

    Example:
        >>> isolated_pairs(np.array([[0.6, 0.5]], np.float32), [(0, 0)], below=0.4)
        []
    """
    alone = []
    for row, column in pairs:
        rest = np.concatenate([np.delete(overlap[row], column), np.delete(overlap[:, column], row)])
        if not np.any(rest >= below):
            alone.append((row, column))
    return alone


def duplicates_of(
    xyxy: NDArray[np.float32], of: NDArray[np.float32], *, iou: float, inside: float
) -> NDArray[np.bool_]:
    """Return (N,) True where a box is a weaker double of one of the boxes `of` (M, 4).

    Args:
        xyxy: (N, 4) boxes.
        of: (M, 4) boxes that tracks have taken.
        iou: A double overlaps at least this much,
        inside: or lies inside it to at least this share.
    """
    if not len(xyxy) or not len(of):
        return np.zeros(len(xyxy), np.bool_)
    double = (boxes.iou(xyxy, of) >= iou) | (boxes.covered(xyxy, of) >= inside)
    return np.asarray(double.any(axis=1), np.bool_)


def merged_boxes(xyxy: NDArray[np.float32], last: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Return (N,) True where a box is drawn around two bodies that had boxes of their own so far.

    Such a box is as large as both together, and nobody's own box comes near it.

    Args:
        xyxy: (N, 4) boxes of a frame.
        last: (M, 4) the last box of each body.

    Example:
        >>> two = np.array([[0, 0, 40, 90], [50, 0, 90, 90]], np.float32)
        >>> merged_boxes(np.array([[0, 0, 90, 90], [0, 0, 45, 90]], np.float32), two)
        array([ True, False])
    """
    around = np.zeros(len(xyxy), np.bool_)
    if len(last) < 2 or not len(xyxy):
        return around
    height, group_height = last[:, 3] - last[:, 1], xyxy[:, 3] - xyxy[:, 1]
    member = (boxes.covered(last, xyxy) >= MEMBER_INSIDE).T
    member &= height[None, :] >= MEMBER_HEIGHT * group_height[:, None]
    beside = boxes.covered(last, last) <= BESIDE_COVERED
    beside &= beside.T
    own = boxes.iou(xyxy, last).max(axis=1) >= OWN_IOU
    for row in np.flatnonzero((member.sum(axis=1) >= 2) & ~own):
        for a, b in combinations(np.flatnonzero(member[row]), 2):
            both = np.concatenate(
                [np.minimum(last[a, :2], last[b, :2]), np.maximum(last[a, 2:], last[b, 2:])]
            )
            if beside[a, b] and boxes.iou(xyxy[[row]], both[None])[0, 0] >= AROUND_IOU:
                around[row] = True
    return around


def expand(xyxy: NDArray[np.float32], share: float) -> NDArray[np.float32]:
    """Return the (N, 4) boxes with `share` of their size added on every side.

    Example:
        >>> expand(np.array([[10, 10, 20, 30]], np.float32), 0.5).tolist()
        [[5.0, 0.0, 25.0, 40.0]]
    """
    size = xyxy[:, 2:] - xyxy[:, :2]
    return np.concatenate([xyxy[:, :2] - share * size, xyxy[:, 2:] + share * size], axis=1).astype(
        np.float32
    )


def similar_size(
    a: NDArray[np.float32], b: NDArray[np.float32], *, least: float
) -> NDArray[np.bool_]:
    """Return (A, B) True where the smaller height is at least the share `least` of the larger."""
    high_a, high_b = (a[:, 3] - a[:, 1])[:, None], (b[:, 3] - b[:, 1])[None, :]
    ratio = np.minimum(high_a, high_b) / np.maximum(np.maximum(high_a, high_b), 1e-9)
    return np.asarray(ratio >= least, np.bool_)


def extend_back(
    first_row: int, rows_at: dict[int, list[int]], xyxy: NDArray[np.float32], *, frame: int
) -> list[int]:
    """Return the rows, in order of time, of the boxes that lead up to the start of a track.

    A track starts at a strong box; the weaker ones of the same body in the frames before are found
    by going back from it, one frame at a time, while there is a box of nearly the same place.

    Args:
        first_row: The row the track starts with.
        rows_at: The rows of boxes without a track, by frame; those taken are removed.
        xyxy: (N, 4) boxes of all rows.
        frame: Of `first_row`.
    """
    lead: list[int] = []
    row = first_row
    while rows := rows_at.get(frame - 1 - len(lead)):
        overlap = boxes.iou(xyxy[[row]], xyxy[rows])[0]
        best = int(overlap.argmax())
        if overlap[best] < BACK_IOU:
            break
        row = rows.pop(best)
        lead.append(row)
    return lead[::-1]
