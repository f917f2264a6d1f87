"""Little worlds of boxes that a reader can check on paper."""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from scenes.frames import FrameBatch
from tracker.deepsort import ShotTracker
from tracker.detections import Detections
from tracker.settings import TrackerSettings
from tracker.tracklets import Tracklet


def batch_of(rgb, first=0):
    index = np.arange(first, first + len(rgb), dtype=np.int64)
    return FrameBatch(index, tuple(Fraction(int(i), 25) for i in index), rgb)


def noise(count=3, height=96, width=160, seed=0):
    rng = np.random.default_rng(seed)
    small = rng.integers(0, 255, (count, height // 8, width // 8, 3), dtype=np.uint8)
    return np.repeat(np.repeat(small, 8, axis=1), 8, axis=2)


def found(rows):
    """Make detections of (frame, x1, y1, x2, y2[, score]) rows."""
    rows = [(*r, 0.9) if len(r) == 5 else r for r in rows]
    table = np.array(rows, np.float64).reshape(-1, 6)
    return Detections(
        table[:, 0].astype(np.int64),
        table[:, 1:5].astype(np.float32),
        table[:, 5].astype(np.float32),
        np.zeros(len(table), np.int32),
    )


def walk(frames, start, speed, *, size=(40, 120), score=0.9):
    """Return rows of a body that moves by `speed` pixels (x, y) a frame from `start`."""
    rows = []
    for i, frame in enumerate(frames):
        x, y = start[0] + speed[0] * i, start[1] + speed[1] * i
        rows.append((frame, x, y, x + size[0], y + size[1], score))
    return rows


def track(rows, *, fps=25.0, stop=None, settings=None, step=None) -> list[Tracklet]:
    everything = found(sorted(rows, key=lambda r: r[0]))
    end = stop if stop is not None else int(everything.frame.max()) + 1
    tracker = ShotTracker(settings or TrackerSettings(), fps=fps)
    for first in range(0, end, step or end or 1):
        last = min(end, first + (step or end))
        inside = (everything.frame >= first) & (everything.frame < last)
        tracker.push(everything.take(inside), start_frame=first, stop_frame=last)
    return tracker.finish()


def summary(tracklets):
    """Return what tracklets are made of, without their order."""
    return sorted((t.frame.tolist(), t.xyxy.tolist()) for t in tracklets)
