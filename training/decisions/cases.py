"""Cases to learn from: tracks with an error made on purpose, and tracks that only look like it.

A case is one track, or two, with the features of all moments that count. The engine asks about
every moment and believes the one with the highest log-odds, so a clean track counts as wrong if
*any* of its moments is believed, and an error as found if one beside it is.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING, Literal

import numpy as np

from identity.evidence.moments import Moments
from tracker import boxes

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from identity.appearance.looks import Cue
    from identity.evidence.samples import ShotSamples
    from training.decisions.clips import Shot

Kind = Literal[
    "planted", "natural", "clean", "same", "relit", "recoded", "crossed", "gone over", "swapped",
    "dressed anew",
]  # fmt: skip
ERRORS: tuple[Kind, ...] = ("planted", "natural")
# Of people seen over real cuts: they teach nothing, and show how right the rest is.
OVER_CUTS: tuple[Kind, ...] = ("natural", "same")
# Clean tracks count whole when confidence is put on its scale. The others were made to be hard:
# such moments are rarer in real clips than in this set.
COUNTS_AS: dict[Kind, float] = {
    "planted": 1.0, "clean": 1.0, "relit": 0.5, "recoded": 0.5, "crossed": 0.1, "gone over": 0.1,
    "swapped": 0.1, "dressed anew": 0.1,
    "natural": 0.0, "same": 0.0,
}  # fmt: skip

_MIN_LOOKS = 8  # of a track that errors are planted in
MIN_SCORE = 0.4  # ... and how sure the detector is of it
MIN_TOGETHER = 6  # samples at which two are seen at once
_MAX_SHAPE_GAP = 0.5  # log of how differently wide two boxes are: a face lends no legs
_TAKES_FRAMES_AT_24 = (0, 0, 3, 6, 9, 12)
_TOUCH_IOU = 0.1  # where a tracker may confuse two
NEAR = 2  # samples by which a moment may miss the truth


@dataclass(frozen=True, slots=True, eq=False)
class Case:
    """One track, or two, that somebody asks about.

    Attributes:
        kind: What it is.
        source, clip: Where it comes from.
        tracks: Of the shot.
        rows: (M, K) float64 features of the moments that count. Where the engine rules out all
            moments of a clean case they are those ruled out: they teach as well.
        frames: (M,) int64, from which frame on looks are new.
        judged: Whether the engine weighs any of them; else it says nothing, whatever the weights.
    """

    kind: Kind
    source: str
    clip: str
    tracks: tuple[int, ...]
    rows: NDArray[np.float64]
    frames: NDArray[np.int64]
    judged: bool = True

    @property
    def planted(self) -> bool:
        """Whether it is an error."""
        return self.kind in ERRORS


@dataclass(frozen=True, slots=True, eq=False)
class Asked:
    """What an explanation says of all moments of a track or two.

    Attributes:
        moments: M of them.
        rows: (M, K) float64 features, in the order of their names.
        judged: (M,) bool, which the engine weighs.
        known: (M,) bool, of which there is anything to say.
    """

    moments: Moments
    rows: NDArray[np.float64]
    judged: NDArray[np.bool_]
    known: NDArray[np.bool_]

    @classmethod
    def of(
        cls,
        names: Iterable[str],
        moments: Moments,
        features: Mapping[str, NDArray[np.float64]],
        judged: NDArray[np.bool_],
    ) -> Asked:
        """Return the features in the order of `names`; one that is NaN says nothing and becomes 0.

        Raises:
            KeyError: A feature has no name there, or the other way round.
        """
        order = list(names)
        if set(order) != set(features):
            raise KeyError(f"features {sorted(features)}, names {sorted(order)}")
        rows = np.stack([np.nan_to_num(np.float64(features[name])) for name in order], axis=1)
        return cls(moments, rows, judged, np.isfinite(features[order[0]]))

    @classmethod
    def once(
        cls,
        names: Iterable[str],
        features: Mapping[str, float],
        *,
        sample: int = 0,
        judged: bool = True,
    ) -> Asked:
        """Return one comparison, of looks from a sample on, and whether the engine weighs it."""
        here = np.array([sample])
        table = {name: np.array([value], np.float64) for name, value in features.items()}
        return cls.of(names, Moments(here, here, here, here), table, np.array([judged]))


def case(
    kind: Kind,
    shot: Shot,
    samples: ShotSamples,
    tracks: tuple[int, ...],
    asked: Asked | None,
    *,
    near: tuple[int, int, int] | None = None,
) -> Iterator[Case]:
    """Yield the case: with `near`, only moments beside the truth.

    A case that the engine rules out beforehand is one as well: an error is missed, a clean one is
    not believed, and both count in how common errors are.

    Args:
        kind: What it is.
        shot: Where it comes from.
        samples: As they were asked about.
        tracks: Whom it is about.
        asked: What there is to judge by; `None` = no moment.
        near: First sample of the change, its last one, and by how many samples one may miss them.
    """
    if asked is None:
        nothing = np.zeros((0, 0)), np.zeros(0, np.int64)
        yield Case(kind, shot.source, shot.clip, tracks, *nothing, judged=False)
        return
    moments, chosen = asked.moments, asked.judged
    if near is not None:
        start, stop, miss = near
        chosen = chosen & (np.abs(moments.last - start) <= miss)
        chosen = chosen & (np.abs(moments.first - stop) <= miss + 1)
    judged = bool(chosen.any())
    if not judged and kind not in ERRORS:
        chosen = asked.known
    frames = samples.frames[moments.first[chosen]]
    yield Case(kind, shot.source, shot.clip, tracks, asked.rows[chosen], frames, judged)


@dataclass(frozen=True, slots=True)
class Donors:
    """Who may lend looks: clear tracks of other sources, or others of the same shot."""

    shots: Sequence[Shot]
    able: Sequence[tuple[int, int]]

    @classmethod
    def among(cls, shots: Sequence[Shot], cue: Cue = "body") -> Donors:
        """Return all of whom a cue is seen often and surely enough."""
        return cls(
            shots,
            [
                (number, track)
                for number, shot in enumerate(shots)
                for track in range(len(shot.samples.tracks))
                if not shot.altered and is_clear(shot.samples, track, cue)
            ],
        )

    def pick(self, number: int, track: int, rng: np.random.Generator) -> tuple[int, int] | None:
        """Return somebody who is surely another person, framed alike; `None` = none was found."""
        own = self.shots[number]
        same_shot = rng.random() < 0.3 and len(own.samples.tracks) > 1
        fits = [
            (k, t)
            for k, t in self.able
            if (k, t) != (number, track)
            and (k == number if same_shot else self.shots[k].source != own.source)
        ]
        shape = _shape(own.samples, track)
        for at in rng.permutation(len(fits)).tolist():
            k, t = fits[at]
            if abs(_shape(self.shots[k].samples, t) - shape) < _MAX_SHAPE_GAP:
                return k, t
        return None


def is_clear(samples: ShotSamples, track: int, cue: Cue = "body") -> bool:
    """Tell whether a cue of a track is seen often and surely enough to plant an error in it."""
    count = int(samples.seen[cue][track].sum()) if cue in samples.seen else 0
    return count >= _MIN_LOOKS and score(samples, track) > MIN_SCORE


def score(samples: ShotSamples, track: int) -> float:
    """Return how sure the detector is of a track."""
    return float(np.nanmedian(samples.score[track]))


def _shape(samples: ShotSamples, track: int) -> float:
    """Return the logarithm of how wide a box is for its height."""
    x1, y1, x2, y2 = np.nanmedian(samples.xyxy[track], axis=0)
    return float(np.log(max(x2 - x1, 1.0) / max(y2 - y1, 1.0)))


def pairs(shots: Sequence[Shot]) -> Iterator[tuple[Shot, tuple[int, int]]]:
    """Yield every two tracks of every shot that was not altered."""
    for shot in shots:
        if not shot.altered:
            for pair in combinations(range(len(shot.samples.tracks)), 2):
                yield shot, pair


def together(samples: ShotSamples, one: int, two: int) -> NDArray[np.bool_]:
    """Return (G,) at which samples two are seen at once."""
    return np.asarray(samples.seen["body"][one] & samples.seen["body"][two], np.bool_)


def where_they_touch(
    samples: ShotSamples, one: int, two: int, rng: np.random.Generator
) -> int | None:
    """Return a sample at which a tracker could confuse two; `None` = they never meet."""
    both = np.flatnonzero(together(samples, one, two))
    if len(both) < MIN_TOGETHER:
        return None
    inner = both[2:-2]
    overlap = boxes.paired_iou(samples.xyxy[one, inner], samples.xyxy[two, inner])
    touching = inner[overlap > _TOUCH_IOU]
    return int(rng.choice(touching)) if len(touching) else None


def when(
    samples: ShotSamples, seen: NDArray[np.bool_], rng: np.random.Generator, *, slow: bool
) -> tuple[float, float] | None:
    """Return from which to which frame a change shall take place; `None` = there is no room."""
    frames = samples.frames[seen]
    if len(frames) < MIN_TOGETHER:
        return None
    if not slow:
        start = float(rng.choice(frames[2:-2]))
        return start, start + int(rng.choice(_TAKES_FRAMES_AT_24)) * samples.fps / 24
    span = float(frames[-1] - frames[0])
    if span < 1.2 * samples.fps:
        return None
    length = rng.uniform(samples.fps, span)
    start = float(frames[0] + rng.uniform(0, span - length))
    return start, start + length


def around(samples: ShotSamples, start: float, stop: float, *, slow: bool) -> tuple[int, int, int]:
    """Return the first and last sample of a change, and by how many one may miss them."""
    first, last = np.searchsorted(samples.frames, (start, stop)).tolist()
    return first, last, max(3, (last - first) // 3) if slow else NEAR
