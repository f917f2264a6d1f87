"""An explanation fitted, and how well it does on sources it never saw, as text and as numbers."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from castcheck.planting.score import wilson
from training.decisions.cases import ERRORS
from training.decisions.fit import (
    fit_mined,
    folds_of,
    left_out,
    left_out_log_odds,
    scale_of,
    shares_at,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from identity.evidence.logistic import Bounds, Logistic
    from training.decisions.cases import Case

CONFIDENCES = (0.5, 0.75)
_BINS = (0.0, 0.1, 0.25, 0.5, 0.75, 0.9, 1.0)


@dataclass(frozen=True, slots=True)
class Bin:
    """Cases of about one confidence.

    Attributes:
        low, high: Half-open, the last one closed.
        count: Cases in it.
        share: Of all, at the prior.
        said: Mean confidence.
        true: Share of errors, at the prior.
    """

    low: float
    high: float
    count: int
    share: float
    said: float
    true: float


@dataclass(frozen=True, slots=True, eq=False)
class Outcome:
    """One explanation on sources left out.

    Attributes:
        name: Of the explanation.
        cases: All of them.
        log_odds: (C,) of the cases, by models that saw nothing of their source;
            minus infinity where the engine rules the case out.
        frames: (C,) where each is at its surest.
        prior: Share of errors at which confidence is meant.
    """

    name: str
    cases: Sequence[Case]
    log_odds: NDArray[np.float64]
    frames: NDArray[np.int64]
    prior: float

    @property
    def confidence(self) -> NDArray[np.float64]:
        """(C,) in [0, 1]."""
        return np.asarray(1 / (1 + np.exp(-np.clip(self.log_odds, -60, 60))), np.float64)

    def counts(self, kind: str, *, least: float) -> tuple[int, int]:
        """Return how many cases of a kind are believed with at least `least`, and of how many."""
        chosen = self.confidence[[case.kind == kind for case in self.cases]]
        return int((chosen >= least).sum()), len(chosen)

    def bins(self) -> list[Bin]:
        """Return the bins that hold a case."""
        said, share = self.confidence, shares_at(self.cases, self.prior)
        planted = np.array([case.planted for case in self.cases], np.bool_)
        number = np.digitize(said, _BINS[1:-1])
        found = []
        for k in range(len(_BINS) - 1):
            here = number == k
            total = float(share[here].sum())
            if total > 0:
                found.append(
                    Bin(
                        _BINS[k], _BINS[k + 1], int(here.sum()), total,
                        float((share * said)[here].sum()) / total,
                        float(share[here & planted].sum()) / total,
                    )
                )  # fmt: skip
        return found

    @property
    def calibration_error(self) -> float:
        """Mean difference between confidence and truth over the bins, at the prior (ECE)."""
        return sum(b.share * abs(b.said - b.true) for b in self.bins())

    def numbers(self) -> dict[str, float | list[int]]:
        """Return what the data file keeps of it."""
        found: dict[str, float | list[int]] = {
            f"{kind} at {least}": list(self.counts(kind, least=least))
            for kind in sorted({case.kind for case in self.cases})
            for least in CONFIDENCES
        }
        return found | {"calibration_error": round(self.calibration_error, 4)}

    def text(self, *, worst: int = 5) -> str:
        """Return the table of one explanation, and the false alarms that are surest."""
        sources = len({case.source for case in self.cases})
        lines = [f"{self.name}: {len(self.cases)} cases, {sources} sources, each left out once"]
        out = Counter(case.kind for case in self.cases if not case.judged)
        if out:
            each = ", ".join(f"{kind} {count}" for kind, count in sorted(out.items()))
            lines.append(f"  of these ruled out before anything is weighed: {each}")
        for kind in sorted({case.kind for case in self.cases}, key=lambda k: (k not in ERRORS, k)):
            cells = []
            for least in CONFIDENCES:
                count, total = self.counts(kind, least=least)
                low, high = wilson(count, total)
                share = count / max(total, 1)
                cells.append(f">= {least}: {count}/{total} {share:.3f} ({low:.3f} to {high:.3f})")
            what = "recall" if kind in ERRORS else "false alarms"
            lines.append(f"  {kind:<10} {what:<12}  {'   '.join(cells)}")
        lines.append(
            f"  confidence against truth, where {self.prior:g} of those asked about have the "
            f"error; mean gap (ECE) {self.calibration_error:.3f}"
        )
        lines += [
            f"    {b.low:.2f} to {b.high:.2f}: {b.count:>5} cases, said {b.said:.3f}, "
            f"true {b.true:.3f}"
            for b in self.bins()
        ]
        clean = [k for k, case in enumerate(self.cases) if case.kind == "clean"]
        clean.sort(key=lambda k: -self.log_odds[k])
        believed = [k for k in clean[:worst] if self.log_odds[k] >= 0]
        lines += [
            f"    look at {self.cases[k].clip}, track {'+'.join(map(str, self.cases[k].tracks))}, "
            f"frame {self.frames[k]}: believed with {self.confidence[k]:.2f}, nothing was planted"
            for k in believed
        ]
        return "\n".join(lines)


def fit_and_judge(
    name: str,
    cases: Sequence[Case],
    features: Mapping[str, Bounds],
    *,
    prior: float,
    seed: int,
) -> tuple[Logistic, Outcome]:
    """Return an explanation fitted on all cases, and how it does on sources left out.

    Raises:
        CastcheckError: Too few cases, or all of one source.
    """
    folds = folds_of(cases, seed=seed)
    fit = partial(fit_mined, features=features)
    scores, frames = left_out(cases, folds, fit)
    slope, offset = scale_of(scores, cases, prior=prior)
    odds = left_out_log_odds(scores, cases, folds, prior=prior)
    model = fit(cases).scaled(slope, offset)
    return model.logistic(list(features)), Outcome(name, cases, odds, frames, prior)
