"""How well embedders tell people apart, side by side: real footage, and across shots.

    python -m bench.embeddings EMBEDDER... [--real DIR] [--json FILE]

EMBEDDER is what `--embedder` takes: colour, mobilenetv2, bundled, a path. Two measures: true boxes
of ADL-Rundle-6, where pairs of one person lie at least 2 s apart, and the labelled boxes of the
generated clips, pairs from different shots of one clip, split by what both show. EER: where as
many pairs of one person fall below the threshold as pairs of two people above it.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

from bench.error_rate import equal_error_rate
from bench.labelled import real_pictures
from bench.mot import read_sequence
from identity.appearance.embedder import PartsEmbedder
from identity.appearance.faces.open_faces import open_faces
from identity.appearance.looks import LooksReader, colour_bodies, hidden_share
from identity.appearance.open_embedder import open_embedder
from identity.appearance.reid_specs import KNOWN_REID
from identity.evidence.calibration import calibration_for
from identity.evidence.same_look import same_look
from identity.settings import LooksSettings
from scenes.frames import FrameBatch
from tracker.detections import Detections
from tracker.known_weights import BUNDLED, resolve_weights

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from identity.appearance.embedder import Embedder

    Crop = NDArray[np.uint8]

_STEP_FRAMES = 10
_APART_S = 2.0
_MIN_HEIGHT_PX = 40
# A box that somebody in front covers by more than this shows two people, and the truth names one.
_MOST_COVERED = 0.3
_VIEWS = ("closeup", "half", "full", "back")
_MIN_PAIRS = 10


def ranking(
    similarity: NDArray[np.float32], person: NDArray[np.int64], far: NDArray[np.bool_]
) -> tuple[float, float]:
    """Return rank-1 and mean average precision of asking with each crop for its person.

    Args:
        similarity: (N, N).
        person: (N,) who.
        far: (N, N) whether two crops lie far enough apart to count as an answer.
    """
    first, average = [], []
    for query in range(len(person)):
        same = person == person[query]
        gallery = np.flatnonzero(far[query] | ~same)
        hits = same[gallery][np.argsort(-similarity[query, gallery], kind="stable")]
        if hits.any():
            places = np.flatnonzero(hits)
            first.append(hits[0])
            average.append(np.mean(np.arange(1, len(places) + 1) / (places + 1)))
    return float(np.mean(first)), float(np.mean(average))


@dataclass
class Boxed:
    """Boxes with the pictures they lie in: who compares them may want either.

    Attributes:
        pictures: (H, W, 3) RGB and the (N, 4) boxes in it, each.
        crops: What is inside the boxes, picture by picture.
    """

    pictures: list[tuple[NDArray[np.uint8], NDArray[np.float32]]] = field(default_factory=list)
    crops: list[Crop] = field(default_factory=list)

    def add(self, rgb: NDArray[np.uint8], boxes: NDArray[np.float32]) -> None:
        """Add the boxes of one picture."""
        if len(boxes):
            self.pictures.append((rgb, boxes))
            self.crops += [_crop(rgb, box) for box in boxes]


class Street:
    """True boxes of ADL-Rundle-6 that stand free, every tenth frame.

    Attributes:
        boxed: The boxes.
        person, frame: (N,) whose, and in which frame.
        far: (N, N) whether two lie far enough apart in time to count as one person's pair.
    """

    def __init__(self, real: Path) -> None:
        sequence = read_sequence(real / "sequences" / "ADL-Rundle-6")
        truth, self.boxed, rows = sequence.truth, Boxed(), []
        capture = cv2.VideoCapture(str(sequence.video))
        for frame in range(sequence.frame_count):
            if not capture.grab() or frame % _STEP_FRAMES:
                continue
            picture = capture.retrieve()[1][..., ::-1]
            here = np.flatnonzero(truth.frame == frame)
            free = hidden_share(truth.xyxy[here]) <= _MOST_COVERED
            chosen = [row for row in here[free] if _is_large(_crop(picture, truth.xyxy[row]).shape)]
            self.boxed.add(picture, truth.xyxy[chosen])
            rows += chosen
        capture.release()
        self.person, self.frame = truth.track[rows], truth.frame[rows]
        gap = np.abs(self.frame[:, None] - self.frame[None])
        self.far = gap >= _APART_S * sequence.fps

    def error_rate(self, similarity: Any) -> float:
        """Return the equal error rate of what maps `Boxed` to (N, N)."""
        return self.rate_of(similarity(self.boxed))

    def rate_of(self, table: NDArray[np.float32]) -> float:
        """Return the equal error rate of an (N, N) similarity."""
        same = self.person[:, None] == self.person[None]
        upper = np.triu(np.ones_like(same), 1)
        return equal_error_rate(table[upper & same & self.far], table[upper & ~same])


class Bench:
    """The boxes of both measures, read once for all embedders."""

    def __init__(self, real: Path) -> None:
        self.street = Street(real)
        self.shots = Boxed()
        self.facts: list[dict[str, Any]] = []
        for picture in real_pictures(real):
            # Somebody seen once has no pair; a drawn look that is another's says nothing.
            chosen = [
                number
                for number, fact in enumerate(picture.facts)
                if fact["who"] != "x" and "look" not in fact and fact.get("view") in _VIEWS
            ]
            self.shots.add(picture.rgb, picture.boxes[chosen])
            self.facts += [{**picture.facts[k], "clip": picture.clip} for k in chosen]

    def row(self, name: str, similarity: Any, crops_ms: float) -> dict[str, Any]:
        """Return the figures of one way to compare; `similarity` maps N boxes to (N, N)."""
        street = similarity(self.street.boxed)
        rank1, mean_ap = ranking(street, self.street.person, self.street.far)
        result: dict[str, Any] = {
            "embedder": name,
            "ms": crops_ms,
            "street_eer": self.street.rate_of(street),
            "street_rank1": rank1,
            "street_map": mean_ap,
            "street_crops": len(self.street.boxed.crops),
        }
        pairs: dict[str, tuple[list[float], list[float]]] = {}
        table = similarity(self.shots)
        for a, b in combinations(range(len(self.facts)), 2):
            one, two = self.facts[a], self.facts[b]
            if one["clip"] != two["clip"] or one["shot"] == two["shot"]:
                continue
            views = sorted((one["view"], two["view"]), key=_VIEWS.index)
            for key in ("all", "-".join(views)):
                kinds = pairs.setdefault(key, ([], []))
                kinds[one["who"] != two["who"]].append(float(table[a, b]))
        result["shots"] = {
            key: {
                "eer": equal_error_rate(np.array(yes, "f4"), np.array(no, "f4")),
                "same": len(yes),
                "different": len(no),
            }
            for key, (yes, no) in sorted(pairs.items())
            if min(len(yes), len(no)) >= _MIN_PAIRS
        }
        return result


def _is_large(shape: tuple[int, ...]) -> bool:
    return shape[0] >= _MIN_HEIGHT_PX and shape[1] >= _MIN_HEIGHT_PX // 4


def _crop(picture: NDArray[np.uint8], box: NDArray[np.float32]) -> Crop:
    height, width = picture.shape[:2]
    x1, y1 = np.clip(np.round(box[:2]).astype(int), 0, [width - 1, height - 1])
    x2, y2 = np.round(box[2:]).astype(int)
    return np.ascontiguousarray(picture[y1 : max(y2, y1 + 1), x1 : max(x2, x1 + 1)])


def body_similarity(embed: Any) -> Any:
    """Return what maps boxes to (N, N) cosines."""

    def similarity(seen: Boxed) -> NDArray[np.float32]:
        vectors = embed(seen.crops)
        return np.asarray(vectors @ vectors.T, np.float32)

    return similarity


def parts_similarity(embedder: PartsEmbedder) -> Any:
    """Return what maps boxes to the mean cosine of body and parts, weighed by visibility."""

    def similarity(seen: Boxed) -> NDArray[np.float32]:
        cues = embedder.read_cues(seen.crops)
        total = cues.body @ cues.body.T
        weight = np.ones_like(total)
        for part in range(cues.parts.shape[1]):
            both = np.outer(cues.visibility[:, part], cues.visibility[:, part])
            total += both * (cues.parts[:, part] @ cues.parts[:, part].T)
            weight += both
        return np.asarray(total / weight, np.float32)

    return similarity


def cast_similarity(embedder: Embedder | None, name: str) -> Any:
    """Return what maps boxes to the (N, N) log-odds by which castcheck groups its cast.

    Network, parts and colours on their scales, each where it can be seen; what
    `identity.appearance.looks` would not judge says nothing. Place and set-up are left out.
    """
    faces = open_faces(BUNDLED)
    reader = LooksReader(embedder, LooksSettings(), fps=1.0, faces=faces)
    calibration = calibration_for(name)

    def similarity(seen: Boxed) -> NDArray[np.float32]:
        means, shape = [], []
        for rgb, boxes in seen.pictures:
            height_px, width_px = rgb.shape[:2]
            inside = np.clip(boxes, 0, [width_px, height_px] * 2).astype(np.float32)
            count = len(boxes)
            found = Detections(
                np.zeros(count, np.int64), inside, np.ones(count, np.float32),
                np.zeros(count, np.int32),
            )  # fmt: skip
            batch = FrameBatch(index=np.zeros(1, np.int64), time_s=(Fraction(0),), rgb=rgb[None])
            looks = reader.read(batch, found)
            for row in range(count):
                chosen = looks.take(np.array([row]))
                means.append(
                    {cue: chosen.vectors[cue][0].astype(np.float32) for cue in looks.vectors
                     if len(chosen.seen(cue))}
                )  # fmt: skip
            size = np.maximum(inside[:, 2:] - inside[:, :2], 1)
            shape += np.log(size[:, 1] / size[:, 0]).tolist()
        gap = np.abs(np.subtract.outer(shape, shape))
        odds = same_look(means, means, calibration, view_gap=gap)
        return np.asarray(np.nan_to_num(odds), np.float32)

    return similarity


def ms_per_crop(embed: Any, crops: Sequence[Crop]) -> float:
    """Return the least of five times over 32 crops: other work on the machine only ever adds."""
    chosen = list(crops[:32])
    embed(chosen)
    spent = []
    for _ in range(5):
        started = time.perf_counter()
        embed(chosen)
        spent.append((time.perf_counter() - started) / len(chosen))
    return 1000 * min(spent)


def weights_of(spec: str) -> tuple[int, int]:
    """Return (parameters, bytes) of the file behind `spec`; 0 for colour."""
    if spec == "colour":
        return 0, 0
    path = resolve_weights(spec, suffixes=(".onnx", ".safetensors"), known=KNOWN_REID)
    if path.suffix == ".onnx":
        import onnx

        sizes = [int(np.prod(t.dims)) for t in onnx.load(str(path)).graph.initializer]
    elif path.suffix == ".safetensors":
        from safetensors.torch import load_file

        sizes = [rows.numel() for rows in load_file(path).values()]
    else:
        import torch

        sizes = [rows.numel() for rows in torch.load(path, weights_only=True).values()]
    return sum(sizes), path.stat().st_size


def main() -> None:
    """Print both tables as Markdown."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("embedders", nargs="+")
    parser.add_argument("--real", type=Path, default=Path("../shared/real"))
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    if not given.real.is_dir():
        print(f"{given.real} is not there: nothing to measure with, skipped")
        return
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})  # one core, whatever the engine
    bench, table = Bench(given.real), []
    for spec in given.embedders:
        embedder: Embedder | None = open_embedder(spec)
        if embedder is None:
            embed: Any = colour_bodies
        else:
            embed = embedder.embed
        name = spec if embedder is None else embedder.name
        spent_ms = ms_per_crop(embed, bench.street.boxed.crops)
        rows = [bench.row(name, body_similarity(embed), spent_ms)]
        if isinstance(embedder, PartsEmbedder):
            rows.append(bench.row(f"{name}, with parts", parts_similarity(embedder), spent_ms))
            as_cast = cast_similarity(embedder, name)
            rows.append(bench.row(f"{name}, with parts and colours", as_cast, spent_ms))
        for row in rows:
            row["parameters"], row["bytes"] = weights_of(spec)
        table += rows
    _show(table)
    if given.json:
        given.json.parent.mkdir(parents=True, exist_ok=True)
        given.json.write_text(json.dumps(table, indent=1) + "\n", encoding="utf-8")


def _show(table: list[dict[str, Any]]) -> None:
    print(
        "| embedder | parameters | MB | ms a crop | street EER | rank-1 | mAP | across shots EER |"
    )
    print("|---|---:|---:|---:|---:|---:|---:|---:|")
    for row in table:
        print(
            f"| {row['embedder']} | {row['parameters'] / 1e6:.2f} M | {row['bytes'] / 1e6:.1f} "
            f"| {row['ms']:.1f} | {row['street_eer']:.1%} | {row['street_rank1']:.1%} "
            f"| {row['street_map']:.1%} | {row['shots']['all']['eer']:.1%} |"
        )
    print()
    keys = list(table[0]["shots"])
    print(
        "| both show | pairs same / different | " + " | ".join(r["embedder"] for r in table) + " |"
    )
    print("|---|---|" + "---:|" * len(table))
    for key in keys:
        first = table[0]["shots"][key]
        cells = " | ".join(f"{row['shots'][key]['eer']:.0%}" for row in table)
        print(f"| {key} | {first['same']} / {first['different']} | {cells} |")


if __name__ == "__main__":
    main()
