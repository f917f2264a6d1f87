"""What findings depend on besides the clip: which runs can be compared. Pure."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

# How the work is done and what is shown of it, not what is found. What judged is told by content.
_NO_MATTER = (
    "report.", "gate.", "confidence.", "calibration.", "run.device", "run.decoder",
    "run.trust_weights", "run.settings_file", "run.detector", "run.embedder", "looks.faces",
    "run.cast", "detector.batch_size",
)  # fmt: skip


def judged_with(provenance: Mapping[str, Any]) -> dict[str, str]:
    """Return what a report's findings depend on besides the clip, flat and as text.

    Example:
        >>> judged_with({"version": "1", "detector": {"name": "d", "sha256": None}})["detector"]
        'd'
    """
    facts = {"castcheck": str(provenance.get("version", "unknown"))}
    for role in ("detector", "embedder", "faces", "cast"):
        model = provenance.get(role)
        if isinstance(model, dict):
            # A cast is told by content: the same pictures may lie in two places.
            known = (model.get("sha256"),) if role == "cast" else model.values()
            facts[role] = " ".join(str(value) for value in known if value)
    config = provenance.get("config")
    for key, value in flat(config if isinstance(config, dict) else {}):
        if not key.startswith(_NO_MATTER):
            facts[key] = json.dumps(value)
    return facts


def differences(one: Mapping[str, str], other: Mapping[str, str]) -> list[str]:
    """Return what two clips were judged with differently, one line each."""
    keys = dict.fromkeys([*one, *other])
    return [
        f"{key}: {_short(one.get(key))} and {_short(other.get(key))}"
        for key in keys
        if one.get(key) != other.get(key)
    ]


def _short(fact: str | None) -> str:
    """Return a fact for a line of text: of a sha256 the first digits."""
    if fact is None:
        return "none"
    return " ".join(word[:12] if len(word) == 64 else word for word in fact.split())


def models_of(provenance: Mapping[str, Any]) -> str:
    """Return the networks as a calibration names them: those for faces only where some are read.

    Example:
        >>> models_of({"detector": {"name": "d", "sha256": "1f"}, "embedder": None})
        'd 1f and unknown'
        >>> models_of({role: {"name": role[0]} for role in ("detector", "embedder", "faces")})
        'd and e and f'
    """
    unknown = {"name": "unknown"}
    models = [provenance.get("detector") or unknown, provenance.get("embedder") or unknown]
    if provenance.get("faces"):
        models.append(provenance["faces"])
    return " and ".join(
        " ".join(str(model[key]) for key in ("name", "sha256") if model.get(key))
        for model in models
    )


def flat(table: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Yield the settings of nested sections as ("section.name", value)."""
    for key, value in table.items():
        if isinstance(value, dict):
            yield from flat(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value
