"""Who stands where somebody stood in a set-up: the camera may come nearer, or be elsewhere."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from identity.evidence.alignment import Alignment
from identity.evidence.place_in_setup import at_one_place

AS_BEFORE, NEARER = Alignment(1.0, 1.0, (0.0, 0.0)), Alignment(1.0, 0.5, (0.0, 0.0))
LEFT, RIGHT = (0, 0, 40, 80), (100, 0, 140, 80)


class Sets:
    """Lays shots over each other as it was told, and notes which were asked about."""

    picture_px = (200, 100)

    def __init__(self, lays):
        self.lays, self.asked = lays, []

    def alignment(self, early, late):
        self.asked.append((early, late))
        return self.lays.get((early, late))

    def is_hidden(self, early, late, lay):
        raise AssertionError


def track(shot, *boxes):
    return SimpleNamespace(xyxy=np.array(boxes, np.float32), shot_index=shot)


@pytest.mark.parametrize(
    ("tracks", "similarity", "lays", "expect"),
    [
        pytest.param([], 1.0, {}, [], id="nobody"),
        pytest.param([track(0, LEFT)], 1.0, {}, [], id="one shot"),
        pytest.param([track(0, LEFT), track(1, LEFT)], 0.8, {}, [], id="another set-up"),
        pytest.param(
            [track(0, LEFT), track(1, LEFT)], 0.2, {(0, 1): AS_BEFORE}, [],
            id="laid over it by chance",
        ),
        pytest.param(
            [track(0, LEFT), track(1, LEFT), track(1, RIGHT)], 0.9, {}, [[(0, 1)]],
            id="the same framing: one there, one elsewhere",
        ),
        pytest.param(
            [track(0, LEFT), track(1, (0, 0, 80, 160))], 0.5, {(0, 1): NEARER}, [[(0, 1)]],
            id="the camera came nearer",
        ),
        pytest.param(
            [track(0, LEFT), track(1, LEFT)], 0.5, {(0, 1): NEARER}, [[]],
            id="nearer, and he moved back",
        ),
        pytest.param(
            [track(0, *[RIGHT] * 9, *[LEFT] * 9), track(1, *[LEFT] * 9, *[RIGHT] * 9)], 0.5,
            {(0, 1): AS_BEFORE}, [[(0, 1)]], id="end of one, start of next",
        ),
    ],
)  # fmt: skip
def test_who_is_seen_where_somebody_was(tracks, similarity, lays, expect):
    setups = np.full((2, 2), similarity, np.float32)
    assert list(at_one_place(tracks, setups, Sets(lays))) == expect


def test_the_likeliest_two_earlier_shots_are_asked_and_the_first_that_fits_is_enough():
    tracks = [track(shot, LEFT) for shot in range(4)]
    setups = np.eye(4, dtype=np.float32)
    setups[:3, 3] = 0.5, 0.8, 0.7
    sets = Sets({(1, 3): AS_BEFORE})
    assert list(at_one_place(tracks, setups, sets)) == [[(1, 3)]]
    assert sets.asked == [(1, 3)]
    sets = Sets({(0, 3): AS_BEFORE})
    assert list(at_one_place(tracks, setups, sets)) == []
    assert sets.asked == [(1, 3), (2, 3)]


def test_of_shots_with_the_same_framing_the_first_is_asked():
    tracks = [track(shot, LEFT) for shot in range(3)]
    pairs = list(at_one_place(tracks, np.ones((3, 3), np.float32), None))
    assert pairs == [[(0, 1)], [(0, 2)]]
