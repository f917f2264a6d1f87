"""Drift over cuts in numbers: who loses how much, and what is light."""

# Stand-ins here hold only what is asked of them, so types of arguments are not compared.
# mypy: disable-error-code="arg-type, comparison-overlap, index, truthy-function, var-annotated"

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from identity.evidence.calibration import Calibration, Scale, Weights
from identity.explanations import drift_over_cuts
from identity.explanations.contract import Explained
from identity.explanations.drift_over_cuts import _between, _spans, merge_drifts
from identity.settings import FindingSettings
from tests.identity.people import track_of

WEIGHTS = Weights(1, 1, 1, 1, 0)
SCALES = Calibration({"body": Scale(0.0, 0.5), "head": Scale(0.0, 0.5)}, WEIGHTS)


EAST, NORTH = (1.0, 0.0), (0.0, 1.0)
SAME = np.ones((3, 3), np.float32)
CLEAR = {"body": 0.7, "upper": 0.7}  # over a cut: 0.5


def over_cuts(
    monkeypatch, worn, losses, *, shots=None, setups=SAME, explained=(), places=None, drift=0.4
):
    """Judge bodies of some shots; losses are {(a, b): loss}."""
    shots = shots or [0, 1]
    bodies = [
        track_of(range(20 * shot, 20 * shot + 20), shot=shot, box=(x, 0, x + 60, 160))
        for k, shot in enumerate(shots)
        if (x := (places or [0] * len(shots))[k]) >= 0
    ]
    monkeypatch.setattr(
        drift_over_cuts, "_between",
        lambda one, two, _: losses.get((bodies.index(one), bodies.index(two)), {}),
    )  # fmt: skip
    monkeypatch.setattr(drift_over_cuts, "curve_over_cut", lambda _clip, _early, late, _: late)
    clip = SimpleNamespace(
        tracks=bodies, worn=worn, setups=setups, sets=None, calibration=None,
        settings=FindingSettings(drift=drift), characters_explained=lambda: set(explained),
    )  # fmt: skip
    return drift_over_cuts.find_over_cuts(clip)


@pytest.mark.parametrize(
    ("worn", "losses", "more", "pairs"),
    [
        pytest.param([0, 0], {(0, 1): CLEAR}, {}, [(0, 1)], id="looks otherwise"),
        pytest.param([0, 0], {(0, 1): {"body": 0.56, "upper": 0.9}}, {}, [(0, 1)], id="enough"),
        pytest.param([0, 0], {(0, 1): {"body": 0.55, "upper": 0.9}}, {}, [], id="too little"),
        pytest.param([0, 0], {(0, 1): {"body": 0.9, "upper": 0.55}}, {}, [], id="clothes stay"),
        pytest.param(
            [0, 0], {(0, 1): {"body": 0.43, "upper": 0.9}}, {"drift": 0.3}, [(0, 1)],
            id="nobody is beside it: no light",
        ),
        pytest.param([0, 0], {(0, 1): CLEAR}, {"explained": {0}}, [], id="it is explained"),
        pytest.param([0, 0], {(0, 1): CLEAR}, {"setups": np.eye(3)}, [], id="another set-up"),
        pytest.param([0, 0], {(0, 1): CLEAR}, {"setups": 0.9 * SAME}, [(0, 1)], id="like enough"),
        pytest.param([0, 0], {(0, 1): CLEAR}, {"places": [0, 200]}, [], id="another place"),
        pytest.param([0, 1], {(0, 1): CLEAR}, {}, [], id="somebody else"),
        pytest.param([-1, -1], {(0, 1): CLEAR}, {}, [], id="nobody of the cast"),
        pytest.param([0, -1], {(0, 1): CLEAR}, {}, [], id="one of the cast, one not"),
        pytest.param(
            [0, 0, 0], {(0, 1): {}, (0, 2): CLEAR, (1, 2): CLEAR}, {"shots": [0, 1, 2]}, [(0, 2)],
            id="against the first shot of the set-up",
        ),
    ],
)  # fmt: skip
def test_who_looks_otherwise_after_a_cut(monkeypatch, worn, losses, more, pairs):
    found = over_cuts(monkeypatch, worn, losses, **more)
    assert [one.tracks for one in found] == pairs
    for one in found:
        early, late = one.tracks
        assert one.curves == {late: late}
        loss = losses[early, late]
        assert one.strength == pytest.approx(min(loss.values()) / 1.4)
        assert one.start_frame == 20
        assert one.stop_frame == 20 * (late + 1)
        assert (one.kind, one.over_cut) == ("drift", True)


