"""What happened in one shot: every explanation is asked about every moment, and the best one wins.

One cause gives one finding: who exchanged looks with somebody has not become somebody else, and
who became a copy of another on screen is a clone and no morph.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from identity.evidence.consistency import curve_from
from identity.evidence.samples import NETWORKS
from identity.explanations import (
    change,
    clone,
    clothes_swap,
    exchanged_heads,
    head_swap,
    other_face,
    slow_clothes,
    swap,
)
from identity.tracks.body_track import WINDOW_S

if TYPE_CHECKING:
    from collections.abc import Sequence

    from identity.explanations.contract import Explained, InShot, Scene

# One row for each explanation: those that compete, and those asked after of whom none explains.
COMPETING: tuple[InShot, ...] = (
    swap,
    clothes_swap,
    exchanged_heads,
    clone,
    change,
    other_face,
    slow_clothes,
)
AFTERWARDS: tuple[InShot, ...] = (head_swap,)


def explain_shot(scene: Scene) -> list[Explained]:
    """Return what happened in one shot, the surest first."""
    if not scene.samples.looks:
        return []
    found = [e for explanation in COMPETING for e in explanation.find(scene)]
    found = one_per_cause(found, fps=scene.samples.fps)
    for explanation in AFTERWARDS:
        found += explanation.find(replace(scene, explained=tuple(found)))
    return _with_curves(found, scene)


def _with_curves(found: Sequence[Explained], scene: Scene) -> list[Explained]:
    """Return all with the curves of exchanges drawn, of each track those of the last one.

    That one is shown; where two exchange hundreds of times in an hour, hundreds of curves of an
    hour would be held.
    """
    shown: dict[int, int] = {}
    for number, one in enumerate(found):
        shown |= dict.fromkeys(one.tracks if one.old else one.curves, number)
    with_curves = []
    for number, one in enumerate(found):
        drawn = one
        if one.old is not None:
            curves = {
                track: curve_from(scene.samples, track, one.old, NETWORKS, scene.calibration)
                for track in one.tracks
                if shown[track] == number
            }
            drawn = replace(one, curves=curves, old=None)
        with_curves.append(drawn)
    return with_curves


def one_per_cause(found: Sequence[Explained], *, fps: float) -> list[Explained]:
    """Return the explanations that no other one explains away, the surest first."""
    order = sorted(found, key=lambda e: (e.log_odds < 0, _rank(e) * (e.log_odds >= 0), -e.log_odds))
    kept: list[Explained] = []
    for one in order:
        if not any(_same_cause(one, other, fps=fps) for other in kept):
            kept.append(one)
    return sorted(kept, key=lambda e: -e.log_odds)


def _rank(one: Explained) -> int:
    """Return how much an explanation says, the most first.

    Two at once explain more than each by itself, where they are likelier than not at all. To a
    network two who exchange clothes are two who exchange all of a look: so where it is clothes, it
    is no swap, however sure that would be. Whether two exchange looks, or one becomes a copy of the
    other, the surer says; two who are alike all along may still exchange.
    """
    if one.kind == "clone":
        return 1 if one.vouched else 2
    if one.attribute == "face":
        return 5  # all of a look, or clothes, change with it: that says more
    return {"attribute_swap": 0, "swap": 1, "morph": 3, "drift": 4}[one.kind]


def _same_cause(one: Explained, other: Explained, *, fps: float) -> bool:
    if not set(one.tracks) & set(other.tracks):
        return False
    if one.kind == other.kind == "swap":
        return False  # there and back
    if "drift" in (one.kind, other.kind) or set(one.tracks) == set(other.tracks):
        return True  # in the middle of an exchange two look alike
    return abs(one.start_frame - other.start_frame) <= WINDOW_S * fps
