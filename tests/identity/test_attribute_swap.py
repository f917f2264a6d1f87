"""Attribute swaps on paper: who wears whose clothes, whose head, over a cut and inside a shot."""

from __future__ import annotations

import numpy as np
import pytest

from identity.appearance.looks import Cue, Looks
from identity.cast.characters import Cast
from identity.explanations import clothes_swap, exchanged_heads
from identity.explanations.attribute_swap import (
    HAIR,
    compared,
    find_over_cuts,
    hair_features,
)
from identity.explanations.contract import Clip
from identity.explanations.model import bundled_model
from identity.explanations.shot import explain_shot
from identity.settings import FindingSettings
from identity.tracks.body_track import make_body_track
from identity.tracks.linking import Chain, link_tracklets
from identity.tracks.segments import Segment, make_segment
from tests.identity.people import FPS, calibration, looks, tracklet
from tests.identity.told import scene_of

SHOT = 24
AT = 36  # frame of a shot in which something is exchanged
SAME = np.ones((2, 2), np.float32)
OTHER = np.eye(2, dtype=np.float32)


def wearing(heads, clothes, *, hair=None, seed=0):
    """Return looks, a row per frame: whose head, and whose clothes, which the body cue follows."""
    frames = list(range(len(heads)))
    dressed = looks(frames, clothes, hair=hair, seed=seed, stride=1)
    headed = looks(frames, heads, seed=seed + 50, stride=1)
    vectors: dict[Cue, np.ndarray] = {**dressed.vectors, "head": headed.vectors["head"]}
    return Looks(vectors, dressed.covered, dressed.usable)


def over_a_cut(early, late, *, setups=SAME, moved=False):
    """Judge two shots of people side by side; each person is (head, clothes)."""
    segments: list[Segment] = []
    for shot, people in enumerate((early, late)):
        for number, (head, clothes) in enumerate(people):
            x = 60 + 180 * number + (90 if moved and shot else 0)
            frames = range(SHOT * shot, SHOT * (shot + 1))
            own = tracklet(len(segments), list(frames), at=(x, 60), shot=shot)
            seen = wearing([head] * SHOT, [clothes] * SHOT, seed=len(segments))
            segments.append(make_segment(own, seen, 0, SHOT))
    count = len(segments)
    tracks = tuple(
        make_body_track(Chain((k,)), [s.tracklet for s in segments], [seen] * count)
        for k in range(count)
        if (seen := wearing(["A"] * SHOT, ["A"] * SHOT))
    )
    nobody = np.zeros((count, count))
    cast = Cast(
        np.zeros(count, np.int64), nobody, nobody > 0, np.zeros(count, np.bool_), 1, np.ones(count)
    )
    clip = Clip(
        tracks, tuple(segments), cast, setups, None, calibration(), bundled_model(),
        FindingSettings(), FPS,
    )  # fmt: skip
    found = find_over_cuts(clip)
    assert all(f.tracks == f.segments for f in found)  # each segment is a track of its own
    return [(f.attribute, f.segments[:2], f.segments[2:], f.start_frame) for f in found]


EARLY = (("A", "A"), ("B", "B"))


@pytest.mark.parametrize(
    ("early", "late", "extra", "expect"),
    [
        pytest.param((), (), {}, [], id="nobody"),
        pytest.param(EARLY, EARLY, {}, [], id="clean"),
        pytest.param(EARLY, (("A", "B"), ("B", "A")), {}, ["clothes"], id="clothes exchanged"),
        pytest.param(EARLY, (("B", "A"), ("A", "B")), {}, ["head"], id="heads exchanged"),
        pytest.param(EARLY, (("B", "B"), ("A", "A")), {}, [], id="all of it: a swap, told as such"),
        pytest.param(EARLY, (("A", "C"), ("B", "D")), {}, [], id="both change into other clothes"),
        pytest.param(EARLY, (("A", "B"), ("B", "B")), {}, [], id="dressed alike after the cut"),
        pytest.param(
            (("A", "C"), ("B", "C")), (("A", "C"), ("B", "C")), {}, [], id="one outfit on two"
        ),
        pytest.param(
            (("C", "A"), ("C", "B")), (("C", "B"), ("C", "A")), {}, [], id="heads that are alike"
        ),
        pytest.param(
            EARLY, (("A", "B"), ("B", "A")), {"setups": OTHER}, [], id="another set-up"
        ),
        pytest.param(EARLY, (("A", "B"), ("B", "A")), {"moved": True}, [], id="other places"),
    ],
)  # fmt: skip
def test_over_a_cut(early, late, extra, expect):
    found = over_a_cut(early, late, **extra)
    assert found == [(attribute, (0, 1), (2, 3), SHOT) for attribute in expect]


