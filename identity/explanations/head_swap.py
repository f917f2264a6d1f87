"""Two in one outfit who exchange identity: only their hair tells."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from itertools import combinations, pairwise
from typing import TYPE_CHECKING

import numpy as np

from identity.evidence.consistency import curve_from
from identity.evidence.hair import HAIR_CHANGES, affinity, hair_says
from identity.evidence.moments import MIN_SAMPLES, NEAR_SAMPLES
from identity.evidence.running_sums import BLOCK_SAMPLES
from identity.explanations.contract import Explained, log_odds_by_rule
from identity.tracks.body_track import FAST_S, unoccluded_rows
from identity.tracks.crossings import TOUCHING_IOU

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from identity.appearance.looks import Cue
    from identity.evidence.consistency import SimilarityCurve
    from identity.explanations.contract import Kind, Scene
    from identity.tracks.body_track import BodyTrack

    Means = dict[Cue, NDArray[np.float32]]
    Sample = dict[Cue, NDArray[np.float16]]

KINDS: tuple[Kind, ...] = ("swap",)
_CUES: tuple[Cue, ...] = ("hair", "facing", "upper")
_CALMER = 0.05  # by which the hair of a side is alike among itself more than over the moment
_ONE_OUTFIT = 0.8  # affinity of two people's clothes from which they are alike


def find(scene: Scene) -> list[Explained]:
    """Return who exchanges hair, and with it identity, with somebody in one outfit.

    The clothes say nothing of such a swap, and the network, which looks at clothes, little. Asked
    is for a step of both heads at one sample, more than either varies before and after, while
    nobody else's hair changes, nobody turns and nobody is near.
    """
    threshold, fps = scene.settings.scaled("swap"), scene.samples.fps
    tracks = scene.tracks
    taken = {k for one in scene.explained if one.kind not in ("clone", "drift") for k in one.tracks}
    outfits = [_outfit(track) for track in tracks]
    alike = [
        (one, two)
        for one, two in combinations(range(len(tracks)), 2)
        if affinity(outfits[one], outfits[two], "upper") >= _ONE_OUTFIT
    ]
    if not alike:
        return []  # nobody's hair is read: a shot may last for an hour
    heads = [_heads_of(track, tracks) for track in tracks]
    found = []
    for one, two in alike:
        best: Explained | None = None
        frames = sorted(frame for frame in heads[one] if frame in heads[two])
        for at in range(MIN_SAMPLES, len(frames) - MIN_SAMPLES + 1):
            if frames[at] - frames[at - 1] > FAST_S * fps:
                continue
            early, late = frames[max(0, at - NEAR_SAMPLES) : at], frames[at : at + NEAR_SAMPLES]
            sides = [
                _means([heads[k][f] for f in side]) for side in (early, late) for k in (one, two)
            ]
            before, after = (sides[0], sides[1]), (sides[2], sides[3])
            hair = hair_says(before, after)
            if (
                hair is None
                or not hair.alone
                or hair.lost < max(threshold, best.strength if best else 0)
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
                if k not in (one, two) and any(f in h for f in early) and any(f in h for f in late)
            ]
            if sudden and all(stays > HAIR_CHANGES for stays in others):
                odds = log_odds_by_rule(hair.lost, scene.settings.swap)
                best = Explained(
                    "swap", (one, two), frames[at], frames[at] + 1, odds, hair.lost,
                    {"hair": hair.lost}, curves=_curves(scene, (one, two), early),
                )  # fmt: skip
        if best is not None and not taken & {one, two}:
            found.append(best)
            taken |= {one, two}
    return found


def _curves(
    scene: Scene, pair: tuple[int, int], early: Sequence[int]
) -> dict[int, SimilarityCurve]:
    """Return how alike the hair of both is to what it was at some frames."""
    first, stop = np.searchsorted(scene.samples.frames, [early[0], early[-1] + 1]).tolist()
    return {
        k: curve_from(scene.samples, k, (first, stop), ("hair",), scene.calibration) for k in pair
    }


def _outfit(track: BodyTrack) -> Means:
    """Return the mean of the clothes over the shot, from a few samples of it."""
    rows = track.looks.seen("upper")
    if not len(rows):
        return {}
    few = rows[np.unique(np.linspace(0, len(rows) - 1, BLOCK_SAMPLES).round().astype(int))]
    return {"upper": track.looks.rows("upper", few).mean(axis=0)}


def _heads_of(track: BodyTrack, everybody: Sequence[BodyTrack]) -> _Heads:
    """Return frame to hair, facing and clothes, where all are seen and nobody is near."""
    near_nobody = unoccluded_rows(track, everybody, max_iou=TOUCHING_IOU)
    rows = np.flatnonzero(near_nobody & (track.looks.covered <= TOUCHING_IOU))
    for cue in _CUES:
        rows = rows[np.isin(rows, track.looks.seen(cue))]
    return _Heads(track, rows)


class _Heads(Mapping[int, "Sample"]):
    """Frame to cues of some rows of a track, which are read a stretch at a time."""

    def __init__(self, track: BodyTrack, rows: NDArray[np.int64]) -> None:
        self._looks, self._rows = track.looks, rows
        self._place = {frame: k for k, frame in enumerate(track.frame[rows].tolist())}
        self._read: OrderedDict[int, dict[Cue, NDArray[np.float16]]] = OrderedDict()

    def __getitem__(self, frame: int) -> Sample:
        stretch, row = divmod(self._place[frame], BLOCK_SAMPLES)
        read = self._read.get(stretch)
        if read is None:
            rows = self._rows[stretch * BLOCK_SAMPLES : (stretch + 1) * BLOCK_SAMPLES]
            # Kept as it is stored: half the size of what is reckoned with.
            read = {cue: self._looks.rows(cue, rows).astype(np.float16) for cue in _CUES}
            self._read[stretch] = read
            if len(self._read) > 2:  # what lies before and after a moment
                self._read.popitem(last=False)
        return {cue: vectors[row] for cue, vectors in read.items()}

    def __iter__(self) -> Iterator[int]:
        return iter(self._place)

    def __len__(self) -> int:
        return len(self._place)

    def __contains__(self, frame: object) -> bool:
        return frame in self._place


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
