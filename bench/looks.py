"""How well looks tell people apart in generated clips: old and new sources, and whole casts.

    python -m bench.looks EMBEDDER... [--real DIR] [--json FILE] [--sheet FILE]

EMBEDDER is what `--embedder` takes. Boxes are the labelled ones, so no detector is judged. Pairs
lie in one clip: across shots, or in one shot a second or more apart (of two people: at any time).
Every figure stands for the cosine of the network's body cue, and for the log-odds that the cast
is made by (all cues on their scales). `old` are the clips that rules and weights were fitted on,
`new` are all others. The cast: one tracklet per person and shot, with set-ups as measured.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

from bench.embeddings import Street, body_similarity, cast_similarity
from bench.error_rate import area_under_curve, equal_error_rate
from bench.identities import bcubed
from bench.labelled import NO_CHARACTER, frames_of
from castcheck.observe import THUMBNAIL_PX
from identity.appearance.faces.open_faces import open_faces
from identity.appearance.looks import Looks, LooksReader, colour_bodies
from identity.appearance.open_embedder import open_embedder
from identity.cast.characters import build_cast
from identity.evidence.calibration import calibration_for
from identity.evidence.same_look import cosines_between, same_look
from identity.evidence.setups import free_of_people, setup_similarity
from identity.settings import ClusteringSettings, LooksSettings
from identity.tracks.segments import make_segment
from scenes.frames import FrameBatch
from scenes.shots import Cut, shots_from_cuts
from tracker.detections import Detections
from tracker.known_weights import BUNDLED
from tracker.tracklets import Tracklet

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from identity.appearance.embedder import Embedder
    from identity.appearance.looks import Cue
    from identity.evidence.calibration import Calibration

# What was measured on before the others came: the generated clips of "Judging whole clips".
OLD = frozenset(
    {"ad_03", "ad_07", "at_02", "at_04", "dr_02", "ll_02", "ma_04", "ma_05", "ma_07", "ma_09"}
    | {"mc_03", "msm_01", "msm_02", "msm_03", "msm_05", "msm_06", "msm_10", "msm_11", "msm_14"}
    | {"msm_15", "msm_17", "msm_21", "mw_04", "sf_01", "sm_02", "sr_02"}
)
_VIEWS = ("closeup", "half", "full", "back")
_APART_S = 1.0
_REPEATS = 4  # of each labelled box, so that a few of them are looks enough for a character
_SHEET_PX = (96, 128)  # width, height


@dataclass(frozen=True, slots=True)
class Scene:
    """One labelled clip: its boxes, and what a cast needs besides looks.

    Attributes:
        name: Of the clip.
        fps: Of the clip.
        pictures: Frame number and (H, W, 3) RGB of every labelled frame.
        boxes: (N, 4) of all labelled people, picture by picture.
        facts: (N,) their labels, with `shot`.
        setups: (S, S) similarity of the shots' set-ups.
        characters: How many the story has.
    """

    name: str
    fps: float
    pictures: list[tuple[int, NDArray[np.uint8]]]
    boxes: NDArray[np.float32]
    facts: list[dict[str, Any]]
    setups: NDArray[np.float32]
    characters: int


@dataclass
class Tally:
    """What adds up over clips, by embedder: cosines and log-odds of pairs, and casts.

    Attributes:
        pairs: (kind, half, how) to the values of one person's pairs and of two people's.
        casts: Clip, whether it has several shots, B-cubed F1, whether the count is right.
        worst: (error in log-odds, what, crop of one, crop of the other).
    """

    pairs: dict[tuple[str, str, str], tuple[list[float], list[float]]] = field(default_factory=dict)
    casts: list[tuple[str, bool, float, bool]] = field(default_factory=list)
    worst: list[tuple[float, str, NDArray[np.uint8], NDArray[np.uint8]]] = field(
        default_factory=list
    )

    def add(self, kind: str, half: str, how: str, value: float, *, same: bool) -> None:
        """Add one pair."""
        self.pairs.setdefault((kind, half, how), ([], []))[not same].append(value)


def half_of(clip: str) -> str:
    """Return whether a clip is one of the old ones.

    Example:
        >>> half_of("ad_03"), half_of("ad_04")
        ('old', 'new')
    """
    return "old" if clip in OLD else "new"


def read_scene(video: Path, label: dict[str, Any]) -> Scene:
    """Read the labelled pictures of one clip, and its set-ups at the ends of all shots."""
    people = [box for box in label["boxes"] if box["who"] not in NO_CHARACTER]
    people.sort(key=lambda box: int(box["frame"]))
    shots = shots_from_cuts([Cut(cut) for cut in label["cuts"]], frame_count=label["frames"])
    labelled = {int(box["frame"]) for box in people}
    edges = [(shot.start_frame, shot.stop_frame - 1) for shot in shots]
    pictures, small = [], {}
    last = None
    for frame, rgb in frames_of(video, labelled | {frame for pair in edges for frame in pair}):
        if frame in labelled:
            pictures.append((frame, rgb))
        last = small[frame] = cv2.resize(rgb, THUMBNAIL_PX, interpolation=cv2.INTER_AREA)
    thumbnails = np.array([[small.get(frame, last) for frame in pair] for pair in edges], np.uint8)
    boxes = np.array([box["box"] for box in people], np.float32).reshape(-1, 4)
    facts = [
        {**box, "shot": int(np.searchsorted(label["cuts"], box["frame"], side="right"))}
        for box in people
    ]
    single = [
        Tracklet(
            k, facts[k]["shot"], np.array([facts[k]["frame"]]), boxes[k : k + 1],
            np.ones(1, np.float32),
        )
        for k in range(len(boxes))
    ]  # fmt: skip
    size_px = (label["width"], label["height"])
    free = free_of_people(single, shots, picture_px=size_px, grid=THUMBNAIL_PX)
    return Scene(
        video.stem, float(label["fps"]), pictures, boxes, facts,
        setup_similarity(thumbnails, free), int(label["characters"]),
    )  # fmt: skip


def looks_of(scene: Scene, reader: LooksReader) -> Looks:
    """Return the looks of all boxes of a scene, in order."""
    parts = []
    for frame, rgb in scene.pictures:
        rows = [k for k, fact in enumerate(scene.facts) if int(fact["frame"]) == frame]
        height_px, width_px = rgb.shape[:2]
        inside = np.clip(scene.boxes[rows], 0, [width_px, height_px] * 2).astype(np.float32)
        count = len(rows)
        found = Detections(
            np.zeros(count, np.int64), inside, np.ones(count, np.float32), np.zeros(count, np.int32)
        )
        batch = FrameBatch(index=np.zeros(1, np.int64), time_s=(Fraction(0),), rgb=rgb[None])
        parts.append(reader.read(batch, found))
    return Looks.concat(_alike(parts), body_dim=reader.body_dim)


def _alike(parts: list[Looks]) -> list[Looks]:
    """Give all looks the same cues: a picture without a judged box has none of the network's."""
    dims = {cue: rows.shape[1] for part in parts for cue, rows in part.vectors.items()}
    return [
        Looks(
            {
                cue: part.vectors.get(cue, np.full((len(part), dim), np.nan, np.float16))
                for cue, dim in dims.items()
            },
            part.covered,
            part.usable,
        )
        for part in parts
    ]


