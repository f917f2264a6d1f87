"""Two characters exchange clothes, hair or face; the rest of each look stays."""

from __future__ import annotations

from typing import TYPE_CHECKING

from castcheck.findings_builder import rounded
from castcheck.kinds.incidents import find_incidents
from identity.findings import confidence_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from castcheck.kinds.case import Case
    from identity.explanations.attribute_swap import AttributeSwap
    from identity.findings import Finding

_WHAT = {"clothes": "wear each other's clothes", "head": "have each other's face or hair"}


def find(case: Case) -> Iterator[Finding]:
    """Yield the exchanges; they last, as far as is known, to the end of the clip."""
    end = case.seen.shots[-1].stop_frame
    yield from find_incidents(
        case, "attribute_swap", _message, until_frame=end, evidence={"cues": ["clothes"]}
    )
    for swap in case.judgement.attribute_swaps:
        yield _over_cut(case, swap, end)


def _message(when: str, who: list[str]) -> str:
    return f"From {when} on, {' and '.join(who)} {_WHAT['clothes']}."


def _over_cut(case: Case, swap: AttributeSwap, end: int) -> Finding:
    judgement, build = case.judgement, case.build
    four = [judgement.segments[k] for k in (*swap.before, *swap.after)]
    labels = [int(judgement.cast.labels[k]) for k in swap.before]
    threshold = case.settings.attribute_swap
    confidence = confidence_of(swap.strength, threshold)
    names = " and ".join(build.name(c) for c in labels)
    return build.finding(
        "attribute_swap",
        severity=build.severity("attribute_swap", four, confidence),
        confidence=confidence,
        characters=labels,
        tracklets=tuple(segment.tracklet.tracklet_id for segment in four),
        frames=(swap.start_frame, end),
        message=f"After the cut at {build.time(swap.start_frame)}, back in the same set-up, "
        f"{names} {_WHAT[swap.attribute]}.",
        evidence={
            "cues": [swap.attribute],
            "strength": round(swap.strength, 3),
            "threshold": threshold,
            "gain": rounded(swap.likeness),
            "over_cut": True,
        },
    )
