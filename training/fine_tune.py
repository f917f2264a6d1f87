"""Teaches the bundled detector film and heads, from where it is, with labels that have gaps.

The engine's trainer takes whatever has no box for background. Labels that a detector made are not
like that: what it doubts must not be learnt as anything, and where a head has not been found there
may still be one. So this is a loop of its own, with the engine's loss, from which those places are
left out class by class.
"""

from __future__ import annotations

import json
import math
import time
from copy import deepcopy
from dataclasses import dataclass
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
import torch

from tracker.bundled import load_bundled, save_bundled
from tracker.engine import engine_kept_quiet
from training.detector import FROZEN_BLOCKS
from training.export import sha256_of
from training.film_boxes import ALL, CHARACTER, CREATURE, HEAD, NAMES
from training.touching import touching

with engine_kept_quiet():
    from ultralytics.nn.tasks import DetectionModel
    from ultralytics.utils.loss import v8DetectionLoss
    from ultralytics.utils.tal import make_anchors

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from training.touching import Figure

    Image = NDArray[np.uint8]

_PADDING = 114
_NEW_CREATURE, _NEW_HEAD_ODDS = -1.0, -5.0
_MIN_SIDE_PX, _OPEN_SIDE_PX = 8.0, 3.0
_MIN_LEFT = 0.25  # of a box after the picture was cut
_FACTS = {"name": "castcheck-detector", "imgsz": "384"}
_GAINS = {"box": 7.5, "cls": 0.5, "dfl": 1.5}


@dataclass
class Sample:
    """A picture, read when it is needed.

    Attributes:
        path: Where it lies.
        boxes: (N, 5) x1, y1, x2, y2, class; px.
        left_out: (M, 5) the same; class -1 = of no class anything is learnt there.
    """

    path: Path
    boxes: NDArray[np.float32]
    left_out: NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Plan:
    """How it is trained.

    Attributes:
        minutes: By the clock.
        size_px: (width, height) of what the network sees, multiples of 32.
        batch: Pictures a step.
        rate: Highest learning rate; of the rows that say what something is ten times as much.
        composed: Share of the pictures that are put together.
        threads: Of the CPU.
        device: cpu, or cuda.
        seed: Of order and variation.
        keep_every: Steps between two checkpoints.
    """

    minutes: float
    size_px: tuple[int, int] = (416, 288)
    batch: int = 8
    rate: float = 4e-4
    composed: float = 0.35
    threads: int = 1
    device: str = "cpu"
    seed: int = 0
    keep_every: int = 100


def read_samples(folder: Path, *, held_out: bool) -> list[Sample]:
    """Return the pictures of `training.film_boxes` that are kept back, or all others."""
    found = []
    for line in (folder / "index.jsonl").read_text().splitlines():
        row = json.loads(line)
        if row["held_out"] == held_out:
            found.append(
                Sample(folder / row["file"], _table(row["boxes"]), _table(row["left_out"]))
            )
    return found


def still_samples(folder: Path) -> list[Sample]:
    """Return the studio's stills, with the heads in view."""
    found = []
    for done in sorted(folder.glob("g*/.done")):
        for line in map(json.loads, filter(None, done.read_text().splitlines())):
            boxes: list[Any] = []
            left_out: list[Any] = []
            for person in line["people"]:
                boxes.append([*person["box"], CHARACTER])
                head = person["head"]
                if head is None:
                    continue
                # The index does not say whose head is hidden: doubted unless all is seen.
                (boxes if person["visible"] >= 0.85 else left_out).append([*head, HEAD])
            found.append(Sample(folder / line["file"], _table(boxes), _table(left_out)))
    return found


def with_heads(bundled: Path) -> DetectionModel:
    """Return the network of a file with classes character, creature and head.

    One that has them keeps them. Of one that knows characters alone everything stays as it says;
    a creature begins as a character it is less sure of, a head as nothing at all.
    """
    old = load_bundled(bundled)
    if len(old.names) == len(NAMES):
        return old
    table = {**old.yaml, "nc": len(NAMES)}
    model = DetectionModel(deepcopy(table), ch=3, nc=len(NAMES), verbose=False)
    state = model.state_dict()
    chance = torch.Generator().manual_seed(0)  # the same each time: networks are mixed
    for key, rows in old.state_dict().items():
        if state[key].shape == rows.shape:
            state[key] = rows
            continue
        state[key][CHARACTER] = rows[0]
        state[key][CREATURE] = rows[0] + (_NEW_CREATURE if rows.ndim == 1 else 0)
        if rows.ndim == 1:
            state[key][HEAD] = _NEW_HEAD_ODDS
        else:
            state[key][HEAD] = 0.01 * torch.randn(rows[0].shape, generator=chance)
    model.load_state_dict(state)
    model.names = dict(enumerate(NAMES))
    return model


