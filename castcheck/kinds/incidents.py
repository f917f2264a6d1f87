"""What happens to appearance inside one shot, for the kinds that identity tells by one rule."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from castcheck.findings_builder import rounded
from identity.findings import confidence_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from castcheck.kinds.case import Case
    from identity.explanations.incident import Incident
    from identity.findings import Finding


def find_incidents(
    case: Case,
    kind: str,
    message: Callable[[str, list[str]], str],
    *,
    until_frame: int | None = None,
    evidence: Mapping[str, Any] | None = None,
) -> Iterator[Finding]:
    """Yield a finding for every incident of a kind that concerns somebody of the cast.

    Args:
        case: The clip.
        kind: Which incidents.
        message: Makes the sentence from a time and the names of those concerned.
        until_frame: First frame after what lasts; `None` = as the incident says.
        evidence: Added to the evidence of each.
    """
    for incident in case.judgement.incidents:
        if incident.kind != kind:
            continue
        finding = _finding(case, incident, message, until_frame, evidence or {})
        if finding is not None:
            yield finding


def _finding(
    case: Case,
    incident: Incident,
    message: Callable[[str, list[str]], str],
    until_frame: int | None,
    evidence: Mapping[str, Any],
) -> Finding | None:
    judgement, build, frame = case.judgement, case.build, incident.start_frame
    before = [judgement.character_at(k, frame - 1) for k in incident.series]
    after = [judgement.character_at(k, frame) for k in incident.series]
    involved = [c for c in dict.fromkeys([*before, *after]) if c >= 0]
    if not involved:
        return None  # background people
    confidence = incident.confidence
    if confidence is None:
        confidence = confidence_of(incident.strength, case.settings.swap)
    who = [build.name(c) if c >= 0 else "another person" for c in before]
    return build.finding(
        incident.kind,
        severity=build.severity(incident.kind, [judgement.series[incident.series[0]]], confidence),
        confidence=confidence,
        characters=involved,
        tracklets=tuple(judgement.series[k].tracklet_at(frame) for k in incident.series),
        frames=(frame, incident.stop_frame if until_frame is None else until_frame),
        message=message(build.time(frame), who),
        evidence={
            "strength": round(incident.strength, 3),
            "features": rounded(incident.features),
            **evidence,
        },
    )
