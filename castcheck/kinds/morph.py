"""A character abruptly becomes someone else, or everybody does, with all of the picture."""

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

_WHAT = {
    "": "{} abruptly becomes someone else",
    "face": "the face of {} abruptly becomes someone else's",
    "clothes": "the clothes of {} abruptly change",
}


def find(case: Case) -> Iterator[Finding]:
    """Yield the changes."""
    for morph in case.judgement.of_kind("morph"):
        if morph.everybody:
            found = _restyled(case, morph)
        else:
            cues = {"cues": [morph.attribute]} if morph.attribute else {}
            found = in_shot(case, morph, partial(_message, _WHAT[morph.attribute]), evidence=cues)
        if found is not None:
            yield found


def _restyled(case: Case, one: Explained) -> Finding | None:
    """Return the finding that the whole picture changes its style; `None` = nobody is in it."""
    judgement, build, frame = case.judgement, case.build, one.start_frame
    tracklets = [judgement.tracks[k].tracklet_at(frame) for k in one.tracks]
    worn = {
        tracklet: judgement.character_at(k, int(judgement.tracks[k].frame[0]))
        for k, tracklet in zip(one.tracks, tracklets, strict=True)
    }
    shown = tuple(tracklet for tracklet in tracklets if worn[tracklet] >= 0)
    if not shown:
        return None
    return build.finding(
        "morph",
        severity="major",  # whoever looks sees it, and nobody was exchanged
        confidence=one.confidence,
        characters=[worn[tracklet] for tracklet in shown],
        tracklets=shown,
        frames=(frame, one.stop_frame),
        message=f"At {build.time(frame)}, the whole picture changes its style, and everyone in "
        "it with it.",
        evidence={
            "strength": round(one.strength, 3),
            "features": rounded(one.features),
            "whole_picture": True,
        },
        rests_on_boxes=False,
    )


def _message(what: str, when: str, who: list[str]) -> str:
    return f"At {when}, {what.format(who[0])}."
