"""How near is a look to everybody? Looks of strangers, to measure a similarity by.

Some looks are like anybody's: a dark coat from behind, a face of ten pixels. A cosine of 0.6 says
less of two such than of two that nobody else is like. So what both sides have in common with their
nearest strangers is taken off first, as in the verification of speakers (Matejka et al. 2017,
"Analysis of Score Normalization in Multilingual Speaker Recognition", Interspeech: adaptive score
normalization; here without the deviation, which so few strangers do not tell). Looks of two
shots are compared this way: within a track both sides have the same strangers.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from typing import TYPE_CHECKING, cast

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from identity.appearance.looks import Cue

    Means = Mapping[Cue, NDArray[np.float32]]

DATA_FILE = "cohort.npz"
NEAREST = 8  # strangers that a look is measured by: about three in a hundred of the cohort
_LOOKS, _SCALE = "looks ", "scale "


@dataclass(frozen=True, slots=True, eq=False)
class Cohort:
    """Looks of people who are in no clip that is judged.

    Attributes:
        looks: Cue to (C, D) float32 unit rows, C of them at least `NEAREST`.
        scales: Cue to the normalised cosine of different people, and of one person in one shot.
        embedder_sha256: Of the network that saw them; looks of another one are not comparable.
    """

    looks: Mapping[Cue, NDArray[np.float32]]
    scales: Mapping[Cue, tuple[float, float]]
    embedder_sha256: str

    def nearness(self, cue: Cue, means: NDArray[np.float32]) -> NDArray[np.float64]:
        """Return (N,) the mean cosine of (N, D) looks and their nearest strangers.

        Example:
            >>> east = np.tile(np.array([[1, 0]], np.float32), (NEAREST, 1))
            >>> cohort = Cohort({"body": east}, {"body": (0.0, 1.0)}, "")
            >>> cohort.nearness("body", np.array([[2, 0], [0, 1]], np.float32))
            array([1., 0.])
        """
        length = np.linalg.norm(means, axis=1, keepdims=True)
        cosines = (means / np.where(length > 0, length, 1.0)) @ self.looks[cue].T
        nearest = np.partition(cosines, -NEAREST, axis=1)[:, -NEAREST:]
        return np.asarray(nearest.mean(axis=1), np.float64)

    def normalised(
        self,
        cosines: Mapping[Cue, NDArray[np.float64]],
        one: Sequence[Means],
        two: Sequence[Means],
    ) -> dict[Cue, NDArray[np.float64]]:
        """Return cue to the (N, M) cosines less the nearness of both sides, of cues it knows."""
        found: dict[Cue, NDArray[np.float64]] = {}
        for cue in cosines.keys() & self.looks.keys():
            a, b = (self._known_nearness(cue, side) for side in (one, two))
            found[cue] = cosines[cue] - (a[:, None] + b) / 2
        return found

    def _known_nearness(self, cue: Cue, side: Sequence[Means]) -> NDArray[np.float64]:
        nearness = np.full(len(side), np.nan)
        rows = [k for k, means in enumerate(side) if cue in means]
        if rows:
            nearness[rows] = self.nearness(cue, np.stack([side[k][cue] for k in rows]))
        return nearness

    def write(self, file: Path) -> None:
        """Write it whole, in half precision, or not at all."""
        arrays: dict[str, NDArray[np.generic]] = {"embedder": np.array(self.embedder_sha256)}
        for cue, rows in self.looks.items():
            arrays[_LOOKS + cue] = rows.astype(np.float16)
            arrays[_SCALE + cue] = np.array(self.scales[cue], np.float64)
        part = file.with_name(f"{file.name}.part")
        with part.open("wb") as stream:
            np.savez_compressed(stream, allow_pickle=False, **arrays)
        part.replace(file)

    @classmethod
    def read(cls, file: Path) -> Cohort:
        """Return what `write` wrote."""
        with np.load(file, allow_pickle=False) as kept:
            names = [name.removeprefix(_LOOKS) for name in kept.files if name.startswith(_LOOKS)]
            looks, scales = {}, {}
            for cue in cast("list[Cue]", names):
                rows = kept[_LOOKS + cue].astype(np.float32)
                looks[cue] = rows / np.linalg.norm(rows, axis=1, keepdims=True)
                different, same = kept[_SCALE + cue].tolist()
                scales[cue] = (different, same)
            return cls(looks, scales, str(kept["embedder"]))


@lru_cache(maxsize=1)
def bundled_cohort() -> Cohort:
    """Return the one inside the package: people of free clips, seen by the bundled network."""
    with resources.as_file(resources.files("identity.evidence") / DATA_FILE) as file:
        return Cohort.read(file)
