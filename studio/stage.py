"""What happens in a scene, as plain values: actions, cameras, shots, light. No pixels here."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, get_args

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from studio.looks import Look, Species

Vec3 = tuple[float, float, float]
ErrorKind = Literal[
    "swap", "morph", "drift", "attribute_swap", "clone", "vanish", "pop_in",
    "missing", "unexpected", "stranger",
]  # fmt: skip
ERROR_KINDS: tuple[ErrorKind, ...] = get_args(ErrorKind)
# Errors that only a cast file shows; they last from the first frame to the last.
CAST_ERRORS: tuple[ErrorKind, ...] = ("missing", "unexpected", "stranger")


@dataclass(frozen=True, slots=True)
class Walk:
    """Walk along points at a steady pace, then stand with a gesture.

    Attributes:
        points: Floor points (x, z) in metres, at least two.
        speed_m_s: Pace.
        start_s: Waits at the first point until then.
        then: Gesture after arriving.
        face_rad: Direction to turn to after arriving, None to keep walking direction.
        phase: Gait phase at the start.
    """

    points: tuple[tuple[float, float], ...]
    speed_m_s: float = 1.25
    start_s: float = 0.0
    then: str = "idle"
    face_rad: float | None = None
    phase: float = 0.0


@dataclass(frozen=True, slots=True)
class Stand:
    """Stand (or sit) at a floor point with a gesture; optionally turn once."""

    at: tuple[float, float]
    face_rad: float
    gesture: str = "idle"
    turn_to_rad: float | None = None
    turn_at_s: float = 0.8


Action = Walk | Stand


@dataclass(frozen=True, slots=True)
class Placement:
    """Where somebody is at one time: floor point, direction (0 = towards +z), metres walked."""

    x_m: float
    z_m: float
    yaw_rad: float
    walked_m: float
    moving: float  # share of the walk cycle in the pose, 0..1


def place(action: Action, time_s: float) -> Placement:
    """Return where an action has brought its actor.

    Example:
        >>> place(Walk(((0, 0), (0, 2)), speed_m_s=1.0), 1.0).z_m
        1.0
    """
    if isinstance(action, Stand):
        yaw, moving = action.face_rad, 0.0
        if action.turn_to_rad is not None:
            share = _ease((time_s - action.turn_at_s) / 0.8)
            yaw += wrap_angle(action.turn_to_rad - yaw) * share
            moving = 0.25 * float(np.sin(np.pi * share)) if 0 < share < 1 else 0.0
        return Placement(action.at[0], action.at[1], yaw, max(0.0, time_s) * 0.6, moving)
    points = np.asarray(action.points, float)
    legs = np.linalg.norm(np.diff(points, axis=0), axis=1)
    total = float(legs.sum())
    walked = min(max(0.0, time_s - action.start_s) * action.speed_m_s, total)
    ends = np.concatenate([[0.0], np.cumsum(legs)])
    x = float(np.interp(walked, ends, points[:, 0]))
    z = float(np.interp(walked, ends, points[:, 1]))
    yaw = _heading(points, ends, walked)
    moving = float(np.clip((total - walked) / 0.35, 0, 1))
    if time_s < action.start_s:
        moving = 0.0
    if action.face_rad is not None:
        arrive_s = action.start_s + total / action.speed_m_s
        yaw += wrap_angle(action.face_rad - yaw) * _ease((time_s - arrive_s + 0.15) / 0.8)
    return Placement(x, z, yaw, walked, moving)


def _heading(points: NDArray[np.float64], ends: NDArray[np.float64], walked: float) -> float:
    """Return the direction of travel, turning smoothly over half a metre round each corner."""
    angles = []
    for offset in (-0.25, 0.0, 0.25):
        at = float(np.clip(walked + offset, 1e-6, ends[-1] - 1e-6))
        leg = int(np.clip(np.searchsorted(ends, at) - 1, 0, len(points) - 2))
        dx, dz = points[leg + 1] - points[leg]
        angles.append(float(np.arctan2(dx, dz)))
    first = angles[0]
    return first + sum(wrap_angle(angle - first) / 3 for angle in angles[1:])


def wrap_angle(angle_rad: float) -> float:
    """Return the same direction in [-pi, pi)."""
    return float((angle_rad + np.pi) % (2 * np.pi) - np.pi)


def _ease(share: float) -> float:
    share = float(np.clip(share, 0, 1))
    return share * share * (3 - 2 * share)


@dataclass(frozen=True, slots=True)
class Camera:
    """A camera move. Positions in metres, `fov_deg` is the vertical angle of view.

    The camera goes from `eye` to `eye_end` and looks from `at` to `at_end` over `move_s` seconds;
    `shake` adds hand-held sway (1 = about two degrees).
    """

    eye: Vec3
    at: Vec3
    fov_deg: float = 40.0
    eye_end: Vec3 | None = None
    at_end: Vec3 | None = None
    fov_end_deg: float | None = None
    move_s: float = 3.0
    shake: float = 0.0
    shake_seed: int = 0
    setup: str = ""

    def at_time(self, time_s: float) -> Lens:
        """Return the lens at one time."""
        share = float(np.clip(time_s / self.move_s, 0, 1)) if self.move_s > 0 else 1.0
        eye = _lerp(self.eye, self.eye_end, share)
        at = _lerp(self.at, self.at_end, share)
        fov_end = self.fov_deg if self.fov_end_deg is None else self.fov_end_deg
        if self.shake:
            at = at + self.shake * 0.05 * self._sway(time_s)
            eye = eye + self.shake * 0.015 * self._sway(time_s + 7.7)
        return Lens(eye, at, self.fov_deg + (fov_end - self.fov_deg) * share)

    def _sway(self, time_s: float) -> NDArray[np.float64]:
        rng = np.random.default_rng([self.shake_seed, 17])
        speed = rng.uniform(0.8, 3.2, (3, 3))
        phase = rng.uniform(0, 2 * np.pi, (3, 3))
        sway: NDArray[np.float64] = np.sin(time_s * speed + phase).sum(0) / 2
        return sway


def _lerp(a: Vec3, b: Vec3 | None, share: float) -> NDArray[np.float64]:
    start = np.asarray(a, float)
    return start if b is None else start + (np.asarray(b, float) - start) * share


@dataclass(frozen=True, slots=True)
class Lens:
    """A camera at one instant: (3,) eye, (3,) point looked at, vertical angle of view."""

    eye: NDArray[np.float64]
    at: NDArray[np.float64]
    fov_deg: float

    def view(self) -> NDArray[np.float64]:
        """Return the (4, 4) world-to-camera matrix."""
        return look_at(self.eye, self.at)

    def projection(self, aspect: float) -> NDArray[np.float64]:
        """Return the (4, 4) perspective matrix; `aspect` = width over height."""
        near, far = 0.1, 90.0
        scale = 1 / np.tan(np.radians(self.fov_deg) / 2)
        out = np.zeros((4, 4))
        out[0, 0], out[1, 1], out[3, 2] = scale / aspect, scale, -1
        out[2, 2], out[2, 3] = (far + near) / (near - far), 2 * far * near / (near - far)
        return out

    def project(
        self, points: NDArray[np.floating], width_px: int, height_px: int
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return (N, 2) pixels and (N,) metres in front of the camera, of (N, 3) points."""
        full = np.c_[points, np.ones(len(points))]
        clip = full @ (self.projection(width_px / height_px) @ self.view()).T
        depth = clip[:, 3]
        safe = np.where(np.abs(depth) < 1e-6, 1e-6, depth)
        x = (clip[:, 0] / safe * 0.5 + 0.5) * width_px
        y = (0.5 - clip[:, 1] / safe * 0.5) * height_px
        return np.stack([x, y], 1), depth


