"""Tracks against the truth: HOTA, IDF1, MOTA, ID switches (TrackEval), and how pure tracks are."""

from __future__ import annotations

import configparser
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from tracker import boxes

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from numpy.typing import NDArray

SAME_IOU = 0.5  # a box shows the true person it overlaps at least this much


@dataclass(frozen=True, slots=True, eq=False)
class Tracks:
    """Boxes with a number each: the truth, or what a tracker says.

    Attributes:
        frame: (N,) int64, zero-based.
        track: (N,) int64, which track a box belongs to.
        xyxy: (N, 4) float32, pixels.
    """

    frame: NDArray[np.int64]
    track: NDArray[np.int64]
    xyxy: NDArray[np.float32]

    @classmethod
    def of_rows(cls, rows: Iterable[tuple[float, ...]]) -> Tracks:
        """Make it of (frame, track, x1, y1, x2, y2) rows."""
        table = np.array(list(rows), np.float64).reshape(-1, 6)
        return cls(
            table[:, 0].astype(np.int64), table[:, 1].astype(np.int64), table[:, 2:].astype("f4")
        )


@dataclass(frozen=True, slots=True)
class SequenceInfo:
    """A MOTChallenge sequence kept as one video.

    Attributes:
        video: The video file.
        fps: Frames per second.
        frame_count: Number of frames.
        truth: True boxes.
    """

    video: Path
    fps: float
    frame_count: int
    truth: Tracks


def read_sequence(folder: Path) -> SequenceInfo:
    """Read `seqinfo.ini`, `gt/gt.txt` and find the video of a sequence."""
    ini = configparser.ConfigParser()
    ini.read(folder / "seqinfo.ini")
    info = ini["Sequence"]
    table = np.loadtxt(folder / "gt" / "gt.txt", delimiter=",", ndmin=2)
    table = table[table[:, 6] > 0]  # MOTChallenge: rows of confidence 0 are not to be counted
    xyxy = np.concatenate([table[:, 2:4], table[:, 2:4] + table[:, 4:6]], axis=1)
    truth = Tracks(
        table[:, 0].astype(np.int64) - 1, table[:, 1].astype(np.int64), xyxy.astype(np.float32)
    )
    videos = sorted(folder.glob("*.mp4"))
    return SequenceInfo(videos[0], float(info["frameRate"]), int(info["seqLength"]), truth)


def score(truth: Tracks, said: Tracks, *, frame_count: int) -> dict[str, float]:
    """Return the figures of the MOT benchmarks, percentages in 0..100, and the purity of tracks."""
    from trackeval.metrics import CLEAR, HOTA, Identity

    data = _trackeval_data(truth, said, frame_count)
    hota = HOTA().eval_sequence(data)
    clear = CLEAR({"PRINT_CONFIG": False}).eval_sequence(data)
    identity = Identity({"PRINT_CONFIG": False}).eval_sequence(data)
    return {
        "HOTA": 100 * float(np.mean(hota["HOTA"])),
        "AssA": 100 * float(np.mean(hota["AssA"])),
        "DetA": 100 * float(np.mean(hota["DetA"])),
        "IDF1": 100 * float(identity["IDF1"]),
        "MOTA": 100 * float(clear["MOTA"]),
        "IDSW": int(clear["IDSW"]),
        **purity(truth, said),
    }


def purity(truth: Tracks, said: Tracks) -> dict[str, float]:
    """Say how often a track jumps from one true person to another, and into how many it breaks.

    A track belongs to the person most of its boxes overlap. `jumps` counts tracks of which 5 boxes
    or more overlap somebody else and not that person; `pure` is the share of all boxes (of those
    that show anybody) that do overlap the person their track belongs to; `pieces` is tracks per
    true person. Where two people cover each other a box may show both.
    """
    jumps, right, total, owners = 0, 0, 0, []
    people = np.unique(truth.track)
    shown = _shown(truth, said, people)
    for track in np.unique(said.track):
        rows = shown[said.track == track]
        counts = rows.sum(axis=0)
        if not counts.any():
            continue
        owner = int(counts.argmax())
        others = int((rows.any(axis=1) & ~rows[:, owner]).sum())
        jumps += int(others >= 5)
        right, total = right + int(counts[owner]), total + int(counts[owner]) + others
        owners.append(owner)
    return {
        "tracks": len(np.unique(said.track)),
        "jumps": jumps,
        "pure": 100 * right / max(total, 1),
        "pieces": len(owners) / max(len(set(owners)), 1),
    }


def _shown(truth: Tracks, said: Tracks, people: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Return (N, P) True where box n of `said` shows the true person p."""
    shown = np.zeros((len(said.frame), len(people)), np.bool_)
    for frame in np.unique(said.frame):
        rows, true_rows = np.flatnonzero(said.frame == frame), np.flatnonzero(truth.frame == frame)
        columns = np.searchsorted(people, truth.track[true_rows])
        overlap = boxes.iou(said.xyxy[rows], truth.xyxy[true_rows])
        shown[np.ix_(rows, columns)] = overlap >= SAME_IOU
    return shown


def _trackeval_data(truth: Tracks, said: Tracks, frame_count: int) -> dict[str, Any]:
    """Lay the tracks out as TrackEval's metrics want them."""
    true_names, true_ids = np.unique(truth.track, return_inverse=True)
    said_names, said_ids = np.unique(said.track, return_inverse=True)
    data: dict[str, Any] = {"gt_ids": [], "tracker_ids": [], "similarity_scores": []}
    for frame in range(frame_count):
        true_rows, rows = truth.frame == frame, said.frame == frame
        data["gt_ids"].append(true_ids[true_rows])
        data["tracker_ids"].append(said_ids[rows])
        data["similarity_scores"].append(
            boxes.iou(truth.xyxy[true_rows], said.xyxy[rows]).astype(np.float64)
        )
    return {
        **data,
        "num_timesteps": frame_count,
        "num_gt_dets": len(truth.frame),
        "num_tracker_dets": len(said.frame),
        "num_gt_ids": len(true_names),
        "num_tracker_ids": len(said_names),
    }
