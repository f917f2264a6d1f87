"""Two in one outfit who exchange hair: each number that is asked of, on both sides of it.

A letter is the hair of a look, of which there are eight a second.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from identity.appearance.looks import Looks
from identity.evidence.samples import COMPARED, lay_out
from identity.explanations import head_swap
from identity.explanations.contract import Explained, Scene
from identity.explanations.model import DecisionModel
from identity.settings import FindingSettings
from identity.tracks.body_track import BodyTrack
from tests.identity.people import calibration, track_of

WHOLE = 1 + 0.6 / 0.38  # what a head loses to another that has nothing in common with it


def direction(word: str | float) -> list[float]:
    """Return hair of a letter, or at so many degrees between A and B."""
    if isinstance(word, str):
        return [float(word == letter) for letter in "ABCD"]
    return [np.cos(np.deg2rad(word)), np.sin(np.deg2rad(word)), 0, 0]


def head(
    hair: Sequence[str | float],
    *,
    x: float = 0,
    upper: Sequence[float] | Sequence[Sequence[float]] = (1, 0, 0),
    frames: Sequence[int] | None = None,
) -> BodyTrack:
    count = len(hair)
    clothes: Any = upper if isinstance(upper[0], Sequence) else [upper] * count
    return track_of(
        range(0, 3 * count, 3) if frames is None else frames, box=(x, 0, x + 60, 160),
        hair=[direction(word) for word in hair], facing=[(1, 0)] * count, upper=clothes,
        body=[(1, 0)] * count,
    )  # fmt: skip


def told(*heads: BodyTrack, **settings: float) -> list[Explained]:
    samples = lay_out(heads, COMPARED, fps=24)
    model = DecisionModel({}, {})
    return head_swap.find(Scene(samples, calibration(), model, FindingSettings(**settings)))


def pair(one: Sequence[str | float], two: Sequence[str | float], **more: Any) -> list[Explained]:
    return told(head(one, **more), head(two, x=300, **more))


@pytest.mark.parametrize(
    ("one", "frame"),
    [
        pytest.param("AAAABBBB", 12, id="four looks on either side"),
        pytest.param("AABBBB", 6, id="two before it"),
        pytest.param("ABBBBB", None, id="one before it"),
        pytest.param("AAAABB", 12, id="two after it"),
        pytest.param("AAAAAB", None, id="one after it"),
        pytest.param("BAAABBBB", 12, id="three on either side count"),
        pytest.param("AAAABBBA", 12, id="three on either side count, after it too"),
    ],
)
def test_so_many_looks_are_needed(one, frame):
    found = pair(one, one.translate(str.maketrans("AB", "BA")))
    assert [f.start_frame for f in found] == ([] if frame is None else [frame])
    for f in found:
        assert (f.kind, f.tracks, f.stop_frame) == ("swap", (0, 1), frame + 1)
        assert f.strength == f.features["hair"] == pytest.approx(WHOLE, abs=1e-3)


def test_the_curves_are_those_of_the_hair():
    (found,) = pair("AAAABBBB", "BBBBAAAA")
    for k in (0, 1):
        assert found.curves[k].frame.tolist() == list(range(0, 24, 3))
        assert found.curves[k].value[:4].min() > 0.9
        assert found.curves[k].value[4:].max() < 0.1


@pytest.mark.parametrize(("gap", "found"), [(3, 1), (12, 1), (13, 0)])
def test_half_a_second_may_lie_between_the_looks(gap, found):
    frames = [0, 3, 6, 9, *(9 + gap + 3 * k for k in range(4))]
    told_at = [one.start_frame for one in pair("AAAABBBB", "BBBBAAAA", frames=frames)]
    assert told_at.count(9 + gap) == found


@pytest.mark.parametrize(("share", "found"), [(0.81, 1), (0.79, 0)])
def test_clothes_must_be_one_outfit(share, found):
    like = (share, (1 - share**2) ** 0.5, 0)
    assert len(told(head("AAAABBBB"), head("BBBBAAAA", x=300, upper=like))) == found


@pytest.mark.parametrize(
    ("alike", "apart", "found"),
    [
        pytest.param(20, 9, 1, id="400 of 481: .83"),
        pytest.param(20, 11, 0, id="400 of 521: .77"),
        pytest.param(24, 0, 1, id="all the while"),
    ],
)
def test_who_wears_two_outfits_over_the_shot_is_not_asked(alike, apart, found):
    """They are dressed alike around the moment and otherwise before that."""
    count, at = alike + apart, apart + alike // 2
    people = []
    for k, own in enumerate(("AB", "BA")):
        other = (0.0, 1.0, 0.0) if k else (0.0, 0.0, 1.0)
        clothes = [other] * apart + [(1.0, 0.0, 0.0)] * alike
        hair = own[0] * at + own[1] * (count - at)
        people.append(head(hair, x=300 * k, upper=clothes))
    assert len(told(*people)) == found


@pytest.mark.parametrize(
    ("degrees", "found"),
    [
        pytest.param(21, 1, id="a third one's hair stays by .93"),
        pytest.param(24, 0, id="by .91: the light"),
    ],
)
def test_hair_of_others_must_stay(degrees, found):
    two = head("AAAABBBB"), head("BBBBAAAA", x=300)
    third = head([0.0] * 4 + [float(degrees)] * 4, x=600, upper=(0, 1, 0))
    calm = head("DDDDDDDD", x=900, upper=(0, 0, 1))
    gone = head([0.0] * 4, x=600, upper=(0, 1, 0))
    for others, times in (((third,), found), ((calm, third), found), ((gone,), 1)):
        assert [one.start_frame for one in told(*two, *others)].count(12) == times


@pytest.mark.parametrize(
    ("wobble", "found"),
    [
        pytest.param(28.0, 1, id="from look to look by .559: calmer than .5 by .05"),
        pytest.param(28.6, 0, id="by .542"),
    ],
)
def test_hair_must_be_calm_beside_its_step(wobble, found):
    """A step of 60 degrees, whose cosine is .5; every look lies that far to the other side."""
    sides = [wobble, -wobble, wobble]
    one, two = (sides + [60 + k for k in sides], [60 + k for k in sides] + sides)
    calm = [60.0] * 3 + [0.0] * 3
    for people in ((one, two), (one, calm), (calm, one)):
        assert len(pair(*people)) == found


def test_only_looks_at_both_heads_count():
    """One of them turns away at frames 3 and 18."""
    seen = [direction(word) for word in "BBBBAAAA"]
    hidden = track_of(
        range(0, 24, 3), box=(300, 0, 360, 160), facing=[(1, 0)] * 8, upper=[(1, 0, 0)] * 8,
        hair=[None if k in (1, 6) else one for k, one in enumerate(seen)], body=[(1, 0)] * 8,
    )  # fmt: skip
    assert [one.start_frame for one in told(head("AAAABBBB"), hidden)] == [12]
    assert [one.start_frame for one in told(hidden, head("AAAABBBB"))] == [12]


def test_an_outfit_is_the_mean_of_all_looks_where_they_are_few():
    worn = [(1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0), (0.0, 0.0, 1.0)]
    assert head_swap._outfit(head("AAAA", upper=worn))["upper"].tolist() == [0.25, 0.25, 0.5]


@pytest.mark.parametrize(
    ("degrees", "swap", "found"),
    [
        pytest.param(45.0, 0.7, 1, id="loses .718"),
        pytest.param(45.0, 0.73, 0, id="less than is asked for"),
    ],
)
def test_so_much_must_be_lost(degrees, swap, found):
    low, high = [0.0] * 4, [degrees] * 4
    both = told(head(low + high), head(high + low, x=300), swap=swap)
    assert len(both) == found
    for one in both:
        assert one.strength == pytest.approx(1 - (0.5**0.5 - 0.6) / 0.38, abs=2e-3)


@pytest.mark.parametrize(("covered", "seen"), [(0.0, 8), (0.1, 8), (0.11, 4)])
def test_a_head_is_read_where_little_of_the_box_is_covered(covered, seen):
    one = head("AAAABBBB")
    share = np.array([0, covered] * 4, np.float32)
    one = replace(one, looks=Looks(one.looks.vectors, share, one.looks.usable))
    assert len(head_swap._heads_of(one, [one])) == seen


def test_of_several_the_surest_is_told_and_each_exchanges_once():
    there_and_back = pair("AAAABBBBAAAA", "BBBBAAAABBBB")
    assert [one.start_frame for one in there_and_back] == [24]  # of two as sure the later one
    partly = pair(["A"] * 4 + ["B"] * 4 + [45.0] * 4, ["B"] * 4 + ["A"] * 4 + [45.0] * 4)
    assert [one.start_frame for one in partly] == [12]
    three = told(head("AAAABBBB"), head("BBBBAAAA", x=300), head("BBBBAAAA", x=600))
    assert three == []  # with whom, nobody can say: the third one's changes too
