"""All figures of one run, and the tables they are shown in."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from bench.quality_peers import SCORES, TRACKERS, clip_alarms, kinds_beside_peers
from bench.quality_score import (
    TOLD,
    calibration,
    calibration_error,
    confusion,
    false_alarms,
    kind_figures,
    splits,
)
from bench.tables import Table

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from bench.quality_score import ClipRow

# What F1 should reach on the report set.
AIMS = {
    "swap, open": 0.95,
    "swap, crossing": 0.95,
    "swap, cut": 0.90,
    "morph": 0.95,
    "drift": 0.85,
    "attribute_swap": 0.80,
    "clone": 0.90,
    "vanish": 0.90,
    "pop_in": 0.90,
}


def all_figures(clips: Sequence[ClipRow]) -> dict[str, Any]:
    """Return every figure, as plain values."""
    findings = [f for c in clips for f in c.findings]
    return {
        "clips": len(clips),
        "broken": sum(c.broken for c in clips),
        "kinds": kind_figures(clips),
        "false_alarms": false_alarms(clips),
        "calibration": calibration(findings),
        "calibration_error": calibration_error(findings),
        "confusion": confusion(clips),
        "splits": splits(clips),
        "clip_alarms": clip_alarms(clips),
        "kinds_beside_peers": kinds_beside_peers(clips),
        "rows": [asdict(c) for c in clips],
    }


def all_tables(figures: Mapping[str, Any]) -> list[Table]:
    """Return the tables, in the order they are shown."""
    tables = [
        _kinds(figures["kinds"]),
        _false_alarms(figures),
        _confusion(figures["confusion"]),
        _calibration(figures),
        _splits(figures["splits"]),
        _clip_alarms(figures["clip_alarms"]),
        _beside_peers(figures["kinds_beside_peers"]),
    ]
    return [table for table in tables if table.rows]


def _kinds(kinds: Mapping[str, Mapping[str, Any]]) -> Table:
    columns = (
        "events", "found", "told", "precision", "recall", "f1", "delay_abs_median", "delay_median"
    )  # fmt: skip
    rows = [
        (name, *(row[c] for c in columns), AIMS.get(name))
        for name, row in kinds.items()
        if row["events"] or row["told"]
    ]
    head = ("kind", "events", "found", "told", "precision", "recall", "F1", "delay", "late", "aim")
    note = (
        "told: findings of this kind. delay: median frames between event and finding; late: the "
        "same with its sign."
    )
    return Table("Per kind", head, tuple(rows), note)


def _false_alarms(figures: Mapping[str, Any]) -> Table:
    alarms = figures["false_alarms"]
    rows = [
        (
            label,
            alarms[key]["count"],
            alarms[key]["per_minute"],
            alarms[key]["per_100_clips"],
            alarms[key]["clips_with_any"],
            ", ".join(f"{kind} {n}" for kind, n in alarms[key]["kinds"].items()) or "-",
        )
        for label, key in (("all", "all"), ("major or critical", "major"))
    ]
    head = ("severity", "findings", "per minute", "per 100 clips", "clips with any", "kinds")
    title = (
        f"False alarms on {alarms['clean_clips']} clean clips, "
        f"{alarms['clean_minutes']:.1f} minutes"
    )
    return Table(title, head, tuple(rows))


def _confusion(confusion: Mapping[str, Mapping[str, int]]) -> Table:
    used = [name for name in TOLD if any(row.get(name) for row in confusion.values())]
    rows = [
        (planted, *(row.get(name, 0) or "" for name in used))
        for planted, row in confusion.items()
        if row
    ]
    note = (
        "Planted errors by what was said of the same people within half a second (the surest "
        "finding). wrong time, wrong people: the right kind, told wrongly. Last rows: findings "
        "that tell nothing planted."
    )
    return Table("What was said", ("planted", *used), tuple(rows), note)


def _calibration(figures: Mapping[str, Any]) -> Table:
    rows = [
        (f"{r['low']:g} to {r['high']:g}", r["findings"], r["confidence"], r["right"])
        for r in figures["calibration"]
    ]
    error = figures["calibration_error"]
    note = "" if error is None else f"Expected calibration error {error:.2f}."
    head = ("confidence", "findings", "mean confidence", "share right")
    return Table("Confidence", head, tuple(rows), note)


def _splits(groups: Mapping[str, Mapping[str, Any]]) -> Table:
    kinds = [*AIMS, "all"]
    rows = [
        (
            name,
            group["clips"],
            *(_found(group["kinds"][kind]) for kind in kinds),
            group["kinds"]["all"]["f1"],
            group["false_alarms"]["major"]["count"],
            group["false_alarms"]["clean_clips"],
        )
        for name, group in groups.items()
    ]
    head = ("clips drawn", "clips", *kinds, "F1", "false major", "clean clips")
    return Table(
        "With and without the video look, and by species: found of planted", head, tuple(rows)
    )


def _found(row: Mapping[str, Any]) -> str:
    return f"{row['found']}/{row['events']}" if row["events"] else "-"


def _clip_alarms(methods: Mapping[str, Mapping[str, Any]]) -> Table:
    columns = ("precision", "recall", "f1", "auc", "quiet_recall")
    rows = [
        (name, *(row[c] for c in columns), f"{row['threshold']:.3g}")
        for name, row in methods.items()
        if row["threshold"] is not None
    ]
    note = (
        "Is anything wrong with this clip? Thresholds are the best for F1 on these very clips, "
        "which flatters whoever has one. Quiet recall: share of broken clips above the threshold "
        "at which no clean clip is an alarm. Consistency: of MobileNetV2 embeddings of frames, "
        "as VBench does it with DINO; the threshold is on 1 - consistency. ID switches are "
        "counted inside shots, against the true boxes."
    )
    head = ("method", "precision", "recall", "F1", "AUC", "quiet recall", "threshold")
    return Table("Broken or clean, clip by clip", head, tuple(rows), note)


def _beside_peers(kinds: Mapping[str, Mapping[str, Any]]) -> Table:
    present = {key for row in kinds.values() for key in row}
    counts = [c for c in ("castcheck", "castcheck, any kind", *TRACKERS) if c in present]
    shares = ["castcheck", *(s for s in SCORES if f"clip F1, {s}" in present)]
    rows = [
        (
            name,
            row["events"],
            *(row[c] for c in counts),
            *(row[f"clip F1, {s}"] for s in shares),
        )
        for name, row in kinds.items()
        if row["events"]
    ]
    note = (
        "First the events found: by the contract; by a finding of any kind about any of its "
        "people in time; by an ID switch of any of its people in time. Then the best clip-level "
        "F1 of telling the clips of this kind from all clean ones, each with its own threshold."
    )
    head = ("kind", "events", *counts, *(f"clip F1 {s}" for s in shares))
    return Table("Each kind beside other methods", head, tuple(rows), note)
