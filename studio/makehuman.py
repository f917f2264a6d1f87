"""Reads MakeHuman's data: base mesh, shape targets, rig, face units and wearables.

Lengths are MakeHuman's decimetres until `studio.body` turns them into metres. The base mesh has
19,158 vertices, most of them helpers that clothes and joints hang on; the first group is the body.
"""

from __future__ import annotations

import gzip
import json
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.spatial import cKDTree

from studio.mesh import split_corners

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from numpy.typing import NDArray

    from studio.assets import AssetStore

    Floats = NDArray[np.float32]
    Indices = NDArray[np.int64]
    Delta = tuple[Indices, Floats]

BASE_VERTICES = 19158


@dataclass(frozen=True, slots=True)
class BaseMesh:
    """The undeformed body with its helpers.

    Attributes:
        position: (19158, 3) decimetres.
        uv: (M, 2).
        quads: (F, 4) vertex numbers; `uv_quads` the same for uv.
        is_body: (F,) True where a quad is skin and no helper.
        groups: Vertex numbers of every named group ("body", "joint-...").
    """

    position: Floats
    uv: Floats
    quads: Indices
    uv_quads: Indices
    is_body: NDArray[np.bool_]
    groups: dict[str, Indices]


@dataclass(frozen=True, slots=True)
class Rig:
    """The 53-bone skeleton.

    Attributes:
        order: Bone names, parents first.
        index: Bone name to number.
        parent: Number of each bone's parent, -1 for the root.
        weight: (19158, 53) skin weights, rows sum to 1.
        head_at, tail_at: Vertices whose mean is the bone's start and end.
    """

    order: tuple[str, ...]
    index: dict[str, int]
    parent: tuple[int, ...]
    weight: Floats
    head_at: tuple[Indices, ...]
    tail_at: tuple[Indices, ...]

    def joints(self, position: Floats) -> tuple[Floats, Floats]:
        """Return the (53, 3) starts and ends of the bones of a deformed body."""
        heads = np.array([position[at].mean(0) for at in self.head_at], np.float32)
        tails = np.array([position[at].mean(0) for at in self.tail_at], np.float32)
        return heads, tails


@dataclass(frozen=True, slots=True)
class Proxy:
    """A wearable, bound to three base vertices per vertex.

    Attributes:
        anchor: (P, 3) base vertices; `anchor_weight` (P, 3); `offset` (P, 3) decimetres.
        quads: (F, 4); `source` (R,) vertex behind each render vertex; `uv` (R, 2).
        triangles: (T, 3) over the R render vertices.
        weight: (P, 53) skin weights.
        hides: (19158,) base vertices that lie under it.
        depth: Layer: a larger one is worn over a smaller one.
        textures: "mapDiffuse", "mapNormal", "mapAo" and so on.
    """

    anchor: Indices
    anchor_weight: Floats
    offset: Floats
    quads: Indices
    source: NDArray[np.integer]
    uv: Floats
    triangles: NDArray[np.int32]
    weight: Floats
    hides: NDArray[np.bool_]
    depth: float
    textures: dict[str, Path]

    def fit(self, position: Floats) -> Floats:
        """Return the (P, 3) vertices on a deformed body."""
        fitted = np.einsum("pk,pkc->pc", self.anchor_weight, position[self.anchor])
        placed: Floats = (fitted + self.offset).astype(np.float32)
        return placed


class Library:
    """Reads each file once; hand one library to everything that builds characters."""

    def __init__(self, assets: AssetStore) -> None:
        self.assets = assets
        self._targets: dict[str, Delta | None] = {}
        self._face_units: dict[str, Delta] = {}
        self._proxies: dict[tuple[str, str], Proxy] = {}

    @cached_property
    def base(self) -> BaseMesh:
        """The base mesh."""
        return _read_base(self.assets.mesh_dir / "3dobjs" / "base.obj")

    @cached_property
    def rig(self) -> Rig:
        """The skeleton with its weights."""
        folder = self.assets.mesh_dir / "rigs" / "standard"
        bones = json.loads((folder / "rig.game_engine.json").read_text())
        weights = json.loads((folder / "weights.game_engine.json").read_text())["weights"]
        return _build_rig(bones, weights, self.base)

    def has_target(self, name: str) -> bool:
        """Say whether a shape target exists, for example "nose/nose-hump-incr"."""
        return (self.assets.mesh_dir / "targets" / f"{name}.target.gz").exists()

    def target(self, name: str) -> Delta | None:
        """Return the (K,) vertices and (K, 3) moves of a target, None when there is none."""
        if name not in self._targets:
            path = self.assets.mesh_dir / "targets" / f"{name}.target.gz"
            if path.exists():
                with gzip.open(path, "rt") as lines:
                    self._targets[name] = _read_delta(lines)
            else:
                self._targets[name] = None
        return self._targets[name]

    def face_unit(self, name: str) -> Delta:
        """Return a facial expression, for example "jawOpen"."""
        if name not in self._face_units:
            with (self.assets.face_unit_dir / f"{name}.target").open() as lines:
                self._face_units[name] = _read_delta(lines)
        return self._face_units[name]

    def proxy(self, kind: str, name: str) -> Proxy:
        """Return a wearable, for example ("clothes", "shoes01")."""
        key = (kind, name)
        if key not in self._proxies:
            self._proxies[key] = _read_proxy(self.assets.proxy(kind, name), self.rig.weight)
        return self._proxies[key]


