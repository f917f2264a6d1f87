"""Heads and bodies of one picture brought together: a head is a person. Pure functions.

Where two touch, a detector draws one box around both, and where somebody fills the picture, none.
Heads seldom touch. That a head and a body come in pairs is how crowds are counted (Shao et al.
2018, "CrowdHuman", https://arxiv.org/abs/1805.00123).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from tracker import boxes
from tracker.detections import Detections
from tracker.matching import best_pairs

if TYPE_CHECKING:
    from numpy.typing import NDArray

SAME_IOU = 0.4  # heads hardly overlap: two boxes that do are of one head
SURE = 0.4  # heads scored lower say nothing of whom they are
SEEN = 0.1  # but that a body has one, if not lower than this
SPLIT_SURE = 0.5  # both heads of a body that is parted are scored at least this
INSIDE = 0.7  # share of a head that lies in the body it belongs to
UPPER_SHARE = 0.6  # of the body, in which the middle of its head lies
MIN_FIT = 0.3
ALIKE = 0.5  # of two heights: heads side by side, not somebody far behind
APART_WIDTHS = 0.6  # of a head, between the middles of two heads
FREE = 0.3  # a head that no body covers more than this is somebody without a box
HALF_WIDTHS, HALF_HEIGHTS = 3.0, 3.2  # of a head: what its half body gets
HALF_MIN_SHARE = 0.1  # of the picture's height; a smaller head alone makes nobody
HALF_SCORE = 0.8  # of the head's: a body that nobody saw
DOUBLE_IOU = 0.4  # a body without a head that overlaps the owner of one this much is nobody
PART_INSIDE = 0.8  # nor is one that lies in somebody who has a head, without any of its own


def single_heads(heads: Detections) -> Detections:
    """Return the heads of one picture by falling score, without second boxes on a surer one.

    A network keeps boxes that overlap by more than half, for bodies do. Heads do not.

    Example:
        >>> box = np.array([[0, 0, 20, 20], [3, 0, 23, 20], [30, 0, 50, 20]], np.float32)
        >>> score, kind = np.array([0.5, 0.6, 0.4], np.float32), np.zeros(3, np.int32)
        >>> single_heads(Detections(np.zeros(3, np.int64), box, score, kind)).xyxy[:, 0].tolist()
        [3.0, 30.0]
    """
    overlap = boxes.iou(heads.xyxy, heads.xyxy)
    kept: list[int] = []
    for row in np.argsort(-heads.score, kind="stable").tolist():
        if overlap[row, kept].max(initial=0) < SAME_IOU:
            kept.append(row)
    return heads.take(np.array(kept, np.int64))


def fits(body: NDArray[np.float32], head: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the (N, M) fit in [0, 1] of the (N, 4) bodies and (M, 4) heads; 0 = impossible.

    Best is a head at the top of a body and in its middle.

    Example:
        >>> body = np.array([[0, 0, 40, 100]], np.float32)
        >>> head = np.array([[12, 0, 28, 16], [12, 70, 28, 86]], np.float32)
        >>> fits(body, head).tolist()
        [[1.0, 0.0]]
    """
    inside = boxes.covered(head, body).T
    width, height = ((body[:, k + 2] - body[:, k])[:, None] for k in (0, 1))
    middle_x, middle_y = ((head[:, k] + head[:, k + 2])[None, :] / 2 for k in (0, 1))
    depth = np.clip(head[None, :, 1] - body[:, 1, None], 0, None) / np.maximum(height, 1e-6)
    aside = np.abs(middle_x - (body[:, 0] + body[:, 2])[:, None] / 2) / np.maximum(width, 1e-6)
    in_upper = middle_y <= body[:, 1, None] + UPPER_SHARE * height
    fit = np.clip(inside - 0.6 * depth - 0.3 * aside, 0, 1)
    return np.asarray(np.where((inside >= INSIDE) & in_upper, fit, 0), np.float32)


def join(
    bodies: Detections, heads: Detections, *, width_px: int, height_px: int, half_class: int
) -> Detections:
    """Return the boxes of the people of one frame, by what their heads say, by falling score.

    A body with two heads is parted between them. A large head outside all bodies gets a half body.
    A body without a head that doubles one with a head, or lies in it, and is scored lower, is
    nobody's. Without heads nothing changes.

    Args:
        bodies: Of one frame.
        heads: Of the same frame.
        width_px: Of the picture.
        height_px: Of the picture.
        half_class: Class of the bodies that are made of heads.
    """
    seen = heads.take(np.asarray(heads.score >= SEEN, np.bool_))
    heads = heads.take(np.asarray(heads.score >= SURE, np.bool_))
    if not len(heads):
        return bodies
    bodies = bodies.take(~_parts_of_others(bodies, seen))
    fit = fits(bodies.xyxy, heads.xyxy)
    owner = {column: row for row, column in owned_heads(bodies.xyxy, heads.xyxy)}
    held: dict[int, list[int]] = {row: [column] for column, row in owner.items()}
    for column in range(len(heads)):
        row = _second_of(column, fit, held, owner, heads)
        if row is not None:
            held[row].append(column)
    parts = [
        part
        for row in range(len(bodies))
        if not _is_double(row, fit, held, owner, bodies)
        for part in _parted(
            bodies.take(np.array([row])), heads.take(np.array(held.get(row, []), int))
        )
    ]
    lone = [c for c in range(len(heads)) if not any(c in columns for columns in held.values())]
    for column in lone:
        size_px = heads.xyxy[column, 3] - heads.xyxy[column, 1]
        covered = boxes.covered(heads.xyxy[column : column + 1], bodies.xyxy)
        is_free = not covered.size or float(covered.max()) < FREE
        is_whole = heads.score[column] >= SPLIT_SURE and size_px >= HALF_MIN_SHARE * height_px
        if is_free and is_whole:
            parts.append(
                _half_body(heads.take(np.array([column])), half_class, width_px, height_px)
            )
    if not parts:
        return bodies.take(np.zeros(0, np.int64))
    joined = Detections.concat(parts)
    return joined.take(np.argsort(-joined.score, kind="stable"))


