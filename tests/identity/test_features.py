"""What is measured at a moment, in numbers that follow from how the people were made."""

from __future__ import annotations

import numpy as np
import pytest

from identity.evidence.moments import Moments, circumstances, exact_frame
from identity.evidence.same_look import Compared, mean_of
from identity.evidence.samples import COMPARED, NETWORKS, lay_out
from identity.explanations import change, swap
from identity.explanations.contract import Explained, best_of, features_at
from identity.tracks.body_track import make_body_track
from identity.tracks.crossings import Crossing
from identity.tracks.linking import Chain
from tests.identity.people import calibration, looks, tracklet
from tests.identity.told import scene_of
from tracker.tracklets import Tracklet

NAN = float("nan")
FPS, LENGTH, EACH = 24, 48, 3  # the network looks at every third frame: 16 samples, 8 a second


def shot(*people, boxes=None, scores=None, facing=None, tone=None, frames=LENGTH):
    """Return samples of people by what they wear in each frame, 180 px from each other."""
    ours = list(range(frames))
    tracks = []
    for k, wears in enumerate(people):
        one = tracklet(0, ours, at=(60 + 180 * k, 60))
        xyxy = one.xyxy if boxes is None or boxes[k] is None else np.array(boxes[k], np.float32)
        score = one.score if scores is None else np.array(scores[k], np.float32)
        made = Tracklet(0, 0, one.frame, xyxy, score)
        seen = looks(ours, wears, stride=EACH, seed=k, facing=facing)
        tracks.append(make_body_track(Chain((0,)), [made], [seen]))
    return lay_out(tracks, COMPARED, fps=FPS, tone=tone)


def moment(samples, last=8, first=8):
    return Moments.between(samples, [(last, first)])


STILL, BECOMES = ["A"] * LENGTH, ["A"] * 24 + ["B"] * 24


# --- circumstances --------------------------------------------------------------------------------


def boxes_of(change_at, *, dx=0.0, width=60.0, height=160.0):
    rows = np.tile([60.0, 60.0, 120.0, 220.0], (LENGTH, 1))
    rows[change_at:] = [60 + dx, 60, 60 + dx + width, 60 + height]
    return rows


@pytest.mark.parametrize(
    ("boxes", "jump", "zoom"),
    [
        pytest.param(boxes_of(24), 0.0, 0.0, id="stays"),
        pytest.param(boxes_of(24, dx=20), 0.5, 0.0, id="a third to the side: 40 of 80 px"),
        pytest.param(boxes_of(24, dx=500), 1.0, 0.0, id="away"),
        pytest.param(boxes_of(24, width=90), 1 / 3, np.log(1.5), id="wider"),
        pytest.param(boxes_of(24, height=80), 0.5, np.log(2), id="half as tall"),
        pytest.param(boxes_of(13, dx=20), 0.5, 0.0, id="eleven frames before: four samples"),
        pytest.param(boxes_of(12, dx=20), 0.0, 0.0, id="twelve frames before"),
        pytest.param(boxes_of(33, dx=20), 0.5, 0.0, id="nine frames after"),
        pytest.param(boxes_of(34, dx=20), 0.0, 0.0, id="ten frames after"),
    ],
)
def test_jump_and_zoom(boxes, jump, zoom):
    found = circumstances((samples := shot(STILL, boxes=[boxes])), 0, moment(samples))
    assert found.jump[0] == pytest.approx(jump, abs=1e-5)
    assert found.zoom[0] == pytest.approx(zoom, abs=1e-5)


def test_the_poorer_side_counts():
    scores = [[0.9] * 24 + [0.4] * 24]
    samples = shot(STILL, scores=scores)
    found = circumstances(samples, 0, moment(samples))
    assert found.score[0] == pytest.approx(0.4)
    assert found.samples.tolist() == [8]
    assert found.height_px[0] == 160
    early = circumstances(samples, 0, Moments.between(samples, [(3, 5)]))
    assert early.samples.tolist() == [3]
    assert early.score[0] == pytest.approx((3 * 0.9 + 5 * 0.4) / 8)  # samples 5 to 12


