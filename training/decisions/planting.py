"""The cases of each explanation: what is planted for it, and which look-alikes it must stand."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from functools import partial
from itertools import combinations, permutations
from typing import TYPE_CHECKING

import numpy as np

from identity.appearance.cues.table import CUE_TABLE
from identity.explanations import (
    attribute_swap,
    change,
    clone,
    clothes_swap,
    exchanged_heads,
    other_clothes,
    other_face,
    other_look,
    slow_clothes,
    swap,
)
from training.decisions import parts, splice
from training.decisions.cases import (
    MIN_SCORE,
    MIN_TOGETHER,
    NEAR,
    Asked,
    Donors,
    around,
    case,
    is_clear,
    pairs,
    score,
    together,
    when,
    where_they_touch,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from types import ModuleType

    from numpy.typing import NDArray

    from identity.appearance.looks import Cue
    from identity.evidence.calibration import Calibration
    from identity.evidence.samples import ShotSamples
    from training.decisions.cases import Case, Kind
    from training.decisions.clips import Shot
    from training.decisions.over_cuts import LabelledClip

    Means = dict[Cue, NDArray[np.float32]]

_EACH = 3  # errors planted in each track, and in each two
_ALREADY_ONE = 1.0  # log-odds of two who look alike anyway: nobody can become the other
# Another look is any that differs, so it is planted as large as a part can be.
_WHOLE_PARTS: tuple[Mapping[Cue, float] | None, ...] = (
    {"head": 1.0, "hair": 1.0, "head_look": 1.0, "body": 0.35},
    {"upper": 1.0, "lower": 1.0, "upper_look": 1.0, "lower_look": 1.0, "body": 0.65},
    None,  # all of somebody
)
# The lamp of a relit clip is far stronger than what changes from one set-up to the next, and a look
# that no light may change could only be told by networks.
_RELIT_SHARE = 1 / 16
_SLOW_SHARE = 0.7  # of the way to the other one, at least, that a slow change goes


def change_cases(
    shots: Sequence[Shot], calibration: Calibration, rng: np.random.Generator, *, slow: bool
) -> list[Case]:
    """Return cases of "one becomes another": fast ones (a morph) or slow ones (a drift)."""
    return list(_changes(change, shots, calibration, rng, slow=slow))


def other_face_cases(
    shots: Sequence[Shot], calibration: Calibration, rng: np.random.Generator
) -> list[Case]:
    """Return cases of "one's face becomes another's" within half a second, hair and head with it.

    Only those are asked about whose faces are seen, and only such lend theirs.
    """
    return list(
        _changes(other_face, shots, calibration, rng, slow=False, part="head", cue=other_face.FACE)
    )


def labelled_faces(clips: Sequence[LabelledClip], calibration: Calibration) -> list[Case]:
    """Return such cases of labelled clips without an error; nothing is learnt from them.

    The network for faces was trained on the film that teaches, so there it flatters. It has never
    seen these.
    """
    shots = [part.shot for clip in clips if not clip.errors for part in clip.shots]
    as_seen: dict[Kind, Kind] = {"planted": "natural", "clean": "same"}
    made = other_face_cases(shots, calibration, np.random.default_rng(0))
    return [replace(one, kind=as_seen[one.kind]) for one in made if one.kind in as_seen]


def _changes(
    explanation: ModuleType,
    shots: Sequence[Shot],
    calibration: Calibration,
    rng: np.random.Generator,
    *,
    slow: bool,
    part: parts.Part | None = None,
    cue: Cue = "body",
) -> Iterator[Case]:
    """Yield cases of one who becomes another, in a part of his looks or in all of them.

    Args:
        explanation: Whose features are asked for.
        shots: In which.
        calibration: How cosines become log-odds.
        rng: Chance.
        slow: Whether it takes a second or more, or half a second at most.
        part: What changes; `None` = all of a look.
        cue: Of which there have to be looks.
    """
    ask = partial(_ask_change, explanation, calibration=calibration, slow=slow)
    donors = Donors.among(shots, cue)
    for number, shot in enumerate(shots):
        own = shot.samples
        asked = [k for k in range(len(own.tracks)) if cue == "body" or is_clear(own, k, cue)]
        for track in asked:
            yield from case(shot.kind, shot, own, (track,), ask(own, track))
        if shot.altered:
            continue
        for one, two in permutations(range(len(own.tracks)), 2):
            at = where_they_touch(own, one, two, rng) if one in asked else None
            if at is not None:
                wrong = splice.gone_over(own, one, two, at=at)
                yield from case("gone over", shot, wrong, (one, two), ask(wrong, one))
        clear = [track for track in range(len(own.tracks)) if is_clear(own, track, cue)]
        for track in np.repeat(clear, _EACH).tolist():
            donor = donors.pick(number, track, rng)
            plan = when(own, own.seen[cue][track], rng, slow=slow)
            if donor is None or plan is None:
                continue
            lent = donors.shots[donor[0]].samples
            most = rng.uniform(_SLOW_SHARE, 1.0) if slow else 1.0
            planted = splice.blended(
                own,
                track,
                lent,
                donor[1],
                at=splice.there_and_back(lent, donor[1], count=len(own.frames), cue=cue),
                share=most * splice.onset(own, *plan),
                part=None if part is None else parts.drawn(part, rng),
            )
            near = around(own, *plan, slow=slow)
            yield from case("planted", shot, planted, (track,), ask(planted, track), near=near)


def _ask_change(
    explanation: ModuleType,
    samples: ShotSamples,
    track: int,
    *,
    calibration: Calibration,
    slow: bool,
) -> Asked | None:
    how = {"slow": slow} if explanation is change else {}
    moments = explanation.moments_of(samples, track, **how)
    if not len(moments):
        return None
    found = explanation.features_of(samples, track, moments, calibration)
    return Asked.of(explanation.FEATURES, moments, *found)


def swap_cases(
    shots: Sequence[Shot], calibration: Calibration, rng: np.random.Generator
) -> list[Case]:
    """Return cases of "two exchange identity"."""
    cases: list[Case] = []
    for shot, pair in pairs(shots):
        own = shot.samples
        cases += case("clean", shot, own, pair, _ask_exchange(swap, own, pair, calibration))
        at = where_they_touch(own, *pair, rng)
        if at is not None:
            wrong = splice.crossed(own, *pair, at=at)
            asked = _ask_exchange(swap, wrong, pair, calibration)
            cases += case("crossed", shot, wrong, pair, asked)
        for _ in range(_EACH if min(score(own, track) for track in pair) > MIN_SCORE else 0):
            plan = when(own, together(own, *pair), rng, slow=False)
            if plan is None:
                break
            planted = splice.exchanged(own, *pair, share=splice.onset(own, *plan))
            asked = _ask_exchange(swap, planted, pair, calibration)
            near = around(own, *plan, slow=False)
            cases += case("planted", shot, planted, pair, asked, near=near)
    return cases


def _ask_exchange(
    explanation: ModuleType,
    samples: ShotSamples,
    pair: tuple[int, int],
    calibration: Calibration,
) -> Asked | None:
    """Return what is asked about two who may have exchanged all of a look (`swap`), or clothes."""
    moments = swap.moments_of(samples, *swap.both_seen(samples, *pair))
    if not len(moments):
        return None
    found = explanation.features_of(samples, *pair, moments, calibration)
    return Asked.of(explanation.FEATURES, moments, *found)


def clothes_swap_cases(
    shots: Sequence[Shot], calibration: Calibration, rng: np.random.Generator
) -> list[Case]:
    """Return cases of "two exchange clothes".

    No such case are two who exchange all of their looks, or who get the clothes of others.
    """
    donors = Donors.among(shots)
    numbers = {id(shot): number for number, shot in enumerate(shots)}

    def anew(shot: Shot, pair: tuple[int, int], share: NDArray[np.float64]) -> ShotSamples | None:
        return _dressed_anew(donors, numbers[id(shot)], pair, share, rng)

    return _part_exchanged(shots, calibration, rng, clothes_swap, "clothes", anew)


def exchanged_heads_cases(
    shots: Sequence[Shot], calibration: Calibration, rng: np.random.Generator
) -> list[Case]:
    """Return cases of "two exchange heads"; no such case are two who exchange all of a look."""
    return _part_exchanged(shots, calibration, rng, exchanged_heads, "head")


def _part_exchanged(
    shots: Sequence[Shot],
    calibration: Calibration,
    rng: np.random.Generator,
    explanation: ModuleType,
    part: parts.Part,
    anew: Callable[[Shot, tuple[int, int], NDArray[np.float64]], ShotSamples | None] | None = None,
) -> list[Case]:
    """Return cases of two who exchange a part of their looks inside a shot.

    Args:
        shots: In which.
        calibration: How cosines become log-odds.
        rng: Chance.
        explanation: Whose features are asked for.
        part: What is exchanged.
        anew: Makes a shot in which two get this part of others, of the share of it at every sample;
            `None` = there is no such case.
    """
    cases: list[Case] = []

    def add(kind: Kind, samples: ShotSamples, near: tuple[int, int, int] | None = None) -> None:
        asked = _ask_exchange(explanation, samples, pair, calibration)
        cases.extend(case(kind, shot, samples, pair, asked, near=near))

    for shot, pair in pairs(shots):
        own = shot.samples
        add("clean", own)
        at = where_they_touch(own, *pair, rng)
        if at is not None:
            add("crossed", splice.crossed(own, *pair, at=at))
        one, two = (own.means(track, slice(None)) for track in pair)
        differ = parts.differ(one, two, part, calibration)
        for _ in range(_EACH if min(score(own, track) for track in pair) > MIN_SCORE else 0):
            plan = when(own, together(own, *pair), rng, slow=False)
            if plan is None:
                break
            share = splice.onset(own, *plan)
            add("swapped", splice.exchanged(own, *pair, share=share))
            others = None if anew is None else anew(shot, pair, share)
            if others is not None:
                add("dressed anew", others)
            if differ:
                near = around(own, *plan, slow=False)
                drawn = parts.drawn(part, rng)
                add("planted", splice.exchanged(own, *pair, share=share, part=drawn), near)
    return cases


def _dressed_anew(
    donors: Donors,
    number: int,
    pair: tuple[int, int],
    share: NDArray[np.float64],
    rng: np.random.Generator,
) -> ShotSamples | None:
    """Return a shot in which two come to wear the clothes of others; `None` = nobody lends them."""
    samples = donors.shots[number].samples
    for track in pair:
        donor = donors.pick(number, track, rng)
        if donor is None:
            return None
        lent = donors.shots[donor[0]].samples
        at = splice.there_and_back(lent, donor[1], count=len(samples.frames))
        part = parts.drawn("clothes", rng)
        samples = splice.blended(samples, track, lent, donor[1], at=at, share=share, part=part)
    return samples


def hair_swap_cases(
    shots: Sequence[Shot], calibration: Calibration, rng: np.random.Generator
) -> list[Case]:
    """Return cases of "two exchange hair over a cut": the outer thirds of a shot are two shots.

    No such case are two who exchange clothes or all of a look, or who get the hair of others.
    """
    donors = Donors.among(shots)
    cases: list[Case] = []
    for number, shot in enumerate(shots):
        own = shot.samples
        clear = [track for track in range(len(own.tracks)) if is_clear(own, track)]
        for pair in combinations(clear, 2):
            thirds = _outer_thirds(together(own, *pair))
            if thirds is None:
                continue
            before, after = ([own.means(track, part) for track in pair] for part in thirds)
            ask = partial(_ask_hair_swap, before, calibration=calibration, sample=thirds[1].start)
            cases += case(shot.kind, shot, own, pair, ask(after))
            if shot.altered:
                continue
            wears = partial(_exchanging, after)
            cases += case("swapped", shot, own, pair, ask(wears(None)))
            cases += case("swapped", shot, own, pair, ask(wears(parts.drawn("clothes", rng))))
            if parts.differ(before[0], before[1], "head", calibration):
                cases += case("planted", shot, own, pair, ask(wears(parts.drawn("head", rng))))
            lent = [_lent(donors, number, track, rng) for track in pair]
            if lent[0] is not None and lent[1] is not None:
                part = parts.drawn("head", rng)
                anew = [_wearing(m, d, part) for m, d in zip(after, lent, strict=True) if d]
                cases += case("dressed anew", shot, own, pair, ask(anew))
    return cases


def _outer_thirds(seen: NDArray[np.bool_]) -> tuple[slice, slice] | None:
    """Return the first and the last third of some samples; `None` = there are too few."""
    rows = np.flatnonzero(seen)
    if len(rows) < MIN_TOGETHER:
        return None
    third = len(rows) // 3
    return slice(int(rows[0]), int(rows[third])), slice(int(rows[-third]), None)


def _exchanging(two: Sequence[Means], part: Mapping[Cue, float] | None) -> list[Means]:
    """Return the looks of two of whom each wears a part, or all, of the other's."""
    return [_wearing(two[0], two[1], part), _wearing(two[1], two[0], part)]


