"""Reads faces in heads: finds the five points, aligns the face, and says what it looks like."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

from identity.appearance.embedder import unit_rows
from identity.appearance.faces.align import aligned_face, near_transform, turn_of, turned
from identity.appearance.faces.face_reader import Faces
from identity.appearance.faces.sizes import LOOK_DIM, LOOK_PX, POINT_COUNT, POINTS_PX
from scenes.errors import WeightsError
from scenes.onnx_session import open_graph
from tracker.known_weights import weights_sha256

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Image = NDArray[np.uint8]
    Floats = NDArray[np.float32]

WEIGHTS = Path(__file__).parents[2] / "weights" / "castcheck_face.safetensors"
POINTS_GRAPH = "castcheck_face_points.graph.onnx"
LOOK_GRAPH = "castcheck_face_look.graph.onnx"
_BATCH_SIZE = 16  # larger batches do not run faster on a CPU and cost memory
# From here on there is a face to compare: on sources kept back about as many faces that the teacher
# is sure of (score 0.85 or higher) are missed (10 in 100) as others are taken (13 in 100).
SURE_LOGIT = 4.0
_POINTS_WIDTH = 2 * POINT_COUNT + 1
LEAST_SPREAD = 0.02  # of the points, in shares of the square: closer together they are no face


class FaceReader:
    """The two networks for faces, run by ONNX Runtime on the CPU.

    Args:
        weights: The file that holds both; their graphs lie beside it.

    Raises:
        WeightsError: A file is missing or damaged, or the graphs are of other weights.
    """

    def __init__(self, weights: Path = WEIGHTS) -> None:
        self.sha256 = weights_sha256(weights)
        self._points = _opened(weights, self.sha256, POINTS_GRAPH)
        self._look = _opened(weights, self.sha256, LOOK_GRAPH)

    def points(self, heads: Sequence[Image]) -> tuple[Floats, Floats]:
        """Return (N, 5, 2) points in pixels of each square, and (N,) logits of a face."""
        rows = _run(self._points, "squares", [_sized(h) for h in heads], width=_POINTS_WIDTH)
        sides = np.array([head.shape[0] for head in heads], np.float32)
        shares = rows[:, :-1].reshape(-1, POINT_COUNT, 2)
        return shares * sides[:, None, None] - np.float32(0.5), rows[:, -1]

    def refined(self, heads: Sequence[Image], points: Floats) -> Floats:
        """Return (N, 5, 2) points looked for again where the face is large and upright."""
        matrices = [near_transform(place, POINTS_PX) for place in points]
        views = [turned(h, m, POINTS_PX) for h, m in zip(heads, matrices, strict=True)]
        rows = _run(self._points, "squares", views, width=_POINTS_WIDTH)
        shares = rows[:, :-1].reshape(-1, POINT_COUNT, 2)
        near = shares * np.float32(POINTS_PX) - np.float32(0.5)
        back = [np.linalg.inv(m[:, :2]) for m in matrices]
        return np.array(
            [(p - m[:, 2]) @ b.T for p, m, b in zip(near, matrices, back, strict=True)], np.float32
        ).reshape(-1, POINT_COUNT, 2)

    def read(self, heads: Sequence[Image]) -> Faces:
        """Read N square RGB crops around heads, as `square_crop` cuts them; N may be 0.

        Args:
            heads: (S, S, 3) each, of any size.

        Raises:
            ValueError: A crop is no square.
        """
        for head in heads:
            if head.ndim != 3 or head.shape[0] != head.shape[1] or not head.size:
                raise ValueError(f"a head is (S, S, 3), not {head.shape}")
        points, logits = self.points(heads)
        sides = np.array([head.shape[0] for head in heads], np.float32)
        spread = points.std(axis=1).max(axis=1, initial=0)
        known = (logits >= SURE_LOGIT) & (spread >= LEAST_SPREAD * sides)
        rows = np.flatnonzero(known).tolist()
        points[rows] = self.refined([heads[row] for row in rows], points[rows])
        faces = [aligned_face(heads[row], points[row], LOOK_PX) for row in rows]
        said = _run(self._look, "faces", faces, width=LOOK_DIM + 1)
        vectors = np.zeros((len(heads), LOOK_DIM), np.float32)
        turn = np.zeros((len(heads), 2), np.float32)
        vectors[rows] = unit_rows(said[:, :-1])
        turn[rows] = np.stack(turn_of(points[rows]), axis=1)
        return Faces(known, vectors, turn)


def read_faces(heads: Sequence[Image]) -> Faces:
    """Read N square RGB crops around heads with the bundled networks; N may be 0.

    Args:
        heads: (S, S, 3) uint8 each, 1.4 times the larger side of the head's box (`square_crop`).

    Returns:
        known (N,), vectors (N, 128) unit rows, turn (N, 2).

    Raises:
        ValueError: A crop is no square.
        WeightsError: The files of the networks are damaged.

    Example:
        >>> known, vectors, turn = read_faces([np.zeros((40, 40, 3), np.uint8)])
        >>> known.tolist(), vectors.shape, turn.tolist()
        ([False], (1, 128), [[0.0, 0.0]])
    """
    return _bundled().read(heads)


@cache
def _bundled() -> FaceReader:
    return FaceReader()


def _opened(weights: Path, sha256: str, graph: str) -> Any:
    session = open_graph(weights, sha256, weights.with_name(graph))
    if session is None:
        raise WeightsError(
            f"{graph} is missing, or of other weights",
            where=weights,
            hint="install castcheck again",
        )
    return session


def _sized(head: Image) -> Image:
    if head.shape[0] == POINTS_PX:
        return head
    way = cv2.INTER_AREA if head.shape[0] > POINTS_PX else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(head, (POINTS_PX, POINTS_PX), interpolation=way), np.uint8)


def _run(session: Any, name: str, views: list[Image], *, width: int) -> Floats:
    """Return the (N, width) rows of N equal squares, which the network sees as -1..1."""
    parts = [np.zeros((0, width), np.float32)]
    for first in range(0, len(views), _BATCH_SIZE):
        squares = np.stack(views[first : first + _BATCH_SIZE]).transpose(0, 3, 1, 2)
        planes = (squares.astype(np.float32) - np.float32(127.5)) / np.float32(127.5)
        parts.append(np.asarray(session.run(None, {name: planes})[0], np.float32))
    return np.concatenate(parts)
