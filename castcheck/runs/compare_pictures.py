"""Pictures of one clip in two runs, at the same times, with what was found drawn onto them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from castcheck.batch.work import POSTER_FILE
from castcheck.report.draw import Annotator
from castcheck.support.images import jpeg_of, shrunk
from castcheck.tables.kinds import MOMENTS
from scenes.errors import CastcheckError
from scenes.source import clip_sha256, open_source

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from castcheck.acceptance.gate import Gate
    from castcheck.facts.report import Report
    from castcheck.runs.reading import RunClip
    from identity.findings import Finding

HEIGHT_PX = 216
_BESIDE_S = 0.15  # before and after a moment
BATCH_FRAMES = 8


def telling_times_s(reports: Sequence[Report], gate: Gate) -> tuple[float, ...]:
    """Return when to look at a clip: around its surest finding that counts, of whichever run."""
    counted = [(f.confidence, f, r) for r in reports for f in r.findings if gate.trips(f)]
    if not counted:
        return ()
    _, finding, report = max(counted, key=lambda row: row[0])
    return _around(report, finding)


def _around(report: Report, finding: Finding) -> tuple[float, float]:
    start = report.time_s(finding.start_frame)
    if finding.kind in MOMENTS:
        return max(0.0, start - _BESIDE_S), start + _BESIDE_S
    return start, report.time_s(max(finding.stop_frame - 1, finding.start_frame))


def pictures_at(clip: RunClip, report: Report, times_s: Sequence[float]) -> list[tuple[str, bytes]]:
    """Return a caption and a JPEG for each time; the poster where the clip is not there any more.

    Args:
        clip: Of the run.
        report: What was found in it; drawn onto the pictures.
        times_s: Seconds; what lies behind the end is the last picture.
    """
    source = clip.source()
    if source is None or not times_s:
        return _poster(clip, "")
    wanted = {time: _frame_at(report, time) for time in times_s}
    try:
        if clip_sha256(source) != clip.record.sha256:
            return _poster(clip, "the clip has changed since")
        drawn = _read(source, report, sorted(set(wanted.values())))
    except CastcheckError:
        return _poster(clip, "the clip is not there any more")
    return [(f"{time:.2f} s", drawn[frame]) for time, frame in wanted.items() if frame in drawn]


def _frame_at(report: Report, time_s: float) -> int:
    """Return the frame that is shown at a time."""
    last = report.clip.frames - 1
    low, high = 0, last
    while low < high:
        middle = (low + high + 1) // 2
        if report.time_s(middle) <= time_s + 1e-6:
            low = middle
        else:
            high = middle - 1
    return max(low, 0)


def _read(source: Path, report: Report, frames: Sequence[int]) -> Mapping[int, bytes]:
    """Return a JPEG of each frame with the boxes on it."""
    found: dict[int, bytes] = {}
    annotator = Annotator(report, width_px=report.clip.width, height_px=report.clip.height)
    with open_source(source) as opened:
        for batch in opened.batches(BATCH_FRAMES, only=frames):
            for frame, rgb in zip(batch.index.tolist(), batch.rgb, strict=True):
                picture = np.array(rgb)
                annotator.draw(picture, frame)
                found[frame] = jpeg_of(shrunk(picture, max_height_px=HEIGHT_PX))
    return found


def _poster(clip: RunClip, why: str) -> list[tuple[str, bytes]]:
    """Return the small picture of the run's index, if it is there."""
    if clip.folder is None:
        return []
    try:
        return [(why, (clip.folder / POSTER_FILE).read_bytes())]
    except OSError:
        return []
