"""Colours of the upper half of the head, where the embedder finds it: hair, hat or bald head."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from identity.appearance.cues.head_places import head_colours
from identity.appearance.cues.parts import HEAD, in_view

if TYPE_CHECKING:
    from identity.appearance.cues.crops import Crops, Measured


def measure(crops: Crops, cue: str) -> Measured:
    """Return the rows whose head is in view, and the colours of their hair."""
    return head_colours(crops, cue, np.flatnonzero(in_view(crops.told, HEAD)))
