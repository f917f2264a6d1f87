"""Running sums of the looks of everybody in a shot, within a memory that does not grow with it.

In a take of half an hour the sums of three people would be a gigabyte. All moments beside each
other ask for sums of about the same place, so a few blocks of them are kept, and the rest is summed
again from where its block begins: to the last bit as if it had been summed in one go.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from identity.appearance.looks import Cue
    from identity.tracks.body_track import BodyTrack

# Looks of a shot that are laid out as a whole: a minute of three people.
IN_MEMORY_BYTES = 64 * 1024 * 1024
BLOCK_SAMPLES = 256
PART_SAMPLES = 2 * BLOCK_SAMPLES  # moments of so long a stretch are asked about together
# Of all tracks and cues: those of a stretch, and of the looks that its windows reach before and
# after it.
_KEPT_BLOCKS = 6
_KEPT_POINTS = 512  # of one track and cue: where slow changes may begin and end


class LaidOut:
    """Looks of T tracks by one cue at G sample frames, read when they are asked for.

    It is indexed as an array (T, G, D) float32 would be, by a track and a stretch of samples, and
    gives unit rows, 0 where the cue was not seen.

    Args:
        tracks: Of one shot.
        cue: Which cue.
        placed: For each track the samples (K,) at which the cue was seen, increasing, and the rows
            (K,) of the track that show it.
        count: G.
        dim: D.
    """

    def __init__(
        self,
        tracks: Sequence[BodyTrack],
        cue: Cue,
        placed: Sequence[tuple[NDArray[np.int32], NDArray[np.int32]]],
        *,
        count: int,
        dim: int,
    ) -> None:
        self._tracks, self._cue, self._placed = tracks, cue, placed
        self.shape = (len(tracks), count, dim)

    def __getitem__(self, key: int | tuple[int, slice | NDArray[np.int64]]) -> NDArray[np.float32]:
        """Return the looks (N, D) of a track at some samples, or at all."""
        track, which = key if isinstance(key, tuple) else (key, slice(None))
        if isinstance(which, slice):
            which = np.arange(*which.indices(self.shape[1]))
        looks = np.zeros((len(which), self.shape[2]), np.float32)
        places, rows = self._placed[track]
        at = np.searchsorted(places, which)
        seen = at < len(places)
        seen[seen] = places[at[seen]] == which[seen]
        if seen.any():
            looks[seen] = self._tracks[track].looks.rows(self._cue, rows[at[seen]].astype(np.int64))
        return looks

    def copy(self) -> NDArray[np.float32]:
        """Return all of it as an array."""
        looks = np.empty(self.shape, np.float32)
        for track in range(self.shape[0]):
            looks[track] = self[track]
        return looks


class BlockCache:
    """The blocks of sums that were asked for last."""

    def __init__(self, limit_bytes: int) -> None:
        self._limit_bytes = limit_bytes
        self._bytes = 0
        self._blocks: OrderedDict[tuple[Cue, int, int], NDArray[np.float64]] = OrderedDict()

    def get(self, key: tuple[Cue, int, int]) -> NDArray[np.float64] | None:
        """Return a block if it is kept."""
        found = self._blocks.get(key)
        if found is not None:
            self._blocks.move_to_end(key)
        return found

    def put(self, key: tuple[Cue, int, int], block: NDArray[np.float64]) -> None:
        """Keep a block, and let go of those that nobody asked for in a while."""
        self._blocks[key] = block
        self._bytes += block.nbytes
        while self._bytes > self._limit_bytes and len(self._blocks) > 1:
            self._bytes -= self._blocks.popitem(last=False)[1].nbytes


def cache_for(looks: Sequence[NDArray[np.float32] | LaidOut]) -> BlockCache:
    """Return a cache for the sums of all cues of a shot: whole, where its looks are held whole."""
    rows = max(
        (BLOCK_SAMPLES * _KEPT_BLOCKS if isinstance(one, LaidOut) else one.shape[1] + 1)
        for one in looks
    )
    return BlockCache(8 * rows * sum(one.shape[0] * one.shape[2] for one in looks))


class RunningSums:
    """(G + 1, D) float64 sums of the looks of one track, from the first sample on.

    Args:
        looks: (T, G, D) of all tracks by one cue.
        cue, track: Whose sums they are.
        kept: Where blocks are kept.

    Example:
        >>> looks = np.ones((1, 3, 2), np.float32)
        >>> sums = RunningSums(looks, "body", 0, BlockCache(1000))
        >>> sums.at(np.array([0, 2])).tolist()
        [[0.0, 0.0], [2.0, 2.0]]
    """

    def __init__(
        self, looks: NDArray[np.float32] | LaidOut, cue: Cue, track: int, kept: BlockCache
    ) -> None:
        self._looks, self._cue, self._track, self._kept = looks, cue, track, kept
        _, count, dim = looks.shape
        self._block = BLOCK_SAMPLES if isinstance(looks, LaidOut) else count + 1
        self._points: dict[int, NDArray[np.float64]] = {}
        self._starts = np.zeros((count // self._block + 1, dim))
        for number in range(1, len(self._starts)):
            self._starts[number] = self._summed(number - 1)[-1]

    def at(self, samples: NDArray[np.int64]) -> NDArray[np.float64]:
        """Return (M, D) the sums before each of M samples; not to be changed."""
        if len(samples) and (np.diff(samples) == 1).all():  # moment by moment: mostly so
            return self._run(int(samples[0]), int(samples[-1]) + 1)
        numbers = samples // self._block
        blocks = np.unique(numbers).tolist()
        if len(blocks) == 1:
            block = self._get(blocks[0])
            return np.asarray(block[samples - blocks[0] * self._block], np.float64)
        if len(blocks) > _KEPT_BLOCKS:
            return self._here_and_there(samples)
        sums = np.empty((len(samples), self._starts.shape[1]))
        for number in blocks:
            here = numbers == number
            sums[here] = self._get(number)[samples[here] - number * self._block]
        return sums

    def _run(self, first: int, stop: int) -> NDArray[np.float64]:
        """Return the sums before some samples in a row."""
        pieces = [
            self._get(number)[max(first - number * self._block, 0) : self._block]
            for number in range(first // self._block, (stop - 1) // self._block + 1)
        ]
        pieces[-1] = pieces[-1][: stop - first - sum(len(piece) for piece in pieces[:-1])]
        return pieces[0] if len(pieces) == 1 else np.concatenate(pieces)

    def _here_and_there(self, samples: NDArray[np.int64]) -> NDArray[np.float64]:
        """Return the sums before samples all over a take, which are few and asked for often."""
        asked, where = np.unique(samples, return_inverse=True)
        if len(self._points) + len(asked) > _KEPT_POINTS:
            self._points.clear()
        for sample in asked.tolist():
            if sample not in self._points:
                number, row = divmod(sample, self._block)
                self._points[sample] = self._get(number)[row].copy()
        return np.stack([self._points[sample] for sample in asked.tolist()])[where]

    def _get(self, number: int) -> NDArray[np.float64]:
        key = (self._cue, self._track, number)
        block = self._kept.get(key)
        if block is None:
            block = self._summed(number)
            self._kept.put(key, block)
        return block

    def _summed(self, number: int) -> NDArray[np.float64]:
        """Return the sums of one block, and the first of the next one after them."""
        first = number * self._block
        rows = self._looks[self._track, first : first + self._block]
        sums = np.empty((len(rows) + 1, rows.shape[1]))
        sums[0] = self._starts[number]
        sums[1:] = rows
        return np.cumsum(sums, axis=0, out=sums)
