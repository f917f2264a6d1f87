"""Camera set-ups: whether two shots look at the same place from the same place."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

from identity.evidence.same_place import free_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from scenes.shots import Shot
    from tracker.tracklets import Tracklet

SAME_SETUP = 0.9  # similarity from which a place in one means the place in the other
_MIN_SPREAD = 4.0  # grey levels; a flatter picture agrees with everything
MIN_FREE = 0.07  # share of two pictures that nobody hides in either: less agrees by chance
_NEAR_FRAMES = 4  # a box so near in time still says where somebody is
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
    pictures = thumbnails.reshape(2 * count, -1).astype(np.float64)
    everywhere = np.ones_like(pictures)
    alike = _correlations(pictures, everywhere)
    if free is not None:
        known = free.reshape(2 * count, -1).repeat(thumbnails.shape[-1], axis=1).astype(np.float64)
        enough = known @ known.T >= MIN_FREE * known.shape[1]
        alike = np.where(enough, _correlations(pictures, known), alike)
    best = alike.reshape(count, 2, count, 2).max(axis=(1, 3))
    np.fill_diagonal(best, 1)
    return np.asarray(np.clip(best, 0, 1), np.float32)


def count_setups(alike: NDArray[np.float32]) -> int:
    """Return how many set-ups shots with this (S, S) similarity show, joined by `SAME_SETUP`.

    Example:
        >>> count_setups(np.array([[1, 0.95, 0], [0.95, 1, 0], [0, 0, 1]], np.float32))
        2
    """
    same = np.triu(alike >= SAME_SETUP, 1)
    same |= same.T
    left = np.ones(len(alike), np.bool_)
    count = 0
    while left.any():
        count += 1
        reached = np.zeros(len(alike), np.bool_)
        found = np.arange(len(alike)) == int(left.argmax())
        while found.any():
            reached |= found
            found = same[found].any(axis=0) & ~reached
        left &= ~reached
    return count


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


def _correlations(pictures: NDArray[np.float64], known: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return (P, P) correlations over the values known (1) in both, 0 where one is flat there."""
    inside = pictures * known
    number = np.maximum(known @ known.T, 1)
    mean = inside @ known.T / number  # [i, j]: of i, where both are known
    variance = np.maximum((inside * pictures) @ known.T / number - mean**2, 0)
    spread = np.sqrt(variance)
    both = inside @ inside.T / number - mean * mean.T
    flat = np.minimum(spread, spread.T) < _MIN_SPREAD
    return np.where(flat, 0, both / np.maximum(spread * spread.T, 1e-9))


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
            if abs(int(tracklet.frame[row]) - frame) > _NEAR_FRAMES:
                continue
            free[tracklet.shot_index, place] &= free_of(
                (tall, wide), tracklet.xyxy[row : row + 1], picture_px=picture_px, margin=_MARGIN
            )
    return free
