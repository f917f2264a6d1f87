"""One who keeps head and hair and wears clothes of another colour in a later shot.

Another light changes the colours of a head as well as those of clothes, and more. So what clothes
lose beyond what the head loses is nearly always a change of clothes, and more so where networks,
which look at clothes first, see another body. A story may say so: where the set does not go on, or
everybody is dressed anew in it, it may be another day, and the finding stops no release.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from identity.evidence.logistic import AGAINST, FOR, Bounds
from identity.evidence.same_look import mean_of, similarities_between
from identity.evidence.samples import BODIES
from identity.explanations.later import later_changes

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from identity.appearance.looks import Cue
    from identity.evidence.calibration import Calibration
    from identity.explanations.contract import Clip, Explained
    from identity.explanations.later import LaterChange
    from identity.tracks.segments import Segment

    Means = Mapping[Cue, NDArray[np.float32]]

FEATURES: Mapping[str, Bounds] = {"alone": FOR, "network": FOR, "head": AGAINST, "hair": AGAINST}

GARMENTS: tuple[Cue, ...] = ("upper",)  # a table or somebody else hides legs
_HEADS: tuple[Cue, ...] = ("head", "hair")


def features_of(
    early: Sequence[Means], late: Sequence[Means], calibration: Calibration
) -> tuple[dict[str, NDArray[np.float64]], NDArray[np.bool_]]:
    """Return the features of N looks and M later ones, each (N, M), and which can be compared.

    `alone` is what the colours of a garment lose beyond those of head and hair, at least 0;
    `network` what a network loses of body and clothes on average, `head` and `hair` what their
    colours lose, 1 = all that tells two people apart. What is not seen is NaN. Nothing can be said
    where the colours of either garments or head are not seen.

    Args:
        early: Cue to mean look of N stretches.
        late: The same of M others.
        calibration: How cosines become similarity.
    """
    similarity = similarities_between(early, late, calibration)
    return losses_of(similarity, (len(early), len(late)))


def losses_of(
    similarity: Mapping[Cue, NDArray[np.float64]], shape: int | tuple[int, int]
) -> tuple[dict[str, NDArray[np.float64]], NDArray[np.bool_]]:
    """Return the features of looks that are so alike, and which can be compared.

    Args:
        similarity: Cue to an array on the scale where 1 is one person and 0 another.
        shape: Of all its arrays.

    Example:
        >>> alike = {"upper": np.array([0.1, 0.1]), "head": np.array([0.9, 0.2])}
        >>> losses_of(alike, 2)[0]["alone"].round(1).tolist()
        [0.8, 0.1]
    """
    nothing = np.full(shape, np.nan)
    garment, head = (
        np.fmin.reduce([similarity.get(cue, nothing) for cue in cues])
        for cues in (GARMENTS, _HEADS)
    )
    # The network's look at the head is not among them: it follows the clothes below it.
    looks = {cue: similarity.get(cue, nothing) for cue in BODIES}
    kept = mean_of(looks, BODIES, unseen=np.nan)
    found = {"alone": np.maximum(head - garment, 0), "network": np.clip(1 - kept, 0, 1)}
    for cue in _HEADS:
        found[cue] = np.clip(1 - similarity.get(cue, nothing), 0, 1)
    return found, np.isfinite(head - garment)


def find_over_cuts(clip: Clip) -> list[Explained]:
    """Return who wears other clothes than in every earlier shot."""

    def compares(
        early: Sequence[Segment], late: Sequence[Segment]
    ) -> tuple[dict[str, NDArray[np.float64]], NDArray[np.bool_]]:
        one, two = ([segment.means for segment in side] for side in (early, late))
        return features_of(one, two, clip.calibration)

    changes = list(later_changes(clip, "other_clothes", compares))
    return [
        one.explained(
            clip,
            strength=one.features["alone"],
            cues=GARMENTS,
            vouched=_is_no_other_day(clip, one, changes),
            attribute="clothes",
        )
        for one in changes
    ]


def _is_no_other_day(clip: Clip, change: LaterChange, changes: Sequence[LaterChange]) -> bool:
    """Tell whether the set goes on, and not everybody else in it is dressed anew as well."""
    early, late = (_shot_of(clip, k) for k in (change.early, change.late))
    if clip.sets is None or clip.sets.alignment(early, late) is None:
        return False
    labels = clip.cast.labels
    there = (
        {int(labels[k]) for k in range(len(labels)) if _shot_of(clip, k) == shot}
        for shot in (early, late)
    )
    beside = set.intersection(*there) - {-1, int(labels[change.late])}
    dressed_anew = {int(labels[one.late]) for one in changes if _shot_of(clip, one.late) == late}
    return not beside or not beside <= dressed_anew


def _shot_of(clip: Clip, segment: int) -> int:
    return clip.segments[segment].tracklet.shot_index
