"""Weights by name or path: where they lie, what their bytes are, and whether they are trusted.

A PyTorch checkpoint is a pickle: opening one runs code. So one is opened only if its sha256 is in
the table below, or if the user says so. Nothing here ever goes online.
"""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING

from scenes.errors import WeightsError
from scenes.user_paths import is_there, user_path

if TYPE_CHECKING:
    from collections.abc import Iterable

CACHE_VARIABLE = "CASTCHECK_CACHE"
BUNDLED = "bundled"  # what the network inside the package is called besides its own name
_OWN_PACKAGES = ("tracker", "identity")
_PICKLED = (".pt", ".pth", ".torchscript", ".engine")  # opening these can run code
_PLAIN = (".onnx", ".safetensors")
_PLAIN_FOLDERS = ("_openvino_model", "_openvino_model/")


@dataclass(frozen=True, slots=True)
class KnownWeights:
    """Weights whose bytes are known.

    Attributes:
        name: What `--detector` or `--embedder` calls it.
        filename: What the file is called.
        sha256: Of the file, 64 hexadecimal digits.
        licence: SPDX name.
        source: Where it comes from, in words.
        url: Where it can be fetched; empty where it is published nowhere.
        size_bytes: Of the file, 0 = not known.
        package: Folder of an installed package that holds the file; empty = the models folder.
    """

    name: str
    filename: str
    sha256: str
    licence: str
    source: str
    url: str = ""
    size_bytes: int = 0
    package: str = ""

    @property
    def is_bundled(self) -> bool:
        """Whether the file is a part of castcheck itself."""
        return self.package.partition("/")[0] in _OWN_PACKAGES

    @property
    def path(self) -> Path:
        """Where the file belongs; it need not lie there."""
        if not self.package:
            return models_dir() / self.filename
        top, _, rest = self.package.partition("/")
        return Path(str(resources.files(top))) / rest / self.filename


_ULTRALYTICS = "https://github.com/ultralytics/assets/releases/download/v8.4.0/"

# Of the file that training left in tracker/weights; empty while none lies there.
_BUNDLED_SHA256 = "d18dc732d668424e66c7c451020e2177d2ce8217dd6f7610ddde5bb59d82356e"
_BUNDLED = KnownWeights(
    name="castcheck-detector",
    filename="castcheck_detector.safetensors",
    sha256=_BUNDLED_SHA256,
    licence="AGPL-3.0",
    source="trained by this project, see the model card beside it",
    package="tracker/weights",
)

# Best first, by their published accuracy on COCO; `auto` takes the first that is there.
KNOWN_WEIGHTS: tuple[KnownWeights, ...] = (
    KnownWeights(
        name="yolo11m",
        filename="yolo11m.pt",
        sha256="d5ffc1a674953a08e11a8d21e022781b1b23a19b730afc309290bd9fb5305b95",
        licence="AGPL-3.0",
        source="YOLO11m trained on COCO by Ultralytics",
        url=_ULTRALYTICS + "yolo11m.pt",
        size_bytes=40_684_120,
    ),
    KnownWeights(
        name="yolo11s",
        filename="yolo11s.pt",
        sha256="85a76fe86dd8afe384648546b56a7a78580c7cb7b404fc595f97969322d502d5",
        licence="AGPL-3.0",
        source="YOLO11s trained on COCO by Ultralytics",
        url=_ULTRALYTICS + "yolo11s.pt",
        size_bytes=19_313_732,
    ),
    KnownWeights(
        name="yolo26n",
        filename="yolo26n.pt",
        sha256="9b09cc8bf347f0fc8a5f7657480587f25db09b34bf33b0652110fb03a8ad4fef",
        licence="AGPL-3.0",
        source="YOLO26n trained on COCO by Ultralytics",
        url=_ULTRALYTICS + "yolo26n.pt",
        size_bytes=5_544_453,
    ),
    KnownWeights(
        name="yolo11n",
        filename="yolo11n.pt",
        sha256="0ebbc80d4a7680d14987a577cd21342b65ecfd94632bd9a8da63ae6417644ee1",
        licence="AGPL-3.0",
        source="YOLO11n trained on COCO by Ultralytics",
        url=_ULTRALYTICS + "yolo11n.pt",
        size_bytes=5_613_764,
    ),
    KnownWeights(
        name="yolov8n",
        filename="yolov8n.pt",
        sha256="f59b3d833e2ff32e194b5bb8e08d211dc7c5bdf144b90d2c8412c47ccfc83b36",
        licence="AGPL-3.0",
        source="YOLOv8n trained on COCO by Ultralytics",
        url=_ULTRALYTICS + "yolov8n.pt",
        size_bytes=6_549_796,
    ),
    KnownWeights(
        name="yolov8n_coco",
        filename="yolov8n_coco.pt",
        sha256="fa11422f3f97bba166ce9a265b3897b5781329f2d70eb11502873d5eea42e8e9",
        licence="AGPL-3.0",
        source="YOLOv8n trained on COCO by Ultralytics, rebuilt from int8 weights",
        size_bytes=6_548_818,
    ),
    *([_BUNDLED] if _BUNDLED_SHA256 else []),
)


