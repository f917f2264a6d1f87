"""What the pixels confirm where a presence begins or ends: for `vanish` and `pop_in`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from identity.findings import confidence_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from castcheck.kinds.case import Case
    from identity.findings import Finding


def find_steps(case: Case, kind: str, verb: str) -> Iterator[Finding]:
    """Yield a finding for every confirmed gap of a kind that concerns somebody of the cast."""
    judgement, build = case.judgement, case.build
    for gap, step in case.steps:
        label = judgement.character_at(gap.track, gap.seen_frame)
        if gap.kind != kind or label < 0:
            continue
        threshold = round(gap.min_ratio(case.settings.vanish), 3)
        confidence = confidence_of(step.ratio, threshold)
        track = judgement.tracks[gap.track]
        yield build.finding(
            kind,
            severity=build.severity(kind, [track], confidence),
            confidence=confidence,
            characters=[label],
            tracklets=(track.tracklet_at(gap.seen_frame),),
            frames=(gap.frame, gap.frame + 1),
            message=f"At {build.time(gap.frame)}, {build.name(label)} {verb} in full view.",
            evidence={
                "strength": round(step.ratio, 3),
                "threshold": threshold,
                "changed_share": round(step.share, 3),
                "seen_frame": gap.seen_frame,
                "box": [round(float(v), 2) for v in gap.box],
            },
        )
