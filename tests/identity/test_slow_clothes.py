"""Whose clothes slowly take another colour in a shot while the head stays."""

from __future__ import annotations

import numpy as np
import pytest

from identity.appearance.looks import Cue, Looks
from identity.evidence.moments import Moments
from identity.explanations import slow_clothes
from identity.tracks.body_track import make_body_track
from identity.tracks.linking import link_tracklets
from tests.identity.people import FPS, looks, tracklet
from tests.identity.told import explained, scene_of

COUNT = 96


def slowly(first, second):
    """Return what is worn at every frame, from the first to the second."""
    return [(first, second, k / (COUNT - 1)) for k in range(COUNT)]


def tracks_of(people):
    """Return tracks of people side by side: (head, clothes), each a name or from one to another."""
    frames = list(range(COUNT))
    tracklets, seen = [], []
    for number, (head, clothes) in enumerate(people):
        worn, headed = (
            looks(frames, slowly(who[0], who[-1]), seed=number + k, stride=1)
            for k, who in ((0, clothes), (50, head))
        )
        vectors: dict[Cue, object] = {**worn.vectors, "head": headed.vectors["head"]}
        # Networks see no colours: to them nobody changes.
        vectors["body"] = looks(frames, [head[0]] * COUNT, seed=number, stride=1).vectors["body"]
        seen.append(Looks(vectors, worn.covered, worn.usable))  # type: ignore[arg-type]
        tracklets.append(tracklet(number, frames, at=(60 + 180 * number, 60)))
    return [make_body_track(c, tracklets, seen) for c in link_tracklets(tracklets, fps=FPS)]


@pytest.mark.parametrize(
    ("people", "told"),
    [
        pytest.param([], [], id="nobody"),
        pytest.param([("A", "A")], [], id="stays"),
        pytest.param([("A", "AB")], [(0,)], id="clothes alone"),
        pytest.param([("AB", "AB")], [], id="the head too: light"),
        pytest.param([("AB", "A")], [], id="the head alone"),
        pytest.param([("A", "AB"), ("C", "C")], [(0,)], id="who is beside keeps his"),
        pytest.param([("A", "AB"), ("C", "CD")], [], id="everybody at once"),
    ],
)
def test_whose_clothes_change_slowly(people, told):
    tracks = tracks_of(people)
    found = slow_clothes.find(scene_of(tracks)) if tracks else []
    assert [one.tracks for one in found] == told
    for one in found:
        assert (one.kind, one.vouched, set(one.features)) == (
            "drift", True, set(slow_clothes.FEATURES),
        )  # fmt: skip
        assert 0 <= one.start_frame < one.stop_frame <= COUNT
        (curve,) = one.curves.values()  # of the clothes: it falls
        assert curve.value[0] > curve.value[-1] + 0.5
    assert [one.tracks for one in explained(tracks) if one.kind == "drift"] == told


@pytest.mark.parametrize(
    ("ramp", "reach"),
    [
        pytest.param((24, 72), (24, 72), id="longer than what parts the windows"),
        pytest.param((40, 56), (39, 56), id="shorter: as far as the windows say"),
        pytest.param((47, 48), (39, 56), id="at once: nothing more is known"),
    ],
)
def test_a_change_lasts_as_long_as_its_course(ramp, reach):
    start, stop = ramp
    share = np.clip((np.arange(COUNT) - start) / (stop - start), 0, 1)
    wears = [("A", "B", float(one)) for one in share]
    seen = [looks(list(range(COUNT)), wears, stride=1)]
    chain = link_tracklets([tracklet(0, list(range(COUNT)))], fps=FPS)
    scene = scene_of(
        [make_body_track(one, [tracklet(0, list(range(COUNT)))], seen) for one in chain]
    )
    samples = scene.samples
    last, first = (int(np.searchsorted(samples.frames, frame)) for frame in (40, 56))
    moment = Moments.between(samples, [(last, first)])
    begin, end = slow_clothes._reach(samples, 0, moment)
    found = int(samples.frames[begin]), int(samples.frames[end])
    assert found == pytest.approx(reach, abs=4)
