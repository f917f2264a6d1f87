"""Cuts against the labels: precision, recall and F1 of each detector, alone and together.

    python bench/cuts.py --real ../shared/real --json cuts.json

Time is that of the processor, over all threads, so that it does not depend on what else runs.
The thresholds of the joint detector are also chosen anew with each source (the prefix of a clip's
name) left out and judged on that source: the row "joint, cross-validated".
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from dataclasses import asdict, dataclass, field
from fractions import Fraction
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from scenes.cuts import CutDetector, ScoreDetector, ShotSettings, ShotSplitter
from scenes.cuts_content import small_frames
from scenes.cuts_joint import JointDetector
from scenes.cuts_scenedetect import SceneDetectDetector
from scenes.cuts_transnet import TransNetScorer
from scenes.frames import FrameBatch
from scenes.source import open_source

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

TOLERANCE_FRAMES = 2
SCORE_GRID = (0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8)
JUMP_GRID = (1.2, 1.4, 1.6, 1.8, 2.0, 2.2, 2.5, 3.0)
BATCH_SIZE = 16


@dataclass
class Clip:
    """One clip, what its label says, and what was measured on it."""

    name: str
    cuts: list[int]
    frames: int = 0
    small: list[NDArray[np.uint8]] = field(default_factory=list)
    scores: NDArray[np.float32] = field(default_factory=lambda: np.empty((0, 2), np.float32))
    found: dict[str, list[int]] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)
    windows: tuple[int, int] = (0, 0)  # in which the network was asked, and all

    @property
    def source(self) -> str:
        """Where the clip comes from: the prefix of its name."""
        return self.name.split("_", maxsplit=1)[0]

    def whole(self) -> FrameBatch:
        """Return the small pictures as one batch; they are few bytes, and all the judging needs."""
        small = np.concatenate(self.small)
        times = tuple(Fraction(i) for i in range(len(small)))
        return FrameBatch(np.arange(len(small)), times, small)


@dataclass(frozen=True)
class Counts:
    """Cuts found, missed and false, summed over clips; ratios are made once, from the sums."""

    hits: int
    missed: int
    false: int

    @property
    def precision(self) -> float | None:
        """Share of the reported cuts that are labelled; `None` where none was reported."""
        return self.hits / (self.hits + self.false) if self.hits + self.false else None

    @property
    def recall(self) -> float | None:
        """Share of the labelled cuts that were reported."""
        return self.hits / (self.hits + self.missed) if self.hits + self.missed else None

    @property
    def f1(self) -> float | None:
        """Harmonic mean of the two."""
        total = 2 * self.hits + self.missed + self.false
        return 2 * self.hits / total if total else None


def count(truth: list[int], found: list[int], *, tolerance: int) -> Counts:
    """Match cuts one to one within `tolerance` frames, nearest first."""
    pairs = sorted((abs(t - f), t, f) for t, f in product(truth, found) if abs(t - f) <= tolerance)
    used_truth: set[int] = set()
    used_found: set[int] = set()
    for _, t, f in pairs:
        if t not in used_truth and f not in used_found:
            used_truth.add(t)
            used_found.add(f)
    hits = len(used_truth)
    return Counts(hits, len(truth) - hits, len(found) - hits)


def total(counts: Iterable[Counts]) -> Counts:
    """Sum counts over clips."""
    rows = list(counts)
    return Counts(
        sum(c.hits for c in rows), sum(c.missed for c in rows), sum(c.false for c in rows)
    )


class Replayed:
    """A network whose scores were computed before."""

    delay_frames = 0

    def __init__(self, scores: NDArray[np.float32]) -> None:
        self._scores = scores

    def push(self, small_rgb: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Return the scores of the next frames."""
        ready, self._scores = self._scores[: len(small_rgb)], self._scores[len(small_rgb) :]
        return ready

    def finish(self) -> NDArray[np.float32]:
        """Return what is left: nothing."""
        return self._scores


