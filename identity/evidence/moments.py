"""Moments and their two sides: which samples count as before and which as after."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from identity.evidence.same_look import MIN_LOOKS
from identity.tracks.body_track import FAST_S, WINDOW_S
from tracker import boxes

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from identity.appearance.looks import Cue
    from identity.evidence.samples import ShotSamples, Stretch
    from identity.tracks.body_track import BodyTrack

MIN_SAMPLES = 2  # of each side
# The colours are known at every frame.
_TELLS_FRAME: tuple[Cue, ...] = ("body", "upper", "head", "lower")
_NO_STEP = 1e-6  # squared distance: what floats differ by
_SLOW_STOPS = 24  # ends of stretches that are asked about in a track: finer says nothing of a slope


@dataclass(frozen=True, slots=True, eq=False)
class Moments:
    """M moments: old looks up to sample `last`, new ones from `first` on, and their windows.

    Attributes:
        start, last: (M,) int64, the samples before are `[start, last)`.
        first, stop: (M,) int64, the samples after are `[first, stop)`.
    """

    start: NDArray[np.int64]
    last: NDArray[np.int64]
    first: NDArray[np.int64]
    stop: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.last)

    @property
    def before(self) -> Stretch:
        """The samples before."""
        return self.start, self.last

    @property
    def after(self) -> Stretch:
        """The samples after."""
        return self.first, self.stop

    @property
    def sides(self) -> tuple[Stretch, Stretch]:
        """The samples before, and those after."""
        return self.before, self.after

    @property
    def edges(self) -> bytes:
        """All samples that they begin and end at: moments with the same ones are the same."""
        return b"".join(part.tobytes() for side in self.sides for part in side)

    def take(self, rows: NDArray[np.int64]) -> Moments:
        """Return the chosen moments."""
        return Moments(self.start[rows], self.last[rows], self.first[rows], self.stop[rows])

    @classmethod
    def between(
        cls,
        samples: ShotSamples,
        pairs: Sequence[tuple[int, int]] | NDArray[np.int64],
        *,
        low: int = 0,
        high: int = -1,
        window_s: float = WINDOW_S,
    ) -> Moments:
        """Return the moments with these last and first samples, a second on either side.

        Args:
            samples: Of the shot.
            pairs: (M, 2) the last old and first new sample of each moment.
            low: No window begins before this sample,
            high: ... or ends after this one; -1 = the end of the shot.
            window_s: How long both windows are.
        """
        last, first = np.asarray(pairs, np.int64).reshape(-1, 2).T
        window = max(MIN_SAMPLES, round(window_s * samples.per_s))
        stop = np.minimum(first + window, len(samples.frames) if high < 0 else high)
        return cls(np.maximum(last - window, low), last, first, stop)


def fast_moments(samples: ShotSamples, low: int, high: int) -> Moments:
    """Return every moment between two samples, sudden or taking up to half a second."""
    half_s = max(1, round(FAST_S * samples.per_s))
    gaps = sorted({0, half_s // 4, half_s // 2, half_s})
    last = [np.arange(low + 1, high - gap) for gap in gaps]
    first = [own + gap for own, gap in zip(last, gaps, strict=True)]
    pairs = np.stack([np.concatenate(last), np.concatenate(first)], axis=1)
    return Moments.between(samples, pairs, low=low, high=high)


def slow_moments(samples: ShotSamples, low: int, high: int) -> Moments:
    """Return stretches of more than half a second between samples `low` and `high`."""
    half_s = max(1, round(FAST_S * samples.per_s))
    stops = np.unique(np.linspace(low + 1, high - 1, _SLOW_STOPS).round().astype(int)).tolist()
    pairs = [(s, e) for s in stops for e in stops if e - s > half_s]
    return Moments.between(samples, pairs, low=low, high=high)


def exact_frame(
    samples: ShotSamples,
    tracks: tuple[int, ...],
    moments: Moments,
    at: int,
    *,
    cues: Sequence[Cue] = _TELLS_FRAME,
) -> int:
    """Return the first frame that is more like the looks after a moment than those before it.

    The network saw only every few frames; colours are known at every frame. Over both, the frame is
    the one at which a step from the one mean look to the other leaves the least squared distance.
    A change over some frames has its step in the middle, which may lie beside the surest moment.
    """
    start, last, first, stop = (
        int(part[at]) for part in (moments.start, moments.last, moments.first, moments.stop)
    )
    end = len(samples.frames) - 1
    opens, closes = int(samples.frames[start]), int(samples.frames[min(stop - 1, end)])
    old, new = int(samples.frames[max(last - 1, 0)]), int(samples.frames[min(first, end)])
    reach = round(FAST_S / 2 * samples.fps)
    low, high = max(old + 1 - reach, opens), max(min(new + reach, closes), new)
    nearer: dict[int, float] = {}
    for track in tracks:
        body_track = samples.tracks[track]
        for cue in cues:
            rows, frames = body_track.looks.seen(cue), body_track.frames_of(cue)
            # Only what lies beside it: a take may last for hours.
            here = slice(*np.searchsorted(frames, (opens, closes + 1)))
            rows, frames = rows[here], frames[here]
            before, after = frames <= old, frames >= new
            if not before.any() or not after.any():
                continue
            looks = body_track.looks.rows(cue, rows).astype(np.float64)
            one, two = looks[before].mean(axis=0), looks[after].mean(axis=0)
            gains = 2 * looks @ (two - one) + one @ one - two @ two
            for frame, gain in zip(frames.tolist(), gains.tolist(), strict=True):
                nearer[frame] = nearer.get(frame, 0.0) + gain
    asked = sorted(frame for frame in nearer if low <= frame <= high)
    if max((abs(nearer[frame]) for frame in asked), default=0.0) < _NO_STEP:
        return new
    since = np.cumsum([nearer[frame] for frame in reversed(asked)])
    return asked[len(asked) - 1 - int(since.argmax())]


@dataclass(frozen=True, slots=True, eq=False)
class Circumstances:
    """What makes the looks of one track trustworthy at M moments, each (M,).

    Attributes:
        samples: How many looks the poorer side has.
        jump: How far the box moves at most from one frame to the next, 0 = not at all, 1 = away.
        touch: Largest overlap with anybody else's box around the moment, within three looks.
        zoom: Logarithm of how much taller or wider the box is on one side.
        score: How sure the detector is, on the side where it is less so.
        height_px: Of the box before.
    """

    samples: NDArray[np.int64]
    jump: NDArray[np.float64]
    touch: NDArray[np.float64]
    zoom: NDArray[np.float64]
    score: NDArray[np.float64]
    height_px: NDArray[np.float64]


def circumstances(samples: ShotSamples, track: int, moments: Moments) -> Circumstances:
    """Return what was going on around a track at M moments."""
    return samples.lately(
        "circumstances", track, moments.edges, lambda: _circumstances(samples, track, moments)
    )


def _circumstances(samples: ShotSamples, track: int, moments: Moments) -> Circumstances:
    counts = samples.counts("body", track)
    sizes = [
        samples.once(side, track, partial(_totals_of_size, samples, track, k))
        for k, side in enumerate(("width", "height"))
    ]
    score = samples.once("score", track, lambda: Totals.of(samples.score[track]))
    zoom = np.zeros(len(moments))
    for size in sizes:
        before, after = (
            np.maximum(mean_over(size, *part), 1.0) for part in (moments.before, moments.after)
        )
        zoom = np.maximum(zoom, np.abs(np.log(before / after)))
    return Circumstances(
        np.minimum(
            counts[moments.last] - counts[moments.start],
            counts[moments.stop] - counts[moments.first],
        ),
        _jump(samples, track, moments),
        _most_between(
            samples.once("touching", track, lambda: _touching(samples, track)),
            moments.last - MIN_LOOKS,
            moments.first + MIN_LOOKS,
        ),
        zoom,
        np.minimum(
            mean_over(score, *moments.before),
            mean_over(score, *moments.after),
        ),
        mean_over(sizes[1], *moments.before),
    )


def _totals_of_size(samples: ShotSamples, track: int, side: int) -> Totals:
    xyxy = samples.xyxy[track]
    return Totals.of(xyxy[:, 2 + side] - xyxy[:, side])


@dataclass(frozen=True, slots=True, eq=False)
class Totals:
    """Sums and counts of the known ones of G values before each of G + 1 samples.

    Attributes:
        total: (G + 1,) float64.
        count: (G + 1,) int32.
    """

    total: NDArray[np.float64]
    count: NDArray[np.int32]

    @classmethod
    def of(cls, values: NDArray[np.float32]) -> Totals:
        """Sum (G,) values; NaN is not known."""
        known = ~np.isnan(values)
        total = np.concatenate([[0.0], np.cumsum(np.where(known, values, 0.0))])
        return cls(total, np.concatenate([[0], np.cumsum(known)]).astype(np.int32))


def mean_over(
    values: NDArray[np.float32] | Totals,
    start: NDArray[np.int64],
    stop: NDArray[np.int64],
    *,
    empty: float = 0.0,
) -> NDArray[np.float64]:
    """Return (M,) means of the known ones of (G,) `values` over `[start, stop)`.

    What is asked for stretch after stretch of a take is given as `Totals`, made once.
    """
    totals = values if isinstance(values, Totals) else Totals.of(values)
    number = totals.count[stop] - totals.count[start]
    sums = totals.total[stop] - totals.total[start]
    return np.where(number > 0, sums / np.maximum(number, 1), empty)


def _box_steps(track: BodyTrack) -> NDArray[np.float32]:
    """Return (T,) overlap of every box with the one before it; 1 for the first."""
    steps = np.ones(len(track.frame), np.float32)
    if len(steps) > 1:
        steps[1:] = boxes.paired_iou(track.xyxy[:-1], track.xyxy[1:])
    return steps


def _jump(samples: ShotSamples, track: int, moments: Moments) -> NDArray[np.float64]:
    body_track = samples.tracks[track]
    steps = samples.once("steps", track, lambda: _box_steps(body_track))
    frames, end = samples.frames, len(samples.frames) - 1
    # A moment beside the one at which a box goes over to somebody else looks nearly as exchanged.
    earliest, latest = moments.last - 1 - MIN_LOOKS, moments.first + MIN_LOOKS
    low = np.searchsorted(body_track.frame, frames[np.maximum(earliest, 0)], side="right")
    high = np.searchsorted(body_track.frame, frames[np.minimum(latest, end)], side="right")
    return (1 - over_windows(np.minimum, steps, low, high, empty=1.0)).astype(np.float64)


def _touching(samples: ShotSamples, track: int) -> NDArray[np.float32]:
    """Return (G,) the largest overlap of a track's box with anybody else's at each sample."""
    own = samples.xyxy[track]
    most = np.zeros(len(samples.frames), np.float32)
    for other in range(len(samples.tracks)):
        if other == track:
            continue
        both = ~np.isnan(own[:, 0]) & ~np.isnan(samples.xyxy[other, :, 0])
        most[both] = np.maximum(most[both], boxes.paired_iou(own[both], samples.xyxy[other, both]))
    return most


def _most_between(
    values: NDArray[np.float32], start: NDArray[np.int64], stop: NDArray[np.int64]
) -> NDArray[np.float64]:
    low, high = np.maximum(start, 0), np.minimum(stop, len(values))
    return over_windows(np.maximum, values, low, high, empty=0.0).astype(np.float64)


def over_windows(
    how: np.ufunc,
    values: NDArray[np.float32],
    start: NDArray[np.int64],
    stop: NDArray[np.int64],
    *,
    empty: float,
) -> NDArray[np.float32]:
    """Return (M,) what a maximum, or minimum, of (N,) values over `[start, stop)` is.

    Args:
        how: `np.maximum` or `np.minimum`.
        values: N of them.
        start: (M,) at least 0.
        stop: (M,) at most N.
        empty: Of no values; it counts beside the others as well.

    Example:
        >>> values = np.array([3, 5, 4], np.float32)
        >>> over_windows(np.maximum, values, np.array([0, 1, 2]), np.array([1, 3, 2]), empty=0)
        array([3., 5., 0.], dtype=float32)
    """
    if not len(start):
        return np.zeros(0, np.float32)
    padded = np.append(values, np.float32(empty))
    edges = np.stack([np.minimum(start, len(values)), stop], axis=1).ravel()
    found = how(how.reduceat(padded, edges)[::2], np.float32(empty))
    return np.asarray(np.where(stop > start, found, empty), np.float32)
