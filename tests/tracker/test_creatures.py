from __future__ import annotations

import numpy as np
import pytest

from tracker.creatures import without_passing
from tracker.tracklets import Tracklet

PERSON, CAT = 0, 15
LARGE, SMALL = [10, 10, 60, 60], [10, 10, 20, 20]


def tracklet(number, class_id, box, count, score=0.9):
    return Tracklet(
        number, 0, np.arange(count), np.array([box] * count, np.float32),
        np.full(count, score, np.float32), class_id,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        ([], []),
        ([(PERSON, SMALL, 3, 0.3)], [0]),  # of people nothing of this is asked
        ([(CAT, LARGE, 30, 0.9)], [0]),
        ([(CAT, SMALL, 30, 0.9)], []),
        ([(CAT, LARGE, 10, 0.9)], []),  # passes by
        ([(CAT, LARGE, 30, 0.4)], []),  # doubted
        ([(CAT, SMALL, 30, 0.9), (PERSON, LARGE, 30, 0.9), (CAT, LARGE, 30, 0.9)], [1, 2]),
    ],
)
def test_creatures_must_be_large_and_stay(given, wanted):
    tracklets = [
        tracklet(7 + k, kind, box, count, score)
        for k, (kind, box, count, score) in enumerate(given)
    ]
    kept = without_passing(tracklets, {CAT}, shot_frames=30, picture_px=(100, 100))
    assert [t.xyxy.tolist() for t in kept] == [tracklets[k].xyxy.tolist() for k in wanted]
    assert [t.tracklet_id for t in kept] == [7 + k for k in range(len(wanted))]


def test_without_creatures_everybody_stays():
    one = tracklet(0, CAT, SMALL, 2)
    assert without_passing([one], (), shot_frames=30, picture_px=(100, 100)) == [one]
