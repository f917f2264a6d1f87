"""Two characters exchange identity, in a shot or over a cut."""

from __future__ import annotations

from typing import TYPE_CHECKING

from castcheck.findings_builder import rounded
from castcheck.kinds.incidents import find_incidents

if TYPE_CHECKING:
    from collections.abc import Iterator

    from castcheck.kinds.case import Case
    from identity.explanations.over_cut import CutSwap
    from identity.findings import Finding


def find(case: Case) -> Iterator[Finding]:
    """Yield the exchanges."""
    yield from find_incidents(case, "swap", _message)
    for swap in case.judgement.cut_swaps:
        yield _over_cut(case, swap)


def _message(when: str, who: list[str]) -> str:
    return f"From {when} on, {' and '.join(who)} have exchanged looks."


def _over_cut(case: Case, swap: CutSwap) -> Finding:
    judgement, build = case.judgement, case.build
    labels = [int(judgement.cast.labels[k]) for k in swap.after]
    names = " and ".join(build.name(c) for c in labels)
    return build.finding(
        "swap",
        severity="major",
        confidence=swap.confidence,
        characters=labels,
        tracklets=tuple(
            judgement.segments[k].tracklet.tracklet_id for k in (*swap.before, *swap.after)
        ),
        frames=(swap.start_frame, swap.start_frame + 1),
        message=f"After the cut at {build.time(swap.start_frame)}, back in the same set-up, "
        f"{names} have exchanged places.",
        evidence={
            "strength": round(swap.strength, 3),
            "features": rounded(swap.features),
            "over_cut": True,
        },
    )
