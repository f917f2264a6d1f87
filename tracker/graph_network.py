"""Our own detector on a CPU, run by ONNX Runtime: neither torch nor its engine is loaded."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np

from scenes.onnx_session import open_graph
from tracker import boxes
from tracker.classes import names_by_id
from tracker.tensor_file import read_metadata

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from tracker.letterbox import Letterbox
    from tracker.settings import DetectorSettings

MAX_BOXES = 300  # of one picture
_MAX_CANDIDATES = 3000  # that are compared with each other: with more, memory grows by the square


class GraphNetwork:
    """A bundled detector as a graph beside its weights (a `Network`).

    Args:
        session: Of ONNX Runtime; maps (N, 3, h, w) float32 in 0..1 to (N, 4 + classes, anchors):
            middle x and y, width, height in pixels of the input, then a score per class.
        metadata: Of the weights file.
        settings: Thresholds and sizes.
    """

    degradations: tuple[str, ...] = ()
    fixed_hw: tuple[int, int] | None = None
    has_prompts = False
    stride_px = 32

    def __init__(self, session: Any, metadata: dict[str, str], settings: DetectorSettings) -> None:
        self._session = session
        self._settings = settings
        self.names = names_by_id(json.loads(metadata["names"]))
        self.longer_px = settings.image_size_px or int(metadata["imgsz"])

    def find(
        self,
        rgb: NDArray[np.uint8],
        letterbox: Letterbox,
        groups: Sequence[Sequence[int]],
    ) -> list[NDArray[np.float32]]:
        """Return per picture (M, 6) rows: box in the letterbox, score, class."""
        planes = letterbox.apply(rgb).transpose(0, 3, 1, 2).astype(np.float32) / 255
        (out,) = self._session.run(None, {"images": planes})
        least, most = self._settings.min_score, self._settings.nms_iou
        return [
            np.concatenate(
                [strongest(rows.T, classes, min_score=least, max_iou=most) for classes in groups]
            )
            for rows in out
        ]


def open_graph_network(
    weights: Path, sha256: str, settings: DetectorSettings
) -> GraphNetwork | None:
    """Return the network of the graph beside these weights; `None` = there is none.

    Raises:
        WeightsError: The graph or the weights are damaged.
    """
    session = open_graph(weights, sha256)
    return session and GraphNetwork(session, read_metadata(weights), settings)


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
        >>> rows = np.array([[5, 5, 10, 10, 0.9, 0], [6, 5, 10, 10, 0.8, 0]], np.float32)
        >>> strongest(rows, [0, 1], min_score=0.1, max_iou=0.5).round(1).tolist()
        [[0.0, 0.0, 10.0, 10.0, 0.9, 0.0]]
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
