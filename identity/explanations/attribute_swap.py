"""Attribute swaps: cues that change owner while others stay.

A re-ID network looks at clothes first, so two people who exchange clothes look to it as if they had
exchanged places. The head tells them apart: where body and clothes fit crosswise and both heads
fit straight, only the clothes went over; where the heads fit crosswise and the bodies straight,
only face or hair did. Both cues must contradict each other clearly, on both people; where the two
heads are alike, or the clothes, nothing is told.

Where the embedder finds the head, hair says it best (`evidence/hair.py`).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import combinations
from typing import TYPE_CHECKING, Literal

import numpy as np

from identity.evidence.hair import hair_says
from identity.evidence.positions import Positions
from identity.evidence.same_look import MIN_LOOKS, cosines_between
from identity.evidence.setups import SAME_SETUP
from identity.explanations.contract import Explained, log_odds_by_rule

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from identity.appearance.looks import Cue
    from identity.cast.characters import Cast
    from identity.evidence.calibration import Calibration
    from identity.evidence.hair import Hair
    from identity.explanations.contract import Clip, Kind

    Means = dict[Cue, NDArray[np.float32]]
    Pair = tuple[Means, Means]

Attribute = Literal["clothes", "head"]

KINDS: tuple[Kind, ...] = ("attribute_swap",)
_CONTRADICTS = 0.4  # similarity by which both of one sort must beat both of the other
_AGREES = 0.1  # gain by which the colours of the clothes speak for an exchange at all


@dataclass(frozen=True, slots=True)
class ExchangeScore:
    """How alike two people are before and after, straight (stayed) and crosswise (exchanged)."""

    straight: tuple[float, float]
    cross: tuple[float, float]

    @property
    def preference(self) -> float:
        """By how much "exchanged" beats "stayed" on average: > 0 = exchanged."""
        return (sum(self.cross) - sum(self.straight)) / 2


def which_attribute(
    scores: dict[Cue, ExchangeScore],
    *,
    threshold: float,
    hair: Hair | None = None,
) -> Attribute | None:
    """Return what changed owner; `None` = nothing, all of it, or it cannot be told.

    Args:
        scores: Cue to how it compares, on the scale where 1 is one person and 0 another.
        threshold: Gain from which a cue was exchanged.
        hair: What the hair of both does, where it was seen and says something (`hair_says`).

    Example:
        >>> body = ExchangeScore((0.2, 0.3), (0.9, 0.8))
        >>> head = ExchangeScore((0.9, 1.0), (0.1, 0.0))
        >>> which_attribute({"body": body, "head": head, "upper": body}, threshold=0.25)
        'clothes'
        >>> which_attribute({"body": body, "head": body, "upper": body}, threshold=0.25) is None
        True
    """
    if "body" not in scores or "head" not in scores:
        return None
    body, head = scores["body"].preference, scores["head"].preference
    clothes = [scores[cue].preference for cue in ("upper", "lower") if cue in scores]
    if not clothes:
        return None
    # The body holds the head too, which stays; a network's own look at the garment does not.
    garment = scores["upper_look"].preference if "upper_look" in scores else body
    exchanged = body >= 0 and max(body, garment) >= threshold
    head_stays = head <= -_CONTRADICTS if hair is None else hair.stays
    if exchanged and max(clothes) >= _AGREES and head_stays:
        return "clothes"
    head_changes = head >= _CONTRADICTS if hair is None else hair.alone and hair.lost >= threshold
    if head_changes and max(clothes) <= 0 and body <= -_CONTRADICTS:
        return "head"
    return None


def find_over_cuts(clip: Clip) -> list[Explained]:
    """Return where a cut comes back to a set-up and two at their old places wear each other's.

    Who belongs to nobody of the cast is passed over. After an exchange inside a shot nothing is
    asked: what follows a cut has the same cause.
    """
    if any(one.kind == "attribute_swap" for one in clip.explained):
        return []
    segments, labels, scales = clip.segments, clip.cast.labels, clip.calibration
    threshold = clip.settings.scaled("attribute_swap")
    by_shot: dict[int, list[int]] = {}
    for k, segment in enumerate(segments):
        if labels[k] >= 0 and segment.sample_count >= MIN_LOOKS:
            by_shot.setdefault(segment.tracklet.shot_index, []).append(k)
    places = Positions(segment.xyxy for segment in segments)
    found: list[Explained] = []
    for late in sorted(by_shot):
        earlier = [s for s in sorted(by_shot) if s < late and clip.setups[s, late] >= SAME_SETUP]
        if not earlier:
            continue
        stayed = [(a, c) for a in by_shot[earlier[-1]] for c in by_shot[late] if places.same(a, c)]
        for (a, c), (b, d) in combinations(stayed, 2):
            if a == b or c == d:
                continue
            before, after = ((segments[k].means, segments[m].means) for k, m in ((a, b), (c, d)))
            scores, hair = _scores(before, after, scales), hair_says(before, after)
            attribute = which_attribute(scores, threshold=threshold, hair=hair)
            if attribute is not None:
                strength = _strength(attribute, scores, hair)
                odds = log_odds_by_rule(strength, clip.settings.attribute_swap)
                four = a, b, c, d
                found.append(
                    Explained(
                        "attribute_swap", tuple(clip.track_of(k) for k in four),
                        min(segments[c].start_frame, segments[d].start_frame),
                        max(segment.stop_frame for segment in segments),
                        odds, strength,
                        {cue: score.preference for cue, score in scores.items()},
                        over_cut=True, attribute=attribute, segments=four,
                    )
                )  # fmt: skip
    return found


def _strength(attribute: Attribute, scores: dict[Cue, ExchangeScore], hair: Hair | None) -> float:
    """Return the similarity by which what was exchanged fits crosswise, or is lost to its owner."""
    if attribute == "clothes":
        return scores["body"].preference
    return scores["head"].preference if hair is None else hair.lost


def _scores(before: Pair, after: Pair, scales: Calibration) -> dict[Cue, ExchangeScore]:
    """Return cue to how the looks of two before compare with those of two after."""
    result: dict[Cue, ExchangeScore] = {}
    for cue, cosine in cosines_between(before, after).items():
        if cue in scales.scales and np.isfinite(cosine).all():
            (ac, ad), (bc, bd) = np.vectorize(scales.scales[cue].similarity)(cosine).tolist()
            result[cue] = ExchangeScore((ac, bd), (ad, bc))
    return result


def relabelled(cast: Cast, clip: Clip, found: Sequence[Explained]) -> Cast:
    """Return the cast with labels that stay with the heads where clothes were exchanged."""
    labels = cast.labels.copy()
    for swap in found:
        if not swap.over_cut or swap.attribute != "clothes":
            continue
        a, b, c, d = (int(labels[k]) for k in swap.segments)
        if (c, d) == (b, a):
            late = np.array([s.start_frame >= swap.start_frame for s in clip.segments])
            was_a, was_b = late & (labels == a), late & (labels == b)
            labels[was_a], labels[was_b] = b, a
    return replace(cast, labels=labels)
