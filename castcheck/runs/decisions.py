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
        missed: sha256 of a clip to what was missed in it, each once.
        problems: Lines that could not be read, one text each.
    """

    votes: dict[tuple[str, str], dict[str, str]] = field(default_factory=dict)
    missed: dict[str, list[Missed]] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)

    @property
    def clips(self) -> frozenset[str]:
        """The clips that anything is decided about, by sha256."""
        return frozenset([sha for sha, _ in self.votes] + list(self.missed))

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
    word, sha = row["decision"], str(row["clip_sha256"])
    if word not in WORDS:
        raise ValueError(f"decision is {word!r}")
    if word == "missed":
        missed = Missed(str(row["kind"]), int(row["start_frame"]), int(row["stop_frame"]))
        known = decisions.missed.setdefault(sha, [])
        if missed not in known:
            known.append(missed)
        return
    if not row.get("finding"):
        raise ValueError("finding is missing")
    votes = decisions.votes.setdefault((sha, str(row["finding"])), {})
    votes[str(row.get("by", ""))] = word
