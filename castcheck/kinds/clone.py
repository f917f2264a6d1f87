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
        are_one = _by_cast(case, who)
        if are_one is False:  # twins, and both are in the cast
            continue
        what = "is on screen twice" if len(who) == 1 else "look like one person seen twice"
        yield build.finding(
            "clone",
            severity="major",
            confidence=clone.confidence,
            vouched=clone.vouched or are_one is True,  # else twins look like that too
            characters=who,
            tracklets=tuple(judgement.segments[k].tracklet.tracklet_id for k in clone.segments),
            frames=(clone.start_frame, clone.stop_frame),
            message=f"From {build.time(clone.start_frame)} to {build.time(clone.stop_frame)}, "
            f"{' and '.join(build.name(k) for k in who)} {what}.",
            evidence={"features": rounded(clone.features)},
        )


def _by_cast(case: Case, who: list[int]) -> bool | None:
    """Tell whether a complete cast says that they are one person; `None` = it does not say."""
    if case.roll is None or len(who) < 2:
        return None
    return case.roll.are_one(*who)
