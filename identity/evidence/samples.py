"""Everybody of one shot, at the frames at which the network looked, ready to be compared.

All questions about a shot have one form: are the looks on one side of a moment those of the other
side? So the looks of all tracks are laid out on one grid of sample frames, and the means of any
stretch of samples come from running sums. The dot product of two means of unit rows is the mean of
all pairwise cosines, so no more is ever needed to compare two stretches.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from identity.appearance.cues.table import CUE_TABLE, Cue, cues_of
from identity.evidence.same_look import Compared
from identity.tracks.crossings import Crossing, find_crossings

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from identity.evidence.calibration import Calibration
    from identity.tracks.body_track import BodyTrack


# What is compared: looks as the networks see them, colours, and what tells how far to trust them.
NETWORKS = cues_of("network")
COLOURS = cues_of("colour")
COMPARED = (*NETWORKS, *COLOURS, *cues_of("own", "pose"))


@dataclass(frozen=True, slots=True, eq=False)
class ShotSamples:
    """Looks and boxes of T tracks at G sample frames.

    Attributes:
        frames: (G,) int64, strictly increasing.
        tracks: Where they come from, T of them.
        looks: Cue to (T, G, D) float32 unit rows, 0 where the cue was not seen.
        seen: Cue to (T, G) bool.
        xyxy: (T, G, 4) float32, NaN where a track has no box.
        score: (T, G) float32, how sure the detector was, NaN as above.
        tone: (G, 3) float32, mean CIE Lab of what nobody hides, NaN where that is nothing.
        fps: Of the clip.
    """

    frames: NDArray[np.int64]
    tracks: tuple[BodyTrack, ...]
    looks: Mapping[Cue, NDArray[np.float32]]
    seen: Mapping[Cue, NDArray[np.bool_]]
    xyxy: NDArray[np.float32]
    score: NDArray[np.float32]
    tone: NDArray[np.float32]
    fps: float
    _kept: dict[tuple[int, int], Agreement] = field(default_factory=dict, repr=False)
    _crossings: dict[frozenset[int], list[Crossing]] = field(default_factory=dict, repr=False)

    @property
    def per_s(self) -> float:
        """Samples a second."""
        steps = np.diff(self.frames)
        return self.fps / float(np.median(steps)) if len(steps) else self.fps

    def agreement(self, one: int, two: int) -> Agreement:
        """Return how alike all samples of two tracks are; of a track with itself it is kept."""
        if (one, two) in self._kept:
            return self._kept[one, two]
        made = Agreement(
            {
                cue: _summed(rows[one] @ rows[two].T)
                for cue, rows in self.looks.items()
                if CUE_TABLE[cue].role != "pose"  # nobody's look
            },
            {
                cue: (_counted(self.seen[cue][one]), _counted(self.seen[cue][two]))
                for cue in self.looks
            },
        )
        if one == two:
            self._kept[one, two] = made
        return made

    def means(self, track: int, span: slice) -> dict[Cue, NDArray[np.float32]]:
        """Return cue to the (D,) mean of the looks of a track in a stretch, where there are any."""
        return {
            cue: rows[track, span].sum(axis=0) / count
            for cue, rows in self.looks.items()
            if (count := np.float32(self.seen[cue][track, span].sum()))
        }

    def crossings(self, one: int, two: int) -> list[Crossing]:
        """Return where two tracks pass each other; it is worked out once."""
        pair = frozenset((one, two))
        if pair not in self._crossings:
            self._crossings[pair] = find_crossings(self.tracks[one], self.tracks[two], fps=self.fps)
        return self._crossings[pair]


@dataclass(frozen=True, slots=True, eq=False)
class Agreement:
    """Sums of the cosines of two tracks over any two stretches, four look-ups each.

    Attributes:
        sums: Cue to (G + 1, G + 1) float64, the cosines summed from the first samples on.
        counts: Cue to two (G + 1,), how many samples of each track saw it.
    """

    sums: dict[Cue, NDArray[np.float64]]
    counts: dict[Cue, tuple[NDArray[np.int64], NDArray[np.int64]]]

    def turned(self) -> Agreement:
        """Return the same with the two tracks in the other order."""
        return Agreement(
            {cue: table.T for cue, table in self.sums.items()},
            {cue: count[::-1] for cue, count in self.counts.items()},
        )

    def mean(self, cue: Cue, one: Stretch, two: Stretch) -> NDArray[np.float64]:
        """Return (M,) mean cosines between samples `one` and `two`; NaN where either has none."""
        table, (count_a, count_b) = self.sums[cue], self.counts[cue]
        (a, b), (c, d) = one, two
        total = table[b, d] - table[a, d] - table[b, c] + table[a, c]
        number = (count_a[b] - count_a[a]) * (count_b[d] - count_b[c])
        return np.where(number > 0, total / np.maximum(number, 1), np.nan)


def _summed(cosines: NDArray[np.float32]) -> NDArray[np.float64]:
    table = np.zeros((len(cosines) + 1, cosines.shape[1] + 1))
    table[1:, 1:] = cosines.astype(np.float64).cumsum(axis=0).cumsum(axis=1)
    return table


def _counted(seen: NDArray[np.bool_]) -> NDArray[np.int64]:
    return np.concatenate([[0], np.cumsum(seen)]).astype(np.int64)


def lay_out(
    tracks: Sequence[BodyTrack],
    cues: Sequence[Cue],
    *,
    fps: float,
    tone: NDArray[np.float32] | None = None,
) -> ShotSamples:
    """Lay the tracks of one shot out on the grid of all frames at which any of them was looked at.

    Args:
        tracks: Of one shot.
        cues: Which cues are compared.
        fps: Of the clip.
        tone: (F, 3) mean CIE Lab of the set at every frame of the clip; `None` = not known.
    """
    looked = [series.frame[series.looks.seen("body")] for series in tracks]
    frames = np.unique(np.concatenate(looked)) if looked else np.zeros(0, np.int64)
    count, grid = len(tracks), len(frames)
    looks: dict[Cue, NDArray[np.float32]] = {}
    seen: dict[Cue, NDArray[np.bool_]] = {}
    for cue in cues:
        read = [series.vectors(cue) for series in tracks]
        dim = max((vectors.shape[1] for rows, vectors in read if len(rows)), default=0)
        if not dim:
            continue
        looks[cue] = np.zeros((count, grid, dim), np.float32)
        seen[cue] = np.zeros((count, grid), np.bool_)
        for track, (rows, vectors) in enumerate(read):
            places, found = _places(frames, tracks[track].frame[rows])
            looks[cue][track, places] = vectors[found]
            seen[cue][track, places] = True
    xyxy = np.full((count, grid, 4), np.nan, np.float32)
    score = np.full((count, grid), np.nan, np.float32)
    for track, series in enumerate(tracks):
        places, found = _places(frames, series.frame)
        xyxy[track, places] = series.xyxy[found]
        score[track, places] = series.score[found]
    if tone is None:
        tone = np.full((int(frames[-1]) + 1 if grid else 0, 3), np.nan, np.float32)
    return ShotSamples(frames, tuple(tracks), looks, seen, xyxy, score, tone[frames], fps)


def _places(
    frames: NDArray[np.int64], own: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return where on the grid the rows at frames `own` lie, and which of them do."""
    _, places, found = np.intersect1d(frames, own, assume_unique=True, return_indices=True)
    return places, found


Stretch = tuple["NDArray[np.int64]", "NDArray[np.int64]"]  # (M,) from .. to of samples


def compare(agreement: Agreement, one: Stretch, two: Stretch, calibration: Calibration) -> Compared:
    """Return how alike M stretches of one track and M of another are."""
    cosines = {cue: agreement.mean(cue, one, two) for cue in agreement.sums}
    return Compared.of(cosines, calibration)
