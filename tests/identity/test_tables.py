"""The small functions of identity in numbers that can be checked on paper, edge by edge."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from identity.appearance.colour import colour_histogram, mean_lightness
from identity.appearance.colour_words import colour_word
from identity.appearance.cues.crops import crop_edges
from identity.appearance.zones import BoxFraming, framing_of, is_sliver, strip_of
from identity.cast.size import merge_to_count
from identity.evidence.calibration import Calibration, Scale, Weights, calibration_for
from identity.evidence.moments import Moments, fast_moments, mean_over, slow_moments
from identity.evidence.place_in_setup import same_places
from identity.evidence.same_look import same_look
from identity.evidence.samples import lay_out
from identity.tracks.body_track import fully_visible_span, make_body_track
from identity.tracks.linking import Chain, link_tracklets
from tests.identity.people import looks, tracklet
from tracker.tracklets import Tracklet

NAN = float("nan")

# --- zones ----------------------------------------------------------------------------------------

WIDE_PX = {"width_px": 400, "height_px": 300}


@pytest.mark.parametrize(
    ("box", "name", "head_share"),
    [
        pytest.param((100, 50, 150, 131), "full", 1 / 6.5, id="1.62 times as tall as wide"),
        pytest.param((100, 50, 150, 129), "half", 25 / 79, id="less, so shoulders tell"),
        pytest.param((100, 50, 150, 290), "full", 1 / 6.5, id="a figure that ends above the edge"),
        pytest.param((100, 50, 200, 299), "full", 1 / 6.5, id="cut below, but 2.5 times as tall"),
        pytest.param((100, 50, 205, 299), "half", 52.5 / 249, id="cut below, 2.37 times as tall"),
        pytest.param((100, 100, 300, 299), "closeup", 100 / 199, id="as wide as tall"),
        pytest.param((100, 50, 180, 145), "closeup", 40 / 95, id="0.421 is a close-up"),
        pytest.param((100, 50, 180, 147), "half", 40 / 97, id="0.412 is half a body"),
        pytest.param((2, 100, 102, 299), "half", 65 / 199, id="cut aside: it is wider than seen"),
        pytest.param((2, 100, 84, 299), "half", 53.3 / 199, id="cut twice: no figure, though tall"),
        pytest.param((3, 100, 103, 299), "half", 50 / 199, id="not cut aside"),
        pytest.param((298, 100, 398, 299), "half", 65 / 199, id="cut on the right"),
        pytest.param((297, 100, 397, 299), "half", 50 / 199, id="nearly cut on the right"),
        pytest.param((100, 100, 400, 200), "closeup", 0.6, id="never more than six tenths"),
        pytest.param((100, 100, 100, 100), "closeup", 0.5, id="a box of nothing"),
    ],
)
def test_what_a_box_shows(box, name, head_share):
    found = framing_of(box, **WIDE_PX)
    assert found.name == name
    assert found.head_share == pytest.approx(head_share, abs=1e-6)


@pytest.mark.parametrize(
    ("bottom", "name"), [pytest.param(292, "full", id="ends in time"), (293, "half")]
)
def test_where_the_lower_edge_cuts(bottom, name):
    assert framing_of((100, bottom - 100, 150, bottom), **WIDE_PX).name == name


@pytest.mark.parametrize(
    ("zone", "head", "strip"),
    [
        ("head", 0.2, (0.25, 0.0, 0.75, 0.2)),
        ("head", 1.2, (0.25, 0.0, 0.75, 1.0)),
        ("upper", 0.2, (0.15, 0.21, 0.85, 0.52)),
        ("upper", 0.5, (0.15, 0.525, 0.85, 1.0)),
        ("upper", 0.9, (0.15, 0.945, 0.85, 1.0)),
        ("upper", 0.91, None),
        ("lower", 0.15, (0.2, 0.57, 0.8, 0.9)),
        ("lower", 0.2, (0.2, 0.76, 0.8, 1.0)),
        ("lower", 0.223, (0.2, 0.8474, 0.8, 1.0)),
        ("lower", 0.225, None),
    ],
)
def test_where_a_zone_lies(zone, head, strip):
    found = strip_of(zone, BoxFraming(head, "half"))
    assert (found is None) == (strip is None)
    if found is not None:
        assert tuple(found) == pytest.approx(strip)


@pytest.mark.parametrize(
    ("box", "sliver"),
    [
        ((0, 100, 65, 298), True),  # 3.05 times as tall as wide
        ((0, 100, 66, 298), False),  # 3 times
        ((0, 100, 110, 298), False),  # half of a body
        ((0, 90, 65, 292), False),  # it ends above the edge
        ((3, 100, 68, 298), False),
        ((335, 100, 398, 298), True),
    ],
)
def test_what_is_a_sliver(box, sliver):
    assert is_sliver(np.array([box], np.float32), **WIDE_PX).tolist() == [sliver]


# --- colours --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rgb", "word"),
    [
        ((72, 72, 74), "dark grey"), ((128, 128, 130), "grey"), ((185, 185, 187), "light grey"),
        ((110, 20, 25), "dark red"), ((235, 150, 175), "pink"), ((230, 130, 45), "orange"),
        ((105, 70, 45), "brown"), ((205, 180, 145), "beige"), ((105, 105, 50), "olive"),
        ((30, 75, 45), "dark green"), ((60, 170, 170), "turquoise"),
        ((150, 190, 230), "light blue"), ((30, 40, 80), "dark blue"), ((110, 60, 140), "purple"),
    ],
)  # fmt: skip
def test_every_colour_has_its_word(rgb, word):
    assert colour_word(colour_histogram(np.full((8, 8, 3), rgb, np.uint8))) == word


def test_of_two_colours_the_larger_one_is_named():
    patch = np.full((10, 10, 3), (200, 35, 40), np.uint8)
    patch[:2] = (50, 90, 190)
    assert colour_word(colour_histogram(patch)) == "red"


@pytest.mark.parametrize(("grey", "lightness"), [(0, 0.0), (119, 50.0), (255, 100.0)])
def test_lightness(grey, lightness):
    vector = colour_histogram(np.full((4, 4, 3), grey, np.uint8))
    assert mean_lightness(vector) == pytest.approx(lightness, abs=0.6)
    assert mean_lightness(2 * vector) == pytest.approx(mean_lightness(vector), abs=1e-4)


# --- similarity -----------------------------------------------------------------------------------

SCALES = {"body": Scale(0.2, 0.7), "upper": Scale(0.0, 0.8), "head_look": Scale(0.3, 0.8)}
WEIGHTS = Weights(
    body=0.5, body_same_view=2.0, upper=1.5, place=0.4, bias=-0.7, parts={"head_look": 3.0}
)


@pytest.mark.parametrize(
    ("cosines", "view_gap", "odds"),
    [
        pytest.param({"body": 0.45, "upper": 0.4, "head_look": 0.55}, 0.0,
                     -0.7 + 0.5 * 0.5 + 2.0 * (0.5 - 0.6) + 1.5 * 0.5 + 0, id="all in the middle"),
        pytest.param({}, 0.0, -0.7 + 0.25 - 0.2 + 0.75, id="unseen is the middle"),
        pytest.param({"body": NAN}, 0.0, -0.7 + 0.25 - 0.2 + 0.75, id="so is not a number"),
        pytest.param({"body": 0.7}, 0.0, -0.7 + 0.5 + 0.8 + 0.75, id="the same body"),
        pytest.param({"body": 0.7}, 0.5, -0.7 + 0.5 + 0.8 * np.exp(-1) + 0.75, id="framed apart"),
        pytest.param({"body": 0.95}, 0.0, -0.7 + 0.75 + 1.8 + 0.75, id="1.5 at most"),
        pytest.param({"body": -0.6}, 0.0, -0.7 - 0.5 - 3.2 + 0.75, id="-1 at least"),
        pytest.param({"upper": 0.8}, 0.0, -0.7 + 0.25 - 0.2 + 1.5, id="the same clothes"),
        pytest.param({"head_look": 0.8}, 0.0, 0.1 + 3.0 * 0.5, id="the same head"),
        pytest.param({"facing": 0.9}, 0.0, 0.1, id="what has no scale says nothing"),
        pytest.param({"hair": 0.98}, 0.0, 0.1, id="hair is asked about by itself"),
    ],
)  # fmt: skip
def test_log_odds(cosines, view_gap, odds):
    scales = Calibration(SCALES, WEIGHTS)
    similarity = scales.similarities({cue: np.array([value]) for cue, value in cosines.items()})
    assert scales.log_odds(similarity, view_gap=view_gap) == pytest.approx(odds)


@pytest.mark.parametrize(
    ("one", "two", "more"),
    [
        pytest.param(1.0, 1.0, -0.7, id="both face the camera: alike says less"),
        pytest.param(1.0, -1.0, 1.3, id="face and back: alike says more"),
        pytest.param(-1.0, -1.0, -0.7, id="two backs are seen from one side"),
        pytest.param(0.0, 1.0, 0.3, id="from the side"),
        pytest.param(None, 1.0, 0.0, id="not known of one"),
        pytest.param(None, None, 0.0, id="of neither"),
    ],
)
def test_how_both_face_the_camera_counts_between_looks(one, two, more):
    means = [
        {"body": np.array([1, 0], np.float32)}
        | ({} if turned is None else {"facing": np.array([turned, 0], np.float32)})
        for turned in (one, two)
    ]
    weights = replace(WEIGHTS, both_face=-1.0)
    odds, plain = (
        same_look([means[0]], [means[1]], Calibration(SCALES, w))[0, 0] for w in (weights, WEIGHTS)
    )
    assert odds - plain == pytest.approx(more)


def test_who_stands_at_one_place_is_rather_one_person():
    scales = Calibration(SCALES, WEIGHTS)
    assert scales.same_place(np.array([0.35, 1.0, 0.0])).tolist() == pytest.approx([0, 0.26, -0.14])


def test_hair_has_a_scale_of_its_own():
    scales = Calibration(SCALES, WEIGHTS)
    said = scales.similarities({"hair": np.array([0.6, 0.79, 0.98, 0.0])})["hair"]
    assert said.tolist() == pytest.approx([0.0, 0.5, 1.0, -1.0])


def test_an_embedder_nobody_measured_takes_the_scale_of_the_clip_or_a_cautious_one():
    assert calibration_for("mine", body_scale=Scale(0.1, 0.9)).scales["body"] == Scale(0.1, 0.9)
    assert calibration_for("mine").scales["body"] == Scale(0.4, 0.85)
    assert "head_look" not in calibration_for("mine").scales
    assert {"head_look", "upper_look", "lower_look"} < set(calibration_for("castcheck-reid").scales)


# --- moments --------------------------------------------------------------------------------------


def shot(frames=48, *, stride=3):
    ours = list(range(frames))
    one = [tracklet(0, ours)]
    seen = [looks(ours, ["A"] * frames, stride=stride)]
    track = make_body_track(Chain((0,)), one, seen)
    return lay_out([track], ("body", "upper"), fps=24)


def test_windows_are_a_second_on_either_side():
    made = Moments.between(shot(), [(8, 9), (2, 15)])  # eight samples a second
    assert (made.start.tolist(), made.last.tolist()) == ([0, 0], [8, 2])
    assert (made.first.tolist(), made.stop.tolist()) == ([9, 15], [16, 16])
    near = Moments.between(shot(), [(8, 9)], low=3, high=11, window_s=0.5)
    assert (near.start.tolist(), near.stop.tolist()) == ([4], [11])
    tight = Moments.between(shot(), [(8, 8)], low=7, window_s=0.01)
    assert (tight.start.tolist(), tight.stop.tolist()) == ([7], [10])  # two samples at least
    assert tight.before[0].tolist() == [7]
    assert tight.after[1].tolist() == [10]


def test_fast_moments_are_all_that_take_half_a_second_at_most():
    found = fast_moments(shot(), 2, 9)
    pairs = sorted(zip(found.last.tolist(), found.first.tolist(), strict=True))
    assert pairs == sorted([(s, s + g) for g in (0, 1, 2, 4) for s in range(3, 9 - g)])


def test_slow_moments_take_longer():
    found = slow_moments(shot(), 2, 12)
    pairs = sorted(zip(found.last.tolist(), found.first.tolist(), strict=True))
    assert pairs == [(s, e) for s in range(3, 12) for e in range(s + 5, 12)]
    assert len(np.unique(slow_moments(shot(120, stride=1), 0, 120).last)) <= 24


@pytest.mark.parametrize(
    ("start", "stop", "mean"),
    [(0, 4, 2.0), (0, 2, 1.0), (1, 2, 7.0), (2, 4, 2.5), (2, 2, 7.0), (3, 4, 4.0)],
)
def test_means_leave_out_what_is_not_known(start, stop, mean):
    values = np.array([1, NAN, 1, 4], np.float32)
    said = mean_over(values, np.array([start]), np.array([stop]), empty=7.0)
    assert said.tolist() == [mean]
    assert mean_over(values, np.array([1]), np.array([2])).tolist() == [0.0]


# --- tracks ---------------------------------------------------------------------------------------


def runs(*spans, shots=None):
    """Return tracklets from (first frame, stop, x, step of x, width)."""
    made = []
    for number, (first, stop, x, step, width) in enumerate(spans):
        frames = np.arange(first, stop)
        left = x + step * (frames - first)
        xyxy = np.stack([left, 0 * left + 50, left + width, 0 * left + 150], axis=1)
        made.append(
            Tracklet(
                number,
                0 if shots is None else shots[number],
                frames,
                xyxy.astype(np.float32),
                np.ones(len(frames), np.float32),
            )
        )
    return made


@pytest.mark.parametrize(
    ("spans", "chains"),
    [
        pytest.param([], [], id="nobody"),
        pytest.param([(0, 10, 0, 0, 40), (10, 20, 0, 0, 40)], [(0, 1)], id="at once"),
        pytest.param([(10, 20, 0, 0, 40), (0, 10, 0, 0, 40)], [(1, 0)], id="in any order"),
        pytest.param([(0, 10, 0, 0, 40), (46, 50, 0, 0, 40)], [(0, 1)], id="36 frames later"),
        pytest.param([(0, 10, 0, 0, 40), (47, 50, 0, 0, 40)], [(0,), (1,)], id="37 frames later"),
        pytest.param([(0, 10, 0, 0, 40), (9, 20, 0, 0, 40)], [(0,), (1,)], id="both at once"),
        pytest.param([(0, 10, 0, 0, 40), (12, 20, 21, 0, 40)], [(0, 1)], id="overlap of 0.31"),
        pytest.param([(0, 10, 0, 0, 40), (12, 20, 22, 0, 40)], [(0,), (1,)], id="of 0.29"),
        pytest.param([(0, 10, 0, 8, 40), (20, 30, 160, 8, 40)], [(0, 1)], id="goes on as before"),
        pytest.param([(0, 10, 0, 8, 40), (20, 30, 80, 8, 40)], [(0, 1)], id="or stops there"),
        pytest.param([(0, 2, 0, 8, 40), (6, 30, 48, 8, 40)], [(0,), (1,)], id="no trend of two"),
        pytest.param([(0, 3, 0, 8, 40), (6, 30, 48, 8, 40)], [(0, 1)], id="a trend of three"),
        pytest.param([(0, 9, 0, 0, 40), (9, 20, 0, 0, 132)], [(0, 1)], id="3.3 times the area"),
        pytest.param([(0, 9, 0, 0, 40), (9, 20, 0, 0, 135)], [(0,), (1,)], id="3.375 times"),
        pytest.param([(0, 9, 0, 0, 135), (9, 20, 0, 0, 40)], [(0,), (1,)], id="or as small"),
        pytest.param([(0, 9, 0, 0, 40), (9, 20, 0, 0, 40), (9, 20, 5, 0, 40)],
                     [(0,), (1,), (2,)], id="two ways to go on"),
        pytest.param([(0, 9, 0, 0, 40), (0, 9, 5, 0, 40), (9, 20, 0, 0, 40)],
                     [(0,), (1,), (2,)], id="two who could go on"),
        pytest.param([(0, 5, 0, 0, 40), (5, 9, 0, 0, 40), (9, 20, 0, 0, 40)],
                     [(0,), (1,), (2,)], id="the first could go on as either"),
        pytest.param([(0, 5, 0, 0, 40), (5, 15, 0, 8, 40), (15, 20, 80, 8, 40)], [(0, 1, 2)],
                     id="one after the other"),
    ],
)  # fmt: skip
def test_tracklets_that_are_one_body(spans, chains):
    assert [c.members for c in link_tracklets(runs(*spans), fps=24)] == chains


def test_no_body_goes_on_over_a_cut():
    two = runs((0, 10, 0, 0, 40), (10, 20, 0, 0, 40), shots=[0, 1])
    assert [c.members for c in link_tracklets(two, fps=24)] == [(0,), (1,)]


def test_a_trend_is_of_the_last_eight_boxes():
    one = runs((0, 12, 0, 0, 40), (20, 30, 96, 0, 40))
    xyxy = one[0].xyxy.copy()
    xyxy[:, [0, 2]] += np.array([0, 0, 0, 0, 8, 16, 24, 32, 8, 8, 8, 8])[:, None]  # jumps about
    xyxy[4:, [0, 2]] = (np.arange(8) * 8)[:, None] + [0, 40]
    moved = Tracklet(0, 0, one[0].frame, xyxy, one[0].score)
    late = Tracklet(
        1, 0, one[1].frame, one[1].xyxy + np.array([32, 0, 32, 0], np.float32), one[1].score
    )
    assert [c.members for c in link_tracklets([moved, late], fps=24)] == [(0, 1)]  # 56 + 9 * 8


def track_of(frames, at=(100, 60), stride=1):
    one = [tracklet(0, frames, at=at)]
    return make_body_track(Chain((0,)), one, [looks(frames, ["A"] * len(frames), stride=stride)])


@pytest.mark.parametrize(
    ("own", "span"),
    [
        pytest.param(range(48), (0, 47), id="there all the while"),
        pytest.param(range(5, 48), (17, 47), id="comes: half a second later"),
        pytest.param(range(40), (0, 27), id="goes: half a second before"),
        pytest.param(range(5, 40), (17, 27), id="comes and goes"),
    ],
)
def test_from_when_a_body_has_come_in(own, span):
    everybody = [track_of(list(own)), track_of(list(range(48)), at=(400, 60))]
    assert fully_visible_span(everybody[0], everybody, fps=24) == pytest.approx(span)


@pytest.mark.parametrize(("x", "same"), [(53, True), (54, False)])
def test_one_place_is_an_overlap_of_three_tenths(x, same):
    one, two = (
        np.array([[0, 0, 100, 30]], np.float32),
        np.array([[x, 0, x + 100, 30], [x, 0, x + 100, 30]], np.float32),
    )
    moved = np.concatenate([one, one, two[:1]])  # the median counts
    assert same_places([one], [moved, two]) == [(0, 0), *[(0, 1)] * same]


@pytest.mark.parametrize(
    ("wanted", "apart", "labels"),
    [
        pytest.param(None, [], [0, 1, 2, -1], id="as many as there are"),
        pytest.param(3, [], [0, 1, 2, -1], id="just as many"),
        pytest.param(2, [], [0, 1, 1, -1], id="the likest two"),
        pytest.param(2, [(1, 2)], [0, 1, 0, -1], id="not those seen together"),
        pytest.param(1, [], [0, 0, 0, -1], id="one"),
        pytest.param(1, [(0, 1), (0, 2), (1, 2)], [0, 1, 2, -1], id="nobody can be joined"),
    ],
)
def test_characters_are_joined_until_there_are_as_many_as_wanted(wanted, apart, labels):
    odds = np.array([[0, -5, -3, 9], [-5, 0, -1, 9], [-3, -1, 0, 9], [9, 9, 9, 0]], float)
    together = np.zeros((4, 4), bool)
    for a, b in apart:
        together[a, b] = together[b, a] = True
    found = merge_to_count(np.array([0, 1, 2, -1]), wanted, odds, together)
    assert found.tolist() == labels


@pytest.mark.parametrize(
    ("box", "rows", "columns"),
    [
        pytest.param((10, 20, 40, 70), (20, 70), (10, 40), id="as it is"),
        pytest.param((10.4, 20.6, 39.6, 70.4), (21, 70), (10, 40), id="to whole pixels"),
        pytest.param((10.2, 20, 10.4, 70), (20, 70), (10, 11), id="thinner than a pixel"),
        pytest.param((-3, -2.6, 10, 90), (0, 80), (0, 10), id="beyond the picture"),
        pytest.param((10, 20.2, 40, 20.4), (20, 21), (10, 40), id="lower than a pixel"),
        pytest.param((100, 80, 100, 80), (79, 80), (99, 100), id="at the very corner"),
    ],
)
def test_a_crop_is_what_lies_in_the_box(box, rows, columns):
    edges = crop_edges(np.array([box], np.float32), width_px=100, height_px=80)
    assert edges.tolist() == [[rows[0], columns[0], rows[1], columns[1]]]


def test_no_boxes_have_no_crops():
    none = crop_edges(np.zeros((0, 4), np.float32), width_px=100, height_px=80)
    assert none.shape == (0, 4)
