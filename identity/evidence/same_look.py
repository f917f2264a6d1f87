"""The same look? Cosines of mean looks, cue by cue, and the log-odds that they show one person.

The dot product of two means of unit rows is the mean of all pairwise cosines, so no more than the
means is ever needed to compare two bodies.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from identity.appearance.looks import CUES
from identity.evidence.calibration import Scale

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from identity.appearance.looks import Cue
    from identity.evidence.calibration import Calibration

    Means = Mapping[Cue, NDArray[np.float32]]

MIN_LOOKS = 3  # fewer looks at somebody, or at a place, say nothing of him, or of it
# Difference of the cosines of facing up to which the same side is seen: turns of rendered clips
# without any error move them by 0.6 to 2.0, all else by 0.5 at most.
SAME_FACING = 0.5


@dataclass(frozen=True, slots=True)
class Compared:
    """How alike two sides are, for M moments (or N x M bodies) at once.

    Attributes:
        similarity: Cue to (M,) on the scale where 1 is one person and 0 another, NaN = not seen.
        log_odds: (M,) that both sides are one person, NaN where the network saw one side only.
    """

    similarity: dict[Cue, NDArray[np.float64]]
    log_odds: NDArray[np.float64]

    @classmethod
    def of(
        cls,
        similarity: dict[Cue, NDArray[np.float64]],
        calibration: Calibration,
        *,
        view_gap: NDArray[np.float64] | float = 0.0,
    ) -> Compared:
        """Return how alike sides with these similarities are."""
        odds = calibration.log_odds(similarity, view_gap=view_gap)
        return cls(similarity, np.where(np.isnan(similarity.get("body", np.nan)), np.nan, odds))

    def take(self, part: slice) -> Compared:
        """Return what stands at some of the moments."""
        picked = {cue: values[part] for cue, values in self.similarity.items()}
        return Compared(picked, self.log_odds[part])

    def at(self, rows: NDArray[np.int64], columns: NDArray[np.int64]) -> Compared:
        """Return what stands at some rows and columns, where N bodies were compared with M."""
        picked = {cue: table[rows, columns] for cue, table in self.similarity.items()}
        return Compared(picked, self.log_odds[rows, columns])


def cosines_between(one: Sequence[Means], two: Sequence[Means]) -> dict[Cue, NDArray[np.float64]]:
    """Return cue to (N, M) cosines of the means of N bodies and M others, NaN where one has none.

    A cue that nobody has is absent.

    Example:
        >>> east, north = np.array([1, 0], np.float32), np.array([0, 1], np.float32)
        >>> cosines_between([{"body": east}, {}], [{"body": east}, {"body": north}])
        {'body': array([[ 1.,  0.],
               [nan, nan]])}
    """
    found: dict[Cue, NDArray[np.float64]] = {}
    for cue in CUES:
        rows, columns = ([k for k, means in enumerate(side) if cue in means] for side in (one, two))
        if rows and columns:
            a, b = np.array([one[k][cue] for k in rows]), np.array([two[k][cue] for k in columns])
            found[cue] = np.full((len(one), len(two)), np.nan)
            found[cue][np.array(rows)[:, None], columns] = a @ b.T
    return found


def similarities_between(
    one: Sequence[Means], two: Sequence[Means], calibration: Calibration
) -> dict[Cue, NDArray[np.float64]]:
    """Return cue to (N, M) similarity of N bodies and M others, measured by strangers if known.

    NaN where one of two does not show the cue; a cue that nobody shows is absent.
    """
    cosines = cosines_between(one, two)
    found = calibration.similarities(cosines)
    cohort = calibration.cohort
    if cohort is not None:
        normalised = cohort.normalised(cosines, one, two)
        found |= {
            cue: Scale(*cohort.scales[cue]).similarities(table) for cue, table in normalised.items()
        }
    return found


def same_look(
    one: Sequence[Means],
    two: Sequence[Means],
    calibration: Calibration,
    *,
    view_gap: NDArray[np.float64] | float = 0.0,
) -> NDArray[np.float64]:
    """Return (N, M) log-odds that bodies are one person; NaN where no cue was seen in both.

    Args:
        one: Cue to mean look of N bodies.
        two: The same of M.
        calibration: How cosines become log-odds.
        view_gap: (N, M) how differently they are seen, see `Calibration.log_odds`.
    """
    similarity = similarities_between(one, two, calibration)
    if not similarity:
        return np.full((len(one), len(two)), np.nan)
    seen = np.any([np.isfinite(table) for table in similarity.values()], axis=0)
    odds = calibration.log_odds(similarity, view_gap=view_gap, both_face=both_face(one, two))
    return np.where(seen, odds, np.nan)


def mean_of(
    similarity: Mapping[Cue, NDArray[np.float64]], cues: Sequence[Cue], *, unseen: float = 0.0
) -> NDArray[np.float64]:
    """Return the mean of those of some cues that were seen.

    Args:
        similarity: Cue to an array, NaN where it was not seen; all of one shape.
        cues: Those that count.
        unseen: What is returned where none was seen.

    Example:
        >>> seen = {"body": np.array([0.2, np.nan]), "upper": np.array([0.4, np.nan])}
        >>> mean_of(seen, ["body", "upper", "lower"]).round(2).tolist()
        [0.3, 0.0]
    """
    rows = np.array([similarity[cue] for cue in cues if cue in similarity])
    known = ~np.isnan(rows)
    total, count = np.where(known, rows, 0).sum(axis=0), known.sum(axis=0)
    return np.asarray(np.where(count > 0, total / np.maximum(count, 1), unseen), np.float64)


def both_face(one: Sequence[Means], two: Sequence[Means]) -> NDArray[np.float64]:
    """Return (N, M) products of how far N bodies and M others face the camera; NaN = not known.

    Example:
        >>> front, back = np.array([1, 0], np.float32), np.array([-1, 0], np.float32)
        >>> both_face([{"facing": front}], [{"facing": back}, {}])
        array([[-1., nan]])
    """
    a, b = (
        np.array([float(means["facing"][0]) if "facing" in means else np.nan for means in side])
        for side in (one, two)
    )
    return np.asarray(a[:, None] * b, np.float64)
