"""Tracklets inside one shot, on the engine of deep-sort-realtime.

The engine gives the Kalman filter and the life of a track (tentative, confirmed, deleted). What it
matches by is not used: its re-ID vectors bend a track towards the look, and an exchange of looks
is what we want to see. Here a box joins a track by motion alone.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
from deep_sort_realtime.deep_sort.detection import Detection
from deep_sort_realtime.deep_sort.track import Track, TrackState

from tracker import boxes
from tracker.detections import Detections
from tracker.kalman import FAR, MotionFilter
from tracker.matching import (
    best_pairs,
    contested_pairs,
    duplicates_of,
    expand,
    extend_back,
    isolated_pairs,
    merged_boxes,
    similar_size,
)
from tracker.settings import TrackerSettings
from tracker.tracklets import Tracklet

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Pair = tuple[int, int]

WEAK_IOU = 0.5  # a weak box lengthens a track only where it is expected
WEAK_DOUBLE_IOU, WEAK_DOUBLE_INSIDE = 0.4, 0.7  # a weak box this near a taken one is its double
NEW_DOUBLE_IOU = 0.45  # and a strong one this near starts no track of its own
KNOWN_BOXES = 5  # a track of this length is a body of which it is known how large it is
CLAIM_MARGIN = 0.05  # and two such tracks claim one box if they do so this equally
HIDDEN_IOU = 0.3  # and no second track or box may overlap this much: then motion cannot tell
SAME_SIZE = 0.6  # of two heights, where one box is taken for the other after a jump or a gap
JUMP_GROWTH, JUMP_IOU = 0.5, 0.2  # boxes grown by half on every side must still overlap

_CONFIRMED_BY = 2  # boxes, one frame after the other


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
        order = np.argsort(found.frame, kind="stable")
        frames = np.arange(start_frame, stop_frame + 1)
        for first, stop in pairwise(np.searchsorted(found.frame[order], frames).tolist()):
            rows = order[first:stop]
            self._engine.step(found.take(rows), rows + self._row_count)
        self._found.append(found)
        self._row_count += len(found)
        self._frame_count += stop_frame - start_frame
        self._next_frame = stop_frame

    def finish(self, *, first_id: int = 0) -> list[Tracklet]:
        """Return the tracklets by first frame, numbered from `first_id`."""
        found = Detections.concat(self._found)
        need = min(self._settings.min_boxes, self._frame_count)
        tracks = [rows for rows in self._engine.rows_by_track() if len(rows) >= need]
        parts = [found.take(np.asarray(rows, np.int64)) for rows in self._lead_in(tracks, found)]
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

    def _lead_in(self, tracks: list[list[int]], found: Detections) -> list[list[int]]:
        """Return the rows of each track with the weaker boxes that lead up to its start."""
        free = np.ones(len(found), np.bool_)
        free[[row for rows in tracks for row in rows]] = False
        free &= found.score >= self._settings.backfill_score
        rows_at: dict[int, list[int]] = {}
        for row in np.flatnonzero(free):
            rows_at.setdefault(int(found.frame[row]), []).append(int(row))
        ordered = sorted(tracks, key=lambda rows: -len(rows))
        return [
            extend_back(rows[0], rows_at, found.xyxy, frame=int(found.frame[rows[0]])) + rows
            for rows in ordered
        ]


class _Track(Track):  # type: ignore[misc]
    """A track that remembers which rows of the detections it is made of."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.rows: list[int] = [self.others]
        self.last_box = np.asarray(self.to_ltrb(), np.float32)

    def update(self, kf: MotionFilter, detection: Detection) -> None:
        """Take the box into the track."""
        super().update(kf, detection)
        self.features.clear()  # the engine keeps a vector for each box; there are none
        self.rows.append(detection.others)
        self.last_box = np.asarray(detection.to_tlbr(), np.float32)

    def end(self) -> None:
        """Take no more boxes."""
        self.state = TrackState.Deleted


