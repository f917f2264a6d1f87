"""Words for what a character wears, so that a person knows who is meant."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

from identity.appearance.colour import bin_colours

if TYPE_CHECKING:
    from numpy.typing import NDArray

_ONE_COLOUR = 25.0  # CIE Lab; a bin of `colour_histogram` and its neighbours

# sRGB of plain colour words; the nearest in CIE Lab wins.
_WORDS: dict[str, tuple[int, int, int]] = {
    "black": (22, 22, 24),
    "dark grey": (72, 72, 74),
    "grey": (128, 128, 130),
    "light grey": (185, 185, 187),
    "white": (240, 240, 240),
    "dark red": (110, 20, 25),
    "red": (200, 35, 40),
    "pink": (235, 150, 175),
    "orange": (230, 130, 45),
    "brown": (105, 70, 45),
    "beige": (205, 180, 145),
    "yellow": (235, 205, 60),
    "olive": (105, 105, 50),
    "dark green": (30, 75, 45),
    "green": (70, 150, 75),
    "turquoise": (60, 170, 170),
    "light blue": (150, 190, 230),
    "blue": (50, 90, 190),
    "dark blue": (30, 40, 80),
    "purple": (110, 60, 140),
}


def colour_word(histogram: NDArray[np.float32]) -> str:
    """Return the word for the strongest colour of a (486,) colour histogram (square roots).

    Example:
        >>> from identity.appearance.colour import colour_histogram
        >>> colour_word(colour_histogram(np.full((4, 4, 3), (200, 30, 40), np.uint8)))
        'red'
    """
    share = np.square(histogram.astype(np.float64))
    colours = bin_colours()
    # Soft bins spread one colour over its neighbours; a mean over far ones would invent a colour.
    near = np.linalg.norm(colours - colours[int(share.argmax())], axis=1) <= _ONE_COLOUR
    lab = np.average(colours[near], axis=0, weights=share[near] + 1e-12)
    names = list(_WORDS)
    rgb = np.array([[_WORDS[name] for name in names]], np.float32) / np.float32(255)
    known = cv2.cvtColor(rgb, cv2.COLOR_RGB2LAB)[0]
    return names[int(np.linalg.norm(known - lab, axis=1).argmin())]
