"""Findings that are doubts, however sure looks are: too few pictures, or a cut that may be one."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from castcheck.tables.kinds import KINDS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from castcheck.findings.builder import FindingBuilder
    from castcheck.observe import Observations
    from identity.findings import Finding

DOUBTFUL_CUT = "doubtful_cut_frame"
# Where a change begins is told to a fifth of a second; a blend over a cut takes as long.
_BESIDE_S = 0.2


def with_doubts(
    findings: Iterable[Finding], seen: Observations, build: FindingBuilder
) -> tuple[Finding, ...]:
    """Return the findings, as doubts where the pictures let nothing be certain.

    Args:
        findings: Of one clip.
        seen: What was observed in it.
        build: Made them.
    """
    if seen.info.all_damaged:
        return ()  # whoever changes in guessed pictures has not changed in the clip
    if seen.is_sparse:
        return tuple(build.doubted(finding) for finding in findings)
    return tuple(_doubted_at_cut(finding, seen, build) for finding in findings)


def _doubted_at_cut(finding: Finding, seen: Observations, build: FindingBuilder) -> Finding:
    """Return a finding as a doubt where it lies at what may be a cut.

    Two who stand elsewhere after a cut from one view of a set to another look as if they had
    exchanged places, if nobody knows of the cut.
    """
    frame = _doubtful_cut(finding, seen)
    if frame is None:
        return finding
    noted = replace(finding, evidence={**finding.evidence, DOUBTFUL_CUT: frame})
    return build.doubted(noted)


def _doubtful_cut(finding: Finding, seen: Observations) -> int | None:
    """Return the first frame of what may be a new shot where a finding begins.

    What changes slowly may do so over all that it spans. `None` = there is none.
    """
    if KINDS[finding.kind].against_cast:
        return None  # who is in the clip, and not when
    reach = max(1, round(_BESIDE_S * seen.fps))
    slow = KINDS[finding.kind].pictured == "both_ends"
    last = finding.stop_frame if slow else finding.start_frame
    beside = (
        frame
        for frame in seen.doubtful_cuts
        if finding.start_frame - reach <= frame <= last + reach
    )
    return next(beside, None)
