"""Tracklets inside one shot, on the engine of deep-sort-realtime; the only file that imports it.

The engine gives the Kalman filter and the life of a track (tentative, confirmed, deleted). What it
matches by is replaced: its re-ID vectors bend a track towards the look, and an exchange of looks
is what we want to see. Here a box joins a track by motion alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from deep_sort_realtime.deep_sort.detection import Detection
from deep_sort_realtime.deep_sort.kalman_filter import KalmanFilter
from deep_sort_realtime.deep_sort.nn_matching import NearestNeighborDistanceMetric
from deep_sort_realtime.deep_sort.track import Track
from deep_sort_realtime.deep_sort.tracker import Tracker
from scipy.optimize import linear_sum_assignment

from tracker import boxes
from tracker.detections import Detections
from tracker.settings import TrackerSettings
from tracker.tracklets import Tracklet

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

_NO_LOOK = np.ones(1, np.float32)  # the engine wants a vector; this one says nothing
_REFERENCE_FPS = 30.0  # the rate the engine's noise was tuned for


class ShotTracker:
    """Follows everybody through one shot; make a fresh one for every shot.

    Args:
        settings: Thresholds.
        fps: Frames per second of the clip; the slower, the farther people jump between frames.
        shot_index: Written into the tracklets.

    Example:
        >>> row = (np.array([5]), np.array([[10, 10, 50, 90]], np.float32), np.ones(1, np.float32))
        >>> one = Detections(*row, np.zeros(1, np.int32))
        >>> tracker = ShotTracker(fps=25)
        >>> tracker.push(one, start_frame=5, stop_frame=6)
        >>> [tracklet.start_frame for tracklet in tracker.finish()]
        [5]
    """

    def __init__(
        self, settings: TrackerSettings | None = None, *, fps: float = 25.0, shot_index: int = 0
    ) -> None:
        self._settings = settings or TrackerSettings()
        self._shot_index = shot_index
        self._engine = _Engine(self._settings, fps)
        self._found: list[Detections] = []
        self._row_count = 0
        self._frame_count = 0
        self._next_frame: int | None = None

    def push(self, found: Detections, *, start_frame: int, stop_frame: int) -> None:
        """Go on with the frames `[start_frame, stop_frame)`, of which `found` holds all boxes.

        Raises:
            ValueError: The frames do not follow on those pushed before, or a box lies outside.
        """
        if self._next_frame is not None and start_frame != self._next_frame:
            raise ValueError(f"expected frame {self._next_frame} to follow, got {start_frame}")
        if len(found) and not start_frame <= found.frame.min() <= found.frame.max() < stop_frame:
            raise ValueError(f"boxes outside the frames {start_frame}..{stop_frame - 1}")
        size = found.xyxy[:, 2:] - found.xyxy[:, :2]
        found = found.take(np.asarray((size > 0).all(axis=1), np.bool_))
        for frame in range(start_frame, stop_frame):
            rows = np.flatnonzero(found.frame == frame)
            self._engine.step(found.take(rows), rows + self._row_count)
        self._found.append(found)
        self._row_count += len(found)
        self._frame_count += stop_frame - start_frame
        self._next_frame = stop_frame

    def finish(self, *, first_id: int = 0) -> list[Tracklet]:
        """Return the tracklets by first frame, numbered from `first_id`."""
        found = Detections.concat(self._found)
        need = min(self._settings.min_boxes, self._frame_count)
        parts = [
            found.take(np.asarray(rows, np.int64))
            for rows in self._engine.rows_by_track()
            if len(rows) >= need
        ]
        parts.sort(key=lambda p: (int(p.frame[0]), *p.xyxy[0].tolist()))
        return [
            Tracklet(
                first_id + number,
                self._shot_index,
                part.frame,
                part.xyxy,
                part.score,
                int(np.bincount(part.class_id).argmax()),
            )
            for number, part in enumerate(parts)
        ]


class _Kalman(KalmanFilter):  # type: ignore[misc]
    """The engine's filter, its noise scaled to the time between two frames."""

    def __init__(self, fps: float) -> None:
        super().__init__()
        step = float(np.clip(_REFERENCE_FPS / max(fps, 1e-3), 0.5, 4.0))
        self._std_weight_position *= step**0.5
        self._std_weight_velocity *= step


