"""castcheck beside what a user would have without it, clip by clip and event by event."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from bench.code_key import code_key
from bench.consistency import subject_consistency
from bench.observed import detections, detections_key, kept_json
from bench.peers import (
    alarm_at,
    auc,
    best_alarm,
    hits,
    id_switches,
    quiet_recall,
)
from bench.quality_score import ROWS

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from bench.mot import Tracks
    from bench.quality_score import ClipRow
    from bench.rivals import Embed
    from castcheck.config import Config
    from castcheck.models.load import Models
    from castcheck.runs.matching import Truth

CONSISTENCY = "consistency, whole clip"
CONSISTENCY_IN_SHOTS = "consistency, shot by shot"
TRACKERS = ("deep-sort-realtime", "BoT-SORT")
SCORES = (CONSISTENCY, CONSISTENCY_IN_SHOTS, *(f"{name}, ID switches" for name in TRACKERS))


def peers_of_clip(
    clip: Path, truth: Truth, *, config: Config, models: Models, cache: Path | None
) -> dict[str, Any]:
    """Return a score per method (the higher, the more suspicious) and which events switches hit."""
    file = None
    if cache is not None:
        cuts = "_".join(map(str, truth.cuts))
        key = f"{detections_key(clip, config, models)}-{_code()}-{cuts}"
        file = cache / "peers" / f"{clip.stem}-{key}.json"
    measured = kept_json(file, lambda: _measure(clip, truth, config, models, cache))
    scores = {name: 1 - measured[name] for name in (CONSISTENCY, CONSISTENCY_IN_SHOTS)}
    found: dict[str, list[bool]] = {}
    over_cuts: dict[str, int] = {}
    for name in TRACKERS:
        switches = id_switches(truth, _tracks(measured[name]))
        inside = [s for s in switches if not s.over_cut]
        scores[f"{name}, ID switches"] = float(len(inside))
        over_cuts[name] = len(switches) - len(inside)
        found[name] = [hits(event, switches, truth) for event in truth.events]
    return {"scores": scores, "hits": found, "switches_over_cuts": over_cuts}


@lru_cache(maxsize=1)
def _code() -> str:
    """Return what the measured part rests on: how the rivals are run, and their versions."""
    from importlib.metadata import version

    packages = ("ultralytics", "deep-sort-realtime")
    return "-".join([code_key(["bench.rivals", "bench.consistency"])[:8], *map(version, packages)])


def _measure(
    clip: Path, truth: Truth, config: Config, models: Models, cache: Path | None
) -> dict[str, Any]:
    """Run the embedding and the trackers: all that costs time."""
    from bench import rivals

    found, _ = detections(clip, config=config, models=models, cache=cache)
    footage = rivals.Footage(clip, truth.fps, truth.frames, found)
    embed = _mobilenet()
    vectors = rivals.frame_vectors(footage, embed)
    return {
        CONSISTENCY: subject_consistency(vectors),
        CONSISTENCY_IN_SHOTS: subject_consistency(vectors, truth.cuts),
        TRACKERS[0]: _rows(rivals.run_deepsort(footage, embed)),
        TRACKERS[1]: _rows(rivals.run_ultralytics(footage, "botsort")),
    }


@lru_cache(maxsize=1)
def _mobilenet() -> Embed:
    from bench import rivals

    return rivals.mobilenet_embedder()


def _rows(tracks: Tracks) -> list[list[float]]:
    table = np.concatenate([tracks.frame[:, None], tracks.track[:, None], tracks.xyxy], axis=1)
    return [[round(float(value), 2) for value in row] for row in table]


def _tracks(rows: list[list[float]]) -> Tracks:
    from bench.mot import Tracks

    return Tracks.of_rows(tuple(row) for row in rows)


def clip_alarms(clips: Sequence[ClipRow]) -> dict[str, dict[str, Any]]:
    """Return per method how well it tells broken clips from clean ones.

    castcheck stands twice: as its gate decides, and with the threshold at its best, as the others.
    """
    broken = [c.broken for c in clips]
    ours = [c.score for c in clips]
    gate = [float(c.verdict == "fail") for c in clips]
    same = [1.0] * len(clips)
    table = {
        "every clip is an alarm": _at(same, broken, same),
        "castcheck, its gate as it stands": _at(gate, broken, ours),
        "castcheck, threshold at its best": _best(ours, broken),
    }
    for name in SCORES if all(c.peers for c in clips) else ():
        table[name] = _best([c.peers["scores"][name] for c in clips], broken)
    return table


def _at(alarms: Sequence[float], broken: Sequence[bool], scores: Sequence[float]) -> dict[str, Any]:
    return {**alarm_at(alarms, broken, 0.5).to_dict(), **_without_threshold(scores, broken)}


def _best(scores: Sequence[float], broken: Sequence[bool]) -> dict[str, Any]:
    return {**best_alarm(scores, broken).to_dict(), **_without_threshold(scores, broken)}


def _without_threshold(scores: Sequence[float], broken: Sequence[bool]) -> dict[str, Any]:
    return {"auc": auc(scores, broken), "quiet_recall": quiet_recall(scores, broken)}


def kinds_beside_peers(clips: Sequence[ClipRow]) -> dict[str, dict[str, Any]]:
    """Return per kind what every method makes of its events.

    `castcheck` counts by the contract; `castcheck, any kind` a finding of whatever kind about any
    of its people in time; trackers: an ID switch of any of its people in time. The clip-level
    figures are the best F1 of telling the clips of this kind from the clean ones.
    """
    table = {}
    clean = [c for c in clips if not c.broken]
    has_peers = bool(clips) and all(c.peers for c in clips)
    for name in ROWS:
        some = [c for c in clips if any(e.row == name for e in c.events)]
        events = [e for c in some for e in c.events if e.row == name]
        row: dict[str, Any] = {
            "events": len(events),
            "castcheck": sum(e.found for e in events),
            "castcheck, any kind": sum(e.noticed for e in events),
        }
        for tracker in TRACKERS if has_peers else ():
            row[tracker] = sum(
                hit
                for c in some
                for e, hit in zip(c.events, c.peers["hits"][tracker], strict=True)
                if e.row == name
            )
        both = [*some, *clean]
        broken = [True] * len(some) + [False] * len(clean)
        row["clip F1, castcheck"] = _f1([c.score for c in both], broken)
        for score in SCORES if has_peers else ():
            row[f"clip F1, {score}"] = _f1([c.peers["scores"][score] for c in both], broken)
        table[name] = row
    return table


def _f1(scores: Sequence[float], broken: Sequence[bool]) -> float | None:
    return best_alarm(scores, broken).f1 if any(broken) else None
