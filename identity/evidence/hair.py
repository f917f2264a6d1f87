"""Hair: what tells two in one outfit apart.

Where the embedder finds the head, the colours of its upper half are taken: hair, a hat, a bald
head. From one shot to the next of one camera set-up they stay 0.95 alike or more where nothing is
wrong, and fall to 0.90 or less where hair changes owner (rendered clips of the *tune* set).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from identity.evidence.calibration import HAIR_SCALE

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from identity.appearance.looks import Cue

    Means = dict[Cue, NDArray[np.float32]]
    Sample = dict[Cue, NDArray[np.float16]]

HAIR_CHANGES = 0.92  # affinity of somebody's hair before and after, from which down it changes
_NEARER_OWN = 0.15  # affinity by which own hair before and after beats the other's
_A_LITTLE = 0.03  # by which hair changes more than clothes where it is not the light
_HAIR_NEAR = 0.5  # hair on another head is cut by another face: it does not come quite as near
# Difference of the cosines of facing up to which the same side is seen: turns of rendered clips
# without any error move them by 0.6 to 2.0, all else by 0.5 at most.
SAME_FACING = 0.5


@dataclass(frozen=True, slots=True)
class Hair:
    """What the hair of two people says of a moment.

    Attributes:
        lost: Similarity both lose, on average, where both change; 1 = as of different people. 0
            where they do not, or it cannot be told whether they do.
        alone: Whether it changes more than their clothes, so that it is not the light.
    """

    lost: float = 0.0
    alone: bool = False


def hair_says(before: tuple[Means, Means], after: tuple[Means, Means]) -> Hair | None:
    """Return what the hair of two people does over a moment; `None` = it is not seen.

    Args:
        before: Mean looks of the one and of the other.
        after: The same, after the moment.
    """
    if not all("hair" in means and "facing" in means for means in (*before, *after)):
        return None
    pairs = list(zip(before, after, strict=True))
    straight = [affinity(b, a, "hair") for b, a in pairs]
    cross = [affinity(b, a, "hair") for b, a in zip(before, reversed(after), strict=True)]
    turned = max(abs(float(b["facing"][0] - a["facing"][0])) for b, a in pairs)
    if (
        min(straight) >= max(cross) + _NEARER_OWN
        or max(straight) > HAIR_CHANGES
        or turned > SAME_FACING
        or sum(cross) / 2 < _HAIR_NEAR
    ):
        return Hair()
    clothes = [affinity(b, a, "upper") for b, a in pairs]
    alone = all(c >= h + _A_LITTLE for c, h in zip(clothes, straight, strict=True))
    return Hair(lost=1 - HAIR_SCALE.similarity(sum(straight) / 2), alone=alone)


def other_hair(one: Means, two: Means) -> bool:
    """Tell whether two who face the camera alike have hair that no one person has."""
    if not all(cue in means for cue in ("hair", "facing") for means in (one, two)):
        return False
    turned = abs(float(one["facing"][0] - two["facing"][0]))
    return turned <= SAME_FACING and affinity(one, two, "hair") < HAIR_SCALE.different


def affinity(one: Means, two: Means, cue: Cue) -> float:
    """Return the cosine of two means of a cue; 0 where one does not have it."""
    if cue not in one or cue not in two:
        return 0.0
    a, b = one[cue], two[cue]
    return float(a @ b / np.sqrt((a @ a) * (b @ b)))
