"""One whose clothes slowly take another colour in a shot, while head and hair stay as they are.

Networks, which tell a slow change of all of a look, see little of colours. What clothes lose beyond
the head is neither a turn nor the light, however slowly.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from identity.evidence.around import beside_itself
from identity.evidence.consistency import curve_from
from identity.evidence.course import course_of
from identity.evidence.logistic import AGAINST, FOR, Bounds
from identity.evidence.moments import MIN_SAMPLES, circumstances
from identity.explanations.asked import Asked
from identity.explanations.change import apart, moments_of
from identity.explanations.contract import Explained, best_of, features_at
from identity.explanations.other_clothes import GARMENTS, losses_of
from identity.tracks.body_track import WINDOW_S

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from identity.evidence.calibration import Calibration
    from identity.evidence.moments import Moments
    from identity.evidence.samples import ShotSamples
    from identity.explanations.contract import Scene

# As of other clothes, but for what networks lose: in a shot, over a second, that is mostly a turn.
FEATURES: Mapping[str, Bounds] = {"alone": FOR, "head": AGAINST, "hair": AGAINST}


def features_of(
    samples: ShotSamples, track: int, moments: Moments, calibration: Calibration
) -> tuple[dict[str, NDArray[np.float64]], NDArray[np.bool_]]:
    """Return the features of M moments, each (M,), and which of them can be judged at all."""
    similarity = beside_itself(samples, track, moments, calibration).similarity
    losses, comparable = losses_of(similarity, len(moments))
    features = {name: losses[name] for name in FEATURES}
    enough = circumstances(samples, track, moments).samples >= MIN_SAMPLES
    judged = comparable & enough & (features["alone"] > 0)
    return features, np.asarray(judged, np.bool_)


def find(scene: Scene) -> list[Explained]:
    """Return whose clothes change slowly, of each the surest stretch."""
    found = [one for k in range(len(scene.tracks)) if (one := _surest(scene, k)) is not None]
    return apart(found, fps=scene.samples.fps)


def _surest(scene: Scene, track: int) -> Explained | None:
    samples, calibration = scene.samples, scene.calibration
    moments = moments_of(samples, track, slow=True)
    ask = partial(features_of, samples, track, calibration=calibration)
    asked = Asked.about(samples, moments, ask, scene.model["slow_clothes"])
    best = best_of(asked.log_odds, asked.judged, scene.settings.least_log_odds)
    if best is None:
        return None
    row = features_at(ask(moments.take(np.array([best])))[0], 0)
    old = int(moments.start[best]), int(moments.last[best])
    begin, end = _reach(samples, track, moments.take(np.array([best])))
    return Explained(
        "drift", (track,), int(samples.frames[max(begin, 0)]),
        int(samples.frames[min(end, len(samples.frames) - 1)]) + 1,
        float(asked.log_odds[best]), float(np.clip(row["alone"], 0, 1)), row,
        attribute="clothes",
        curves={track: curve_from(samples, track, old, GARMENTS, calibration)},
    )  # fmt: skip


def _reach(samples: ShotSamples, track: int, moment: Moments) -> tuple[int, int]:
    """Return the samples at which clothes begin to change, and have changed.

    What parts two windows best may be a part of a longer change: that goes on as far as its course
    says, within a second of the windows.
    """
    (start,), (last,), (first,), (stop,) = moment.start, moment.last, moment.first, moment.stop
    begin, end = int(last) - 1, int(first)
    more = round(WINDOW_S * samples.per_s)
    low, high = max(int(start) - more, 0), min(int(stop) + more, len(samples.frames))
    course = course_of(samples, track, low, high, cue=GARMENTS[0])
    if course is None or not course.slow:
        return begin, end
    return min(begin, course.start), max(end, course.stop)
