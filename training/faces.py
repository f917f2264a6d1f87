"""Trains the two bundled networks for faces to say what two larger ones say.

`FacePoints` learns from YuNet where eyes, nose and mouth are, and whether there is a face;
`FaceLook` learns from SFace what it looks like: the direction of its feature, the cosines within a
batch (Park et al. 2019, "Relational Knowledge Distillation", https://arxiv.org/abs/1904.05068), and
what each place of the face adds. The teachers see a face as it is, the pupils a worse picture.
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

from bench.error_rate import area_under_curve, equal_error_rate
from identity.appearance.faces.align import (
    HEAD_SCALE,
    TEMPLATE_PX,
    face_transform,
    near_transform,
    turned,
)
from identity.appearance.faces.network import FaceLook, FacePoints
from identity.appearance.faces.sizes import POINTS_PX
from training.faces_data import (
    FACE_SURE,
    KEPT_PX,
    KEPT_SIDE,
    SFACE,
    YUNET,
    PointTeacher,
    gather,
    load_heads,
    save_heads,
)
from training.faces_mixed import (
    WIDE_PX,
    Crowd,
    LookTeacher,
    wide_faces,
    write_mixed,
    write_mixed_points,
    write_shard,
)
from training.faces_views import face_view, head_view

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from numpy.typing import NDArray

    from training.faces_data import Heads

    Image = NDArray[np.uint8]
    Floats = NDArray[np.float32]

POINTS_RUN, LOOK_RUN = "points", "look"
EYES_PX = 35.2  # between the eyes of the template
_NO_FACE = 0.45  # scored lower by YuNet there is none; in between it is one by a share
_EMA = 0.998
_MIXED_POINTS = 0.4  # of a batch are mixtures, always shown as when looked at again
_DRAWN_ODDS = 2.5
_NEAR = 0.5  # of the heads with a face, shown as when they are looked at again
_LOG_EVERY, _SAVE_EVERY, _MEASURE_EVERY = 50, 250, 1000
_REAL = 0.15  # of a batch; the rest are mixtures
_FIRST_OF_ALL = 5000  # number of the first file of mixtures that show sources kept back too
_NEWEST_SHARDS = 80  # in memory at once: 15 GB with 200
_RELATION, _PARTS, _TRUST = 5.0, 0.4, 1.0  # weights of the losses beside the direction's
_NEAR_S = 12  # frames; faces of one track nearer in time are no pair
_MOST_LR = {POINTS_RUN: 2e-3, LOOK_RUN: 2e-3}


@dataclass(frozen=True, slots=True)
class Plan:
    """How long and how hard to train.

    Attributes:
        minutes: Wall-clock time of both networks, earlier parts of a resumed run included.
        points_share: Of the minutes, for the points.
        mixed: Mixtures that are made before the look is learnt; a thousand a file.
        batch: Faces in a step.
        threads: On a CPU.
        seed: Of what is drawn.
        keep_back: Whether the sources to choose by stay unseen. A run that is gone on with without
            learns from them too, when nothing is left to choose; its figures mean nothing then.
    """

    minutes: float = 60.0
    points_share: float = 0.15
    mixed: int = 40_000
    batch: int = 64
    threads: int = 1
    seed: int = 0
    keep_back: bool = True


def _moved(average: torch.Tensor, now: torch.Tensor, count: Any) -> torch.Tensor:
    """Return the running average a step on; at the beginning it forgets faster."""
    kept = min(_EMA, (1 + int(count)) / (10 + int(count)))
    return average + (1 - kept) * (now - average)


class Run:
    """Everything one network's training needs to go on: itself, its average, optimiser, clock.

    Args:
        name: Of its files in `work`.
        network: To train.
        work: For log and checkpoints; a checkpoint in it is gone on from.
        minutes: Wall-clock time of the whole run.
        plan: The rest.
    """

    def __init__(
        self, name: str, network: nn.Module, work: Path, *, minutes: float, plan: Plan
    ) -> None:
        torch.set_num_threads(plan.threads)
        cv2.setNumThreads(plan.threads)
        self.name, self.work, self.plan = name, work, plan
        self.network = network.to(memory_format=torch.channels_last)
        self.optimizer = torch.optim.AdamW(network.parameters(), lr=1e-3, weight_decay=0.02)
        self.average = torch.optim.swa_utils.AveragedModel(
            network,
            avg_fn=_moved,
            use_buffers=True,
        )
        self.total_s, self.step, self.spent_s = minutes * 60, 0, 0.0
        if (work / f"{name}.checkpoint.pt").exists():
            self._load()

    def train(
        self,
        losses_of: Callable[[np.random.Generator], dict[str, torch.Tensor]],
        measure: Callable[[nn.Module], dict[str, float]],
    ) -> dict[str, float]:
        """Train until the time is over; return what is measured of the averaged network.

        Args:
            losses_of: Draws a batch and returns its losses, of which the sum is made smaller.
            measure: What a network does on sources kept back.
        """
        rng = np.random.default_rng([self.plan.seed, self.step])
        started = time.monotonic() - self.spent_s
        while self.spent_s < self.total_s:
            self._set_rate(self.spent_s / self.total_s)
            self.network.train()
            losses = losses_of(rng)
            self.optimizer.zero_grad(set_to_none=True)
            torch.stack(list(losses.values())).sum().backward()  # type: ignore[no-untyped-call]
            nn.utils.clip_grad_norm_(self.network.parameters(), 5.0)
            self.optimizer.step()
            self.average.update_parameters(self.network)
            self.step += 1
            self.spent_s = time.monotonic() - started
            if self.step % _LOG_EVERY == 0:
                self._log({name: round(float(loss.detach()), 4) for name, loss in losses.items()})
            if self.step % _SAVE_EVERY == 0:
                self._save()
            if self.step % _MEASURE_EVERY == 0:
                self._log(measure(self.averaged()))
        self._save()
        figures = measure(self.averaged())
        self._log(figures)
        return figures

    def averaged(self) -> nn.Module:
        """Return the running average of the network, ready to be used."""
        module = self.average.module
        if not isinstance(module, nn.Module):
            raise TypeError("the average is of no network")
        return module.eval()

    def _set_rate(self, share: float) -> None:
        slope = 0.5 * (1 + float(np.cos(np.pi * min(share, 1.0)))) * min(1.0, (self.step + 1) / 100)
        for group in self.optimizer.param_groups:
            group["lr"] = _MOST_LR[self.name] * max(slope, 0.005)

    def _log(self, facts: dict[str, float]) -> None:
        line = {"step": self.step, "minutes": round(self.spent_s / 60, 2), **facts}
        with (self.work / f"{self.name}.jsonl").open("a") as log:
            log.write(json.dumps(line) + "\n")

    def _save(self) -> None:
        state = {
            "network": self.network.state_dict(), "average": self.average.state_dict(),
            "optimizer": self.optimizer.state_dict(), "step": self.step, "spent_s": self.spent_s,
        }  # fmt: skip
        weights = self.averaged().state_dict()
        for name, content in (("checkpoint.pt", state), ("pt", weights)):
            temporary = self.work / f"{self.name}.{name}.part"
            torch.save(content, temporary)
            temporary.replace(self.work / f"{self.name}.{name}")

    def _load(self) -> None:
        state = torch.load(self.work / f"{self.name}.checkpoint.pt", weights_only=True)
        self.network.load_state_dict(state["network"])
        self.average.load_state_dict(state["average"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.step, self.spent_s = int(state["step"]), float(state["spent_s"])


def as_input(views: list[Image] | Image) -> torch.Tensor:
    """Return (N, 3, H, W) in -1..1 of N views."""
    planes = torch.from_numpy(np.stack(list(views))).permute(0, 3, 1, 2).float()
    return ((planes - 127.5) / 127.5).contiguous(memory_format=torch.channels_last)


def learnt_from(heads: Heads, plan: Plan) -> NDArray[np.bool_]:
    """Return (N,) which heads a run learns from."""
    return ~heads.held_out if plan.keep_back else np.ones(len(heads), bool)


def train_points(heads: Heads, work: Path, plan: Plan) -> dict[str, float]:
    """Train `FacePoints`; return its figures on sources kept back."""
    minutes = plan.minutes * plan.points_share
    network = FacePoints()
    run = Run(POINTS_RUN, network, work, minutes=minutes, plan=plan)
    rows = np.flatnonzero(learnt_from(heads, plan))
    has = heads.score[rows] > _NO_FACE
    # Nearly as many heads without a face as with one; drawn faces are few, and of many shapes.
    odds = np.where(heads.is_drawn[rows], _DRAWN_ODDS, 1.0)
    odds = np.where(
        has, 0.6 * odds / max(odds[has].sum(), 1), 0.4 * odds / max(odds[~has].sum(), 1)
    )
    odds /= odds.sum()

    mixed, mixed_points = read_mixed_points(work / "looks")

    def losses_of(rng: np.random.Generator) -> dict[str, torch.Tensor]:
        made = round(_MIXED_POINTS * 2 * plan.batch) if len(mixed) else 0
        drawn = rng.choice(rows, 2 * plan.batch - made, p=odds)
        near = (heads.score[drawn] > _NO_FACE) & (rng.random(len(drawn)) < _NEAR)
        shown = [
            head_view(heads.pictures[i], heads.points[i], rng, near=bool(is_near))
            for i, is_near in zip(drawn, near, strict=True)
        ] + [
            head_view(mixed[i], mixed_points[i], rng, near=True)
            for i in rng.integers(0, max(len(mixed), 1), made)
        ]
        views, points = zip(*shown, strict=True)
        with torch.autocast("cpu", dtype=torch.bfloat16):
            out = network(as_input(list(views)))
        score = torch.from_numpy(np.append(heads.score[drawn], np.ones(made, np.float32)))
        wanted = ((score - _NO_FACE) / (FACE_SURE - _NO_FACE)).clamp(0, 1)
        target = torch.from_numpy(np.stack(points))
        far = functional.smooth_l1_loss(
            out.points.float(), target.nan_to_num(0.5), beta=0.02, reduction="none"
        )
        far = (far.mean(dim=(1, 2)) * wanted).sum() / wanted.sum().clamp(min=1)
        return {
            "points": 20 * far,
            "face": functional.binary_cross_entropy_with_logits(out.logit.float(), wanted),
        }

    return run.train(losses_of, lambda net: measure_points(net, heads))


def read_mixed_points(folder: Path) -> tuple[Image, Floats]:
    """Return (N, 140, 140, 3) mixtures in which YuNet sees a face, and their (N, 5, 2) points."""
    faces = [np.zeros((0, WIDE_PX, WIDE_PX, 3), np.uint8)]
    points = [np.zeros((0, 5, 2), np.float32)]
    for file in sorted(folder.glob("points????.npz")):
        with np.load(file) as said, np.load(file.with_name(f"mixed{file.stem[-4:]}.npz")) as made:
            seen = said["score"] >= FACE_SURE
            faces.append(made["faces"][seen])
            points.append(said["points"][seen])
    return np.concatenate(faces), np.concatenate(points)


def measure_points(network: nn.Module, heads: Heads) -> dict[str, float]:
    """Return errors in shares of the face's size, precision and recall of a face.

    The size is the distance between the eyes that a face turned to the camera has, as large as the
    one seen: from the side, eyes lie on each other.
    """
    rows = np.flatnonzero(heads.held_out)
    has = heads.score[rows] >= FACE_SURE
    wanted = heads.points[rows[has]]
    shares, logits = _found(
        network, [head_view(heads.pictures[i], heads.points[i])[0] for i in rows]
    )
    first = (shares[has] - 0.5) * (KEPT_PX * HEAD_SCALE / KEPT_SIDE) + (KEPT_PX - 1) / 2
    matrices = [near_transform(points, POINTS_PX) for points in first]
    near = [
        turned(heads.pictures[i], matrix, POINTS_PX)
        for i, matrix in zip(rows[has], matrices, strict=True)
    ]
    again = [
        (points * POINTS_PX - 0.5 - matrix[:, 2]) @ np.linalg.inv(matrix[:, :2]).T
        for points, matrix in zip(_found(network, near)[0], matrices, strict=True)
    ]
    eyes = np.array([EYES_PX / np.hypot(*face_transform(p, TEMPLATE_PX)[:, 0]) for p in wanted])
    figures = {}
    for name, found in (("first", first), ("again", np.stack(again))):
        error = np.linalg.norm(found - wanted, axis=2).mean(1) / eyes
        figures[f"error_{name}"] = float(np.median(error))
        figures[f"error_{name}_90"] = float(np.quantile(error, 0.9))
    says = logits > 0
    figures |= {"precision": float(has[says].mean()), "recall": float(says[has].mean())}
    return {name: round(value, 4) for name, value in figures.items()}


def _found(network: nn.Module, views: list[Image]) -> tuple[Floats, Floats]:
    """Return (N, 5, 2) points in shares of N views, and (N,) logits of a face."""
    found, logits = [], []
    with torch.inference_mode():
        for first in range(0, len(views), 64):
            out = network(as_input(views[first : first + 64]))
            found.append(out.points.numpy())
            logits.append(out.logit.numpy())
    return np.concatenate(found), np.concatenate(logits)


class Shards:
    """Faces with what the teacher says of them, some real and some mixed, from files.

    Args:
        folder: With `real.npz`, `held.npz` and `mixed*.npz`; new ones are taken in as they come.
        track: (N,) whose the heads are that the rows of `real.npz` count.
        keep_back: Whether those of `held.npz` are only measured by.
    """

    def __init__(self, folder: Path, track: NDArray[np.int64], *, keep_back: bool = True) -> None:
        self._folder = folder
        self._mixed: dict[Path, dict[str, Any]] = {}
        self.real = _read(folder / "real.npz")
        self.held = _read(folder / "held.npz")
        if not keep_back:
            self.real = {
                name: np.concatenate([rows, self.held[name]]) for name, rows in self.real.items()
            }
        self._people = track[self.real["row"]]
        self._names = np.unique(self._people)
        self.rescan()

    def rescan(self) -> None:
        """Take in what has been made since."""
        for file in sorted(self._folder.glob("mixed????.npz"))[-_NEWEST_SHARDS:]:
            if file not in self._mixed:
                self._mixed[file] = _read(file)

    def batch(self, rng: np.random.Generator, count: int) -> tuple[list[Image], Floats, Floats]:
        """Return roughened views, the looks (N, 128) and their parts (N, 25, 128)."""
        real = round(_REAL * count) if self._mixed else count
        chosen: list[tuple[dict[str, Any], int]] = []
        for name in rng.choice(self._names, -(-real // 2)):
            seen = np.flatnonzero(self._people == name)
            chosen += [(self.real, int(row)) for row in rng.choice(seen, 2)]
        files = list(self._mixed.values())
        for _ in range(count - len(chosen)):
            file = files[int(rng.integers(len(files)))]
            chosen.append((file, int(rng.integers(len(file["faces"])))))
        return (
            [face_view(file["faces"][row], rng) for file, row in chosen],
            np.stack([file["look"][row] for file, row in chosen]),
            np.stack([file["parts"][row] for file, row in chosen]).astype(np.float32),
        )


def _read(file: Path) -> dict[str, Any]:
    with np.load(file) as found:
        return {name: found[name] for name in found}


def train_look(heads: Heads, work: Path, plan: Plan) -> dict[str, float]:
    """Train `FaceLook`; return its figures on sources kept back."""
    network = FaceLook()
    minutes = plan.minutes * (1 - plan.points_share)
    run = Run(LOOK_RUN, network, work, minutes=minutes, plan=plan)
    shards = Shards(work / "looks", heads.track, keep_back=plan.keep_back)
    spread = torch.from_numpy(shards.real["parts"].astype(np.float32).var(0).mean(axis=-1))

    def losses_of(rng: np.random.Generator) -> dict[str, torch.Tensor]:
        if run.step % _SAVE_EVERY == 0:
            shards.rescan()
        views, looks, parts = shards.batch(rng, plan.batch)
        with torch.autocast("cpu", dtype=torch.bfloat16):
            maps = network.features(as_input(views))
            said = network.parts(maps)
            trust = network.trusted(maps)
        said, trust = said.float(), trust.float()
        unit = functional.normalize(said.sum(1) + network.look.bias, dim=1)
        target = torch.from_numpy(looks)
        cosine = (unit * target).sum(1)
        apart = ~torch.eye(len(unit), dtype=torch.bool)
        between = (unit @ unit.T - target @ target.T)[apart]
        wrong = (said - torch.from_numpy(parts)).square().mean(dim=2) / spread
        return {
            "direction": (1 - cosine).mean(),
            "relation": _RELATION * between.square().mean(),
            "parts": _PARTS * wrong.mean(),
            "trust": _TRUST * (trust - cosine.detach().clamp(0, 1)).square().mean(),
        }

    return run.train(losses_of, lambda net: measure_look(net, heads, shards.held))


def looks_of(network: nn.Module, views: list[Image] | Image) -> tuple[Floats, Floats]:
    """Return unit rows (N, 128) and how far to trust them (N,)."""
    looks, trust = [], []
    with torch.inference_mode():
        for first in range(0, len(views), 64):
            out = network(as_input(views[first : first + 64]))
            looks.append(functional.normalize(out.look, dim=1).numpy())
            trust.append(out.trust.numpy())
    return np.concatenate(looks), np.concatenate(trust)


def measure_look(network: nn.Module, heads: Heads, held: dict[str, Any]) -> dict[str, float]:
    """Return how alike pupil and teacher are on faces kept back, and how well both tell people."""
    half = len(held["row"]) // 2  # what follows are the same faces mirrored
    rows, target = held["row"][:half], held["look"][:half]
    views = [face_view(face) for face in held["faces"][:half]]
    looks, trust = looks_of(network, views)
    cosine = (looks * target).sum(1)
    first, second = np.triu_indices(half, 1)
    a, b = rows[first], rows[second]
    ours, theirs = looks[first] * looks[second], target[first] * target[second]
    ours, theirs = ours.sum(1), theirs.sum(1)
    track, clip, frame = heads.track, heads.clip, heads.frame
    same = (track[a] == track[b]) & (np.abs(frame[a] - frame[b]) >= _NEAR_S)
    together = (clip[a] == clip[b]) & (frame[a] == frame[b])
    figures = {
        "cosine": float(cosine.mean()),
        "cosine_10": float(np.quantile(cosine, 0.1)),
        "pairs_correlate": float(np.corrcoef(ours, theirs)[0, 1]),
        "trust_correlates": float(np.corrcoef(trust, cosine)[0, 1]),
    }
    for name, other in (("on_screen", together), ("elsewhere", clip[a] != clip[b])):
        for who, cosines in (("", ours), ("teacher_", theirs)):
            figures[f"{who}eer_{name}"] = equal_error_rate(cosines[same], cosines[other])
            figures[f"{who}auc_{name}"] = area_under_curve(cosines[same], cosines[other])
    return {name: round(float(value), 4) for name, value in figures.items()}


def train_faces(
    clips: Path, stills: Path | None, table: Path, teachers: Path, work: Path, plan: Plan,
    *, say: Callable[[str], None],
) -> dict[str, dict[str, float]]:  # fmt: skip
    """Gather heads, ask the teachers, train both networks; what is in `work` is gone on from.

    Args:
        clips: Folder of film.
        stills: Folder of pictures, from which only points are learnt; `None` = without.
        table: TSV that names files and their sources.
        teachers: Folder with the files of YuNet and SFace.
        work: For all that is made on the way.
        plan: How long and how hard.
        say: Takes a line about what is done.

    Returns:
        Figures on sources kept back, of "points" and "look".
    """
    work.mkdir(parents=True, exist_ok=True)
    if not (work / "heads" / "heads.npz").exists():
        save_heads(gather(clips, stills, table, teachers, say=say), work / "heads")
    heads = load_heads(work / "heads")
    ask_look_teacher(heads, teachers, work / "looks", plan, say=say)
    point_teacher = PointTeacher(teachers / YUNET)
    for file in sorted((work / "looks").glob("mixed????.npz")):
        if not file.with_name(file.name.replace("mixed", "points")).exists():
            say(str(write_mixed_points(file, point_teacher)))
    figures = {POINTS_RUN: train_points(heads, work, plan)}
    say(json.dumps(figures))
    figures[LOOK_RUN] = train_look(heads, work, plan)
    return figures


def ask_look_teacher(
    heads: Heads, teachers: Path, folder: Path, plan: Plan, *, say: Callable[[str], None]
) -> None:
    """Write faces, and mixtures of those learnt from, with what SFace says of them."""
    folder.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(plan.threads)
    cv2.setNumThreads(plan.threads)
    teacher = LookTeacher(teachers / SFACE)
    for name, held_out in (("real", False), ("held", True)):
        file = folder / f"{name}.npz"
        if not file.exists():
            rows = np.flatnonzero(heads.looked_at & (heads.held_out == held_out))
            faces = wide_faces(heads, rows)
            both = np.concatenate([faces, faces[:, :, ::-1]])
            write_shard(file, both, teacher, extra={"row": np.concatenate([rows, rows])})
    rows = np.flatnonzero(heads.looked_at & learnt_from(heads, plan))
    crowd = Crowd(wide_faces(heads, rows), heads.track[rows], heads.is_drawn[rows])
    first = 0 if plan.keep_back else _FIRST_OF_ALL
    for number in range(first, first - (-plan.mixed // 1024)):
        if not (folder / f"mixed{number:04d}.npz").exists():
            say(str(write_mixed(folder, crowd, teacher, number=number,
                                seed=plan.seed)))  # fmt: skip
