"""How much a look loses over the stretch of a track in which nobody passes.

A turn of the body costs the networks similarity and leaves at least two of the colours; light moves
everybody. So losses are told cue by cue, with whether the body keeps facing the camera as it did.
The first and last looks of who has come or goes do not count.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from identity.evidence.calibration import HAIR_SCALE
from identity.evidence.consistency import MAX_APPROACH
from identity.evidence.hair import SAME_FACING, affinity
from identity.evidence.samples import COLOURS, NETWORKS
from identity.tracks.body_track import FAST_S, fully_visible_span, unoccluded_rows
from identity.tracks.crossings import TOUCHING_IOU

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from numpy.typing import NDArray

    from identity.appearance.looks import Cue
    from identity.evidence.calibration import Calibration
    from identity.tracks.body_track import BodyTrack


EVERYBODY = 0.6  # share of the loss that somebody else has too, from which it is light
MIN_LOOKS = 4  # of the network; colours are known at every frame
_MAX_WIDENING = 1.7  # from profile to front; more is another part of the body, or somebody else
_FULL_RAMP = 1.5  # the means of the outer thirds of a ramp differ by two thirds of it
# By so much more must be lost where a pose costs as much: arms that rise, where no colour confirms
# the networks, or another moment in another shot.
MORE_THAN_POSE = 1.4
STAYS = 0.2  # similarity that is lost at most where nothing changes
_CALM_HAIR = 0.8  # affinity of neighbouring looks at hair that is not moved
_STEADY_SHIFT = 0.2  # of the cosine of facing, from the first third to the last


@dataclass(frozen=True, slots=True, eq=False)
class LookLoss:
    """Rows of a body track in which nobody passes, and what is lost from their first to their last.

    Attributes:
        rows: Of the body track.
        loss: Cue to the similarity lost.
        steady: Whether the body is known to face the camera all the while as it did at first.
        head: What hair and head lose while the body keeps its clothes, its shape and its side.
    """

    rows: NDArray[np.int64]
    loss: dict[Cue, float]
    steady: bool
    head: float = 0.0

    @property
    def strength(self) -> float:
        """What networks lose, and two colours too where the body may have turned."""
        networks = networks_lose(self.loss)
        if not self.steady:
            return min(networks, colours_lose(self.loss))
        confirmed = max(self.loss.get(cue, 0.0) for cue in COLOURS) >= STAYS
        return networks if confirmed else networks / MORE_THAN_POSE

    def light(self, whose: LookLoss) -> float:
        """Return what is lost beside `whose` too: where that is nearly as much, it is the light."""
        return max(self.strength if whose.steady else colours_lose(self.loss), 0.0)


def networks_lose(loss: Mapping[Cue, float]) -> float:
    """Return the mean loss of the networks' cues; 0 where none was seen."""
    return float(np.mean([loss[cue] for cue in NETWORKS if cue in loss] or [0.0]))


def garment_loses(loss: Mapping[Cue, float]) -> float:
    """Return the larger loss of the clothes: seen alike before and after, no turn moves it."""
    return max((loss[cue] for cue in COLOURS if cue in loss and cue != "head"), default=0.0)


def colours_lose(loss: Mapping[Cue, float]) -> float:
    """Return the second largest loss of the colours: a turn, or a hand, moves one of them."""
    values = sorted((loss[cue] for cue in COLOURS if cue in loss), reverse=True)
    return values[1] if len(values) > 1 else 0.0


def loss_between_tracks(
    one: BodyTrack, two: BodyTrack, scales: Calibration, cue: Cue
) -> float | None:
    """Return the similarity lost from all looks of one track to those of another; `None` = few."""
    rows = [track.looks.seen(cue) for track in (one, two)]
    if min(len(own) for own in rows) < MIN_LOOKS:
        return None
    sides = [_side(t.looks.chunks(cue, own)) for t, own in zip((one, two), rows, strict=True)]
    return _lost(sides[0], sides[1], scales, cue)


_Side = tuple["NDArray[np.float32]", float]  # the mean of some looks, and how alike they are


def _side(parts: Iterable[NDArray[np.float32]]) -> _Side:
    total, count = np.zeros(1, np.float32), 0
    for vectors in parts:
        total = total + vectors.sum(axis=0)
        count += len(vectors)
    among = 1.0
    if count > 1:
        among = (float(np.square(total).sum()) - count) / (count * (count - 1))
    return total / np.float32(count), among


def _lost(early: _Side, late: _Side, scales: Calibration, cue: Cue) -> float:
    scale = scales.scales[cue]
    across = float(early[0] @ late[0])
    return (min(early[1], late[1]) - across) / (scale.same - scale.different)


