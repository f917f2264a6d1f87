"""What can be planted: a row per kind and way, each a function from a window to a plan."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np

from castcheck.planting.colours import another_colour, colour_of, recoloured
from castcheck.planting.legal import LEGAL
from castcheck.planting.likeness import fit
from castcheck.planting.paste import Donor, Painter, beside, copy_rect, exchange, removed
from castcheck.planting.timeline import (
    Take,
    boundary_take,
    crossing_of,
    cut_take,
    onset_for,
    plain,
    side_frames,
    with_onset,
)

if TYPE_CHECKING:
    from castcheck.planting.material import Material, Track

SOME_FRAMES = (3, 12)  # over which generators let a look change
_MAX_FILLED = 0.10  # of the picture: a larger hole that has never been seen is not filled in
_MIN_KNOWN = 0.55  # of a place that is seen at other times, or it counts as never seen
_LEAST_COLOUR_STEP = 22.0  # between two clothes in Lab, for an exchange to be seen


@dataclass(frozen=True, slots=True, eq=False)
class Plan:
    """What is to be drawn, and what is true of it.

    Attributes:
        kind: As in the contract, or the name of a legal look-alike.
        take: When.
        paint: The picture with all of the error; `None` = nothing is painted.
        people: Names of those it happens to.
        looks: Name to whose look is worn while it holds.
        gone: Who is not there while it holds.
        gone_before: Who is not there until it begins.
        copy: The track that is on screen twice, and by how many pixels the second is away.
        until: First picture after the error where it does not last to the end.
        look_alike: It is legal.
        strength_of: The track whose look is compared before and after.
        from_clip: Name of the clip a donor comes from.
    """

    kind: str
    take: Take
    paint: Painter | None = None
    people: tuple[str, ...] = ()
    looks: dict[str, str] = field(default_factory=dict)
    gone: str | None = None
    gone_before: str | None = None
    copy: tuple[Donor, tuple[float, float]] | None = None
    until: int | None = None
    look_alike: bool = False
    strength_of: tuple[str, ...] = ()
    from_clip: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Stock:
    """What a plan is made of.

    Attributes:
        material: The window it is planted in.
        donors: Windows of other clips and shots, in the order they are tried in.
        amount: The strength asked for.
    """

    material: Material
    donors: tuple[Material, ...]
    amount: float = 1.0


Make = Callable[[Stock, np.random.Generator], "Plan | str"]


def _pairs(material: Material, rng: np.random.Generator) -> list[tuple[Track, Track]]:
    pairs = list(combinations(material.tracks[:4], 2))
    order = rng.permutation(len(pairs))
    # The largest two first, most of the time: they are who the clip is about.
    return [pairs[0], *(pairs[k] for k in order if k)] if pairs else []


def _two(
    stock: Stock, rng: np.random.Generator
) -> tuple[tuple[Track, Track], list[tuple[Track, Donor]]] | str:
    """Return two people who can stand in each other's places."""
    reason = "fewer than two people are seen long enough"
    for one, two in _pairs(stock.material, rng):
        there = fit(stock.material, one, stock.material, two, mirror=None)
        if isinstance(there, str):
            reason = there
            continue
        back = fit(stock.material, two, stock.material, one, mirror=there.mirror)
        if isinstance(back, str):
            reason = back
            continue
        if there.boxed or back.boxed:
            there, back = replace(there, boxed=True), replace(back, boxed=True)
        return (one, two), [(one, there), (two, back)]
    return reason


def _swap(stock: Stock, rng: np.random.Generator, take: Take | str, how: str) -> Plan | str:
    if isinstance(take, str):
        return take
    found = _two(stock, rng)
    if isinstance(found, str):
        return found
    (one, two), pairs = found
    over = 1
    if how == "slow":
        over = int(rng.integers(SOME_FRAMES[0], SOME_FRAMES[1] + 1))
    if how in ("at once", "slow"):
        at = onset_for(stock.material, [one, two], rng, over=over)
        if at is None:
            return "two people are not seen together long enough"
        take = with_onset(take, at, over)
    elif how == "crossing":
        at = crossing_of(stock.material, one, two)
        if at is None:
            return "nobody crosses anybody"
        take = replace(with_onset(take, at, 1), where="crossing")
    else:
        take = with_onset(take, take.onset, 1)
        seen = take.steps[take.onset].frame
        if one.at(seen) is None or two.at(seen) is None:
            return "two people are not seen together long enough"
    return Plan(
        "swap",
        take,
        exchange(stock.material, pairs, fitted=stock.amount < 1),
        (one.name, two.name),
        {one.name: two.name, two.name: one.name},
        strength_of=(one.name, two.name),
    )


