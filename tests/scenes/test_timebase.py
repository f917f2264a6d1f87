"""Times stay exact and in order, whatever the stamps; pictures stand as the matrix says."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scenes.orient import Orientation, orientation_from_matrix
from scenes.timebase import FrameClock

MS = Fraction(1, 1000)


def times_ms(stamps: list[int | None], rate: int | None = 25) -> tuple[list[Fraction], int]:
    clock = FrameClock(time_base=MS, rate=Fraction(rate) if rate else None)
    return [clock.tick(stamp, None) * 1000 for stamp in stamps], clock.repaired


@pytest.mark.parametrize(
    ("stamps", "expected", "repaired"),
    [
        pytest.param([], [], 0, id="none"),
        pytest.param([5000], [0], 0, id="one"),
        pytest.param([-80, -40, 0], [0, 40, 80], 0, id="negative-start"),
        pytest.param([0, 33, 100, 101], [0, 33, 100, 101], 0, id="variable-rate"),
        pytest.param([None, None, None], [0, 40, 80], 3, id="no-stamps"),
        pytest.param([None, 7, 47], [0, 40, 80], 1, id="first-missing"),
        pytest.param([0, 40, 100, None], [0, 40, 100, 160], 1, id="last-missing-steps-as-before"),
        pytest.param([0, 40, 40, 120], [0, 40, 80, 120], 1, id="repeated"),
        pytest.param([0, 80, 40, 240], [0, 80, 160, 240], 1, id="shuffled"),
        pytest.param([9000, 9040, 0, 50], [0, 40, 80, 130], 1, id="joined-files"),
        pytest.param([0, 40, 95_000_000, 95_000_050], [0, 40, 80, 130], 1, id="a-day-apart"),
        pytest.param([0, 600_000], [0, 600_000], 0, id="ten-minutes-of-one-picture"),
        pytest.param([0, 600_001, 600_041], [0, 40, 80], 1, id="a-little-more-than-ten-minutes"),
        pytest.param([5000, 5040, 3500, 3540], [0, 40, 80, 120], 1, id="back-by-1.5-s-joined"),
        pytest.param([5000, 5040, 4040, 4080], [0, 40, 80, 120], 2, id="back-by-1-s-shuffled"),
        pytest.param([None, None, 7, 57], [0, 40, 80, 130], 2, id="two-missing-at-first"),
        pytest.param([500, 540, 95_000_540, 95_000_640], [0, 40, 80, 180], 1, id="a-day-from-500"),
    ],
)
def test_times(stamps: list[int | None], expected: list[int], repaired: int) -> None:
    times, repairs = times_ms(stamps)
    assert [int(t) for t in times] == expected
    assert repairs == repaired


@given(st.lists(st.one_of(st.none(), st.integers(-(2**40), 2**40)), max_size=40))
def test_times_always_increase_from_zero(stamps: list[int | None]) -> None:
    times, repaired = times_ms(stamps)
    assert times[:1] == [0][: len(times)]
    assert all(a < b for a, b in pairwise(times))
    assert 0 <= repaired <= len(stamps)


@given(st.lists(st.integers(1, 600_000), max_size=30), st.integers(-(10**9), 10**9))
def test_good_stamps_are_kept_exactly(steps: list[int], start: int) -> None:
    stamps = [start + sum(steps[:i]) for i in range(len(steps) + 1)]
    times, repaired = times_ms(list(stamps))
    assert times == [stamp - start for stamp in stamps]
    assert repaired == 0


@pytest.mark.parametrize(
    ("duration", "end_ms"),
    [
        pytest.param(10, 110, id="said"),
        pytest.param(None, 200, id="as-before"),
        pytest.param(0, 200, id="0-is-unknown"),
        pytest.param(-10, 200, id="less-is-unknown"),
        pytest.param(1, 101, id="the-shortest"),
    ],
)
def test_the_end(duration: int | None, end_ms: int) -> None:
    clock = FrameClock(time_base=MS, rate=None)
    assert clock.end_s == 0
    clock.tick(50, None)
    assert clock.end_s == Fraction(1, 25)
    clock.tick(150, duration)
    assert clock.end_s == end_ms * MS


@pytest.mark.parametrize(
    ("stamps", "closed_ms"),
    [
        pytest.param([], 0, id="none"),
        pytest.param([0, 40, 100], 0, id="no gap"),
        pytest.param([0, 40, 1_000_080, 1_000_120], 1_000_000, id="one"),
        pytest.param([0, 40, 1_000_080, 3_000_120], 3_000_000, id="two"),
    ],
)
def test_what_is_closed_is_added_up(stamps: list[int], closed_ms: int) -> None:
    clock = FrameClock(time_base=MS, rate=Fraction(25))
    for stamp in stamps:
        clock.tick(stamp, None)
    assert clock.closed_s == closed_ms * MS


@pytest.mark.parametrize("transpose", [False, True])
@pytest.mark.parametrize("flip_x", [False, True])
@pytest.mark.parametrize("flip_y", [False, True])
def test_every_pixel_goes_where_the_matrix_says(
    transpose: bool, flip_x: bool, flip_y: bool
) -> None:
    across, down = (-1 if flip_x else 1), (-1 if flip_y else 1)
    matrix = (0, down, across, 0) if transpose else (across, 0, 0, down)
    a, b, c, d = matrix
    found = orientation_from_matrix([a, b, 0, c, d, 0, 0, 0, 1])
    assert found == Orientation(transpose, flip_x, flip_y)
    stored = np.arange(3 * 5 * 3, dtype=np.uint8).reshape(3, 5, 3)
    shown = found.apply(stored)
    assert shown.shape[1::-1] == found.size(5, 3)
    points = [(x, y, a * x + c * y, b * x + d * y) for x in range(5) for y in range(3)]
    left, top = min(p[2] for p in points), min(p[3] for p in points)
    for x, y, to_x, to_y in points:
        assert np.array_equal(shown[to_y - top, to_x - left], stored[y, x])