class _Engine:
    """All tracks of a shot, matched by motion."""

    def __init__(self, settings: TrackerSettings, fps: float) -> None:
        self.tracks: list[_Track] = []
        self.kf = MotionFilter(fps)
        self._max_age = max(1, round(settings.max_gap_s * fps))
        self._settings = settings
        self._all: list[_Track] = []

    def step(self, found: Detections, rows: NDArray[np.int64]) -> None:
        """Go on by one frame; `rows` names the boxes for `rows_by_track`."""
        ltwh = np.concatenate([found.xyxy[:, :2], found.xyxy[:, 2:] - found.xyxy[:, :2]], axis=1)
        detections = [
            Detection(box, score, None, others=int(row))
            for box, score, row in zip(ltwh, found.score, rows, strict=True)
        ]
        for track in self.tracks:
            track.predict(self.kf)
        pairs, lost, new = self._match(detections)
        for number, taken in pairs:
            self.tracks[number].update(self.kf, detections[taken])
        for number in lost:
            self.tracks[number].mark_missed()
        for taken in new:
            self._start(detections[taken])
        self.tracks = [track for track in self.tracks if not track.is_deleted()]

    def rows_by_track(self) -> list[list[int]]:
        """Return the rows of every track there has been."""
        return [track.rows for track in self._all]

    def _start(self, detection: Detection) -> None:
        """Begin a track with a box."""
        state = self.kf.initiate(detection.to_xyah())
        number = str(len(self._all))
        track = _Track(*state, number, _CONFIRMED_BY, self._max_age, others=detection.others)
        self.tracks.append(track)
        self._all.append(track)

    def _match(self, detections: Sequence[Detection]) -> tuple[list[Pair], list[int], list[int]]:
        """Pair tracks with boxes; return the pairs, the lost tracks and the boxes that start one.

        A box around two whose own boxes were known is nobody's: both are hidden in it.
        In four rounds, the surest first: tracks seen in the frame before with strong boxes, then
        with weak ones (that only lengthen a track), then by a wide jump where only one box can be
        meant; then hidden tracks, which must never take the box of somebody still in view.
        """
        work = _Round(self.tracks, detections, self.kf)
        strong = work.score >= self._settings.strong_score
        fresh = np.array([t.time_since_update == 1 for t in self.tracks], np.bool_)
        work.match_near(fresh, strong, self._settings.min_iou)
        work.drop_shadows(~strong, iou=WEAK_DOUBLE_IOU, inside=WEAK_DOUBLE_INSIDE)
        work.match_near(fresh, ~strong, WEAK_IOU)
        work.match_jumps(fresh, strong)
        work.match_hidden(~fresh, strong)
        work.drop_shadows(strong, iou=NEW_DOUBLE_IOU, inside=2)
        new = work.free_boxes & (work.score >= self._settings.start_score)
        for row in work.contested:
            self.tracks[row].end()
        return work.pairs, np.flatnonzero(work.free_tracks).tolist(), np.flatnonzero(new).tolist()


