"""The motion filter: the numbers of DeepSORT's, without SciPy's solver."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from deep_sort_realtime.deep_sort.kalman_filter import KalmanFilter

from tracker.kalman import MotionFilter

PATHS = {
    "once": [[50, 80, 0.4, 100]],
    "stands": [[50, 80, 0.4, 100]] * 5,
    "walks": [[50 + 4 * k, 80, 0.4, 100 + k] for k in range(9)],
    "jumps": [[50, 80, 0.4, 100], [500, 30, 0.9, 20], [51, 80, 0.4, 100]],
}


@pytest.mark.parametrize("fps", [8.0, 25.0, 120.0])
@pytest.mark.parametrize("path", PATHS.values(), ids=PATHS)
def test_it_says_what_deepsort_says(path, fps):
    ours, theirs, boxes = MotionFilter(fps), KalmanFilter(), np.array(path, np.float64)
    step = min(max(30 / fps, 0.5), 4)
    theirs._std_weight_position *= step**0.5
    theirs._std_weight_velocity *= 0.5 * step
    state = ours.initiate(boxes[0])
    assert_alike(state, theirs.initiate(boxes[0]))
    for box in boxes:
        wanted = theirs.predict(*state)
        state = ours.predict(*state)
        assert_alike(state, wanted)
        far = ours.gating_distance(*state, boxes)
        assert far == pytest.approx(theirs.gating_distance(*state, boxes), rel=1e-9)
        assert len(ours.gating_distance(*state, boxes[:0])) == 0
        wanted = theirs.update(*state, box)
        state = ours.update(*state, box)
        assert_alike(state, wanted)


def assert_alike(state, wanted):
    mean, covariance = state
    assert mean == pytest.approx(wanted[0], rel=1e-9)
    assert covariance == pytest.approx(wanted[1], rel=1e-9, abs=1e-12)


def test_scipys_solver_is_not_imported():
    code = "import sys, tracker.deepsort; assert 'scipy.linalg' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)
