"""What small pictures say about a cut, without a network. Pure functions on arrays.

Two distances between pictures of 48x27: the change of colour, and the change of *structure*, which
a change of light, exposure or contrast leaves alone. A cut is a step in both that stands out from
the motion around it, and behind which the picture from before does not come back.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

from scenes.arrays import grey_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from scenes.frames import FrameBatch

SMALL_HEIGHT_PX, SMALL_WIDTH_PX = 27, 48
SMALL_PX = (SMALL_WIDTH_PX, SMALL_HEIGHT_PX)
STRUCTURE_BLUR_PX = 3.0  # of 48: details finer than this carry the structure
CONTRAST_FLOOR = 2.0  # grey levels; below it a picture is flat and only noise would be amplified
LOCAL_FLOOR = 0.15  # of the picture's contrast: keeps even walls from counting as structure
STRUCTURE_SCALE = 40.0  # puts the structural step of a hard cut at 10..40, near the colour step's
FROZEN_STEP = 0.3  # grey levels; less is the codec repeating a picture
NEIGHBOURS = 5  # moving frames on either side that a step is compared with
RETURN_FRAMES = 5  # a picture that comes back within so many frames was never left: a flash


def small_frames(batch: FrameBatch) -> NDArray[np.uint8]:
    """Return (N, 27, 48, 3) area averages of the pictures of a batch."""
    pictures = [batch.small(row, SMALL_PX) for row in range(len(batch))]
    shape = (len(batch), SMALL_HEIGHT_PX, SMALL_WIDTH_PX, 3)
    return np.array(pictures, np.uint8).reshape(shape)


def structure_map(small_rgb: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return (27, 48) float32 local contrast of one picture, free of exposure and contrast.

    Args:
        small_rgb: (27, 48, 3).

    Example:
        >>> picture = np.random.default_rng(0).integers(0, 200, (27, 48, 3), dtype=np.uint8)
        >>> darker = (picture * 0.5).astype(np.uint8)
        >>> structure_step(structure_map(picture), structure_map(darker)) < 1
        True
    """
    grey = grey_of(small_rgb)
    grey = (grey - grey.mean()) / max(float(grey.std()), CONTRAST_FLOOR)
    detail = grey - cv2.GaussianBlur(grey, (0, 0), STRUCTURE_BLUR_PX)
    spread = np.sqrt(cv2.GaussianBlur(detail * detail, (0, 0), STRUCTURE_BLUR_PX))
    result: NDArray[np.float32] = (detail / (spread + LOCAL_FLOOR)).astype(np.float32)
    return result


def structure_step(a: NDArray[np.float32], b: NDArray[np.float32]) -> float:
    """Return how far two structure maps are apart: about 1 to 5 in a shot, 10 to 40 over a cut."""
    return STRUCTURE_SCALE * float(np.abs(a - b).mean())


def colour_step(a: NDArray[np.uint8], b: NDArray[np.uint8]) -> float:
    """Return the mean difference of two small pictures in grey levels."""
    return float(cv2.norm(a, b, cv2.NORM_L1)) / a.size


def peak_ratio(steps: Sequence[float], moving: Sequence[bool], at: int) -> float:
    """Return how far the step into frame `at` stands out from the steps around it.

    The largest of the nearest `NEIGHBOURS` steps of moving frames on either side is what motion
    accounts for, per frame that passed: after a freeze, motion has piled up. 0 where fewer than
    two moving frames lie on one of the sides: then there is nothing to compare with.

    Args:
        steps: Step into each frame from the one before.
        moving: Which of them are more than a repeated picture.
        at: Index of the step in question.

    Example:
        >>> steps = [2.0, 2.0, 2.0, 30.0, 2.0, 2.0, 2.0]
        >>> peak_ratio(steps, [True] * 7, 3)
        10.0
    """
    before = [i for i in range(at - 1, -1, -1) if moving[i]][:NEIGHBOURS]
    after = [i for i in range(at + 1, len(steps)) if moving[i]][:NEIGHBOURS]
    if len(before) < 2 or len(after) < 2:
        return 0.0
    passed = at - before[0]
    return steps[at] / passed / (max(steps[i] for i in (*before, *after)) + 1.0)


def distance_vs_motion(maps: Sequence[NDArray[np.float32]], a: int, b: int) -> float:
    """Return how much farther the pictures from frame `b` on are from those up to `a` than motion.

    The nearest pair across is set against the distance either shot covers by itself in the same
    time: above 1 for every cut seen so far, about 0.2 to 0.4 for a flash or a light switched on.

    Args:
        maps: Structure map of each frame.
        a: Last frame before the transition.
        b: First frame after it.
    """
    last = len(maps) - 1
    before = range(max(0, a - RETURN_FRAMES), a + 1)
    after = range(b, min(last, b + RETURN_FRAMES) + 1)
    nearest = min(structure_step(maps[i], maps[j]) for i in before for j in after)
    reach = max(b - a, RETURN_FRAMES)
    own = max(
        structure_step(maps[max(0, a - reach)], maps[a]),
        structure_step(maps[b], maps[min(last, b + reach)]),
    )
    return nearest / (own + 1.0)


def change_rate_ratio(steps: Sequence[float], a: int, b: int) -> float:
    """Return how much faster the structure changes from frame `a` to `b` than before and after.

    About 1 for a change of light, however large; 1.8 and more for a dissolve or a fade.

    Args:
        steps: Structural step into each frame.
        a: Last frame before the transition.
        b: First frame after it.

    Example:
        >>> change_rate_ratio([1.0] * 8 + [4.0] * 4 + [1.0] * 8, 7, 12) > 2
        True
    """
    inside = steps[a + 1 : b + 1]
    around = [part for part in (steps[max(0, a - 7) : a + 1], steps[b + 1 : b + 9]) if part]
    usual = max((sum(part) / len(part) for part in around), default=0.0)
    return sum(inside) / len(inside) / (usual + 0.3)


def takeover(small_rgb: Sequence[NDArray[np.uint8]], a: int, b: int) -> int:
    """Return the first frame in `(a, b]` in which the shot of `b` outweighs the shot of `a`.

    Each frame is projected on the line from picture `a` to picture `b`.
    """
    old = small_rgb[a].astype(np.float32).ravel()
    line = small_rgb[b].astype(np.float32).ravel() - old
    length = float(line @ line)
    for frame in range(a + 1, b):
        weight = float((small_rgb[frame].astype(np.float32).ravel() - old) @ line)
        if weight >= 0.5 * length:
            return frame
    return b
