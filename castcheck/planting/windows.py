"""From what was seen in a clip to the windows that are planted in."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import cv2
import numpy as np

from castcheck.planting.material import Material
from castcheck.planting.track import Track
from scenes.source import open_source

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from castcheck.observe import Observations
    from identity.appearance.embedder import PartsEmbedder
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
_MAX_WINDOWS = 4  # of a clip
_BATCH_FRAMES = 16


def windows_of(
    clip: Path,
    sha256: str,
    seen: Observations,
    *,
    seconds: float,
    side_px: int,
    per_shot: int = 1,
    reader: PartsEmbedder | None = None,
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
    spans = _with_most_people(spans, seen)
    pictures = _read(clip, [(a, b) for _, a, b in spans], side_px)
    scale = pictures[0].shape[2] / seen.info.width_px
    made = []
    for (shot, start, stop), frames in zip(spans, pictures, strict=True):
        own = [t for t in seen.tracklets if t.shot_index == shot.index]
        tracks = _tracks(own, start, stop, scale, frames.shape[1])
        if reader is not None:
            tracks = _with_heads(tracks, frames, reader)
        rate = seen.info.rate or (len(seen.frame_times_s) / seen.end_s).limit_denominator(60_000)
        start_s = seen.frame_times_s[start]
        made.append(Material(clip, sha256, shot.index, start, rate, start_s, frames, tracks))
    return made


def _with_most_people(
    spans: list[tuple[Shot, int, int]], seen: Observations
) -> list[tuple[Shot, int, int]]:
    """Return the few windows in which most boxes lie: each has to be held in memory."""

    def boxes(span: tuple[Shot, int, int]) -> int:
        _, start, stop = span
        return sum(int(((t.frame >= start) & (t.frame < stop)).sum()) for t in seen.tracklets)

    best = sorted(spans, key=lambda span: (-boxes(span), span[1]))[:_MAX_WINDOWS]
    return sorted(best, key=lambda span: span[1])


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
    tracks: tuple[Track, ...], frames: Image, reader: PartsEmbedder
) -> tuple[Track, ...]:
    """Return tracks with their heads; those whose box holds no head are left out."""
    made = []
    for track in tracks:
        places = np.linspace(track.start, track.stop - 1, _HEAD_SAMPLES).round().astype(int)
        crops = []
        for frame in places.tolist():
            x1, y1, x2, y2 = (max(0, round(float(v))) for v in track.boxes[frame - track.start])
            crops.append(
                np.ascontiguousarray(frames[frame][y1 : max(y2, y1 + 2), x1 : max(x2, x1 + 2)])
            )
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
    return (
        bool((steps.max(axis=1, initial=0) <= _MAX_JUMP).mean() >= _CALM_SHARE)
        if len(steps)
        else True
    )


def _smooth(boxes: NDArray[np.float64]) -> NDArray[np.float64]:
    reach = 4
    kernel = np.exp(-0.5 * (np.arange(-reach, reach + 1) / _SMOOTH_FRAMES) ** 2)
    kernel /= kernel.sum()
    padded = np.pad(boxes, ((reach, reach), (0, 0)), mode="reflect", reflect_type="odd")
    return np.stack([np.convolve(padded[:, k], kernel, mode="valid") for k in range(4)], axis=1)
