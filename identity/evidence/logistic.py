"""A logistic model as the engine reads it: named features, a weight for each, log-odds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

# Between which two numbers a weight has to stay; `None` = no end. Common sense, not data, says
# which way a feature speaks, so that no accident of the clips it is fitted on can turn it round.
Bounds = tuple[float | None, float | None]
FOR: Bounds = (0.0, None)
AGAINST: Bounds = (None, 0.0)
EITHER: Bounds = (None, None)


@dataclass(frozen=True, slots=True)
class Logistic:
    """Weights of a logistic model: of an explanation, or of whether a track is somebody.

    Attributes:
        bias: Log-odds where all features are 0.
        weights: Feature to log-odds per unit.
    """

    bias: float
    weights: Mapping[str, float]

    def log_odds(self, features: Mapping[str, NDArray[np.float64]]) -> NDArray[np.float64]:
        """Return (M,) log-odds of M cases; a feature that is NaN says nothing.

        Raises:
            KeyError: A feature has no weight, or the other way round.

        Example:
            >>> swap = Logistic(-2.0, {"gain": 3.0})
            >>> swap.log_odds({"gain": np.array([0.0, 1.0])}).tolist()
            [-2.0, 1.0]
        """
        if set(features) != set(self.weights):
            raise KeyError(f"features {sorted(features)}, weights {sorted(self.weights)}")
        rows = np.array([features[name] for name in self.weights], np.float64)
        # Nearly always all is known, and numpy takes eight times as long to put it right.
        known = rows if np.isfinite(rows).all() else np.nan_to_num(rows)
        total: NDArray[np.float64] | float = 0.0
        for weight, values in zip(self.weights.values(), known, strict=True):
            total = total + weight * values
        return np.asarray(self.bias + total, np.float64)
