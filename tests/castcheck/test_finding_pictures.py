"""Which pictures stand beside a finding."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from castcheck.findings.pictures import _change, _rows_of_drift, _strip_picks
from castcheck.report.visuals import Picture
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
    ("labels", "frames", "who", "was"),
    [
        pytest.param([0, 1], [9, 10, 12], "char-02", "char-01", id="the place changes hands"),
        pytest.param([0, 0], [9, 10, 12], "char-01", None, id="the same one looks otherwise"),
        pytest.param([-1, 1], [9, 12], "char-02", "", id="before it is nobody known"),
        pytest.param([0, -1], [9, 12], None, "char-01", id="after it is nobody known"),
        pytest.param([-1, -1], [9, 12], None, None, id="nobody is known"),
        pytest.param([0, 1], [12], "char-02", None, id="who appears"),
        pytest.param([0, 1], [9], "char-01", None, id="who is gone"),
        pytest.param([0, 1], [], None, None, id="no picture"),
    ],
)
def test_a_change_says_who_is_there_before_and_after(labels, frames, who, was):
    body = tracklet(0, list(range(20)))
    rows = looks(body.frame.tolist(), ["A"] * 20)
    judgement: Any = SimpleNamespace(
        segments=[make_segment(body, rows, 0, 10), make_segment(body, rows, 10, 20)],
        cast=SimpleNamespace(labels=labels),
    )
    made = _change(judgement, [Picture(f, 0, b"", 1, 1) for f in frames], 10)
    assert (made.character_id, made.was_id) == (who, was)
    assert [p.frame for p in (*made.before, *made.after)] == frames


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
