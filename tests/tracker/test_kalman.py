"""The motion filter: the engine's numbers, without SciPy's solver."""

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
def test_it_says_what_the_engine_says(path, fps):
    ours, boxes = MotionFilter(fps), np.array(path, np.float64)
    mean, covariance = ours.initiate(boxes[0])
    for box in boxes:
        mean, covariance = ours.predict(mean, covariance)
        wanted = KalmanFilter.gating_distance(ours, mean, covariance, boxes)
        assert ours.gating_distance(mean, covariance, boxes) == pytest.approx(wanted, rel=1e-9)
        assert len(ours.gating_distance(mean, covariance, boxes[:0])) == 0
        wanted = KalmanFilter.update(ours, mean, covariance, box)
        mean, covariance = ours.update(mean, covariance, box)
        assert mean == pytest.approx(wanted[0], rel=1e-9)
        assert covariance == pytest.approx(wanted[1], rel=1e-9, abs=1e-12)


def test_scipys_solver_is_not_imported_for_it_and_there_for_others():
    code = (
        "import sys, tracker.deepsort; assert 'scipy.linalg' not in sys.modules; import scipy; "
        "assert scipy.linalg.cho_factor"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
