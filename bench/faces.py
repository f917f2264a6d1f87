"""Which heads show a face, and what cosines of faces mean: on any clips, without labels.

    python -m bench.faces CLIP... [--faces SPEC] [--cache DIR] [--json FILE]

Twice a second the heads of all tracks are read, the smallest and those from behind too. A track is
one person, half a second and more apart; two on screen at once are two. Of a clip at most 60 pairs
of each kind count, drawn by lot. The bars of `identity/appearance/cues/face.py` come from the first
two tables, the scale of the cue in `cues/table.py` from the fourth.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from bench.error_rate import area_under_curve
from bench.observed import observations
from castcheck.config import Config
from castcheck.models.load import load_models
from identity.appearance.cues.crops import Crops, crop_edges
from identity.appearance.cues.face import LEAST_FACING, LEAST_HEAD_PX, squares_of
from identity.appearance.faces.align import HEAD_SCALE
from identity.appearance.faces.squares import cut_squares
from scenes.source import open_source
from tracker.detections import Detections

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from castcheck.observe import Observations
    from identity.appearance.embedder import PartsEmbedder
    from identity.appearance.faces.face_reader import FaceReader

_PER_S = 2.0
_MOST_PAIRS = 60
_SIZES_PX = (8, 12, 16, 20, 24, 32, 48, 80, 10_000)
_FACING = (-2.0, -0.6, -0.4, -0.2, 0.0, 0.3, 0.6, 2.0)
_BATCH_FRAMES = 8


@dataclass(frozen=True, slots=True, eq=False)
class Head:
    """One head.

    Attributes:
        clip, track, frame: Where it is.
        size_px: Larger side of its box.
        facing: As `CrossCues.facing`.
        face: (D,) its vector; `None` = it shows none.
        turn: How the face is turned, as `Faces.turn`.
    """

    clip: str
    track: int
    frame: int
    size_px: float
    facing: float
    face: NDArray[np.float32] | None
    turn: tuple[float, float] = (0.0, 0.0)


def heads_of(
    clip: Path, seen: Observations, embedder: PartsEmbedder, faces: FaceReader
) -> Iterator[Head]:
    """Yield the heads of all tracks of a clip that are in view, twice a second."""
    step = max(1, round(seen.fps / _PER_S))
    wanted: dict[int, list[tuple[int, int]]] = {}
    for track, tracklet in enumerate(seen.tracklets):
        for row in np.flatnonzero(seen.looks[track].usable & (tracklet.frame % step == 0)).tolist():
            wanted.setdefault(int(tracklet.frame[row]), []).append((track, row))
    with open_source(clip) as source:
        for batch in source.batches(_BATCH_FRAMES):
            for frame, rgb in zip(batch.index.tolist(), batch.rgb, strict=True):
                who = wanted.get(frame, [])
                boxes = [seen.tracklets[track].xyxy[row] for track, row in who]
                if who:
                    yield from _heads_in(
                        clip.stem, frame, rgb, [track for track, _ in who], np.stack(boxes),
                        embedder, faces,
                    )  # fmt: skip


def _heads_in(
    clip: str, frame: int, rgb: NDArray[np.uint8], tracks: list[int], xyxy: NDArray[np.float32],
    embedder: PartsEmbedder, faces: FaceReader,
) -> Iterator[Head]:  # fmt: skip
    height, width = rgb.shape[:2]
    edges = crop_edges(xyxy, width_px=width, height_px=height).tolist()
    told = embedder.read_cues([rgb[top:bottom, left:right] for top, left, bottom, right in edges])
    count = len(tracks)
    found = Detections(
        np.full(count, frame), xyxy, np.ones(count, np.float32), np.zeros(count, np.int32)
    )
    crops = Crops(found, {}, range(count), width, height, told.body, told)
    chosen, squares = squares_of(crops, least_px=0.0, least_facing=-np.inf)
    read = faces.read(cut_squares([rgb] * len(chosen), squares))
    for place, square, known, vector, turn in zip(
        chosen.tolist(), squares.tolist(), *read, strict=True
    ):
        size_px, facing = square[2] / HEAD_SCALE, float(told.facing[place])
        face = vector if known else None
        aside, down = turn.tolist()
        yield Head(clip, tracks[place], frame, size_px, facing, face, (aside, down))


def shares(heads: Sequence[Head], values: Sequence[float], edges: Sequence[float]) -> list[Any]:
    """Return, per range of a value, how many heads there are and which share shows a face."""
    known = np.array([head.face is not None for head in heads], np.bool_)
    at = np.digitize(np.array(values), edges) - 1
    return [
        {"from": low, "to": high, "heads": int((at == k).sum()), "faces": _mean(known[at == k])}
        for k, (low, high) in enumerate(pairwise(edges))
    ]


def pairs(heads: Sequence[Head], *, seed: int = 0) -> tuple[NDArray[Any], NDArray[Any]]:
    """Return pairs of one person's faces, and of two people's, each from all clips.

    Returns:
        (N, 2) and (M, 2): cosine, and the distance between how both are turned.
    """
    rng = np.random.default_rng(seed)
    found: tuple[list[list[float]], list[list[float]]] = ([], [])
    for clip in dict.fromkeys(head.clip for head in heads):
        own = [head for head in heads if head.clip == clip and head.face is not None]
        kinds: tuple[list[list[float]], list[list[float]]] = ([], [])
        for k, one in enumerate(own):
            for two in own[:k]:
                kind = 0 if one.track == two.track else 1 if one.frame == two.frame else None
                if kind is not None:
                    cosine = float(np.dot(one.face, two.face))  # type: ignore[arg-type]
                    kinds[kind].append([cosine, float(np.hypot(*np.subtract(one.turn, two.turn)))])
        for place, kind_of in enumerate(kinds):
            drawn = rng.permutation(len(kind_of))[:_MOST_PAIRS]
            found[place].extend(kind_of[k] for k in drawn)
    one_person, two_people = (np.array(rows, np.float32).reshape(-1, 2) for rows in found)
    return one_person, two_people


def lost_by_turn(heads: Sequence[Head]) -> dict[str, float]:
    """Return by how much one person's cosine falls per unit of distance between two turns.

    By least squares; NaN where there are fewer than two pairs.
    """
    same, _ = pairs(heads)
    cosine, turned = same.T
    slope = float(np.polyfit(turned, cosine, 1)[0]) if len(set(turned.tolist())) > 1 else np.nan
    return {"one person": len(same), "median distance": _median(turned), "lost": -slope}


def figures_of(heads: Sequence[Head]) -> dict[str, Any]:
    """Return all that is printed."""
    asked = [h for h in heads if h.size_px >= LEAST_HEAD_PX and h.facing >= LEAST_FACING]
    by_size = [
        {"from": low, "to": high, **_compared([h for h in heads if low <= h.size_px < high])}
        for low, high in pairwise(_SIZES_PX)
    ]
    return {
        "sizes": shares(heads, [head.size_px for head in heads], _SIZES_PX),
        "facing": shares(heads, [head.facing for head in heads], _FACING),
        "cosines by size": by_size,
        "all that are asked": [
            {
                "heads": len(asked),
                "faces": _mean(np.array([h.face is not None for h in asked])),
                **_compared(asked),
            }
        ],
        "cosine lost by a turn": [lost_by_turn(asked)],
    }


def _compared(heads: Sequence[Head]) -> dict[str, float]:
    same, different = (rows[:, 0] for rows in pairs(heads))
    return {
        "one person": len(same),
        "two people": len(different),
        "median of one": _median(same),
        "median of two": _median(different),
        "auc": area_under_curve(same, different),
    }


def _mean(values: NDArray[Any]) -> float:
    return float(values.mean()) if len(values) else float("nan")


def _median(values: NDArray[Any]) -> float:
    return float(np.median(values)) if len(values) else float("nan")


def main() -> int:
    """Read the clips and print the tables as Markdown."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("clips", nargs="+", type=Path)
    parser.add_argument("--faces", default="bundled")
    parser.add_argument("--cache", type=Path)
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    run = {"detector": "bundled", "embedder": "bundled"}
    config = Config().updated({"run": run, "looks": {"faces": given.faces}})
    models = load_models(config)
    embedder: Any = models.embedder
    if models.faces is None:
        parser.error("--faces off reads none")
    heads: list[Head] = []
    for clip in given.clips:
        seen, _ = observations(clip, config=config, models=models, cache=given.cache)
        heads += heads_of(clip, seen, embedder, models.faces)
    found = figures_of(heads)
    for title, rows in found.items():
        print(f"\n{title}\n")
        print("| " + " | ".join(rows[0]) + " |")
        print("|" + "---:|" * len(rows[0]))
        for row in rows:
            print("| " + " | ".join(f"{value:.3g}" for value in row.values()) + " |")
    if given.json:
        given.json.write_text(json.dumps(found, indent=1), encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
