"""Whole labelled clips judged by decisions that saw nothing of their source.

Weights that were fitted on a clip flatter what is found in it. So sources are left out in turns,
and the clips of each are judged from beginning to end by what the others, and all film, teach.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np

from bench.labelled import source_of
from bench.real import judge_all, parts_of, print_tables, summary
from identity.explanations.model import judging_by

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from castcheck.config import Config
    from castcheck.models.load import Models
    from identity.explanations.model import DecisionModel

FOLDS = 6


def judge_left_out(
    real: Path,
    config: Config,
    models: Models,
    fitted_without: Callable[[frozenset[str]], DecisionModel],
    *,
    cache: Path | None,
    seed: int,
) -> None:
    """Judge all labelled clips and print the tables of `bench.real`.

    Args:
        real: Folder with `labels.json` and `clips/`.
        config: As a user would have it.
        models: The bundled ones.
        fitted_without: Returns the decisions of all sources but some.
        cache: Folder that keeps what networks saw.
        seed: Of the folds.

    Raises:
        CastcheckError: A clip cannot be read, or too little is left to learn from.
    """
    labels = json.loads((real / "labels.json").read_text(encoding="utf-8"))
    rows = []
    for sources in folds_of_sources({source_of(name) for name in labels}, seed=seed):
        clips = [real / "clips" / f"{name}.mp4" for name in labels if source_of(name) in sources]
        with judging_by(fitted_without(sources)):
            rows += judge_all(real, clips, config, models, cache)
    totals = {name: summary(part) for name, part in parts_of(rows, labels).items()}
    print_tables(sorted(rows, key=lambda row: row.clip), totals)


def folds_of_sources(sources: set[str], *, seed: int) -> list[frozenset[str]]:
    """Return the sources in groups that are left out together, each in one of them.

    Example:
        >>> sorted(sorted(fold) for fold in folds_of_sources({"a", "b"}, seed=0))
        [['a'], ['b']]
    """
    known = sorted(sources)
    order = np.random.default_rng(seed).permutation(len(known)).tolist()
    groups = [frozenset(known[k] for k in order[first::FOLDS]) for first in range(FOLDS)]
    return [group for group in groups if group]
