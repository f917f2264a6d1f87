"""Attribute swaps over a cut back to a set-up: two wear each other's clothes, or hair.

A re-ID network looks at clothes first, so two people who exchange clothes look to it as if they had
exchanged places, and colours of their heads tell that they have not. Where they exchange hair,
bodies stay and hair loses more than the clothes below it, which no light does. How much each of
this says is learnt; clothes are weighed as inside a shot (`clothes_swap`).
"""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations
from typing import TYPE_CHECKING, Literal

import numpy as np

from identity.evidence.logistic import AGAINST, FOR, Bounds
from identity.evidence.place_in_setup import same_places
from identity.evidence.same_look import MIN_LOOKS, Compared, cosines_between
from identity.evidence.setups import SAME_SETUP
from identity.explanations import clothes_swap, swap
from identity.explanations.contract import Explained, features_at

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from numpy.typing import NDArray

    from identity.appearance.looks import Cue
    from identity.cast.characters import Cast
    from identity.evidence.calibration import Calibration
    from identity.explanations.asked import Features
    from identity.explanations.contract import Clip

    Means = Mapping[Cue, NDArray[np.float32]]
    Pair = tuple[Means, Means]

Attribute = Literal["clothes", "head"]

HAIR: Mapping[str, Bounds] = {"alone": FOR, "network": FOR, "turn": AGAINST}
HEADS: tuple[Cue, ...] = ("hair", "head")  # heads count where hair is not seen
# What each is called in the model.
_LEARNT_AS: Mapping[Attribute, str] = {"clothes": "clothes_swap", "head": "hair_swap"}


def compared(before: Pair, after: Pair, calibration: Calibration) -> swap.PairCompared:
    """Return how two of before compare with two of after, straight and crosswise.

    Args:
        before: Cue to mean look of the one and of the other.
        after: The same at their places after a cut.
        calibration: How cosines become similarity.
    """
    similarity = calibration.similarities(cosines_between(before, after))
    alike = Compared.of(similarity, calibration)
    first, second = np.array([0]), np.array([1])
    return swap.PairCompared(
        (alike.at(first, first), alike.at(second, second)),
        (alike.at(first, second), alike.at(second, first)),
    )


def hair_features(pair: swap.PairCompared, before: Pair, after: Pair) -> Features:
    """Return the features of two who may have exchanged hair, each (1,), and whether it is seen.

    `alone` is what the hair of both loses at least beyond the clothes, `network` by how much bodies
    are nearer to their own, mean of both, and `turn` by how much the cosine of facing differs at
    most. As with all of a look, both must be nearer to the other's hair than to their own.

    Args:
        pair: As `compared` says.
        before: Cue to mean look of the one and of the other.
        after: The same after a cut.
    """
    own = [
        _similarity(side, "upper") - _first_known(_similarity(side, cue) for cue in HEADS)
        for side in pair.straight
    ]
    turns = [
        abs(float(b["facing"][0] - a["facing"][0]))
        for b, a in zip(before, after, strict=True)
        if "facing" in b and "facing" in a
    ]
    hair = np.min(_first_known(clothes_swap.gains(pair, cue) for cue in HEADS), axis=0)
    stays = -np.mean(clothes_swap.network_gains(pair), axis=0)
    found = {
        "alone": np.min(own, axis=0),
        "network": np.minimum(stays, clothes_swap.EXCHANGED),
        "turn": np.array([max(turns, default=np.nan)]),
    }
    least = np.min(np.nan_to_num([found["alone"], hair, stays]), axis=0)
    return found, np.asarray(least > 0, np.bool_)


def _similarity(compared: Compared, cue: Cue) -> NDArray[np.float64]:
    return compared.similarity.get(cue, np.full(1, np.nan))


def _first_known(options: Iterable[NDArray[np.float64]]) -> NDArray[np.float64]:
    """Return the first of several arrays, and where it is not known the next."""
    first, *others = options
    for other in others:
        first = np.where(np.isfinite(first), first, other)
    return first


def find_over_cuts(clip: Clip) -> list[Explained]:
    """Return where a cut comes back to a set-up and two at their old places wear each other's.

    Who belongs to nobody of the cast is passed over. After an exchange inside a shot nothing is
    asked: what follows a cut has the same cause.
    """
    if any(one.kind == "attribute_swap" for one in clip.explained):
        return []
    segments, labels = clip.segments, clip.cast.labels
    by_shot: dict[int, list[int]] = {}
    for k, segment in enumerate(segments):
        if labels[k] >= 0 and segment.sample_count >= MIN_LOOKS:
            by_shot.setdefault(segment.tracklet.shot_index, []).append(k)
    found: list[Explained] = []
    for late in sorted(by_shot):
        earlier = [s for s in sorted(by_shot) if s < late and clip.setups[s, late] >= SAME_SETUP]
        if not earlier:
            continue
        old, new = by_shot[earlier[-1]], by_shot[late]
        stayed = same_places(*([segments[k].xyxy for k in side] for side in (old, new)))
        for (a, c), (b, d) in combinations(stayed, 2):
            if a != b and c != d:
                one = _likelier(clip, (old[a], old[b], new[c], new[d]))
                found += [] if one is None else [one]
    return found


def _likelier(clip: Clip, four: tuple[int, int, int, int]) -> Explained | None:
    """Return what two exchanged, clothes or hair, whichever is likelier; `None` = neither.

    Args:
        clip: They are in it.
        four: Segments of the one and the other, and those at their places after a cut.
    """
    a, b, c, d = (clip.segments[k] for k in four)
    before, after = (a.means, b.means), (c.means, d.means)
    pair = compared(before, after, clip.calibration)
    fewest = np.array([min(segment.sample_count for segment in (a, b, c, d))])
    asked: dict[Attribute, Features] = {
        "clothes": clothes_swap.features_of_pair(pair, fewest),
        "head": hair_features(pair, before, after),
    }
    odds = {
        attribute: float(clip.model[_LEARNT_AS[attribute]].log_odds(features)[0])
        for attribute, (features, judged) in asked.items()
        if judged[0]
    }
    if not odds:
        return None
    best = max(odds, key=lambda attribute: odds[attribute])
    log_odds = odds[best] - clip.settings.attribute_swap_log_odds
    if log_odds < clip.settings.least_log_odds:
        return None
    features = features_at(asked[best][0], 0)
    return Explained(
        "attribute_swap", tuple(clip.track_of(k) for k in four),
        min(c.start_frame, d.start_frame),
        max(segment.stop_frame for segment in clip.segments),
        log_odds, features["network" if best == "clothes" else "alone"], features,
        over_cut=True, attribute=best, segments=four,
    )  # fmt: skip


def relabelled(cast: Cast, clip: Clip, found: Sequence[Explained]) -> Cast:
    """Return the cast with labels that stay with the heads where clothes were exchanged."""
    labels = cast.labels.copy()
    for one in found:
        if one.kind != "attribute_swap" or not one.over_cut or one.attribute != "clothes":
            continue
        a, b, c, d = (int(labels[k]) for k in one.segments)
        if (c, d) == (b, a):
            late = np.array([s.start_frame >= one.start_frame for s in clip.segments])
            was_a, was_b = late & (labels == a), late & (labels == b)
            labels[was_a], labels[was_b] = b, a
    return replace(cast, labels=labels)