@pytest.mark.parametrize(
    ("apart_until", "touch"),
    [
        pytest.param(15, 1 / 3, id="from sample 5 on"),
        pytest.param(30, 1 / 3, id="from sample 10 on"),
        pytest.param(33, 0.0, id="from sample 11 on: three samples after it at most"),
    ],
)
def test_touch_is_asked_three_samples_around(apart_until, touch):
    near = np.tile([90.0, 60.0, 150.0, 220.0], (LENGTH, 1))
    near[:apart_until] += [300, 0, 300, 0]
    samples = shot(STILL, STILL, boxes=[None, near])
    assert circumstances(samples, 0, moment(samples)).touch[0] == pytest.approx(touch, abs=1e-5)


def test_the_colours_tell_the_frame_between_two_looks():
    samples = shot(["A"] * 23 + ["B"] * 25)  # frame 23 lies between samples 7 (21) and 8 (24)
    assert exact_frame(samples, (0,), moment(samples), 0) == 23
    assert exact_frame(samples, (0,), moment(samples, 7, 9), 0) == 23
    still = shot(STILL)
    assert abs(exact_frame(still, (0,), moment(still), 0) - 24) <= FPS / 4  # nothing changes


# --- one becomes another --------------------------------------------------------------------------


def test_features_of_a_change():
    tone = np.zeros((LENGTH, 3), np.float32)
    tone[24:, 0], tone[24:, 1] = 6, 8  # ten units of Lab
    facing = [0.9] * 24 + [0.4] * 24
    samples = shot(BECOMES, STILL, tone=tone, facing=facing)
    found, judged = change.features_of(samples, 0, moment(samples), calibration())
    assert judged.tolist() == [True]
    said = features_at(found, 0)
    assert said["turn"] == pytest.approx(0.5, abs=0.01)
    assert said["light"] == pytest.approx(1.0)
    assert said["samples"] == pytest.approx(np.log(8))
    assert said["size"] == pytest.approx(np.log(1.6))
    assert said["span"] == 0.0
    assert said["together"] == 1.0
    assert (said["jump"], said["zoom"], said["touch"]) == (0, 0, 0)
    # Cosines: body 0 and 0.987, colours 0 and 0.837, by the noise the looks are made with.
    low, high = (calibration().log_odds({"body": np.array([b]), "upper": np.array([u])})[0]
                 for b, u in ((-0.417, -0.636), (1.23, 0.885)))  # fmt: skip
    assert said["unlike"] == pytest.approx(-low, abs=0.1)
    assert said["step"] == pytest.approx(-low, abs=0.15)
    assert said["others"] == pytest.approx(-min(high, 2), abs=0.1)
    assert said["noise"] == pytest.approx(max(-high, -2), abs=0.1)
    assert said["network"] == pytest.approx(1.417, abs=0.05)
    assert said["returns"] == -1.0


@pytest.mark.parametrize(
    ("wears", "judged"),
    [
        pytest.param(BECOMES, True, id="becomes another"),
        pytest.param(STILL, False, id="stays"),
        pytest.param(["A"] * 24 + ["B"] * 12 + ["A"] * 12, False, id="the old look is back"),
        pytest.param(["B"] * 9 + ["A"] * 15 + ["B"] * 24, False, id="the new look was there"),
    ],
)
def test_what_is_a_change_at_all(wears, judged):
    samples = shot(wears)
    window = Moments.between(samples, [(8, 8)], window_s=0.5)
    assert change.features_of(samples, 0, window, calibration())[1].tolist() == [judged]


def test_one_alone_has_nobody_beside_him():
    samples = shot(BECOMES)
    said = features_at(change.features_of(samples, 0, moment(samples), calibration())[0], 0)
    assert (said["others"], said["together"], said["turn"], said["light"]) == (-2.0, 0.0, 0.0, 0.0)


@pytest.mark.parametrize(("light", "said"), [((3, 4), 0.5), ((30, 40), 3.0), ((0, 0), 0.0)])
def test_light_is_told_in_tens_of_lab_and_three_at_most(light, said):
    tone = np.full((LENGTH, 3), 50, np.float32)
    tone[24:, 1:] += light
    samples = shot(BECOMES, tone=tone)
    found = change.features_of(samples, 0, moment(samples), calibration())[0]
    assert found["light"][0] == pytest.approx(said)


