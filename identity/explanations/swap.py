"""Two who exchange identity: "crossed" fits better than "straight" over one moment.

Needs no known moment: in clean clips no moment of any pair looks like one, since both have to
become like the other at once. A swap over some frames is asked about with the frames between left
out.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from identity.evidence.moments import MIN_SAMPLES, Moments, circumstances, fast_moments
from identity.evidence.samples import ShotSamples, compare
from identity.explanations.change import COLOURS, NETWORKS, SPAN_BOUNDS
from identity.explanations.model import AGAINST, FOR, Bounds

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from identity.appearance.looks import Cue
    from identity.evidence.calibration import Calibration
    from identity.evidence.same_look import Compared

FEATURES: Mapping[str, Bounds] = {
    "gain": FOR, "worse": FOR, "crossed": FOR, "network": FOR, "colour": FOR, "leap": AGAINST,
    "touch": AGAINST, "samples": FOR, "score": FOR, "size": FOR, "others": AGAINST,
    "span": SPAN_BOUNDS,
}  # fmt: skip

_MIN_GAIN = (
    0.3  # log-odds; no moment of 3,000 in clean generated clips comes near 0 (design probes)
)
_LEAP = 0.6  # a box that moves so far at once lies on another body: the tracker went over to it


@dataclass(frozen=True, slots=True, eq=False)
class PairCompared:
    """The four comparisons of two tracks over M moments."""

    straight: tuple[Compared, Compared]
    crossed: tuple[Compared, Compared]

    @property
    def gain(self) -> NDArray[np.float64]:
        """(M,) by how much "crossed" beats "straight", log-odds for each of the two."""
        (a, b), (c, d) = self.straight, self.crossed
        return (c.log_odds + d.log_odds - a.log_odds - b.log_odds) / 2


def compare_pair(
    samples: ShotSamples, one: int, two: int, moments: Moments, calibration: Calibration
) -> PairCompared:
    """Return how two tracks compare with themselves and with each other."""
    before, after = moments.before, moments.after
    both = samples.agreement(one, two)
    straight = tuple(
        compare(samples.agreement(k, k), before, after, calibration) for k in (one, two)
    )
    crossed = (
        compare(both, before, after, calibration),
        compare(both.turned(), before, after, calibration),
    )
    return PairCompared((straight[0], straight[1]), crossed)


def features_of(
    samples: ShotSamples,
    one: int,
    two: int,
    moments: Moments,
    calibration: Calibration,
    *,
    min_samples: int = MIN_SAMPLES,
) -> tuple[dict[str, NDArray[np.float64]], NDArray[np.bool_]]:
    """Return the features of M moments, each (M,), and which of them can be judged at all."""
    pair = compare_pair(samples, one, two, moments, calibration)
    sides = [circumstances(samples, track, moments) for track in (one, two)]
    fewest = np.minimum(sides[0].samples, sides[1].samples)
    judged = np.asarray((fewest >= min_samples) & crossed_is_ahead(pair), np.bool_)
    others = np.full(len(fewest), -2.0)
    for track in range(len(samples.tracks)):
        if track in (one, two):
            continue
        found = compare(
            samples.agreement(track, track), moments.before, moments.after, calibration
        ).log_odds
        others = np.fmax(others, -found)
    return looks_features(pair) | {
        "leap": np.clip(np.maximum(sides[0].jump, sides[1].jump) - _LEAP, 0, 1),
        "touch": np.maximum(sides[0].touch, sides[1].touch),
        "samples": np.log(fewest.clip(1, 8)),
        "score": np.minimum(sides[0].score, sides[1].score),
        "size": np.log(np.maximum(np.minimum(sides[0].height_px, sides[1].height_px), 8) / 100),
        "others": np.clip(others, -2, 2),
        "span": (moments.first - moments.last) / samples.per_s,
    }, judged


def crossed_is_ahead(pair: PairCompared) -> NDArray[np.bool_]:
    """Return (M,) whether both look more like the other than like themselves, beyond a doubt.

    Two who are alike do neither; so does who was seen on one side only (NaN).
    """
    (a, b), (c, d) = pair.straight, pair.crossed
    worse = np.minimum(c.log_odds - a.log_odds, d.log_odds - b.log_odds)
    return np.asarray((np.nan_to_num(worse, nan=-1.0) > 0) & (pair.gain >= _MIN_GAIN), np.bool_)


def looks_features(pair: PairCompared) -> dict[str, NDArray[np.float64]]:
    """Return what the looks alone say, each (M,)."""
    (a, b), (c, d) = pair.straight, pair.crossed
    return {
        "gain": pair.gain,
        "worse": np.minimum(c.log_odds - a.log_odds, d.log_odds - b.log_odds),
        "crossed": np.minimum(c.log_odds, d.log_odds),
        "network": _gain_of(pair, NETWORKS),
        "colour": _gain_of(pair, COLOURS),
    }


def _gain_of(pair: PairCompared, cues: tuple[Cue, ...]) -> NDArray[np.float64]:
    """Return (M,) by how much "crossed" beats "straight" on the scale of likeness, mean of cues."""
    gains = []
    for cue in cues:
        if all(cue in found.likeness for found in (*pair.crossed, *pair.straight)):
            c, d, a, b = (found.likeness[cue] for found in (*pair.crossed, *pair.straight))
            gains.append((c + d - a - b) / 2)
    if not gains:
        return np.full(len(pair.gain), np.nan)
    known = ~np.isnan(gains)
    return np.asarray(
        np.where(known, gains, 0).sum(axis=0) / np.maximum(known.sum(axis=0), 1), np.float64
    )


def both_seen(samples: ShotSamples, one: int, two: int) -> tuple[int, int]:
    """Return from which to which sample both were looked at; nothing where they never were."""
    seen = [np.flatnonzero(samples.seen["body"][track]) for track in (one, two)]
    if not all(len(rows) for rows in seen):
        return 0, 0
    return max(int(rows[0]) for rows in seen), min(int(rows[-1]) for rows in seen) + 1


def moments_of(samples: ShotSamples, low: int, high: int) -> Moments:
    """Return all moments between two samples; no window reaches beyond them."""
    if high - low < 2 * MIN_SAMPLES:
        return Moments.between(samples, [])
    return fast_moments(samples, low, high)
