"""Hair on paper: who keeps it, whose changes owner, and what only looks like that."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from identity.evidence.hair import Hair, hair_says, other_hair
from identity.explanations import head_swap
from identity.explanations.clone import may_be_clones
from identity.explanations.contract import Explained
from identity.judge import judge_looks
from identity.settings import ClusteringSettings, FindingSettings
from identity.tracks.body_track import make_body_track
from identity.tracks.linking import link_tracklets
from identity.tracks.segments import make_segment
from scenes.shots import shots_from_cuts
from tests.identity.people import FPS, blend, calibration, colour_of, looks, tracklet
from tests.identity.told import scene_of

if TYPE_CHECKING:
    from identity.evidence.hair import Means

LENGTH, AT = 48, 24
APART = ((60, 60), (240, 60), (420, 60))


def head(hair, *, clothes="A", facing=0.9):
    """Return the mean looks of somebody; hair or clothes may be a mixture."""

    def vector(word):
        if isinstance(word, str):
            return colour_of(word)
        one, two, share = word
        return blend(colour_of(one), colour_of(two), share)

    means: Means = {
        "hair": vector(hair),
        "upper": vector(clothes),
        "facing": np.array([facing, np.sqrt(1 - facing**2)], np.float32),
    }
    return means


NOTHING = Hair()
WORN = ("A", "C", 0.33)  # 0.90 of A
MIXED = ("A", "B", 0.4)  # 0.83 of A, 0.55 of B
NEARLY_A, A_SHADE = ("A", "B", 0.25), ("A", "B", 0.12)  # 0.95 and 0.99 of A


@pytest.mark.parametrize(
    ("before", "after", "expect"),
    [
        pytest.param((head("A"), head("B")), (head("A"), head("B")), NOTHING, id="both stay"),
        pytest.param(
            (head("A"), head("B")), (head(WORN), head("B")), NOTHING,
            id="a little otherwise, and far from the other's",
        ),
        pytest.param((head("A"), head("A")), (head("A"), head("A")), NOTHING, id="one hair on two"),
        pytest.param(
            (head("A"), head(NEARLY_A)), (head("A"), head(NEARLY_A)), NOTHING,
            id="much alike, and both keep their own",
        ),
        pytest.param(
            (head("A"), head(A_SHADE)), (head("A"), head(A_SHADE)), NOTHING, id="too much alike"
        ),
        pytest.param(
            (head("A"), head(NEARLY_A)), (head(NEARLY_A), head("A")), NOTHING,
            id="much alike, and exchanged",
        ),
        pytest.param(
            (head("A"), head("B")), (head("A"), head("C")), NOTHING, id="only one of them changes"
        ),
        pytest.param(
            (head("A"), head("B")), (head("C"), head("D")), NOTHING, id="both, to nobody's hair"
        ),
        pytest.param(
            (head("A"), head("B")), (head("B", facing=-0.5), head("A")), NOTHING,
            id="one turns round",
        ),
        pytest.param(({}, head("B")), (head("B"), head("A")), None, id="one is not seen"),
    ],
)  # fmt: skip
def test_what_hair_says(before, after, expect):
    assert hair_says(before, after) == expect


@pytest.mark.parametrize(
    ("clothes", "alone"),
    [("A", True), ("C", False)],
)
def test_exchanged_hair_counts_alone_where_clothes_stay(clothes, alone):
    hair = hair_says(
        (head("A"), head("B")), (head("B", clothes=clothes), head("A", clothes=clothes))
    )
    assert hair is not None
    assert hair.alone is alone
    assert hair.lost > 1  # as of different people, and more


@pytest.mark.parametrize(
    ("one", "two", "expect"),
    [
        pytest.param(head("A"), head("B"), True, id="other hair"),
        pytest.param(head("A"), head("A"), False, id="one hair"),
        pytest.param(head("A"), head(MIXED), False, id="the same in other light"),
        pytest.param(head("A"), head("B", facing=0.0), False, id="one is seen from the side"),
        pytest.param(head("A"), {}, False, id="not seen"),
    ],
)
def test_other_hair(one, two, expect):
    assert other_hair(one, two) == expect


def shot(*people, places=APART, facing=0.9, clothes="AAA"):
    """Return the tracks of one shot; each is the hair per frame, all in one outfit."""
    frames = list(range(LENGTH))
    tracklets = [tracklet(k, frames, at=places[k]) for k in range(len(people))]
    seen = [
        looks(frames, [clothes[k]] * LENGTH, hair=hair, facing=[facing] * LENGTH, seed=k)
        for k, hair in enumerate(people)
    ]
    return [make_body_track(c, tracklets, seen) for c in link_tracklets(tracklets, fps=FPS)]


def becomes(first, second, at=AT):
    return [first] * at + [second] * (LENGTH - at)


SWAP = (becomes("A", "B"), becomes("B", "A"))


@pytest.mark.parametrize(
    ("people", "extra", "expect"),
    [
        pytest.param((), {}, [], id="nobody"),
        pytest.param((SWAP[0],), {}, [], id="one alone"),
        pytest.param((["A"] * LENGTH, ["B"] * LENGTH), {}, [], id="clean"),
        pytest.param(SWAP, {}, [((0, 1), AT)], id="exchanged"),
        pytest.param((*SWAP, ["C"] * LENGTH), {}, [((0, 1), AT)], id="a third keeps hers"),
        pytest.param((*SWAP, becomes("C", "D")), {}, [], id="everybody's changes: light"),
        pytest.param((SWAP[0], ["B"] * LENGTH), {}, [], id="one of them keeps his"),
        pytest.param((SWAP[0], becomes("B", "A", 36)), {}, [], id="at different times"),
        pytest.param(SWAP, {"clothes": "AB"}, [], id="other clothes: no swap of identity"),
        pytest.param(SWAP, {"places": ((60, 60), (80, 60))}, [], id="in front of each other"),
    ],
)
def test_an_exchange_of_two_in_one_outfit(people, extra, expect):
    found = head_swap.find(scene_of(shot(*people, **extra)))
    assert [(f.tracks, f.start_frame) for f in found] == expect


def test_such_an_exchange_is_a_swap():
    frames = list(range(LENGTH))
    people = [tracklet(k, frames, at=APART[k]) for k in range(2)]
    seen = [
        looks(frames, ["A"] * LENGTH, hair=SWAP[k], facing=[0.9] * LENGTH, seed=k) for k in range(2)
    ]
    found = judge_looks(
        people, seen, shots_from_cuts([], frame_count=LENGTH), np.ones((1, 1), np.float32),
        calibration(), ClusteringSettings(), FindingSettings(), fps=FPS,
    ).explained  # fmt: skip
    assert [(f.kind, f.tracks, f.start_frame) for f in found] == [("swap", (0, 1), AT)]


@pytest.mark.parametrize(("hair", "clones"), [("AA", True), ("AB", False)])
def test_two_alike_with_other_hair_are_no_clone(hair, clones):
    frames = list(range(LENGTH))
    segments = []
    for k in range(2):
        own = looks(frames, ["A"] * LENGTH, hair=[hair[k]] * LENGTH, facing=[0.9] * LENGTH, seed=k)
        segments.append(make_segment(tracklet(k, frames, at=APART[k]), own, 0, LENGTH))
    clone = Explained("clone", (0, 1), 0, LENGTH, 2.0, 1.0, segments=(0, 1))
    assert may_be_clones(clone, segments) == clones
