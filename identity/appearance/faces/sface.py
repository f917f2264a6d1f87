"""OpenCV's YuNet, which finds faces and five points of each, and SFace, which tells faces apart.

Run by OpenCV itself: of files that take one picture at a time, ONNX Runtime made 39 ms a face on a
core, OpenCV 19.

Source:
    Wu et al. 2023, "YuNet: A Tiny Millisecond-level Face Detector", Machine Intelligence Research
    20; Zhong et al. 2021, "SFace: Sigmoid-Constrained Hypersphere Loss for Robust Face
    Recognition", https://arxiv.org/abs/2205.12010
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

from identity.appearance.embedder import unit_rows
from identity.appearance.faces.align import HEAD_SCALE, turn_of
from identity.appearance.faces.face_reader import Faces
from scenes.errors import WeightsError
from scenes.threads import limit_opencv

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

NAME = "sface"
DIM = 128
_SEARCHED_PX = 160  # a multiple of 32, the coarsest step of YuNet
_LEAST_SCORE = 0.7
_CENTRE, _SIZE, _POINTS, _SCORE = slice(0, 2), slice(2, 4), slice(4, 14), 14  # of a row of YuNet
_HINT = "fetch them again: `castcheck models pull yunet sface`"


class SfaceReader:
    """Both networks as a `FaceReader`; for one thread at a time.

    Args:
        yunet: The file of YuNet.
        sface: The file of SFace.
        sha256: Of the latter.

    Raises:
        WeightsError: A file is no such network.
    """

    dim = DIM
    name = NAME

    def __init__(self, yunet: Path, sface: Path, *, sha256: str) -> None:
        limit_opencv()
        self._sha256 = sha256
        size = (_SEARCHED_PX, _SEARCHED_PX)
        self._detector = _opened(
            yunet, lambda: cv2.FaceDetectorYN.create(str(yunet), "", size, _LEAST_SCORE)
        )
        self._recogniser = _opened(sface, lambda: cv2.FaceRecognizerSF.create(str(sface), ""))
        blank = np.zeros((_SEARCHED_PX, _SEARCHED_PX, 3), np.uint8)
        _opened(yunet, lambda: self._detector.detect(blank))
        row = _opened(sface, lambda: self._recogniser.feature(blank[:112, :112].copy()))
        if row.shape != (1, DIM):
            raise WeightsError(f"returns {row.shape} for a face", where=sface, hint=_HINT)

    @property
    def sha256(self) -> str:
        """Of SFace; YuNet's file is always the one it is pulled with."""
        return self._sha256

    def read(self, heads: Sequence[NDArray[np.uint8]]) -> Faces:
        """Return the faces of N heads; see `FaceReader`."""
        known = np.zeros(len(heads), np.bool_)
        vectors = np.zeros((len(heads), DIM), np.float32)
        turn = np.zeros((len(heads), 2), np.float32)
        for place, head in enumerate(heads):
            bgr = np.ascontiguousarray(head[:, :, ::-1])
            row = self._face(bgr)
            if row is not None:
                vectors[place] = self._recogniser.feature(self._recogniser.alignCrop(bgr, row))[0]
                known[place] = True
                turn[place] = np.stack(turn_of(row[_POINTS].reshape(1, -1, 2)), axis=1)[0]
        return Faces(known, unit_rows(vectors), turn)

    def _face(self, bgr: NDArray[np.uint8]) -> NDArray[np.float32] | None:
        """Return YuNet's row (15,) of the face that counts, in pixels of `bgr`; `None` = none."""
        shrinks = bgr.shape[0] > _SEARCHED_PX
        way = cv2.INTER_AREA if shrinks else cv2.INTER_CUBIC
        sized = cv2.resize(bgr, (_SEARCHED_PX, _SEARCHED_PX), interpolation=way)
        _, rows = self._detector.detect(sized)
        if rows is None:
            return None
        away = np.abs(rows[:, _CENTRE] + rows[:, _SIZE] / 2 - _SEARCHED_PX / 2)
        inside = (away <= _SEARCHED_PX / HEAD_SCALE / 2).all(axis=1)
        if not inside.any():
            return None
        nearest = int(np.where(inside, np.hypot(*away.T), np.inf).argmin())
        row = np.array(rows[nearest], np.float32)
        row[:_SCORE] *= bgr.shape[0] / _SEARCHED_PX
        return row


def _opened(path: Path, make: Callable[[], Any]) -> Any:
    level = cv2.utils.logging.getLogLevel()
    cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)  # it says it to stderr
    try:
        return make()
    except (cv2.error, SystemError) as err:
        reason = " ".join(str(err).split())[:120]
        raise WeightsError(f"cannot be run ({reason})", where=path, hint=_HINT) from err
    finally:
        cv2.utils.logging.setLogLevel(level)
