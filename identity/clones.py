"""One identity on screen twice at once.

Twins, and two people in one outfit, are as alike as a clone. But they are two in every shot, while
a second copy comes out of nowhere, or takes the place of somebody who looks otherwise in the other
shots. So a clone is told against the other shots, and where there are none only the most alike
are told.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np

from identity.colour import mean_lightness
from identity.hair import other_hair
from identity.looks import PART_CUES
from identity.places import Places
from identity.segments import similarities

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from identity.calibration import Calibration
    from identity.looks import Cue
    from identity.segments import Segment
    from identity.settings import FindingSettings

_MIN_TOGETHER_S = 0.3
_MIN_SAMPLES = 3
_MIN_PURITY = 0.55  # likeness within a segment below which it shows more than one person
_HEAD_ALLOWANCE = 0.4  # a head seen from another side loses so much and is still the same
_TWINS_SHARE = 0.8  # two as alike as this share in another shot, too, are two people
_ALONE = 0.2  # what two must be more alike where no other shot shows two
_SAME_SETUP = 0.9
_CLOTHES: tuple[Cue, ...] = ("upper", "lower")
_BLACK = 28.0  # CIE L* of clothes: silhouettes and dark suits are below, garments with a hue above
_EXTRA_SHARE = 0.67  # of the usual likeness, for who is gone when the camera is back
_REPLACED = 0.3  # likeness at most of somebody to who stands there in the other shots
_LIKE_THE_OTHER = 0.2  # likeness at least to the one beside: one sits and one stands, at times
_REPLACED_GAIN = 0.4  # by how much more they must look like the other one on screen


@dataclass(frozen=True, slots=True)
class Clone:
    """Two segments (by index) that look like one person, and when both are seen.

    `vouched` says whether any other shot shows that the cast holds no two who are so alike.
    """

    pair: tuple[int, int]
    start_frame: int
    stop_frame: int
    strength: float
    likeness: dict[Cue, float]
    vouched: bool = True


def find_clones(
    segments: Sequence[Segment],
    labels: NDArray[np.int64],
    apart: NDArray[np.bool_],
    setups: NDArray[np.float32],
    calibration: Calibration,
    settings: FindingSettings,
    *,
    fps: float,
) -> list[Clone]:
    """Return pairs on screen at once that look like one person, unless they do in other shots too.

    Network, clothes and heads must all say so, on their own scales. Segments that are not even like
    themselves (several people under one box) cannot be judged.

    Args:
        segments: Of all shots.
        labels: (N,) character of each, -1 = nobody of the cast.
        apart: (N, N) bool, on screen at once.
        setups: (S, S) likeness of the shots' set-ups.
        calibration: How similarities become likeness.
        settings: From where on two are one.
        fps: Of the clip.
    """
    tell_nothing = [_wears_black(segment) for segment in segments]
    pairs = {
        (a, b): _likeness(segments[a], segments[b], calibration)
        for a, b in combinations(range(len(segments)), 2)
        if apart[a, b] and not (tell_nothing[a] and tell_nothing[b])
    }
    strengths = {pair: _strength(likeness) for pair, likeness in pairs.items() if likeness}
    places = Places(segment.xyxy for segment in segments)
    shots = np.array([segment.tracklet.shot_index for segment in segments], np.int64)
    strongest_in: dict[int, float] = {}
    for (a, _), alike in strengths.items():
        shot = int(shots[a])
        strongest_in[shot] = max(alike, strongest_in.get(shot, alike))
    found = []
    for pair, plain in strengths.items():
        one, two = (segments[k] for k in pair)
        both = np.intersect1d(one.frames, two.frames)
        if len(both) < max(2, _MIN_TOGETHER_S * fps) or other_hair(one.means, two.means):
            continue
        shot = int(shots[pair[0]])
        elsewhere = [strength for other, strength in strongest_in.items() if other != shot]
        back = (shots != shot) & (setups[shot, shots] >= _SAME_SETUP)
        needed = settings.scaled("clone") + (0 if elsewhere else _ALONE)
        twins = max(elsewhere, default=-1.0) >= _TWINS_SHARE * plain
        gain = _replaced(pair, segments, back, places, calibration)
        alike = plain / _EXTRA_SHARE if _is_extra(pair, labels, shots != shot, back) else plain
        if gain is None and (alike < needed or twins):
            continue
        strength = alike if gain is None else max(alike, settings.scaled("clone") + gain)
        vouched = bool(elsewhere) or gain is not None
        found.append(Clone(pair, int(both[0]), int(both[-1]) + 1, strength, pairs[pair], vouched))
    return found


def _wears_black(segment: Segment) -> bool:
    """Tell whether all clothes in view are so dark that many others' look the same."""
    seen = [cue for cue in _CLOTHES if cue in segment.means]
    return bool(seen) and all(mean_lightness(segment.means[cue]) < _BLACK for cue in seen)


