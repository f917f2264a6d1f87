"""The findings of a run as one Parquet file: a row per finding. The only file that uses Polars."""

from __future__ import annotations

import io
import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

    from castcheck.batch.record import Record


def findings_parquet(records: Iterable[Record]) -> bytes:
    """Return the bytes of `findings.parquet`: a row per finding, in the order of the clips.

    Columns as in `findings.csv`, and `folder` and `verdict` of the clip; `characters`, `tracklets`
    and `shots` are lists, `evidence` is JSON. A run without findings gives no rows, all columns.
    """
    import polars as pl  # noqa: PLC0415 (1 s that a run without clips to judge need not wait for)

    schema: dict[str, Any] = {
        "clip": pl.String,
        "folder": pl.String,
        "verdict": pl.String,
        "id": pl.String,
        "kind": pl.String,
        "severity": pl.String,
        "confidence": pl.Float64,
        "characters": pl.List(pl.String),
        "tracklets": pl.List(pl.Int64),
        "shots": pl.List(pl.Int64),
        "start_frame": pl.Int64,
        "stop_frame": pl.Int64,
        "start_s": pl.Float64,
        "stop_s": pl.Float64,
        "message": pl.String,
        "evidence": pl.String,
        "accepted": pl.Boolean,
    }
    rows = [_row(record, finding) for record in records for finding in record.findings]
    columns = {name: [row[name] for row in rows] for name in schema}
    file = io.BytesIO()
    pl.DataFrame(columns, schema=schema).write_parquet(file)
    return file.getvalue()


def _row(record: Record, finding: Any) -> dict[str, Any]:
    about = {"clip": _utf8(record.clip), "folder": record.folder, "verdict": record.verdict}
    evidence = json.dumps(finding["evidence"], ensure_ascii=False)
    accepted = bool(finding.get("accepted", False))
    return {**finding, **about, "evidence": evidence, "accepted": accepted}


def _utf8(text: str) -> str:
    """Return `text` with the bytes of a file name that are no UTF-8 spelled out."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")
