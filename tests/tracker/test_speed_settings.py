"""The answer does not depend on how fast it was asked for: batches, threads, exported networks."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from castcheck import pipeline
from castcheck.config import Config
from tests.scenes.clips import write_clip
from tests.tracker.worlds import batch_of, noise
from tracker.engine import EngineNetwork, engine_kept_quiet
from tracker.graph_network import GraphNetwork
from tracker.settings import DetectorSettings
from tracker.yolo import YoloDetector

LOOSE: dict[str, Any] = {"image_size_px": 160, "min_score": 0.005, "nms_iou": 0.3}


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    pictures = list(np.repeat(noise(2), 10, axis=0))
    return write_clip(tmp_path_factory.mktemp("clip") / "noise.mp4", pictures)


def answer(clip, weights, *, batch_size):
    config = Config.from_dict(
        {
            "run": {"detector": str(weights), "trust_weights": True, "embedder": "colour"},
            "detector": {**LOOSE, "batch_size": batch_size},
            "shots": {"method": "content"},
            "tracker": {"start_score": 0.01, "strong_score": 0.01, "backfill_score": 0.005},
            "looks": {"min_height_px": 8.0},
        }
    )
    models = pipeline.load_models(config)
    outcome = pipeline.judge(clip, config=config, models=models, progress=lambda *_: None)
    report = json.loads(outcome.report.to_json())
    boxes = [(t["frames"], t["boxes"]) for t in report["tracklets"]]
    return {part: report[part] for part in ("verdict", "shots", "characters", "findings")}, boxes


def test_batch_size_and_threads_change_nothing(clip, tiny_yolo):
    import torch

    kept = torch.get_num_threads()
    try:
        said, boxes = answer(clip, tiny_yolo, batch_size=1)
        assert boxes, "nothing was followed, so nothing is compared"
        for batch_size, threads in ((64, 1), (7, 2), (1, 2)):
            torch.set_num_threads(threads)
            again, other_boxes = answer(clip, tiny_yolo, batch_size=batch_size)
            assert again == said
            assert [frames for frames, _ in other_boxes] == [frames for frames, _ in boxes]
            for (_, one), (_, two) in zip(boxes, other_boxes, strict=True):
                np.testing.assert_allclose(one, two, atol=0.02)
    finally:
        torch.set_num_threads(kept)


@pytest.mark.parametrize(
    ("how", "runs_it"),
    [
        pytest.param({"batch": 1}, GraphNetwork, id="of one size"),
        pytest.param({"batch": 3}, GraphNetwork, id="for three pictures"),
        pytest.param({"dynamic": True}, GraphNetwork, id="of any size"),
        pytest.param({"nms": True}, EngineNetwork, id="with the suppression inside"),
    ],
)
def test_an_exported_network_finds_the_same_boxes(tiny_yolo, tmp_path, how, runs_it):
    pytest.importorskip("onnx")
    weights = tmp_path / "net.pt"
    weights.write_bytes(tiny_yolo.read_bytes())
    with engine_kept_quiet():
        from ultralytics import YOLO

        exported = YOLO(str(weights)).export(
            format="onnx", imgsz=(96, 160), simplify=False, opset=17, verbose=False, **how
        )
    settings = DetectorSettings(**LOOSE, batch_size=2)
    pictures = batch_of(noise(3))
    one = YoloDetector(weights, settings, device="cpu", trusted=True).detect(pictures)
    detector = YoloDetector(exported, settings, device="cpu", trusted=True)
    assert isinstance(detector._network, runs_it)
    if runs_it is EngineNetwork:
        return
    two = detector.detect(pictures)
    assert len(one)
    np.testing.assert_array_equal(one.frame, two.frame)
    np.testing.assert_allclose(one.xyxy, two.xyxy, atol=0.05)
    np.testing.assert_allclose(one.score, two.score, atol=1e-3)


@pytest.mark.weights
def test_the_bare_network_finds_what_the_engine_predicts(real_yolo):
    import cv2
    from ultralytics import YOLO

    from tracker.boxes import iou

    capture = cv2.VideoCapture(str(real_yolo.parents[1] / "clips" / "real_intel_store_aisle.mp4"))
    picture = capture.read()[1]
    ours = YoloDetector(real_yolo, DetectorSettings(), device="cpu").detect(
        batch_of(np.ascontiguousarray(picture[None, ..., ::-1]))
    )
    theirs = YOLO(str(real_yolo)).predict(picture, classes=[0], conf=0.4, iou=0.7, verbose=False)[0]
    boxes = theirs.boxes.xyxy.numpy()
    assert len(boxes)
    overlap = iou(boxes, ours.xyxy)
    assert overlap.max(axis=1).min() > 0.95
    best = overlap.argmax(axis=1)
    np.testing.assert_allclose(ours.score[best], theirs.boxes.conf.numpy(), atol=0.02)
