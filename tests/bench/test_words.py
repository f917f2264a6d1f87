"""The counting of words that are right."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from bench.words import HALVES, KINDS, Noted, description_at, read_noted, said_of, table
from castcheck.facts.parts import CharacterFacts, SegmentFacts


def noted(what="person", top=("red", "pink"), legs=()):
    return Noted("free", "clip", "report", 3, (0, 0, 10, 20), what, top, legs)


@pytest.mark.parametrize(
    ("one", "words", "row"),
    [
        # characters, said, right, share, 95 %, silent though seen, said of unseen, top of fur
        pytest.param(noted(), "", (1, 0, 0, None, "0.00-1.00", 1, 0, 0), id="silent"),
        pytest.param(noted(top=()), "", (1, 0, 0, None, "0.00-1.00", 0, 0, 0), id="rightly silent"),
        pytest.param(noted(), "dark red top", (1, 1, 1, 1.0, "0.21-1.00", 0, 0, 0), id="right"),
        pytest.param(noted(), "blue top", (1, 1, 0, 0.0, "0.00-0.79", 0, 0, 0), id="wrong"),
        pytest.param(noted(top=()), "red top", (1, 1, 0, 0.0, "0.00-0.79", 0, 1, 0), id="unseen"),
        pytest.param(noted("animal"), "red top", (1, 1, 1, 1.0, "0.21-1.00", 0, 0, 1), id="fur"),
        pytest.param(noted("animal"), "red figure", (1, 1, 1, 1.0, "0.21-1.00", 0, 0, 0), id="dog"),
    ],
)
def test_what_counts_as_right(one, words, row):
    said = list(said_of(one, words))
    assert table(said, part="top").rows[-1] == ("all", *row)
    assert table(said, part="legs").rows[-1][2] == 0


def test_legs_are_counted_apart():
    said = list(said_of(noted(legs=("blue",)), "green top, blue trousers"))
    assert [table(said, part=part).rows[-1][3] for part in ("top", "legs")] == [0, 1]


@pytest.mark.parametrize(
    ("frame", "box", "expect"),
    [
        pytest.param(3, (0, 0, 10, 20), "red top", id="there"),
        pytest.param(4, (0, 0, 10, 20), None, id="another frame"),
        pytest.param(3, (8, 0, 18, 20), None, id="another place"),
    ],
)
def test_who_is_in_the_box(frame, box, expect):
    tracklet = SimpleNamespace(
        frames=(3,), boxes=((0.0, 0.0, 10.0, 20.0),), segments=(SegmentFacts(3, 4, "char-01"),)
    )
    character = CharacterFacts("char-01", None, 1.0, 1.0, "", "red top")
    report: Any = SimpleNamespace(tracklets=(tracklet,), characters=(character,))
    assert description_at(report, frame, box) == expect


def test_the_notes_keep_every_source_in_one_half():
    halves: dict[str, set[str]] = {}
    for one in read_noted():
        assert one.kind in KINDS
        assert one.half in HALVES
        source = one.clip if one.kind == "free" else one.clip.split("_")[0]
        halves.setdefault(source, set()).add(one.half)
    assert halves
    assert all(len(half) == 1 for half in halves.values())