def look_at(
    eye: NDArray[np.float64], at: NDArray[np.float64], up: Vec3 = (0, 1, 0)
) -> NDArray[np.float64]:
    """Return the (4, 4) matrix of a camera at `eye` that looks at `at`."""
    forward = at - eye
    forward = forward / np.linalg.norm(forward)
    side = np.cross(forward, np.asarray(up, float))
    side = side / np.linalg.norm(side)
    out = np.eye(4)
    out[0, :3], out[1, :3], out[2, :3] = side, np.cross(side, forward), -forward
    out[:3, 3] = -out[:3, :3] @ eye
    return out


@dataclass(frozen=True, slots=True)
class LightChange:
    """A legal change of the whole picture's light: gain goes from `start` to `stop` over time."""

    start: float = 1.0
    stop: float = 1.0
    from_s: float = 0.0
    to_s: float = 1.0
    warmth: float = 0.0

    def gain(self, time_s: float) -> float:
        """Return the exposure factor at a time."""
        share = _ease((time_s - self.from_s) / max(self.to_s - self.from_s, 1e-6))
        return self.start + (self.stop - self.start) * share


@dataclass(frozen=True, slots=True)
class Shot:
    """One take: how long, from where, and what everybody in it does."""

    frames: int
    camera: Camera
    actions: tuple[tuple[str, Action], ...]
    talking: tuple[str, ...] = ()
    light: LightChange = field(default_factory=LightChange)

    def action_of(self, person: str) -> Action | None:
        """Return what a person does in this shot, None when absent."""
        return dict(self.actions).get(person)


