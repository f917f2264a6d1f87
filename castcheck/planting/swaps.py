"""Two people exchanged: a function per way."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from castcheck.planting.paste import Donor, exchange
from castcheck.planting.plan import Plan, Stock, pairs_of, some_frames
from castcheck.planting.stand_in import fit
from castcheck.planting.timeline import (
    Take,
    boundary_take,
    crossing_of,
    cut_take,
    onset_for,
    plain,
    with_onset,
)

if TYPE_CHECKING:
    import numpy as np

    from castcheck.planting.material import Material
    from castcheck.planting.track import Track


def _two(
    stock: Stock, rng: np.random.Generator
) -> tuple[tuple[Track, Track], list[tuple[Track, Donor]]] | str:
    """Return two people who can stand in each other's places."""
    reason = "fewer than two people are seen long enough"
    for one, two in pairs_of(stock.material, rng):
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
        over = some_frames(rng)
    if how in ("at once", "slow"):
        at = onset_for(stock.material, [one, two], rng, over=over)
        if at is None:
            return "two people are not seen together long enough"
        take = with_onset(take, at, over)
    elif how == "crossing":
        at = crossing_of(stock.material, one, two)
        if at is None:
            return "no two people cross"
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
