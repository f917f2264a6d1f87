"""The verdict in a line: it says no more than what was seen."""

from __future__ import annotations

import pytest

from castcheck.facts.report import CharacterFacts, ClipFacts, Report, ShotFacts
from castcheck.labels import headline

SHOT = ShotFacts(0, 0, 5, 0.0, 0.2, "start")


@pytest.mark.parametrize(
    ("consistencies", "says"),
    [
        ([], "no character found in 1 shot"),
        ([1.0], "1 character in 1 shot keeps its identity"),
        ([1.0, 0.9], "2 characters in 1 shot keep their identity"),
        (
            [1.0, None],
            "2 characters in 1 shot keep their identity; 1 not seen well enough to judge",
        ),
        (
            [0.9, 0.17],
            (
                "2 characters in 1 shot, nothing certain enough to report; "
                "look at char-02 (17% consistent)"
            ),
        ),
        (
            [0.0, 0.4, None],
            (
                "3 characters in 1 shot, nothing certain enough to report; "
                "look at char-01, char-02 (0% consistent); "
                "1 not seen well enough to judge"
            ),
        ),
    ],
)
def test_headline_of_a_clip_that_passes(consistencies, says):
    cast = tuple(
        CharacterFacts(f"char-{k:02}", None, value, 0.2, "" if value is not None else "small")
        for k, value in enumerate(consistencies, start=1)
    )
    clip = ClipFacts("a.mp4", "", 64, 64, 5, "24/1", 0.2)
    assert headline(Report(clip, "pass", (SHOT,), cast)) == says