def add_pairs(tally: Tally, scene: Scene, looks: Looks, calibration: Calibration) -> None:
    """Add the pairs of one scene: seen well enough, and drawn as who they are."""
    size = np.maximum(scene.boxes[:, 2:] - scene.boxes[:, :2], 1)
    shape = np.log(size[:, 1] / size[:, 0])
    means: dict[int, dict[Cue, NDArray[np.float32]]] = {}
    for row, fact in enumerate(scene.facts):
        if "look" in fact or fact.get("view") not in _VIEWS or not looks.usable[row]:
            continue
        one = {cue: rows[row].astype(np.float32) for cue, rows in looks.vectors.items()}
        means[row] = {cue: rows for cue, rows in one.items() if not np.isnan(rows[0])}
    half = half_of(scene.name)
    for a, b in combinations(means, 2):
        one, two = scene.facts[a], scene.facts[b]
        same = one["who"] == two["who"]
        across = one["shot"] != two["shot"]
        near = abs(one["frame"] - two["frame"]) < _APART_S * scene.fps
        if not across and same and near:
            continue
        kind = "across shots" if across else "in one shot"
        pair = [means[a]], [means[b]]
        cosine = float(cosines_between(*pair)["body"][0, 0])
        gap = float(abs(shape[a] - shape[b]))
        odds = float(same_look(*pair, calibration, view_gap=gap)[0, 0])
        for where in (half, "all"):
            tally.add(kind, where, "cosine", cosine, same=same)
            tally.add(kind, where, "as the cast", odds, same=same)
        wrong = -odds if same else odds
        what = f"{scene.name} {one['who']}{one['frame']} {two['who']}{two['frame']} {odds:.1f}"
        tally.worst.append((wrong, what, _crop(scene, a), _crop(scene, b)))


