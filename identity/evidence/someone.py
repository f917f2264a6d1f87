"""Is a track somebody who can make a character? Log-odds, learnt from labelled clips.

Things on a set, arms, and second boxes around somebody who has one are tracks too. What a track
lacks to make a character does not keep it from being one: it may join whom it is most like.

How much two boxes share is not asked here. Each box has been weighed by that before, together with
whether both own a head (`tracker/belief.py`): of two who stand cheek to cheek the one lies in the
other all along, as an arm does, and only the heads tell.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from identity.evidence.logistic import FOR
from scenes.shots import numbers_by_shot
from tracker.belief import chance_behind

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from identity.evidence.logistic import Bounds, Logistic
    from identity.tracks.segments import Segment

FEATURES: Mapping[str, Bounds] = {
    "best_score": FOR,
    "median_score": FOR,
    "steady_share": FOR,
}
_BEST_SHARE = 0.9  # a body half hidden or turned away is doubted most of the time, but not always
_STEADY_SHARE = 0.2  # an arm, a sofa or a second box is believed often, but not four times in five


def someone_features(segments: Sequence[Segment]) -> dict[str, NDArray[np.float64]]:
    """Return feature to (N,): how sure the detector is, and how long one is surely seen.

    `best_score` is what one box in ten exceeds. `steady_share` is the share of the shot that one is
    seen in, times how likely somebody is there by the score that four boxes in five exceed.
    """
    found = {name: np.zeros(len(segments)) for name in FEATURES}
    for own in numbers_by_shot(segment.tracklet.shot_index for segment in segments).values():
        start = min(segments[k].start_frame for k in own)
        span = max(segments[k].stop_frame for k in own) - start
        for k in own:
            one = segments[k]
            found["best_score"][k] = float(np.quantile(one.score, _BEST_SHARE))
            found["median_score"][k] = float(np.median(one.score))
            steady = chance_behind(np.quantile(one.score, _STEADY_SHARE))
            found["steady_share"][k] = float(steady) * len(one.frames) / span
    return found


def someone_log_odds(segments: Sequence[Segment], model: Logistic) -> NDArray[np.float64]:
    """Return (N,) log-odds that segments make a character."""
    if not segments:
        return np.zeros(0)
    return model.log_odds(someone_features(segments))
