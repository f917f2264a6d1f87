"""What a user would have without castcheck: alarms by a threshold, ID switches of trackers (pure).

ID switches as in CLEAR MOT (Bernardin & Stiefelhagen 2008), counted with the *true* boxes at hand:
more than a user has, so these figures flatter the trackers.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.optimize import linear_sum_assignment
from scipy.stats import rankdata

from castcheck.runs.matching import MIN_IOU, Track, Truth
from castcheck.tables.kinds import MOMENTS, TOLERANCE_FRAMES
from tracker import boxes

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from bench.mot import Tracks
    from castcheck.runs.matching import Event


@dataclass(frozen=True, slots=True)
class Switch:
    """The number that follows a true track changes.

    Attributes:
        frame: First frame with the new number.
        track: Whom it follows.
        over_cut: Whether a cut lies between the two numbers.
    """

    frame: int
    track: Track
    over_cut: bool


def id_switches(truth: Truth, said: Tracks) -> list[Switch]:
    """Return all ID switches of a tracker, each true track matched at IoU 0.5 as in CLEAR MOT."""
    last: dict[Track, tuple[int, int]] = {}  # true track -> (number, frame) it was followed by
    switches = []
    for frame in range(truth.frames):
        here = np.flatnonzero(said.frame == frame)
        for key, row in _pairs(truth, frame, said, here, last).items():
            number = int(said.track[row])
            if key in last and last[key][0] != number:
                over_cut = truth.shot_of(last[key][1]) != truth.shot_of(frame)
                switches.append(Switch(frame, key, over_cut))
            last[key] = (number, frame)
    return switches


def _pairs(
    truth: Truth,
    frame: int,
    said: Tracks,
    here: NDArray[np.int64],
    last: dict[Track, tuple[int, int]],
) -> dict[Track, int]:
    """Return which row of `said` follows each true track; who fitted before goes first."""
    keys = [key for key, seen in truth.tracks.items() if frame in seen]
    if not keys or not len(here):
        return {}
    wanted = np.stack([truth.tracks[key][frame][0] for key in keys])
    gain = boxes.iou(wanted, said.xyxy[here]).astype(np.float64)
    gain[gain < MIN_IOU] = 0
    for i, key in enumerate(keys):
        if key in last:
            gain[i, (said.track[here] == last[key][0]) & (gain[i] > 0)] += 1
    rows, columns = linear_sum_assignment(-gain)
    return {keys[i]: int(here[k]) for i, k in zip(rows, columns, strict=True) if gain[i, k] > 0}


def hits(event: Event, switches: Sequence[Switch], truth: Truth) -> bool:
    """Tell whether a switch falls on an event: one of its tracks, within the contract's tolerance.

    A switch over a cut says nothing (numbers hardly ever survive a cut), but counts where the event
    was planted right at that cut.
    """
    wanted = truth.tracks_of(event)
    at_cut = event.start_frame in truth.cuts
    for switch in switches:
        if switch.track not in wanted or (switch.over_cut and not at_cut):
            continue
        if event.kind in MOMENTS:
            if abs(switch.frame - event.start_frame) <= TOLERANCE_FRAMES:
                return True
        elif event.start_frame <= switch.frame < event.stop_frame:
            return True
    return False


@dataclass(frozen=True, slots=True)
class Alarm:
    """A threshold on a score per clip, and what it gives.

    Attributes:
        threshold: Scores at or above it are alarms; `None` = nothing to choose from.
        precision, recall: In [0, 1]; `None` where there is nothing to divide by.
        f1: In [0, 1].
    """

    threshold: float | None
    precision: float | None
    recall: float | None
    f1: float | None

    def to_dict(self) -> dict[str, Any]:
        """Return plain values."""
        return {
            "threshold": self.threshold,
            "precision": self.precision,
            "recall": self.recall,
            "f1": self.f1,
        }


def alarm_at(scores: Sequence[float], broken: Sequence[bool], threshold: float) -> Alarm:
    """Return how well `score >= threshold` tells broken clips from clean ones."""
    alarmed = [score >= threshold for score in scores]
    right = sum(a and b for a, b in zip(alarmed, broken, strict=True))
    told, true = sum(alarmed), sum(broken)
    return Alarm(
        threshold,
        right / told if told else None,
        right / true if true else None,
        2 * right / (told + true) if told + true else None,
    )


def best_alarm(scores: Sequence[float], broken: Sequence[bool]) -> Alarm:
    """Return the alarm with the best F1 over all thresholds, chosen on these very clips.

    That is generous: a user has to choose a threshold before.

    Example:
        >>> best_alarm([0.1, 0.4, 0.35, 0.8], [False, False, True, True]).threshold
        0.35
    """
    if not scores:
        return Alarm(None, None, None, None)
    options = [alarm_at(scores, broken, t) for t in sorted(set(scores), reverse=True)]
    return max(options, key=lambda alarm: alarm.f1 or 0.0)


def quiet_recall(scores: Sequence[float], broken: Sequence[bool]) -> float | None:
    """Return the share of broken clips that score above every clean one; `None` without any.

    That is what a gate that never stops a good clip would catch.

    Example:
        >>> quiet_recall([0.1, 0.4, 0.35, 0.8], [False, False, True, True])
        0.5
    """
    loudest = max((s for s, b in zip(scores, broken, strict=True) if not b), default=-np.inf)
    caught = [s > loudest for s, b in zip(scores, broken, strict=True) if b]
    return sum(caught) / len(caught) if caught else None


def auc(scores: Sequence[float], broken: Sequence[bool]) -> float | None:
    """Return how often a broken clip scores above a clean one, ties half; `None` without both.

    Example:
        >>> auc([0.1, 0.4, 0.35, 0.8], [False, False, True, True])
        0.75
    """
    positive = sum(broken)
    negative = len(broken) - positive
    if not positive or not negative:
        return None
    ranks = rankdata(scores)
    total = float(sum(rank for rank, b in zip(ranks, broken, strict=True) if b))
    return (total - positive * (positive + 1) / 2) / (positive * negative)
