"""Two segments that are one identity on screen twice."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from identity.appearance.colour import mean_lightness
from identity.evidence.hair import other_hair

if TYPE_CHECKING:
    from identity.appearance.looks import Cue
    from identity.tracks.segments import Segment

_CLOTHES: tuple[Cue, ...] = ("upper", "lower")
_BLACK = 28.0  # CIE L* of clothes: silhouettes and dark suits are below, garments with a hue above


@dataclass(frozen=True, slots=True)
class Clone:
    """Two segments (by index) that look like one person, and when both are seen.

    Attributes:
        pair: The segments.
        start_frame, stop_frame: Half-open.
        confidence: That it is right, in [0, 1].
        features: What it was judged by, by name.
        vouched: Whether anything else shows that they are not just two who are alike.
    """

    pair: tuple[int, int]
    start_frame: int
    stop_frame: int
    confidence: float
    features: dict[str, float] = field(default_factory=dict)
    vouched: bool = True


def may_be_clones(one: Segment, two: Segment) -> bool:
    """Tell whether likeness says anything: not of two in black, nor of two with other hair."""
    return not (wears_black(one) and wears_black(two)) and not other_hair(one.means, two.means)


def wears_black(segment: Segment) -> bool:
    """Tell whether all clothes in view are so dark that many others' look the same."""
    seen = [cue for cue in _CLOTHES if cue in segment.means]
    return bool(seen) and all(mean_lightness(segment.means[cue]) < _BLACK for cue in seen)
