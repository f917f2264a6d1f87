"""False alarms on clean clips, and errors found, against the strictness of the findings.

    python -m bench.alarms --set tune --detector bundled --embedder bundled

Judges the clips of a set of the studio once per strictness (`findings.strictness`, which multiplies
all thresholds) on kept observations, and writes alarms.md and alarms.png to OUT/<set>. The upper
limit is exact for a Poisson count (Garwood 1936): no false alarm in 40 clips still allows 7 in 100.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from scipy.stats import chi2

from bench.quality import (
    SETS,
    add_model_options,
    add_set_options,
    config_from,
    judge,
    limit_threads,
    write_whole,
)
from bench.quality_clips import ANY, find_clips
from bench.quality_score import false_alarms, kind_figures
from bench.tables import Table
from castcheck.models.load import load_models
from scenes.errors import CastcheckError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from bench.quality_score import ClipRow

STRICTNESS = (0.5, 0.7, 0.85, 1.0, 1.25, 1.5, 2.0, 3.0)
CONFIDENT = 0.95  # of the upper limit
EXIT_BAD_INPUT = 2


@dataclass(frozen=True, slots=True)
class Point:
    """What comes out at one strictness.

    Attributes:
        strictness: What all thresholds were multiplied by.
        clean_clips: How many clips hold no error.
        alarms: Findings of severity major or worse in them.
        found, planted: Errors in the other clips.
        wrong, told: Findings that tell no error, and findings, in all clips.
    """

    strictness: float
    clean_clips: int
    alarms: int
    found: int
    planted: int
    wrong: int
    told: int

    @property
    def per_100(self) -> float:
        """False alarms in 100 clean clips."""
        return 100 * self.alarms / max(self.clean_clips, 1)

    @property
    def at_most_per_100(self) -> float:
        """So many at most, with 95 % confidence."""
        return 100 * upper_limit(self.alarms) / max(self.clean_clips, 1)


def upper_limit(count: int) -> float:
    """Return the largest mean at which a Poisson count as small as `count` has a chance of 5 %.

    Example:
        >>> round(upper_limit(0), 2), round(upper_limit(1), 2)
        (3.0, 4.74)
    """
    return float(chi2.ppf(CONFIDENT, 2 * (count + 1)) / 2)


def point_of(strictness: float, rows: Sequence[ClipRow]) -> Point:
    """Return what the judged clips show at one strictness."""
    alarms, every = false_alarms(rows), kind_figures(rows)["all"]
    findings = [f for row in rows for f in row.findings]
    return Point(
        strictness, alarms["clean_clips"], alarms["major"]["count"], every["found"],
        every["events"], sum(not f.right for f in findings), len(findings),
    )  # fmt: skip


def table_of(points: Sequence[Point]) -> Table:
    """Return the curve as a table."""
    rows = [
        (
            f"{p.strictness:g}", p.alarms, p.per_100, p.at_most_per_100,
            p.found / p.planted if p.planted else None, p.wrong, p.told,
        )
        for p in points
    ]  # fmt: skip
    head = (
        "strictness", "false alarms", "per 100 clips", "at most (95 %)", "errors found", "wrong",
        "findings",
    )  # fmt: skip
    clean = points[0].clean_clips if points else 0
    planted = points[0].planted if points else 0
    note = "False alarms: findings of severity major or worse in clean clips; wrong: in all clips."
    return Table(f"{clean} clean clips, {planted} planted errors", head, tuple(rows), note)


def draw(points: Sequence[Point], file: Path, *, title: str) -> None:
    """Draw both curves.

    Raises:
        ImportError: matplotlib is not installed (it is in the `bench` extra).
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8, 4.2), layout="constrained")
    FigureCanvasAgg(figure)
    axes: Any = figure.add_subplot()
    at = [p.strictness for p in points]
    axes.plot(at, [p.per_100 for p in points], "k-o", label="false alarms in 100 clean clips")
    axes.plot(at, [p.at_most_per_100 for p in points], "k:", label="the same, at most (95 %)")
    axes.set_xscale("log")
    axes.set_xticks(at, [f"{s:g}" for s in at], minor=False)
    axes.minorticks_off()
    axes.set_xlabel("strictness (all thresholds are multiplied by it)")
    axes.set_ylabel("false alarms in 100 clean clips")
    other = axes.twinx()
    shares = [p.found / max(p.planted, 1) for p in points]
    other.plot(at, shares, color="0.5", marker="s", linestyle="--", label="errors found")
    other.set_ylim(0, 1)
    other.set_ylabel("share of planted errors found")
    figure.legend(loc="outside lower center", ncols=3, frameon=False)
    axes.set_title(title)
    part = file.with_suffix(".part")
    figure.savefig(part, format="png", dpi=110, metadata={"Software": None})
    part.replace(file)


def run(options: argparse.Namespace) -> int:
    """Measure, print and write.

    Raises:
        CastcheckError: Weights, settings or a clip are bad.
    """
    chosen = find_clips(options.set, options.clips, only=options.only, limit=options.limit)
    if not chosen.clips:
        raise CastcheckError("no clips, nothing measured", where=chosen.folder)
    config = config_from(options)
    models = load_models(config)
    points = []
    for strictness in STRICTNESS:
        own = config.updated({"findings": {"strictness": strictness, "min_confidence": 0.0}})
        rows = judge(chosen, own, models, cache=options.cache, peers=False)
        points.append(point_of(strictness, rows))
    table = table_of(points)
    folder = options.out / options.set
    folder.mkdir(parents=True, exist_ok=True)
    write_whole(folder / "alarms.md", table.markdown() + "\n")
    print(table.text())
    title = f"Set {options.set}: {table.title}"
    draw(points, folder / "alarms.png", title=title)
    print(f"written to {folder}", file=sys.stderr)
    return 0


def main(argv: Sequence[str] | None = None) -> int:
    """Run the bench; 0, or 2 with one line on stderr where something is wrong."""
    parser = argparse.ArgumentParser(
        prog="python -m bench.alarms", description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    parser.add_argument("--set", choices=(*SETS, ANY), default="tune")
    add_set_options(parser)
    add_model_options(parser)
    options = parser.parse_args(argv)
    if options.threads:
        limit_threads(options.threads)
    try:
        return run(options)
    except CastcheckError as err:
        print(f"bench.alarms: {err}", file=sys.stderr)
        return EXIT_BAD_INPUT


if __name__ == "__main__":
    raise SystemExit(main())
