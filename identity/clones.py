"""One identity on screen twice at once."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from identity.looks import Cue
    from identity.segments import Segment
    from identity.settings import FindingSettings

_MIN_TOGETHER_S = 0.3
_MIN_SAMPLES = 3


@dataclass(frozen=True, slots=True)
class Clone:
    """Two segments (by index) that look like one person, and when both are seen."""

    pair: tuple[int, int]
    start_frame: int
    stop_frame: int
    strength: float
    likeness: dict[Cue, float]


def find_clones(
    segments: Sequence[Segment],
    apart: NDArray[np.bool_],
    settings: FindingSettings,
    *,
    fps: float,
) -> list[Clone]:
    """Return pairs on screen at once that are as like each other as each is like itself.

    Every cue must agree, measured at each one's own spread: twins in the same clothes would have
    to share their face, hair, clothes and how they are lit to be taken for one.
    """
    found = []
    for a, b in combinations(range(len(segments)), 2):
        if not apart[a, b]:
            continue
        one, two = segments[a], segments[b]
        both = np.intersect1d(one.frames, two.frames)
        if len(both) < max(2, _MIN_TOGETHER_S * fps):
            continue
        likeness = _relative_likeness(one, two)
        if likeness is not None and min(likeness.values()) >= settings.clone:
            found.append(
                Clone((a, b), int(both[0]), int(both[-1]) + 1, min(likeness.values()), likeness)
            )
    return found


def _relative_likeness(one: Segment, two: Segment) -> dict[Cue, float] | None:
    """Return cue to likeness between the two over likeness within them; `None` = too little."""
    if min(one.sample_count, two.sample_count) < _MIN_SAMPLES:
        return None
    result: dict[Cue, float] = {}
    cues: tuple[Cue, ...] = ("body", "upper", "head")
    for cue in cues:
        if cue not in one.means or cue not in two.means:
            return None
        within = min(float(s.means[cue] @ s.means[cue]) for s in (one, two))
        result[cue] = float(one.means[cue] @ two.means[cue]) / max(within, 1e-6)
    return result
