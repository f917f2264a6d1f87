"""Casts that labelled clips are judged against, and what counts as right."""

from __future__ import annotations

import numpy as np
import pytest

from bench.labelled import Labelled
from bench.roll_call import ALL, WANTED, Called, casts_of, first_shots, tables
from identity.cast.matching import Member

ANN, BEN, GUEST = (Member(name, ()) for name in ("ann", "ben", "a guest"))


def picture(frame, *facts):
    rows = np.zeros((len(facts), 4), np.float32)
    people = tuple({"who": who, "shot": shot} for who, shot in facts)
    return Labelled("clip", frame, np.zeros((1, 1, 3), np.uint8), rows, rows[:0], 0, people)


@pytest.mark.parametrize(
    ("pictures", "first"),
    [
        pytest.param([], {}, id="none"),
        pytest.param([picture(0, ("x", 0), ("-", 0))], {}, id="nobody who is a character"),
        pytest.param([picture(40, ("A", 1)), picture(0, ("A", 0), ("B", 0))], {"A": 0, "B": 0},
                     id="in whatever order"),
        pytest.param([picture(0, ("A", 0)), picture(40, ("B", 1))], {"A": 0, "B": 1}, id="later"),
    ],
)  # fmt: skip
def test_pictures_are_of_the_first_shot_that_shows_somebody(pictures, first):
    assert first_shots(pictures) == first


@pytest.mark.parametrize(
    ("own", "casts"),
    [
        pytest.param({"ann": ANN}, [(ALL, ["ann"]), ("one too many", ["ann", "a guest"])],
                     id="one: nobody can be left out"),
        pytest.param(
            {"ann": ANN, "ben": BEN},
            [
                (ALL, ["ann", "ben"]),
                ("one too many", ["ann", "ben", "a guest"]),
                ("one left out", ["ben"]),
                ("another in a place", ["ben", "a guest"]),
                ("one left out", ["ann"]),
                ("another in a place", ["ann", "a guest"]),
            ],
            id="two: each in turn",
        ),
    ],
)  # fmt: skip
def test_every_cast_that_a_clip_is_judged_against(own, casts):
    found = [(cast, [m.name for m in members]) for cast, members in casts_of(own, GUEST)]
    assert found == casts
    assert {cast for cast, _ in found} <= WANTED.keys()


@pytest.mark.parametrize(
    ("cast", "major", "minor", "right", "noticed"),
    [
        pytest.param(ALL, (), (), True, False, id="nothing, rightly"),
        pytest.param(ALL, ("missing",), (), False, True, id="a false one"),
        pytest.param("one too many", ("missing",), (), True, True, id="what is missing"),
        pytest.param("one too many", (), ("missing",), False, True, id="only as a doubt"),
        pytest.param("one left out", ("unexpected",) * 2, (), False, True, id="one too often"),
        pytest.param("another in a place", ("missing", "unexpected"), (), False, True, id="as two"),
    ],
)
def test_right_is_just_what_is_wrong_and_as_major(cast, major, minor, right, noticed):
    called = Called("clip", cast, major, minor)
    assert (called.right, called.noticed) == (right, noticed)


def test_tables_count_names_in_later_shots_apart():
    rows = [Called("clip", ALL, (), (), (5, 2), (4, 1), (1, 1), number_right=True)]
    said, names, wrong = tables(rows)
    assert said.rows[0][:5] == (ALL, "nothing", 1, 1, 0)
    assert [row[1:] for row in names.rows[:2]] == [(5, 4, 1, "1 of 1"), (2, 1, 1, None)]
    assert wrong.rows == ()
