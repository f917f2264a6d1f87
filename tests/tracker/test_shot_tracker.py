from __future__ import annotations

import numpy as np
import pytest

from tests.tracker.worlds import found, summary, track, walk
from tracker.deepsort import ShotTracker
from tracker.settings import TrackerSettings


def xs(tracklet):
    return tracklet.xyxy[:, 0]


@pytest.mark.parametrize(
    ("rows", "stop", "expect"),
    [
        pytest.param([], 5, [], id="nobody"),
        pytest.param([], 0, [], id="no-frames"),
        pytest.param(walk([0], (10, 10), (0, 0)), 1, [[0]], id="one-frame"),
        pytest.param(walk(range(2), (10, 10), (2, 0)), 2, [[0, 1]], id="two-frames"),
        pytest.param(walk(range(2), (10, 10), (2, 0)), 9, [], id="two-boxes-in-a-longer-shot"),
        pytest.param(walk(range(5), (10, 10), (2, 0)), 5, [[0, 1, 2, 3, 4]], id="from-the-first"),
        pytest.param(walk(range(5), (10, 10), (2, 0), score=0.2), 5, [], id="never-sure"),
        pytest.param([(f, 10, 10, 10, 90) for f in range(5)], 5, [], id="no-width"),
    ],
)  # fmt: skip
def test_frames_of_tracklets(rows, stop, expect):
    assert [t.frame.tolist() for t in track(rows, stop=stop)] == expect


def test_boxes_are_the_detectors_own():
    rows = walk(range(10), (10.25, 20.5), (3.5, 1.25))
    (one,) = track(rows)
    assert np.array_equal(one.xyxy, np.array([r[1:5] for r in rows], np.float32))


def test_boxes_without_area_do_not_shift_the_others():
    rows = walk(range(6), (10, 10), (2, 0))
    rows += [(f, 5, 5, 5, 5, 0.99) for f in range(6)]
    (one,) = track(rows)
    assert xs(one).tolist() == [10, 12, 14, 16, 18, 20]


def test_a_box_around_two_takes_neither_track():
    apart = [f for f in range(20) if not 8 <= f < 12]
    rows = walk(apart, (100, 50), (0, 0)) + walk(apart, (150, 50), (0, 0))
    both = (min(rows[0][1], rows[-1][1]), 50, max(rows[0][3], rows[-1][3]), rows[0][4])
    rows += [(f, *both, 0.9) for f in range(8, 12)]
    assert [t.frame.tolist() for t in track(rows, stop=20)] == [apart, apart]


def test_weak_boxes_lengthen_a_track_and_lead_up_to_it():
    rows = walk(range(3), (10, 10), (1, 0), score=0.25)
    rows += walk(range(3, 6), (13, 10), (1, 0))
    rows += walk(range(6, 9), (16, 10), (1, 0), score=0.2)
    (one,) = track(rows)
    assert one.frame.tolist() == list(range(9))


def test_a_short_occlusion_is_bridged():
    rows = walk(range(30), (10, 50), (4, 0))
    rows = [r for r in rows if not 12 <= r[0] < 20]
    (one,) = track(rows)
    assert one.start_frame == 0
    assert one.stop_frame == 30
    assert 15 not in one.frame


def test_a_long_absence_is_not():
    rows = walk(range(20), (10, 50), (0, 0)) + walk(range(60, 80), (10, 50), (0, 0))
    assert [t.start_frame for t in track(rows)] == [0, 60]


@pytest.mark.parametrize("speed", [4, 8, 16])
def test_two_people_who_cross_keep_their_way(speed):
    count = 320 // speed
    right = walk(range(count), (0, 50), (speed, 0))
    left = walk(range(count), (320, 56), (-speed, 0))
    one, two = track(right + left)
    assert np.all(np.diff(xs(one)) * np.diff(xs(one))[0] > 0)
    assert np.all(np.diff(xs(two)) * np.diff(xs(two))[0] > 0)
    assert len(one) == len(two) == count


def test_the_one_behind_disappears_and_the_one_in_front_goes_on():
    count = 50
    front = walk(range(count), (0, 50), (6, 0), size=(60, 140))
    behind = [r for r in walk(range(count), (150, 60), (0, 0)) if not 19 <= r[0] <= 27]
    tracklets = track(front + behind)
    longest = max(tracklets, key=len)
    assert len(longest) == count
    assert np.all(np.diff(xs(longest)) > 0)
    assert all(np.ptp(xs(t)) == 0 for t in tracklets if t is not longest)