def swap_at_once(stock: Stock, rng: np.random.Generator) -> Plan | str:
    """Exchange two in their places in one frame."""
    return _swap(stock, rng, plain(stock.material), "at once")


def swap_slow(stock: Stock, rng: np.random.Generator) -> Plan | str:
    """Exchange two in their places over 3 to 12 frames."""
    return _swap(stock, rng, plain(stock.material), "slow")


def swap_crossing(stock: Stock, rng: np.random.Generator) -> Plan | str:
    """Exchange two while one passes the other."""
    return _swap(stock, rng, plain(stock.material), "crossing")


def swap_cut(stock: Stock, rng: np.random.Generator) -> Plan | str:
    """Exchange two at a cut within the set-up."""
    return _swap(stock, rng, cut_take(stock.material, rng), "take")


def swap_cut_back(stock: Stock, rng: np.random.Generator) -> Plan | str:
    """Exchange two at a cut back to the set-up, after another shot."""
    insert = _insert(stock)
    if insert is None:
        return "no other shot to cut to"
    return _swap(stock, rng, cut_take(stock.material, rng, insert), "take")


def swap_boundary(stock: Stock, rng: np.random.Generator) -> Plan | str:
    """Exchange two where a new generation begins."""
    return _swap(stock, rng, boundary_take(stock.material, rng), "take")


def _insert(stock: Stock) -> Material | None:
    """Return a window of the same clip, or any, of the same size."""
    size = stock.material.size
    fitting = [d for d in stock.donors if d.size == size and d.tracks]
    own = [d for d in fitting if d.sha256 == stock.material.sha256]
    return next(iter([*own, *fitting]), None)


def _somebody_else(
    stock: Stock, rng: np.random.Generator
) -> tuple[Track, Donor] | str:
    """Return a place and somebody of another window who can stand there."""
    places = list(stock.material.tracks[:3])
    if not places:
        return "nobody is seen long enough"
    reason = "no other clip or shot with people is given"
    first = int(rng.integers(min(2, len(places))))
    places = [places[first], *(t for k, t in enumerate(places) if k != first)]
    for place in places:
        for other in stock.donors:
            if other.sha256 == stock.material.sha256:
                continue  # another shot of the clip may show the very same person
            for track in other.tracks[:3]:
                found = fit(stock.material, place, other, track, mirror=None)
                if not isinstance(found, str):
                    return place, found
                reason = found
    return f"in the other clips {reason}" if "other" not in reason else reason


def _become(
    stock: Stock, rng: np.random.Generator, take: Take | str, *, kind: str, over: int
) -> Plan | str:
    """Let somebody become somebody of another clip."""
    if isinstance(take, str):
        return take
    found = _somebody_else(stock, rng)
    if isinstance(found, str):
        return found
    place, donor = found
    until = None
    if take.where == "open":
        at = onset_for(stock.material, [place], rng, over=over)
        if at is None:
            return "nobody is seen long enough"
        take = with_onset(take, at, over)
    else:
        take = with_onset(take, take.onset, 1)
        if place.at(take.steps[take.onset].frame) is None:
            return "nobody is seen on both sides of the cut"
    # Two looks one over the other for long are two people: the new one takes the old silhouette.
    fitted = stock.amount < 1 or over > SOME_FRAMES[1]
    return Plan(
        kind,
        take,
        exchange(stock.material, [(place, donor)], fitted=fitted),
        (place.name,),
        {place.name: "other"},
        until=until,
        strength_of=(place.name,),
        from_clip=donor.material.label,
    )


def morph_at_once(stock: Stock, rng: np.random.Generator) -> Plan | str:
    """Let somebody become another in one frame."""
    return _become(stock, rng, plain(stock.material), kind="morph", over=1)


def morph_slow(stock: Stock, rng: np.random.Generator) -> Plan | str:
    """Let somebody become another over 3 to 12 frames."""
    over = int(rng.integers(SOME_FRAMES[0], SOME_FRAMES[1] + 1))
    return _become(stock, rng, plain(stock.material), kind="morph", over=over)


