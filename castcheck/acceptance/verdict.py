"""The verdict on a clip, from what was found and from how much everybody stays the same. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from castcheck.acceptance.gate import Gate
    from castcheck.facts.parts import CharacterFacts, Verdict
    from identity.findings import Finding

_HARDLY_ITSELF = 0.5  # consistency below which a character is hardly itself at some time


def doubted(
    characters: Iterable[CharacterFacts], findings: Iterable[Finding]
) -> tuple[CharacterFacts, ...]:
    """Return the characters that hardly keep their identity although no finding names them."""
    told = {who for finding in findings for who in finding.characters}
    return tuple(
        one
        for one in characters
        if one.consistency is not None and one.consistency < _HARDLY_ITSELF and one.id not in told
    )


def verdict_on(
    findings: Sequence[Finding], characters: Sequence[CharacterFacts], gate: Gate
) -> Verdict:
    """Return the verdict: never "pass" over a doubt, or over somebody whose numbers say otherwise.

    Example:
        >>> from castcheck.acceptance.gate import parse_gate
        >>> from castcheck.facts.report import CharacterFacts
        >>> sure, unsure = CharacterFacts("a", None, 0.9, 1.0), CharacterFacts("b", None, 0.0, 1.0)
        >>> gate = parse_gate("major")
        >>> [verdict_on([], who, gate) for who in ([sure], [sure, unsure], [])]
        ['pass', 'abstain', 'abstain']
    """
    judged = any(not one.abstained for one in characters)
    verdict = gate.verdict(findings, judged=judged)
    return "abstain" if verdict == "pass" and doubted(characters, findings) else verdict
