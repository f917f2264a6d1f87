"""Reference pictures beside what was seen, for the page."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from castcheck.report.pictures import spread
from castcheck.report.visuals import Comparison
from castcheck.wording import character_id
from castcheck.words import CAST_KINDS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from castcheck.references import References
    from castcheck.report.visuals import Picture, Visuals
    from identity.findings import Finding
    from identity.roll_call import RollCall

_SEEN_PICTURES = 2


def with_references(
    visuals: Visuals, findings: Sequence[Finding], roll: RollCall, references: References
) -> Visuals:
    """Return the pictures with every character's reference, and with those of cast findings."""
    matched = {
        character_id(k): references.pictures[m] for k, m in enumerate(roll.member_of) if m >= 0
    }
    against = {
        finding.finding_id: (_comparison(visuals, finding, roll, references),)
        for finding in findings
        if finding.kind in CAST_KINDS
    }
    return replace(visuals, references=matched, comparisons={**visuals.comparisons, **against})


def _comparison(
    visuals: Visuals, finding: Finding, roll: RollCall, references: References
) -> Comparison:
    names = [member.name for member in references.members]
    wanted = finding.evidence["member"]
    who = finding.characters[0] if finding.characters else None
    shown: Picture
    if wanted is not None:
        shown = references.pictures[names.index(wanted)]
    else:  # nobody's place: the likest reference shows why it is none
        row = roll.odds[int(str(who).removeprefix("char-")) - 1]
        best = int(row.argmax())
        shown = replace(references.pictures[best], caption=f"likest: {names[best]}")
    strip = visuals.strips.get(who or "", ())
    return Comparison(who, (shown,), tuple(spread(strip, _SEEN_PICTURES)))
