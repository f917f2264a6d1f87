"""The face of a head that is in view, as a network for faces sees it; nobody's from behind."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from identity.appearance.cues.crops import crop_edges
from identity.appearance.cues.parts import HEAD, in_view
from identity.appearance.faces.squares import head_squares

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from identity.appearance.cues.crops import Crops, Measured
    from identity.appearance.faces.face_reader import Faces

# Of film (`bench.faces`): of smaller heads one in ten shows a face, and one in fifteen of those
# that look further away.
LEAST_HEAD_PX = 20.0  # of the larger side of its box
LEAST_FACING = -0.2


def measure(crops: Crops, _cue: str) -> Measured:
    """Return the rows that show a face, and how the network sees it."""
    rows, faces = _seen(crops)
    return rows, faces.vectors


def measure_turn(crops: Crops, _cue: str) -> Measured:
    """Return the rows that show a face, and how it is turned; see `faces.align.turn_of`."""
    rows, faces = _seen(crops)
    return rows, faces.turn


def _seen(crops: Crops) -> tuple[NDArray[np.int64], Faces]:
    """Return the rows that show a face, and their faces."""
    chosen, squares = squares_of(crops)
    faces = crops.faces(chosen, squares)
    seen = np.flatnonzero(faces.known)
    return np.array(crops.sampled, np.int64)[chosen[seen]], faces.take(seen)


def squares_of(
    crops: Crops, *, least_px: float = LEAST_HEAD_PX, least_facing: float = LEAST_FACING
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return which sampled boxes have heads worth reading, (K,), and the squares around them.

    Args:
        crops: The boxes.
        least_px: Larger side of a head's box.
        least_facing: Cosine of its turn.

    Returns:
        Places in `sampled`, and (K, 3) as `head_squares` returns them.
    """
    told, size = crops.told, {"width_px": crops.width_px, "height_px": crops.height_px}
    edges = crop_edges(crops.found.xyxy[np.array(crops.sampled, np.int64)], **size)
    squares, larger = head_squares(
        edges.astype(np.float64), told.head_box.astype(np.float64), longest_px=max(size.values())
    )
    worth = in_view(told, HEAD) & (told.facing >= least_facing) & (larger >= least_px)
    chosen = np.flatnonzero(worth)
    return chosen, squares[chosen].astype(np.int64)
