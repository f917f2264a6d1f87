"""Trains the bundled detector: rendered characters on top of frozen ImageNet features.

The early layers keep what they learnt from photographs. Trained only on renders they would learn
what renders look like; frozen, detectors trained on renders alone come close to those trained on
photographs (Hinterstoisser et al. 2018, "On Pre-Trained Image Features and Synthetic Images for
Deep Learning", https://arxiv.org/abs/1710.10710).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch

from identity.appearance.cue_network import CueNetwork, load_imagenet
from tracker.bundled import load_bundled
from tracker.engine import engine_kept_quiet
from training.detector_data import write_dataset

with engine_kept_quiet():
    from ultralytics.models.yolo.detect import DetectionTrainer
    from ultralytics.nn.tasks import DetectionModel

ARCHITECTURE = Path(__file__).with_name("character_yolo.yaml")
# features[0..10] of MobileNetV2 stay as ImageNet left them, and so do their statistics.
FROZEN_BLOCKS = 11
_MEAN = (0.485, 0.456, 0.406)
_STD = (0.229, 0.224, 0.225)
# Renders differ from film in colour, contrast and scale: let each of them vary a lot. Pictures are
# not turned: the box around a turned box is wider than the body, and so were the network's.
_AUGMENTATION: dict[str, float] = {
    "hsv_h": 0.03, "hsv_s": 0.7, "hsv_v": 0.5, "degrees": 0.0, "translate": 0.15, "scale": 0.6,
    "fliplr": 0.5, "mosaic": 0.3, "close_mosaic": 1, "mixup": 0.05,
}  # fmt: skip


class CharacterDetector(DetectionModel):  # type: ignore[misc]
    """A YOLO whose training pass runs in bfloat16, which halves its time on CPUs that have it."""

    def loss(self, batch: dict[str, Any], preds: Any = None) -> Any:
        """Return Ultralytics' detection loss, worked out in float32."""
        if preds is None:
            # Channels last: a fifth faster on CPUs.
            picture = batch["img"].to(memory_format=torch.channels_last)
            with torch.autocast(picture.device.type, dtype=torch.bfloat16):
                preds = self.forward(picture)
            preds = _as_float(preds)
        return super().loss(batch, preds)


def _as_float(value: Any) -> Any:
    if isinstance(value, torch.Tensor):
        return value.float()
    if isinstance(value, dict):
        return {key: _as_float(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(_as_float(one) for one in value)
    return value


def new_detector() -> CharacterDetector:
    """Return the untrained detector with ImageNet's weights in its backbone."""
    model = CharacterDetector(str(ARCHITECTURE), ch=3, nc=1, verbose=False)
    source = CueNetwork()
    load_imagenet(source)
    backbone = model.model[0].m
    backbone.load_state_dict(source.features.state_dict())
    fold_normalisation(backbone[0][0], backbone[0][1])
    return model


def fold_normalisation(conv: torch.nn.Conv2d, norm: torch.nn.BatchNorm2d) -> None:
    """Move ImageNet's normalisation of the input into the first layer, in place.

    Afterwards the layer takes pictures in 0..1. At the border the padding now stands for black
    instead of the mean colour.
    """
    mean, std = (torch.tensor(values).view(1, 3, 1, 1) for values in (_MEAN, _STD))
    with torch.no_grad():
        scaled = conv.weight / std
        running = norm.running_mean
        if running is None:
            raise TypeError("the layer has no running mean to fold into")
        running += (scaled * mean).sum(dim=(1, 2, 3))
        conv.weight.copy_(scaled)


class CharacterTrainer(DetectionTrainer):  # type: ignore[misc]
    """Ultralytics' trainer, started from ImageNet features."""

    def get_model(
        self, cfg: Any = None, weights: Any = None, verbose: Any = None
    ) -> CharacterDetector:
        """Return a new detector, or the one of a checkpoint."""
        del cfg, verbose
        model = new_detector()
        if weights is not None:
            model.load(weights)
        return model.to(memory_format=torch.channels_last)  # type: ignore[no-any-return]


def train_detector(
    stills: Path,
    work: Path,
    *,
    size_px: tuple[int, int],
    hours: float,
    imgsz_px: int = 320,
    batch: int = 16,
    device: str = "cpu",
    threads: int = 2,
    lr: float = 1e-3,
    epochs: int = 60,
    resume: bool = False,
    composed: Path | None = None,
    start: Path | None = None,
    seed: int = 0,
) -> Path:
    """Train for some hours and return the checkpoint that did best on the groups kept back.

    Args:
        stills: Folder of `python -m studio stills`.
        work: Where lists, log and checkpoints go.
        size_px: (width, height) of the stills.
        hours: Wall-clock time; 0 to go by `epochs`.
        imgsz_px: Long side of the pictures the network sees.
        batch: Pictures per step.
        device: As for Ultralytics.
        threads: Threads on a CPU; Ultralytics leaves one.
        lr: Highest learning rate.
        epochs: At most so many rounds.
        resume: Go on from `work/run/weights/last.pt`.
        composed: Folder of `python -m training compose`: more pictures.
        start: A checkpoint of an earlier run, or the network of the package, to start from.
        seed: Of the order of pictures and how they are varied; runs of several can be averaged.
    """
    torch.set_num_threads(threads)
    data = write_dataset(stills, size_px, work, composed)
    if start is not None and start.suffix == ".safetensors":
        start = _as_checkpoint(start, work / "start.pt")
    frozen = [f"0.m.{block}" for block in range(FROZEN_BLOCKS)]
    overrides: dict[str, Any] = {
        "model": str(ARCHITECTURE), "data": str(data), "imgsz": imgsz_px, "epochs": epochs,
        "time": hours or None, "batch": batch, "device": device, "workers": 1, "cache": "ram",
        "project": str(work.resolve()), "name": "run", "exist_ok": True, "freeze": frozen,
        "optimizer": "AdamW", "lr0": lr, "lrf": 0.02, "cos_lr": True, "warmup_epochs": 0.5,
        "weight_decay": 5e-4, "plots": False, "seed": seed, "amp": False,
        "pretrained": False if start is None else str(start), **_AUGMENTATION,
    }  # fmt: skip
    if resume:
        overrides["resume"] = str(work / "run" / "weights" / "last.pt")
    trainer = CharacterTrainer(overrides=overrides)
    trainer.train()
    return Path(trainer.best)


def _as_checkpoint(bundled: Path, target: Path) -> Path:
    """Write the network of a safetensors file as a checkpoint of the engine."""
    torch.save({"model": load_bundled(bundled)}, target)
    return target
