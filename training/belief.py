"""`python -m training belief`: fits what `tracker/belief.json` holds.

A logistic model over scores and places of boxes, never over pixels, on the labelled clips as a
whole: does a box show a character? What it gives is printed for sources left out.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np

from bench.detector import judged, match
from bench.labelled import EARLIER_CLIPS, Labelled, real_pictures, source_of
from identity.evidence.logistic import AGAINST, EITHER, FOR
from scenes.frames import FrameBatch
from tracker.belief import FEATURES, believed, features
from tracker.heads import join
from tracker.second_look import SIZE, holds_two_heads, parted
from training.decisions.fit import fit_bounded

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from identity.evidence.logistic import Bounds
    from tracker.detections import Detections
    from tracker.yolo import YoloDetector

_BOUNDS: dict[str, Bounds] = {
    "score": FOR,
    "overlaps_surer": AGAINST,
    "inside_surer": AGAINST,
    "two_heads": FOR,
    "head": FOR,
    "size": EITHER,
    "height_to_width": EITHER,
    "others": EITHER,
}
_RIDGE = 0.004


@dataclass(frozen=True, slots=True, eq=False)
class Seen:
    """One labelled picture and what the network finds in it, as it scores it.

    Attributes:
        picture: With its labels.
        earlier: Whether its clip was measured before the others came.
        bodies: Found in it.
        heads: Found in it.
        again: Bodies and heads of the second look; `None` = there was none.
    """

    picture: Labelled
    earlier: bool
    bodies: Detections
    heads: Detections
    again: tuple[Detections, Detections] | None = None

    @property
    def source(self) -> str:
        """Who made the clip."""
        return source_of(self.picture.clip)

    @property
    def size(self) -> dict[str, int]:
        """Of the picture, in pixels."""
        height, width = self.picture.rgb.shape[:2]
        return {"width_px": width, "height_px": height}


def look(detector: YoloDetector, real: Path) -> list[Seen]:
    """Return the labelled pictures under `real` with what the network finds in them."""
    seen = []
    for earlier, clips in (
        (True, slice(EARLIER_CLIPS)),
        (False, slice(EARLIER_CLIPS, None)),
    ):
        for picture in real_pictures(real, clips=clips, drawn=True):
            batch = FrameBatch(np.zeros(1, np.int64), (Fraction(0),), picture.rgb[None])
            ((bodies, heads),) = detector.bodies_and_heads(batch.index, batch.rgb)
            again = None
            if holds_two_heads(bodies, heads):
                (again,) = detector.bodies_and_heads(batch.index, batch.rgb, size=SIZE)
            seen.append(Seen(picture, earlier, bodies, heads, again))
    return seen


def fit(seen: Sequence[Seen]) -> dict[str, float]:
    """Return the weights of some pictures; those who need not be found say nothing."""
    rows, right = [], []
    for one in seen:
        if len(one.bodies):
            found = features(one.bodies, one.heads, **one.size)
            hit, counted = match(one.bodies.xyxy, one.picture)
            rows.append(np.column_stack([found[name] for name in FEATURES])[counted])
            right.append(hit[counted])
    table, truth = np.concatenate(rows), np.concatenate(right)
    model = fit_bounded(
        table,
        truth,
        np.ones(len(truth)),
        [_BOUNDS[name] for name in FEATURES],
        ridge=_RIDGE,
    )
    weights = {name: round(float(w), 3) for name, w in zip(FEATURES, model.weights, strict=True)}
    return {"bias": round(float(model.bias), 3), **weights}


def sources_left_out(seen: Sequence[Seen]) -> dict[str, dict[str, float]]:
    """Return the figures of clips, each judged by numbers fitted on other sources; before, too."""
    fitted = {
        source: fit([one for one in seen if one.source != source])
        for source in sorted({one.source for one in seen})
    }
    rows = {}
    for name, half in (
        ("earlier", [one for one in seen if one.earlier]),
        ("new", [one for one in seen if not one.earlier]),
    ):
        if half:
            rows[f"{name}, as the network scores"] = _figures(half, [None] * len(half))
            rows[name] = _figures(half, [fitted[one.source] for one in half])
    return rows


def _figures(seen: Sequence[Seen], weights: Sequence[dict[str, float] | None]) -> dict[str, float]:
    seen_boxes = []
    for one, own in zip(seen, weights, strict=True):
        found = _people(one, one.bodies, one.heads, own)
        if own is not None and one.again is not None:
            found = parted(found, _people(one, *one.again, own))
        seen_boxes.append((found.xyxy, found.score))
    row = judged(seen_boxes, [one.picture for one in seen])
    names = ("f1", "recall_at_p90", "recall_touching", "two_in_one_box")
    return {name: round(float(row[name]), 3) for name in names}


def _people(
    one: Seen, bodies: Detections, heads: Detections, weights: dict[str, float] | None
) -> Detections:
    """Return the boxes of a picture as the detector does; `None` = as the network scores them."""
    if weights is not None:
        bodies = believed(bodies, heads, weights, **one.size)
    return join(bodies, heads, **one.size, half_class=0)
