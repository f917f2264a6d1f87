"""How explanations are chosen, on moments whose log-odds are given."""

# Stand-ins here hold only what is asked of them, so types of arguments are not compared.
# mypy: disable-error-code="arg-type, comparison-overlap, index, truthy-function, var-annotated"

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from identity.evidence.course import Course
from identity.evidence.moments import Moments
from identity.evidence.samples import COMPARED, lay_out
from identity.explanations import attribute_swap, clone, swap
from identity.explanations.attribute_swap import ExchangeScore
from identity.explanations.contract import Clip, Explained, Scene
from identity.settings import FindingSettings
from identity.tracks.body_track import make_body_track
from identity.tracks.crossings import Crossing
from identity.tracks.linking import Chain
from tests.identity.people import calibration, looks, tracklet

FRAMES = 3 * np.arange(40)
LEAST = FindingSettings()  # log-odds of 0


class Told:
    """A model that says the log-odds it is given."""

    def log_odds(self, features):
        return features["odds"]


def scene(*, tracks=1, per_s=8.0, twins=-2.0):
    samples = SimpleNamespace(
        frames=FRAMES, per_s=per_s, fps=24.0, tracks=tuple(range(tracks)), looks={"body": 1}
    )
    model = dict.fromkeys(("swap", "morph", "drift", "clone"), Told())
    return Scene(samples, None, model, LEAST, twins)


def moments(*pairs):
    last, first = np.array(pairs, np.int64).reshape(-1, 2).T
    return Moments(np.maximum(last - 8, 0), last, first, np.minimum(first + 8, 40))


# --- one becomes another --------------------------------------------------------------------------


SLOW, SUDDEN = Course(slow=True, start=12, stop=30), Course(slow=False, start=19, stop=20)


# --- two exchange identity ------------------------------------------------------------------------


def test_an_exchange_with_its_return_is_one():
    there, back = (Explained("swap", (0, 1), at, at + 1, 1.0, 1.0) for at in (10, 20))
    (one,) = swap._as_one([there, back])
    assert (one.start_frame, one.undone_frame) == (10, 20)
    assert swap._as_one([]) == []


@pytest.mark.parametrize(
    ("meeting", "pair"),
    [
        pytest.param(Crossing(30, 45, 37, "stayed"), (11, 15), id="right before and after it"),
        pytest.param(Crossing(31, 44, 37, "stayed"), (11, 15), id="between samples"),
        pytest.param(Crossing(30, 45, 37, "exchanged"), None, id="motion says otherwise"),
        pytest.param(Crossing(30, 45, 37, "unclear"), None, id="motion says nothing"),
        pytest.param(Crossing(-1, 45, 37, "stayed"), None, id="nothing before it"),
        pytest.param(Crossing(0, 45, 37, "stayed"), (1, 15), id="one sample before it"),
        pytest.param(Crossing(30, 118, 37, "stayed"), None, id="nothing after it"),
        pytest.param(Crossing(30, 117, 37, "stayed"), (11, 39), id="one sample after it"),
    ],
)
def test_an_exchange_behind_a_meeting(monkeypatch, meeting, pair):
    asked = []

    def between(samples, pairs):
        asked.extend(pairs)
        return moments(*pairs)

    def features(samples, one, two, asked_moments, scales, *, min_samples):
        assert min_samples == 1
        nought = {"touch": np.ones(1), "leap": np.ones(1), "span": np.ones(1)}
        return {"odds": np.ones(1), "network": np.ones(1), **nought}, np.ones(1, bool)

    monkeypatch.setattr(swap, "Moments", SimpleNamespace(between=between))
    monkeypatch.setattr(swap, "features_of", features)
    found = swap._behind(scene(tracks=2), (0, 1), meeting)
    assert asked == ([] if pair is None else [pair])
    assert (found is None) == (pair is None)
    if found is not None:
        assert found.start_frame == 37
        assert found.features == {"odds": 1, "network": 1, "touch": 0, "leap": 0, "span": 0}


# --- one person twice -----------------------------------------------------------------------------