@pytest.mark.parametrize(
    ("heads", "clothes", "kinds"),
    [
        pytest.param((), (), [], id="nobody"),
        pytest.param(("AA",), ("AA",), [], id="one alone"),
        pytest.param(("AA", "BB"), ("AA", "BB"), [], id="nothing happens"),
        pytest.param(("AA", "BB"), ("AB", "BA"), ["attribute_swap"], id="heads stay"),
        pytest.param(("AB", "BA"), ("AB", "BA"), ["swap"], id="heads go along"),
        pytest.param(
            ("CC", "CC"), ("AB", "BA"), ["swap"], id="heads are alike: nothing tells them apart"
        ),
        pytest.param(
            ("AA", "BB", "DD"), ("AB", "BA", "DD"), ["attribute_swap"], id="somebody is beside them"
        ),
    ],
)
def test_exchanged_inside_a_shot(heads, clothes, kinds):
    scene = scene_in_which(heads, clothes)
    found = explain_shot(scene)
    assert [one.kind for one in found] == kinds  # one cause, one finding
    for one in found:
        assert (one.tracks, one.start_frame) == ((0, 1), AT)
        assert one.attribute == ("clothes" if one.kind == "attribute_swap" else "")
        for curve in one.curves.values():  # what decided is drawn: it falls
            assert curve.value[0] > curve.value[-1] + 0.5


@pytest.mark.parametrize(
    ("clothes", "told"),
    [
        pytest.param(("AB", "BA"), True, id="exchanged"),
        pytest.param(("AC", "BD"), False, id="both dress anew"),
        pytest.param(("AB", "BB"), False, id="one comes to wear the other's"),
    ],
)
def test_clothes_are_exchanged_by_two(clothes, told):
    assert bool(clothes_swap.find(scene_in_which(("AA", "BB"), clothes))) == told


@pytest.mark.parametrize(
    ("hair", "clothes", "told"),
    [
        pytest.param((), (), False, id="nobody"),
        pytest.param(("AA",), ("AA",), False, id="one alone"),
        pytest.param(("AA", "BB"), ("AA", "BB"), False, id="nothing happens"),
        pytest.param(("AB", "BA"), ("AA", "BB"), True, id="exchanged"),
        pytest.param(("AB", "BA", "CC"), ("AA", "BB", "CC"), True, id="somebody is beside them"),
        pytest.param(("AB", "BA"), ("AB", "BA"), False, id="clothes go along: a swap"),
        pytest.param(("AC", "BD"), ("AA", "BB"), False, id="both get the hair of others"),
        pytest.param(("AB", "BB"), ("AA", "BB"), False, id="one gets the other's"),
        pytest.param(("AA", "AA"), ("AA", "BB"), False, id="their hair is alike"),
        pytest.param(("AB", "BA"), ("CC", "CC"), False, id="one outfit: a swap"),
    ],
)
def test_heads_are_exchanged_by_two(hair, clothes, told):
    scene = scene_in_which(hair, clothes, hair=hair)
    found = exchanged_heads.find(scene)
    assert [(one.tracks, one.start_frame, one.attribute) for one in found] == (
        [((0, 1), AT, "head")] if told else []
    )
    if told:
        assert [one.kind for one in explain_shot(scene)] == ["attribute_swap"]
        for curve in found[0].curves.values():
            assert curve.value[0] > curve.value[-1] + 0.5