def _ask_hair_swap(
    before: Sequence[Means], after: Sequence[Means], *, calibration: Calibration, sample: int
) -> Asked:
    sides = (before[0], before[1]), (after[0], after[1])
    pair = attribute_swap.compared(*sides, calibration)
    features, judged = attribute_swap.hair_features(pair, *sides)
    flat = {name: float(values[0]) for name, values in features.items()}
    return Asked.once(attribute_swap.HAIR, flat, sample=sample, judged=bool(judged[0]))


def clone_cases(
    shots: Sequence[Shot], calibration: Calibration, rng: np.random.Generator
) -> list[Case]:
    """Return cases of "one is there twice": the copy becomes one, is one at once, or comes in."""
    alike: dict[str, dict[tuple[int, tuple[int, int]], float]] = defaultdict(dict)
    for shot in shots:
        if not shot.altered:
            for pair, odds in clone.alike_at_once(shot.samples, calibration).items():
                if np.isfinite(odds):
                    alike[shot.clip][id(shot), pair] = odds
    cases: list[Case] = []
    for shot, pair in pairs(shots):
        key = id(shot), pair
        others = [odds for other, odds in alike[shot.clip].items() if other != key]
        twins = max(others, default=-2.0)
        asked = _ask_clone(shot.samples, pair, calibration, twins)
        cases += case("clean", shot, shot.samples, pair, asked)
        can_become = alike[shot.clip].get(key, -1.0) <= _ALREADY_ONE
        for planted, at in _cloned(shot.samples, pair, rng, can_become=can_become):
            asked = _ask_clone(planted, pair, calibration, twins)
            cases += case("planted", shot, planted, pair, asked, near=(at, at, NEAR))
    return cases


