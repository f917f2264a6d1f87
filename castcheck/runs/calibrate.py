"""How sure each kind has to be so that no more good clips fail than asked. Pure.

The bars are fitted to all clips; what they promise is measured on clips they were not fitted to:
each half of the sources is judged by the bars that the other half alone would give.
"""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from castcheck.runs.statistics import Rate, clips_needed, most_hits, rate_of
from castcheck.tables.kinds import KIND_NAMES

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from castcheck.runs.evidence import KnownClip

Bars = dict[str, float]
NEVER = 1.0  # no finding is as sure as that
_STEP = 0.001  # confidences have three digits
_SUREST = 0.99


@dataclass(frozen=True, slots=True)
class Recall:
    """Which share of the errors of one kind is told and stops its clip.

    Attributes:
        kind: As in the contract.
        planted: Of errors that were put there, held out.
        seen: Of errors that people found in clips as they came, held out.
    """

    kind: str
    planted: Rate
    seen: Rate


@dataclass(frozen=True, slots=True)
class Calibration:
    """Bars, and what they promise.

    Attributes:
        asked: Share of good clips that may fail.
        bars: Kind to how sure a finding has to be.
        before: The same as the runs were judged.
        alarms: Share of good clips that fail, held out.
        alarms_before: The same with the bars of before.
        recalls: Per kind with known errors.
        needed: How many good clips could show what was asked, if as many failed as do.
        kept: What was asked is shown by the clips held out.
    """

    asked: float
    bars: Bars
    before: Bars
    alarms: Rate
    alarms_before: Rate
    recalls: tuple[Recall, ...]
    needed: int
    kept: bool


def calibrate(
    clips: Sequence[KnownClip], *, asked: float, before: Mapping[str, float], floor: float
) -> Calibration:
    """Fit the bars and measure what they promise.

    Args:
        clips: With at least one good one.
        asked: Share of good clips that may fail, in (0, 1].
        before: Kind to its bar as the clips were judged.
        floor: Findings less sure than this are not in the reports.
    """
    start: Bars = {kind: before[kind] for kind in KIND_NAMES}
    count = len({clip.source for clip in clips if clip.good})
    allowed = most_hits(asked, count)
    # Too few clips to show the rate are too few to let anything pass that is stopped today.
    floor = floor if allowed >= 0 else 1.0
    # A bar put just above what is known is passed by the next clip as often as by one of these: so
    # each bar that false alarms decide about costs one of the clips that may fail.
    allowed = max(allowed - len({a.kind for c in clips if c.good for a in c.alarms}), 0)
    bars = fit(clips, allowed=allowed, start=start, floor=floor)
    held_out: list[tuple[KnownClip, Bars]] = []
    for own, other in _halves(clips):
        share = len([c for c in other if c.good]) / max(count, 1)
        fitted = fit(other, allowed=int(allowed * share), start=start, floor=floor)
        held_out += [(clip, fitted) for clip in own]
    alarms = _alarm_rate(held_out)
    kept = alarms.high <= asked
    return Calibration(
        asked,
        bars,
        start,
        alarms,
        _alarm_rate([(clip, start) for clip in clips]),
        tuple(_recalls(held_out)),
        clips_needed(asked, hits=alarms.hits),
        kept,
    )


def fit(
    clips: Sequence[KnownClip], *, allowed: int, start: Mapping[str, float], floor: float
) -> Bars:
    """Return the bars at which at most `allowed` good clips fail, and few errors are lost.

    A bar moves only for a reason: up where that keeps good clips from failing, down to `floor`
    where that tells more errors. Of all ways up, the one that frees most good clips per error lost
    is taken first.

    Args:
        clips: What is known.
        allowed: Good clips that may fail.
        start: Kind to the bar of today.
        floor: No bar sinks below this; none sinks at all at 1.
    """
    highest = np.array([_highest(clip) for clip in clips if clip.good]).reshape(-1, len(KIND_NAMES))
    right = [
        np.array(sorted(e.confidence for c in clips for e in c.errors
                        if e.kind == kind and e.confidence is not None))
        for kind in KIND_NAMES
    ]  # fmt: skip
    bars = np.array([start[kind] for kind in KIND_NAMES])
    for k in range(len(KIND_NAMES)):
        lower = right[k][(right[k] >= floor) & (right[k] < bars[k])]
        if len(lower):
            bars[k] = lower[0]
    while _failing(highest, bars) > allowed:
        k, value = _best_raise(highest, right, bars)
        bars[k] = value
    for k in range(len(KIND_NAMES)):
        rest = _settled(highest, right[k], bars, k, allowed=allowed, start=start[KIND_NAMES[k]])
        bars[k] = rest if rest >= start[KIND_NAMES[k]] else max(rest, floor)
    return {kind: float(bar) for kind, bar in zip(KIND_NAMES, bars, strict=True)}


