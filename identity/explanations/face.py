"""One whose face alone changes: glasses, a beard, paint around the eyes or a mask over the mouth.

The looks of the body and of the whole head hardly notice it, so nobody becomes somebody else. What
notices are the colours of two levels of a head that faces the camera. Talking, a hand, a turn and
light move them too, so each side has to be calm beside the step, the step has to last, and whoever
else is there must not take it at the same time. It is a hint to look there and stops no release.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from identity.evidence.consistency import curve_from
from identity.evidence.logistic import AGAINST, FOR, Bounds
from identity.evidence.moments import FAST_S, MIN_SAMPLES, Moments, circumstances, fast_moments
from identity.evidence.samples import LEVELS, compare
from identity.explanations.asked import Asked
from identity.explanations.change import light_between, mean_of, turn_between
from identity.explanations.contract import Explained, best_of, features_at, log_odds_of
from identity.tracks.body_track import fully_visible_span

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from identity.appearance.looks import Cue
    from identity.evidence.calibration import Calibration
    from identity.evidence.samples import ShotSamples, Stretch
    from identity.explanations.contract import Kind, Scene

KINDS: tuple[Kind, ...] = ("drift",)
FEATURES: Mapping[str, Bounds] = {
    "changed": FOR, "step": FOR, **dict.fromkeys(LEVELS, FOR), "both": AGAINST,
    "head_look": AGAINST, "hair": AGAINST, "upper": AGAINST, "network": AGAINST,
    "noise": AGAINST, "returns": AGAINST, "others": AGAINST, "turn": AGAINST, "zoom": AGAINST,
    "jump": AGAINST, "touch": AGAINST, "light": AGAINST, "samples": FOR, "score": FOR,
    "size": FOR, "span": AGAINST,
}  # fmt: skip
_BODY: tuple[Cue, ...] = ("body", "upper_look")

_MIN_LOOKS = 3  # at a face on either side
# Log-odds by which it has to be surer than what is told of a whole look: of film without any error
# one face in eight is believed otherwise, and one in twenty-five so.
_DOUBTED = log_odds_of(0.75)
_LEAST = 0.1  # similarity that a level loses, below which no moment is worth a look
_BODY_STAYS = 0.5  # similarity that the body may lose: more is somebody else, or a cut
_REFRAMED = 0.3  # logarithm: a head 1.35 times as large is another picture of a face
_MOST = 1.5  # of a loss: more of it says no more


def moments_of(samples: ShotSamples, track: int, calibration: Calibration) -> Moments:
    """Return all moments at which the colours of a level of the head change at all."""
    nothing = Moments.between(samples, [])
    if not all(level in samples.looks for level in LEVELS):
        return nothing
    first, last = fully_visible_span(samples.tracks[track], samples.tracks, fps=samples.fps)
    there = (samples.frames >= first) & (samples.frames <= last)
    seen = np.flatnonzero(samples.seen[LEVELS[0]][track] & there)
    if len(seen) < 2 * MIN_SAMPLES:
        return nothing
    moments = fast_moments(samples, int(seen[0]), int(seen[-1]) + 1)
    moves = np.zeros(len(moments), np.bool_)
    for rows in samples.parts(moments.last):
        moves[rows] = _changed(_lost(samples, track, moments.take(rows), calibration)) >= _LEAST
    return moments.take(np.flatnonzero(moves))


def features_of(
    samples: ShotSamples, track: int, moments: Moments, calibration: Calibration
) -> tuple[dict[str, NDArray[np.float64]], NDArray[np.bool_]]:
    """Return the features of M moments, each (M,), and which of them can be judged at all."""
    before, after = moments.before, moments.after
    lost = _lost(samples, track, moments, calibration)
    changed = _changed(lost)
    counts = samples.counts(LEVELS[0], track)
    number = np.minimum(*(counts[stop] - counts[start] for start, stop in (before, after)))
    seen_as = circumstances(samples, track, moments)
    judged = np.asarray((number >= _MIN_LOOKS) & (changed >= _LEAST), np.bool_)
    similarity = compare(samples.agreement(track, track), before, after, calibration).similarity
    network = 1 - mean_of(similarity, _BODY)
    judged &= (seen_as.zoom <= _REFRAMED) & (network <= _BODY_STAYS)
    unknown = np.full(len(moments), np.nan)
    inside = [_within(samples, track, level, moments, calibration) for level in LEVELS]
    return {
        "changed": changed,
        "step": _step(samples, track, moments, calibration),
        **{level: np.clip(lost[level], 0, _MOST) for level in LEVELS},
        # A head that nods or turns moves all of its levels; glasses or a beard change one.
        "both": np.clip(np.fmin(*lost.values()), 0, _MOST),
        "head_look": 1 - similarity.get("head_look", unknown),
        "hair": 1 - similarity.get("hair", unknown),
        "upper": 1 - similarity.get("upper", unknown),
        "network": network,
        "noise": 1 - np.fmin(*inside),
        "returns": _returns(samples, track, moments, calibration),
        "others": _others(samples, track, moments, calibration),
        "turn": turn_between(samples, track, before, after),
        "zoom": seen_as.zoom,
        "jump": seen_as.jump,
        "touch": seen_as.touch,
        "light": light_between(samples, before, after),
        "samples": np.log(number.clip(1, 8)),
        "score": seen_as.score,
        "size": np.log(np.maximum(seen_as.height_px, 8) / 100),
        "span": (moments.first - moments.last) / samples.per_s,
    }, judged


def _lost(
    samples: ShotSamples, track: int, moments: Moments, calibration: Calibration
) -> dict[Cue, NDArray[np.float64]]:
    """Return (M,) what each level loses beyond what the restless side varies; NaN = not seen."""
    return {
        level: _within(samples, track, level, moments, calibration)
        - _alike(samples, track, level, (moments.before, moments.after), calibration)
        for level in LEVELS
    }


def _changed(lost: Mapping[Cue, NDArray[np.float64]]) -> NDArray[np.float64]:
    """Return (M,) the larger loss of the levels, from 0 to 1.5; NaN where neither is seen."""
    return np.asarray(np.clip(np.fmax(*lost.values()), 0, _MOST), np.float64)


def _step(
    samples: ShotSamples, track: int, moments: Moments, calibration: Calibration
) -> NDArray[np.float64]:
    """Return (M,) how unlike the looks right beside a moment are, of the level that changes more.

    Whoever turns or talks does it over many samples, and little from one to the next.
    """
    (start, last), (first, stop) = moments.before, moments.after
    near = (np.maximum(last - 2, start), last), (first, np.minimum(first + 2, stop))
    alike = (_alike(samples, track, level, near, calibration) for level in LEVELS)
    return np.asarray(np.clip(1 - np.fmin(*alike), 0, _MOST), np.float64)


def _within(
    samples: ShotSamples, track: int, level: Cue, moments: Moments, calibration: Calibration
) -> NDArray[np.float64]:
    """Return (M,) how alike the halves of either side are, of the side where they are less so."""
    (start, last), (first, stop) = moments.before, moments.after
    middle, later = (start + last) // 2, (first + stop) // 2
    sides = (((start, middle), (middle, last)), ((first, later), (later, stop)))
    return np.fmin(*(_alike(samples, track, level, side, calibration) for side in sides))


def _alike(
    samples: ShotSamples,
    track: int,
    level: Cue,
    sides: tuple[Stretch, Stretch],
    calibration: Calibration,
) -> NDArray[np.float64]:
    cosine = samples.agreement(track, track).mean(level, *sides)
    return calibration.similarity(level, cosine)


def _returns(
    samples: ShotSamples, track: int, moments: Moments, calibration: Calibration
) -> NDArray[np.float64]:
    """Return (M,) by how much the old colours come back, or the new ones were there before.

    Half a second away from the moment: a hand, or a mouth that opened, is gone then.
    """
    window = moments.stop - moments.first + moments.last - moments.start
    half_s = max(1, round(FAST_S * samples.per_s))
    grid = len(samples.frames)
    later = np.minimum(moments.first + half_s, grid), np.minimum(moments.stop + window, grid)
    earlier = np.maximum(moments.start - window, 0), np.maximum(moments.last - half_s, 0)
    back = np.zeros(len(moments))
    for level in LEVELS:
        across = _alike(samples, track, level, (moments.before, moments.after), calibration)
        for sides in ((moments.before, later), (earlier, moments.after)):
            again = _alike(samples, track, level, sides, calibration)
            back = np.fmax(back, again - across)
    return np.asarray(np.clip(back, 0, _MOST), np.float64)


def _others(
    samples: ShotSamples, track: int, moments: Moments, calibration: Calibration
) -> NDArray[np.float64]:
    """Return (M,) what the face of anybody else changes at most meanwhile: that is the light."""
    worst = np.zeros(len(moments))
    for other in range(len(samples.tracks)):
        if other != track:
            worst = np.fmax(worst, _changed(_lost(samples, other, moments, calibration)))
    return worst


def find(scene: Scene) -> list[Explained]:
    """Return whose face changes at a moment, of whom nothing else is known.

    Of numbers that were fitted before there was this explanation nobody can be asked.
    """
    if "face" not in scene.model.explanations:
        return []
    known = {k for one in scene.explained for k in one.tracks}
    found = []
    for track in range(len(scene.tracks)):
        one = None if track in known else _change_of(scene, track)
        if one is not None:
            found.append(one)
    return found


def _change_of(scene: Scene, track: int) -> Explained | None:
    samples, calibration = scene.samples, scene.calibration
    moments = moments_of(samples, track, calibration)
    if not len(moments):
        return None
    asked = Asked.about(
        samples,
        moments,
        lambda part: features_of(samples, track, part, calibration),
        scene.model["face"],
    )
    best = best_of(asked.log_odds, asked.judged, scene.settings.least_log_odds + _DOUBTED)
    if best is None:
        return None
    one = moments.take(np.array([best]))
    features = features_at(features_of(samples, track, one, calibration)[0], 0)
    old = int(one.start[0]), int(one.last[0])
    level = max(LEVELS, key=lambda cue: features[cue])
    return Explained(
        "drift", (track,),
        int(samples.frames[int(one.last[0]) - 1]) + 1, int(samples.frames[int(one.first[0])]) + 1,
        float(asked.log_odds[best]),
        max(features["network"], 0.0),  # of a look as a whole
        features, attribute="face", vouched=False,
        curves={track: curve_from(samples, track, old, (level,), calibration)},
    )  # fmt: skip