def _read_base(path: Path) -> BaseMesh:
    position: list[list[float]] = []
    uv: list[list[float]] = []
    quads: list[list[int]] = []
    uv_quads: list[list[int]] = []
    group_of: list[str] = []
    group = ""
    with path.open() as lines:
        for line in lines:
            kind, _, rest = line.partition(" ")
            if kind == "v":
                position.append([float(x) for x in rest.split()[:3]])
            elif kind == "vt":
                uv.append([float(x) for x in rest.split()[:2]])
            elif kind == "g":
                group = rest.strip()
            elif kind == "f":
                corners = [corner.split("/") for corner in rest.split()]
                corners += corners[2:] if len(corners) == 3 else []
                quads.append([int(c[0]) - 1 for c in corners])
                uv_quads.append([int(c[1]) - 1 for c in corners])
                group_of.append(group)
    faces = np.array(quads)
    names = np.array(group_of)
    return BaseMesh(
        position=np.array(position, np.float32),
        uv=np.array(uv, np.float32),
        quads=faces,
        uv_quads=np.array(uv_quads),
        is_body=names == "body",
        groups={str(name): np.unique(faces[names == name]) for name in np.unique(names)},
    )


def _read_delta(lines: Iterable[str]) -> Delta:
    rows = [line.split() for line in lines]
    rows = [row for row in rows if len(row) == 4 and row[0].isdigit()]
    # Some targets are empty: keep the shapes right for them.
    vertex = np.array([int(row[0]) for row in rows], np.int64)
    move = np.array([[float(x) for x in row[1:]] for row in rows], np.float32).reshape(-1, 3)
    return vertex, move


def _build_rig(bones: dict[str, Any], weights: dict[str, Any], base: BaseMesh) -> Rig:
    order: list[str] = []

    def visit(name: str) -> None:
        if name not in order:
            if bones[name]["parent"]:
                visit(bones[name]["parent"])
            order.append(name)

    for name in bones:
        visit(name)
    index = {name: i for i, name in enumerate(order)}
    weight = np.zeros((BASE_VERTICES, len(order)), np.float32)
    for name, pairs in weights.items():
        for vertex, share in pairs:
            weight[int(vertex), index[name]] += share
    weight = _fill_unweighted(weight, index["Root"], base)

    def anchor(spec: dict[str, Any]) -> Indices:
        if spec["strategy"] == "CUBE":
            return base.groups[spec["cube_name"]]
        return np.array(spec["vertex_indices"])

    return Rig(
        order=tuple(order),
        index=index,
        parent=tuple(index.get(bones[name]["parent"], -1) for name in order),
        weight=weight,
        head_at=tuple(anchor(bones[name]["head"]) for name in order),
        tail_at=tuple(anchor(bones[name]["tail"]) for name in order),
    )


def _fill_unweighted(weight: Floats, root: int, base: BaseMesh) -> Floats:
    """Give helper vertices without weights those of the nearest body vertex."""
    total = weight.sum(1)
    weight[total == 0, root] = 1
    weight = weight / weight.sum(1, keepdims=True)
    body = base.groups["body"]
    body = body[total[body] > 0]
    bare = np.flatnonzero(total == 0)
    _, nearest = cKDTree(base.position[body]).query(base.position[bare])
    weight[bare] = weight[body[nearest]]
    return weight


def _read_proxy(path: Path, base_weight: Floats) -> Proxy:
    data = json.loads(path.read_text())
    meta = data["metadata"]
    anchor = np.array(data["ref_vIdxs"])
    anchor_weight = np.array(data["weights"], np.float32)
    quads, uv_quads = _read_faces(data["faces"])
    source, uv_source, triangles = split_corners(quads, uv_quads)
    # Barycentric weights may be negative, skin weights must not.
    share = np.clip(anchor_weight, 0, None)
    share = share / np.maximum(share.sum(1, keepdims=True), 1e-6)
    hides = np.array(meta.get("deleteVerts") or [], bool)
    material = data["materials"][0]
    return Proxy(
        anchor=anchor,
        anchor_weight=anchor_weight,
        offset=np.array(data["offsets"], np.float32),
        quads=quads,
        source=source,
        uv=np.array(data["uvs"][0], np.float32).reshape(-1, 2)[uv_source],
        triangles=triangles,
        weight=np.einsum("pk,pkb->pb", share, base_weight[anchor]),
        hides=hides if hides.size == BASE_VERTICES else np.zeros(BASE_VERTICES, bool),
        depth=float(meta.get("z_depth") or 50),
        textures={
            key: path.parent / value
            for key, value in material.items()
            if isinstance(value, str) and value.startswith("textures/")
        },
    )


def _read_faces(stream: list[int]) -> tuple[Indices, Indices]:
    """Decode three.js JSON faces (format 3): a bit field, then what its bits announce."""
    quads: list[list[int]] = []
    uv_quads: list[list[int]] = []
    at = 0
    while at < len(stream):
        bits = stream[at]
        corners = 4 if bits & 1 else 3
        at += 1
        vertices = stream[at : at + corners]
        at += corners + bool(bits & 2) + bool(bits & 4)
        uvs = vertices
        if bits & 8:
            uvs = stream[at : at + corners]
            at += corners
        at += bool(bits & 16) + corners * bool(bits & 32)
        at += bool(bits & 64) + corners * bool(bits & 128)
        quads.append(vertices + vertices[2:] * (corners == 3))
        uv_quads.append(uvs + uvs[2:] * (corners == 3))
    return np.array(quads), np.array(uv_quads)