def _highest(clip: KnownClip) -> list[float]:
    """Return, per kind, how sure the surest false alarm of a clip is; -1 where there is none."""
    return [
        max((a.confidence for a in clip.alarms if a.kind == kind), default=-1.0)
        for kind in KIND_NAMES
    ]


def _failing(highest: np.ndarray, bars: np.ndarray) -> int:
    return int((highest >= bars).any(axis=1).sum())


def _above(confidence: float) -> float:
    """Return the lowest bar that a finding of this confidence does not reach."""
    return NEVER if confidence >= _SUREST else round(confidence + _STEP, 3)


def _best_raise(
    highest: np.ndarray, right: Sequence[np.ndarray], bars: np.ndarray
) -> tuple[int, float]:
    """Return which bar to raise, and to where."""
    now = _failing(highest, bars)
    best: tuple[float, int, float] | None = None
    for k in range(len(KIND_NAMES)):
        over = np.unique(highest[:, k][highest[:, k] >= bars[k]])
        for confidence in over:
            raised = bars.copy()
            raised[k] = _above(float(confidence))
            freed = now - _failing(highest, raised)
            hushed = int((highest[:, k] >= bars[k]).sum() - (highest[:, k] >= raised[k]).sum())
            lost = int(((right[k] >= bars[k]) & (right[k] < raised[k])).sum())
            # A clip with alarms of two kinds is freed by no one step: what is hushed counts a bit.
            worth = (freed + 0.01 * hushed) / (lost + 0.5)
            if best is None or worth > best[0]:
                best = (worth, k, float(raised[k]))
    if best is None:  # cannot be: who fails is over some bar
        raise AssertionError("a clip fails, and no finding is over a bar")
    return best[1], best[2]


def _settled(
    highest: np.ndarray, right: np.ndarray, bars: np.ndarray, k: int, *, allowed: int, start: float
) -> float:
    """Return where a bar comes to rest: no higher than it must be, midway to what is right."""
    wrong, trial, least = highest[:, k], bars.copy(), float(bars[k])
    if least == start:
        return start
    for candidate in sorted({start, *(_above(float(c)) for c in wrong if c >= start)}):
        if candidate < least:  # an earlier step may have become needless
            trial[k] = candidate
            if _failing(highest, trial) <= allowed:
                least = candidate
    if least == start:
        return start
    over = right[right >= least]
    if not len(over):
        return least
    under = float(wrong[wrong < least].max(initial=0.0))
    middle = math.floor((under + float(over[0])) / 2 / _STEP) * _STEP
    return round(max(middle, _above(under)), 3)


def _halves(clips: Sequence[KnownClip]) -> list[tuple[list[KnownClip], list[KnownClip]]]:
    """Return both ways of judging one half by the other; sources stay whole, good ones even."""
    good = {clip.source for clip in clips if clip.good}
    sources = sorted(
        {clip.source for clip in clips},
        key=lambda s: (s not in good, hashlib.sha256(s.encode()).hexdigest()),
    )
    side = {source: k % 2 for k, source in enumerate(sources)}
    parts = [[clip for clip in clips if side[clip.source] == k] for k in (0, 1)]
    return [(parts[0], parts[1]), (parts[1], parts[0])]


def _alarm_rate(judged: Sequence[tuple[KnownClip, Bars]]) -> Rate:
    good = [(clip, bars) for clip, bars in judged if clip.good]
    hits = [any(a.confidence >= bars[a.kind] for a in clip.alarms) for clip, bars in good]
    return rate_of(hits, [clip.source for clip, _ in good])


def _recalls(judged: Sequence[tuple[KnownClip, Bars]]) -> list[Recall]:
    recalls = []
    for kind in KIND_NAMES:
        rates = []
        for planted in (True, False):
            rows = [
                (error.confidence is not None and error.confidence >= bars[kind], clip.source)
                for clip, bars in judged
                for error in clip.errors
                if error.kind == kind and error.planted is planted
            ]
            rates.append(rate_of([hit for hit, _ in rows], [source for _, source in rows]))
        if rates[0].count or rates[1].count:
            recalls.append(Recall(kind, *rates))
    return recalls
