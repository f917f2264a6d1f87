"""What each known re-ID network wants to see; never typed by the user.

The numbers come from the networks' own documentation. A file is recognised by its sha256, so that
a renamed file is still fed what it was trained on.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ReidSpec:
    """How a crop is prepared: resized, colours ordered, scaled as `(x / scale - mean) / std`.

    Attributes:
        name: What the report calls the network.
        height_px, width_px: Input size.
        bgr: Whether it wants blue first.
        scale: Pixels are divided by this first.
        mean, std: Per channel, after the division.
        licence: SPDX name of the weights' licence.
        source: Where it comes from, in words.
    """

    name: str
    height_px: int = 256
    width_px: int = 128
    bgr: bool = False
    scale: float = 255.0
    mean: tuple[float, float, float] = (0.485, 0.456, 0.406)
    std: tuple[float, float, float] = (0.229, 0.224, 0.225)
    licence: str = "unknown"
    source: str = ""


# The convention of torchreid and most re-ID code: 256 x 128, RGB, ImageNet mean and deviation.
UNKNOWN = ReidSpec("unknown")

KNOWN_SPECS: dict[str, ReidSpec] = {
    "47def51aefedbe6a630cadb8e908deb951332ee8db2ef24173a0642cce5d56b0": ReidSpec(
        "intel-person-reid-0286",
        bgr=True,
        scale=1.0,
        mean=(0.0, 0.0, 0.0),
        std=(1.0, 1.0, 1.0),
        licence="Apache-2.0",
        source="Open Model Zoo person-reidentification-retail-0286",
    ),
    "61b2604171ef9d58d21758626f83b35a253c3d7123976523a6e03068c3c95d7b": ReidSpec(
        "osnet-x0.25-msmt17",
        licence="MIT",
        source="torchreid model zoo, OSNet x0.25 trained on MSMT17 (Zhou et al. 2019)",
    ),
}
