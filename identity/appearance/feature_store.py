"""Looks kept in a file instead of in memory, bit by bit the same, so that an hour is no larger.

A colour histogram is mostly zeros, and a network sees a character in every third frame only. So a
row is stored as one bit per number and the numbers that are not zero: about a fifth of its size.
"""

from __future__ import annotations

import itertools
import weakref
from collections import OrderedDict
from typing import TYPE_CHECKING, Any

import numpy as np

from identity.appearance.looks import Cue, Looks, StoredVectors
from scenes.scratch import no_room, scratch_file

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

CACHE_BYTES = 16 * 1024 * 1024  # what is being compared right now: everybody of a shot, and more
# Rows that are read together where a few are asked for: a take may last for hours, and every moment
# of it is compared with what is right before and after it.
BLOCK_ROWS = 128
_JOINED_AT = 1024  # pieces of a column
_WHOLE = -1  # instead of the number of a block


class FeatureStore:
    """The looks of all boxes of a clip, in a file without a name that goes when they do.

    Example:
        >>> rows = {"body": np.ones((2, 4), np.float16)}
        >>> file = FeatureStore()
        >>> file.append(Looks(rows, np.zeros(2, np.float32), np.ones(2, np.bool_)))
        >>> file.take(np.array([1])).vectors["body"].tolist()
        [[1.0, 1.0, 1.0, 1.0]]
    """

    def __init__(self) -> None:
        # Unbuffered: rows are read in an order of their own. It closes with the last of its looks.
        self._file = scratch_file()
        weakref.finalize(self, self._file.close)
        self._stop = 0
        self._dims: dict[Cue, int] = {}
        self._starts: dict[Cue, list[NDArray[np.int64]]] = {}
        self._sizes: dict[Cue, list[NDArray[np.int32]]] = {}
        self._covered = [_none(np.float32)]
        self._usable = [_none(np.bool_)]
        self._cache: OrderedDict[tuple[int, Cue, int], NDArray[np.float16]] = OrderedDict()
        self._cached_bytes = 0

    def append(self, looks: Looks) -> None:
        """Write the next rows."""
        chunks = []
        for cue, rows in looks.vectors.items():
            data, sizes = pack_rows(rows)
            self._dims[cue] = rows.shape[1]
            chunks.append(data)
            self._sizes.setdefault(cue, []).append(sizes)
            self._starts.setdefault(cue, []).append(
                self._stop + np.cumsum(sizes, dtype=np.int64) - sizes
            )
            self._stop += len(data)
        try:
            self._write(b"".join(chunks))
        except OSError as err:
            raise no_room(err) from err
        self._covered.append(looks.covered)
        self._usable.append(looks.usable)
        if len(self._usable) > _JOINED_AT:  # an array for every few boxes is more head than numbers
            columns: Any
            for columns in (
                *self._starts.values(), *self._sizes.values(), self._covered, self._usable
            ):  # fmt: skip
                _joined(columns)

    def _write(self, data: bytes) -> None:
        written = 0
        while written < len(data):  # a nearly full disk takes a part without complaint
            written += self._file.write(data[written:])

    def take(self, rows: NDArray[np.int64]) -> Looks:
        """Return the looks of the chosen rows; their vectors are read when they are asked for."""
        stored = rows.astype(np.int32)
        return Looks(_Rows(self, stored), _joined(self._covered)[rows], _joined(self._usable)[rows])

    def read(
        self, owner: int, cue: Cue, rows: NDArray[np.int32], *, block: int = _WHOLE
    ) -> NDArray[np.float16]:
        """Return (N, D) the vectors of `rows`; what was asked for last is kept.

        Args:
            owner: Whose rows they are.
            cue: Which cue.
            rows: Which of all.
            block: Which part of the owner's rows they are.
        """
        key = (owner, cue, block)
        found = self._cache.get(key)
        if found is None:
            sizes = _joined(self._sizes[cue])[rows]
            data = self._bytes_at(_joined(self._starts[cue])[rows], sizes)
            found = unpack_rows(data, sizes, dim=self._dims[cue])
            found.flags.writeable = False
            self._cache[key] = found
            self._cached_bytes += found.nbytes
        self._cache.move_to_end(key)
        while self._cached_bytes > CACHE_BYTES and len(self._cache) > 1:
            self._cached_bytes -= self._cache.popitem(last=False)[1].nbytes
        return found

    @property
    def cues(self) -> dict[Cue, int]:
        """Cue to the length of its vectors."""
        return self._dims

    def known(self, cue: Cue, rows: NDArray[np.int32]) -> NDArray[np.bool_]:
        """Return (N,) which of some rows show a cue."""
        return np.asarray(_joined(self._sizes[cue])[rows] > 0, np.bool_)

    def _bytes_at(self, starts: NDArray[np.int64], sizes: NDArray[np.int32]) -> bytes:
        parts = []
        for start, size in zip(starts.tolist(), sizes.tolist(), strict=True):
            if size:
                self._file.seek(start)
                parts.append(self._file.read(size))
        return b"".join(parts)


