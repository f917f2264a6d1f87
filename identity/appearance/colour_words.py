"""Words for the colours of what a character wears, so that a person knows who is meant.

The words are those of the ISCC-NBS system, which was made to name the colours of surfaces: Kelly
and Judd, "Color: Universal Language and Dictionary of Names", NBS Special Publication 440 (1976).
Its 267 categories are known by their centroids, as sRGB by Centore, "sRGB Centroids for the
ISCC-NBS Colour System" (2016), here with the white of its five greys adapted to that of sRGB
(Bradford), so that they are grey. Each category is filed under a plain word: "moderate olive brown"
under "brown".
"""

from __future__ import annotations

import json
from functools import lru_cache
from importlib import resources
from itertools import product
from typing import TYPE_CHECKING

import cv2
import numpy as np

from identity.appearance.colour import BINS, bin_colours

if TYPE_CHECKING:
    from numpy.typing import NDArray

DATA_FILE = "colour_terms.json"
# So many of the nearest categories vote, the nearer the more; without a majority nothing is said.
_VOTERS = 5
_MAJORITY = 0.5


def colour_word(histogram: NDArray[np.float32]) -> str:
    """Return the word for the strongest colour of a (486,) colour histogram (square roots).

    Empty where the colour lies between words.

    Example:
        >>> from identity.appearance.colour import colour_histogram
        >>> colour_word(colour_histogram(np.full((4, 4, 3), (60, 30, 70), np.uint8)))
        'dark purple'
    """
    words, known = _centroids()
    distance = np.linalg.norm(known - strongest_colour(histogram), axis=1)
    nearest: list[int] = np.argsort(distance, kind="stable")[:_VOTERS].tolist()
    votes: dict[str, float] = {}
    for k in nearest:
        term = words[k].split()[-1]
        votes[term] = votes.get(term, 0.0) + 1 / (1 + float(distance[k]))
    best = max(votes, key=lambda term: votes[term])
    if votes[best] < _MAJORITY * sum(votes.values()):
        return ""
    return next(words[k] for k in nearest if words[k].split()[-1] == best)


def strongest_colour(histogram: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return the (3,) CIE Lab colour that a (486,) colour histogram (square roots) has most of.

    Soft bins give a colour to the eight corners of the cell it lies in, by its place between them:
    the mean of the corners is that colour again, where a mean over nearest bins is drawn to some.

    Example:
        >>> from identity.appearance.colour import colour_histogram
        >>> grey = np.full((4, 4, 3), 119, np.uint8)
        >>> strongest_colour(colour_histogram(grey)).round().tolist()
        [50.0, 0.0, 0.0]
    """
    share = np.square(histogram, dtype=np.float64).reshape(BINS)
    cells = sum(
        share[tuple(slice(k, k + n - 1) for k, n in zip(corner, BINS, strict=True))]
        for corner in product((0, 1), repeat=3)
    )
    first = np.unravel_index(int(np.argmax(cells)), tuple(n - 1 for n in BINS))
    corners = tuple(slice(int(k), int(k) + 2) for k in first)
    colours = bin_colours().reshape(*BINS, 3)[corners].reshape(-1, 3)
    return np.asarray(np.average(colours, axis=0, weights=share[corners].ravel()), np.float64)


@lru_cache(maxsize=1)
def _centroids() -> tuple[tuple[str, ...], NDArray[np.float64]]:
    """Return the word of every category, and (267, 3) their centroids in CIE Lab."""
    text = resources.files("identity.appearance").joinpath(DATA_FILE).read_text(encoding="utf-8")
    filed: dict[str, str] = json.loads(text)
    pairs = [(word, hexes) for word, own in filed.items() for hexes in own.split()]
    rgb = np.array([[*bytes.fromhex(hexes)] for _, hexes in pairs], np.float32)
    lab = cv2.cvtColor(rgb[None] / np.float32(255), cv2.COLOR_RGB2LAB)[0]
    return tuple(word for word, _ in pairs), lab.astype(np.float64)
