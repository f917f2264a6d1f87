"""One who looks otherwise in a later shot, although seen from the same side.

From another side, or another distance, everybody looks otherwise. So only shots are compared in
which somebody faces the camera alike and shows as much of the body, and of the earlier ones the
most alike counts: who looks again as in any of them has not changed. Another light changes colours
too, and nobody knows what it should be in another set-up. So this is a hint to look there and
stops no release.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from identity.evidence.hair import SAME_FACING
from identity.evidence.logistic import AGAINST, FOR, Bounds
from identity.evidence.running_sums import BLOCK_SAMPLES
from identity.evidence.same_look import MIN_LOOKS, similarities_between
from identity.explanations.contract import Explained, features_at
from identity.explanations.drift_over_cuts import curve_over_cut

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from identity.appearance.looks import Cue
    from identity.evidence.calibration import Calibration
    from identity.explanations.contract import Clip, Kind
    from identity.tracks.segments import Segment

    Means = Mapping[Cue, NDArray[np.float32]]

KINDS: tuple[Kind, ...] = ("drift",)
CUES: tuple[Cue, ...] = ("body", "head_look", "upper_look", "head", "upper", "lower")
FEATURES: Mapping[str, Bounds] = dict.fromkeys(CUES, FOR) | {"turn": AGAINST, "shape": AGAINST}

_SAME_SHAPE = 0.5  # logarithms of width over height: a face lends no legs
MIN_SCORE = 0.4  # of a box that is surely of one person


def features_of(
    early: Sequence[Means],
    late: Sequence[Means],
    calibration: Calibration,
    *,
    early_shape: NDArray[np.float64],
    late_shape: NDArray[np.float64],
) -> tuple[dict[str, NDArray[np.float64]], NDArray[np.bool_]]:
    """Return the features of N looks and M later ones, each (N, M), and which are seen alike.

    Args:
        early: Cue to mean look of N stretches.
        late: The same of M others.
        calibration: How cosines become similarity.
        early_shape: (N,) logarithm of how wide the boxes are for their height.
        late_shape: (M,) the same.
    """
    similarity = similarities_between(early, late, calibration)
    nothing = np.full((len(early), len(late)), np.nan)
    lost = np.stack([0.5 - similarity.get(cue, nothing) for cue in CUES])
    seen_cues = np.isfinite(lost)
    # What is not seen is taken to be as the rest: where only few cues are known, as from a distance
    # or by a network that knows no parts, the others would speak for another look.
    rest = np.where(seen_cues, lost, 0).sum(axis=0) / np.maximum(seen_cues.sum(axis=0), 1)
    found: dict[str, NDArray[np.float64]] = dict(
        zip(CUES, np.where(seen_cues, lost, rest), strict=True)
    )
    facing = (
        np.array([float(means["facing"][0]) if "facing" in means else np.nan for means in side])
        for side in (early, late)
    )
    turn = np.abs(np.subtract.outer(*facing))
    shape = np.abs(np.subtract.outer(early_shape, late_shape))
    alike = (np.nan_to_num(turn, nan=np.inf) <= SAME_FACING) & (shape <= _SAME_SHAPE)
    seen = np.isfinite(similarity.get("body", nothing))
    return found | {"turn": np.nan_to_num(turn), "shape": shape}, alike & seen


def shape_of(xyxy: NDArray[np.float32]) -> float:
    """Return the logarithm of how wide (T, 4) boxes are for their height, of the median box."""
    x1, y1, x2, y2 = np.nanmedian(xyxy, axis=0).tolist()
    return float(np.log(max(x2 - x1, 1.0) / max(y2 - y1, 1.0)))


def find_over_cuts(clip: Clip) -> list[Explained]:
    """Return who looks otherwise than in every earlier shot that shows the same side."""
    labels, doubtful = clip.cast.labels, clip.cast.doubtful
    explained = clip.characters_explained()
    found: list[Explained] = []
    for label in range(clip.cast.character_count):
        own = [
            k
            for k, segment in enumerate(clip.segments)
            if labels[k] == label and not doubtful[k] and _is_clear(segment)
        ]
        if label not in explained:
            found += _changes(clip, sorted(own, key=lambda k: clip.segments[k].start_frame))
    return found


def _is_clear(segment: Segment) -> bool:
    enough = segment.sample_count >= MIN_LOOKS and "body" in segment.means
    return enough and float(np.median(segment.score)) >= MIN_SCORE


def _changes(clip: Clip, own: Sequence[int]) -> Iterator[Explained]:
    """Yield the changes of one character, whose segments are in the order of time."""
    segments = [clip.segments[k] for k in own]
    shots = np.array([segment.tracklet.shot_index for segment in segments])
    if len(set(shots.tolist())) < 2:
        return
    means, shapes = [s.means for s in segments], np.array([shape_of(s.xyxy) for s in segments])
    for start in range(0, len(own), BLOCK_SAMPLES):
        some = slice(start, start + BLOCK_SAMPLES)
        features, alike = features_of(
            means, means[some], clip.calibration, early_shape=shapes, late_shape=shapes[some]
        )
        asked = alike & (shots[:, None] < shots[some])
        odds = np.where(asked, clip.model["other_look"].log_odds(features), np.inf)
        for at in np.flatnonzero(asked.any(axis=0)).tolist():
            early, late = int(odds[:, at].argmin()), start + at
            if odds[early, at] < clip.settings.least_log_odds:
                continue
            row = features_at({name: table[:, at] for name, table in features.items()}, early)
            lost = float(np.clip(0.5 + np.mean([row[cue] for cue in CUES]), 0, 1))
            two = clip.track_of(own[early]), clip.track_of(own[late])
            yield Explained(
                "drift", two, segments[late].start_frame, segments[late].stop_frame,
                float(odds[early, at]), lost, row, over_cut=True, vouched=False,
                curves={two[1]: curve_over_cut(clip, *two, CUES)},
            )  # fmt: skip
