"""Head, upper and lower body, as an embedder that tells parts apart sees them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from identity.appearance.cues.crops import Crops, Measured
    from identity.appearance.embedder import CrossCues

HEAD, UPPER, LOWER = range(3)  # as `CrossCues` orders them
_NUMBER = {"head_look": HEAD, "upper_look": UPPER, "lower_look": LOWER}
_MIN_VISIBILITY = 0.5


def in_view(parts: CrossCues, number: int) -> NDArray[np.bool_]:
    """Return (S,) bool, in which samples a part can be seen."""
    return np.asarray(parts.visibility[:, number] >= _MIN_VISIBILITY, np.bool_)


def measure(crops: Crops, cue: str) -> Measured:
    """Return the rows in which a part is in view, and how the network sees it."""
    parts, number = crops.told, _NUMBER[cue]
    seen = in_view(parts, number)
    return np.array(crops.sampled, np.int64)[seen], parts.parts[seen, number]
