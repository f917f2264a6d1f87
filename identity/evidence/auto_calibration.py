"""The scale of an unknown embedder, from what a clip itself proves.

One tracklet is one person; two on screen at once are two people. So every clip with two people
carries its own examples of same and different.
"""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np

from identity.evidence.calibration import Scale
from identity.tracks.body_track import FAST_S

if TYPE_CHECKING:
    from collections.abc import Sequence

    from identity.appearance.looks import Cue, Looks
    from tracker.tracklets import Tracklet

_MAX_LOOKS = 1024  # of a tracklet: all pairs of them are compared
_MIN_SPAN = 0.15  # a network that tells people apart less than this cannot be scaled by one clip


def scale_from_clip(
    tracklets: Sequence[Tracklet], looks: Sequence[Looks], *, fps: float, cue: Cue = "body"
) -> Scale | None:
    """Return the medians of different and same people's similarity; `None` = too little to tell.

    Args:
        tracklets: Of the clip.
        looks: Of each tracklet.
        fps: Of the clip; samples of one tracklet count as the same from half a second apart on.
        cue: Whose similarity.
    """
    same, different = [], []
    samples = []
    for tracklet, own in zip(tracklets, looks, strict=True):
        rows = own.seen(cue)
        if not len(rows):
            continue
        if len(rows) > _MAX_LOOKS:
            rows = rows[np.linspace(0, len(rows) - 1, _MAX_LOOKS).round().astype(np.int64)]
        samples.append((tracklet, own.rows(cue, rows), tracklet.frame[rows]))
    for _, vectors, frames in samples:
        far = np.abs(frames[:, None] - frames[None]) >= FAST_S * fps
        if far.any():
            same.append(float(np.median((vectors @ vectors.T)[far])))
    for (one, a, frames_a), (two, b, frames_b) in combinations(samples, 2):
        together = one.shot_index == two.shot_index and len(np.intersect1d(frames_a, frames_b))
        if together:
            different.append(float(np.median(a @ b.T)))
    if not same or not different:
        return None
    low, high = float(np.median(different)), float(np.median(same))
    return Scale(low, high) if high - low >= _MIN_SPAN else None
