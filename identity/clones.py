"""One identity on screen twice at once."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from identity.calibration import Calibration
    from identity.looks import Cue
    from identity.segments import Segment
    from identity.settings import FindingSettings

_MIN_TOGETHER_S = 0.3
_MIN_SAMPLES = 3
_MIN_PURITY = 0.7  # likeness within a segment below which it shows more than one person


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
    calibration: Calibration,
    settings: FindingSettings,
    *,
    fps: float,
) -> list[Clone]:
    """Return pairs on screen at once that look as like each other as one person in one shot.

    Network and clothes must both say so, on their own scales. Segments that are not even like
    themselves (several people under one box) cannot be judged.
    """
    found = []
    for a, b in combinations(range(len(segments)), 2):
        if not apart[a, b]:
            continue
        one, two = segments[a], segments[b]
        both = np.intersect1d(one.frames, two.frames)
        if len(both) < max(2, _MIN_TOGETHER_S * fps):
            continue
        likeness = _likeness(one, two, calibration)
        if likeness and min(likeness.values()) >= settings.clone:
            found.append(
                Clone((a, b), int(both[0]), int(both[-1]) + 1, min(likeness.values()), likeness)
            )
    return found


def _likeness(one: Segment, two: Segment, calibration: Calibration) -> dict[Cue, float]:
    """Return cue to the likeness of the two on its scale; empty = too little seen, or impure."""
    if min(one.sample_count, two.sample_count) < _MIN_SAMPLES:
        return {}
    result: dict[Cue, float] = {}
    cues: tuple[Cue, ...] = ("body", "upper")
    for cue in cues:
        if cue not in one.means or cue not in two.means:
            return {}
        scale = calibration.scales[cue]
        within = min(float(s.means[cue] @ s.means[cue]) for s in (one, two))
        if scale.likeness(within) < _MIN_PURITY:
            return {}
        result[cue] = scale.likeness(float(one.means[cue] @ two.means[cue]))
    return result
