"""Stories: what a cast does in a few shots, and from where it is filmed.

Each story is a function of a random generator and the names of its cast; it returns shots. They are
what generated clips are made of: a wide shot, a closer one, back again; shot and reverse shot.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from studio.stage import Camera, LightChange, Shot, Stand, Walk

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from studio.floors import Floor
    from studio.stage import Action, Vec3

# Nearer than this a pillar would fill the picture.
_CLEARANCE_M = 0.8
LIGHTS = {
    "ramp": LightChange(1.0, 1.9, 0.3, 1.4),
    "dim": LightChange(1.0, 0.45, 0.3, 1.2),
    "warm": LightChange(0.95, 0.95, warmth=0.22),
}
GESTURES = ("idle", "talk", "hip", "nod", "phone", "wave")


def wide(rng: np.random.Generator, *, move: str = "still") -> Camera:
    """Return the master camera: everybody from head to foot."""
    x = float(rng.uniform(-0.4, 0.4))
    camera = Camera(
        eye=(x, 1.5, 3.9), at=(0.0, 0.96, -0.3), fov_deg=39, setup="wide",
        shake_seed=int(rng.integers(1 << 16)),
    )  # fmt: skip
    if move == "drift":
        return replace(camera, eye_end=(x + 0.35, 1.5, 3.8), move_s=3.0)
    if move == "push":
        return replace(camera, eye_end=(x * 0.5, 1.48, 3.0), at_end=(0.0, 1.05, -0.3), move_s=3.0)
    if move == "pan":
        return replace(camera, at=(-0.7, 0.98, -0.3), at_end=(0.7, 0.98, -0.3), move_s=3.0)
    if move == "handheld":
        return replace(camera, shake=1.0)
    return camera


def medium(target: tuple[float, float], side: float, rng: np.random.Generator) -> Camera:
    """Return a camera that shows a person from the knees up, from a little to the side."""
    x, z = target
    turn = side * float(rng.uniform(0.35, 0.6))
    eye = (x + 2.3 * np.sin(turn), 1.5, z + 2.3 * np.cos(turn))
    return Camera(_vec(eye), (x, 1.15, z), 42, setup=f"medium {x:.1f} {z:.1f}")


def close_up(target: tuple[float, float], facing_rad: float, side: float = 0.25) -> Camera:
    """Return a camera on head and shoulders, a little off the line of sight."""
    x, z = target
    turn = facing_rad + side
    eye = (x + 1.25 * np.sin(turn), 1.58, z + 1.25 * np.cos(turn))
    return Camera(_vec(eye), (x, 1.45, z), 36, setup=f"close {x:.1f} {z:.1f}")


def over_shoulder(front: tuple[float, float], back: tuple[float, float], side: float) -> Camera:
    """Return a camera behind `back`, looking past a shoulder at `front`."""
    f, b = np.asarray(front), np.asarray(back)
    along = (b - f) / np.linalg.norm(b - f)
    across = np.array([along[1], -along[0]]) * side
    eye = b + along * 0.95 + across * 0.55
    at = f * 0.8 + b * 0.2
    return Camera(
        (float(eye[0]), 1.62, float(eye[1])), (float(at[0]), 1.35, float(at[1])), 40,
        setup=f"over {front[0]:.1f} {back[0]:.1f}",
    )  # fmt: skip


def profile(target: tuple[float, float], side: float) -> Camera:
    """Return a camera at right angles to the stage's depth."""
    x, z = target
    return Camera((x + side * 2.2, 1.45, z + 0.3), (x, 1.2, z), 42, setup=f"profile {x:.1f}")


def _vec(values: Sequence[float]) -> Vec3:
    x, y, z = (float(v) for v in values)
    return (x, y, z)


def _spots(rng: np.random.Generator, count: int) -> list[tuple[float, float]]:
    """Return standing places side by side, left to right, apart enough to be told."""
    gap = {1: 0.0, 2: 1.3, 3: 1.15, 4: 0.95}[count]
    xs = (np.arange(count) - (count - 1) / 2) * gap + rng.uniform(-0.12, 0.12, count)
    zs = rng.uniform(-0.7, 0.3, count)
    return [(float(x), float(z)) for x, z in zip(xs, zs, strict=True)]


def _gesture(rng: np.random.Generator) -> str:
    return str(rng.choice(GESTURES))


def _talker(rng: np.random.Generator, names: Sequence[str]) -> tuple[str, ...]:
    return (str(rng.choice(list(names))),)


