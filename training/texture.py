"""`python -m training texture`: along what the style of a picture is measured.

Pictures of free clips are drawn in other styles, and put into other light, blurred, coded poorly.
The directions in which statistics of a network's first layers move most by the former, beside how
far they move by the latter and by what happens in a clip anyway, are kept.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from castcheck.planting.restyled import STYLES
from identity.appearance.texture import DIM, TextureNetwork
from identity.evidence.picture_style import STYLE_PARTS, style_picture, texture_of
from scenes.errors import CastcheckError
from training.restyle import coded, harmless_changes, read_film

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from bench.source_table import Entry
    from castcheck.models.load import Models
    from training.restyle import Change, Film

COUNT = sum(name.startswith("texture") for name in STYLE_PARTS)
_CLIPS_EACH = 3  # of a source
_SIDE_S = 0.5
_PICTURES = 3  # of a side
_RIDGE = 0.1  # of the mean of what light and motion do
_STEP = 0.25  # how far the harmless moves things, so that styles move them by about 1


@dataclass(frozen=True, slots=True, eq=False)
class Moves:
    """By how much statistics (N, 112) change, outside all boxes and within them, one by one."""

    drawn: NDArray[np.float64]
    harmless: NDArray[np.float64]


def moves_of(
    entries: Sequence[Entry],
    models: Models,
    *,
    cache: Path,
    seed: int,
    progress: Callable[[str], None],
) -> Moves:
    """Return what styles, and what else happens, does to the pictures of some clips.

    Args:
        entries: The clips; of each source a few without a cut are taken.
        models: The bundled ones, where the cache does not know a clip.
        cache: Folder that keeps what networks saw.
        seed: Of which moment.
        progress: Told the name of every clip before it is read.

    Raises:
        CastcheckError: A clip cannot be read, or none is left.
    """
    network = TextureNetwork()
    drawn: list[NDArray[np.float32]] = []
    harmless: list[NDArray[np.float32]] = []
    taken: dict[str, int] = {}
    for entry in entries:
        if entry.cuts or taken.get(entry.source, 0) >= _CLIPS_EACH:
            continue
        taken[entry.source] = taken.get(entry.source, 0) + 1
        progress(entry.clip.stem)
        film = read_film(entry, models, cache)
        rng = np.random.default_rng([seed, zlib.crc32(entry.clip.stem.encode())])
        side = max(_PICTURES, round(_SIDE_S * film.fps))
        if len(film.pictures) < 2 * side:
            continue
        at = int(rng.integers(side, len(film.pictures) - side + 1))
        before = _seen(network, film, (at - side, at))
        later = (at, at + side)
        drawn += [_seen(network, film, later, style) - before for style in STYLES.values()]
        lights = [None, *harmless_changes(rng)]
        harmless += [_seen(network, film, later, light) - before for light in lights]
        harmless.append(_seen(network, film, (0, side)) - before)
    if not drawn:
        raise CastcheckError("has no clip without a cut that is long enough", where="--clips")
    return Moves(*(_known(rows) for rows in (drawn, harmless)))


def _seen(
    network: TextureNetwork, film: Film, frames: tuple[int, int], change: Change | None = None
) -> NDArray[np.float32]:
    """Return (2, 112), the mean of some pictures from one frame to before another, changed."""
    every = np.eye(DIM, dtype=np.float32)
    found = []
    for k in np.linspace(frames[0], frames[1] - 1, _PICTURES).astype(int).tolist():
        picture = film.pictures[k] if change is None else change(film.pictures[k])
        maps = network.maps(style_picture(coded(picture.astype(np.float64))))
        seen = texture_of(maps, film.boxes[k], picture_px=film.size_px, directions=every)
        found.append(seen[:2])  # set and people, which the picture is made of
    return np.asarray(np.mean(found, axis=0), np.float32)


def _known(rows: Sequence[NDArray[np.float32]]) -> NDArray[np.float64]:
    flat = np.concatenate(rows).astype(np.float64)
    return flat[np.isfinite(flat).all(axis=1)]


def fit_directions(moves: Moves) -> NDArray[np.float32]:
    """Return (112, 3) float32, the directions along which styles move most beside the harmless.

    Second moments instead of variances, since a change back is as much of one: the axes of Fisher's
    discriminant for what is there against what is not.

    Example:
        >>> rng = np.random.default_rng(0)
        >>> still, wide = rng.normal(size=(99, 8)), rng.normal(size=(99, 8)) * ([9] + [1] * 7)
        >>> int(np.abs(fit_directions(Moves(wide, still))[:, 0]).argmax())
        0
    """
    around = moves.harmless.T @ moves.harmless / len(moves.harmless)
    around += np.eye(len(around)) * (_RIDGE * np.trace(around) / len(around))
    # Whitened first, so that a symmetric problem of the plain kind is left.
    root = np.linalg.inv(np.linalg.cholesky(around))
    _, axes = np.linalg.eigh(root @ (moves.drawn.T @ moves.drawn / len(moves.drawn)) @ root.T)
    return np.asarray(_STEP * (root.T @ axes[:, ::-1][:, :COUNT]), np.float32)
