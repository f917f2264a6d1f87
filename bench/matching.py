"""Where a swap is said to happen; which finding tells which event: `castcheck.runs.matching`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from castcheck.tables.kinds import TOLERANCE_FRAMES
from tracker import boxes

if TYPE_CHECKING:
    from castcheck.facts.report import Report
    from castcheck.runs.matching import Truth
    from identity.findings import Finding


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
