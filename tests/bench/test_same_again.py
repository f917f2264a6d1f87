"""What stays of the findings of a clip that is mirrored, smaller or encoded once more."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from bench.same_again import (
    WAYS,
    Again,
    compared,
    findings_of,
    mirrored,
    smaller,
    table,
    write_changed,
)
from castcheck.config import Config
from castcheck.models.load import load_models
from identity.findings import Finding

SAMPLES = Path(__file__).parents[2] / "sample_videos"


def told(kind, start, stop=None):
    stop = start + 1 if stop is None else stop
    return Finding(kind, "major", 0.9, ("char-01",), (0,), (0,), start, stop, "")


@pytest.mark.parametrize(
    ("before", "after", "stay", "new"),
    [
        pytest.param([], [], 0, 0, id="nothing"),
        pytest.param([told("swap", 20)], [told("swap", 22)], 1, 0, id="near"),
        pytest.param([told("swap", 20)], [told("swap", 30)], 0, 1, id="at another time"),
        pytest.param([told("swap", 20)], [told("morph", 20)], 0, 1, id="another kind"),
        pytest.param([told("swap", 20)] * 2, [told("swap", 20)], 1, 0, id="told once, not twice"),
        pytest.param([told("drift", 10, 50)], [told("drift", 20, 60)], 1, 0, id="lasts as long"),
        pytest.param([told("drift", 10, 50)], [told("drift", 45, 90)], 0, 1, id="hardly overlaps"),
    ],
)
def test_findings_that_stay(before, after, stay, new):
    found = compared("x", "mirrored", before, after)
    assert (found.stay, found.before, found.new) == (stay, len(before), new)


def test_pictures_are_changed():
    picture = np.arange(20 * 40 * 3).reshape(20, 40, 3).astype(np.uint8)
    assert (mirrored(picture)[:, 0] == picture[:, -1]).all()
    assert smaller(picture).shape == (14, 28, 3)


def test_the_table_has_a_row_for_each_way():
    text = table([Again("a", "mirrored", 1, 2, 0), Again("b", "mirrored", 2, 2, 1)])
    assert "| mirrored | 4 | 3 | 1 |" in text
    assert all(f"| {way} |" in text for way in WAYS)


@pytest.mark.slow
@pytest.mark.parametrize("way", sorted(WAYS))
def test_the_same_is_said_of_a_sample_clip(way, tmp_path):
    clip = SAMPLES / "room_swap.mp4"
    config = Config()
    models = load_models(config)
    before = findings_of(clip, config, models, tmp_path)
    assert [f.kind for f in before] == ["swap"]
    out = tmp_path / "changed.mp4"
    write_changed(clip, out, WAYS[way])
    found = compared("room_swap", way, before, findings_of(out, config, models, tmp_path))
    assert (found.stay, found.new) == (1, 0)
