"""Boxes stored in a text file instead of found by a network: to share them, or to test without."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from scenes.errors import CastcheckError
from tracker import boxes
from tracker.box_filter import filter_boxes
from tracker.detections import Detections
from tracker.known_weights import weights_sha256

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from scenes.frames import FrameBatch

_COLUMNS = (7, 10)  # frame, -1, left, top, width, height, confidence, and up to three more


class DetectionsFileError(CastcheckError):
    """A file of stored boxes cannot be read; names the line."""


class ReplayDetector:
    """Hands out the boxes of a MOTChallenge detection file (a `Detector`).

    A line is `frame,-1,left,top,width,height,confidence[,...]`, frames from 1, 7 to 10 columns.
    Empty lines are skipped.

    Args:
        path: The file.
        min_score: Boxes of less confidence are left out; confidences above 1 count as 1.

    Raises:
        DetectionsFileError: There is no such file, or a line is wrong.
    """

    def __init__(self, path: str | Path, *, min_score: float = 0.0) -> None:
        self._path = Path(path)
        try:
            text = self._path.read_text(encoding="utf-8")
        except OSError as err:
            raise DetectionsFileError(f"cannot be read ({err.strerror})", where=path) from err
        except UnicodeDecodeError as err:
            raise DetectionsFileError("is not a text file", where=path) from err
        table = parse_detections(text, where=str(path))
        table = table[table[:, 5] >= min_score]
        self._table = table[np.argsort(table[:, 0], kind="stable")]
        self._sha256 = weights_sha256(self._path)

    @property
    def name(self) -> str:
        """File name of the stored boxes."""
        return self._path.name

    @property
    def sha256(self) -> str | None:
        """Of the file."""
        return self._sha256

    @property
    def passing_classes(self) -> frozenset[int]:
        """None: a file of boxes names no classes."""
        return frozenset()

    @property
    def heads_from(self) -> None:
        """Nothing finds heads."""
        return None

    def detect(self, batch: FrameBatch) -> Detections:
        """Return the boxes of all frames of `batch`, sorted by frame, then by falling score."""
        height, width = batch.rgb.shape[1:3]
        parts = []
        for frame in batch.index:
            # Sorted, so that a long clip does not take longer per frame.
            start, stop = np.searchsorted(self._table[:, 0], (frame, frame + 1))
            rows = self._table[start:stop]
            xyxy = boxes.clip(rows[:, 1:5].astype(np.float32), width_px=width, height_px=height)
            found = Detections(
                np.full(len(rows), frame, np.int64),
                xyxy,
                rows[:, 5].astype(np.float32),
                np.zeros(len(rows), np.int32),
            )
            parts.append(filter_boxes(found))
        return Detections.concat(parts)


class ReplayFolder:
    """Stored boxes of many clips: a folder that holds `<stem of the clip>.txt` for each.

    Raises:
        DetectionsFileError: There is no such folder.
    """

    def __init__(self, path: str | Path, *, min_score: float = 0.0) -> None:
        self._path = Path(path)
        self._min_score = min_score
        if not self._path.is_dir():
            raise DetectionsFileError("is not a folder of stored boxes", where=path)

    @property
    def name(self) -> str:
        """Name of the folder."""
        return f"{self._path.name}/"

    def for_clip(self, clip: Path) -> ReplayDetector:
        """Return the boxes of one clip.

        Raises:
            DetectionsFileError: None are stored for it, or a line is wrong.
        """
        file = self._path / f"{clip.stem}.txt"
        if not file.exists():
            raise DetectionsFileError(
                f"holds no boxes of {clip.name}",
                where=self._path,
                hint=f"put them into {file.name}, or give a network as --detector",
            )
        return ReplayDetector(file, min_score=self._min_score)


def write_detections(found: Detections) -> str:
    """Return the text that `parse_detections` reads, a line per box, frames from 1.

    Example:
        >>> write_detections(Detections.empty())
        ''
    """
    lines = []
    for frame, (x1, y1, x2, y2), score in zip(found.frame, found.xyxy, found.score, strict=True):
        cells = (x1, y1, x2 - x1, y2 - y1)
        numbers = ",".join(f"{value:.2f}" for value in cells)
        lines.append(f"{frame + 1},-1,{numbers},{score:.4f}\n")
    return "".join(lines)


def parse_detections(text: str, *, where: str = "detections") -> NDArray[np.float64]:
    """Return (N, 6) rows: frame from 0, x1, y1, x2, y2 in pixels, score in [0, 1].

    Raises:
        DetectionsFileError: A line is wrong; it is named by its number.

    Example:
        >>> parse_detections("1,-1,10,20,30,40,0.9")
        array([[ 0. , 10. , 20. , 40. , 60. ,  0.9]])
    """
    rows = []
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip():
            continue
        place = f"{where}, line {number}"
        cells = line.split(",")
        if not _COLUMNS[0] <= len(cells) <= _COLUMNS[1]:
            raise DetectionsFileError(
                f"{len(cells)} columns", where=place, hint="7 to 10 are wanted, comma-separated"
            )
        try:
            values = [float(cell) for cell in cells[:7]]
        except ValueError as err:
            raise DetectionsFileError(str(err), where=place, hint="numbers are wanted") from err
        frame, _, left, top, width, height, score = values
        if not all(math.isfinite(v) for v in values) or frame < 1 or frame != int(frame):
            raise DetectionsFileError("wrong frame or no finite number", where=place)
        if width < 0 or height < 0 or score < 0:
            raise DetectionsFileError("negative width, height or confidence", where=place)
        rows.append([frame - 1, left, top, left + width, top + height, min(score, 1.0)])
    return np.array(rows, np.float64).reshape(-1, 6)
