"""What a kind is found from, and how all kinds are asked in turn."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from castcheck.tables.kinds import KINDS, load
from identity.findings import SEVERITY_IF_SURE

if TYPE_CHECKING:
    from collections.abc import Iterable

    from castcheck.findings.builder import FindingBuilder
    from castcheck.observe import Observations
    from castcheck.tables.kinds import Kind
    from identity.explanations.presence import Absence, PresenceCandidate
    from identity.findings import Finding
    from identity.judge import Judgement
    from identity.settings import FindingSettings


_SAME_MOMENT_S = 0.25  # a box begins a look or two after the pixels


@dataclass(frozen=True, slots=True, eq=False)
class Case:
    """Everything known of a clip when its findings are made.

    Attributes:
        seen: Shots, tracklets and appearance, as they were observed.
        judgement: What identity concludes: who is who, and what changed.
        settings: The `[findings]` section.
        build: Makes findings: message, severity and confidence by the same rules for all kinds.
        steps: Gaps in a presence, each with the likeliest moment of it; empty until the clip was
            read for pictures.
    """

    seen: Observations
    judgement: Judgement
    settings: FindingSettings
    build: FindingBuilder
    steps: tuple[tuple[PresenceCandidate, Absence], ...] = ()


def find_in_judgement(case: Case) -> tuple[Finding, ...]:
    """Return what the kinds find that need no pixels, in order of time."""
    return _found_by((kind for kind in KINDS.values() if not kind.after_reading), case)


def find_in_pixels(case: Case) -> tuple[Finding, ...]:
    """Return what the kinds find that need the pixels of `case.steps`, in order of time."""
    return _found_by((kind for kind in KINDS.values() if kind.after_reading), case)


def _found_by(kinds: Iterable[Kind], case: Case) -> tuple[Finding, ...]:
    found = [
        finding
        for kind in kinds
        if kind.found_by
        for finding in load(kind.found_by)(case)
        if finding.confidence >= case.settings.min_confidence
    ]
    return in_order(found)


def with_one_cause(
    findings: Iterable[Finding], build: FindingBuilder, *, fps: float
) -> tuple[Finding, ...]:
    """Return findings in order of time, each cause told once.

    Pixels say how sure it is that somebody appears, looks say whose copy it is: that is a clone, as
    sure as the surer of both. Whatever changes in a box that somebody has left is what stands
    behind him.

    Args:
        findings: Of all kinds.
        build: It made them.
        fps: Of the clip.
    """
    kept = list(findings)
    appear = [one for one in kept if one.kind == "pop_in"]
    for place, clone in enumerate(kept):
        same = [
            one
            for one in appear
            if clone.kind == "clone"
            and set(one.tracklets) <= set(clone.tracklets)
            and abs(one.start_frame - clone.start_frame) <= _SAME_MOMENT_S * fps
        ]
        if same:
            kept[place] = _surer(clone, max(one.confidence for one in same), build)
            appear = [one for one in appear if one not in same]
    gone = [one for one in kept if one.kind == "vanish"]
    return in_order(
        [
            one
            for one in kept
            if (one.kind != "pop_in" or one in appear)
            and not any(_is_left_behind(one, vanished, fps) for vanished in gone)
        ]
    )


def _is_left_behind(one: Finding, vanished: Finding, fps: float) -> bool:
    """Tell whether a change is only that somebody is gone, who is told, and at least as surely."""
    return (
        one.kind in ("morph", "drift")
        and set(one.tracklets) == set(vanished.tracklets)
        and one.start_frame >= vanished.start_frame - _SAME_MOMENT_S * fps
        and one.confidence <= vanished.confidence
    )


def _surer(finding: Finding, confidence: float, build: FindingBuilder) -> Finding:
    """Return a finding that something else vouches for."""
    evidence = {**finding.evidence, "appears": confidence}
    evidence.pop(SEVERITY_IF_SURE, None)
    sure = max(confidence, finding.confidence)
    return build.settled(
        replace(finding, confidence=sure, severity=finding.severity_if_sure, evidence=evidence)
    )


def in_order(findings: list[Finding]) -> tuple[Finding, ...]:
    """Return findings in order of time; ties by kind and tracklets, so that no run differs."""
    return tuple(sorted(findings, key=lambda f: (f.start_frame, f.kind, f.tracklets)))
