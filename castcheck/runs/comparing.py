"""One call of `castcheck compare`: read the runs, compare, write, say."""

from __future__ import annotations

import os
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from castcheck.facts.provenance import differences, judged_with
from castcheck.labels import kind_title, plural
from castcheck.report.page import data_uri
from castcheck.runs.compare import compare, couples_of
from castcheck.runs.compare_json import comparison_json
from castcheck.runs.compare_page import (
    ANSWERS,
    Card,
    Head,
    render_board,
    render_pair,
    sentence,
    side_of,
    spread,
)
from castcheck.runs.compare_pictures import pictures_at, telling_times_s
from castcheck.runs.leaderboard import leaderboard
from castcheck.runs.pairing import pair, read_cohorts
from castcheck.runs.reading import RunReadError, names_of, read_run
from castcheck.runs.writing import write_text
from castcheck.tables.kinds import KINDS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from castcheck.acceptance.gate import Gate
    from castcheck.console.screen import Screen
    from castcheck.runs.compare import Comparison, Couple
    from castcheck.runs.pairing import Pairing, Row
    from castcheck.runs.reading import Run

JSON_FILE, PAGE_FILE = "compare.json", "index.html"
MOST_CARDS = 8  # each way: every card holds some pictures
_MOST_NAMES = 4


