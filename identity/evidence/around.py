"""How alike a track stays to itself over moments, and right beside them.

One explanation after the other asks it of the same moments, so it is worked out once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, TypeVar

import numpy as np

from identity.evidence.samples import compare
from identity.tracks.body_track import FAST_S

if TYPE_CHECKING:
    from collections.abc import Callable

    from identity.evidence.calibration import Calibration
    from identity.evidence.moments import Moments
    from identity.evidence.same_look import Compared
    from identity.evidence.samples import ShotSamples, Stretch

_T = TypeVar("_T")
_STEP_SAMPLES = 2
_OVER = "over a moment"  # what is asked of a track alone is known after all was asked, too


class Around(NamedTuple):
    """A track beside itself around M moments.

    Attributes:
        over: Before a moment, beside after it.
        within: The two halves of before beside each other, and those of after.
        step: The last two looks before, beside the first two after.
        back: Before a moment, beside half a second after it and later: is the old look back?
        already: Half a second before it and earlier, beside after it: was the new one there before?
    """

    over: Compared
    within: tuple[Compared, Compared]
    step: Compared
    back: Compared
    already: Compared


def beside_itself(
    samples: ShotSamples, track: int, moments: Moments, calibration: Calibration
) -> Compared:
    """Return how a track compares with itself over M moments."""

    def anew() -> Compared:
        return compare(samples.agreement(track, track), *moments.sides, calibration)

    return _lately(samples, _OVER, track, moments, calibration, anew)


def around(samples: ShotSamples, track: int, moments: Moments, calibration: Calibration) -> Around:
    """Return how a track compares with itself over M moments, and right beside them."""

    def anew() -> Around:
        (start, last), (first, stop) = moments.sides
        middle_b, middle_a = (start + last) // 2, (first + stop) // 2
        near = np.maximum(last - _STEP_SAMPLES, 0), np.minimum(first + _STEP_SAMPLES, grid)
        earlier, later = _outer_sides(samples, moments)
        asked: list[tuple[Stretch, Stretch]] = [
            ((start, last), (first, stop)),
            ((start, middle_b), (middle_b, last)),
            ((first, middle_a), (middle_a, stop)),
            ((near[0], last), (first, near[1])),
            ((start, last), later),
            (earlier, (first, stop)),
        ]
        one, two = (
            tuple(np.concatenate([pair[side][end] for pair in asked]) for end in range(2))
            for side in range(2)
        )
        own = samples.agreement(track, track)
        found = compare(own, (one[0], one[1]), (two[0], two[1]), calibration)
        count = len(moments)
        over, early, late, step, back, already = (
            found.take(slice(k * count, (k + 1) * count)) for k in range(len(asked))
        )
        _lately(samples, _OVER, track, moments, calibration, lambda: over)
        return Around(over, (early, late), step, back, already)

    grid = len(samples.frames)
    return _lately(samples, "around", track, moments, calibration, anew)


def _lately(
    samples: ShotSamples,
    what: str,
    track: int,
    moments: Moments,
    calibration: Calibration,
    anew: Callable[[], _T],
) -> _T:
    """Return what was worked out for the same moments of a track with the same calibration."""
    made_with, found = samples.lately(what, track, moments.edges, lambda: (calibration, anew()))
    return found if made_with is calibration else anew()


def _outer_sides(samples: ShotSamples, moments: Moments) -> tuple[Stretch, Stretch]:
    """Return what lies before and behind M moments, half a second from them and more."""
    window = moments.stop - moments.first + moments.last - moments.start
    half_s = max(1, round(FAST_S * samples.per_s))
    grid = len(samples.frames)
    later = np.minimum(moments.first + half_s, grid), np.minimum(moments.stop + window, grid)
    earlier = np.maximum(moments.start - window, 0), np.maximum(moments.last - half_s, 0)
    return earlier, later
