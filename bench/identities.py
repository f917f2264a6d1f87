"""Scores of who-is-who and of findings against labels made by eye (pure)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from bench.labelled import NO_CHARACTER
from tracker import boxes

if TYPE_CHECKING:
    from collections.abc import Hashable, Sequence

    from castcheck.facts.report import Report
    from identity.findings import Finding

_MIN_IOU = 0.5
_SLACK_FRAMES = 15  # labels of errors are good to 5 frames, in long clips to 15
# By eye a fast drift and a morph are one thing; the labels say so in their notes.
_FAMILIES = {"morph": "change", "drift": "change"}


@dataclass(frozen=True, slots=True)
class Score:
    """Precision, recall and F1 in [0, 1]."""

    precision: float
    recall: float

    @property
    def f1(self) -> float:
        """Their harmonic mean."""
        total = self.precision + self.recall
        return 2 * self.precision * self.recall / total if total else 0.0


def bcubed(said: Sequence[Hashable], true: Sequence[Hashable]) -> Score:
    """Return B-cubed precision and recall of a grouping (Bagga & Baldwin 1998).

    Example:
        >>> bcubed([1, 1, 2], ["a", "a", "b"]).f1
        1.0
        >>> round(bcubed([1, 1, 1], ["a", "a", "b"]).precision, 3)
        0.556
    """
    precision, recall = [], []
    for one, name in zip(said, true, strict=True):
        together = [t for s, t in zip(said, true, strict=True) if s == one]
        same = [s for s, t in zip(said, true, strict=True) if t == name]
        precision.append(together.count(name) / len(together))
        recall.append(same.count(one) / len(same))
    if not precision:
        return Score(0.0, 0.0)
    return Score(float(np.mean(precision)), float(np.mean(recall)))


def cut_counts(
    said: Sequence[int], true: Sequence[int], *, slack_frames: int
) -> tuple[int, int, int]:
    """Return (hits, said, true) cuts, each matched once within `slack_frames`.

    Example:
        >>> cut_counts([10, 30], [11], slack_frames=2)
        (1, 2, 1)
    """
    left = list(true)
    hits = 0
    for cut in said:
        near = min(left, key=lambda t: abs(t - cut), default=None)
        if near is not None and abs(near - cut) <= slack_frames:
            left.remove(near)
            hits += 1
    return hits, len(said), len(true)


def boxes_with_names(
    report: Report, labels: Sequence[dict[str, Any]]
) -> list[tuple[str, Hashable | None]]:
    """Return (true name, said identity) per labelled box; `None` = no tracklet lies there.

    A box of a tracklet that belongs to nobody of the cast counts as an identity of its own.
    Boxes that show nobody, two at once, or somebody seen once only, are left out.
    """
    pairs: list[tuple[str, Hashable | None]] = []
    for label in labels:
        if label["who"] in NO_CHARACTER:
            continue
        wanted = np.array([label["box"]], np.float32)
        best: tuple[float, Hashable | None] = (_MIN_IOU, None)
        for tracklet in report.tracklets:
            if label["frame"] not in tracklet.frames:
                continue
            row = tracklet.frames.index(label["frame"])
            overlap = float(boxes.iou(wanted, np.array([tracklet.boxes[row]], np.float32))[0, 0])
            if overlap >= best[0]:
                who = tracklet.character_at(label["frame"])
                best = (overlap, who if who is not None else ("tracklet", tracklet.id))
        pairs.append((label["who"], best[1]))
    return pairs


def grouping(pairs: Sequence[tuple[str, Hashable | None]]) -> Score:
    """Return B-cubed over all labelled boxes; one that was not found is alone with itself."""
    said = [("unfound", k) if who is None else who for k, (_, who) in enumerate(pairs)]
    return bcubed(said, [name for name, _ in pairs])


def finds(finding: Finding, error: dict[str, Any]) -> bool:
    """Tell whether a finding says what a labelled error says: the same family, at the same time."""
    kinds = [_FAMILIES.get(k, k) for k in (finding.kind, error["kind"])]
    late = error["start_frame"] - _SLACK_FRAMES < finding.stop_frame
    early = finding.start_frame < error["stop_frame"] + _SLACK_FRAMES
    return kinds[0] == kinds[1] and late and early
