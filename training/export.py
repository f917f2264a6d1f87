"""Turns what a training run left into the files the package carries."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING

import cv2
import numpy as np
import torch

from identity.appearance.cue_network import CueNetwork
from identity.appearance.faces.network import FaceNetworks
from identity.appearance.reid_cues import save_cue_network
from scenes.errors import CastcheckError
from tracker.bundled import save_bundled
from tracker.tensor_file import write_tensors
from training.detector import FROZEN_BLOCKS

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from training.detector import CharacterDetector

FACES_ARCHITECTURE = "castcheck.faces/1"
_BATCH = 16
_PADDING = 114  # as Ultralytics pads

# Longer side of the pictures it is run on: about what its last training saw (416 x 288). At 448 px
# close-ups grow beyond the people it has learnt. `docs/measurements.md` compares sizes.
IMAGE_PX = 384


def export_reid(work: Path, target: Path) -> str:
    """Write the averaged network of a run in `work` to `target`; return its sha256."""
    network = CueNetwork()
    network.load_state_dict(torch.load(work / "network.pt", weights_only=True))
    last = json.loads((work / "log.jsonl").read_text().splitlines()[-1])
    facts = {key: str(last[key]) for key in ("step", "people", "minutes")}
    save_cue_network(network.eval(), target, {"name": "castcheck-reid", **facts})
    return sha256_of(target)


def export_faces(work: Path, target: Path) -> str:
    """Write the averaged networks for faces of a run in `work` to `target`; return its sha256."""
    networks, facts = FaceNetworks(), {"name": "castcheck-face"}
    for name in ("points", "look"):
        state = torch.load(work / f"{name}.pt", weights_only=True)
        getattr(networks, name).load_state_dict(state)
        last = json.loads((work / f"{name}.jsonl").read_text().splitlines()[-1])
        facts |= {f"{name}_{key}": str(last[key]) for key in ("step", "minutes")}
    write_tensors(networks.state_dict(), target, {**facts, "architecture": FACES_ARCHITECTURE})
    return sha256_of(target)


def average_checkpoints(
    paths: Sequence[Path], target: Path, *, pictures: Sequence[Path] = (), surer: float = 0.0
) -> None:
    """Write the mean of the detectors in some checkpoints.

    Between a network and itself after more training on other pictures, the mean often does better
    on both kinds than either (Wortsman et al. 2022, "Robust fine-tuning of zero-shot models",
    https://arxiv.org/abs/2109.01903). The checkpoints are pickles that the runs wrote themselves.

    Args:
        paths: Checkpoints of runs that have a network in common.
        target: Checkpoint to write.
        pictures: Training pictures by which the statistics of its layers are taken anew, which are
            not the mean of theirs (Izmailov et al. 2018, "Averaging Weights Leads to Wider Optima
            and Better Generalization", https://arxiv.org/abs/1803.05407); none = left as the mean.
        surer: Added to the log-odds of every box. Which boxes are found and in what order stays;
            that a score means as much as with the network before, which thresholds ask for, is
            what it is for.
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
    if pictures:
        _take_statistics(models[-1], pictures)
    with torch.no_grad():
        for scale in models[-1].model[-1].cv3:  # the branch that says how sure, at each scale
            scale[-1].bias += surer
    torch.save({**saved, "ema": None, "model": models[-1]}, target)


def _take_statistics(model: CharacterDetector, pictures: Sequence[Path]) -> None:
    """Take the running means and variances of the layers that are trained anew, in place."""
    model.eval()
    frozen = tuple(f"model.0.m.{block}." for block in range(FROZEN_BLOCKS))
    for name, layer in model.named_modules():
        if isinstance(layer, torch.nn.BatchNorm2d) and not name.startswith(frozen):
            layer.reset_running_stats()
            layer.momentum = None  # the plain mean over all batches
            layer.train()
    with torch.inference_mode():
        for first in range(0, len(pictures), _BATCH):
            rgb = np.stack([_squared(path) for path in pictures[first : first + _BATCH]])
            model(torch.from_numpy(rgb).permute(0, 3, 1, 2).float() / 255)
    model.eval()


def _squared(path: Path) -> NDArray[np.uint8]:
    """Return a picture (S, S, 3) RGB, its longer side S = `IMAGE_PX`, the rest grey."""
    bgr = cv2.imread(str(path), cv2.IMREAD_COLOR)
    if bgr is None:
        raise CastcheckError("no picture", where=path, hint="make its folder again")
    scale = IMAGE_PX / max(bgr.shape[:2])
    small = cv2.resize(bgr, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    square = np.full((IMAGE_PX, IMAGE_PX, 3), _PADDING, np.uint8)
    top, left = ((IMAGE_PX - side) // 2 for side in small.shape[:2])
    square[top : top + small.shape[0], left : left + small.shape[1]] = small[..., ::-1]
    return square


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
    return sha256_of(target)


def sha256_of(path: Path) -> str:
    """Return the sha256 of a file, in hexadecimal digits."""
    return hashlib.sha256(path.read_bytes()).hexdigest()
