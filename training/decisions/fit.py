"""A logistic model over the moments of cases, and how sure it may be: fitted, left out, scaled."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.optimize import minimize

from identity.evidence.logistic import Logistic
from scenes.errors import CastcheckError
from training.decisions.cases import COUNTS_AS, OVER_CUTS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import NDArray

    from identity.evidence.logistic import Bounds
    from training.decisions.cases import Case

FOLDS = 4
_ROUNDS = 5  # of mining; after three hardly a moment is new
_RIDGE = 0.01
_SLOPE_RIDGE = 1e-4  # keeps the scale finite where nothing is ever mistaken
_MIN_SPREAD = 1e-3


@dataclass(frozen=True, slots=True, eq=False)
class Linear:
    """Weights (K,) and a bias."""

    weights: NDArray[np.float64]
    bias: float

    def of(self, rows: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return (M,) scores of (M, K) rows."""
        return np.asarray(rows @ self.weights + self.bias, np.float64)

    def best_of(self, case: Case) -> tuple[float, int]:
        """Return the highest score of a case's moments, and the frame it is at."""
        scores = self.of(case.rows)
        best = int(scores.argmax())
        return float(scores[best]), int(case.frames[best])

    def scaled(self, slope: float, offset: float) -> Linear:
        """Return the model whose scores are `slope` times as large, plus `offset`."""
        return Linear(self.weights * slope, self.bias * slope + offset)

    def logistic(self, names: Sequence[str]) -> Logistic:
        """Return it as the engine reads it."""
        return Logistic(self.bias, dict(zip(names, self.weights.tolist(), strict=True)))


