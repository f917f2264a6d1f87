"""Is a track somebody who can make a character? Log-odds, learnt from labelled and free clips.

Things on a set, arms, and second boxes around somebody who has one are tracks too. What a track
lacks to make a character does not keep it from being one: it may join whom it is most like.

How sure the detector is says most. A thing on a set stands still, or moves evenly, as the camera
does. That something stirs says nothing: a box around half of somebody trembles more than he does.

Other detectors are as sure of whoever is out of focus, or half out of the picture, as of those whom
a clip is about, since nothing weighs their boxes (`tracker/belief.py`). So the bundled one is asked
what it thinks of them.

How much two boxes share is not asked here. Each box has been weighed by that before, together with
whether both own a head: of two who stand cheek to cheek the one lies in the
other all along, as an arm does, and only the heads tell.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from identity.evidence.logistic import AGAINST, FOR
from scenes.shots import numbers_by_shot
from tracker import boxes
from tracker.belief import chance_behind

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from identity.evidence.logistic import Bounds, Logistic
    from identity.tracks.segments import Segment

_SCORES: Mapping[str, Bounds] = {"best_score": FOR, "median_score": FOR}
FEATURES: Mapping[str, Bounds] = {**_SCORES, "steady_share": FOR, "still": AGAINST}
FEATURES_OF_OTHERS: Mapping[str, Bounds] = {
    **_SCORES,
    "still": AGAINST,
    "seconded": FOR,
}
_BEST_SHARE = 0.9  # a body half hidden or turned away is doubted most of the time, but not always
_STEADY_SHARE = 0.2  # an arm, a sofa or a second box is believed often, but not four times in five
_STEP_S = 0.125  # so often a picture is searched; between two of them a box is drawn in a line
_NO_BEND = 0.003  # of a side: smaller bends are those of the detector
_USUAL_BEND = 0.023  # of a side, of half of all tracks
_MIN_BENDS = 2
_UNKNOWN = 0.5  # what a second detector is taken to say of whom it was not asked about


def someone_features(
    segments: Sequence[Segment], *, fps: float | None = None
) -> dict[str, NDArray[np.float64]]:
    """Return feature to (N,) of `FEATURES` and of `FEATURES_OF_OTHERS`.

    `best_score` is what one box in ten exceeds. `steady_share` is the share of the shot that one is
    seen in, times how likely somebody is there by the score that four boxes in five exceed. `still`
    is by how much less than is usual the way of a box bends within a quarter of a second, as a
    logarithm, 0 = not less; NaN = not known. `seconded` is how sure the second detector is of its
    boxes, the median, counted from one half; NaN where it was asked about none.

    Args:
        segments: Of all shots.
        fps: Of the clip; `None` = how a box moves is not known.
    """
    found = {name: np.zeros(len(segments)) for name in (*FEATURES, *FEATURES_OF_OTHERS)}
    found["still"] = np.array([_still(one, fps) for one in segments], np.float64)
    found["seconded"] = np.array([one.seconded for one in segments], np.float64) - _UNKNOWN
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


def _still(segment: Segment, fps: float | None) -> float:
    """Return how near its boxes are to the middle of those before and after; see `FEATURES`."""
    if fps is None:
        return float("nan")
    step, frames, xyxy = max(1, round(fps * _STEP_S)), segment.frames, segment.xyxy
    whole = frames[np.isin(frames - step, frames) & np.isin(frames + step, frames)]
    if len(whole) < _MIN_BENDS:
        return float("nan")
    before, at, after = (xyxy[np.searchsorted(frames, whole + k)] for k in (-step, 0, step))
    side = max(float(np.sqrt(np.median(boxes.area(xyxy)))), 1.0)
    bend = float(np.abs(before - 2 * at + after).mean()) / side
    return float(max(0.0, np.log(_USUAL_BEND / (bend + _NO_BEND))))


def someone_log_odds(
    segments: Sequence[Segment], model: Logistic, *, fps: float | None = None
) -> NDArray[np.float64]:
    """Return (N,) log-odds that segments make a character; see `someone_features`."""
    if not segments:
        return np.zeros(0)
    found = someone_features(segments, fps=fps)
    return model.log_odds({name: found[name] for name in model.weights})
