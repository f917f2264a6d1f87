"""The networks of a worker for several clips at a time: their pictures share batches."""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from dataclasses import replace
from fractions import Fraction
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from castcheck.batch.request_batcher import RequestBatcher
from identity.appearance.embedder import CrossCues, PartsEmbedder
from identity.appearance.faces.face_reader import Faces
from scenes.cuts import ShotSplitter
from scenes.device_pictures import is_on_device, joined
from scenes.frames import FrameBatch
from tracker.detections import Detections
from tracker.replay import ReplayDetector, ReplayFolder

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from castcheck.config import Config
    from castcheck.models.load import Models
    from identity.appearance.embedder import DeviceReader, Embedder
    from identity.appearance.faces.face_reader import DeviceFaceReader, FaceReader
    from scenes.cut_settings import ShotSettings
    from scenes.device_pictures import DeviceCrop
    from tracker.detections import Detector

    Crops = Sequence[Any]  # arrays, or all `DeviceCrop`

THERE = "on a device"
_CROPS_AT_ONCE = 64  # embedders take 16 or 32 in one pass, so two passes or more are full


class SharedDetector:
    """A `Detector` that several threads may ask; pictures of one size share forward passes.

    Args:
        detector: Asked from one thread only.
        batch_size: Pictures per call.
    """

    def __init__(self, detector: Detector, *, batch_size: int) -> None:
        self._detector = detector
        self.batcher: RequestBatcher[NDArray[np.uint8], Detections] = RequestBatcher(
            self._detect_all, limit=batch_size, name="castcheck-detect"
        )

    @property
    def name(self) -> str:
        """What the report calls it."""
        return self._detector.name

    @property
    def sha256(self) -> str | None:
        """Of the weights file."""
        return self._detector.sha256

    @property
    def passing_classes(self) -> frozenset[int]:
        """Classes that count only where they are large and stay."""
        return self._detector.passing_classes

    @property
    def heads_from(self) -> dict[str, str | None] | None:
        """What finds the heads, where another network does."""
        return self._detector.heads_from

    def detect(self, batch: FrameBatch) -> Detections:
        """Return the boxes of all frames of `batch`, sorted by frame."""
        per_frame = self.batcher.submit(batch.rgb, batch.rgb.shape[1:])
        counts = np.array([len(found) for found in per_frame], np.int64)
        return replace(Detections.concat(per_frame), frame=np.repeat(batch.index, counts))

    def _detect_all(self, parts: Sequence[NDArray[np.uint8]]) -> list[Detections]:
        """Return the boxes of each picture of all parts; the numbers of their frames are void."""
        rgb = joined(parts)
        count = len(rgb)
        # A detector looks at pictures, not at what clip and time they are from.
        found = self._detector.detect(FrameBatch(np.arange(count), (Fraction(0),) * count, rgb))
        edges = np.searchsorted(found.frame, np.arange(count + 1))
        return [found.take(np.arange(start, stop)) for start, stop in pairwise(edges)]


class SharedReader:
    """The part of an embedder that reads crops on a device, for several threads (a `DeviceReader`).

    Args:
        reader: Asked from one thread only.
        batcher: Its requests of the key `THERE` are answered with one (1, K) tensor for each crop.
    """

    def __init__(self, reader: DeviceReader, batcher: RequestBatcher[Crops, Any]) -> None:
        self._reader, self._batcher = reader, batcher
        self.head_boxes, self.read = reader.head_boxes, reader.read

    def rows(self, crops: Sequence[DeviceCrop]) -> Any:
        """Return (N, K) float32, all that the network says of N crops; a tensor on the device."""
        rows = self._batcher.submit(crops, THERE)
        return joined(rows) if rows else self._reader.rows(crops)


class SharedEmbedder:
    """An `Embedder` that several threads may ask; see `SharedDetector`."""

    def __init__(self, embedder: Embedder) -> None:
        self._embedder = embedder
        self.batcher: RequestBatcher[Crops, Any] = RequestBatcher(
            self._answer, limit=_CROPS_AT_ONCE, name="castcheck-embed"
        )
        reader: DeviceReader | None = getattr(embedder, "there", None)
        self._reader = reader
        self.there = None if reader is None else SharedReader(reader, self.batcher)

    def _answer(self, parts: Sequence[Crops]) -> Sequence[Any]:
        crops = _joined(parts)
        if self._reader is None or not is_on_device(crops[0]):
            return self._work(parts)
        rows = self._reader.rows(crops)
        return [rows[k : k + 1] for k in range(len(rows))]

    @property
    def name(self) -> str:
        """What the report calls it."""
        return self._embedder.name

    @property
    def sha256(self) -> str | None:
        """Of the weights file."""
        return self._embedder.sha256

    @property
    def dim(self) -> int:
        """Length D of its vectors."""
        return self._embedder.dim

    def embed(self, crops: Crops) -> NDArray[np.float32]:
        """Return (N, D) float32 unit rows for N RGB crops; N may be 0."""
        rows = self.batcher.submit(crops)
        return np.stack(rows) if rows else np.zeros((0, self.dim), np.float32)

    def _work(self, parts: Sequence[Crops]) -> Sequence[Any]:
        return list(self._embedder.embed(_joined(parts)))


