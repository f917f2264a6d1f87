"""Two in one outfit who exchange hair: each number that is asked of, on both sides of it.

A letter is the hair of a look, of which there are eight a second.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from identity.evidence.samples import COMPARED, lay_out
from identity.explanations import head_swap
from identity.explanations.contract import Explained, Scene
from identity.explanations.model import DecisionModel
from identity.settings import FindingSettings
from identity.tracks.body_track import BodyTrack
from tests.identity.people import calibration, track_of


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
        pytest.param("AAAAAAAA", None, id="nothing"),
    ],
)
def test_so_many_looks_are_needed(one, frame):
    found = pair(one, one.translate(str.maketrans("AB", "BA")))
    assert [f.start_frame for f in found] == ([] if frame is None else [frame])
    for f in found:
        assert (f.kind, f.tracks, f.stop_frame) == ("swap", (0, 1), frame + 1)
        assert f.strength == f.features["hair"] > 1


def test_the_curves_are_those_of_the_hair():
    (found,) = pair("AAAABBBB", "BBBBAAAA")
    for k in (0, 1):
        assert found.curves[k].frame.tolist() == list(range(0, 24, 3))
        assert found.curves[k].value[:4].min() > 0.9
        assert found.curves[k].value[4:].max() < 0.1


@pytest.mark.parametrize(("share", "found"), [(0.63, 1), (0.62, 0)])
def test_clothes_must_be_one_outfit(share, found):
    """As alike as 0.625 is in the middle between one person's and another's."""
    like = (share, (1 - share**2) ** 0.5, 0)
    assert len(told(head("AAAABBBB"), head("BBBBAAAA", x=300, upper=like))) == found


@pytest.mark.parametrize(
    ("degrees", "found"),
    [
        pytest.param(37, 1, id="a third one's hair stays by .8: a similarity of .52"),
        pytest.param(50, 0, id="by .64: the light"),
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
    ("degrees", "found"),
    [
        pytest.param(55.0, 1, id="hair of the one is at 55 degrees from that of the other"),
        pytest.param(30.0, 0, id="too much alike to say who has whose"),
    ],
)
def test_hair_must_come_near_the_other_s(degrees, found):
    low, high = [0.0] * 4, [degrees] * 4
    assert len(told(head(low + high), head(high + low, x=300))) == found


def test_both_change():
    assert pair("AAAABBBB", "BBBBBBBB") == []
    assert pair("AAAABBBB", "BBBBCCCC") == []


@pytest.mark.parametrize(("turned", "found"), [(0.51, 1), (-0.5, 0)])
def test_who_turns_shows_other_hair(turned, found):
    one, two = head("AAAABBBB"), head("BBBBAAAA", x=300)
    facing = [(1.0, 0.0)] * 4 + [(turned, (1 - turned**2) ** 0.5)] * 4
    seen = replace(one.looks, vectors={**one.looks.vectors, "facing": facing_of(facing)})
    assert len(told(replace(one, looks=seen), two)) == found


def facing_of(rows: Sequence[tuple[float, float]]) -> Any:
    return track_of(range(0, 3 * len(rows), 3), facing=rows).looks.vectors["facing"]


@pytest.mark.parametrize(("x", "found"), [(50, 1), (49, 0)])
def test_nobody_may_be_near(x, found):
    """10 of 110 px in common, or 11 of 109: more than a tenth."""
    assert len(told(head("AAAABBBB"), head("BBBBAAAA", x=x))) == found


@pytest.mark.parametrize(("swap", "found"), [(0.5, 1), (1.0, 1), (0.25, 1)])
def test_a_whole_head_is_lost(swap, found):
    assert len(told(head("AAAABBBB"), head("BBBBAAAA", x=300), swap=swap)) == found


def test_of_several_the_surest_is_told_and_each_exchanges_once():
    three = told(head("AAAABBBB"), head("BBBBAAAA", x=300), head("BBBBAAAA", x=600))
    assert three == []  # with whom, nobody can say: the third one's changes too