def _crop(scene: Scene, row: int) -> NDArray[np.uint8]:
    rgb = next(rgb for frame, rgb in scene.pictures if frame == int(scene.facts[row]["frame"]))
    x1, y1, x2, y2 = np.round(scene.boxes[row]).astype(int).clip(0)
    return rgb[y1 : max(y2, y1 + 1), x1 : max(x2, x1 + 1)]


def cast_on_true_boxes(
    scene: Scene, looks: Looks, calibration: Calibration, settings: ClusteringSettings
) -> tuple[float, int]:
    """Return B-cubed F1 over all labelled boxes, and how many characters are said."""
    rows_of: dict[tuple[int, str], list[int]] = {}
    for row, fact in enumerate(scene.facts):
        own = rows_of.setdefault((fact["shot"], fact["who"]), [])
        # A character drawn twice in one picture has one box in its tracklet.
        if not own or scene.facts[own[-1]]["frame"] != fact["frame"]:
            own.append(row)
    segments, names, counts = [], [], []
    for number, ((shot, who), rows) in enumerate(rows_of.items()):
        frames = [
            int(scene.facts[row]["frame"]) * _REPEATS + k for row in rows for k in range(_REPEATS)
        ]
        repeated = np.repeat(np.array(rows), _REPEATS)
        tracklet = Tracklet(
            number, shot, np.array(frames, np.int64), scene.boxes[repeated],
            np.ones(len(frames), np.float32),
        )  # fmt: skip
        segments.append(make_segment(tracklet, looks.take(repeated), 0, len(tracklet)))
        names.append(who)
        counts.append(len(rows))
    cast = build_cast(segments, scene.setups, calibration, settings)
    said = [label if label >= 0 else ("nobody", k) for k, label in enumerate(cast.labels.tolist())]
    score = bcubed(
        [who for who, count in zip(said, counts, strict=True) for _ in range(count)],
        [who for who, count in zip(names, counts, strict=True) for _ in range(count)],
    )
    return score.f1, cast.character_count


def summary(tally: Tally) -> dict[str, Any]:
    """Return all figures of one embedder."""
    found: dict[str, Any] = {}
    for (kind, half, how), (same, different) in sorted(tally.pairs.items()):
        one, two = np.array(same, np.float32), np.array(different, np.float32)
        found[f"{kind}, {half}, {how}"] = {
            "auc": area_under_curve(one, two),
            "eer": equal_error_rate(one, two),
            "same": len(same),
            "different": len(different),
        }
    for half in ("old", "new"):
        for several, title in ((True, "multi-shot"), (False, "one shot")):
            rows = [r for r in tally.casts if half_of(r[0]) == half and r[1] == several]
            if rows:
                found[f"cast, {half}, {title}"] = {
                    "bcubed": float(np.mean([r[2] for r in rows])),
                    "count_right": float(np.mean([r[3] for r in rows])),
                    "clips": len(rows),
                }
    return found


def print_table(columns: dict[str, dict[str, Any]]) -> None:
    """Print Markdown, one column per embedder."""
    print("| figure | of | " + " | ".join(columns) + " |")
    print("|---|---|" + "---:|" * len(columns))
    first = next(iter(columns.values()))
    for key, facts in first.items():
        if key == "street":
            cells = [f"{column[key]['cosine']:.1%}, {column[key]['as the cast']:.1%}"
                     for column in columns.values()]  # fmt: skip
            print(f"| ADL-Rundle-6, EER: cosine, as the cast | {facts['crops']} crops | "
                  + " | ".join(cells) + " |")  # fmt: skip
        elif "auc" in facts:
            cells = [f"{c[key]['auc']:.3f}, {c[key]['eer']:.1%}" for c in columns.values()]
            of = f"{facts['same']} / {facts['different']} pairs"
            print(f"| {key}: AUC, EER | {of} | " + " | ".join(cells) + " |")
        else:
            cells = [
                f"{c[key]['bcubed']:.3f}, {c[key]['count_right']:.0%}" for c in columns.values()
            ]
            print(f"| {key}: B-cubed, count right | {facts['clips']} clips | "
                  + " | ".join(cells) + " |")  # fmt: skip


