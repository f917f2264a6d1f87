"""Correlation clustering: who is who, given the log-odds of every pair (pure numeric core).

Maximises the sum of log-odds inside the groups, less a cost for every group (Bansal, Blum & Chawla,
"Correlation Clustering", Machine Learning 2004), under cannot-link constraints. All segments of all
shots are decided together, so that who is certain in one shot settles who is left in another.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

_FORBIDDEN = -1e6
_MAX_ROUNDS = 100
_BLOCK_GROUPS = 64  # of a long clip's: no second table of all by all is held


def partition(
    log_odds: NDArray[np.float64],
    cannot_link: NDArray[np.bool_],
    *,
    group_cost: float,
    free_groups: int = 0,
    items: NDArray[np.int64] | None = None,
    discount: float = 1.0,
) -> NDArray[np.int64]:
    """Return (K,) group numbers, 0 for the group of the first item and so on.

    Args:
        log_odds: (N, N) symmetric; positive speaks for one group. The diagonal is ignored.
        cannot_link: (N, N) symmetric; such pairs never share a group.
        group_cost: Log-odds that every group beyond the free ones must bring.
        free_groups: So many groups cost nothing.
        items: (K,) those of N that are grouped; `None` = all of them.
        discount: What all log-odds are multiplied by.

    Greedy joining, then single moves and exchanges until nothing gets better. Deterministic; the
    result is a local optimum (the problem is NP-hard), in practice the best one for a clip's cast.

    Example:
        >>> odds = np.array([[0, 3, -2], [3, 0, -2], [-2, -2, 0]], float)
        >>> partition(odds, np.zeros((3, 3), bool), group_cost=0.5)
        array([0, 0, 1])
    """
    pairs = np.ix_(*[np.arange(len(log_odds)) if items is None else items] * 2)

    def weights() -> NDArray[np.float64]:
        found = log_odds[pairs].astype(np.float64, copy=False)
        found *= discount
        found[cannot_link[pairs]] = _FORBIDDEN
        np.fill_diagonal(found, 0)
        return found

    # Greedy joining uses them up: of a thousand shots they are tens of megabytes.
    greedy = _join_greedily(weights(), (0.0, group_cost))
    weight = weights()
    problem = _Problem(weight, cannot_link[pairs], group_cost, free_groups)
    starts = [np.arange(len(weight)), *greedy]
    return _renumber(max((_polish(labels, problem) for labels in starts), key=problem.value))


@dataclass(frozen=True, slots=True, eq=False)
class _Problem:
    """What is maximised."""

    weight: NDArray[np.float64]
    cannot_link: NDArray[np.bool_]
    group_cost: float
    free_groups: int

    def cost(self, group_count: int) -> float:
        """Return what so many groups cost together."""
        return self.group_cost * max(0, group_count - self.free_groups)

    def value(self, labels: NDArray[np.int64]) -> float:
        """Return what the grouping is worth."""
        same = labels[:, None] == labels[None, :]
        return float(self.weight[same].sum() / 2 - self.cost(len(np.unique(labels))))


def _join_greedily(
    between: NDArray[np.float64], group_costs: Sequence[float]
) -> list[NDArray[np.int64]]:
    """Join the two groups that gain most, until no joining gains.

    Of every row the largest gain is remembered, so that thousands of items take seconds.

    Args:
        between: (N, N) weights; used up.
        group_costs: Rising. What a group costs does not change who is joined, only for how long.

    Returns:
        (N,) labels for each of the costs.
    """
    labels = np.arange(len(between))
    found: list[NDArray[np.int64]] = []
    np.fill_diagonal(between, -np.inf)
    best_at = between.argmax(axis=1) if len(between) else labels
    best = between[labels, best_at]
    for _ in range(len(between) - 1):
        a = int(best.argmax())
        b = int(best_at[a])
        found += [labels.copy() for cost in group_costs[len(found) :] if best[a] + cost <= 0]
        if len(found) == len(group_costs):
            break
        keep, gone = sorted((a, b))
        labels[labels == gone] = keep
        between[keep] += between[gone]
        between[:, keep] += between[:, gone]
        # What is joined is in place of both; nothing is joined with itself.
        between[gone] = between[:, gone] = between[keep, keep] = -np.inf
        gain = between[:, keep]
        touched = (best_at == keep) | (best_at == gone)
        better = (gain > best) | ((gain == best) & (touched | (keep < best_at)))
        best[better], best_at[better] = gain[better], keep
        stale = touched & ~better
        stale[[keep, gone]] = True
        rows = np.flatnonzero(stale)
        best_at[rows] = between[rows].argmax(axis=1)
        best[rows] = between[rows, best_at[rows]]
    return found + [labels] * (len(group_costs) - len(found))


def _polish(labels: NDArray[np.int64], problem: _Problem) -> NDArray[np.int64]:
    """Join groups, move single items, exchange items, until nothing gains."""
    labels = labels.copy()
    for _ in range(_MAX_ROUNDS):
        changed = _join_best(labels, problem)
        changed = _move_singles(labels, problem) or changed
        if not (_exchange(labels, problem) or changed):
            break
    return labels


def _join_best(labels: NDArray[np.int64], problem: _Problem) -> bool:
    """Join the two groups that gain most, if any gain."""
    groups = np.unique(labels)
    saved = problem.cost(len(groups)) - problem.cost(len(groups) - 1)
    best = (1e-9, -1, -1)
    for a, b in _likeliest_joints(labels, groups, problem):
        gain = float(problem.weight[np.ix_(labels == a, labels == b)].sum()) + saved
        best = max(best, (gain, int(a), int(b)))
    if best[1] < 0:
        return False
    labels[labels == best[2]] = best[1]
    return True


def _likeliest_joints(
    labels: NDArray[np.int64], groups: NDArray[np.int64], problem: _Problem
) -> list[tuple[int, int]]:
    """Return the groups among which are the two that gain most: of a long clip's all are too many.

    Sums taken in another order differ in their last digits, so those nearest to the best are asked.
    """
    if len(groups) < 2:
        return []
    order = np.argsort(labels, kind="stable")
    edges = np.searchsorted(labels[order], groups)
    columns = np.arange(len(groups))

    def between() -> Iterator[tuple[int, NDArray[np.float64]]]:
        """Yield what joining brings, some (B, G) at a time, with the number of the first group."""
        for first in range(0, len(groups), _BLOCK_GROUPS):
            stop = min(first + _BLOCK_GROUPS, len(groups))
            own = order[edges[first] : edges[stop] if stop < len(groups) else None]
            rows = np.add.reduceat(problem.weight[own], edges[first:stop] - edges[first], axis=0)
            gains = np.add.reduceat(rows[:, order], edges, axis=1)
            gains[columns <= columns[first:stop, None]] = -np.inf
            yield first, gains

    most = max(float(gains.max()) for _, gains in between())
    least = most - 1e-6 * (1 + abs(most))
    return [
        (int(groups[first + a]), int(groups[b]))
        for first, gains in between()
        for a, b in np.argwhere(gains >= least).tolist()
    ]


def _move_singles(labels: NDArray[np.int64], problem: _Problem) -> bool:
    moved = False
    for item in range(len(labels)):
        size = np.bincount(labels, minlength=len(labels) + 1)
        others = int((size > 0).sum()) - int(size[labels[item]] == 1)
        gain = np.bincount(labels, problem.weight[item], minlength=len(labels) + 1)
        gain[size == 0] = -np.inf
        # A group of its own: where the item stands alone already, the group it is in.
        own = int(labels[item]) if size[labels[item]] == 1 else int(np.flatnonzero(size == 0)[0])
        gain[own] = problem.cost(others) - problem.cost(others + 1)
        best = int(gain.argmax())
        if gain[best] > gain[labels[item]] + 1e-9:
            labels[item] = best
            moved = True
    return moved


def _exchange(labels: NDArray[np.int64], problem: _Problem) -> bool:
    """Exchange two items that exclude each other where both fit better."""
    moved = False
    weight, cannot_link = problem.weight, problem.cannot_link
    for a, b in np.argwhere(np.triu(cannot_link, 1)).tolist():
        if labels[a] == labels[b]:
            continue
        in_a, in_b = labels == labels[a], labels == labels[b]
        in_a[a] = in_b[b] = False
        gain = weight[a, in_b].sum() + weight[b, in_a].sum()
        loss = weight[a, in_a].sum() + weight[b, in_b].sum()
        if gain > loss + 1e-9:
            labels[a], labels[b] = labels[b], labels[a]
            moved = True
    return moved


def _renumber(labels: NDArray[np.int64]) -> NDArray[np.int64]:
    """Number the groups by their first item."""
    order = {int(label): number for number, label in enumerate(dict.fromkeys(labels.tolist()))}
    return np.array([order[int(label)] for label in labels], np.int64)
