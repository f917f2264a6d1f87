"""Aligned faces, mixtures of them, and what SFace says of each.

Film that is free to learn from shows a few hundred people. A network that imitates another one does
not need to know whose face it sees: any picture has a target. So faces are mixed, by halves, by
soft patches, by fine and coarse detail, and bent, and the teacher is asked what each looks like.
Its last layer is a sum over 7 x 7 places; what each place adds is a target of its own, which says
more about one picture than 128 numbers do (as attention maps do in Zagoruyko and Komodakis 2017,
https://arxiv.org/abs/1612.03928).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import cv2
import numpy as np
import onnx
import torch
from onnx import numpy_helper
from torch import nn

from identity.appearance.faces.align import TEMPLATE_PX, face_transform
from identity.appearance.faces.sizes import LOOK_DIM
from scenes.errors import CastcheckError
from training import styles

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from training.faces_data import Heads, PointTeacher

    Image = NDArray[np.uint8]
    Floats = NDArray[np.float32]

MARGIN_PX = 14  # around the 112 pixels that the teacher sees, for errors of the place
WIDE_PX = TEMPLATE_PX + 2 * MARGIN_PX
PLACES = 5  # rows and columns of the map of `FaceLook`
_TEACHER_PLACES = 7
_BATCH = 16
_DRAWN, _OTHER_KIND = 0.35, 0.25  # of the mixtures begin with a drawn face; of what joins, differ
_MIXED, _MIXED_AGAIN = 0.85, 0.25  # the rest is one face, bent and recoloured
_RESTYLED = 0.2  # of the mixtures are drawn with flat colours and lines


class Targets(NamedTuple):
    """What the teacher says of N faces.

    Attributes:
        look: (N, 128), about of unit length.
        parts: (N, 25, 128), what each of 5 x 5 places adds to it, without a constant.
    """

    look: Floats
    parts: NDArray[np.float16]


class LookTeacher:
    """SFace, and how its features come about, run by torch in bfloat16: four times as fast.

    Args:
        sface: Its ONNX file.

    Raises:
        CastcheckError: It holds other operations than SFace.
    """

    def __init__(self, sface: Path) -> None:
        model: Any = onnx.load(str(sface))
        given = {
            t.name: torch.from_numpy(numpy_helper.to_array(t).copy())
            for t in model.graph.initializer
        }
        self._network, (dense, norm) = _as_torch(model.graph.node, given)
        scale, self._shift = _scale_and_shift(norm, given)
        weights, bias = given[dense.input[1]], given[dense.input[2]]  # (128, 50176), (128,)
        self._shift = self._shift + scale * bias
        weights = (weights * scale[:, None]).view(LOOK_DIM, -1, _TEACHER_PLACES**2)
        self._weights = weights.permute(2, 1, 0).contiguous()  # (49, 1024, 128)
        self._share = torch.from_numpy(shares(_TEACHER_PLACES, PLACES))

    def look(self, faces: Image) -> Targets:
        """Return what it says of (N, 112, 112, 3) RGB faces."""
        looks, parts = [], []
        for first in range(0, len(faces), _BATCH):
            batch = np.ascontiguousarray(faces[first : first + _BATCH])
            planes = (torch.from_numpy(batch).permute(0, 3, 1, 2).float() - 127.5) / 128
            planes = planes.contiguous(memory_format=torch.channels_last)
            with torch.inference_mode(), torch.autocast("cpu", dtype=torch.bfloat16):
                maps = self._network(planes)
            cells = maps.float().flatten(2).permute(2, 0, 1) @ self._weights  # (49, N, 128)
            grid = cells.view(_TEACHER_PLACES, _TEACHER_PLACES, len(batch), LOOK_DIM)
            coarse = torch.einsum("ij,jknd->iknd", self._share, grid)
            coarse = torch.einsum("lk,iknd->nild", self._share, coarse).flatten(1, 2)
            look = coarse.sum(1) + self._shift
            length = look.norm(dim=1, keepdim=True)
            looks.append((look / length).numpy())
            parts.append((coarse / length[:, None]).numpy().astype(np.float16))
        return Targets(np.concatenate(looks), np.concatenate(parts))


def _scale_and_shift(
    norm: Any, given: dict[str, torch.Tensor]
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return by what a normalisation multiplies, and what it adds then."""
    weight, bias, mean, variance = (given[name] for name in norm.input[1:5])
    epsilon = next((a.f for a in norm.attribute if a.name == "epsilon"), 1e-5)
    scale = weight / torch.sqrt(variance + epsilon)
    return scale, bias - mean * scale