def _lengths(total: int, parts: int) -> list[int]:
    """Split a clip into shots of nearly equal length."""
    return [total // parts + (i < total % parts) for i in range(parts)]


def gather(
    rng: np.random.Generator, names: Sequence[str], frames: int, _floor: Floor
) -> list[Shot]:
    """Stand together and talk: master, closer on one, back to the master."""
    spots = _spots(rng, len(names))
    faces = [float(-0.35 * x + rng.uniform(-0.25, 0.25)) for x, _ in spots]
    camera = wide(rng, move=str(rng.choice(["still", "handheld", "still"])))
    lengths = _lengths(frames, 3)
    actions = _standing(rng, names, spots, faces)
    who = int(rng.integers(len(names)))
    inside = medium(spots[who], 1.0 if spots[who][0] < 0 else -1.0, rng)
    return [
        Shot(lengths[0], camera, actions, _talker(rng, names)),
        Shot(lengths[1], inside, _standing(rng, names, spots, faces), _talker(rng, names)),
        Shot(lengths[2], camera, _standing(rng, names, spots, faces), _talker(rng, names)),
    ]


def _standing(
    rng: np.random.Generator,
    names: Sequence[str],
    spots: Sequence[tuple[float, float]],
    faces: Sequence[float],
) -> tuple[tuple[str, Action], ...]:
    return tuple(
        (name, Stand(spot, face, _gesture(rng)))
        for name, spot, face in zip(names, spots, faces, strict=True)
    )


def crossing(
    rng: np.random.Generator, names: Sequence[str], frames: int, _floor: Floor
) -> list[Shot]:
    """Two walk past each other, one before the other; then a closer shot of both."""
    lengths = _lengths(frames, 2) if frames >= 40 else [frames]
    seconds = lengths[0] / 24
    near, far = float(rng.uniform(0.1, 0.4)), float(rng.uniform(-0.9, -0.55))
    pace = float(rng.uniform(1.2, 1.45))
    # They meet in the middle of the shot; long shots end with a stop, short ones in mid-stride.
    reach = min(2.2, 0.5 * pace * seconds)
    a_end, b_end = (reach, near), (-reach, far)
    actions: list[tuple[str, Action]] = [
        (names[0], Walk(((-reach, near), a_end), pace, then="talk")),
        (names[1], Walk(((reach, far), b_end), pace * 0.97, then="idle", phase=1.5)),
    ]
    for name in names[2:]:
        x = float(rng.uniform(-0.3, 0.3))
        actions.append((name, Stand((x, -1.7), float(rng.uniform(-0.3, 0.3)), _gesture(rng))))
    shots = [Shot(lengths[0], wide(rng, move="drift"), tuple(actions), _talker(rng, names))]
    if len(lengths) > 1:
        places = [a_end, (b_end[0], b_end[1] + 0.2)]
        places += [(float(a.at[0]), -1.5) for _, a in actions[2:] if isinstance(a, Stand)]
        middle = float(np.mean([x for x, _ in places]))
        camera = Camera(
            _vec((middle + 0.5, 1.5, 3.2)), _vec((middle, 1.08, -0.5)), 42, setup="closer"
        )
        faces = [float(np.arctan2(middle - x, 1.6)) for x, _ in places]
        shots.append(
            Shot(lengths[1], camera, _standing(rng, names, places, faces), _talker(rng, names))
        )
    return shots


def dialogue(
    rng: np.random.Generator, names: Sequence[str], frames: int, _floor: Floor
) -> list[Shot]:
    """Two face each other: two-shot, over one shoulder, over the other, two-shot again."""
    a, b = (-0.62, float(rng.uniform(-0.3, 0.1))), (0.62, float(rng.uniform(-0.3, 0.1)))
    face_a, face_b = 1.25, -1.25
    rest = [(name, Stand((0.25 * k, -1.9), 0.0, "idle")) for k, name in enumerate(names[2:])]

    def both(first: str, second: str) -> tuple[tuple[str, Action], ...]:
        return (
            (names[0], Stand(a, face_a, first)),
            (names[1], Stand(b, face_b, second)),
            *rest,
        )

    two_shot = Camera(
        _vec((float(rng.uniform(-0.2, 0.2)), 1.5, 3.1)), (0, 1.12, -0.2), 42, setup="two-shot"
    )
    side = float(rng.choice([-1.0, 1.0]))
    # One shoulder each: the camera stays on its side of the line between them.
    cameras = [two_shot, over_shoulder(a, b, -side), over_shoulder(b, a, side), two_shot]
    if rng.random() < 0.4:
        cameras[2] = close_up(b, face_b, side=0.55)
    parts = 4 if frames >= 64 else 3
    cameras = [*cameras[: parts - 1], cameras[-1]]
    speakers = [names[0], names[0], names[1], names[1]]
    shots = []
    for length, camera, speaker in zip(_lengths(frames, parts), cameras, speakers, strict=False):
        first = "talk" if speaker == names[0] else "nod"
        second = "talk" if speaker == names[1] else "nod"
        shots.append(Shot(length, camera, both(first, second), (speaker,)))
    return shots


def stroll(
    rng: np.random.Generator, names: Sequence[str], frames: int, _floor: Floor
) -> list[Shot]:
    """Walk side by side while the camera pans along; then the same from the front."""
    lengths = _lengths(frames, 2)
    seconds = lengths[0] / 24
    pace = float(rng.uniform(0.95, 1.2))
    start = -0.5 * pace * seconds
    actions: list[tuple[str, Action]] = []
    for k, name in enumerate(names):
        z = 0.5 - 0.65 * k
        begin = (start - 0.75 * k + 0.4, z)
        end = (begin[0] + pace * seconds * 1.5, z)
        actions.append((name, Walk((begin, end), pace, phase=1.1 * k)))
    pan = Camera(
        (0.3, 1.5, 3.7), (start, 1.0, -0.1), 42, at_end=(start + pace * seconds, 1.0, -0.1),
        move_s=seconds, setup="pan", shake=0.4, shake_seed=int(rng.integers(1 << 16)),
    )  # fmt: skip
    towards: list[tuple[str, Action]] = []
    for k, name in enumerate(names):
        x = (k - (len(names) - 1) / 2) * 0.85
        towards.append((name, Walk(((x, -1.7), (x, 1.6)), pace * 0.8, phase=0.9 * k)))
    front = Camera((0, 1.5, 3.3), (0, 1.0, 0), 42, eye_end=(0, 1.5, 3.9), setup="front")
    return [
        Shot(lengths[0], pan, tuple(actions), ()),
        Shot(lengths[1], front, tuple(towards), _talker(rng, names)),
    ]


def hide(rng: np.random.Generator, names: Sequence[str], frames: int, floor: Floor) -> list[Shot]:
    """Somebody walks behind what stands there and comes out again; others stay in view."""
    at = floor.occluders[0] if floor.occluders else (1.6, -0.2)
    side = float(np.sign(at[0]) or 1.0)
    seconds = frames / 24
    pace = float(np.clip(2.3 / seconds, 0.7, 1.4))
    behind_z = at[1] - 0.75
    begin, end = (at[0] - side * 1.25, behind_z + 0.3), (at[0] + side * 0.95, behind_z)
    actions: list[tuple[str, Action]] = [(names[0], Walk((begin, end), pace, then="idle"))]
    for k, name in enumerate(names[1:]):
        spot = (-side * (0.35 + 0.95 * k), float(rng.uniform(-0.6, 0.2)))
        actions.append((name, Stand(spot, side * 0.4, _gesture(rng))))
    eye = (at[0] - side * 1.3, 1.5, 4.4)
    camera = Camera(_vec(eye), _vec((at[0] - side * 1.25, 1.0, -0.3)), 40, setup="wide")
    return [Shot(frames, camera, tuple(actions), _talker(rng, names))]


def leave_return(
    rng: np.random.Generator, names: Sequence[str], frames: int, _floor: Floor
) -> list[Shot]:
    """Somebody walks out of the picture and is back after a close-up of another."""
    lengths = _lengths(frames, 3)
    camera = wide(rng)
    side = float(rng.choice([-1.0, 1.0]))
    spots = _spots(rng, len(names))
    # Whoever stands on that side leaves.
    spots = sorted(spots, key=lambda spot: -side * spot[0])
    pace = 1.5
    leaver = Walk((spots[0], (side * 5.2, 0.3)), pace, start_s=0.15)
    back = Walk(((side * 3.3, 0.2), spots[0]), 1.4, then="wave", face_rad=0.0)
    faces = [0.2] * len(spots)
    others = _standing(rng, names[1:], spots[1:], faces[1:])
    inside = close_up(spots[1], faces[1]) if len(names) > 1 else medium(spots[0], side, rng)
    return [
        Shot(lengths[0], camera, ((names[0], leaver), *others), ()),
        Shot(lengths[1], inside, others, tuple(names[1:2])),
        Shot(lengths[2], camera, ((names[0], back), *others), ()),
    ]


def seated(rng: np.random.Generator, names: Sequence[str], frames: int, floor: Floor) -> list[Shot]:
    """One sits, the others stand about; master and a closer shot, then the master."""
    if not floor.seats:
        return gather(rng, names, frames, floor)
    seat = floor.seats[0]
    lengths = _lengths(frames, 3)
    side = float(np.sign(seat[0]) or 1.0)
    spots = [(-side * (0.15 + 0.95 * k), -0.9 + 0.3 * k) for k in range(len(names) - 1)]
    faces = [float(np.arctan2(seat[0] - x, seat[1] - z + 2.2)) for x, z in spots]
    sitter: tuple[str, Action] = (names[0], Stand((seat[0], seat[1]), seat[2], "sit"))
    camera = Camera((-side * 0.5, 1.55, 3.6), (side * 0.75, 0.92, -1.2), 42, setup="wide")
    closer = medium((seat[0], seat[1]), -side, rng)
    closer = replace(closer, at=(seat[0], 0.85, seat[1]))

    def everybody() -> tuple[tuple[str, Action], ...]:
        return (sitter, *_standing(rng, names[1:], spots, faces))

    return [
        Shot(lengths[0], camera, everybody(), (names[-1],)),
        Shot(lengths[1], closer, everybody(), (names[0],)),
        Shot(lengths[2], camera, everybody(), (names[-1],)),
    ]


def approach(
    rng: np.random.Generator, names: Sequence[str], frames: int, _floor: Floor
) -> list[Shot]:
    """Somebody comes up to the camera until head and shoulders fill it; others stay behind."""
    seconds = frames / 24
    pace = float(np.clip(2.6 / seconds, 0.7, 1.3))
    x = float(rng.uniform(-0.35, 0.35))
    comer = Walk(((x * 2, -1.4), (x, 1.5)), pace, then="idle")
    actions: list[tuple[str, Action]] = [(names[0], comer)]
    for k, name in enumerate(names[1:]):
        side = 1.0 if k % 2 else -1.0
        actions.append((name, Stand((side * (1.1 + 0.2 * k), -1.0), -0.3 * side, _gesture(rng))))
    camera = Camera((0, 1.55, 3.3), (0, 1.12, -0.4), 44, setup="wide")
    return [Shot(frames, camera, tuple(actions), ())]


def turns(rng: np.random.Generator, names: Sequence[str], frames: int, _floor: Floor) -> list[Shot]:
    """Everybody turns: away from the camera and back, profile and front."""
    lengths = _lengths(frames, 2)
    spots = _spots(rng, len(names))
    away = np.pi * 0.9
    first: list[tuple[str, Action]] = []
    second: list[tuple[str, Action]] = []
    for k, (name, spot) in enumerate(zip(names, spots, strict=True)):
        start, stop = (0.1, away) if k % 2 == 0 else (-away, -0.2)
        first.append((name, Stand(spot, start, "idle", turn_to_rad=stop, turn_at_s=0.3)))
        second.append((name, Stand(spot, stop, "idle", turn_to_rad=1.3, turn_at_s=0.2)))
    camera = wide(rng, move="push")
    return [
        Shot(lengths[0], camera, tuple(first)),
        Shot(lengths[1], profile(spots[0], -1.0), tuple(second)),
    ]


def clear_cameras(shots: Sequence[Shot], floor: Floor) -> list[Shot]:
    """Return the shots with every camera pushed out of what stands on the set."""
    return [replace(shot, camera=_cleared(shot.camera, floor)) for shot in shots]


def _cleared(camera: Camera, floor: Floor) -> Camera:
    for x, z in floor.occluders:
        away = np.array([camera.eye[0] - x, camera.eye[2] - z])
        distance = float(np.linalg.norm(away))
        if distance < _CLEARANCE_M:
            eye_x, eye_z = np.array([x, z]) + away / max(distance, 1e-6) * _CLEARANCE_M
            camera = replace(camera, eye=(float(eye_x), camera.eye[1], float(eye_z)))
    return camera


def with_light_change(shots: Sequence[Shot], kind: str) -> list[Shot]:
    """Return the shots under changing light, which is legal: "ramp", "dim" or "warm"."""
    change = LIGHTS[kind]
    return [
        replace(shot, light=change) if number == 0 or kind == "warm" else shot
        for number, shot in enumerate(shots)
    ]


STORIES: dict[str, Callable[..., list[Shot]]] = {
    "gather": gather,
    "crossing": crossing,
    "dialogue": dialogue,
    "stroll": stroll,
    "hide": hide,
    "leave_return": leave_return,
    "seated": seated,
    "approach": approach,
    "turns": turns,
}
