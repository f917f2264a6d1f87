"""The cast of a clip: segments of all shots joined into characters, background people left out."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations, combinations_with_replacement
from typing import TYPE_CHECKING

import numpy as np

from identity.cast.clustering import partition
from identity.cast.recurrence import recurrence_log_odds
from identity.cast.size import merge_to_count
from identity.evidence.learnt import learnt_evidence
from identity.evidence.running_sums import BLOCK_SAMPLES
from identity.evidence.same_look import same_look
from identity.evidence.setups import SAME_SETUP, setup_numbers
from identity.evidence.someone import someone_log_odds
from scenes.shots import numbers_by_shot
from tracker import boxes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from identity.evidence.calibration import Calibration
    from identity.settings import ClusteringSettings
    from identity.tracks.segments import Segment

_LEAST_ASKED = 0.4  # log-odds, three to two: of what is less likely somebody, half are things
_MOST_ASKED = 8  # of the likeliest; each asks for another partition
_TOGETHER_FRAMES = 2  # on screen together this long = two people; one frame can be a stray box
_SAME_BOX_IOU = 0.6  # two boxes that overlap more show one body seen twice by the detector
_NESTED_SHARE = 0.85  # one in the other: half a body, where the one takes over from the other


@dataclass(frozen=True, slots=True, eq=False)
class Cast:
    """Who is who.

    Attributes:
        labels: (N,) int64, character of each segment, -1 = nobody of the cast.
        log_odds: (N, N) that two segments are one person, before any constraint.
        apart: (N, N) bool, seen together, so not one person.
        doubtful: (N,) bool, too little says that somebody is there; such a segment is put with the
            character it is most like, and may be a thing.
        character_count: Characters are numbered 0 to this, by falling time on screen.
        someone: (N,) log-odds that a segment makes a character.
    """

    labels: NDArray[np.int64]
    log_odds: NDArray[np.float64]
    apart: NDArray[np.bool_]
    doubtful: NDArray[np.bool_]
    character_count: int
    someone: NDArray[np.float64]


def build_cast(
    segments: Sequence[Segment],
    setups: NDArray[np.float32],
    calibration: Calibration,
    settings: ClusteringSettings,
    *,
    someone: NDArray[np.float64] | None = None,
) -> Cast:
    """Join segments into characters over the whole clip.

    Args:
        segments: Of all shots.
        setups: (S, S) similarity of the shots' set-ups.
        calibration: How similarities become log-odds.
        settings: Priors and what counts as background.
        someone: (N,) log-odds that segments make a character; `None` = as their scores say, if a
            detector gave them that weighs its boxes.
    """
    odds = someone
    if odds is None:
        odds = someone_log_odds(segments, learnt_evidence().someone)
    shot = np.array([segment.tracklet.shot_index for segment in segments], np.int64)
    log_odds = pairwise_log_odds(segments, setups, calibration)
    log_odds += settings.same_prior
    recurs = recurrence_log_odds(log_odds, shot, odds >= settings.least_someone_odds)
    _, place = np.unique(shot, return_inverse=True)
    for at in range(0, len(segments), BLOCK_SAMPLES):
        rows = slice(at, at + BLOCK_SAMPLES)
        log_odds[rows] += recurs[np.ix_(place[rows], place)]
    del recurs
    apart = seen_together(segments)
    # Shots of one set-up repeat each other, so many pairs of them say little more than a few.
    independent = max(settings.independent_shots, len(np.unique(setup_numbers(setups))))
    discount = min(1.0, independent / max(len(setups), 1))
    likely = settings.characters or settings.likely_characters

    def grouped(makers: NDArray[np.int64]) -> NDArray[np.int64]:
        known = [segments[k] for k in makers.tolist()]
        found = partition(
            log_odds,
            apart,
            items=makers,
            discount=discount,
            group_cost=settings.new_character_cost,
            free_groups=max(likely, most_at_once(known, apart[np.ix_(makers, makers)])),
        )
        labels = np.full(len(segments), -1, np.int64)
        labels[makers] = _drop_background(found, known, settings)
        return merge_to_count(labels, settings.characters, log_odds, apart)

    makers, labels = _makers(odds, grouped, settings)
    others = np.setdiff1d(np.arange(len(segments)), makers)
    believed = [float(segment.score.sum()) for segment in segments]
    labels = _with_others(labels, others, odds, log_odds, apart, believed, shot)
    labels, count = _by_screen_time(labels, segments)
    doubtful = np.ones(len(segments), np.bool_)
    doubtful[makers] = False
    return Cast(labels, log_odds, apart, doubtful, count, odds)


def _makers(
    odds: NDArray[np.float64],
    grouped: Callable[[NDArray[np.int64]], NDArray[np.int64]],
    settings: ClusteringSettings,
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return (M,) the segments that make characters, and the (N,) labels that they make.

    Where those who are surely somebody make fewer characters than are likely, others are asked too,
    the likeliest first, and stay if that makes another character: who is rather somebody than not,
    or, where nobody is there yet, hardly.
    """
    wanted = settings.characters or settings.likely_characters
    makers = np.flatnonzero(odds >= settings.least_someone_odds)
    labels = grouped(makers)
    rest = np.setdiff1d(np.flatnonzero(odds > 0), makers)
    for one in rest[np.argsort(-odds[rest], kind="stable")][:_MOST_ASKED].tolist():
        count = len(np.unique(labels[labels >= 0]))
        if count >= wanted or (count and odds[one] <= _LEAST_ASKED):
            break
        more = np.sort(np.append(makers, one))
        with_one = grouped(more)
        if len(np.unique(with_one[with_one >= 0])) > count:
            makers, labels = more, with_one
    return makers, labels


