"""The Kalman filter of deep-sort-realtime, with NumPy's solver instead of SciPy's.

SciPy's takes a quarter of all imports of a check, for systems of four equations.
"""

from __future__ import annotations

import sys
from contextlib import contextmanager
from types import ModuleType
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    Doubles = NDArray[np.float64]

_SOLVER = "scipy.linalg"
_REFERENCE_FPS = 30.0  # the rate the engine's noise was tuned for


@contextmanager
def _put_off(name: str) -> Iterator[None]:
    """Have imports of a module find an empty one; whoever asks SciPy for it later gets it."""
    if name in sys.modules:
        yield
        return
    sys.modules[name] = ModuleType(name)
    try:
        yield
    finally:
        del sys.modules[name]


with _put_off(_SOLVER):
    from deep_sort_realtime.deep_sort.kalman_filter import KalmanFilter, chi2inv95

FAR = chi2inv95[4]  # squared distance beyond which one box in twenty lies


class MotionFilter(KalmanFilter):  # type: ignore[misc]
    """The engine's filter, its noise scaled to the time between two frames.

    Args:
        fps: Frames per second.
    """

    def __init__(self, fps: float) -> None:
        super().__init__()
        step = float(np.clip(_REFERENCE_FPS / max(fps, 1e-3), 0.5, 4.0))
        self._std_weight_position *= step**0.5
        # Half the engine's: people keep their pace, and a hidden one must not be sped away.
        self._std_weight_velocity *= 0.5 * step

    def update(
        self, mean: Doubles, covariance: Doubles, measurement: Doubles
    ) -> tuple[Doubles, Doubles]:
        """Return mean (8,) and covariance (8, 8) after a box (4,): middle, aspect, height."""
        expected, spread = self.project(mean, covariance)
        gain = np.linalg.solve(spread, np.dot(covariance, self._update_mat.T).T).T
        new_mean = mean + np.dot(measurement - expected, gain.T)
        return new_mean, covariance - np.linalg.multi_dot((gain, spread, gain.T))

    def gating_distance(self, mean: Doubles, covariance: Doubles, measurements: Doubles) -> Doubles:
        """Return (N,) squared Mahalanobis distances of boxes (N, 4) from where one is expected."""
        expected, spread = self.project(mean, covariance)
        apart = measurements - expected
        return np.asarray((apart * np.linalg.solve(spread, apart.T).T).sum(axis=1), np.float64)
