"""Where everything lies on the page's time axis: percentages of the clip's length. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from castcheck.labels import clock, display_name, kind_title, when
from castcheck.report.palette import CharacterStyle, style_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from castcheck.facts.report import Report, TrackletFacts
    from identity.findings import Finding

MARKER_GAP_PERCENT = 3.2  # markers closer than this go onto another level
MARKER_LEVELS = 4
TICK_STEPS_S = (0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1200, 3600)
MOST_TICKS = 10
LAST_TICK_PERCENT = 93  # the text of a later one would not fit in


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of the axis in percent, with what to say about it."""

    left: float
    width: float
    title: str


@dataclass(frozen=True, slots=True)
class ShotBlock:
    """One shot on the axis; `picture` is whether there is a small picture of it."""

    number: int
    span: Span
    picture: bool
    opens_with: str


@dataclass(frozen=True, slots=True)
class Marker:
    """One finding on the axis; `number` is that of its card."""

    number: int
    kind: str
    severity: str
    left: float
    width: float
    level: int
    title: str


@dataclass(frozen=True, slots=True)
class Lane:
    """When one character is on screen. `look` is `None` for the lane of those nobody could tell."""

    look: CharacterStyle | None
    name: str
    anchor: str
    spans: tuple[Span, ...]
    markers: tuple[Marker, ...]


@dataclass(frozen=True, slots=True)
class Link:
    """A finding that joins several lanes: from lane `top` over `rows` lanes down."""

    left: float
    top: int
    rows: int
    severity: str


@dataclass(frozen=True, slots=True)
class Tick:
    """One label of the ruler."""

    left: float
    text: str


class Axis:
    """The time axis of one clip."""

    def __init__(self, report: Report) -> None:
        self._report = report
        self._length_s = report.clip.duration_s

    def percent(self, frame: int) -> float:
        """Return where `frame` begins, in percent of the clip."""
        if self._length_s <= 0:
            return 0.0
        return round(min(max(100 * self._report.time_s(frame) / self._length_s, 0.0), 100.0), 3)

    def span(self, start_frame: int, stop_frame: int, title: str) -> Span:
        """Return the stretch of `[start_frame, stop_frame)`."""
        left = self.percent(start_frame)
        width = self.percent(stop_frame) - left if self._length_s > 0 else 100.0
        return Span(left, round(width, 3), title)

    def ticks(self) -> tuple[Tick, ...]:
        """Return the labels of the ruler, at round times."""
        if self._length_s <= 0:
            return ()
        step = next((s for s in TICK_STEPS_S if self._length_s / s <= MOST_TICKS), 7200)
        times = [step * i for i in range(int(self._length_s / step) + 1)]
        placed = [(round(100 * time / self._length_s, 3), time) for time in times]
        return tuple(
            Tick(left, _tick_text(time, step)) for left, time in placed if left <= LAST_TICK_PERCENT
        )


def shot_blocks(report: Report, axis: Axis, pictured: frozenset[int]) -> tuple[ShotBlock, ...]:
    """Return one block per shot."""
    return tuple(
        ShotBlock(
            shot.index + 1,
            axis.span(
                shot.start_frame,
                shot.stop_frame,
                f"Shot {shot.index + 1}, {clock(shot.start_s)} to {clock(shot.stop_s)}",
            ),
            shot.index in pictured,
            shot.opens_with,
        )
        for shot in report.shots
    )


def finding_markers(report: Report, axis: Axis, findings: Sequence[Finding]) -> tuple[Marker, ...]:
    """Return one marker per finding, numbered in the order given, none on top of another."""
    markers = {}
    free_from = [-MARKER_GAP_PERCENT] * MARKER_LEVELS
    for number, finding in sorted(enumerate(findings, start=1), key=lambda p: p[1].start_frame):
        left = axis.percent(finding.start_frame)
        level = next((row for row, edge in enumerate(free_from) if left >= edge), MARKER_LEVELS - 1)
        free_from[level] = left + MARKER_GAP_PERCENT
        markers[number] = Marker(
            number,
            finding.kind,
            finding.severity,
            left,
            axis.span(finding.start_frame, finding.stop_frame, "").width,
            level,
            f"{when(report, finding)} {kind_title(finding.kind)}: {finding.message}",
        )
    return tuple(markers[number] for number in sorted(markers))


def lanes(
    report: Report, axis: Axis, findings: Sequence[Finding], markers: Sequence[Marker]
) -> tuple[Lane, ...]:
    """Return one lane per character, and one more if there is anybody nobody could tell."""
    rows = []
    for index, character in enumerate(report.characters):
        mine = tuple(
            marker
            for finding, marker in zip(findings, markers, strict=True)
            if character.id in finding.characters
        )
        name = display_name(character)
        spans = _spans(report, axis, character.id, name)
        rows.append(Lane(style_of(index), name, f"c{index + 1}", spans, mine))
    unassigned = _spans(report, axis, None, "unassigned")
    if unassigned:
        rows.append(Lane(None, "unassigned", "", unassigned, ()))
    return tuple(rows)


def links(lanes: Sequence[Lane]) -> tuple[Link, ...]:
    """Return one link per finding that concerns more than one lane."""
    rows: dict[Marker, list[int]] = {}
    for row, lane in enumerate(lanes):
        for marker in lane.markers:
            rows.setdefault(marker, []).append(row)
    return tuple(
        Link(marker.left, found[0], found[-1] - found[0], marker.severity)
        for marker, found in rows.items()
        if len(found) > 1
    )


def _spans(report: Report, axis: Axis, character: str | None, name: str) -> tuple[Span, ...]:
    spans = []
    for tracklet in report.tracklets:
        for segment in tracklet.segments:
            if segment.character == character:
                title = _segment_title(report, tracklet, segment.start_frame, segment.stop_frame)
                spans.append(axis.span(segment.start_frame, segment.stop_frame, f"{name}, {title}"))
    return tuple(sorted(spans, key=lambda span: (span.left, span.width)))


def _segment_title(report: Report, tracklet: TrackletFacts, start: int, stop: int) -> str:
    return (
        f"shot {tracklet.shot + 1}, {clock(report.time_s(start))} to "
        f"{clock(report.time_s(stop))}, track {tracklet.id}"
    )


def _tick_text(time: float, step: float) -> str:
    minutes, seconds = divmod(time, 60)
    if step < 1:
        return f"{int(minutes)}:{seconds:04.1f}"
    return f"{int(minutes)}:{round(seconds):02d}"