def _with_others(
    labels: NDArray[np.int64],
    others: NDArray[np.int64],
    someone: NDArray[np.float64],
    log_odds: NDArray[np.float64],
    apart: NDArray[np.bool_],
    believed: Sequence[float],
    shot: NDArray[np.int64],
) -> NDArray[np.int64]:
    """Return the labels with each of the other segments as the character it is most like.

    Those are whom the detector doubts, and pieces seen for a moment. They are likely a piece of
    whoever else is in their shot; a character of other shots they are only if looks say so. What
    says that somebody is there, and what says that it is this one, together have to outweigh what
    speaks against both: a lamp is a little like everybody. Who is seen longest, and doubted least,
    chooses first: a shoulder is there for the whole shot, and a box that comes up beside it must
    not take its place. Who is seen beside every character stays nobody.
    """
    labels = labels.copy()
    characters = np.unique(labels[labels >= 0])
    fits = np.full((len(others), len(characters)), -np.inf)
    for column, character in enumerate(characters):
        members = np.flatnonzero(labels == character)
        fit = log_odds[np.ix_(others, members)].mean(axis=1)
        may_be = np.isin(shot[others], shot[members]) | (fit > 0)
        may_be &= someone[others] + fit > 0
        may_be &= ~apart[np.ix_(others, members)].any(axis=1)
        fits[:, column] = np.where(may_be, fit, -np.inf)
    for row in sorted(range(len(others)), key=lambda row: -believed[int(others[row])]):
        if not np.isfinite(fits[row]).any():
            continue
        column = int(fits[row].argmax())
        labels[others[row]] = characters[column]
        fits[apart[others, others[row]], column] = -np.inf
    return labels


def pairwise_log_odds(
    segments: Sequence[Segment], setups: NDArray[np.float32], calibration: Calibration
) -> NDArray[np.float64]:
    """Return (N, N) log-odds that two segments are one person, from looks and place."""
    if not segments:
        return np.zeros((0, 0))
    places = np.array([np.median(s.xyxy, axis=0) for s in segments], np.float32)
    size = np.maximum(places[:, 2:] - places[:, :2], 1)
    shape = np.log(size[:, 1] / size[:, 0])
    means = [segment.means for segment in segments]
    shot = np.array([segment.tracklet.shot_index for segment in segments])
    count = np.array([segment.sample_count for segment in segments])
    trust = count / (count + 2.0)  # few samples say less
    odds = np.empty((len(segments), len(segments)))
    for one, two in _blocks(len(segments)):
        gap = np.abs(shape[one, None] - shape[two])
        alike = same_look(means[one], means[two], calibration, view_gap=gap)
        place = calibration.same_place(boxes.iou(places[one], places[two]).astype(np.float64))
        alike += np.where(setups[np.ix_(shot[one], shot[two])] >= SAME_SETUP, place, 0)
        odds[one, two] = np.nan_to_num(alike * np.minimum(trust[one, None], trust[two]))
        if one != two:
            odds[two, one] = odds[one, two].T
    np.fill_diagonal(odds, 0)
    return odds


def _blocks(count: int) -> Iterator[tuple[slice, slice]]:
    """Yield the blocks of a symmetric table, but for their mirror images: clips have thousands."""
    parts = [slice(at, at + BLOCK_SAMPLES) for at in range(0, count, BLOCK_SAMPLES)]
    return combinations_with_replacement(parts, 2)


