"""Detection with any Ultralytics model; the only file that imports it.

The engine's own `predict` spends two thirds of its time outside the network on a small machine, so
its network is run bare here: our letterbox, one forward pass per batch, its decoding and NMS.
"""

from __future__ import annotations

import contextlib
import logging
import os
import tempfile
import warnings
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

from scenes.errors import ConfigError, WeightsError
from scenes.threads import load_torch, onnx_options
from tracker import boxes
from tracker.bfloat16 import cpu_has_bfloat16, run_in_bfloat16
from tracker.box_filter import filter_boxes
from tracker.bundled import DEFAULT_IMAGE_PX, fold_norms, load_bundled
from tracker.classes import choose_classes, creature_ids, head_ids, is_person, names_by_id
from tracker.detections import Detections
from tracker.device_pixels import brought_back, letterboxed, uploaded
from tracker.heads import join
from tracker.known_weights import check_trust, resolve_weights, weights_kind, weights_sha256
from tracker.lean_torchvision import import_torchvision
from tracker.letterbox import Letterbox
from tracker.settings import DetectorSettings

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from scenes.frames import FrameBatch

_TASKS = ("detect", "segment", "pose")
_MAX_BOXES = 300
_BARE = (".pt", ".safetensors")  # networks that are run here, not by an engine of their own


