"""How well a change of one attribute is told from none: glasses, beard, hair, helmet, coat.

    python -m bench.attributes EMBEDDER... --pictures DIR [--faces SPEC] [--people N]
                               [--first SEED] [--json FILE]

EMBEDDER is what `--embedder` takes, SPEC what `looks.faces` does. People are rendered into DIR once
(`bench.attribute_pictures`). A pair is one person seen twice, with the attribute changed or not,
from the same two sides either way: within one shot, or in two shots on two sets. Equal error rate:
where as many changes are missed as pairs without one are taken for a change; intervals are
bootstraps over people. Pictures are shrunk until the head (of a coat: the figure) has the size on
top. Of an embedder with parts every cue is asked, and `all cues` is the log-odds by which the cast
is made; of any other the whole figure and the head, cut out by its true box. `face, turned` is the
cosine of both faces and what one person's face loses by as much of a turn. A pair counts where both
pictures show the cue; behind the rate stands how many do, if not all.
"""

from __future__ import annotations

import argparse
import json
from collections import defaultdict
from dataclasses import dataclass
from fractions import Fraction
from itertools import combinations, product
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

from bench.attribute_pictures import FAR, FRAMING_OF, NEAR, Pictured, render_people
from bench.error_rate import equal_error_rate
from identity.appearance.cues.table import CUE_TABLE
from identity.appearance.embedder import PartsEmbedder
from identity.appearance.faces.open_faces import OFF, open_faces
from identity.appearance.looks import LooksReader
from identity.appearance.open_embedder import open_embedder
from identity.evidence.calibration import calibration_for
from identity.evidence.same_look import cosines_between, same_look
from identity.settings import LooksSettings
from scenes.frames import FrameBatch
from studio.assets import open_assets
from studio.makehuman import Library
from tracker.detections import Detections
from tracker.known_weights import BUNDLED

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from identity.appearance.embedder import Embedder
    from identity.appearance.faces.face_reader import FaceReader
    from identity.appearance.looks import Cue
    from studio.attributes import Attribute

    Means = dict[Cue, NDArray[np.float32]]

SIZES_PX = {"head": (64, 96), "figure": (64, 96, 128)}
_HEAD_MARGIN = 0.15
_RESAMPLES = 400
ALL_CUES, FIGURE, HEAD = "all cues", "figure", "head crop"
FACE, TURN, FACE_TURNED = "face", "face_turn", "face, turned"
# By how much the cosine of one person's faces falls per unit of distance between their turns, of
# tracks of labelled clips (`bench.faces`).
_LOST_BY_TURN = 0.4
Pair = tuple[str, bool, str, str]  # person, whether changed, file of one side and of the other


@dataclass(frozen=True, slots=True)
class Shrunk:
    """A picture at the size that is asked about.

    Attributes:
        rgb: (h, w, 3).
        box: (4,) of the figure, px.
        head: (4,) of the head with some room, px.
    """

    rgb: NDArray[np.uint8]
    box: NDArray[np.float32]
    head: NDArray[np.float32]

    @classmethod
    def read(cls, folder: Path, row: Pictured, size_px: int) -> Shrunk:
        """Read a picture and shrink it until what its framing is about is `size_px` tall."""
        bgr = cv2.imread(str(folder / row.file))
        if bgr is None:
            raise OSError(f"{folder / row.file} cannot be read: delete {row.person}.json")
        box, head = np.array(row.box, np.float32), np.array(row.head, np.float32)
        about = head if row.framing == "head" else box
        share = min(size_px / float(about[3] - about[1]), 1.0)
        rgb = cv2.resize(bgr, None, fx=share, fy=share, interpolation=cv2.INTER_AREA)[..., ::-1]
        limit = np.array([rgb.shape[1], rgb.shape[0]] * 2, np.float32)
        room = _HEAD_MARGIN * (head[3] - head[1]) * np.array([-1, -1, 1, 1], np.float32)
        return cls(
            np.ascontiguousarray(rgb),
            np.clip(box * share, 0, limit),
            np.clip((head + room) * share, 0, limit),
        )

    def crop(self, box: NDArray[np.float32]) -> NDArray[np.uint8]:
        """Return what is inside a box."""
        x1, y1, x2, y2 = np.round(box).astype(int)
        return np.ascontiguousarray(self.rgb[y1 : max(y2, y1 + 1), x1 : max(x2, x1 + 1)])


