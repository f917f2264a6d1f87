"""Whether one run is better than another, on the same clips. Pure."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

import numpy as np

from castcheck.runs.statistics import (
    Interval,
    bootstrap,
    exact_p,
    holm,
    paired_difference,
)
from castcheck.tables.kinds import KINDS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from castcheck.acceptance.gate import Gate
    from castcheck.batch.record import Record
    from castcheck.runs.pairing import Row

Answer = Literal["worse", "not worse", "open"]
PER_CLIP = "findings per clip"


@dataclass(frozen=True, slots=True)
class Seen:
    """What counts of one clip in one run.

    Attributes:
        counts: Kind to findings at or above the gate; what was accepted does not count.
        sureness: Sum of their confidences: tells apart clips with as many.
        minutes: Its length.
        consistency: The lowest of its characters, in [0, 1]; `None` = unknown.
        characters: How many.
    """

    counts: Mapping[str, int]
    sureness: float
    minutes: float
    consistency: float | None
    characters: float

    @property
    def total(self) -> int:
        """Findings of all kinds."""
        return sum(self.counts.values())


@dataclass(frozen=True, slots=True)
class Couple:
    """One clip in all runs, each judged.

    Attributes:
        name: What it is called.
        seen: One per run.
    """

    name: str
    seen: tuple[Seen, ...]


@dataclass(frozen=True, slots=True)
class Measure:
    """One thing that is measured on both sides.

    Attributes:
        name: What.
        a, b: On either side; `None` = unknown.
        difference: b - a, with its interval; `None` where there is no pair.
        better, worse: Pairs in which B is so.
        p: Of the exact test on better against worse; that of a kind allows for how many there are.
        pairs: How many count.
        less_is_better: Which way is up; `None` = neither, and better stands for fewer.
    """

    name: str
    a: float | None
    b: float | None
    difference: Interval | None
    better: int
    worse: int
    p: float
    pairs: int
    less_is_better: bool | None = True


@dataclass(frozen=True, slots=True)
class Cohort:
    """The pairs of one prompt, seed, model ..."""

    column: str
    value: str
    measure: Measure


@dataclass(frozen=True, slots=True)
class Comparison:
    """B against A.

    Attributes:
        margin: So many more findings per clip are still no worse.
        answer: "worse" = shown to be more than the margin; "not worse" = shown not to be; "open".
        overall: Measures over all findings; the first one decides.
        kinds: Findings per clip of each kind there is.
        cohorts: The first measure, by cohort.
        changed: Names of the pairs that differ, the worst for B first, with how much.
    """

    margin: float
    answer: Answer
    overall: tuple[Measure, ...]
    kinds: tuple[Measure, ...]
    cohorts: tuple[Cohort, ...]
    changed: tuple[tuple[str, int], ...]


def seen_of(record: Record, gate: Gate) -> Seen | None:
    """Return what counts of a clip; `None` where it was not judged, or nobody could be."""
    nobody = record.verdict == "abstain" and not record.findings
    if record.outcome != "judged" or nobody or not record.duration_s:
        return None
    counted = [
        f for f in record.findings
        if gate.trips_at(f["kind"], f["severity"]) and not f.get("accepted", False)
    ]  # fmt: skip
    return Seen(
        dict(Counter(str(f["kind"]) for f in counted)),
        sum(float(f["confidence"]) for f in counted),
        record.duration_s / 60,
        record.consistency,
        float(record.characters or 0),
    )


def couples_of(rows: Sequence[Row], gate: Gate) -> tuple[list[Couple], list[str]]:
    """Return the clips that every run could judge, and the names of the others."""
    couples, left_out = [], []
    for row in rows:
        seen = [seen_of(clip.record, gate) for clip in row.clips]
        known = tuple(one for one in seen if one is not None)
        if len(known) == len(seen):
            couples.append(Couple(row.name, known))
        else:
            left_out.append(row.name)
    return couples, left_out


def compare(
    couples: Sequence[Couple],
    *,
    margin: float,
    cohorts: Mapping[str, Mapping[str, Sequence[str]]] | None = None,
    side: int = 1,
) -> Comparison:
    """Compare the first run (A) with another (B).

    Args:
        couples: At least one.
        margin: So many more findings per clip are still no worse.
        cohorts: Column to value to names of couples.
        side: Which run is B.
    """
    first = per_clip(couples, side)
    overall = (
        first,
        _failing(couples, side),
        _per_minute(couples, side),
        _consistency(couples, side),
        _characters(couples, side),
    )
    kinds = [k for k in KINDS if any(s.counts.get(k) for c in couples for s in c.seen)]
    rows = [per_clip(couples, side, kind) for kind in kinds]
    adjusted = holm([row.p for row in rows])
    changes = [
        (c.name, c.seen[side].total - c.seen[0].total, c.seen[side].sureness - c.seen[0].sureness)
        for c in couples
    ]
    changes.sort(key=lambda row: (-row[1], -row[2], row[0]))
    return Comparison(
        margin,
        answer_of(first.difference, margin),
        overall,
        tuple(replace(row, p=p) for row, p in zip(rows, adjusted, strict=True)),
        tuple(_cohorts(couples, cohorts or {}, side)),
        tuple((name, change) for name, change, _ in changes if change),
    )


def answer_of(difference: Interval | None, margin: float) -> Answer:
    """Return whether B is worse than the margin says, as far as its interval shows.

    Example:
        >>> answer_of(Interval(0.3, 0.1, 0.5), 0.0), answer_of(Interval(0.3, 0.1, 0.5), 0.2)
        ('worse', 'open')
        >>> answer_of(Interval(-0.3, -0.5, -0.1), 0.0), answer_of(Interval(2.0, None, None), 0.0)
        ('not worse', 'open')
    """
    if difference is None or difference.low is None or difference.high is None:
        return "open"
    if difference.low > margin:
        return "worse"
    return "not worse" if difference.high <= margin else "open"


def per_clip(couples: Sequence[Couple], side: int, kind: str | None = None) -> Measure:
    """Return findings per clip of the first run against those of another, of one kind or all."""

    def count(seen: Seen) -> float:
        return float(seen.total if kind is None else seen.counts.get(kind, 0))

    return _measure(
        kind or PER_CLIP,
        [count(c.seen[0]) for c in couples],
        [count(c.seen[side]) for c in couples],
    )


def _failing(couples: Sequence[Couple], side: int) -> Measure:
    return _measure(
        "share of clips that fail",
        [float(c.seen[0].total > 0) for c in couples],
        [float(c.seen[side].total > 0) for c in couples],
    )


def _characters(couples: Sequence[Couple], side: int) -> Measure:
    return _measure(
        "characters per clip",
        [c.seen[0].characters for c in couples],
        [c.seen[side].characters for c in couples],
        less_is_better=None,
    )


def _consistency(couples: Sequence[Couple], side: int) -> Measure:
    pairs = [
        (c.seen[0].consistency, c.seen[side].consistency)
        for c in couples
        if c.seen[0].consistency is not None and c.seen[side].consistency is not None
    ]
    return _measure(
        "consistency", [float(a or 0) for a, _ in pairs], [float(b or 0) for _, b in pairs],
        less_is_better=False,
    )  # fmt: skip


def _per_minute(couples: Sequence[Couple], side: int) -> Measure:
    columns = [
        [float(value) for value in column]
        for column in zip(
            *((c.seen[0].total, c.seen[0].minutes, c.seen[side].total, c.seen[side].minutes)
              for c in couples), strict=True,
        )
    ]  # fmt: skip
    count_a, minutes_a, count_b, minutes_b = (np.array(column) for column in columns)
    rate_a, rate_b = count_a / minutes_a, count_b / minutes_b
    interval = bootstrap(
        columns, lambda ca, ma, cb, mb: cb.sum(-1) / mb.sum(-1) - ca.sum(-1) / ma.sum(-1)
    )
    better, worse = int((rate_b < rate_a).sum()), int((rate_b > rate_a).sum())
    return Measure(
        "findings per minute",
        float(count_a.sum() / minutes_a.sum()),
        float(count_b.sum() / minutes_b.sum()),
        interval,
        better,
        worse,
        exact_p(better, worse),
        len(couples),
    )


def _measure(
    name: str,
    before: Sequence[float],
    after: Sequence[float],
    *,
    less_is_better: bool | None = True,
) -> Measure:
    if not before:
        return Measure(name, None, None, None, 0, 0, 1.0, 0, less_is_better)
    more = sum(b > a for a, b in zip(before, after, strict=True))
    less = sum(b < a for a, b in zip(before, after, strict=True))
    better, worse = (more, less) if less_is_better is False else (less, more)
    return Measure(
        name,
        float(np.mean(before)),
        float(np.mean(after)),
        paired_difference(before, after),
        better,
        worse,
        exact_p(better, worse),
        len(before),
        less_is_better,
    )


def _cohorts(
    couples: Sequence[Couple], cohorts: Mapping[str, Mapping[str, Sequence[str]]], side: int
) -> list[Cohort]:
    by_name = {couple.name: couple for couple in couples}
    found = []
    for column, values in cohorts.items():
        rows = []
        for value, names in values.items():
            own = [by_name[name] for name in names if name in by_name]
            if own:
                rows.append(Cohort(column, value, per_clip(own, side)))
        rows.sort(key=lambda row: (-_value(row.measure), row.value))
        found += rows
    return found


def _value(measure: Measure) -> float:
    return 0.0 if measure.difference is None else measure.difference.value