class YoloDetector:
    """Finds characters with a YOLO network (a `Detector`).

    Args:
        spec: Path of the weights, or a name in the models folder. Never fetched from anywhere.
        settings: Thresholds, classes and sizes.
        device: "auto", "cpu", "cuda" or "cuda:N".
        half: fp16; `None` = on a GPU yes, on a CPU no.
        bfloat16: On a CPU that has it (`tracker.bfloat16`); last digits depend on the batch then.
        trusted: Whether weights of unknown bytes may be opened although that can run code.

    Raises:
        WeightsError: Missing, damaged, not trusted, or not a detector.
        ConfigError: A class the model does not know, or a device that is not there.
    """

    def __init__(
        self,
        spec: str | Path,
        settings: DetectorSettings | None = None,
        *,
        device: str = "auto",
        half: bool | None = None,
        bfloat16: bool = False,
        trusted: bool = False,
    ) -> None:
        self._settings = settings or DetectorSettings()
        path = resolve_weights(spec)
        kind = weights_kind(path)
        self._sha256 = weights_sha256(path)
        if kind == "pickled":
            check_trust(path, self._sha256, trusted=trusted)
        self._name = path.name
        self._device = _choose_device(device)
        self._half = self._device.startswith("cuda") if half is None else half
        self._degradations: list[str] = []
        if self._half and not self._device.startswith("cuda"):
            self._half = False
            self._degradations.append("half precision is not available on the CPU, used float32")
        with engine_kept_quiet():
            self._open(path)
            if bfloat16:
                self._go_bfloat16(exported=path.suffix.lower() not in _BARE)
        wanted = () if self._has_prompts else self._settings.class_list
        self._classes = choose_classes(self._names, wanted)
        self._heads = head_ids(self._names, self._classes) if self._settings.heads else ()
        people = set(self._classes) - creature_ids(self._names)
        # Asked for by name, a creature counts wherever it is seen.
        asked = bool(self._settings.class_list) or not people
        self._passing = frozenset() if asked else frozenset(self._classes) - people
        self._half_class = min(people or self._classes)

    @property
    def name(self) -> str:
        """File name of the weights."""
        return self._name

    @property
    def sha256(self) -> str | None:
        """Of the weights."""
        return self._sha256

    @property
    def device(self) -> str:
        """Where the network runs: "cpu" or "cuda:N"."""
        return self._device

    @property
    def batch_size(self) -> int:
        """Pictures per forward pass."""
        return self._settings.batch_size

    @property
    def class_names(self) -> dict[int, str]:
        """The classes that count as characters, by id."""
        return {class_id: self._names[class_id] for class_id in self._classes}

    @property
    def passing_classes(self) -> frozenset[int]:
        """Those of them that count only where they are large and stay."""
        return self._passing

    @property
    def heads_from(self) -> None:
        """No other network finds heads for it."""
        return None

    @property
    def knows_heads(self) -> bool:
        """Whether its bodies have been matched with heads."""
        return bool(self._heads)

    @property
    def finds_people(self) -> bool:
        """Whether people are among what counts as characters."""
        return any(is_person(name) for name in self.class_names.values())

    @property
    def all_class_names(self) -> dict[int, str]:
        """Everything the model knows, by id."""
        return dict(self._names)

    @property
    def degradations(self) -> tuple[str, ...]:
        """What was asked for and could not be done."""
        return tuple(self._degradations)

    def detect(self, batch: FrameBatch) -> Detections:
        """Return the boxes of all frames of `batch`, sorted by frame, then by falling score."""
        parts: list[Detections] = []
        for first in range(0, len(batch), self._settings.batch_size):
            rows = slice(first, first + self._settings.batch_size)
            parts += self._detect_rows(batch.index[rows], batch.rgb[rows])
        return Detections.concat(parts)

    def _detect_rows(
        self, index: NDArray[np.int64], rgb: NDArray[np.uint8]
    ) -> Iterator[Detections]:
        """Yield the boxes of each picture of one forward pass."""
        height, width = rgb.shape[1:3]
        letterbox = Letterbox.fit(
            width,
            height,
            longer_px=self._longer_px,
            stride_px=self._stride_px,
            fixed_hw=self._fixed_hw,
        )
        for frame, rows in zip(index, self._forward(rgb, letterbox), strict=True):
            xyxy = letterbox.undo(rows[:, :4], width_px=width, height_px=height)
            # The last bits of a convolution depend on the size of the batch. Rounding keeps them
            # out of the report: 0.01 px and 1e-4 are far below what a detector knows.
            found = Detections(
                np.full(len(rows), frame, np.int64),
                np.round(boxes.clip(xyxy, width_px=width, height_px=height), 2),
                np.round(np.clip(rows[:, 4], 0, 1), 4).astype(np.float32),
                rows[:, 5].astype(np.int32),
            )
            if not self._heads:
                yield filter_boxes(found)
                continue
            is_head = np.isin(found.class_id, self._heads)
            yield join(
                filter_boxes(found.take(~is_head)),
                found.take(is_head),
                width_px=width,
                height_px=height,
                half_class=self._half_class,
            )

    def _planes(self, rgb: NDArray[np.uint8], letterbox: Letterbox) -> Any:
        """Return (N, 3, h, w) what the network sees of (N, H, W, 3) pictures, on its device."""
        if self._device == "cpu":
            # (N, H, W, 3) seen as (N, 3, H, W) is channels_last already: nothing is copied.
            planes = self._torch.from_numpy(letterbox.apply(rgb)).permute(0, 3, 1, 2)
        else:
            planes = letterboxed(uploaded(rgb, self._device), letterbox)
        return planes.to(self._dtype) / 255

    def _forward(self, rgb: NDArray[np.uint8], letterbox: Letterbox) -> list[NDArray[np.float32]]:
        """Return per picture (M, 6) rows: box in the letterbox, score, class."""
        with self._torch.inference_mode():
            out = self._network(self._planes(rgb, letterbox))
            while isinstance(out, (list, tuple)):
                out = out[0]
            kept = self._strongest(out, self._classes)
            if self._heads:  # a close-up's head and body overlap, and neither hides the other
                heads = self._strongest(out, self._heads)
                kept = [self._torch.cat(pair) for pair in zip(kept, heads, strict=True)]
            return brought_back([rows[:, :6] for rows in kept])

    def _strongest(self, out: Any, classes: Sequence[int]) -> Any:
        """Return per picture what is left of these classes where boxes overlap."""
        return self._nms(
            out.float().clone() if self._heads else out.float(),  # it writes into what it is given
            self._settings.min_score,
            self._settings.nms_iou,
            classes=list(classes),
            agnostic=True,  # one character, one box, whatever the classes
            max_det=_MAX_BOXES,
            nc=len(self._names),
            max_time_img=1e6,  # its time limit would drop pictures on a busy machine
            end2end=self._end2end,
        )

    def _open(self, path: Path) -> None:
        """Load the network and what must be known of it."""
        self._torch = load_torch()
        self._dtype = self._torch.float16 if self._half else self._torch.float32
        self._nms = _import_nms()
        self._has_prompts = False
        self._fixed_hw: tuple[int, int] | None = None
        self._longer_px = self._settings.image_size_px or DEFAULT_IMAGE_PX
        openers = {".pt": self._open_checkpoint, ".safetensors": self._open_bundled}
        opener = openers.get(path.suffix.lower(), self._open_export)
        try:
            opener(path)
        except (ConfigError, WeightsError):
            raise
        except ModuleNotFoundError as err:
            raise WeightsError(
                f"needs the package {err.name}", where=path, hint=f"pip install {err.name}"
            ) from err
        # Damaged bytes make the loaders raise anything; whatever it is, the weights are at fault.
        except Exception as err:
            text = (str(err).strip() or type(err).__name__).splitlines()[0][:160]
            raise WeightsError(
                f"cannot be opened as a detector ({type(err).__name__}: {text})",
                where=path,
                hint="the file is damaged or no Ultralytics model",
            ) from err

    def _open_checkpoint(self, path: Path) -> None:
        """Take the bare network out of a checkpoint."""
        from ultralytics import YOLO

        model = YOLO(str(path))
        network = model.model
        _check_task(getattr(model, "task", None), path)
        if hasattr(network, "set_classes") and self._settings.class_list:
            self._prompt(model, path)
        self._take(network)

    def _open_bundled(self, path: Path) -> None:
        """Build the network from tensors and a table; nothing in the file is code."""
        network = load_bundled(path).eval()
        fold_norms(network)
        self._take(network)

    def _take(self, network: Any) -> None:
        """Keep the engine's network in the form in which it is run."""
        self._names = names_by_id(network.names)
        trained_with = getattr(network, "args", None) or {}
        if not self._settings.image_size_px and isinstance(trained_with, dict):
            self._longer_px = int(trained_with.get("imgsz") or DEFAULT_IMAGE_PX)
        network = network.fuse(verbose=False).eval()
        self._end2end = bool(getattr(network.model[-1], "end2end", False))
        self._stride_px = max(32, int(network.stride.max()))
        network.requires_grad_(requires_grad=False)
        self._network = network.to(
            device=self._device, dtype=self._dtype, memory_format=self._torch.channels_last
        )

    def _go_bfloat16(self, *, exported: bool) -> None:
        """Change over to bfloat16, or say why not."""
        why = ""
        if self._device != "cpu":
            why = "is for CPUs, on a GPU there is half precision"
        elif exported:
            why = "was not tried, an exported network runs as it was exported"
        elif not cpu_has_bfloat16():
            why = "is not in this CPU, used float32"
        else:
            try:
                run_in_bfloat16(self._network)
            except TypeError as err:
                why = f"was not used: {err}"
        if why:
            self._degradations.append(f"bfloat16 {why}")
        else:
            self._dtype = self._torch.bfloat16

    def _prompt(self, model: Any, path: Path) -> None:
        """Tell a network that reads text what to look for."""
        try:
            model.set_classes(list(self._settings.class_list))
        except Exception as err:  # the text encoder's loader raises anything
            raise WeightsError(
                "takes text prompts, but its text encoder cannot be opened without going online",
                where=path,
                hint="export it once with `set_classes` and give the exported file",
            ) from err
        self._has_prompts = True

    def _open_export(self, path: Path) -> None:
        """Open an exported network through the engine's own backends."""
        from ultralytics.nn.autobackend import AutoBackend

        with _patient_sessions():
            network = AutoBackend(
                str(path), device=self._torch.device(self._device), fp16=self._half, verbose=False
            )
        _check_task(getattr(network, "task", None), path)
        self._names = names_by_id(network.names)
        self._end2end = bool(getattr(network, "end2end", False))
        self._stride_px = max(32, int(getattr(network, "stride", 32)))
        size = getattr(network, "imgsz", None)
        if size is not None and not getattr(network, "dynamic", False):
            self._fixed_hw = (int(size[0]), int(size[1]))
        self._network = network


