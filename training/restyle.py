"""`python -m training restyle`: fits what tells a change of style from a change of light.

Clips are drawn anew from a moment on, in a style, at once or over some pictures; what must not be
believed are the clips as they are, the same moments in other light, blurred, coded poorly or in
haze, and cuts to clips of another source. Nothing but small pictures and boxes is read.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from typing import TYPE_CHECKING

import cv2
import numpy as np

from bench.observed import observations
from castcheck.observe import THUMBNAIL_PX
from castcheck.planting.legal import poorly_coded
from castcheck.planting.restyled import STYLES
from identity.evidence.picture_style import PictureStyles, StyleReader
from identity.explanations.model import DecisionModel
from identity.explanations.restyle import FEATURES, NAME, moments_of
from scenes.frames import FrameBatch
from scenes.shots import Shot
from scenes.source import open_source
from training.decisions.cases import Case
from training.decisions.clips import CONFIG, random_light
from training.decisions.table import fit_and_judge

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from bench.source_table import Entry
    from castcheck.models.load import Models
    from training.decisions.cases import Kind
    from training.decisions.table import Outcome

    Image = NDArray[np.uint8]
    Change = Callable[[Image], Image]

_BEFORE_S, _AFTER_S = 0.75, 1.75  # of the pictures around a change
_STYLES_EACH, _LIGHTS_EACH = 3, 3
_TAKES_FRAMES = (1, 1, 3, 6)
_BACK = 0.3  # of changes that end where the others begin
_NEAR_FRAMES = 3
_QUALITY = 75  # of JPEG
_TAKEN_FOR_CUT, _CUT_FOUND = 0.5, 0.9  # of changes of style, and of cuts to another clip


@dataclass(frozen=True, slots=True, eq=False)
class Film:
    """The pictures of one clip, small enough to hold, and who stands where in them."""

    entry: Entry
    pictures: NDArray[np.uint8]
    boxes: list[NDArray[np.float32]]
    fps: float

    @property
    def size_px(self) -> tuple[int, int]:
        """Width and height of its pictures."""
        return self.pictures.shape[2], self.pictures.shape[1]


def coded(rgb: NDArray[np.floating]) -> Image:
    """Return a picture as coding leaves it: colours at half resolution, and noise."""
    quality = [int(cv2.IMWRITE_JPEG_QUALITY), _QUALITY]
    _, data = cv2.imencode(".jpg", np.asarray(rgb.clip(0, 255), np.uint8), quality)
    return np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR), np.uint8)


def _out_of_focus(rgb: Image) -> Image:
    return np.asarray(cv2.GaussianBlur(rgb, (0, 0), 3), np.uint8)


def _in_haze(rgb: Image) -> Image:
    return np.asarray(rgb * 0.6 + 80, np.uint8)


def _exposed(power: float) -> Change:
    return lambda rgb: np.asarray(255 * (rgb / 255.0) ** power, np.uint8)


def _lit(rng: np.random.Generator) -> Change:
    gain = np.array(random_light(1, rng).gain)
    return lambda rgb: np.asarray((rgb * gain).clip(0, 255), np.uint8)


def harmless_changes(rng: np.random.Generator) -> list[Change]:
    """Return what changes a picture and not its style."""
    lights = [_exposed(2.0), _exposed(0.6), _lit(rng), _lit(rng)]
    return [poorly_coded, _out_of_focus, _in_haze, *lights]


def halved(entries: Sequence[Entry]) -> tuple[list[Entry], list[Entry]]:
    """Return the clips of every second source and those of the others.

    What texture is measured along is learnt on the first, how sure it makes on the second.

    Example:
        >>> halved([])
        ([], [])
    """
    sources = sorted({entry.source for entry in entries})
    first = set(sources[::2])
    return (
        [entry for entry in entries if entry.source in first],
        [entry for entry in entries if entry.source not in first],
    )


def cases_of(
    entries: Sequence[Entry],
    models: Models,
    *,
    cache: Path,
    seed: int,
    progress: Callable[[str], None],
    most: int | None = None,
) -> list[Case]:
    """Return planted changes of style, and what only looks like one.

    Args:
        entries: The clips.
        models: The bundled ones, where the cache does not know a clip.
        cache: Folder that keeps what networks saw.
        seed: Of what is planted where.
        progress: Told the name of every clip before it is read.
        most: In how many clips anything is planted: the others are taken as they are.

    Raises:
        CastcheckError: A clip cannot be read.
    """
    cases: list[Case] = []
    known: Film | None = None
    for number, entry in enumerate(entries):
        progress(entry.clip.stem)
        film = read_film(entry, models, cache)
        if most is not None and number >= most:
            cases.append(_case("clean", film, list(film.pictures), film.boxes, cuts=entry.cuts))
            continue
        rng = np.random.default_rng([seed, zlib.crc32(entry.clip.stem.encode())])
        cases += _cases_of_film(film, known, rng)
        if known is None or known.entry.source != entry.source or rng.random() < 0.2:
            known = film
    return cases


def read_film(entry: Entry, models: Models, cache: Path) -> Film:
    """Return the pictures of a clip and who was found in them.

    Raises:
        CastcheckError: The clip cannot be read.
    """
    seen, _ = observations(entry.clip, config=CONFIG, models=models, cache=cache)
    with open_source(entry.clip) as source:
        pictures = np.concatenate([batch.rgb for batch in source.batches(16)])
    at: list[list[NDArray[np.float32]]] = [[] for _ in pictures]
    for tracklet in seen.tracklets:
        for frame, box in zip(tracklet.frame.tolist(), tracklet.xyxy, strict=True):
            at[frame].append(box)
    boxes = [np.array(own, np.float32).reshape(-1, 4) for own in at]
    return Film(entry, pictures, boxes, seen.fps)


def _cases_of_film(film: Film, other: Film | None, rng: np.random.Generator) -> Iterator[Case]:
    count = len(film.pictures)
    pictures, boxes = list(film.pictures), film.boxes
    yield _case("clean", film, pictures, boxes, cuts=film.entry.cuts)
    before, after = (round(s * film.fps) for s in (_BEFORE_S, _AFTER_S))
    if count < before + after // 2 or film.entry.cuts:
        return

    def around(
        change: Change, over: int, *, back: bool = False
    ) -> tuple[list[Image], list[NDArray[np.float32]]]:
        """Return pictures that change, or that change back, around their picture `before`."""
        at = int(rng.integers(before, max(count - after // 2, before + 1)))
        span = range(at - before, min(at + after, count))
        changed = []
        for k in span:
            share = float(k >= at)
            if over > 1:
                share = float(np.clip((k - (at - over / 2) + 0.5) / over, 0, 1))
            share = 1 - share if back else share
            new = change(pictures[k]) if share else pictures[k]
            changed.append(coded(pictures[k] * (1 - share) + new * share))
        return changed, [boxes[k] for k in span]

    for name in rng.permutation(list(STYLES))[:_STYLES_EACH].tolist():
        back = bool(rng.random() < _BACK)
        changed, own = around(STYLES[name], int(rng.choice(_TAKES_FRAMES)), back=back)
        told = (before,) if rng.random() < _TAKEN_FOR_CUT else ()
        yield _case("planted", film, changed, own, cuts=told, near=before, name=name)
    harmless = harmless_changes(rng)
    for number in rng.permutation(len(harmless))[:_LIGHTS_EACH].tolist():
        changed, own = around(
            harmless[number], int(rng.choice((1, 6, 12))), back=bool(rng.random() < _BACK)
        )
        yield _case("relit", film, changed, own)
    if other is not None and other.entry.source != film.entry.source:
        scale = np.array([a / b for a, b in zip(film.size_px, other.size_px, strict=True)] * 2)
        old = [np.asarray(cv2.resize(p, film.size_px), np.uint8) for p in other.pictures[-before:]]
        stood = [np.asarray(b * scale, np.float32) for b in other.boxes[-before:]]
        told = (before,) if rng.random() < _CUT_FOUND and len(old) == before else ()
        yield _case("clean", film, [*old, *pictures[:after]], [*stood, *boxes[:after]], cuts=told)


def _case(
    kind: Kind,
    film: Film,
    pictures: Sequence[Image],
    boxes: Sequence[NDArray[np.float32]],
    *,
    cuts: Sequence[int] = (),
    near: int | None = None,
    name: str = "",
) -> Case:
    moments = moments_of(
        styles_of(pictures, boxes, fps=film.fps), _shots(cuts, len(pictures)), fps=film.fps
    )
    chosen = moments.judged
    if near is not None:
        chosen = chosen & (moments.last <= near + _NEAR_FRAMES)
        chosen = chosen & (moments.first >= near - _NEAR_FRAMES)
    rows = np.stack([moments.features[feature] for feature in FEATURES], axis=1)[chosen]
    clip = f"{film.entry.clip.stem} {name}".strip()
    judged = bool(chosen.any())
    return Case(
        kind, film.entry.source, clip, (), np.nan_to_num(rows), moments.first[chosen], judged
    )


def styles_of(
    pictures: Sequence[Image], boxes: Sequence[NDArray[np.float32]], *, fps: float
) -> PictureStyles:
    """Return how pictures are drawn, as an observer of the clip would see it."""
    reader = StyleReader(fps=fps)
    for picture, own in zip(pictures, boxes, strict=True):
        batch = FrameBatch(np.arange(1), (Fraction(0),), picture[None])
        reader.read(batch, 0, batch.small(0, THUMBNAIL_PX), own)
    return reader.finish()


def _shots(cuts: Sequence[int], count: int) -> list[Shot]:
    edges = [0, *(cut for cut in cuts if 0 < cut < count), count]
    return [
        Shot(number, start, stop, "cut" if number else "start")
        for number, (start, stop) in enumerate(pairwise(edges))
    ]


def restyle_model(
    cases: Sequence[Case], *, prior: float, seed: int
) -> tuple[DecisionModel, Outcome]:
    """Return the model fitted on all cases, and how it does on sources left out.

    Raises:
        CastcheckError: Too few cases, or all of one source.
    """
    model, outcome = fit_and_judge(NAME, cases, FEATURES, prior=prior, seed=seed)
    provenance = {
        "made_by": "python -m training restyle",
        "fitted_on": "clips drawn in another style, in other light, and cut into others",
        "clips": len({case.clip.split(" ")[0] for case in cases}),
        "sources": len({case.source for case in cases}),
        "styles": list(STYLES),
        "prior": prior,
        "seed": seed,
        "believed_of_sources_left_out": outcome.numbers(),
    }
    return DecisionModel({NAME: model}, provenance), outcome
