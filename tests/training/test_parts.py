"""What each cue sees of a part that changes alone: measured, kept, and drawn by lot."""

from __future__ import annotations

import json

import numpy as np
import pytest

from castcheck.models.load import load_models
from identity.appearance.looks import CUES
from tests.identity.people import calibration
from training.decisions import parts
from training.decisions.clips import AS_CHECKED

EAST, NORTH = np.array([1.0, 0.0], np.float32), np.array([0.0, 1.0], np.float32)


@pytest.mark.parametrize(
    ("before", "other", "after", "share"),
    [
        pytest.param({}, {}, {}, {}, id="nothing is seen"),
        pytest.param({"body": EAST}, {"body": NORTH}, {"body": EAST}, {"body": 0.0}, id="stays"),
        pytest.param({"body": EAST}, {"body": NORTH}, {"body": NORTH}, {"body": 1.0}, id="whole"),
        pytest.param(
            {"body": EAST}, {"body": NORTH}, {"body": 0.75 * EAST + 0.25 * NORTH}, {"body": 0.25},
            id="a quarter of the way",
        ),
        pytest.param(
            {"body": EAST}, {"body": NORTH}, {"body": 2 * NORTH - EAST}, {"body": 1.0},
            id="farther than the other: whole",
        ),
        pytest.param(
            {"body": EAST}, {"body": NORTH}, {"body": 2 * EAST - NORTH}, {"body": 0.0},
            id="away from the other: nothing",
        ),
        pytest.param({"body": EAST}, {"body": EAST}, {"body": NORTH}, {}, id="no way to go"),
        pytest.param(
            {"body": EAST, "hair": EAST}, {"body": NORTH}, {"body": NORTH, "hair": NORTH},
            {"body": 1.0}, id="one cue of the other is not seen",
        ),
        pytest.param({"facing": EAST}, {"facing": NORTH}, {"facing": NORTH}, {}, id="a turn"),
    ],
)  # fmt: skip
def test_how_far_a_look_goes_towards_anothers(before, other, after, share):
    assert parts.share_of(before, other, after) == share


@pytest.mark.parametrize(
    ("one", "two", "part", "differ"),
    [
        pytest.param({}, {}, "clothes", False, id="not seen"),
        pytest.param({"upper": EAST}, {"upper": EAST}, "clothes", False, id="one outfit"),
        pytest.param({"upper": EAST}, {"upper": NORTH}, "clothes", True, id="two outfits"),
        pytest.param({"upper": EAST}, {"upper": NORTH}, "head", False, id="hair is not seen"),
        pytest.param({"hair": EAST}, {"hair": NORTH}, "head", True, id="other hair"),
    ],
)
def test_whose_parts_differ(one, two, part, differ):
    assert parts.differ(one, two, part, calibration()) is differ


def test_everybody_it_was_measured_on_may_be_drawn():
    rng = np.random.default_rng(0)
    for part in ("clothes", "head"):
        rows = parts.measured()[part]
        drawn = [parts.drawn(part, rng) for _ in range(20 * len(rows))]
        assert all(any(one is row for one in drawn) for row in rows)
        assert all(set(row) <= set(CUES) - {"facing"} for row in rows)
        assert all(0 <= share <= 1 for row in rows for share in row.values())


def test_the_file_says_what_it_was_measured_on():
    kept = json.loads(parts.FILE.read_text(encoding="utf-8"))
    assert kept["provenance"]["people"] == {part: len(rows) for part, rows in kept["parts"].items()}
    assert kept["provenance"]["embedder"]["name"] == "castcheck-reid"


def test_no_clips_nobody_measured(tmp_path):
    found = parts.measure(
        [tmp_path], AS_CHECKED, load_models(AS_CHECKED), calibration=calibration(), cache=None,
        say=print,
    )  # fmt: skip
    assert found == {"clothes": [], "head": []}
