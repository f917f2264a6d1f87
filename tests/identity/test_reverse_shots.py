"""A camera that goes back and forth goes back and forth between two people."""

from __future__ import annotations

import numpy as np
import pytest

from identity.cast.characters import build_cast, seen_together
from identity.cast.reverse_shots import across_reverse_shots
from identity.settings import ClusteringSettings
from identity.tracks.segments import make_segment
from tests.identity.people import calibration, looks, tracklet

FRAMES = 40


def setups_of(names):
    """Return the similarity of set-ups: 0.9 where two shots have one name, else 0.1."""
    own = np.array(list(names))
    similarity = np.where(own[:, None] == own[None], 0.9, 0.1).astype(np.float32)
    np.fill_diagonal(similarity, 1)
    return similarity


def segment(number, shot, *, who="A", facing=0.9, width=60, at=None, seen=True):
    frames = list(range(FRAMES * shot, FRAMES * (shot + 1)))
    own = tracklet(number, frames, shot=shot, at=at or (60, 60), size=(width, 160))
    turned = [facing] * FRAMES if seen else None
    return make_segment(own, looks(frames, [who] * FRAMES, facing=turned, seed=number), 0, FRAMES)


def pairs(setups, *people):
    segments = [segment(number, **facts) for number, facts in enumerate(people)]
    found = across_reverse_shots(segments, setups_of(setups), seen_together(segments))
    assert np.array_equal(found, found.T)
    return {(int(a), int(b)) for a, b in np.argwhere(np.triu(found))}


IN_TURN = [{"shot": 0}, {"shot": 1}, {"shot": 2}]


@pytest.mark.parametrize(
    ("setups", "people", "expect"),
    [
        pytest.param("", [], set(), id="nobody"),
        pytest.param("X", [{"shot": 0}], set(), id="one shot"),
        pytest.param("XY", IN_TURN[:2], set(), id="a cut that nothing comes back from"),
        pytest.param("XYX", IN_TURN, {(0, 1), (1, 2)}, id="there and back"),
        pytest.param("XYZ", IN_TURN, set(), id="somewhere else instead of back"),
        pytest.param("XXX", IN_TURN, set(), id="the same set-up"),
        pytest.param(
            "XYX", [{"shot": 0, "facing": -0.8}, *IN_TURN[1:]], {(1, 2)}, id="one turns away"
        ),
        pytest.param(
            "XYX", [{"shot": 0, "seen": False}, *IN_TURN[1:]], {(1, 2)}, id="an unknown turn"
        ),
        pytest.param(
            "XYX", [*IN_TURN, {"shot": 1, "at": (300, 60)}], set(), id="two face the camera"
        ),
        pytest.param(
            "XYX", [*IN_TURN, {"shot": 1, "at": (300, 60), "width": 15}], {(0, 1), (1, 2)},
            id="the other one is far behind",
        ),
        pytest.param(
            "XYX", [*IN_TURN, {"shot": 1, "at": (300, 60), "facing": -0.5}], {(0, 1), (1, 2)},
            id="over the shoulder of the other one",
        ),
    ],
)  # fmt: skip
def test_who_is_seen_in_turn(setups, people, expect):
    assert pairs(setups, *people) == expect


@pytest.mark.parametrize(
    ("setups", "who", "reverse_shot", "expect"),
    [
        pytest.param("XYXY", ("A", ("A", "B", 0.5)), 2.0, [0, 1, 0, 1], id="a talk of two alike"),
        pytest.param("XYXY", ("A", ("A", "B", 0.5)), 0.0, [0, 0, 0, 0], id="by looks alone"),
        pytest.param("XYZW", ("A", ("A", "B", 0.5)), 2.0, [0, 0, 0, 0], id="no talk"),
        pytest.param("XYXY", ("A", "A"), 2.0, [0, 0, 0, 0], id="looks that are sure win"),
    ],
)
def test_two_who_talk_are_two_unless_their_looks_are_one(setups, who, reverse_shot, expect):
    segments = [segment(k, k, who=who[k % 2]) for k in range(4)]
    cast = build_cast(
        segments,
        setups_of(setups),
        calibration(),
        ClusteringSettings(reverse_shot_penalty=reverse_shot),
    )
    assert cast.labels.tolist() == expect
