"""Several reviewers over the same findings: whose word is new, and how far they agree. Pure."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING

from castcheck.review.decisions import MISSED, Decision, current

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from castcheck.review.decisions import Key

SAME_MOMENT_FRAMES = 3  # two who point at one thing hardly stop at the very same frame


@dataclass(frozen=True, slots=True)
class Agreement:
    """How two reviewers agree on the findings that both decided.

    Attributes:
        one, other: The reviewers.
        both: How many findings both decided.
        same: On how many of them they say the same.
        kappa: Cohen's kappa, at most 1, 0 = as much as chance gives; `None` where it says nothing:
            no finding in common, or both always say one and the same word.
        both_missed: Things missed that both point at.
        either_missed: Things missed that one or both point at.
    """

    one: str
    other: str
    both: int
    same: int
    kappa: float | None
    both_missed: int
    either_missed: int


@dataclass(frozen=True, slots=True)
class Merge:
    """What another file of decisions brings.

    Attributes:
        new: Lines to add.
        known: How many say what is here already, or less than a later line here.
        foreign: How many are about clips or findings that are not in this run.
    """

    new: tuple[Decision, ...]
    known: int
    foreign: int


def merge(
    here: Iterable[Decision],
    there: Iterable[Decision],
    *,
    findings: Mapping[str, Collection[str]],
) -> Merge:
    """Return which decisions of another file are to be added: those that are the newest word.

    Args:
        here: The decisions of this run.
        there: The decisions of the other file.
        findings: sha256 of each clip of this run to the ids of its findings.
    """
    ours = {decision.key: decision for decision in here}
    theirs = {decision.key: decision for decision in there}
    own = {
        key: d
        for key, d in theirs.items()
        if d.clip_sha256 in findings and (d.finding is None or d.finding in findings[d.clip_sha256])
    }
    new = [d for key, d in own.items() if key not in ours or ours[key].time < d.time]
    return Merge(
        tuple(sorted(new, key=lambda d: d.time)), len(own) - len(new), len(theirs) - len(own)
    )


def agreements(decisions: Iterable[Decision]) -> tuple[Agreement, ...]:
    """Return how each two reviewers agree, in order of their names."""
    by: dict[str, list[Decision]] = {}
    for decision in current(decisions).values():
        by.setdefault(decision.by, []).append(decision)
    return tuple(
        _agreement(one, by[one], other, by[other]) for one, other in combinations(sorted(by), 2)
    )


def disputed(decisions: Iterable[Decision]) -> frozenset[Key]:
    """Return the subjects, (clip, finding), on which reviewers say different things."""
    said: dict[Key, set[tuple[str | None, str | None]]] = {}
    for decision in current(decisions).values():
        if decision.finding is not None:
            said.setdefault(decision.subject, set()).add(_word(decision))
    return frozenset(subject for subject, words in said.items() if len(words) > 1)


def cohen_kappa(pairs: Sequence[tuple[object, object]]) -> float | None:
    """Return Cohen's kappa of pairs of answers; `None` where chance alone explains all of them.

    Example:
        >>> cohen_kappa([("right", "right"), ("wrong", "wrong"), ("right", "wrong")])
        0.4
    """
    if not pairs:
        return None
    first, second = Counter(a for a, _ in pairs), Counter(b for _, b in pairs)
    chance = sum(first[word] * second[word] for word in first) / len(pairs) ** 2
    if chance >= 1:
        return None
    same = sum(a == b for a, b in pairs) / len(pairs)
    return round((same - chance) / (1 - chance), 4)


def _agreement(
    one: str, ones: Sequence[Decision], other: str, others: Sequence[Decision]
) -> Agreement:
    left = {d.subject: _word(d) for d in ones if d.finding is not None}
    right = {d.subject: _word(d) for d in others if d.finding is not None}
    pairs = [(left[subject], right[subject]) for subject in left if subject in right]
    missed = [d for d in ones if d.decision == MISSED]
    open_ = [d for d in others if d.decision == MISSED]
    total, matched = len(missed) + len(open_), 0
    for decision in missed:
        match = next((o for o in open_ if _same_moment(decision, o)), None)
        if match is not None:
            open_.remove(match)
            matched += 1
    return Agreement(
        one,
        other,
        both=len(pairs),
        same=sum(a == b for a, b in pairs),
        kappa=cohen_kappa(pairs),
        both_missed=matched,
        either_missed=total - matched,
    )


def _word(decision: Decision) -> tuple[str | None, str | None]:
    return decision.decision, decision.kind if decision.decision == "other_kind" else None


def _same_moment(a: Decision, b: Decision) -> bool:
    """Return whether two point at one thing: same clip and kind, near starts or shared frames."""
    if (a.clip_sha256, a.kind) != (b.clip_sha256, b.kind):
        return False
    first, second = a.start_frame or 0, b.start_frame or 0
    if abs(first - second) <= SAME_MOMENT_FRAMES:
        return True
    return first < (b.stop_frame or 0) and second < (a.stop_frame or 0)