def seen_together(segments: Sequence[Segment]) -> NDArray[np.bool_]:
    """Return (N, N) bool: on screen at once as two bodies, so not one person."""
    apart = np.zeros((len(segments), len(segments)), np.bool_)
    for own in numbers_by_shot(segment.tracklet.shot_index for segment in segments).values():
        for a, b in combinations(own, 2):
            _, rows_a, rows_b = np.intersect1d(
                segments[a].frames, segments[b].frames, return_indices=True
            )
            if len(rows_a) < _TOGETHER_FRAMES:
                continue
            one, two = segments[a].xyxy[rows_a], segments[b].xyxy[rows_b]
            same = boxes.paired_iou(one, two) > _SAME_BOX_IOU
            if _takes_turns(segments[a], segments[b]):
                same |= boxes.paired_nesting(one, two) >= _NESTED_SHARE
            apart[a, b] = apart[b, a] = float(same.mean()) < 0.5
    return apart


def _takes_turns(one: Segment, two: Segment) -> bool:
    """Tell whether one begins while the other is there, and goes on after it has ended."""
    return (two.start_frame - one.start_frame) * (two.stop_frame - one.stop_frame) > 0


def most_at_once(segments: Sequence[Segment], apart: NDArray[np.bool_]) -> int:
    """Return how many share a frame at most of whom no two may be one person.

    Where one track of somebody takes over from another, both are there for a few frames.

    Args:
        segments: Of all shots.
        apart: (N, N) bool, who was seen together; see `seen_together`.
    """
    start = np.array([segment.start_frame for segment in segments], np.int64)
    stop = np.array([segment.stop_frame for segment in segments], np.int64)
    there = (np.flatnonzero((start <= at) & (at < stop)) for at in np.unique(start))
    return max((_most_apart(apart[np.ix_(some, some)]) for some in there), default=0)


def _most_apart(apart: NDArray[np.bool_]) -> int:
    """Return how many of K can be chosen at most so that all of them are apart, by (K, K) bool."""
    doubles = (~apart).sum(axis=1)  # nobody is apart from himself
    if doubles.max(initial=1) == 1:
        return len(apart)
    for one in np.argsort(doubles, kind="stable").tolist():
        double = ~apart[one]
        if not apart[np.ix_(double, double)].any():  # one of these at most, so it may be this one
            return 1 + _most_apart(apart[np.ix_(~double, ~double)])
    one = int(doubles.argmax())
    others = np.arange(len(apart)) != one
    without = _most_apart(apart[np.ix_(others, others)])
    return max(without, 1 + _most_apart(apart[np.ix_(apart[one], apart[one])]))


def _drop_background(
    labels: NDArray[np.int64], segments: Sequence[Segment], settings: ClusteringSettings
) -> NDArray[np.int64]:
    """Return the labels with -1 for who is seen too briefly, too small, or never well enough."""
    labels = labels.copy()
    groups = [np.flatnonzero(labels == k) for k in range(labels.max() + 1)] if len(labels) else []
    frames = [sum(len(segments[i].frames) for i in group.tolist()) for group in groups]
    longest = max(frames, default=0)
    judged = [any(segments[i].sample_count for i in group.tolist()) for group in groups]
    # Whom nobody can compare with anybody, such as a strip at the edge, is no third one; a second
    # one he may be, and where nobody is seen well enough all stay, not judged.
    enough = sum(judged) >= settings.likely_characters
    tallest = _tallest(segments)
    for group, count, is_judged in zip(groups, frames, judged, strict=True):
        too_brief = count < settings.min_screen_share * longest
        too_small = _size_share(group, segments, tallest) < settings.min_size_share
        if too_brief or too_small or (enough and not is_judged):
            labels[group] = -1
    return labels


def _tallest(segments: Sequence[Segment]) -> dict[int, float]:
    """Return shot to how tall its tallest segment is, in pixels."""
    found: dict[int, float] = {}
    for segment in segments:
        shot = segment.tracklet.shot_index
        found[shot] = max(found.get(shot, 0.0), _height(segment))
    return found


def _size_share(
    group: NDArray[np.int64], segments: Sequence[Segment], tallest: Mapping[int, float]
) -> float:
    """Return how tall the group is at best, as a share of the tallest in the same shot."""
    own = (segments[i] for i in group.tolist())
    return max(_height(segment) / tallest[segment.tracklet.shot_index] for segment in own)


def _height(segment: Segment) -> float:
    return float(np.median(segment.xyxy[:, 3] - segment.xyxy[:, 1]))


def _by_screen_time(
    labels: NDArray[np.int64], segments: Sequence[Segment]
) -> tuple[NDArray[np.int64], int]:
    """Renumber so that 0 is longest on screen; ties go to who comes first."""
    groups = [int(k) for k in dict.fromkeys(labels.tolist()) if k >= 0]
    frames = {
        k: sum(len(s.frames) for s, m in zip(segments, labels, strict=True) if m == k)
        for k in groups
    }
    order = sorted(groups, key=lambda k: (-frames[k], groups.index(k)))
    rename = {old: new for new, old in enumerate(order)} | {-1: -1}
    return np.array([rename[int(k)] for k in labels], np.int64), len(order)