@pytest.mark.parametrize(
    ("other", "told"),
    [
        pytest.param({"body": 0.41, "upper": 0.5}, True, id="others lose less than .6 of it"),
        pytest.param({"body": 0.43, "upper": 0.5}, False, id="or more: the light"),
        pytest.param({}, True, id="of others nothing is known"),
    ],
)
def test_what_everybody_loses_over_a_cut_is_the_light(monkeypatch, other, told):
    found = over_cuts(
        monkeypatch, [0, 1, 0, 1], {(0, 2): CLEAR, (1, 3): other}, shots=[0, 0, 1, 1],
        places=[0, 200, 0, 200],
    )  # fmt: skip
    assert [one.tracks for one in found] == ([(0, 2)] if told else [])


@pytest.mark.parametrize("most", [0, 1])
def test_who_loses_most_beside_it_says_how_much_is_light(monkeypatch, most):
    beside = [{}, {"body": 0.5, "upper": 0.5}]
    found = over_cuts(
        monkeypatch, [0, 1, 2] * 2,
        {(0, 3): CLEAR, (1, 4): beside[most], (2, 5): beside[1 - most]},
        shots=[0, 0, 0, 1, 1, 1], places=[0, 200, 400] * 2,
    )  # fmt: skip
    assert found == []


@pytest.mark.parametrize(
    ("worn", "told"),
    [
        pytest.param([0, 1, 2, 1], True, id="one is never seen again, the other stays"),
        pytest.param([1, 0, 2, 0], True, id="the first character stays"),
        pytest.param([0, 1, 2, 3], False, id="nobody stays"),
        pytest.param([0, 1, 1, 1], False, id="seen before"),
    ],
)
def test_a_new_character_in_the_place_of_one_who_is_gone(monkeypatch, worn, told):
    found = over_cuts(
        monkeypatch, worn, {(0, 2): CLEAR}, shots=[0, 0, 1, 1], places=[0, 200, 0, 200]
    )
    assert [one.tracks for one in found] == ([(0, 2)] if told else [])


@pytest.mark.parametrize(
    ("samples", "loss"),
    [
        pytest.param(3, {"body": 2.0}, id="one look against another"),
        pytest.param(2, {}, id="two looks say nothing"),
    ],
)
def test_what_is_lost_from_one_shot_to_another(samples, loss):
    one, two = track_of(range(9), body=[EAST] * 4), track_of(range(9), body=[NORTH] * samples)
    assert _between(one, two, SCALES) == loss
    assert _between(two, one, SCALES) == loss


def test_a_loss_counts_beyond_what_the_calmer_side_varies():
    calm, wild = track_of(range(9), body=[EAST] * 4), track_of(range(9), body=[EAST, NORTH] * 2)
    assert _between(calm, wild, SCALES) == {"body": pytest.approx((1 / 3 - 1 / 2) / 0.5)}
    assert _between(calm, calm, SCALES) == {"body": pytest.approx(0)}


def test_from_which_shot_to_which_somebody_is_seen():
    bodies = [track_of(range(3), shot=shot) for shot in (0, 2, 1, 4)]
    assert _spans(bodies, [7, 7, 3, -1]) == {7: (0, 2), 3: (1, 1), -1: (4, 4)}


def drift(tracks, start, stop, *, strength=0.5, odds=1.0, **more):
    return Explained("drift", tracks, start, stop, odds, strength, **more)


def test_a_character_has_one_drift():
    first = drift((0,), 10, 30, odds=2.0, strength=0.4, curves={0: "a"}, vouched=False)
    second = drift((2, 1), 25, 60, odds=1.0, strength=0.9, over_cut=True, curves={1: "b"})
    other = drift((3,), 5, 8)
    (merged, alone) = merge_drifts([first, second, other], [0, 0, 0, 1])
    assert (merged.tracks, merged.start_frame, merged.stop_frame) == ((0, 1, 2), 10, 60)
    assert (merged.log_odds, merged.strength) == (1.0, 0.9)  # as sure as what vouches for it
    assert (merged.deciding, alone.deciding) == ((2, 1), ())
    assert (merged.over_cut, merged.vouched) == (True, True)
    assert merged.curves == {0: "a", 1: "b"}
    assert alone == other
    assert not alone.over_cut
    apart = merge_drifts([first, other, drift((1,), 1, 2)], [-1, -1, -1, -1])
    assert [one.tracks for one in apart] == [(0,), (3,), (1,)]
    assert merge_drifts([], []) == []
