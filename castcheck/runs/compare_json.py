"""A comparison as JSON, schema `castcheck.compare/1`. Pure."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from castcheck.runs.compare import Comparison, Couple
    from castcheck.runs.compare_page import Head
    from castcheck.runs.leaderboard import Place

COMPARE_SCHEMA = "castcheck.compare/1"


def comparison_json(
    head: Head,
    *,
    gate: str,
    alone: Mapping[str, Sequence[str]],
    left_out: Sequence[str],
    comparison: Comparison | None = None,
    couples: Sequence[Couple] = (),
    board: Sequence[Place] = (),
) -> str:
    """Return the text of `compare.json`. No NaN; unknown is `null`.

    Args:
        head: Names and notes.
        gate: Which findings count.
        alone: Run to clips that are not in all runs.
        left_out: Clips that not every run could judge.
        comparison: Of two runs.
        couples: The clips that were compared.
        board: Of more than two.
    """
    table: dict[str, Any] = {
        "schema": COMPARE_SCHEMA,
        "runs": list(head.names),
        "counted": gate,
        "notes": list(head.notes),
        "clips": len(couples),
        "not_in_all_runs": {name: list(clips) for name, clips in alone.items()},
        "not_judged_by_all": list(left_out),
    }
    if comparison is not None:
        table |= {
            "margin": comparison.margin,
            "answer": comparison.answer,
            "overall": [asdict(measure) for measure in comparison.overall],
            "kinds": [asdict(measure) for measure in comparison.kinds],
            "cohorts": [asdict(cohort) for cohort in comparison.cohorts],
            "worse": [_change(*row) for row in comparison.changed if row[1] > 0],
            "better": [_change(*row) for row in reversed(comparison.changed) if row[1] < 0],
        }
    if board:
        table["leaderboard"] = [asdict(place) for place in board]
    table["pairs"] = [
        {"clip": couple.name, "seen": [{**asdict(s), "total": s.total} for s in couple.seen]}
        for couple in couples
    ]
    return json.dumps(table, ensure_ascii=False, allow_nan=False, indent=1) + "\n"


def _change(name: str, change: int) -> dict[str, Any]:
    return {"clip": name, "findings": change}
