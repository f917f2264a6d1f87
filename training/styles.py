"""Pictures as other hands would have made them: drawn with flat colours and outlines, or toned.

Half of what is generated is not meant to look filmed. A detector that knows shaded skin and cloth
alone does not see a drawn figure (stylised pictures make features of shape count for more than
those of texture: Geirhos et al. 2019, https://arxiv.org/abs/1811.12231).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float32]


def drawn(bgr: Floats, owner: NDArray[np.int32], rng: np.random.Generator) -> Floats:
    """Return a picture with flat colours, and dark lines along its edges and its figures.

    Args:
        bgr: (H, W, 3) in 0..255.
        owner: (H, W), which figure each pixel is of, 0 = none: figures get outlines.
        rng: Draws how coarse, how colourful and how thick.
    """
    picture = np.clip(bgr, 0, 255).astype(np.uint8)
    flat = cv2.pyrMeanShiftFiltering(
        picture, float(rng.uniform(4, 10)), float(rng.uniform(15, 50)), maxLevel=1
    )
    if rng.random() < 0.5:
        flat = _few_colours(flat, int(rng.integers(6, 24)), rng)
    lines = np.zeros(owner.shape, np.float32)
    if rng.random() < 0.75:
        low = float(rng.uniform(25, 90))
        lines = cv2.Canny(flat, low, 2.5 * low).astype(np.float32) / 255
        lines *= float(rng.uniform(0.3, 1.0))
    if rng.random() < 0.75:
        lines = np.maximum(lines, _outlines(owner, int(rng.integers(1, 4))))
    lines = cv2.GaussianBlur(lines, (0, 0), 0.6)[..., None] * float(rng.uniform(0.6, 1.0))
    out = flat.astype(np.float32)
    grey = out.mean(2, keepdims=True)
    out = np.clip(grey + (out - grey) * float(rng.uniform(0.8, 2.2)), 0, 255)
    ink = rng.uniform(0, 50, 3).astype(np.float32)
    return np.asarray(out + np.minimum(1.3 * lines, 1) * (ink - out), np.float32)


def toned(bgr: Floats, rng: np.random.Generator) -> Floats:
    """Return a picture in the light of one colour, as lamps, dusk and grading make it.

    Args:
        bgr: (H, W, 3) in 0..255.
        rng: Draws the two colours that dark and light become, and how much of the own ones stays.
    """
    luma = cv2.cvtColor(np.clip(bgr, 0, 255) / np.float32(255), cv2.COLOR_BGR2GRAY)[..., None]
    dark = rng.uniform(0, 60, 3).astype(np.float32)
    light = rng.uniform(90, 255, 3).astype(np.float32)
    share = float(rng.uniform(0.3, 0.9))
    return np.asarray(share * (dark + luma * (light - dark)) + (1 - share) * bgr, np.float32)


def _few_colours(
    picture: NDArray[np.uint8], count: int, rng: np.random.Generator
) -> NDArray[np.uint8]:
    """Return an (H, W, 3) picture of its `count` most telling colours."""
    small = cv2.resize(picture, (48, 48), interpolation=cv2.INTER_NEAREST)
    cv2.setRNGSeed(int(rng.integers(2**31)))
    stop = (cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_MAX_ITER, 6, 1.0)
    rows = small.reshape(-1, 3).astype(np.float32)
    _, _, colours = cv2.kmeans(rows, count, None, stop, 1, cv2.KMEANS_RANDOM_CENTERS)
    pixels = picture.reshape(-1, 3).astype(np.float32)
    # |p - c|^2 without |p|^2, which is the same for all c.
    nearest = ((colours**2).sum(1) - 2 * pixels @ colours.T).argmin(1)
    return np.asarray(colours[nearest].reshape(picture.shape), np.uint8)


def _outlines(owner: NDArray[np.int32], width_px: int) -> NDArray[np.float32]:
    """Return 1 along the borders of figures, `width_px` wide, in an (H, W) picture of 0."""
    lines = np.zeros(owner.shape, np.uint8)
    lines[:, 1:] |= owner[:, 1:] != owner[:, :-1]
    lines[1:] |= owner[1:] != owner[:-1]
    thick = cv2.dilate(lines, np.ones((width_px, width_px), np.uint8))
    return np.asarray(thick, np.float32)
