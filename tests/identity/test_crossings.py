"""Who comes out of a meeting where: bodies on straight ways, in whole numbers."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from identity.tracks.crossings import _judged, _stands, _Way, _way, find_crossings

WIDTH = 60


def body(frames, middle):
    """Return a body of 60 px width whose middle is a number, or a function of the frame."""
    frames = np.array(frames)
    where = np.array([middle(f) if callable(middle) else middle for f in frames], float)
    xyxy = np.stack([where - 30, 0 * where, where + 30, 0 * where + 100], axis=1)
    return SimpleNamespace(frame=frames, xyxy=xyxy.astype(np.float32))


def walks(start, speed, at=0):
    return lambda frame: start + speed * (frame - at)


FRAMES = range(60)
RIGHT, LEFT = body(FRAMES, walks(0, 8)), body(FRAMES, walks(480, -8))  # they meet at frame 30
# Boxes overlap by more than a tenth where middles are less than 49.1 px apart: frames 27 to 33.


def bounces(frame):
    return 8 * min(frame, 60 - frame)


@pytest.mark.parametrize(
    ("one", "two", "tracks"),
    [
        pytest.param(RIGHT, LEFT, "stayed", id="they pass"),
        pytest.param(
            body(FRAMES, bounces), body(FRAMES, lambda f: 480 - bounces(f)), "exchanged",
            id="their boxes turn back",
        ),
        pytest.param(RIGHT, body(FRAMES, 240), "stayed", id="one passes another who stands"),
    ],
)  # fmt: skip
def test_motion_tells_who_is_who(one, two, tracks):
    (found,) = find_crossings(one, two, fps=24)
    assert found.tracks == tracks
    assert found.first_frame < found.moment < found.last_frame
    assert found.moment == pytest.approx(30, abs=1)
    if two is LEFT:
        assert (found.first_frame, found.moment, found.last_frame) == (26, 30, 34)


@pytest.mark.parametrize(
    ("one", "two", "fps"),
    [
        pytest.param(RIGHT, body(FRAMES, 900), 24, id="never near"),
        pytest.param(body(FRAMES, 0), body(FRAMES, 40), 24, id="both stand"),
        pytest.param(RIGHT, body(FRAMES, walks(20, 8)), 24, id="side by side all along"),
        pytest.param(body(range(0), 0), body(FRAMES, 0), 24, id="nobody"),
        pytest.param(body(range(30), 0), body(range(30, 60), 0), 24, id="never at once"),
    ],
)
def test_no_meeting(one, two, fps):
    assert find_crossings(one, two, fps=fps) == []


@pytest.mark.parametrize(("fps", "count"), [(4.0, 1), (3.9, 0)])
def test_who_walks_beside_another_for_longer_than_two_seconds_does_not_pass(fps, count):
    assert len(find_crossings(RIGHT, LEFT, fps=fps)) == count  # eight frames


def test_two_meetings_are_two():
    there_and_back = body(range(120), lambda f: 8 * min(f, 120 - f))
    found = find_crossings(there_and_back, body(range(120), 240), fps=24)
    assert [(one.tracks, one.moment) for one in found] == [("stayed", 30), ("stayed", 90)]


@pytest.mark.parametrize(
    ("blink", "meetings"),
    [
        pytest.param((29, 30, 31), [(26, 29), (31, 34)], id="long enough to see where each goes"),
        pytest.param((29, 30), [(26, 34)], id="for two frames"),
        pytest.param((30,), [(26, 34)], id="for one"),
        pytest.param((), [(26, 34)], id="not at all"),
    ],
)
def test_a_box_that_shrinks_for_a_moment_ends_no_meeting(blink, meetings):
    right, left = body(FRAMES, walks(0, 8)), body(FRAMES, walks(480, -8))
    for frame in blink:
        right.xyxy[frame] -= [900, 0, 900, 0]
    found = find_crossings(right, left, fps=24)
    assert [(one.first_frame, one.last_frame) for one in found] == meetings


def test_tracks_change_hands_where_their_boxes_do():
    """Both stand beside each other; one box goes over at frame 22, the other at frame 26."""
    one = body(FRAMES, lambda frame: 100 if frame < 26 else 200)
    two = body(FRAMES, lambda frame: 200 if frame < 22 else 110 if frame < 30 else 100)
    (found,) = find_crossings(one, two, fps=24)
    assert (found.tracks, found.moment) == ("exchanged", 26)


def test_a_meeting_that_a_clip_begins_or_ends_in_is_unclear():
    early = find_crossings(body(range(30, 60), walks(0, 8)), body(range(30, 60), 240), fps=24)
    assert [(one.first_frame, one.tracks) for one in early] == [(-1, "unclear")]
    late = find_crossings(body(range(28), walks(0, 8)), body(range(28), 240), fps=24)
    assert [(one.last_frame, one.tracks) for one in late] == [(28, "unclear")]


@pytest.mark.parametrize(
    ("boxes", "tracks"), [pytest.param(3, "stayed", id="three boxes"), (2, "unclear")]
)
def test_so_many_boxes_tell_where_somebody_goes(boxes, tracks):
    one = body(range(27 - boxes, 60), walks(0, 8))
    two = body(range(27 - boxes, 60), walks(480, -8))
    (found,) = find_crossings(one, two, fps=24)
    assert found.tracks == tracks


@pytest.mark.parametrize(
    ("share", "tracks"),
    [
        pytest.param(0.36, "stayed", id="errors 36 to 64"),
        pytest.param(0.39, "unclear", id="errors 39 to 61"),
        pytest.param(0.61, "unclear", id="errors 61 to 39"),
        pytest.param(0.64, "exchanged", id="errors 64 to 36"),
    ],
)
def test_one_explanation_must_be_clearly_better(share, tracks):
    before = [body(range(10), walks(x, 0)) for x in (0, 100)]
    after = [body(range(20, 30), walks(x, 0)) for x in (100 * share, 100 - 100 * share)]
    one, two = (
        SimpleNamespace(
            frame=np.concatenate([a.frame, b.frame]), xyxy=np.concatenate([a.xyxy, b.xyxy])
        )
        for a, b in zip(before, after, strict=True)
    )
    found = _judged(one, two, 9, 20)
    assert found is not None
    assert found.tracks == tracks


def test_where_a_way_leads_and_how_two_ways_differ():
    way = _Way(frame=10, at=100, speed=3)
    assert (way.where(10), way.where(14), way.where(8)) == (100, 112, 94)
    other = _Way(frame=20, at=100, speed=1)
    assert way.differs(other, 20) == 30 + 4 * 2
    assert way.differs(other, 0) == abs(70 - 80) + 4 * 2
    assert way.differs(way, 5) == 0


@pytest.mark.parametrize(
    ("late", "frame", "at"),
    [pytest.param(True, 15.5, 31, id="last eight"), pytest.param(False, 3.5, 7, id="first eight")],
)
def test_a_way_is_that_of_eight_boxes(late, frame, at):
    walker = body(range(40), lambda f: 2 * f if f < 20 else 99)
    way = _way(walker, 19 if late else 0, late=late)
    assert way is not None
    assert (way.frame, way.at, way.speed) == pytest.approx((frame, at, 2))
    assert _way(walker, 1 if late else 38, late=late) is None


@pytest.mark.parametrize(("moved", "stands"), [(29, True), (31, False)])
def test_who_moves_by_less_than_half_a_width_stands(moved, stands):
    mover = body(range(20), lambda f: moved * (f >= 10))
    assert _stands(mover, 5, 15) is stands
    assert _stands(mover, 10, 15)  # as far as the frames that are asked about
    assert _stands(mover, 5, 9)
    assert _stands(mover, 9, 10) is stands


def test_a_meeting_that_nobody_can_follow_is_put_in_its_middle():
    found = _judged(body(range(20, 60), walks(0, 8)), body(range(20, 60), 240), 10, 31)
    assert found is not None
    assert (found.moment, found.tracks) == (20, "unclear")


@pytest.mark.parametrize("speeds", [(8, -8), (4, -12)])
def test_ways_are_compared_in_the_middle_of_a_meeting(speeds):
    one, two = (body(FRAMES, walks(240, speed, 30)) for speed in speeds)
    found = find_crossings(one, two, fps=24)
    assert [(each.moment, each.tracks) for each in found] == [(30, "stayed")]


def test_a_way_into_a_meeting_ends_before_it_and_the_way_out_begins_after_it():
    def stumbles(frame):
        return 8 * frame + (400 if 26 < frame < 34 else 0)

    one, two = body(FRAMES, stumbles), body(FRAMES, walks(480, -8))
    found = _judged(one, two, 26, 34)
    assert found is not None
    assert (found.tracks, found.moment) == ("stayed", 30)
    for side in (26, 34):
        row = np.flatnonzero(one.frame == side)[0]
        assert one.xyxy[row, 0] == 8 * side - 30
