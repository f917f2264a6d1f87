"""What is planted in: a window of one shot, with its pictures and the people followed in it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import cv2
import numpy as np

from castcheck.planting.masks import Shape, rect_of, shapes_of, soft_box
from scenes.source import open_source

if TYPE_CHECKING:
    from collections.abc import Sequence
    from fractions import Fraction
    from pathlib import Path

    from numpy.typing import NDArray

    from castcheck.observe import Observations
    from identity.embedder import PartsEmbedder as CrossReader
    from scenes.shots import Shot
    from tracker.tracklets import Tracklet

    Image = NDArray[np.uint8]
    Floats = NDArray[np.float32]

MIN_FRAMES = 12  # fewer leave no before and after
MIN_SCORE = 0.4  # median of a track: what the detector doubts may be no person
MIN_HEIGHT = 0.18  # of the picture: smaller people hardly show who they are
MIN_SHARE = 0.5  # of the window that somebody has to be seen for
MAX_GAP_FRAMES = 6  # a hole in a track is bridged up to here
_SMOOTH_FRAMES = 1.5
_HEAD_SAMPLES = 5
_MIN_HEAD_SEEN = 0.5
_MAX_CROWN = 0.22  # of the box: a head begins no lower
_MAX_JUMP = 0.14  # of a box's size, from frame to frame
_CALM_SHARE = 0.93  # of the frames
_BATCH_FRAMES = 16
_EDGE = 0.015  # of the picture: a box that near its edge is cut by it
_STILL_LEVELS = 5.0
_STILL_SAMPLES = 7
_PLATE_SAMPLES = 17
_INPAINT_PX = 160
_BESIDE_LEVELS = 22.0  # how far a filling from beside may differ at the edge of the hole


@dataclass(eq=False)
class Track:
    """One person through a window.

    Attributes:
        name: "p0", "p1" ...
        start: First frame of the window the person is seen in.
        boxes: (T, 4) float32, smoothed, pixels of the window's pictures, of consecutive frames.
        seen: Frames with a box of the detector's own, bridged ones are not among them.
        raw: Those boxes: what the truth says.
        score: Median score of its boxes.
        head: (4,) of the head in shares of the box, `None` where no network was asked.
        head_seen: How sure the network is that a head is in the box, in [0, 1].
        facing: About 1 = turned to the camera, -1 = away.
    """

    name: str
    start: int
    boxes: Floats
    raw: dict[int, Floats]
    score: float
    head: Floats | None = None
    head_seen: float = 1.0
    facing: float = 0.0

    @property
    def stop(self) -> int:
        """First frame after the last."""
        return self.start + len(self.boxes)

    def at(self, frame: int) -> Floats | None:
        """Return the smoothed box, `None` where the person is not followed."""
        return self.boxes[frame - self.start] if self.start <= frame < self.stop else None


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
        never = hidden.all(axis=0)
        stack[:, never] = 0
        plate = np.nanmedian(stack, axis=0).astype(np.uint8)
        middle = count // 2
        for track in self.tracks:
            shape = self.shape(track, middle)
            if shape is not None:
                plate, never = self._from_beside(plate, never, track.boxes)
        return fill(plate, never)

    def _from_beside(
        self, plate: Image, never: NDArray[np.bool_], boxes: Floats
    ) -> tuple[Image, NDArray[np.bool_]]:
        """Fill what is never seen behind somebody with what is seen beside, blended at the edge.

        Set and texture go on sideways more often than up and down. Returned unchanged where nothing
        wide enough is seen there.
        """
        width, height = self.size
        x1, y1 = np.floor(boxes[:, :2].min(axis=0)).astype(int) - 6
        x2, y2 = np.ceil(boxes[:, 2:].max(axis=0)).astype(int) + 6
        x1, y1, x2, y2 = max(1, x1), max(1, y1), min(width - 1, x2), min(height - 1, y2)
        hole = np.zeros_like(never)
        hole[y1:y2, x1:x2] = never[y1:y2, x1:x2]
        if not hole.any():
            return plate, never
        ys, xs = np.nonzero(hole)
        x1, x2, y1, y2 = xs.min(), xs.max() + 1, ys.min(), ys.max() + 1
        ring = cv2.dilate(hole.astype(np.uint8), np.ones((9, 9), np.uint8)) > 0
        ring &= ~cv2.dilate(never.astype(np.uint8), np.ones((3, 3), np.uint8)).astype(bool)
        best: tuple[float, Image] | None = None
        for shift in self._shifts(x2 - x1):
            moved = np.roll(plate, shift, axis=1)
            unseen = np.roll(never, shift, axis=1)
            if x1 - shift < 0 or x2 - shift > width or unseen[hole].any():
                continue
            if not ring.any():
                break
            cost = float(np.abs(moved[ring].astype(np.float32) - plate[ring]).mean())
            if best is None or cost < best[0]:
                best = (cost, moved)
        if best is None or best[0] > _BESIDE_LEVELS:
            return plate, never
        mask = cv2.dilate(hole.astype(np.uint8) * 255, np.ones((5, 5), np.uint8))
        mask[[0, -1]] = 0
        mask[:, [0, -1]] = 0
        columns, rows = np.flatnonzero(mask.any(axis=0)), np.flatnonzero(mask.any(axis=1))
        centre = ((columns[0] + columns[-1] + 1) // 2, (rows[0] + rows[-1] + 1) // 2)
        mixed = cv2.seamlessClone(
            np.ascontiguousarray(best[1]), plate, mask,
            (int(centre[0]), int(centre[1])), cv2.NORMAL_CLONE,
        )  # fmt: skip
        rest = never & ~hole
        # The picture cut off at its edge: there the clone has nothing to hold on to.
        plate = np.where(hole[..., None] & (mask == 0)[..., None], best[1], mixed)
        return np.asarray(plate, np.uint8), rest

    def _shifts(self, hole_px: int) -> list[int]:
        """Return how far to the side a filling may be looked for."""
        step = max(4, hole_px // 6)
        reach = range(hole_px // 2, 3 * hole_px, step)
        return [s for far in reach for s in (far, -far)]

    def background_known(self, track: Track) -> float:
        """Return the share of a person's place that is seen at other times of the window."""
        if not self.still:
            return 0.0
        width, height = self.size
        places = np.unique(np.linspace(0, len(self.frames) - 1, _PLATE_SAMPLES).round().astype(int))
        never = np.all([self.covered(int(f)) > 0.05 for f in places], axis=0)
        middle = (track.start + track.stop) // 2
        shape = self.shape(track, middle)
        if shape is None:
            return 0.0
        place = shape.full((width, height)) > 0.5
        return float(1 - never[place].mean()) if place.any() else 0.0


