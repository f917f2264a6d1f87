"""From cosines to log-odds that two looks are one person.

A raw cosine means nothing by itself: two pictures of one real face have a median of about 0.46 in
face networks, two strangers dressed alike more than that in colour. So every cosine is first
put on a scale on which different people who are on screen together lie around 0 and one person
within one shot around 1, and the cues are then weighed by a logistic model.

The weights of embedders without parts were fitted over labelled clips as a whole and checked by
leaving whole sources out; those of the bundled network are what `python -m training evidence`
learns (`identity.evidence.learnt`), and scales are what `python -m bench.calibrate` measures.
`docs/measurements.md` holds what came out.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from identity.appearance.cues.table import CUE_TABLE, CUES, Cue
from identity.appearance.open_embedder import COLOUR
from identity.evidence.cohort import bundled_cohort
from identity.evidence.learnt import learnt_evidence

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from identity.evidence.cohort import Cohort
    from identity.evidence.logistic import Logistic


FACING_MIDDLE = 0.3  # of the products of two: half of all pairs across shots lie below


@dataclass(frozen=True, slots=True)
class Scale:
    """What a cosine is for different people (median) and for one person in one shot (median).

    Example:
        >>> Scale(different=0.0, same=0.8).similarity(0.4)
        0.5
    """

    different: float
    same: float

    def similarity(self, cosine: float) -> float:
        """Return a cosine on the scale where 0 = different people and 1 = one person."""
        return (cosine - self.different) / (self.same - self.different)

    def similarities(self, cosines: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the similarity of cosines, in [-1, 1.5]; NaN stays NaN."""
        scaled = (cosines - self.different) / (self.same - self.different)
        return np.minimum(np.maximum(scaled, -1.0), 1.5)


@dataclass(frozen=True, slots=True)
class Weights:
    """Log-odds per unit of evidence.

    Attributes:
        body: Per unit of similarity of the network's cue.
        body_same_view: The same, counted from 0.6, where both are seen alike: a close-up and a
            wide shot of one person look different to a network, two close-ups do not.
        upper: Per unit of similarity of the colours of the upper body.
        place: Per unit of overlap, counted from 0.35, of their places in one camera set-up.
        bias: Where all of these are 0.
        parts: Per unit of similarity of a part, counted from 0.5, for embedders that tell parts
            apart; a part not seen in both adds nothing.
        both_face: Per unit of the product of how far either faces the camera, counted from
            `FACING_MIDDLE`: two faces that are alike are less of a sign than a face and a back
            that are, and two that are not alike more of one.
    """

    body: float
    body_same_view: float
    upper: float
    place: float
    bias: float
    parts: Mapping[Cue, float] = field(default_factory=dict)
    both_face: float = 0.0


