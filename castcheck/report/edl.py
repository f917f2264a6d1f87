"""The findings as markers in an EDL (CMX 3600).

Each finding is an event of one frame that carries two notes of the same thing: the line by which
DaVinci Resolve imports timeline markers (`|C:colour |M:name |D:frames`), and the `* LOC:` comment
of other editing programs. Two markers cannot stand on one frame, so a second one stands a frame
later; its text says the true frame.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from castcheck.facts.parts import ordered
from castcheck.facts.report import frame_rate
from castcheck.labels import kind_title

if TYPE_CHECKING:
    from castcheck.facts.report import Report
    from castcheck.report.writers import ReportInputs

START_HOUR = 1  # where timelines begin in DaVinci Resolve and by habit elsewhere
# What Resolve calls its colours, and what a `LOC` comment may say.
COLOURS = {
    "critical": ("ResolveColorRed", "RED"),
    "major": ("ResolveColorYellow", "YELLOW"),
    "minor": ("ResolveColorBlue", "BLUE"),
}


def render(inputs: ReportInputs) -> str:
    """Return the text of `findings.edl`."""
    return edl_text(inputs.report)


def edl_text(report: Report) -> str:
    """Return the findings in order of time; a clip without any gives a head without events."""
    lines = [f"TITLE: castcheck {_ascii(Path(report.clip.path).name)}", "FCM: NON-DROP FRAME", ""]
    beat = round(float(frame_rate(report.clip.fps) or 25))
    free = 0
    found = sorted(ordered(report.findings), key=lambda finding: finding.start_frame)
    for number, finding in enumerate(found, start=1):
        start = timeline_frame(report, finding.start_frame)
        length = max(1, timeline_frame(report, finding.stop_frame) - start)
        place = max(start, free)
        free = place + 1
        begin, end = timecode(place, beat), timecode(place + 1, beat)
        colour, loc = COLOURS[finding.severity]
        name = f"{kind_title(finding.kind)} ({finding.severity})"
        text = _ascii(f"frame {finding.start_frame}: {finding.message}")
        lines += [
            f"{number:03d}  AX       V     C        {begin} {end} {begin} {end}",
            f"* LOC: {begin} {loc:7} {name} {text}",
            f"{text} |C:{colour} |M:{name} |D:{length}",
            "",
        ]
    return "\n".join(lines)


def timeline_frame(report: Report, frame: int) -> int:
    """Return where a frame lies on a timeline of the clip's rate.

    The same number where the clip has a steady rate; else by time, as editing programs conform it.
    """
    rate = frame_rate(report.clip.fps)
    if rate is None or not report.frame_times_s:
        return frame
    return round(report.time_s(frame) * rate)


def timecode(frame: int, beat: int) -> str:
    """Return the time code of a frame from the start of a timeline, no frames dropped.

    Example:
        >>> timecode(49, 24)
        '01:00:02:01'
    """
    seconds, rest = divmod(frame, beat)
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours + START_HOUR:02d}:{minutes:02d}:{seconds:02d}:{rest:02d}"


def _ascii(text: str) -> str:
    """Return `text` for readers of 1970: one line of ASCII, without the bars that end a note."""
    flat = " ".join(text.split()).replace("|", "/")
    return flat.encode("ascii", "replace").decode("ascii")
