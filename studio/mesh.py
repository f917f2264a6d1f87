"""Meshes: the value type, shading normals and the primitive solids that sets and robots are of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike, NDArray

    Floats = NDArray[np.float32]
    Ints = NDArray[np.int32]
    Vec3 = tuple[float, float, float]


@dataclass(slots=True)
class Mesh:
    """Triangles ready for the renderer; N vertices, T triangles.

    Attributes:
        position: (N, 3) in the units of its owner (metres for sets, decimetres for bodies).
        normal: (N, 3) unit rows.
        uv: (N, 2) texture coordinates, v upwards.
        triangles: (T, 3) vertex numbers.
        bone_index: (N, 4) bone numbers as floats, or None for a mesh that does not move.
        bone_weight: (N, 4) rows that sum to 1, or None.
    """

    position: Floats
    normal: Floats
    uv: Floats
    triangles: Ints
    bone_index: Floats | None = None
    bone_weight: Floats | None = None

    @classmethod
    def of(
        cls,
        position: Sequence[Sequence[float]] | NDArray[np.floating],
        normal: Sequence[Sequence[float]] | NDArray[np.floating],
        uv: Sequence[Sequence[float]] | NDArray[np.floating],
        triangles: Sequence[Sequence[int]] | NDArray[np.integer],
    ) -> Mesh:
        """Build a still mesh from anything array-like."""
        return cls(
            np.asarray(position, np.float32),
            np.asarray(normal, np.float32),
            np.asarray(uv, np.float32),
            np.asarray(triangles, np.int32),
        )

    def bound_to(self, bone: int) -> Mesh:
        """Return this mesh rigidly bound to one bone."""
        count = len(self.position)
        index = np.zeros((count, 4), np.float32)
        weight = np.zeros((count, 4), np.float32)
        index[:, 0], weight[:, 0] = bone, 1.0
        return Mesh(self.position, self.normal, self.uv, self.triangles, index, weight)


def unit_rows(rows: NDArray[np.floating]) -> NDArray[np.floating]:
    """Return (N, 3) rows scaled to length 1; zero rows stay zero."""
    length = np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-9)
    scaled: NDArray[np.floating] = rows / length
    return scaled


def vertex_normals(position: Floats, quads: NDArray[np.integer]) -> Floats:
    """Return (N, 3) smooth normals of (F, 4) quads; a triangle repeats its third corner."""
    a, b, c, d = (position[quads[:, i]] for i in range(4))
    face = np.cross(c - a, d - b)
    is_triangle = quads[:, 2] == quads[:, 3]
    face[is_triangle] = np.cross(b - a, c - a)[is_triangle]
    corner = quads.ravel(order="F")
    total = [
        np.bincount(corner, np.tile(face[:, axis], 4), minlength=len(position)) for axis in range(3)
    ]
    return unit_rows(np.stack(total, 1)).astype(np.float32)


def split_corners(
    quads: NDArray[np.integer], uv_quads: NDArray[np.integer]
) -> tuple[NDArray[np.integer], NDArray[np.integer], Ints]:
    """Make one render vertex per distinct (vertex, uv) pair.

    Returns:
        (R,) source vertex, (R,) source uv, (T, 3) triangles over the R render vertices.
    """
    pairs = np.stack([quads.reshape(-1), uv_quads.reshape(-1)], 1)
    distinct, inverse = np.unique(pairs, axis=0, return_inverse=True)
    corner = inverse.reshape(quads.shape)
    tri = np.concatenate([corner[:, [0, 1, 2]], corner[:, [0, 2, 3]]])
    real = (tri[:, 0] != tri[:, 1]) & (tri[:, 1] != tri[:, 2]) & (tri[:, 0] != tri[:, 2])
    return distinct[:, 0], distinct[:, 1], tri[real].astype(np.int32)


def strongest_four(weights: Floats) -> tuple[Floats, Floats]:
    """Return the (N, 4) numbers and renormalised weights of each row's four strongest bones."""
    index = np.argsort(-weights, 1, kind="stable")[:, :4]
    strongest = np.take_along_axis(weights, index, 1)
    strongest = strongest / strongest.sum(1, keepdims=True)
    return index.astype(np.float32), strongest.astype(np.float32)


def quad(centre: Vec3, half_u: Vec3, half_v: Vec3, repeat: tuple[float, float] = (1, 1)) -> Mesh:
    """Return a rectangle facing half_u x half_v, with its texture repeated (across, up)."""
    c, u, v = (np.asarray(a, np.float32) for a in (centre, half_u, half_v))
    corners = np.array([c - u - v, c + u - v, c + u + v, c - u + v])
    facing = np.cross(u, v)
    facing = facing / np.linalg.norm(facing)
    across, up = repeat
    uv = np.array([[0, 0], [across, 0], [across, up], [0, up]], np.float32)
    return Mesh.of(corners, np.tile(facing, (4, 1)), uv, [[0, 1, 2], [0, 2, 3]])


def box(centre: Vec3, half: Vec3, *, repeat: float = 1.0, yaw_rad: float = 0.0) -> Mesh:
    """Return a box turned about the vertical; `repeat` = textures per metre."""
    cos, sin = np.cos(yaw_rad), np.sin(yaw_rad)
    turn = np.array([[cos, 0, sin], [0, 1, 0], [-sin, 0, cos]])
    position: list[NDArray[np.floating]] = []
    normal: list[NDArray[np.floating]] = []
    uv: list[tuple[float, float]] = []
    triangles: list[list[int]] = []
    for axis in range(3):
        for side in (1.0, -1.0):
            facing, u = np.zeros(3), np.zeros(3)
            facing[axis], u[(axis + 1) % 3] = side, 1.0
            v = np.cross(facing, u)
            first = len(position)
            for su, sv in ((-1, -1), (1, -1), (1, 1), (-1, 1)):
                corner = (facing + su * u + sv * v) * np.asarray(half)
                position.append(turn @ corner + np.asarray(centre))
                normal.append(turn @ facing)
                flat = (corner[0], corner[2]) if axis == 1 else (corner[2 - axis], corner[1])
                uv.append((float(flat[0]) * repeat, float(flat[1]) * repeat))
            triangles += [[first, first + 1, first + 2], [first, first + 2, first + 3]]
    return Mesh.of(np.array(position), np.array(normal), uv, triangles)


