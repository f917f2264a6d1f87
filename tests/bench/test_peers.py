from __future__ import annotations

import numpy as np
import pytest

from bench.consistency import subject_consistency
from bench.mot import Tracks
from bench.peers import (
    Switch,
    alarm_at,
    auc,
    best_alarm,
    hits,
    id_switches,
    quiet_recall,
)
from castcheck.runs.matching import Event, Truth


@pytest.mark.parametrize(
    ("scores", "broken", "threshold", "f1", "area"),
    [
        pytest.param([0.1, 0.2, 0.8, 0.9], [0, 0, 1, 1], 0.8, 1.0, 1.0, id="apart"),
        pytest.param([0.9, 0.8, 0.2, 0.1], [0, 0, 1, 1], 0.1, 2 / 3, 0.0, id="upside-down"),
        pytest.param([0.5, 0.5, 0.5, 0.5], [0, 0, 1, 1], 0.5, 2 / 3, 0.5, id="all-alike"),
        pytest.param([0.1, 0.9, 0.5, 0.8], [0, 0, 1, 1], 0.5, 0.8, 0.5, id="overlapping"),
        pytest.param([0.3, 0.4], [1, 1], 0.3, 1.0, None, id="broken-ones-only"),
        pytest.param([0.3, 0.4], [0, 0], 0.4, 0.0, None, id="clean-ones-only"),
        pytest.param([], [], None, None, None, id="no-clips"),
    ],
)
def test_the_threshold_that_flatters_most(scores, broken, threshold, f1, area):
    flags = [bool(b) for b in broken]
    alarm = best_alarm(scores, flags)
    assert alarm.threshold == threshold
    assert alarm.f1 == (None if f1 is None else pytest.approx(f1))
    assert auc(scores, flags) == (None if area is None else pytest.approx(area))


@pytest.mark.parametrize(
    ("scores", "broken", "share"),
    [
        pytest.param([0.1, 0.4, 0.35, 0.8], [0, 0, 1, 1], 0.5, id="one-of-two"),
        pytest.param([0.5, 0.5], [0, 1], 0.0, id="a-tie-is-not-above"),
        pytest.param([0.5, 0.6], [1, 1], 1.0, id="no-clean-clips"),
        pytest.param([0.5], [0], None, id="no-broken-clips"),
        pytest.param([], [], None, id="no-clips"),
    ],
)
def test_what_a_gate_that_never_stops_a_good_clip_catches(scores, broken, share):
    assert quiet_recall(scores, [bool(b) for b in broken]) == share


def test_no_alarm_has_no_precision():
    alarm = alarm_at([0.1, 0.2], [True, False], 0.5)
    assert (alarm.precision, alarm.recall, alarm.f1) == (None, 0.0, 0.0)


@pytest.mark.parametrize(
    ("rows", "cuts", "expected"),
    [
        pytest.param([[1, 0]] * 4, (), 1.0, id="still"),
        pytest.param([[1, 0]], (), 1.0, id="one-frame"),
        pytest.param([[1, 0], [0, 1]], (), 0.0, id="all-new"),
        pytest.param([[1, 0], [-1, 0]], (), 0.0, id="opposites-count-as-zero"),
        pytest.param([[1, 0], [0, 1]], (1,), 1.0, id="each-shot-by-itself"),
    ],
)
def test_subject_consistency(rows, cuts, expected):
    assert subject_consistency(np.array(rows, np.float32), cuts) == pytest.approx(expected)


def known(events=(), cuts=(), frames=20):
    def boxes(left):
        return {f: np.array([[left, 0, left + 20, 40]] * 2, np.float32) for f in range(frames)}

    return Truth({("ana", 0): boxes(0), ("ben", 0): boxes(100)}, events, cuts, frames, 24.0)


def follow(*numbers_of_ana):
    """Tracks that follow ana under these numbers, one per frame; None = lost. Ben is number 9."""
    rows = [(f, n, 0, 0, 20, 40) for f, n in enumerate(numbers_of_ana) if n is not None]
    rows += [(f, 9, 100, 0, 120, 40) for f in range(len(numbers_of_ana))]
    return Tracks.of_rows(rows)


@pytest.mark.parametrize(
    ("numbers", "cuts", "expected"),
    [
        pytest.param([1] * 8, (), [], id="none"),
        pytest.param([1, 1, 2, 2], (), [(2, False)], id="one"),
        pytest.param([1, None, None, 2], (), [(3, False)], id="after-a-gap"),
        pytest.param([1, None, None, 1], (), [], id="found-again"),
        pytest.param([1, 1, 2, 2], (2,), [(2, True)], id="over-a-cut"),
        pytest.param([], (), [], id="nothing-tracked"),
    ],
)
def test_id_switches(numbers, cuts, expected):
    found = id_switches(known(cuts=cuts), follow(*numbers))
    assert [(s.frame, s.over_cut) for s in found] == expected
    assert all(s.track == ("ana", 0) for s in found)


SWAP = Event("swap", ("ana", "ben"), 10, 11)


@pytest.mark.parametrize(
    ("event", "switch", "cuts", "hit"),
    [
        pytest.param(SWAP, Switch(13, ("ana", 0), over_cut=False), (), True, id="in-time"),
        pytest.param(SWAP, Switch(14, ("ana", 0), over_cut=False), (), False, id="late"),
        pytest.param(SWAP, Switch(10, ("eve", 0), over_cut=False), (), False, id="of-another"),
        pytest.param(SWAP, Switch(11, ("ana", 0), over_cut=True), (11,), False, id="mere-cut"),
        pytest.param(SWAP, Switch(10, ("ana", 0), over_cut=True), (10,), True, id="at-its-cut"),
        pytest.param(
            Event("drift", ("ana",), 5, 15), Switch(14, ("ana", 0), over_cut=False), (), True,
            id="while-it-lasts",
        ),
    ],
)  # fmt: skip
def test_which_events_a_switch_hits(event, switch, cuts, hit):
    assert hits(event, [switch], known((event,), cuts)) is hit
    assert hits(event, [], known((event,), cuts)) is False
