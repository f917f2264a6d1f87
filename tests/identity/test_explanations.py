"""The learnt model: its file, its signs, and what it must never do."""

from __future__ import annotations

import numpy as np
import pytest

from identity.evidence.learnt import LearntEvidence, learnt_evidence
from identity.evidence.logistic import Logistic
from identity.explanations import (
    attribute_swap,
    change,
    clone,
    clothes_swap,
    exchanged_heads,
    other_clothes,
    other_face,
    other_look,
    slow_clothes,
    swap,
)
from identity.explanations.model import DecisionModel, bundled_model
from identity.tracks.body_track import make_body_track
from identity.tracks.linking import link_tracklets
from tests.identity.people import FPS, looks, tracklet
from tests.identity.told import explained, incidents_of

LENGTH = 72
# Less alike is never better evidence for "same", and so on: the signs that common sense asks for.
NEVER_NEGATIVE = {
    "swap": ("gain", "worse", "crossed", "network", "colour", "score"),
    "morph": ("unlike", "network", "colour", "hair", "step", "score"),
    "drift": ("unlike", "network", "colour", "hair", "score"),
    "clone": ("alike", "network", "colour", "hair", "became", "score"),
    "other_look": other_look.CUES,
    "other_clothes": ("alone", "network"),
    "clothes_swap": ("network", "head", "hair", "samples"),
    "exchanged_heads": ("hair", "face"),
    "other_face": ("face", "step", "samples", "size"),
    "slow_clothes": ("alone",),
    "hair_swap": ("alone", "network"),
}
NEVER_POSITIVE = {
    "swap": ("leap", "touch"),
    "morph": ("jump", "zoom", "light", "others", "touch", "returns"),
    "drift": ("jump", "zoom", "light", "others", "touch", "returns"),
    "clone": ("twins",),
    "other_look": ("turn", "shape"),
    "other_clothes": ("head", "hair"),
    "clothes_swap": (),
    "exchanged_heads": ("touch",),
    "other_face": ("noise", "returns", "turn", "aside", "nod", "zoom", "jump", "touch", "light"),
    "slow_clothes": ("head", "hair"),
    "hair_swap": ("turn",),
}


@pytest.mark.parametrize(
    ("name", "features"),
    [
        ("swap", swap.FEATURES),
        ("morph", change.FEATURES),
        ("drift", change.FEATURES),
        ("clone", clone.FEATURES),
        ("other_look", other_look.FEATURES),
        ("other_clothes", other_clothes.FEATURES),
        ("clothes_swap", clothes_swap.FEATURES),
        ("exchanged_heads", exchanged_heads.FEATURES),
        ("other_face", other_face.FEATURES),
        ("slow_clothes", slow_clothes.FEATURES),
        ("hair_swap", attribute_swap.HAIR),
    ],
)
def test_the_bundled_model_knows_every_feature_and_keeps_its_sign(name, features):
    weights = bundled_model()[name].weights
    assert set(weights) == set(features)
    assert all(weights[feature] >= 0 for feature in NEVER_NEGATIVE[name])
    assert all(weights[feature] <= 0 for feature in NEVER_POSITIVE[name])


def test_a_model_comes_back_from_its_file():
    model = DecisionModel({"swap": Logistic(-1.0, {"gain": 2.0})}, {"seed": 1})
    again = DecisionModel.from_json(model.to_json())
    assert again == model
    assert bundled_model().provenance["embedder"]["name"] == "castcheck-reid"


def test_decisions_were_fitted_on_the_evidence_that_is_here():
    fitted_on = bundled_model().provenance["same_person_sha256"]
    assert fitted_on == learnt_evidence().same_person_sha256, (
        "decisions.json was fitted on other evidence: run `python -m training.decisions` again"
    )


@pytest.mark.parametrize(
    ("same_person", "someone", "provenance", "same"),
    [
        pytest.param(Logistic(-1.0, {"body": 2.0}), Logistic(0, {}), {}, True, id="as it was"),
        pytest.param(Logistic(-1.0, {"body": 2.0}), Logistic(1, {}), {"n": 2}, True, id="the rest"),
        pytest.param(Logistic(-1.0, {"body": 2.1}), Logistic(0, {}), {}, False, id="a weight"),
        pytest.param(Logistic(-1.1, {"body": 2.0}), Logistic(0, {}), {}, False, id="the bias"),
        pytest.param(Logistic(-1.0, {"hair": 2.0}), Logistic(0, {}), {}, False, id="another cue"),
        pytest.param(Logistic(-1.0, {"body": 2.0, "both_face": -1.0}), Logistic(0, {}), {}, True,
                     id="what no decision asks"),
        pytest.param(Logistic(-1.0, {"body": 2.0, "face": 0.0}), Logistic(0, {}), {}, True,
                     id="what weighs nothing"),
    ],
)  # fmt: skip
def test_the_digest_of_evidence_is_of_the_numbers_behind_decisions(
    same_person, someone, provenance, same
):
    none = Logistic(0, {})
    was = LearntEvidence(Logistic(-1.0, {"body": 2.0}), none, none, {}).same_person_sha256
    found = LearntEvidence(same_person, someone, someone, provenance).same_person_sha256
    assert (found == was) is same


