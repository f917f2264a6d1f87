"""Poses: bone rotations for walking, standing, talking, gesturing and sitting.

A pose maps bone names to rotations about the bone's head, in the axes of the rest pose (x to the
wearer's left, y up, z forwards). Everything is a pure function of time or of walking phase.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.spatial.transform import Rotation

if TYPE_CHECKING:
    from collections.abc import Callable

    Pose = dict[str, Rotation]

_SIDES = (("l", 1.0), ("r", -1.0))


def _turn(axis: str, degrees: float) -> Rotation:
    return Rotation.from_euler(axis, degrees, degrees=True)


def _bump(phase: float, centre: float, width: float) -> float:
    """Return a bell of height 1 on the circle of phases."""
    away = (phase - centre + np.pi) % (2 * np.pi) - np.pi
    return float(np.exp(-((away / width) ** 2)))


def _arms(
    pose: Pose,
    *,
    down_deg: float,
    swing_deg: tuple[float, float] = (0, 0),
    elbow_deg: tuple[float, float] = (0, 0),
    out_deg: tuple[float, float] = (0, 0),
) -> None:
    """Lower both arms from the rest pose and bend them; pairs are (left, right)."""
    for i, (side, sign) in enumerate(_SIDES):
        lower = _turn("z", -sign * (down_deg - out_deg[i]))
        pose[f"upperarm_{side}"] = _turn("x", -swing_deg[i]) * lower
        pose[f"clavicle_{side}"] = _turn("z", -sign * 3)
        axis = np.array([-0.75, -0.6 * sign, 0.25 * sign])
        axis = axis / np.linalg.norm(axis)
        pose[f"lowerarm_{side}"] = Rotation.from_rotvec(axis * np.radians(elbow_deg[i]))
        pose[f"hand_{side}"] = Rotation.from_rotvec([0.25, 0.3 * sign, 0])


def _fingers(pose: Pose, curl_deg: float) -> None:
    for side, sign in _SIDES:
        for finger in ("index", "middle", "ring", "pinky"):
            for joint, share in (("01", 0.7), ("02", 1.0), ("03", 0.8)):
                axis = np.array([0.55, 0.25 * sign, -0.8 * sign])
                turn = Rotation.from_rotvec(axis * np.radians(curl_deg * share))
                pose[f"{finger}_{joint}_{side}"] = turn


def walk(phase: float, *, energy: float = 1.0) -> Pose:
    """Return one instant of a gait; `phase` runs through 2 pi for two steps."""
    pose: Pose = {}
    for side, sign, at in (("l", 1.0, phase), ("r", -1.0, phase + np.pi)):
        thigh = 17 * energy * np.sin(at) + 4
        knee = 7 + energy * (
            50 * _bump(at, -0.22 * np.pi, 0.95) + 10 * _bump(at, 0.72 * np.pi, 0.5)
        )
        ankle = 6 * _bump(at, 0.5 * np.pi, 0.5) - 18 * energy * _bump(at, -0.55 * np.pi, 0.55) - 4
        pose[f"thigh_{side}"] = _turn("x", -thigh) * _turn("z", -sign * 3.5)
        pose[f"calf_{side}"] = _turn("x", knee)
        pose[f"foot_{side}"] = _turn("x", -ankle)
        pose[f"ball_{side}"] = _turn("x", -22 * energy * _bump(at, -0.6 * np.pi, 0.5))
    sway = float(np.sin(phase))
    pose["pelvis"] = _turn("y", -sway * 5 * energy) * _turn("z", np.sin(phase + 0.9) * 2.5)
    pose["spine_01"] = _turn("y", sway * 4 * energy) * _turn("x", 2)
    pose["spine_02"] = _turn("y", sway * 4 * energy)
    pose["spine_03"] = _turn("y", sway * 3)
    pose["neck_01"] = _turn("y", -sway * 3)
    pose["head"] = _turn("y", -sway * 2) * _turn("x", -2)
    reach = 22 * energy
    _arms(
        pose,
        down_deg=33,
        swing_deg=(-sway * reach, sway * reach),
        elbow_deg=(-12 - 10 * sway, -12 + 10 * sway),
    )
    _fingers(pose, 14)
    return pose


def idle(time_s: float, seed: float = 0.0) -> Pose:
    """Return quiet standing: weight shifts, breathing, a wandering head."""
    sin = np.sin
    shift = float(sin(time_s * 1.1 + seed))
    pose: Pose = {
        "pelvis": _turn("z", shift * 1.2),
        "spine_02": _turn("x", 1 + sin(time_s * 1.9 + seed)),
        "spine_03": _turn("y", 2 * sin(time_s * 0.7 + seed * 2)),
        "head": _turn("y", 10 * sin(time_s * 0.8 + seed * 3))
        * _turn("x", 3 * sin(time_s * 1.3 + seed)),
    }
    for side, sign in _SIDES:
        pose[f"thigh_{side}"] = _turn("z", -sign * 2 - shift * 1.2)
        pose[f"calf_{side}"] = _turn("x", 4)
        pose[f"foot_{side}"] = _turn("x", -4)
    swing = 2 * float(sin(time_s + seed))
    _arms(pose, down_deg=34, swing_deg=(swing, -swing), elbow_deg=(-14, -12))
    _fingers(pose, 16)
    return pose


def talk(time_s: float, seed: float = 0.0) -> Pose:
    """Return somebody who talks with both hands."""
    sin = np.sin
    pose = idle(time_s, seed)
    _arms(
        pose,
        down_deg=30,
        swing_deg=(
            22 + 10 * float(sin(time_s * 3.1 + seed)),
            28 + 14 * float(sin(time_s * 2.3 + 1 + seed)),
        ),
        elbow_deg=(
            45 + 22 * float(sin(time_s * 3.9 + seed)),
            50 + 25 * float(sin(time_s * 3.3 + 2 + seed)),
        ),
        out_deg=(4, 6),
    )
    pose["head"] = _turn("y", 9 * sin(time_s * 1.7 + seed)) * _turn("x", 5 * sin(time_s * 4 + seed))
    _fingers(pose, 10)
    return pose


def wave(time_s: float, seed: float = 0.0) -> Pose:
    """Return somebody who waves with the right hand."""
    pose = idle(time_s, seed)
    pose["clavicle_r"] = _turn("z", -10)
    pose["upperarm_r"] = _turn("z", -50) * _turn("x", -25)
    pose["lowerarm_r"] = _turn("z", -70 + 18 * np.sin(time_s * 9)) * _turn("x", -20)
    pose["head"] = _turn("x", -3)
    return pose


def nod(time_s: float, seed: float = 0.0) -> Pose:
    """Return somebody who listens and nods."""
    pose = idle(time_s, seed)
    nodding = max(0.0, float(np.sin(time_s * 0.9 + seed)))
    pose["head"] = _turn("x", 9 * nodding * np.sin(time_s * 7)) * _turn("y", 4)
    return pose


def hip(time_s: float, seed: float = 0.0) -> Pose:
    """Return somebody with one hand raised to the chest, the other arm hanging."""
    pose = idle(time_s, seed)
    lift = 60 + 6 * float(np.sin(time_s * 1.3 + seed))
    _arms(pose, down_deg=34, swing_deg=(2, 24), elbow_deg=(-12, lift), out_deg=(0, 2))
    _fingers(pose, 26)
    return pose


def phone(time_s: float, seed: float = 0.0) -> Pose:
    """Return somebody who looks down at what they hold in both hands."""
    pose = idle(time_s, seed)
    sway = 2 * float(np.sin(time_s * 1.1 + seed))
    _arms(pose, down_deg=34, swing_deg=(26 + sway, 26 - sway), elbow_deg=(78, 78))
    pose["head"] = _turn("x", 16 + 3 * np.sin(time_s + seed))
    _fingers(pose, 30)
    return pose


def sit(time_s: float, seed: float = 0.0) -> Pose:
    """Return somebody who sits upright and talks a little."""
    pose = idle(time_s, seed)
    lift = float(np.sin(time_s * 1.2 + seed))
    _arms(pose, down_deg=36, swing_deg=(24, 26 + 4 * lift), elbow_deg=(42, 46 + 8 * lift))
    for side, sign in _SIDES:
        pose[f"thigh_{side}"] = _turn("z", sign * 3) * _turn("x", -84)
        pose[f"calf_{side}"] = _turn("x", 84)
        pose[f"foot_{side}"] = Rotation.identity()
    pose["pelvis"] = Rotation.identity()
    return pose


GESTURES: dict[str, Callable[[float, float], Pose]] = {
    "idle": idle,
    "talk": talk,
    "wave": wave,
    "nod": nod,
    "hip": hip,
    "phone": phone,
    "sit": sit,
}


def blend(a: Pose, b: Pose, weight: float) -> Pose:
    """Return the pose `weight` of the way from `a` to `b`."""
    if weight <= 0:
        return a
    if weight >= 1:
        return b
    still = Rotation.identity()
    out: Pose = {}
    # Sorted, so that the order of a dict never reaches the pixels.
    for bone in sorted(a.keys() | b.keys()):
        qa, qb = a.get(bone, still).as_quat(), b.get(bone, still).as_quat()
        if float(qa @ qb) < 0:
            qb = -qb
        out[bone] = Rotation.from_quat((1 - weight) * qa + weight * qb)
    return out
