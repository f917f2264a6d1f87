"""One worked example of each kind: what was seen before and after, and the curve behind it.

    python -m bench.examples sample_videos/*.mp4 --detector bundled --embedder bundled

A row per clip: the picture before and the picture after its first finding, with the boxes of those
concerned, and the similarity of every tracklet to how its character looked first. Where nothing is
found the planted moment is shown, so a miss can be seen too.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from bench.observed import report as report_of
from bench.quality import add_model_options, config_from
from bench.quality_clips import read_truth
from castcheck.models.load import load_models
from scenes.errors import CastcheckError
from scenes.source import open_source

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from castcheck.facts.report import Report

EXIT_BAD_INPUT = 2
_MARGIN_FRAMES = 2
_MARKS = ("o", "s", "^", "D", "v", "x")


def moments_of(report: Report, planted: Sequence[tuple[int, int]]) -> tuple[int, int]:
    """Return the frames to show: one before the first finding, or planted error, and one after."""
    last = report.clip.frames - 1
    spans = [(f.start_frame, f.stop_frame) for f in report.findings] or list(planted)
    start, stop = spans[0] if spans else (last // 2, last // 2 + 1)
    before = max(start - _MARGIN_FRAMES, 0)
    after = stop - 1 + _MARGIN_FRAMES
    if stop - start > 1 and start == 0:  # what lasts from the beginning is shown while it lasts
        before, after = (start + stop) // 2, stop + _MARGIN_FRAMES
    return before, min(after, last)


def pictures_of(clip: Path, frames: Sequence[int]) -> dict[int, NDArray[np.uint8]]:
    """Return the (h, w, 3) RGB pictures of some frames.

    Raises:
        CastcheckError: The clip cannot be read.
    """
    found: dict[int, NDArray[np.uint8]] = {}
    with open_source(clip) as source:
        for batch in source.batches(16):
            for row, frame in enumerate(batch.index):
                if int(frame) in frames:
                    found[int(frame)] = np.array(batch.rgb[row])
            if int(batch.index[-1]) >= max(frames):
                break
    return found


def draw(rows: Sequence[tuple[Path, Report]], file: Path) -> None:
    """Draw a row per clip.

    Raises:
        ImportError: matplotlib is not installed (it is in the `bench` extra).
        CastcheckError: A clip cannot be read.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(13, 2.5 * len(rows)), layout="constrained")
    FigureCanvasAgg(figure)
    grid = figure.add_gridspec(len(rows), 3, width_ratios=(1, 1, 1.1))
    for k, (clip, report) in enumerate(rows):
        events = read_truth(clip).events
        planted = [(e.start_frame, e.stop_frame) for e in events]
        frames = moments_of(report, planted)
        shown = pictures_of(clip, frames)
        named = {t for f in report.findings[:1] for t in f.tracklets}
        for column, frame in enumerate(frames):
            _draw_picture(figure.add_subplot(grid[k, column]), report, shown[frame], frame, named)
        axes = figure.add_subplot(grid[k, 2])
        _draw_curves(axes, report, planted)
        told = ", ".join(f"{f.kind} ({f.confidence:.2f})" for f in report.findings) or "nothing"
        kinds = ", ".join(e.kind for e in events) or "nothing"
        axes.set_title(f"{clip.stem}: planted {kinds}; told {told}", fontsize=8)
    part = file.with_suffix(".part")
    kind = file.suffix.lstrip(".").lower().replace("jpg", "jpeg")
    figure.savefig(part, format=kind, dpi=75)
    part.replace(file)


def _draw_picture(
    axes: Any, report: Report, picture: NDArray[np.uint8], frame: int, named: set[int]
) -> None:
    axes.imshow(picture, aspect="equal")
    for tracklet in report.tracklets:
        if frame not in tracklet.frames:
            continue
        x1, y1, x2, y2 = tracklet.boxes[tracklet.frames.index(frame)]
        who = next(
            (s.character for s in tracklet.segments if s.start_frame <= frame < s.stop_frame), None
        )
        style = "-" if tracklet.id in named else ":"
        axes.plot([x1, x2, x2, x1, x1], [y1, y1, y2, y2, y1], style, color="yellow", linewidth=1.2)
        axes.text(x1, y1 - 3, (who or "nobody").removeprefix("char-"), color="yellow", fontsize=8)
    axes.set_title(f"frame {frame}", fontsize=8)
    axes.set_axis_off()


def _draw_curves(axes: Any, report: Report, planted: Sequence[tuple[int, int]]) -> None:
    for tracklet in report.tracklets:
        if tracklet.likeness is not None:
            axes.plot(
                tracklet.likeness.frames, tracklet.likeness.values, marker=_MARKS[tracklet.id % 6],
                markersize=3, linewidth=0.8, color="0.25",
            )  # fmt: skip
    for shot in report.shots[1:]:
        axes.axvline(shot.start_frame, color="0.7", linestyle=":", linewidth=1)
    for start, stop in planted:
        axes.axvspan(start, max(stop, start + 1), color="0.85")
    for finding in report.findings:
        axes.axvline(finding.start_frame, color="red", linewidth=1.2)
    axes.set_ylim(-0.03, 1.05)
    axes.set_xlim(0, report.clip.frames)
    axes.set_xlabel("frame", fontsize=7)
    axes.tick_params(labelsize=7)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; 0, or 2 with one line on stderr where something is wrong."""
    parser = argparse.ArgumentParser(
        prog="python -m bench.examples", description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    add = parser.add_argument
    add("clips", nargs="+", type=Path, help="clips with their truth beside them")
    add("-o", "--out", type=Path, default=Path("examples.jpg"))
    add_model_options(parser)
    options = parser.parse_args(argv)
    try:
        config = config_from(options)
        models = load_models(config)
        rows = [
            (clip, report_of(clip, config=config, models=models, cache=options.cache)[0])
            for clip in options.clips
        ]
        draw(rows, options.out)
    except CastcheckError as err:
        print(f"bench.examples: {err}", file=sys.stderr)
        return EXIT_BAD_INPUT
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