@dataclass(frozen=True, slots=True)
class Comparing:
    """What is asked for.

    Attributes:
        folders: Of the runs, two or more.
        out: Where the page goes.
        margin: So many more findings per clip are still no worse.
        gate: Which findings count.
        counted: The same as the user wrote it.
    """

    folders: tuple[Path, ...]
    out: Path
    margin: float
    gate: Gate
    counted: str
    screen: Screen

    def run(self, *, pairs: Path | None, cohorts: Path | None) -> bool:
        """Compare, write and say; return whether any run is worse than the first.

        Raises:
            CastcheckError: A run or table is bad, nothing can be compared, or written.
        """
        runs = [read_run(folder) for folder in self.folders]
        twice = [path for path, n in Counter(f.resolve() for f in self.folders).items() if n > 1]
        if twice:
            raise RunReadError("is named twice", where=twice[0], hint="name each run once")
        names = names_of(runs)
        pairing = pair(runs, pairs)
        couples, left_out = couples_of(pairing.rows, self.gate)
        if not couples:
            raise RunReadError(
                "no clip was judged in all runs", where="compare",
                hint="look at the clips of both with `castcheck batch`",
            )  # fmt: skip
        notes = self._notes(runs, names, pairing, left_out)
        groups, cohort_note = ({}, "") if cohorts is None else read_cohorts(
            cohorts, [row.name for row in pairing.rows]
        )  # fmt: skip
        notes += [cohort_note] if cohort_note else []
        for line in notes:
            self.screen.note(line)
        head = Head(
            tuple(names),
            tuple(notes),
            (
                plural(len(couples), "pair" if len(runs) == 2 else "clip"),
                f"{_length(sum(c.seen[0].minutes for c in couples))} each",
                f"findings that count: {self.counted}"
                + (" or worse" if self.counted in {"minor", "major"} else ""),
                f"margin {self.margin:g} per clip",
            ),
        )
        shared = {
            "gate": self.counted,
            "alone": dict(zip(names, pairing.alone, strict=True)),
            "left_out": left_out,
            "couples": couples,
        }
        if len(runs) > 2:
            return self._board(head, couples, shared)
        comparison = compare(couples, margin=self.margin, cohorts=groups)
        cards = self._cards(comparison, pairing.rows)
        write_text(
            self.out / JSON_FILE,
            comparison_json(head, comparison=comparison, **shared),  # type: ignore[arg-type]
        )
        write_text(self.out / PAGE_FILE, render_pair(head, comparison, couples, cards))
        self._say(head, comparison)
        return comparison.answer == "worse"

    def _notes(
        self, runs: Sequence[Run], names: Sequence[str], pairing: Pairing, left_out: Sequence[str]
    ) -> list[str]:
        """Return what a reader has to know before he believes a figure."""
        notes = []
        first = judged_with(runs[0].judged[0].report().provenance)
        for run, name in zip(runs[1:], names[1:], strict=True):
            apart = differences(first, judged_with(run.judged[0].report().provenance))
            if apart:
                more = f", and {len(apart) - 3} more" if len(apart) > 3 else ""
                notes.append(
                    f"{names[0]} and {name} were not judged alike: {'; '.join(apart[:3])}{more}"
                )
        for name, alone in zip(names, pairing.alone, strict=True):
            if alone:
                notes.append(f"{plural(len(alone), 'clip')} only in {name}: {_some(alone)}")
        if left_out:
            notes.append(
                f"{plural(len(left_out), 'clip')} left out, since not every run could judge them: "
                f"{_some(left_out)}"
            )
        return notes

    def _cards(self, comparison: Comparison, rows: Sequence[Row]) -> list[Card]:
        by_name = {row.name: row for row in rows}
        chosen = [row for row in comparison.changed if row[1] > 0][:MOST_CARDS]
        chosen += [row for row in reversed(comparison.changed) if row[1] < 0][:MOST_CARDS]
        cards = []
        with self.screen.progress("castcheck compare") as progress:
            for done, (name, change) in enumerate(chosen):
                progress("pictures", done, len(chosen))
                clips = by_name[name].clips
                reports = [clip.report() for clip in clips]
                times = telling_times_s(reports, self.gate)
                sides = []
                for clip, report in zip(clips, reports, strict=True):
                    found = pictures_at(clip, report, times)
                    pictures = [(caption, data_uri(jpeg)) for caption, jpeg in found]
                    count = clip.record.tripping(self.gate)
                    sides.append(side_of(clip, report, pictures, count=count, out=self.out))
                cards.append(Card(name, change, tuple(sides)))
        return cards

    def _board(self, head: Head, couples: Sequence[Couple], shared: Mapping[str, object]) -> bool:
        board = leaderboard(couples, head.names, margin=self.margin)
        text = comparison_json(head, board=board, **shared)  # type: ignore[arg-type]
        write_text(self.out / JSON_FILE, text)
        links = {
            name: os.path.relpath(folder / PAGE_FILE, self.out).replace(os.sep, "/")
            for name, folder in zip(head.names, self.folders, strict=True)
            if (folder / PAGE_FILE).exists()
        }
        page = render_board(head, board, margin=self.margin, links=links)
        write_text(self.out / PAGE_FILE, page)
        for rank, place in enumerate(board, start=1):
            own = place.name == head.names[0]
            against = "" if own else f"; against {head.names[0]}: {spread(place.against_first)}"
            low, high = place.per_clip.low, place.per_clip.high
            span = "" if low is None or high is None else f" ({low:.2f} to {high:.2f})"
            self.screen.line(
                f"{rank}. {place.name}: {place.per_clip.value:.2f}{span} findings per clip, "
                f"{place.failing.hits} of {place.failing.count} clips fail{against}"
            )
        self.screen.line(f"page: {self.out / PAGE_FILE}")
        return any(place.answer == "worse" for place in board)

    def _say(self, head: Head, comparison: Comparison) -> None:
        word = ANSWERS[comparison.answer][1].upper()
        self.screen.verdict(word, sentence(comparison, head.names))
        for measure in (*comparison.overall[1:], *comparison.kinds):
            title = f"{kind_title(measure.name)} per clip" if measure.name in KINDS else ""
            if measure.a is None or measure.b is None:
                continue
            self.screen.line(
                f"      {title or measure.name}: {measure.a:.2f} and {measure.b:.2f}, "
                f"{spread(measure)}, p {measure.p:.2g}"
            )
        for what, names in (
            ("worse", [name for name, change in comparison.changed if change > 0]),
            ("better", [name for name, change in reversed(comparison.changed) if change < 0]),
        ):
            if names:
                self.screen.line(f"      {plural(len(names), 'clip')} {what}: {_some(names)}")
        self.screen.line(f"      page: {self.out / PAGE_FILE}")


def _some(names: Sequence[str]) -> str:
    """Return the first few of many names.

    Example:
        >>> _some(["a", "b"]), _some(list("abcdef"))
        ('a, b', 'a, b, c, d and 2 more')
    """
    shown = ", ".join(names[:_MOST_NAMES])
    rest = len(names) - _MOST_NAMES
    return f"{shown} and {rest} more" if rest > 0 else shown


def _length(minutes: float) -> str:
    """Return how long clips are together.

    Example:
        >>> _length(0.05), _length(1.5)
        ('3.0 s', '1.5 min')
    """
    return f"{minutes * 60:.1f} s" if minutes < 1 else f"{minutes:.1f} min"
