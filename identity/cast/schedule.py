"""Who is who by where they are expected: for members of a cast without any reference picture.

A schedule says in which spans of a clip each member is expected. Characters are given to members so
that the two agree best. It names people, and so must not explain an exchange away: that a character
is where it is first seen counts more than all that follows singly.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from tracker.assignment import cheapest_pairs

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

_NOT_SEEN = 0.5  # who is expected and not seen may be hidden: it counts half


def match_by_schedule(seen: NDArray[np.bool_], expected: NDArray[np.bool_]) -> list[int]:
    """Return character to member, -1 = none, so that clip and schedule agree best.

    Args:
        seen: (K, S) which character is seen in which span; spans are in order of time.
        expected: (M, S) which member is expected there.

    Example:
        >>> seen = np.array([[1, 0, 1], [0, 1, 0]], bool)
        >>> match_by_schedule(seen, seen[::-1])
        [1, 0]
    """
    count, known = len(seen), len(expected)
    if not count or not known or not seen.size:
        return [-1] * count
    score = np.zeros((count, known))
    for k, row in enumerate(seen):
        if not row.any():
            score[k] = -1
            continue
        agrees = (row & expected).sum(axis=1) - (row & ~expected).sum(axis=1)
        unseen = (~row & expected).sum(axis=1)
        score[k] = agrees - _NOT_SEEN * unseen + expected[:, int(row.argmax())]
    # Whom nothing speaks for is nobody: one column of nobody for each character.
    padded = np.hstack([score, np.zeros((count, count))])
    rows, columns = cheapest_pairs(-padded)
    return [
        int(m) if m < known and score[k, m] > 0 else -1
        for k, m in zip(rows.tolist(), columns.tolist(), strict=True)
    ]


def indistinct(expected: NDArray[np.bool_], among: Sequence[int]) -> frozenset[int]:
    """Return the members of `among` whom the schedule expects exactly where another of them is.

    Which of those a character is cannot be told.

    Args:
        expected: (M, S) which member is expected in which span.
        among: Members who are known by the schedule alone.
    """
    rows = [expected[m].tobytes() for m in among]
    return frozenset(m for m, row in zip(among, rows, strict=True) if rows.count(row) > 1)
