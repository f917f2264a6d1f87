"""One whose face becomes another's within half a second, whatever becomes of the clothes.

Networks that see a whole figure hardly notice a face. What is asked here is the look of the face
alone, wherever two are seen from nearly the same side: does it differ over a moment by more than it
does on either side of it, and is the old one not back soon after?
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from identity.evidence.around import around, beside_itself
from identity.evidence.consistency import curve_from
from identity.evidence.logistic import AGAINST, FOR, Bounds
from identity.evidence.moments import (
    MIN_SAMPLES,
    Moments,
    Totals,
    circumstances,
    exact_frame,
    mean_over,
)
from identity.explanations import change
from identity.explanations.asked import Asked
from identity.explanations.clothes_swap import EXCHANGED
from identity.explanations.contract import Explained, best_of, features_at
from scenes.arrays import without_nan

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from identity.evidence.around import Around
    from identity.evidence.calibration import Calibration
    from identity.evidence.samples import ShotSamples
    from identity.explanations.contract import Scene

FEATURES: Mapping[str, Bounds] = {
    "face": FOR, "noise": AGAINST, "returns": AGAINST, "turn": AGAINST, "zoom": AGAINST,
    "jump": AGAINST, "touch": AGAINST, "aside": AGAINST, "nod": AGAINST, "samples": FOR,
    "size": FOR, "others": AGAINST, "span": change.SPAN_BOUNDS, "step": FOR, "light": AGAINST,
}  # fmt: skip
FACE, TURN = "face", "face_turn"
_LEAST_LOST = 0.2  # of similarity: less is anybody who turns or speaks


def moments_of(samples: ShotSamples, track: int) -> Moments:
    """Return all moments worth asking about; none where faces are not read."""
    if FACE not in samples.looks:
        return Moments.between(samples, [])
    return change.moments_of(samples, track, slow=False)


def features_of(
    samples: ShotSamples, track: int, moments: Moments, calibration: Calibration
) -> tuple[dict[str, NDArray[np.float64]], NDArray[np.bool_]]:
    """Return the features of M moments, each (M,), and which of them can be judged at all."""
    beside = around(samples, track, moments, calibration)
    within = np.fmin(*(half.similarity[FACE] for half in beside.within))
    counts = samples.counts(FACE, track)
    fewest = np.minimum(*(counts[stop] - counts[start] for start, stop in moments.sides))
    seen_as = circumstances(samples, track, moments)
    lost = 1 - beside.over.similarity[FACE]
    judged = np.isfinite(lost) & (fewest >= MIN_SAMPLES) & (lost >= _LEAST_LOST)
    judged &= seen_as.zoom <= change.REFRAMED
    return {
        "face": lost,
        "noise": 1 - np.where(np.isfinite(within), within, 1.0),
        "returns": _returns(beside),
        "turn": without_nan(change.turn_of(samples, track, moments)),
        "zoom": seen_as.zoom,
        "jump": seen_as.jump,
        "touch": seen_as.touch,
        "aside": _turned(samples, track, moments, 0),
        "nod": _turned(samples, track, moments, 1),
        "samples": np.log(fewest.clip(1, 8)),
        "size": np.log(np.maximum(seen_as.height_px, 8) / 100),
        "others": _others(samples, track, moments, calibration),
        "span": (moments.first - moments.last) / samples.per_s,
        "step": 1 - without_nan(beside.step.similarity[FACE], 1.0),
        "light": change.light_of(samples, *moments.sides),
    }, np.asarray(judged, np.bool_)


def _turned(samples: ShotSamples, track: int, moments: Moments, number: int) -> NDArray[np.float64]:
    """Return (M,) by how much a face is turned otherwise, one of both numbers of `turn_of`."""

    def totals() -> Totals:
        turn = samples.looks[TURN][track, slice(None)][:, number]
        return Totals.of(np.where(samples.seen[TURN][track], turn, np.nan))

    kept = samples.once(f"{TURN} {number}", track, totals)
    sides = [mean_over(kept, *side, empty=np.nan) for side in moments.sides]
    return without_nan(np.abs(sides[0] - sides[1]))


def _returns(beside: Around) -> NDArray[np.float64]:
    """Return (M,) how much the old face is there again later, or the new one was before."""
    again = np.fmax(beside.back.similarity[FACE], beside.already.similarity[FACE])
    return np.asarray(np.clip(without_nan(again), 0, 1), np.float64)


def _others(
    samples: ShotSamples, track: int, moments: Moments, calibration: Calibration
) -> NDArray[np.float64]:
    """Return (M,) how much the face of anybody else changes at most."""
    worst = np.zeros(len(moments))
    for other in range(len(samples.tracks)):
        if other != track:
            alike = beside_itself(samples, other, moments, calibration).similarity[FACE]
            worst = np.fmax(worst, 1 - alike)
    return np.minimum(worst, 1.0)


def find(scene: Scene) -> list[Explained]:
    """Return whose face becomes another's, of each the surest moment."""
    found = [one for k in range(len(scene.tracks)) if (one := _surest(scene, k)) is not None]
    return change.apart(found, fps=scene.samples.fps)


def _surest(scene: Scene, track: int) -> Explained | None:
    samples, calibration = scene.samples, scene.calibration
    moments = moments_of(samples, track)
    if not len(moments):
        return None
    ask = partial(features_of, samples, track, calibration=calibration)
    asked = Asked.about(samples, moments, ask, scene.model["other_face"])
    best = best_of(asked.log_odds, asked.judged, scene.settings.least_log_odds)
    if best is None:
        return None
    one = moments.take(np.array([best]))
    row = features_at(ask(one)[0], 0)
    frame = exact_frame(samples, (track,), moments, best, cues=(FACE,))
    old = int(moments.start[best]), int(moments.last[best])
    hair = beside_itself(samples, track, one, calibration).similarity.get("hair")
    return Explained(
        "morph", (track,), frame, frame + 1, float(asked.log_odds[best]),
        float(np.clip(row["face"], 0, 1)), row,
        attribute="face", vouched=hair is not None and bool(1 - hair[0] >= EXCHANGED),
        curves={track: curve_from(samples, track, old, (FACE,), calibration)},
    )  # fmt: skip