def _import_nms() -> Any:
    """Return the engine's non-maximum suppression, which uses torchvision's where it is loaded."""
    import_torchvision()
    try:
        from ultralytics.utils.nms import non_max_suppression
    except ImportError:  # before 8.3.200 or so
        from ultralytics.utils.ops import non_max_suppression
    return non_max_suppression


@contextlib.contextmanager
def _patient_sessions() -> Iterator[None]:
    """Give sessions of onnxruntime that the engine opens our threads; it has no setting for it."""
    try:
        import onnxruntime
    except ImportError:
        yield
        return
    kept = onnxruntime.InferenceSession

    def patient(model: Any, sess_options: Any = None, *args: Any, **kwargs: Any) -> Any:
        options = onnx_options(sess_options or onnxruntime.SessionOptions())
        return kept(model, options, *args, **kwargs)

    onnxruntime.InferenceSession = patient
    try:
        yield
    finally:
        onnxruntime.InferenceSession = kept


@contextlib.contextmanager
def engine_kept_quiet() -> Iterator[None]:
    """Keep the engine offline, silent and off the disk, and undo what its import does globally.

    It would look up hosts, install packages, write a settings file, print, set OMP_NUM_THREADS=1
    for this process and its children, change how numpy prints, switch OpenCV's threads off, and
    make Pillow install a package when a picture is broken.
    """
    torch = load_torch()  # first, so that the engine's OMP_NUM_THREADS=1 comes too late to bite
    from PIL import Image

    threads, cv_threads = torch.get_num_threads(), cv2.getNumThreads()
    image_open = Image.open
    printing = np.get_printoptions()
    logger = logging.getLogger("ultralytics")
    level = logger.level
    with tempfile.TemporaryDirectory(prefix="castcheck-") as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        wanted = {
            "YOLO_OFFLINE": "true",
            "YOLO_AUTOINSTALL": "false",
            "YOLO_VERBOSE": "false",
            "YOLO_CONFIG_DIR": folder,
            "TORCHINDUCTOR_CACHE_DIR": folder,  # torch makes one when its compiler is imported
        }
        kept = {key: os.environ.get(key) for key in (*wanted, "OMP_NUM_THREADS")}
        os.environ.update(wanted)
        try:
            import ultralytics  # noqa: F401

            logger.setLevel(logging.CRITICAL)
            with _no_downloads():
                yield
        finally:
            logger.setLevel(level)
            for key, value in kept.items():
                os.environ.pop(key, None) if value is None else os.environ.update({key: value})
            torch.set_num_threads(threads)
            torch.set_printoptions(profile="default")
            np.set_printoptions(**printing)
            cv2.setNumThreads(cv_threads)
            Image.open = image_open


