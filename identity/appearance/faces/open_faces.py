"""From the name behind `--faces` to something that reads faces."""

from __future__ import annotations

from typing import TYPE_CHECKING

from identity.appearance.faces import bundled, sface
from identity.appearance.faces.bundled import BundledFaces
from scenes.errors import WeightsError
from tracker.known_weights import BUNDLED, KnownWeights, resolve_weights, weights_sha256

if TYPE_CHECKING:
    from pathlib import Path

    from identity.appearance.faces.face_reader import FaceReader

OFF = "off"
_ZOO = "https://media.githubusercontent.com/media/opencv/opencv_zoo/main/models/"
_YUNET = KnownWeights(
    name="yunet",
    filename="face_detection_yunet_2023mar.onnx",
    sha256="8f2383e4dd3cfbb4553ea8718107fc0423210dc964f9f4280604804ed2552fa4",
    licence="MIT",
    source="OpenCV Model Zoo, YuNet (Wu et al. 2023), finds the faces that sface tells apart",
    url=_ZOO + "face_detection_yunet/face_detection_yunet_2023mar.onnx",
    size_bytes=232_589,
)
_SFACE = KnownWeights(
    name=sface.NAME,
    filename="face_recognition_sface_2021dec.onnx",
    sha256="0ba9fbfa01b5270c96627c4ef784da859931e02f04419c829e83484087c34e79",
    licence="Apache-2.0",
    source="OpenCV Model Zoo, SFace (Zhong et al. 2021), wants yunet too",
    url=_ZOO + "face_recognition_sface/face_recognition_sface_2021dec.onnx",
    size_bytes=38_696_353,
)
# Of the file that training left in identity/weights.
_OWN_SHA256 = "6438773063b582a6b49970f3cf945d56472a6e18f1d053e737ddfdc1804b957f"
_OWN = KnownWeights(
    name=bundled.NAME,
    filename="castcheck_face.safetensors",
    sha256=_OWN_SHA256,
    licence="AGPL-3.0",
    source="trained by this project, see the model card beside it",
    package="identity/weights",
)
KNOWN_FACES: tuple[KnownWeights, ...] = (_OWN, _YUNET, _SFACE)


def open_faces(spec: str, *, device: str = "cpu", half: bool = False) -> FaceReader | None:
    """Return what `looks.faces` names; `None` for "off". Never fetched from anywhere.

    Args:
        spec: "bundled", "sface" or "off".
        device: Where pictures may lie, "cpu" or "cuda:N".
        half: fp16 on a GPU, where torch runs the networks.

    Raises:
        WeightsError: Missing or damaged.
    """
    if spec == OFF:
        return None
    if spec == BUNDLED:
        half = half and device.startswith("cuda")
        return BundledFaces(_whole(_OWN), device=device, half=half)
    return sface.SfaceReader(_whole(_YUNET), _whole(_SFACE), sha256=_SFACE.sha256)


def _whole(known: KnownWeights) -> Path:
    """Return the file of a network, byte for byte what its name says.

    Raises:
        WeightsError: It is missing or damaged.
    """
    path = resolve_weights(known.name, known=KNOWN_FACES)
    if weights_sha256(path) != known.sha256:
        raise WeightsError(
            "its bytes are not those of its name",
            where=path,
            hint="install castcheck again"
            if known.is_bundled
            else f"delete it, or fetch it with `castcheck models pull {known.name}`",
        )
    return path
