"""How explanations are chosen, on moments whose log-odds are given."""

# Stand-ins here hold only what is asked of them, so types of arguments are not compared.
# mypy: disable-error-code="arg-type, comparison-overlap, index, truthy-function, var-annotated"

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from identity.evidence.calibration import Calibration, Scale
from identity.evidence.course import Course
from identity.evidence.moments import Moments
from identity.evidence.samples import COMPARED, lay_out
from identity.explanations import attribute_swap, change, clone, clothes_swap, swap
from identity.explanations.contract import Clip, Explained, Scene
from identity.settings import FindingSettings
from identity.tracks.body_track import make_body_track
from identity.tracks.crossings import Crossing
from identity.tracks.linking import Chain
from tests.identity.people import (
    body_of,
    calibration,
    colour_of,
    looks,
    track_of,
    tracklet,
)
from tests.identity.told import scene_of

FRAMES = 3 * np.arange(40)
LEAST = FindingSettings()  # log-odds of 0


class Told:
    """A model that says the log-odds it is given."""

    def log_odds(self, features):
        return features["odds"]


def scene(*, tracks=1, per_s=8.0, twins=-2.0):
    samples = SimpleNamespace(
        frames=FRAMES,
        per_s=per_s,
        fps=24.0,
        tracks=tuple(range(tracks)),
        looks={"body": 1},
        parts=lambda at: [np.arange(len(at))],
    )
    model = dict.fromkeys(("swap", "morph", "drift", "clone"), Told())
    return Scene(samples, None, model, LEAST, twins)


def moments(*pairs):
    last, first = np.array(pairs, np.int64).reshape(-1, 2).T
    return Moments(np.maximum(last - 8, 0), last, first, np.minimum(first + 8, 40))


# --- one becomes another --------------------------------------------------------------------------


def change_told(
    monkeypatch, fast, slow, *, course=None, leaps=False, colour=0.33, anew=False, keeps_head=False
):
    """Judge a track; fast and slow are {(last, first): log-odds}."""

    def asked(samples, track, *, slow):
        return moments(*(slow_ if slow else fast_))

    def features(samples, track, asked_moments, scales):
        pairs = zip(asked_moments.last.tolist(), asked_moments.first.tolist(), strict=True)
        odds = np.array([{**fast, **slow}[pair] for pair in pairs], float)
        said = {"odds": odds, "network": np.full(len(odds), 0.7)}
        said["colour"] = np.full(len(odds), colour)
        return said, np.ones(len(odds), bool)

    fast_, slow_ = list(fast), list(slow)
    monkeypatch.setattr(change, "moments_of", asked)
    monkeypatch.setattr(change, "features_of", features)
    monkeypatch.setattr(change, "course_of", lambda *_: course)
    monkeypatch.setattr(change, "_leaps", lambda *_: leaps)
    monkeypatch.setattr(change, "exact_frame", lambda *_: 58)
    monkeypatch.setattr(change, "curve_from", lambda *given: given[2])
    monkeypatch.setattr(change, "_is_dressed_anew", lambda *_: anew)
    monkeypatch.setattr(change, "_keeps_head", lambda *_: keeps_head)
    return change._change_of(scene(), 0)


SLOW, SUDDEN = Course(slow=True, start=12, stop=30), Course(slow=False, start=19, stop=20)


@pytest.mark.parametrize(
    ("fast", "slow", "more", "kind", "span", "odds"),
    [
        pytest.param({}, {}, {}, None, None, None, id="nothing to ask"),
        pytest.param({(20, 20): -0.1}, {(10, 30): -0.1}, {}, None, None, None, id="unlikely"),
        pytest.param({(20, 20): 0.0}, {}, {}, "morph", (58, 59), 0.0, id="as likely as not"),
        pytest.param(
            {(20, 20): 1.0, (9, 9): 0.5}, {(10, 30): 2.0}, {}, "morph", (58, 59), 2.0,
            id="a step, as sure as the surest",
        ),
        pytest.param(
            {(20, 20): 1.0}, {(10, 30): 2.0}, {"course": SUDDEN}, "morph", (58, 59), 2.0,
            id="its course is a step",
        ),
        pytest.param(
            {(20, 20): 1.0}, {(10, 30): 2.0}, {"course": SLOW}, "drift", (36, 91), 2.0,
            id="its course is a ramp",
        ),
        pytest.param(
            {(20, 20): 1.0}, {(10, 30): 2.0}, {"course": SLOW, "leaps": True}, "morph", (58, 59),
            2.0, id="its course is a ramp, but it leaps",
        ),
        pytest.param(
            {(20, 20): -1.0}, {(10, 30): 2.0}, {}, "drift", (27, 91), 2.0,
            id="only slowly: between two stretches",
        ),
        pytest.param(
            {(20, 20): -1.0}, {(10, 30): 2.0}, {"course": SUDDEN}, "drift", (27, 91), 2.0,
            id="only slowly, whatever its course",
        ),
        pytest.param(
            {}, {(0, 40): 2.0}, {}, "drift", (0, 118), 2.0, id="no further than there are samples"
        ),
    ],
)  # fmt: skip
def test_how_a_track_changes(monkeypatch, fast, slow, more, kind, span, odds):
    found = change_told(monkeypatch, fast, slow, **more)
    if kind is None:
        assert found is None
        return
    assert (found.kind, found.tracks) == (kind, (0,))
    assert (found.start_frame, found.stop_frame) == span
    assert (found.log_odds, found.strength) == (odds, 0.7)
    last = 20 if kind == "morph" else next(iter(slow))[0]
    assert found.curves == {0: (max(last - 8, 0), last)}  # against the looks before it


