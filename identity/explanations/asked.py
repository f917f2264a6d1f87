"""What was asked of moments, and the answers, so that nothing is asked twice."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from identity.evidence.moments import Moments

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from identity.evidence.logistic import Logistic
    from identity.evidence.samples import ShotSamples

    # The features of M moments by name, each (M,), and which of the moments can be judged.
    Features = tuple[dict[str, NDArray[np.float64]], NDArray[np.bool_]]


@dataclass(frozen=True, slots=True, eq=False)
class Asked:
    """M moments, whether each can be judged, and the log-odds.

    What each is judged by is not kept: in an hour of a take it would be the larger part of all that
    is held, and only the surest moment is told of. Its features are asked for again.

    Attributes:
        moments: Those asked about.
        judged: (M,) bool.
        log_odds: (M,) float64.
    """

    moments: Moments
    judged: NDArray[np.bool_]
    log_odds: NDArray[np.float64]

    @classmethod
    def nothing(cls) -> Asked:
        """Return the answers to no question."""
        rows, numbers = np.zeros(0, np.int64), np.zeros(0)
        return cls(Moments(rows, rows, rows, rows), numbers.astype(np.bool_), numbers)

    @classmethod
    def about(
        cls,
        samples: ShotSamples,
        moments: Moments,
        ask: Callable[[Moments], Features],
        weigh: Logistic,
    ) -> Asked:
        """Ask about moments, of a long take about one stretch after the other.

        Args:
            samples: Of the shot.
            moments: Which ones.
            ask: Returns their features.
            weigh: Makes log-odds of them.
        """
        judged, odds = np.zeros(len(moments), np.bool_), np.zeros(len(moments))
        for rows in samples.parts(moments.last):
            features, judged[rows] = ask(moments.take(rows))
            odds[rows] = weigh.log_odds(features)
        return cls(moments, judged, odds)

    def of(
        self,
        samples: ShotSamples,
        moments: Moments,
        ask: Callable[[Moments], Features],
        weigh: Logistic,
    ) -> Asked:
        """Return the answers for other moments.

        Those that were asked about with the same windows are known: where two exchange a hundred
        times in a take, each exchange parts it in two, in which all else is as it was.
        """
        if not len(moments):
            return Asked.nothing()
        own = _key_of(self.moments)
        order = np.argsort(own)
        keys = _key_of(moments)
        at = np.searchsorted(own, keys, sorter=order)
        known = at < len(own)
        known[known] = own[order[at[known]]] == keys[known]
        new = np.flatnonzero(~known)
        if len(new) == len(moments):
            return Asked.about(samples, moments, ask, weigh)
        rows = order[at[known]]
        judged, odds = np.zeros(len(moments), np.bool_), np.zeros(len(moments))
        judged[known], odds[known] = self.judged[rows], self.log_odds[rows]
        if len(new):
            found = Asked.about(samples, moments.take(new), ask, weigh)
            judged[new], odds[new] = found.judged, found.log_odds
        return Asked(moments, judged, odds)


def _key_of(moments: Moments) -> NDArray[np.int64]:
    """Return (M,) a number for each moment with its windows, which are some seconds long."""
    key = moments.last.copy()
    for length in (
        moments.first - moments.last,
        moments.last - moments.start,
        moments.stop - moments.first,
    ):
        key = (key << 12) | length
    return key
