"""The numeric core: properties that hold for all inputs, and small tables."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from identity.appearance.colour import (
    HIGH,
    HISTOGRAM_DIM,
    LOW,
    colour_histogram,
    colour_histograms,
)
from identity.appearance.colour_words import _centroids, colour_word, strongest_colour
from identity.appearance.looks import Cue, covered_from_front
from identity.appearance.zones import framing_of, is_sliver, strip_of
from identity.evidence.auto_calibration import scale_from_clip
from identity.evidence.calibration import Calibration, Scale, calibration_for, is_known
from identity.evidence.consistency import similarity_curve
from identity.evidence.same_look import same_look
from identity.evidence.setups import free_of_people, setup_similarity
from identity.tracks.body_track import make_body_track
from identity.tracks.linking import link_tracklets
from scenes.shots import Shot
from tests.identity.people import FPS, body_of, calibration, colour_of, looks, tracklet
from tracker.detections import Detections
from tracker.tracklets import Tracklet


@given(arrays(np.uint8, st.tuples(st.integers(1, 9), st.integers(1, 9), st.just(3))))
@settings(max_examples=50, deadline=None)
def test_colour_histogram_is_a_unit_vector_of_parts(patch):
    histogram = colour_histogram(patch)
    assert histogram.shape == (HISTOGRAM_DIM,)
    assert histogram.min() >= 0
    assert np.linalg.norm(histogram) == pytest.approx(1, abs=1e-5)


@given(
    st.floats(0, 600),
    st.floats(0, 300),
    st.floats(1, 640),
    st.floats(1, 360),
)
@settings(max_examples=100, deadline=None)
def test_zones_lie_inside_the_box(x, y, width, height):
    view = framing_of((x, y, x + width, y + height), width_px=640, height_px=360)
    for zone in ("head", "upper", "lower"):
        strip = strip_of(zone, view)
        if strip is not None:
            assert 0 <= strip.x1 < strip.x2 <= 1
            assert 0 <= strip.y1 < strip.y2 <= 1


def test_many_histograms_at_once_are_those_of_each():
    rng = np.random.default_rng(1)
    shapes = [(1, 1), (1, 40), (200, 3), (16, 16), (60, 31)]
    patches = [rng.integers(0, 256, (*shape, 3), dtype=np.uint8) for shape in shapes]
    many = colour_histograms(patches)
    assert np.array_equal(many, np.stack([colour_histogram(patch) for patch in patches]))
    assert colour_histograms([]).shape == (0, HISTOGRAM_DIM)


@pytest.mark.parametrize(
    ("rgb", "word"),
    [
        ((10, 10, 10), "black"),
        ((250, 250, 250), "white"),
        ((210, 30, 40), "red"),
        ((40, 80, 190), "blue"),
        ((60, 150, 70), "green"),
        ((240, 210, 60), "yellow"),
        ((62, 36, 72), "dark purple"),
        ((70, 20, 28), "dark red"),
        ((20, 60, 40), "dark green"),
        ((26, 26, 27), "black"),
        ((128, 128, 128), "grey"),
        ((230, 232, 231), "white"),
        ((115, 74, 55), "brown"),
        pytest.param((0, 0, 30), "", id="between black, blue and purple"),
    ],
)
def test_colour_words(rgb, word):
    assert colour_word(colour_histogram(np.full((8, 8, 3), rgb, np.uint8))) == word


@given(st.tuples(st.integers(0, 255), st.integers(0, 255), st.integers(0, 255)))
@settings(max_examples=50, deadline=None)
def test_the_strongest_colour_of_one_colour_is_that_colour(rgb):
    patch = np.full((1, 1, 3), rgb, np.uint8)
    lab = cv2.cvtColor(patch.astype(np.float32) / np.float32(255), cv2.COLOR_RGB2LAB)[0, 0]
    within = np.clip(lab, LOW, HIGH)
    assert strongest_colour(colour_histogram(patch)) == pytest.approx(within, abs=0.1)


def test_every_category_of_the_colour_system_is_filed_once():
    words, known = _centroids()
    assert (len(words), len(known), len(np.unique(known, axis=0))) == (267, 267, 267)
    assert all(word.split()[0] in ("dark", "light") for word in words if " " in word)


def test_scale_puts_strangers_at_zero_and_one_person_at_one():
    scale = Scale(different=0.2, same=0.7)
    assert scale.similarity(0.2) == pytest.approx(0)
    assert scale.similarity(0.7) == pytest.approx(1)


def log_odds(cosines, scales):
    return float(scales.log_odds(scales.similarities({k: np.array(v) for k, v in cosines.items()})))


def test_log_odds_rise_with_every_cue():
    cal = calibration()
    low = log_odds({"body": 0.2, "upper": 0.3}, cal)
    assert low < 0 < log_odds({"body": 0.9, "upper": 0.95}, cal)
    assert log_odds({"body": 0.6, "upper": 0.3}, cal) > low
    assert log_odds({"body": 0.2, "upper": 0.8}, cal) > low
    assert cal.same_place(np.array([0.0, 1.0])).tolist() == sorted(
        cal.same_place(np.array([1.0, 0.0]))
    )


def test_looks_that_share_no_cue_say_nothing_and_those_of_many_are_those_of_each():
    cal = calibration()
    one: dict[Cue, np.ndarray] = {"body": body_of("A"), "upper": colour_of("A")}
    two: dict[Cue, np.ndarray] = {"body": body_of("B"), "upper": colour_of("B")}
    assert np.isnan(same_look([one], [{}], cal)).all()
    assert same_look([], [one], cal).shape == (0, 1)
    table = same_look([one, two], [one, two], cal)
    assert table[0, 0] > 0 > table[0, 1]
    assert table[1, 0] == pytest.approx(float(same_look([two], [one], cal)[0, 0]))


def test_unknown_embedders_are_scaled_by_the_clip():
    assert not is_known("mine.onnx")
    frames = list(range(48))
    people = [tracklet(0, frames), tracklet(1, frames, at=(400, 60))]
    seen = [looks(frames, ["A"] * 48), looks(frames, ["B"] * 48, seed=1)]
    scale = scale_from_clip(people, seen, fps=FPS)
    assert scale is not None
    assert scale.different == pytest.approx(0, abs=0.1)
    assert scale.same == pytest.approx(1, abs=0.1)
    assert calibration_for("mine.onnx", body_scale=scale).scales["body"] == scale
    assert scale_from_clip(people, seen, fps=FPS, cue="upper_look") is None  # no network saw it
    assert scale_from_clip(people[:1], seen[:1], fps=FPS) is None
    assert scale_from_clip([], [], fps=FPS) is None


@pytest.mark.parametrize(
    ("box", "sliver"),
    [
        pytest.param((270, 20, 320, 180), True, id="a shoulder at the right edge"),
        pytest.param((0, 20, 50, 180), True, id="at the left edge"),
        pytest.param((0, 20, 90, 180), False, id="enough of a body"),
        pytest.param((100, 20, 160, 180), False, id="cut below alone"),
        pytest.param((0, 20, 40, 150), False, id="a whole figure that comes in"),
    ],
)
def test_a_strip_of_a_near_body_is_no_look(box, sliver):
    rows = np.array([box], np.float32)
    assert is_sliver(rows, width_px=320, height_px=180).tolist() == [sliver]


def test_no_boxes_are_no_slivers():
    assert is_sliver(np.zeros((0, 4), np.float32), width_px=320, height_px=180).tolist() == []


def found(*rows):
    """Make the boxes of one frame from (x1, y1, x2, y2[, score])."""
    table = np.array([(*r, 0.9)[:5] for r in rows], np.float32).reshape(-1, 5)
    count = len(table)
    return Detections(
        np.zeros(count, np.int64), table[:, :4], table[:, 4], np.zeros(count, np.int32)
    )


@pytest.mark.parametrize(
    ("rows", "expect"),
    [
        pytest.param([], [], id="nobody"),
        pytest.param([(0, 0, 10, 20)], [0], id="alone"),
        pytest.param([(0, 0, 10, 20), (5, 0, 15, 40)], [0.5, 0], id="the lower one is in front"),
        pytest.param([(0, 0, 10, 20), (20, 0, 30, 20)], [0, 0], id="side by side"),
        pytest.param(
            [(0, 0, 10, 20, 0.8), (5, 0, 15, 40, 0.2)], [0.125, 0], id="a doubtful one hides less"
        ),
        pytest.param(
            [(0, 0, 10, 20, 0.2), (5, 0, 15, 40, 0.8)], [0.5, 0], id="a doubtful one is hidden"
        ),
        pytest.param(
            [(0, 0, 10, 20, 0.0), (5, 0, 15, 40, 0.0)], [0.5, 0], id="stored without scores"
        ),
    ],
)
def test_covered_from_front(rows, expect):
    assert covered_from_front(found(*rows)).tolist() == pytest.approx(expect)


def test_setups_of_nothing_and_of_flat_pictures():
    assert setup_similarity(np.zeros((0, 2, 18, 32, 3), np.uint8)).shape == (0, 0)
    flat = np.zeros((2, 2, 18, 32, 3), np.uint8)
    assert setup_similarity(flat)[0, 1] == 0
    assert setup_similarity(flat, np.ones((2, 2, 18, 32), np.bool_))[0, 1] == 0


def _set_with(people: list[tuple[int, int, int]], *, seed: int) -> np.ndarray:
    """Return (1, 2, 18, 32, 3) of a set, and columns of one grey before it: from, to, grey."""
    picture = np.random.default_rng(seed).integers(0, 256, (18, 32, 3)).astype(np.uint8)
    for first, stop, grey in people:
        picture[:, first:stop] = grey
    return np.stack([picture, picture])[None]


@pytest.mark.parametrize(
    ("early", "late", "late_seed", "whole", "free"),
    [
        pytest.param([], [], 0, 1.0, 1.0, id="empty set"),
        pytest.param([], [], 1, 0.0, 0.0, id="another set"),
        pytest.param([(4, 28, 0)], [(4, 28, 255)], 0, 0.0, 1.0, id="others fill the picture"),
        pytest.param([(4, 24, 0)], [(4, 24, 0)], 1, 0.6, 0.0, id="the same people elsewhere"),
        pytest.param([(0, 31, 0)], [(0, 31, 0)], 1, 0.75, 0.75, id="hardly any set: people count"),
    ],
)
def test_a_setup_is_known_by_what_nobody_hides(early, late, late_seed, whole, free):
    thumbnails = np.concatenate([_set_with(early, seed=0), _set_with(late, seed=late_seed)])
    seen = np.ones((2, 2, 18, 32), np.bool_)
    for shot, people in enumerate((early, late)):
        for first, stop, _ in people:
            seen[shot, ..., first:stop] = False
    assert setup_similarity(thumbnails)[0, 1] == pytest.approx(whole, abs=0.12)
    assert setup_similarity(thumbnails, seen)[0, 1] == pytest.approx(free, abs=0.12)


@pytest.mark.parametrize(
    ("frames", "box", "expect"),
    [
        pytest.param(range(10), (40, 0, 60, 100), [0.7, 0.7], id="all the shot"),
        pytest.param(range(5), (40, 0, 60, 100), [0.7, 1.0], id="gone before its end"),
        pytest.param(range(3, 10), (40, 0, 60, 100), [0.7, 0.7], id="there a moment later"),
        pytest.param(range(10), (-50, 50, 50, 150), [0.64, 0.64], id="half outside"),
    ],
)
def test_where_nobody_stands(frames, box, expect):
    shots = [Shot(0, 0, 10, "start"), Shot(1, 10, 20, "cut")]
    boxes = np.tile(np.array(box, np.float32), (len(frames), 1))
    own = Tracklet(0, 0, np.array(frames), boxes, np.ones(len(frames), np.float32))
    free = free_of_people([own], shots, picture_px=(100, 100), grid=(20, 10))
    assert free.mean(axis=(2, 3)).ravel().tolist() == pytest.approx([*expect, 1, 1])


def lowest(wears, *, repeat=1):
    words = [w for w in wears for _ in range(repeat)]
    frames = list(range(len(words)))
    one = [tracklet(0, frames)]
    track = make_body_track(link_tracklets(one, fps=FPS)[0], one, [looks(frames, words)])
    return similarity_curve(track, calibration()).lowest


def ramp(strength, length=72):
    return [("A", "B", float(strength * k / (length - 1))) for k in range(length)]


def test_consistency_falls_with_drift_and_is_one_without():
    values = [lowest(ramp(s)) for s in (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)]
    assert values[0] == pytest.approx(1)
    assert all(a >= b - 1e-6 for a, b in pairwise(values))
    assert values[-1] < 0.2


@pytest.mark.parametrize("repeat", [1, 2, 4])
def test_consistency_is_the_same_when_a_clip_is_slowed_down(repeat):
    assert lowest(ramp(0.0), repeat=repeat) == pytest.approx(lowest(ramp(0.0)), abs=0.02)


def test_too_little_to_judge_has_no_consistency():
    assert lowest(["A"] * 4) is None


@pytest.mark.parametrize(
    ("seen", "sign"), [({}, 0), ({"head_look": 0.9}, 1), ({"head_look": 0.1}, -1)]
)
def test_a_part_counts_where_it_is_seen_in_both(seen, sign):
    known = calibration_for("colour")
    scales: dict[Cue, Scale] = {**known.scales, "head_look": Scale(0.2, 0.8)}
    parts = Calibration(scales, replace(known.weights, parts={"head_look": 2.0}))
    body: dict[Cue, float] = {"body": 0.8}
    more = log_odds({**body, **seen}, parts) - log_odds(body, known)
    assert np.sign(more) == sign
