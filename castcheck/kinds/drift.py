"""A character's appearance changes gradually, in a shot or from shot to shot."""

from __future__ import annotations

from typing import TYPE_CHECKING

from castcheck.findings_builder import rounded
from identity.findings import confidence_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from castcheck.kinds.case import Case
    from identity.findings import Finding


def find(case: Case) -> Iterator[Finding]:
    """Yield the slow changes of those of the cast."""
    judgement, build = case.judgement, case.build
    threshold = case.settings.drift
    for drift in judgement.drifts:
        last = judgement.series[drift.series[-1]]
        label = judgement.character_at(drift.series[-1], int(last.frame[0]))
        if label < 0:
            continue
        confidence = drift.confidence
        if confidence is None:
            confidence = confidence_of(drift.strength, threshold)
        if not drift.by_colours:  # what networks alone see may be a gesture, or sharpness
            confidence = build.doubtful(confidence)
        span = f"From {build.time(drift.start_frame)} to {build.time(drift.stop_frame)}"
        how = "from shot to shot" if drift.over_cut else "gradually"
        yield build.finding(
            "drift",
            severity=build.severity("drift", [last], confidence),
            confidence=confidence,
            characters=[label],
            tracklets=tuple(m for k in drift.series for m in judgement.series[k].members),
            frames=(drift.start_frame, drift.stop_frame),
            message=f"{span}, the look of {build.name(label)} changes {how}.",
            evidence={
                "strength": round(drift.strength, 3),
                "threshold": threshold,
                "likeness": rounded(drift.likeness),
                "features": rounded(drift.features),
            },
        )
