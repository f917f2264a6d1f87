"""What is to be drawn and what is true of it, and what a plan is made of."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np

from castcheck.planting.paste import Donor, Painter, copy_rect

if TYPE_CHECKING:
    from castcheck.planting.masks import Shape
    from castcheck.planting.material import Material
    from castcheck.planting.timeline import Take
    from castcheck.planting.track import Track

SOME_FRAMES = (3, 12)  # over which generators let a look change


def some_frames(rng: np.random.Generator) -> int:
    """Return over how many frames a change comes that does not come at once."""
    return int(rng.integers(SOME_FRAMES[0], SOME_FRAMES[1] + 1))


@dataclass(frozen=True, slots=True, eq=False)
class Plan:
    """What is to be drawn, and what is true of it.

    Attributes:
        kind: As in the contract, or the name of a legal look-alike.
        take: When.
        paint: The picture with all of the error; `None` = nothing is painted.
        people: Names of those it happens to.
        looks: Name to whose look is worn while it holds.
        gone: Who is not there while it holds.
        gone_before: Who is not there until it begins.
        copy: The track that is on screen twice, and by how many pixels the second is away.
        until: First picture after the error where it does not last to the end.
        look_alike: It is legal.
        whole_picture: It happens to all of the picture, to those nobody follows as well.
        strength_of: The track whose look is compared before and after.
        changes: What of such a track changes, in a frame; `None` = all of it.
        from_clip: Name of the clip a donor comes from.
    """

    kind: str
    take: Take
    paint: Painter | None = None
    people: tuple[str, ...] = ()
    looks: dict[str, str] = field(default_factory=dict)
    gone: str | None = None
    gone_before: str | None = None
    copy: tuple[Donor, tuple[float, float]] | None = None
    until: int | None = None
    look_alike: bool = False
    whole_picture: bool = False
    strength_of: tuple[str, ...] = ()
    changes: Callable[[Track, int], Shape | None] | None = None
    from_clip: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Stock:
    """What a plan is made of.

    Attributes:
        material: The window it is planted in.
        donors: Windows of other clips and shots, in the order they are tried in.
        amount: The strength asked for.
    """

    material: Material
    donors: tuple[Material, ...]
    amount: float = 1.0


Make = Callable[[Stock, np.random.Generator], "Plan | str"]


def pairs_of(material: Material, rng: np.random.Generator) -> list[tuple[Track, Track]]:
    """Return pairs of people, the largest two first: they are who a clip is about."""
    people = [track for track in material.tracks[:4] if not material.is_strip(track)]
    pairs = list(combinations(people, 2))
    order = rng.permutation(len(pairs))
    return [pairs[0], *(pairs[k] for k in order if k)] if pairs else []


def second_rect(
    donor: Donor, frame: int, shift: tuple[float, float]
) -> tuple[float, float, float, float] | None:
    """Return where the copy of a clone is, in pixels."""
    box = donor.track.at(donor.frame(frame))
    if box is None:
        return None
    x1, y1, x2, y2 = (float(v) for v in box)
    return copy_rect((x1, y1, x2, y2), shift)