def _as_torch(nodes: Sequence[Any], given: dict[str, torch.Tensor]) -> tuple[nn.Sequential, Any]:
    """Return the layers before the last, dense one, and that one with its normalisation."""
    layers: list[nn.Module] = []
    last: list[Any] = []
    for node in nodes:
        facts = {a.name: a for a in node.attribute}
        if node.op_type == "Conv":
            kernel = given[node.input[1]]
            groups = facts["group"].i if "group" in facts else 1
            layer = nn.Conv2d(
                kernel.shape[1] * groups, kernel.shape[0], kernel.shape[2],
                stride=facts["strides"].ints[0], padding=facts["pads"].ints[0], groups=groups,
            )  # fmt: skip
            layer.weight = nn.Parameter(kernel)
            layers.append(layer)
        elif node.op_type == "BatchNormalization" and last:
            last.append(node)
        elif node.op_type == "BatchNormalization":
            scale, shift = _scale_and_shift(node, given)
            before = layers[-1]
            if isinstance(before, nn.Conv2d):
                before.weight = nn.Parameter(before.weight.detach() * scale.view(-1, 1, 1, 1))
                before.bias = nn.Parameter(shift)
            else:
                norm = nn.BatchNorm2d(len(scale), eps=0.0)
                norm.weight.data, norm.bias.data = scale, shift
                layers.append(norm)
        elif node.op_type == "PRelu":
            slopes = given[node.input[1]].flatten()
            layers.append(nn.PReLU(len(slopes)))
            layers[-1].weight.data = slopes
        elif node.op_type == "Gemm":
            last.append(node)
        elif node.op_type not in {"Sub", "Mul", "Dropout", "Flatten"}:
            raise CastcheckError(f"SFace has no {node.op_type}", where="--teachers")
    network = nn.Sequential(*layers).eval().requires_grad_(requires_grad=False)
    return network.to(memory_format=torch.channels_last), last


def shares(given: int, made: int) -> Floats:
    """Return (made, given): how much of each of `given` equal parts lies in each of `made`.

    Example:
        >>> shares(3, 2).tolist()
        [[1.0, 0.5, 0.0], [0.0, 0.5, 1.0]]
    """
    low, high = np.arange(given) / given, np.arange(1, given + 1) / given
    first, last = np.arange(made)[:, None] / made, np.arange(1, made + 1)[:, None] / made
    overlap = np.clip(np.minimum(high, last) - np.maximum(low, first), 0, None) * given
    return np.asarray(np.round(overlap, 9), np.float32)


def wide_face(picture: Image, points: Floats) -> Image:
    """Return the (140, 140, 3) aligned face of a kept picture, 14 pixels more on each side."""
    scaled = aligned_wide(points)
    return np.asarray(
        cv2.warpAffine(
            picture, scaled, (WIDE_PX, WIDE_PX), flags=cv2.INTER_LINEAR,
            borderMode=cv2.BORDER_REPLICATE,
        ), np.uint8,
    )  # fmt: skip


def aligned_wide(points: Floats) -> Floats:
    """Return (2, 3): onto the template in 112 pixels, moved by the margin."""
    matrix = face_transform(points, TEMPLATE_PX)
    matrix[:, 2] += MARGIN_PX
    return matrix


def inner(wide: Image) -> Image:
    """Return the (..., 112, 112, 3) that the teacher sees of (..., 140, 140, 3)."""
    end = MARGIN_PX + TEMPLATE_PX
    return wide[..., MARGIN_PX:end, MARGIN_PX:end, :]


