"""Two who have exchanged identity over a cut back to a set-up, whatever the framing.

Looks are asked first, since that costs nothing; only where "crossed" is ahead is it asked whether
the camera is back in the set-up, and whether the places are those of before.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import combinations, pairwise, permutations
from typing import TYPE_CHECKING, Protocol

import numpy as np

from identity.evidence.alignment import Alignment, aligned
from identity.evidence.same_look import Compared, cosines_between
from identity.explanations import swap
from identity.explanations.model import confidence_of_odds
from scenes.shots import numbers_by_shot
from tracker import boxes

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from identity.evidence.calibration import Calibration
    from identity.explanations.model import DecisionModel
    from identity.tracks.segments import Segment

_SAME_PLACE_IOU = 0.35
_MIN_SAMPLES = 2
_EDGE_BOXES = 8  # where somebody stands at a cut: the median of so many boxes beside it


@dataclass(frozen=True, slots=True)
class CutSwap:
    """Two segments before a cut and two after it, at the same places with exchanged looks.

    Attributes:
        before, after: Segments by index, those of one place in one order.
        start_frame: First frame of the later shot.
        strength: By how much "crossed" beats "straight" to the networks.
        confidence: That it is right, in [0, 1].
        features: What it was judged by.
    """

    before: tuple[int, int]
    after: tuple[int, int]
    start_frame: int
    strength: float
    confidence: float
    features: dict[str, float] = field(default_factory=dict)


class Sets(Protocol):
    """Whoever knows whether the camera is back in a set-up."""

    @property
    def picture_px(self) -> tuple[int, int]:
        """(width, height) that boxes are measured in."""

    def alignment(self, early: int, late: int) -> Alignment | None:
        """Return how a later shot lies over an earlier one; `None` = it is another set-up."""


@dataclass(frozen=True, slots=True, eq=False)
class SetPictures:
    """What shots look like where nobody stands.

    Attributes:
        pictures: (S, 2, h, w, 3) uint8, the first and last picture of every shot, small.
        free: (S, 2, h, w) bool, where nobody stands.
        picture_px: (width, height) that boxes are measured in.
    """

    pictures: NDArray[np.uint8]
    free: NDArray[np.bool_]
    picture_px: tuple[int, int]

    def alignment(self, early: int, late: int) -> Alignment | None:
        """Return how the first picture of one shot lies over the last one of an earlier shot."""
        return aligned(
            self.pictures[early, 1], self.free[early, 1], self.pictures[late, 0], self.free[late, 0]
        )


def swaps_over_cuts(
    segments: Sequence[Segment],
    sets: Sets,
    calibration: Calibration,
    model: DecisionModel,
    *,
    least: float,
) -> list[CutSwap]:
    """Return the exchanges over cuts: each against the last shot of its set-up, and told once.

    Args:
        segments: Of all shots.
        sets: What the shots look like where nobody stands.
        calibration: How cosines become log-odds.
        model: What an exchange costs, and what speaks for it.
        least: Log-odds from which one is told.
    """
    ends, begins = _worn_at_the_edges(segments)
    found: list[CutSwap] = []
    exchanged: set[frozenset[int]] = set()
    for late in sorted(begins):
        for early in sorted((s for s in ends if s < late), reverse=True):
            options = _crossed(segments, ends[early], begins[late], calibration, model, least)
            if not options:
                continue
            lay = sets.alignment(early, late)
            if lay is None:
                continue
            placed = [o for o in options if _in_place(segments, o, lay, sets.picture_px)]
            if placed:
                best = max(placed, key=lambda o: o.confidence)
                key = frozenset(best.after)
                if key not in exchanged:
                    exchanged.add(key)
                    found.append(best)
                break
    return found[:1] if len(found) > 1 and not _independent(found) else found


def _worn_at_the_edges(
    segments: Sequence[Segment],
) -> tuple[dict[int, list[int]], dict[int, list[int]]]:
    """Return per shot the segments worn at its end, and those worn at its beginning."""
    last: dict[int, int] = {}
    first: dict[int, int] = {}
    for k, segment in enumerate(segments):
        if segment.sample_count >= _MIN_SAMPLES and "body" in segment.means:
            first.setdefault(segment.tracklet.tracklet_id, k)
            last[segment.tracklet.tracklet_id] = k
    ends, begins = (
        {
            shot: [numbers[i] for i in own]
            for shot, own in numbers_by_shot(
                segments[k].tracklet.shot_index for k in numbers
            ).items()
        }
        for numbers in (list(last.values()), list(first.values()))
    )
    return ends, begins


def _independent(found: Sequence[CutSwap]) -> bool:
    """Tell whether later exchanges change back: then both are told."""
    return all(set(a.after) & set(b.before) for a, b in pairwise(found))


def _crossed(
    segments: Sequence[Segment],
    early: Sequence[int],
    late: Sequence[int],
    calibration: Calibration,
    model: DecisionModel,
    least: float,
) -> list[CutSwap]:
    """Return who may have exchanged looks, by looks alone: two of before with two of after."""
    who = np.array(
        [
            (a, b, c, d)
            for a, b in combinations(range(len(early)), 2)
            for c, d in permutations(range(len(late)), 2)
        ],
        np.int64,
    ).reshape(-1, 4)
    if not len(who):
        return []
    sides = [[segments[k] for k in side] for side in (early, late)]
    alike = Compared.of(
        cosines_between(*([segment.means for segment in side] for side in sides)), calibration
    )
    a, b, c, d = who.T
    pair = swap.PairCompared((alike.at(a, c), alike.at(b, d)), (alike.at(a, d), alike.at(b, c)))
    samples, score, height_px = (
        np.minimum(*(side[who[:, 2 * k : 2 * k + 2]].min(axis=1) for k, side in enumerate(both)))
        for both in (
            [np.array([how(segment) for segment in side]) for side in sides]
            for how in (_sample_count, _median_score, _height_px)
        )
    )
    nothing = np.zeros(len(who))
    features = swap.looks_features(pair) | {
        "leap": nothing, "touch": nothing, "others": nothing - 2, "span": nothing,
        "samples": np.log(np.minimum(samples, 8)), "score": score,
        "size": np.log(height_px / 100),
    }  # fmt: skip
    odds = model["swap"].log_odds(features)
    found = []
    for k in np.flatnonzero(swap.crossed_is_ahead(pair) & (odds >= least)).tolist():
        before, after = (early[a[k]], early[b[k]]), (late[c[k]], late[d[k]])
        found.append(
            CutSwap(
                before, after, min(segments[n].start_frame for n in after),
                float(features["network"][k]), confidence_of_odds(float(odds[k])),
                {name: float(np.nan_to_num(values[k])) for name, values in features.items()},
            )
        )  # fmt: skip
    return found


def _sample_count(segment: Segment) -> int:
    return segment.sample_count


def _median_score(segment: Segment) -> float:
    return float(np.median(segment.score))


def _height_px(segment: Segment) -> float:
    return max(float(np.median(segment.xyxy[:, 3] - segment.xyxy[:, 1])), 8.0)


def _in_place(
    segments: Sequence[Segment], option: CutSwap, lay: Alignment, picture_px: tuple[int, int]
) -> bool:
    """Tell whether both stand where the other one of the exchange stood."""
    before = np.array(
        [np.median(segments[k].xyxy[-_EDGE_BOXES:], axis=0) for k in option.before], np.float32
    )
    after = np.array(
        [np.median(segments[k].xyxy[:_EDGE_BOXES], axis=0) for k in option.after], np.float32
    )
    now = lay.mapped(after, picture_px=picture_px)
    limit = np.array(picture_px * 2, np.float32)
    now = np.clip(now, 0, limit)
    return bool((boxes.paired_iou(before, now) >= _SAME_PLACE_IOU).all())
