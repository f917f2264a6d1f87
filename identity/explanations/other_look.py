"""One who looks otherwise in a later shot, although seen from the same side.

From another side, or another distance, everybody looks otherwise. So only shots are compared in
which somebody faces the camera alike and shows as much of the body, and of the earlier ones the
most alike counts: who looks again as in any of them has not changed.

Only colours are asked. From shot to shot of a story somebody does something else, and to a network
who bends over a book differs from who drinks as much as two people do (`docs/decisions.md` has the
figures). Another light changes colours too, and nobody knows what it should be in another set-up.
So this is a hint to look there and stops no release.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from identity.evidence.logistic import AGAINST, FOR, Bounds
from identity.evidence.same_look import SAME_FACING, similarities_between
from identity.explanations.later import later_changes

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from identity.appearance.looks import Cue
    from identity.evidence.calibration import Calibration
    from identity.explanations.contract import Clip, Explained
    from identity.tracks.segments import Segment

    Means = Mapping[Cue, NDArray[np.float32]]
    Compared = tuple[dict[str, NDArray[np.float64]], NDArray[np.bool_]]

CUES: tuple[Cue, ...] = ("head", "hair", "upper", "lower")
FEATURES: Mapping[str, Bounds] = dict.fromkeys(CUES, FOR) | {"turn": AGAINST, "shape": AGAINST}

_SAME_SHAPE = 0.5  # logarithms of width over height: a face lends no legs


def features_of(
    early: Sequence[Means],
    late: Sequence[Means],
    calibration: Calibration,
    *,
    early_shape: NDArray[np.float64],
    late_shape: NDArray[np.float64],
) -> tuple[dict[str, NDArray[np.float64]], NDArray[np.bool_]]:
    """Return the features of N looks and M later ones, each (N, M), and which are seen alike.

    Args:
        early: Cue to mean look of N stretches.
        late: The same of M others.
        calibration: How cosines become similarity.
        early_shape: (N,) logarithm of how wide the boxes are for their height.
        late_shape: (M,) the same.
    """
    similarity = similarities_between(early, late, calibration)
    nothing = np.full((len(early), len(late)), np.nan)
    lost = np.stack([0.5 - similarity.get(cue, nothing) for cue in CUES])
    seen_cues = np.isfinite(lost)
    # What is not seen is taken to be as the rest: where only few cues are known, the others would
    # speak for another look.
    rest = np.where(seen_cues, lost, 0).sum(axis=0) / np.maximum(seen_cues.sum(axis=0), 1)
    found: dict[str, NDArray[np.float64]] = dict(
        zip(CUES, np.where(seen_cues, lost, rest), strict=True)
    )
    facing = (
        np.array([float(means["facing"][0]) if "facing" in means else np.nan for means in side])
        for side in (early, late)
    )
    turn = np.abs(np.subtract.outer(*facing))
    shape = np.abs(np.subtract.outer(early_shape, late_shape))
    alike = (np.nan_to_num(turn, nan=np.inf) <= SAME_FACING) & (shape <= _SAME_SHAPE)
    return found | {"turn": np.nan_to_num(turn), "shape": shape}, alike & seen_cues.any(axis=0)


def shape_of(xyxy: NDArray[np.float32]) -> float:
    """Return the logarithm of how wide (T, 4) boxes are for their height, of the median box."""
    known = xyxy[~np.isnan(xyxy[:, 0])]  # numpy leaves NaN out by way of a masked array
    x1, y1, x2, y2 = np.median(known, axis=0).tolist()
    return float(np.log(max(x2 - x1, 1.0) / max(y2 - y1, 1.0)))


def find_over_cuts(clip: Clip) -> list[Explained]:
    """Return who looks otherwise than in every earlier shot that shows the same side."""

    def compares(early: Sequence[Segment], late: Sequence[Segment]) -> Compared:
        one, two = ([segment.means for segment in side] for side in (early, late))
        shapes = [np.array([shape_of(segment.xyxy) for segment in side]) for side in (early, late)]
        return features_of(one, two, clip.calibration, early_shape=shapes[0], late_shape=shapes[1])

    return [
        change.explained(
            clip,
            strength=0.5 + float(np.mean([change.features[cue] for cue in CUES])),
            cues=CUES,
            vouched=False,
        )
        for change in later_changes(clip, "other_look", compares)
    ]