def write_between(one: Path, two: Path, share: float, output: Path) -> str:
    """Write the network that lies `share` of the way from one to another; return its sha256.

    Between a network and what it became on new pictures one often lies that does better on both
    (Wortsman et al. 2022, https://arxiv.org/abs/2109.01903).
    """
    first, second = with_heads(one).state_dict(), with_heads(two).state_dict()
    mean = {
        key: torch.lerp(first[key].float(), rows.float(), share)
        if rows.is_floating_point()
        else rows
        for key, rows in second.items()
    }
    network = with_heads(two)
    network.load_state_dict(mean)
    save_bundled(network, output, _FACTS)
    return sha256_of(output)


class GappedLoss(v8DetectionLoss):  # type: ignore[misc]
    """The engine's loss without the places where nobody knows what is there."""

    def __init__(self, model: Any) -> None:
        super().__init__(model)
        self._plain: Any = self.bce
        self._weight: torch.Tensor | None = None
        self.bce: Any = self._gapped

    def _gapped(self, said: torch.Tensor, wanted: torch.Tensor) -> torch.Tensor:
        loss: torch.Tensor = self._plain(said, wanted)
        if self._weight is None:
            return loss
        return torch.where(wanted > 0, loss, loss * self._weight)

    def of(self, preds: Any, batch: dict[str, Any]) -> torch.Tensor:
        """Return the sum of the loss of a batch; `left_out` holds (M, 6) rows with the picture."""
        preds = self.parse_output(preds)
        points, stride = make_anchors(preds["feats"], self.stride, 0.5)
        places = points * stride
        weight = torch.ones_like(preds["scores"]).permute(0, 2, 1).contiguous()
        for picture, x1, y1, x2, y2, kind in batch["left_out"].tolist():
            inside = (
                (places[:, 0] >= x1) & (places[:, 0] <= x2)
                & (places[:, 1] >= y1) & (places[:, 1] <= y2)
            )  # fmt: skip
            if kind == ALL:
                weight[int(picture), inside] = 0
            else:
                weight[int(picture), inside, int(kind)] = 0
        self._weight = weight
        loss: torch.Tensor = self.loss(preds, batch)[0].sum()
        return loss


def varied(
    bgr: Image,
    boxes: NDArray[np.float32],
    left_out: NDArray[np.float32],
    size_px: tuple[int, int],
    rng: np.random.Generator | None,
) -> tuple[Image, NDArray[np.float32], NDArray[np.float32]]:
    """Return a picture cut and scaled to a size, in other colours, with its boxes.

    Without `rng` it is only fitted into the size. What is cut to less than a quarter, or gets too
    small to be learnt, stays open.
    """
    width, height = size_px
    tall, wide = bgr.shape[:2]
    fit = min(width / wide, height / tall)
    scale, mirrored = fit, False
    left, top = (width - scale * wide) / 2, (height - scale * tall) / 2
    if rng is not None:
        scale = fit * float(np.exp(rng.uniform(np.log(0.6), np.log(1.7))))
        left = float(rng.uniform(*sorted((0.0, width - scale * wide))))
        top = float(rng.uniform(*sorted((0.0, height - scale * tall))))
        mirrored = rng.random() < 0.5
    matrix = np.array([[scale, 0, left], [0, scale, top]], np.float32)
    if mirrored:
        matrix = np.array([[-scale, 0, width - left], [0, scale, top]], np.float32)
    if scale < 0.7:
        bgr = np.asarray(cv2.GaussianBlur(bgr, (0, 0), 0.35 / scale), np.uint8)
    out = cv2.warpAffine(
        bgr, matrix, (width, height), flags=cv2.INTER_LINEAR, borderValue=(_PADDING,) * 3
    )
    if rng is not None:
        out = _recoloured(np.asarray(out, np.uint8), rng)
    kept: list[Any] = []
    opened: list[Any] = []
    for rows, wanted in ((boxes, True), (left_out, False)):
        for x1, y1, x2, y2, kind in rows.tolist():
            xs = sorted((matrix[0, 0] * x1 + matrix[0, 2], matrix[0, 0] * x2 + matrix[0, 2]))
            ys = (scale * y1 + top, scale * y2 + top)
            cut = [max(xs[0], 0), max(ys[0], 0), min(xs[1], width), min(ys[1], height)]
            w, h = cut[2] - cut[0], cut[3] - cut[1]
            if w <= _OPEN_SIDE_PX or h <= _OPEN_SIDE_PX:
                continue
            whole = max((xs[1] - xs[0]) * (ys[1] - ys[0]), 1e-6)
            good = wanted and w * h >= _MIN_LEFT * whole and min(w, h) >= _MIN_SIDE_PX
            (kept if good else opened).append([*cut, kind])
    return np.asarray(out, np.uint8), _table(kept), _table(opened)