def models_dir() -> Path:
    """Return the folder that known names are looked up in; it need not exist."""
    base = os.environ.get(CACHE_VARIABLE)
    # Without any home folder "~" stays as it is, where nothing lies.
    return user_path(base or Path("~", ".cache", "castcheck")) / "models"


def resolve_weights(
    spec: str | Path,
    *,
    suffixes: tuple[str, ...] = (".pt", ".onnx", ".safetensors"),
    known: Iterable[KnownWeights] = KNOWN_WEIGHTS,
) -> Path:
    """Return the file or folder that `spec` names: a path, or a name.

    Args:
        spec: A path, a name of the table, "bundled", or the name of a file in `models_dir()`.
        suffixes: Tried in this order where the name has none.
        known: The table.

    Raises:
        WeightsError: There is no such file.
    """
    path = user_path(spec)
    if is_there(path):
        return path
    if path.parent == Path():
        for entry in known:
            named = str(spec) == entry.name or (str(spec) == BUNDLED and entry.is_bundled)
            if named and entry.path.exists():
                return entry.path
        for name in (path.name, *(path.name + suffix for suffix in suffixes)):
            if is_there(models_dir() / name):
                return models_dir() / name
    if str(spec) == BUNDLED:
        raise WeightsError(
            "this version has no network of this kind inside it",
            where=BUNDLED,
            hint="`castcheck models list` shows what there is",
        )
    is_pullable = any(str(spec) == entry.name and entry.url for entry in known)
    look = f"run `castcheck models pull {spec}`" if is_pullable else "see `castcheck models list`"
    raise WeightsError(
        f"no such weights file, and no model of this name in {models_dir()}",
        where=str(spec),
        hint=f"check the path, or {look}",
    )


def weights_sha256(path: Path) -> str:
    """Return the sha256 of the file `path`, or of all files of the folder `path` in name order."""
    digest = hashlib.sha256()
    files = sorted(p for p in path.rglob("*") if p.is_file()) if path.is_dir() else [path]
    try:
        for file in files:
            with file.open("rb") as stream:
                while block := stream.read(1 << 20):
                    digest.update(block)
    except OSError as err:
        raise WeightsError(
            f"cannot be read ({err.strerror})", where=path, hint="check its permissions"
        ) from err
    return digest.hexdigest()


def find_known(sha256: str, known: Iterable[KnownWeights] = KNOWN_WEIGHTS) -> KnownWeights | None:
    """Return the entry of the table with this sha256."""
    return next((entry for entry in known if entry.sha256 == sha256), None)


def check_trust(
    path: Path, sha256: str, *, trusted: bool, known: Iterable[KnownWeights] = KNOWN_WEIGHTS
) -> None:
    """Raise unless the bytes are known or the user trusts them.

    Raises:
        WeightsError: Opening the file could run code of an unknown author.
    """
    if trusted or find_known(sha256, known) is not None:
        return
    raise WeightsError(
        f"opening this kind of file can run code, and its sha256 {sha256[:12]}... is not known",
        where=path,
        hint="give --trust-weights if you trust where it comes from, or export it to ONNX",
    )


def weights_kind(path: Path) -> str:
    """Return "pickled" or "plain", or raise where the file can be no weights at all."""
    name = path.name.lower()
    if path.is_dir() and name.endswith(_PLAIN_FOLDERS):
        return "plain"
    if path.is_file() and name.endswith(_PICKLED + _PLAIN):
        if path.stat().st_size == 0:
            raise WeightsError("is empty", where=path, hint="fetch it again")
        return "plain" if name.endswith(_PLAIN) else "pickled"
    raise WeightsError(
        "is not a kind of detector weights",
        where=path,
        hint=f"give a file ending in {', '.join(_PICKLED + _PLAIN)} or an OpenVINO folder",
    )
