"""Every way to plant: those of the table of kinds, and the legal look-alikes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from castcheck.planting import parts
from castcheck.planting.legal import LEGAL
from castcheck.planting.plan import Plan
from castcheck.tables.kinds import KINDS, load

if TYPE_CHECKING:
    import numpy as np

    from castcheck.planting.plan import Make, Stock


def _legal(name: str) -> Make:
    def make(stock: Stock, rng: np.random.Generator) -> Plan | str:
        take = LEGAL[name](stock.material, rng)
        return take if isinstance(take, str) else Plan(name, take, look_alike=True)

    return make


@dataclass(frozen=True, slots=True)
class Way:
    """One way to plant something.

    Attributes:
        name: For `--kinds` and file names.
        group: The kind it counts as, or "legal".
        make: Makes the plan, or says why it cannot.
        graded: `--strength` applies.
    """

    name: str
    group: str
    make: Make
    graded: bool = False


WAYS: dict[str, Way] = {
    way.name: way
    for way in (
        *(
            Way(planting.name, kind.name, load(planting.target), graded=planting.graded)
            for kind in KINDS.values()
            for planting in kind.planted_by
        ),
        *(Way(name, "legal", _legal(name)) for name in LEGAL),
        Way("one_outfit", "legal", parts.one_outfit),
    )
}
