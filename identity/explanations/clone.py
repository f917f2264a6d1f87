"""One identity on screen twice: two tracks at once that look like one person.

Twins and two in one outfit are alike too. What speaks for a clone is that one of the two came to
look like the other at a moment, or appeared at one; what speaks against it are two who are as alike
elsewhere in the clip.
"""

from __future__ import annotations

from functools import partial
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np

from identity.appearance.colour import mean_lightness
from identity.evidence.around import beside_itself
from identity.evidence.calibration import FACE_SCALE, HAIR_SCALE
from identity.evidence.logistic import AGAINST, EITHER, FOR, Bounds
from identity.evidence.moments import MIN_SAMPLES, Moments
from identity.evidence.same_look import SAME_FACING, Compared, cosines_between, mean_of
from identity.evidence.samples import COLOURS, NETWORKS, ShotSamples, compare
from identity.explanations.asked import Asked
from identity.explanations.contract import Explained, best_of, features_at
from identity.tracks.linking import SAME_PLACE_IOU
from tracker import boxes

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from identity.appearance.looks import Cue
    from identity.evidence.calibration import Calibration
    from identity.explanations.asked import Features
    from identity.explanations.contract import Scene
    from identity.tracks.segments import Segment

    Means = Mapping[Cue, NDArray[np.float32]]

FEATURES: Mapping[str, Bounds] = {
    "alike": FOR, "network": FOR, "colour": FOR, "hair": FOR, "became": FOR, "had_before": EITHER,
    "appears": FOR, "twins": AGAINST, "samples": FOR, "score": FOR,
}  # fmt: skip

_TWINS = 0.4  # log-odds by which a clone must be more alike than any two elsewhere in the clip
_BECAME = 1.0  # log-odds by which two are more alike from a moment on, so that they are no twins
# Similarity of faces. Of nine copies whose faces are read one, of a singer far away, has less than
# 0.8 (0.47). Of twelve twos who are alike and are two, nine have less than 0.4, and three, singers
# in one dress, up to 0.62.
_ONE_FACE, _OTHER_FACE = 0.8, 0.4
_CLOTHES: tuple[Cue, ...] = ("upper", "lower")
_BLACK = 28.0  # CIE L* of clothes: silhouettes and dark suits are below, garments with a hue above


def moments_of(samples: ShotSamples, one: int, two: int) -> Moments:
    """Return from which sample on the two may be one: since both are there, or any later one.

    Where their boxes lie over each other each shows the other one too: no window reaches there.
    """
    both = samples.seen["body"][one] & samples.seen["body"][two]
    overlap = boxes.paired_iou(*(np.nan_to_num(samples.xyxy[k]) for k in (one, two)))
    mixed = overlap > SAME_PLACE_IOU
    rows = np.flatnonzero(both & ~mixed)
    if not len(rows):
        return Moments.between(samples, [])
    broken = np.flatnonzero(np.diff(np.cumsum(mixed)[rows]))
    window = max(MIN_SAMPLES, round(samples.per_s))
    parts = []
    for run in np.split(rows, broken + 1):
        if len(run) < 2 * MIN_SAMPLES:
            continue
        first = run[: -MIN_SAMPLES + 1]
        low, high = int(run[0]), int(run[-1]) + 1
        start, stop = np.maximum(first - window, low), np.minimum(first + 3 * window, high)
        parts.append((start, first, first, stop))
    if not parts:
        return Moments.between(samples, [])
    return Moments(*(np.concatenate(column) for column in zip(*parts, strict=True)))


def features_of(
    samples: ShotSamples,
    one: int,
    two: int,
    moments: Moments,
    calibration: Calibration,
    *,
    twins: float,
) -> tuple[dict[str, NDArray[np.float64]], NDArray[np.bool_]]:
    """Return the features of M moments, each (M,), and which of them can be judged at all.

    Args:
        samples: Of the shot.
        one: A track.
        two: Another one.
        moments: From when on the two may be one.
        calibration: How cosines become log-odds.
        twins: Log-odds of the most alike two at once among all others of the clip.
    """
    before, after = moments.before, moments.after
    pair = samples.agreement(one, two)
    now = compare(pair, after, after, calibration)
    then = compare(pair, before, before, calibration).log_odds
    had_before = np.isfinite(then) & (moments.last - moments.start >= MIN_SAMPLES)
    counts = [samples.counts("body", k) for k in (one, two)]
    number = np.minimum(*(c[moments.stop] - c[moments.first] for c in counts))
    opens = min(int(track.frame[0]) for track in samples.tracks)
    comes = max(int(samples.tracks[k].frame[0]) for k in (one, two))
    at_once = samples.frames[moments.first] <= comes + 2 * samples.fps / samples.per_s
    scores = [samples.once("median score", k, partial(_score, samples, k)) for k in (one, two)]
    judged = np.asarray((number >= MIN_SAMPLES) & np.isfinite(now.log_odds), np.bool_)
    judged &= (now.log_odds > 0) & (now.log_odds >= twins + _TWINS)
    return {
        "alike": now.log_odds,
        "network": mean_of(now.similarity, NETWORKS) - 0.5,
        "colour": _smallest(now.similarity) - 0.5,
        "hair": now.similarity.get("hair", np.full(len(moments), np.nan)) - 0.5,
        "became": np.where(had_before, now.log_odds - np.nan_to_num(then), 0.0),
        "had_before": had_before.astype(np.float64),
        "appears": (at_once & (comes > opens + samples.fps / 8)).astype(np.float64),
        "twins": np.full(len(moments), max(twins, -2.0)),
        "samples": np.log(number.clip(1, 16)),
        "score": np.full(len(moments), np.minimum(scores[0], scores[1])),
    }, judged


