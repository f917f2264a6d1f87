"""The looks of every box: several cues, never one vector; what cannot be seen is absent."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, get_args

import numpy as np

from identity.appearance.colour import HISTOGRAM_DIM
from identity.appearance.cues.body import COLOUR_DIM, colour_bodies
from identity.appearance.cues.crops import Crops, crop_edges
from identity.appearance.cues.seconded import opinion_on
from identity.appearance.cues.table import CUE_TABLE, CUES, Cue, cues_of
from identity.appearance.embedder import PartsEmbedder, checked_rows
from identity.appearance.faces.squares import read_in
from identity.appearance.looks_there import crops_there
from identity.appearance.zones import Zone, is_sliver
from scenes.arrays import check_network_output, frozen_array
from scenes.device_pictures import DeviceCrop, is_on_device
from scenes.frames import FrameBatch
from tracker import boxes

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from identity.appearance.cues.crops import Measured, Picture
    from identity.appearance.embedder import CrossCues, Embedder
    from identity.appearance.faces.face_reader import FaceReader
    from identity.settings import LooksSettings
    from tracker.detections import Detections, Detector

CHUNK_ROWS = 4096  # at a time: a take may last for hours
ZONES: tuple[Zone, ...] = get_args(Zone)
_OPINIONS_PER_S = 2.0  # a network for a twentieth of the pictures takes little time
PART_CUES = tuple(cue for cue in cues_of("network") if CUE_TABLE[cue].needs == "parts")

__all__ = [
    "CUES", "PART_CUES", "ZONES", "Cue", "Looks", "LooksReader", "StoredVectors", "colour_bodies",
    "covered_from_front", "hidden_share",
]  # fmt: skip


class StoredVectors(Mapping[Cue, "NDArray[np.float16]"]):
    """Vectors of N boxes that lie elsewhere, by cue; see `identity.appearance.feature_store`."""

    @abstractmethod
    def rows(self, cue: Cue, rows: NDArray[np.int64]) -> NDArray[np.float16]:
        """Return the chosen rows (K, D) of a cue, without reading all others."""

    @abstractmethod
    def dim(self, cue: Cue) -> int:
        """Return the length D of the vectors of a cue, without reading any."""

    @abstractmethod
    def known(self, cue: Cue) -> NDArray[np.bool_]:
        """Return (N,) bool, which rows are no NaN, without reading them."""

    @abstractmethod
    def take(self, rows: NDArray[np.int64]) -> StoredVectors:
        """Return the chosen rows."""

    @abstractmethod
    def joined(self, others: Sequence[StoredVectors]) -> StoredVectors | None:
        """Return these rows and those of `others`; `None` = they lie in different places."""


@dataclass(frozen=True, slots=True, eq=False)
class Looks:
    """Cues of N boxes, in the order of the boxes.

    Attributes:
        vectors: Cue to (N, D) float16 unit rows; a row that could not be seen is NaN. They may be
            read from a file each time they are asked for.
        covered: (N,) float32, share of the box that boxes in front of it cover.
        usable: (N,) bool, large, free and whole enough to be judged.
    """

    vectors: Mapping[Cue, NDArray[np.float16]]
    covered: NDArray[np.float32]
    usable: NDArray[np.bool_]
    _seen: dict[Cue, NDArray[np.int64]] = field(default_factory=dict, init=False, repr=False)

    def __post_init__(self) -> None:
        count = len(self.covered)
        if isinstance(self.vectors, dict):  # else whoever reads them vouches for them
            for cue, rows in self.vectors.items():
                self.vectors[cue] = frozen_array(cue, rows, shape=(count, None), dtype=np.float16)
        for name, dtype in (("covered", np.float32), ("usable", np.bool_)):
            object.__setattr__(
                self, name, frozen_array(name, getattr(self, name), shape=(count,), dtype=dtype)
            )

    def __len__(self) -> int:
        return len(self.covered)

    @classmethod
    def concat(cls, parts: list[Looks], *, body_dim: int) -> Looks:
        """Join `parts` in order; none gives the empty looks of a body cue of length `body_dim`."""
        if len(parts) == 1:
            return parts[0]
        dims: dict[Cue, int] = {"body": body_dim, **dict.fromkeys(ZONES, HISTOGRAM_DIM)}
        stored = [p.vectors for p in parts if isinstance(p.vectors, StoredVectors)]
        joined: Mapping[Cue, NDArray[np.float16]] | None = None
        if stored and len(stored) == len(parts):
            joined = stored[0].joined(stored[1:])
        if joined is None:
            if parts:
                dims.update({cue: rows.shape[1] for cue, rows in parts[0].vectors.items()})
            joined = {
                cue: np.concatenate(
                    [p.vectors[cue] for p in parts] or [np.zeros((0, dim), np.float16)]
                )
                for cue, dim in dims.items()
            }
        return cls(
            joined,
            np.concatenate([p.covered for p in parts] or [np.zeros(0, np.float32)]),
            np.concatenate([p.usable for p in parts] or [np.zeros(0, np.bool_)]),
        )

    def take(self, rows: NDArray[np.int64]) -> Looks:
        """Return the chosen rows of every column; the only way rows are ever selected."""
        if isinstance(self.vectors, StoredVectors):
            vectors: Mapping[Cue, NDArray[np.float16]] = self.vectors.take(rows)
        else:
            vectors = {cue: whole[rows] for cue, whole in self.vectors.items()}
        return Looks(vectors, self.covered[rows], self.usable[rows])

    def seen(self, cue: Cue) -> NDArray[np.int64]:
        """Return the rows in which `cue` could be seen well enough to judge; not to be changed."""
        found = self._seen.get(cue)
        if found is None:  # asked for at every moment of a take
            found = self._seen[cue] = self._find_seen(cue)
            found.flags.writeable = False
        return found

    def _find_seen(self, cue: Cue) -> NDArray[np.int64]:
        rows = self.told(cue)
        return rows[self.usable[rows]]

    def told(self, cue: Cue) -> NDArray[np.int64]:
        """Return the rows in which `cue` is known at all."""
        if cue not in self.vectors:
            return np.zeros(0, np.int64)
        if isinstance(self.vectors, StoredVectors):
            return np.flatnonzero(self.vectors.known(cue))
        return np.flatnonzero(~np.isnan(self.vectors[cue][:, 0]))

    def dim(self, cue: Cue) -> int:
        """Return the length of the vectors of a cue; 0 = it is not told."""
        if isinstance(self.vectors, StoredVectors):
            return self.vectors.dim(cue) if cue in self.vectors else 0
        return self.vectors[cue].shape[1] if cue in self.vectors else 0

    def chunks(self, cue: Cue, rows: NDArray[np.int64]) -> Iterator[NDArray[np.float32]]:
        """Yield the chosen rows (at most 4096, D) of a cue; a take may have a hundred thousand."""
        for first in range(0, len(rows), CHUNK_ROWS):
            yield self.rows(cue, rows[first : first + CHUNK_ROWS])

    def rows(self, cue: Cue, rows: NDArray[np.int64]) -> NDArray[np.float32]:
        """Return the chosen rows (K, D) of a cue."""
        if isinstance(self.vectors, StoredVectors):
            return self.vectors.rows(cue, rows).astype(np.float32)
        return self.vectors[cue][rows].astype(np.float32)

    def mean(self, cue: Cue, rows: NDArray[np.int64]) -> NDArray[np.float32]:
        """Return (D,) the mean of the chosen rows, at least one, of which few are held at once."""
        total = sum(part.sum(axis=0, dtype=np.float64) for part in self.chunks(cue, rows))
        return np.asarray(total / len(rows), np.float32)


class LooksReader:
    """Takes the looks of the boxes of one batch after the other.

    Args:
        embedder: The network for the whole body; `None` = colour only.
        settings: Which samples are taken.
        fps: Of the clip; together with `embed_per_s` it says which frames the network sees.
        faces: Reads the faces of the heads that an embedder with parts tells; `None` = nobody does.
        second: Is asked how sure it is of boxes that another detector found; `None` = it is not.
    """

    def __init__(
        self,
        embedder: Embedder | None,
        settings: LooksSettings,
        *,
        fps: float,
        faces: FaceReader | None = None,
        second: Detector | None = None,
    ) -> None:
        self._embedder = embedder
        self._faces = faces
        self._settings = settings
        self._stride_frames = max(1, round(fps / settings.embed_per_s))
        self._second = second
        self._asked_frames = max(1, round(fps / _OPINIONS_PER_S))

    @property
    def body_dim(self) -> int:
        """Length of the body cue."""
        return COLOUR_DIM if self._embedder is None else self._embedder.dim

    def read(self, batch: FrameBatch, found: Detections) -> Looks:
        """Return the looks of the boxes `found` in the pictures of `batch`."""
        covered = covered_from_front(found)
        tall = found.xyxy[:, 3] - found.xyxy[:, 1] >= self._settings.min_height_px
        height_px, width_px = batch.rgb.shape[1:3]
        sliver = is_sliver(found.xyxy, width_px=width_px, height_px=height_px)
        usable = np.asarray(tall & (covered <= self._settings.max_covered) & ~sliver, np.bool_)
        # Nobody reads the looks of the others, so they are not taken.
        rows = np.flatnonzero(usable).tolist()
        edges = crop_edges(found.xyxy, width_px=width_px, height_px=height_px).tolist()
        whole = {row: _picture(batch, int(found.frame[row] - batch.index[0])) for row in rows}
        pictures = {}
        for row, picture in whole.items():
            top, left, bottom, right = edges[row]
            pictures[row] = picture[top:bottom, left:right]
        crops = self._looked_at(found, pictures, width_px=width_px, height_px=height_px)
        faces = self._faces
        if faces is not None and crops.read_faces is None:
            read_faces = read_in([whole[row] for row in crops.sampled], faces)
            crops = replace(crops, read_faces=read_faces)
        if self._second is not None:
            crops = replace(crops, seconded=self._second_opinion(self._second, batch, found))
        vectors: dict[Cue, NDArray[np.float16]] = {}
        for cue in CUE_TABLE.values():
            if crops.show(cue.needs):
                shown, values = cue.measure()(crops, cue.name)
                vectors[cue.name] = _rows_at(shown, values, len(found))
        return Looks(vectors, covered, usable)

    def _second_opinion(self, second: Detector, batch: FrameBatch, found: Detections) -> Measured:
        """Return which boxes of a batch the second detector was asked about, and how sure it is."""
        there = set(found.frame.tolist())
        asked = [
            row for row, frame in enumerate(batch.index.tolist())
            if frame % self._asked_frames == 0 and frame in there
        ]  # fmt: skip
        if not asked:
            return np.zeros(0, np.int64), np.zeros((0, 1), np.float32)
        times = tuple(batch.time_s[row] for row in asked)
        pictures = FrameBatch(batch.index[asked], times, batch.rgb[asked])
        return opinion_on(found, second.detect(pictures), set(pictures.index.tolist()))

    def _looked_at(
        self, found: Detections, pictures: dict[int, Picture], *, width_px: int, height_px: int
    ) -> Crops:
        """Return the crops with what the network says of those it looks at."""
        network = self._embedder
        rows = [row for row in pictures if found.frame[row] % self._stride_frames == 0]
        reader = getattr(network, "there", None)
        there = {row: crop for row, crop in pictures.items() if isinstance(crop, DeviceCrop)}
        if network is not None and reader is not None and there:
            size = {"width_px": width_px, "height_px": height_px}
            crops = crops_there(found, there, rows, reader, faces=self._faces, **size)
            _check(crops.body, crops.parts, network=network.name)
            return crops
        arrays = {row: np.asarray(picture) for row, picture in pictures.items()}
        if network is None:
            body = colour_bodies(list(arrays.values()))
            return Crops(found, arrays, list(arrays), width_px, height_px, body)
        chosen = [arrays[row] for row in rows]
        if isinstance(network, PartsEmbedder):
            cues = network.read_cues(chosen)
            _check(cues.body, cues, network=network.name)
            return Crops(found, arrays, rows, width_px, height_px, cues.body, cues)
        body = np.zeros((0, network.dim), np.float32)
        if rows:
            body = network.embed(chosen)
            _check(body, None, network=network.name)
        return Crops(found, arrays, rows, width_px, height_px, body)


def _picture(batch: FrameBatch, place: int) -> Picture:
    """Return a whole picture of a batch, which is not copied."""
    if is_on_device(batch.rgb):
        return DeviceCrop(batch.rgb, place, 0, 0, *batch.rgb.shape[1:3])
    picture: NDArray[np.uint8] = batch.rgb[place]
    return picture


def _check(body: NDArray[np.float32], cues: CrossCues | None, *, network: str) -> None:
    """Raise where a network returned something that is no number, or nothing but zeros."""
    for values in () if cues is None else cues[1:]:
        check_network_output(values, network=network, what="looks")
    checked_rows(body, network=network)


def _rows_at(
    rows: NDArray[np.int64], vectors: NDArray[np.float32], count: int
) -> NDArray[np.float16]:
    """Return (count, D) with `vectors` at `rows` and NaN elsewhere."""
    whole = np.full((count, vectors.shape[1]), np.nan, np.float16)
    whole[rows] = vectors
    return whole


def covered_from_front(found: Detections) -> NDArray[np.float32]:
    """Return (N,) the share of each box that boxes in front of it in its frame cover."""
    covered = np.zeros(len(found), np.float32)
    for frame in np.unique(found.frame):
        rows = np.flatnonzero(found.frame == frame)
        covered[rows] = hidden_share(found.xyxy[rows], found.score[rows])
    return covered


def hidden_share(
    xyxy: NDArray[np.float32], score: NDArray[np.float32] | None = None
) -> NDArray[np.float32]:
    """Return (N,) the share of each of the (N, 4) boxes of one frame that others hide, at most 1.

    Of two people the one whose box ends lower stands nearer to the camera (on a common ground), so
    only boxes that end lower count; of two that end alike, each counts half. A box that is less
    sure than the one it would hide counts less in proportion: most of those are a second box on
    the same body, or nobody.

    Args:
        xyxy: (N, 4) boxes.
        score: (N,) how sure each is; without it, and beside one that is 0, all are equally sure.

    Example:
        >>> two = np.array([[0, 0, 40, 100], [20, 0, 60, 120]], np.float32)
        >>> hidden_share(two), hidden_share(two, np.array([0.8, 0.2], np.float32))
        (array([0.5, 0. ], dtype=float32), array([0.125, 0.   ], dtype=float32))
    """
    if len(xyxy) < 2:
        return np.zeros(len(xyxy), np.float32)
    share = boxes.covered(xyxy, xyxy)
    np.fill_diagonal(share, 0)
    height = np.maximum(xyxy[:, 3] - xyxy[:, 1], 1)
    lower = (xyxy[None, :, 3] - xyxy[:, None, 3]) / height[:, None]
    in_front = np.clip(0.5 + lower / 0.1, 0, 1)
    if score is not None:
        ratio = np.divide(
            score[None, :], score[:, None], where=score[:, None] > 0, out=np.ones_like(share)
        )
        in_front *= np.minimum(ratio, 1)
    return np.asarray(np.minimum((share * in_front).sum(axis=1), 1), np.float32)