def morph_boundary(stock: Stock, rng: np.random.Generator) -> Plan | str:
    """Let somebody be another from a new generation on."""
    return _become(stock, rng, boundary_take(stock.material, rng), kind="morph", over=1)


def stranger_cut(stock: Stock, rng: np.random.Generator) -> Plan | str:
    """Let somebody be another after a cut within the set-up."""
    return _become(stock, rng, cut_take(stock.material, rng), kind="stranger", over=1)


def _drift(stock: Stock, rng: np.random.Generator, *, donor: bool, all_of_it: bool) -> Plan | str:
    material = stock.material
    longest = max((t.stop - t.start for t in material.tracks), default=0)
    side = side_frames(material)
    over = longest - 2 * side if all_of_it else round(material.fps)
    if over < 0.7 * material.fps or over <= SOME_FRAMES[1] // 2:
        return "nobody is seen long enough for a slow change"
    if donor:
        plan = _become(stock, rng, plain(material), kind="drift", over=over)
    else:
        plan = _recolour_one(stock, rng, over)
    if isinstance(plan, str):
        return plan
    amounts = np.array([s.amount for s in plan.take.steps])
    start = int(np.argmax(amounts > 0))
    stop = int(np.argmax(amounts >= 1)) if (amounts >= 1).any() else len(amounts)
    where = "whole shot" if all_of_it else "a second"
    take = replace(plan.take, onset=start, where=where)
    return replace(plan, take=take, until=max(stop, start + 1))


def _recolour_one(stock: Stock, rng: np.random.Generator, over: int) -> Plan | str:
    """Give one person other hair and other clothes."""
    for place in stock.material.tracks[:3]:
        at = onset_for(stock.material, [place], rng, over=over)
        if at is None:
            continue
        wanted = {}
        for part in ("hair", "upper", "lower"):
            old = colour_of(stock.material, place, part)
            if old is not None:
                wanted[part] = another_colour(old, rng)
        if "upper" not in wanted:
            continue
        people = {place.name: place}
        return Plan(
            "drift",
            with_onset(plain(stock.material), at, over),
            recoloured(stock.material, {place.name: wanted}, people),
            (place.name,),
            {place.name: "other"},
            strength_of=(place.name,),
        )
    return "nobody's clothes are seen long enough"


def drift_second(stock: Stock, rng: np.random.Generator) -> Plan | str:
    """Let somebody become another within a second."""
    return _drift(stock, rng, donor=True, all_of_it=False)


def drift_shot(stock: Stock, rng: np.random.Generator) -> Plan | str:
    """Let somebody become another from one end of the window to the other."""
    return _drift(stock, rng, donor=True, all_of_it=True)


def drift_colours(stock: Stock, rng: np.random.Generator) -> Plan | str:
    """Let hair and clothes take other colours from one end of the window to the other."""
    return _drift(stock, rng, donor=False, all_of_it=True)


def drift_cut(stock: Stock, rng: np.random.Generator) -> Plan | str:
    """Let somebody's hair and clothes be of other colours after a cut within the set-up."""
    take = cut_take(stock.material, rng)
    if isinstance(take, str):
        return take
    plan = _recolour_one(stock, rng, 1)
    if isinstance(plan, str):
        return plan
    take = with_onset(take, take.onset, 1)
    return replace(plan, take=replace(take, where="shot to shot"), until=len(take.steps))


def _exchange_part(stock: Stock, rng: np.random.Generator, part: str) -> Plan | str:
    material = stock.material
    for one, two in _pairs(material, rng):
        a, b = colour_of(material, one, part), colour_of(material, two, part)
        at = onset_for(material, [one, two], rng)
        if a is None or b is None or at is None:
            continue
        if float(np.linalg.norm(a.mean - b.mean)) < _LEAST_COLOUR_STEP:
            continue
        people = {one.name: one, two.name: two}
        wanted = {one.name: {part: b}, two.name: {part: a}}
        return Plan(
            "attribute_swap",
            replace(with_onset(plain(material), at, 1), where=part),
            recoloured(material, wanted, people),
            (one.name, two.name),
            {},
            until=len(material.frames),
            strength_of=(one.name, two.name),
        )
    return f"nobody's {_PART_WORDS[part]} differ from another's enough, or are seen long enough"


