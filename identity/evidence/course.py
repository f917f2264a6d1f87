"""How a change goes: in a step, or along a ramp."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from identity.evidence.moments import MIN_SAMPLES
from identity.tracks.body_track import FAST_S

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from identity.appearance.looks import Cue
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


def course_of(
    samples: ShotSamples, track: int, low: int, high: int, *, cue: Cue = "body"
) -> Course | None:
    """Return how the look of a track goes from its first third to its last.

    Least squares over all onsets and ends: with noise alike at all samples, the generalised
    likelihood ratio test of a ramp against a step.

    Args:
        samples: Of the shot.
        track: Whose look.
        low: First sample.
        high: Sample after the last.
        cue: By which look: that of the network, if nothing else is said.
    """
    rows = low + np.flatnonzero(samples.seen[cue][track, low:high])
    if len(rows) < 2 * MIN_SAMPLES + 1:
        return None
    thinned = len(rows) > _MAX_POINTS
    if thinned:
        rows = rows[np.linspace(0, len(rows) - 1, _MAX_POINTS).round().astype(np.int64)]
    looks = samples.looks[cue][track, rows].astype(np.float64)
    third = max(MIN_SAMPLES, len(rows) // 3)
    along = looks @ (looks[-third:].mean(axis=0) - looks[:third].mean(axis=0))
    # Of a take of many minutes: from one point to the next is as sudden as these can tell.
    sudden = max(FAST_S * samples.per_s, int(np.diff(rows).max()) if thinned else 0)
    errors = ramp_errors(rows, along)
    best: dict[bool, tuple[int, int]] = {}
    for (start, stop), error in errors.items():
        slow = bool(rows[stop] - rows[start] > sudden)
        if slow not in best or error < errors[best[slow]]:
            best[slow] = (start, stop)
    if len(best) < 2:
        return None
    slow = errors[best[True]] < _RAMP_BETTER * errors[best[False]]
    start, stop = rows[list(best[slow])].tolist()
    return Course(slow, start, stop)


def ramp_errors(at: NDArray[np.int64], values: NDArray[np.float64]) -> dict[tuple[int, int], float]:
    """Return what is left of K values by a constant, a ramp and a constant, squared and summed.

    Args:
        at: (K,) where they are, rising.
        values: (K,) what they are.

    Returns:
        Numbers of the values between which the ramp lies, to what the best one there leaves.

    Example:
        >>> left = ramp_errors(np.arange(4), np.array([0.0, 0.0, 1.0, 2.0]))
        >>> min(left, key=left.__getitem__)
        (1, 3)
    """
    errors: dict[tuple[int, int], float] = {}
    for start in range(len(at) - 1):
        for stop in range(start + 1, len(at)):
            shape = np.clip((at - at[start]) / (at[stop] - at[start]), 0, 1)
            shape = shape - shape.mean()
            size = float(shape @ values) / max(float(shape @ shape), 1e-9)
            errors[start, stop] = float(np.square(values - values.mean() - size * shape).sum())
    return errors