class SharedPartsEmbedder(SharedEmbedder):
    """A `PartsEmbedder` that several threads may ask; see `SharedDetector`."""

    def __init__(self, embedder: PartsEmbedder) -> None:
        self._parts_embedder = embedder
        super().__init__(embedder)

    @property
    def part_dim(self) -> int:
        """Length P of its vectors of a part."""
        return self._parts_embedder.part_dim

    def embed(self, crops: Crops) -> NDArray[np.float32]:
        """Return (N, D) float32 unit rows for N RGB crops; N may be 0."""
        return self.read_cues(crops).body

    def read_cues(self, crops: Crops) -> CrossCues:
        """Return all cues of N RGB crops; N may be 0."""
        rows = self.batcher.submit(crops)
        if rows:
            return CrossCues(*(np.stack(column) for column in zip(*rows, strict=True)))
        shapes = ((0, self.dim), (0, 3, self.part_dim), (0, 3), (0, 4), (0,))
        return CrossCues(*(np.zeros(shape, np.float32) for shape in shapes))

    def _work(self, parts: Sequence[Crops]) -> Sequence[Any]:
        return list(zip(*self._parts_embedder.read_cues(_joined(parts)), strict=True))


class SharedFaces:
    """A `FaceReader` that several threads may ask; see `SharedDetector`."""

    def __init__(self, faces: FaceReader) -> None:
        self._faces = faces
        # On a device a network may be asked by several threads, and calls for faces are few.
        self.there: DeviceFaceReader | None = getattr(faces, "there", None)
        self.batcher: RequestBatcher[Crops, Any] = RequestBatcher(
            self._read_all, limit=_CROPS_AT_ONCE, name="castcheck-faces"
        )

    @property
    def name(self) -> str:
        """What the report calls it."""
        return self._faces.name

    @property
    def sha256(self) -> str:
        """Of the weights file."""
        return self._faces.sha256

    @property
    def dim(self) -> int:
        """Length D of its vectors."""
        return self._faces.dim

    def read(self, heads: Crops) -> Faces:
        """Return the faces of N heads; N may be 0."""
        rows = self.batcher.submit(heads)
        if rows:
            return Faces(*(np.stack(column) for column in zip(*rows, strict=True)))
        return self._faces.read(())

    def _read_all(self, parts: Sequence[Crops]) -> Sequence[Any]:
        return list(zip(*self._faces.read(_joined(parts)), strict=True))


class SharedModels:
    """The networks of a worker, for clips that are judged at the same time.

    Args:
        models: From now on asked through this only.
        config: Says how large a batch is, and how cuts are found.

    Attributes:
        models: The same, for any thread to ask.
    """

    def __init__(self, models: Models, config: Config) -> None:
        _load_now(config.shots, models.device)
        self._gatherers: list[RequestBatcher[Any, Any]] = []
        detector, embedder, faces = models.detector, models.embedder, models.faces
        # Stored boxes need no network, so nothing is gained by asking for them together.
        if not isinstance(detector, (ReplayDetector, ReplayFolder)):
            detector = SharedDetector(detector, batch_size=config.detector.batch_size)
            self._gatherers.append(detector.batcher)
        if embedder is not None:
            embedder = _shared_embedder(embedder)
            self._gatherers.append(embedder.batcher)
        if faces is not None:
            faces = SharedFaces(faces)
            self._gatherers.append(faces.batcher)
        second = models.second
        if second is not None:
            second = SharedDetector(second, batch_size=config.detector.batch_size)
            self._gatherers.append(second.batcher)
        self.models = replace(
            models, detector=detector, embedder=embedder, faces=faces, second=second
        )

    @contextmanager
    def one_clip(self) -> Iterator[Models]:
        """Give the networks to a clip while the block runs; the others know that it is there."""
        with ExitStack() as stack:
            for batcher in self._gatherers:
                stack.enter_context(batcher.asker())
            yield self.models

    def close(self) -> None:
        """End the threads that ask the networks."""
        for batcher in self._gatherers:
            batcher.close()


def _load_now(shots: ShotSettings, device: str) -> None:
    """Load what finds cuts, which comes with the first picture: once, not from many threads."""
    splitter = ShotSplitter(shots, device=device)
    blank = np.zeros((1, 64, 64, 3), np.uint8)
    splitter.push(FrameBatch(np.arange(1), (Fraction(0),), blank))
    splitter.finish()


def _shared_embedder(embedder: Embedder) -> SharedEmbedder:
    if isinstance(embedder, PartsEmbedder):
        return SharedPartsEmbedder(embedder)
    return SharedEmbedder(embedder)


def _joined(parts: Sequence[Crops]) -> Crops:
    return parts[0] if len(parts) == 1 else [crop for part in parts for crop in part]
