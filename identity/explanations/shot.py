"""What happened in one shot: every explanation is asked about every moment, and the best one wins.

One cause gives one finding: who exchanged looks with somebody has not become somebody else, and
who became a copy of another on screen is a clone and no morph.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import combinations
from typing import TYPE_CHECKING, Literal

import numpy as np

from identity.evidence.moments import MIN_SAMPLES, WINDOW_S, Moments
from identity.evidence.samples import ShotSamples, lay_out
from identity.explanations import change, clone, swap
from identity.explanations.model import confidence_of_odds
from identity.tracks.crossings import find_crossings

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from identity.evidence.calibration import Calibration
    from identity.explanations.model import DecisionModel
    from identity.tracks.body_track import BodyTrack
    from identity.tracks.crossings import Crossing

Kind = Literal["swap", "morph", "drift", "clone"]
_ONE_EVENT_S = 1.0  # two explanations of one track so near in time have one cause
_TOGETHER_S = 0.2  # what happens to several within this is the light, or the whole picture
_BRIEF_S = 0.3  # windows for an exchange that is undone within a second
_SURELY = 0.75  # so sure an exchange must be for another one beside it to be looked for
_PASSING_S = 0.1  # a look is seen every so often only: a change so near to a meeting is its


@dataclass(frozen=True, slots=True)
class Explained:
    """One explanation that is more likely than not.

    Attributes:
        kind: What happened.
        tracks: To whom, indices of the tracks of the shot; of a clone the two that are one.
        start_frame, stop_frame: Half-open.
        log_odds: That it is right.
        features: What it was judged by, for the report.
    """

    kind: Kind
    tracks: tuple[int, ...]
    start_frame: int
    stop_frame: int
    log_odds: float
    features: dict[str, float] = field(default_factory=dict)

    @property
    def confidence(self) -> float:
        """How sure, in (0, 1)."""
        return confidence_of_odds(self.log_odds)


def explain_shot(
    tracks: Sequence[BodyTrack],
    calibration: Calibration,
    model: DecisionModel,
    *,
    fps: float,
    tone: NDArray[np.float32] | None = None,
    twins: float = -2.0,
    least: float = 0.0,
) -> list[Explained]:
    """Return what happened in one shot, the surest first.

    Args:
        tracks: Everybody of the shot.
        calibration: How cosines become log-odds that two looks are one person.
        model: What each explanation costs and what speaks for it.
        fps: Of the clip.
        tone: (F, 3) mean CIE Lab of the set at every frame of the clip; `None` = not known.
        twins: Log-odds of the most alike two at once in the clip's other shots.
        least: Log-odds from which an explanation is kept.
    """
    samples = lay_out(tracks, change.COMPARED, fps=fps, tone=tone)
    if not samples.looks:
        return []
    found = [
        *_swaps(samples, calibration, model, least),
        *_clones(samples, calibration, model, twins, least),
    ]
    changes = [
        e
        for k in range(len(tracks))
        for e in _changes(samples, k, calibration, model, least)
        if not _may_be_mixed(e, tracks, fps=fps)
    ]
    return _one_per_cause([*found, *_apart(changes, fps=fps)], fps=fps)


def most_alike_at_once(
    tracks: Sequence[BodyTrack], calibration: Calibration, *, fps: float
) -> float:
    """Return the log-odds of the most alike two on screen at once; -2 where there are no two."""
    samples = lay_out(tracks, change.COMPARED, fps=fps)
    odds = clone.alike_at_once(samples, calibration).values() if samples.looks else ()
    return max((v for v in odds if np.isfinite(v)), default=-2.0)


def _best(log_odds: NDArray[np.float64], judged: NDArray[np.bool_], least: float) -> int | None:
    """Return the moment with the highest log-odds; `None` = none reaches `least`."""
    if not judged.any():
        return None
    odds = np.where(judged, log_odds, -np.inf)
    best = int(odds.argmax())
    return best if odds[best] >= least else None


def _swaps(
    samples: ShotSamples, calibration: Calibration, model: DecisionModel, least: float
) -> list[Explained]:
    """Return the exchanges of each two, one after the other where they change back."""
    found = []
    for one, two in combinations(range(len(samples.tracks)), 2):
        meetings = find_crossings(samples.tracks[one], samples.tracks[two], fps=samples.fps)
        for span in _between_meetings(samples, swap.both_seen(samples, one, two), meetings):
            lasting = _exchanges(samples, (one, two), span, calibration, model, least)
            found += lasting or _for_a_moment(samples, (one, two), span, calibration, model, least)
        for meeting in meetings:
            behind = _behind(samples, (one, two), meeting, calibration, model, least)
            found += [] if behind is None else [behind]
    return found


def _between_meetings(
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


def _exchanges(
    samples: ShotSamples,
    pair: tuple[int, int],
    span: tuple[int, int],
    calibration: Calibration,
    model: DecisionModel,
    least: float,
) -> list[Explained]:
    """Return the exchanges of two between two samples: the surest, then those on either side of it.

    Looks beyond an exchange are of the other one, so no window reaches over it.
    """
    moments = swap.moments_of(samples, *span)
    if not len(moments):
        return []
    features, judged = swap.features_of(samples, *pair, moments, calibration)
    odds = model["swap"].log_odds(features)
    best = _best(odds, judged, least)
    if best is None:
        return []
    frame = _exact_frame(samples, pair, moments, best)
    one = Explained("swap", pair, frame, frame + 1, float(odds[best]), _row(features, best))
    if one.confidence < _SURELY:  # two who are alike seem to exchange again and again
        return [one]
    sides = (span[0], int(moments.last[best])), (int(moments.first[best]), span[1])
    return [
        one,
        *(e for s in sides for e in _exchanges(samples, pair, s, calibration, model, least)),
    ]


def _for_a_moment(
    samples: ShotSamples,
    pair: tuple[int, int],
    span: tuple[int, int],
    calibration: Calibration,
    model: DecisionModel,
    least: float,
) -> list[Explained]:
    """Return the exchange of two who change back within a second, where both ends of it show.

    A window of a second holds looks from before, between and after it, so shorter ones are
    compared; that there are two moments, one the undoing of the other, makes up for it. The
    return is a part of the one error.
    """
    low, high = span
    pairs = [(s, s) for s in range(low + MIN_SAMPLES, high - MIN_SAMPLES + 1)]
    moments = Moments.between(samples, pairs, low=low, high=high, window_s=_BRIEF_S)
    if not len(moments):
        return []
    features, judged = swap.features_of(samples, *pair, moments, calibration)
    odds = np.where(judged, model["swap"].log_odds(features), -np.inf)
    best: tuple[float, int] | None = None
    for one in np.flatnonzero(odds >= least).tolist():
        for two in np.flatnonzero(odds >= least).tolist():
            apart_s = (moments.last[two] - moments.last[one]) / samples.per_s
            if 1 / samples.per_s < apart_s <= WINDOW_S:
                both = float(min(odds[one], odds[two]))
                best = max(best or (both, one), (both, one))
    if best is None:
        return []
    frame = _exact_frame(samples, pair, moments, best[1])
    return [Explained("swap", pair, frame, frame + 1, best[0], _row(features, best[1]))]


def _behind(
    samples: ShotSamples,
    pair: tuple[int, int],
    meeting: Crossing,
    calibration: Calibration,
    model: DecisionModel,
    least: float,
) -> Explained | None:
    """Return the exchange behind a meeting through which motion followed both; else `None`.

    Looks from within the meeting are of both bodies, so those right before and after it are
    compared, and that the boxes touched says nothing: motion vouches for them.
    """
    if meeting.tracks != "stayed":
        return None
    last = int(np.searchsorted(samples.frames, meeting.first_frame, side="right"))
    first = int(np.searchsorted(samples.frames, meeting.last_frame))
    if not 0 < last <= first < len(samples.frames):
        return None
    moment = Moments.between(samples, [(last, first)])
    features, judged = swap.features_of(samples, *pair, moment, calibration, min_samples=1)
    vouched = {**features, **dict.fromkeys(("touch", "leap", "span"), np.zeros(1))}
    odds = model["swap"].log_odds(vouched)
    if _best(odds, judged, least) is None:
        return None
    frame = meeting.moment
    return Explained("swap", pair, frame, frame + 1, float(odds[0]), _row(vouched, 0))


def _changes(
    samples: ShotSamples, track: int, calibration: Calibration, model: DecisionModel, least: float
) -> list[Explained]:
    """Return how a track most likely becomes somebody else: at a moment, slowly, or not at all."""
    candidates: list[_Candidate] = []
    for slow in (False, True):
        moments = change.moments_of(samples, track, slow=slow)
        if not len(moments):
            continue
        features, judged = change.features_of(samples, track, moments, calibration)
        odds = model["drift" if slow else "morph"].log_odds(features)
        best = _best(odds, judged, least)
        if best is not None:
            candidates.append(_Candidate(slow, float(odds[best]), best, moments, features))
    if not candidates:
        return []
    surest = max(candidates, key=lambda c: c.log_odds)
    course = _course(samples, track, candidates)
    fast = next((c for c in candidates if not c.slow), None)
    if fast is not None and (fast.is_abrupt() or course is None or not course.slow):
        frame = _exact_frame(samples, (track,), fast.moments, fast.at)
        row = _row(fast.features, fast.at)
        return [Explained("morph", (track,), frame, frame + 1, surest.log_odds, row)]
    begin, end = int(surest.moments.last[surest.at]) - 1, int(surest.moments.first[surest.at])
    if course is not None and course.slow:
        begin, end = course.start, course.stop
    start = int(samples.frames[max(begin, 0)])
    stop = int(samples.frames[min(end, len(samples.frames) - 1)]) + 1
    row = _row(surest.features, surest.at)
    return [Explained("drift", (track,), start, stop, surest.log_odds, row)]


@dataclass(frozen=True, slots=True, eq=False)
class _Candidate:
    """The moment at which one explanation is surest, among all that were asked about."""

    slow: bool
    log_odds: float
    at: int
    moments: Moments
    features: dict[str, NDArray[np.float64]]

    def is_abrupt(self) -> bool:
        """Tell whether two looks right beside each other are of two people rather than of one."""
        last, first = self.moments.last, self.moments.first
        beside = (first == last) & (last >= last[self.at] - 1) & (first <= first[self.at] + 1)
        return bool((self.features["step"][beside] > 0).any())


def _course(
    samples: ShotSamples, track: int, candidates: Sequence[_Candidate]
) -> change.Course | None:
    low = min(int(c.moments.start[c.at]) for c in candidates)
    high = max(int(c.moments.stop[c.at]) for c in candidates)
    return change.course_of(samples, track, low, high)


def _clones(
    samples: ShotSamples,
    calibration: Calibration,
    model: DecisionModel,
    twins: float,
    least: float,
) -> list[Explained]:
    alike = clone.alike_at_once(samples, calibration)
    found = []
    for one, two in combinations(range(len(samples.tracks)), 2):
        moments = clone.moments_of(samples, one, two)
        if not len(moments):
            continue
        others = [v for pair, v in alike.items() if pair != (one, two) and np.isfinite(v)]
        features, judged = clone.features_of(
            samples, one, two, moments, calibration, twins=max([twins, *others])
        )
        odds = model["clone"].log_odds(features)
        best = _best(odds, judged, least)
        if best is None:
            continue
        frames = np.intersect1d(samples.tracks[one].frame, samples.tracks[two].frame)
        start = int(samples.frames[int(moments.first[best])])
        at_once = features["had_before"][best] == 0
        start = int(frames[0]) if at_once else start
        found.append(
            Explained(
                "clone", (one, two), start, int(frames[-1]) + 1, float(odds[best]),
                _row(features, best),
            )
        )  # fmt: skip
    return found


def _row(features: dict[str, NDArray[np.float64]], at: int) -> dict[str, float]:
    return {name: float(np.nan_to_num(values[at])) for name, values in features.items()}


def _may_be_mixed(found: Explained, tracks: Sequence[BodyTrack], *, fps: float) -> bool:
    """Tell whether the box may have gone over to somebody who passes just then."""
    (own,) = found.tracks
    return any(
        meeting.tracks != "stayed"
        and meeting.first_frame <= found.start_frame <= meeting.last_frame
        for k, other in enumerate(tracks)
        if k != own
        for meeting in find_crossings(tracks[own], other, fps=fps)
    )


def _apart(changes: list[Explained], *, fps: float) -> list[Explained]:
    """Leave out what happens to several at one moment: a light or a transition, nobody's error."""
    together = _TOGETHER_S * fps + 1
    return [
        one
        for one in changes
        if not any(
            other is not one and abs(other.start_frame - one.start_frame) <= together
            for other in changes
        )
    ]


