"""The square around a head that a face is looked for in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

from identity.appearance.faces.align import HEAD_SCALE
from identity.appearance.faces.face_reader import checked_faces
from scenes.device_pictures import copied_back

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from identity.appearance.faces.face_reader import FaceReader, Faces
    from scenes.device_pictures import DeviceCrop

    Picture = NDArray[np.uint8] | DeviceCrop


def head_squares(edges: Any, head_boxes: Any, *, longest_px: int) -> tuple[Any, Any]:
    """Return (K, 3) left, top and side of squares around heads, and (K,) the sides of the heads.

    Squares are whole pixels of the whole picture, beyond whose edge they may lie; of a head, the
    larger side counts. Arrays or tensors, both float64: on a GPU heads are read before anything
    comes back.

    Args:
        edges: (K, 4) top, left, bottom, right of crops, in pixels.
        head_boxes: (K, 4) x1, y1, x2, y2 in shares of the crops.
        longest_px: The longer side of the picture; no square is larger.

    Example:
        >>> crop, head = np.array([[50.0, 100, 350, 200]]), np.array([[0.4, 0, 0.6, 0.2]])
        >>> [part.tolist() for part in head_squares(crop, head, longest_px=640)]
        [[[108.0, 38.0, 84.0]], [60.0]]
    """
    size = edges[:, 2:] - edges[:, :2]
    first, last = (head_boxes[:, k : k + 2] * size[:, [1, 0]] for k in (0, 2))
    sides = last - first
    larger = sides[:, 0].clip(min=sides[:, 1])
    side = (HEAD_SCALE * larger).clip(min=1, max=longest_px).round()
    squares = edges[:, [1, 0, 0]] * 1.0
    squares[:, :2] += (first + last) / 2 - side[:, None] / 2
    squares[:, 2] = side
    return squares.round(), larger


def read_in(
    pictures: Sequence[Picture], reader: FaceReader
) -> Callable[[NDArray[np.int64], NDArray[np.int64]], Faces]:
    """Return what reads the faces of some of N boxes, `Crops.read_faces`.

    Args:
        pictures: The whole picture that each of them is in.
        reader: Reads arrays; squares of pictures on a device are copied back.
    """
    known: dict[bytes, Faces] = {}  # what a face looks like and how it is turned are two cues

    def read(chosen: NDArray[np.int64], squares: NDArray[np.int64]) -> Faces:
        key = chosen.tobytes() + squares.tobytes()
        if key not in known:
            heads = cut_squares([pictures[place] for place in chosen.tolist()], squares)
            known[key] = checked_faces(reader.read(heads), network=reader.name)
        return known[key]

    return read


def cut_squares(pictures: Sequence[Picture], squares: NDArray[np.int64]) -> list[NDArray[np.uint8]]:
    """Return K squares out of whole RGB pictures; what lies beyond is the nearest of the edge.

    Args:
        pictures: K whole pictures; where they lie on a device, all squares come back in one copy.
        squares: (K, 3) left, top, side in pixels.

    Example:
        >>> picture = np.arange(4, dtype=np.uint8).reshape(2, 2, 1).repeat(3, axis=2)
        >>> cut_squares([picture], np.array([[-1, 0, 2]]))[0][:, :, 0].tolist()
        [[0, 0], [2, 2]]
    """
    inside, rooms = [], []
    for picture, (left, top, side) in zip(pictures, squares.tolist(), strict=True):
        height, width = picture.shape[:2]
        # A square that lies wholly beyond an edge still has the last pixels of the edge.
        y1, x1 = min(max(top, 0), height - 1), min(max(left, 0), width - 1)
        y2, x2 = max(min(top + side, height), y1 + 1), max(min(left + side, width), x1 + 1)
        inside.append(picture[y1:y2, x1:x2])
        above, before = min(max(y1 - top, 0), side - 1), min(max(x1 - left, 0), side - 1)
        rooms.append((above, side - above - (y2 - y1), before, side - before - (x2 - x1)))
    return [
        np.asarray(cv2.copyMakeBorder(cut, *room, cv2.BORDER_REPLICATE), np.uint8)
        for cut, room in zip(copied_back(inside), rooms, strict=True)
    ]
