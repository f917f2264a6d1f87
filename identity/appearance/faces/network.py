"""The two small networks that read a face: where its five points are, and what it looks like.

Both are plain convolutions with shortcuts (He et al. 2016, https://arxiv.org/abs/1512.03385): on a
CPU a wide convolution costs less time a multiplication than a depthwise one. The look ends in
weights of its own for every place of the map: what an aligned face shows where is fixed, and a mean
over the places would forget it (Chen et al. 2018, MobileFaceNets, https://arxiv.org/abs/1804.07573).

Imports torch when imported; ONNX Runtime runs the exported graphs without it.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn

from identity.appearance.faces.sizes import LOOK_DIM, LOOK_PX, POINT_COUNT, POINTS_PX

_STRIDE = 16
_GRID = LOOK_PX // _STRIDE
_POINT_WIDTHS = (16, 32, 64)
_POINT_GRID = POINTS_PX // 8
_LOOK_WIDTHS = (32, 48, 96, 144)
_NECK_WIDTH = 96
_LOOK_BLOCKS = (0, 1, 2, 1)
_TRUST_WIDTH = 32


class PointsOutput(NamedTuple):
    """What `FacePoints` says of N heads.

    Attributes:
        points: (N, 5, 2), x and y in shares of the square.
        logit: (N,), the higher the surer that there is a face to compare.
    """

    points: Tensor
    logit: Tensor

    def in_rows(self) -> Tensor:
        """Return both as (N, 11)."""
        return torch.cat([self.points.flatten(1), self.logit[:, None]], dim=1)


class LookOutput(NamedTuple):
    """What `FaceLook` says of N aligned faces.

    Attributes:
        look: (N, 128), not of unit length.
        trust: (N,) in 0..1, the cosine to expect with the look of a large and sharp picture of it.
    """

    look: Tensor
    trust: Tensor

    def in_rows(self) -> Tensor:
        """Return both as (N, 129)."""
        return torch.cat([self.look, self.trust[:, None]], dim=1)


def _convolution(given: int, made: int, *, stride: int = 1) -> list[nn.Module]:
    return [
        nn.Conv2d(given, made, kernel_size=3, stride=stride, padding=1, bias=False),
        nn.BatchNorm2d(made),
    ]


class _Block(nn.Module):
    """Two convolutions beside a shortcut, (N, C, H, W) to the same."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.inner = nn.Sequential(
            *_convolution(width, width), nn.ReLU(), *_convolution(width, width)
        )

    def forward(self, maps: Tensor) -> Tensor:
        return torch.relu(maps + self.inner(maps))


def _stages(widths: tuple[int, ...], blocks: tuple[int, ...]) -> nn.Sequential:
    """Return stages that halve the map each, from 3 channels."""
    layers: list[nn.Module] = []
    given = 3
    for width, count in zip(widths, blocks, strict=True):
        layers += [*_convolution(given, width, stride=2), nn.ReLU()]
        layers += [_Block(width) for _ in range(count)]
        given = width
    return nn.Sequential(*layers)


class FacePoints(nn.Module):
    """Five points and whether there is a face, of (N, 3, 64, 64) squares around heads, -1 to 1.

    A point is the mean of what every cell of the map says of it, by a softmax over the cells (Sun
    et al. 2018, "Integral Human Pose Regression", https://arxiv.org/abs/1711.08229).
    """

    centres: Tensor  # (2, 64), x and y of the middles of the cells in shares of the square

    def __init__(self) -> None:
        super().__init__()
        self.features = _stages(_POINT_WIDTHS, (0, 1, 2))
        self.cells = nn.Conv2d(_POINT_WIDTHS[-1], 3 * POINT_COUNT, kernel_size=1)
        self.face = nn.Linear(2 * _POINT_WIDTHS[-1], 1)
        steps = torch.linspace(0.5 / _POINT_GRID, 1 - 0.5 / _POINT_GRID, _POINT_GRID)
        centres = torch.stack(torch.meshgrid(steps, steps, indexing="ij")[::-1])
        self.register_buffer("centres", centres.flatten(1), persistent=False)

    def forward(self, squares: Tensor) -> PointsOutput:
        """Return the points and the logits of N squares."""
        maps = self.features(squares)
        cells = self.cells(maps).flatten(2).unflatten(1, (3, POINT_COUNT))  # (N, 3, 5, 64)
        share = cells[:, 0].softmax(dim=2)
        says = self.centres[:, None] + cells[:, 1:]  # (N, 2, 5, 64)
        points = (share[:, None] * says).sum(dim=3).transpose(1, 2)
        seen = torch.cat([maps.mean(dim=(2, 3)), maps.amax(dim=(2, 3))], dim=1)
        return PointsOutput(points, self.face(seen)[:, 0])


class FaceLook(nn.Module):
    """The look of (N, 3, 80, 80) aligned faces, -1 to 1, and how far to trust it."""

    def __init__(self) -> None:
        super().__init__()
        self.features = _stages(_LOOK_WIDTHS, _LOOK_BLOCKS)
        self.neck = nn.Conv2d(_LOOK_WIDTHS[-1], _NECK_WIDTH, kernel_size=1)
        self.look = nn.Linear(_NECK_WIDTH * _GRID**2, LOOK_DIM)
        self.trust_hidden = nn.Linear(2 * _LOOK_WIDTHS[-1], _TRUST_WIDTH)
        self.trust = nn.Linear(_TRUST_WIDTH, 1)

    def parts(self, maps: Tensor) -> Tensor:
        """Return (N, 25, 128), what each place of the (N, 144, 5, 5) maps adds to the look.

        Without the bias, their sum is the look. A teacher can say more of a face that way.
        """
        weights = self.look.weight.view(LOOK_DIM, _NECK_WIDTH, _GRID**2)
        return torch.einsum("nck,dck->nkd", self.neck(maps).flatten(2), weights)

    def trusted(self, maps: Tensor) -> Tensor:
        """Return (N,) how far to trust the looks in (N, 144, 5, 5) maps."""
        seen = torch.cat([maps.mean(dim=(2, 3)), maps.amax(dim=(2, 3))], dim=1)
        return torch.sigmoid(self.trust(torch.relu(self.trust_hidden(seen)))[:, 0])

    def forward(self, faces: Tensor) -> LookOutput:
        """Return the looks of N faces and how far to trust them."""
        maps = self.features(faces)
        return LookOutput(self.look(self.neck(maps).flatten(1)), self.trusted(maps))


class FaceNetworks(nn.Module):
    """Both networks, as one file holds them."""

    def __init__(self) -> None:
        super().__init__()
        self.points = FacePoints()
        self.look = FaceLook()
