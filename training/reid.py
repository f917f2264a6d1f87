"""Trains the bundled re-identification network: who is it, by body, head, upper and lower body.

Per cue a classification loss with a cosine margin (Wang et al. 2018, CosFace,
https://arxiv.org/abs/1801.09414) plus a triplet loss on the hardest pair of each batch (Hermans et
al. 2017, https://arxiv.org/abs/1703.07737); a part only counts where it is seen. The masks and
the visibility learn from the joints the studio measured.
"""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
import torch
from torch import nn
from torch.nn import functional

from bench.error_rate import equal_error_rate
from identity.appearance.cue_network import PARTS, CueNetwork, load_imagenet
from identity.appearance.reid_specs import BODY_DIM, PART_DIM
from scenes.errors import CastcheckError
from training.compose import Backdrops, before, read_mask
from training.detector_data import is_held_out, read_index
from training.reid_crops import cut, figures_of

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from training.reid_crops import Crop, Figure

    Image = NDArray[np.uint8]

CUES = ("body", *PARTS)
_MEAN = torch.tensor([0.485, 0.456, 0.406]).view(1, 3, 1, 1)
_STD = torch.tensor([0.229, 0.224, 0.225]).view(1, 3, 1, 1)
_SCALE, _COSINE_MARGIN, _TRIPLET_MARGIN = 20.0, 0.15, 0.3
_PART_WEIGHT = {"body": 1.0, "head": 0.5, "upper": 0.3, "lower": 0.3}
# Trains from here on; what lies before has learnt from photographs and costs most of the time.
FROZEN_BLOCKS = 5
_EMA = 0.998
_ELSEWHERE = 0.6
_MOST_PEOPLE = 4096
_SAVE_EVERY = 100


@dataclass(frozen=True, slots=True)
class Plan:
    """How long and how hard to train.

    Attributes:
        minutes: Wall-clock time of the whole run, earlier parts of a resumed one included.
        groups: Groups in a batch; their people share sets, which makes them hard to tell.
        views: Crops of each person in a batch.
        backbone_lr, head_lr: Highest learning rates.
        device: Where to train.
        threads: On a CPU.
        rescan: Look for newly rendered groups every so many steps, 0 for never.
    """

    minutes: float = 60.0
    groups: int = 4
    views: int = 4
    backbone_lr: float = 4e-4
    head_lr: float = 2e-3
    device: str = "cpu"
    threads: int = 2
    rescan: int = 100
    seed: int = 0


class Gallery:
    """The figures of all finished groups, by group and person; pictures stay compressed.

    Args:
        stills: Folder of `python -m studio stills`.
        pictures: Folder of `python -m training pictures`: people also stand before photographs.
    """

    def __init__(self, stills: Path, pictures: Path | None = None) -> None:
        self._stills = stills
        self._backdrops = None if pictures is None else Backdrops(pictures / "backdrops")
        self._files: dict[Path, NDArray[np.uint8]] = {}
        self.groups: dict[int, dict[str, list[Figure]]] = {}
        self.held_out: list[Figure] = []
        self.rescan()

    def rescan(self) -> None:
        """Take in what has been rendered since."""
        self.groups, self.held_out = {}, []
        for line in read_index(self._stills):
            figures = figures_of(line, self._stills)
            if is_held_out(line):
                self.held_out += figures
                continue
            people = self.groups.setdefault(int(line["group"]), {})
            for figure in figures:
                people.setdefault(figure.person, []).append(figure)
        for number, people in list(self.groups.items()):
            several = {name: seen for name, seen in people.items() if len(seen) > 1}
            if len(several) > 1:
                self.groups[number] = several
            else:
                del self.groups[number]

    def picture(self, figure: Figure) -> Image:
        """Return the (H, W, 3) RGB picture a figure is in."""
        if figure.file not in self._files:
            self._files[figure.file] = np.frombuffer(figure.file.read_bytes(), np.uint8)
        bgr = cv2.imdecode(self._files[figure.file], cv2.IMREAD_COLOR)
        if bgr is None:
            raise CastcheckError(
                "no picture", where=figure.file, hint="delete its group and render it again"
            )
        return np.ascontiguousarray(bgr[..., ::-1])

    def elsewhere(self, figure: Figure, rng: np.random.Generator) -> Image:
        """Return the picture a figure is in, more often than not before another backdrop."""
        picture = self.picture(figure)
        if self._backdrops is None or rng.random() > _ELSEWHERE:
            return picture
        height, width = picture.shape[:2]
        backdrop = self._backdrops.draw(rng, (width, height))[..., ::-1]
        return before(picture, read_mask(figure.mask), backdrop)

    def batch(
        self, rng: np.random.Generator, groups: int, views: int
    ) -> tuple[list[Crop], list[str]]:
        """Return roughened crops of all people of some groups, and whose they are."""
        crops, names = [], []
        for number in rng.choice(sorted(self.groups), min(groups, len(self.groups)), replace=False):
            for name, figures in self.groups[int(number)].items():
                for i in rng.choice(len(figures), views, replace=len(figures) < views):
                    crops.append(cut(figures[i], self.elsewhere(figures[i], rng), rng))
                    names.append(name)
        return crops, names


