"""Somebody becomes another: at once, over a few frames, slowly, or over a cut."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from castcheck.planting.colours import another_colour, colour_of, recoloured
from castcheck.planting.paste import Donor, exchange
from castcheck.planting.plan import SOME_FRAMES, Plan, Stock, some_frames
from castcheck.planting.stand_in import fit
from castcheck.planting.timeline import (
    Take,
    boundary_take,
    cut_take,
    onset_for,
    plain,
    side_frames,
    with_onset,
)

if TYPE_CHECKING:
    from castcheck.planting.track import Track


def _somebody_else(stock: Stock, rng: np.random.Generator) -> tuple[Track, Donor] | str:
    """Return a place and somebody of another window who can stand there."""
    places = [t for t in stock.material.tracks[:3] if not stock.material.is_strip(t)]
    if not places:
        return "no one is seen long enough"
    reason = "no other clip or shot with people is given"
    first = int(rng.integers(min(2, len(places))))
    places = [places[first], *(t for k, t in enumerate(places) if k != first)]
    for place in places:
        for other in stock.donors:
            if other.sha256 == stock.material.sha256:
                continue  # another shot of the clip may show the very same person
            for track in (t for t in other.tracks[:3] if not other.is_strip(t)):
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
            return "no one is seen long enough"
        take = with_onset(take, at, over)
    else:
        take = with_onset(take, take.onset, 1)
        if place.at(take.steps[take.onset].frame) is None:
            return "no one is seen on both sides of the cut"
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
    over = some_frames(rng)
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
        return "no one is seen long enough for a slow change"
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
    """Give one person other clothes."""
    for place in stock.material.tracks[:3]:
        if stock.material.is_strip(place):
            continue
        at = onset_for(stock.material, [place], rng, over=over)
        if at is None:
            continue
        wanted = {}
        for part in ("upper", "lower"):
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
    return "no one's clothes are seen long enough"


def drift_second(stock: Stock, rng: np.random.Generator) -> Plan | str:
    """Let somebody become another within a second."""
    return _drift(stock, rng, donor=True, all_of_it=False)


def drift_shot(stock: Stock, rng: np.random.Generator) -> Plan | str:
    """Let somebody become another from one end of the window to the other."""
    return _drift(stock, rng, donor=True, all_of_it=True)


def drift_colours(stock: Stock, rng: np.random.Generator) -> Plan | str:
    """Let clothes take other colours from one end of the window to the other."""
    return _drift(stock, rng, donor=False, all_of_it=True)


def drift_cut(stock: Stock, rng: np.random.Generator) -> Plan | str:
    """Let somebody's clothes be of other colours after a cut within the set-up."""
    take = cut_take(stock.material, rng)
    if isinstance(take, str):
        return take
    plan = _recolour_one(stock, rng, 1)
    if isinstance(plan, str):
        return plan
    take = with_onset(take, take.onset, 1)
    return replace(plan, take=replace(take, where="shot to shot"), until=len(take.steps))
