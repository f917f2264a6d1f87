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
    from identity.cast.matching import CastMatch
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
        roll: Who of a complete cast is who; `None` = no such cast was given.
    """

    seen: Observations
    judgement: Judgement
    settings: FindingSettings
    build: FindingBuilder
    steps: tuple[tuple[PresenceCandidate, Absence], ...] = ()
    roll: CastMatch | None = None


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
    sure as the surer of both. Whoever is gone from a box in which a sure change is told is
    replaced; an unsure one is of what stood behind him.

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
    left = {
        k: vanished
        for vanished in kept
        for k, one in enumerate(kept)
        if vanished.kind == "vanish" and _is_left_behind(one, vanished, fps)
    }
    # Where a change is sure somebody else stands there; else it is what was behind him.
    replaced = [vanished for k, vanished in left.items() if kept[k].severity != "minor"]
    return in_order(
        [
            one
            for k, one in enumerate(kept)
            if (one.kind != "pop_in" or one in appear)
            and one not in replaced
            and (k not in left or left[k] in replaced)
        ]
    )


def _is_left_behind(one: Finding, vanished: Finding, fps: float) -> bool:
    """Tell whether a change is of the box that somebody leaves, since he left it."""
    return (
        one.kind in ("morph", "drift")
        and set(one.tracklets) == set(vanished.tracklets)
        and one.start_frame >= vanished.start_frame - _SAME_MOMENT_S * fps
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