def fill(rgb: Image, hole: NDArray[np.bool_]) -> Image:
    """Return a picture whose hole is filled from what lies around it."""
    if not hole.any():
        return rgb
    height, width = rgb.shape[:2]
    scale = min(1.0, _INPAINT_PX / max(height, width))
    size = (max(8, round(width * scale)), max(8, round(height * scale)))
    small = cv2.resize(rgb, size, interpolation=cv2.INTER_AREA)
    mask = cv2.resize(hole.astype(np.uint8), size, interpolation=cv2.INTER_NEAREST)
    mask = cv2.dilate(mask, np.ones((3, 3), np.uint8))
    filled = cv2.inpaint(small, mask, 4, cv2.INPAINT_TELEA)
    soft = cv2.GaussianBlur(filled, (0, 0), 2.0)
    filled = np.where(mask[..., None] > 0, soft, filled)
    large = cv2.resize(filled, (width, height), interpolation=cv2.INTER_CUBIC)
    weight = cv2.GaussianBlur(hole.astype(np.float32), (0, 0), 1.5)[..., None]
    weight = np.maximum(weight, hole[..., None])
    return np.asarray(np.clip(rgb * (1 - weight) + large * weight, 0, 255), np.uint8)


def windows_of(
    clip: Path,
    sha256: str,
    seen: Observations,
    *,
    seconds: float,
    side_px: int,
    per_shot: int = 1,
    reader: CrossReader | None = None,
) -> list[Material]:
    """Return what can be planted in: of every long enough shot the stretch with most people.

    Args:
        clip: The clip.
        sha256: Of the clip.
        seen: What was seen in it.
        seconds: Longest window.
        side_px: Longer side of its pictures; larger ones are made smaller. 0 = as they are.
        per_shot: Windows taken from one shot at most.
        reader: Finds heads; people whose head is not in their box are left out. `None` = all stay.
    """
    spans = []
    for shot in seen.shots:
        own = [t for t in seen.tracklets if t.shot_index == shot.index]
        spans += [(shot, *span) for span in _stretches(shot, own, seen, seconds, per_shot)]
    if not spans:
        return []
    pictures = _read(clip, [(a, b) for _, a, b in spans], side_px)
    scale = pictures[0].shape[2] / seen.info.width_px
    made = []
    for (shot, start, stop), frames in zip(spans, pictures, strict=True):
        own = [t for t in seen.tracklets if t.shot_index == shot.index]
        tracks = _tracks(own, start, stop, scale, frames.shape[1])
        if reader is not None:
            tracks = _with_heads(tracks, frames, reader)
        rate = seen.info.rate or len(seen.frame_times_s) / seen.end_s
        start_s = seen.frame_times_s[start]
        made.append(Material(clip, sha256, shot.index, start, rate, start_s, frames, tracks))
    return made


def _stretches(
    shot: Shot, own: Sequence[Tracklet], seen: Observations, seconds: float, count: int
) -> list[tuple[int, int]]:
    """Return the windows of a shot, the one with most boxes first."""
    length = min(shot.stop_frame - shot.start_frame, max(MIN_FRAMES, round(seconds * seen.fps)))
    if length < MIN_FRAMES:
        return []
    boxes = np.zeros(shot.stop_frame - shot.start_frame + 1)
    for tracklet in own:
        if float(np.median(tracklet.score)) >= MIN_SCORE:
            boxes[tracklet.frame - shot.start_frame] += 1
    total = np.concatenate([[0], np.cumsum(boxes[:-1])])
    sums = total[length:] - total[:-length]
    spans: list[tuple[int, int]] = []
    for at in np.argsort(-sums, kind="stable"):
        start = shot.start_frame + int(at)
        if sums[at] <= 0 or len(spans) == count:
            break
        if all(abs(start - other) >= length for other, _ in spans):
            spans.append((start, start + length))
    return spans


