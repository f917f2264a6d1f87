"""One who becomes another: at once or within half a second (morph), or slowly (drift).

Both are one question: are the looks before a stretch of time those after it? What makes the answer
trustworthy are the features below: a box that jumps has gone over to somebody else, one that grows
shows another part of the body, a turn shows another side, and what everybody loses is light.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from identity.appearance.looks import PART_CUES, Cue
from identity.evidence.moments import (
    FAST_S,
    MIN_SAMPLES,
    Moments,
    circumstances,
    fast_moments,
    mean_over,
    slow_moments,
)
from identity.evidence.samples import ShotSamples, Stretch, compare
from identity.explanations.model import AGAINST, FOR, Bounds
from identity.tracks.body_track import fully_visible_span

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from identity.evidence.calibration import Calibration

NETWORKS: tuple[Cue, ...] = ("body", *PART_CUES)
COLOURS: tuple[Cue, ...] = ("head", "upper", "lower")
COMPARED: tuple[Cue, ...] = (*NETWORKS, *COLOURS, "hair", "facing")

# A second between two sides leaves looks time to change by themselves, but not so much of it that
# nothing slower than a jump could be told.
SPAN_BOUNDS: Bounds = (-3.0, 0.0)

FEATURES: Mapping[str, Bounds] = {
    "unlike": FOR, "network": FOR, "colour": FOR, "hair": FOR, "noise": AGAINST, "jump": AGAINST,
    "zoom": AGAINST, "turn": AGAINST, "others": AGAINST, "together": FOR, "touch": AGAINST,
    "samples": FOR, "score": FOR, "size": FOR, "returns": AGAINST, "step": FOR,
    "span": SPAN_BOUNDS, "light": AGAINST,
}  # fmt: skip

_RAMP_BETTER = 0.8  # a ramp has one number more than a step to fit with
_NETWORKS_LOSE = 0.25  # likeness; light moves the colours and not the networks
_COMES_BACK = 0.3  # log-odds from which the old look is held to be back: it was hidden
_REFRAMED = 0.6  # logarithm: a box 1.8 times as large shows another part of a body, or two bodies


def moments_of(samples: ShotSamples, track: int, *, slow: bool) -> Moments:
    """Return all moments worth asking about: fast ones, or the slow ones of a whole track.

    Whoever comes in or goes out shows a part of the body only: those looks do not count.
    """
    if not samples.looks:
        return Moments.between(samples, [])
    first, last = fully_visible_span(samples.tracks[track], samples.tracks, fps=samples.fps)
    there = (samples.frames >= first) & (samples.frames <= last)
    seen = np.flatnonzero(samples.seen["body"][track] & there)
    if len(seen) < 2 * MIN_SAMPLES:
        return Moments.between(samples, [])
    return (slow_moments if slow else fast_moments)(samples, int(seen[0]), int(seen[-1]) + 1)


def features_of(
    samples: ShotSamples, track: int, moments: Moments, calibration: Calibration
) -> tuple[dict[str, NDArray[np.float64]], NDArray[np.bool_]]:
    """Return the features of M moments, each (M,), and which of them can be judged at all."""
    before, after = moments.before, moments.after
    (start, last), (first, stop) = before, after
    own = samples.agreement(track, track)
    found = compare(own, before, after, calibration)
    seen_as = circumstances(samples, track, moments)
    returns = _returns(samples, track, moments, calibration)
    judged = np.asarray((seen_as.samples >= MIN_SAMPLES) & np.isfinite(found.log_odds), np.bool_)
    lost = 1 - mean_of(found.likeness, NETWORKS)
    judged &= (seen_as.zoom <= _REFRAMED) & (returns <= _COMES_BACK) & (lost >= _NETWORKS_LOSE)
    middle_b, middle_a = (start + last) // 2, (first + stop) // 2
    noise = np.fmin(
        compare(own, (start, middle_b), (middle_b, last), calibration).log_odds,
        compare(own, (first, middle_a), (middle_a, stop), calibration).log_odds,
    )
    grid = len(samples.frames)
    near = (np.maximum(last - 2, 0), last), (first, np.minimum(first + 2, grid))
    others, together = _others(samples, track, before, after, calibration)
    likeness = found.likeness
    return {
        "unlike": -found.log_odds,
        "network": lost,
        "colour": 1 - _second_smallest(likeness, COLOURS),
        "hair": 1 - likeness.get("hair", np.full(len(moments), np.nan)),
        "noise": np.maximum(-noise, -2.0),
        "jump": seen_as.jump,
        "zoom": seen_as.zoom,
        "turn": _turn(samples, track, before, after),
        "others": others,
        "together": together,
        "touch": seen_as.touch,
        "samples": np.log(seen_as.samples.clip(1, 8)),
        "score": seen_as.score,
        "size": np.log(np.maximum(seen_as.height_px, 8) / 100),
        "returns": returns,
        "step": -compare(own, *near, calibration).log_odds,
        "span": (first - last) / samples.per_s,
        "light": _light(samples, before, after),
    }, judged


def _returns(
    samples: ShotSamples, track: int, moments: Moments, calibration: Calibration
) -> NDArray[np.float64]:
    """Return (M,) log-odds in [-1, 2] that the old look comes back, or was there before this one.

    Half a second after the moment, or before it: what passes in front of somebody is gone then.
    """
    own = samples.agreement(track, track)
    window = moments.stop - moments.first + moments.last - moments.start
    half_s = max(1, round(FAST_S * samples.per_s))
    grid = len(samples.frames)
    later = np.minimum(moments.first + half_s, grid), np.minimum(moments.stop + window, grid)
    earlier = np.maximum(moments.start - window, 0), np.maximum(moments.last - half_s, 0)
    odds = [
        compare(own, moments.before, later, calibration).log_odds,
        compare(own, earlier, moments.after, calibration).log_odds,
    ]
    return np.asarray(np.clip(np.nan_to_num(np.fmax(*odds), nan=-1.0), -1, 2), np.float64)


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
    looks = samples.looks["body"][track, rows].astype(np.float64)
    third = max(MIN_SAMPLES, len(rows) // 3)
    along = looks @ (looks[-third:].mean(axis=0) - looks[:third].mean(axis=0))
    best: dict[bool, tuple[float, int, int]] = {}
    half_s = FAST_S * samples.per_s
    for start in range(len(rows) - 1):
        for stop in range(start + 1, len(rows)):
            shape = np.clip((rows - rows[start]) / (rows[stop] - rows[start]), 0, 1)
            shape = shape - shape.mean()
            size = float(shape @ along) / max(float(shape @ shape), 1e-9)
            error = float(np.square(along - along.mean() - size * shape).sum())
            slow = bool(rows[stop] - rows[start] > half_s)
            if slow not in best or error < best[slow][0]:
                best[slow] = (error, int(rows[start]), int(rows[stop]))
    if True not in best or False not in best:
        return None
    slow = best[True][0] < _RAMP_BETTER * best[False][0]
    return Course(slow, *best[slow][1:])


def _others(
    samples: ShotSamples, track: int, before: Stretch, after: Stretch, calibration: Calibration
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return (M,) how unlike itself anybody else is at most, and (M,) whether anybody was there."""
    worst = np.full(len(before[0]), -2.0)
    seen = np.zeros(len(before[0]))
    for other in range(len(samples.tracks)):
        if other == track:
            continue
        found = compare(samples.agreement(other, other), before, after, calibration).log_odds
        known = np.isfinite(found)
        worst[known] = np.maximum(worst[known], -found[known])
        seen[known] = 1.0
    return np.clip(worst, -2, 2), seen


