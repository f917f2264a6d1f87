"""Which pictures go into the page, so that it stays small enough to send around. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeVar

from castcheck.facts.parts import ordered
from castcheck.report.visuals import Comparison, Picture, Visuals

if TYPE_CHECKING:
    from collections.abc import Sequence

    from castcheck.facts.report import Report

EVIDENCE_SHARE = 0.6  # before/after crops come first: they are what a page is opened for
SHOTS_SHARE = 0.25
MARKUP_BYTES = 200  # what a picture costs on the page besides itself: size, caption, alt text

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Choice:
    """The pictures that fit.

    Attributes:
        visuals: What is shown.
        notes: One line per sort of picture that was thinned; empty where all fit.
    """

    visuals: Visuals
    notes: tuple[str, ...] = ()


def choose(visuals: Visuals, report: Report, *, budget_bytes: int) -> Choice:
    """Return the pictures that fit into `budget_bytes` of JPEG: evidence, shots, then strips.

    What one sort leaves over goes to the next.
    """
    wanted = _wanted_bytes(visuals)
    if wanted <= budget_bytes:
        return Choice(visuals)
    comparisons = _fit_comparisons(visuals, report, int(budget_bytes * EVIDENCE_SHARE))
    left = budget_bytes - _comparison_bytes(comparisons)
    left -= _strip_bytes(tuple(visuals.references.values()))
    shots = _fit_shots(visuals.shot_pictures, int(min(max(left, 0), budget_bytes * SHOTS_SHARE)))
    left -= sum(map(len, shots.values()))
    strips = _fit_strips(visuals.strips, left)
    # One each, and what a name rests on: never thinned.
    chosen = Visuals(
        strips=strips,
        comparisons=comparisons,
        shot_pictures=shots,
        references=visuals.references,
    )
    return Choice(chosen, _notes(visuals, chosen))


def spread(items: Sequence[_T], count: int) -> list[_T]:
    """Return `count` of `items`, evenly spread, first and last among them.

    Example:
        >>> spread("abcdefg", 3), spread("ab", 5), spread("abc", 1)
        (['a', 'd', 'g'], ['a', 'b'], ['a'])
    """
    if count >= len(items):
        return list(items)
    if count <= 1:
        return list(items[:count])
    last = len(items) - 1
    return [items[round(step * last / (count - 1))] for step in range(count)]


def _wanted_bytes(visuals: Visuals) -> int:
    strips = sum(map(_strip_bytes, visuals.strips.values()))
    shots = sum(map(len, visuals.shot_pictures.values()))
    references = _strip_bytes(tuple(visuals.references.values()))
    return strips + shots + references + _comparison_bytes(visuals.comparisons)


def _comparison_bytes(comparisons: dict[str, tuple[Comparison, ...]]) -> int:
    return sum(_size(pair) for pairs in comparisons.values() for pair in pairs)


def _size(pair: Comparison) -> int:
    return _strip_bytes((*pair.before, *pair.after))


def _strip_bytes(strip: Sequence[Picture]) -> int:
    return sum(len(picture.jpeg) + MARKUP_BYTES for picture in strip)


def _fit_comparisons(
    visuals: Visuals, report: Report, budget_bytes: int
) -> dict[str, tuple[Comparison, ...]]:
    """Keep the worst findings' evidence: whole where it fits, else the pair nearest the change."""
    kept: dict[str, tuple[Comparison, ...]] = {}
    for finding in ordered(report.findings):
        whole = visuals.comparisons.get(finding.finding_id, ())
        nearest = tuple(
            replace(pair, before=pair.before[-1:], after=pair.after[:1]) for pair in whole
        )
        for pairs in (whole, nearest):
            size = sum(map(_size, pairs))
            if pairs and size <= budget_bytes:
                kept[finding.finding_id] = pairs
                budget_bytes -= size
                break
    return kept


def _fit_shots(pictures: dict[int, bytes], budget_bytes: int) -> dict[int, bytes]:
    order = sorted(pictures)
    for count in range(len(order), 0, -1):
        chosen = spread(order, count)
        if sum(len(pictures[index]) for index in chosen) <= budget_bytes:
            return {index: pictures[index] for index in chosen}
    return {}


def _fit_strips(
    strips: dict[str, tuple[Picture, ...]], budget_bytes: int
) -> dict[str, tuple[Picture, ...]]:
    """Thin all strips to one length that fits, so that no character is shown at another's cost."""
    longest = max((len(strip) for strip in strips.values()), default=0)
    for count in range(longest, 0, -1):
        thinned = {name: tuple(spread(strip, count)) for name, strip in strips.items()}
        if sum(map(_strip_bytes, thinned.values())) <= budget_bytes:
            return thinned
    return {}


def _notes(wanted: Visuals, chosen: Visuals) -> tuple[str, ...]:
    rows = (
        (
            "pictures of characters",
            sum(map(len, chosen.strips.values())),
            sum(map(len, wanted.strips.values())),
        ),
        ("pictures of shots", len(chosen.shot_pictures), len(wanted.shot_pictures)),
        (
            "before-and-after pictures",
            _count(chosen.comparisons),
            _count(wanted.comparisons),
        ),
    )
    return tuple(f"{have} of {want} {what} shown" for what, have, want in rows if have < want)


def _count(comparisons: dict[str, tuple[Comparison, ...]]) -> int:
    pairs = [pair for group in comparisons.values() for pair in group]
    return sum(len(pair.before) + len(pair.after) for pair in pairs)
