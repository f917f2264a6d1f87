"""How much a character stays itself, as a curve and as one number.

A turn of the body costs a re-ID network similarity but leaves the colours; a change of light moves
the colours but not the network. An error moves both. So at every sample the better of the two
counts, and the number is the lowest point of the smoothed curve: it does not change when a clip is
slowed down or frozen, as a mean over frames would.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from identity.evidence.same_look import MIN_LOOKS
from identity.evidence.samples import compare
from identity.evidence.setups import SAME_SETUP
from identity.tracks.linking import END_BOXES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from identity.appearance.looks import Cue
    from identity.evidence.calibration import Calibration
    from identity.evidence.samples import ShotSamples
    from identity.tracks.body_track import BodyTrack


@dataclass(frozen=True, slots=True, eq=False)
class SimilarityCurve:
    """Similarity of a body track to how it looked at first.

    Attributes:
        frame: (K,) int64.
        value: (K,) float32 in [0, 1], 1 = the same look.
    """

    frame: NDArray[np.int64]
    value: NDArray[np.float32]

    @property
    def lowest(self) -> float | None:
        """The lowest point; `None` where there is too little to judge."""
        return float(self.value.min()) if len(self.value) >= MIN_LOOKS else None


def similarity_curves(
    tracks: Sequence[BodyTrack],
    labels: Sequence[int],
    setups: NDArray[np.float32],
    calibration: Calibration,
) -> list[SimilarityCurve]:
    """Return the curve of each track against how its character looked first in this set-up.

    Args:
        tracks: Of the clip, in order of time within each shot.
        labels: Character of each, -1 = nobody.
        setups: (S, S) similarity of the shots' set-ups.
        calibration: How cosines become similarities.

    Another set-up shows another side; there nothing can be compared. Cutting a shot into pieces
    leaves the set-up and therefore the curve as they are.
    """
    of_label: dict[int, list[int]] = {}
    for k, label in enumerate(labels):
        of_label.setdefault(label, []).append(k)
    shot = np.array([track.shot_index for track in tracks], np.int64)
    curves = []
    for label, track in zip(labels, tracks, strict=True):
        own = np.array(of_label[label] if label >= 0 else [], np.int64)
        before = own[shot[own] < track.shot_index]
        back = before[setups[shot[before], track.shot_index] >= SAME_SETUP].tolist()
        first = tracks[back[0]] if back else track
        curves.append(similarity_curve(track, calibration, first=first))
    return curves


def similarity_curve(
    track: BodyTrack, calibration: Calibration, *, first: BodyTrack | None = None
) -> SimilarityCurve:
    """Return how alike every sample is to the first ones of `first`, or its own, over three."""
    rows = track.looks.seen("body")
    best = np.full(len(rows), -np.inf)
    cues: tuple[Cue, ...] = ("body", "upper")
    for cue in cues:
        common, places, _ = np.intersect1d(rows, track.looks.seen(cue), return_indices=True)
        if not len(common):
            continue
        reference = _first_look(first or track, cue)
        if reference is None:
            continue
        cosine = np.concatenate([part @ reference for part in track.looks.chunks(cue, common)])
        scale = calibration.scales[cue]
        similarity = (cosine - scale.different) / (scale.same - scale.different)
        best[places] = np.maximum(best[places], similarity)
    judged = np.isfinite(best)
    value = _smooth(np.clip(best[judged], 0, 1))
    return SimilarityCurve(track.frame[rows[judged]], value.astype(np.float32))


def _first_look(track: BodyTrack, cue: Cue) -> NDArray[np.float32] | None:
    """Return the (D,) unit mean of a cue where the network looked first; `None` = never seen."""
    rows = np.intersect1d(track.looks.seen("body"), track.looks.seen(cue))
    if not len(rows):
        return None
    mean: NDArray[np.float32] = track.looks.rows(cue, rows[:END_BOXES]).mean(axis=0)
    return mean / max(float(np.linalg.norm(mean)), 1e-9)


def _smooth(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the running median over three samples; the ends keep their own neighbours."""
    if len(values) < 3:
        return values
    padded = np.pad(values, 1, mode="edge")
    return np.median(np.lib.stride_tricks.sliding_window_view(padded, 3), axis=1)


def curve_from(
    samples: ShotSamples,
    track: int,
    old: tuple[int, int],
    cues: Sequence[Cue],
    calibration: Calibration,
    *,
    looks_of: int | None = None,
) -> SimilarityCurve:
    """Return how alike every sample of a track is to its looks in a stretch, by some cues.

    Args:
        samples: Of the shot.
        track: Whose looks.
        old: From which sample to which.
        cues: Whose mean counts, as far as they were seen.
        calibration: How cosines become similarity.
        looks_of: Whose looks the stretch shows; `None` = the track's own.
    """
    at = np.flatnonzero(samples.seen["body"][track])
    before = np.full(len(at), old[0]), np.full(len(at), old[1])
    whose = track if looks_of is None else looks_of
    found = compare(samples.agreement(whose, track), before, (at, at + 1), calibration).similarity
    rows = np.array([found[cue] for cue in cues if cue in found]).reshape(-1, len(at))
    known = np.isfinite(rows)
    seen = known.any(axis=0)
    mean = np.where(known, rows, 0).sum(axis=0)[seen] / known.sum(axis=0)[seen]
    value = _smooth(np.clip(mean, 0, 1))
    return SimilarityCurve(samples.frames[at[seen]], value.astype(np.float32))