def largest_loss(
    track: BodyTrack, everybody: Sequence[BodyTrack], scales: Calibration, *, fps: float
) -> LookLoss | None:
    """Return the rows in which most is lost while nobody passes; `None` = there are none."""
    best: LookLoss | None = None
    for rows in _undisturbed(track, everybody, fps=fps):
        if (track.frame[rows[-1]] - track.frame[rows[0]]) / fps < FAST_S:
            continue
        if not _keeps_framing(track.xyxy[rows]):
            continue
        loss: dict[Cue, float] = {}
        for cue in scales.scales:
            sides = _ends(track, cue, rows)
            if sides is not None:
                loss[cue] = _FULL_RAMP * _lost(*sides, scales, cue)
        head = _head_loss(track, rows, loss)
        stretch = LookLoss(rows, loss, _keeps_facing(track, rows), head)
        if best is None or stretch.strength > best.strength:
            best = stretch
    return best


def _ends(track: BodyTrack, cue: Cue, rows: NDArray[np.int64]) -> tuple[_Side, _Side] | None:
    """Return the looks of the first and of the last third of some rows; `None` = too few."""
    seen = track.looks.seen(cue)
    own = seen[np.isin(seen, rows)]
    if len(own) < MIN_LOOKS:
        return None
    side = max(len(own) // 3, 2)
    early, late = (_side(track.looks.chunks(cue, part)) for part in (own[:side], own[-side:]))
    return early, late


def _head_loss(track: BodyTrack, rows: NDArray[np.int64], loss: Mapping[Cue, float]) -> float:
    """Return what hair and the colours of the head agree on; 0 where more than the head may change.

    A face that changes is read as one that turns, so a little of a turn is allowed here.
    """
    sides, facing = _ends(track, "hair", rows), _facing(track, rows)
    if sides is None or len(facing) < MIN_LOOKS or "head" not in loss:
        return 0.0
    wider, taller = growth(track.xyxy[rows])
    turned = float(np.ptp(facing)) > SAME_FACING
    if turned or max(wider, taller) > MAX_APPROACH or garment_loses(loss) > STAYS:
        return 0.0
    seen = track.looks.seen("hair")
    own = seen[np.isin(seen, rows)]
    hair = track.looks.rows("hair", own[[0, 1, -2, -1]])
    if min(float(hair[0] @ hair[1]), float(hair[3] @ hair[2])) < _CALM_HAIR:
        return 0.0
    first, last = ({"hair": mean} for mean, _ in sides)
    return min(1 - HAIR_SCALE.similarity(affinity(first, last, "hair")), loss["head"])


def _keeps_facing(track: BodyTrack, rows: NDArray[np.int64]) -> bool:
    """Tell whether the body is known to be turned from the camera alike all the while."""
    facing = _facing(track, rows)
    if len(facing) < MIN_LOOKS or growth(track.xyxy[rows])[0] > MAX_APPROACH:
        return False
    side = max(len(facing) // 3, 2)
    shift = abs(float(facing[:side].mean() - facing[-side:].mean()))
    return float(np.ptp(facing)) <= SAME_FACING and shift <= _STEADY_SHIFT


def _facing(track: BodyTrack, rows: NDArray[np.int64]) -> NDArray[np.float32]:
    """Return (K,) the cosine of how a body is turned from the camera, where it is known."""
    seen, vectors = track.vectors("facing")
    return np.asarray(vectors[np.isin(seen, rows), 0], np.float32)


def _undisturbed(
    track: BodyTrack, everybody: Sequence[BodyTrack], *, fps: float
) -> list[NDArray[np.int64]]:
    """Return stretches of rows in which nobody's box overlaps, and the body has all come in."""
    first, last = fully_visible_span(track, everybody, fps=fps)
    there = (track.frame >= first) & (track.frame <= last)
    rows = np.flatnonzero(unoccluded_rows(track, everybody, max_iou=TOUCHING_IOU) & there)
    edges = [0, *(np.flatnonzero(np.diff(rows) > 1) + 1).tolist(), len(rows)]
    return [rows[a:b] for a, b in pairwise(edges) if b - a >= MIN_LOOKS]


def _keeps_framing(xyxy: NDArray[np.float32]) -> bool:
    """Tell whether the box at the end is as large as at the start, within a zoom or a turn.

    Its width too: a box may be cut by the picture's edges, or come to hold somebody else.
    """
    wider, taller = growth(xyxy)
    return taller <= MAX_APPROACH and wider <= _MAX_WIDENING


def growth(xyxy: NDArray[np.float32]) -> tuple[float, float]:
    """Return how many times wider and taller the larger of the boxes at start and end is."""
    count = max(1, len(xyxy) // 8)
    size = xyxy[:, 2:] - xyxy[:, :2]
    first, last = np.median(size[:count], axis=0), np.median(size[-count:], axis=0)
    wider, taller = np.maximum(first, last) / np.maximum(np.minimum(first, last), 1)
    return float(wider), float(taller)
