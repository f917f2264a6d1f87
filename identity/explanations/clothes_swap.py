"""Two who exchange clothes inside a shot, or their colours alone, while both keep their heads.

To a network two who exchange clothes look as if they had exchanged places, and colours alone it
hardly sees. So colours decide: of both a garment comes nearer to the other's, while the heads stay.
"""

from __future__ import annotations

from functools import partial
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np

from identity.evidence.consistency import curve_from
from identity.evidence.logistic import AGAINST, FOR, Bounds
from identity.evidence.moments import MIN_SAMPLES, Moments, circumstances, exact_frame
from identity.explanations.asked import Asked
from identity.explanations.contract import Explained, best_of, features_at
from identity.explanations.other_clothes import GARMENTS
from identity.explanations.swap import between_meetings, both_seen, compare_pair, moments_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from identity.appearance.looks import Cue
    from identity.evidence.calibration import Calibration
    from identity.evidence.same_look import Compared
    from identity.evidence.samples import ShotSamples
    from identity.explanations.contract import Kind, Scene

KINDS: tuple[Kind, ...] = ("attribute_swap",)
FEATURES: Mapping[str, Bounds] = {
    "garment": FOR, "head": FOR, "head_look": AGAINST, "samples": FOR,
}  # fmt: skip


def features_of(
    samples: ShotSamples, one: int, two: int, moments: Moments, calibration: Calibration
) -> tuple[dict[str, NDArray[np.float64]], NDArray[np.bool_]]:
    """Return the features of M moments, each (M,), and which of them can be judged at all.

    `garment` is by how much a garment comes nearer to the other's than it stays its own, of the one
    of whom it is less; `head` by how much heads are nearer to their own, and `head_look` what a
    network loses of them, means of both.
    """
    pair = compare_pair(samples, one, two, moments, calibration)
    fewest = np.minimum(*(circumstances(samples, k, moments).samples for k in (one, two)))
    gains = {
        cue: [_of(there, cue) - _of(own, cue) for own, there in zip(*pair.sides, strict=True)]
        for cue in (*GARMENTS, "head")
    }
    garment = np.fmax.reduce([np.min(gains[cue], axis=0) for cue in GARMENTS])
    judged = (fewest >= MIN_SAMPLES) & (np.nan_to_num(garment) > 0)
    return {
        "garment": garment,
        "head": -np.mean(gains["head"], axis=0),
        "head_look": np.mean([0.5 - _of(own, "head_look") for own in pair.straight], axis=0),
        "samples": np.log(fewest.clip(1, 8)),
    }, np.asarray(judged, np.bool_)


def _of(compared: Compared, cue: Cue) -> NDArray[np.float64]:
    return compared.similarity.get(cue, np.full(len(compared.log_odds), np.nan))


def find(scene: Scene) -> list[Explained]:
    """Return who exchanges clothes with whom, of each two the surest moment."""
    samples, found = scene.samples, []
    for pair in combinations(range(len(samples.tracks)), 2):
        meetings = samples.crossings(*pair)
        spans = between_meetings(samples, both_seen(samples, *pair), meetings)
        told = [one for span in spans if (one := _surest(scene, pair, span)) is not None]
        found += sorted(told, key=lambda one: -one.log_odds)[:1]
    return found


def _surest(scene: Scene, pair: tuple[int, int], span: tuple[int, int]) -> Explained | None:
    samples, calibration = scene.samples, scene.calibration
    ask = partial(features_of, samples, *pair, calibration=calibration)
    moments = moments_of(samples, *span)
    asked = Asked.about(samples, moments, ask, scene.model["clothes_swap"])
    best = best_of(asked.log_odds, asked.judged, scene.settings.least_log_odds)
    if best is None:
        return None
    row = features_at(ask(moments.take(np.array([best])))[0], 0)
    frame = exact_frame(samples, pair, moments, best)
    old = int(moments.start[best]), int(moments.last[best])
    return Explained(
        "attribute_swap", pair, frame, frame + 1, float(asked.log_odds[best]), row["garment"], row,
        attribute="clothes",
        curves={k: curve_from(samples, k, old, GARMENTS, calibration) for k in pair},
    )  # fmt: skip
