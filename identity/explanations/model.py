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

from identity.evidence.logistic import Logistic

if TYPE_CHECKING:
    from collections.abc import Mapping

DATA_FILE = "decisions.json"

_MOST_SURE = 0.99  # nothing that pixels say is surer


def confidence_of_odds(log_odds: float) -> float:
    """Return how sure an explanation is, in (0, 0.99].

    Example:
        >>> confidence_of_odds(0.0), confidence_of_odds(50.0)
        (0.5, 0.99)
    """
    return min(float(1 / (1 + np.exp(-log_odds))), _MOST_SURE)


@dataclass(frozen=True, slots=True)
class DecisionModel:
    """All explanations by name, and where their numbers come from."""

    explanations: Mapping[str, Logistic]
    provenance: Mapping[str, Any]

    def __getitem__(self, name: str) -> Logistic:
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
                name: Logistic(float(e["bias"]), e["weights"])
                for name, e in data["explanations"].items()
            },
            data["provenance"],
        )


@lru_cache
def bundled_model(name: str = DATA_FILE) -> DecisionModel:
    """Return the model in a data file of the package."""
    file = resources.files("identity.explanations") / name
    return DecisionModel.from_json(file.read_text(encoding="utf-8"))