@contextlib.contextmanager
def _no_downloads() -> Iterator[None]:
    """Make every way the engine fetches files raise instead."""
    import urllib.request

    from ultralytics.utils import downloads

    def refuse(*_args: Any, **_kwargs: Any) -> None:
        raise ConnectionError("castcheck does not go online")

    kept = downloads.safe_download, urllib.request.urlopen
    downloads.safe_download, urllib.request.urlopen = refuse, refuse  # type: ignore[assignment]
    try:
        yield
    finally:
        downloads.safe_download, urllib.request.urlopen = kept


def _choose_device(device: str) -> str:
    """Return "cpu" or "cuda:N".

    Raises:
        ConfigError: The word is unknown, or there is no such device.
    """
    torch = load_torch()
    if device == "auto":
        return "cuda:0" if torch.cuda.is_available() else "cpu"
    kind, _, number = device.partition(":")
    if device == "cpu":
        return device
    if kind != "cuda" or not (number.isdigit() or ":" not in device):
        raise ConfigError(
            f"{device!r} is unknown, allowed is auto, cpu, cuda, cuda:N", where="device"
        )
    count = torch.cuda.device_count() if torch.cuda.is_available() else 0
    if int(number or 0) >= count:
        raise ConfigError(
            f"there is no {device} here ({count} found)", where="device", hint="use auto"
        )
    return f"cuda:{int(number or 0)}"


def _check_task(task: str | None, path: Path) -> None:
    """Raise where the network is not one that finds boxes."""
    if task not in _TASKS:
        raise WeightsError(
            f"is a model for {task!r}, not a detector", where=path, hint=f"allowed: {_TASKS}"
        )
