"""Heads of film and stills with what the teachers see in them: five points, and who it looks like.

A head is kept as a square around its box, larger than a network of ours will see, so that it can be
cut anew with errors of its place and size. YuNet says where eyes, nose and mouth are, if there is
a face at all; SFace says what the face looks like, in `training/faces_mixed.py`.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

from identity.appearance.faces.align import square_crop
from identity.appearance.open_embedder import open_embedder
from identity.appearance.reid_cues import CueReader
from scenes.errors import CastcheckError
from tracker import boxes
from tracker.known_weights import BUNDLED
from tracker.settings import DetectorSettings
from tracker.yolo import YoloDetector
from training.film_boxes import DRAWN, head_of_face
from training.reading import seen_by

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from numpy.typing import NDArray

    Image = NDArray[np.uint8]
    Floats = NDArray[np.float32]

YUNET = "face_detection_yunet_2023mar.onnx"
SFACE = "face_recognition_sface_2021dec.onnx"
# A fifth of the sources by their faces. The two that film boxes keep back and that show many.
HELD_OUT = frozenset({"thu-ml/TurboDiffusion", "GoogleCloudPlatform/nodejs-docs-samples"})
KEPT_SIDE = 2.2  # of the larger side of the head's box
KEPT_PX = 256
EVERY = 3  # frames; faces of neighbours are the same picture
FACE_SURE = 0.7  # from here on there is a face to compare
_FACE_TRACE = 0.3
_MIN_HEAD_PX = 14
_MIN_SCORE = 0.3
_SAME_HEAD_IOU = 0.45
_SAME_TRACK_IOU = 0.3


@dataclass(frozen=True, slots=True, eq=False)
class Heads:
    """N heads.

    Attributes:
        pictures: (N, 256, 256, 3) RGB, 2.2 times the side of the head, the head in the middle.
        side_px: (N,) of the head in its picture.
        score: (N,) of the face YuNet found in it, 0 = none.
        points: (N, 5, 2) in pixels of `pictures`; NaN without a face.
        track: (N,) who, as far as one clip tells: heads in the same place of neighbouring frames.
        clip: (N,) number of the clip or still.
        frame: (N,).
        source: (N,) repository.
        is_drawn: (N,) from drawn or animated film.
        is_still: (N,) from a still, of which no look is learnt: they are given for detectors alone.
    """

    pictures: Image
    side_px: Floats
    score: Floats
    points: Floats
    track: NDArray[np.int64]
    clip: NDArray[np.int64]
    frame: NDArray[np.int64]
    source: NDArray[np.str_]
    is_drawn: NDArray[np.bool_]
    is_still: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.score)

    @property
    def held_out(self) -> NDArray[np.bool_]:
        """Return (N,) whether its source is kept back to choose by."""
        return np.isin(self.source, sorted(HELD_OUT))

    @property
    def looked_at(self) -> NDArray[np.bool_]:
        """Return (N,) which show a face whose look is learnt, or measured: none of a still."""
        return (self.score >= FACE_SURE) & ~self.is_still


class HeadFinder:
    """Finds heads in a picture as castcheck does: boxes of characters, and the heads in them.

    Args:
        yunet: ONNX of YuNet; heads around faces that castcheck misses are taken too.
    """

    def __init__(self, yunet: Path) -> None:
        self._detector = YoloDetector(BUNDLED, DetectorSettings(min_score=_MIN_SCORE))
        reader = open_embedder(BUNDLED)
        if not isinstance(reader, CueReader):
            raise CastcheckError("the bundled network finds no heads", where="--embedder")
        self._reader = reader
        self._faces = cv2.FaceDetectorYN.create(str(yunet), "", (320, 320), FACE_SURE)

    def heads(self, rgb: Image) -> Floats:
        """Return (N, 4) boxes of heads in a (H, W, 3) picture, in pixels."""
        found = seen_by(self._detector, rgb).xyxy
        size = found[:, 2:] - found[:, :2]
        found = found[(size >= 2 * _MIN_HEAD_PX).all(1)]
        parts = [np.zeros((0, 4), np.float32)]
        if len(found):
            crops = [
                np.ascontiguousarray(rgb[int(y1) : int(y2) + 1, int(x1) : int(x2) + 1])
                for x1, y1, x2, y2 in found
            ]
            cues = self._reader.read_cues(crops)
            corner, size = found[:, [0, 1, 0, 1]], (found[:, 2:] - found[:, :2])[:, [0, 1, 0, 1]]
            parts.append((corner + cues.head_box * size)[cues.visibility[:, 0] > 0.3])
        self._faces.setInputSize((rgb.shape[1], rgb.shape[0]))
        _, rows = self._faces.detect(np.ascontiguousarray(rgb[..., ::-1]))
        if rows is not None:
            face = np.asarray(rows, np.float32)[:, :4]
            face[:, 2:] += face[:, :2]
            parts.append(head_of_face(face))
        every = np.concatenate(parts).astype(np.float32)
        kept: list[int] = []
        for row in range(len(every)):
            small = (every[row, 2:] - every[row, :2]).max() < _MIN_HEAD_PX
            if not small and (
                not kept or boxes.iou(every[row : row + 1], every[kept]).max() < _SAME_HEAD_IOU
            ):
                kept.append(row)
        return every[kept]


class PointTeacher:
    """YuNet on the picture of one head."""

    def __init__(self, yunet: Path) -> None:
        self._net = cv2.FaceDetectorYN.create(str(yunet), "", (KEPT_PX, KEPT_PX), _FACE_TRACE)

    def read(self, picture: Image) -> tuple[float, Floats]:
        """Return score and (5, 2) points of the face in the head of a kept picture; 0 and NaN."""
        _, rows = self._net.detect(np.ascontiguousarray(picture[..., ::-1]))
        best, points = 0.0, np.full((5, 2), np.nan, np.float32)
        low, high = KEPT_PX * (0.5 - 0.5 / KEPT_SIDE), KEPT_PX * (0.5 + 0.5 / KEPT_SIDE)
        for row in np.zeros((0, 15)) if rows is None else rows:
            x, y = row[0] + row[2] / 2, row[1] + row[3] / 2
            if low <= x <= high and low <= y <= high and row[14] > best:
                best, points = float(row[14]), np.asarray(row[4:14], np.float32).reshape(5, 2)
        return best, points

    def read_wide(self, face: Image) -> tuple[float, Floats]:
        """Return score and (5, 2) points in a square that a face fills, in its pixels."""
        room = face.shape[0] // 4
        framed = cv2.copyMakeBorder(face, room, room, room, room, cv2.BORDER_REPLICATE)
        factor = KEPT_PX / framed.shape[0]
        sized = cv2.resize(framed, (KEPT_PX, KEPT_PX), interpolation=cv2.INTER_LINEAR)
        score, points = self.read(np.asarray(sized, np.uint8))
        return score, ((points + 0.5) / factor - 0.5 - room).astype(np.float32)


def gather(
    clips: Path, stills: Path | None, table: Path, teachers: Path, *, say: Callable[[str], None]
) -> Heads:
    """Return the heads of all clips and stills that a table names.

    Args:
        clips: Folder.
        stills: Folder; of these only points are learnt.
        table: TSV with the columns name, repo and style.
        teachers: Folder with the files of YuNet and SFace.
        say: Takes a line about each file.

    Raises:
        CastcheckError: No head was found.
    """
    finder, teacher = HeadFinder(teachers / YUNET), PointTeacher(teachers / YUNET)
    columns: dict[str, list[Any]] = {name: [] for name in Heads.__slots__}
    tracks = 0
    with table.open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file, delimiter="\t"))
    for number, row in enumerate(rows):
        is_still = (clips / row["name"]).suffix != ".mp4"
        folder = stills if is_still else clips
        if folder is None or not (folder / row["name"]).exists():
            continue
        before, names = np.zeros((0, 4), np.float32), np.zeros(0, np.int64)
        for frame, rgb in _frames(folder / row["name"]):
            found = finder.heads(rgb)
            now = np.zeros(len(found), np.int64)
            overlap = boxes.iou(found, before) if len(before) else np.zeros((len(found), 0))
            for i, box in enumerate(found):
                if overlap[i].max(initial=0) >= _SAME_TRACK_IOU:
                    now[i] = names[overlap[i].argmax()]
                    overlap[:, overlap[i].argmax()] = 0
                else:
                    now[i], tracks = tracks, tracks + 1
                picture = square_crop(rgb, box, scale=KEPT_SIDE, size_px=KEPT_PX)
                score, points = teacher.read(picture)
                facts = (
                    picture, max(box[2] - box[0], box[3] - box[1]), score, points, now[i], number,
                    frame, row["repo"], row["style"] in DRAWN, is_still,
                )  # fmt: skip
                for name, fact in zip(columns, facts, strict=True):
                    columns[name].append(fact)
            before, names = found, now
        say(f"{row['name']}: {len(columns['score'])} heads")
    if not columns["score"]:
        raise CastcheckError("no head in it", where=clips, hint="check --clips and --table")
    kinds = {"side_px": np.float32, "score": np.float32, "points": np.float32}
    return Heads(**{
        name: np.array(facts, kinds.get(name)) for name, facts in columns.items()
    })  # fmt: skip


def _frames(file: Path) -> Iterator[tuple[int, Image]]:
    """Yield number and RGB picture of every third frame of a clip, or of a still."""
    if file.suffix != ".mp4":
        bgr = cv2.imread(str(file), cv2.IMREAD_COLOR)
        if bgr is not None:
            scale = min(1.0, 640 / max(bgr.shape[:2]))
            size = (round(bgr.shape[1] * scale), round(bgr.shape[0] * scale))
            small = cv2.resize(bgr, size, interpolation=cv2.INTER_AREA)
            yield 0, np.ascontiguousarray(small[..., ::-1])
        return
    capture = cv2.VideoCapture(str(file))
    try:
        frame = 0
        while capture.grab():
            if frame % EVERY == 0:
                yield frame, np.ascontiguousarray(np.asarray(capture.retrieve()[1])[..., ::-1])
            frame += 1
    finally:
        capture.release()


def save_heads(heads: Heads, folder: Path) -> None:
    """Write heads as two files: pictures, which are mapped, and the rest."""
    folder.mkdir(parents=True, exist_ok=True)
    np.save(folder / "pictures.npy", heads.pictures)
    rest = {name: getattr(heads, name) for name in Heads.__slots__ if name != "pictures"}
    np.savez(folder / "heads.npz", **rest)


def load_heads(folder: Path) -> Heads:
    """Read what `save_heads` wrote."""
    with np.load(folder / "heads.npz") as rest:
        return Heads(np.load(folder / "pictures.npy"), **{name: rest[name] for name in rest})
