"""The report: the one value every writer, script and test reads. Schema `castcheck.report/1`."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from identity.findings import SEVERITIES, Finding

if TYPE_CHECKING:
    from collections.abc import Mapping

SCHEMA = "castcheck.report/1"
Verdict = Literal["pass", "fail", "abstain"]


@dataclass(frozen=True, slots=True)
class ClipFacts:
    """What clip was judged. `fps` is an exact fraction as text, such as "24000/1001"."""

    path: str
    sha256: str
    width: int
    height: int
    frames: int
    fps: str
    duration_s: float


@dataclass(frozen=True, slots=True)
class ShotFacts:
    """One shot; half-open in frames and seconds."""

    index: int
    start_frame: int
    stop_frame: int
    start_s: float
    stop_s: float
    opens_with: str


@dataclass(frozen=True, slots=True)
class CharacterFacts:
    """One identity over the whole clip.

    Attributes:
        id: "char-01" and so on, in order of time on screen.
        name: From the cast file; `None` without one.
        consistency: In [0, 1], 1 = always the same look; `None` where it was not seen well enough.
        screen_s: Seconds on screen.
        abstained: Why it was not judged; empty where it was.
        description: A few words for people, such as "dark red top, blue trousers"; may be empty.
    """

    id: str
    name: str | None
    consistency: float | None
    screen_s: float
    abstained: str = ""
    description: str = ""


@dataclass(frozen=True, slots=True)
class SegmentFacts:
    """Whose looks a tracklet wears in `[start_frame, stop_frame)`; `None` = not told."""

    start_frame: int
    stop_frame: int
    character: str | None


@dataclass(frozen=True, slots=True)
class Curve:
    """Likeness over time: `values[i]` in [0, 1] at frame `frames[i]`, 1 = the usual look."""

    frames: tuple[int, ...]
    values: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class TrackletFacts:
    """One continuous box through one shot. `boxes` are `[x1, y1, x2, y2]` pixels, one per frame."""

    id: int
    shot: int
    frames: tuple[int, ...]
    boxes: tuple[tuple[float, float, float, float], ...]
    scores: tuple[float, ...]
    segments: tuple[SegmentFacts, ...]
    likeness: Curve | None = None


@dataclass(frozen=True, slots=True)
class Report:
    """Everything castcheck says about one clip."""

    clip: ClipFacts
    verdict: Verdict
    shots: tuple[ShotFacts, ...] = ()
    characters: tuple[CharacterFacts, ...] = ()
    tracklets: tuple[TrackletFacts, ...] = ()
    findings: tuple[Finding, ...] = ()
    frame_times_s: tuple[float, ...] = ()
    provenance: Mapping[str, Any] = field(default_factory=dict)
    degradations: tuple[str, ...] = ()
    timings: Mapping[str, float] = field(default_factory=dict)

    def at_or_above(self, severity: str) -> tuple[Finding, ...]:
        """Return the findings whose severity is `severity` or worse."""
        floor = SEVERITIES.index(severity)  # type: ignore[arg-type]
        return tuple(f for f in self.findings if SEVERITIES.index(f.severity) >= floor)

    def time_s(self, frame: int) -> float:
        """Return when `frame` is shown; for the frame after the last, the end of the clip."""
        if frame >= len(self.frame_times_s):
            return self.clip.duration_s
        return self.frame_times_s[frame]

    def to_json(self, *, indent: int | None = 1) -> str:
        """Return the report as JSON text in the published schema. No NaN; unknown is `null`."""
        from castcheck.report.json_out import report_to_dict  # noqa: PLC0415 (it imports us)

        return json.dumps(
            report_to_dict(self),
            ensure_ascii=False,
            allow_nan=False,
            indent=indent,
            sort_keys=False,
        )

    @staticmethod
    def from_json(text: str) -> Report:
        """Read back what `to_json` wrote.

        Raises:
            CastcheckError: The text is not a report of a schema this version knows.
        """
        from castcheck.report.json_out import report_from_dict  # noqa: PLC0415 (it imports us)

        return report_from_dict(text)
