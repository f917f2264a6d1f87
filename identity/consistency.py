"""How much a character stays itself, as a curve and as one number.

A turn of the body costs a re-ID network likeness but leaves the colours; a change of light moves
the colours but not the network. An error moves both. So at every sample the better of the two
counts, and the number is the lowest point of the smoothed curve: it does not change when a clip is
slowed down or frozen, as a mean over frames would.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from identity.calibration import Calibration
    from identity.looks import Cue
    from identity.series import Series

_REFERENCE_SAMPLES = 8
_SMOOTHING_SAMPLES = 3
_MIN_SAMPLES = 3


@dataclass(frozen=True, slots=True, eq=False)
class LikenessCurve:
    """Likeness of a series to how it looked at first.

    Attributes:
        frame: (K,) int64.
        value: (K,) float32 in [0, 1], 1 = the same look.
    """

    frame: NDArray[np.int64]
    value: NDArray[np.float32]

    @property
    def lowest(self) -> float | None:
        """The lowest point; `None` where there is too little to judge."""
        return float(self.value.min()) if len(self.value) >= _MIN_SAMPLES else None


def likeness_curve(series: Series, calibration: Calibration) -> LikenessCurve:
    """Return how alike every sample of a series is to its first ones, smoothed over three."""
    rows, _ = series.vectors("body")
    best = np.full(len(rows), -np.inf)
    cues: tuple[Cue, ...] = ("body", "upper")
    for cue in cues:
        seen, vectors = series.vectors(cue)
        common, places, picks = np.intersect1d(rows, seen, return_indices=True)
        if not len(common):
            continue
        first = vectors[picks[:_REFERENCE_SAMPLES]].mean(axis=0)
        cosine = vectors[picks] @ first / max(float(np.linalg.norm(first)), 1e-9)
        scale = calibration.scales[cue]
        likeness = (cosine - scale.different) / (scale.same - scale.different)
        best[places] = np.maximum(best[places], likeness)
    known = np.isfinite(best)
    value = _smooth(np.clip(best[known], 0, 1))
    return LikenessCurve(series.frame[rows[known]], value.astype(np.float32))


def _smooth(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the running median over three samples; the ends keep their own neighbours."""
    if len(values) < _SMOOTHING_SAMPLES:
        return values
    padded = np.pad(values, 1, mode="edge")
    return np.median(np.lib.stride_tricks.sliding_window_view(padded, 3), axis=1)
