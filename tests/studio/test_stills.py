from __future__ import annotations

import json

import cv2
import numpy as np
import pytest

pytest.importorskip("moderngl", reason="the studio extra is not installed")

from studio.stage import place
from studio.stills import SETTINGS, _random_action, group_looks, render_stills


@pytest.mark.parametrize("seed", range(12))
def test_whoever_is_pictured_has_come_to_the_spot(seed):
    spot = (0.4, -0.9)
    action, time_s = _random_action(np.random.default_rng(seed), spot, yaw=seed * 0.5)
    where = place(action, time_s)
    assert np.hypot(where.x_m - spot[0], where.z_m - spot[1]) < 0.15


def test_groups_share_nobody_and_some_stage_hard_cases():
    groups = [group_looks(seed)[1] for seed in range(40)]
    names = [look.name for looks in groups for look in looks]
    assert len(names) == len(set(names))
    twins = sum(looks[0].outfit == looks[1].outfit for looks in groups)
    assert 2 <= twins <= 20


def test_pictures_are_indexed_kept_and_labelled_inside_the_frame(studio_at_work, tmp_path):
    library = studio_at_work.wardrobe.library
    count = render_stills(library, tmp_path, [3], 3)
    lines = [json.loads(line) for line in (tmp_path / "index.jsonl").read_text().splitlines()]
    assert 1 <= len(lines) == count <= 3
    for line in lines:
        picture = cv2.imread(str(tmp_path / line["file"]))
        assert picture is not None
        assert picture.shape == (SETTINGS.height_px, SETTINGS.width_px, 3)
        assert line["people"]
        mask = cv2.imread(str(tmp_path / line["mask"]), cv2.IMREAD_GRAYSCALE)
        assert mask is not None
        for number, person in enumerate(line["people"], start=1):
            rows, columns = np.nonzero(mask == number)
            around = [columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]
            assert around == person["box"]
            x1, y1, x2, y2 = person["box"]
            assert 0 <= x1 < x2 <= SETTINGS.width_px
            assert 0 <= y1 < y2 <= SETTINGS.height_px
            # A person is no patch of the set: the box holds more than one flat colour.
            assert picture[y1:y2, x1:x2].std() > 3
    before = (tmp_path / lines[0]["file"]).stat().st_mtime_ns
    assert render_stills(library, tmp_path, [3], 3) == count
    assert (tmp_path / lines[0]["file"]).stat().st_mtime_ns == before
