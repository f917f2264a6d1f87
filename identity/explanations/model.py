"""The learnt numbers of all explanations: one small data file, fitted by `training.decisions`.

An explanation has named features of a moment and a weight for each; their sum is the log-odds that
the explanation is right, so confidence is what the model says and not a rule of its own. Weights
keep the sign that common sense asks for (`FEATURES` of each explanation): less alike is never
better evidence for "same".
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

DATA_FILE = "decisions.json"

# Between which two numbers a weight has to stay; `None` = no end. Common sense, not data, says
# which way a feature speaks, so that no accident of the clips it is fitted on can turn it round.
Bounds = tuple[float | None, float | None]
FOR: Bounds = (0.0, None)
AGAINST: Bounds = (None, 0.0)
EITHER: Bounds = (None, None)


_MOST_SURE = 0.99  # nothing that pixels say is surer


def confidence_of_odds(log_odds: float) -> float:
    """Return how sure an explanation is, in (0, 0.99].

    Example:
        >>> confidence_of_odds(0.0), confidence_of_odds(50.0)
        (0.5, 0.99)
    """
    return min(float(1 / (1 + np.exp(-log_odds))), _MOST_SURE)


@dataclass(frozen=True, slots=True)
class Explanation:
    """Weights of one explanation.

    Attributes:
        bias: Log-odds where all features are 0: what it costs to believe it at all.
        weights: Feature to log-odds per unit.
    """

    bias: float
    weights: Mapping[str, float]

    def log_odds(self, features: Mapping[str, NDArray[np.float64]]) -> NDArray[np.float64]:
        """Return (M,) log-odds of M moments; a feature that is NaN says nothing.

        Raises:
            KeyError: A feature has no weight, or the other way round.

        Example:
            >>> swap = Explanation(-2.0, {"gain": 3.0})
            >>> swap.log_odds({"gain": np.array([0.0, 1.0])}).tolist()
            [-2.0, 1.0]
        """
        if set(features) != set(self.weights):
            raise KeyError(f"features {sorted(features)}, weights {sorted(self.weights)}")
        terms = [
            weight * np.nan_to_num(np.asarray(features[name], np.float64))
            for name, weight in self.weights.items()
        ]
        return np.asarray(self.bias + sum(terms), np.float64)


@dataclass(frozen=True, slots=True)
class DecisionModel:
    """All explanations by name, and where their numbers come from."""

    explanations: Mapping[str, Explanation]
    provenance: Mapping[str, Any]

    def __getitem__(self, name: str) -> Explanation:
        return self.explanations[name]

    def to_json(self) -> str:
        """Return the text of the data file."""
        data = {
            "provenance": dict(self.provenance),
            "explanations": {
                name: {
                    "bias": round(e.bias, 4),
                    "weights": {k: round(v, 4) for k, v in e.weights.items()},
                }
                for name, e in self.explanations.items()
            },
        }
        return json.dumps(data, indent=1) + "\n"

    @classmethod
    def from_json(cls, text: str) -> DecisionModel:
        """Return the model that `to_json` wrote."""
        data = json.loads(text)
        return cls(
            {
                name: Explanation(float(e["bias"]), e["weights"])
                for name, e in data["explanations"].items()
            },
            data["provenance"],
        )


@lru_cache(maxsize=1)
def bundled_model() -> DecisionModel:
    """Return the model inside the package."""
    file = resources.files("identity.explanations") / DATA_FILE
    return DecisionModel.from_json(file.read_text(encoding="utf-8"))