def test_a_hidden_track_never_takes_the_box_of_somebody_in_view():
    # B goes behind A, comes out on A's other side; A takes one step to where B was.
    steady = walk(range(20), (100, 50), (0, 0), size=(80, 150))
    hides = walk(range(6), (70, 52), (3, 0), size=(70, 148))
    steps = walk(range(20, 40), (80, 50), (0, 0), size=(80, 150))
    comes = walk(range(20, 40), (150, 52), (1, 0), size=(70, 148))
    tracklets = track(steady + hides + steps + comes)
    of_a = next(t for t in tracklets if t.start_frame == 0 and len(t) > 6)
    assert of_a.stop_frame == 40
    assert xs(of_a)[-1] == 80


def test_low_frame_rates_jump_farther():
    rows = walk(range(16), (0, 50), (44, 0)) + walk(range(16), (600, 300), (-44, 0))
    assert [len(t) for t in track(rows, fps=8)] == [16, 16]


def test_a_push_in_grows_the_box():
    rows = [(f, 300 - 6 * f, 200 - 7 * f, 340 + 6 * f, 300 + 7 * f, 0.9) for f in range(25)]
    (one,) = track(rows)
    assert len(one) == 25


def test_a_pan_moves_everybody():
    rows = [r for i in range(3) for r in walk(range(20), (400 + 150 * i, 50), (-18, 0))]
    assert [len(t) for t in track(rows)] == [20, 20, 20]


def test_nobody_jumps_to_a_stranger_who_appears_elsewhere():
    rows = walk(range(10), (10, 10), (0, 0)) + walk(range(10, 20), (300, 10), (0, 0))
    assert [t.stop_frame for t in track(rows)] == [10, 20]


def test_the_order_of_the_boxes_changes_nothing():
    rng = np.random.default_rng(3)
    rows = [
        r
        for i in range(5)
        for r in walk(range(30), (60 * i, 40 + 10 * i), (4 - 2 * i, 1), score=0.5 + 0.08 * i)
    ]
    shuffled = [rows[i] for i in rng.permutation(len(rows))]
    assert summary(track(rows)) == summary(track(shuffled))


def test_where_the_batches_end_changes_nothing():
    rows = walk(range(30), (0, 50), (8, 0)) + walk(range(30), (240, 56), (-8, 0))
    assert summary(track(rows, step=1)) == summary(track(rows)) == summary(track(rows, step=7))


def test_moving_the_picture_moves_the_tracklets():
    rows = walk(range(30), (0, 50), (8, 0)) + walk(range(30), (240, 56), (-8, 0))
    moved = [(r[0], r[1] + 64, r[2] + 32, r[3] + 64, r[4] + 32, r[5]) for r in rows]
    assert [t.frame.tolist() for t in track(rows)] == [t.frame.tolist() for t in track(moved)]


def test_two_trackers_beside_each_other_do_not_disturb():
    rows = [walk(range(12), (0, 50), (8, 0)), walk(range(12), (200, 50), (-5, 0))]
    trackers = [ShotTracker(fps=25), ShotTracker(fps=25)]
    for frame in range(12):
        for tracker, world in zip(trackers, rows, strict=True):
            tracker.push(found([world[frame]]), start_frame=frame, stop_frame=frame + 1)
    for tracker, world in zip(trackers, rows, strict=True):
        one, alone = tracker.finish(), track(world)
        assert [t.tracklet_id for t in one] == [t.tracklet_id for t in alone] == [0]
        assert summary(one) == summary(alone)


def test_numbers_go_on_where_the_last_shot_ended():
    tracker = ShotTracker(fps=25, shot_index=3)
    tracker.push(found(walk(range(5), (0, 0), (1, 0))), start_frame=0, stop_frame=5)
    (one,) = tracker.finish(first_id=7)
    assert (one.tracklet_id, one.shot_index) == (7, 3)


@pytest.mark.parametrize(
    ("rows", "span", "match"),
    [
        pytest.param([(9, 0, 0, 10, 10)], (5, 6), "outside", id="box-after"),
        pytest.param([], (7, 8), "expected frame 5", id="frames-left-out"),
    ],
)
def test_wrong_frames_are_refused(rows, span, match):
    tracker = ShotTracker()
    tracker.push(found([]), start_frame=0, stop_frame=5)
    with pytest.raises(ValueError, match=match):
        tracker.push(found(rows), start_frame=span[0], stop_frame=span[1])


def test_settings_are_checked():
    with pytest.raises(Exception, match=r"tracker\.start_score"):
        TrackerSettings(start_score=2)
