"""Clips that nobody labelled: what castcheck says of them, and how many characters it finds.

    python -m bench.free --clips DIR --table TSV [--without PATTERN] [--detector SPEC]
                         [--embedder SPEC] [--cache DIR] [--json FILE]

Each clip is judged as `castcheck check` does. The table has a row for each clip, with tabs between
its columns: `name`, `repo` (its source), `cuts` (first frame of every later shot, 0 = none) and,
where it is known, `people` (how many there are, roughly).

Printed are: what becomes of the clips, in one shot and in several; in how many the number of
characters is that of the table; and every clip that fails, with the reason. Whether it fails
rightly, nobody has said: look at it.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from bench.observed import report
from bench.source_table import read_entries
from castcheck.config import Config
from castcheck.facts.parts import VERDICTS
from castcheck.models.load import load_models
from castcheck.planting.score import wilson

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from castcheck.facts.report import Report

_MOST_PEOPLE = 3  # of more the table knows only roughly how many


@dataclass(frozen=True, slots=True)
class Judged:
    """What is said of one clip.

    Attributes:
        clip: Its name.
        shots: How many it has, by the table.
        people: How many there are, by the table; `None` = it does not say.
        verdict: One of `VERDICTS`.
        characters: How many were found.
        findings: Kind, severity, confidence and first frame of each.
    """

    clip: str
    shots: int
    people: int | None
    verdict: str
    characters: int
    findings: tuple[str, ...]

    @classmethod
    def of(cls, clip: str, made: Report, *, shots: int, people: int | None) -> Judged:
        """Return what a report says."""
        findings = tuple(
            f"{f.kind} {f.severity} {f.confidence:.2f} @{f.start_frame}" for f in made.findings
        )
        return cls(clip, shots, people, made.verdict, len(made.characters), findings)


def verdicts(clips: Sequence[Judged]) -> str:
    """Return a table of what becomes of clips of one shot and of several."""
    lines = ["| clips | n | fail | abstain | pass |", "|---|---:|---:|---:|---:|"]

    def row(what: str, some: Sequence[Judged]) -> None:
        count = Counter(one.verdict for one in some)
        cells = " | ".join(str(count[verdict]) for verdict in VERDICTS)
        lines.append(f"| {what} | {len(some)} | {cells} |")

    row("all", clips)
    row("of one shot", [one for one in clips if one.shots == 1])
    row("of several", [one for one in clips if one.shots > 1])
    return "\n".join(lines)


def numbers(clips: Sequence[Judged]) -> str:
    """Return a table of how many characters are found where the table says how many there are."""
    lines = [
        "| people | clips | number right | 95 % | fewer | more |",
        "|---:|---:|---:|---|---:|---:|",
    ]
    for people in range(1, _MOST_PEOPLE + 1):
        found = [one.characters for one in clips if one.people == people]
        if found:
            right = sum(n == people for n in found)
            low, high = wilson(right, len(found))
            fewer, more = sum(n < people for n in found), sum(n > people for n in found)
            lines.append(
                f"| {people} | {len(found)} | {right} ({right / len(found):.2f}) "
                f"| {low:.2f} to {high:.2f} | {fewer} | {more} |"
            )
    return "\n".join(lines)


def failing(clips: Iterable[Judged]) -> list[str]:
    """Return a line for each clip that fails."""
    return [f"- {one.clip}: {'; '.join(one.findings)}" for one in clips if one.verdict == "fail"]


def judge(given: argparse.Namespace, *, say: Callable[[str], None]) -> list[Judged]:
    """Judge all clips of the folder.

    Raises:
        CastcheckError: A clip or the table cannot be read.
    """
    config = Config().updated({"run": {"detector": given.detector, "embedder": given.embedder}})
    models = load_models(config)
    found = []
    for entry in read_entries(given.clips, given.table, without=given.without):
        say(entry.clip.stem)
        made, _ = report(entry.clip, config=config, models=models, cache=given.cache)
        shots = len(entry.cuts) + 1
        found.append(Judged.of(entry.clip.stem, made, shots=shots, people=entry.people))
    return found


def main(argv: Sequence[str] | None = None) -> int:
    """Print the tables."""
    given = _parsed(argv)
    clips = judge(given, say=lambda name: print(name, file=sys.stderr))
    print(verdicts(clips), numbers(clips), "\n".join(failing(clips)), sep="\n\n")
    if given.json is not None:
        given.json.write_text(json.dumps([asdict(c) for c in clips], indent=1), encoding="utf-8")
    return 0


def _parsed(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--clips", type=Path, required=True)
    parser.add_argument("--table", type=Path, required=True)
    parser.add_argument("--without", action="append", default=[], help="pattern of names left out")
    parser.add_argument("--detector", default="bundled")
    parser.add_argument("--embedder", default="bundled")
    parser.add_argument("--cache", type=Path)
    parser.add_argument("--json", type=Path)
    return parser.parse_args(argv)


if __name__ == "__main__":
    sys.exit(main())
