"""Is a track somebody who can make a character? Log-odds, learnt from labelled clips.

Things on a set, arms, and second boxes around somebody who has one are tracks too. What a track
lacks to make a character does not keep it from being one: it may join whom it is most like.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from identity.evidence.logistic import AGAINST, FOR
from scenes.shots import numbers_by_shot
from tracker import boxes

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from identity.evidence.logistic import Bounds, Logistic
    from identity.tracks.segments import Segment

FEATURES: Mapping[str, Bounds] = {
    "best_score": FOR,
    "median_score": FOR,
    "log_share": FOR,
    "shared_with_surer": AGAINST,
}
_BEST_SHARE = 0.9  # a body half hidden or turned away is doubted most of the time, but not always


def someone_features(segments: Sequence[Segment]) -> dict[str, NDArray[np.float64]]:
    """Return feature to (N,): how sure the detector is, how long one is seen, who is in the way.

    `best_score` is what one box in ten exceeds. `log_share` is the log of the share of the time
    that somebody is seen in the shot. `shared_with_surer` is how much of a box, or of that of
    somebody surer beside it, both cover: 1 = the one lies in the other all along.
    """
    found = {name: np.zeros(len(segments)) for name in FEATURES}
    total = [float(segment.score.sum()) for segment in segments]
    for own in numbers_by_shot(segment.tracklet.shot_index for segment in segments).values():
        start = min(segments[k].start_frame for k in own)
        span = max(segments[k].stop_frame for k in own) - start
        for k in own:
            one = segments[k]
            found["best_score"][k] = float(np.quantile(one.score, _BEST_SHARE))
            found["median_score"][k] = float(np.median(one.score))
            found["log_share"][k] = float(np.log(len(one.frames) / span))
            surer = [segments[j] for j in own if total[j] > total[k] and _at_once(one, segments[j])]
            found["shared_with_surer"][k] = _shared(one, surer)
    return found


def someone_log_odds(segments: Sequence[Segment], model: Logistic) -> NDArray[np.float64]:
    """Return (N,) log-odds that segments make a character."""
    if not segments:
        return np.zeros(0)
    return model.log_odds(someone_features(segments))


def _at_once(one: Segment, other: Segment) -> bool:
    return one.start_frame < other.stop_frame and other.start_frame < one.stop_frame


def _shared(one: Segment, others: Sequence[Segment]) -> float:
    """Return the mean over time of the largest share of the smaller of two boxes that both have."""
    most = np.zeros(len(one.frames))
    for other in others:
        _, here, there = np.intersect1d(one.frames, other.frames, return_indices=True)
        a, b = one.xyxy[here], other.xyxy[there]
        most[here] = np.maximum(most[here], boxes.paired_nesting(a, b))
    return float(most.mean())