def _one_per_cause(found: list[Explained], *, fps: float) -> list[Explained]:
    """Return the explanations that no other one explains away, the surest first."""
    rank = {"swap": 0, "clone": 1, "morph": 2, "drift": 3}
    kept: list[Explained] = []
    # Two at once explain more than each by itself, where they are likelier than not at all.
    order = sorted(
        found, key=lambda e: (e.log_odds < 0, rank[e.kind] * (e.log_odds >= 0), -e.log_odds)
    )
    for one in order:
        if not any(_same_cause(one, other, fps=fps) for other in kept):
            kept.append(one)
    return sorted(kept, key=lambda e: -e.log_odds)


def _same_cause(one: Explained, other: Explained, *, fps: float) -> bool:
    if not set(one.tracks) & set(other.tracks):
        return False
    if one.kind == other.kind == "swap":
        return False  # there and back
    if "drift" in (one.kind, other.kind) or set(one.tracks) == set(other.tracks):
        return True  # in the middle of an exchange two look alike
    return abs(one.start_frame - other.start_frame) <= _ONE_EVENT_S * fps


def _exact_frame(samples: ShotSamples, tracks: tuple[int, ...], moments: Moments, at: int) -> int:
    """Return the first frame with the new look, from the colours, which are known at every frame.

    The network saw only every few frames. The step of the colours between its last look before
    the moment and its first one after it tells the frame; where they show none, the first sample.
    """
    last, first = int(moments.last[at]), int(moments.first[at])
    low = int(samples.frames[max(last - 1, 0)]) + 1
    high = int(samples.frames[min(first, len(samples.frames) - 1)])
    steps: dict[int, float] = {}
    for track in tracks:
        series = samples.tracks[track]
        for cue in ("upper", "head", "lower"):
            rows, vectors = series.vectors(cue)  # type: ignore[arg-type]
            frames = series.frame[rows]
            inside = np.flatnonzero((frames >= low) & (frames <= max(high, low)))
            for k in inside[inside > 0].tolist():
                steps[int(frames[k])] = (
                    steps.get(int(frames[k]), 0.0) + 1 - float(vectors[k] @ vectors[k - 1])
                )
    if not steps:
        return high
    frame = max(steps, key=lambda f: steps[f])
    others = sorted(steps.values())[:-1]
    return frame if not others or steps[frame] > 2 * float(np.median(others)) else low


__all__ = ["Explained", "explain_shot"]
