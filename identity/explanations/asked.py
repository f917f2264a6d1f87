"""What was asked of moments, and the answers, so that nothing is asked twice."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from identity.evidence.moments import Moments, ask_in_parts

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from identity.evidence.logistic import Logistic
    from identity.evidence.moments import Features
    from identity.evidence.samples import ShotSamples


@dataclass(frozen=True, slots=True, eq=False)
class Asked:
    """M moments with their features, whether each can be judged, and the log-odds."""

    moments: Moments
    features: dict[str, NDArray[np.float64]]
    judged: NDArray[np.bool_]
    log_odds: NDArray[np.float64]

    @classmethod
    def nothing(cls) -> Asked:
        """Return the answers to no question."""
        rows, numbers = np.zeros(0, np.int64), np.zeros(0)
        return cls(Moments(rows, rows, rows, rows), {}, numbers.astype(np.bool_), numbers)

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
        if not known.any():
            features, judged = ask_in_parts(samples, moments, ask)
            return Asked(moments, features, judged, weigh.log_odds(features))
        rows = order[at[known]]
        features = {name: values[rows] for name, values in self.features.items()}
        columns: dict[str, NDArray[Any]] = {
            **features, "judged": self.judged[rows], "odds": self.log_odds[rows]
        }  # fmt: skip
        found: dict[str, NDArray[Any]] = {
            name: np.empty(len(moments), values.dtype) for name, values in columns.items()
        }
        for name, values in columns.items():
            found[name][known] = values
        if len(new):
            features, judged = ask_in_parts(samples, moments.take(new), ask)
            for name, values in features.items():
                found[name][new] = values
            found["judged"][new], found["odds"][new] = judged, weigh.log_odds(features)
        return Asked(moments, found, found.pop("judged"), found.pop("odds"))


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
