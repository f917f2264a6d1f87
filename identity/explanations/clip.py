"""What the cuts of a clip show: every explanation from shot to shot is asked in turn."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from identity.explanations import (
    attribute_swap,
    drift_over_cuts,
    other_clothes,
    other_look,
    over_cut,
)
from identity.explanations.restyle import without_restyled

if TYPE_CHECKING:
    from identity.explanations.contract import Clip, FromShotToShot

# One row for each explanation; each knows what those before it found.
FROM_SHOT_TO_SHOT: tuple[FromShotToShot, ...] = (
    attribute_swap,
    over_cut,
    drift_over_cuts,
    other_clothes,
    other_look,
)


def explain_cuts(clip: Clip) -> Clip:
    """Return the clip with what its cuts show, and with the cast put right by it."""
    for explanation in FROM_SHOT_TO_SHOT:
        found = explanation.find_over_cuts(clip)
        restyles = [one for one in clip.explained if one.everybody]
        found = without_restyled(found, restyles, fps=clip.fps)
        cast = attribute_swap.relabelled(clip.cast, clip, found)
        clip = replace(clip, cast=cast, explained=(*clip.explained, *found))
    slow = [one for one in clip.explained if one.kind == "drift"]
    slow = drift_over_cuts.merge_drifts(slow, clip.worn)
    others = [one for one in clip.explained if one.kind != "drift"]
    return replace(clip, explained=(*others, *slow))