_PART_WORDS = {"hair": "hair", "upper": "clothes", "lower": "trousers or skirt"}


def exchange_hair(stock: Stock, rng: np.random.Generator) -> Plan | str:
    """Exchange the colours of two people's hair."""
    return _exchange_part(stock, rng, "hair")


def exchange_upper(stock: Stock, rng: np.random.Generator) -> Plan | str:
    """Exchange the colours of two people's clothes."""
    return _exchange_part(stock, rng, "upper")


def exchange_lower(stock: Stock, rng: np.random.Generator) -> Plan | str:
    """Exchange the colours of two people's trousers or skirts."""
    return _exchange_part(stock, rng, "lower")


def one_outfit(stock: Stock, rng: np.random.Generator) -> Plan | str:
    """Dress two people alike from the first picture on: legal."""
    material = stock.material
    for one, two in _pairs(material, rng):
        a, b = colour_of(material, one, "upper"), colour_of(material, two, "upper")
        if a is None or b is None or float(np.linalg.norm(a.mean - b.mean)) < _LEAST_COLOUR_STEP:
            continue
        paint = recoloured(material, {two.name: {"upper": a}}, {two.name: two})
        take = replace(with_onset(plain(material), 0, 1), where="one outfit")
        return Plan("one_outfit", take, paint, (one.name, two.name), look_alike=True)
    return "nobody's clothes differ from another's enough, or are seen long enough"