def test_means_and_second_smallest_leave_out_what_was_not_seen():
    similarity = {"body": np.array([0.2, NAN]), "head_look": np.array([0.6, NAN]),
                "head": np.array([0.9, 0.1]), "upper": np.array([0.3, NAN]),
                "lower": np.array([0.5, 0.7])}  # fmt: skip
    assert mean_of(similarity, ("body", "head_look")).tolist() == pytest.approx([0.4, 0.0])
    colours = ("head", "upper", "lower")
    assert change._second_smallest(similarity, colours)[0] == 0.5
    assert change._second_smallest(similarity, colours)[1] == 0.7  # NaN sorts last
    assert np.isnan(change._second_smallest(similarity, ("head",))).all()
    assert change._second_smallest(similarity, ("head", "upper"))[0] == 0.9


def one_change(kind, frame, track=0):
    return Explained(kind, (track,), frame, frame + 1, 1.0, 0.5, {})


@pytest.mark.parametrize(
    ("frames", "kept"),
    [
        pytest.param([], [], id="none"),
        pytest.param([10], [10], id="one"),
        pytest.param([10, 17], [], id="7 frames apart: the light"),
        pytest.param([10, 18], [10, 18], id="8 frames apart"),
        pytest.param([10, 12, 40], [40], id="two at once, and one later"),
    ],
)
def test_what_happens_to_several_at_once_is_nobodys_error(frames, kept):
    made = [one_change("morph", frame, track) for track, frame in enumerate(frames)]
    assert [one.start_frame for one in change.apart(made, fps=FPS)] == kept


# --- two exchange identity ------------------------------------------------------------------------


def test_features_of_an_exchange():
    samples = shot(BECOMES, ["B"] * 24 + ["A"] * 24, ["C"] * 24 + ["D"] * 24)
    found, judged = swap.features_of(samples, 0, 1, moment(samples, 7, 9), calibration())
    assert judged.tolist() == [True]
    said = features_at(found, 0)
    low, high = (calibration().log_odds({"body": np.array([b]), "upper": np.array([u])})[0]
                 for b, u in ((-0.417, -0.636), (1.23, 0.885)))  # fmt: skip
    assert said["gain"] == pytest.approx(high - low, abs=0.2)
    assert said["worse"] == pytest.approx(high - low, abs=0.2)
    assert said["crossed"] == pytest.approx(high, abs=0.15)
    assert said["network"] == pytest.approx(1.23 + 0.417, abs=0.05)
    assert said["span"] == 2 / 8
    assert said["samples"] == pytest.approx(np.log(7))
    assert said["score"] == pytest.approx(0.9)
    assert (said["leap"], said["touch"]) == (0, 0)


@pytest.mark.parametrize(
    ("one", "two", "judged"),
    [
        pytest.param(BECOMES, ["B"] * 24 + ["A"] * 24, True, id="exchanged"),
        pytest.param(STILL, ["B"] * 48, False, id="nothing happens"),
        pytest.param(BECOMES, ["B"] * 48, False, id="only one changes"),
        pytest.param(STILL, STILL, False, id="two alike"),
    ],
)
def test_what_is_an_exchange_at_all(one, two, judged):
    samples = shot(one, two)
    said = swap.features_of(samples, 0, 1, moment(samples), calibration())[1]
    assert said.tolist() == [judged]


def compared(log_odds, **similarity):
    rows = {cue: np.array(values, float) for cue, values in similarity.items()}
    return Compared(rows, np.array(log_odds, float))


@pytest.mark.parametrize(
    ("straight", "crossed", "ahead"),
    [
        ((-1, -1), (1, 1), True),
        ((0, 0), (0.1, 5), True),
        ((0, 0), (-0.1, 5), False),
        ((0, 0), (0, 5), False),
        ((0, NAN), (1, 5), False),
        ((0, 0), (0.1, 0.1), False),
        ((0, 0), (0.3, 0.3), True),
    ],
)
def test_both_must_look_more_like_the_other(straight, crossed, ahead):
    pair = swap.PairCompared(
        *(tuple(compared([v], body=[v]) for v in side) for side in (straight, crossed))
    )
    assert swap.crossed_is_ahead(pair).tolist() == [ahead]


