"""How far to believe a box, given the other boxes of the picture and its head. Pure functions.

A detector scores each box by itself. Whether it shows somebody depends on more: a box that mostly
overlaps a surer one is a second box on the same body, unless each has a head of its own; a body
with a head is somebody, and what is large is seldom mistaken. The numbers belong to one network;
they are fitted by `python -m training belief`.
"""

from __future__ import annotations

import json
from functools import lru_cache
from importlib import resources
from typing import TYPE_CHECKING

import numpy as np

from tracker import boxes
from tracker.detections import Detections
from tracker.heads import SEEN, owned_heads

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import ArrayLike, NDArray

DATA_FILE = "belief.json"
FEATURES = (
    "score",
    "overlaps_surer",
    "inside_surer",
    "two_heads",
    "head",
    "size",
    "height_to_width",
    "others",
)
_LEAST, _MOST = 0.01, 0.99  # scores beyond are as sure as that
# Scores of boxes that are likely somebody, whatever the network says: enough to be followed and not
# enough to be sure, the likelier the higher.
FOLLOWED, FOLLOWED_MOST = 0.3, 0.39
_COUNTED = 0.1  # bodies scored lower do not make a picture fuller


def believed(
    bodies: Detections,
    heads: Detections,
    weights: Mapping[str, float],
    *,
    width_px: int,
    height_px: int,
) -> Detections:
    """Return the bodies of one picture, best first, none surer than it is likely to show somebody.

    Scores stay those of the network, since what comes after is fitted on them. Only who is doubted
    more than he should be is lifted, enough to be followed and not enough to be sure.

    Args:
        bodies: Of one picture, as the network scored them.
        heads: Of the same picture.
        weights: Log-odds per unit of each of `FEATURES`, and `bias`.
        width_px: Of the picture.
        height_px: Of the picture.
    """
    chance = likely(bodies, heads, weights, width_px=width_px, height_px=height_px)
    lifted = np.maximum(bodies.score, FOLLOWED + (FOLLOWED_MOST - FOLLOWED) * chance)
    score = np.minimum(lifted, chance)
    # Rounded like every score: the last bits of a network depend on the size of the batch.
    score = np.round(score, 4).astype(np.float32)
    scored = Detections(bodies.frame, bodies.xyxy, score, bodies.class_id)
    return scored.take(np.argsort(-score, kind="stable"))


def chance_behind(score: ArrayLike) -> NDArray[np.float64]:
    """Return the chance for which `believed` gives a score, where the network itself had less.

    Of a box that the network is surer of, the score is all that is known: it counts as certain.

    Example:
        >>> chance_behind([0.2, 0.345, 0.8]).round(2).tolist()
        [0.0, 0.5, 1.0]
    """
    lifted = (np.asarray(score, np.float64) - FOLLOWED) / (FOLLOWED_MOST - FOLLOWED)
    return np.clip(lifted, 0.0, 1.0)


def likely(
    bodies: Detections,
    heads: Detections,
    weights: Mapping[str, float],
    *,
    width_px: int,
    height_px: int,
) -> NDArray[np.float64]:
    """Return (N,) how likely each of the bodies of one picture shows somebody; see `believed`."""
    if not len(bodies):
        return np.zeros(0)
    found = features(bodies, heads, width_px=width_px, height_px=height_px)
    odds = weights["bias"] + sum(weights[name] * found[name] for name in FEATURES)
    return np.asarray(1 / (1 + np.exp(-odds)), np.float64)


def features(
    bodies: Detections, heads: Detections, *, width_px: int, height_px: int
) -> dict[str, NDArray[np.float64]]:
    """Return feature to (N,) of the bodies of one picture.

    `score` is the network's as log-odds; `overlaps_surer` and `inside_surer` are the largest IoU
    with a box scored higher, and the largest share of the box in one; `two_heads` is that share
    times the lower score of the heads that the two own: two heads are two people. `head` is the
    score of the head it owns, 0 = none; `size` the root of its share of the picture;
    `height_to_width` and `others` are the logarithms of its shape and of how many boxes the
    picture has.
    """
    score = np.clip(bodies.score.astype(np.float64), _LEAST, _MOST)
    surer = bodies.score[None, :] > bodies.score[:, None]
    overlap, inside = (of(bodies.xyxy, bodies.xyxy) for of in (boxes.iou, boxes.covered))
    width, height = (np.maximum(bodies.xyxy[:, k + 2] - bodies.xyxy[:, k], 1) for k in (0, 1))
    head = np.zeros(len(bodies))
    heads = heads.take(np.asarray(heads.score >= SEEN, np.bool_))
    count = max(int(np.count_nonzero(bodies.score >= _COUNTED)), 1)
    for row, column in owned_heads(bodies.xyxy, heads.xyxy):
        head[row] = heads.score[column]
    return {
        "score": np.log(score / (1 - score)),
        "overlaps_surer": (overlap * surer).max(axis=1, initial=0).astype(np.float64),
        "inside_surer": (inside * surer).max(axis=1, initial=0).astype(np.float64),
        "two_heads": (inside * surer * np.minimum(head[:, None], head)).max(axis=1, initial=0),
        "head": head,
        "size": np.sqrt(boxes.area(bodies.xyxy).astype(np.float64) / (width_px * height_px)),
        "height_to_width": np.log(height / width).astype(np.float64),
        "others": np.full(len(bodies), np.log(count)),
    }


@lru_cache(maxsize=1)
def learnt_weights() -> Mapping[str, float]:
    """Return the weights for the bundled network."""
    text = (resources.files("tracker") / DATA_FILE).read_text(encoding="utf-8")
    weights: dict[str, float] = json.loads(text)["weights"]
    return weights