_owners = itertools.count()


class _Rows(StoredVectors):
    """Some rows of a `FeatureStore`."""

    def __init__(self, file: FeatureStore, stored: NDArray[np.int32]) -> None:
        self.file = file
        self.stored = stored
        self._owner = next(_owners)

    def __getitem__(self, cue: Cue) -> NDArray[np.float16]:
        return self.file.read(self._owner, cue, self.stored)

    def __iter__(self) -> Iterator[Cue]:
        return iter(self.file.cues)

    def __len__(self) -> int:
        return len(self.file.cues)

    def __contains__(self, cue: object) -> bool:
        return cue in self.file.cues  # the mapping's own would read the rows

    def __reduce__(self) -> Any:
        return dict, (list(self.items()),)  # a copy elsewhere holds the numbers themselves

    def rows(self, cue: Cue, rows: NDArray[np.int64]) -> NDArray[np.float16]:
        chosen = np.empty((len(rows), self.dim(cue)), np.float16)
        numbers = rows // BLOCK_ROWS
        for block in np.unique(numbers).tolist():
            part = slice(block * BLOCK_ROWS, (block + 1) * BLOCK_ROWS)
            read = self.file.read(self._owner, cue, self.stored[part], block=block)
            here = numbers == block
            chosen[here] = read[rows[here] - part.start]
        return chosen

    def dim(self, cue: Cue) -> int:
        return self.file.cues[cue]

    def known(self, cue: Cue) -> NDArray[np.bool_]:
        return self.file.known(cue, self.stored)

    def take(self, rows: NDArray[np.int64]) -> _Rows:
        return _Rows(self.file, self.stored[rows])

    def joined(self, others: Sequence[StoredVectors]) -> _Rows | None:
        parts = [self, *(o for o in others if isinstance(o, _Rows) and o.file is self.file)]
        if len(parts) <= len(others):
            return None
        return _Rows(self.file, np.concatenate([part.stored for part in parts]))


def pack_rows(rows: NDArray[np.float16]) -> tuple[bytes, NDArray[np.int32]]:
    """Return the (N, D) rows as bytes, and (N,) how many bytes each takes; a row of NaN takes none.

    Example:
        >>> data, sizes = pack_rows(np.array([[0, 0.5], [np.nan, np.nan]], np.float16))
        >>> sizes.tolist(), unpack_rows(data, sizes, dim=2).tolist()
        ([3, 0], [[0.0, 0.5], [nan, nan]])
    """
    bits = rows.view(np.uint16) != 0
    known = ~np.isnan(rows[:, 0])
    maps = np.packbits(bits, axis=1)
    sizes = np.where(known, maps.shape[1] + 2 * bits.sum(axis=1), 0).astype(np.int32)
    parts = []
    for row in np.flatnonzero(known):
        parts += [maps[row].tobytes(), rows[row][bits[row]].tobytes()]
    return b"".join(parts), sizes


def unpack_rows(data: bytes, sizes: NDArray[np.int32], *, dim: int) -> NDArray[np.float16]:
    """Return the (N, dim) rows that `pack_rows` wrote."""
    rows = np.full((len(sizes), dim), np.nan, np.float16)
    known = np.flatnonzero(sizes)
    everything = np.frombuffer(data, np.uint8)
    starts = np.cumsum(sizes[known], dtype=np.int64) - sizes[known]
    mapplaces = starts[:, None] + np.arange(-(-dim // 8))
    bits = np.unpackbits(everything[mapplaces], axis=1, count=dim).astype(np.bool_)
    is_value = np.ones(len(everything), np.bool_)
    is_value[mapplaces] = False
    unpacked = np.zeros((len(known), dim), np.float16)
    unpacked[bits] = everything[is_value].view(np.float16)
    rows[known] = unpacked
    return rows


def _joined(columns: list[NDArray[Any]]) -> NDArray[Any]:
    """Return the pieces of a column as one, which takes their place."""
    if len(columns) > 1:
        columns[:] = [np.concatenate(columns)]
    return columns[0]


def _none(dtype: type) -> NDArray[Any]:
    return np.zeros(0, dtype)
