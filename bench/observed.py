"""Observations of a clip, kept between runs: thresholds do not change what networks saw."""

from __future__ import annotations

import hashlib
import json
import pickle
from typing import TYPE_CHECKING

from castcheck.observe import Observations, observe
from castcheck.pipeline import embedder_name
from scenes.source import clip_sha256

if TYPE_CHECKING:
    from pathlib import Path

    from castcheck.config import Config
    from castcheck.models import Models

_SECTIONS = ("shots", "detector", "tracker", "looks")


def observations(
    clip: Path, *, config: Config, models: Models, cache: Path | None
) -> tuple[Observations, bool]:
    """Return what is seen in `clip`, and whether it came from `cache`.

    The key holds the clip, the models, all settings that matter and the code of the rooms that
    look, so a stale entry is never read. Only files this program wrote itself are unpickled.
    """
    key = _key(clip, config, models)
    file = None if cache is None else cache / f"{clip.stem}-{key}.pickle"
    if file is not None and file.exists():
        seen: Observations = pickle.loads(file.read_bytes())  # noqa: S301 (see above)
        return seen, True
    seen = observe(clip, config=config, models=models, progress=lambda *_: None)
    if file is not None:
        file.parent.mkdir(parents=True, exist_ok=True)
        part = file.with_suffix(".part")
        part.write_bytes(pickle.dumps(seen))
        part.replace(file)
    return seen, False


def _key(clip: Path, config: Config, models: Models) -> str:
    from pathlib import Path

    root = Path(__file__).parent.parent
    code = hashlib.sha256()
    looking = [
        *sorted((root / "scenes").glob("*.py")),
        *sorted((root / "tracker").glob("*.py")),
        *(root / "identity" / f"{n}.py" for n in ("looks", "zones", "colour", "prepare")),
        root / "castcheck" / "observe.py",
    ]
    for file in looking:
        code.update(file.read_bytes())
    parts = {
        "clip": clip_sha256(clip),
        "detector": models.detector_for(clip).sha256,
        "embedder": embedder_name(models),
        "settings": {name: config.to_dict()[name] for name in _SECTIONS},
        "code": code.hexdigest(),
    }
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:16]
