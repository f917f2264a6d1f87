"""The page of a comparison. Pure, but for reading the templates."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from markupsafe import Markup

from castcheck.labels import clock, kind_meaning
from castcheck.report.html import environment, read_asset
from castcheck.report.palette import style_of
from castcheck.runs.compare import PER_CLIP
from castcheck.tables.kinds import KINDS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from castcheck.facts.report import Report
    from castcheck.runs.compare import Comparison, Couple, Measure
    from castcheck.runs.leaderboard import Place
    from castcheck.runs.reading import RunClip
    from castcheck.runs.statistics import Interval

UNKNOWN = "-"
MOST_ROWS = 2000  # of the table of all clips
ANSWERS = {
    "worse": ("fail", "worse"),
    "not worse": ("pass", "not worse"),
    "open": ("abstain", "not decided"),
}


@dataclass(frozen=True, slots=True)
class Whisker:
    """A difference with its interval on a shared axis, in percent of its width.

    Attributes:
        name, title: What it is of, and what that means.
        a, b: On either side, as text.
        at: Of the estimate.
        left, width: Of the interval; `None` where there are too few pairs.
        look: "worse", "better" or "even": the interval is above, below or around 0.
        text: The difference in words.
        pairs: How many.
        icon: Kind whose icon it has; empty = none.
    """

    name: str
    title: str
    a: str
    b: str
    at: float
    left: float | None
    width: float | None
    look: str
    text: str
    pairs: int
    icon: str = ""


@dataclass(frozen=True, slots=True)
class Plot:
    """Whiskers on one axis.

    Attributes:
        rows: From top to bottom.
        zero, margin: Where these lie, in percent of the width.
        low, high: What the ends stand for, as text.
    """

    rows: tuple[Whisker, ...]
    zero: float
    margin: float | None
    low: str
    high: str


@dataclass(frozen=True, slots=True)
class Side:
    """One clip in one run, for a card."""

    count: int
    link: str
    consistency: str
    findings: tuple[tuple[str, str, str, str], ...]
    pictures: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Card:
    """One clip in both runs."""

    name: str
    change: int
    sides: tuple[Side, ...]


@dataclass(frozen=True, slots=True)
class Head:
    """What stands at the top.

    Attributes:
        names: Of the runs.
        notes: What a reader has to know.
        facts: How many, and by which rule.
    """

    names: tuple[str, ...]
    notes: tuple[str, ...]
    facts: tuple[str, ...]


def number(value: float | None, digits: int = 2) -> str:
    """Return a number for people; a dash where it is not known.

    Example:
        >>> number(0.125), number(None), number(-0.0001)
        ('0.12', '-', '0.00')
    """
    if value is None:
        return UNKNOWN
    text = f"{value:.{digits}f}"
    return text.removeprefix("-") if float(text) == 0 else text


def reach(interval: Interval) -> str:
    """Return the ends of an interval in words.

    Example:
        >>> from castcheck.runs.statistics import Interval
        >>> reach(Interval(1.0, 0.5, 1.5)), reach(Interval(1.0, None, None))
        ('0.50 to 1.50', 'too few clips')
    """
    if interval.low is None or interval.high is None:
        return "too few clips"
    return f"{number(interval.low)} to {number(interval.high)}"


def spread(measure: Measure, *, sign: bool = True) -> str:
    """Return a difference and its interval in words."""
    if measure.difference is None:
        return UNKNOWN
    value, low, high = measure.difference.value, measure.difference.low, measure.difference.high
    text = number(value)
    text = f"+{text}" if sign and float(text) > 0 else text
    if low is None or high is None:
        return f"{text} (too few pairs)"
    return f"{text} ({number(low)} to {number(high)})"


def sentence(comparison: Comparison, names: Sequence[str]) -> str:
    """Return what came out, in one sentence."""
    first = comparison.overall[0]
    a, b = names
    value = 0.0 if first.difference is None else first.difference.value
    amount = number(abs(value))
    how = f"{amount} {'more' if value > 0 else 'fewer'}" if float(amount) else "as many"
    text = f"{b} has {how} {PER_CLIP} {'than' if float(amount) else 'as'} {a}"
    if first.difference is not None and first.difference.low is not None:
        text += f" (95 %: {spread(first).split(' (')[1]}"
    ends = {
        "worse": "that is worse than the margin",
        "not worse": "that is not worse than the margin",
        "open": "these clips do not show whether it is worse",
    }
    return f"{text}; {ends[comparison.answer]}"


def render_pair(
    head: Head, comparison: Comparison, couples: Sequence[Couple], cards: Sequence[Card]
) -> str:
    """Return the page of two runs."""
    return _render(
        head=head,
        answer=ANSWERS[comparison.answer],
        sentence=sentence(comparison, head.names),
        kinds=plot([comparison.overall[0], *comparison.kinds], margin=comparison.margin),
        cohorts=[
            (column, plot([c.measure for c in comparison.cohorts if c.column == column],
                          margin=comparison.margin,
                          names=[c.value for c in comparison.cohorts if c.column == column]))
            for column in dict.fromkeys(c.column for c in comparison.cohorts)
        ],
        measures=[*comparison.overall, *comparison.kinds],
        worse=[card for card in cards if card.change > 0],
        better=[card for card in cards if card.change < 0],
        rows=[(c.name, *c.seen) for c in couples[:MOST_ROWS]],
        board=[],
    )  # fmt: skip


def render_board(
    head: Head, board: Sequence[Place], *, margin: float, links: Mapping[str, str]
) -> str:
    """Return the page of more than two runs; `links` are their own pages, by name."""
    others = [place for place in board if place.name != head.names[0]]
    return _render(
        head=head, answer=None, sentence="", kinds=None, cohorts=[], measures=[], worse=[],
        better=[], rows=[], board=board, links=links,
        against=plot([p.against_first for p in others], margin=margin,
                     names=[p.name for p in others]),
        kinds_found=[kind for kind in KINDS if any(place.kinds[kind] for place in board)],
    )  # fmt: skip


def _render(**values: Any) -> str:
    styles = "".join(map(read_asset, ("report.css", "index.css", "compare.css")))
    return (
        environment()
        .get_template("compare.html.j2")
        .render(
            **values,
            css=Markup(styles),  # noqa: S704  # nosec B704 (our own files)
            titles={kind.name: kind.title for kind in KINDS.values()},
            number=number,
            reach=reach,
            spread=spread,
            colours=[style_of(0), style_of(1)],
        )
    )


def plot(
    measures: Sequence[Measure], *, margin: float, names: Sequence[str] | None = None
) -> Plot | None:
    """Return differences on one axis; `None` where there are none."""
    known = [m for m in measures if m.difference is not None]
    if not known:
        return None
    ends = [0.0, margin]
    for measure in known:
        difference = measure.difference
        if difference is not None:
            ends += [
                v for v in (difference.value, difference.low, difference.high) if v is not None
            ]
    low, high = min(ends), max(ends)
    room = max(high - low, 0.1) * 0.06
    low, high = low - room, high + room

    def at(value: float) -> float:
        return round(100 * (value - low) / (high - low), 2)

    rows = []
    for k, measure in enumerate(measures):
        if measure.difference is not None:
            rows.append(_whisker(measure, at, None if names is None else names[k]))
    return Plot(
        tuple(rows), at(0.0), at(margin) if margin else None, number(low + room),
        number(high - room),
    )  # fmt: skip


def _whisker(measure: Measure, at: Any, name: str | None) -> Whisker:
    difference = measure.difference
    if difference is None:
        raise ValueError("the measure has no difference")
    low, high = difference.low, difference.high
    wide = low is not None and high is not None
    verdict = "even"
    if low is not None and low > 0:
        verdict = "worse"
    if high is not None and high < 0:
        verdict = "better"
    kind = measure.name if measure.name in KINDS and name is None else ""
    return Whisker(
        name or (KINDS[measure.name].title if measure.name in KINDS else "All findings"),
        kind_meaning(measure.name),
        number(measure.a),
        number(measure.b),
        at(difference.value),
        at(low) if wide else None,
        round(at(high) - at(low), 2) if wide else None,
        verdict,
        spread(measure),
        measure.pairs,
        kind,
    )


def side_of(
    clip: RunClip, report: Report, pictures: Sequence[tuple[str, str]], *, count: int, out: Path
) -> Side:
    """Return what a card shows of a clip in one run.

    Args:
        clip: Of the run.
        report: Of the clip.
        pictures: Caption and source of each.
        count: Findings that count.
        out: Folder of the page, for the link.
    """
    link = ""
    if clip.folder is not None:
        for name in ("report.html", "report.json"):
            if (clip.folder / name).exists():
                link = os.path.relpath(clip.folder / name, out).replace(os.sep, "/")
                break
    level = clip.record.consistency
    return Side(
        count,
        link,
        "" if level is None else f"{100 * level:.0f} % consistent",
        tuple(
            (f.kind, f.severity if not f.accepted else "accepted",
             clock(report.time_s(f.start_frame)), f.message)
            for f in sorted(report.findings, key=lambda f: (f.accepted, -f.confidence))
        ),
        tuple(pictures),
    )  # fmt: skip
