"""Weights by name or path: where they lie, what their bytes are, and whether they are trusted.

A PyTorch checkpoint is a pickle: opening one runs code. So one is opened only if its sha256 is in
the table below, or if the user says so. Nothing here ever goes online.
"""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

from scenes.errors import WeightsError

CACHE_VARIABLE = "CASTCHECK_CACHE"
_PICKLED = (".pt", ".pth", ".torchscript", ".engine")  # opening these can run code
_PLAIN = (".onnx",)
_PLAIN_FOLDERS = ("_openvino_model", "_openvino_model/")


@dataclass(frozen=True, slots=True)
class KnownWeights:
    """Weights whose bytes are known.

    Attributes:
        name: What `--detector` calls it.
        filename: What the file is called in the models folder.
        sha256: Of the file, 64 hexadecimal digits.
        licence: SPDX name.
        source: Where it comes from, in words.
    """

    name: str
    filename: str
    sha256: str
    licence: str
    source: str


KNOWN_WEIGHTS: tuple[KnownWeights, ...] = (
    KnownWeights(
        name="yolov8n_coco",
        filename="yolov8n_coco.pt",
        sha256="fa11422f3f97bba166ce9a265b3897b5781329f2d70eb11502873d5eea42e8e9",
        licence="AGPL-3.0",
        source="YOLOv8n trained on COCO by Ultralytics, rebuilt from int8 weights",
    ),
)


def models_dir() -> Path:
    """Return the folder that known names are looked up in; it need not exist."""
    base = os.environ.get(CACHE_VARIABLE)
    root = Path(base).expanduser() if base else Path.home() / ".cache" / "castcheck"
    return root / "models"


def resolve_weights(spec: str | Path, *, suffixes: tuple[str, ...] = (".pt", ".onnx")) -> Path:
    """Return the file or folder that `spec` names: a path, or a name in the models folder.

    Args:
        spec: A path, a name of the table, or the name of a file in `models_dir()`.
        suffixes: Tried in this order where the name has none.

    Raises:
        WeightsError: There is no such file.
    """
    path = Path(spec).expanduser()
    if path.exists():
        return path
    if path.parent == Path():
        table = [known.filename for known in KNOWN_WEIGHTS if known.name == str(spec)]
        for name in (*table, path.name, *(path.name + suffix for suffix in suffixes)):
            if (models_dir() / name).exists():
                return models_dir() / name
    raise WeightsError(
        f"no such weights file, and no model of this name in {models_dir()}",
        where=str(spec),
        hint=f"check the path, or run `castcheck models pull {path.name}`",
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


def find_known(sha256: str) -> KnownWeights | None:
    """Return the entry of the table with this sha256."""
    return next((known for known in KNOWN_WEIGHTS if known.sha256 == sha256), None)


def check_trust(path: Path, sha256: str, *, trusted: bool) -> None:
    """Raise unless the bytes are known or the user trusts them.

    Raises:
        WeightsError: Opening the file could run code of an unknown author.
    """
    if trusted or find_known(sha256) is not None:
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
        "is no kind of detector weights",
        where=path,
        hint=f"give a file ending in {', '.join(_PICKLED + _PLAIN)} or an OpenVINO folder",
    )
