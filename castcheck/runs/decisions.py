"""Reads what people decided about findings: `decisions.jsonl`, one decision a line."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, get_args

from castcheck.runs.reading import RunReadError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

DECISIONS_FILE = "decisions.jsonl"
DECISION_SCHEMA = "castcheck.decision/1"
Word = Literal["right", "wrong", "other_kind", "duplicate", "missed"]
WORDS: tuple[Word, ...] = get_args(Word)
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


def read_decisions(paths: Iterable[Path]) -> Decisions:
    """Read files of decisions; a broken line is told and passed over.

    Raises:
        RunReadError: A file cannot be read.
    """
    decisions = Decisions()
    for path in paths:
        try:
            data = path.read_bytes()
        except OSError as err:
            reason = (err.strerror or str(err)).lower()
            raise RunReadError(
                f"cannot be read: {reason}", where=path, hint="check --decisions"
            ) from err
        for number, line in enumerate(data.split(b"\n"), start=1):
            if line.strip():
                try:
                    _take(decisions, json.loads(line.decode("utf-8")))
                except (ValueError, TypeError, AttributeError, KeyError) as err:
                    what = " ".join(str(err).split())
                    decisions.problems.append(
                        f"{path}, line {number}: no decision ({what}); passed over"
                    )
    return decisions


def _take(decisions: Decisions, row: Mapping[str, Any]) -> None:
    if row.get("schema") != DECISION_SCHEMA:
        raise ValueError(f"schema is {row.get('schema')!r}")
    word, sha, by = row["decision"], str(row["clip_sha256"]), str(row.get("by", ""))
    if word is not None and word not in WORDS:
        raise ValueError(f"decision is {word!r}")
    if row.get("finding"):
        if word == "missed":
            raise ValueError("what was missed has no finding")
        votes = decisions.votes.setdefault((sha, str(row["finding"])), {})
        votes.pop(by, None)
        if word is not None:  # null takes back what he said before
            votes[by] = word
        return
    if word not in {"missed", None}:
        raise ValueError("finding is missing")
    missed = Missed(str(row["kind"]), int(row["start_frame"]), int(row["stop_frame"]))
    reviewers = decisions.said_missed.setdefault(sha, {}).setdefault(missed, set())
    reviewers.discard(by) if word is None else reviewers.add(by)
