"""Which constants change nothing: found by changing them, and put back."""

from __future__ import annotations

from typing import Any

import pytest

from bench import inert
from castcheck.config import Config
from identity.evidence import consistency
from identity.explanations import change
from identity.tracks import body_track

TWO: Any = ["one", "two"]  # what stands in for what was seen in two clips


@pytest.mark.parametrize(
    ("value", "factor", "expected"),
    [
        pytest.param(0.5, 2.0, 1.0, id="a share"),
        pytest.param(3, 0.5, 2, id="whole numbers stay whole"),
        pytest.param(1, 0.5, 1, id="and are one at least"),
        pytest.param(0, 2.0, 0, id="nothing stays nothing"),
        pytest.param("x", 2.0, "x", id="words are none"),
        pytest.param((1.0, {"a": 4}), 0.5, (0.5, {"a": 2}), id="within others"),
        pytest.param((), 0.5, (), id="empty"),
    ],
)
def test_every_number_is_scaled(value, factor, expected):
    assert inert.scaled(value, factor) == expected


def test_a_constant_is_changed_wherever_it_is_used_and_put_back():
    held = vars(change)
    assert held["FAST_S"] is body_track.FAST_S == 0.5
    with inert.changed("identity.tracks.body_track", "FAST_S", 2.0) as differs:
        assert differs
        assert (held["FAST_S"], body_track.FAST_S) == (1.0, 1.0)
    assert held["FAST_S"] is body_track.FAST_S == 0.5


def test_what_counts_and_what_does_not(monkeypatch):
    monkeypatch.setattr(consistency, "UNUSED", 3.0, raising=False)
    monkeypatch.setattr(inert, "said", lambda one, *_: (one, body_track.FAST_S < 0.6))
    asked = [("identity.evidence.consistency", "UNUSED"), ("identity.tracks.body_track", "FAST_S")]
    found = list(inert.inert(TWO, asked, Config(), "colour"))
    assert found == [(*asked[0], True), (*asked[1], False)]


def test_what_can_no_longer_be_judged_has_changed(monkeypatch):
    def said(*_):
        if body_track.FAST_S > 0.6:
            raise ValueError("no moment")
        return ()

    monkeypatch.setattr(inert, "said", said)
    asked = [("identity.tracks.body_track", "FAST_S")]
    assert [nothing for *_, nothing in inert.inert(TWO[:1], asked, Config(), "colour")] == [False]
    assert list(inert.inert([], [], Config(), "colour")) == []


def test_every_constant_of_a_folder_is_listed():
    listed = inert.all_constants(["tracks"])
    assert ("identity.tracks.linking", "MAX_GAP_S") in listed
    assert all(module.startswith("identity.tracks.") for module, _ in listed)
