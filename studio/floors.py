"""Floor plans: where a set lets people sit, and what they can walk behind."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, slots=True)
class Floor:
    """What a set offers the director.

    Attributes:
        seats: (x, z, yaw) in metres and radians.
        occluders: (x, z) of things that hide a person seen from positive z.
    """

    seats: tuple[tuple[float, float, float], ...] = ()
    occluders: tuple[tuple[float, float], ...] = ()


def floor_plan(set_name: str, seed: int) -> Floor:
    """Return the floor plan of a set; the seed mirrors it.

    Raises:
        KeyError: No such set.
    """
    mirror = 1 if seed % 2 else -1
    plans = {
        "room": Floor(
            seats=((-2.3 * mirror, -2.28, 0.0), (-1.5 * mirror, -2.28, 0.0)),
            occluders=((2.1 * mirror, -0.1),),
        ),
        "office": Floor(seats=((-2.7, -1.7, 0.0),), occluders=((2.3, 0.1),)),
        "cafe": Floor(
            seats=tuple(
                (x + side * 0.66, z, float(-side * np.pi / 2))
                for x, z in CAFE_TABLES
                for side in (-1, 1)
            ),
            occluders=((2.05, 0.25),),
        ),
        "street": Floor(occluders=((2.4 * mirror, 0.9),)),
        "park": Floor(
            seats=((-1.9 * mirror - 0.4, -1.68, 0.0), (-1.9 * mirror + 0.4, -1.68, 0.0)),
            occluders=((2.15 * mirror, 0.7),),
        ),
    }
    return plans[set_name]


CAFE_TABLES = ((2.6, -1.7), (-3.1, 0.9))
