"""Everybody of one shot, at the frames at which the network looked, ready to be compared.

All questions about a shot have one form: are the looks on one side of a moment those of the other
side? So the looks of all tracks are laid out on one grid of sample frames, and the means of any
stretch of samples come from running sums. The dot product of two means of unit rows is the mean of
all pairwise cosines, so no more is ever needed to compare two stretches. Of a short shot the
cosines themselves are summed, which is quicker to ask.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

import numpy as np

from identity.appearance.cues.table import CUE_TABLE, Cue, cues_of
from identity.evidence.running_sums import (
    BLOCK_SAMPLES,
    IN_MEMORY_BYTES,
    PART_SAMPLES,
    BlockCache,
    LaidOut,
    RunningSums,
    cache_for,
)
from identity.evidence.same_look import Compared
from identity.tracks.crossings import Crossing, find_crossings

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import NDArray

    from identity.evidence.calibration import Calibration
    from identity.tracks.body_track import BodyTrack


_T = TypeVar("_T")

# What is compared: looks as the networks see them, colours, and what tells how far to trust them.
NETWORKS = cues_of("network")
# Bodies and the clothes on them: for where heads are asked about by themselves.
BODIES: tuple[Cue, ...] = tuple(cue for cue in NETWORKS if cue != "head_look")
COLOURS = cues_of("colour")
TABLES_BYTES = 32 * 1024 * 1024  # of the cosines of all samples of a shot with each other
_NOBODY = -1  # of the shot, and no track
# Of edges: of up to 512 moments in one go, and of 32,768 in all, of each of which some twenty to
# sixty numbers are kept; but not of more than 256 questions, however few moments they are about.
_KEPT_BYTES, _KEPT_BYTES_OF_ALL, _BYTES_AT_LEAST = 16 * 1024, 1024 * 1024, 4 * 1024
COMPARED = (*NETWORKS, *COLOURS, *cues_of("own", "pose"))


@dataclass(frozen=True, slots=True, eq=False)
class ShotSamples:
    """Looks and boxes of T tracks at G sample frames.

    Attributes:
        frames: (G,) int64, strictly increasing.
        tracks: Where they come from, T of them.
        looks: Cue to (T, G, D) float32 unit rows, 0 where the cue was not seen; of a long take they
            are read when they are asked for.
        seen: Cue to (T, G) bool.
        xyxy: (T, G, 4) float32, NaN where a track has no box.
        score: (T, G) float32, how sure the detector was, NaN as above.
        tone: (G, 3) float32, mean CIE Lab of what nobody hides, NaN where that is nothing.
        fps: Of the clip.
    """

    frames: NDArray[np.int64]
    tracks: tuple[BodyTrack, ...]
    looks: Mapping[Cue, NDArray[np.float32] | LaidOut]
    seen: Mapping[Cue, NDArray[np.bool_]]
    xyxy: NDArray[np.float32]
    score: NDArray[np.float32]
    tone: NDArray[np.float32]
    fps: float
    _sums: dict[tuple[Cue, int], RunningSums] = field(default_factory=dict, repr=False)
    _blocks: list[BlockCache] = field(default_factory=list, repr=False)
    _crossings: dict[frozenset[int], list[Crossing]] = field(default_factory=dict, repr=False)
    _once: dict[tuple[str, int], Any] = field(default_factory=dict, repr=False)
    _lately: dict[tuple[str, int, bytes], Any] = field(default_factory=dict, repr=False)
    _lately_bytes: list[int] = field(default_factory=lambda: [0], repr=False)

    @property
    def per_s(self) -> float:
        """Samples a second."""

        def measured() -> float:
            steps = np.diff(self.frames)
            return self.fps / float(np.median(steps)) if len(steps) else self.fps

        return self.once("samples a second", _NOBODY, measured)

    @property
    def looks_bytes(self) -> int:
        """How much memory the looks take where they are laid out as a whole."""
        return 4 * sum(int(np.prod(looks.shape)) for looks in self.looks.values())

    def agreement(self, one: int, two: int) -> Agreement:
        """Return how alike all samples of two tracks are."""
        cues = [cue for cue in self.looks if CUE_TABLE[cue].role != "pose"]  # nobody's look
        tracks, grid = len(self.tracks), len(self.frames) + 1
        if 4 * tracks * (tracks + 1) * len(cues) * grid**2 <= TABLES_BYTES:
            pair = min(one, two), max(one, two)
            table = self.once(f"beside {pair[0]}", pair[1], lambda: self._table(cues, *pair))
            return table if (one, two) == pair else table.turned()
        return SummedAgreement(
            {cue: (self._summed(cue, one), self._summed(cue, two)) for cue in cues},
            {cue: (self.counts(cue, one), self.counts(cue, two)) for cue in self.looks},
        )

    def _table(self, cues: Sequence[Cue], one: int, two: int) -> TabledAgreement:
        """Return the sums of the cosines of all samples of two tracks with each other."""
        grid = len(self.frames) + 1
        sums = np.zeros((len(cues), grid, grid))
        for place, cue in enumerate(cues):
            a, b = (self.looks[cue][track, slice(None)].astype(np.float64) for track in (one, two))
            np.cumsum(np.cumsum(a @ b.T, axis=0), axis=1, out=sums[place, 1:, 1:])
        counts = [np.stack([self.counts(cue, track) for cue in cues]) for track in (one, two)]
        return TabledAgreement(tuple(cues), sums, (counts[0], counts[1]))

    def once(self, what: str, track: int, make: Callable[[], _T]) -> _T:
        """Return what is the same for all stretches of a take, worked out for the first of them."""
        if (what, track) not in self._once:
            self._once[what, track] = make()
        found: _T = self._once[what, track]
        return found

    def lately(self, what: str, track: int, stretches: bytes, make: Callable[[], _T]) -> _T:
        """Return what was worked out for the same stretches of a track, if that was lately.

        Of many people every two are asked about, by one explanation after the other, and mostly at
        the same moments: what is said of one of them alone is the same each time.

        Args:
            what: It is.
            track: Of this one.
            stretches: All their edges; of very many nothing is kept.
            make: Works it out.
        """
        if len(stretches) > _KEPT_BYTES:
            return make()
        key = (what, track, stretches)
        if key not in self._lately:
            made = make()  # which may ask for others
            size = max(len(stretches), _BYTES_AT_LEAST)
            if self._lately_bytes[0] + size > _KEPT_BYTES_OF_ALL:
                self._lately.clear()
                self._lately_bytes[0] = 0
            self._lately_bytes[0] += size
            self._lately[key] = made
        found: _T = self._lately[key]
        return found

    def counts(self, cue: Cue, track: int) -> NDArray[np.int32]:
        """Return (G + 1,) in how many samples before each a cue of a track was seen."""
        return self.once(f"seen {cue}", track, lambda: _counted(self.seen[cue][track]))

    def _summed(self, cue: Cue, track: int) -> RunningSums:
        """Return the running sums of the looks of a track; they are begun once."""
        if not self._blocks:
            self._blocks.append(cache_for(list(self.looks.values())))
        if (cue, track) not in self._sums:
            self._sums[cue, track] = RunningSums(self.looks[cue], cue, track, self._blocks[0])
        return self._sums[cue, track]

    def parts(self, at: NDArray[np.int64]) -> list[NDArray[np.int64]]:
        """Return which of M moments, at these samples, to ask about together.

        Of a long take those beside each other, so that all their sums can be held at once.
        """
        is_long = any(isinstance(looks, LaidOut) for looks in self.looks.values())
        if not is_long or len(at) <= PART_SAMPLES:  # few ones, of all over it
            return [np.arange(len(at))]
        order = np.argsort(at // PART_SAMPLES, kind="stable")
        edges = np.flatnonzero(np.diff(at[order] // PART_SAMPLES)) + 1
        return np.split(order, edges)

    def means(self, track: int, span: slice) -> dict[Cue, NDArray[np.float32]]:
        """Return cue to the (D,) mean of the looks of a track in a stretch, where there are any."""
        return {
            cue: self._total(cue, track, span) / count
            for cue in self.looks
            if (count := np.float32(self.seen[cue][track, span].sum()))
        }

    def _total(self, cue: Cue, track: int, span: slice) -> NDArray[np.float32]:
        looks = self.looks[cue]
        if not isinstance(looks, LaidOut):
            return np.asarray(looks[track, span].sum(axis=0), np.float32)
        sums = self._summed(cue, track).at(np.array([span.start, span.stop]))
        return np.asarray(sums[1] - sums[0], np.float32)

    def facing(self, track: int) -> NDArray[np.float32]:
        """Return (G,) the cosine of how a body is turned from the camera; NaN where unknown."""

        def turned() -> NDArray[np.float32]:
            cosine = self.looks["facing"][track, slice(None)][:, 0]
            return np.where(self.seen["facing"][track], cosine, np.nan)

        return self.once("facing", track, turned)

    def crossings(self, one: int, two: int) -> list[Crossing]:
        """Return where two tracks pass each other; it is worked out once."""
        pair = frozenset((one, two))
        if pair not in self._crossings:
            self._crossings[pair] = find_crossings(self.tracks[one], self.tracks[two], fps=self.fps)
        return self._crossings[pair]


class Agreement(Protocol):
    """Mean cosines of two tracks over any two stretches."""

    def turned(self) -> Agreement:
        """Return the same with the two tracks in the other order."""

    def cosines(self, one: Stretch, two: Stretch) -> dict[Cue, NDArray[np.float64]]:
        """Return cue to (M,) mean cosines between samples `one` and `two`; NaN = either has none.

        Args:
            one: From which to which sample of the one track.
            two: The same of the other.
        """


@dataclass(frozen=True, slots=True, eq=False)
class TabledAgreement:
    """An `Agreement` by four look-ups each, for shots of seconds: it grows with their square.

    Attributes:
        cues: K of them.
        sums: (K, G + 1, G + 1) sums of the cosines of all samples before each with all before each.
        counts: Two (K, G + 1), how many samples of each track saw it.
        is_turned: Whether the second track is asked about first.
    """

    cues: tuple[Cue, ...]
    sums: NDArray[np.float64]
    counts: tuple[NDArray[np.int32], NDArray[np.int32]]
    is_turned: bool = False

    def turned(self) -> TabledAgreement:
        """Return the same with the two tracks in the other order."""
        return replace(self, is_turned=not self.is_turned)

    def cosines(self, one: Stretch, two: Stretch) -> dict[Cue, NDArray[np.float64]]:
        """Return cue to (M,) mean cosines; see `Agreement`."""
        (a, b), (c, d) = (two, one) if self.is_turned else (one, two)
        rows, grid = self.sums.reshape(len(self.cues), -1), self.sums.shape[1]
        a_, b_ = a * grid, b * grid
        total = rows.take(b_ + d, axis=1)
        total -= rows.take(a_ + d, axis=1)
        total -= rows.take(b_ + c, axis=1)
        total += rows.take(a_ + c, axis=1)
        first, second = self.counts
        number = (first[:, b] - first[:, a]).astype(np.int64) * (second[:, d] - second[:, c])
        means = np.where(number > 0, total / np.maximum(number, 1), np.nan)
        return dict(zip(self.cues, means, strict=True))


@dataclass(frozen=True, slots=True, eq=False)
class SummedAgreement:
    """An `Agreement` from the sums of looks, for takes that may last for hours.

    Attributes:
        sums: Cue to the running sums of the looks of each.
        counts: Cue to two (G + 1,), how many samples of each track saw it.
    """

    sums: dict[Cue, tuple[RunningSums, RunningSums]]
    counts: dict[Cue, tuple[NDArray[np.int32], NDArray[np.int32]]]

    def turned(self) -> SummedAgreement:
        """Return the same with the two tracks in the other order."""
        return SummedAgreement(
            {cue: pair[::-1] for cue, pair in self.sums.items()},
            {cue: count[::-1] for cue, count in self.counts.items()},
        )

    def cosines(self, one: Stretch, two: Stretch) -> dict[Cue, NDArray[np.float64]]:
        """Return cue to (M,) mean cosines; see `Agreement`."""
        return {cue: self._mean(cue, one, two) for cue in self.sums}

    def _mean(self, cue: Cue, one: Stretch, two: Stretch) -> NDArray[np.float64]:
        (sums_a, sums_b), (count_a, count_b) = self.sums[cue], self.counts[cue]
        (a, b), (c, d) = one, two
        parts = [slice(at, at + BLOCK_SAMPLES) for at in range(0, len(a) or 1, BLOCK_SAMPLES)]
        total = np.concatenate(
            [
                np.einsum(
                    "md,md->m",
                    sums_a.at(b[k]) - sums_a.at(a[k]),
                    sums_b.at(d[k]) - sums_b.at(c[k]),
                )
                for k in parts
            ]
        )
        number = (count_a[b] - count_a[a]).astype(np.int64) * (count_b[d] - count_b[c])
        return np.where(number > 0, total / np.maximum(number, 1), np.nan)


def _counted(seen: NDArray[np.bool_]) -> NDArray[np.int32]:
    return np.concatenate([[0], np.cumsum(seen)]).astype(np.int32)


def lay_out(
    tracks: Sequence[BodyTrack],
    cues: Sequence[Cue],
    *,
    fps: float,
    tone: NDArray[np.float32] | None = None,
    in_memory_bytes: int = IN_MEMORY_BYTES,
) -> ShotSamples:
    """Lay the tracks of one shot out on the grid of all frames at which any of them was looked at.

    Args:
        tracks: Of one shot.
        cues: Which cues are compared.
        fps: Of the clip.
        tone: (F, 3) mean CIE Lab of the set at every frame of the clip; `None` = not known.
        in_memory_bytes: Looks that need more are read when they are asked for.
    """
    looked = [body_track.frame[body_track.looks.seen("body")] for body_track in tracks]
    frames = np.unique(np.concatenate(looked)) if looked else np.zeros(0, np.int64)
    count, grid = len(tracks), len(frames)
    looks: dict[Cue, NDArray[np.float32] | LaidOut] = {}
    seen: dict[Cue, NDArray[np.bool_]] = {}
    dims = {cue: max((body_track.dim(cue) for body_track in tracks), default=0) for cue in cues}
    whole = 4 * count * grid * sum(dims.values()) <= in_memory_bytes
    for cue, dim in dims.items() if grid else ():  # of whom no look was taken, nothing is known
        if not dim:
            continue
        rows = [body_track.looks.seen(cue) for body_track in tracks]
        placed = []
        seen[cue] = np.zeros((count, grid), np.bool_)
        for track, body_track in enumerate(tracks):
            places, found = _places(frames, body_track.frame[rows[track]])
            placed.append((places.astype(np.int32), rows[track][found].astype(np.int32)))
            seen[cue][track, places] = True
        laid_out = LaidOut(tracks, cue, placed, count=grid, dim=dim)
        looks[cue] = laid_out.copy() if whole else laid_out
    xyxy = np.full((count, grid, 4), np.nan, np.float32)
    score = np.full((count, grid), np.nan, np.float32)
    for track, body_track in enumerate(tracks):
        places, found = _places(frames, body_track.frame)
        xyxy[track, places] = body_track.xyxy[found]
        score[track, places] = body_track.score[found]
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
    return Compared.of(calibration.similarities(agreement.cosines(one, two)), calibration)