def wide_faces(heads: Heads, rows: NDArray[np.int64]) -> Image:
    """Return the (N, 140, 140, 3) aligned faces of some heads."""
    return np.stack([wide_face(heads.pictures[row], heads.points[row]) for row in rows])


class Crowd(NamedTuple):
    """Whose faces are mixed.

    Attributes:
        faces: (N, 140, 140, 3).
        person: (N,) who: everybody is drawn as often, however long on screen.
        is_drawn: (N,) from drawn film, of which there is little and which is taken more often.
    """

    faces: Image
    person: NDArray[np.int64]
    is_drawn: NDArray[np.bool_]

    def draw(self, rng: np.random.Generator, *, is_drawn: bool) -> Floats:
        """Return a face (140, 140, 3) of somebody of one kind, if there is one, mirrored or not."""
        kind = self.is_drawn == is_drawn
        kind = kind if kind.any() else ~kind
        name = rng.choice(np.unique(self.person[kind]))
        face = self.faces[rng.choice(np.flatnonzero(kind & (self.person == name)))]
        return np.asarray(face if rng.random() < 0.5 else face[:, ::-1], np.float32)


def mixture(crowd: Crowd, rng: np.random.Generator) -> Image:
    """Return (140, 140, 3): a face that nobody has, of one, two or three faces of a crowd.

    Args:
        crowd: Whose faces; mostly those of one kind meet, which makes mixtures that are alike.
        rng: Of what is drawn.
    """
    is_drawn = bool(rng.random() < _DRAWN)
    face = crowd.draw(rng, is_drawn=is_drawn)
    for again in range(2):
        if rng.random() < (_MIXED, _MIXED_AGAIN)[again]:
            other = crowd.draw(rng, is_drawn=is_drawn ^ bool(rng.random() < _OTHER_KIND))
            face = _joined(face, toned(other, face) if rng.random() < 0.7 else other, rng)
    if rng.random() < 0.75:
        face = bent(face, rng)
    if rng.random() < _RESTYLED:
        nobody = np.zeros((WIDE_PX, WIDE_PX), np.int32)
        face = styles.drawn(face[..., ::-1], nobody, rng)[..., ::-1]
    if rng.random() < 0.5:
        face = _recoloured(face, rng)
    return np.asarray(np.clip(face, 0, 255), np.uint8)


def toned(face: Floats, like: Floats) -> Floats:
    """Return a face with the mean and deviation of the colours of another (Reinhard et al. 2001).

    Source:
        "Color Transfer between Images", https://doi.org/10.1109/38.946629
    """
    mean, deviation = face.mean((0, 1)), face.std((0, 1))
    toned_face = (face - mean) * (like.std((0, 1)) / (deviation + 1)) + like.mean((0, 1))
    return np.asarray(toned_face, np.float32)


def _joined(face: Floats, other: Floats, rng: np.random.Generator) -> Floats:
    way = rng.random()
    if way < 0.25:
        share = float(rng.uniform(0.25, 0.75))
        return np.asarray(face * (1 - share) + other * share, np.float32)
    if way < 0.4:
        sigma = float(rng.uniform(1.5, 8))  # fine detail of one, coarse of the other
        coarse = cv2.GaussianBlur(face - other, (0, 0), sigma)
        return np.asarray(other + coarse, np.float32)
    mask = (_region(rng) if way < 0.7 else _soft_noise(rng))[..., None]
    return np.asarray(face * (1 - mask) + other * mask, np.float32)


def _region(rng: np.random.Generator) -> Floats:
    """Return a (140, 140) mask of a half, of rows as of the eyes, or of an ellipse."""
    y, x = np.mgrid[0:WIDE_PX, 0:WIDE_PX].astype(np.float32)
    way = rng.random()
    if way < 0.5:
        angle = float(rng.uniform(0, 2 * np.pi))
        middle = float(rng.normal(0, 14))
        centre = WIDE_PX / 2
        mask = (np.cos(angle) * (x - centre) + np.sin(angle) * (y - centre) > middle) * 1.0
    else:
        centre_x, centre_y = rng.uniform(0.25, 0.75, 2) * WIDE_PX
        wide, tall = rng.uniform(10, 45), rng.uniform(8, 35)
        mask = (((x - centre_x) / wide) ** 2 + ((y - centre_y) / tall) ** 2 < 1) * 1.0
    soft = cv2.GaussianBlur(mask.astype(np.float32), (0, 0), float(rng.uniform(1, 9)))
    return np.asarray(soft, np.float32)


