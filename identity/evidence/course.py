"""How a change goes: in a step, or along a ramp."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from identity.evidence.moments import FAST_S, MIN_SAMPLES

if TYPE_CHECKING:
    from identity.evidence.samples import ShotSamples

_MAX_POINTS = 480  # of a stretch: a minute of looks. All pairs of them are tried
_RAMP_BETTER = 0.8  # a ramp has one number more than a step to fit with


@dataclass(frozen=True, slots=True)
class Course:
    """How a change goes, from the samples themselves.

    Attributes:
        slow: Whether a ramp of over half a second explains the samples better than a step.
        start, stop: Samples at which the ramp begins and has ended.
    """

    slow: bool
    start: int
    stop: int


def course_of(samples: ShotSamples, track: int, low: int, high: int) -> Course | None:
    """Return how the look of a track goes from its first third to its last, by the network.

    Least squares of a constant, a ramp and a constant over all onsets and ends: with noise alike at
    all samples, the generalised likelihood ratio test of a ramp against a step.

    Args:
        samples: Of the shot.
        track: Whose look.
        low: First sample.
        high: Sample after the last.
    """
    rows = low + np.flatnonzero(samples.seen["body"][track, low:high])
    if len(rows) < 2 * MIN_SAMPLES + 1:
        return None
    thinned = len(rows) > _MAX_POINTS
    if thinned:
        rows = rows[np.linspace(0, len(rows) - 1, _MAX_POINTS).round().astype(np.int64)]
    looks = samples.looks["body"][track, rows].astype(np.float64)
    third = max(MIN_SAMPLES, len(rows) // 3)
    along = looks @ (looks[-third:].mean(axis=0) - looks[:third].mean(axis=0))
    best: dict[bool, tuple[float, int, int]] = {}
    # Of a take of many minutes: from one point to the next is as sudden as these can tell.
    sudden = max(FAST_S * samples.per_s, int(np.diff(rows).max()) if thinned else 0)
    for start in range(len(rows) - 1):
        for stop in range(start + 1, len(rows)):
            shape = np.clip((rows - rows[start]) / (rows[stop] - rows[start]), 0, 1)
            shape = shape - shape.mean()
            size = float(shape @ along) / max(float(shape @ shape), 1e-9)
            error = float(np.square(along - along.mean() - size * shape).sum())
            slow = bool(rows[stop] - rows[start] > sudden)
            if slow not in best or error < best[slow][0]:
                best[slow] = (error, int(rows[start]), int(rows[stop]))
    if True not in best or False not in best:
        return None
    slow = best[True][0] < _RAMP_BETTER * best[False][0]
    return Course(slow, *best[slow][1:])
