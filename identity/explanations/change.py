"""One who becomes another: at once or within half a second (morph), or slowly (drift).

Both are one question: are the looks before a stretch of time those after it? What makes the answer
trustworthy are the features below: a box that jumps has gone over to somebody else, one that grows
shows another part of the body, a turn shows another side, and what everybody loses is light.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from identity.cast.same_head import same_heads
from identity.evidence.around import around, beside_itself
from identity.evidence.consistency import curve_from
from identity.evidence.course import Course, course_of
from identity.evidence.logistic import AGAINST, FOR, Bounds
from identity.evidence.moments import (
    MIN_SAMPLES,
    Moments,
    Totals,
    circumstances,
    exact_frame,
    fast_moments,
    mean_over,
    slow_moments,
)
from identity.evidence.same_look import mean_of
from identity.evidence.samples import COLOURS, NETWORKS, ShotSamples, Stretch, compare
from identity.explanations import other_clothes
from identity.explanations.asked import Asked
from identity.explanations.contract import Explained, best_of, features_at
from identity.tracks.body_track import FAST_S, fully_visible_span
from scenes.arrays import without_nan

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from identity.appearance.looks import Cue
    from identity.evidence.around import Around
    from identity.evidence.calibration import Calibration
    from identity.explanations.contract import Kind, Scene

    Means = Mapping[Cue, NDArray[np.float32]]


# A second between two sides leaves looks time to change by themselves, but not so much of it that
# nothing slower than a jump could be told.
SPAN_BOUNDS: Bounds = (-3.0, 0.0)
FEATURES: Mapping[str, Bounds] = {
    "unlike": FOR, "network": FOR, "colour": FOR, "hair": FOR, "noise": AGAINST, "jump": AGAINST,
    "zoom": AGAINST, "turn": AGAINST, "others": AGAINST, "together": FOR, "touch": AGAINST,
    "samples": FOR, "score": FOR, "size": FOR, "returns": AGAINST, "step": FOR,
    "span": SPAN_BOUNDS, "light": AGAINST,
}  # fmt: skip

_NETWORKS_LOSE = 0.25  # similarity; light moves the colours and not the networks
_LEAP = 0.5  # share of a change that comes from one look to the next
_COMES_BACK = 0.3  # log-odds from which the old look is held to be back: it was hidden
REFRAMED = 0.6  # logarithm: a box 1.8 times as large shows another part of a body, or two bodies


def moments_of(samples: ShotSamples, track: int, *, slow: bool) -> Moments:
    """Return all moments worth asking about: fast ones, or the slow ones of a whole track.

    Whoever comes in or goes out shows a part of the body only: those looks do not count.
    """
    if not samples.looks:
        return Moments.between(samples, [])
    first, last = fully_visible_span(samples.tracks[track], samples.tracks, fps=samples.fps)
    there = (samples.frames >= first) & (samples.frames <= last)
    seen = np.flatnonzero(samples.seen["body"][track] & there)
    if len(seen) < 2 * MIN_SAMPLES:
        return Moments.between(samples, [])
    return (slow_moments if slow else fast_moments)(samples, int(seen[0]), int(seen[-1]) + 1)


def features_of(
    samples: ShotSamples, track: int, moments: Moments, calibration: Calibration
) -> tuple[dict[str, NDArray[np.float64]], NDArray[np.bool_]]:
    """Return the features of M moments, each (M,), and which of them can be judged at all."""
    beside = around(samples, track, moments, calibration)
    found = beside.over
    seen_as = circumstances(samples, track, moments)
    returns = _returns(beside)
    judged = np.asarray((seen_as.samples >= MIN_SAMPLES) & np.isfinite(found.log_odds), np.bool_)
    lost = 1 - mean_of(found.similarity, NETWORKS)
    judged &= (seen_as.zoom <= REFRAMED) & (returns <= _COMES_BACK) & (lost >= _NETWORKS_LOSE)
    noise = np.fmin(*(half.log_odds for half in beside.within))
    others, together = _others(samples, track, moments, calibration)
    similarity = found.similarity
    return {
        "unlike": -found.log_odds,
        "network": lost,
        "colour": 1 - _second_smallest(similarity, COLOURS),
        "hair": 1 - similarity.get("hair", np.full(len(moments), np.nan)),
        "noise": np.maximum(-noise, -2.0),
        "jump": seen_as.jump,
        "zoom": seen_as.zoom,
        "turn": turn_of(samples, track, moments),
        "others": others,
        "together": together,
        "touch": seen_as.touch,
        "samples": np.log(seen_as.samples.clip(1, 8)),
        "score": seen_as.score,
        "size": np.log(np.maximum(seen_as.height_px, 8) / 100),
        "returns": returns,
        "step": -beside.step.log_odds,
        "span": (moments.first - moments.last) / samples.per_s,
        "light": light_of(samples, *moments.sides),
    }, judged


def _returns(beside: Around) -> NDArray[np.float64]:
    """Return (M,) log-odds in [-1, 2] that the old look comes back, or was there before this one.

    Half a second after the moment, or before it: what passes in front of somebody is gone then.
    """
    odds = np.fmax(beside.back.log_odds, beside.already.log_odds)
    return np.asarray(np.clip(without_nan(odds, -1.0), -1, 2), np.float64)


def _others(
    samples: ShotSamples, track: int, moments: Moments, calibration: Calibration
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return (M,) how unlike itself anybody else is at most, and (M,) whether anybody was there."""
    worst = np.full(len(moments), -2.0)
    seen = np.zeros(len(moments))
    for other in range(len(samples.tracks)):
        if other == track:
            continue
        found = beside_itself(samples, other, moments, calibration).log_odds
        known = np.isfinite(found)
        worst[known] = np.maximum(worst[known], -found[known])
        seen[known] = 1.0
    return np.minimum(worst, 2.0), seen