def pairs_of(rows: Sequence[Pictured], attribute: Attribute, *, across: bool) -> list[Pair]:
    """Return the pairs of everybody, each with a change beside its twin without one.

    Args:
        rows: All pictures.
        attribute: What changes.
        across: In two shots instead of one.
    """
    seen: dict[str, dict[tuple[str, str], str]] = defaultdict(dict)
    for row in rows:
        if row.framing == FRAMING_OF[attribute]:
            seen[row.person][row.view, row.worn] = row.file
    pairs: list[Pair] = []
    for person, files in seen.items():
        views = [(a, b) for a in NEAR for b in FAR] if across else list(combinations(NEAR, 2))
        for one, two in views:
            wanted = [(one, ""), (two, ""), (one, attribute)]
            if not across:
                wanted.append((two, attribute))
            if not all(key in files for key in wanted):
                continue
            pairs.append((person, False, files[one, ""], files[two, ""]))
            pairs.append((person, True, files[one, attribute], files[two, ""]))
            if not across:
                pairs.append((person, False, files[one, attribute], files[two, attribute]))
                pairs.append((person, True, files[one, ""], files[two, attribute]))
    return pairs


def looks_of(
    embedder: Embedder, pictures: dict[str, Shrunk], faces: FaceReader | None
) -> dict[str, Means]:
    """Return file to what the embedder says of each picture, by cue; `FIGURE` and `HEAD` too."""
    crops = list(pictures.values())
    heads = embedder.embed([picture.crop(picture.head) for picture in crops])
    found: dict[str, Means] = {}
    if not isinstance(embedder, PartsEmbedder):
        figures = embedder.embed([picture.crop(picture.box) for picture in crops])
        for file, figure, head in zip(pictures, figures, heads, strict=True):
            found[file] = {FIGURE: figure, HEAD: head}
        return found
    reader = LooksReader(embedder, LooksSettings(), fps=1.0, faces=faces)
    for (file, picture), head in zip(pictures.items(), heads, strict=True):
        one = Detections(
            np.zeros(1, np.int64), picture.box[None], np.ones(1, np.float32), np.zeros(1, np.int32)
        )
        batch = FrameBatch(np.zeros(1, np.int64), (Fraction(0),), picture.rgb[None])
        looks = reader.read(batch, one)
        means = {cue: rows[0].astype(np.float32) for cue, rows in looks.vectors.items()}
        found[file] = {cue: row for cue, row in means.items() if not np.isnan(row[0])}
        found[file][HEAD] = head
    return found


def scorers(embedder: Embedder) -> Callable[[Means, Means], dict[str, float]]:
    """Return what maps the looks of both sides to a similarity by cue."""
    calibration = calibration_for(embedder.name) if isinstance(embedder, PartsEmbedder) else None

    def similarities(one: Means, two: Means) -> dict[str, float]:
        own = {cue: float(one[cue] @ two[cue]) for cue in (FIGURE, HEAD) if cue in one}
        if calibration is not None:
            tables = cosines_between([one], [two])
            own |= {
                cue: float(t[0, 0]) for cue, t in tables.items() if CUE_TABLE[cue].role != "pose"
            }
            if TURN in one and TURN in two:
                turn = float(np.linalg.norm(one[TURN] - two[TURN]))
                own[FACE_TURNED] = own[FACE] + _LOST_BY_TURN * turn
            own[ALL_CUES] = float(same_look([one], [two], calibration)[0, 0])
        return own

    return similarities


