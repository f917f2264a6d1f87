"""Similarity over time as the points of a small SVG picture. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from castcheck.facts.report import Report, TrackletFacts
    from identity.findings import Finding

WIDTH, HEIGHT = 1000, 100  # units of the picture; the page stretches them to its own width
MOST_POINTS = 240  # per line: more than a screen can show would only make the page heavier
CONTEXT_S = 1.5  # how much of the clip around a finding its own curve shows


@dataclass(frozen=True, slots=True)
class Line:
    """One stretch of a curve: SVG `points`, and whose looks it shows (index, or -1)."""

    points: str
    owner: int
    single: tuple[float, float] | None = None


@dataclass(frozen=True, slots=True)
class Plot:
    """A curve over the frames `[start_frame, stop_frame)`.

    Attributes:
        lines: What to draw.
        cuts: Positions of cuts, in units of the width.
        marks: (position, width, number, severity) of the findings.
        start_s, stop_s: What the ends of the axis stand for.
        lowest: Smallest value drawn, for the text; `None` for an empty plot.
    """

    lines: tuple[Line, ...]
    cuts: tuple[float, ...]
    marks: tuple[tuple[float, float, int, str], ...]
    start_s: float
    stop_s: float
    lowest: float | None


def character_plot(
    report: Report, character: str, findings: Sequence[tuple[int, Finding]]
) -> Plot | None:
    """Return the similarity of a character over the whole clip; `None` where there is no curve."""
    mine = [t for t in report.tracklets if any(s.character == character for s in t.segments)]
    return _plot(report, mine, (0, report.clip.frames), findings, only=character)


def finding_plot(report: Report, number: int, finding: Finding) -> Plot | None:
    """Return the similarity of the tracklets of a finding around it; `None` where there is none."""
    rate = report.clip.frames / report.clip.duration_s if report.clip.duration_s else 0.0
    around = max(1, round(CONTEXT_S * rate))
    start = max(0, finding.start_frame - around)
    stop = min(report.clip.frames, finding.stop_frame + around)
    mine = [t for t in report.tracklets if t.id in finding.tracklets]
    return _plot(report, mine, (start, stop), [(number, finding)], only=None)


def _plot(
    report: Report,
    tracklets: Sequence[TrackletFacts],
    window: tuple[int, int],
    findings: Sequence[tuple[int, Finding]],
    *,
    only: str | None,
) -> Plot | None:
    scale = _Scale(report, window)
    owners = {character.id: index for index, character in enumerate(report.characters)}
    lines: list[Line] = []
    values: list[float] = []
    for tracklet in tracklets:
        for owner, points in _pieces(tracklet, window, only):
            lines.append(_line(scale, points, owners.get(owner or "", -1)))
            values += [value for _, value in points]
    if not lines:
        return None
    edges = [shot.start_frame for shot in report.shots]
    return Plot(
        lines=tuple(lines),
        cuts=tuple(scale.x(frame) for frame in edges if window[0] < frame < window[1]),
        marks=tuple(
            (
                scale.x(finding.start_frame),
                round(scale.x(finding.stop_frame) - scale.x(finding.start_frame), 1),
                number,
                finding.severity,
            )
            for number, finding in findings
        ),
        start_s=report.time_s(window[0]),
        stop_s=report.time_s(window[1]),
        lowest=min(values),
    )


class _Scale:
    """Frames to units of the picture's width."""

    def __init__(self, report: Report, window: tuple[int, int]) -> None:
        self._report = report
        self._start_s = report.time_s(window[0])
        self._length_s = max(report.time_s(window[1]) - self._start_s, 1e-9)

    def x(self, frame: int) -> float:
        share = (self._report.time_s(frame) - self._start_s) / self._length_s
        return round(WIDTH * min(max(share, 0.0), 1.0), 1)


def _pieces(
    tracklet: TrackletFacts, window: tuple[int, int], only: str | None
) -> list[tuple[str | None, list[tuple[int, float]]]]:
    """Cut the curve of a tracklet where its looks change owner."""
    if tracklet.likeness is None:
        return []
    curve = list(zip(tracklet.likeness.frames, tracklet.likeness.values, strict=True))
    pieces = []
    for segment in tracklet.segments:
        if only is not None and segment.character != only:
            continue
        start, stop = max(segment.start_frame, window[0]), min(segment.stop_frame, window[1])
        points = [(frame, value) for frame, value in curve if start <= frame < stop]
        if points:
            pieces.append((segment.character, points))
    return pieces


def _line(scale: _Scale, points: list[tuple[int, float]], owner: int) -> Line:
    placed = [(scale.x(frame), _y(value)) for frame, value in _thin(points)]
    text = " ".join(f"{x:g},{y:g}" for x, y in placed)
    return Line(text, owner, placed[0] if len(placed) == 1 else None)


def _y(value: float) -> float:
    return round(HEIGHT * (1 - min(max(value, 0.0), 1.0)), 1)


def _thin(points: list[tuple[int, float]]) -> list[tuple[int, float]]:
    """Keep the lowest and the highest of every few points: a dip must not vanish."""
    if len(points) <= MOST_POINTS:
        return points
    size = -(-2 * len(points) // MOST_POINTS)
    kept = []
    for start in range(0, len(points), size):
        group = points[start : start + size]
        ends = {min(group, key=lambda p: p[1]), max(group, key=lambda p: p[1])}
        kept += sorted(ends)
    return kept
