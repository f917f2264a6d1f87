"""Hair and clothes exchanged between two people; and two in one outfit, which is legal."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from castcheck.planting.colours import colour_of, recoloured
from castcheck.planting.plan import Plan, Stock, pairs_of
from castcheck.planting.timeline import onset_for, plain, with_onset

_LEAST_COLOUR_STEP = 22.0  # between two clothes in Lab, for an exchange to be seen


def _exchange_part(stock: Stock, rng: np.random.Generator, part: str) -> Plan | str:
    material = stock.material
    for one, two in pairs_of(material, rng):
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
    return f"no two people's {_PART_WORDS[part]} differ enough and are seen long enough"


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
    for one, two in pairs_of(material, rng):
        a, b = colour_of(material, one, "upper"), colour_of(material, two, "upper")
        if a is None or b is None or float(np.linalg.norm(a.mean - b.mean)) < _LEAST_COLOUR_STEP:
            continue
        paint = recoloured(material, {two.name: {"upper": a}}, {two.name: two})
        take = replace(with_onset(plain(material), 0, 1), where="one outfit")
        return Plan("one_outfit", take, paint, (one.name, two.name), look_alike=True)
    return "no two people's clothes differ enough and are seen long enough"
