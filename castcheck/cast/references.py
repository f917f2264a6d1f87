"""From the files of a cast to the looks of its members: the same detector and embedder as clips."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np

from castcheck.cast.cast_file import CastFileError, cast_sha256, is_picture, read_cast_file
from castcheck.cast.script import Script
from castcheck.report.visuals import Picture
from castcheck.support.images import shrunk_jpeg
from identity.appearance.looks import CUES, LooksReader
from identity.cast.matching import Member, ReferenceFeatures
from scenes.alpha import BACKGROUND
from scenes.errors import CastcheckError
from scenes.frames import FrameBatch
from scenes.pictures import read_picture
from scenes.source import open_source
from tracker import boxes
from tracker.box_filter import NESTED_SHARE
from tracker.detections import Detections
from tracker.letterbox import PAD_VALUE
from tracker.replay import ReplayDetector, ReplayFolder

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from castcheck.cast.cast_file import Listed
    from castcheck.config import Config
    from identity.appearance.embedder import Embedder
    from identity.appearance.faces.face_reader import FaceReader
    from tracker.detections import Detector

    Rgb = NDArray[np.uint8]
    Box = tuple[float, float, float, float]

PICTURE_PX = 240
_CLIP_PICTURES = 8  # of a reference clip, spread over it
_MAX_RIVAL = 0.6  # a second figure larger than this share of the largest leaves open who is meant
# As in `identity.appearance.zones`: from here on an uncut box is a standing figure.
_FULL_FIGURE_ASPECT = 1.6
_TALL_ASPECT = 2.4
_ROOM_PX = 8
# Of the longer side. Around a figure that fills its picture a detector draws several boxes, and
# short ones: its pictures had room. Of 30 such pictures 18 had a second box; with 0.15 to 0.3 of
# grey around them every one has one, which ends where the figure does.
_MARGIN_SHARE = 0.2
# Levels of 255 (standard deviation) below which a picture is of one colour; figures cut out of
# labelled clips have 21 and more.
_MAX_PLAIN = 2.0


@dataclass(frozen=True, slots=True, eq=False)
class References:
    """A cast that is ready to be compared.

    Attributes:
        path: As the user gave it.
        sha256: Of names, presences and reference files.
        members: In the order of the file.
        pictures: One small picture of each member, for the page; `None` where there is none.
        script: Who is expected where.
        characters: How many there should be; `None` = not said.
        notes: What could not be done as it should.
    """

    path: str
    sha256: str
    members: tuple[Member, ...]
    pictures: tuple[Picture | None, ...]
    notes: tuple[str, ...] = ()
    script: Script = field(default_factory=Script)
    characters: int | None = None


def load_references(
    path: str | Path,
    detector: Detector | ReplayFolder,
    embedder: Embedder | None,
    config: Config,
    *,
    faces: FaceReader | None = None,
) -> References:
    """Read a cast and take the looks of its members.

    Raises:
        CastFileError: The file or a reference is wrong.
    """
    cast = read_cast_file(path)
    reader = _Reader(detector, embedder, config, faces=faces)
    members: list[Member] = []
    pictures: list[Picture | None] = []
    for listed in cast.members:
        views, picture = reader.views_of(listed)
        members.append(Member(listed.name, views, listed.presence))
        pictures.append(picture)
    return References(
        str(path), cast_sha256(cast), tuple(members), tuple(pictures), tuple(reader.notes),
        cast.script, cast.characters,
    )  # fmt: skip


class _Reader:
    """Finds the one character of a picture and takes its looks."""

    def __init__(
        self,
        detector: Detector | ReplayFolder,
        embedder: Embedder | None,
        config: Config,
        *,
        faces: FaceReader | None,
    ) -> None:
        self._detector = detector
        self._min_height_px = config.looks.min_height_px
        self._start_score = config.tracker.start_score
        self._limits = config.limits
        # At this rate no picture is passed over.
        often = config.looks.embed_per_s
        self._looks = LooksReader(embedder, config.looks, fps=often, faces=faces)
        self.notes: list[str] = []

    def views_of(self, listed: Listed) -> tuple[tuple[ReferenceFeatures, ...], Picture | None]:
        """Return all views of a member, and the picture that shows it largest.

        A file in which no one is found counts for nothing: taken for the looks of a member it would
        make the member a stranger. Where no other file is left, there are no views and no picture.
        """
        views: list[ReferenceFeatures] = []
        shown: tuple[float, Rgb] | None = None
        empty: list[str] = []
        for file in listed.references:
            found = self._of_picture(file) if is_picture(file) else self._of_clip(file)
            own = [view for rgb, box in found for view in self._views(rgb, box)]
            views += own
            if not own:
                empty.append(file.name)
                continue
            for rgb, box in found:
                crop = rgb[round(box[1]) : round(box[3]), round(box[0]) : round(box[2])]
                if shown is None or crop.shape[0] / crop.shape[1] > shown[0]:
                    shown = (crop.shape[0] / crop.shape[1], crop)
        if shown is None:
            if empty:
                self.notes.append(_unrecognised(listed.name, empty))
            return (), None
        self.notes += [f"{name}: no one is found in it, so it is left out" for name in empty]
        jpeg, width_px, height_px = shrunk_jpeg(shown[1], max_height_px=PICTURE_PX)
        label = f"reference of {listed.name}"
        return tuple(views), Picture(0, -1, jpeg, width_px, height_px, label)

    def _of_picture(self, file: Path) -> list[tuple[Rgb, Box]]:
        """Return the picture and who is meant in it; nothing where no one is found."""
        rgb, is_transparent = read_picture(file, limits=self._limits)
        if is_transparent:
            self.notes.append(f"{file.name}: transparent, laid over the grey {BACKGROUND}")
        found = self._detect(file, rgb, frame=0, margin_share=_MARGIN_SHARE)
        if rgb.std() < _MAX_PLAIN or (found is not None and not len(found)):
            return []
        if found is None:  # stored boxes know no pictures: they are crops already
            box = (0.0, 0.0, float(rgb.shape[1]), float(rgb.shape[0]))
        else:
            box = _one(found, file)
        if box[3] - box[1] < self._min_height_px:
            raise CastFileError(
                f"the character is {box[3] - box[1]:.0f} pixels high",
                where=file,
                hint=f"at least {self._min_height_px:.0f} are needed",
            )
        return [(rgb, box)]

    def _of_clip(self, file: Path) -> list[tuple[Rgb, Box]]:
        pictures: list[tuple[Rgb, Box]] = []
        with open_source(file, limits=self._limits) as source:
            step = max(1, (source.info.frame_count or 1) // _CLIP_PICTURES)
            for batch in source.batches(16):
                for row, frame in enumerate(batch.index):
                    if int(frame) % step or len(pictures) >= _CLIP_PICTURES:
                        continue
                    rgb = batch.rgb[row]
                    found = self._detect(file, rgb, frame=int(frame))
                    if found is not None and len(found) and not _rivals(found):
                        box = _largest(found)
                        if box[3] - box[1] >= self._min_height_px:
                            pictures.append((rgb.copy(), box))
        if not pictures:
            raise CastFileError(
                "no picture of this clip shows one character alone, large enough", where=file
            )
        return pictures

    def _detect(
        self, file: Path, rgb: Rgb, *, frame: int, margin_share: float = 0.0
    ) -> Detections | None:
        """Return who is in a picture; `None` = boxes are stored, and none for this file.

        Whom the detector doubts too much to start a track does not count.

        Args:
            file: The picture, or the clip it is of.
            rgb: It.
            frame: Its number in the clip.
            margin_share: Room to search around it, of its longer side; stored boxes need none.
        """
        detector = self._detector
        if isinstance(detector, ReplayFolder):
            try:
                detector = detector.for_clip(file)
            except CastcheckError:
                return None
        elif isinstance(detector, ReplayDetector):
            return None
        is_stored = isinstance(detector, ReplayDetector)
        margin_px = 0 if is_stored else round(margin_share * max(rgb.shape[:2]))
        found = detector.detect(_batch(_with_margin(rgb, margin_px), frame))
        found = found.take(np.asarray(found.score >= self._start_score, np.bool_))
        height_px, width_px = rgb.shape[:2]
        inside = np.clip(found.xyxy - margin_px, 0, (width_px, height_px, width_px, height_px))
        return replace(found, xyxy=inside.astype(np.float32))

    def _views(self, rgb: Rgb, box: Box) -> list[ReferenceFeatures]:
        views = []
        for padded, inside in readings(rgb, box):
            found = Detections(
                np.zeros(1, np.int64), np.array([inside], np.float32), np.ones(1, np.float32),
                np.zeros(1, np.int32),
            )  # fmt: skip
            looks = self._looks.read(_batch(padded, 0), found)
            means = {
                cue: looks.vectors[cue][0].astype(np.float32)
                for cue in CUES
                if len(looks.seen(cue))
            }
            shape = float(np.log((box[3] - box[1]) / max(box[2] - box[0], 1.0)))
            if means:
                views.append(ReferenceFeatures(means, shape))
        return views


def readings(rgb: Rgb, box: Box) -> list[tuple[Rgb, Box]]:
    """Return the pictures and boxes by which one reference is read, one or two.

    A clip's picture tells by its edges how much of a figure a box shows; a picture that was cut
    to the figure has its edges there by design, so room is added around it. Where its shape fits a
    standing figure as well as one cut at the hips, it is read both ways.

    Args:
        rgb: (H, W, 3) uint8.
        box: The character in it, in pixels.
    """
    height = rgb.shape[0]
    is_cut = box[1] <= 0.02 * height + 2 and box[3] >= 0.98 * height - 2
    if not is_cut:
        return [(rgb, box)]
    below = round(0.04 * height) + _ROOM_PX
    aspect = (box[3] - box[1]) / max(box[2] - box[0], 1.0)
    rooms = [0] if aspect <= _FULL_FIGURE_ASPECT else [below]
    if _FULL_FIGURE_ASPECT < aspect <= _TALL_ASPECT:
        rooms = [0, below]
    moved = (box[0] + _ROOM_PX, box[1] + _ROOM_PX, box[2] + _ROOM_PX, box[3] + _ROOM_PX)
    return [
        (np.pad(rgb, ((_ROOM_PX, room), (_ROOM_PX, _ROOM_PX), (0, 0)), mode="edge"), moved)
        for room in rooms
    ]


def _with_margin(rgb: Rgb, margin_px: int) -> Rgb:
    """Return a picture with grey around it, as detectors know it from pictures of another shape."""
    sides = (margin_px, margin_px)
    return np.pad(rgb, (sides, sides, (0, 0)), constant_values=PAD_VALUE)


def _batch(rgb: Rgb, frame: int) -> FrameBatch:
    return FrameBatch(np.array([frame], np.int64), (Fraction(0),), np.ascontiguousarray(rgb[None]))


def _areas(found: Detections) -> NDArray[np.float32]:
    size = found.xyxy[:, 2:] - found.xyxy[:, :2]
    areas: NDArray[np.float32] = size[:, 0] * size[:, 1]
    return areas


def _rivals(found: Detections) -> int:
    """Return how many more are about as large as the largest, and no second box on its body."""
    areas = _areas(found)
    largest = np.repeat(found.xyxy[areas.argmax()][None], len(found), axis=0)
    beside = boxes.paired_nesting(largest, found.xyxy) < NESTED_SHARE
    return int((beside & (areas > _MAX_RIVAL * areas.max())).sum())


def _largest(found: Detections) -> Box:
    x1, y1, x2, y2 = (float(v) for v in found.xyxy[int(_areas(found).argmax())])
    return x1, y1, x2, y2


def _unrecognised(name: str, files: Sequence[str]) -> str:
    """Return what is said of a member none of whose references can be used."""
    return (
        f"{name} cannot be recognised, since no one is found in {', '.join(files)}: whether {name} "
        "is missing, and who is a stranger or one too many, is left open; give a picture that "
        f"shows {name}"
    )


def _one(found: Detections, file: Path) -> Box:
    if _rivals(found):
        raise CastFileError(
            f"shows {_rivals(found) + 1} characters of similar size",
            where=file,
            hint="cut the picture to the one who is meant",
        )
    return _largest(found)
