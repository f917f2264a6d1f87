"""Turns what a training run left into the files the package carries."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING

import torch

from identity.cue_network import CueNetwork
from identity.reid_cues import save_cue_network
from tracker.bundled import save_bundled

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


# Longer side of the pictures it is run on: `docs/measurements.md` compares sizes.
IMAGE_PX = 320


def export_reid(work: Path, target: Path) -> str:
    """Write the averaged network of a run in `work` to `target`; return its sha256."""
    network = CueNetwork()
    network.load_state_dict(torch.load(work / "network.pt", weights_only=True))
    last = json.loads((work / "log.jsonl").read_text().splitlines()[-1])
    facts = {key: str(last[key]) for key in ("step", "people", "minutes")}
    save_cue_network(network.eval(), target, {"name": "castcheck-reid", **facts})
    return _sha256(target)


def average_checkpoints(paths: Sequence[Path], target: Path) -> None:
    """Write the mean of the detectors in some checkpoints, to start another run from.

    Between a network and itself after more training on other pictures, the mean often does better
    on both kinds than either (Wortsman et al. 2022, "Robust fine-tuning of zero-shot models",
    https://arxiv.org/abs/2109.01903). The checkpoints are pickles that the runs wrote themselves.
    """
    models, saved = [], {}
    for path in paths:
        saved = torch.load(path, map_location="cpu", weights_only=False)
        models.append((saved.get("ema") or saved["model"]).float())
    states = [model.state_dict() for model in models]
    mean = {
        key: torch.stack([state[key] for state in states]).mean(0)
        if rows.is_floating_point()
        else rows
        for key, rows in states[-1].items()
    }
    models[-1].load_state_dict(mean)
    torch.save({**saved, "ema": None, "model": models[-1]}, target)


def export_detector(work: Path, target: Path) -> str:
    """Write the best checkpoint of a run in `work` to `target`; return its sha256.

    The checkpoint is a pickle that the run wrote itself.
    """
    best = work / "run" / "weights" / "best.pt"
    saved = torch.load(best, map_location="cpu", weights_only=False)
    model = (saved.get("ema") or saved["model"]).float().eval()
    model.names = {0: "character"}
    results = (work / "run" / "results.csv").read_text().splitlines()
    facts = {
        "name": "castcheck-detector",
        "rounds": str(len(results) - 1),
        "imgsz": str(IMAGE_PX),
    }
    save_bundled(model, target, facts)
    return _sha256(target)


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
