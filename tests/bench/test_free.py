"""Clips that nobody labelled, on paper: what becomes of them, and the number of characters."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from bench.free import Judged, failing, numbers, verdicts


def one(verdict="pass", *, shots=1, people=1, characters=1, findings=()):
    return Judged("a", shots, people, verdict, characters, tuple(findings))


@pytest.mark.parametrize(
    ("clips", "rows"),
    [
        pytest.param([], ["| all | 0 | 0 | 0 | 0 |"], id="none"),
        pytest.param([one("fail")], ["| of one shot | 1 | 1 | 0 | 0 |"], id="one"),
        pytest.param(
            [one(), one("abstain", shots=2), one("fail", shots=3)],
            ["| all | 3 | 1 | 1 | 1 |", "| of several | 2 | 1 | 1 | 0 |"],
            id="of one shot and of several",
        ),
    ],
)
def test_what_becomes_of_clips(clips, rows):
    assert all(row in verdicts(clips).splitlines() for row in rows)


@pytest.mark.parametrize(
    ("clips", "rows"),
    [
        pytest.param([], [], id="none"),
        pytest.param([one(people=None), one(people=4)], [], id="not known, or roughly"),
        pytest.param([one()], ["| 1 | 1 | 1 (1.00) | 0.21 to 1.00 | 0 | 0 |"], id="right"),
        pytest.param(
            [one(), one(characters=0), one(characters=3), one(people=2, characters=2)],
            [
                "| 1 | 3 | 1 (0.33) | 0.06 to 0.79 | 1 | 1 |",
                "| 2 | 1 | 1 (1.00) | 0.21 to 1.00 | 0 | 0 |",
            ],
            id="too few and too many",
        ),
    ],
)
def test_how_many_characters_are_found(clips, rows):
    assert numbers(clips).splitlines()[2:] == rows


def test_only_clips_that_fail_are_named():
    clips = [one(), one("abstain", findings=["drift minor 0.60 @3"])]
    assert failing(clips) == []
    assert failing(
        [*clips, one("fail", findings=["morph major 0.80 @7", "clone minor 0.50 @0"])]
    ) == ["- a: morph major 0.80 @7; clone minor 0.50 @0"]


def test_what_a_report_says():
    finding = SimpleNamespace(kind="swap", severity="major", confidence=0.876, start_frame=12)
    made = SimpleNamespace(findings=[finding], verdict="fail", characters=["a", "b"])
    found = Judged.of("c", made, shots=2, people=None)  # type: ignore[arg-type]
    assert found == Judged("c", 2, None, "fail", 2, ("swap major 0.88 @12",))
