"""Labels for film: boxes that a larger detector finds again mirrored, and heads around found faces.

What it is sure of twice is a label; what it doubts is neither somebody nor background, and the
training leaves it out (`training/fine_tune.py`). What the detector of today calls somebody and the
larger one sees no trace of stays unlabelled, which makes it background. Whole repositories are kept
back, so that no clip chooses a checkpoint by pictures of its own series.
"""

from __future__ import annotations

import csv
import json
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING

import cv2
import numpy as np

from tracker import boxes
from tracker.settings import DetectorSettings
from tracker.yolo import YoloDetector
from training.reading import at_frames, seen_by

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from numpy.typing import NDArray

    Image = NDArray[np.uint8]
    Boxes = NDArray[np.float32]

CHARACTER, CREATURE, HEAD = 0, 1, 2
NAMES = ("character", "creature", "head")
ALL = -1  # of what is left out: whatever it is
ANIMALS = (
    "bird", "cat", "dog", "horse", "sheep", "cow", "elephant", "bear", "zebra", "giraffe",
    "teddy bear",
)  # fmt: skip
# A fifth of the pictures, of all kinds.
HELD_OUT = frozenset({
    "thu-ml/TurboDiffusion", "GoogleCloudPlatform/nodejs-docs-samples", "tensorflow/tfjs-models",
    "dvlab-research/ControlNeXt", "mdn/learning-area", "swcarpentry/website", "G-U-N/Gen-L-Video",
    "Zulko/moviepy",
})  # fmt: skip
FRAMES_OF_CLIP = 4
LONGEST_PX = 640
_TRACE = 0.04  # scored lower the larger detector sees nothing
_DOUBT = 0.12
_SURE = {CHARACTER: 0.42, CREATURE: 0.5}
_AGREED_IOU = 0.6
DRAWN = {"anime", "cartoon", "3d", "animated", "animal"}  # what photographs teach little about
_OWN_DOUBT, _OWN_SURE = 0.35, 0.6
_FACE_SURE, _FACE_DOUBT = 0.75, 0.4


@dataclass
class Picture:
    """One picture and what is known of it.

    Attributes:
        file: Its name in the folder.
        source: Repository it is from.
        held_out: Whether it is kept back.
        boxes: [x1, y1, x2, y2, class], px.
        left_out: The same; class -1 = of no class anything is learnt there.
    """

    file: str
    source: str
    held_out: bool
    boxes: list[list[float]] = field(default_factory=list)
    left_out: list[list[float]] = field(default_factory=list)


def head_of_face(face: Boxes) -> Boxes:
    """Return (N, 4) head boxes, hair and chin, for (N, 4) faces from the brows to the chin.

    Example:
        >>> head_of_face(np.array([[10, 20, 30, 40]], np.float32)).tolist()
        [[6.0, 12.0, 34.0, 41.0]]
    """
    width, height = face[:, 2] - face[:, 0], face[:, 3] - face[:, 1]
    grown = np.stack([-0.2 * width, -0.4 * height, 0.2 * width, 0.05 * height], axis=1)
    return np.asarray(face + grown, np.float32)


def agreed(
    plain: Boxes, plain_score: Boxes, other: Boxes, other_score: Boxes
) -> tuple[Boxes, NDArray[np.float32]]:
    """Return the (N, 4) boxes of `plain`, each the mean with its twin, and their mean scores.

    A box without a twin keeps its place and half its score.

    Example:
        >>> one = np.array([[0, 0, 10, 10], [50, 50, 60, 60]], np.float32)
        >>> two = np.array([[0, 0, 10, 12]], np.float32)
        >>> sure, other = np.array([0.8, 0.6], np.float32), np.array([0.6], np.float32)
        >>> place, score = agreed(one, sure, two, other)
        >>> place.tolist(), [round(float(s), 2) for s in score]
        ([[0.0, 0.0, 10.0, 11.0], [50.0, 50.0, 60.0, 60.0]], [0.7, 0.3])
    """
    mean, score = plain.copy(), np.asarray(plain_score / 2, np.float32)
    if len(other):
        overlap = boxes.iou(plain, other)
        best = overlap.argmax(1)
        twin = overlap.max(1) >= _AGREED_IOU
        mean[twin] = (plain[twin] + other[best[twin]]) / 2
        score[twin] += np.asarray(other_score, np.float32)[best[twin]] / 2
    return mean, score


