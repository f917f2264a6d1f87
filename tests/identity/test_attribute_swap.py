"""Attribute swaps on paper: who wears whose clothes, whose head, over a cut and inside a shot."""

from __future__ import annotations

import numpy as np
import pytest

from identity.appearance.looks import Cue, Looks
from identity.cast.characters import Cast
from identity.explanations.attribute_swap import (
    ExchangeScore,
    find_over_cuts,
    reclassify_by_head,
    which_attribute,
)
from identity.explanations.contract import Clip, Explained
from identity.explanations.model import bundled_model
from identity.settings import FindingSettings
from identity.tracks.body_track import make_body_track
from identity.tracks.linking import Chain, link_tracklets
from identity.tracks.segments import Segment, make_segment
from tests.identity.people import FPS, calibration, looks, tracklet
from tests.identity.told import scene_of

SHOT = 24
SAME = np.ones((2, 2), np.float32)
OTHER = np.eye(2, dtype=np.float32)


def wearing(heads, clothes, *, seed=0):
    """Return looks, a row per frame: whose head, and whose clothes, which the body cue follows."""
    frames = list(range(len(heads)))
    dressed = looks(frames, clothes, seed=seed, stride=1)
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
    cast = Cast(np.zeros(count, np.int64), nobody, nobody > 0, np.zeros(count, np.bool_), 1)
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
    ("heads", "kinds"),
    [
        pytest.param(("AA", "BB"), ["attribute_swap"], id="heads stay"),
        pytest.param(("AB", "BA"), ["swap"], id="heads go along"),
        pytest.param(("CC", "CC"), ["swap"], id="heads are alike: nothing tells them apart"),
    ],
)
def test_inside_a_shot(heads, kinds):
    count, at = 72, 36
    frames = list(range(count))
    tracklets, seen = [], []
    for number, (first, second) in enumerate((("A", "B"), ("B", "A"))):
        tracklets.append(tracklet(number, frames, at=(60 + 180 * number, 60)))
        head = [heads[number][0]] * at + [heads[number][1]] * (count - at)
        seen.append(wearing(head, [first] * at + [second] * (count - at), seed=number))
    tracks = [make_body_track(c, tracklets, seen) for c in link_tracklets(tracklets, fps=FPS)]
    swap = Explained("swap", (0, 1), at, at + 1, 2.0, 1.0)
    told = reclassify_by_head(swap, scene_of(tracks))
    assert [(told.kind, told.tracks, told.start_frame)] == [(k, (0, 1), at) for k in kinds]


def test_a_look_at_the_garment_alone_tells_clothes():
    straight, mixed = ExchangeScore((1.0, 1.0), (0.0, 0.0)), ExchangeScore((0.2, 0.3), (0.5, 0.4))
    garment = ExchangeScore((0.0, 0.1), (0.8, 0.7))
    cues: dict[Cue, ExchangeScore] = {"body": mixed, "head": straight, "upper": garment}
    assert which_attribute(cues, threshold=0.25) is None
    assert which_attribute({**cues, "upper_look": garment}, threshold=0.25) == "clothes"
    # The body must not speak against it: then the garment's look alone decides nothing.
    against = {**cues, "body": straight, "upper_look": garment}
    assert which_attribute(against, threshold=0.25) is None


def test_a_cue_that_was_not_seen_decides_nothing():
    exchanged, stayed = ExchangeScore((0.0, 0.0), (1.0, 1.0)), ExchangeScore((1.0, 1.0), (0.0, 0.0))
    whole: dict[Cue, ExchangeScore] = {"body": exchanged, "head": stayed, "lower": exchanged}
    assert which_attribute(whole, threshold=0.25) == "clothes"
    for cue in whole:
        rest = {k: v for k, v in whole.items() if k != cue}
        assert which_attribute(rest, threshold=0.25) is None
