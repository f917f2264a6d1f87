"""Two who have exchanged identity over a cut back to a set-up, whatever the framing.

Looks are asked first, since that costs nothing; only where "crossed" is ahead is it asked whether
the camera is back in the set-up, and whether the places are those of before.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from itertools import combinations, pairwise, permutations
from typing import TYPE_CHECKING

import numpy as np

from identity.evidence.alignment import Alignment, lays_of_boxes, may_lie_over
from identity.evidence.moments import MIN_SAMPLES
from identity.evidence.place_in_setup import MOST_TRIED
from identity.evidence.same_look import SAME_FACING, Compared, similarities_between
from identity.evidence.setups import setup_numbers
from identity.explanations import swap
from identity.explanations.contract import Explained, features_at
from identity.tracks.linking import END_BOXES, SAME_PLACE_IOU
from scenes.shots import numbers_by_shot
from tracker import boxes

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from identity.evidence.alignment import Sets
    from identity.explanations.contract import Clip
    from identity.tracks.segments import Segment

_FITS_IOU = 0.6  # ... where the places themselves say how two shots lie over each other


def find_over_cuts(clip: Clip) -> list[Explained]:
    """Return the exchanges over cuts: each against the last shot of its set-up, and told once.

    Where clothes alone were exchanged over a cut, that is the cause of all else.
    """
    sets, segments = clip.sets, clip.segments
    if sets is None or any(e.kind == "attribute_swap" and e.over_cut for e in clip.explained):
        return []
    ends, begins = _worn_at_the_edges(segments)
    found: list[Explained] = []
    exchanged: set[frozenset[int]] = set()
    setups = setup_numbers(clip.setups).tolist()
    elsewhere: Counter[tuple[int, int]] = Counter()
    edges = (
        {k: _edge(segments[k], -1) for own in ends.values() for k in own},
        {k: _edge(segments[k], 0) for own in begins.values() for k in own},
    )
    for late in sorted(begins):
        apart = {
            early: elsewhere[setups[early], setups[late]] >= MOST_TRIED
            for early in sorted(ends)
            if early < late
        }
        for early in _maybe_crossed(clip, ends, begins[late], edges, apart):
            options = [
                one
                for one in _crossed(clip, ends[early], begins[late])
                if not _is_told_inside(clip, one)
            ]
            if not options:
                continue
            pair = setups[early], setups[late]
            lay = sets.alignment(early, late) if elsewhere[pair] < MOST_TRIED else None
            elsewhere[pair] += lay is None and pair[0] != pair[1]
            placed = _placed(segments, options, sets, (early, late), lay)
            if placed:
                best = max(placed, key=lambda o: (o.vouched, o.log_odds))
                key = frozenset(best.segments[2:])
                if key not in exchanged:
                    exchanged.add(key)
                    found.append(best)
                break
    return found[:1] if len(found) > 1 and not _independent(found) else found


def _is_told_inside(clip: Clip, one: Explained) -> bool:
    """Tell whether the same two exchange inside a shot in between: the cut only goes on with it."""
    labels, segments = clip.cast.labels, clip.segments
    two = {int(labels[k]) for k in one.segments[:2]}
    between = range(segments[one.segments[0]].stop_frame, segments[one.segments[2]].start_frame)
    inside = [
        e for e in clip.explained
        if e.kind == "swap" and not e.over_cut and e.undone_frame is None
        and e.start_frame in between
        and two == {
            int(labels[k]) for k, segment in enumerate(segments)
            if segment.start_frame == e.start_frame
            and any(segment.tracklet.tracklet_id in clip.tracks[t].members for t in e.tracks)
        }
    ]  # fmt: skip
    return len(inside) % 2 == 1


def _maybe_crossed(
    clip: Clip,
    ends: Mapping[int, Sequence[int]],
    late: Sequence[int],
    edges: tuple[Mapping[int, NDArray[np.float32]], Mapping[int, NDArray[np.float32]]],
    apart: Mapping[int, bool],
) -> list[int]:
    """Return the shots before, the last first, of which two may look crossed in a later one.

    All of them are asked at once for two whom the cast has exchanged, whose places can lie at those
    of the later shot, and of whom each looks more like the other: nearly always nobody is. A long
    dialogue has a thousand shots, and to lay two over each other takes 20 ms.

    Args:
        clip: The cast stands.
        ends: Shot to the segments worn at its end.
        late: Those worn at the beginning of the later shot.
        edges: Where a segment ends, and where it begins, (4,) each.
        apart: Earlier shot, in order, to whether its set-up is known to lie apart; then nothing but
            who stands where can say how it lies.
    """
    picture_px = (1, 1) if clip.sets is None else clip.sets.picture_px
    early = np.array([k for shot in apart for k in ends[shot]], np.int64)
    if not len(early) or len(late) < 2:
        return []
    counts = [len(ends[shot]) for shot in apart]
    of_shot, lies_apart = np.repeat([*apart], counts), np.repeat([*apart.values()], counts)
    who = np.concatenate(
        [
            np.column_stack([pair, np.broadcast_to((c, d), pair.shape)])
            for c, d in combinations(late, 2)
            for pair in [_named_crosswise(clip.cast.labels, early, of_shot, (c, d))]
        ]
    )
    before = np.stack([edges[0][k] for k in early.tolist()])[who[:, :2]]
    after = np.array([edges[1][k] for k in who[:, 2:].ravel().tolist()]).reshape(before.shape)
    may = may_lie_over(before, after, share=SAME_PLACE_IOU)
    near = may & lies_apart[who[:, 0]]
    may[near] = lays_of_boxes(before[near], after[near], picture_px=picture_px)[0] >= _FITS_IOU
    who = np.column_stack([early[who[:, :2]], who[:, 2:]])[may]
    if not len(who):
        return []
    asked = np.unique(who[:, :2])
    one, two = ([clip.segments[k].means for k in side] for side in (asked.tolist(), late))
    odds = Compared.of(similarities_between(one, two, clip.calibration), clip.calibration).log_odds
    a, b = np.searchsorted(asked, who[:, :2]).T
    c, d = np.searchsorted(late, who[:, 2:]).T
    more = (odds[a, d] > odds[a, c]) & (odds[b, c] > odds[b, d])
    crossed = {clip.segments[k].tracklet.shot_index for k in who[more, 0].tolist()}
    return sorted(crossed, reverse=True)


def _named_crosswise(
    labels: NDArray[np.int64],
    early: NDArray[np.int64],
    of_shot: NDArray[np.int64],
    late: tuple[int, int],
) -> NDArray[np.int64]:
    """Return (K, 2) places in `early` of two in one shot: the second of `late`, and the first.

    Args:
        labels: (N,) character of each segment.
        early: (E,) segments of earlier shots.
        of_shot: (E,) the shot of each, rising.
        late: Two segments of a later shot.
    """
    first, second = (np.flatnonzero(labels[early] == labels[k]) for k in (late[1], late[0]))
    start, stop = (
        np.searchsorted(of_shot[second], of_shot[first], side) for side in ("left", "right")
    )
    count = stop - start
    a = np.repeat(first, count)
    b = second[np.arange(count.sum()) + np.repeat(start - np.cumsum(count) + count, count)]
    return np.asarray(np.column_stack([a, b])[a != b], np.int64)


def _worn_at_the_edges(
    segments: Sequence[Segment],
) -> tuple[dict[int, list[int]], dict[int, list[int]]]:
    """Return per shot the segments worn at its end, and those worn at its beginning."""
    last: dict[int, int] = {}
    first: dict[int, int] = {}
    for k, segment in enumerate(segments):
        if segment.sample_count >= MIN_SAMPLES and "body" in segment.means:
            first.setdefault(segment.tracklet.tracklet_id, k)
            last[segment.tracklet.tracklet_id] = k
    ends, begins = (
        {
            shot: [numbers[i] for i in own]
            for shot, own in numbers_by_shot(
                segments[k].tracklet.shot_index for k in numbers
            ).items()
        }
        for numbers in (list(last.values()), list(first.values()))
    )
    return ends, begins


def _independent(found: Sequence[Explained]) -> bool:
    """Tell whether later exchanges change back: then both are told."""
    return all(set(a.segments[2:]) & set(b.segments[:2]) for a, b in pairwise(found))


def _crossed(clip: Clip, early: Sequence[int], late: Sequence[int]) -> list[Explained]:
    """Return who may have exchanged looks: two of before with two of after.

    The cast, which knows all shots, has to have exchanged them too.
    """
    before, after = (clip.cast.labels[list(side)].tolist() for side in (early, late))
    who = np.array(
        [
            (a, b, c, d)
            for a, b in combinations(range(len(early)), 2)
            for c, d in permutations(range(len(late)), 2)
            if before[a] == after[d] and before[b] == after[c]
        ],
        np.int64,
    ).reshape(-1, 4)
    if not len(who):
        return []
    sides = [[clip.segments[k] for k in side] for side in (early, late)]
    one, two = ([segment.means for segment in side] for side in sides)
    alike = Compared.of(similarities_between(one, two, clip.calibration), clip.calibration)
    a, b, c, d = who.T
    pair = swap.PairCompared((alike.at(a, c), alike.at(b, d)), (alike.at(a, d), alike.at(b, c)))
    samples, score = (
        np.minimum(*(side[who[:, 2 * k : 2 * k + 2]].min(axis=1) for k, side in enumerate(both)))
        for both in (
            [np.array([how(segment) for segment in side]) for side in sides]
            for how in (_sample_count, _median_score)
        )
    )
    nothing = np.zeros(len(who))
    features = swap.looks_features(pair) | {
        "leap": nothing, "touch": nothing, "span": nothing,
        "samples": np.log(np.minimum(samples, 8)), "score": score,
    }  # fmt: skip
    odds = clip.model["swap"].log_odds(features)
    told = swap.crossed_is_ahead(pair) & (odds >= clip.settings.least_log_odds)
    told &= features["crossed"] > 0  # in another shot everybody may look otherwise
    found = []
    for k in np.flatnonzero(told).tolist():
        four = early[a[k]], early[b[k]], late[c[k]], late[d[k]]
        start = min(clip.segments[n].start_frame for n in four[2:])
        found.append(
            Explained(
                "swap", tuple(clip.track_of(n) for n in four), start, start + 1, float(odds[k]),
                float(features["network"][k]), features_at(features, k),
                over_cut=True, segments=four,
            )
        )  # fmt: skip
    return found


def _sample_count(segment: Segment) -> int:
    return segment.sample_count


def _median_score(segment: Segment) -> float:
    return float(np.median(segment.score))


def _placed(
    segments: Sequence[Segment],
    options: Sequence[Explained],
    sets: Sets,
    shots: tuple[int, int],
    lay: Alignment | None,
) -> list[Explained]:
    """Return the exchanges of which both stand where the other one stood.

    The set says how the two shots lie over each other. Where people hide all of it, who stands
    where says it, and nothing vouches for the place but that both are seen there from the same
    side: whoever is filmed from behind changes sides, and turns his back.
    """
    picture_px = sets.picture_px
    limit = np.array(picture_px * 2, np.float32)
    found = []
    for one in options:
        before, after = (
            np.stack([_edge(segments[k], end) for k in pair])
            for pair, end in ((one.segments[:2], -1), (one.segments[2:], 0))
        )
        if lay is not None:
            now = np.clip(lay.mapped(after, picture_px=picture_px), 0, limit)
            if (boxes.paired_iou(before, now) >= SAME_PLACE_IOU).all():
                found.append(one)
            continue
        places = before[None], after[None]
        (agrees,), (scale,), (shift,) = lays_of_boxes(*places, picture_px=picture_px)
        near = Alignment(float(agrees), float(scale), (float(shift[0]), float(shift[1])))
        fits = agrees >= _FITS_IOU and sets.is_hidden(*shots, near)
        if fits and _same_side(segments, one):
            found.append(replace(one, vouched=False))
    return found


def _same_side(segments: Sequence[Segment], one: Explained) -> bool:
    """Tell whether both look as the other one did from the same side."""
    a, b, c, d = (segments[k].means.get("facing") for k in one.segments)
    return all(
        old is not None and new is not None and abs(float(old[0] - new[0])) <= SAME_FACING
        for old, new in ((a, d), (b, c))
    )


def _edge(segment: Segment, end: int) -> NDArray[np.float32]:
    """Return (4,) where somebody stands at the beginning (0) or end (-1) of a segment."""
    rows = segment.xyxy[-END_BOXES:] if end else segment.xyxy[:END_BOXES]
    return np.asarray(np.median(rows, axis=0), np.float32)