class _Track(Track):  # type: ignore[misc]
    """A track that remembers which rows of the detections it is made of."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.rows: list[int] = [self.others]

    def update(self, kf: KalmanFilter, detection: Detection) -> None:
        """Take the box into the track."""
        super().update(kf, detection)
        self.rows.append(detection.others)

    def box(self) -> NDArray[np.float32]:
        """Return (4,) where the filter expects it now, x1 y1 x2 y2 in pixels."""
        return np.asarray(self.to_ltrb(), np.float32)


@dataclass(frozen=True, slots=True)
class _Pairs:
    """Which track took which detection in one round of matching."""

    matches: list[tuple[int, int]]
    tracks: list[int]
    found: list[int]


class _Engine(Tracker):  # type: ignore[misc]
    """The engine's tracker, matching by motion instead of by looks."""

    def __init__(self, settings: TrackerSettings, fps: float) -> None:
        super().__init__(
            NearestNeighborDistanceMetric("cosine", 1.0, budget=1),
            max_age=max(1, round(settings.hidden_s * fps)),
            n_init=2,
            override_track_class=_Track,
        )
        self.kf = _Kalman(fps)
        self._settings = settings
        self._all: list[_Track] = []

    def step(self, found: Detections, rows: NDArray[np.int64]) -> None:
        """Go on by one frame; `rows` names the boxes for `rows_by_track`."""
        ltwh = np.concatenate([found.xyxy[:, :2], found.xyxy[:, 2:] - found.xyxy[:, :2]], axis=1)
        self.predict()
        self.update(
            [
                Detection(box, score, _NO_LOOK, others=int(row))
                for box, score, row in zip(ltwh, found.score, rows, strict=True)
            ]
        )

    def rows_by_track(self) -> list[list[int]]:
        """Return the rows of every track there has been."""
        return [track.rows for track in self._all]

    def _initiate_track(self, detection: Detection) -> None:
        super()._initiate_track(detection)
        self._all.append(self.tracks[-1])

    def _match(
        self, detections: Sequence[Detection]
    ) -> tuple[list[tuple[int, int]], list[int], list[int]]:
        """Pair tracks with boxes: strong boxes first, then weak ones; return what is left over."""
        score = np.array([d.confidence for d in detections], np.float32)
        strong = [i for i, s in enumerate(score) if s >= self._settings.strong_score]
        weak = [i for i, s in enumerate(score) if s < self._settings.strong_score]
        first = self._pair(
            detections, list(range(len(self.tracks))), strong, self._settings.min_iou
        )
        # A weak box may only lengthen a track that was seen in the frame before, where it was.
        fresh = [k for k in first.tracks if self.tracks[k].time_since_update == 1]
        second = self._pair(detections, fresh, weak, 0.5)
        matches = first.matches + second.matches
        taken = {k for k, _ in matches}
        lost = [k for k in range(len(self.tracks)) if k not in taken]
        new = [i for i in first.found if score[i] >= self._settings.start_score]
        return matches, lost, new

    def _pair(
        self, detections: Sequence[Detection], tracks: list[int], found: list[int], min_iou: float
    ) -> _Pairs:
        """Pair by overlap with the expected boxes, best total first."""
        if not tracks or not found:
            return _Pairs([], tracks, found)
        expected = np.stack([self.tracks[k].box() for k in tracks])
        seen = np.stack([detections[i].to_tlbr() for i in found]).astype(np.float32)
        overlap = boxes.iou(expected, seen)
        cost = np.where(overlap >= min_iou, 1 - overlap, 10.0)
        pairs = [(int(r), int(c)) for r, c in zip(*linear_sum_assignment(cost), strict=True)]
        pairs = [(r, c) for r, c in pairs if overlap[r, c] >= min_iou]
        matched_rows, matched_columns = {r for r, _ in pairs}, {c for _, c in pairs}
        return _Pairs(
            [(tracks[r], found[c]) for r, c in pairs],
            [k for r, k in enumerate(tracks) if r not in matched_rows],
            [i for c, i in enumerate(found) if c not in matched_columns],
        )
