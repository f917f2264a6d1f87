"""What torch cuts out and scales is what numpy and OpenCV make of it; on a GPU runs the same."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import cv2
import numpy as np
import pytest
import torch

from scenes import device_pictures
from scenes.device_pictures import DeviceCrop, averaged, blended, joined, on_host, scaled
from scenes.errors import ArrayShapeError
from scenes.frames import FrameBatch, with_small
from scenes.upload import moved_there

DEVICE = "cpu:0"  # torch's name of the CPU; to us a device like any other
HEIGHT, WIDTH = 90, 121


def soft(count: int, height: int, width: int) -> np.ndarray:
    """Clouds, as in a film."""
    rough = np.random.default_rng(height).integers(0, 256, (count, 9, 16, 3), np.uint8)
    made = [cv2.resize(p, (width, height), interpolation=cv2.INTER_CUBIC) for p in rough]
    return np.array(made, np.uint8).reshape(count, height, width, 3)


def hard(count: int, height: int, width: int) -> np.ndarray:
    """Noise: pixels that owe nothing to each other show where a place is a bit beside."""
    return np.random.default_rng(width).integers(0, 256, (count, height, width, 3), np.uint8)


def off(one: Any, two: Any) -> int:
    return int(np.abs(np.asarray(one).astype(int) - np.asarray(two).astype(int)).max(initial=0))


SIZES = [(480, 854), (361, 641), (54, 96), (27, 48), (30, 50), (13, 20), (5, 400), (1, 1)]


@pytest.mark.parametrize("make", [soft, hard])
@pytest.mark.parametrize("size_px", [(48, 27), (96, 54), (192, 108)])
@pytest.mark.parametrize(("height", "width"), SIZES)
def test_small_pictures_are_those_of_opencv_but_for_one_grey_level(make, size_px, height, width):
    rgb = make(2, height, width)
    there = averaged(torch.from_numpy(rgb), size_px)
    here = [cv2.resize(picture, size_px, interpolation=cv2.INTER_AREA) for picture in rgb]
    assert there.dtype == torch.uint8
    assert off(there, here) <= 1


@pytest.mark.parametrize(
    ("height", "width", "size_px", "most"),
    [
        pytest.param(480, 854, (384, 216), 0, id="480p"),
        pytest.param(720, 1280, (384, 216), 0, id="720p"),
        pytest.param(1080, 1920, (640, 360), 0, id="1080p, a third"),
        pytest.param(361, 641, (384, 216), 0, id="odd"),
        pytest.param(480, 640, (384, 288), 0, id="4 to 3"),
        pytest.param(7, 9, (5, 5), 0, id="tiny"),
        pytest.param(90, 160, (384, 216), 1, id="enlarged"),
        pytest.param(37, 53, (20, 100), 1, id="narrower and taller"),
    ],
)
def test_pictures_are_scaled_as_opencv_does_it(height, width, size_px, most):
    rgb = hard(2, height, width)
    there = blended(torch.from_numpy(rgb), size_px)
    here = [cv2.resize(picture, size_px, interpolation=cv2.INTER_LINEAR) for picture in rgb]
    assert off(there, here) <= most


def places(count: int) -> tuple[list[int], np.ndarray]:
    """Return where boxes may lie: anywhere, of any size, some of one pixel, some at the edges."""
    rng = np.random.default_rng(3)
    top, left = rng.integers(0, HEIGHT, count), rng.integers(0, WIDTH, count)
    bottom = np.minimum(top + rng.integers(1, 60, count), HEIGHT)
    right = np.minimum(left + rng.integers(1, 60, count), WIDTH)
    edges = np.stack([top, left, bottom, right], axis=1)
    edges[:4] = [
        [0, 0, HEIGHT, WIDTH], [HEIGHT - 1, WIDTH - 1, HEIGHT, WIDTH], [0, 0, 1, 1],
        [3, 5, 4, WIDTH],
    ]  # fmt: skip
    return rng.integers(0, 3, count).tolist(), edges


@pytest.mark.parametrize("limit", [1, 512 * 1024 * 1024], ids=["one by one", "all at once"])
@pytest.mark.parametrize(("height_px", "width_px"), [(16, 16), (24, 12), (7, 40)])
def test_places_in_pictures_are_averaged_all_together(height_px, width_px, limit, monkeypatch):
    monkeypatch.setattr(device_pictures, "_SUMS_LIMIT_BYTES", limit)
    rgb, (rows, edges) = hard(3, HEIGHT, WIDTH), places(120)
    there = scaled(
        torch.from_numpy(rgb), rows, torch.from_numpy(edges), height_px=height_px, width_px=width_px
    )
    here = [
        cv2.resize(rgb[r, t:b, s:e], (width_px, height_px), interpolation=cv2.INTER_AREA)
        for r, (t, s, b, e) in zip(rows, edges, strict=True)
    ]
    assert there.dtype == torch.float32
    assert off(there, here) <= 1


def test_sums_of_pictures_beyond_what_32_bits_hold(monkeypatch):
    rgb, (rows, edges) = torch.from_numpy(hard(3, HEIGHT, WIDTH)), places(30)
    size: dict[str, Any] = {"height_px": 16, "width_px": 16}
    usual = scaled(rgb, rows, torch.from_numpy(edges), **size)
    assert device_pictures._sums(rgb).dtype == torch.int32
    monkeypatch.setattr(device_pictures, "_INT32_PX", HEIGHT * WIDTH - 1)
    assert device_pictures._sums(rgb).dtype == torch.int64
    assert torch.equal(scaled(rgb, rows, torch.from_numpy(edges), **size), usual)


def test_no_places_give_no_pictures():
    rgb = torch.zeros((2, 8, 8, 3), dtype=torch.uint8)
    none = torch.zeros((0, 4), dtype=torch.long)
    assert scaled(rgb, [], none, height_px=16, width_px=8).shape == (0, 16, 8, 3)
    assert averaged(rgb[:0], (48, 27)).shape == (0, 27, 48, 3)


@pytest.mark.parametrize(
    "part",
    [np.s_[2:5, 1:4], np.s_[:, :], np.s_[3:, :-2], np.s_[5:100, 4:100], np.s_[4:2, 1:3],
     np.s_[-3:, 0:0]],
)  # fmt: skip
def test_a_crop_is_cut_as_an_array_is(part):
    rgb = hard(2, 20, 30)
    array = rgb[1, 4:16, 10:25]
    crop = DeviceCrop(torch.from_numpy(rgb), 1, 4, 10, 16, 25)
    for cut, wanted in ((crop[part], array[part]), (crop[part][1:, 1:], array[part][1:, 1:])):
        assert cut.shape == wanted.shape
        assert np.array_equal(np.asarray(cut), wanted)


def batches(count: int) -> list[FrameBatch]:
    rgb = hard(5, HEIGHT, WIDTH)[:count]
    rgb.flags.writeable = False
    times = (Fraction(0),) * count
    return [FrameBatch(np.arange(7, 7 + count), times, rgb)]


@pytest.mark.parametrize("count", [0, 1, 5])
def test_batches_are_moved_with_their_small_pictures(count):
    sizes = ((48, 27), (96, 54))
    (here,) = batches(count)
    (there,) = moved_there([here], DEVICE, small_px=sizes)
    assert (len(there), there.time_s) == (len(here), here.time_s)
    assert there.index.tolist() == here.index.tolist()
    assert isinstance(there.rgb, torch.Tensor)
    assert np.array_equal(on_host(there.rgb), here.rgb)
    assert set(there.known_small) == {(row, size) for row in range(count) for size in sizes}
    for row in range(count):
        for size in (*sizes, (20, 10)):
            small = there.small(row, size)
            assert small.shape == (size[1], size[0], 3)
            assert off(small, here.small(row, size)) <= 1


@pytest.mark.parametrize("size_px", [(48, 27), (96, 54), (192, 108), (50, 27)])
@pytest.mark.parametrize(
    ("height", "width"),
    [
        pytest.param(1080, 1920, id="whole parts"),
        pytest.param(479, 853, id="odd"),
        pytest.param(992, 2016, id="of another shape"),
        pytest.param(108, 192, id="as large as the largest small one"),
        pytest.param(20, 30, id="smaller than all"),
        pytest.param(1, 1, id="one pixel"),
    ],
)
def test_small_pictures_of_small_ones_are_those_of_the_whole(height, width, size_px):
    rng = np.random.default_rng(height)
    blocks = rng.integers(0, 256, (-(-height // 4), -(-width // 4), 3), dtype=np.uint8)
    rgb = blocks.repeat(4, axis=0).repeat(4, axis=1)[:height, :width]
    batch = FrameBatch(np.arange(1), (Fraction(0),), rgb[None])
    small = batch.small(0, size_px)
    assert small.shape == (size_px[1], size_px[0], 3)
    assert off(small, cv2.resize(rgb, size_px, interpolation=cv2.INTER_AREA)) <= 1


def test_a_small_picture_is_made_once(monkeypatch):
    (batch,) = batches(2)
    first = batch.small(1, (48, 27))
    monkeypatch.setattr(cv2, "resize", None)
    assert batch.small(1, (48, 27)) is first


@pytest.mark.parametrize("count", [0, 1, 3])
@pytest.mark.parametrize("sizes", [[], [(48, 27)], [(48, 27), (192, 108)]])
def test_small_pictures_are_at_hand(count, sizes):
    given = [batches(2)[0] for _ in range(count)]
    ready = list(with_small(iter(given), small_px=sizes))
    assert ready == given
    for batch in ready:
        assert {(row, size) for row in range(len(batch)) for size in sizes} <= set(
            batch.known_small
        )


def test_a_batch_on_a_device_is_checked_as_any_other():
    with pytest.raises(ArrayShapeError, match="rgb: expected shape"):
        FrameBatch(np.arange(1), (Fraction(0),), torch.zeros((2, 4, 4, 3)))  # type: ignore[arg-type]


@pytest.mark.parametrize("counts", [(2,), (1, 3), (1, 0, 2)])
def test_parts_are_joined_where_they_lie(counts):
    parts = [hard(count, 4, 5) for count in counts]
    there = joined([torch.from_numpy(part) for part in parts])
    assert isinstance(there, torch.Tensor)
    assert np.array_equal(there.numpy(), joined(parts))
    assert np.array_equal(joined(parts), np.concatenate(parts))
