"""Body shape: blends MakeHuman's targets into the 19,158 vertices of one person."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from studio.looks import Build, Face, Look
    from studio.makehuman import Library

    Floats = NDArray[np.float32]

# A shape target has two signs; which pair of endings it uses differs from target to target.
_SIGNS = (("incr", "decr"), ("up", "down"), ("out", "in"), ("forward", "backward"))


def shape_look(library: Library, look: Look, height_cache: dict[Build, float]) -> Floats:
    """Return (19158, 3) vertices in decimetres.

    Args:
        library: Where the targets come from.
        look: Whose build and face.
        height_cache: MakeHuman's height parameter by build; filled as needed, since finding one
            takes a dozen blends.
    """
    key = look.build
    if key not in height_cache:
        height_cache[key] = _height_parameter(library, look.build, look.face.race)
    position = _blend(library, look.build, look.face.race, height_cache[key])
    for name, weight in _face_targets(library, look.face):
        delta = library.target(name)
        if delta is not None:
            position[delta[0]] += weight * delta[1]
    if look.species == "toy":
        position = _toy_proportions(library, position)
    return position


def _height_parameter(library: Library, build: Build, race: str) -> float:
    """Find the parameter that gives the wanted metres: its scale is not linear, so bisect."""
    low, high = 0.2, 0.9
    body = library.base.groups["body"]
    for _ in range(11):
        middle = (low + high) / 2
        y = _blend(library, build, race, middle)[body, 1]
        if float(y.max() - y.min()) / 10 < build.height_m:
            low = middle
        else:
            high = middle
    return (low + high) / 2


def _blend(library: Library, build: Build, race: str, height: float) -> Floats:
    position = library.base.position.copy()
    for name, weight in _macro_targets(build, race, height):
        if weight < 1e-4:
            continue
        delta = library.target(f"macrodetails/{name}")
        if delta is not None:
            position[delta[0]] += weight * delta[1]
    return position


def _macro_targets(build: Build, race: str, height: float) -> Iterator[tuple[str, float]]:
    genders = {"male": build.masculine, "female": 1 - build.masculine}
    old = max(0.0, (build.age - 0.5) * 2)
    ages = {"young": 1 - old, "old": old}
    muscles = _three_way(build.muscle, "minmuscle", "averagemuscle", "maxmuscle")
    weights = _three_way(build.weight, "minweight", "averageweight", "maxweight")
    heights = {"minheight": max(0.0, 1 - 2 * height), "maxheight": max(0.0, 2 * height - 1)}
    ideal = 2 * build.proportions - 1
    shapes = {"uncommonproportions": max(0.0, -ideal), "idealproportions": max(0.0, ideal)}
    for gender, gender_share in genders.items():
        for age, age_share in ages.items():
            share = gender_share * age_share
            yield f"{race}-{gender}-{age}", share
            for muscle, muscle_share in muscles.items():
                for weight, weight_share in weights.items():
                    both = share * muscle_share * weight_share
                    stem = f"{gender}-{age}-{muscle}-{weight}"
                    yield f"universal-{stem}", both
                    for name, extra in heights.items():
                        yield f"height/{stem}-{name}", both * extra
                    for name, extra in shapes.items():
                        yield f"proportions/{stem}-{name}", both * extra


def _three_way(value: float, low: str, middle: str, high: str) -> dict[str, float]:
    """Blend linearly between three names that stand at 0, 0.5 and 1."""
    if value < 0.5:
        return {low: 1 - 2 * value, middle: 2 * value}
    return {middle: 2 - 2 * value, high: 2 * value - 1}


def _face_targets(library: Library, face: Face) -> Iterator[tuple[str, float]]:
    for target, weight in face.targets:
        folder, _, stem = target.partition("/")
        # Eyes, ears and cheeks come as a left and a right target.
        for side in ("", "l-", "r-"):
            name = f"{folder}/{side}{stem}"
            for positive, negative in _SIGNS:
                if library.has_target(f"{name}-{positive}"):
                    yield f"{name}-{positive if weight > 0 else negative}", abs(weight)
                    break


def _toy_proportions(library: Library, position: Floats) -> Floats:
    """Return a figure with a large head, a short body and short legs."""
    rig = library.rig
    heads, _ = rig.joints(position)
    pelvis_y = float(heads[rig.index["pelvis"], 1])
    neck = heads[rig.index["neck_01"]]
    head_share = rig.weight[:, rig.index["head"]][:, None]
    grown = neck + 1.62 * (position - neck)
    out = position + head_share * (grown - position)
    below = out[:, 1] < pelvis_y
    out[below, 1] = pelvis_y + 0.62 * (out[below, 1] - pelvis_y)
    widen = np.float32(1.12)
    out[:, [0, 2]] *= np.where(head_share > 0.5, 1.0, widen)
    toy: Floats = out.astype(np.float32)
    return toy