class Labeller:
    """Labels single pictures.

    Args:
        larger: Weights trained on COCO.
        own: The detector that is to learn.
        faces: ONNX of YuNet.
        size_px: Longer side at which the larger one looks.
    """

    def __init__(self, larger: Path, own: str, faces: Path, size_px: int = 640) -> None:
        wanted = ",".join(("person", *ANIMALS))
        self._larger = YoloDetector(
            larger, DetectorSettings(image_size_px=size_px, min_score=_TRACE, classes=wanted),
            trusted=True,
        )  # fmt: skip
        self._own = YoloDetector(own, DetectorSettings(min_score=0.2))
        self._faces = cv2.FaceDetectorYN.create(str(faces), "", (320, 320), _FACE_DOUBT)
        names = self._larger.all_class_names
        self._class = {i: CHARACTER if n == "person" else CREATURE for i, n in names.items()}

    def label(self, bgr: Image, picture: Picture, *, is_drawn: bool) -> None:
        """Fill in the boxes of a picture."""
        width = bgr.shape[1]
        rgb = np.ascontiguousarray(bgr[..., ::-1])
        plain = seen_by(self._larger, rgb)
        mirrored = seen_by(self._larger, np.ascontiguousarray(rgb[:, ::-1]))
        turned = mirrored.xyxy[:, [2, 1, 0, 3]] * np.array([-1, 1, -1, 1], np.float32)
        turned = turned + np.array([width, 0, width, 0], np.float32)
        place, score = agreed(plain.xyxy, plain.score, turned, mirrored.score)
        kept: list[list[float]] = []
        for box, sure, kind in zip(place, score, plain.class_id, strict=True):
            group = self._class[int(kind)]
            if sure >= _SURE[group]:
                kept.append([*map(float, box), group])
            elif sure >= _DOUBT:
                picture.left_out.append([*map(float, box), ALL])
        lone = turned[_without(turned, place) & (mirrored.score >= 2 * _DOUBT)]
        picture.left_out += [[*map(float, box), ALL] for box in lone]
        self._judge_own(rgb, plain.xyxy, kept, picture, is_drawn=is_drawn)
        self._add_heads(bgr, kept, picture)
        picture.boxes = kept + picture.boxes

    def _judge_own(
        self,
        rgb: Image,
        traces: Boxes,
        kept: list[list[float]],
        picture: Picture,
        *,
        is_drawn: bool,
    ) -> None:
        """Take what the own detector alone sees, where the larger one may be blind."""
        if not is_drawn:
            return
        own = seen_by(self._own, rgb)
        labelled = np.array([b[:4] for b in kept], np.float32).reshape(-1, 4)
        for box, sure in zip(own.xyxy, own.score, strict=True):
            if len(labelled) and boxes.iou(box[None], labelled).max() >= 0.5:
                continue
            traced = len(traces) and boxes.iou(box[None], traces).max() >= 0.5
            if sure >= _OWN_SURE and traced:
                kept.append([*map(float, box), CHARACTER])
            elif sure >= _OWN_DOUBT:
                picture.left_out.append([*map(float, box), ALL])

    def _add_heads(self, bgr: Image, kept: list[list[float]], picture: Picture) -> None:
        """Add the heads of found faces; of bodies without one the upper part stays open."""
        height, width = bgr.shape[:2]
        self._faces.setInputSize((width, height))
        _, rows = self._faces.detect(bgr)
        rows = np.zeros((0, 15), np.float32) if rows is None else np.asarray(rows, np.float32)
        faces = rows[:, :4].copy()
        faces[:, 2:] += faces[:, :2]
        heads = boxes.clip(head_of_face(faces), width_px=width, height_px=height)
        sure = rows[:, 14] >= _FACE_SURE
        inside = np.ones(len(heads), bool)
        bodies = np.array([b[:4] for b in kept], np.float32).reshape(-1, 4)
        if len(bodies) and len(heads):
            inside = boxes.covered(heads, bodies).max(1) >= 0.6
        elif len(heads):
            inside[:] = False
        for head, certain, in_body in zip(heads, sure, inside, strict=True):
            target = picture.boxes if certain and in_body else picture.left_out
            target.append([*map(float, head), HEAD])
        good = heads[sure & inside]
        for body in kept:
            box = np.array([body[:4]], np.float32)
            owned = boxes.covered(good, box)[:, 0] >= 0.6 if len(good) else np.zeros(0, bool)
            if body[4] == CHARACTER and owned.sum() >= 2:
                _part_two(body, good[owned], kept, picture)
            if not owned.any():
                # Somebody seen from behind, from the side, too small, drawn, or an animal.
                x1, y1, x2, y2 = body[:4]
                whole = body[4] == CREATURE or (y2 - y1) < 1.3 * (x2 - x1)
                lower = y2 if whole else y1 + 0.5 * (y2 - y1)
                picture.left_out.append([x1, y1, x2, lower, HEAD])


