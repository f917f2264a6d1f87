"""Two who exchange heads inside a shot, hair and hats with them, while both keep their clothes.

Networks see the clothes below a head, and hardly notice. Colours of hair tell: both come to have
the other's, at one moment.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from identity.evidence.consistency import curve_from
from identity.evidence.logistic import AGAINST, FOR, Bounds
from identity.evidence.moments import MIN_SAMPLES, Moments, circumstances, exact_frame
from identity.explanations.asked import Asked
from identity.explanations.clothes_swap import NEARER, gains, network_gains
from identity.explanations.contract import Explained, best_of, features_at
from identity.explanations.swap import compare_pair, moments_of, of_each_two

if TYPE_CHECKING:
    from collections.abc import Mapping

    from identity.appearance.looks import Cue
    from identity.evidence.calibration import Calibration
    from identity.evidence.samples import ShotSamples
    from identity.explanations.asked import Features
    from identity.explanations.contract import Scene

FEATURES: Mapping[str, Bounds] = {"face": FOR, "hair": FOR, "touch": AGAINST}

_LEAST_GAIN = 0.01  # of similarity: less is all the same, and its logarithm falls without end
_HEADS: tuple[Cue, ...] = ("hair", "head")


def features_of(
    samples: ShotSamples, one: int, two: int, moments: Moments, calibration: Calibration
) -> Features:
    """Return the features of M moments, each (M,), and which of them can be judged at all.

    `hair` is the logarithm of how much nearer its colours come to the other's than they stay to
    their own, of the one of whom it is less, over a second on each side or at the very moment,
    whichever is less; `touch` how much of either somebody else's box covers. Both have to keep
    bodies and clothes.
    """
    pair = compare_pair(samples, one, two, moments, calibration)
    sides = [circumstances(samples, track, moments) for track in (one, two)]
    fewest = np.minimum(sides[0].samples, sides[1].samples)
    near = Moments(
        np.maximum(moments.last - MIN_SAMPLES, moments.start), moments.last, moments.first,
        np.minimum(moments.first + MIN_SAMPLES, moments.stop),
    )  # fmt: skip
    at_once = compare_pair(samples, one, two, near, calibration)
    hair = np.nan_to_num(np.min([*gains(pair, "hair"), *gains(at_once, "hair")], axis=0))
    stays = np.nan_to_num(-np.max(network_gains(pair), axis=0))
    face = np.nan_to_num(np.min(gains(pair, "face"), axis=0))
    judged = (fewest >= MIN_SAMPLES) & ((hair > 0) | (face > 0)) & (stays >= NEARER)
    return {
        "hair": np.log(np.clip(hair, _LEAST_GAIN, 1.0)),
        "face": face,
        "touch": np.maximum(sides[0].touch, sides[1].touch),
    }, np.asarray(judged, np.bool_)


def find(scene: Scene) -> list[Explained]:
    """Return who exchanges heads with whom, of each two the surest moment."""
    return of_each_two(scene, _surest)


def _surest(scene: Scene, pair: tuple[int, int], span: tuple[int, int]) -> Explained | None:
    samples, calibration = scene.samples, scene.calibration
    ask = partial(features_of, samples, *pair, calibration=calibration)
    moments = moments_of(samples, *span)
    asked = Asked.about(samples, moments, ask, scene.model["exchanged_heads"])
    best = best_of(asked.log_odds, asked.judged, scene.settings.least_log_odds)
    if best is None:
        return None
    row = features_at(ask(moments.take(np.array([best])))[0], 0)
    frame = exact_frame(samples, pair, moments, best, cues=_HEADS)
    old = int(moments.start[best]), int(moments.last[best])
    return Explained(
        "attribute_swap", pair, frame, frame + 1, float(asked.log_odds[best]),
        float(np.exp(row["hair"])), row,
        attribute="head",
        curves={k: curve_from(samples, k, old, ("hair",), calibration) for k in pair},
    )  # fmt: skip