ADAPTIVE_ROWS = {f"PySceneDetect adaptive {value}": value for value in (3.0, 5.0)}
NETWORK_ROW = "TransNetV2, 0.5"
CONTENT_ROW = "pictures alone (content)"
JOINT_ROW = "joint (auto, the default)"
UNSPARED_ROW = "joint, the network asked everywhere"


def measure(path: Path, labelled: list[int]) -> Clip:
    """Decode a clip once and run every detector over it; the network runs once for all."""
    clip = Clip(path.stem, labelled)
    scorer = TransNetScorer()
    running: dict[str, CutDetector] = {
        name: SceneDetectDetector(adaptive_min=value) for name, value in ADAPTIVE_ROWS.items()
    }
    running[CONTENT_ROW] = ShotSplitter(ShotSettings(method="content"))
    limits = ShotSettings()
    asked = TransNetScorer(patient=True)
    running[JOINT_ROW] = JointDetector(asked, score_min=limits.score_min, jump_min=limits.jump_min)
    scores, network_s = [], 0.0
    with open_source(path) as source:
        for batch in source.batches(BATCH_SIZE):
            clip.frames += len(batch)
            clip.small.append(small_frames(batch))
            for name, detector in running.items():
                _timed(clip, name, detector, batch)
            started = time.process_time()
            scores.append(scorer.push(clip.small[-1]))
            network_s += time.process_time() - started
    for name, detector in running.items():
        _timed(clip, name, detector, None)
    started = time.process_time()
    scores.append(scorer.finish())
    network_s += time.process_time() - started
    clip.scores = np.concatenate(scores)

    clip.windows = asked.windows_run, asked.windows_seen
    network = ScoreDetector(Replayed(clip.scores), score_min=0.5)
    unspared = JointDetector(
        Replayed(clip.scores),
        score_min=limits.score_min,
        jump_min=limits.jump_min,
        spare=False,
    )
    for name, detector in ((NETWORK_ROW, network), (UNSPARED_ROW, unspared)):
        clip.seconds[name] = network_s
        _timed(clip, name, detector, clip.whole())
        _timed(clip, name, detector, None)
    add_combinations(clip)
    return clip


def _timed(clip: Clip, name: str, detector: CutDetector, batch: FrameBatch | None) -> None:
    """Push a batch (`None` = finish) and note what was found and how long it took."""
    started = time.process_time()
    cuts = detector.finish() if batch is None else detector.push(batch)
    clip.seconds[name] = clip.seconds.get(name, 0.0) + time.process_time() - started
    clip.found.setdefault(name, []).extend(cut.frame for cut in cuts)


def add_combinations(clip: Clip) -> None:
    """Add what simple combinations of both libraries say."""
    one, two = clip.found[NETWORK_ROW], clip.found[next(iter(ADAPTIVE_ROWS))]
    near = TOLERANCE_FRAMES
    clip.found["both libraries, either"] = sorted(
        one + [cut for cut in two if all(abs(cut - other) > near for other in one)]
    )
    clip.found["both libraries, agreed"] = [
        cut for cut in one if any(abs(cut - other) <= near for other in two)
    ]