def cylinder(
    foot: Vec3, radius: float, height: float, *, top: float | None = None, sides: int = 20
) -> Mesh:
    """Return an upright tube, open at both ends; `top` is its radius above."""
    angle = np.linspace(0, 2 * np.pi, sides + 1)
    cos, sin = np.cos(angle), np.sin(angle)
    top = radius if top is None else top
    ring = np.zeros(sides + 1)
    lower = np.stack([cos * radius, ring, sin * radius], 1)
    upper = np.stack([cos * top, ring + height, sin * top], 1)
    normal = np.tile(np.stack([cos, ring, sin], 1), (2, 1))
    uv = np.concatenate([np.stack([angle / np.pi, ring + v], 1) for v in (0.0, 1.0)])
    first = np.arange(sides)[:, None]
    triangles = np.concatenate(
        [first + np.array([0, 1, sides + 2]), first + np.array([0, sides + 2, sides + 1])]
    )
    return Mesh.of(np.concatenate([lower, upper]) + np.asarray(foot), normal, uv, triangles)


def disc(centre: Vec3, radius: float, *, sides: int = 24) -> Mesh:
    """Return a horizontal disc facing upwards."""
    angle = np.linspace(0, 2 * np.pi, sides, endpoint=False)
    rim = np.stack([np.cos(angle) * radius, 0 * angle, np.sin(angle) * radius], 1)
    position = np.concatenate([np.zeros((1, 3)), rim]) + np.asarray(centre)
    uv = np.concatenate([[[0.5, 0.5]], rim[:, [0, 2]] / (2 * radius) + 0.5])
    spokes = np.arange(sides)
    triangles = np.stack([0 * spokes, (spokes + 1) % sides + 1, spokes + 1], 1)
    return Mesh.of(position, np.tile([0, 1, 0], (sides + 1, 1)), uv, triangles)


def capsule(
    start: ArrayLike,
    stop: ArrayLike,
    start_radius: float,
    stop_radius: float,
    *,
    sides: int = 14,
    rings: int = 6,
) -> Mesh:
    """Return a tube with round ends between two points."""
    a, b = np.asarray(start, float), np.asarray(stop, float)
    length = float(np.linalg.norm(b - a))
    along = (b - a) / max(length, 1e-6)
    aside = np.cross(along, [0, 0, 1] if abs(along[2]) < 0.9 else [1, 0, 0])
    aside = aside / np.linalg.norm(aside)
    up = np.cross(along, aside)
    arc = np.linspace(0, np.pi / 2, rings)
    height = np.concatenate([-start_radius * np.cos(arc), length + stop_radius * np.sin(arc)])
    radius = np.concatenate([start_radius * np.sin(arc), stop_radius * np.cos(arc)])
    lean = np.concatenate([-np.cos(arc), np.sin(arc)])
    angle = np.linspace(0, 2 * np.pi, sides + 1)
    outward = np.cos(angle)[:, None] * aside + np.sin(angle)[:, None] * up
    position = a + height[:, None, None] * along + radius[:, None, None] * outward
    flat = np.sqrt(np.maximum(1 - lean**2, 0))
    normal = lean[:, None, None] * along + flat[:, None, None] * outward
    uv = np.stack(np.broadcast_arrays(angle / np.pi, height[:, None] / 10), -1)
    return Mesh.of(
        position.reshape(-1, 3),
        unit_rows(normal.reshape(-1, 3)),
        uv.reshape(-1, 2),
        _grid_triangles(len(height), sides + 1),
    )


def rounded_box(centre: ArrayLike, half: ArrayLike, *, rounding: float = 0.12) -> Mesh:
    """Return a box with round edges; `rounding` is a share of three smallest half sides."""
    half_size = np.asarray(half, float)
    radius = rounding * half_size.min() * 3
    steps = np.linspace(-1, 1, 9)
    faces: list[NDArray[np.floating]] = []
    for axis in range(3):
        for side in (1.0, -1.0):
            face = np.zeros((9, 9, 3))
            face[..., axis] = side
            face[..., (axis + 1) % 3] = steps[:, None] * side
            face[..., (axis + 2) % 3] = steps[None, :]
            faces.append(face.reshape(-1, 3))
    cube = np.concatenate(faces)
    inner = np.clip(cube * half_size, -(half_size - radius), half_size - radius)
    offset = cube * half_size - inner
    reach = np.linalg.norm(offset, axis=1, keepdims=True)
    normal = np.where(reach > 1e-6, offset / np.maximum(reach, 1e-9), cube)
    position = inner + unit_rows(normal) * np.minimum(reach, radius) + np.asarray(centre)
    tile = _grid_triangles(9, 9)
    triangles = np.concatenate([tile + 81 * face for face in range(6)])
    return Mesh.of(position, unit_rows(normal), cube[:, :2] * 0.5 + 0.5, triangles)


def _grid_triangles(rows: int, columns: int) -> NDArray[np.int64]:
    first = (np.arange(rows - 1)[:, None] * columns + np.arange(columns - 1)).reshape(-1, 1)
    return np.concatenate(
        [first + np.array([0, 1, columns + 1]), first + np.array([0, columns + 1, columns])]
    )
