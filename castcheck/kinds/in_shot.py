"""What happens to appearance inside one shot, for the kinds that are told by one rule."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from castcheck.findings.builder import rounded

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from castcheck.kinds.case import Case
    from identity.explanations.contract import Explained
    from identity.findings import Finding


def in_shot(
    case: Case,
    one: Explained,
    message: Callable[[str, list[str]], str],
    *,
    until_frame: int | None = None,
    evidence: Mapping[str, Any] | None = None,
) -> Finding | None:
    """Return the finding of what happened in a shot; `None` = to background people.

    Args:
        case: The clip.
        one: What happened.
        message: Makes the sentence from a time and the names of those concerned.
        until_frame: First frame after what lasts; `None` = as the explanation says.
        evidence: Added to its own.
    """
    judgement, build, frame = case.judgement, case.build, one.start_frame
    before = [judgement.character_at(k, frame - 1) for k in one.tracks]
    after = [judgement.character_at(k, frame) for k in one.tracks]
    involved = [c for c in dict.fromkeys([*before, *after]) if c >= 0]
    if not involved:
        return None
    who = [build.name(c, before_frame=frame) if c >= 0 else "another person" for c in before]
    return build.finding(
        one.kind,
        severity=build.severity(one.kind, [judgement.tracks[one.tracks[0]]], one.confidence),
        confidence=one.confidence,
        characters=involved,
        tracklets=tuple(judgement.tracks[k].tracklet_at(frame) for k in one.tracks),
        vouched=one.vouched,
        frames=(frame, one.stop_frame if until_frame is None else until_frame),
        message=message(build.time(frame), who),
        evidence={
            "strength": round(one.strength, 3),
            "features": rounded(one.features),
            **(evidence or {}),
        },
    )