@pytest.mark.parametrize("names", [(), ("other",), ("gain", "more")])
def test_a_feature_without_a_weight_is_an_error(names):
    with pytest.raises(KeyError, match="weights"):
        Logistic(-1.0, {"gain": 2.0}).log_odds(dict.fromkeys(names, np.zeros(1)))


def test_what_is_not_known_says_nothing():
    one = Logistic(-1.0, {"gain": 2.0})
    assert one.log_odds({"gain": np.array([np.nan, 1.0])}).tolist() == [-1.0, 1.0]


def bodies(*people, stride=3, fps=FPS):
    frames = list(range(len(people[0])))
    tracks = [tracklet(k, frames, at=(40 + 190 * k, 60)) for k in range(len(people))]
    seen = [looks(frames, wears, stride=stride, seed=k) for k, wears in enumerate(people)]
    return [make_body_track(c, tracks, seen) for c in link_tracklets(tracks, fps=fps)]


def told_of(*people, stride=3, fps=FPS):
    return incidents_of(bodies(*people, stride=stride, fps=fps), fps=fps)


def mix(first, second, at, over):
    ramp = np.clip((np.arange(LENGTH) - at + 1) / max(over, 1), 0, 1)
    return [(first, second, float(share)) for share in ramp]


@pytest.mark.parametrize("over", [1, 3, 6, 9, 12])
def test_an_exchange_over_some_frames_is_one_swap(over):
    found = told_of(mix("A", "B", 34, over), mix("B", "A", 34, over), ["C"] * LENGTH)
    assert [kind for kind, _, _ in found] == ["swap"]
    assert 31 <= found[0][2] <= 34 + over


def test_an_exchange_and_its_return_are_two():
    there_and_back = [["A"] * 24 + ["B"] * 24 + ["A"] * 24, ["B"] * 24 + ["A"] * 24 + ["B"] * 24]
    found = told_of(*there_and_back)
    assert sorted(start for kind, _, start in found if kind == "swap") == [24, 48]


@pytest.mark.parametrize("start", [12, 32])
def test_an_exchange_for_eight_frames_is_one_swap(start):
    one, two = (
        [own] * start + [other] * 8 + [own] * (LENGTH - start - 8) for own, other in ("AB", "BA")
    )
    assert told_of(one, two, ["C"] * LENGTH) == [("swap", (0, 1), start)]
    assert [e.undone_frame for e in explained(bodies(one, two, ["C"] * LENGTH))] == [start + 8]


def test_two_who_exchange_again_and_again_are_told_each_time():
    one, two = ([own] * 8 + [other] * 16 + [own] * 8 + [other] * 16 for own, other in ("AB", "BA"))
    told = explained(bodies(one, two, ["C"] * 48))
    assert sorted(e.start_frame for e in told) == [8, 24, 32]
    assert {(e.kind, e.tracks, e.undone_frame) for e in told} == {("swap", (0, 1), None)}


@pytest.mark.parametrize(
    ("fps", "stride", "frames"),
    [
        pytest.param(8.0, 1, 16, id="16 frames at 8 a second"),
        pytest.param(24.0, 3, 72, id="24 a second"),
        pytest.param(60.0, 8, 160, id="60 a second"),
    ],
)
def test_a_swap_is_found_at_any_rate(fps, stride, frames):
    half = frames // 2
    two = ["A"] * half + ["B"] * half, ["B"] * half + ["A"] * half
    assert told_of(*two, stride=stride, fps=fps) == [("swap", (0, 1), half)]
    still = ["A"] * frames, ["B"] * frames
    assert told_of(*still, stride=stride, fps=fps) == []


def test_who_is_on_screen_twice_from_a_moment_on_is_a_clone():
    found = told_of(["A"] * LENGTH, ["B"] * 36 + ["A"] * 36)
    assert [(kind, who) for kind, who, _ in found] == [("clone", (0, 1))]
    assert 33 <= found[0][2] <= 39