def _turn(samples: ShotSamples, track: int, before: Stretch, after: Stretch) -> NDArray[np.float64]:
    """Return (M,) by how much the cosine of facing differs; NaN where it is not known."""
    if "facing" not in samples.looks:
        return np.full(len(before[0]), np.nan)
    cosine = np.where(samples.seen["facing"][track], samples.looks["facing"][track, :, 0], np.nan)
    sides = [mean_over(cosine, *side, empty=np.nan) for side in (before, after)]
    return np.asarray(np.abs(sides[0] - sides[1]), np.float64)


def _light(samples: ShotSamples, before: Stretch, after: Stretch) -> NDArray[np.float64]:
    """Return (M,) how far the colour of the set moves, in tens of CIE Lab units, 3 at most."""
    moved = [
        mean_over(channel, *before, empty=np.nan) - mean_over(channel, *after, empty=np.nan)
        for channel in samples.tone.T
    ]
    return np.asarray(np.minimum(np.sqrt(np.square(moved).sum(axis=0)) / 10, 3.0), np.float64)


def mean_of(likeness: dict[Cue, NDArray[np.float64]], cues: tuple[Cue, ...]) -> NDArray[np.float64]:
    """Return (M,) the mean of those of some cues that were seen; 0 where none was."""
    rows = np.array([likeness[cue] for cue in cues if cue in likeness])
    known = ~np.isnan(rows)
    return np.asarray(
        np.where(known, rows, 0).sum(axis=0) / np.maximum(known.sum(axis=0), 1), np.float64
    )


def _second_smallest(
    likeness: dict[Cue, NDArray[np.float64]], cues: tuple[Cue, ...]
) -> NDArray[np.float64]:
    """Return (M,) the second smallest likeness of the cues seen; NaN where fewer than two are.

    A turn, or a hand before the chest, moves one colour; another person moves two.
    """
    count = len(next(iter(likeness.values())))
    rows = np.array([likeness[cue] for cue in cues if cue in likeness]).reshape(-1, count)
    if len(rows) < 2:
        return np.full(count, np.nan)
    return np.asarray(np.sort(rows, axis=0)[1], np.float64)
