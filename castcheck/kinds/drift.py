"""A character's appearance changes gradually, in a shot or from shot to shot."""

from __future__ import annotations

from typing import TYPE_CHECKING

from castcheck.findings.builder import rounded

if TYPE_CHECKING:
    from collections.abc import Iterator

    from castcheck.kinds.case import Case
    from identity.findings import Finding


def find(case: Case) -> Iterator[Finding]:
    """Yield the slow changes of those of the cast."""
    judgement, build = case.judgement, case.build
    for drift in judgement.of_kind("drift"):
        first, last = (judgement.tracks[drift.tracks[k]] for k in (0, -1))
        was = judgement.character_at(drift.tracks[0], int(first.frame[-1]))
        label = judgement.character_at(drift.tracks[-1], int(last.frame[0]))
        if label < 0:
            continue
        replaced = drift.over_cut and was not in (-1, label)
        if replaced:
            said = (
                f"From {build.time(drift.start_frame)} on, {build.name(label)} is where "
                f"{build.name(was)} was before the cut."
            )
        else:
            span = f"From {build.time(drift.start_frame)} to {build.time(drift.stop_frame)}"
            how = "from shot to shot" if drift.over_cut else "gradually"
            name = build.name(label, before_frame=drift.start_frame)
            what = "the clothes of {} change" if drift.attribute else "the look of {} changes"
            said = f"{span}, {what.format(name)} {how}."
        yield build.finding(
            "drift",
            severity=build.severity("drift", [last], drift.confidence),
            confidence=drift.confidence,
            vouched=drift.vouched,  # what networks alone see may be a gesture, or sharpness
            characters=[was, label] if replaced else [label],
            tracklets=tuple(m for k in drift.tracks for m in judgement.tracks[k].members),
            deciding=tuple(m for k in drift.deciding for m in judgement.tracks[k].members),
            frames=(drift.start_frame, drift.stop_frame),
            message=said,
            evidence={
                "strength": round(drift.strength, 3),
                "threshold": case.settings.drift,
                "features": rounded(drift.features),
            },
        )