def _score(samples: ShotSamples, track: int) -> np.float32:
    return np.float32(np.nanmedian(samples.score[track]))


def _smallest(similarity: dict[Cue, NDArray[np.float64]]) -> NDArray[np.float64]:
    """Return (M,) the smallest similarity of the clothes' colours; a head may be turned."""
    rows = [similarity[cue] for cue in COLOURS if cue in similarity and cue != "head"]
    return np.fmin.reduce(rows) if rows else np.full(len(next(iter(similarity.values()))), np.nan)


def alike_at_once(samples: ShotSamples, calibration: Calibration) -> dict[tuple[int, int], float]:
    """Return, for every two tracks on screen at once, the log-odds that they look the same."""
    found = {}
    for one, two in combinations(range(len(samples.tracks)), 2):
        both = np.flatnonzero(samples.seen["body"][one] & samples.seen["body"][two])
        if len(both) >= MIN_SAMPLES:
            span = slice(int(both[0]), int(both[-1]) + 1)
            means = [samples.means(track, span) for track in (one, two)]
            similarity = calibration.similarities(cosines_between(means[:1], means[1:]))
            found[one, two] = float(Compared.of(similarity, calibration).log_odds[0, 0])
    return found


def _asked(scene: Scene, pair: tuple[int, int], twins: float, part: Moments) -> Features:
    return features_of(scene.samples, *pair, part, scene.calibration, twins=twins)


def find(scene: Scene) -> list[Explained]:
    """Return which two look like one person, from when on."""
    samples = scene.samples
    alike = alike_at_once(samples, scene.calibration)
    found = []
    for pair in combinations(range(len(samples.tracks)), 2):
        moments = moments_of(samples, *pair)
        if not len(moments):
            continue
        others = [odds for other, odds in alike.items() if other != pair]
        ask = partial(_asked, scene, pair, max([scene.twins, *others]))
        asked = Asked.about(samples, moments, ask, scene.model["clone"])
        best = best_of(asked.log_odds, asked.judged, scene.settings.least_log_odds)
        if best is not None:
            start = int(samples.frames[int(moments.first[best])])
            moment = moments.take(np.array([best]))
            row = features_at(ask(moment)[0], 0)
            two = _copy_last(samples, pair, moment, scene.calibration)
            found.append(_explained(samples, two, start, row, float(asked.log_odds[best])))
    return found


def _copy_last(
    samples: ShotSamples, pair: tuple[int, int], moment: Moments, calibration: Calibration
) -> tuple[int, int]:
    """Return two tracks, last the one that looks less like itself before a moment.

    If either became a copy of the other, it was that one.
    """
    stays = [beside_itself(samples, k, moment, calibration).log_odds.item() for k in pair]
    one, two = pair
    return (two, one) if stays[0] < stays[1] else (one, two)


def _explained(
    samples: ShotSamples,
    pair: tuple[int, int],
    start: int,
    features: dict[str, float],
    log_odds: float,
) -> Explained:
    one, two = (samples.tracks[k].frame for k in pair)
    frames = np.intersect1d(one, two)
    if features["had_before"] == 0:  # they are one from the first frame that shows both
        start = int(frames[0])
    # Whether somebody appears in full view, or comes in over the edge, pixels say (`presence.py`).
    return Explained(
        "clone", pair, start, int(frames[-1]) + 1, log_odds,
        features["network"] + 0.5, features, vouched=has_become(features),
    )  # fmt: skip


def has_become(features: Mapping[str, float]) -> bool:
    """Tell whether one of the two came to look like the other at the moment it begins."""
    return features["became"] >= _BECAME


def may_be_clones(found: Explained, segments: Sequence[Segment]) -> bool:
    """Tell whether similarity says anything: not of two with other hair or another face.

    Nor of two in black, unless one of them came to look so, or appeared, at a moment, or both show
    one face.
    """
    one, two = (segments[k] for k in found.segments)
    faces = _alike_in_face(one.means, two.means)
    has_a_moment = has_become(found.features) or found.features["appears"] > 0
    more_than_black = has_a_moment or faces >= _ONE_FACE
    if not more_than_black and wears_black(one) and wears_black(two):
        return False
    return not faces < _OTHER_FACE and not _other_hair(one.means, two.means)


def shows_one_face(found: Explained, segments: Sequence[Segment]) -> bool:
    """Tell whether both of a clone show one face, as two who are dressed alike do not."""
    one, two = (segments[k].means for k in found.segments)
    return _alike_in_face(one, two) >= _ONE_FACE


def _alike_in_face(one: Means, two: Means) -> float:
    """Return how alike two faces are, 1 = one person's; NaN where one of them is not seen."""
    if "face" not in one or "face" not in two:
        return float("nan")
    return float(FACE_SCALE.similarity(float(one["face"] @ two["face"])))


def _other_hair(one: Means, two: Means) -> bool:
    """Tell whether two who are seen from one side have hair that no one person has."""
    if not {"hair", "facing"} <= one.keys() & two.keys():
        return False
    turned = abs(float(one["facing"][0] - two["facing"][0]))
    a, b = one["hair"], two["hair"]
    cosine = float(a @ b / np.sqrt((a @ a) * (b @ b)))
    return turned <= SAME_FACING and HAIR_SCALE.similarity(cosine) < 0


def wears_black(segment: Segment) -> bool:
    """Tell whether all clothes in view are so dark that many others' look the same."""
    seen = [cue for cue in _CLOTHES if cue in segment.means]
    return bool(seen) and all(mean_lightness(segment.means[cue]) < _BLACK for cue in seen)
