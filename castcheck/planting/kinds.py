"""What can be planted: a row per kind and way."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from castcheck.planting import becoming, parts, presence, swaps
from castcheck.planting.legal import LEGAL
from castcheck.planting.plan import Plan

if TYPE_CHECKING:
    import numpy as np

    from castcheck.planting.plan import Make, Stock


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
        Kind("swap_at_once", "swap", swaps.swap_at_once, graded=True),
        Kind("swap_slow", "swap", swaps.swap_slow, graded=True),
        Kind("swap_crossing", "swap", swaps.swap_crossing, graded=True),
        Kind("swap_cut", "swap", swaps.swap_cut, graded=True),
        Kind("swap_cut_back", "swap", swaps.swap_cut_back, graded=True),
        Kind("swap_boundary", "swap", swaps.swap_boundary, graded=True),
        Kind("morph_at_once", "morph", becoming.morph_at_once, graded=True),
        Kind("morph_slow", "morph", becoming.morph_slow, graded=True),
        Kind("morph_boundary", "morph", becoming.morph_boundary, graded=True),
        Kind("drift_second", "drift", becoming.drift_second, graded=True),
        Kind("drift_shot", "drift", becoming.drift_shot, graded=True),
        Kind("drift_colours", "drift", becoming.drift_colours, graded=True),
        Kind("drift_cut", "drift", becoming.drift_cut, graded=True),
        Kind("hair_swap", "attribute_swap", parts.exchange_hair),
        Kind("upper_swap", "attribute_swap", parts.exchange_upper),
        Kind("lower_swap", "attribute_swap", parts.exchange_lower),
        Kind("clone_earlier", "clone", presence.clone_earlier),
        Kind("clone_mirrored", "clone", presence.clone_mirrored),
        Kind("vanish", "vanish", presence.vanish),
        Kind("vanish_slow", "vanish", presence.vanish_slow),
        Kind("pop_in", "pop_in", presence.pop_in),
        Kind("stranger_cut", "stranger", becoming.stranger_cut, graded=True),
        *(Kind(name, "legal", _legal(name)) for name in LEGAL),
        Kind("one_outfit", "legal", parts.one_outfit),
    )
}
