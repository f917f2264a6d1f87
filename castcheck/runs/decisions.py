"""What people decided about findings: the votes of all reviewers, clip by clip."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from castcheck.batch.store import DECISIONS_FILE
from castcheck.review.decisions import Decision, current, read_named
from castcheck.review.decisions import read_decisions as read_lines
from castcheck.runs.reading import RunReadError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

__all__ = ["DECISIONS_FILE", "Decisions", "Missed", "read_decisions"]

IN_DISPUTE = "in dispute"


@dataclass(frozen=True, slots=True)
class Missed:
    """An error that a person saw and castcheck did not tell."""

    kind: str
    start_frame: int
    stop_frame: int


@dataclass(slots=True)
class Decisions:
    """What was decided, by clip.

    Attributes:
        votes: sha256 of a clip and id of a finding to reviewer to his last word.
        said_missed: sha256 of a clip to what was missed in it, by whom.
        problems: Lines that could not be read, one text each.
    """

    votes: dict[tuple[str, str], dict[str, str]] = field(default_factory=dict)
    said_missed: dict[str, dict[Missed, set[str]]] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)

    @property
    def clips(self) -> frozenset[str]:
        """The clips that anything is decided about, by sha256."""
        decided = [sha for (sha, _), votes in self.votes.items() if votes]
        return frozenset([*decided, *(sha for sha in self.said_missed if self.missed(sha))])

    def missed(self, clip_sha256: str) -> tuple[Missed, ...]:
        """Return what was missed in a clip, each once."""
        said = self.said_missed.get(clip_sha256, {})
        return tuple(missed for missed, reviewers in said.items() if reviewers)

    def word(self, clip_sha256: str, finding: str) -> str | None:
        """Return what most reviewers say of a finding: a word, "in dispute", or `None`."""
        said = Counter(self.votes.get((clip_sha256, finding), {}).values()).most_common(2)
        if not said:
            return None
        if len(said) > 1 and said[0][1] == said[1][1]:
            return IN_DISPUTE
        return said[0][0]


def read_decisions(paths: Iterable[Path], named: Iterable[Path] = ()) -> Decisions:
    """Read files of decisions; a broken line is told and passed over.

    Args:
        paths: Those of the runs.
        named: Those that somebody named besides.

    Raises:
        RunReadError: A file is not there.
        DecisionError: A file cannot be read, or a named one holds no decision.
    """
    found = Decisions()
    every: list[Decision] = []
    for read, path in [(read_lines, p) for p in paths] + [(read_named, p) for p in named]:
        if not path.exists():
            raise RunReadError("no such file", where=path, hint="check --decisions")
        reading = read(path)
        every += reading.decisions
        found.problems += reading.complaints
    for decision in current(every).values():
        _take(found, decision)
    return found


def _take(found: Decisions, decision: Decision) -> None:
    sha, word = decision.clip_sha256, decision.decision
    if decision.finding is not None and word is not None:
        found.votes.setdefault((sha, decision.finding), {})[decision.by] = word
    elif None not in (decision.kind, decision.start_frame, decision.stop_frame):
        missed = Missed(str(decision.kind), *map(int, (decision.start_frame, decision.stop_frame)))  # type: ignore[arg-type]
        found.said_missed.setdefault(sha, {}).setdefault(missed, set()).add(decision.by)
