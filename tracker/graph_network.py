"""Detectors as ONNX graphs on a CPU: neither torch nor Ultralytics is loaded for them."""

from __future__ import annotations

import ast
import json
from copy import copy
from typing import TYPE_CHECKING, Any

import numpy as np

from scenes.onnx_session import open_graph, open_session
from tracker import boxes
from tracker.bundled import DEFAULT_IMAGE_PX
from tracker.classes import names_by_id
from tracker.tensor_file import read_metadata

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from tracker.letterbox import Letterbox
    from tracker.settings import DetectorSettings

    Groups = Sequence[Sequence[int]]  # of class ids, that hide each other within their group
    Rows = NDArray[np.float32]  # (M, 6): box in the letterbox, score, class

MAX_BOXES = 300  # of one picture
_MAX_CANDIDATES = 3000  # that are compared with each other: with more, memory grows by the square


class GraphNetwork:
    """A detector as an ONNX graph.

    Args:
        session: Of ONNX Runtime; maps (N, 3, h, w) float32 in 0..1 to (N, 4 + classes, anchors):
            middle x and y, width, height in pixels of the input, then a score per class.
        names: Its classes by id.
        trained_px: What the longer side of a picture is scaled to if the settings do not say.
        settings: Thresholds and sizes.
        stride_px: The sides of its input are multiples of this.

    Attributes:
        fixed_hw: Height and width where it takes only one shape.
        has_prompts: Whether it was told in words what to look for.
        degradations: What was asked for and could not be done.
    """

    degradations: tuple[str, ...] = ()
    has_prompts = False

    def __init__(
        self,
        session: Any,
        *,
        names: dict[int, str],
        trained_px: int,
        settings: DetectorSettings,
        stride_px: int = 32,
    ) -> None:
        self._session, self.settings = session, settings
        self.names, self.trained_px, self.stride_px = names, trained_px, stride_px
        (given,) = session.get_inputs()
        self._input = given.name
        count, _, height, width = given.shape
        self.fixed_hw = (height, width) if isinstance(height, int) else None
        self._at_once = count if isinstance(count, int) else None

    @property
    def longer_px(self) -> int:
        """What the longer side of a picture is scaled to."""
        return self.settings.image_size_px or self.trained_px

    def with_settings(self, settings: DetectorSettings) -> GraphNetwork:
        """Return the same network with other thresholds and sizes."""
        other = copy(self)
        other.settings = settings
        return other

    def find(self, rgb: NDArray[np.uint8], letterbox: Letterbox, groups: Groups) -> list[Rows]:
        """Return per picture (M, 6) rows: box in the letterbox, score, class.

        Args:
            rgb: (N, H, W, 3) pictures.
            letterbox: How they are made to fit.
            groups: Ids of classes; boxes of one group do not overlap, those of two may.
        """
        planes = planes_of(letterbox.apply(rgb))
        step = self._at_once or len(planes)
        out = [self.raw(planes[first : first + step]) for first in range(0, len(planes), step)]
        least, most = self.settings.min_score, self.settings.nms_iou
        return [
            np.concatenate(
                [strongest(rows.T, classes, min_score=least, max_iou=most) for classes in groups]
            )
            for part in out
            for rows in part
        ]

    def raw(self, planes: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return (N, 4 + classes, anchors) of (N, 3, h, w) pictures, as the graph gives them."""
        count, wanted = len(planes), self._at_once or len(planes)
        if count < wanted:  # exported for batches of this size
            planes = np.concatenate([planes, np.repeat(planes[-1:], wanted - count, axis=0)])
        return np.asarray(self._session.run(None, {self._input: planes})[0][:count], np.float32)


def planes_of(pictures: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return (N, 3, h, w) in 0..1 of (N, h, w, 3) pictures, as a graph takes them."""
    planes = pictures.transpose(0, 3, 1, 2).astype(np.float32) / np.float32(255)
    return np.asarray(planes, np.float32)


def open_bundled_graph(
    weights: Path, sha256: str, settings: DetectorSettings
) -> GraphNetwork | None:
    """Return the network of the graph beside our own weights; `None` = there is none.

    Raises:
        WeightsError: The graph or the weights are damaged.
    """
    session = open_graph(weights, sha256)
    if session is None:
        return None
    facts = read_metadata(weights)
    names = names_by_id(json.loads(facts["names"]))
    return GraphNetwork(session, names=names, trained_px=int(facts["imgsz"]), settings=settings)


def open_exported(path: Path, settings: DetectorSettings) -> GraphNetwork | None:
    """Return a network that Ultralytics exported to ONNX as a plain detector of boxes.

    `None` where it is anything else: segments and poses have more columns, networks without NMS
    other rows, and what another program exported does not say what its classes are.

    Raises:
        WeightsError: It is no ONNX model that can be run.
    """
    session = open_session(path, hint="the file is damaged or no Ultralytics model")
    facts = session.get_modelmeta().custom_metadata_map
    given, out = session.get_inputs(), session.get_outputs()
    if not (
        facts.get("task") == "detect"
        and facts.get("end2end", "False") == "False"
        and "'nms': True" not in facts.get("args", "")
        and [one.type for one in (*given, *out)] == ["tensor(float)"] * 2
        and len(given[0].shape) == 4
    ):
        return None
    names = names_by_id(ast.literal_eval(facts["names"]))
    stride_px = max(32, int(facts.get("stride", 32)))
    sides = json.loads(facts.get("imgsz", "[]"))
    trained_px = max(sides, default=DEFAULT_IMAGE_PX)
    return GraphNetwork(
        session, names=names, trained_px=trained_px, settings=settings, stride_px=stride_px
    )


def strongest(
    anchors: NDArray[np.float32], classes: Sequence[int], *, min_score: float, max_iou: float
) -> NDArray[np.float32]:
    """Return (M, 6) boxes of these classes with score and class, none on top of a stronger one.

    Greedy non-maximum suppression over all of `classes` together: one character, one box, whatever
    it is called.

    Args:
        anchors: (A, 4 + C) middle x and y, width, height, then the score of each class.
        classes: Which count; whatever is surer to be another class is left out.
        min_score: Boxes must be surer.
        max_iou: A box that overlaps a stronger one by more is dropped.

    Example:
        >>> rows = np.array([[5, 5, 10, 10, 0.75, 0], [6, 5, 10, 10, 0.5, 0]], np.float32)
        >>> strongest(rows, [0, 1], min_score=0.1, max_iou=0.5).tolist()
        [[0.0, 0.0, 10.0, 10.0, 0.75, 0.0]]
    """
    class_id = anchors[:, 4:].argmax(axis=1)
    score = anchors[np.arange(len(anchors)), 4 + class_id]
    counts = np.flatnonzero((score > min_score) & np.isin(class_id, classes))
    counts = counts[np.argsort(-score[counts], kind="stable")][:_MAX_CANDIDATES]
    middle, half = anchors[counts, :2], anchors[counts, 2:4] / 2
    xyxy = np.concatenate([middle - half, middle + half], axis=1)
    covers = boxes.iou(xyxy, xyxy) > max_iou
    free = np.ones(len(counts), np.bool_)
    for row in range(len(counts)):
        if free[row]:
            free[row + 1 :] &= ~covers[row, row + 1 :]
    kept = np.flatnonzero(free)[:MAX_BOXES]
    rows = counts[kept]
    return np.column_stack([xyxy[kept], score[rows], class_id[rows]]).astype(np.float32)
