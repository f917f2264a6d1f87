"""What is learnt about evidence, in one small data file: `python -m training evidence` fits it."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from functools import lru_cache
from importlib import resources
from typing import TYPE_CHECKING, Any

from identity.evidence.logistic import Logistic

if TYPE_CHECKING:
    from collections.abc import Mapping

DATA_FILE = "evidence.json"
_MODELS = ("same_person", "someone", "someone_of_others")


@dataclass(frozen=True, slots=True)
class LearntEvidence:
    """The numbers, and where they come from.

    Attributes:
        same_person: Cue to log-odds per unit of similarity, counted from 0.5, that two looks of the
            bundled network are one person; `body_same_view` counts from 0.6, and `both_face` is no
            look but how both are seen, see `Weights`.
        someone: That a track makes a character, by boxes of a detector that weighs them
            (`tracker.belief`).
        someone_of_others: The same by boxes of other detectors.
        provenance: What they were fitted on, and what that gave on sources left out.
    """

    same_person: Logistic
    someone: Logistic
    someone_of_others: Logistic
    provenance: Mapping[str, Any]

    @property
    def same_person_sha256(self) -> str:
        """The sha256 of `same_person`: of the numbers, not of where they come from.

        `explanations/decisions.json` names those whose log-odds it was fitted on. How both face the
        camera is not among them: nobody asks inside a shot. Nor is a cue that weighs nothing.
        """
        weights = {
            cue: weight
            for cue, weight in self.same_person.weights.items()
            if weight and cue != "both_face"
        }
        numbers = json.dumps({"bias": self.same_person.bias, "weights": weights}, sort_keys=True)
        return hashlib.sha256(numbers.encode()).hexdigest()

    def to_json(self) -> str:
        """Return the text of the data file."""
        data = {"provenance": dict(self.provenance)}
        for name in _MODELS:
            model: Logistic = getattr(self, name)
            weights = {cue: round(weight, 4) for cue, weight in model.weights.items()}
            data[name] = asdict(Logistic(round(model.bias, 4), weights))
        return json.dumps(data, indent=1) + "\n"

    @classmethod
    def from_json(cls, text: str) -> LearntEvidence:
        """Return what `to_json` wrote."""
        data = json.loads(text)
        models = {name: Logistic(**data[name]) for name in _MODELS}
        return cls(**models, provenance=data["provenance"])


@lru_cache(maxsize=1)
def learnt_evidence() -> LearntEvidence:
    """Return the numbers inside the package."""
    file = resources.files("identity.evidence") / DATA_FILE
    return LearntEvidence.from_json(file.read_text(encoding="utf-8"))
