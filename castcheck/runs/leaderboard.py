"""More than two runs on the same clips, the best first. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from castcheck.runs.compare import answer_of, per_clip
from castcheck.runs.statistics import bootstrap, rate_of
from castcheck.tables.kinds import KINDS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from castcheck.runs.compare import Answer, Couple, Measure
    from castcheck.runs.statistics import Interval, Rate


@dataclass(frozen=True, slots=True)
class Place:
    """One run of a leaderboard; intervals are over clips, `kinds` are findings per clip."""

    name: str
    failing: Rate
    per_clip: Interval
    per_minute: Interval
    consistency: Interval | None
    against_first: Measure
    answer: Answer
    kinds: Mapping[str, float]


def leaderboard(couples: Sequence[Couple], names: Sequence[str], *, margin: float) -> list[Place]:
    """Return the runs, fewest findings per clip first, each also against the first one given."""
    places = []
    for side, name in enumerate(names):
        own = [couple.seen[side] for couple in couples]
        totals, minutes = [float(s.total) for s in own], [s.minutes for s in own]
        levels = [s.consistency for s in own if s.consistency is not None]
        against = per_clip(couples, side)
        places.append(
            Place(
                name,
                rate_of([s.total > 0 for s in own]),
                bootstrap([totals], lambda a: a.mean(-1)),
                bootstrap([totals, minutes], lambda a, m: a.sum(-1) / m.sum(-1)),
                bootstrap([levels], lambda a: a.mean(-1)) if levels else None,
                against,
                "not worse" if side == 0 else answer_of(against.difference, margin),
                {kind: sum(s.counts.get(kind, 0) for s in own) / len(own) for kind in KINDS},
            )
        )
    return sorted(places, key=lambda place: (place.per_clip.value, names.index(place.name)))