def _soft_noise(rng: np.random.Generator) -> Floats:
    cells = int(rng.integers(3, 9))
    noise = rng.normal(0, 1, (cells, cells)).astype(np.float32)
    smooth = cv2.resize(noise, (WIDE_PX, WIDE_PX), interpolation=cv2.INTER_CUBIC)
    return np.asarray(1 / (1 + np.exp(-float(rng.uniform(2, 12)) * smooth)), np.float32)


def bent(face: Floats, rng: np.random.Generator) -> Floats:
    """Return a face whose eyes, nose, mouth and jaw are elsewhere and of another size."""
    cells = int(rng.integers(3, 7))
    field = rng.normal(0, 1, (cells, cells, 2)).astype(np.float32)
    if rng.random() < 0.6:  # the same on both sides, as faces are
        field += field[:, ::-1] * np.array([-1, 1], np.float32)
        field /= np.sqrt(2)
    strength = float(rng.uniform(0.5, 3.5))
    move = strength * cv2.resize(field, (WIDE_PX, WIDE_PX), interpolation=cv2.INTER_CUBIC)
    y, x = np.mgrid[0:WIDE_PX, 0:WIDE_PX].astype(np.float32)
    middle = (WIDE_PX - 1) / 2
    stretch = rng.normal(1, 0.05, 2)
    moved = cv2.remap(
        face,
        (middle + (x - middle) * stretch[0] + move[..., 0]).astype(np.float32),
        (middle + (y - middle) * stretch[1] + move[..., 1]).astype(np.float32),
        cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE,
    )  # fmt: skip
    return np.asarray(moved, np.float32)


def _recoloured(face: Floats, rng: np.random.Generator) -> Floats:
    face = face * (1 + rng.uniform(-0.2, 0.2, 3)).astype(np.float32) * float(rng.uniform(0.7, 1.25))
    if rng.random() < 0.4:  # light from one side
        y, x = np.mgrid[-1 : 1 : WIDE_PX * 1j, -1 : 1 : WIDE_PX * 1j].astype(np.float32)
        angle, fall = float(rng.uniform(0, 2 * np.pi)), float(rng.uniform(0.1, 0.5))
        face = face * (1 + fall * (np.cos(angle) * x + np.sin(angle) * y))[..., None]
    if rng.random() < 0.15:
        face = np.repeat(face.mean(2, keepdims=True), 3, axis=2)
    return face.astype(np.float32)


def write_shard(
    file: Path, faces: Image, teacher: LookTeacher, *, extra: dict[str, Any] | None = None
) -> None:
    """Write (N, 140, 140, 3) faces and what the teacher says of them; whole or not at all."""
    targets = teacher.look(inner(faces))
    temporary = file.with_suffix(".part.npz")
    np.savez(temporary, faces=faces, look=targets.look, parts=targets.parts, **(extra or {}))
    temporary.replace(file)


def write_mixed_points(file: Path, teacher: PointTeacher) -> Path:
    """Write where YuNet sees the points of a file of mixtures beside it; return the new file."""
    with np.load(file) as found:
        seen = [teacher.read_wide(face) for face in found["faces"]]
    target = file.with_name(file.name.replace("mixed", "points"))
    np.savez(
        target,
        score=np.array([s for s, _ in seen], np.float32),
        points=np.stack([p for _, p in seen]),
    )
    return target


def write_mixed(
    folder: Path, crowd: Crowd, teacher: LookTeacher, *, number: int, count: int = 1024,
    seed: int = 0,
) -> Path:  # fmt: skip
    """Write shard `number` of mixtures of a crowd; return its file."""
    rng = np.random.default_rng([seed, number])
    mixed = np.stack([mixture(crowd, rng) for _ in range(count)])
    file = folder / f"mixed{number:04d}.npz"
    write_shard(file, mixed, teacher)
    return file
