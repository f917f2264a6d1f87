"""The five situations in which a re-ID tracker hides the error: castcheck gets five of five.

Perfect looks, as in the trackers' own best case: shots first, a fresh tracker in each, characters
made from looks, errors where looks and motion disagree.
"""

from __future__ import annotations

import numpy as np
import pytest

from identity.appearance.looks import Looks
from identity.judge import judge_looks
from identity.settings import ClusteringSettings, FindingSettings
from scenes.shots import Cut, shots_from_cuts
from tests.identity.people import FPS, calibration, looks
from tracker.deepsort import ShotTracker
from tracker.detections import Detections
from tracker.tracklets import Tracklet

PLACES = {"left": 100.0, "right": 450.0, "middle": 280.0, "far": 560.0}
HALF = 24


def judge(story, length, cuts=()):
    """Judge a clip in which `story(frame)` maps people to places; return it and who is where."""
    shots = shots_from_cuts([Cut(c) for c in cuts], frame_count=length)
    tracklets: list[Tracklet] = []
    seen: list[Looks] = []
    truth: dict[tuple[int, float], str] = {}
    for shot in shots:
        rows = []
        for frame in range(shot.start_frame, shot.stop_frame):
            for who, where in story(frame).items():
                rows.append((frame, PLACES[where], who))
                truth[frame, PLACES[where]] = who
        found = Detections(
            np.array([r[0] for r in rows], np.int64),
            np.array([[r[1], 100, r[1] + 60, 260] for r in rows], np.float32).reshape(-1, 4),
            np.full(len(rows), 0.9, np.float32),
            np.zeros(len(rows), np.int32),
        )
        tracker = ShotTracker(fps=FPS, shot_index=shot.index)
        tracker.push(found, start_frame=shot.start_frame, stop_frame=shot.stop_frame)
        tracklets += tracker.finish(first_id=len(tracklets))
    for number, t in enumerate(tracklets):
        wears = [truth[int(f), float(b[0])] for f, b in zip(t.frame, t.xyxy, strict=True)]
        seen.append(looks(t.frame.tolist(), wears, seed=number))
    setups = np.eye(len(shots), dtype=np.float32)
    judgement = judge_looks(
        tracklets,
        seen,
        shots,
        setups,
        calibration(),
        ClusteringSettings(),
        FindingSettings(),
        fps=FPS,
    )
    who = {}
    for segment, label in zip(judgement.segments, judgement.cast.labels, strict=True):
        for frame, box in zip(segment.frames, segment.xyxy, strict=True):
            who[int(frame), float(box[0])] = int(label)
    named: dict[str, set[int]] = {}
    for key, label in who.items():
        named.setdefault(truth[key], set()).add(label)
    return judgement, named


@pytest.mark.parametrize(
    ("second", "cast"),
    [
        pytest.param({"A": "right", "B": "left"}, 2, id="cut, two people change sides"),
        pytest.param({"A": "middle", "B": "far"}, 2, id="cut, same people at new places"),
        pytest.param({"C": "left", "D": "right"}, 4, id="cut, two new people at the same places"),
    ],
)
def test_identities_follow_people_over_a_cut(second, cast):
    first = {"A": "left", "B": "right"}
    judgement, named = judge(lambda f: first if f < HALF else second, 2 * HALF, cuts=[HALF])
    assert judgement.cast.character_count == cast
    assert all(len(labels) == 1 for labels in named.values())
    assert len({next(iter(labels)) for labels in named.values()}) == len(named)
    assert not judgement.explained


def test_exchange_of_looks_in_place_is_an_alarm():
    def story(frame):
        return {"A": "left", "B": "right"} if frame < HALF else {"B": "left", "A": "right"}

    judgement, named = judge(story, 2 * HALF)
    assert [(i.kind, i.start_frame) for i in judgement.explained] == [("swap", HALF)]
    assert judgement.cast.character_count == 2
    assert all(len(labels) == 1 for labels in named.values())


def test_the_same_people_after_31_frames_away_are_the_same_people():
    away = range(HALF, HALF + 31)

    def story(frame):
        return {} if frame in away else {"A": "left", "B": "right"}

    judgement, named = judge(story, 2 * HALF + 31)
    assert judgement.cast.character_count == 2
    assert all(len(labels) == 1 for labels in named.values())
