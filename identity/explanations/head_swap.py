"""Two in one outfit who exchange identity: only their hair tells.

The clothes say nothing of such a swap, and the network, which looks at clothes, little. So it is
asked where everybody's clothes stay as they are, nobody else's hair changes, and nobody turns.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from identity.evidence.around import beside_itself
from identity.evidence.consistency import curve_from
from identity.evidence.moments import MIN_SAMPLES, circumstances, exact_frame
from identity.evidence.same_look import SAME_FACING
from identity.explanations.change import turn_of
from identity.explanations.clothes_swap import EXCHANGED, gains
from identity.explanations.contract import Explained, log_odds_by_rule
from identity.explanations.swap import compare_pair, moments_of, of_each_two
from identity.tracks.crossings import TOUCHING_IOU

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from identity.evidence.calibration import Calibration
    from identity.evidence.moments import Moments
    from identity.evidence.samples import ShotSamples
    from identity.explanations.contract import Scene


def find(scene: Scene) -> list[Explained]:
    """Return who exchanges hair, and with it identity, with somebody in one outfit."""
    if not {"hair", "facing"} <= scene.samples.looks.keys():
        return []
    taken = {k for one in scene.explained if one.kind not in ("clone", "drift") for k in one.tracks}
    found: list[Explained] = []
    for one in of_each_two(scene, _surest):
        if not taken & set(one.tracks):
            found.append(one)
            taken |= set(one.tracks)
    return found


def hair_lost(
    samples: ShotSamples, one: int, two: int, moments: Moments, calibration: Calibration
) -> NDArray[np.float64]:
    """Return (M,) the similarity that the hair of both loses at least beyond their clothes.

    0 where clothes tell them apart, or the hair of either comes less than half of the way to the
    other's, or one of them turns, or touches somebody, or where somebody else's hair changes too.
    """
    pair = compare_pair(samples, one, two, moments, calibration)
    nothing = np.full(len(moments), np.nan)
    hair, clothes = (
        np.array([side.similarity.get(cue, nothing) for side in pair.straight])
        for cue in ("hair", "upper")
    )
    outfits = [side.similarity.get("upper", nothing) for side in pair.crossed]
    told = np.all(np.array([*gains(pair, "hair"), *outfits]) >= EXCHANGED, axis=0)
    for track in range(len(samples.tracks)) if told.any() else ():  # nearly never
        if track in (one, two):
            seen_as = circumstances(samples, track, moments)
            told &= (seen_as.samples >= MIN_SAMPLES) & (seen_as.touch <= TOUCHING_IOU)
            told &= turn_of(samples, track, moments) <= SAME_FACING
        else:
            beside = beside_itself(samples, track, moments, calibration).similarity
            told &= ~(beside.get("hair", nothing) < EXCHANGED)
    return np.where(told, (clothes - hair).min(axis=0), 0)


def _surest(scene: Scene, pair: tuple[int, int], span: tuple[int, int]) -> Explained | None:
    samples = scene.samples
    moments = moments_of(samples, *span)
    lost = np.zeros(len(moments))
    for rows in samples.parts(moments.last):
        lost[rows] = hair_lost(samples, *pair, moments.take(rows), scene.calibration)
    threshold = scene.settings.scaled("swap")
    if lost.max(initial=0.0) < threshold:
        return None
    best = int(lost.argmax())
    old = int(moments.start[best]), int(moments.last[best])
    frame = exact_frame(samples, pair, moments, best, cues=("hair",))
    curve = partial(curve_from, samples, old=old, cues=("hair",), calibration=scene.calibration)
    return Explained(
        "swap", pair, frame, frame + 1, log_odds_by_rule(float(lost[best]), threshold),
        float(lost[best]), {"hair": float(lost[best])}, curves={k: curve(track=k) for k in pair},
    )  # fmt: skip
