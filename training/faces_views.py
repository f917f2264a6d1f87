"""What a network of ours is shown of a kept head or an aligned face: as a worse camera shows it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

from identity.appearance.faces.align import HEAD_SCALE, TEMPLATE_PX, near_transform
from identity.appearance.faces.sizes import LOOK_PX, POINTS_PX
from training.faces_data import KEPT_PX, KEPT_SIDE
from training.faces_mixed import MARGIN_PX

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Image = NDArray[np.uint8]
    Floats = NDArray[np.float32]

_MIRRORED = [1, 0, 2, 4, 3]  # the left eye of a mirrored face is the right one
_LEAST_FACE_PX, _MOST_FACE_PX = 20, 112


def head_view(
    picture: Image, points: Floats, rng: np.random.Generator | None = None, *, near: bool = False
) -> tuple[Image, Floats]:
    """Return a (64, 64, 3) square around a head, and its (5, 2) points in shares of it.

    Args:
        picture: (256, 256, 3) kept head.
        points: (5, 2) in its pixels; NaN stays NaN.
        rng: Of errors of the box, turns, mirroring and the worse camera; `None` = none of them.
        near: As it is looked at again when the points have been found once, about upright.
    """
    scale = POINTS_PX / (KEPT_PX * HEAD_SCALE / KEPT_SIDE)
    matrix = np.array([[scale, 0, 0], [0, scale, 0]])
    matrix[:, 2] = (POINTS_PX - 1) / 2 - scale * (KEPT_PX - 1) / 2
    if near:
        matrix = near_transform(points, POINTS_PX).astype(np.float64)
    coarse = float(POINTS_PX)
    if rng is not None:
        matrix = _moved(matrix, rng)
        coarse = float(rng.integers(20, 2 * POINTS_PX))
    view = _seen_at(picture, matrix, coarse / POINTS_PX, POINTS_PX)
    placed = points @ matrix[:, :2].T + matrix[:, 2]
    if rng is not None:
        if rng.random() < 0.4:
            view, placed = _bent(view, placed, rng)
        view = worse(view, rng)
    if np.linalg.det(matrix[:, :2]) < 0:
        placed = placed[_MIRRORED]
    return view, ((placed + 0.5) / POINTS_PX).astype(np.float32)


def _moved(matrix: NDArray[np.float64], rng: np.random.Generator) -> NDArray[np.float64]:
    """Return a (2, 3) matrix with errors of place, size and turn, mirrored or not."""
    scale, angle = float(np.exp(rng.normal(0, 0.13))), float(rng.normal(0, 0.16))
    mirror = 1.0 if rng.random() < 0.5 else -1.0
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    turn = scale * turn * np.array([[mirror], [1.0]])
    middle = (POINTS_PX - 1) / 2
    move = middle - turn @ np.full(2, middle) + rng.normal(0, 0.057, 2) * POINTS_PX
    return np.column_stack([turn @ matrix[:, :2], turn @ matrix[:, 2] + move])


def _bent(
    view: Image, points: NDArray[np.float64], rng: np.random.Generator
) -> tuple[Image, NDArray[np.float64]]:
    """Return a view of another shape, and where its points went."""
    field = rng.normal(0, 1, (4, 4, 2)).astype(np.float32) * float(rng.uniform(0.3, 2.0))
    move = cv2.resize(field, (POINTS_PX, POINTS_PX), interpolation=cv2.INTER_CUBIC)
    y, x = np.mgrid[0:POINTS_PX, 0:POINTS_PX].astype(np.float32)
    bent = cv2.remap(
        view, x + move[..., 0], y + move[..., 1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )
    placed = points.copy()
    inside = np.nan_to_num(np.clip(points, 0, POINTS_PX - 1)).round().astype(int)
    placed -= move[inside[:, 1], inside[:, 0]]
    return np.asarray(bent, np.uint8), placed


def face_view(wide: Image, rng: np.random.Generator | None = None) -> Image:
    """Return the (80, 80, 3) face of a wide aligned one; with `rng` displaced and roughened."""
    scale, angle, shift, coarse = 1.0, 0.0, np.zeros(2), float(TEMPLATE_PX)
    if rng is not None:
        wrong = float(rng.uniform(0.2, 2.2))  # some points are found well, others badly
        scale = float(np.exp(rng.normal(0, 0.055 * wrong)))
        angle, shift = float(rng.normal(0, 0.06 * wrong)), rng.normal(0, 2.4 * wrong, 2)
        if rng.random() < 0.5:
            coarse = float(np.exp(rng.uniform(np.log(_LEAST_FACE_PX), np.log(_MOST_FACE_PX))))
    factor = scale * LOOK_PX / TEMPLATE_PX
    turn = factor * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    # The middle of the 112 pixels goes to the middle of the 80, as corners do to corners.
    middle = MARGIN_PX + (TEMPLATE_PX - 1) / 2 + shift
    move = (LOOK_PX - 1) / 2 - turn @ middle
    view = _seen_at(wide, np.column_stack([turn, move]), coarse / LOOK_PX, LOOK_PX)
    return view if rng is None else worse(view, rng)


def _seen_at(picture: Image, matrix: NDArray[np.float64], coarse: float, size_px: int) -> Image:
    """Return the square that a (2, 3) matrix makes, of a picture of `coarse` times its pixels."""
    scale = float(np.hypot(matrix[0, 0], matrix[1, 0])) * coarse
    if scale < 1:
        small = cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        factor = picture.shape[1] / small.shape[1]
        # A pixel's centre lies half a pixel from its corner, whatever its size.
        move = matrix[:, :2] @ np.full(2, (factor - 1) / 2) + matrix[:, 2]
        picture, matrix = small, np.column_stack([matrix[:, :2] * factor, move])
    return np.asarray(
        cv2.warpAffine(
            picture, matrix, (size_px, size_px), flags=cv2.INTER_LINEAR,
            borderMode=cv2.BORDER_REPLICATE,
        ), np.uint8,
    )  # fmt: skip


def worse(view: Image, rng: np.random.Generator) -> Image:
    """Return a view in other light, with another white, blurred, with noise or coded."""
    face = view.astype(np.float32)
    if rng.random() < 0.7:
        gain = rng.uniform(0.7, 1.3) * (1 + rng.uniform(-0.1, 0.1, 3))
        face = face * gain.astype(np.float32) + float(rng.uniform(-18, 18))
    if rng.random() < 0.3:
        mean = face.mean()
        face = (face - mean) * float(rng.uniform(0.65, 1.3)) + mean
    if rng.random() < 0.25:
        grey = face.mean(2, keepdims=True)
        face = grey + (face - grey) * float(rng.uniform(0.0, 1.3))
    if rng.random() < 0.25:
        face = cv2.GaussianBlur(face, (0, 0), float(rng.uniform(0.4, 1.6)))
    if rng.random() < 0.25:
        face = face + rng.normal(0, float(rng.uniform(1, 9)), face.shape).astype(np.float32)
    worsened = np.clip(face, 0, 255).astype(np.uint8)
    if rng.random() < 0.3:
        quality = [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(20, 80))]
        _, code = cv2.imencode(".jpg", worsened, quality)
        worsened = np.asarray(cv2.imdecode(code, cv2.IMREAD_COLOR), np.uint8)
    return worsened