class Classifier(nn.Module):
    """One unit vector per person and cue; people may join while training goes on."""

    def __init__(self) -> None:
        super().__init__()
        self.names: dict[str, int] = {}
        self.rows = nn.ParameterDict(
            {
                cue: nn.Parameter(
                    torch.randn(_MOST_PEOPLE, BODY_DIM if cue == "body" else PART_DIM)
                )
                for cue in CUES
            }
        )

    def labels(self, names: list[str]) -> torch.Tensor:
        """Return a number per name, new names included."""
        for name in names:
            self.names.setdefault(name, len(self.names))
        if len(self.names) > _MOST_PEOPLE:
            raise CastcheckError(
                f"more than {_MOST_PEOPLE} people", hint="enlarge training.reid._MOST_PEOPLE"
            )
        return torch.tensor([self.names[name] for name in names])

    def logits(self, cue: str, unit: torch.Tensor) -> torch.Tensor:
        """Return (N, people) cosines of unit embeddings."""
        known = self.rows[cue][: len(self.names)]
        return unit @ functional.normalize(known, dim=1).T


def cue_loss(
    unit: torch.Tensor, cosines: torch.Tensor, labels: torch.Tensor, weight: torch.Tensor
) -> torch.Tensor:
    """Return margin classification plus hardest-pair triplet loss of one cue.

    Args:
        unit: (N, D) embeddings of unit length.
        cosines: (N, people).
        labels: (N,) who.
        weight: (N,) 0 where the cue is not seen.
    """
    seen = weight > 0
    if int(seen.sum()) < 2:
        return unit.sum() * 0
    unit, cosines, labels = unit[seen], cosines[seen], labels[seen]
    margin = functional.one_hot(labels, cosines.shape[1]) * _COSINE_MARGIN
    loss = functional.cross_entropy(_SCALE * (cosines - margin), labels, label_smoothing=0.05)
    distance = 1 - unit @ unit.T
    same = labels[:, None] == labels[None]
    farthest = (distance - 10 * (~same)).max(1).values
    nearest = (distance + 10 * same).min(1).values
    return loss + functional.relu(farthest - nearest + _TRIPLET_MARGIN).mean()


