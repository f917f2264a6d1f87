"""One identity on screen twice: two tracks at once that look like one person.

Twins and two in one outfit are alike too. What speaks for a clone is that one of the two came to
look like the other at a moment, or appeared at one; what speaks against it are two who are as alike
elsewhere in the clip.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from identity.evidence.moments import MIN_SAMPLES, Moments, circumstances
from identity.evidence.samples import ShotSamples, compare
from identity.explanations.change import COLOURS, NETWORKS, mean_of
from identity.explanations.model import AGAINST, EITHER, FOR, Bounds
from identity.tracks.crossings import find_crossings
from tracker import boxes

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from identity.appearance.looks import Cue
    from identity.evidence.calibration import Calibration

FEATURES: Mapping[str, Bounds] = {
    "alike": FOR, "network": FOR, "colour": FOR, "hair": FOR, "pure": FOR, "became": FOR,
    "had_before": EITHER, "appears": FOR, "twins": AGAINST, "touch": AGAINST, "samples": FOR,
    "score": FOR, "zoom": AGAINST,
}  # fmt: skip

_TWINS = 0.4  # log-odds by which a clone must be more alike than any two elsewhere in the clip
_MIXED_S = 0.25  # before and after a meeting boxes hold a part of the other one
_ONE_BODY_IOU = 0.3  # boxes that overlap more show each other


def moments_of(samples: ShotSamples, one: int, two: int) -> Moments:
    """Return from which sample on the two may be one: since both are there, or any later one.

    Where their boxes lie over each other, and in a meeting, each shows the other one too: no window
    reaches there.
    """
    both = samples.seen["body"][one] & samples.seen["body"][two]
    overlap = boxes.paired_iou(*(np.nan_to_num(samples.xyxy[k]) for k in (one, two)))
    mixed = (overlap > _ONE_BODY_IOU) | _in_meetings(samples, one, two)
    rows = np.flatnonzero(both & ~mixed)
    if not len(rows):
        return Moments.between(samples, [])
    broken = np.flatnonzero([bool(mixed[a:b].any()) for a, b in pairwise(rows)])
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


def _in_meetings(samples: ShotSamples, one: int, two: int) -> NDArray[np.bool_]:
    """Return (G,) at which samples two pass each other, or are about to."""
    inside = np.zeros(len(samples.frames), np.bool_)
    reach = _MIXED_S * samples.fps
    for met in find_crossings(samples.tracks[one], samples.tracks[two], fps=samples.fps):
        inside |= (samples.frames >= met.first_frame - reach) & (
            samples.frames <= met.last_frame + reach
        )
    return inside


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
    own = [compare(samples.agreement(k, k), after, after, calibration) for k in (one, two)]
    sides = [circumstances(samples, track, moments) for track in (one, two)]
    had_before = np.isfinite(then) & (moments.last - moments.start >= MIN_SAMPLES)
    counts = [np.concatenate([[0], np.cumsum(samples.seen["body"][k])]) for k in (one, two)]
    number = np.minimum(*(c[moments.stop] - c[moments.first] for c in counts))
    opens = min(int(track.frame[0]) for track in samples.tracks)
    comes = max(int(samples.tracks[k].frame[0]) for k in (one, two))
    at_once = samples.frames[moments.first] <= comes + 2 * samples.fps / samples.per_s
    sizes = [np.nanmedian(samples.xyxy[k, :, 3] - samples.xyxy[k, :, 1]) for k in (one, two)]
    judged = np.asarray((number >= MIN_SAMPLES) & np.isfinite(now.log_odds), np.bool_)
    judged &= (now.log_odds > 0) & (now.log_odds >= twins + _TWINS)
    return {
        "alike": now.log_odds,
        "network": mean_of(now.likeness, NETWORKS) - 0.5,
        "colour": _smallest(now.likeness) - 0.5,
        "hair": now.likeness.get("hair", np.full(len(moments), np.nan)) - 0.5,
        "pure": np.minimum(own[0].log_odds, own[1].log_odds),
        "became": np.where(had_before, now.log_odds - np.nan_to_num(then), 0.0),
        "had_before": had_before.astype(np.float64),
        "appears": (at_once & (comes > opens + samples.fps / 8)).astype(np.float64),
        "twins": np.full(len(moments), max(twins, -2.0)),
        "touch": np.maximum(sides[0].touch, sides[1].touch),
        "samples": np.log(number.clip(1, 16)),
        "score": np.minimum(
            *(np.full(len(moments), np.nanmedian(samples.score[k])) for k in (one, two))
        ),
        "zoom": np.full(len(moments), abs(float(np.log(sizes[0] / max(sizes[1], 1.0))))),
    }, judged


def _smallest(likeness: dict[Cue, NDArray[np.float64]]) -> NDArray[np.float64]:
    """Return (M,) the smallest likeness of the clothes' colours; a head may be turned."""
    rows = [likeness[cue] for cue in COLOURS if cue in likeness and cue != "head"]
    return np.fmin.reduce(rows) if rows else np.full(len(next(iter(likeness.values()))), np.nan)


def alike_at_once(samples: ShotSamples, calibration: Calibration) -> dict[tuple[int, int], float]:
    """Return, for every two tracks on screen at once, the log-odds that they look the same."""
    found = {}
    for one in range(len(samples.tracks)):
        for two in range(one + 1, len(samples.tracks)):
            both = np.flatnonzero(samples.seen["body"][one] & samples.seen["body"][two])
            if len(both) < MIN_SAMPLES:
                continue
            whole = np.array([both[0]]), np.array([both[-1] + 1])
            odds = compare(samples.agreement(one, two), whole, whole, calibration).log_odds
            found[one, two] = float(odds[0])
    return found
