from __future__ import annotations

import json

import numpy as np
import pytest

pytest.importorskip("moderngl", reason="the studio extra is not installed")

from studio.crops import _cut, _random_action, render_crops
from studio.stage import place


@pytest.mark.parametrize("seed", range(12))
def test_whoever_is_pictured_stands_in_the_middle(seed):
    action, time_s = _random_action(np.random.default_rng(seed), yaw=seed * 0.5)
    where = place(action, time_s)
    assert np.hypot(where.x_m, where.z_m) < 0.15


def test_a_crop_stays_inside_the_picture():
    rgb = np.zeros((50, 40, 3), np.uint8)
    for seed in range(20):
        crop = _cut(rgb, [0, 0, 40, 50], np.random.default_rng(seed))
        assert 40 < crop.shape[0] <= 50
        assert 30 < crop.shape[1] <= 40


def test_crops_are_indexed_and_kept(studio_at_work, tmp_path):
    library = studio_at_work.wardrobe.library
    count = render_crops(library, tmp_path, [3], 3)
    lines = [json.loads(line) for line in (tmp_path / "index.jsonl").read_text().splitlines()]
    assert len(lines) == count == 3
    assert all((tmp_path / line["file"]).exists() for line in lines)
    before = (tmp_path / lines[0]["file"]).stat().st_mtime_ns
    assert render_crops(library, tmp_path, [3], 3) == 3
    assert (tmp_path / lines[0]["file"]).stat().st_mtime_ns == before