class Trainer:
    """Everything a run needs to go on: network, its average, optimiser, clock.

    Args:
        stills: Folder of `python -m studio stills`.
        work: For log and checkpoints.
        plan: How long and how hard.
        pictures: Folder of `python -m training pictures`, for other backdrops.
        start: `network.pt` of an earlier run to start a new one from.
        resume: Go on with the run in `work`.
    """

    def __init__(
        self,
        stills: Path,
        work: Path,
        plan: Plan,
        *,
        pictures: Path | None = None,
        start: Path | None = None,
        resume: bool = False,
    ) -> None:
        if plan.device == "cpu":
            torch.set_num_threads(plan.threads)
        torch.manual_seed(plan.seed)
        self.plan, self.work = plan, work
        work.mkdir(parents=True, exist_ok=True)
        self.gallery = Gallery(stills, pictures)
        self.network = CueNetwork()
        if start is None:
            load_imagenet(self.network)
        else:
            self.network.load_state_dict(torch.load(start, weights_only=True))
        self.classifier = Classifier()
        for block in self.network.features[:FROZEN_BLOCKS]:
            block.requires_grad_(requires_grad=False)
        self.network.to(plan.device).to(memory_format=torch.channels_last)
        self.classifier.to(plan.device)
        backbone = [p for p in self.network.features.parameters() if p.requires_grad]
        inside = {id(p) for p in self.network.features.parameters()}
        rest = [p for p in self.network.parameters() if id(p) not in inside]
        self.optimizer = torch.optim.AdamW(
            [
                {"params": backbone, "top": plan.backbone_lr},
                {"params": [*rest, *self.classifier.parameters()], "top": plan.head_lr},
            ],
            lr=plan.head_lr, weight_decay=5e-4,
        )  # fmt: skip
        self.average = torch.optim.swa_utils.AveragedModel(
            self.network,
            multi_avg_fn=torch.optim.swa_utils.get_ema_multi_avg_fn(_EMA),  # type: ignore[no-untyped-call]
            use_buffers=True,
        )
        self.step, self.spent_s = 0, 0.0
        if resume:
            self._load()

    def run(self) -> Path:
        """Train until the plan's time is over; return the file of the averaged network."""
        rng = np.random.default_rng([self.plan.seed, self.step])
        started = time.monotonic() - self.spent_s
        total_s = self.plan.minutes * 60
        while self.spent_s < total_s:
            if self.plan.rescan and self.step % self.plan.rescan == 0:
                self.gallery.rescan()
            self._set_rates(self.spent_s / total_s)
            losses = self._learn(*self.gallery.batch(rng, self.plan.groups, self.plan.views))
            self.step += 1
            self.spent_s = time.monotonic() - started
            if self.step % 20 == 0:
                self._log(losses)
            if self.step % _SAVE_EVERY == 0:
                self._save()
        self._save()
        return self.work / "network.pt"

    def _learn(self, crops: list[Crop], names: list[str]) -> dict[str, float]:
        device = self.plan.device
        self.network.train()
        # Their statistics are ImageNet's too.
        for block in self.network.features[:FROZEN_BLOCKS]:
            block.eval()
        labels = self.classifier.labels(names).to(device)
        seen = torch.from_numpy(np.stack([crop.seen for crop in crops])).to(device)
        target = torch.from_numpy(np.stack([crop.masks for crop in crops])).to(device)
        # bfloat16 halves the time of a step, on CPUs that have it too.
        with torch.autocast(torch.device(device).type, dtype=torch.bfloat16):
            maps = self.network.maps(as_input(crops).to(device))
            rows, visibility, masks = self.network.pooled(maps)
        rows, visibility, masks = [row.float() for row in rows], visibility.float(), masks.float()
        norms = (self.network.body_norm, *self.network.part_norm)
        losses: dict[str, torch.Tensor] = {}
        for i, (cue, norm) in enumerate(zip(CUES, norms, strict=True)):
            unit = functional.normalize(norm(rows[i]), dim=1)
            weight = torch.ones_like(seen[:, 0]) if cue == "body" else seen[:, i - 1]
            losses[cue] = _PART_WEIGHT[cue] * cue_loss(
                unit, self.classifier.logits(cue, unit), labels, weight
            )
        losses["mask"] = functional.binary_cross_entropy(masks, target)
        losses["seen"] = 0.3 * functional.binary_cross_entropy(visibility, seen)
        self.optimizer.zero_grad(set_to_none=True)
        total = sum(losses.values(), torch.zeros((), device=device))
        total.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(self.network.parameters(), 10.0)
        self.optimizer.step()
        self.average.update_parameters(self.network)
        return {name: float(loss.detach()) for name, loss in losses.items()}

    def _set_rates(self, share: float) -> None:
        slope = 0.5 * (1 + float(np.cos(np.pi * min(share, 1.0)))) * min(1.0, (self.step + 1) / 60)
        for group in self.optimizer.param_groups:
            group["lr"] = group["top"] * max(slope, 0.005)

    def _log(self, losses: dict[str, float]) -> None:
        line: dict[str, Any] = {
            "step": self.step,
            "minutes": round(self.spent_s / 60, 2),
            "people": len(self.classifier.names),
            **{name: round(value, 4) for name, value in losses.items()},
        }
        if self.step % (5 * _SAVE_EVERY) == 0:
            line["held_out_eer"] = held_out_eer(self.averaged(), self.gallery)
        with (self.work / "log.jsonl").open("a") as log:
            log.write(json.dumps(line) + "\n")

    def averaged(self) -> CueNetwork:
        """Return the running average of the network, ready to embed."""
        network = self.average.module
        if not isinstance(network, CueNetwork):
            raise TypeError("the average is of another network")
        return network.eval()

    def _save(self) -> None:
        state = {
            "network": self.network.state_dict(), "average": self.average.state_dict(),
            "classifier": self.classifier.state_dict(), "names": self.classifier.names,
            "optimizer": self.optimizer.state_dict(), "step": self.step, "spent_s": self.spent_s,
        }  # fmt: skip
        for name, content in (("checkpoint.pt", state), ("network.pt", self._weights())):
            temporary = self.work / f"{name}.part"
            torch.save(content, temporary)
            temporary.replace(self.work / name)

    def _weights(self) -> dict[str, torch.Tensor]:
        return {key: value.cpu() for key, value in self.averaged().state_dict().items()}

    def _load(self) -> None:
        state = torch.load(
            self.work / "checkpoint.pt", map_location=self.plan.device, weights_only=True
        )
        self.network.load_state_dict(state["network"])
        self.average.load_state_dict(state["average"])
        self.classifier.load_state_dict(state["classifier"])
        self.classifier.names = dict(state["names"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.step, self.spent_s = int(state["step"]), float(state["spent_s"])


def as_input(crops: list[Crop]) -> torch.Tensor:
    """Return the (N, 3, 192, 96) normalised batch of crops."""
    batch = torch.from_numpy(np.stack([crop.rgb for crop in crops])).permute(0, 3, 1, 2)
    return ((batch - _MEAN) / _STD).contiguous(memory_format=torch.channels_last)


def held_out_eer(network: CueNetwork, gallery: Gallery) -> dict[str, float]:
    """Return the equal error rate per cue on people kept back, pairs on different sets only.

    Only pairs of one group count as different people: they share sets and light.
    """
    figures = gallery.held_out
    crops = [cut(figure, gallery.picture(figure)) for figure in figures]
    rows: dict[str, list[torch.Tensor]] = {cue: [] for cue in CUES}
    device = next(network.parameters()).device
    with torch.inference_mode():
        for start in range(0, len(crops), 64):
            out = network(as_input(crops[start : start + 64]).to(device))
            for cue in CUES:
                rows[cue].append(functional.normalize(getattr(out, cue), dim=1).cpu())
    names = np.array([figure.person for figure in figures])
    stages = np.array([figure.stage for figure in figures])
    group = np.array([name.split("p")[0] for name in names])
    first, second = np.triu_indices(len(names), 1)
    pairs = (stages[first] != stages[second]) & (group[first] == group[second])
    first, second = first[pairs], second[pairs]
    seen = {
        "body": np.ones(len(names), bool),
        **{part: np.array([crop.seen[i] > 0 for crop in crops]) for i, part in enumerate(PARTS)},
    }
    result = {}
    for cue in CUES:
        both = seen[cue][first] & seen[cue][second]
        unit = torch.cat(rows[cue]).numpy()
        cosines = (unit[first] * unit[second]).sum(1)[both]
        same = (names[first] == names[second])[both]
        result[cue] = round(equal_error_rate(cosines[same], cosines[~same]), 4)
    return result
