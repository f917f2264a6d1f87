"""Makes scenes from a seed: picks cast, set and story, and plants an error where it can be seen."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from studio.blocking import RoughView, free_spot, rough_views
from studio.errors import SceneError
from studio.floors import floor_plan
from studio.looks import CUES, distinct_looks, drift_target, random_look, with_cues
from studio.schedule import goal_name, variant_name
from studio.stage import ERROR_KINDS, ErrorPlan, Scene, Stand, Walk, place
from studio.stories import STORIES, clear_cameras, with_light_change

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from studio.looks import Cue, Look, Species
    from studio.stage import ErrorKind

INDOORS = ("room", "office", "cafe")
OUTDOORS = ("street", "park")
# A planted moment must leave this many frames before and after it in its shot.
_MARGIN_FRAMES = 6


@dataclass(frozen=True, slots=True)
class Wish:
    """What an error should be like.

    Attributes:
        kind: One of `ERROR_KINDS`.
        strength: 0..1. How far a drift goes; how unlike the stranger of a morph is.
        where: "open", "crossing" or "cut" for a swap; "steady" or "per_shot" for a drift; "stand",
            "walk_in" or "bystander" for a clone; "" to let the seed choose.
        cue: For attribute swaps and drifts; "" to let the seed choose.
        ghost_frames: Frames of cross-fade at the start of a swap or morph.
    """

    kind: ErrorKind
    strength: float = 1.0
    where: str = ""
    cue: str = ""
    ghost_frames: int = 0


def stage_scene(
    seed: int,
    *,
    name: str,
    story: str = "",
    set_name: str = "",
    people: int = 0,
    frames: int = 72,
    species: Species = "human",
    video_look: float = 0.0,
    cast: Sequence[Look] | None = None,
    light: str = "",
    suits: frozenset[str] = frozenset(),
) -> Scene:
    """Return a clean scene. What is left empty is drawn from the seed.

    Args:
        seed: Decides everything not given.
        name: File name of the clip without ending.
        story: One of `STORIES`.
        set_name: One of the sets.
        people: How many; 2 to 4.
        frames: Length at 24 frames a second.
        species: What everybody is.
        video_look: Strength of the generated-video look, 0..1.
        cast: Looks to use instead of people from the seed.
        light: A legal change of light, see `with_light_change`.
        suits: Garments to dress people in, strangers too; empty for all.
    """
    rng = np.random.default_rng([seed, 1])
    chosen_set = set_name or str(rng.choice([*INDOORS, *OUTDOORS]))
    chosen_story = story or str(rng.choice(list(STORIES)))
    count = people or int(rng.integers(2, 4))
    looks = (
        tuple(cast) if cast else tuple(distinct_looks(seed, count, species=species, suits=suits))
    )
    names = [look.name for look in looks]
    set_seed = int(rng.integers(1, 1000))
    floor = floor_plan(chosen_set, set_seed)
    shots = clear_cameras(STORIES[chosen_story](rng, names, frames, floor), floor)
    if light:
        shots = with_light_change(shots, light)
    return Scene(
        name=name,
        seed=seed,
        set_name=chosen_set,
        set_seed=set_seed,
        cast=looks,
        shots=tuple(shots),
        species=species,
        video_look=video_look,
        suits=suits,
        tags=tuple(tag for tag in (chosen_story, light) if tag),
    )


def plant(scene: Scene, wish: Wish, *, name: str) -> Scene:
    """Return the scene with one error in a place where it can be seen.

    Raises:
        SceneError: The story offers no such place.
    """
    if wish.kind not in ERROR_KINDS:
        raise SceneError(f"unknown error {wish.kind!r}", hint=f"one of {', '.join(ERROR_KINDS)}")
    rng = np.random.default_rng([scene.seed, 2, *wish.kind.encode()])
    plan, strangers = _PLANTERS[wish.kind](scene, wish, rng)
    tags = (*scene.tags, wish.kind, plan.where)
    return replace(
        scene,
        name=name,
        errors=(*scene.errors, plan),
        strangers=(*scene.strangers, *strangers),
        tags=tags,
    )


_T = TypeVar("_T")
_Planted = tuple[ErrorPlan, tuple["Look", ...]]


def _plant_swap(scene: Scene, wish: Wish, rng: np.random.Generator) -> _Planted:
    where = wish.where or str(rng.choice(["open", "crossing", "cut"]))
    order = [where, *(w for w in ("open", "crossing", "cut") if w != where and not wish.where)]
    for place_word in order:
        found = _SWAP_PLACES[place_word](scene, rng)
        if found is not None:
            frame, pair = found
            return (
                ErrorPlan(
                    "swap", pair, frame, scene.frames, wish.strength,
                    ghost_frames=wish.ghost_frames, where=place_word,
                ),
                (),
            )  # fmt: skip
    raise SceneError(f"{scene.name}: this story has no place for a swap ({where})")


def _swap_open(scene: Scene, rng: np.random.Generator) -> tuple[int, tuple[str, str]] | None:
    """Find a frame well inside a shot in which two people are both in plain view."""
    spots = []
    for frame in _inner_frames(scene):
        clear = [p for p, view in _views(scene, frame).items() if _in_plain_view(view)]
        spots += [(frame, (a, b)) for i, a in enumerate(clear) for b in clear[i + 1 :]]
    return _pick(rng, spots)


def _swap_crossing(scene: Scene, _rng: np.random.Generator) -> tuple[int, tuple[str, str]] | None:
    """Find the frame at which one person hides another while they pass; walkers come first."""
    found: list[tuple[int, float, int, tuple[str, str]]] = []
    for frame in _inner_frames(scene):
        now, later = _views(scene, frame), _views(scene, frame + 1)
        for a, b in _pairs(now):
            if a not in later or b not in later or min(now[a].inside, now[b].inside) < 0.8:
                continue
            gap, next_gap = (_middle(v[a]) - _middle(v[b]) for v in (now, later))
            if gap * next_gap <= 0:
                standing = sum(not _walks(scene, person, frame) for person in (a, b))
                found.append((standing, abs(gap), frame, (a, b)))
    return min(found)[2:] if found else None


def _walks(scene: Scene, person: str, frame: int) -> bool:
    _, shot, time_s = scene.shot_at(frame)
    action = shot.action_of(person)
    return action is not None and place(action, time_s).moving > 0.5


def _swap_cut(scene: Scene, rng: np.random.Generator) -> tuple[int, tuple[str, str]] | None:
    """Find a cut back to a set-up seen before that shows the same two people."""
    spots = []
    spans = scene.spans()
    for later in range(1, len(scene.shots)):
        setups = [shot.camera.setup for shot in scene.shots[:later]]
        if scene.shots[later].camera.setup not in setups:
            continue
        frame = spans[later][0]
        clear = [p for p, view in _views(scene, frame + 2).items() if _in_plain_view(view)]
        before = _views(scene, spans[setups.index(scene.shots[later].camera.setup)][0] + 2)
        clear = [p for p in clear if p in before and _in_plain_view(before[p])]
        spots += [(frame, (a, b)) for i, a in enumerate(clear) for b in clear[i + 1 :]]
    return _pick(rng, spots)


def _plant_morph(scene: Scene, wish: Wish, rng: np.random.Generator) -> _Planted:
    found = _pick(rng, list(_clear_moments(scene)))
    if found is None:
        raise SceneError(f"{scene.name}: nobody is in plain view long enough for a morph")
    frame, person = found
    stranger = _stranger(scene, rng, f"{person}.other")
    plan = ErrorPlan(
        "morph", (person, stranger.name), frame, scene.frames, wish.strength,
        ghost_frames=wish.ghost_frames, where="ghost" if wish.ghost_frames else "open",
    )  # fmt: skip
    return plan, (stranger,)


def _plant_drift(scene: Scene, wish: Wish, rng: np.random.Generator) -> _Planted:
    person = _longest_seen(scene)
    cues: tuple[Cue, ...] = tuple(c for c in CUES if c in wish.cue.split("+")) or CUES
    where = wish.where or "steady"
    donor = _stranger(scene, rng, "donor")
    look = next(look for look in scene.cast if look.name == person)
    goal = replace(drift_target(look, donor, cues), name=goal_name(person))
    start = 6 if where == "steady" else scene.spans()[0][1]
    # A drift from shot to shot lasts as long as its shots do.
    stop = max(start + 12, scene.frames - 6) if where == "steady" else scene.frames
    plan = ErrorPlan("drift", (person,), start, stop, wish.strength, cues, where=where)
    return plan, (goal,)


def _plant_attribute_swap(scene: Scene, wish: Wish, rng: np.random.Generator) -> _Planted:
    cue = wish.cue or str(rng.choice(["clothes", "hair", "face"]))
    found = _swap_cut(scene, rng) if wish.where != "open" else None
    where = "cut"
    if found is None:
        found, where = _swap_open(scene, rng), "open"
    if found is None:
        raise SceneError(f"{scene.name}: no two people are in plain view for an attribute swap")
    frame, (a, b) = found
    looks = {look.name: look for look in scene.cast}
    chosen: Cue = next(c for c in CUES if c == cue)
    # A weak one is one-sided: b keeps what is theirs and a wears it too.
    changed = (a, b) if wish.strength > 0.5 else (a,)
    variants = tuple(
        with_cues(looks[who], looks[donor], (chosen,), variant_name(who, donor, cue))
        for who, donor in ((a, b), (b, a))
        if who in changed
    )
    plan = ErrorPlan(
        "attribute_swap", (a, b), frame, scene.frames, wish.strength, (cue,),
        where=where, changed=changed,
    )  # fmt: skip
    return plan, variants


def _plant_clone(scene: Scene, wish: Wish, rng: np.random.Generator) -> _Planted:
    where = wish.where or str(rng.choice(["stand", "walk_in", "bystander"]))
    for number in rng.permutation(len(scene.shots)):
        start, stop = scene.spans()[number]
        views = _views(scene, (start + stop) // 2)
        clear = [person for person, view in views.items() if _in_plain_view(view)]
        if not clear or stop - start < 12:
            continue
        person = clear[int(rng.integers(len(clear)))]
        if where == "bystander":
            others = [other for other in clear if other != person]
            if others:
                return ErrorPlan("clone", (person, others[0]), start, stop, where=where), ()
            continue
        occluders = floor_plan(scene.set_name, scene.set_seed).occluders
        spot = free_spot(scene, int(number), occluders=occluders)
        if spot is None:
            continue
        action: Stand | Walk = Stand(spot, float(-0.3 * spot[0]), "idle")
        if where == "walk_in":
            side = 1.0 if spot[0] >= 0 else -1.0
            action = Walk(((side * 3.4, spot[1]), spot), 1.4, then="idle", face_rad=0.0)
        plan = ErrorPlan("clone", (person,), start, stop, where=where, copy_action=action)
        return plan, ()
    raise SceneError(f"{scene.name}: no room for a second copy of anybody ({where})")


def _plant_vanish(scene: Scene, wish: Wish, rng: np.random.Generator) -> _Planted:
    return _plant_absence(scene, wish, rng, "vanish")


def _plant_pop_in(scene: Scene, wish: Wish, rng: np.random.Generator) -> _Planted:
    return _plant_absence(scene, wish, rng, "pop_in")


def _plant_absence(scene: Scene, wish: Wish, rng: np.random.Generator, kind: ErrorKind) -> _Planted:
    found = _pick(rng, list(_clear_moments(scene)))
    if found is None:
        raise SceneError(f"{scene.name}: nobody is in plain view long enough to {kind}")
    frame, person = found
    number, _, _ = scene.shot_at(frame)
    # The story goes on without the person until the next cut; then they are there again.
    stop = scene.spans()[number][1]
    return ErrorPlan(kind, (person,), frame, stop, wish.strength, where="open"), ()


def _plant_missing(scene: Scene, wish: Wish, rng: np.random.Generator) -> _Planted:
    if len(scene.cast) < 2:
        raise SceneError(f"{scene.name}: nobody would be left")
    return _whole_clip(scene, wish, rng, "missing")


def _plant_unexpected(scene: Scene, wish: Wish, rng: np.random.Generator) -> _Planted:
    if len(scene.cast) < 2:
        raise SceneError(f"{scene.name}: the cast file would be empty")
    return _whole_clip(scene, wish, rng, "unexpected")


def _plant_stranger(scene: Scene, wish: Wish, rng: np.random.Generator) -> _Planted:
    plan, _ = _whole_clip(scene, wish, rng, "stranger")
    stranger = _stranger(scene, rng, f"{plan.people[0]}.other")
    return replace(plan, people=(plan.people[0], stranger.name)), (stranger,)


def _whole_clip(scene: Scene, wish: Wish, rng: np.random.Generator, kind: ErrorKind) -> _Planted:
    """Return an error against the cast file, of somebody who is in plain view for long enough."""
    found = _pick(rng, list(_clear_moments(scene)))
    if found is None:
        raise SceneError(f"{scene.name}: nobody is in plain view long enough to be {kind}")
    return ErrorPlan(kind, (found[1],), 0, scene.frames, wish.strength, where="cast_file"), ()


_PLANTERS: dict[str, Callable[[Scene, Wish, np.random.Generator], _Planted]] = {
    "swap": _plant_swap,
    "morph": _plant_morph,
    "drift": _plant_drift,
    "attribute_swap": _plant_attribute_swap,
    "clone": _plant_clone,
    "vanish": _plant_vanish,
    "pop_in": _plant_pop_in,
    "missing": _plant_missing,
    "unexpected": _plant_unexpected,
    "stranger": _plant_stranger,
}
_SWAP_PLACES = {"open": _swap_open, "crossing": _swap_crossing, "cut": _swap_cut}


def _views(scene: Scene, frame: int) -> dict[str, RoughView]:
    occluders = floor_plan(scene.set_name, scene.set_seed).occluders
    return rough_views(scene, frame, occluders)


def _inner_frames(scene: Scene) -> Iterator[int]:
    for start, stop in scene.spans():
        yield from range(start + _MARGIN_FRAMES, stop - _MARGIN_FRAMES)


def _in_plain_view(view: RoughView) -> bool:
    """Say whether somebody stands well inside the picture, uncovered and not tiny."""
    middle = _middle(view)
    return (
        view.free > 0.75
        and view.x1 > -0.05
        and view.x2 < 1.05
        and 0.06 < middle < 0.94
        and view.y2 - view.y1 > 0.25
    )


def _clear_moments(scene: Scene) -> Iterator[tuple[int, str]]:
    """Yield (frame, person) where somebody is in plain view from three frames before to after."""
    for frame in _inner_frames(scene):
        around = [_views(scene, frame + offset) for offset in (-3, 0, 3)]
        for person in around[1]:
            if all(person in v and _in_plain_view(v[person]) for v in around):
                yield frame, person


def _longest_seen(scene: Scene) -> str:
    counts = {look.name: 0.0 for look in scene.cast}
    for frame in range(0, scene.frames, 3):
        for person, view in _views(scene, frame).items():
            counts[person] += view.free * min(view.inside, 1.0)
    return max(counts, key=lambda person: counts[person])


def _stranger(scene: Scene, rng: np.random.Generator, name: str) -> Look:
    """Return somebody unlike everybody in the cast."""
    for patience in range(400):
        look = random_look(int(rng.integers(1 << 30)), name, species=scene.species)
        fits = not scene.suits or look.outfit.suit in scene.suits
        # Late in the search any garment's colour will do.
        far = 0.45 if patience < 200 else 0.0
        if fits and min(_unlike(look, other) for other in scene.cast) > far:
            return look
    raise SceneError(f"{scene.name}: nobody in this wardrobe looks unlike the cast")


def _unlike(a: Look, b: Look) -> float:
    return float(np.linalg.norm(np.subtract(a.outfit.upper.colour, b.outfit.upper.colour)))


def _middle(view: RoughView) -> float:
    return (view.x1 + view.x2) / 2


def _pairs(views: dict[str, RoughView]) -> Iterator[tuple[str, str]]:
    people = sorted(views)
    for i, a in enumerate(people):
        for b in people[i + 1 :]:
            yield a, b


def _pick(rng: np.random.Generator, options: Sequence[_T]) -> _T | None:
    return options[int(rng.integers(len(options)))] if options else None
