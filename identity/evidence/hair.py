"""Hair: what stays with a person when clothes are exchanged, and tells two in one outfit apart.

Where the embedder finds the head, the colours of its upper half are taken: hair, a hat, a bald
head. From one shot to the next of one camera set-up they stay 0.95 alike or more where nothing is
wrong, and fall to 0.90 or less where hair changes owner (rendered clips of the *tune* set).
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations, pairwise
from typing import TYPE_CHECKING

import numpy as np

from identity.evidence.calibration import HAIR_SCALE
from identity.tracks.body_track import unoccluded_rows

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from identity.appearance.looks import Cue
    from identity.tracks.body_track import BodyTrack

    Means = dict[Cue, NDArray[np.float32]]
    Sample = dict[Cue, NDArray[np.float16]]

_HAIR_STAYS, _HAIR_CHANGES = 0.94, 0.92  # affinity of somebody's hair before and after
_HAIR_NEARLY_STAYS, _NEARER_OWN = 0.86, 0.15  # less of it, where the other's is far from it
_STAYS_BY = 0.2  # affinity by which own hair before and after beats the other's
_HAIRS_DIFFER = 0.9  # affinity of two people's hair from which on theirs is alike
_STAYS_A_LITTLE = 0.03  # ... and by which own hair must then beat the other's, on average
# Hair on another head is cut by another face: it need not come quite as near as what was there.
_HAIR_FITS, _HAIR_NEAR = -0.3, 0.5
_MORE_THAN_CLOTHES = 0.03  # light moves all colours
_SAME_FACING = 0.4  # difference of cosines
_SIDE_SAMPLES = 3
_LEAST_SAMPLES = 2
_FREE_COVERED, _FREE_IOU = 0.1, 0.1  # nobody else may be in the picture of a head
_CALMER = 0.05  # by which the hair of a side is alike among itself more than over the moment
_MAX_GAP_S = 0.5
_ONE_OUTFIT = 0.8  # affinity of two people's clothes from which they are alike
_OUTFIT_SAMPLES = 64
_TWO_OUTFITS = 0.6  # over a whole shot: below it no moment is worth a look


@dataclass(frozen=True, slots=True)
class Hair:
    """What the hair of two people says of a moment.

    Attributes:
        stays: Both keep theirs, and they can be told apart by it.
        lost: Likeness both lose, on average, where both change; 1 = as of different people. 0 where
            it cannot be told whether they do.
        alone: Whether it changes more than their clothes, so that it is not the light.
    """

    stays: bool
    lost: float = 0.0
    alone: bool = False


@dataclass(frozen=True, slots=True)
class HairExchange:
    """Two in one outfit whose hair changes at one moment, each towards the other's.

    Attributes:
        series: Of the shot, by their index.
        start_frame: First frame with the new hair.
        lost: Likeness that both lose, on average.
    """

    series: tuple[int, int]
    start_frame: int
    lost: float


def hair_says(before: tuple[Means, Means], after: tuple[Means, Means]) -> Hair | None:
    """Return what the hair of two people does over a moment; `None` = it is not seen.

    Args:
        before: Mean looks of the one and of the other.
        after: The same, after the moment.
    """
    if not all("hair" in means and "facing" in means for means in (*before, *after)):
        return None
    pairs = list(zip(before, after, strict=True))
    straight = [affinity(b, a, "hair") for b, a in pairs]
    cross = [affinity(b, a, "hair") for b, a in zip(before, reversed(after), strict=True)]
    nearer_own = (sum(straight) - sum(cross)) / 2
    if min(straight) >= max(cross) + _STAYS_BY:
        return Hair(stays=True)
    if min(straight) >= _HAIR_STAYS:
        return Hair(stays=max(cross) <= _HAIRS_DIFFER or nearer_own >= _STAYS_A_LITTLE)
    if min(straight) >= _HAIR_NEARLY_STAYS and nearer_own >= _NEARER_OWN:
        return Hair(stays=True)
    turned = max(abs(float(b["facing"][0] - a["facing"][0])) for b, a in pairs)
    if max(straight) > _HAIR_CHANGES or turned > _SAME_FACING:
        return Hair(stays=False)
    if sum(cross) / 2 < _HAIR_NEAR or -nearer_own < _HAIR_FITS:
        return Hair(stays=False)
    clothes = [affinity(b, a, "upper") for b, a in pairs]
    alone = all(c >= h + _MORE_THAN_CLOTHES for c, h in zip(clothes, straight, strict=True))
    return Hair(stays=False, lost=1 - HAIR_SCALE.likeness(sum(straight) / 2), alone=alone)


def other_hair(one: Means, two: Means) -> bool:
    """Tell whether two who face the camera alike have hair that no one person has."""
    if not all(cue in means for cue in ("hair", "facing") for means in (one, two)):
        return False
    turned = abs(float(one["facing"][0] - two["facing"][0]))
    return turned <= _SAME_FACING and affinity(one, two, "hair") < HAIR_SCALE.different


def affinity(one: Means, two: Means, cue: Cue) -> float:
    """Return the cosine of two means of a cue; 0 where one does not have it."""
    if cue not in one or cue not in two:
        return 0.0
    a, b = one[cue], two[cue]
    return float(a @ b / np.sqrt((a @ a) * (b @ b)))


def hair_exchanges(
    all_series: Sequence[BodyTrack], *, threshold: float, fps: float
) -> list[HairExchange]:
    """Return who exchanges hair, and with it identity, with somebody in one outfit in one shot.

    The clothes say nothing of such a swap, and the network, which looks at clothes, little. Asked
    is for a step of both heads at one sample, more than either varies before and after, while
    nobody else's hair changes, nobody turns and nobody is near.

    Args:
        all_series: Of one shot.
        threshold: Likeness both must lose, on average.
        fps: Of the clip.
    """
    outfits = [_outfit(series) for series in all_series]
    alike = [
        (one, two)
        for one, two in combinations(range(len(all_series)), 2)
        if affinity(outfits[one], outfits[two], "upper") >= _TWO_OUTFITS
    ]
    if not alike:
        return []  # nobody's hair is read: a shot may last for an hour
    heads = [_heads_of(series, all_series) for series in all_series]
    found = []
    for one, two in alike:
        best: HairExchange | None = None
        frames = sorted(heads[one].keys() & heads[two].keys())
        for at in range(_LEAST_SAMPLES, len(frames) - _LEAST_SAMPLES + 1):
            if frames[at] - frames[at - 1] > _MAX_GAP_S * fps:
                continue
            early, late = frames[max(0, at - _SIDE_SAMPLES) : at], frames[at : at + _SIDE_SAMPLES]
            sides = [
                _means([heads[k][f] for f in side]) for side in (early, late) for k in (one, two)
            ]
            before, after = (sides[0], sides[1]), (sides[2], sides[3])
            hair = hair_says(before, after)
            if (
                hair is None
                or not hair.alone
                or hair.lost < max(threshold, best.lost if best else 0)
            ):
                continue
            if (
                min(affinity(m, n, "upper") for m, n in zip(before, after[::-1], strict=True))
                < _ONE_OUTFIT
            ):
                continue
            sudden = all(
                min(_calm([heads[k][f] for f in side]) for side in (early, late))
                >= affinity(m, n, "hair") + _CALMER
                for k, m, n in zip((one, two), before, after, strict=True)
            )
            others = [
                affinity(
                    _means([h[f] for f in early if f in h]),
                    _means([h[f] for f in late if f in h]),
                    "hair",
                )
                for k, h in enumerate(heads)
                if k not in (one, two) and h.keys() & set(early) and h.keys() & set(late)
            ]
            if sudden and min(others, default=1.0) > _HAIR_CHANGES:
                best = HairExchange((one, two), frames[at], hair.lost)
        if best is not None:
            found.append(best)
    return found


def _outfit(series: BodyTrack) -> Means:
    """Return the mean of the clothes over the shot, from a few samples of it."""
    rows = series.looks.seen("upper")
    if not len(rows):
        return {}
    few = rows[np.unique(np.linspace(0, len(rows) - 1, _OUTFIT_SAMPLES).round().astype(int))]
    return {"upper": series.looks.vectors["upper"][few].astype(np.float32).mean(axis=0)}


def _heads_of(series: BodyTrack, everybody: Sequence[BodyTrack]) -> dict[int, Sample]:
    """Return frame to hair, facing and clothes, where all are seen and nobody is near."""
    near_nobody = unoccluded_rows(series, everybody, max_iou=_FREE_IOU)
    rows = np.flatnonzero(near_nobody & (series.looks.covered <= _FREE_COVERED))
    cues: tuple[Cue, ...] = ("hair", "facing", "upper")
    for cue in cues:
        rows = rows[np.isin(rows, series.looks.seen(cue))]
    if not len(rows):
        return {}
    # Each cue is read once, and kept as it is: half the size of what is reckoned with.
    read = {cue: series.looks.vectors[cue][rows] for cue in cues}
    return {
        int(frame): {cue: vectors[number] for cue, vectors in read.items()}
        for number, frame in enumerate(series.frame[rows])
    }


def _means(samples: Sequence[Sample]) -> Means:
    return {
        cue: np.mean([sample[cue] for sample in samples], axis=0, dtype=np.float32)
        for cue in samples[0]
    }


def _calm(samples: Sequence[Sample]) -> float:
    """Return the mean affinity of neighbouring samples; 1 for a single one."""
    hair = [sample["hair"].astype(np.float32) for sample in samples]
    steps = [float(a @ b) for a, b in pairwise(hair)]
    return float(np.mean(steps)) if steps else 1.0
