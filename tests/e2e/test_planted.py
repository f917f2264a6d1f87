"""A small fixed part of the planted bench, on two of the studio's clips and their stored boxes."""

from __future__ import annotations

from pathlib import Path

import pytest

import castcheck
from bench.planted import judge_set, tables
from castcheck.config import Config
from castcheck.models.load import load_models

SAMPLES = Path(__file__).parents[2] / "sample_videos"


@pytest.mark.slow
def test_planted_swaps_are_found_and_clean_twins_pass(tmp_path: Path) -> None:
    out = tmp_path / "planted"
    made = castcheck.plant(
        [SAMPLES / "room_clean.mp4", SAMPLES / "park_clean.mp4"],
        out,
        kinds=["swap_at_once"],
        per_clip=1,
        seconds=3.0,
        side_px=480,
        boxes=SAMPLES / "boxes",
        config={"run": {"device": "cpu", "embedder": "bundled"}, "shots": {"method": "content"}},
    )
    assert len(made.errors) == 2
    config = Config.from_dict({"run": {"device": "cpu", "embedder": "bundled"}})
    rows, missed = judge_set(out, config, load_models(config), None, true=True, reasons=True)
    assert [row.false for row in rows if row.kind == "clean"] == [0, 0]
    found = [row for row in rows if row.found]
    assert found
    assert sum(missed.values()) == len([row for row in rows if row.error]) - len(found)
    assert tables(rows, missed)
