"""One identity is on screen twice at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from castcheck.findings.builder import rounded

if TYPE_CHECKING:
    from collections.abc import Iterator

    from castcheck.kinds.case import Case
    from identity.findings import Finding


def find(case: Case) -> Iterator[Finding]:
    """Yield the pairs of which at least one belongs to the cast."""
    judgement, build = case.judgement, case.build
    for clone in judgement.of_kind("clone"):
        who = sorted({int(judgement.cast.labels[k]) for k in clone.segments} - {-1})
        if not who:
            continue
        what = "is on screen twice" if len(who) == 1 else "look like one person seen twice"
        yield build.finding(
            "clone",
            severity="major",
            confidence=clone.confidence,
            # Twins look like that too, but a cast would have both.
            vouched=clone.vouched or not case.once_more.isdisjoint(who),
            characters=who,
            tracklets=tuple(judgement.segments[k].tracklet.tracklet_id for k in clone.segments),
            frames=(clone.start_frame, clone.stop_frame),
            message=f"From {build.time(clone.start_frame)} to {build.time(clone.stop_frame)}, "
            f"{' and '.join(build.name(k) for k in who)} {what}.",
            evidence={"features": rounded(clone.features)},
        )