def cross_validated(clips: list[Clip]) -> list[Counts]:
    """Choose both thresholds of the joint detector without a source, and judge them on it."""
    grid = list(product(SCORE_GRID, JUMP_GRID))
    table = {clip.name: _grid_counts(clip, grid) for clip in clips}
    held_out = []
    for source in sorted({clip.source for clip in clips}):
        rest = [clip for clip in clips if clip.source != source]
        scores = [total(table[clip.name][i] for clip in rest).f1 or 0.0 for i in range(len(grid))]
        best = [i for i, score in enumerate(scores) if score == max(scores)]
        chosen = best[len(best) // 2]  # the middle of the equally good
        mine = [table[clip.name][chosen] for clip in clips if clip.source == source]
        print(f"  without {source}: thresholds {grid[chosen]} -> {total(mine)}", file=sys.stderr)
        held_out += mine
    return held_out


def _grid_counts(clip: Clip, grid: list[tuple[float, float]]) -> list[Counts]:
    batch = clip.whole()
    rows = []
    for score_min, jump_min in grid:
        scorer = Replayed(clip.scores)
        detector = JointDetector(scorer, score_min=score_min, jump_min=jump_min, spare=False)
        found = [cut.frame for cut in (*detector.push(batch), *detector.finish())]
        rows.append(count(clip.cuts, found, tolerance=TOLERANCE_FRAMES))
    return rows


def table_rows(clips: list[Clip]) -> list[dict[str, Any]]:
    """Return one row of figures per detector."""
    labelled = [clip for clip in clips if clip.source != "real"]
    real = [clip for clip in clips if clip.source == "real"]
    frames = sum(clip.frames for clip in clips)
    rows = []
    for name in clips[0].found:
        near, exact = (
            total(count(clip.cuts, clip.found[name], tolerance=tolerance) for clip in labelled)
            for tolerance in (TOLERANCE_FRAMES, 0)
        )
        timed = name in clips[0].seconds
        spent = sum(clip.seconds[name] for clip in clips) if timed else None
        rows.append(
            {
                "detector": name,
                **asdict(near),
                "precision": near.precision,
                "recall": near.recall,
                "f1": near.f1,
                "f1_exact": exact.f1,
                "false_on_real": sum(len(clip.found[name]) for clip in real),
                "ms_per_frame": None if spent is None else 1000 * spent / frames,
            }
        )
    return rows


def markdown(rows: list[dict[str, Any]]) -> str:
    """Return the rows as a Markdown table."""
    head = (
        "| detector | precision | recall | F1 | F1, exact frame | false on real | CPU ms a frame |"
    )
    lines = [head, "|---|---|---|---|---|---|---|"]
    for row in rows:
        figures = [_ratio(row[key]) for key in ("precision", "recall", "f1", "f1_exact")]
        spent = "" if row["ms_per_frame"] is None else f"{row['ms_per_frame']:.1f}"
        real = "" if row["false_on_real"] is None else str(row["false_on_real"])
        lines.append("| " + " | ".join([row["detector"], *figures, real, spent]) + " |")
    return "\n".join(lines)


def _ratio(value: float | None) -> str:
    return "" if value is None else f"{value:.3f}"


def main() -> int:
    """Print the table; 0 also where there is nothing to measure with."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--real", type=Path, default=Path("../shared/real"), metavar="DIR")
    parser.add_argument("--only", default="", metavar="PREFIX", help="only clips named like this")
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write the figures here")
    options = parser.parse_args()
    if not (options.real / "labels.json").is_file():
        print(f"skipped: no labels.json in {options.real}; name the folder with --real")
        return 0
    labels = json.loads((options.real / "labels.json").read_text())
    clips = []
    for path in sorted((options.real / "clips").glob(f"{options.only}*.mp4")):
        clips.append(measure(path, labels.get(path.stem, {}).get("cuts", [])))
        print(f"  {path.stem}: {clips[-1].frames} frames", file=sys.stderr)
    if not clips:
        parser.error(f"no clip named {options.only}* in {options.real}")
    rows = table_rows(clips)
    held_out = total(cross_validated([clip for clip in clips if clip.source != "real"]))
    rows.append(
        {
            "detector": "joint, cross-validated by source",
            **asdict(held_out),
            "precision": held_out.precision,
            "recall": held_out.recall,
            "f1": held_out.f1,
            "f1_exact": None,
            "false_on_real": None,
            "ms_per_frame": None,
        }
    )
    print(markdown(rows))
    run, seen = (sum(clip.windows[k] for clip in clips) for k in (0, 1))
    print(f"\nThe network was asked in {run} of {seen} windows.")
    if options.json:
        found = {clip.name: {"labelled": clip.cuts, **clip.found} for clip in clips}
        options.json.write_text(json.dumps({"table": rows, "clips": found}, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
