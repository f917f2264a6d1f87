"""Bfloat16 changes boxes by about a pixel, and says where it cannot be had."""

from __future__ import annotations

from copy import deepcopy
from fractions import Fraction
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from scenes.frames import FrameBatch
from scenes.source import open_source
from tracker import bfloat16, boxes, engine, yolo
from tracker.bfloat16 import run_in_bfloat16
from tracker.engine import EngineNetwork
from tracker.settings import DetectorSettings
from tracker.yolo import YoloDetector

SAMPLES = Path(__file__).parents[2] / "sample_videos"
MEAN_ERROR_PX, MAX_ERROR_PX = 0.6, 4.0


def bundled(**given) -> YoloDetector:
    return YoloDetector("bundled", DetectorSettings(), device="cpu", **given)


@pytest.fixture
def able(monkeypatch):
    """Any CPU can, if slowly."""
    monkeypatch.setattr(engine, "cpu_has_bfloat16", lambda: True)


@pytest.fixture(scope="module")
def street():
    with open_source(SAMPLES / "street_clean.mp4") as source:
        return next(source.batches(4))


def test_the_same_people_within_a_pixel_or_so(able, street, monkeypatch):
    exact, rough = bundled().detect(street), bundled(bfloat16=True).detect(street)
    monkeypatch.setattr(yolo, "filter_boxes", lambda found: found)
    every = YoloDetector("bundled", DetectorSettings(nms_iou=0.99), device="cpu").detect(street)
    sure = exact.score >= 0.5
    assert sure.sum() >= 8
    moved = []
    for frame, box in zip(exact.frame[sure], exact.xyxy[sure], strict=True):
        there = rough.xyxy[rough.frame == frame]
        best = there[boxes.iou(box[None], there)[0].argmax()]
        moved.append(np.abs(best - box).max() / (box[3] - box[1]))
        # Of two boxes around one body that are nearly as sure, now and then the other one is kept.
        either = every.xyxy[every.frame == frame]
        assert np.abs(either - best).max(axis=1).min() <= 0.03 * (box[3] - box[1])
    assert np.median(moved) <= 0.01
    assert sorted(moved)[-2] <= 0.06
    assert max(moved) <= 0.2
    assert not np.array_equal(exact.xyxy, rough.xyxy)  # it did compute otherwise


@pytest.mark.parametrize("size_px", [320, 1536])
def test_places_far_from_the_corner_are_as_exact(tiny_yolo, size_px):
    """Eight bits cannot count to 192 cells of half a cell; the grid must not be laid in them."""
    network = EngineNetwork(
        tiny_yolo, DetectorSettings(), device="cpu", half=False, bfloat16=False
    ).network
    rough = deepcopy(network)
    run_in_bfloat16(rough)
    picture = torch.rand(1, 3, 32, size_px, generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        (exact, _), (near, _) = network(picture), rough(picture.bfloat16())
    assert near.dtype == torch.float32
    error = (exact[:, :4] - near[:, :4]).abs()
    assert error.mean() < MEAN_ERROR_PX
    assert error.max() < MAX_ERROR_PX


def test_a_cpu_without_it_says_so(monkeypatch, street):
    monkeypatch.setattr(engine, "cpu_has_bfloat16", lambda: False)
    detector = bundled(bfloat16=True)
    assert detector.degradations == ("bfloat16 is not in this CPU, used float32",)
    assert np.array_equal(detector.detect(street).xyxy, bundled().detect(street).xyxy)


def test_a_head_of_another_kind_is_refused():
    with pytest.raises(TypeError, match="Linear is not known"):
        run_in_bfloat16(SimpleNamespace(model=[torch.nn.Linear(1, 1)]))


def test_a_network_with_such_a_head_stays_as_it_is(able, monkeypatch):
    def refuse(_network):
        raise TypeError("Odd is not known to run in bfloat16")

    monkeypatch.setattr(engine, "run_in_bfloat16", refuse)
    assert bundled(bfloat16=True).degradations == (
        "bfloat16 was not used: Odd is not known to run in bfloat16",
    )


@pytest.mark.parametrize(
    ("names", "has"),
    [
        pytest.param((), False, id="a-torch-that-cannot-tell"),
        pytest.param(("_is_avx512_bf16_supported",), True, id="avx512"),
        pytest.param(("_is_amx_tile_supported",), True, id="amx"),
    ],
)
def test_what_has_it(names, has, monkeypatch):
    cpu = SimpleNamespace(**{name: lambda: True for name in names})
    monkeypatch.setattr(torch, "cpu", cpu)
    assert bfloat16.cpu_has_bfloat16() is has


def test_no_picture_no_boxes(able):
    empty = FrameBatch(
        index=np.zeros(1, np.int64),
        time_s=(Fraction(0),),
        rgb=np.zeros((1, 64, 96, 3), np.uint8),
    )
    assert len(bundled(bfloat16=True).detect(empty)) == 0