def turn_of(samples: ShotSamples, track: int, moments: Moments) -> NDArray[np.float64]:
    """Return (M,) by how much the cosine of facing differs; NaN where it is not known."""
    if "facing" not in samples.looks:
        return np.full(len(moments), np.nan)
    cosine = samples.once("facing totals", track, lambda: Totals.of(samples.facing(track)))
    sides = [mean_over(cosine, *side, empty=np.nan) for side in moments.sides]
    return np.asarray(np.abs(sides[0] - sides[1]), np.float64)


def light_of(samples: ShotSamples, before: Stretch, after: Stretch) -> NDArray[np.float64]:
    """Return (M,) how far the colour of the set moves, in tens of CIE Lab units, 3 at most."""
    moved = [
        mean_over(totals, *before, empty=np.nan) - mean_over(totals, *after, empty=np.nan)
        for totals in samples.once("tone", -1, lambda: [Totals.of(c) for c in samples.tone.T])
    ]
    return np.asarray(np.minimum(np.sqrt(np.square(moved).sum(axis=0)) / 10, 3.0), np.float64)


def _second_smallest(
    similarity: dict[Cue, NDArray[np.float64]], cues: tuple[Cue, ...]
) -> NDArray[np.float64]:
    """Return (M,) the second smallest similarity of the cues seen; NaN where fewer than two are.

    A turn, or a hand before the chest, moves one colour; another person moves two.
    """
    count = len(next(iter(similarity.values())))
    rows = np.array([similarity[cue] for cue in cues if cue in similarity]).reshape(-1, count)
    if len(rows) < 2:
        return np.full(count, np.nan)
    return np.asarray(np.sort(rows, axis=0)[1], np.float64)


def find(scene: Scene) -> list[Explained]:
    """Return who becomes somebody else, at a moment or slowly."""
    tracks = range(len(scene.tracks))
    found = [e for k in tracks if (e := _change_of(scene, k)) and not _may_be_mixed(e, scene)]
    return apart(found, fps=scene.samples.fps)


def _change_of(scene: Scene, track: int) -> Explained | None:
    """Return how a track most likely becomes somebody else: at a moment, slowly, or not at all."""
    samples, calibration = scene.samples, scene.calibration
    candidates: list[_Candidate] = []
    for slow in (False, True):
        moments = moments_of(samples, track, slow=slow)
        if not len(moments):
            continue
        asked = Asked.about(
            samples,
            moments,
            lambda part: features_of(samples, track, part, calibration),
            scene.model["drift" if slow else "morph"],
        )
        best = best_of(asked.log_odds, asked.judged, scene.settings.least_log_odds)
        if best is not None:
            candidates.append(_Candidate(slow, float(asked.log_odds[best]), best, moments))
    if not candidates:
        return None
    surest = max(candidates, key=lambda c: c.log_odds)
    course = _course(samples, track, candidates)
    at_once = course is None or not course.slow or _leaps(scene, track, candidates)
    fast = next((c for c in candidates if not c.slow), None)
    if fast is not None and at_once:
        frame = exact_frame(samples, (track,), fast.moments, fast.at)
        return _explained(scene, "morph", track, (frame, frame + 1), surest.log_odds, fast)
    begin, end = int(surest.moments.last[surest.at]) - 1, int(surest.moments.first[surest.at])
    if course is not None and course.slow:
        begin, end = course.start, course.stop
    start = int(samples.frames[max(begin, 0)])
    stop = int(samples.frames[min(end, len(samples.frames) - 1)]) + 1
    return _explained(scene, "drift", track, (start, stop), surest.log_odds, surest)


