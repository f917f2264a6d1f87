"""Blocking: roughly who stands where in the picture, worked out without rendering.

The director uses it to plant errors where they can be seen, and to tell a vanishing in open picture
from somebody who walks behind a pillar.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from studio.stage import place

if TYPE_CHECKING:
    from studio.stage import Action, Lens, Scene

# A standing figure as an upright box of this half width.
_HALF_WIDTH_M = 0.26
ASPECT = 16 / 9


@dataclass(frozen=True, slots=True)
class RoughView:
    """One figure in one frame, in units of the picture (0..1 both ways).

    Attributes:
        x1, y1, x2, y2: Box, may leave the picture.
        depth_m: Distance along the view.
        inside: Share of the box inside the picture.
        free: Share not covered by nearer figures or by the set's occluders.
        frontal: 1 when the face looks into the camera, -1 from behind.
    """

    x1: float
    y1: float
    x2: float
    y2: float
    depth_m: float
    inside: float
    free: float
    frontal: float


def rough_views(
    scene: Scene, frame: int, occluders: tuple[tuple[float, float], ...] = ()
) -> dict[str, RoughView]:
    """Return where everybody of the story would be in a frame; errors are left out."""
    _, shot, time_s = scene.shot_at(frame)
    lens = shot.camera.at_time(time_s)
    heights = {look.name: look.build.height_m for look in scene.cast}
    boxes = {}
    for person, action in shot.actions:
        figure = _figure_box(lens, action, time_s, heights[person])
        if figure is not None:
            boxes[person] = figure
    screens = [b for b in (_pillar_box(lens, at) for at in occluders) if b is not None]
    views = {}
    for person, (box, depth, frontal) in boxes.items():
        nearer = [b for other, (b, d, _) in boxes.items() if other != person and d < depth]
        nearer += [b for b, d in screens if d < depth]
        views[person] = RoughView(
            *box, depth, _overlap(box, (0, 0, 1, 1)), _free_share(box, nearer), frontal
        )
    return views


def free_spot(
    scene: Scene, shot: int, taken_m: float = 0.75, occluders: tuple[tuple[float, float], ...] = ()
) -> tuple[float, float] | None:
    """Return a floor point in plain view and away from everybody for a whole shot, or None."""
    start, stop = scene.spans()[shot]
    take = scene.shots[shot]
    times = [(frame - start) / scene.fps for frame in range(start, stop, 6)]
    paths = [
        (where.x_m, where.z_m)
        for _, action in take.actions
        for where in (place(action, time_s) for time_s in times)
    ]
    best, best_score = None, 0.0
    for z in (0.4, 0.0, -0.5, -1.0):
        for x in np.arange(-2.2, 2.21, 0.4):
            away = min((float(np.hypot(x - px, z - pz)) for px, pz in paths), default=9.0)
            away = min([away, *(float(np.hypot(x - px, z - pz)) for px, pz in occluders)])
            boxes = [
                _upright_box(take.camera.at_time(t), float(x), z, 1.7)
                for t in (times[0], times[-1])
            ]
            shares = [0.0 if b is None else _overlap(b[0], (0.04, -0.3, 0.96, 1.4)) for b in boxes]
            score = min(shares) * min(away, 1.2)
            if away > taken_m and min(shares) > 0.9 and score > best_score:
                best, best_score = (float(x), z), score
    return best


def _figure_box(
    lens: Lens, action: Action, time_s: float, height_m: float
) -> tuple[tuple[float, float, float, float], float, float] | None:
    where = place(action, time_s)
    sits = getattr(action, "gesture", "") == "sit"
    found = _upright_box(lens, where.x_m, where.z_m, height_m * (0.76 if sits else 1.0))
    if found is None:
        return None
    towards = lens.eye[[0, 2]] - np.array([where.x_m, where.z_m])
    facing = np.array([np.sin(where.yaw_rad), np.cos(where.yaw_rad)])
    frontal = float(facing @ towards / max(float(np.linalg.norm(towards)), 1e-6))
    return found[0], found[1], frontal


def _upright_box(
    lens: Lens, x: float, z: float, height_m: float, half_m: float = _HALF_WIDTH_M
) -> tuple[tuple[float, float, float, float], float] | None:
    corners = np.array(
        [
            (x + dx, y, z + dz)
            for dx in (-half_m, half_m)
            for dz in (-0.15, 0.15)
            for y in (0, height_m)
        ]
    )
    points, depth = lens.project(corners, 1600, 900)
    if float(depth.min()) < 0.3:
        return None
    points = points / (1600, 900)
    low, high = points.min(0), points.max(0)
    return (float(low[0]), float(low[1]), float(high[0]), float(high[1])), float(depth.mean())


def _pillar_box(
    lens: Lens, at: tuple[float, float]
) -> tuple[tuple[float, float, float, float], float] | None:
    return _upright_box(lens, at[0], at[1], 2.6, half_m=0.32)


def _overlap(box: tuple[float, ...], other: tuple[float, ...]) -> float:
    """Return the share of `box` inside `other`."""
    wide = min(box[2], other[2]) - max(box[0], other[0])
    tall = min(box[3], other[3]) - max(box[1], other[1])
    area = (box[2] - box[0]) * (box[3] - box[1])
    return max(0.0, wide) * max(0.0, tall) / max(area, 1e-9)


def _free_share(box: tuple[float, ...], nearer: list[tuple[float, float, float, float]]) -> float:
    """Return the share of a figure's width inside the picture that nothing nearer covers."""
    left, right = max(0.0, box[0]), min(1.0, box[2])
    if right <= left:
        return 0.0
    columns = np.linspace(left, right, 40)
    covered = np.zeros(40, bool)
    for other in nearer:
        # Whoever is nearer and as tall hides; feet or hair that still show do not matter here.
        covered |= (columns >= other[0] + 0.01) & (columns <= other[2] - 0.01)
    return float(1 - covered.mean())