class _Round:
    """The matching of one frame: what is still free, and what has been paired."""

    def __init__(
        self, tracks: Sequence[_Track], detections: Sequence[Detection], kalman: MotionFilter
    ) -> None:
        self._tracks, self._detections, self._kalman = tracks, detections, kalman
        self.score = np.array([d.confidence for d in detections], np.float32)
        self._seen = _stack([d.to_tlbr() for d in detections])
        self._expected = _stack([t.to_ltrb() for t in tracks])
        self._last = _stack([t.last_box for t in tracks])
        self._overlap = boxes.iou(self._expected, self._seen)
        self.free_tracks = np.ones(len(tracks), np.bool_)
        self._known = np.array([len(t.rows) >= KNOWN_BOXES for t in tracks], np.bool_)
        self.free_boxes = ~merged_boxes(self._seen, self._last[self._known])
        self.pairs: list[Pair] = []
        self.contested: list[int] = []

    def match_near(
        self, tracks: NDArray[np.bool_], found: NDArray[np.bool_], min_iou: float
    ) -> None:
        """Pair by overlap with the expected boxes; where two tracks claim one box, end the one."""
        rows, columns = self._free(tracks, found)
        if not len(rows) or not len(columns):
            return
        overlap = self._overlap[np.ix_(rows, columns)]
        pairs = best_pairs(overlap, min_overlap=min_iou)
        old = self._known[rows]
        claims = np.where(old[:, None], overlap, 0)
        disputed = contested_pairs(claims, pairs, min_overlap=min_iou, margin=CLAIM_MARGIN)
        disputed = [pair for pair in disputed if old[pair[0]]]
        self.contested += [int(rows[r]) for r, _ in disputed]
        self._keep(rows, columns, [pair for pair in pairs if pair not in disputed])

    def match_jumps(self, tracks: NDArray[np.bool_], found: NDArray[np.bool_]) -> None:
        """Pair what moved farther than its own size, where nothing else can be meant."""
        rows, columns = self._free(tracks, found)
        rows = np.array([row for row in rows.tolist() if row not in self.contested], np.int64)
        if not len(rows) or not len(columns):
            return
        seen, last = self._seen[columns], self._last[rows]
        near = boxes.iou(expand(last, JUMP_GROWTH), expand(seen, JUMP_GROWTH))
        near = np.where(similar_size(last, seen, least=SAME_SIZE), near, 0).astype(np.float32)
        pairs = best_pairs(near, min_overlap=JUMP_IOU)
        self._keep(rows, columns, isolated_pairs(near, pairs, below=0.05))

    def match_hidden(self, tracks: NDArray[np.bool_], found: NDArray[np.bool_]) -> None:
        """Pair tracks that were hidden with boxes where, and as large as, they are expected."""
        rows, columns = self._free(tracks, found)
        if not len(rows) or not len(columns):
            return
        overlap = self._overlap[np.ix_(rows, columns)]
        overlap = overlap * similar_size(self._last[rows], self._seen[columns], least=SAME_SIZE)
        xyah = np.stack([self._detections[c].to_xyah() for c in columns])
        for i, row in enumerate(rows):
            track = self._tracks[row]
            far = self._kalman.gating_distance(track.mean, track.covariance, xyah) > FAR
            overlap[i, far] = 0
        pairs = best_pairs(overlap, min_overlap=HIDDEN_IOU)
        self._keep(rows, columns, isolated_pairs(overlap, pairs, below=HIDDEN_IOU))

    def drop_shadows(self, found: NDArray[np.bool_], *, iou: float, inside: float) -> None:
        """Take doubles of boxes that have a track already out of the game."""
        columns = np.flatnonzero(found & self.free_boxes)
        taken = self._seen[[column for _, column in self.pairs]]
        self.free_boxes[columns] = ~duplicates_of(
            self._seen[columns], taken, iou=iou, inside=inside
        )

    def _free(
        self, tracks: NDArray[np.bool_], found: NDArray[np.bool_]
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return the indices of the wanted tracks and boxes that are still free."""
        return np.flatnonzero(tracks & self.free_tracks), np.flatnonzero(found & self.free_boxes)

    def _keep(self, rows: NDArray[np.int64], columns: NDArray[np.int64], pairs: list[Pair]) -> None:
        """Write down `pairs`, given in places of `rows` and `columns`."""
        for r, c in pairs:
            self.pairs.append((int(rows[r]), int(columns[c])))
            self.free_tracks[rows[r]] = False
            self.free_boxes[columns[c]] = False


def _stack(rows: list[NDArray[np.float32]]) -> NDArray[np.float32]:
    """Return the (4,) boxes as (N, 4), also where there are none."""
    return np.asarray(rows, np.float32).reshape(-1, 4)