def fit_bounded(
    rows: NDArray[np.float64],
    planted: NDArray[np.bool_],
    weight: NDArray[np.float64],
    bounds: Sequence[Bounds],
    *,
    centre: NDArray[np.float64] | None = None,
    ridge: float = _RIDGE,
) -> Linear:
    """Return the logistic regression whose weights stay within their bounds.

    Args:
        rows: (N, K) features.
        planted: (N,) which of them are errors.
        weight: (N,) how much each counts; any total.
        bounds: K of them, of weights per unit of the feature.
        centre: (K,) weights per unit that few rows are drawn towards; `None` = to nothing.
        ridge: How strongly, on the squares of weights per standard deviation, mean of all features.
    """
    mean, spread = rows.mean(axis=0), rows.std(axis=0).clip(_MIN_SPREAD)
    unit = (rows - mean) / spread
    sign = np.where(planted, 1.0, -1.0)
    share = weight / weight.sum()
    known = np.zeros(len(spread)) if centre is None else centre * spread

    def loss(point: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        margin = sign * (unit @ point[:-1] + point[-1])
        slope = -share * sign / (1 + np.exp(np.clip(margin, -60, 60)))
        away = point[:-1] - known
        pull = 2 * ridge * away / len(away)
        value = float((share * np.logaddexp(0, -margin)).sum() + ridge * np.square(away).mean())
        return value, np.append(unit.T @ slope + pull, slope.sum())

    per_spread = [
        tuple(None if end is None else end * s for end in ends)
        for ends, s in zip(bounds, spread.tolist(), strict=True)
    ]
    found = minimize(
        loss, np.append(known, 0.0), jac=True, method="L-BFGS-B",
        bounds=[*per_spread, (None, None)], options={"maxiter": 2000},
    )  # fmt: skip
    weights = found.x[:-1] / spread
    return Linear(weights, float(found.x[-1] - weights @ mean))


def fit_mined(cases: Sequence[Case], features: Mapping[str, Bounds]) -> Linear:
    """Return the model that finds errors at their best moment and fears the worst clean ones.

    An error is where the model says; a clean case is clean at all its moments, so those that fooled
    any round of the model stay for the next ones (cutting planes).

    Args:
        cases: Planted ones and others; those of `OVER_CUTS` teach nothing.
        features: In the order of the cases' columns; by the first one alone the first moments are
            chosen.

    Raises:
        CastcheckError: There are only errors, or none.
    """
    taught = [case for case in cases if case.kind not in OVER_CUTS and len(case.rows)]
    errors = [case for case in taught if case.planted]
    others = [case for case in taught if not case.planted]
    if not errors or not others:
        raise CastcheckError(
            f"{len(errors)} planted errors and {len(others)} clean cases to learn from",
            where="--clips",
            hint="more clips are wanted, of several sources, some with two people",
        )
    model = Linear(np.eye(len(features))[0], 0.0)
    feared: list[set[int]] = [set() for _ in others]
    for _ in range(_ROUNDS):
        for moments, case in zip(feared, others, strict=True):
            moments.add(int(model.of(case.rows).argmax()))
        found = np.array([case.rows[model.of(case.rows).argmax()] for case in errors])
        clean = [case.rows[sorted(m)] for m, case in zip(feared, others, strict=True)]
        each = np.concatenate([np.full(len(rows), 1 / len(rows)) for rows in clean])
        model = fit_bounded(
            np.concatenate([found, *clean]),
            np.arange(len(found) + len(each)) < len(found),
            np.concatenate([np.full(len(found), 1 / len(found)), each / each.sum()]),
            list(features.values()),
        )
    return model


def folds_of(cases: Sequence[Case], *, seed: int) -> NDArray[np.int64]:
    """Return (C,) which fold each case is in; all of a source are in one.

    Sources that teach nothing are in fold -1.

    Raises:
        CastcheckError: There is one source only, so nothing can be left out.
    """
    sources = sorted({case.source for case in cases if case.kind not in OVER_CUTS})
    if len(sources) < 2:
        raise CastcheckError(
            "all clips are of one source",
            where="--table",
            hint="two at least are wanted, so that each can be judged without having been seen",
        )
    order = np.random.default_rng(seed).permutation(len(sources))
    fold = {sources[k]: number % min(FOLDS, len(sources)) for number, k in enumerate(order)}
    return np.array([fold.get(case.source, -1) for case in cases], np.int64)


def left_out(
    cases: Sequence[Case],
    folds: NDArray[np.int64],
    fit: Callable[[Sequence[Case]], Linear],
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Return (C,) the score of each case by a model that saw nothing of its source, and its frame.

    What the engine rules out scores minus infinity.

    Args:
        cases: C of them.
        folds: (C,) as `folds_of` says.
        fit: Makes a model of some of them.
    """
    scores, frames = np.full(len(cases), -np.inf), np.zeros(len(cases), np.int64)
    for fold in np.unique(folds):
        model = fit([case for case, f in zip(cases, folds, strict=True) if f != fold])
        for k in np.flatnonzero(folds == fold).tolist():
            if cases[k].judged:
                scores[k], frames[k] = model.best_of(cases[k])
    return scores, frames


def shares_at(cases: Sequence[Case], prior: float) -> NDArray[np.float64]:
    """Return (C,) how much each case counts, so that errors are `prior` of the total of 1."""
    planted = np.array([case.planted for case in cases], np.bool_)
    counts = np.array([COUNTS_AS[case.kind] for case in cases], np.float64)
    errors, others = np.where(planted, counts, 0), np.where(planted, 0, counts)
    return np.asarray(prior * errors / errors.sum() + (1 - prior) * others / others.sum())


def scale_of(
    scores: NDArray[np.float64], cases: Sequence[Case], *, prior: float
) -> tuple[float, float]:
    """Return the slope and offset that make log-odds of scores where errors are so common (Platt).

    Args:
        scores: (C,) of models that did not see the case's source.
        cases: C of them.
        prior: Share of those asked about that have such an error.
    """
    planted = np.array([case.planted for case in cases], np.bool_)
    known = np.isfinite(scores)  # the others have their share, but no weight moves them
    sign, share = np.where(planted, 1.0, -1.0)[known], shares_at(cases, prior)[known]
    scores = scores[known]

    def loss(point: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        margin = sign * (point[0] * scores + point[1])
        pull = -share * sign / (1 + np.exp(np.clip(margin, -60, 60)))
        value = float((share * np.logaddexp(0, -margin)).sum() + _SLOPE_RIDGE * point[0] ** 2)
        return value, np.array([pull @ scores + 2 * _SLOPE_RIDGE * point[0], pull.sum()])

    # A slope below 0 would turn the sign of every weight.
    found = minimize(
        loss, np.array([1.0, -2.0]), jac=True, method="L-BFGS-B", bounds=[(0, None), (None, None)]
    )
    return float(found.x[0]), float(found.x[1])


def left_out_log_odds(
    scores: NDArray[np.float64],
    cases: Sequence[Case],
    folds: NDArray[np.int64],
    *,
    prior: float,
) -> NDArray[np.float64]:
    """Return (C,) log-odds of left-out scores, on a scale that saw nothing of the source either."""
    odds = np.full(len(cases), -np.inf)
    for fold in np.unique(folds):
        here = folds == fold
        others = [case for case, own in zip(cases, here, strict=True) if not own]
        slope, offset = scale_of(scores[~here], others, prior=prior)
        weighed = here & np.isfinite(scores)
        odds[weighed] = slope * scores[weighed] + offset
    return odds
