"""What was seen in a clip, kept between runs: thresholds do not change what networks saw.

Three things are kept apart, each under a key of all that decides it (the clip, the models, the
settings that matter, the code behind it): boxes, observations and reports. A change of the tracker
costs no run of the detector, a change of the findings no run of any network.
"""

from __future__ import annotations

import hashlib
import json
import pickle
from dataclasses import dataclass, fields, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from bench.code_key import code_key
from castcheck.facts.report import Report
from castcheck.observe import Observations, Observer, observe
from castcheck.pipeline import embedder_name, report_on
from scenes.source import clip_sha256, open_source
from tracker.detections import Detections

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from castcheck.config import Config
    from castcheck.models.load import Models
    from scenes.frames import FrameBatch

_DETECTION_SECTIONS = ("detector",)
# Boxes are kept of every picture; which of them are asked for comes after.
_WHERE_TO_SEARCH = ("stride", "search_fps")
_SECTIONS = ("shots", "detector", "tracker", "looks")
# Their values are part of the key, section by section, so that a new threshold of the findings
# does not throw observations away.
_SETTINGS = ("castcheck.config", "identity.settings")
_BATCH_FRAMES = 16  # as the pipeline reads


@dataclass(frozen=True, slots=True)
class StoredDetector:
    """Hands out boxes that were found before (a `Detector`), and only of the clip they belong to.

    Attributes:
        found: Boxes of the whole clip.
        name, sha256: Of the detector that found them.
        passing_classes, heads_from: As that detector has them.
    """

    found: Detections
    name: str
    sha256: str | None
    passing_classes: frozenset[int] = frozenset()
    heads_from: dict[str, str | None] | None = None

    def detect(self, batch: FrameBatch) -> Detections:
        """Return the boxes of all frames of `batch`."""
        return self.found.take(np.isin(self.found.frame, batch.index))


def detections(
    clip: Path, *, config: Config, models: Models, cache: Path | None
) -> tuple[Detections, bool]:
    """Return all boxes the detector finds in `clip`, weak ones too, and whether they were kept."""
    key = detections_key(clip, config, models)
    file = None if cache is None else cache / "boxes" / f"{clip.stem}-{key}.npz"
    if file is not None and file.exists():
        with np.load(file) as kept:
            return Detections(*(kept[f.name] for f in fields(Detections))), True
    detector = models.detector_for(clip)
    with open_source(clip) as source:
        found = Detections.concat([detector.detect(b) for b in source.batches(_BATCH_FRAMES)])
    if file is not None:
        file.parent.mkdir(parents=True, exist_ok=True)
        part = file.with_suffix(".part")
        with part.open("wb") as stream:
            np.savez(stream, **{f.name: getattr(found, f.name) for f in fields(Detections)})
        part.replace(file)
    return found, False


class Altered(Protocol):
    """Changes the pictures of a clip in which boxes were found before, in their colours only."""

    @property
    def name(self) -> str:
        """All that decides what it does."""

    def __call__(self, batch: FrameBatch) -> FrameBatch:
        """Return the changed pictures."""


def observations(
    clip: Path,
    *,
    config: Config,
    models: Models,
    cache: Path | None,
    altered: Altered | None = None,
) -> tuple[Observations, bool]:
    """Return what is seen in `clip`, and whether it was kept in `cache`.

    With `altered` the boxes are those of the clip as it is, the looks those of the changed
    pictures. Only files this program wrote itself are unpickled.
    """
    key = _observations_key(clip, config, models)
    if altered is not None:
        key = _hash({"observations": key, "altered": altered.name})
    file = None if cache is None else cache / "observations" / f"{clip.stem}-{key}.pickle"
    if file is not None and file.exists():
        seen: Observations = pickle.loads(file.read_bytes())  # noqa: S301 (see above)
        return seen, True
    found, _ = detections(clip, config=config, models=models, cache=cache)
    real = models.detector_for(clip)
    stored = StoredDetector(found, real.name, real.sha256, real.passing_classes, real.heads_from)
    models = replace(models, detector=stored)
    if altered is None:
        seen = observe(clip, config=config, models=models, progress=lambda *_: None)
    else:
        seen = _observe_altered(clip, altered, config=config, models=models)
    if file is not None:
        _write_whole(file, pickle.dumps(seen))
    return seen, False


