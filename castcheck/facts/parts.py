"""The parts of a report: plain values that every writer, script and test reads."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

from identity.findings import SEVERITIES, Finding

Verdict = Literal["pass", "fail", "abstain"]
VERDICTS: tuple[Verdict, ...] = ("fail", "abstain", "pass")  # the worst first

BOX_DIGITS = 2  # a hundredth of a pixel
SCORE_DIGITS = 4
# Finer than any plot shows, and coarse enough that the last digits of a network, which differ with
# the size of its batches and from processor to processor, hardly ever show.
SIMILARITY_DIGITS = 3


@dataclass(frozen=True, slots=True)
class ClipFacts:
    """What clip was judged.

    Attributes:
        path: As the user gave it.
        sha256: Of the file, or of the pictures of a folder.
        width, height: Pixels of the displayed (rotated) picture.
        frames: Pictures that could be decoded.
        fps: Average rate, an exact fraction as text, such as "24000/1001".
        duration_s: Until the last picture has been shown.
    """

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
        description: A few words for people, such as "dark red top" or "brown figure"; may be empty.
    """

    id: str
    name: str | None
    consistency: float | None
    screen_s: float
    abstained: str = ""
    description: str = ""


@dataclass(frozen=True, slots=True)
class MemberFacts:
    """One member of the cast file.

    Attributes:
        name: As the file says.
        presence: "required", "optional" or "forbidden".
        references: How many views of the member were compared.
        characters: Ids of the characters that are this member; more than one where the clip shows
            the member in ways that castcheck could not join.
        confidence: Probability in [0, 1] that the member is in the clip; `None` = unknown.
    """

    name: str
    presence: str
    references: int
    characters: tuple[str, ...]
    confidence: float | None


@dataclass(frozen=True, slots=True)
class SegmentFacts:
    """Whose looks a tracklet wears in `[start_frame, stop_frame)`; `None` = not told.

    `doubtful`: the detector is never sure that somebody is there, so `character` is a guess.
    """

    start_frame: int
    stop_frame: int
    character: str | None
    doubtful: bool = False


@dataclass(frozen=True, slots=True)
class Curve:
    """Similarity over time: `values[i]` in [0, 1] at frame `frames[i]`, 1 = the usual look."""

    frames: tuple[int, ...]
    values: tuple[float, ...]

    def __post_init__(self) -> None:
        object.__setattr__(self, "frames", tuple(int(frame) for frame in self.frames))
        values = tuple(round(float(value), SIMILARITY_DIGITS) for value in self.values)
        object.__setattr__(self, "values", values)


@dataclass(frozen=True, slots=True)
class TrackletFacts:
    """One continuous box through one shot. `boxes` are `[x1, y1, x2, y2]` pixels, one per frame.

    Numbers are kept no finer than a person or a script can use, so that reports stay small.
    """

    id: int
    shot: int
    frames: tuple[int, ...]
    boxes: tuple[tuple[float, float, float, float], ...]
    scores: tuple[float, ...]
    segments: tuple[SegmentFacts, ...]
    likeness: Curve | None = None

    def __post_init__(self) -> None:
        boxes = tuple(tuple(round(float(v), BOX_DIGITS) for v in box) for box in self.boxes)
        object.__setattr__(self, "frames", tuple(int(frame) for frame in self.frames))
        object.__setattr__(self, "boxes", boxes)
        scores = tuple(round(float(score), SCORE_DIGITS) for score in self.scores)
        object.__setattr__(self, "scores", scores)

    def segment_at(self, frame: int) -> SegmentFacts | None:
        """Return the segment that holds `frame`."""
        return next((s for s in self.segments if s.start_frame <= frame < s.stop_frame), None)

    def character_at(self, frame: int) -> str | None:
        """Return whose looks the tracklet wears at `frame`; `None` = not told."""
        segment = self.segment_at(frame)
        return None if segment is None else segment.character


@dataclass(frozen=True, slots=True)
class GoneFacts:
    """A finding that was accepted once and is not told any more; times are those of then."""

    finding: str
    kind: str
    start_s: float
    stop_s: float
    message: str


@dataclass(frozen=True, slots=True)
class BaselineFacts:
    """What a baseline says of this clip.

    Attributes:
        name: The file, as the user gave it.
        sha256: Of the file.
        accepted: How many of the findings are accepted.
        gone: What was accepted and is not found any more.
    """

    name: str
    sha256: str
    accepted: int
    gone: tuple[GoneFacts, ...] = ()


def frame_rate(fps: str) -> Fraction | None:
    """Return the exact rate that `fps` spells; `None` where it spells none.

    Example:
        >>> frame_rate("30000/1001"), frame_rate("0/0")
        (Fraction(30000, 1001), None)
    """
    try:
        rate = Fraction(fps)
    except (ValueError, ZeroDivisionError):
        return None
    return rate if rate > 0 else None


def ordered(findings: tuple[Finding, ...]) -> tuple[Finding, ...]:
    """Return findings with the worst first, then in order of time; what was accepted comes last."""
    return tuple(
        sorted(findings, key=lambda f: (f.accepted, -SEVERITIES.index(f.severity), f.start_frame))
    )