def _second_of(
    column: int, fit: NDArray[np.float32], held: dict[int, list[int]], owner: dict[int, int],
    heads: Detections,
) -> int | None:  # fmt: skip
    """Return the body that holds this head besides its own, if both are heads of people in it."""
    if column in owner or heads.score[column] < SPLIT_SURE or not fit.size:
        return None
    row = int(fit[:, column].argmax())
    if fit[row, column] <= 0 or row not in held:
        return None
    box = heads.xyxy[column]
    for other in held[row]:
        if heads.score[other] < SPLIT_SURE or not side_by_side(box, heads.xyxy[other]):
            return None
    return row


def side_by_side(one: NDArray[np.float32], two: NDArray[np.float32]) -> bool:
    """Tell whether two heads (4,) are those of two people beside each other.

    Example:
        >>> one = np.array([0, 0, 20, 20], np.float32)
        >>> side_by_side(one, one + np.float32([30, 0, 30, 0])), side_by_side(one, one)
        (True, False)
    """
    low, high = sorted((float(one[3] - one[1]), float(two[3] - two[1])))
    wide = max(float(one[2] - one[0]), float(two[2] - two[0]))
    apart = abs(float(one[0] + one[2] - two[0] - two[2])) / 2
    return low >= ALIKE * high and apart >= APART_WIDTHS * wide


def owned_heads(bodies: NDArray[np.float32], heads: NDArray[np.float32]) -> list[tuple[int, int]]:
    """Return which of the (N, 4) bodies has which of the (M, 4) heads; each has one at most."""
    if not len(bodies) or not len(heads):
        return []
    return best_pairs(fits(bodies, heads), min_overlap=MIN_FIT)


def _parts_of_others(bodies: Detections, heads: Detections) -> NDArray[np.bool_]:
    """Return (N,) which bodies lie in a surer one that surely has a head, and have none.

    Even a head that hardly shows, behind a shoulder or from the back, keeps a body from it: what is
    left is a piece of the one in front, after somebody who stood behind has gone.
    """
    headless, headed = np.ones(len(bodies), np.bool_), np.zeros(len(bodies), np.bool_)
    for row, column in owned_heads(bodies.xyxy, heads.xyxy):
        headless[row], headed[row] = False, heads.score[column] >= SURE
    inside = boxes.covered(bodies.xyxy, bodies.xyxy) >= PART_INSIDE
    surer = bodies.score[None, :] > bodies.score[:, None]
    return np.asarray(headless & (inside & surer & headed[None, :]).any(axis=1), np.bool_)


def _is_double(
    row: int, fit: NDArray[np.float32], held: dict[int, list[int]], owner: dict[int, int],
    bodies: Detections,
) -> bool:  # fmt: skip
    """Tell whether a body has no head but one that is another's, which it nearly is."""
    if row in held:
        return False
    claimed = [owner[c] for c in np.flatnonzero(fit[row] >= MIN_FIT).tolist() if c in owner]
    overlap = boxes.iou(bodies.xyxy[row : row + 1], bodies.xyxy[claimed])[0]
    return any(
        shared >= DOUBLE_IOU and bodies.score[other] > bodies.score[row]
        for shared, other in zip(overlap, claimed, strict=True)
    )


def _parted(body: Detections, heads: Detections) -> list[Detections]:
    """Return a body, or as many as it has heads, parted half-way between them."""
    if len(heads) < 2:
        return [body]
    middles = (heads.xyxy[:, 0] + heads.xyxy[:, 2]) / 2
    order = np.argsort(middles, kind="stable")
    x1, y1, x2, y2 = (float(v) for v in body.xyxy[0])
    cuts = [x1, *((middles[order][1:] + middles[order][:-1]) / 2).tolist(), x2]
    found = []
    for place, column in enumerate(order.tolist()):
        head = heads.xyxy[column]
        # A head may reach over the line between two who lean on each other.
        box = [
            min(cuts[place], head[0]),
            min(max(y1, head[1]), y2),
            max(cuts[place + 1], head[2]),
            y2,
        ]
        score = np.minimum(body.score, heads.score[column])
        found.append(
            Detections(
                body.frame, np.array([box], np.float32), score.astype(np.float32), body.class_id
            )
        )
    return found


def _half_body(head: Detections, class_id: int, width_px: int, height_px: int) -> Detections:
    """Return head and shoulders of somebody who has no box."""
    x1, y1, x2, y2 = (float(v) for v in head.xyxy[0])
    middle, half = (x1 + x2) / 2, HALF_WIDTHS * (x2 - x1) / 2
    box = np.array([[middle - half, y1, middle + half, y1 + HALF_HEIGHTS * (y2 - y1)]], np.float32)
    return Detections(
        head.frame,
        boxes.clip(box, width_px=width_px, height_px=height_px),
        np.asarray(HALF_SCORE * head.score, np.float32),
        np.array([class_id], np.int32),
    )
