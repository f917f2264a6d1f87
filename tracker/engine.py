"""Any Ultralytics network, run by torch; the only file that imports the engine for it.

The engine's own `predict` spends two thirds of its time outside the network on a small machine, so
its network is run bare here: our letterbox, one forward pass per batch, its decoding and NMS.
"""

from __future__ import annotations

import contextlib
import logging
import os
import tempfile
import warnings
from copy import copy
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

from scenes.device_pictures import is_on_device
from scenes.errors import ConfigError, WeightsError
from scenes.threads import load_torch, onnx_options
from scenes.upload import uploaded
from tracker.bfloat16 import cpu_has_bfloat16, run_in_bfloat16
from tracker.bundled import DEFAULT_IMAGE_PX, fold_norms, load_bundled
from tracker.classes import names_by_id
from tracker.device_pixels import brought_back, letterboxed
from tracker.graph_network import MAX_BOXES
from tracker.lean_torchvision import import_torchvision

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from tracker.graph_network import Groups, Rows
    from tracker.letterbox import Letterbox
    from tracker.settings import DetectorSettings

_TASKS = ("detect", "segment", "pose")
_BARE = (".pt", ".safetensors")  # networks that are run here, not by an engine of their own


class EngineNetwork:
    """A network of Ultralytics in torch, or what was exported from one; as `GraphNetwork` to use.

    Args:
        path: The weights; whether they may be opened has been decided.
        settings: Thresholds, sizes, and what a network that reads text is to look for.
        device: "cpu" or "cuda:N".
        half: fp16.
        bfloat16: On a CPU that has it (`tracker.bfloat16`).

    Attributes:
        is_plain: Whether it is a checkpoint of boxes alone, without prompts and with NMS behind it.
        trained_px: Longer side of the pictures that it was trained with.

    Raises:
        WeightsError: Damaged, or not a detector.
    """

    def __init__(
        self, path: Path, settings: DetectorSettings, *, device: str, half: bool, bfloat16: bool
    ) -> None:
        self.settings, self._device, self._half = settings, device, half
        self.is_plain, self.trained_px = False, DEFAULT_IMAGE_PX
        self.degradations: tuple[str, ...] = ()
        with engine_kept_quiet():
            self._open(path)
            if bfloat16:
                self._go_bfloat16(exported=path.suffix.lower() not in _BARE)

    @property
    def longer_px(self) -> int:
        """What the longer side of a picture is scaled to."""
        return self.settings.image_size_px or self.trained_px

    def with_settings(self, settings: DetectorSettings) -> EngineNetwork:
        """Return the same network with other thresholds and sizes."""
        other = copy(self)
        other.settings = settings
        return other

    def find(self, rgb: NDArray[np.uint8], letterbox: Letterbox, groups: Groups) -> list[Rows]:
        """Return what `GraphNetwork.find` does; `rgb` may lie on the device of the network."""
        with self.torch.inference_mode():
            out = self._forward(self._planes(rgb, letterbox))
            kept = [self._strongest(out, classes, alone=len(groups) == 1) for classes in groups]
            rows = [self.torch.cat(parts)[:, :6] for parts in zip(*kept, strict=True)]
            return brought_back(rows)

    def raw(self, planes: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return (N, 4 + classes, anchors) of (N, 3, h, w) pictures, as the network gives them."""
        with self.torch.inference_mode():
            out = self._forward(self.torch.from_numpy(planes).to(self._device, self._dtype))
            return np.asarray(out.float().cpu().numpy(), np.float32)

    def _forward(self, planes: Any) -> Any:
        """Return boxes and scores; some networks hand out what they were made of as well."""
        out = self.network(planes)
        while isinstance(out, (list, tuple)):
            out = out[0]
        return out

    def _planes(self, rgb: NDArray[np.uint8], letterbox: Letterbox) -> Any:
        """Return (N, 3, h, w) what the network sees of (N, H, W, 3) pictures, on its device."""
        if is_on_device(rgb):
            planes = letterboxed(rgb, letterbox)
        elif self._device == "cpu":
            # (N, H, W, 3) seen as (N, 3, H, W) is channels_last already: nothing is copied.
            planes = self.torch.from_numpy(letterbox.apply(rgb)).permute(0, 3, 1, 2)
        else:
            planes = letterboxed(uploaded(rgb, self._device), letterbox)
        return planes.to(self._dtype) / 255

    def _strongest(self, out: Any, classes: Sequence[int], *, alone: bool) -> Any:
        """Return per picture what is left of these classes where boxes overlap."""
        return self._nms(
            out.float() if alone else out.float().clone(),  # it writes into what it is given
            self.settings.min_score,
            self.settings.nms_iou,
            classes=list(classes),
            agnostic=True,  # one character, one box, whatever the classes
            max_det=MAX_BOXES,
            nc=len(self.names),
            max_time_img=1e6,  # its time limit would drop pictures on a busy machine
            end2end=self._end2end,
        )

    def _open(self, path: Path) -> None:
        """Load the network and what must be known of it."""
        self.torch = load_torch()
        self._dtype = self.torch.float16 if self._half else self.torch.float32
        self._nms = import_nms()
        self.has_prompts = False
        self.fixed_hw: tuple[int, int] | None = None
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
        if hasattr(network, "set_classes") and self.settings.class_list:
            self._prompt(model, path)
        self._take(network)
        last = network.model[-1]
        self.is_plain = (
            model.task == "detect"
            and type(last).__name__ == "Detect"
            and last.reg_max > 1  # distances as means of distributions
            and not self._end2end
        )

    def _open_bundled(self, path: Path) -> None:
        """Build the network from tensors and a table; nothing in the file is code."""
        network = load_bundled(path).eval()
        fold_norms(network)
        self._take(network)

    def _take(self, network: Any) -> None:
        """Keep the engine's network in the form in which it is run."""
        self.names = names_by_id(network.names)
        trained_with = getattr(network, "args", None) or {}
        if isinstance(trained_with, dict):
            self.trained_px = int(trained_with.get("imgsz") or DEFAULT_IMAGE_PX)
        network = network.fuse(verbose=False).eval()
        self._end2end = bool(getattr(network.model[-1], "end2end", False))
        self.stride_px = max(32, int(network.stride.max()))
        network.requires_grad_(requires_grad=False)
        self.network = network.to(
            device=self._device, dtype=self._dtype, memory_format=self.torch.channels_last
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
                run_in_bfloat16(self.network)
            except TypeError as err:
                why = f"was not used: {err}"
        if why:
            self.degradations = (f"bfloat16 {why}",)
        else:
            self._dtype = self.torch.bfloat16

    def _prompt(self, model: Any, path: Path) -> None:
        """Tell a network that reads text what to look for."""
        try:
            model.set_classes(list(self.settings.class_list))
        except Exception as err:  # the text encoder's loader raises anything
            raise WeightsError(
                "takes text prompts, but its text encoder cannot be opened without going online",
                where=path,
                hint="export it once with `set_classes` and give the exported file",
            ) from err
        self.has_prompts = True

    def _open_export(self, path: Path) -> None:
        """Open an exported network through the engine's own backends."""
        from ultralytics.nn.autobackend import AutoBackend

        with _patient_sessions():
            network = AutoBackend(
                str(path), device=self.torch.device(self._device), fp16=self._half, verbose=False
            )
        _check_task(getattr(network, "task", None), path)
        self.names = names_by_id(network.names)
        self._end2end = bool(getattr(network, "end2end", False))
        self.stride_px = max(32, int(getattr(network, "stride", 32)))
        size = getattr(network, "imgsz", None)
        if size is not None and not getattr(network, "dynamic", False):
            self.fixed_hw = (int(size[0]), int(size[1]))
        self.network = network


def import_nms() -> Any:
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


def _check_task(task: str | None, path: Path) -> None:
    """Raise where the network is not one that finds boxes."""
    if task not in _TASKS:
        raise WeightsError(
            f"is a model for {task!r}, not a detector", where=path, hint=f"allowed: {_TASKS}"
        )
