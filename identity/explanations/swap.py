"""Two who exchange identity: "crossed" fits better than "straight" over one moment.

Needs no known moment: in clean clips no moment of any pair looks like one, since both have to
become like the other at once. A swap over some frames is asked about with the frames between left
out.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np

from identity.evidence.around import beside_itself
from identity.evidence.logistic import AGAINST, FOR, Bounds
from identity.evidence.moments import (
    MIN_SAMPLES,
    Moments,
    circumstances,
    exact_frame,
    fast_moments,
)
from identity.evidence.samples import COLOURS, NETWORKS, ShotSamples, compare
from identity.explanations.asked import Asked
from identity.explanations.change import SPAN_BOUNDS
from identity.explanations.contract import Explained, best_of, features_at
from identity.tracks.body_track import FAST_S, WINDOW_S

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import NDArray

    from identity.appearance.looks import Cue
    from identity.evidence.calibration import Calibration
    from identity.evidence.same_look import Compared
    from identity.explanations.contract import Scene
    from identity.tracks.crossings import Crossing

FEATURES: Mapping[str, Bounds] = {
    "gain": FOR, "worse": FOR, "crossed": FOR, "network": FOR, "colour": FOR, "leap": AGAINST,
    "touch": AGAINST, "samples": FOR, "score": FOR, "span": SPAN_BOUNDS,
}  # fmt: skip

# Similarity, 1 = all that tells two people apart: by less two who are alike seem to exchange, there
# and back. In planted, labelled and free clips one of 23 right exchanges is below (minor), and of
# nine wrong ones five, with the three of them that are major.
_MIN_GAIN = 0.2
_PASSING_S = 0.1  # a look is seen every so often only: a change so near to a meeting is its
_LEAP = 0.6  # a box that moves so far at once lies on another body: the tracker went over to it


@dataclass(frozen=True, slots=True, eq=False)
class PairCompared:
    """The four comparisons of two tracks over M moments."""

    straight: tuple[Compared, Compared]
    crossed: tuple[Compared, Compared]

    @property
    def sides(self) -> tuple[tuple[Compared, Compared], tuple[Compared, Compared]]:
        """Both beside themselves, then beside each other."""
        return self.straight, self.crossed

    @property
    def gain(self) -> NDArray[np.float64]:
        """(M,) by how much "crossed" beats "straight", log-odds for each of the two."""
        (a, b), (c, d) = self.straight, self.crossed
        return (c.log_odds + d.log_odds - a.log_odds - b.log_odds) / 2


def compare_pair(
    samples: ShotSamples, one: int, two: int, moments: Moments, calibration: Calibration
) -> PairCompared:
    """Return how two tracks compare with themselves and with each other."""
    before, after = moments.before, moments.after
    both = samples.agreement(one, two)
    straight = tuple(beside_itself(samples, k, moments, calibration) for k in (one, two))
    crossed = (
        compare(both, before, after, calibration),
        compare(both.turned(), before, after, calibration),
    )
    return PairCompared((straight[0], straight[1]), crossed)


def features_of(
    samples: ShotSamples,
    one: int,
    two: int,
    moments: Moments,
    calibration: Calibration,
    *,
    min_samples: int = MIN_SAMPLES,
) -> tuple[dict[str, NDArray[np.float64]], NDArray[np.bool_]]:
    """Return the features of M moments, each (M,), and which of them can be judged at all."""
    pair = compare_pair(samples, one, two, moments, calibration)
    sides = [circumstances(samples, track, moments) for track in (one, two)]
    fewest = np.minimum(sides[0].samples, sides[1].samples)
    judged = np.asarray((fewest >= min_samples) & crossed_is_ahead(pair), np.bool_)
    return looks_features(pair) | {
        "leap": np.maximum(np.maximum(sides[0].jump, sides[1].jump) - _LEAP, 0),
        "touch": np.maximum(sides[0].touch, sides[1].touch),
        "samples": np.log(fewest.clip(1, 8)),
        "score": np.minimum(sides[0].score, sides[1].score),
        "span": (moments.first - moments.last) / samples.per_s,
    }, judged


def crossed_is_ahead(pair: PairCompared) -> NDArray[np.bool_]:
    """Return (M,) whether both look more like the other than like themselves, beyond a doubt.

    Two who are alike do neither; so does who was seen on one side only (NaN).
    """
    (a, b), (c, d) = pair.straight, pair.crossed
    worse = np.minimum(c.log_odds - a.log_odds, d.log_odds - b.log_odds)
    enough = _gain_of(pair, NETWORKS) >= _MIN_GAIN
    return np.asarray((np.nan_to_num(worse, nan=-1.0) > 0) & enough, np.bool_)


def looks_features(pair: PairCompared) -> dict[str, NDArray[np.float64]]:
    """Return what the looks alone say, each (M,)."""
    (a, b), (c, d) = pair.straight, pair.crossed
    return {
        "gain": pair.gain,
        "worse": np.minimum(c.log_odds - a.log_odds, d.log_odds - b.log_odds),
        "crossed": np.minimum(c.log_odds, d.log_odds),
        "network": _gain_of(pair, NETWORKS),
        "colour": _gain_of(pair, COLOURS),
    }


def _gain_of(pair: PairCompared, cues: tuple[Cue, ...]) -> NDArray[np.float64]:
    """Return (M,) by how much similarity "crossed" beats "straight", mean of the cues."""
    gains = []
    for cue in cues:
        if all(cue in found.similarity for found in (*pair.crossed, *pair.straight)):
            c, d, a, b = (found.similarity[cue] for found in (*pair.crossed, *pair.straight))
            gains.append((c + d - a - b) / 2)
    if not gains:
        return np.full(len(pair.gain), np.nan)
    known = ~np.isnan(gains)
    return np.asarray(
        np.where(known, gains, 0).sum(axis=0) / np.maximum(known.sum(axis=0), 1), np.float64
    )


def both_seen(samples: ShotSamples, one: int, two: int) -> tuple[int, int]:
    """Return from which to which sample both were looked at; nothing where they never were."""
    seen = [np.flatnonzero(samples.seen["body"][track]) for track in (one, two)]
    if not all(len(rows) for rows in seen):
        return 0, 0
    return max(int(rows[0]) for rows in seen), min(int(rows[-1]) for rows in seen) + 1


def moments_of(samples: ShotSamples, low: int, high: int) -> Moments:
    """Return all moments between two samples; no window reaches beyond them."""
    if high - low < 2 * MIN_SAMPLES:
        return Moments.between(samples, [])
    return fast_moments(samples, low, high)


def find(scene: Scene) -> list[Explained]:
    """Return the exchanges of each two, one after the other where they change back."""
    found = []
    samples = scene.samples
    for pair in combinations(range(len(samples.tracks)), 2):
        meetings = samples.crossings(*pair)
        for span in between_meetings(samples, both_seen(samples, *pair), meetings):
            found += _exchanges(scene, pair, span) or _as_one(_for_a_moment(scene, pair, span))
        behind = (_behind(scene, pair, meeting) for meeting in meetings)
        found += [one for one in behind if one is not None]
    return found


def of_each_two(
    scene: Scene,
    surest: Callable[[Scene, tuple[int, int], tuple[int, int]], Explained | None],
) -> list[Explained]:
    """Return the surest of what is explained beside the meetings of each two.

    Args:
        scene: The shot.
        surest: What is surest of two tracks between two samples; `None` = nothing.
    """
    samples, found = scene.samples, []
    for pair in combinations(range(len(samples.tracks)), 2):
        meetings = samples.crossings(*pair)
        spans = between_meetings(samples, both_seen(samples, *pair), meetings)
        told = [one for span in spans if (one := surest(scene, pair, span)) is not None]
        found += sorted(told, key=lambda one: -one.log_odds)[:1]
    return found


def _explained(
    pair: tuple[int, int],
    frame: int,
    log_odds: float,
    features: dict[str, NDArray[np.float64]],
    moment: Moments,
) -> Explained:
    row = features_at(features, 0)
    old = int(moment.start[0]), int(moment.last[0])
    return Explained("swap", pair, frame, frame + 1, log_odds, row["network"], row, old=old)


def between_meetings(
    samples: ShotSamples, span: tuple[int, int], meetings: Sequence[Crossing]
) -> list[tuple[int, int]]:
    """Return the stretches of samples beside all meetings, where motion follows each of two.

    Where two pass, the tracks may have changed bodies: that is asked separately.
    """
    reach = _PASSING_S * samples.fps
    spans, low = [], span[0]
    for meeting in meetings:
        stop = int(np.searchsorted(samples.frames, meeting.first_frame - reach, side="right"))
        spans.append((low, min(stop, span[1])))
        low = max(low, int(np.searchsorted(samples.frames, meeting.last_frame + reach)))
    return [*spans, (low, span[1])]


def _exchanges(scene: Scene, pair: tuple[int, int], span: tuple[int, int]) -> list[Explained]:
    """Return the exchanges of two between two samples: the surest, then those on either side of it.

    Looks beyond an exchange are of the other one, so no window reaches over it. Of two who exchange
    once more beside it, and back, nobody can say which undoes which: each is told.
    """
    samples, known = scene.samples, Asked.nothing()
    found: list[Explained] = []
    spans = [span]  # of a take of hours there may be more than calls may be nested
    while spans:
        part = spans.pop()
        asked = known.of(
            samples,
            moments_of(samples, *part),
            lambda some: features_of(samples, *pair, some, scene.calibration),
            scene.model["swap"],
        )
        known = known if len(known.moments) else asked
        best = best_of(asked.log_odds, asked.judged, scene.settings.least_log_odds)
        if best is None:
            if part != span:
                found += _for_a_moment(scene, pair, part)
            continue
        moments = asked.moments
        one = _told(scene, pair, moments, best, float(asked.log_odds[best]))
        found.append(one)
        # Two who are alike seem to exchange again and again.
        if one.confidence >= scene.settings.major_confidence:
            spans += [(int(moments.first[best]), part[1]), (part[0], int(moments.last[best]))]
    return found


def _for_a_moment(scene: Scene, pair: tuple[int, int], span: tuple[int, int]) -> list[Explained]:
    """Return the exchange of two who change back within a second, and the return; else nothing.

    A window of a second holds looks from before, between and after it, so shorter ones are
    compared; that there are two moments, one the undoing of the other, makes up for it.
    """
    samples, (low, high) = scene.samples, span
    least = scene.settings.least_log_odds
    last = np.arange(low + MIN_SAMPLES, high - MIN_SAMPLES + 1)
    pairs = np.stack([last, last], axis=1)
    moments = Moments.between(samples, pairs, low=low, high=high, window_s=FAST_S / 2)
    if not len(moments):
        return []
    asked = Asked.about(
        samples,
        moments,
        lambda part: features_of(samples, *pair, part, scene.calibration),
        scene.model["swap"],
    )
    odds = np.where(asked.judged, asked.log_odds, -np.inf)
    best: tuple[float, int, int] | None = None
    likely = np.flatnonzero(odds >= least)
    at = moments.last[likely]
    for one, last in zip(likely.tolist(), at.tolist(), strict=True):
        low, high = np.searchsorted(at, (last, last + WINDOW_S * samples.per_s), side="right")
        for two in likely[low:high].tolist():
            if (moments.last[two] - last) / samples.per_s > 1 / samples.per_s:
                both = float(min(odds[one], odds[two]))
                best = max(best or (both, one, two), (both, one, two))
    if best is None:
        return []
    return [_told(scene, pair, moments, at, best[0]) for at in best[1:]]


def _told(
    scene: Scene, pair: tuple[int, int], moments: Moments, at: int, log_odds: float
) -> Explained:
    """Return the exchange at one of many moments, with what it was judged by."""
    frame = exact_frame(scene.samples, pair, moments, at)
    one = moments.take(np.array([at]))
    features, _ = features_of(scene.samples, *pair, one, scene.calibration)
    return _explained(pair, frame, log_odds, features, one)


def _as_one(ends: list[Explained]) -> list[Explained]:
    """Return an exchange with its return as the one error that it is."""
    return [replace(ends[0], undone_frame=ends[1].start_frame)] if ends else []


def _behind(scene: Scene, pair: tuple[int, int], meeting: Crossing) -> Explained | None:
    """Return the exchange behind a meeting through which motion followed both; else `None`.

    Looks from within the meeting are of both bodies, so those right before and after it are
    compared, and that the boxes touched says nothing: motion vouches for them.
    """
    if meeting.tracks != "stayed":
        return None
    samples = scene.samples
    last = int(np.searchsorted(samples.frames, meeting.first_frame, side="right"))
    first = int(np.searchsorted(samples.frames, meeting.last_frame))
    if not 0 < last <= first < len(samples.frames):
        return None
    moment = Moments.between(samples, [(last, first)])
    features, judged = features_of(samples, *pair, moment, scene.calibration, min_samples=1)
    vouched = {**features, **dict.fromkeys(("touch", "leap", "span"), np.zeros(1))}
    odds = scene.model["swap"].log_odds(vouched)
    if best_of(odds, judged, scene.settings.least_log_odds) is None:
        return None
    return _explained(pair, meeting.moment, float(odds[0]), vouched, moment)
