"""What castcheck has to say about a clip, one cause per finding."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal, get_args

Severity = Literal["minor", "major", "critical"]
SEVERITIES: tuple[Severity, ...] = get_args(Severity)  # in rising order
SEVERITY_IF_SURE = "severity_if_sure"  # in the evidence of what is minor only for want of surety


@dataclass(frozen=True, slots=True)
class Finding:
    """One identity error.

    Attributes:
        kind: Which kind of error: a name in the table of `castcheck.kinds`.
        severity: What a viewer would notice: "minor", "major" or "critical".
        confidence: In [0, 1].
        characters: Ids of those concerned, such as "char-01".
        tracklets: Ids of the tracklets concerned.
        shots: Indices of the shots concerned.
        start_frame, stop_frame: Half-open range; what it spans depends on the kind.
        message: One sentence a person understands.
        evidence: What the decision rests on: numbers, and frames to look at. JSON types only.
        accepted: A person has accepted it before: it is told, and fails no clip.
    """

    kind: str
    severity: Severity
    confidence: float
    characters: tuple[str, ...]
    tracklets: tuple[int, ...]
    shots: tuple[int, ...]
    start_frame: int
    stop_frame: int
    message: str
    evidence: dict[str, Any] = field(default_factory=dict)
    accepted: bool = False

    @property
    def finding_id(self) -> str:
        """Stable within a clip: kind, first frame, and the tracklets (or else shots) concerned.

        Example:
            >>> Finding("swap", "major", 0.9, ("char-01",), (0, 1), (0,), 38, 39, "").finding_id
            'swap-38-0-1'
        """
        who = [str(t) for t in self.tracklets] or [*self.characters, *map(str, self.shots)]
        return "-".join([self.kind, str(self.start_frame), *who])

    @property
    def severity_if_sure(self) -> Severity:
        """What a viewer would notice if the finding is right.

        Example:
            >>> doubt = Finding("swap", "minor", 0.6, (), (), (), 3, 4, "")
            >>> doubt.severity_if_sure
            'minor'
            >>> doubt.evidence[SEVERITY_IF_SURE] = "critical"
            >>> doubt.severity_if_sure
            'critical'
        """
        severity: Severity = self.evidence.get(SEVERITY_IF_SURE, self.severity)
        return severity