def test_without_hair_no_heads_are_exchanged():
    assert exchanged_heads.find(scene_in_which(("AB", "BA"), ("AA", "BB"))) == []


def scene_in_which(heads, clothes, *, hair=None):
    """Return a shot of people side by side: whose head, and whose clothes, before and after."""
    frames = list(range(2 * AT))
    tracklets, seen = [], []
    for number, (head, worn) in enumerate(zip(heads, clothes, strict=True)):
        tracklets.append(tracklet(number, frames, at=(60 + 180 * number, 60)))
        before_and_after = [[who[0]] * AT + [who[1]] * AT for who in (head, worn)]
        grown = None if hair is None else before_and_after[0]
        seen.append(wearing(*before_and_after, hair=grown, seed=number))
    chains = link_tracklets(tracklets, fps=FPS)
    return scene_of([make_body_track(chain, tracklets, seen) for chain in chains])


def look(head, clothes, hair=None, facing=0.5):
    """Return a mean look of (cos, sin) angles in turns: whose head and clothes, and hair."""

    def at(turn):
        return np.array([np.cos(turn), np.sin(turn)], np.float32)

    worn: dict[Cue, np.ndarray] = {"head": at(head), "hair": at(head if hair is None else hair)}
    worn |= {cue: at(clothes) for cue in ("body", "upper_look", "lower_look", "upper")}
    return worn | {"facing": np.array([facing, 0], np.float32)}


FAR = np.pi / 2  # nothing alike


@pytest.mark.parametrize(
    ("after", "clothes", "hair"),
    [
        pytest.param((look(0, 0), look(FAR, FAR)), False, False, id="nothing"),
        pytest.param((look(0, FAR), look(FAR, 0)), True, False, id="clothes"),
        pytest.param((look(FAR, FAR), look(0, 0)), False, False, id="all of it"),
        pytest.param((look(FAR, 0), look(0, FAR)), False, True, id="heads"),
        pytest.param((look(0, 0, FAR), look(FAR, FAR, 0)), False, True, id="hair alone"),
        pytest.param((look(0, 0, FAR), look(FAR, FAR)), False, False, id="the hair of one"),
        pytest.param((look(0, FAR), look(FAR, FAR)), False, False, id="one wears the other's"),
        pytest.param((look(0, FAR, FAR), look(FAR, 0, 0)), False, False, id="hair goes along"),
    ],
)
def test_what_two_may_have_exchanged(after, clothes, hair):
    before = look(0, 0), look(FAR, FAR)
    pair = compared(before, after, calibration())
    features, judged = clothes_swap.features_of_pair(pair, np.array([8]))
    assert set(features) == set(clothes_swap.FEATURES)
    assert judged.tolist() == [clothes]
    features, judged = hair_features(pair, before, after)
    assert set(features) == set(HAIR)
    assert judged.tolist() == [hair]


def test_what_is_not_seen_decides_nothing():
    before, after = (look(0, 0), look(FAR, FAR)), (look(0, FAR), look(FAR, 0))
    for unseen, told in (({"hair"}, True), ({"head"}, True), ({"hair", "head"}, False)):
        bare = ({k: v for k, v in after[0].items() if k not in unseen}, after[1])
        pair = compared(before, bare, calibration())
        assert clothes_swap.features_of_pair(pair, np.array([8]))[1][0] == told
        assert not hair_features(pair, before, bare)[1][0]  # bodies went over
    after = (look(FAR, 0), look(0, FAR))
    for unseen, told in (({"hair"}, True), ({"hair", "head"}, False), ({"upper"}, False)):
        bare = ({k: v for k, v in after[0].items() if k not in unseen}, after[1])
        assert hair_features(compared(before, bare, calibration()), before, bare)[1][0] == told


def test_how_far_two_turn_is_the_larger_of_both():
    before = look(0, 0, facing=0.5), look(FAR, FAR, facing=0.5)
    after = look(FAR, 0, facing=0.4), look(0, FAR, facing=-0.2)
    features, _ = hair_features(compared(before, after, calibration()), before, after)
    assert features["turn"][0] == pytest.approx(0.7)