def _observe_altered(
    clip: Path, altered: Altered, *, config: Config, models: Models
) -> Observations:
    with open_source(clip) as source:
        rate = source.info.rate
        observer = Observer(
            models.detector_for(clip), models, config, fps=float(rate) if rate else 25.0
        )
        pictures = map(altered, source.batches(_BATCH_FRAMES))
        for batch, found in observer.searched(observer.split(pictures)):
            observer.take(batch, found)
        return observer.finish(
            source.info, config, end_s=source.end_s, degradations=source.degradations
        )


def report(
    clip: Path, *, config: Config, models: Models, cache: Path | None
) -> tuple[Report, bool]:
    """Return the report of `castcheck check` on `clip`, and whether it was kept in `cache`."""
    key = _hash(
        {
            "observations": _observations_key(clip, config, models),
            "path": str(clip),
            "settings": config.to_dict(),
            "code": _code("castcheck.pipeline", data=True),
        }
    )
    file = None if cache is None else cache / "reports" / f"{clip.stem}-{key}.json"
    if file is not None and file.exists():
        return Report.from_json(file.read_text(encoding="utf-8")), True
    seen, _ = observations(clip, config=config, models=models, cache=cache)
    made = report_on(clip, seen, config=config, models=models).report
    text = made.to_json()
    if file is not None:
        _write_whole(file, text.encode("utf-8"))
    return Report.from_json(text), False


def kept_json(file: Path | None, make: Callable[[], Any]) -> Any:
    """Return the JSON value in `file`, or make it and keep it there; `None` keeps nothing."""
    if file is not None and file.exists():
        return json.loads(file.read_text(encoding="utf-8"))
    value = make()
    if file is not None:
        _write_whole(file, json.dumps(value).encode("utf-8"))
    return value


def detections_key(clip: Path, config: Config, models: Models) -> str:
    """Return the key of the boxes of a clip: they change if and only if it does."""
    detector = models.detector_for(clip)
    return _hash(
        {
            "clip": clip_sha256(clip),
            "detector": [detector.name, detector.sha256, models.device],
            "settings": {
                name: {k: v for k, v in config.to_dict()[name].items() if k not in _WHERE_TO_SEARCH}
                for name in _DETECTION_SECTIONS
            },
            "code": _code("tracker.yolo", "tracker.replay", "scenes.source"),
        }
    )


def _observations_key(clip: Path, config: Config, models: Models) -> str:
    return _hash(
        {
            "detections": detections_key(clip, config, models),
            "models": _who(models),
            "settings": {name: config.to_dict()[name] for name in _SECTIONS},
            "code": _code("castcheck.observe", "castcheck.models.load", without=_SETTINGS),
        }
    )


@lru_cache(maxsize=8)
def _code(*entries: str, without: tuple[str, ...] = (), data: bool = False) -> str:
    """Return the key of the code as it was when it was first asked for: what this process runs."""
    return code_key(entries, without=without, data=data)


def _who(models: Models) -> list[str]:
    """Return name and hash of every network but the detector."""
    parts = [embedder_name(models), models.device]
    for entry in fields(models):
        network = getattr(models, entry.name)
        if entry.name != "detector" and hasattr(network, "sha256"):
            parts.append(f"{entry.name} {network.sha256}")
    return parts


def _hash(parts: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:16]


def _write_whole(file: Path, data: bytes) -> None:
    """Write a file whole or not at all."""
    file.parent.mkdir(parents=True, exist_ok=True)
    part = file.with_name(f"{file.name}.part")
    part.write_bytes(data)
    part.replace(file)
