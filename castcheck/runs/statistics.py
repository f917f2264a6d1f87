"""Intervals, exact tests and how many clips they take. Pure; whatever is random is seeded."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.stats import beta, binomtest

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

LEVEL = 0.95  # of all intervals
RESAMPLES = 10_000
_SEED = 20_240_229
_BLOCK = 2_000_000  # drawn numbers held at once
FEWEST_PAIRS = 5  # fewer say nothing about how far they scatter


@dataclass(frozen=True, slots=True)
class Rate:
    """A share with its interval.

    Attributes:
        hits, count: So many of so many.
        low, high: The exact interval (Clopper and Pearson) for the share, at 95 %; 0 and 1 where
            `count` is 0.
    """

    hits: int
    count: int
    low: float
    high: float

    @property
    def share(self) -> float | None:
        """Hits by count; `None` of nothing."""
        return self.hits / self.count if self.count else None


@dataclass(frozen=True, slots=True)
class Interval:
    """An estimate with its interval at 95 %; ends are `None` where there are too few to tell."""

    value: float
    low: float | None
    high: float | None


def exact_interval(hits: float, count: float) -> tuple[float, float]:
    """Return the interval of Clopper and Pearson; `hits` and `count` need not be whole.

    Example:
        >>> low, high = exact_interval(0, 212)
        >>> low, round(high, 4)
        (0.0, 0.0172)
        >>> exact_interval(0, 0)
        (0.0, 1.0)
    """
    if count <= 0:
        return 0.0, 1.0
    tail = (1 - LEVEL) / 2
    low = 0.0 if hits <= 0 else float(beta.ppf(tail, hits, count - hits + 1))
    high = 1.0 if hits >= count else float(beta.ppf(1 - tail, hits + 1, count - hits))
    return low, high


def rate_of(hits: Sequence[bool], groups: Sequence[str] | None = None) -> Rate:
    """Return the share of hits with its interval.

    Clips of one source are no independent evidence: where they agree among themselves more than
    with others, the interval is that of so many fewer (Korn and Graubard 1998).

    Args:
        hits: One per clip or error.
        groups: What each comes from; `None` = all apart.
    """
    total, count = sum(hits), len(hits)
    size = float(count) if groups is None else _effective_count(hits, groups)
    share = total / count if count else 0.0
    low, high = exact_interval(share * size, size)
    return Rate(total, count, low, high)


def _effective_count(hits: Sequence[bool], groups: Sequence[str]) -> float:
    count = len(hits)
    names = sorted(set(groups))
    if len(names) == count:
        return float(count)
    share = sum(hits) / count
    if share in {0.0, 1.0} or len(names) < 2:  # nothing to see how they agree by
        return float(len(names))
    rest = dict.fromkeys(names, 0.0)
    for hit, name in zip(hits, groups, strict=True):
        rest[name] += hit - share
    spread = sum(value * value for value in rest.values()) / count**2
    spread *= len(names) / (len(names) - 1)
    return float(count) if spread == 0 else min(float(count), share * (1 - share) / spread)


def clips_needed(rate: float, *, hits: int = 0) -> int:
    """Return the fewest clips of which `hits` may alarm so that `rate` can be promised.

    Args:
        rate: In (0, 1].
        hits: How many of them alarm.

    Example:
        >>> clips_needed(0.01), clips_needed(0.1)
        (368, 36)
    """
    if hits == 0:
        if rate >= 1:
            return 1
        count = math.ceil(math.log((1 - LEVEL) / 2) / math.log1p(-rate))
        return max(count, 1)
    low, high = hits, math.ceil((hits + 10) * 20 / rate)
    while low < high:
        middle = (low + high) // 2
        if exact_interval(hits, middle)[1] <= rate:
            high = middle
        else:
            low = middle + 1
    return low


def most_hits(rate: float, count: int) -> int:
    """Return how many of `count` clips may alarm so that `rate` can be promised; -1 = too few.

    Example:
        >>> most_hits(0.01, 100), most_hits(0.01, 400), most_hits(0.1, 100)
        (-1, 0, 4)
    """
    hits = -1
    while hits + 1 <= count and exact_interval(hits + 1, count)[1] <= rate:
        hits += 1
    return hits


def exact_p(better: int, worse: int) -> float:
    """Return the two-sided p of a sign test, which is McNemar's exact test for pairs of yes and no.

    Example:
        >>> exact_p(0, 0), exact_p(0, 6)
        (1.0, 0.03125)
    """
    if better + worse == 0:
        return 1.0
    return float(binomtest(worse, better + worse, 0.5).pvalue)


def holm(p_values: Sequence[float]) -> list[float]:
    """Return p values that allow for how many were asked (Holm 1979), in the same order.

    Example:
        >>> holm([0.01, 0.04, 0.03])
        [0.03, 0.06, 0.06]
    """
    order = sorted(range(len(p_values)), key=lambda k: p_values[k])
    adjusted = [0.0] * len(p_values)
    highest = 0.0
    for rank, k in enumerate(order):
        highest = max(highest, min(1.0, (len(order) - rank) * p_values[k]))
        adjusted[k] = round(highest, 12)
    return adjusted


def bootstrap(
    columns: Sequence[Sequence[float]], statistic: Callable[..., Any], *, seed: int = _SEED
) -> Interval:
    """Return a statistic of clips, with the percentile interval of a bootstrap over clips.

    Args:
        columns: Per value of a clip, one number a clip; drawn together, so that pairs stay pairs.
        statistic: Gets one array per column, clips along the last axis, and returns one number a
            row.
        seed: Of the draws; the same seed gives the same interval.

    Example:
        >>> bootstrap([[1.0] * 9, [2.0] * 9], lambda a, b: (b - a).mean(-1))
        Interval(value=1.0, low=1.0, high=1.0)
    """
    table = np.asarray(columns, np.float64)
    count = table.shape[1]
    value = float(statistic(*table))
    if count < FEWEST_PAIRS:
        return Interval(value, None, None)
    random = np.random.default_rng(seed)
    step = max(1, _BLOCK // count)
    found = []
    for start in range(0, RESAMPLES, step):
        rows = random.integers(0, count, (min(step, RESAMPLES - start), count))
        found.append(np.asarray(statistic(*(column[rows] for column in table)), np.float64))
    every = np.concatenate(found)
    every = every[np.isfinite(every)]
    if not len(every):
        return Interval(value, None, None)
    tail = 100 * (1 - LEVEL) / 2
    low, high = np.percentile(every, [tail, 100 - tail])
    return Interval(value, float(low), float(high))


def paired_difference(before: Sequence[float], after: Sequence[float]) -> Interval:
    """Return the mean of after - before, paired by clip, with its interval.

    Where all pairs differ alike, or none does, a bootstrap would be certain. Then the interval is
    what the exact one allows: the largest share of clips that might differ by 1 from the others.

    Example:
        >>> paired_difference([0] * 60, [0] * 60).high < 0.06
        True
    """
    interval = bootstrap([before, after], lambda a, b: (b - a).mean(-1))
    differences = {b - a for a, b in zip(before, after, strict=True)}
    if interval.low is None or len(differences) > 1:
        return interval
    most = exact_interval(0, len(before))[1]
    return Interval(interval.value, interval.value - most, interval.value + most)