@pytest.mark.parametrize(
    ("fast", "slow", "more", "vouched"),
    [
        pytest.param({}, {(10, 30): 2.0}, {"colour": 0.33}, True, id="slowly, two colours too"),
        pytest.param(
            {}, {(10, 30): 2.0}, {"colour": 0.32}, False, id="slowly, for the networks alone"
        ),
        pytest.param(
            {}, {(10, 30): 2.0}, {"colour": 0.0, "anew": True}, True, id="slowly, in other clothes"
        ),
        pytest.param(
            {(20, 20): 1.0}, {}, {"colour": 0.0}, True, id="at once: nobody turns so fast"
        ),
    ],
)
def test_what_vouches_for_a_change(monkeypatch, fast, slow, more, vouched):
    assert change_told(monkeypatch, fast, slow, **more).vouched is vouched


@pytest.mark.parametrize("kinds", [({(20, 20): 1.0}, {}), ({}, {(10, 30): 2.0})])
@pytest.mark.parametrize(
    ("anew", "keeps_head", "attribute"),
    [(True, True, "clothes"), (True, False, ""), (False, True, ""), (False, False, "")],
)
def test_whether_clothes_alone_have_changed(monkeypatch, kinds, anew, keeps_head, attribute):
    found = change_told(monkeypatch, *kinds, anew=anew, keeps_head=keeps_head)
    assert found.attribute == attribute


@pytest.mark.parametrize(
    ("heads", "clothes", "anew"),
    [
        pytest.param("AA", "AA", False, id="nothing changes"),
        pytest.param("AA", "AB", True, id="clothes, and the head stays"),
        pytest.param("AB", "AB", False, id="the head too: somebody else, or light"),
        pytest.param("AB", "AA", False, id="the head alone"),
        pytest.param(None, "AB", False, id="no head in view"),
    ],
)
def test_clothes_that_change_while_the_head_stays(heads, clothes, anew):
    count = 12
    cues = {"body": [body_of("A")] * 2 * count}
    for cue, worn in (("head", heads), ("upper", clothes)):
        if worn is not None:
            cues[cue] = [colour_of(name) for name in worn for _ in range(count)]
    scene = scene_of([track_of(range(2 * count), **cues)])
    moment = Moments.between(scene.samples, [(count, count)])
    assert change._is_dressed_anew(scene, 0, moment) is anew


# --- two exchange identity ------------------------------------------------------------------------


def exchanges(monkeypatch, said, *, span=(0, 40), per_s=8.0):
    """Ask for an exchange that is undone; said is {sample: log-odds}, all else -9."""
    asked = {}

    def between(samples, pairs, *, low, high, window_s):
        chosen = [(last, first) for last, first in np.asarray(pairs).tolist()]
        asked.update(pairs=chosen, low=low, high=high, window_s=window_s)
        return moments(*pairs)

    def features(samples, one, two, asked_moments, scales):
        odds = np.array([said.get(at, -9.0) for at in asked_moments.last.tolist()])
        return {"odds": odds, "network": odds}, np.ones(len(odds), bool)

    monkeypatch.setattr(swap, "Moments", SimpleNamespace(between=between))
    monkeypatch.setattr(swap, "features_of", features)
    monkeypatch.setattr(
        swap, "exact_frame", lambda samples, pair, m, at: int(samples.frames[m.first[at]])
    )
    found = swap._for_a_moment(scene(tracks=2, per_s=per_s), (0, 1), span)
    return [(one.start_frame, one.log_odds) for one in found], asked


