"""From a pose to world-space bones: forward kinematics, grounding, and steps that do not slip."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from studio.mesh import strongest_four
from studio.poses import walk

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from studio.character import Character
    from studio.makehuman import Rig
    from studio.poses import Pose

    Floats = NDArray[np.float32]
    Doubles = NDArray[np.float64]

METRES_PER_UNIT = 0.1  # MakeHuman counts in decimetres


def bone_matrices(rig: Rig, joints: Floats, pose: Pose) -> Doubles:
    """Return the (53, 4, 4) matrices that carry rest-pose vertices into the pose."""
    out = np.zeros((len(rig.order), 4, 4))
    for i, name in enumerate(rig.order):
        local = np.eye(4)
        if name in pose:
            turn = pose[name].as_matrix()
            local[:3, :3] = turn
            local[:3, 3] = joints[i] - turn @ joints[i]
        parent = rig.parent[i]
        out[i] = local if parent < 0 else out[parent] @ local
    return out


class Body:
    """Places one character in the world."""

    def __init__(self, character: Character) -> None:
        self.character = character
        body = character.library.base.groups["body"]
        # A spread of body vertices stands for the whole person where pixels are too costly.
        self._sample = body[:: max(1, len(body) // 700)]
        index, self._sample_weight = strongest_four(character.library.rig.weight[self._sample])
        self._sample_bone = index.astype(np.int64)
        # Measured once: a drifting body keeps its stride, so that its phase does not jump.
        self._gait: tuple[Doubles, Doubles] | None = None
        self.refresh()

    def refresh(self) -> None:
        """Measure the soles anew, after the character's shape has changed."""
        character = self.character
        rig, position = character.library.rig, character.position
        body = character.library.base.groups["body"]
        floor = position[body, 1].min()
        self._sole = body[position[body, 1] < floor + 0.45]
        lowest = min(float(part.mesh.position[:, 1].min()) for part in character.parts)
        self._shoe = lowest - float(floor)
        index, self._sole_weight = strongest_four(rig.weight[self._sole])
        self._sole_bone = index.astype(np.int64)

    def phase_at(self, distance_m: float, start_phase: float = 0.0) -> float:
        """Return the walking phase after a distance, such that the standing foot stays put."""
        if self._gait is None:
            self._gait = self._measure_gait()
        phases, advance_m = self._gait
        stride_m = advance_m[-1]
        walked = distance_m + float(np.interp(start_phase % (2 * np.pi), phases, advance_m))
        strides = np.floor(walked / stride_m)
        rest = np.interp(walked - strides * stride_m, advance_m, phases)
        return float(strides * 2 * np.pi + rest)

    def bones(self, pose: Pose, floor_xz_m: tuple[float, float], yaw_rad: float) -> Floats:
        """Return the (53, 4, 4) rest-to-world matrices in metres, soles on the floor (y = 0)."""
        rig = self.character.library.rig
        matrices = bone_matrices(rig, self.character.joints, pose)
        vertices = np.c_[self.character.position[self._sole], np.ones(len(self._sole))]
        rows = matrices[self._sole_bone][:, :, 1, :]
        heights = np.einsum("nk,nkj,nj->n", self._sole_weight, rows, vertices)
        ground = float(heights.min()) + self._shoe
        cos, sin = np.cos(yaw_rad), np.sin(yaw_rad)
        world = np.eye(4)
        turn = np.array([[cos, 0, sin], [0, 1, 0], [-sin, 0, cos]])
        world[:3, :3] = turn * METRES_PER_UNIT
        place = np.array([floor_xz_m[0], 0.0, floor_xz_m[1]])
        world[:3, 3] = place - world[:3, :3] @ np.array([0, ground, 0])
        placed: Floats = (world @ matrices).astype(np.float32)
        return placed

    def joints_world(self, bones: Floats) -> dict[str, Floats]:
        """Return named (3,) world positions of the joints a truth file lists."""
        rig, character = self.character.library.rig, self.character
        out: dict[str, Floats] = {}
        for label, bone in JOINTS.items():
            i = rig.index[bone]
            out[label] = (bones[i] @ np.append(character.joints[i], 1))[:3]
        i = rig.index["head"]
        out["head_top"] = (bones[i] @ np.append(character.tails[i], 1))[:3]
        return out

    def sample_world(self, bones: Floats) -> Floats:
        """Return about 700 (V, 3) world positions spread over the skin."""
        vertices = np.c_[self.character.position[self._sample], np.ones(len(self._sample))]
        blended = np.einsum("vk,vkij->vij", self._sample_weight, bones[self._sample_bone])
        points: Floats = np.einsum("vij,vj->vi", blended, vertices)[:, :3].astype(np.float32)
        return points

    def head_world(self, bones: Floats) -> Floats:
        """Return the (V, 3) world positions of the head's skin."""
        rig = self.character.library.rig
        head = rig.weight[self._sample, rig.index["head"]] > 0.6
        points: Floats = self.sample_world(bones)[head]
        return points

    def _measure_gait(self) -> tuple[Doubles, Doubles]:
        """Tabulate phase against the distance covered by keeping the lower foot still."""
        rig, joints = self.character.library.rig, self.character.joints
        feet = [rig.index["ball_l"], rig.index["ball_r"]]
        phases = np.linspace(0, 2 * np.pi, 65)
        advance = [0.0]
        before: Doubles | None = None
        for phase in phases:
            matrices = bone_matrices(rig, joints, walk(float(phase)))
            now = np.array([(matrices[i] @ np.append(joints[i], 1))[:3] for i in feet])
            if before is not None:
                standing = int(now[1, 1] < now[0, 1])
                step = before[standing, 2] - now[standing, 2]
                advance.append(advance[-1] + max(float(step), 0.002))
            before = now
        return phases, np.array(advance) * METRES_PER_UNIT


JOINTS = {
    "neck": "neck_01",
    "head": "head",
    "l_shoulder": "upperarm_l",
    "r_shoulder": "upperarm_r",
    "l_elbow": "lowerarm_l",
    "r_elbow": "lowerarm_r",
    "l_wrist": "hand_l",
    "r_wrist": "hand_r",
    "pelvis": "pelvis",
    "l_hip": "thigh_l",
    "r_hip": "thigh_r",
    "l_knee": "calf_l",
    "r_knee": "calf_r",
    "l_ankle": "foot_l",
    "r_ankle": "foot_r",
}
