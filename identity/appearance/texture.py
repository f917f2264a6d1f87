"""What a picture is drawn with, as the first layers of the bundled re-ID network see it.

How strong each channel of a network's first maps is, and how much it varies, tells strokes, grain
and flat areas apart and not what is drawn: the "style" of style transfer (Gatys et al. 2016, "Image
Style Transfer Using Convolutional Neural Networks"; Huang and Belongie 2017, section 5,
https://arxiv.org/abs/1703.06868).
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from identity.appearance.prepare import prepare_crops
from identity.appearance.reid_specs import KNOWN_REID, KNOWN_SPECS
from scenes.errors import WeightsError
from scenes.onnx_session import open_graph
from tracker.known_weights import BUNDLED, resolve_weights, weights_sha256

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

GRAPH_NAME = "castcheck_texture.graph.onnx"
BLOCKS = (2, 4)  # after which the maps are read; later ones know what is drawn
DIM = 112  # means and deviations of 24 and of 32 channels
_LEAST_SPREAD = 1e-2  # a channel that is silent has no logarithm


class TextureNetwork:
    """The first blocks of the bundled network, whichever one tells people apart.

    Raises:
        WeightsError: The package is incomplete.
    """

    def __init__(self) -> None:
        weights = resolve_weights(BUNDLED, suffixes=(".safetensors",), known=KNOWN_REID)
        sha256 = weights_sha256(weights)
        self._spec = KNOWN_SPECS[sha256]
        self._session = open_graph(weights, sha256, weights.with_name(GRAPH_NAME))
        if self._session is None:
            raise WeightsError(
                "is missing or of other weights",
                where=weights.with_name(GRAPH_NAME),
                hint="install castcheck again",
            )

    def maps(self, picture: NDArray[np.uint8]) -> list[NDArray[np.float32]]:
        """Return the maps (C, h, w) of a small RGB picture (H, W, 3), each finer than the next."""
        height, width = picture.shape[:2]
        planes = prepare_crops([picture], self._spec, height_px=height, width_px=width)
        return [maps[0] for maps in self._session.run(None, {"picture": planes})]


@lru_cache(maxsize=1)
def texture_network() -> TextureNetwork:
    """Return the network, opened once for all clips of a process.

    Raises:
        WeightsError: The package is incomplete.
    """
    return TextureNetwork()


def channel_statistics(
    maps: Sequence[NDArray[np.float32]], shows: Sequence[NDArray[np.bool_]]
) -> NDArray[np.float32]:
    """Return (D,) the mean and the logarithm of the deviation of every channel, map by map.

    Args:
        maps: (C, h, w) each.
        shows: (h, w) each, which of the cells count; some do.

    Example:
        >>> maps = [np.arange(8, dtype=np.float32).reshape(2, 2, 2)]
        >>> channel_statistics(maps, [np.ones((2, 2), bool)]).round(1)
        array([1.5, 5.5, 0.1, 0.1], dtype=float32)
    """
    parts = []
    for cells, shown in zip(maps, shows, strict=True):
        rows = cells.reshape(len(cells), -1)[:, np.flatnonzero(shown)]
        mean = rows.mean(axis=1)
        spread = np.sqrt(np.square(rows - mean[:, None]).mean(axis=1))
        parts += [mean, np.log(spread + _LEAST_SPREAD)]
    return np.concatenate(parts).astype(np.float32)
