"""Where somebody ought to be in the next frame: a Kalman filter of a box at constant velocity.

The filter of DeepSORT (Wojke et al. 2017, https://arxiv.org/abs/1703.07402), with the noise scaled
to the frame rate. The one that comes with deep-sort-realtime imports SciPy's solver, a quarter of
all imports of a check, for systems of four equations.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Doubles = NDArray[np.float64]

FAR = 9.4877  # squared distance beyond which one box in twenty lies: chi-square, four degrees
_REFERENCE_FPS = 30.0  # the rate the noise was tuned for
_POSITION, _VELOCITY = 1 / 20, 1 / 160  # standard deviations, shares of the height, at that rate
_STEP = np.eye(8) + np.eye(8, k=4)  # from one frame to the next, velocities are added to positions


class MotionFilter:
    """States are means (8,), middle x and y, aspect, height and their velocities, and covariances.

    Args:
        fps: Frames per second.
    """

    def __init__(self, fps: float) -> None:
        step = float(np.clip(_REFERENCE_FPS / max(fps, 1e-3), 0.5, 4.0))
        self._position = _POSITION * step**0.5
        # Half of DeepSORT's: people keep their pace, and a hidden one must not be sped away.
        self._velocity = 0.5 * _VELOCITY * step

    def initiate(self, box: Doubles) -> tuple[Doubles, Doubles]:
        """Return the state of somebody first seen in a box (4,): middle x and y, aspect, height."""
        spread = np.concatenate(
            [
                self._spread(2 * self._position, box[3], aspect=1e-2),
                self._spread(10 * self._velocity, box[3], aspect=1e-5),
            ]
        )
        return np.concatenate([box, np.zeros(4)]), np.diag(spread**2)

    def predict(self, mean: Doubles, covariance: Doubles) -> tuple[Doubles, Doubles]:
        """Return the state one frame later."""
        spread = np.concatenate(
            [
                self._spread(self._position, mean[3], aspect=1e-2),
                self._spread(self._velocity, mean[3], aspect=1e-5),
            ]
        )
        return _STEP @ mean, _STEP @ covariance @ _STEP.T + np.diag(spread**2)

    def update(self, mean: Doubles, covariance: Doubles, box: Doubles) -> tuple[Doubles, Doubles]:
        """Return the state after a box (4,) was found."""
        spread = self._expected(mean, covariance)
        gain = np.linalg.solve(spread, covariance[:4]).T
        return mean + gain @ (box - mean[:4]), covariance - gain @ spread @ gain.T

    def gating_distance(self, mean: Doubles, covariance: Doubles, boxes: Doubles) -> Doubles:
        """Return (N,) squared Mahalanobis distances of boxes (N, 4) from where one is expected."""
        apart = boxes - mean[:4]
        solved = np.linalg.solve(self._expected(mean, covariance), apart.T).T
        return np.asarray((apart * solved).sum(axis=1), np.float64)

    def _expected(self, mean: Doubles, covariance: Doubles) -> Doubles:
        """Return the covariance (4, 4) of boxes that would be found now."""
        found = np.diag(self._spread(self._position, mean[3], aspect=1e-1) ** 2)
        return np.asarray(covariance[:4, :4] + found, np.float64)

    @staticmethod
    def _spread(share: float, height: float, *, aspect: float) -> Doubles:
        return np.array([share * height, share * height, aspect, share * height])
