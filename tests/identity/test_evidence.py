"""Evidence on both sides of a moment: against slow loops, and on pictures made for it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from identity.evidence.alignment import aligned
from identity.evidence.moments import Moments, circumstances, fast_moments
from identity.evidence.same_place import set_goes_on, tone_of
from identity.evidence.samples import COMPARED, compare, lay_out
from identity.tracks.body_track import make_body_track
from identity.tracks.linking import link_tracklets
from tests.identity.people import FPS, calibration, looks, tracklet

LENGTH = 48
SIZE_PX = (320, 180)


def samples(*people, places=None):
    frames = list(range(LENGTH))
    tracklets = [
        tracklet(k, frames, at=(60 + 180 * k, 60) if places is None else places[k])
        for k in range(len(people))
    ]
    seen = [looks(frames, wears, seed=k) for k, wears in enumerate(people)]
    tracks = [make_body_track(c, tracklets, seen) for c in link_tracklets(tracklets, fps=FPS)]
    return lay_out(tracks, COMPARED, fps=FPS)


def test_nobody_and_one_alone():
    assert lay_out([], COMPARED, fps=FPS).looks == {}
    alone = samples(["A"] * LENGTH)
    assert alone.frames.tolist() == list(range(0, LENGTH, 3))
    assert alone.per_s == pytest.approx(8)


@given(st.data())
@settings(max_examples=30, deadline=None)
def test_means_of_stretches_are_those_of_a_slow_loop(data):
    shot = samples(["A"] * 24 + ["B"] * 24, ["B"] * 20 + ["C"] * 28)
    grid = len(shot.frames)
    a, c = (data.draw(st.integers(0, grid - 1)) for _ in range(2))
    b, d = data.draw(st.integers(a, grid)), data.draw(st.integers(c, grid))
    one, two = ((np.array([x]), np.array([y])) for x, y in ((a, b), (c, d)))
    said = shot.agreement(0, 1).cosines(one, two)["body"][0]
    rows = shot.looks["body"]
    every = [float(rows[0, i] @ rows[1, j]) for i in range(a, b) for j in range(c, d)]
    if every:
        assert said == pytest.approx(np.mean(every), abs=1e-5)
    else:
        assert np.isnan(said)
    turned = shot.agreement(0, 1).turned().cosines(two, one)["body"][0]
    assert (turned == said) or (np.isnan(turned) and np.isnan(said))


def test_both_sides_are_one_person_or_two():
    shot = samples(["A"] * 24 + ["B"] * 24)
    own = shot.agreement(0, 0)
    first, late = (np.array([0]), np.array([8])), (np.array([8]), np.array([16]))
    half = (np.array([0]), np.array([4])), (np.array([4]), np.array([8]))
    assert compare(own, first, late, calibration()).log_odds[0] < -0.5
    assert compare(own, *half, calibration()).log_odds[0] > 0.5


def test_no_window_reaches_beyond_its_bounds():
    shot = samples(["A"] * LENGTH)
    moments = fast_moments(shot, 3, 12)
    assert len(moments)
    assert moments.start.min() >= 3
    assert moments.stop.max() <= 12
    assert (moments.last <= moments.first).all()
    assert not len(Moments.between(shot, []))


@pytest.mark.parametrize(
    ("places", "touch"),
    [
        pytest.param([(60, 60), (240, 60)], 0.0, id="apart"),
        pytest.param([(60, 60), (90, 60)], 1 / 3, id="half over each other"),
    ],
)
def test_circumstances(places, touch):
    shot = samples(["A"] * LENGTH, ["B"] * LENGTH, places=places)
    found = circumstances(shot, 0, Moments.between(shot, [(8, 8)]))
    assert found.touch[0] == pytest.approx(touch, abs=1e-3)
    assert found.samples.tolist() == [8]
    assert (found.jump[0], found.zoom[0]) == (0, 0)
    assert found.height_px[0] == 160


def test_a_box_that_goes_over_to_another_body_jumps():
    frames = list(range(LENGTH))
    one = tracklet(0, frames, at=(60, 60))
    xyxy = one.xyxy.copy()
    xyxy[24:, [0, 2]] += 200
    gone = type(one)(0, 0, one.frame, xyxy, one.score)
    (track,) = [
        make_body_track(c, [gone], [looks(frames, ["A"] * LENGTH)])
        for c in link_tracklets([gone], fps=FPS)
    ]
    shot = lay_out([track], COMPARED, fps=FPS)
    near, far = Moments.between(shot, [(8, 8)]), Moments.between(shot, [(2, 2)])
    assert circumstances(shot, 0, near).jump[0] == 1
    assert circumstances(shot, 0, far).jump[0] == 0


# --- sets ---------------------------------------------------------------------------------------


def wall(seed=0):
    rng = np.random.default_rng(seed)
    rough = rng.integers(0, 256, (9, 16, 3), dtype=np.uint8)
    return np.kron(rough, np.ones((6, 6, 1), np.uint8))


def with_somebody(picture, box, value):
    changed = picture.copy()
    x1, y1, x2, y2 = (np.array(box) * 96 / SIZE_PX[0]).astype(int)
    changed[y1:y2, x1:x2] = value
    return changed


NOBODY = np.zeros((0, 4), np.float32)
LEFT, WIDE = [40, 40, 110, 180], [0, 0, 320, 180]


@pytest.mark.parametrize(
    ("before", "after", "boxes", "expect"),
    [
        pytest.param(wall(), wall(), [], True, id="nothing happens"),
        pytest.param(wall(), wall(1), [], False, id="another set"),
        pytest.param(
            with_somebody(wall(), LEFT, 20), with_somebody(wall(), LEFT, 230), [LEFT], True,
            id="somebody becomes another",
        ),
        pytest.param(
            with_somebody(wall(), LEFT, 20), with_somebody(wall(1), LEFT, 20), [LEFT], False,
            id="the set changes behind somebody",
        ),
        pytest.param(
            wall(), with_somebody(wall(), [40, 20, 280, 170], 230), [WIDE], True,
            id="people fill the picture and some of it stays",
        ),
        pytest.param(wall(), wall(1), [WIDE], False, id="people fill it and nothing stays"),
    ],
)  # fmt: skip
def test_does_the_set_go_on(before, after, boxes, expect):
    xyxy = np.array(boxes, np.float32).reshape(-1, 4)
    assert set_goes_on(before, after, xyxy, xyxy, picture_px=SIZE_PX) == expect


def test_people_who_stand_elsewhere_are_a_cut():
    one, two = np.array([LEFT], np.float32), np.array([[200, 40, 270, 180]], np.float32)
    assert not set_goes_on(wall(), wall(), one, two, picture_px=SIZE_PX)


def test_the_tone_of_a_set_is_that_of_what_nobody_hides():
    grey = np.full((54, 96, 3), 119, np.uint8)
    coat = with_somebody(grey, LEFT, 250)
    box = np.array([LEFT], np.float32)
    assert tone_of(coat, box, picture_px=SIZE_PX) == pytest.approx([50, 0, 0], abs=0.5)
    assert np.isnan(tone_of(coat, np.array([WIDE], np.float32), picture_px=SIZE_PX)).all()


@pytest.mark.parametrize("scale", [0.82, 1.0, 1.22])
def test_a_set_up_is_found_again_in_another_framing(scale):
    import cv2

    big = cv2.resize(wall(3), (192, 108), interpolation=cv2.INTER_LINEAR)
    first = big[20 : 20 + 54, 30 : 30 + 96]
    wide, tall = round(96 * scale), round(54 * scale)
    second = cv2.resize(big[24 : 24 + tall, 36 : 36 + wide], (96, 54), interpolation=cv2.INTER_AREA)
    free = np.ones((54, 96), np.bool_)
    lay = aligned(first, free, second, free)
    assert lay is not None
    assert lay.scale == pytest.approx(scale, abs=0.09)
    place = np.array([[10, 10, 50, 40]], np.float32)
    where = lay.mapped(place, picture_px=(96, 54))
    assert where[0, :2] == pytest.approx(place[0, :2] * scale + [6, 4], abs=3)
    assert aligned(first, free, np.ascontiguousarray(wall(4)), free) is None
    assert aligned(first, ~free, second, free) is None
