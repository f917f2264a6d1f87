"""Tracks against the truth: HOTA, IDF1, MOTA, ID switches (TrackEval), and how pure tracks are."""

from __future__ import annotations

import configparser
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.optimize import linear_sum_assignment

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

    `jumps` counts tracks that follow a second person for at least 5 boxes; `pure` is the share
    of boxes that show the person their track shows most; `pieces` is tracks per true person.
    """
    who = true_person(truth, said)
    jumps, right, total, tracks = 0, 0, 0, 0
    for track in np.unique(said.track):
        people = who[(said.track == track) & (who >= 0)]
        if not len(people):
            continue
        counts = np.sort(np.unique(people, return_counts=True)[1])[::-1]
        jumps += int(len(counts) > 1 and counts[1] >= 5)
        right, total, tracks = right + int(counts[0]), total + len(people), tracks + 1
    seen = len(np.unique(who[who >= 0]))
    return {
        "tracks": len(np.unique(said.track)),
        "jumps": jumps,
        "pure": 100 * right / max(total, 1),
        "pieces": tracks / max(seen, 1),
    }


def true_person(truth: Tracks, said: Tracks) -> NDArray[np.int64]:
    """Return (N,) the true track each box shows, -1 where it shows none."""
    who = np.full(len(said.frame), -1, np.int64)
    for frame in np.unique(said.frame):
        rows, true_rows = np.flatnonzero(said.frame == frame), np.flatnonzero(truth.frame == frame)
        overlap = boxes.iou(said.xyxy[rows], truth.xyxy[true_rows])
        for i, j in zip(*linear_sum_assignment(-overlap), strict=True):
            if overlap[i, j] >= SAME_IOU:
                who[rows[i]] = truth.track[true_rows[j]]
    return who


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
