"""What a kind is found from, and how all kinds are asked in turn."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from castcheck.tables.kinds import KINDS, load

if TYPE_CHECKING:
    from castcheck.findings.builder import FindingBuilder
    from castcheck.observe import Observations
    from identity.explanations.presence import PixelStep, PresenceCandidate
    from identity.findings import Finding
    from identity.judge import Judgement
    from identity.settings import FindingSettings


@dataclass(frozen=True, slots=True, eq=False)
class Case:
    """Everything known of a clip when its findings are made.

    Attributes:
        seen: Shots, tracklets and appearance, as they were observed.
        judgement: What identity concludes: who is who, and what changed.
        settings: The `[findings]` section.
        build: Makes findings: message, severity and confidence by the same rules for all kinds.
        steps: Gaps in a presence that the pixels confirm, each with the step they show; empty
            until the clip was read for pictures.
    """

    seen: Observations
    judgement: Judgement
    settings: FindingSettings
    build: FindingBuilder
    steps: tuple[tuple[PresenceCandidate, PixelStep], ...] = ()


def find(case: Case, *, after_reading: bool) -> tuple[Finding, ...]:
    """Return what all kinds of the table find in a clip, in order of time.

    Args:
        case: The clip.
        after_reading: Ask the kinds that want the pixels of `case.steps`; else all others.
    """
    found = [
        finding
        for kind in KINDS.values()
        if kind.found_by and kind.after_reading == after_reading
        for finding in load(kind.found_by)(case)
        if finding.confidence >= case.settings.min_confidence
    ]
    return in_order(found)


def in_order(findings: list[Finding]) -> tuple[Finding, ...]:
    """Return findings in order of time; ties by kind and tracklets, so that no run differs."""
    return tuple(sorted(findings, key=lambda f: (f.start_frame, f.kind, f.tracklets)))