def _clone(stock: Stock, rng: np.random.Generator, *, mirrored: bool, whole: bool) -> Plan | str:
    material = stock.material
    width = material.size[0]
    for track in material.tracks[:3]:
        cut = [material.cut_by(track, f) for f in (track.start, track.stop - 1)]
        if any(c[0] or c[2] for c in cut) or track.stop - track.start < 0.8 * len(material.frames):
            continue
        if material.shape(track, (track.start + track.stop) // 2) is None:
            continue
        lag = max(3, round(0.5 * material.fps))
        donor = Donor(material, track, mirrored, np.zeros(3, np.float32), -lag)
        box = track.boxes
        own = float(np.median(box[:, 2] - box[:, 0]))
        tried = []
        for side in (-1, 1):
            for far in (1.02, 1.15, 1.35, 1.6):
                shift = (side * far * own, 0.0)
                moved = box + np.array([shift[0], 0, shift[0], 0], np.float32)
                if moved[:, 0].min() < 1 or moved[:, 2].max() > width - 1:
                    continue
                tried.append((_in_the_way(material, track, moved), far, shift))
        if not tried or min(tried)[0] > 0.12:
            continue
        shift = min(tried)[2]
        at = 0 if whole else onset_for(material, [track], rng)
        if at is None:
            continue
        take = with_onset(plain(material), at, 1)
        take = replace(take, where="whole shot" if whole else "open")
        return Plan(
            "clone",
            take,
            beside(material, donor, shift),
            (track.name,),
            copy=(donor, shift),
            until=len(take.steps),
            strength_of=(),
        )
    return "nowhere beside anybody is free"


def _in_the_way(material: Material, track: Track, moved: np.ndarray) -> float:
    """Return how much of a moved box others cover, at worst."""
    worst = 0.0
    for k, frame in enumerate(range(track.start, track.stop)):
        a = moved[k]
        for other in material.tracks:
            box = None if other is track else other.at(frame)
            if box is None:
                continue
            w = min(a[2], box[2]) - max(a[0], box[0])
            h = min(a[3], box[3]) - max(a[1], box[1])
            if w > 0 and h > 0:
                worst = max(worst, float(w * h / ((a[2] - a[0]) * (a[3] - a[1]))))
    return worst


def clone_earlier(stock: Stock, rng: np.random.Generator) -> Plan | str:
    """Show somebody a second time, as he was half a second before, from some frame on."""
    return _clone(stock, rng, mirrored=False, whole=False)


def clone_mirrored(stock: Stock, rng: np.random.Generator) -> Plan | str:
    """Show somebody a second time, mirrored, from the first picture on."""
    return _clone(stock, rng, mirrored=True, whole=True)


def _absence(stock: Stock, rng: np.random.Generator, *, kind: str, over: int) -> Plan | str:
    material = stock.material
    reason = "nobody is seen long enough"
    for track in sorted(material.tracks[:4], key=lambda t: -material.background_known(t)):
        at = onset_for(material, [track], rng, over=over)
        if at is None:
            continue
        box = np.median(track.boxes, axis=0)
        share = float((box[2] - box[0]) * (box[3] - box[1])) / (
            material.size[0] * material.size[1]
        )
        shape = material.shape(track, at)
        if shape is None:
            reason = "nobody stands free"
            continue
        known = material.background_known(track)
        if known < _MIN_KNOWN and (share > _MAX_FILLED or not material.still):
            reason = "what is behind them is never seen"
            continue
        take = with_onset(plain(material), at, over)
        if kind == "pop_in":
            steps = tuple(replace(s, amount=1 - s.amount) for s in take.steps)
            take = replace(take, steps=steps)
        return Plan(
            kind,
            take,
            removed(material, track),
            (track.name,),
            gone=track.name,
            strength_of=(track.name,),
        )
    return reason


def vanish(stock: Stock, rng: np.random.Generator) -> Plan | str:
    """Let somebody disappear at once."""
    return _absence(stock, rng, kind="vanish", over=1)


def vanish_slow(stock: Stock, rng: np.random.Generator) -> Plan | str:
    """Let somebody disappear over 3 to 12 frames."""
    over = int(rng.integers(SOME_FRAMES[0], SOME_FRAMES[1] + 1))
    return _absence(stock, rng, kind="vanish", over=over)


def pop_in(stock: Stock, rng: np.random.Generator) -> Plan | str:
    """Let somebody appear at once."""
    return _absence(stock, rng, kind="pop_in", over=1)


def _legal(name: str) -> Make:
    def make(stock: Stock, rng: np.random.Generator) -> Plan | str:
        take = LEGAL[name](stock.material, rng)
        return take if isinstance(take, str) else Plan(name, take, look_alike=True)

    return make


@dataclass(frozen=True, slots=True)
class Kind:
    """A row of the table.

    Attributes:
        name: For `--kinds` and file names.
        group: The kind it counts as: the contract's, or "legal".
        make: Makes the plan, or says why it cannot.
        graded: `--strength` applies.
    """

    name: str
    group: str
    make: Make
    graded: bool = False


KINDS: dict[str, Kind] = {
    kind.name: kind
    for kind in (
        Kind("swap_at_once", "swap", swap_at_once, graded=True),
        Kind("swap_slow", "swap", swap_slow, graded=True),
        Kind("swap_crossing", "swap", swap_crossing, graded=True),
        Kind("swap_cut", "swap", swap_cut, graded=True),
        Kind("swap_cut_back", "swap", swap_cut_back, graded=True),
        Kind("swap_boundary", "swap", swap_boundary, graded=True),
        Kind("morph_at_once", "morph", morph_at_once, graded=True),
        Kind("morph_slow", "morph", morph_slow, graded=True),
        Kind("morph_boundary", "morph", morph_boundary, graded=True),
        Kind("drift_second", "drift", drift_second, graded=True),
        Kind("drift_shot", "drift", drift_shot, graded=True),
        Kind("drift_colours", "drift", drift_colours, graded=True),
        Kind("drift_cut", "drift", drift_cut, graded=True),
        Kind("hair_swap", "attribute_swap", exchange_hair),
        Kind("upper_swap", "attribute_swap", exchange_upper),
        Kind("lower_swap", "attribute_swap", exchange_lower),
        Kind("clone_earlier", "clone", clone_earlier),
        Kind("clone_mirrored", "clone", clone_mirrored),
        Kind("vanish", "vanish", vanish),
        Kind("vanish_slow", "vanish", vanish_slow),
        Kind("pop_in", "pop_in", pop_in),
        Kind("stranger_cut", "stranger", stranger_cut, graded=True),
        *(Kind(name, "legal", _legal(name)) for name in LEGAL),
        Kind("one_outfit", "legal", one_outfit),
    )
}


def second_rect(donor: Donor, frame: int, shift: tuple[float, float]) -> tuple[float, ...] | None:
    """Return where the copy of a clone is, in pixels."""
    box = donor.track.at(donor.frame(frame))
    return None if box is None else copy_rect(tuple(float(v) for v in box), shift)
