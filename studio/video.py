"""The last steps of a clip: the look of generated video, and H.264."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

import av
import cv2
import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from numpy.typing import NDArray

    Image = NDArray[np.uint8]
    Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Encoding:
    """How clips are compressed."""

    crf: int = 23
    preset: str = "medium"


class VideoLook:
    """Makes a rendered frame look like generated video; moves nothing by more than a pixel or so.

    Texture boil, low-frequency warp, softening, flicker and a trace of the frame before, all
    scaled by `strength` in 0..1 and drawn from the seed alone.
    """

    def __init__(self, strength: float, seed: int) -> None:
        self.strength = strength
        self.seed = seed
        self._before: Floats | None = None

    def apply(self, rgb: Image, frame: int, *, first_of_shot: bool) -> Image:
        """Return the changed (H, W, 3) frame; call in order, once per frame."""
        if self.strength <= 0:
            return rgb
        height, width = rgb.shape[:2]
        picture = rgb.astype(np.float32)
        shift = self.strength * 1.1 * self._slow_noise(frame, channels=2, cells=5, pace_frames=7)
        grid_y, grid_x = np.mgrid[:height, :width].astype(np.float32)
        flow = cv2.resize(shift, (width, height), interpolation=cv2.INTER_CUBIC)
        picture = cv2.remap(
            picture, grid_x + flow[..., 0], grid_y + flow[..., 1],
            cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE,
        )  # fmt: skip
        soft = cv2.GaussianBlur(picture, (0, 0), 0.6 + 0.5 * self.strength)
        boil = self._slow_noise(frame, channels=1, cells=48, pace_frames=3)[..., 0]
        boil = cv2.resize(boil, (width, height), interpolation=cv2.INTER_LINEAR)[..., None]
        # Boil the detail, not the flat areas: exactly what video models do to cloth and hair.
        picture = soft + (picture - soft) * (1 - 0.55 * self.strength + 0.8 * self.strength * boil)
        flicker = self._slow_noise(frame, channels=1, cells=2, pace_frames=5).mean()
        picture *= 1 + 0.03 * self.strength * float(flicker)
        if self._before is not None and not first_of_shot:
            trace = 0.16 * self.strength
            picture = (1 - trace) * picture + trace * self._before
        self._before = picture
        out: Image = np.clip(picture, 0, 255).astype(np.uint8)
        return out

    def _slow_noise(self, frame: int, *, channels: int, cells: int, pace_frames: int) -> Floats:
        """Return (cells, cells, channels) noise that glides to a new state every few frames."""
        step, rest = divmod(frame, pace_frames)

        def state(k: int) -> Floats:
            rng = np.random.default_rng([self.seed, cells, k])
            return rng.normal(0, 1, (cells, cells, channels)).astype(np.float32)

        share = rest / pace_frames
        return (1 - share) * state(step) + share * state(step + 1)


# x264's macroblock tree does not repeat to the byte with AVX2 (seen with x264 core 165): the same
# frames gave six different files in eight runs, and one file without it.
_REPEATABLE = "mbtree=0"


def encode(path: Path, frames: Iterable[Image], *, fps: int, crf: int, preset: str) -> None:
    """Write an H.264 clip, whole or not at all. One thread, so that the bytes repeat."""
    temporary = path.with_name(f".{path.stem}.part.mp4")
    stream = None
    with av.open(str(temporary), "w", format="mp4") as container:
        for index, rgb in enumerate(frames):
            if stream is None:
                stream = container.add_stream("libx264", rate=fps)
                stream.height, stream.width = rgb.shape[:2]
                stream.pix_fmt = "yuv420p"
                stream.options = {
                    "crf": str(crf), "preset": preset, "threads": "1", "x264-params": _REPEATABLE,
                }  # fmt: skip
                stream.time_base = Fraction(1, fps)
            frame = av.VideoFrame.from_ndarray(rgb, format="rgb24")
            frame.pts = index
            for packet in stream.encode(frame):
                container.mux(packet)
        if stream is not None:
            for packet in stream.encode():
                container.mux(packet)
    temporary.replace(path)
