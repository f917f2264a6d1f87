"""What was said of a planted event instead of telling it (pure).

Which finding tells which event is `castcheck.runs.matching`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from castcheck.runs.matching import NEAR_FRAMES, TOLERANCE_FRAMES, at_right_time, near_event
from tracker import boxes

if TYPE_CHECKING:
    from collections.abc import Sequence

    from castcheck.report.model import Report
    from castcheck.runs.matching import Event, Followed, Truth
    from identity.findings import Finding


def concerns(finding: Finding, event: Event, truth: Truth, follows: Followed) -> bool:
    """Tell whether a finding is about any of the people of an event."""
    wanted = truth.tracks_of(event)
    return any(
        who in wanted
        for tracklet in finding.tracklets
        for who in near_event(follows.get(tracklet, {}), event)
    )


def notices(finding: Finding, event: Event, truth: Truth, follows: Followed) -> bool:
    """Tell whether a finding, of whatever kind, is about the people of an event, and in time."""
    return at_right_time(finding, event) and concerns(finding, event, truth, follows)


def said_instead(event: Event, findings: Sequence[Finding], truth: Truth, follows: Followed) -> str:
    """Return what was said of an event nobody found: a kind, a near miss, or "nothing".

    Asked are findings about any of its people, within half a second or overlapping it; the surest
    speaks. One of the right kind is named by what is wrong with it.
    """
    about = []
    for finding in findings:
        late = finding.start_frame - (event.stop_frame - 1)
        early = event.start_frame - (finding.stop_frame - 1)
        if max(late, early) <= NEAR_FRAMES and concerns(finding, event, truth, follows):
            about.append(finding)
    if not about:
        return "nothing"
    surest = max(about, key=lambda f: f.confidence)
    if surest.kind != event.kind:
        return surest.kind
    return "wrong people" if at_right_time(surest, event) else "wrong time"


def claimed_place(finding: Finding, report: Report, truth: Truth) -> str:
    """Return where a swap is said to happen: "cut", "crossing" (boxes touch then), or "open"."""
    if any(abs(finding.start_frame - cut) <= TOLERANCE_FRAMES for cut in truth.cuts):
        return "cut"
    named = [t for t in report.tracklets if t.id in finding.tracklets]
    for frame in range(finding.start_frame - 2, finding.start_frame + 3):
        here = [t.boxes[t.frames.index(frame)] for t in named if frame in t.frames]
        table = np.array(here, np.float32).reshape(-1, 4)
        if len(here) > 1 and float(np.triu(boxes.intersection(table, table), 1).max()) > 0:
            return "crossing"
    return "open"