def _explained(
    scene: Scene, kind: Kind, track: int, frames: tuple[int, int], log_odds: float, by: _Candidate
) -> Explained:
    one = by.moments.take(np.array([by.at]))
    features = features_at(features_of(scene.samples, track, one, scene.calibration)[0], 0)
    old = int(one.start[0]), int(one.last[0])
    curves = {track: curve_from(scene.samples, track, old, NETWORKS, scene.calibration)}
    anew = _is_dressed_anew(scene, track, one)
    # What networks alone see in a slow change may be a turn.
    vouched = kind == "morph" or features["colour"] >= scene.settings.scaled("drift") or anew
    return Explained(
        kind, (track,), *frames, log_odds, features["network"], features, vouched=vouched,
        attribute="clothes" if anew and _keeps_head(scene, track, one) else "", curves=curves,
    )  # fmt: skip


def _is_dressed_anew(scene: Scene, track: int, moment: Moments) -> bool:
    """Tell whether clothes change and the head does not, which is neither a turn nor the light."""
    sides = _sides(scene, track, moment)
    features, comparable = other_clothes.features_of(*sides, scene.calibration)
    odds = scene.model["other_clothes"].log_odds(features)
    return bool(comparable[0, 0] and odds[0, 0] >= scene.settings.least_log_odds)


def _keeps_head(scene: Scene, track: int, moment: Moments) -> bool:
    """Tell whether the head, and the face where it is read, are still the same person's.

    Of people who become somebody else in planted clips none has more than 0.42 of the hair left,
    of those whose clothes alone change none less than 0.98.
    """
    sides = _sides(scene, track, moment)
    return bool(same_heads(*sides, scene.calibration, by_faces=False)[0, 0])


def _sides(scene: Scene, track: int, moment: Moments) -> tuple[Sequence[Means], Sequence[Means]]:
    """Return the mean looks of a track before one moment, and after it."""
    before, after = (
        [scene.samples.means(track, slice(int(start[0]), int(stop[0])))]
        for start, stop in (moment.before, moment.after)
    )
    return before, after


@dataclass(frozen=True, slots=True, eq=False)
class _Candidate:
    """The moment at which one explanation is surest, among all that were asked about."""

    slow: bool
    log_odds: float
    at: int
    moments: Moments


def _stretch(candidates: Sequence[_Candidate]) -> tuple[int, int]:
    """Return from which sample to which anything is known of a change."""
    low = min(int(c.moments.start[c.at]) for c in candidates)
    return low, max(int(c.moments.stop[c.at]) for c in candidates)


def _course(samples: ShotSamples, track: int, candidates: Sequence[_Candidate]) -> Course | None:
    return course_of(samples, track, *_stretch(candidates))


def _leaps(scene: Scene, track: int, candidates: Sequence[_Candidate]) -> bool:
    """Tell whether half of a change, in log-odds, lies between one look and the next.

    Whoever moves on after he has become another is fitted better by a ramp than by a step. Of
    changes planted in free clips 22 of 237 that take half a second at most are held to be slow by
    that alone, none of 94 that take a second at least to be sudden; with this 13 and 1.
    """
    low, high = _stretch(candidates)
    own, calibration = scene.samples.agreement(track, track), scene.calibration
    at = np.arange(low + MIN_SAMPLES, high - MIN_SAMPLES + 1)
    step = compare(own, (at - MIN_SAMPLES, at), (at, at + MIN_SAMPLES), calibration).log_odds
    asked = (c.moments.take(np.array([c.at])) for c in candidates)
    whole = [compare(own, *m.sides, calibration).log_odds.item() for m in asked]
    return float(np.nanmin(step, initial=np.inf)) < _LEAP * min(whole)


def _may_be_mixed(found: Explained, scene: Scene) -> bool:
    """Tell whether the box may have gone over to somebody who passes just then."""
    (own,) = found.tracks
    return any(
        meeting.tracks != "stayed"
        and meeting.first_frame <= found.start_frame <= meeting.last_frame
        for other in range(len(scene.tracks))
        if other != own
        for meeting in scene.samples.crossings(own, other)
    )


def apart(changes: list[Explained], *, fps: float) -> list[Explained]:
    """Leave out what happens to several at one moment: a light or a transition, nobody's error."""
    together = FAST_S / 2 * fps + 1
    return [
        one
        for one in changes
        if not any(
            other is not one and abs(other.start_frame - one.start_frame) <= together
            for other in changes
        )
    ]
