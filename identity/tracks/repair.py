"""Tracklets that changed bodies behind a crossing are put right.

A tracklet is said to follow motion. Behind a crossing a tracker may go on with the wrong body, and
everything later rests on it: looks seem exchanged where nothing happened, and stay where they were
exchanged. Where motion says clearly that two bodies were exchanged, their boxes after the meeting
are exchanged back. Where somebody in front is gone at once, the tracker goes on with who was hidden
behind: the box jumps and looks like the other, whose tracklet gets what is its own.
"""

from __future__ import annotations

from itertools import combinations, permutations
from typing import TYPE_CHECKING

import numpy as np

from identity.appearance.looks import Looks
from identity.tracks.body_track import WINDOW_S
from identity.tracks.crossings import find_crossings
from identity.tracks.linking import link_tracklets
from scenes.shots import numbers_by_shot
from tracker import boxes
from tracker.tracklets import Tracklet

if TYPE_CHECKING:
    from collections.abc import Sequence

    Body = tuple[Tracklet, Looks]

_HIDDEN_SHARE = 0.5  # of a body's last box that lies in the box in front of it
_JUMP_IOU = 0.75  # from one frame to the next; bodies that walk overlap themselves more
_BECOMES = 0.8  # of the way from one's looks to the other's: who exchanges looks goes far as well


def repair_id_switches(
    tracklets: Sequence[Tracklet], looks: Sequence[Looks], *, fps: float
) -> tuple[tuple[Tracklet, ...], tuple[Looks, ...]]:
    """Return tracklets, numbered anew, that stay with their bodies, and the looks of each.

    Args:
        tracklets: Of the clip, numbered by their place.
        looks: Of each tracklet.
        fps: Of the clip.

    Only tracklets of which motion or a jump says so are touched; a body that was in pieces becomes
    one.
    """
    members = [chain.members for chain in link_tracklets(tracklets, fps=fps)]
    bodies = [_whole(own, tracklets, looks) for own in members]
    touched: set[int] = set()
    for here in numbers_by_shot(body[0].shot_index for body in bodies).values():
        for front, behind in permutations(here, 2):
            frame = _handed_over(bodies[front], bodies[behind], fps=fps)
            if frame is not None:
                bodies[front], bodies[behind] = _handed(bodies[front], bodies[behind], frame)
                touched |= {front, behind}
        for a, b in combinations(here, 2):
            for crossing in find_crossings(bodies[a][0], bodies[b][0], fps=fps):
                if crossing.tracks == "exchanged":
                    bodies[a], bodies[b] = _crossed(bodies[a], bodies[b], crossing.moment)
                    touched |= {a, b}
    if not touched:
        return tuple(tracklets), tuple(looks)
    kept = [
        piece
        for k, body in enumerate(bodies)
        for piece in ([body] if k in touched else [(tracklets[m], looks[m]) for m in members[k]])
    ]
    kept.sort(key=lambda piece: piece[0].tracklet_id)
    numbered = [
        Tracklet(number, t.shot_index, t.frame, t.xyxy, t.score, t.class_id)
        for number, (t, _) in enumerate(kept)
    ]
    return tuple(numbered), tuple(own for _, own in kept)


def _handed_over(front: Body, behind: Body, *, fps: float) -> int | None:
    """Return from which frame on the boxes in front show who was behind; `None` = they do not."""
    (near, near_looks), (far, far_looks) = front, behind
    end = int(far.frame[-1])
    if not near.frame[0] < end < near.frame[-1]:
        return None
    first, last = np.searchsorted(near.frame, [end, end + WINDOW_S * fps], side="right")
    hides = near.xyxy[max(0, first - 1) : first + 2]
    if float(boxes.covered(far.xyxy[-1:], hides).max(initial=0)) < _HIDDEN_SHARE:
        return None
    steps = boxes.paired_iou(near.xyxy[first - 1 : last - 1], near.xyxy[first:last])
    jumps = (first + np.flatnonzero(steps < _JUMP_IOU)).tolist()
    if not jumps:
        return None  # before any look is read: most who hide somebody walk on
    old = _mean_body(near_looks, np.arange(first))
    other = _mean_body(far_looks, np.arange(len(far)))
    if old is None or other is None:
        return None
    for row in jumps:
        frame = int(near.frame[row])
        stop = np.searchsorted(near.frame, frame + WINDOW_S * fps)
        new = _mean_body(near_looks, np.arange(row, stop))
        if new is not None and float(new @ other - new @ old) >= _BECOMES * (1 - old @ other):
            return frame
    return None


def _mean_body(looks: Looks, rows: np.ndarray) -> np.ndarray | None:
    """Return the (D,) unit mean of the body's looks in some rows; `None` = none was good enough."""
    seen = np.intersect1d(looks.seen("body"), rows)
    if not len(seen):
        return None
    mean = looks.mean("body", seen)
    return np.asarray(mean / np.linalg.norm(mean), np.float32)


def _handed(front: Body, behind: Body, frame: int) -> tuple[Body, Body]:
    """Return both, with what the one in front has from `frame` on given to the other."""
    own, given = _split(front, frame)
    return own[0], _one_after_another(behind[0], [behind, *given])


def _whole(members: Sequence[int], tracklets: Sequence[Tracklet], looks: Sequence[Looks]) -> Body:
    """Return the pieces of a body as one."""
    pieces = [(tracklets[m], looks[m]) for m in members]
    return pieces[0] if len(pieces) == 1 else _one_after_another(pieces[0][0], pieces)


def _crossed(one: Body, two: Body, frame: int) -> tuple[Body, Body]:
    """Return both with what they have from `frame` on exchanged."""
    (early, late), (other_early, other_late) = _split(one, frame), _split(two, frame)
    return (
        _one_after_another(one[0], [*early, *other_late]),
        _one_after_another(two[0], [*other_early, *late]),
    )


def _split(body: Body, frame: int) -> tuple[list[Body], list[Body]]:
    """Return what a body has before `frame` and from it on, each none or one."""
    tracklet, own = body
    split = int(np.searchsorted(tracklet.frame, frame))
    rows = np.arange(len(tracklet))
    early, late = (
        [(_rows(tracklet, part), own.take(part))] if len(part) else []
        for part in (rows[:split], rows[split:])
    )
    return early, late


def _one_after_another(name: Tracklet, parts: Sequence[Body]) -> Body:
    """Return parts of bodies as one, with the number and shot of `name`."""
    body_dim = parts[0][1].dim("body")
    joined = Tracklet(
        name.tracklet_id, name.shot_index, np.concatenate([p.frame for p, _ in parts]),
        np.concatenate([p.xyxy for p, _ in parts]), np.concatenate([p.score for p, _ in parts]),
        name.class_id,
    )  # fmt: skip
    return joined, Looks.concat([own for _, own in parts], body_dim=body_dim)


def _rows(tracklet: Tracklet, rows: np.ndarray) -> Tracklet:
    return Tracklet(
        tracklet.tracklet_id, tracklet.shot_index, tracklet.frame[rows], tracklet.xyxy[rows],
        tracklet.score[rows], tracklet.class_id,
    )  # fmt: skip