def _recoloured(bgr: Image, rng: np.random.Generator) -> Image:
    hsv = cv2.cvtColor(bgr, cv2.COLOR_BGR2HSV).astype(np.float32)
    hsv[..., 0] = (hsv[..., 0] + float(rng.uniform(-5, 5))) % 180
    hsv[..., 1:] *= 1 + rng.uniform([-0.5, -0.4], [0.5, 0.4])
    out = cv2.cvtColor(np.clip(hsv, 0, [179, 255, 255]).astype(np.uint8), cv2.COLOR_HSV2BGR)
    if rng.random() < 0.06:
        out = cv2.cvtColor(cv2.cvtColor(out, cv2.COLOR_BGR2GRAY), cv2.COLOR_GRAY2BGR)
    if rng.random() < 0.15:
        out = cv2.GaussianBlur(out, (0, 0), float(rng.uniform(0.5, 1.5)))
    return np.asarray(out, np.uint8)


class FineTuning:
    """One run.

    Args:
        model: Of `with_heads`; trained in place.
        samples: Pictures with boxes.
        figures: Whom pictures are put together of.
        backdrops: Before which.
        work: Where checkpoints and the log go.
        plan: How.
    """

    def __init__(
        self, model: DetectionModel, samples: Sequence[Sample], figures: Sequence[Figure],
        backdrops: Sequence[Image], work: Path, plan: Plan,
    ) -> None:  # fmt: skip
        torch.set_num_threads(plan.threads)
        torch.manual_seed(plan.seed)
        self._plan, self._work = plan, work
        self._samples, self._figures, self._backdrops = samples, figures, backdrops
        self._rng = np.random.default_rng(plan.seed)
        self._queue: list[int] = []
        self._model = model.to(plan.device, memory_format=torch.channels_last)
        self._model.args = SimpleNamespace(**_GAINS)
        frozen = tuple(f"model.0.m.{block}." for block in range(FROZEN_BLOCKS))
        self._frozen = [
            layer for name, layer in model.named_modules()
            if isinstance(layer, torch.nn.BatchNorm2d) and name.startswith(frozen)
        ]  # fmt: skip
        fast: list[Any] = []
        slow: list[Any] = []
        bare: list[Any] = []
        for name, weights in model.named_parameters():
            weights.requires_grad_(not (name.startswith(frozen) or ".dfl." in name))
            if not weights.requires_grad:
                continue
            is_last = ".cv3." in name and name.split(".")[-2] == "2"
            (fast if is_last else bare if weights.ndim < 2 else slow).append(weights)
        self._optimizer = torch.optim.AdamW([
            {"params": fast, "weight_decay": 0.0, "factor": 10.0},
            {"params": slow, "weight_decay": 5e-4, "factor": 1.0},
            {"params": bare, "weight_decay": 0.0, "factor": 1.0},
        ], lr=plan.rate)  # fmt: skip
        self._mean = deepcopy(model).eval()
        self._loss = GappedLoss(self._model)

    def run(self) -> Path:
        """Train until the time is up; return the last checkpoint."""
        plan, started, step = self._plan, time.monotonic(), 0
        self._work.mkdir(parents=True, exist_ok=True)
        losses: list[float] = []
        while True:
            share = (time.monotonic() - started) / (60 * plan.minutes)
            if share >= 1:
                break
            rate = (
                plan.rate
                * min(1, (step + 1) / 40)
                * max(0.02, 0.5 + 0.5 * math.cos(math.pi * share))
            )
            for group in self._optimizer.param_groups:
                group["lr"] = rate * group["factor"]
            losses.append(self._step())
            step += 1
            self._average(min(0.995, (1 + step) / (10 + step)))
            if step % 20 == 0:
                line = {"step": step, "share": round(share, 4),
                        "loss": float(np.mean(losses[-20:])),
                        "minutes": round((time.monotonic() - started) / 60, 2)}  # fmt: skip
                with (self._work / "log.jsonl").open("a") as file:
                    file.write(json.dumps(line) + "\n")
            if step % plan.keep_every == 0:
                self._keep(step)
        return self._keep(step)

    def _step(self) -> float:
        self._model.train()
        for layer in self._frozen:
            layer.eval()
        pictures, batch = self._next_batch()
        device = self._plan.device
        tensor = torch.from_numpy(pictures).to(device).permute(0, 3, 1, 2).float() / 255
        with torch.autocast(
            device.partition(":")[0], dtype=torch.bfloat16, enabled=device != "cpu"
        ):
            preds = self._model(tensor)
        loss = self._loss.of(_as_float(preds), batch) / len(pictures)
        self._optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(
            [p for g in self._optimizer.param_groups for p in g["params"]], 10.0
        )
        self._optimizer.step()
        return float(loss.detach())

    def _next_batch(self) -> tuple[NDArray[np.uint8], dict[str, Any]]:
        width, height = self._plan.size_px
        pictures, rows, left_out = [], [], []
        for number in range(self._plan.batch):
            bgr, boxes, opened = self._next_picture()
            pictures.append(bgr[..., ::-1])
            for x1, y1, x2, y2, kind in boxes.tolist():
                rows.append([number, kind, (x1 + x2) / 2 / width, (y1 + y2) / 2 / height,
                             (x2 - x1) / width, (y2 - y1) / height])  # fmt: skip
            left_out += [[number, *row] for row in opened.tolist()]
        table = torch.tensor(rows, dtype=torch.float32).reshape(-1, 6)
        return np.ascontiguousarray(np.stack(pictures)), {
            "batch_idx": table[:, 0], "cls": table[:, 1], "bboxes": table[:, 2:],
            "left_out": torch.tensor(left_out, dtype=torch.float32).reshape(-1, 6),
        }  # fmt: skip

    def _next_picture(self) -> tuple[Image, NDArray[np.float32], NDArray[np.float32]]:
        rng = self._rng
        if self._figures and self._backdrops and rng.random() < self._plan.composed:
            bgr, boxes, opened = touching(self._figures, self._backdrops, rng)
            return varied(bgr, _table(boxes), _table(opened), self._plan.size_px, rng)
        if not self._queue:
            self._queue = list(rng.permutation(len(self._samples)))
        sample = self._samples[self._queue.pop()]
        bgr = np.asarray(cv2.imread(str(sample.path), cv2.IMREAD_COLOR), np.uint8)
        return varied(bgr, sample.boxes, sample.left_out, self._plan.size_px, rng)

    @torch.no_grad()
    def _average(self, decay: float) -> None:
        now = self._model.state_dict()
        for key, rows in self._mean.state_dict().items():
            if rows.is_floating_point():
                rows.lerp_(now[key].detach(), 1 - decay)
            else:
                rows.copy_(now[key])

    def _keep(self, step: int) -> Path:
        path = self._work / f"step{step:05d}.safetensors"
        save_bundled(self._mean, path, _FACTS)
        return path


def _as_float(value: Any) -> Any:
    if isinstance(value, torch.Tensor):
        return value.float()
    if isinstance(value, dict):
        return {key: _as_float(one) for key, one in value.items()}
    return [_as_float(one) for one in value] if isinstance(value, list | tuple) else value


def _table(rows: Any) -> NDArray[np.float32]:
    return np.array(rows, np.float32).reshape(-1, 5)