def _ask_clone(
    samples: ShotSamples, pair: tuple[int, int], calibration: Calibration, twins: float
) -> Asked | None:
    moments = clone.moments_of(samples, *pair)
    if not len(moments):
        return None
    found = clone.features_of(samples, *pair, moments, calibration, twins=twins)
    return Asked.of(clone.FEATURES, moments, *found)


def _cloned(
    samples: ShotSamples, pair: tuple[int, int], rng: np.random.Generator, *, can_become: bool
) -> Iterator[tuple[ShotSamples, int]]:
    """Yield shots in which one of two is a copy of the other, and from which sample on."""
    both = np.flatnonzero(together(samples, *pair))
    if len(both) < MIN_TOGETHER or min(score(samples, track) for track in pair) <= MIN_SCORE:
        return
    for _ in range(_EACH):
        model, copy = pair if rng.random() < 0.5 else pair[::-1]
        how = rng.choice(["becomes", "is", "comes"])
        low, high = {"becomes": (2, -2), "is": (0, 1), "comes": (1, -4)}[how]
        at = int(rng.choice(both[low:high]))
        # As the model is at another time: at the same time the two would be one picture.
        count = int(samples.seen["body"][model].sum())
        shift = int(rng.integers(max(1, count // 4), count // 2 + 1))
        if how == "becomes" and not can_become:
            continue
        since = at if how == "becomes" else 0
        planted = splice.blended(
            samples,
            copy,
            samples,
            model,
            at=splice.there_and_back(samples, model, count=len(samples.frames), shift=shift),
            share=np.asarray(np.arange(len(samples.frames)) >= since, np.float64),
        )
        yield (splice.appearing(planted, copy, at=at) if how == "comes" else planted), at


def other_look_cases(
    shots: Sequence[Shot], calibration: Calibration, rng: np.random.Generator
) -> list[Case]:
    """Return cases of "somebody looks otherwise in a later shot".

    Head, clothes or all of the later shot are lent by somebody else.
    """
    donors = Donors.among(shots)
    cases: list[Case] = []
    for number, track, first, last in _thirds(shots):
        shot = shots[number]
        if shot.kind == "relit" and rng.random() >= _RELIT_SHARE:
            continue
        stays = shot.samples.means(track, last)
        asked = partial(_ask_other_look, shot.samples, track, first, last, calibration)
        cases += case(shot.kind, shot, shot.samples, (track,), asked(stays))
        for part in () if shot.altered else _WHOLE_PARTS:
            lent = _lent(donors, number, track, rng)
            if lent is not None:
                wears = _wearing(stays, lent, part)
                cases += case("planted", shot, shot.samples, (track,), asked(wears))
    return cases


def other_clothes_cases(
    shots: Sequence[Shot], calibration: Calibration, rng: np.random.Generator
) -> list[Case]:
    """Return cases of "somebody wears other clothes in a later shot".

    The clothes of the later shot are lent by somebody else, or their colours alone; who wears the
    same colour has none to lend. Light may change as it will: it changes the head too.
    """
    donors = Donors.among(shots)
    cases: list[Case] = []
    for number, track, first, last in _thirds(shots):
        shot = shots[number]
        early, stays = (shot.samples.means(track, part) for part in (first, last))
        asked = partial(_ask_other_clothes, early, calibration, sample=last.start)
        cases += case(shot.kind, shot, shot.samples, (track,), asked(stays))
        worn = (parts.drawn("clothes", rng), parts.COLOURS_OF_CLOTHES)
        for part in () if shot.altered else worn:
            lent = _lent(donors, number, track, rng)
            if lent is not None and parts.differ(stays, lent, "clothes", calibration):
                wears = _wearing(stays, lent, part)
                cases += case("planted", shot, shot.samples, (track,), asked(wears))
    return cases


def slow_clothes_cases(
    shots: Sequence[Shot], calibration: Calibration, rng: np.random.Generator
) -> list[Case]:
    """Return cases of "somebody's clothes change slowly in a shot".

    Their colours, or what networks see too. No such case is one of whom all changes slowly.
    """
    donors = Donors.among(shots)
    cases: list[Case] = []
    for number, shot in enumerate(shots):
        own = shot.samples
        for track in range(len(own.tracks)):
            asked = _ask_slow_clothes(own, track, calibration)
            cases += case(shot.kind, shot, own, (track,), asked)
            if shot.altered or not is_clear(own, track):
                continue
            donor = donors.pick(number, track, rng)
            plan = when(own, own.seen["body"][track], rng, slow=True)
            if donor is None or plan is None:
                continue
            lent = donors.shots[donor[0]].samples
            become = partial(
                splice.blended,
                own,
                track,
                lent,
                donor[1],
                at=splice.there_and_back(lent, donor[1], count=len(own.frames)),
                share=rng.uniform(_SLOW_SHARE, 1.0) * splice.onset(own, *plan),
            )
            another = become()
            asked = _ask_slow_clothes(another, track, calibration)
            cases += case("swapped", shot, another, (track,), asked)
            looks = (own.means(track, slice(None)), lent.means(donor[1], slice(None)))
            for part in (parts.drawn("clothes", rng), parts.COLOURS_OF_CLOTHES):
                if parts.differ(*looks, "clothes", calibration):
                    planted = become(part=part)
                    asked = _ask_slow_clothes(planted, track, calibration)
                    near = around(own, *plan, slow=True)
                    cases += case("planted", shot, planted, (track,), asked, near=near)
    return cases


def _ask_slow_clothes(samples: ShotSamples, track: int, calibration: Calibration) -> Asked | None:
    moments = change.moments_of(samples, track, slow=True)
    if not len(moments):
        return None
    found = slow_clothes.features_of(samples, track, moments, calibration)
    return Asked.of(slow_clothes.FEATURES, moments, *found)


def _thirds(shots: Sequence[Shot]) -> Iterator[tuple[int, int, slice, slice]]:
    """Yield every clear track: number of its shot, its own, and its first and last third.

    The two stand for two shots that show the same side.
    """
    for number, shot in enumerate(shots):
        own = shot.samples
        for track in range(len(own.tracks)):
            if is_clear(own, track):
                thirds = _outer_thirds(own.seen["body"][track])
                if thirds is not None:
                    yield number, track, *thirds


def _lent(donors: Donors, number: int, track: int, rng: np.random.Generator) -> Means | None:
    """Return the look of somebody who is surely another person; `None` = nobody was found."""
    donor = donors.pick(number, track, rng)
    return None if donor is None else donors.shots[donor[0]].samples.means(donor[1], slice(None))


def _ask_other_look(
    samples: ShotSamples,
    track: int,
    first: slice,
    last: slice,
    calibration: Calibration,
    wears: Means,
) -> Asked:
    one, two = (
        np.array([other_look.shape_of(samples.xyxy[track, part])]) for part in (first, last)
    )
    features, _ = other_look.features_of(
        [samples.means(track, first)], [wears], calibration, early_shape=one, late_shape=two
    )
    flat = {name: float(table[0, 0]) for name, table in features.items()}
    # Of one track, all of it shows the same side more or less: that is weighed, not ruled out.
    return Asked.once(other_look.FEATURES, flat, sample=last.start)


def _ask_other_clothes(
    early: Means, calibration: Calibration, wears: Means, *, sample: int
) -> Asked | None:
    features, comparable = other_clothes.features_of([early], [wears], calibration)
    flat = {name: float(table[0, 0]) for name, table in features.items()}
    return Asked.once(other_clothes.FEATURES, flat, sample=sample) if comparable[0, 0] else None


def _wearing(means: Means, lent: Means, part: Mapping[Cue, float] | None) -> Means:
    """Return a look of which a part, or all, is somebody else's; none of the view."""
    worn: Means = {}
    for cue, mean in means.items():
        share = 1.0 if part is None else part.get(cue, 0.0)
        if CUE_TABLE[cue].role == "pose" or not share:
            worn[cue] = mean
        elif cue in lent:
            worn[cue] = np.asarray((1 - share) * mean + share * lent[cue], np.float32)
    return worn