def write_sheet(tally: Tally, path: Path, count: int = 30) -> list[str]:
    """Write a picture of the worst pairs, at most two of a clip; return what each shows."""
    chosen: list[tuple[float, str, NDArray[np.uint8], NDArray[np.uint8]]] = []
    for row in sorted(tally.worst, key=lambda row: -row[0]):
        clip = row[1].split()[0]
        if sum(other[1].split()[0] == clip for other in chosen) < 2:
            chosen.append(row)
        if len(chosen) == count:
            break
    wide, tall = _SHEET_PX
    columns = 6
    sheet = np.full((-(-len(chosen) // columns) * (tall + 20), columns * (2 * wide + 12), 3), 255,
                    np.uint8)  # fmt: skip
    for k, (_, what, one, two) in enumerate(chosen):
        top, left = k // columns * (tall + 20), k % columns * (2 * wide + 12)
        for place, crop in enumerate((one, two)):
            share = min(wide / crop.shape[1], tall / crop.shape[0])
            small = cv2.resize(crop, None, fx=share, fy=share, interpolation=cv2.INTER_AREA)
            x = left + place * wide
            sheet[top : top + small.shape[0], x : x + small.shape[1]] = small[:tall, :wide]
        cv2.putText(sheet, what, (left, top + tall + 14), cv2.FONT_HERSHEY_SIMPLEX, 0.36, (0,) * 3)
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), sheet[..., ::-1])
    return [what for _, what, _, _ in chosen]


def measure(
    embedders: Sequence[Embedder | None], real: Path, clips: Sequence[str] = ()
) -> list[Tally]:
    """Return the tally of each embedder over the labelled clips of `real`."""
    tallies = [Tally() for _ in embedders]
    labels = json.loads((real / "labels.json").read_text(encoding="utf-8"))
    faces = open_faces(BUNDLED)
    readers = [
        LooksReader(embedder, LooksSettings(), fps=1.0, faces=faces) for embedder in embedders
    ]
    for name in sorted(clips or labels):
        scene = read_scene(real / "clips" / f"{name}.mp4", labels[name])
        for embedder, reader, tally in zip(embedders, readers, tallies, strict=True):
            calibration = calibration_for("colour" if embedder is None else embedder.name)
            looks = looks_of(scene, reader)
            add_pairs(tally, scene, looks, calibration)
            score, said = cast_on_true_boxes(scene, looks, calibration, ClusteringSettings())
            right = said == scene.characters
            tally.casts.append((name, len(scene.setups) > 1, score, right))
    return tallies


def main() -> None:
    """Print one table with a column per embedder."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])  # type: ignore[union-attr]
    parser.add_argument("embedders", nargs="+")
    parser.add_argument("--real", type=Path, default=Path("../shared/real"))
    parser.add_argument("--json", type=Path)
    parser.add_argument("--sheet", type=Path, help="picture of the worst pairs of the first")
    given = parser.parse_args()
    if not given.real.is_dir():
        print(f"{given.real} is not there: nothing to measure with, skipped")
        return
    embedders: list[Embedder | None] = [open_embedder(spec) for spec in given.embedders]
    names = [
        "colour" if e is None else f"{e.name} ({spec})"
        for spec, e in zip(given.embedders, embedders, strict=True)
    ]
    columns = {}
    street = Street(given.real)
    for name, embedder, tally in zip(names, embedders, measure(embedders, given.real), strict=True):
        columns[name] = summary(tally)
        known = "colour" if embedder is None else embedder.name
        body = body_similarity(colour_bodies if embedder is None else embedder.embed)
        columns[name]["street"] = {
            "cosine": street.error_rate(body),
            "as the cast": street.error_rate(cast_similarity(embedder, known)),
            "crops": len(street.boxed.crops),
        }
        if given.sheet and name == names[0]:
            print("\n".join(write_sheet(tally, given.sheet)), "\n")
    print_table(columns)
    if given.json:
        given.json.parent.mkdir(parents=True, exist_ok=True)
        given.json.write_text(json.dumps(columns, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
