"""`python -m training cohort`: looks of strangers, to measure similarities by.

They come from the clips that decisions are learnt from: filmed and generated people under free
licences. Which of them are one person is known without labels: a track is, and tracks of clips of
different sources, or on screen together, are not.
"""

from __future__ import annotations

from itertools import permutations
from typing import TYPE_CHECKING

import numpy as np

from identity.evidence.cohort import Cohort
from identity.evidence.same_look import cosines_between
from scenes.errors import CastcheckError
from training.decisions.cases import MIN_TOGETHER

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from identity.appearance.looks import Cue
    from training.decisions.clips import Shot

    Means = dict[Cue, NDArray[np.float32]]

# The lower body is seen too seldom for so many strangers, and says least of who somebody is.
CUES: tuple[Cue, ...] = ("body", "head_look", "upper_look")
SIZE = 256
_MIN_LOOKS = 8  # of a track whose two halves are compared


def make_cohort(shots: Sequence[Shot], *, embedder_sha256: str, seed: int) -> Cohort:
    """Return the looks of people chosen by lot, and what cosines are beside them.

    Raises:
        CastcheckError: There are too few people.
    """
    people = [
        shot.samples.means(track, slice(None))
        for shot in shots
        if not shot.altered
        for track in range(len(shot.samples.tracks))
    ]
    rng = np.random.default_rng(seed)
    looks: dict[Cue, NDArray[np.float32]] = {}
    for cue in CUES:
        rows = np.array([means[cue] for means in people if cue in means], np.float32)
        if len(rows) < SIZE:
            raise CastcheckError(
                f"{len(rows)} people show {cue}", where="--clips", hint=f"{SIZE} are wanted"
            )
        chosen = rows[np.sort(rng.permutation(len(rows))[:SIZE])]
        looks[cue] = chosen / np.linalg.norm(chosen, axis=1, keepdims=True)
    bare = Cohort(looks, {}, embedder_sha256)
    return Cohort(looks, _scales(bare, shots), embedder_sha256)


def _scales(cohort: Cohort, shots: Sequence[Shot]) -> dict[Cue, tuple[float, float]]:
    """Return the medians of two who are on screen together, and of the two halves of a track."""
    halves: list[tuple[Means, Means]] = []
    whose: list[tuple[int, NDArray[np.bool_]]] = []
    for number, shot in enumerate(shots):
        for track in range(len(shot.samples.tracks)) if not shot.altered else ():
            seen = shot.samples.seen["body"][track]
            at = np.flatnonzero(seen)
            if len(at) >= _MIN_LOOKS:
                middle = int(at[len(at) // 2])
                sides = slice(0, middle), slice(middle, None)
                early, late = (shot.samples.means(track, part) for part in sides)
                halves.append((early, late))
                whose.append((number, seen))
    firsts, seconds = [one for one, _ in halves], [two for _, two in halves]
    found = cohort.normalised(cosines_between(firsts, seconds), firsts, seconds)
    together = [
        (a, b)
        for (a, (shot_a, seen_a)), (b, (shot_b, seen_b)) in permutations(enumerate(whose), 2)
        if shot_a == shot_b and (seen_a & seen_b).sum() >= MIN_TOGETHER
    ]
    scales: dict[Cue, tuple[float, float]] = {}
    for cue, table in found.items():
        different = np.nanmedian([table[pair] for pair in together])
        same = np.nanmedian(np.diag(table))
        scales[cue] = (round(float(different), 3), round(float(same), 3))
    return scales