def test_the_gain_of_cues_is_the_mean_of_those_that_all_four_have():
    a, b = compared([0], body=[0.2], upper=[0.1]), compared([0], body=[0.4], upper=[NAN])
    c, d = compared([0], body=[0.9], upper=[0.8]), compared([0], body=[0.7])
    pair = swap.PairCompared((a, b), (c, d))
    assert swap._gain_of(pair, ("body",)).tolist() == pytest.approx([0.5])
    assert np.isnan(swap._gain_of(pair, ("upper",))).all()  # one has none
    d.similarity["upper"] = np.array([0.6])
    assert swap._gain_of(pair, ("body", "upper")).tolist() == pytest.approx([0.5])
    b.similarity["upper"] = np.array([0.3])
    assert swap._gain_of(pair, ("body", "upper")).tolist() == pytest.approx([0.5])
    d.similarity["upper"] = np.array([1.0])
    assert swap._gain_of(pair, ("body", "upper")).tolist() == pytest.approx([0.6])


def test_both_are_seen_from_the_later_start_to_the_earlier_end():
    samples = shot(STILL, STILL)
    samples.seen["body"][0, :3] = samples.seen["body"][1, 12:] = False
    assert swap.both_seen(samples, 0, 1) == (3, 12)
    samples.seen["body"][1] = False
    assert swap.both_seen(samples, 0, 1) == (0, 0)


@pytest.mark.parametrize(
    ("meetings", "spans"),
    [
        pytest.param([], [(0, 16)], id="none"),
        pytest.param([(20, 26)], None, id="one"),
    ],
)
def test_moments_lie_between_meetings(meetings, spans):
    samples = shot(STILL)
    made = [Crossing(a, b, (a + b) // 2, "stayed") for a, b in meetings]
    found = swap.between_meetings(samples, (0, 16), made)
    if spans is not None:
        assert found == spans
        return
    reach = 0.1 * FPS
    (low, stop), (later, end) = found
    assert (low, end) == (0, 16)
    assert samples.frames[stop - 1] <= 20 - reach < samples.frames[stop]
    assert samples.frames[later - 1] < 26 + reach <= samples.frames[later]


@pytest.mark.parametrize(("span", "count"), [((0, 3), 0), ((0, 4), 3), ((2, 6), 3)])
def test_moments_want_two_samples_on_either_side(span, count):
    moments = swap.moments_of(shot(STILL), *span)
    assert len({*moments.last.tolist()}) == count


# --- attributes, heads, and what is common --------------------------------------------------------


@pytest.mark.parametrize(
    ("odds", "judged", "best"),
    [
        ([1, 3, 2], [True, True, True], 1),
        ([1, 3, 2], [True, False, True], 2),
        ([1, 3, 2], [False, False, False], None),
        ([0.4, 0.5], [True, True], 1),
        ([0.4, 0.3], [True, True], None),
    ],
)
def test_the_best_moment(odds, judged, best):
    assert best_of(np.array(odds, float), np.array(judged), 0.5) == best


def test_networks_are_the_embedders_cues():
    assert NETWORKS == ("body", "head_look", "upper_look", "lower_look")


@pytest.mark.parametrize(
    ("frame", "tracks", "mixed"),
    [
        pytest.param(20, "exchanged", True, id="at the first frame of a meeting"),
        pytest.param(26, "unclear", True, id="at its last"),
        pytest.param(19, "exchanged", False, id="before it"),
        pytest.param(27, "exchanged", False, id="after it"),
        pytest.param(22, "stayed", False, id="motion followed both"),
    ],
)
def test_a_change_in_a_meeting_may_be_the_boxes(frame, tracks, mixed):
    body_tracks = list(shot(STILL, STILL).tracks)
    scene = scene_of(body_tracks)
    early = Crossing(2, 6, 4, "exchanged")
    scene.samples._crossings[frozenset((0, 1))] = [early, Crossing(20, 26, 23, tracks)]
    assert change._may_be_mixed(one_change("morph", frame), scene) == mixed
