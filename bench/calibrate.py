"""Measures the scales and weights of an embedder that `identity/evidence/calibration.py` holds.

    python -m bench.calibrate --clips DIR --detector D --embedder E [--set tune] [--cache DIR]
    python -m bench.calibrate --prove CLIPS... --detector D --embedder E [--cache DIR]

`--prove` needs no truth: medians, over any clips, of the scale each clip proves by itself (one
tracklet is one person, two at once are two).

`--clips` takes clean rendered clips: there a tracklet is one person, and the truth says who.
Scales: median cosine of different people on screen together, and of one person within one shot.
Weights: a ridge-regularised logistic regression over pairs of tracklets from different shots,
checked by leaving out a clip at a time.
"""

from __future__ import annotations

import argparse
import sys
from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from bench.error_rate import equal_error_rate
from bench.observed import observations
from bench.quality_clips import find_clips, read_truth
from castcheck.config import Config
from castcheck.models.load import load_models
from identity.appearance.looks import CUES
from identity.evidence.auto_calibration import scale_from_clip
from identity.evidence.calibration import Scale, calibration_for
from identity.evidence.same_look import cosines_between
from identity.tracks.segments import Segment, make_segment
from tracker import boxes

if TYPE_CHECKING:
    from castcheck.observe import Observations
    from castcheck.runs.matching import Truth
    from identity.appearance.looks import Cue

_MIN_IOU = 0.5
_MIN_PURITY = 0.8
_RIDGE = 1.0
_ROUNDS = 50


class Pair(NamedTuple):
    """Two tracklets of one clip.

    Attributes:
        clip: Whose.
        same: Whether the truth says one person.
        together: Seen on screen at once.
        across: From different shots.
        view_gap: Absolute log-ratio of the shapes of their boxes.
        cosine: Cue to mean cosine, those seen in both.
    """

    clip: str
    same: bool
    together: bool
    across: bool
    view_gap: float
    cosine: dict[Cue, float]


def owner_of(tracklet_frames: np.ndarray, xyxy: np.ndarray, truth: Truth) -> str | None:
    """Return the person most boxes of a tracklet show; `None` where no one person clearly is."""
    names: list[str] = []
    for frame, box in zip(tracklet_frames.tolist(), xyxy, strict=True):
        best = max(
            (
                (float(boxes.iou(box[None], seen[frame]).max()), key[0])
                for key, seen in truth.tracks.items()
                if frame in seen
            ),
            default=(0.0, ""),
        )
        names.append(best[1] if best[0] >= _MIN_IOU else "")
    top = max(set(names), key=names.count)
    return top if top and names.count(top) >= _MIN_PURITY * len(names) else None


def pairs_of(name: str, seen: Observations, truth: Truth) -> tuple[list[Pair], list[Segment]]:
    """Return all pairs of named tracklets of a clip, and the tracklets as segments."""
    named: list[tuple[str, Segment]] = []
    for tracklet, looks in zip(seen.tracklets, seen.looks, strict=True):
        who = owner_of(tracklet.frame, tracklet.xyxy, truth)
        if who is not None:
            named.append((who, make_segment(tracklet, looks, 0, len(tracklet))))
    pairs = []
    for (who, one), (other, two) in combinations(named, 2):
        across = one.tracklet.shot_index != two.tracklet.shot_index
        together = len(np.intersect1d(one.frames, two.frames)) > 1
        shapes = [np.median(s.xyxy, axis=0) for s in (one, two)]
        ratio = [np.log((b[3] - b[1]) / max(b[2] - b[0], 1.0)) for b in shapes]
        pairs.append(
            Pair(
                name,
                who == other,
                together,
                across,
                float(abs(ratio[0] - ratio[1])),
                _cosines(one, two),
            )
        )
    return pairs, [segment for _, segment in named]


def _cosines(one: Segment, two: Segment) -> dict[Cue, float]:
    table = cosines_between([one.means], [two.means])
    return {cue: float(cosine[0, 0]) for cue, cosine in table.items()}


def scales(pairs: list[Pair], segments: list[Segment]) -> dict[Cue, tuple[float, float]]:
    """Return cue to the median cosine of different people together and of one in one shot."""
    found: dict[Cue, tuple[float, float]] = {}
    for cue in CUES:
        apart = [p.cosine[cue] for p in pairs if p.together and not p.same and cue in p.cosine]
        own = [float(s.means[cue] @ s.means[cue]) for s in segments if cue in s.means]
        if apart and own:
            found[cue] = (float(np.median(apart)), float(np.median(own)))
    return found


def design(pairs: list[Pair], scale: dict[Cue, tuple[float, float]]) -> np.ndarray:
    """Return (N, 1 + cues) features: a one, then each cue's similarity from 0.5, 0 where unseen."""
    rows = np.zeros((len(pairs), 1 + len(scale)))
    rows[:, 0] = 1
    for column, (cue, (low, high)) in enumerate(scale.items(), start=1):
        for row, pair in enumerate(pairs):
            if cue in pair.cosine:
                value = (pair.cosine[cue] - low) / max(high - low, 1e-3)
                rows[row, column] = np.clip(value, -1, 1.5) - 0.5
    return rows


