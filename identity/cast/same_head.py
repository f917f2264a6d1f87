"""Two characters with one head, who are one person in other clothes.

Whoever wears other clothes from a cut on is another person to a network that sees whole figures.
His face, his hair and the colours of his head say that he is not. So two characters become one if
they are never on screen at once and two shots show the same face, hair and head.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from identity.evidence.running_sums import BLOCK_SAMPLES
from identity.evidence.same_look import MIN_LOOKS, similarities_between
from identity.tracks.body_track import SURE_SCORE

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from identity.appearance.looks import Cue
    from identity.cast.characters import Cast
    from identity.evidence.calibration import Calibration
    from identity.tracks.segments import Segment

    Means = Mapping[Cue, NDArray[np.float32]]

HEAD: tuple[Cue, ...] = ("face", "head", "hair")
# Similarity of each from which it is the same. Of 201 twos who share the screen in labelled and
# clean clips, so that light and style are one, 3 reach it; of 594 pairs of looks from two shots
# that whole figures make two characters of, none.
SAME_HEAD = 0.6


def one_in_other_clothes(
    segments: Sequence[Segment], cast: Cast, calibration: Calibration
) -> Iterator[tuple[int, int]]:
    """Yield two segments of each two characters who are one person, the earlier one first.

    Args:
        segments: Of all shots.
        cast: Who is who by whole figures.
        calibration: How cosines become similarity.
    """
    clear = [
        k
        for k, segment in enumerate(segments)
        if cast.labels[k] >= 0 and not cast.doubtful[k] and _shows_a_head(segment)
    ]
    labels = cast.labels.copy()
    for at in range(0, len(clear), BLOCK_SAMPLES):
        some = clear[at : at + BLOCK_SAMPLES]
        one, two = ([segments[k].means for k in side] for side in (clear, some))
        # In a long clip nearly all that are alike are one character already.
        new = cast.labels[clear][:, None] != cast.labels[some]
        for a, b in np.argwhere(new & same_heads(one, two, calibration)).tolist():
            early, late = clear[a], some[b]
            if early < late and _may_be_one(labels, cast.apart, early, late):
                labels[labels == labels[late]] = labels[early]
                yield early, late


def same_heads(
    one: Sequence[Means],
    two: Sequence[Means],
    calibration: Calibration,
    *,
    by_faces: bool = True,
) -> NDArray[np.bool_]:
    """Return (N, M) whether face, hair and colours of the head are the same of N looks and M.

    Where one of these is not seen in both nobody can say so; but a face may be unseen if `by_faces`
    is false.
    """
    early, late = (
        [{cue: means[cue] for cue in HEAD if cue in means} for means in side] for side in (one, two)
    )
    similarity = similarities_between(early, late, calibration)
    unseen = np.full((len(one), len(two)), np.nan)
    face, *others = (similarity.get(cue, unseen) for cue in HEAD)
    face = face if by_faces else np.where(np.isnan(face), np.inf, face)
    return np.asarray(np.min([face, *others], axis=0) >= SAME_HEAD, np.bool_)


def _shows_a_head(segment: Segment) -> bool:
    enough = segment.sample_count >= MIN_LOOKS and all(cue in segment.means for cue in HEAD)
    return enough and float(np.median(segment.score)) >= SURE_SCORE


def _may_be_one(labels: NDArray[np.int64], apart: NDArray[np.bool_], early: int, late: int) -> bool:
    """Tell whether two segments are of two characters who are never on screen at once."""
    two = (np.flatnonzero(labels == labels[k]) for k in (early, late))
    return bool(labels[early] != labels[late] and not apart[np.ix_(*two)].any())
