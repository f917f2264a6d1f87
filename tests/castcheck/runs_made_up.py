"""Runs made up for the tests: folders as `castcheck batch` leaves them."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

from castcheck.batch.record import Finished, Record, record_of
from castcheck.config import Config
from castcheck.facts.report import (
    CharacterFacts,
    ClipFacts,
    Report,
    SegmentFacts,
    ShotFacts,
    TrackletFacts,
)
from identity.findings import Finding
from tests.castcheck.support import PROVENANCE, shot_jpeg

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

FRAMES, FPS = 48, 24


def told(
    kind: str,
    confidence: float = 0.9,
    *,
    start: int = 10,
    stop: int | None = None,
    tracklets: tuple[int, ...] = (0,),
    severity: str = "major",
    evidence: dict[str, Any] | None = None,
) -> Finding:
    """A finding."""
    return Finding(
        kind, severity, confidence, tuple(f"char-0{t + 1}" for t in tracklets),  # type: ignore[arg-type]
        tracklets, (0,), start, start + 1 if stop is None else stop,
        f"{kind} at {start}", evidence or {},
    )  # fmt: skip


def make_report(
    path: Path | str,
    *findings: Finding,
    shift: float = 0.0,
    content: str = "",
    version: str = "0.1.0",
    config: dict[str, Any] | None = None,
    verdict: str = "",
    consistency: float | None = 0.9,
) -> Report:
    """Two people side by side for two seconds; `shift` moves their boxes, in pixels."""
    frames = tuple(range(FRAMES))
    tracklets = tuple(
        TrackletFacts(
            k, 0, frames, tuple((left + shift, 40.0, left + shift + 60, 200.0) for _ in frames),
            (0.9,) * FRAMES, (SegmentFacts(0, FRAMES, f"char-0{k + 1}"),),
        )
        for k, left in enumerate((20.0, 200.0))
    )  # fmt: skip
    file = Path(path)
    stands_for = file.read_bytes() if file.is_file() else (content or str(path)).encode()
    sha = hashlib.sha256(stands_for).hexdigest()
    settings = Config().to_dict() if config is None else config
    grave = any(f.severity != "minor" and not f.accepted for f in findings)
    return Report(
        ClipFacts(str(path), sha, 320, 240, FRAMES, f"{FPS}/1", FRAMES / FPS),
        verdict or ("fail" if grave else "pass"),  # type: ignore[arg-type]
        (ShotFacts(0, 0, FRAMES, 0.0, FRAMES / FPS, "start"),),
        tuple(CharacterFacts(f"char-0{k + 1}", None, consistency, 2.0) for k in range(2)),
        tracklets,
        findings,
        provenance={**PROVENANCE, "version": version, "config": settings},
    )


def write_run(
    folder: Path, reports: Sequence[Report], others: Iterable[Record] = (), *, poster: bool = True
) -> Path:
    """Write a run."""
    folder.mkdir(parents=True)
    lines = []
    for k, report in enumerate(reports):
        own = folder / f"clip{k}"
        own.mkdir()
        record = record_of(report, folder=own.name)
        (own / "report.json").write_text(report.to_json())
        (own / "result.json").write_text(
            Finished(record=record, key=report.clip.path, stamp="").to_json()
        )
        if poster:
            (own / "poster.jpg").write_bytes(shot_jpeg(k))
        lines.append(record.to_json())
    lines += [record.to_json() for record in others]
    (folder / "summary.jsonl").write_text("".join(f"{line}\n" for line in lines))
    return folder