def rate(pairs: Sequence[Pair], values: NDArray[np.float64]) -> dict[str, float]:
    """Return the equal error rate and its 95 % interval, resampled by person.

    Example:
        >>> pairs = [("ann", False, "a", "b"), ("ann", True, "a", "c")]
        >>> rate(pairs, np.array([0.9, 0.1]))["eer"]
        0.0
    """
    known = np.isfinite(values)
    changed = np.array([pair[1] for pair in pairs], bool)
    names, person = np.unique([pair[0] for pair in pairs], return_inverse=True)
    rows_of = [np.flatnonzero((person == k) & known) for k in range(len(names))]
    rng = np.random.default_rng(0)
    drawn = []
    for _ in range(_RESAMPLES):
        rows = np.concatenate([rows_of[k] for k in rng.integers(len(names), size=len(names))])
        drawn.append(equal_error_rate(values[rows][~changed[rows]], values[rows][changed[rows]]))
    low, high = np.nanquantile(drawn, [0.025, 0.975]) if np.isfinite(drawn).any() else [np.nan] * 2
    return {
        "eer": equal_error_rate(values[known & ~changed], values[known & changed]),
        "low": float(low),
        "high": float(high),
        "pairs": int(known.sum()),
        "of": len(pairs),
        "people": len(names),
    }


def measure(
    embedder: Embedder, folder: Path, rows: Sequence[Pictured], faces: FaceReader | None
) -> list[dict[str, Any]]:
    """Return a row per attribute, size, way of being seen and cue."""
    found = []
    score = scorers(embedder)
    for framing, sizes_px in SIZES_PX.items():
        own = [row for row in rows if row.framing == framing]
        for size_px in sizes_px:
            shrunk = {row.file: Shrunk.read(folder, row, size_px) for row in own}
            looks = looks_of(embedder, shrunk, faces)
            for attribute, across in product(FRAMING_OF, (False, True)):
                pairs = pairs_of(own, attribute, across=across)
                told = [score(looks[a], looks[b]) for _, _, a, b in pairs]
                for cue in dict.fromkeys(cue for one in told for cue in one):
                    values = np.array([one.get(cue, np.nan) for one in told])
                    found.append(
                        {
                            "embedder": embedder.name,
                            "size_px": size_px,
                            "attribute": attribute,
                            "seen": "two shots" if across else "one shot",
                            "cue": cue,
                            **rate(pairs, values),
                        }
                    )
    return found


def print_table(found: Sequence[dict[str, Any]]) -> None:
    """Print Markdown: a row per attribute, size and way of being seen, a column per cue."""
    columns = list(dict.fromkeys((row["embedder"], row["cue"]) for row in found))
    print("| change | seen in | px | " + " | ".join(f"{e}: {cue}" for e, cue in columns) + " |")
    print("|---|---|---:|" + "---:|" * len(columns))
    for key in dict.fromkeys((r["attribute"], r["seen"], r["size_px"]) for r in found):
        cells = []
        for embedder, cue in columns:
            own = [
                row for row in found
                if (row["attribute"], row["seen"], row["size_px"]) == key
                and (row["embedder"], row["cue"]) == (embedder, cue)
            ]  # fmt: skip
            cells += [_cell(row) for row in own] or ["-"]
        print(f"| {key[0]} | {key[1]} | {key[2]} | " + " | ".join(cells) + " |")


def _cell(row: dict[str, Any]) -> str:
    some = f", {row['pairs']} of {row['of']}" if row["pairs"] < row["of"] else ""
    return f"{row['eer']:.0%} ({row['low']:.0%}-{row['high']:.0%}{some})"


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])  # type: ignore[union-attr]
    parser.add_argument("embedders", nargs="+")
    parser.add_argument("--pictures", type=Path, required=True, help="rendered here if missing")
    parser.add_argument("--faces", default=BUNDLED, help=f"bundled, sface or {OFF}")
    parser.add_argument("--people", type=int, default=40)
    parser.add_argument("--first", type=int, default=0, help="seed of the first of them")
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    seeds = range(given.first, given.first + given.people)
    rows = render_people(Library(open_assets()), given.pictures, seeds)
    found = []
    for spec in given.embedders:
        embedder = open_embedder(spec)
        if embedder is None:
            parser.error("colour tells no head: name a network")
        found += measure(embedder, given.pictures, rows, open_faces(given.faces))
    print_table(found)
    if given.json:
        given.json.parent.mkdir(parents=True, exist_ok=True)
        given.json.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
