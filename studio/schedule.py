"""Who is drawn in a frame, and as whom: the planted errors applied to the story. Pure values."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from studio.looks import Look
    from studio.stage import Action, ErrorPlan, Scene


@dataclass(frozen=True, slots=True)
class Drawn:
    """One figure in one frame.

    Attributes:
        person: Who the story says it is.
        track: 0, or 1 for the second copy in a clone.
        look: Which look is drawn (a name in `all_looks`).
        shown_as: Whom the truth file says is drawn: a look that only lends one cue, or drifts,
            still counts as the person.
        action: What the figure does; `time_s` since the shot began.
        drift: How far the look has drifted, 0..1.
        ghost_of: The look that still shines through, with weight `ghost` in 0..1.
    """

    person: str
    track: int
    look: str
    shown_as: str
    action: Action
    time_s: float
    drift: float = 0.0
    ghost_of: str | None = None
    ghost: float = 0.0


def all_looks(scene: Scene) -> dict[str, Look]:
    """Return every look a scene may draw, by name."""
    return {look.name: look for look in (*scene.cast, *scene.strangers)}


def goal_name(person: str) -> str:
    """Return the name of the look a person drifts towards."""
    return f"{person}.drifted"


def variant_name(person: str, donor: str, cue: str) -> str:
    """Return the name of a person's look with one cue of somebody else's."""
    return f"{person}+{donor}.{cue}"


def draw_list(scene: Scene, frame: int) -> list[Drawn]:
    """Return the figures of a frame, in cast order, errors applied."""
    number, shot, time_s = scene.shot_at(frame)
    figures = {
        person: Drawn(person, 0, person, person, action, time_s) for person, action in shot.actions
    }
    extra: list[Drawn] = []
    for error in scene.errors:
        if error.kind == "pop_in":
            shot_start = scene.spans()[number][0]
            if shot_start <= frame < error.start_frame < scene.spans()[number][1]:
                figures.pop(error.people[0], None)
        elif error.kind == "drift":
            _apply_drift(scene, error, frame, number, figures)
        elif error.start_frame <= frame < error.stop_frame:
            extra += _apply(error, frame, time_s, figures)
    order = [look.name for look in scene.cast]
    return sorted(figures.values(), key=lambda figure: order.index(figure.person)) + extra


def _apply(error: ErrorPlan, frame: int, time_s: float, figures: dict[str, Drawn]) -> list[Drawn]:
    """Change `figures` by one running error; return figures that come on top."""
    first = error.people[0]
    if error.kind in ("vanish", "missing"):
        figures.pop(first, None)
    elif error.kind == "swap":
        second = error.people[1]
        for person, look in ((first, second), (second, first)):
            _redress(figures, person, look, look, error, frame)
    elif error.kind in ("morph", "stranger"):
        _redress(figures, first, error.people[-1], error.people[-1], error, frame)
    elif error.kind == "attribute_swap":
        cue = error.cues[0]
        for person, donor in (error.people, error.people[::-1]):
            if person in error.changed:
                _redress(figures, person, variant_name(person, donor, cue), person, error, frame)
    elif error.kind == "clone":
        if error.copy_action is None:
            _redress(figures, error.people[1], first, first, error, frame)
        else:
            return [Drawn(first, 1, first, first, error.copy_action, time_s)]
    return []


def _redress(
    figures: dict[str, Drawn], person: str, look: str, shown_as: str, error: ErrorPlan, frame: int
) -> None:
    if person not in figures:
        return
    before = figures[person]
    into = frame - error.start_frame
    ghosting = into < error.ghost_frames
    figures[person] = replace(
        before,
        look=look,
        shown_as=shown_as,
        ghost_of=before.look if ghosting else None,
        ghost=1 - (into + 1) / (error.ghost_frames + 1) if ghosting else 0.0,
    )


def _apply_drift(
    scene: Scene, error: ErrorPlan, frame: int, shot: int, figures: dict[str, Drawn]
) -> None:
    person = error.people[0]
    if person not in figures or frame < error.start_frame:
        return
    if error.where == "per_shot":
        # A little further in every shot, steady inside each.
        last = max(1, len(scene.shots) - 1)
        share = shot / last
    else:
        share = (frame - error.start_frame) / max(1, error.stop_frame - error.start_frame)
    weight = error.strength * min(1.0, share)
    figures[person] = replace(figures[person], drift=round(weight, 4))


def clean_twin(scene: Scene, name: str) -> Scene:
    """Return the same story without its errors."""
    return replace(scene, name=name, errors=(), strangers=())
