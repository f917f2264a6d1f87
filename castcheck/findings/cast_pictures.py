"""Reference pictures beside what was seen, for the page."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from castcheck.findings.builder import character_id
from castcheck.report.pictures import spread
from castcheck.report.visuals import Comparison
from castcheck.tables.kinds import KINDS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from castcheck.cast.references import References
    from castcheck.report.visuals import Picture, Visuals
    from identity.cast.matching import CastMatch
    from identity.findings import Finding

_SEEN_PICTURES = 2


def with_references(
    visuals: Visuals, findings: Sequence[Finding], roll: CastMatch, references: References
) -> Visuals:
    """Return the pictures with every character's reference, and with those of cast findings."""
    matched = {
        character_id(k): picture
        for k, m in enumerate(roll.member_of)
        if m >= 0 and m not in roll.vague and (picture := references.pictures[m]) is not None
    }
    against = {
        finding.finding_id: tuple(_comparisons(visuals, finding, roll, references))
        for finding in findings
        if KINDS[finding.kind].against_cast or "script" in finding.evidence
    }
    return replace(visuals, references=matched, comparisons={**visuals.comparisons, **against})


def _comparisons(
    visuals: Visuals, finding: Finding, roll: CastMatch, references: References
) -> Iterator[Comparison]:
    """Yield who should be there beside who is: a row per character, one where nobody is."""
    names = [member.name for member in references.members]
    wanted = [names.index(name) for name in _wanted(finding)]
    characters: Sequence[str | None] = finding.characters or (None,)
    for who in characters:
        number = -1 if who is None else int(who.removeprefix("char-")) - 1
        # Of an exchange, whom the script has here is the other one.
        others = [m for m in wanted if number < 0 or roll.member_of[number] != m] or wanted
        strip = visuals.strips.get(who or "", ())
        here = [p for p in strip if p.tracklet_id in finding.tracklets] or list(strip)
        if others:
            before = _expected(visuals, others[0], roll, references, finding)
        elif number >= 0 and references.members:
            before = _likest(roll, number, references)
        else:
            before = ()
        yield Comparison(who, before, tuple(spread(here, _SEEN_PICTURES)))


def _wanted(finding: Finding) -> Sequence[str]:
    """Return the members concerned."""
    one = finding.evidence.get("member")
    members: Sequence[str] = finding.evidence.get("members", [] if one is None else [one])
    return members


def _expected(
    visuals: Visuals, member: int, roll: CastMatch, references: References, finding: Finding
) -> tuple[Picture, ...]:
    """Return the reference of a member; without one, how it looks in other shots."""
    picture = references.pictures[member]
    if picture is not None:
        return (picture,)
    name = references.members[member].name
    own = [character_id(k) for k, who in enumerate(roll.member_of) if who == member]
    elsewhere = [
        p for one in own for p in visuals.strips.get(one, ())
        if p.tracklet_id not in finding.tracklets
    ]  # fmt: skip
    return tuple(replace(p, caption=f"{name} elsewhere") for p in spread(elsewhere, 1))


def _likest(roll: CastMatch, character: int, references: References) -> tuple[Picture, ...]:
    """Return the reference that fits best: it shows why it does not."""
    shown = [m for m, picture in enumerate(references.pictures) if picture is not None]
    if not shown:
        return ()
    best = max(shown, key=lambda m: float(roll.odds[character, m]))
    picture = references.pictures[best]
    if picture is None:
        return ()
    return (replace(picture, caption=f"most similar: {references.members[best].name}"),)
