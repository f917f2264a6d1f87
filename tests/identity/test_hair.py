"""Hair on paper: who keeps it, whose changes owner, and what only looks like that."""

from __future__ import annotations

import numpy as np
import pytest

from identity.explanations import head_swap
from identity.judge import judge_looks
from identity.settings import ClusteringSettings, FindingSettings
from identity.tracks.body_track import make_body_track
from identity.tracks.linking import link_tracklets
from scenes.shots import shots_from_cuts
from tests.identity.people import FPS, calibration, looks, tracklet
from tests.identity.told import scene_of

LENGTH, AT = 48, 24
APART = ((60, 60), (240, 60), (420, 60))


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
APART_IN_TIME = (becomes("A", "B", 12), becomes("B", "A", 40))


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
        pytest.param(APART_IN_TIME, {}, [], id="at different times"),
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
