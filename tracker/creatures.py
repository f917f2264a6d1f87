"""Which animals and toys are characters: those that are large, and stay."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from tracker import boxes

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from tracker.tracklets import Tracklet

MIN_AREA_SHARE = 0.04  # of the picture, in the middle of all boxes: a cat on somebody's lap
MIN_STAY_SHARE = 0.5  # of the shot
MIN_SCORE = 0.5  # in the middle of all boxes: detectors doubt what they call a toy


def without_passing(
    tracklets: Sequence[Tracklet],
    creatures: Collection[int],
    *,
    shot_frames: int,
    picture_px: tuple[int, int],
) -> list[Tracklet]:
    """Return the tracklets of a shot without creatures that are small, pass by, or are doubted.

    Args:
        tracklets: Of one shot; those that stay keep their order and are numbered anew, from the
            first number on.
        creatures: Class ids of what counts as a character only where it is large and stays.
        shot_frames: Of the shot.
        picture_px: (width, height).
    """
    kept = [
        t
        for t in tracklets
        if t.class_id not in creatures
        or (
            len(t) >= MIN_STAY_SHARE * shot_frames
            and float(np.median(boxes.area(t.xyxy)))
            >= MIN_AREA_SHARE * picture_px[0] * picture_px[1]
            and float(np.median(t.score)) >= MIN_SCORE
        )
    ]
    if len(kept) == len(tracklets):
        return list(tracklets)
    first = tracklets[0].tracklet_id
    return [replace(t, tracklet_id=first + number) for number, t in enumerate(kept)]