@pytest.mark.parametrize(
    ("said", "frames"),
    [
        pytest.param({}, [], id="never"),
        pytest.param({10: 1.0}, [], id="not undone"),
        pytest.param({10: 1.0, 14: 2.0}, [30, 42], id="undone half a second later"),
        pytest.param({10: 1.0, 11: 2.0}, [], id="a sample later is the same moment"),
        pytest.param({10: 1.0, 12: 2.0}, [30, 36], id="two samples later it is undone"),
        pytest.param({10: 1.0, 18: 2.0}, [30, 54], id="a second later"),
        pytest.param({10: 1.0, 19: 2.0}, [], id="more than a second later"),
        pytest.param({10: 0.0, 14: 0.0}, [30, 42], id="as likely as not"),
        pytest.param({10: -0.1, 14: 2.0}, [], id="one is unlikely"),
        pytest.param({10: 1.0, 14: 1.5, 16: 2.0}, [42, 48], id="the two that are surest together"),
    ],
)
def test_an_exchange_that_is_undone(monkeypatch, said, frames):
    found, asked = exchanges(monkeypatch, said)
    assert [frame for frame, _ in found] == frames
    if frames:
        both = min(said[frame // 3] for frame in frames)
        assert [odds for _, odds in found] == [both, both]
    assert asked["pairs"] == [(at, at) for at in range(2, 39)]
    assert (asked["low"], asked["high"], asked["window_s"]) == (0, 40, 0.25)


def test_only_within_the_stretch_that_is_asked_about(monkeypatch):
    _, asked = exchanges(monkeypatch, {}, span=(5, 11))
    assert asked["pairs"] == [(7, 7), (8, 8), (9, 9)]


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


@pytest.mark.parametrize(
    ("odds", "spans"),
    [
        pytest.param({(0, 40): 2.0}, [(0, 40), (0, 20), (20, 40)], id="sure: both sides are asked"),
        pytest.param({(0, 40): 1.0}, [(0, 40)], id="not so sure: they may be alike"),
        pytest.param({}, [(0, 40)], id="none"),
    ],
)
def test_an_exchange_is_looked_for_on_both_sides_of_a_sure_one(monkeypatch, odds, spans):
    asked = []

    def asked_moments(samples, low, high):
        asked.append((low, high))
        return moments(((low + high) // 2, (low + high) // 2))

    def features(samples, one, two, found, scales):
        said = np.array([odds.get(asked[-1], -1.0)])
        return {"odds": said, "network": said}, np.ones(1, bool)

    monkeypatch.setattr(swap, "moments_of", asked_moments)
    monkeypatch.setattr(swap, "features_of", features)
    monkeypatch.setattr(swap, "_for_a_moment", lambda *_: [])
    monkeypatch.setattr(swap, "exact_frame", lambda *_: 61)
    found = swap._exchanges(scene(tracks=2), (0, 1), (0, 40))
    assert asked == spans
    assert [(one.start_frame, one.stop_frame) for one in found] == [(61, 62)] * bool(odds)


# --- one person twice -----------------------------------------------------------------------------


def shot(*people, first=(0, 0), size=((60, 160), (60, 160)), scores=(0.9, 0.9), near=False):
    """Return samples of two side by side; each wears what stands there from its first frame on."""
    tracks = []
    for k, wears in enumerate(people):
        frames = list(range(first[k], len(wears)))
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
    assert (said["had_before"], said["appears"], said["twins"]) == (1, 0, -2)
    assert said["samples"] == pytest.approx(np.log(8))
    assert said["score"] == pytest.approx(0.9)
    assert np.isnan(said["hair"])


@pytest.mark.parametrize(
    ("more", "feature", "value"),
    [
        pytest.param({"twins": 0.25}, "twins", 0.25, id="two others are as alike"),
        pytest.param({"twins": -5.0}, "twins", -2.0, id="or not at all"),
        pytest.param({"scores": (0.9, 0.4)}, "score", 0.4, id="the one that is doubted more"),
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


class By:
    """A model that takes one of the features for the log-odds."""

    def __init__(self, feature):
        self.feature = feature

    def log_odds(self, features):
        return features[self.feature]


def clones(*people, twins=-2.0, least=0.5, by="alike"):
    samples = shot(*people, first=[0] * len(people), size=[(60, 160)] * len(people),
                   scores=[0.9] * len(people))  # fmt: skip
    settings = FindingSettings(min_confidence=least)
    found = clone.find(Scene(samples, calibration(), {"clone": By(by)}, settings, twins))
    assert all(one.stop_frame == 48 for one in found)
    return {one.tracks: one.start_frame for one in found}


def test_who_is_on_screen_twice():
    assert list(clones(SAME, SAME, OTHER)) == [(0, 1)]
    assert list(clones(OTHER, SAME, ["C"] * 48, SAME)) == [(1, 3)]
    assert clones(SAME, OTHER) == clones(SAME) == clones(SAME, ["B"] * 3) == {}
    assert clones(SAME, BECOMES, by="became") == {(0, 1): 24}
    assert clones(SAME, SAME, least=0.99) == {}  # their log-odds are about 3


def test_where_two_others_are_as_alike_nobody_is_twice_there():
    assert clones(SAME, SAME, OTHER, OTHER) == clones(SAME, SAME, twins=9.0) == {}
    assert list(clones(SAME, SAME, OTHER, twins=odds_of(0.5))) == [(0, 1)]


def test_more_than_sixteen_looks_say_no_more_of_a_clone():
    samples = shot(["A"] * 96, ["A"] * 96)
    at = Moments.between(samples, [(8, 8), (8, 8), (8, 8)])
    at.stop[:] = 23, 24, 25  # fifteen looks, sixteen and seventeen
    said, _ = clone.features_of(samples, 0, 1, at, calibration(), twins=-2.0)
    assert np.exp(said["samples"]).tolist() == pytest.approx([15, 16, 16])


# --- clothes and heads over a cut -----------------------------------------------------------------


def placed(number, shot_, x, *, samples=9):
    frames = np.arange(20 * shot_, 20 * shot_ + 20)
    return SimpleNamespace(
        tracklet=SimpleNamespace(tracklet_id=number, shot_index=shot_), sample_count=samples,
        xyxy=np.tile(np.array([x, 0, x + 50, 100], np.float32), (20, 1)), means={},
        start_frame=int(frames[0]) + number % 2, stop_frame=int(frames[-1]) + 1,
    )  # fmt: skip


def exchanged(
    monkeypatch,
    shots,
    *,
    labels=None,
    samples=9,
    setups=None,
    explained=(),
    odds=4.0,
    places=(0, 200),
):
    """Judge two at two places in some shots, whose clothes are exchanged between any two shots."""
    segments = [
        placed(2 * s + k, s, x, samples=samples) for s in shots for k, x in enumerate(places)
    ]
    said = {"network": np.array([0.6])}, np.array([True])
    monkeypatch.setattr(attribute_swap, "compared", lambda *_: None)
    monkeypatch.setattr(clothes_swap, "features_of_pair", lambda *_: said)
    monkeypatch.setattr(attribute_swap, "hair_features", lambda *_: (said[0], np.array([False])))
    weigh = SimpleNamespace(log_odds=lambda _: np.array([odds]))
    count = max(shots, default=0) + 1
    clip = SimpleNamespace(
        segments=segments, explained=explained, calibration=None,
        cast=SimpleNamespace(labels=np.array(labels or [0, 1] * len(shots))),
        setups=np.ones((count, count)) if setups is None else setups,
        settings=FindingSettings(attribute_swap=0.5), track_of=lambda k: 10 + k,
        model={"clothes_swap": weigh, "hair_swap": weigh},
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
        pytest.param([0, 1], {"setups": np.full((2, 2), 0.9)}, [(0, 1, 2, 3)], id="like enough"),
        pytest.param([0, 1], {"setups": np.full((2, 2), 0.89)}, [], id="another set-up"),
        pytest.param([0, 1], {"odds": 2.07}, [], id="too little"),
        pytest.param([0, 1], {"places": (0, 5)}, [(0, 1, 2, 3), (0, 1, 3, 2)],
                     id="at one place: either may be either, but nobody is two"),
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
        assert one.start_frame == 10 * min(one.segments[2:])  # the earlier one of the two
        assert one.stop_frame == 20 * (max(shots) + 1)
        assert (one.strength, one.attribute, one.over_cut) == (0.6, "clothes", True)
        # Twice the usual threshold is eight times less likely.
        assert one.log_odds == pytest.approx(4 - np.log(8))


def test_what_all_four_show_is_compared_straight_and_crosswise():
    east, north, between = np.float32([1, 0]), np.float32([0, 1]), np.float32([0.6, 0.8])
    means = [{"body": one, "hair": one} for one in (east, north, north, between)]
    for known in means[:3]:
        known["upper"] = east
    pair = attribute_swap.compared(
        (means[0], means[1]),
        (means[2], means[3]),
        Calibration({"body": Scale(0.0, 0.5), "upper": Scale(0.0, 0.5)}, calibration().weights),
    )
    straight, crossed = ([one.similarity["body"][0] for one in side] for side in pair.sides)
    assert straight == pytest.approx([0.0, 1.5])  # a to c, b to d: more says no more
    assert crossed == pytest.approx([1.2, 1.5])  # a to d, b to c
    assert np.isnan(pair.straight[1].similarity["upper"])  # one shows no upper body
