"""What was found to happen to looks inside one shot, in the words of the clip."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal


@dataclass(frozen=True, slots=True)
class Incident:
    """A change of looks of one series, or an exchange between two.

    Attributes:
        kind: "swap" or "morph"; a swap of clothes alone is "attribute_swap".
        series: Indices of the series concerned.
        start_frame, stop_frame: Half-open.
        strength: Likeness lost to the networks, on the scale where 1 is one person, 0 another.
        confidence: That it is right, in [0, 1]; `None` = by strength and threshold.
        features: What it was judged by, by name.
    """

    kind: Literal["swap", "morph", "attribute_swap"]
    series: tuple[int, ...]
    start_frame: int
    stop_frame: int
    strength: float
    confidence: float | None
    features: dict[str, float] = field(default_factory=dict)
