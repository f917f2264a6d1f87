"""Colours of two levels of the head, where it faces the camera: eyes or glasses, jaw or beard.

The head as a whole hardly changes when somebody puts on glasses or grows a beard. Its levels do,
and each of them is compared by itself: too small a part of anybody to say who it is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from identity.appearance.cues.head_places import head_colours
from identity.appearance.cues.parts import HEAD, in_view

if TYPE_CHECKING:
    from identity.appearance.cues.crops import Crops, Measured

MIN_HEAD_PX = 40  # tall; the eyes are ten rows then
MIN_FACING = 0.5  # cosine; from farther aside a level shows hair and an ear


def measure(crops: Crops, cue: str) -> Measured:
    """Return the rows whose head is in view, large and turned here, and the colours of a level."""
    parts = crops.told
    shown = np.flatnonzero(in_view(parts, HEAD) & (parts.facing >= MIN_FACING)).tolist()
    tall = parts.head_box[:, 3] - parts.head_box[:, 1]
    heights = (crops.pictures[crops.sampled[k]].shape[0] for k in shown)
    large = [k for k, height in zip(shown, heights, strict=True) if tall[k] * height >= MIN_HEAD_PX]
    return head_colours(crops, cue, np.array(large, np.int64))