def _part_two(body: list[float], heads: Boxes, kept: list[list[float]], picture: Picture) -> None:
    """Leave a body open that holds two heads of which one belongs to nobody else."""
    others = np.array([b[:4] for b in kept if b is not body], np.float32).reshape(-1, 4)
    free = np.ones(len(heads), bool)
    if len(others):
        free = boxes.covered(heads, others).max(1) < 0.6
    if free.sum() >= 2:
        body[4] = ALL
        picture.left_out.append([*body[:4], ALL])


def _without(some: Boxes, others: Boxes) -> NDArray[np.bool_]:
    """Return (N,) True where a box has no twin among the others."""
    if not len(some) or not len(others):
        return np.ones(len(some), bool)
    return np.asarray(boxes.iou(some, others).max(1) < _AGREED_IOU, bool)


def label_film(
    film: Path, folder: Path, labeller: Labeller, *, progress: Callable[[int, int], None]
) -> int:
    """Label some pictures of every clip and all stills of `film`; return how many there are.

    `film` holds `clips/`, `stills/` and `PROVENANCE.tsv` with name, repo and style of each. A clip
    whose line is there already is not labelled again.
    """
    folder.mkdir(parents=True, exist_ok=True)
    index = folder / "index.jsonl"
    done = {json.loads(line)["file"] for line in index.read_text().splitlines()} if (
        index.exists()) else set()  # fmt: skip
    with (film / "PROVENANCE.tsv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file, delimiter="\t"))
    count = len(done)
    for number, row in enumerate(rows):
        lines = []
        for name, bgr in _pictures(film, row["name"]):
            if name in done:
                continue
            picture = Picture(name, row["repo"], row["repo"] in HELD_OUT)
            labeller.label(bgr, picture, is_drawn=row["style"] in DRAWN)
            picture.boxes = [box for box in picture.boxes if box[4] != ALL]
            cv2.imwrite(str(folder / name), bgr, [cv2.IMWRITE_JPEG_QUALITY, 92])
            lines.append(json.dumps(asdict(picture)))
        count += len(lines)
        with index.open("a", encoding="utf-8") as file:
            file.writelines(line + "\n" for line in lines)
        progress(number + 1, len(rows))
    return count


def _pictures(film: Path, name: str) -> Iterator[tuple[str, Image]]:
    """Yield names and BGR pictures of a clip, evenly spread, or of a still."""
    stem = name.partition(".")[0]
    if (film / "stills" / name).exists():
        bgr = cv2.imread(str(film / "stills" / name), cv2.IMREAD_COLOR)
        if bgr is not None:
            yield f"{stem}.jpg", _shrunk(np.asarray(bgr, np.uint8))
        return
    for frame, bgr in at_frames(film / "clips" / name, FRAMES_OF_CLIP):
        yield f"{stem}_{frame:04d}.jpg", _shrunk(bgr)


def _shrunk(bgr: Image) -> Image:
    scale = min(1.0, LONGEST_PX / max(bgr.shape[:2]))
    size = (round(bgr.shape[1] * scale), round(bgr.shape[0] * scale))
    return np.asarray(cv2.resize(bgr, size, interpolation=cv2.INTER_AREA), np.uint8)
