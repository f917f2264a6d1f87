"""Camera set-ups: whether two shots look at the same place from the same place."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

from identity.appearance.feature_store import BLOCK_ROWS
from identity.evidence.same_place import free_of
from identity.tracks.linking import NEAR_FRAMES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from scenes.shots import Shot
    from tracker.tracklets import Tracklet

SAME_SETUP = 0.9  # similarity from which a place in one means the place in the other
MIN_SPREAD = 4.0  # grey levels; a flatter picture agrees with everything
MIN_FREE = 0.07  # share of two pictures that nobody hides in either: less agrees by chance
_SIZE_PX = (32, 18)  # width, height
_MARGIN = 0.08  # of a box's width on each side: hair and hands reach out of it


def setup_similarity(
    thumbnails: NDArray[np.uint8], free: NDArray[np.bool_] | None = None
) -> NDArray[np.float32]:
    """Return (S, S) how alike the set-ups of S shots are, in [0, 1]; 1 on the diagonal.

    Args:
        thumbnails: (S, 2, h, w, 3) uint8, first and last picture of every shot.
        free: (S, 2, h, w) where nobody stands; all of it where it is not given.

    The best correlation of any picture of one shot with any of the other, over what is free in
    both: who stands there may have changed, another angle shows in the set. Where people leave
    too little of the set they are compared with it.

    Example:
        >>> ramp = np.tile(np.arange(32, dtype=np.uint8) * 8, (1, 2, 18, 1))
        >>> ramp = ramp[..., None].repeat(3, axis=-1)
        >>> setup_similarity(np.concatenate([ramp, 255 - ramp])).round(2)
        array([[1., 0.],
               [0., 1.]], dtype=float32)
    """
    count = len(thumbnails)
    if not count:
        return np.zeros((0, 0), np.float32)
    thumbnails, free = _shrunk(thumbnails, free)
    best = np.empty((count, count), np.float32)
    for low in range(0, count, BLOCK_ROWS):
        for high in range(low, count, BLOCK_ROWS):
            rows, columns = (slice(at, at + BLOCK_ROWS) for at in (low, high))
            shots = [(thumbnails[k], None if free is None else free[k]) for k in (rows, columns)]
            best[rows, columns] = _alike(*shots[0], *shots[1])
            best[columns, rows] = best[rows, columns].T
    np.fill_diagonal(best, 1)
    return best


def _alike(
    one: NDArray[np.uint8],
    free_one: NDArray[np.bool_] | None,
    two: NDArray[np.uint8],
    free_two: NDArray[np.bool_] | None,
) -> NDArray[np.float64]:
    """Return (N, M) how alike the set-ups of N shots and M others are, in [0, 1]."""
    a, b = (side.reshape(2 * len(side), -1).astype(np.float64) for side in (one, two))
    alike = _correlations(a, np.ones_like(a), b, np.ones_like(b))
    if free_one is not None and free_two is not None:
        known_a, known_b = (
            side.reshape(2 * len(side), -1).repeat(one.shape[-1], axis=1).astype(np.float64)
            for side in (free_one, free_two)
        )
        enough = known_a @ known_b.T >= MIN_FREE * known_a.shape[1]
        alike = np.where(enough, _correlations(a, known_a, b, known_b), alike)
    return np.asarray(np.clip(alike.reshape(len(one), 2, len(two), 2).max(axis=(1, 3)), 0, 1))


def setup_numbers(alike: NDArray[np.float32]) -> NDArray[np.int64]:
    """Return (S,) the set-up of each shot, of an (S, S) similarity, joined by `SAME_SETUP`.

    Example:
        >>> setup_numbers(np.array([[1, 0.95, 0], [0.95, 1, 0], [0, 0, 1]], np.float32))
        array([0, 0, 1])
    """
    same = np.triu(alike >= SAME_SETUP, 1)
    same |= same.T
    numbers = np.full(len(alike), -1, np.int64)
    for number in range(len(alike)):
        left = numbers < 0
        if not left.any():
            break
        found = np.arange(len(alike)) == int(left.argmax())
        while found.any():
            numbers[found] = number
            found = same[found].any(axis=0) & (numbers < 0)
    return numbers


def _shrunk(
    thumbnails: NDArray[np.uint8], free: NDArray[np.bool_] | None
) -> tuple[NDArray[np.uint8], NDArray[np.bool_] | None]:
    """Return pictures and map at the size at which hair and leaves no longer count."""
    wide, tall = _SIZE_PX

    def resized(pictures: NDArray[np.uint8]) -> NDArray[np.uint8]:
        flat = pictures.reshape(-1, *pictures.shape[2:])
        small = [cv2.resize(p, (wide, tall), interpolation=cv2.INTER_AREA) for p in flat]
        return np.stack(small).reshape(*pictures.shape[:2], tall, wide, *pictures.shape[4:])

    if thumbnails.shape[2:4] == (tall, wide):
        return thumbnails, free
    # A cell is free where all of it is.
    known = None if free is None else resized(free.astype(np.uint8) * 255) == 255
    return resized(thumbnails), known


def _correlations(
    a: NDArray[np.float64],
    known_a: NDArray[np.float64],
    b: NDArray[np.float64],
    known_b: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Return (P, Q) correlations over the values known (1) in both, 0 where one is flat there."""
    inside_a, inside_b = a * known_a, b * known_b
    number = np.maximum(known_a @ known_b.T, 1)
    mean_a, mean_b = inside_a @ known_b.T / number, known_a @ inside_b.T / number
    spread_a = np.maximum((inside_a * a) @ known_b.T / number - mean_a**2, 0)
    spread_b = np.maximum(known_a @ (inside_b * b).T / number - mean_b**2, 0)
    both = inside_a @ inside_b.T / number - mean_a * mean_b
    flat = np.minimum(spread_a, spread_b) < MIN_SPREAD**2
    return np.where(flat, 0, both / np.maximum(np.sqrt(spread_a * spread_b), 1e-9))


def free_of_people(
    tracklets: Sequence[Tracklet],
    shots: Sequence[Shot],
    *,
    picture_px: tuple[int, int],
    grid: tuple[int, int],
) -> NDArray[np.bool_]:
    """Return (S, 2, h, w) where nobody stands in the first and last picture of every shot.

    Args:
        tracklets: Of the clip.
        shots: S of them.
        picture_px: (width, height) that boxes are measured in.
        grid: (w, h), cells of the map.
    """
    wide, tall = grid
    free = np.ones((len(shots), 2, tall, wide), np.bool_)
    for tracklet in tracklets:
        shot = shots[tracklet.shot_index]
        for place, frame in enumerate((shot.start_frame, shot.stop_frame - 1)):
            row = int(np.abs(tracklet.frame - frame).argmin())
            if abs(int(tracklet.frame[row]) - frame) > NEAR_FRAMES:
                continue
            free[tracklet.shot_index, place] &= free_of(
                (tall, wide), tracklet.xyxy[row : row + 1], picture_px=picture_px, margin=_MARGIN
            )
    return free
