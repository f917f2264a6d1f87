"""Who is gone, or there, in full view: for `vanish` and `pop_in`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from castcheck.findings.builder import rounded
from identity.explanations.model import confidence_of_odds

if TYPE_CHECKING:
    from collections.abc import Iterator

    from castcheck.kinds.case import Case
    from identity.findings import Finding


def find_steps(case: Case, kind: str, verb: str) -> Iterator[Finding]:
    """Yield a finding for every likely gap of a kind that concerns somebody of the cast."""
    judgement, build = case.judgement, case.build
    for gap, absence in case.steps:
        label = judgement.character_at(gap.track, gap.seen_frame)
        if gap.kind != kind or label < 0:
            continue
        confidence = round(confidence_of_odds(absence.log_odds - case.settings.vanish_log_odds), 3)
        track = judgement.tracks[gap.track]
        yield build.finding(
            kind,
            severity=build.severity(kind, [track], confidence),
            confidence=confidence,
            characters=[label],
            tracklets=(track.tracklet_at(gap.seen_frame),),
            frames=(absence.frame, absence.frame + 1),
            message=f"At {build.time(absence.frame)}, {build.name(label)} {verb} in full view.",
            evidence={
                "strength": round(absence.ratio, 3),
                "threshold": round(case.settings.scaled("vanish"), 3),
                "features": rounded(absence.features),
                "changed_share": round(absence.share, 3),
                "seen_frame": gap.seen_frame,
                "box": [round(float(v), 2) for v in gap.box],
            },
            rests_on_boxes=False,  # how sure they are before he goes is among the features
        )
