"""The parts of the HTML page as values: what the template may use."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from castcheck.report.curves import Plot
    from castcheck.report.palette import CharacterStyle
    from castcheck.report.timeline import Lane, Link, Marker, ShotBlock, Tick


@dataclass(frozen=True, slots=True)
class CaptionedImage:
    """A picture with its caption."""

    src: str
    width: int
    height: int
    time: str
    frame: int
    flagged: bool = False
    caption: str = ""


@dataclass(frozen=True, slots=True)
class Badge:
    """A character as a letter in its colour."""

    look: CharacterStyle | None
    name: str
    anchor: str


@dataclass(frozen=True, slots=True)
class Pair:
    """The crops of one character, side by side; `was` is who is there before, if another one."""

    badge: Badge | None
    was: Badge | None
    before: tuple[CaptionedImage, ...]
    after: tuple[CaptionedImage, ...]
    labels: tuple[str, str]


@dataclass(frozen=True, slots=True)
class Card:
    """One finding."""

    number: int
    id: str
    kind: str
    title: str
    severity: str
    when: str
    frames: str
    shots: str
    message: str
    confidence: str
    badges: tuple[Badge, ...]
    pairs: tuple[Pair, ...]
    plot: Plot | None
    numbers: tuple[tuple[str, str], ...]
    accepted: bool = False


@dataclass(frozen=True, slots=True)
class Person:
    """One character."""

    badge: Badge
    id: str
    description: str
    abstained: str
    consistency: str
    percent: float | None
    seen: str
    findings: tuple[Marker, ...]
    strip: tuple[CaptionedImage, ...]
    in_doubt: int
    reference: CaptionedImage | None
    plot: Plot | None


@dataclass(frozen=True, slots=True)
class ShotCard:
    """One shot with who is in it."""

    number: int
    picture: bool
    text: str
    badges: tuple[Badge, ...]


@dataclass(frozen=True, slots=True)
class Page:
    """Everything the template needs."""

    verdict: str
    headline: str
    clip: str
    facts: tuple[str, ...]
    notices: tuple[str, ...]
    cards: tuple[Card, ...]
    markers: tuple[Marker, ...]
    marker_levels: int
    lanes: tuple[Lane, ...]
    links: tuple[Link, ...]
    ticks: tuple[Tick, ...]
    blocks: tuple[ShotBlock, ...]
    shot_pictures: tuple[tuple[int, str], ...]
    shots: tuple[ShotCard, ...]
    people: tuple[Person, ...]
    provenance: tuple[tuple[str, str], ...]
    config: str
    timings: tuple[tuple[str, str], ...]
    picture_notes: tuple[str, ...]
    glossary: tuple[tuple[str, str, str], ...]
    filterable: bool
    summary_length: int
    data: str
    gone: tuple[str, ...] = ()
    kinds: tuple[tuple[str, str], ...] = ()
    play_note: str = ""
