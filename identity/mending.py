"""Tracklets that changed bodies behind a crossing are put right by motion.

A tracklet is said to follow motion. Behind a crossing a tracker may go on with the wrong body, and
everything later rests on it: looks seem exchanged where nothing happened, and stay where they were
exchanged. Where motion says clearly that two bodies were exchanged, their boxes after the meeting
are exchanged back.
"""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np

from identity.chains import chains_of
from identity.looks import Looks
from identity.passing import passings
from tracker.tracklets import Tracklet

if TYPE_CHECKING:
    from collections.abc import Sequence


def mended(
    tracklets: Sequence[Tracklet], looks: Sequence[Looks], *, fps: float
) -> tuple[tuple[Tracklet, ...], tuple[Looks, ...]]:
    """Return tracklets, numbered anew, that stay with their bodies, and the looks of each.

    Args:
        tracklets: Of the clip, numbered by their place.
        looks: Of each tracklet.
        fps: Of the clip.

    Only tracklets of which motion says so are touched; a body that was in pieces becomes one.
    """
    members = [chain.members for chain in chains_of(tracklets, fps=fps)]
    bodies = [_whole(own, tracklets, looks) for own in members]
    touched: set[int] = set()
    for a, b in combinations(range(len(bodies)), 2):
        if bodies[a][0].shot_index != bodies[b][0].shot_index:
            continue
        for passing in passings(bodies[a][0], bodies[b][0], fps=fps):
            if passing.tracks == "exchanged":
                bodies[a], bodies[b] = _crossed(bodies[a], bodies[b], passing.moment)
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


def _whole(
    members: Sequence[int], tracklets: Sequence[Tracklet], looks: Sequence[Looks]
) -> tuple[Tracklet, Looks]:
    """Return the pieces of a body as one."""
    if len(members) == 1:
        return tracklets[members[0]], looks[members[0]]
    parts = [tracklets[m] for m in members]
    whole = _joined(parts[0], parts)
    body_dim = looks[members[0]].vectors["body"].shape[1]
    return whole, Looks.concat([looks[m] for m in members], body_dim=body_dim)


def _crossed(
    one: tuple[Tracklet, Looks], two: tuple[Tracklet, Looks], frame: int
) -> tuple[tuple[Tracklet, Looks], tuple[Tracklet, Looks]]:
    """Return both with what they have from `frame` on exchanged."""
    pieces = []
    for tracklet, own in (one, two):
        split = int(np.searchsorted(tracklet.frame, frame))
        rows = np.arange(len(tracklet))
        pieces.append([(_rows(tracklet, r), own.take(r)) for r in (rows[:split], rows[split:])])
    (a, b), (c, d) = pieces
    result = []
    for name, (early, late) in ((one[0], (a, d)), (two[0], (c, b))):
        parts = [piece for piece in (early, late) if piece[0] is not None]
        body_dim = parts[0][1].vectors["body"].shape[1]
        joined = _joined(name, [piece[0] for piece in parts if piece[0] is not None])
        result.append((joined, Looks.concat([piece[1] for piece in parts], body_dim=body_dim)))
    return result[0], result[1]


def _rows(tracklet: Tracklet, rows: np.ndarray) -> Tracklet | None:
    if not len(rows):
        return None
    return Tracklet(
        tracklet.tracklet_id, tracklet.shot_index, tracklet.frame[rows], tracklet.xyxy[rows],
        tracklet.score[rows], tracklet.class_id,
    )  # fmt: skip


def _joined(name: Tracklet, parts: Sequence[Tracklet]) -> Tracklet:
    return Tracklet(
        name.tracklet_id, name.shot_index, np.concatenate([p.frame for p in parts]),
        np.concatenate([p.xyxy for p in parts]), np.concatenate([p.score for p in parts]),
        name.class_id,
    )  # fmt: skip