def fit_logistic(features: np.ndarray, labels: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Return the ridge-regularised weights by Newton's method; the first is not regularised.

    Example:
        >>> x = np.array([[1.0, -1], [1, -0.5], [1, 0.5], [1, 1]])
        >>> fit_logistic(x, np.array([0.0, 0, 1, 1]), np.ones(4))[1] > 0.5
        np.True_
    """
    beta = np.zeros(features.shape[1])
    ridge = np.full(len(beta), _RIDGE)
    ridge[0] = 1e-3
    for _ in range(_ROUNDS):
        chance = 1 / (1 + np.exp(-features @ beta))
        slope = features.T @ (weight * (labels - chance)) - ridge * beta
        curve = (features * (weight * chance * (1 - chance))[:, None]).T @ features
        step = np.linalg.solve(curve + np.diag(ridge), slope)
        beta = beta + step
        if np.abs(step).max() < 1e-6:
            break
    return beta


def proven_scales(clips: list[Observations]) -> dict[Cue, list[Scale]]:
    """Return, per cue, the scale that each clip proves by itself, where it has what that takes."""
    found: dict[Cue, list[Scale]] = {}
    for seen in clips:
        for cue in CUES:
            scale = scale_from_clip(seen.tracklets, seen.looks, fps=seen.fps, cue=cue)
            if scale is not None:
                found.setdefault(cue, []).append(scale)
    return found


def print_proven(name: str, clips: list[Observations]) -> None:
    """Print the medians of `proven_scales`."""
    print(f"{name}: {len(clips)} clips\n")
    print("| cue | clips | different | same |\n|---|---:|---:|---:|")
    for cue, proven in proven_scales(clips).items():
        low = np.median([scale.different for scale in proven])
        high = np.median([scale.same for scale in proven])
        print(f"| {cue} | {len(proven)} | {low:.2f} | {high:.2f} |")


def main() -> int:
    """Print scales, weights and what they reach on the clip left out."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--clips", type=Path)
    parser.add_argument("--prove", type=Path, nargs="+")
    parser.add_argument("--set", default="tune")
    parser.add_argument("--detector", default="auto")
    parser.add_argument("--embedder", default="auto")
    parser.add_argument("--cache", type=Path)
    given = parser.parse_args()
    if (given.clips is None) == (given.prove is None):
        parser.error("give either --clips or --prove")
    config = Config().updated({"run": {"detector": given.detector, "embedder": given.embedder}})
    models = load_models(config)
    name = "colour" if models.embedder is None else models.embedder.name
    if given.prove:
        keep = {"config": config, "models": models, "cache": given.cache}
        print_proven(name, [observations(clip, **keep)[0] for clip in given.prove])
        return 0
    pairs: list[Pair] = []
    segments: list[Segment] = []
    for clip in find_clips(given.set, given.clips).clips:
        truth = read_truth(clip)
        if truth.events:
            continue
        seen, _ = observations(clip, config=config, models=models, cache=given.cache)
        more, own = pairs_of(clip.stem, seen, truth)
        pairs += more
        segments += own
        print(f"{clip.stem}: {len(own)} tracklets", file=sys.stderr)
    across = [p for p in pairs if p.across]
    same = np.array([p.same for p in across], float)
    if not len(same) or same.min() == same.max():
        print("no pairs of both kinds across shots, nothing fitted", file=sys.stderr)
        return 2
    scale = scales(pairs, segments)
    clips = np.array([p.clip for p in across])
    # Each kind counts half: how often people meet is the prior's business.
    weight = np.where(same == 1, 0.5 / same.mean(), 0.5 / (1 - same.mean()))
    features = design(across, scale)
    left_out = np.zeros(len(same))
    for clip in np.unique(clips):
        rest = clips != clip
        left_out[~rest] = features[~rest] @ fit_logistic(features[rest], same[rest], weight[rest])
    now = calibration_for(name)
    cosines = {cue: np.array([p.cosine.get(cue, np.nan) for p in across]) for cue in now.scales}
    gaps = np.array([p.view_gap for p in across])
    today = now.log_odds(now.similarities(cosines), view_gap=gaps)
    beta = fit_logistic(features, same, weight)
    print(
        f"{name}: {len(segments)} tracklets, {len(across)} pairs across shots of "
        f"{len(np.unique(clips))} clean clips, {int(same.sum())} of one person"
    )
    print("| cue | different | same | weight | EER across shots |\n|---|---:|---:|---:|---:|")
    for column, (cue, (low, high)) in enumerate(scale.items(), start=1):
        values = [(p.cosine[cue], p.same) for p in across if cue in p.cosine]
        rates = equal_error_rate(
            np.array([v for v, s in values if s], np.float32),
            np.array([v for v, s in values if not s], np.float32),
        )
        print(f"| {cue} | {low:.2f} | {high:.2f} | {beta[column]:.2f} | {rates:.1%} |")
    print(f"bias {beta[0]:.2f}")
    for title, odds in (("fitted, clip left out", left_out), ("as it stands", today)):
        rates = equal_error_rate(
            odds[same == 1].astype(np.float32), odds[same == 0].astype(np.float32)
        )
        loss = float(
            np.average(np.log1p(np.exp(-np.where(same == 1, odds, -odds))), weights=weight)
        )
        print(f"{title}: EER {rates:.1%}, log-loss {loss:.3f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