def _read(clip: Path, spans: Sequence[tuple[int, int]], side_px: int) -> list[Image]:
    """Return the pictures of each span, made smaller where asked for; sizes are even."""
    kept: list[list[Image]] = [[] for _ in spans]
    last = max(stop for _, stop in spans)
    with open_source(clip) as source:
        width, height = source.info.width_px, source.info.height_px
        scale = min(1.0, side_px / max(width, height)) if side_px else 1.0
        size = (max(16, round(width * scale / 2) * 2), max(16, round(height * scale / 2) * 2))
        for batch in source.batches(_BATCH_FRAMES):
            for index, rgb in zip(batch.index.tolist(), batch.rgb, strict=True):
                inside = [k for k, (a, b) in enumerate(spans) if a <= index < b]
                if inside:
                    small = cv2.resize(rgb, size, interpolation=cv2.INTER_AREA)
                    for k in inside:
                        kept[k].append(small)
            if batch.index[-1] >= last:
                break
    return [np.stack(frames) for frames in kept]


def _tracks(
    own: Sequence[Tracklet], start: int, stop: int, scale: float, height_px: int
) -> tuple[Track, ...]:
    made = []
    for tracklet in own:
        inside = (tracklet.frame >= start) & (tracklet.frame < stop)
        frames = tracklet.frame[inside] - start
        xyxy = tracklet.xyxy[inside] * scale
        if len(frames) < MIN_FRAMES // 2 or np.median(tracklet.score[inside]) < MIN_SCORE:
            continue
        span = int(frames[-1] - frames[0]) + 1
        if len(frames) < MIN_SHARE * span or int(np.diff(frames).max(initial=1)) > MAX_GAP_FRAMES:
            continue
        if float(np.median(xyxy[:, 3] - xyxy[:, 1])) < MIN_HEIGHT * height_px:
            continue
        every = np.arange(frames[0], frames[-1] + 1)
        boxes = np.stack([np.interp(every, frames, xyxy[:, k]) for k in range(4)], axis=1)
        if not _calm(boxes):
            continue
        raw = {int(f): box for f, box in zip(frames, xyxy, strict=True)}
        area = float(np.median((xyxy[:, 2] - xyxy[:, 0]) * (xyxy[:, 3] - xyxy[:, 1])))
        made.append((area * len(raw), int(frames[0]), _smooth(boxes), raw, tracklet.score[inside]))
    made.sort(key=lambda row: -row[0])
    return tuple(
        Track(f"p{k}", first, boxes.astype(np.float32), raw, float(np.median(score)))
        for k, (_, first, boxes, raw, score) in enumerate(made)
    )


def _with_heads(
    tracks: tuple[Track, ...], frames: Image, reader: CrossReader
) -> tuple[Track, ...]:
    """Return tracks with their heads; those whose box holds no head are left out."""
    made = []
    for track in tracks:
        places = np.linspace(track.start, track.stop - 1, _HEAD_SAMPLES).round().astype(int)
        crops = []
        for frame in places.tolist():
            x1, y1, x2, y2 = (max(0, round(float(v))) for v in track.boxes[frame - track.start])
            crops.append(np.ascontiguousarray(frames[frame][y1 : max(y2, y1 + 2), x1 : max(x2, x1 + 2)]))
        cues = reader.read_cues(crops)
        seen = float(np.median(cues.visibility[:, 0]))
        if seen < _MIN_HEAD_SEEN:
            continue
        head = np.median(cues.head_box, axis=0).astype(np.float32)
        if not 0.03 < float(head[3] - head[1]) < 0.85 or float(head[1]) > _MAX_CROWN:
            continue
        facing = float(np.median(cues.facing))
        made.append(replace(track, head=head, head_seen=seen, facing=facing))
    return tuple(replace(track, name=f"p{k}") for k, track in enumerate(made))


def _calm(boxes: NDArray[np.float64]) -> bool:
    """Tell whether boxes move smoothly: one that jumps has changed bodies, or lost half of one."""
    size = np.maximum(1.0, boxes[:, 2:] - boxes[:, :2])
    steps = np.abs(np.diff(boxes, axis=0)) / np.concatenate([size, size], axis=1)[1:]
    return bool((steps.max(axis=1, initial=0) <= _MAX_JUMP).mean() >= _CALM_SHARE) if len(steps) else True


def _smooth(boxes: NDArray[np.float64]) -> NDArray[np.float64]:
    reach = 4
    kernel = np.exp(-0.5 * (np.arange(-reach, reach + 1) / _SMOOTH_FRAMES) ** 2)
    kernel /= kernel.sum()
    padded = np.pad(boxes, ((reach, reach), (0, 0)), mode="reflect", reflect_type="odd")
    return np.stack([np.convolve(padded[:, k], kernel, mode="valid") for k in range(4)], axis=1)
