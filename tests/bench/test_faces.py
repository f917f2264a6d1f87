"""Which heads are counted as showing a face, and whose faces are compared."""

from __future__ import annotations

import numpy as np
import pytest

from bench import faces
from bench.faces import Head, figures_of, lost_by_turn, pairs, shares

EAST, NORTH = np.array([1, 0], np.float32), np.array([0, 1], np.float32)


def head(track=0, frame=0, *, clip="a", face=EAST, size_px=30.0, facing=1.0, turn=(0.0, 0.0)):
    return Head(clip, track, frame, size_px, facing, face, turn)


@pytest.mark.parametrize(
    ("heads", "same", "different"),
    [
        pytest.param([], [], [], id="none"),
        pytest.param([head()], [], [], id="one"),
        pytest.param([head(), head(frame=12)], [1], [], id="one person twice"),
        pytest.param([head(), head(1, face=NORTH)], [], [0], id="two at once"),
        pytest.param([head(), head(1, frame=12)], [], [], id="two, one after the other"),
        pytest.param([head(), head(clip="b", frame=12)], [], [], id="of two clips"),
        pytest.param([head(), head(frame=12, face=None)], [], [], id="no face"),
    ],
)
def test_pairs(heads, same, different):
    found = pairs(heads)
    assert [rows[:, 0].tolist() for rows in found] == [same, different]


def test_no_clip_counts_more_than_so_many_pairs(monkeypatch):
    monkeypatch.setattr(faces, "_MOST_PAIRS", 4)
    heads = [head(frame=frame, clip=clip) for frame in range(9) for clip in "ab"]
    assert len(pairs(heads)[0]) == 8


OTHER = [head(1, clip="b"), head(1, 12, clip="b", turn=(0.3, 0.4), face=NORTH)]


@pytest.mark.parametrize(
    ("heads", "lost"),
    [
        ([], np.nan),
        ([head(), head(frame=12)], np.nan),  # one pair has no slope
        ([head(), head(frame=12), head(frame=24, turn=(0.3, 0.4))], 0.0),
        ([head(), head(frame=12), *OTHER], 2.0),
    ],
)  # fmt: skip
def test_what_a_turn_costs(heads, lost):
    assert lost_by_turn(heads)["lost"] == pytest.approx(lost, nan_ok=True)


@pytest.mark.parametrize(
    ("heads", "counted"),
    [
        ([], [(0, None), (0, None)]),
        ([head(size_px=10), head(size_px=19, face=None), head(size_px=20)], [(2, 0.5), (1, 1.0)]),
        ([head(size_px=5), head(size_px=40)], [(0, None), (0, None)]),
    ],
)
def test_shares(heads, counted):
    rows = shares(heads, [one.size_px for one in heads], (10, 20, 40))
    wanted = [
        (number, pytest.approx(np.nan if s is None else s, nan_ok=True)) for number, s in counted
    ]
    assert [(row["heads"], row["faces"]) for row in rows] == wanted


def test_all_figures_of_nobody_are_there():
    found = figures_of([])
    assert {row["heads"] for row in found["sizes"]} == {0}
    assert all(np.isnan(row["auc"]) for row in found["cosines by size"])
    (row,) = found["all that are asked"]
    assert (row["heads"], row["one person"]) == (0, 0)


def test_heads_that_castcheck_does_not_ask_do_not_count():
    heads = [head(), head(frame=12), head(frame=24, size_px=19.9), head(frame=36, facing=-0.3)]
    (row,) = figures_of(heads)["all that are asked"]
    assert (row["heads"], row["one person"]) == (2, 1)
