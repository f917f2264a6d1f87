"""Five situations in which a re-ID tracker hides the error: what the tracklets must say.

Looks are perfect here: each body carries its own vector. Who is who is decided afterwards; the
tracklets have to be continuous in motion, and must never reach across a cut.
"""

from __future__ import annotations

import numpy as np

from tests.tracker.worlds import found, walk
from tracker.deepsort import ShotTracker

HALF = 24
PLACES = {"left": (100, 100), "right": (500, 100), "third": (300, 100), "fourth": (900, 100)}


def shot(people, start, stop, first_id=0, gap=()):
    """Track one shot; `people` maps a name to a place. Returns tracklets and who each box shows."""
    rows, names = [], []
    for frame in range(start, stop):
        for who, where in people(frame).items():
            if frame not in gap:
                rows += walk([frame], PLACES[where], (0, 0), size=(60, 160))
                names.append(who)
    tracker = ShotTracker(fps=24)
    tracker.push(found(rows), start_frame=start, stop_frame=stop)
    looks = {(r[0], r[1]): name for r, name in zip(rows, names, strict=True)}
    tracklets = tracker.finish(first_id=first_id)
    return [
        (t, [looks[int(f), float(b[0])] for f, b in zip(t.frame, t.xyxy, strict=True)])
        for t in tracklets
    ]


def test_exchange_of_looks_in_place_shows_in_both_tracklets():
    def people(frame):
        return {"A": "left", "B": "right"} if frame < HALF else {"B": "left", "A": "right"}

    seen = shot(people, 0, 2 * HALF)
    assert sorted(looks for _, looks in seen) == [
        ["A"] * HALF + ["B"] * HALF,
        ["B"] * HALF + ["A"] * HALF,
    ]
    assert all(np.ptp(t.xyxy[:, 0]) == 0 for t, _ in seen)


def after_cut(second):
    one = shot(lambda _: {"A": "left", "B": "right"}, 0, HALF)
    two = shot(lambda _: second, HALF, 2 * HALF, first_id=len(one))
    return one, two


def assert_no_tracklet_crosses(one, two):
    assert len(one) == 2
    assert {t.stop_frame for t, _ in one} == {HALF}
    assert {t.start_frame for t, _ in two} == {HALF}
    assert all(len(set(looks)) == 1 and len(looks) == HALF for _, looks in one + two)
    assert len({t.tracklet_id for t, _ in one + two}) == 4


def test_cut_and_people_change_sides():
    one, two = after_cut({"B": "left", "A": "right"})
    assert_no_tracklet_crosses(one, two)
    assert {looks[0] for _, looks in two} == {"A", "B"}


def test_cut_and_new_people_at_the_same_places():
    one, two = after_cut({"C": "left", "D": "right"})
    assert_no_tracklet_crosses(one, two)
    assert {looks[0] for _, looks in two} == {"C", "D"}


def test_cut_and_the_same_people_at_new_places():
    one, two = after_cut({"A": "third", "B": "fourth"})
    assert_no_tracklet_crosses(one, two)
    assert {looks[0] for _, looks in two} == {"A", "B"}


def test_the_same_people_after_31_frames_away():
    away = range(HALF, HALF + 31)
    seen = shot(lambda _: {"A": "left", "B": "right"}, 0, 2 * HALF + 31, gap=away)
    assert all(len(set(looks)) == 1 for _, looks in seen)
    assert sum(len(t) for t, _ in seen) == 4 * HALF
    assert {looks[0] for _, looks in seen} == {"A", "B"}
