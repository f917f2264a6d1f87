"""Two characters exchange clothes, hair or face; the rest of each look stays."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from castcheck.findings.builder import rounded
from castcheck.kinds.in_shot import in_shot

if TYPE_CHECKING:
    from collections.abc import Iterator

    from castcheck.kinds.case import Case
    from identity.explanations.contract import Explained
    from identity.findings import Finding

_WHAT = {"clothes": "wear each other's clothes", "head": "have each other's face or hair"}


def find(case: Case) -> Iterator[Finding]:
    """Yield the exchanges; they last, as far as is known, to the end of the clip."""
    end = case.seen.shots[-1].stop_frame
    for swap in case.judgement.of_kind("attribute_swap"):
        if swap.over_cut:
            yield _over_cut(case, swap, end)
            continue
        evidence = {"cues": [swap.attribute]}
        message = partial(_message, _WHAT[swap.attribute])
        found = in_shot(case, swap, message, until_frame=end, evidence=evidence)
        if found is not None:
            yield found


def _message(what: str, when: str, who: list[str]) -> str:
    return f"From {when} on, {' and '.join(who)} {what}."


def _over_cut(case: Case, swap: Explained, end: int) -> Finding:
    judgement, build = case.judgement, case.build
    four = [judgement.segments[k] for k in swap.segments]
    labels = [int(judgement.cast.labels[k]) for k in swap.segments[:2]]
    names = " and ".join(build.name(c) for c in labels)
    return build.finding(
        "attribute_swap",
        severity=build.severity("attribute_swap", four, swap.confidence),
        confidence=swap.confidence,
        characters=labels,
        tracklets=tuple(segment.tracklet.tracklet_id for segment in four),
        frames=(swap.start_frame, end),
        message=f"After the cut at {build.time(swap.start_frame)}, back in the same set-up, "
        f"{names} {_WHAT[swap.attribute]}.",
        evidence={
            "cues": [swap.attribute],
            "strength": round(swap.strength, 3),
            "threshold": case.settings.attribute_swap,
            "features": rounded(swap.features),
            "over_cut": True,
        },
    )
