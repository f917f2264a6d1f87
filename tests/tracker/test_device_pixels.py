"""Pictures made ready by torch are those that OpenCV makes, and come back in one copy."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
import torch

from tracker.device_pixels import brought_back, letterboxed, uploaded
from tracker.engine import EngineNetwork
from tracker.known_weights import resolve_weights
from tracker.letterbox import Letterbox
from tracker.settings import DetectorSettings


def picture(height: int, width: int) -> np.ndarray:
    """Soft noise, as in a clip; pixels that owe nothing to each other say nothing of scaling."""
    noise = np.random.default_rng(height).integers(0, 256, (1, 9, 16, 3), np.uint8)
    return np.asarray(cv2.resize(noise[0], (width, height), interpolation=cv2.INTER_CUBIC))[None]


@pytest.mark.parametrize(
    ("height", "width", "longer_px"),
    [
        pytest.param(480, 854, 640, id="smaller"),
        pytest.param(90, 160, 320, id="larger"),
        pytest.param(640, 384, 640, id="as it is"),
        pytest.param(600, 200, 256, id="upright"),
        pytest.param(1, 1, 64, id="one pixel"),
    ],
)
def test_a_letterbox_is_the_same_either_way(height, width, longer_px):
    rgb = picture(height, width)
    letterbox = Letterbox.fit(width, height, longer_px=longer_px)
    here = letterbox.apply(rgb).transpose(0, 3, 1, 2)
    there = letterboxed(torch.from_numpy(rgb), letterbox).numpy()
    assert here.shape == there.shape
    assert np.abs(here.astype(np.float32) - there).max() <= 1


@pytest.mark.parametrize("count", [0, 1, 3])
def test_pictures_that_may_not_be_written_are_uploaded_without_a_warning(count):
    rgb = np.concatenate([picture(6, 8)] * 3)[:count]
    rgb.flags.writeable = False
    there = uploaded(rgb, "cpu")
    assert there.dtype == torch.uint8
    assert (there.numpy() == rgb).all()
    assert there.shape == rgb.shape


def test_no_pictures_make_none():
    letterbox = Letterbox.fit(20, 10, longer_px=64)
    assert letterboxed(torch.zeros((0, 10, 20, 3), dtype=torch.uint8), letterbox).shape[0] == 0


@pytest.mark.parametrize("sizes", [(), (2,), (0, 3, 0, 1), (0,)])
def test_parts_come_back_as_they_were(sizes):
    parts = [torch.full((size, 6), float(size), dtype=torch.float16) for size in sizes]
    back = brought_back(parts)
    assert [rows.shape for rows in back] == [(size, 6) for size in sizes]
    assert all(rows.dtype == np.float32 and (rows == len(rows)).all() for rows in back)


def test_boxes_are_the_same_whoever_scales_the_picture():
    """As it is done on a GPU, on the CPU."""
    rgb = np.concatenate([picture(96, 160)] * 3)
    path = resolve_weights("bundled")
    network = EngineNetwork(path, DetectorSettings(), device="cpu", half=False, bfloat16=False)
    letterbox = Letterbox.fit(160, 96, longer_px=160)
    with torch.inference_mode():
        here = network._planes(rgb, letterbox)
        there = letterboxed(torch.from_numpy(rgb), letterbox).to(here.dtype) / 255
        seen = [network.network(planes)[0][:, 4:].amax(dim=(1, 2)) for planes in (here, there)]
    assert torch.allclose(seen[0], seen[1], atol=0.02)
