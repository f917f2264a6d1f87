"""Which pictures stand beside a finding."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from castcheck.findings.pictures import _rows_of_drift, _strip_picks
from identity.tracks.segments import make_segment
from tests.identity.people import FPS, looks, tracklet


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


@pytest.mark.parametrize(
    ("labels", "doubtful", "shown"),
    [
        pytest.param([0, 0], [False, False], {0: {0, 1}}, id="all that is sure"),
        pytest.param([0, 0], [False, True], {0: {0}}, id="nothing that may be a thing"),
        pytest.param([0, -1], [False, True], {0: {0}}, id="nobody"),
        pytest.param([0, 1], [False, False], {0: {0}, 1: {1}}, id="each his own"),
    ],
)
def test_a_character_is_shown_by_what_the_detector_is_sure_of(labels, doubtful, shown):
    tracklets = [tracklet(number, list(range(20))) for number in range(2)]
    segments = [make_segment(t, looks(t.frame.tolist(), ["A"] * 20), 0, 20) for t in tracklets]
    cast = SimpleNamespace(
        labels=np.array(labels), doubtful=np.array(doubtful), character_count=max(labels) + 1
    )
    picks = _strip_picks(
        SimpleNamespace(tracklets=tracklets),  # type: ignore[arg-type]
        SimpleNamespace(segments=segments, cast=cast),  # type: ignore[arg-type]
    )
    assert {number: {t for t, _ in chosen} for number, chosen in picks.items()} == shown