def shot(*people, first=(0, 0), size=((60, 160), (60, 160)), scores=(0.9, 0.9), near=False):
    """Return samples of two side by side; each wears what stands there from its first frame on."""
    tracks = []
    for k, wears in enumerate(people):
        frames = list(range(first[k], 48))
        at = (60 + (30 if near else 200) * k, 60)
        own = tracklet(0, frames, at=at, size=size[k], score=scores[k])
        seen = looks(frames, wears[first[k] :], seed=k)
        tracks.append(make_body_track(Chain((0,)), [own], [seen]))
    return lay_out(tracks, COMPARED, fps=24)


SAME, BECOMES, OTHER = ["A"] * 48, ["B"] * 24 + ["A"] * 24, ["B"] * 48


def clone_features(*people, twins=-2.0, **more):
    samples = shot(*people, **more)
    at = Moments.between(samples, [(8, 8)])
    found, judged = clone.features_of(samples, 0, 1, at, calibration(), twins=twins)
    return {name: float(value[0]) for name, value in found.items()}, bool(judged[0])


def odds_of(cosine):
    """Return the log-odds of looks that share so much, as they are made for tests."""
    seen = {cue: np.array([cosine]) for cue in ("body", "upper")}
    return float(calibration().log_odds(calibration().similarities(seen))[0])


def test_features_of_one_who_becomes_another_on_screen():
    said, judged = clone_features(SAME, BECOMES)
    assert judged
    assert said["alike"] == pytest.approx(odds_of(0.95), abs=0.5)
    assert said["became"] == pytest.approx(said["alike"] - odds_of(0.0), abs=0.2)
    assert said["network"] == pytest.approx((0.987 - 0.25) / 0.6 - 0.5, abs=0.05)
    assert said["colour"] == pytest.approx((0.837 - 0.4) / 0.5 - 0.5, abs=0.15)
    assert said["pure"] == pytest.approx(said["alike"], abs=0.2)
    assert (said["had_before"], said["appears"], said["twins"]) == (1, 0, -2)
    assert said["samples"] == pytest.approx(np.log(8))
    assert said["score"] == pytest.approx(0.9)
    assert (said["zoom"], said["touch"]) == (0, 0)
    assert np.isnan(said["hair"])


@pytest.mark.parametrize(
    ("more", "feature", "value"),
    [
        pytest.param({"twins": 0.25}, "twins", 0.25, id="two others are as alike"),
        pytest.param({"twins": -5.0}, "twins", -2.0, id="or not at all"),
        pytest.param({"scores": (0.9, 0.4)}, "score", 0.4, id="the one that is doubted more"),
        pytest.param({"size": ((60, 160), (60, 80))}, "zoom", np.log(2), id="half as tall"),
        pytest.param({"size": ((60, 80), (60, 160))}, "zoom", np.log(2), id="twice as tall"),
        pytest.param({"near": True}, "touch", 1 / 3, id="boxes overlap"),
        pytest.param({"first": (0, 24)}, "appears", 1.0, id="appears at this moment"),
        pytest.param({"first": (0, 18)}, "appears", 1.0, id="two samples before it"),
        pytest.param({"first": (0, 15)}, "appears", 0.0, id="three samples before it"),
        pytest.param({"first": (0, 24)}, "had_before", 0.0, id="was not there before"),
        pytest.param({"first": (0, 24)}, "became", 0.0, id="so became nothing"),
    ],
)
def test_what_else_is_known_of_a_clone(more, feature, value):
    assert clone_features(SAME, SAME, **more)[0][feature] == pytest.approx(value, abs=1e-5)


@pytest.mark.parametrize(
    ("people", "more", "judged"),
    [
        pytest.param((SAME, SAME), {}, True, id="alike"),
        pytest.param((SAME, OTHER), {}, False, id="unlike"),
        pytest.param((SAME, SAME), {"twins": 9.0}, False, id="two others are as alike"),
        pytest.param((SAME, SAME), {"first": (0, 45)}, False, id="one look of one of them"),
    ],
)
def test_who_may_be_a_clone_at_all(people, more, judged):
    assert clone_features(*people, **more)[1] is judged


def test_who_is_alike_at_once():
    found = clone.alike_at_once(shot(SAME, BECOMES), calibration())
    assert list(found) == [(0, 1)]
    assert odds_of(0.0) < found[0, 1] < odds_of(1.0)
    assert clone.alike_at_once(shot(SAME, SAME, first=(0, 45)), calibration()) == {}
    assert list(clone.alike_at_once(shot(SAME, SAME, first=(0, 42)), calibration())) == [(0, 1)]


