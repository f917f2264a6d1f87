"""What the page shows of a clip, as JSON types: a row of the list, timeline and curves. Pure."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from castcheck.facts.parts import ordered
from castcheck.labels import clock
from castcheck.report.curves import character_plot, finding_plot
from castcheck.report.timeline import Axis, finding_markers, lanes, links, shot_blocks

if TYPE_CHECKING:
    from castcheck.facts.report import Report
    from castcheck.review.run_folder import RunClip


def clip_row(index: int, clip: RunClip) -> dict[str, Any]:
    """Return a clip as the list of clips shows it."""
    record = clip.record
    return {
        "index": index,
        "name": clip.name,
        "path": record.clip,
        "sha256": clip.sha256,
        "verdict": record.verdict,
        "text": record.message,
        "length": "" if record.duration_s is None else clock(record.duration_s),
        "findings": [
            {
                **{name: f[name] for name in ("id", "kind", "severity", "start_frame")},
                "accepted": bool(f.get("accepted")),
            }
            for f in record.findings
        ],
    }


def drawn(report: Report) -> dict[str, Any]:
    """Return the timeline and the curves, as the report draws them."""
    axis = Axis(report)
    findings = ordered(report.findings)
    markers = finding_markers(report, axis, findings)
    rows = lanes(report, axis, findings, markers)
    mine = {
        character.id: [(n, f) for n, f in enumerate(findings, 1) if character.id in f.characters]
        for character in report.characters
    }
    plots = [character_plot(report, name, found) for name, found in mine.items()]
    return {
        "timeline": {
            "markers": [asdict(marker) for marker in markers],
            "lanes": [asdict(row) for row in rows],
            "links": [asdict(link) for link in links(rows)],
            "ticks": [asdict(tick) for tick in axis.ticks()],
            "blocks": [asdict(block) for block in shot_blocks(report, axis, frozenset())],
        },
        "plots": {
            "people": [None if plot is None else asdict(plot) for plot in plots],
            "findings": [
                None if plot is None else asdict(plot)
                for plot in (finding_plot(report, n, f) for n, f in enumerate(findings, 1))
            ],
        },
    }
