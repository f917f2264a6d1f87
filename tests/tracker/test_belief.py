from __future__ import annotations

import json
from importlib import resources

import numpy as np
import pytest

from tracker.belief import (
    DATA_FILE,
    FEATURES,
    FOLLOWED,
    FOLLOWED_MOST,
    believed,
    chance_behind,
    features,
    learnt_weights,
    likely,
)  # fmt: skip
from tracker.detections import Detections
from tracker.known_weights import BUNDLED, resolve_weights, weights_sha256

SIZE = {"width_px": 320, "height_px": 180}
BODY, HEAD = [100, 20, 180, 170], [125, 22, 155, 60]
LIFTED = (FOLLOWED, FOLLOWED_MOST)
APART = [220, 20, 300, 170]
INSIDE, PAIR, OTHER_HEAD = [*BODY, 0.2], [90, 15, 280, 175], [210, 18, 240, 56]


def found(rows):
    table = np.array(rows, np.float32).reshape(-1, 5)
    return Detections(
        np.full(len(table), 3, np.int64), table[:, :4], table[:, 4], np.zeros(len(table), np.int32)
    )


def chances(bodies, heads):
    got = likely(found(bodies), found(heads), learnt_weights(), **SIZE)
    return {tuple(box[:4]): chance for box, chance in zip(bodies, got.tolist(), strict=True)}


def test_nobody_stays_nobody():
    assert len(believed(found([]), found([[*HEAD, 0.9]]), learnt_weights(), **SIZE)) == 0


@pytest.mark.parametrize(
    ("more", "less"),
    [
        pytest.param(([[*BODY, 0.4]], [[*HEAD, 0.6]]), ([[*BODY, 0.4]], []), id="its own head"),
        pytest.param(
            ([[*BODY, 0.4]], [[*HEAD, 0.6]]),
            ([[*BODY, 0.4]], [[*HEAD, 0.05]]),
            id="a head nobody would see",
        ),
        pytest.param(
            ([[*BODY, 0.4], [*APART, 0.8]], []),
            ([[*BODY, 0.4], [110, 20, 190, 170, 0.8]], []),
            id="a surer one on the same body",
        ),
        pytest.param(
            ([[*BODY, 0.4]], []), ([[100, 20, 120, 57, 0.4]], []), id="a small one"
        ),
        pytest.param(
            ([INSIDE, [*PAIR, 0.8]], [[*HEAD, 0.4], [*OTHER_HEAD, 0.4]]),
            ([INSIDE, [*PAIR, 0.8]], [[*HEAD, 0.4]]),
            id="a surer one around it that has another head",
        ),
        pytest.param(
            ([INSIDE, [*PAIR, 0.8]], [[*HEAD, 0.4], [*OTHER_HEAD, 0.4]]),
            ([INSIDE, [*PAIR, 0.8]], [[*OTHER_HEAD, 0.4]]),
            id="a head of its own in a surer one that has another",
        ),
        pytest.param(([[*BODY, 0.5]], []), ([[*BODY, 0.4]], []), id="the network's score"),
    ],
)  # fmt: skip
def test_what_makes_a_box_more_likely_somebody(more, less):
    def first(bodies, heads):
        return chances(bodies, heads)[tuple(bodies[0][:4])]

    assert first(*more) > first(*less)


def test_of_two_on_one_body_the_surer_one_loses_nothing():
    alone = chances([[*BODY, 0.8], [*APART, 0.3]], [])
    doubled = chances([[*BODY, 0.8], [105, 20, 185, 170, 0.3]], [])
    assert doubled[tuple(BODY)] == alone[tuple(BODY)]


@pytest.mark.parametrize(
    ("bodies", "heads", "wanted"),
    [
        pytest.param([[*BODY, 0.8]], [[*HEAD, 0.6]], 0.8, id="sure and likely: as it is"),
        pytest.param([[*BODY, 0.15]], [[*HEAD, 0.6]], LIFTED, id="doubted and likely: followed"),
        pytest.param(
            [[100, 20, 112, 57, 0.5], [100, 20, 112, 60, 0.6]], [], None, id="unlikely: as unlikely"
        ),
    ],
)
def test_no_box_is_surer_than_likely_and_a_likely_one_is_followed(bodies, heads, wanted):
    got = believed(found(bodies), found(heads), learnt_weights(), **SIZE)
    score = float(got.score[got.xyxy.tolist().index(bodies[0][:4])])
    chance = chances(bodies, heads)[tuple(bodies[0][:4])]
    if wanted == LIFTED:
        assert FOLLOWED < score < FOLLOWED_MOST
    else:
        assert score == pytest.approx(chance if wanted is None else wanted, abs=1e-4)
    assert wanted is not None or chance < bodies[0][4]


def test_of_two_who_are_lifted_the_likelier_is_surer():
    got = believed(
        found([[*BODY, 0.15], [*APART, 0.15]]),
        found([[*HEAD, 0.9], [245, 22, 275, 60, 0.2]]),
        learnt_weights(),
        **SIZE,
    )
    assert got.xyxy[0].tolist() == BODY
    assert FOLLOWED < got.score[1] < got.score[0] < FOLLOWED_MOST


@pytest.mark.parametrize(
    ("bodies", "heads", "wanted"),
    [
        pytest.param([], [], [], id="nobody"),
        pytest.param([[*BODY, 0.15]], [[*HEAD, 0.6]], None, id="lifted: its chance"),
        pytest.param([[*BODY, 0.8]], [[*HEAD, 0.6]], [1.0], id="the network is surer: certain"),
        pytest.param([[100, 20, 112, 57, 0.05]], [], [0.0], id="unlikely: none"),
    ],
)
def test_the_chance_behind_a_score_is_found_again(bodies, heads, wanted):
    got = believed(found(bodies), found(heads), learnt_weights(), **SIZE)
    chance = list(chances(bodies, heads).values()) if wanted is None else wanted
    assert chance_behind(got.score).tolist() == pytest.approx(chance, abs=2e-3)


def test_the_best_comes_first_and_nothing_is_lost():
    bodies = found([[*BODY, 0.3], [*APART, 0.8]])
    got = believed(bodies, found([]), learnt_weights(), **SIZE)
    assert got.xyxy.tolist() == [APART, BODY]
    assert got.frame.tolist() == [3, 3]


def test_features_and_weights_are_the_same():
    assert set(features(found([[*BODY, 0.5]]), found([]), **SIZE)) == set(FEATURES)
    assert set(learnt_weights()) == {"bias", *FEATURES}


def test_the_weights_are_those_of_the_bundled_network():
    data = json.loads((resources.files("tracker") / DATA_FILE).read_text(encoding="utf-8"))
    assert data["detector_sha256"] == weights_sha256(resolve_weights(BUNDLED))
