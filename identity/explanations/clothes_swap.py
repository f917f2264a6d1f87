"""Two who exchange clothes inside a shot, or their colours alone, while both keep their heads.

To a network two who exchange clothes look as if they had exchanged places. Colours of head and hair
tell that they have not: they stay nearer to their own.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from identity.evidence.consistency import curve_from
from identity.evidence.logistic import FOR, Bounds
from identity.evidence.moments import MIN_SAMPLES, Moments, circumstances, exact_frame
from identity.evidence.same_look import mean_of
from identity.evidence.samples import BODIES
from identity.explanations import swap
from identity.explanations.asked import Asked
from identity.explanations.contract import Explained, best_of, features_at
from identity.explanations.swap import compare_pair, moments_of, of_each_two

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from identity.appearance.looks import Cue
    from identity.evidence.calibration import Calibration
    from identity.evidence.samples import ShotSamples
    from identity.explanations.asked import Features
    from identity.explanations.contract import Scene
    from identity.explanations.swap import PairCompared

FEATURES: Mapping[str, Bounds] = {
    "network": FOR, "head": FOR, "hair": FOR, "samples": FOR,
}  # fmt: skip

NEARER = 0.1  # similarity by which bodies must go over and hair must stay: chance does less
EXCHANGED = 0.5  # of what tells two people apart: half of the way to the other's


def features_of(
    samples: ShotSamples, one: int, two: int, moments: Moments, calibration: Calibration
) -> Features:
    """Return the features of M moments, each (M,), and which of them can be judged at all."""
    fewest = np.minimum(*(circumstances(samples, k, moments).samples for k in (one, two)))
    return features_of_pair(compare_pair(samples, one, two, moments, calibration), fewest)


def features_of_pair(pair: PairCompared, fewest: NDArray[np.int64]) -> Features:
    """Return the features of M comparisons of two, each (M,), and which can be judged at all.

    `network` is by how much bodies and clothes come nearer to the other's than they stay their own,
    of the one of whom it is less; `head` and `hair` by how much their colours are nearer to their
    own, mean of both. Hair has to be, or heads where it is not seen: of two whose hair is alike
    nobody can say whether the heads went along, and then it is a swap. None counts for more than
    what tells two people apart, as more is as likely of two who exchange all of a look.

    Args:
        pair: How two compare before and after a moment, or a cut.
        fewest: (M,) looks at either of them, before or after.
    """
    network = np.min(network_gains(pair), axis=0)
    head, hair = (-np.mean(gains(pair, cue), axis=0) for cue in ("head", "hair"))
    least = np.minimum(network, np.where(np.isfinite(hair), hair, head))
    judged = (fewest >= MIN_SAMPLES) & (np.nan_to_num(least) >= NEARER)
    return {
        "network": np.minimum(network, EXCHANGED),
        "head": np.clip(head, -1, 1),
        "hair": np.clip(hair, -1, 1),
        "samples": np.log(fewest.clip(1, 8)),
    }, np.asarray(judged, np.bool_)


def gains(pair: PairCompared, cue: Cue) -> NDArray[np.float64]:
    """Return (2, M) by how much a cue of each fits crosswise rather than straight; NaN = unseen."""
    nothing = np.full(len(pair.gain), np.nan)
    return np.array(
        [
            there.similarity.get(cue, nothing) - own.similarity.get(cue, nothing)
            for own, there in zip(pair.straight, pair.crossed, strict=True)
        ]
    )


def network_gains(pair: PairCompared) -> NDArray[np.float64]:
    """Return (2, M) the mean of `gains` over the networks' looks at bodies and clothes.

    The look at the head is not among them: it follows the clothes below it.
    """
    return mean_of({cue: gains(pair, cue) for cue in BODIES}, BODIES, unseen=np.nan)


def find(scene: Scene) -> list[Explained]:
    """Return who exchanges clothes with whom, of each two the surest moment."""
    return of_each_two(scene, _surest)


def _surest(scene: Scene, pair: tuple[int, int], span: tuple[int, int]) -> Explained | None:
    samples, calibration = scene.samples, scene.calibration
    ask = partial(features_of, samples, *pair, calibration=calibration)
    moments = moments_of(samples, *span)
    asked = Asked.about(samples, moments, ask, scene.model["clothes_swap"])
    least = scene.settings.least_log_odds
    if best_of(asked.log_odds, asked.judged, least) is None:
        return None
    best = _surest_swap(scene, pair, moments)
    if best is None or not asked.judged[best] or asked.log_odds[best] < least:
        return None
    row = features_at(ask(moments.take(np.array([best])))[0], 0)
    frame = exact_frame(samples, pair, moments, best)
    old = int(moments.start[best]), int(moments.last[best])
    return Explained(
        "attribute_swap", pair, frame, frame + 1, float(asked.log_odds[best]), row["network"], row,
        attribute="clothes",
        curves={k: curve_from(samples, k, old, BODIES, calibration) for k in pair},
    )  # fmt: skip


def _surest_swap(scene: Scene, pair: tuple[int, int], moments: Moments) -> int | None:
    """Return the moment at which two are surest to exchange all that a network sees.

    Beside it both sides are mixed, and of two who exchange heads as well these seem to stay.
    """
    asked = Asked.about(
        scene.samples,
        moments,
        lambda part: swap.features_of(scene.samples, *pair, part, scene.calibration),
        scene.model["swap"],
    )
    return best_of(asked.log_odds, asked.judged, -np.inf)
