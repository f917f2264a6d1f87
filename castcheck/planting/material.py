"""What is planted in: a window of one shot, with its pictures and the people followed in it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import cv2
import numpy as np

from castcheck.planting.background import fill, from_beside
from castcheck.planting.masks import Shape, rect_of, shapes_of
from castcheck.planting.soft_box import soft_box

if TYPE_CHECKING:
    from fractions import Fraction
    from pathlib import Path

    from numpy.typing import NDArray

    from castcheck.planting.track import Track

    Image = NDArray[np.uint8]
    Floats = NDArray[np.float32]

_EDGE = 0.015  # of the picture: a box that near its edge is cut by it
_STRIP = 0.3  # of the picture's width
_STILL_LEVELS = 5.0
_STILL_SAMPLES = 7
_PLATE_SAMPLES = 17


@dataclass(eq=False)
class Material:
    """A window of one shot.

    Attributes:
        source: The clip.
        sha256: Of the clip.
        shot: Number of the shot.
        first: Frame of the clip the window begins at.
        rate: Frames per second.
        start_s: When the window begins, seconds from the clip's first picture.
        frames: (T, H, W, 3) uint8 RGB.
        tracks: Who is followed, the largest first.
        lights: Kept by `paste.light_of`.
    """

    source: Path
    sha256: str
    shot: int
    first: int
    rate: Fraction
    start_s: Fraction
    frames: Image
    tracks: tuple[Track, ...]
    lights: dict[tuple[str, bool], Floats] = field(default_factory=dict)
    _shapes: dict[str, dict[int, Shape]] = field(default_factory=dict)
    _plate: Image | None = None
    _filled: dict[int, Image] = field(default_factory=dict)
    _still: bool | None = None
    _blurred: NDArray[np.bool_] | None = None

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels."""
        return int(self.frames.shape[2]), int(self.frames.shape[1])

    @property
    def fps(self) -> float:
        """Frames per second."""
        return float(self.rate)

    @property
    def label(self) -> str:
        """Name for files: stem of the clip, and the shot."""
        return f"{self.source.stem}__s{self.shot}"

    def shape(self, track: Track, frame: int) -> Shape | None:
        """Return the mask of a person in a frame; all of the window are made at the first call."""
        if track.name not in self._shapes:
            others = [other for other in self.tracks if other is not track]
            self._shapes[track.name] = shapes_of(self.frames, track, others)
        return self._shapes[track.name].get(frame)

    def soft_box(self, track: Track, frame: int) -> Shape | None:
        """Return the box of a person with soft edges, up to the middle between him and others."""
        box = track.at(frame)
        if box is None:
            return None
        others = [other for other in self.tracks if other is not track]
        return Shape(rect_of(box), soft_box(frame, box, others, self.size))

    def cut_by(self, track: Track, frame: int) -> tuple[bool, bool, bool, bool]:
        """Return which edges of the picture cut the person: left, top, right, bottom."""
        box = track.at(frame)
        width, height = self.size
        if box is None:
            return False, False, False, False
        x1, y1, x2, y2 = (float(v) for v in box)
        margin = _EDGE * max(width, height)
        return x1 <= margin, y1 <= margin, x2 >= width - margin, y2 >= height - margin

    def is_strip(self, track: Track) -> bool:
        """Tell whether a side of the picture cuts somebody to a strip: a shoulder in the way."""
        width = self.size[0]
        middle = np.median(track.boxes, axis=0)
        cut = self.cut_by(track, (track.start + track.stop) // 2)
        return bool((cut[0] or cut[2]) and middle[2] - middle[0] < _STRIP * width)

    @property
    def still(self) -> bool:
        """Whether the camera stands: what no box covers stays as it is."""
        if self._still is None:
            self._still = self._is_still()
        return self._still

    def _is_still(self) -> bool:
        places = np.linspace(0, len(self.frames) - 1, _STILL_SAMPLES).round().astype(int)
        small = [self._small(int(f)) for f in places]
        free = [self._free(int(f), small[0].shape[:2]) for f in places]
        steps = []
        for k in range(1, len(places)):
            both = free[0] & free[k]
            if both.mean() < 0.05:
                return False
            steps.append(float(np.percentile(np.abs(small[0] - small[k]).mean(axis=2)[both], 80)))
        return max(steps) < _STILL_LEVELS

    def _small(self, frame: int) -> Floats:
        width, height = self.size
        scale = 120 / max(width, height)
        size = (max(8, round(width * scale)), max(8, round(height * scale)))
        small = cv2.resize(self.frames[frame], size, interpolation=cv2.INTER_AREA)
        return np.asarray(cv2.GaussianBlur(small, (0, 0), 1.0), np.float32)

    def _free(self, frame: int, shape: tuple[int, ...]) -> NDArray[np.bool_]:
        """Return where no box lies, in a small picture."""
        free = np.ones(shape, np.bool_)
        scale = shape[1] / self.size[0]
        for track in self.tracks:
            box = track.at(frame)
            if box is not None:
                x1, y1, x2, y2 = (int(v) for v in box * scale)
                free[max(0, y1 - 2) : y2 + 3, max(0, x1 - 2) : x2 + 3] = False
        return free

    def background(self, frame: int) -> Image:
        """Return the picture without the followed people: seen at other times, else filled in."""
        if self.still:
            if self._plate is None:
                self._plate = self._median()
            return self._plate
        if frame not in self._filled:
            self._filled[frame] = fill(self.frames[frame], self.covered(frame) > 0.05)
        return self._filled[frame]

    def covered(self, frame: int, *, without: Track | None = None) -> Floats:
        """Return (H, W) in [0, 1]: where the followed people are, and a little around them."""
        width, height = self.size
        cover = np.zeros((height, width), np.float32)
        for track in self.tracks:
            shape = self.shape(track, frame) or self.soft_box(track, frame)
            if shape is not None and track is not without:
                cover = np.maximum(cover, shape.full((width, height)))
        reach = max(3, round(0.012 * max(width, height))) | 1
        return np.asarray(cv2.dilate(cover, np.ones((reach, reach), np.uint8)), np.float32)

    def _median(self) -> Image:
        count = len(self.frames)
        places = np.unique(np.linspace(0, count - 1, _PLATE_SAMPLES).round().astype(int))
        stack = self.frames[places].astype(np.float32)
        hidden = np.stack([self.covered(int(f)) > 0.05 for f in places])
        stack[hidden] = np.nan
        never = np.asarray(hidden.all(axis=0), np.bool_)
        stack[:, never] = 0
        plate = np.nanmedian(stack, axis=0).astype(np.uint8)
        middle = count // 2
        for track in self.tracks:
            shape = self.shape(track, middle)
            if shape is not None:
                plate, never = from_beside(plate, never, track.boxes)
        self._blurred = never
        return fill(plate, never)

    def background_known(self, track: Track) -> float:
        """Return the share of a person's place of which is seen what is behind, or beside it."""
        if not self.still:
            return 0.0
        middle = (track.start + track.stop) // 2
        self.background(middle)
        shape = self.shape(track, middle)
        if shape is None or self._blurred is None:
            return 0.0
        place = shape.full(self.size) > 0.5
        return float(1 - self._blurred[place].mean()) if place.any() else 0.0