def _strength(likeness: dict[Cue, float]) -> float:
    """Return what networks and all colours agree on; a head may be turned."""
    networks = [likeness[cue] for cue in ("body", *PART_CUES) if cue in likeness]
    colours = [
        likeness[cue] + (_HEAD_ALLOWANCE if cue == "head" else 0.0)
        for cue in ("head", "upper", "lower")
        if cue in likeness
    ]
    return min(float(np.mean(networks)), *colours)


def _likeness(one: Segment, two: Segment, calibration: Calibration) -> dict[Cue, float]:
    """Return cue to the likeness of the two on its scale; empty = too little seen, or impure."""
    if min(one.sample_count, two.sample_count) < _MIN_SAMPLES:
        return {}
    for cue in ("body", "upper"):
        if cue not in one.means or cue not in two.means:
            return {}
        within = min(float(s.means[cue] @ s.means[cue]) for s in (one, two))
        if calibration.scales[cue].likeness(within) < _MIN_PURITY:
            return {}
    return {
        cue: calibration.scales[cue].likeness(value)
        for cue, value in similarities(one, two).items()
        if cue in calibration.scales
    }


def _is_extra(
    pair: tuple[int, int],
    labels: NDArray[np.int64],
    elsewhere: NDArray[np.bool_],
    back: NDArray[np.bool_],
) -> bool:
    """Tell whether one of the pair is seen in this shot alone, and the other still there later.

    That is, in another shot of the same camera set-up (`back`, among those `elsewhere`). Who comes
    in and leaves again is no copy of somebody by that; but a copy that nobody planned is not there
    the next time either.
    """
    once = [labels[k] >= 0 and not (labels[elsewhere] == labels[k]).any() for k in pair]
    stays = [labels[k] >= 0 and (labels[back] == labels[k]).any() for k in pair]
    return bool((once[0] and stays[1]) or (once[1] and stays[0]))


def _replaced(
    pair: tuple[int, int],
    segments: Sequence[Segment],
    back: NDArray[np.bool_],
    places: Places,
    calibration: Calibration,
) -> float | None:
    """Return by how much one of the pair is more like the other than like who stands there else.

    `None` = neither is: where the camera is in the same set-up in another shot, both look as here.
    """
    now = _network(segments[pair[0]], segments[pair[1]], calibration)
    if now <= _LIKE_THE_OTHER:
        return None
    there = {k: np.flatnonzero(back & places.same_as(k)).tolist() for k in pair}
    if not all(there.values()):
        return None
    # How alike each is to whoever it resembles most of those at its place.
    own_kind = {
        k: max(_network(segments[k], segments[other], calibration) for other in others)
        for k, others in there.items()
    }
    best: float | None = None
    for own, other in (pair, pair[::-1]):
        before, kept = own_kind[own], own_kind[other]
        gain = now - before
        if -np.inf < before <= _REPLACED < kept and gain >= _REPLACED_GAIN:
            best = gain if best is None else max(best, gain)
    return best


def _network(one: Segment, two: Segment, calibration: Calibration) -> float:
    """Return how alike two are to the network; minus infinity where too little is seen."""
    alike = _likeness(one, two, calibration)
    values = [alike[cue] for cue in ("body", *PART_CUES) if cue in alike]
    return float(np.mean(values)) if values else -np.inf