@dataclass(frozen=True, slots=True)
class ErrorPlan:
    """One planted identity error.

    Attributes:
        kind: One of `ERROR_KINDS`.
        people: Whom it befalls; a swap has two, a clone (original, bystander or nobody).
        start_frame, stop_frame: First frame and first frame after.
        strength: 0..1: how far a drift goes, how different the new look is.
        cues: Which cues a drift or attribute swap touches.
        ghost_frames: Frames of cross-fade at the start of a swap or morph.
        where: A word for the place: "open", "crossing", "cut", "walk_in", ...
    """

    kind: ErrorKind
    people: tuple[str, ...]
    start_frame: int
    stop_frame: int
    strength: float = 1.0
    cues: tuple[str, ...] = ()
    ghost_frames: int = 0
    where: str = "open"
    # Who of `people` shows a lent cue; both in an exchange.
    changed: tuple[str, ...] = ()
    # What a clone's second copy does; None when a bystander takes on the look instead.
    copy_action: Action | None = None


@dataclass(frozen=True, slots=True)
class Scene:
    """A whole clip: cast, set, shots, and the errors planted in it (none in a clean one)."""

    name: str
    seed: int
    set_name: str
    set_seed: int
    cast: tuple[Look, ...]
    shots: tuple[Shot, ...]
    errors: tuple[ErrorPlan, ...] = ()
    # Looks an error brings in from outside the cast, by name.
    strangers: tuple[Look, ...] = ()
    species: Species = "human"
    fps: int = 24
    video_look: float = 0.0
    tags: tuple[str, ...] = ()
    # Garments that errors may bring in; empty for all.
    suits: frozenset[str] = frozenset()

    @property
    def frames(self) -> int:
        """Length of the clip."""
        return sum(shot.frames for shot in self.shots)

    def spans(self) -> list[tuple[int, int]]:
        """Return (first frame, first frame after) of every shot."""
        out, start = [], 0
        for shot in self.shots:
            out.append((start, start + shot.frames))
            start += shot.frames
        return out

    def shot_at(self, frame: int) -> tuple[int, Shot, float]:
        """Return a frame's shot number, its shot, and seconds since the shot began."""
        for number, (start, stop) in enumerate(self.spans()):
            if start <= frame < stop:
                return number, self.shots[number], (frame - start) / self.fps
        raise IndexError(f"frame {frame} outside 0..{self.frames - 1}")
