"""The boxes that a report gives, measured as those of a detector are: after tracking.

What a user sees are not the boxes of single pictures but tracks: who is doubted in one picture is
followed through it, and what shows in one alone makes no track.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from bench.detector import judged, match

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from bench.labelled import Labelled
    from castcheck.facts.report import Report


@dataclass(frozen=True, slots=True, eq=False)
class Tracked:
    """The boxes of all tracklets in one labelled picture, those of the surest tracklet first.

    Attributes:
        picture: With its labels; its pixels are not needed.
        xyxy: (N, 4) float32, pixels.
        score: (N,) float32, the median score of each one's tracklet.
        in_cast: (N,) bool, whether it belongs to a character then.
    """

    picture: Labelled
    xyxy: NDArray[np.float32]
    score: NDArray[np.float32]
    in_cast: NDArray[np.bool_]


def tracked_in(report: Report, picture: Labelled) -> Tracked:
    """Return what a report says of a labelled picture."""
    rows = [
        (float(np.median(t.scores)), t.boxes[t.frames.index(picture.frame)],
         t.character_at(picture.frame) is not None)
        for t in report.tracklets
        if picture.frame in t.frames
    ]  # fmt: skip
    rows.sort(key=lambda row: -row[0])
    return Tracked(
        picture,
        np.array([box for _, box, _ in rows], np.float32).reshape(-1, 4),
        np.array([score for score, _, _ in rows], np.float32),
        np.array([in_cast for _, _, in_cast in rows], np.bool_),
    )


def box_figures(tracked: Sequence[Tracked]) -> dict[str, float]:
    """Return the figures of all tracklets as boxes, and of those that belong to a character.

    Recall where precision is 0.90, overall and of people who touch another one; the share of
    touching pairs with one box for two there; precision and recall of the characters' boxes.
    """
    row = judged([(one.xyxy, one.score) for one in tracked], [one.picture for one in tracked])
    right = counted = 0
    for one in tracked:
        hit, counts = match(one.xyxy[one.in_cast], one.picture)
        right, counted = right + int(hit.sum()), counted + int(counts.sum())
    return {
        "box_recall_at_p90": row["recall_at_p90"],
        "box_recall_touching": row["recall_touching"],
        "box_two_in_one": row["two_in_one_box"],
        "cast_box_precision": right / max(counted, 1),
        "cast_box_recall": right / max(row["people"], 1),
    }
