"""Which pictures stand beside a finding."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from castcheck.second_look import _rows_of_drift
from tests.identity.people import FPS, tracklet


@pytest.mark.parametrize(
    ("frames", "start", "stop", "rows"),
    [
        pytest.param(range(48), 0, 48, [0, 47], id="the whole clip: both its ends"),
        pytest.param(range(48), 20, 30, [13, 19, 30, 36], id="in the middle: before and after"),
        pytest.param(range(10), 10, 48, [3, 9], id="seen before it only"),
        pytest.param(range(24, 48), 10, 48, [0, 23], id="begins before this piece"),
        pytest.param([5], 0, 48, [0], id="one box"),
    ],
)
def test_a_slow_change_is_shown_by_what_there_is(frames, start, stop, rows):
    seen = SimpleNamespace(tracklets=[tracklet(0, list(frames))], fps=FPS)
    assert _rows_of_drift(seen, 0, start, stop) == rows  # type: ignore[arg-type]
