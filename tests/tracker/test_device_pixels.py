"""Boxes are the same whether OpenCV or torch makes a picture ready, and come back in one copy."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from scenes.source import open_source
from scenes.upload import moved_there, uploaded
from tests.tracker.worlds import batch_of
from tracker import yolo
from tracker.device_pixels import brought_back, letterboxed
from tracker.letterbox import Letterbox
from tracker.second_look import SIZE
from tracker.yolo import YoloDetector

SAMPLE = Path(__file__).parents[2] / "sample_videos" / "street_clean.mp4"


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


@pytest.fixture(scope="module")
def detectors():
    """The bundled detector by ONNX Runtime, and by torch as on a GPU."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(yolo, "choose_device", lambda _: "cpu:0")
        there = YoloDetector("bundled", half=False)
    return YoloDetector("bundled", device="cpu"), there


def street(count: int, *, height: int = 0, width: int = 0) -> np.ndarray:
    with open_source(SAMPLE) as source:
        rgb = next(iter(source.batches(count or 1))).rgb[:count]
    size = (width or rgb.shape[2], height or rgb.shape[1])
    pictures = [cv2.resize(picture, size, interpolation=cv2.INTER_AREA) for picture in rgb]
    return np.array(pictures, np.uint8).reshape(count, size[1], size[0], 3)


@pytest.mark.parametrize(
    ("count", "height", "width"),
    [
        pytest.param(0, 0, 0, id="no picture"),
        pytest.param(1, 0, 0, id="one"),
        pytest.param(3, 361, 643, id="odd"),
        pytest.param(2, 240, 426, id="small"),
        pytest.param(2, 720, 400, id="upright"),
    ],
)
def test_boxes_are_the_same_to_a_tenth_of_a_pixel(detectors, count, height, width):
    batch = batch_of(street(count, height=height, width=width))
    (moved,) = moved_there([batch], "cpu:0", small_px=((48, 27),))
    (here, there) = (
        detector.detect(own) for detector, own in zip(detectors, (batch, moved), strict=True)
    )
    assert len(here) or not count
    assert here.frame.tolist() == there.frame.tolist()
    assert here.class_id.tolist() == there.class_id.tolist()
    assert np.abs(here.xyxy - there.xyxy).max(initial=0) <= 0.1
    assert np.abs(here.score - there.score).max(initial=0) <= 0.002


def test_those_looked_at_again_are_looked_at_together(detectors, monkeypatch):
    """Three pictures, of which the first and the last may hold two in a box: two passes."""
    asked = []
    whole = YoloDetector.bodies_and_heads

    def count(self, index, rgb, *, size=1.0):
        asked.append((index.tolist(), size))
        return whole(self, index, rgb, size=size)

    answers = iter([True, False, True])
    monkeypatch.setattr(YoloDetector, "bodies_and_heads", count)
    monkeypatch.setattr(yolo, "holds_two_heads", lambda *_: next(answers))
    found = detectors[0].detect(batch_of(street(3), first=5))
    assert asked == [([5, 6, 7], 1.0), ([5, 7], SIZE)]
    assert set(found.frame.tolist()) == {5, 6, 7}