# --- clothes and heads over a cut -----------------------------------------------------------------


def placed(number, shot_, x, *, samples=9):
    frames = np.arange(20 * shot_, 20 * shot_ + 20)
    return SimpleNamespace(
        tracklet=SimpleNamespace(tracklet_id=number, shot_index=shot_), sample_count=samples,
        xyxy=np.tile(np.array([x, 0, x + 50, 100], np.float32), (20, 1)), means={},
        start_frame=int(frames[0]) + number % 2, stop_frame=int(frames[-1]) + 1,
    )  # fmt: skip


def exchanged(monkeypatch, shots, *, labels=None, samples=9, setups=None, explained=(), odds=0.6):
    """Judge two at two places in some shots, whose clothes are exchanged between any two shots."""
    segments = [placed(2 * s + k, s, 200 * k, samples=samples) for s in shots for k in (0, 1)]
    score = ExchangeScore((0.0, 0.0), (odds, odds))
    monkeypatch.setattr(attribute_swap, "_scores", lambda four, scales: {"body": score})
    monkeypatch.setattr(attribute_swap, "hair_says", lambda *_: None)
    monkeypatch.setattr(
        attribute_swap, "which_attribute",
        lambda scores, *, threshold, hair: "clothes" if odds >= threshold else None,
    )  # fmt: skip
    count = max(shots, default=0) + 1
    clip = SimpleNamespace(
        segments=segments, explained=explained, calibration=None,
        cast=SimpleNamespace(labels=np.array(labels or [0, 1] * len(shots))),
        setups=np.ones((count, count)) if setups is None else setups,
        settings=FindingSettings(attribute_swap=0.3), track_of=lambda k: 10 + k,
    )  # fmt: skip
    assert Clip  # what is stood for
    return attribute_swap.find_over_cuts(clip)


@pytest.mark.parametrize(
    ("shots", "more", "fours"),
    [
        pytest.param([0, 1], {}, [(0, 1, 2, 3)], id="over a cut"),
        pytest.param([], {}, [], id="nobody"),
        pytest.param([0], {}, [], id="one shot"),
        pytest.param([0, 1], {"samples": 3}, [(0, 1, 2, 3)], id="three looks"),
        pytest.param([0, 1], {"samples": 2}, [], id="two looks"),
        pytest.param([0, 1], {"labels": [0, 1, 0, -1]}, [], id="one is nobody of the cast"),
        pytest.param([0, 1], {"setups": np.full((2, 2), 0.85)}, [(0, 1, 2, 3)], id="like enough"),
        pytest.param([0, 1], {"setups": np.full((2, 2), 0.84)}, [], id="another set-up"),
        pytest.param([0, 1], {"odds": 0.29}, [], id="too little"),
        pytest.param(
            [0, 1, 2], {}, [(0, 1, 2, 3), (2, 3, 4, 5)], id="against the last shot of the set-up"
        ),
        pytest.param(
            [0, 1], {"explained": (Explained("attribute_swap", (0, 1), 0, 1, 1.0, 1.0),)}, [],
            id="after an exchange in a shot",
        ),
        pytest.param(
            [0, 1], {"explained": (Explained("swap", (0, 1), 0, 1, 1.0, 1.0),)}, [(0, 1, 2, 3)],
            id="after something else",
        ),
    ],
)  # fmt: skip
def test_attributes_exchanged_over_a_cut(monkeypatch, shots, more, fours):
    found = exchanged(monkeypatch, shots, **more)
    assert [one.segments for one in found] == fours
    for one in found:
        assert one.tracks == tuple(10 + k for k in one.segments)
        assert one.start_frame == 10 * one.segments[2]  # the earlier one of the two
        assert one.stop_frame == 20 * (max(shots) + 1)
        assert (one.strength, one.attribute, one.over_cut) == (0.6, "clothes", True)
        assert one.confidence == pytest.approx(12 / 13, abs=1e-3)  # twice the threshold


def test_how_strong_an_exchange_is():
    assert (
        attribute_swap._strength("clothes", {"body": ExchangeScore((0, 0), (1, 0.5))}, None) == 0.75
    )
    heads = {"head": ExchangeScore((0, 0), (0.5, 0.25))}
    assert attribute_swap._strength("head", heads, None) == 0.375
    assert attribute_swap._strength("head", heads, SimpleNamespace(lost=0.8)) == 0.8
