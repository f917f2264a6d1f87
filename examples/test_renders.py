"""Clips as tests: `pytest examples/test_renders.py`, or all renders: `pytest --castcheck renders`.

The fixture `castcheck` comes with the package; models are loaded once, and once per worker with
`pytest -n 4`.
"""

from pathlib import Path

import pytest

CLIPS = Path(__file__).parents[1] / "sample_videos"


@pytest.mark.parametrize("name", ["room_clean", "cafe_clean"])
def test_everybody_stays_themselves(castcheck, name):
    assert castcheck(CLIPS / f"{name}.mp4").passed


def test_three_people_all_the_same_from_start_to_end(castcheck):
    report = castcheck(CLIPS / "room_clean.mp4", config={"clustering": {"characters": 3}})
    assert len(report.characters) == 3
    assert all(character.consistency > 0.9 for character in report.characters)


def test_no_swap_whatever_else(castcheck):
    report = castcheck(CLIPS / "park_drift.mp4")
    assert "swap" not in [finding.kind for finding in report.findings]
