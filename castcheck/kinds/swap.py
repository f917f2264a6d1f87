"""Two characters exchange identity, in a shot or over a cut."""

from __future__ import annotations

from typing import TYPE_CHECKING

from castcheck.findings.builder import rounded
from castcheck.kinds.in_shot import in_shot

if TYPE_CHECKING:
    from collections.abc import Iterator

    from castcheck.kinds.case import Case
    from identity.explanations.contract import Explained
    from identity.findings import Finding


def find(case: Case) -> Iterator[Finding]:
    """Yield the exchanges."""
    for swap in case.judgement.of_kind("swap"):
        found = _over_cut(case, swap) if swap.over_cut else _in_shot(case, swap)
        if found is not None:
            yield found


def _in_shot(case: Case, swap: Explained) -> Finding | None:
    undone = swap.undone_frame

    def message(when: str, who: list[str]) -> str:
        until = "on" if undone is None else f"to {case.build.time(undone)}"
        return f"From {when} {until}, {' and '.join(who)} have exchanged looks."

    return in_shot(
        case, swap, message, evidence=None if undone is None else {"undone_frame": undone}
    )


def _over_cut(case: Case, swap: Explained) -> Finding:
    judgement, build = case.judgement, case.build
    four = [judgement.segments[k] for k in swap.segments]
    labels = [int(judgement.cast.labels[k]) for k in swap.segments[2:]]
    names = " and ".join(build.name(c) for c in labels)
    cut = f"After the cut at {build.time(swap.start_frame)}"
    return build.finding(
        "swap",
        severity="major",
        confidence=swap.confidence,
        vouched=swap.vouched,  # where people fill the picture, nothing else shows the set-up
        characters=labels,
        tracklets=tuple(segment.tracklet.tracklet_id for segment in four),
        frames=(swap.start_frame, swap.stop_frame),
        message=f"{cut}, back in the same set-up, {names} have exchanged places."
        if swap.vouched
        else f"{cut}, {names} have exchanged places, unless it is another set-up: "
        "too little of it is seen.",
        evidence={
            "strength": round(swap.strength, 3),
            "features": rounded(swap.features),
            "over_cut": True,
        },
    )
