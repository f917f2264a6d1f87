"""What is a seam inside one shot, and what is a cut."""

import numpy as np
import pytest

from identity.seams import is_seam

PICTURE_PX = (320, 180)
LEFT, MIDDLE = [20, 40, 80, 180], [140, 40, 200, 180]


def a_set(seed=3, *, spread=30.0):
    grain = np.random.default_rng(seed).normal(128, spread, (18, 32, 3))
    return np.clip(grain, 0, 255).astype(np.uint8)


def with_people(picture, people, colour):
    picture = picture.copy()
    for x1, y1, x2, y2 in people:
        picture[y1 // 10 : y2 // 10, x1 // 10 : x2 // 10] = colour
    return picture


@pytest.mark.parametrize(
    ("before", "after", "other_set", "expect"),
    [
        pytest.param([], [LEFT], False, True, id="somebody-appears"),
        pytest.param([LEFT, MIDDLE], [LEFT], False, True, id="somebody-disappears"),
        pytest.param([LEFT, MIDDLE], [LEFT, MIDDLE], False, True, id="looks-change"),
        pytest.param([], [], False, True, id="nothing-changes"),
        pytest.param([LEFT], [MIDDLE], False, False, id="somebody-stands-elsewhere"),
        pytest.param([], [LEFT], True, False, id="another-set"),
        pytest.param([[0, 0, 320, 180]], [[0, 0, 320, 180]], False, False, id="no-set-in-view"),
    ],
)
def test_a_seam_changes_people_alone(before, after, other_set, expect):
    first = with_people(a_set(), before, 40)
    second = with_people(a_set(4 if other_set else 3), after, 220)
    boxes = [np.array(side, np.float32).reshape(-1, 4) for side in (before, after)]
    assert is_seam(first, second, *boxes, picture_px=PICTURE_PX) is expect


def test_two_dark_sets_are_no_seam():
    none = np.zeros((0, 4), np.float32)
    first, second = (a_set(seed, spread=1.5) for seed in (5, 6))
    assert not is_seam(first, second, none, none, picture_px=PICTURE_PX)