@dataclass(frozen=True, slots=True)
class Calibration:
    """How one embedder's body cue and the colour cues are scaled and weighed.

    Attributes:
        scales: Of every cue that is compared.
        weights: Of their similarities.
        cohort: Strangers by which looks of different tracks are measured; `None` = by cosines.
    """

    scales: Mapping[Cue, Scale]
    weights: Weights
    cohort: Cohort | None = None
    # Cues to those of them that have a scale, and its ends, (2, K), which are always asked for.
    _ends: dict[tuple[Cue, ...], tuple[tuple[Cue, ...], NDArray[np.float64]]] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    def log_odds(
        self,
        similarity: Mapping[Cue, NDArray[np.float64]],
        *,
        view_gap: NDArray[np.float64] | float = 0.0,
        both_face: NDArray[np.float64] | float = np.nan,
    ) -> NDArray[np.float64]:
        """Return the log-odds that two looks are one person, of any shape.

        Args:
            similarity: Cue to similarity, as `similarities` returns it. One not seen in both, NaN
                or absent, stands at the middle of its scale, where it says little.
            view_gap: 0 = seen alike; absolute log-ratio of the shapes of their boxes.
            both_face: Product of the cosines of how far each is turned from the camera, in [-1, 1];
                NaN = not known, it adds nothing.

        Place and prior are not in it: that the same person should be here is another question.
        """
        weights = self.weights
        cues = [cue for cue in ("body", "upper", *weights.parts) if cue in similarity]
        rows = np.array([similarity[cue] for cue in cues], np.float64)
        told = dict(zip(cues, np.where(np.isnan(rows), 0.5, rows), strict=True))
        middle = np.float64(0.5)
        body = told.get("body", middle)
        odds = weights.bias + weights.body * body
        odds = odds + weights.body_same_view * (body - 0.6) * np.exp(-2 * np.asarray(view_gap))
        odds = odds + weights.upper * told.get("upper", middle)
        for cue, weight in weights.parts.items():
            odds = odds + weight * (told.get(cue, middle) - 0.5)
        turned = np.asarray(both_face) - FACING_MIDDLE
        odds = odds + weights.both_face * np.where(np.isnan(turned), 0.0, turned)
        return np.asarray(odds, np.float64)

    def same_place(self, overlap: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the log-odds that two seen in one set-up are one person, by where they stand.

        Args:
            overlap: In [0, 1], of their places.
        """
        return self.weights.place * (overlap - 0.35)

    def similarity(self, cue: Cue, cosine: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return (M,) similarity of (M,) mean cosines of a cue, in [-1, 1.5]; NaN stays NaN.

        Raises:
            KeyError: The cue has no scale.
        """
        return self.similarities({cue: cosine})[cue]

    def similarities(
        self, cosines: Mapping[Cue, NDArray[np.float64]]
    ) -> dict[Cue, NDArray[np.float64]]:
        """Return cue to similarity of all cues that have a scale; their arrays have one shape."""
        cues = tuple(cosines)
        if cues not in self._ends:
            scales = {cue: _OWN_SCALES.get(cue) or self.scales.get(cue) for cue in cues}
            known = {cue: (s.different, s.same) for cue, s in scales.items() if s is not None}
            self._ends[cues] = tuple(known), np.array([*known.values()]).reshape(-1, 2).T
        cues, ends = self._ends[cues]
        rows = np.array([cosines[cue] for cue in cues], np.float64)
        different, same = ends.reshape(2, -1, *[1] * (rows.ndim - 1))
        scaled = (rows - different) / (same - different)
        return dict(zip(cues, np.minimum(np.maximum(scaled, -1.0), 1.5), strict=True))


# What is asked about by itself has a scale of its own, whatever the embedder.
_OWN_SCALES = {row.name: Scale(*row.scale) for row in CUE_TABLE.values() if row.scale}
HAIR_SCALE, FACE_SCALE = _OWN_SCALES["hair"], _OWN_SCALES["face"]
_OWN_WEIGHTS = {row.name: row.log_odds for row in CUE_TABLE.values() if row.log_odds}
_COLOUR_SCALES: dict[Cue, Scale] = {
    "head": Scale(0.60, 0.90),
    "upper": Scale(0.35, 0.90),
    "lower": Scale(0.40, 0.90),
}
_PLACE_WEIGHT = 0.4
_WEIGHTS = Weights(body=0.6, body_same_view=0.7, upper=1.65, place=_PLACE_WEIGHT, bias=-0.76)

# The scales of parts are the medians of what 13 generated clips prove by themselves
# (`bench.calibrate --prove`), without any label; of the lower body only one had enough to say.
_PART_SCALES: dict[Cue, Scale] = {
    "head_look": Scale(0.30, 0.93),
    "upper_look": Scale(0.40, 0.95),
    "lower_look": Scale(0.30, 0.90),
}
_BUNDLED = "castcheck-reid"

# Body scale by the name of the embedder; measured over in-shot tracklets and people seen together.
_BODY_SCALES: dict[str, Scale] = {
    _BUNDLED: Scale(0.27, 0.91),
    "intel-person-reid-0286": Scale(0.25, 0.85),
    "osnet-x0.25-msmt17": Scale(0.50, 0.90),
    "mobilenetv2-imagenet": Scale(0.55, 0.90),
    COLOUR: Scale(0.60, 0.95),
}


def calibration_of_parts(model: Logistic) -> Calibration:
    """Return the calibration of the bundled network with these learnt weights.

    Args:
        model: Cue to weight, of similarity counted from 0.5; `body_same_view` and `both_face` as in
            `Weights`.
    """
    cues = {cue: weight for cue, weight in model.weights.items() if cue in CUES}
    body, upper = cues.pop("body"), cues.pop("upper")
    weights = Weights(
        body=body,
        body_same_view=model.weights["body_same_view"],
        upper=upper,
        place=_PLACE_WEIGHT,
        bias=model.bias - 0.5 * (body + upper),
        parts={cue: weight for cue, weight in cues.items() if weight},
        both_face=model.weights.get("both_face", 0.0),
    )
    scales = {"body": _BODY_SCALES[_BUNDLED], **_COLOUR_SCALES, **_PART_SCALES}
    return Calibration(scales, weights, bundled_cohort())


def is_known(embedder: str) -> bool:
    """Tell whether the cosines of this embedder have been measured."""
    return embedder in _BODY_SCALES


def calibration_for(embedder: str, *, body_scale: Scale | None = None) -> Calibration:
    """Return the calibration of an embedder by its name.

    Args:
        embedder: `Embedder.name`, or "colour" where there is none.
        body_scale: Scale measured in the clip itself, for an embedder that is not known.
    """
    body = _BODY_SCALES.get(embedder) or body_scale or Scale(0.4, 0.85)
    found = Calibration({"body": body, **_COLOUR_SCALES}, _WEIGHTS)
    if embedder == _BUNDLED:
        found = calibration_of_parts(learnt_evidence().same_person)
    # What was learnt of a cue counts before what its row says.
    parts = {**_OWN_WEIGHTS, **found.weights.parts}
    return replace(found, weights=replace(found.weights, parts=parts))
