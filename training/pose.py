"""Trains the part of the re-ID network that reads pose: where the head is, and where it faces.

Everything else stays as it is, so what it tells of people stays the same to the bit. The maps of
all crops are worked out once and kept; the rest takes minutes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from safetensors import safe_open
from torch.nn import functional

from identity.appearance.cue_network import CueNetwork, PoseHead
from identity.appearance.reid_cues import save_cue_network
from scenes.errors import WeightsError
from training.export import sha256_of
from training.reid import as_input
from training.reid_crops import cut

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from training.reid import Gallery
    from training.reid_crops import Figure

_BATCH = 128
_RATE, _DECAY = 2e-3, 5e-2
_NOISE = 0.3  # of the maps, in their deviations
_BOX_WEIGHT = 4.0


@dataclass(frozen=True, slots=True)
class PoseCrops:
    """What the pose is learnt from.

    Attributes:
        maps: (N, 96, 12, 6) float16.
        facing: (N,) cosine of the angle between the camera and where the body faces.
        head: (N, 4), NaN where it is not seen.
        place: (N, 12, 6) share of the head in each cell; sums to 1 where it is seen.
    """

    maps: torch.Tensor
    facing: torch.Tensor
    head: torch.Tensor
    place: torch.Tensor


def load_network(path: Path) -> CueNetwork:
    """Return the network of a safetensors file; what it lacks of pose is new."""
    with safe_open(path, framework="pt") as file:
        state = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118 (no mapping)
    network = CueNetwork()
    missing, unexpected = network.load_state_dict(state, strict=False)
    if unexpected or any(not key.startswith("pose.") for key in missing):
        raise WeightsError("no castcheck re-ID network", where=path, hint="see `training export`")
    return network.eval()


def read_crops(
    network: CueNetwork,
    gallery: Gallery,
    figures: Sequence[Figure],
    *,
    rng: np.random.Generator | None,
    progress: Callable[[int], None] = lambda _: None,
) -> PoseCrops:
    """Cut figures out and keep the maps of their crops; without `rng` as they stand."""
    maps, facing, heads, places = [], [], [], []
    for first in range(0, len(figures), _BATCH):
        chosen = figures[first : first + _BATCH]
        crops = [
            cut(f, gallery.picture(f) if rng is None else gallery.elsewhere(f, rng), rng)
            for f in chosen
        ]
        with torch.inference_mode():
            maps.append(network.maps(as_input(crops)).half())
        for figure, crop in zip(chosen, crops, strict=True):
            seen = crop.seen[0] > 0
            heads.append(crop.head if seen else np.full(4, np.nan, np.float32))
            places.append(crop.masks[0] / max(float(crop.masks[0].sum()), 1e-6))
            facing.append(np.cos(figure.away_rad))
        progress(len(chosen))
    columns = (np.array(rows, np.float32) for rows in (facing, heads, places))
    return PoseCrops(torch.cat(maps), *(torch.from_numpy(rows) for rows in columns))


def train_pose(
    network: CueNetwork,
    parts: Sequence[PoseCrops],
    *,
    rounds: int,
    seed: int = 0,
    progress: Callable[[], None] = lambda: None,
) -> None:
    """Train the pose of `network`, in place, on all `parts`."""
    torch.manual_seed(seed)
    network.requires_grad_(requires_grad=False)
    network.pose = PoseHead()
    maps, facing, head, place = (
        torch.cat([getattr(part, name) for part in parts])
        for name in ("maps", "facing", "head", "place")
    )
    spread = maps.float().std(dim=(0, 2, 3), keepdim=True)
    optimizer = torch.optim.AdamW(network.pose.parameters(), _RATE, weight_decay=_DECAY)
    steps = rounds * -(-len(maps) // _BATCH)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, _RATE, total_steps=steps)
    network.pose.train()
    for _ in range(rounds):
        for rows in torch.split(torch.randperm(len(maps)), _BATCH):
            batch = maps[rows].float()
            batch = batch + _NOISE * spread * torch.randn_like(batch)
            box, facing_said, logits = network.pose(batch)
            seen = head[rows, 0].isfinite()
            loss = functional.mse_loss(facing_said, facing[rows])
            if seen.any():
                loss = loss + _BOX_WEIGHT * functional.smooth_l1_loss(
                    box[seen], head[rows][seen], beta=0.05
                )
                likely = logits.flatten(1).log_softmax(dim=1)[seen]
                loss = loss - 0.2 * (place[rows].flatten(1)[seen] * likely).sum(dim=1).mean()
            optimizer.zero_grad(set_to_none=True)
            loss.backward()  # type: ignore[no-untyped-call]
            optimizer.step()
            schedule.step()
        progress()
    network.eval()


def pose_errors(network: CueNetwork, crops: PoseCrops) -> dict[str, float]:
    """Return how well the pose of people kept back is read.

    Returns:
        `facing_r2`: share of the variance of the cosine that is explained; `facing_error`: median
        difference; `head_iou`: median; `head_found`: share of heads with IoU 0.4 or more.
    """
    with torch.inference_mode():
        box, said, _ = network.pose(crops.maps.float())
    truth = crops.facing
    seen = crops.head[:, 0].isfinite()
    one, two = box[seen], crops.head[seen]
    size = (torch.minimum(one[:, 2:], two[:, 2:]) - torch.maximum(one[:, :2], two[:, :2])).clamp(0)
    shared = size.prod(dim=1)
    areas = [(rows[:, 2:] - rows[:, :2]).prod(dim=1) for rows in (one, two)]
    iou = shared / (areas[0] + areas[1] - shared)
    return {
        "facing_r2": float(
            1 - (said - truth).square().sum() / (truth - truth.mean()).square().sum()
        ),
        "facing_error": float((said - truth).abs().median()),
        "head_iou": float(iou.median()),
        "head_found": float((iou >= 0.4).float().mean()),
    }


def save_pose(network: CueNetwork, source: Path, target: Path, figures: dict[str, float]) -> str:
    """Write the network of `source` with its new pose to `target`; return the file's sha256."""
    with safe_open(source, framework="pt") as file:
        facts = dict(file.metadata())
    facts |= {f"pose_{key}": f"{value:.3f}" for key, value in figures.items()}
    save_cue_network(network, target, facts)
    return sha256_of(target)
