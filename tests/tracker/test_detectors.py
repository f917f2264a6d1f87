"""One contract for every detector."""

from __future__ import annotations

import os
from typing import Any

import numpy as np
import pytest

from scenes.arrays import frozen_array
from scenes.errors import ConfigError
from tests.tracker.worlds import batch_of, noise
from tracker.detections import Detections
from tracker.replay import DetectionsFileError, ReplayDetector
from tracker.settings import DetectorSettings
from tracker.tracklets import Tracklet
from tracker.yolo import YoloDetector

BOXES = """\
1,-1,10,10,40,60,0.9
1,-1,80,10,40,60,0.95,-1,-1,-1

3,-1,-20,5,60,120,0.5
4,-1,10,10,1,1,0.9
"""


def tiny(path, **kwargs):
    settings = {"image_size_px": 160, "min_score": 0.005, "nms_iou": 0.3, **kwargs}
    return YoloDetector(path, DetectorSettings(**settings), device="cpu", trusted=True)


@pytest.fixture(params=["yolo", "replay"])
def detector(request, tmp_path):
    if request.param == "yolo":
        return tiny(request.getfixturevalue("tiny_yolo"))
    file = tmp_path / "det.txt"
    file.write_text(BOXES)
    return ReplayDetector(file)


def test_contract(detector):
    seen = detector.detect(batch_of(noise(5)))
    assert len(seen) > 0
    assert isinstance(detector.name, str)
    assert len(detector.sha256) == 64
    for name, shape, dtype in (
        ("frame", (len(seen),), np.int64),
        ("xyxy", (len(seen), 4), np.float32),
        ("score", (len(seen),), np.float32),
        ("class_id", (len(seen),), np.int32),
    ):
        frozen_array(name, getattr(seen, name), shape=shape, dtype=dtype)
    assert np.all(np.diff(seen.frame) >= 0)
    assert np.all(seen.xyxy >= 0)
    assert np.all(seen.xyxy[:, [0, 2]] <= 160)
    assert np.all(seen.xyxy[:, [1, 3]] <= 96)
    assert np.all((seen.score >= 0) & (seen.score <= 1))
    for frame in range(5):
        assert np.all(np.diff(seen.score[seen.frame == frame]) <= 0)


def test_where_the_batches_end_changes_nothing(detector):
    pictures = noise(5)
    whole = detector.detect(batch_of(pictures))
    single = Detections.concat([detector.detect(batch_of(pictures[[i]], i)) for i in range(5)])
    assert np.array_equal(whole.frame, single.frame)
    assert np.allclose(whole.xyxy, single.xyxy, atol=0.02)
    assert np.allclose(whole.score, single.score, atol=2e-4)


def test_no_pictures_no_boxes(detector):
    assert len(detector.detect(batch_of(noise(5)[:0]))) == 0


@pytest.mark.parametrize("size", [1, 2, 64])
def test_the_batch_size_changes_nothing(tiny_yolo, size):
    pictures = noise(5)
    one = tiny(tiny_yolo, batch_size=3).detect(batch_of(pictures))
    two = tiny(tiny_yolo, batch_size=size).detect(batch_of(pictures))
    assert np.allclose(one.xyxy, two.xyxy, atol=0.02)
    assert np.allclose(one.score, two.score, atol=2e-4)


@pytest.mark.parametrize("shape", [(1, 1), (3, 200), (200, 3), (31, 33)])
def test_pictures_of_any_shape(tiny_yolo, shape):
    seen = tiny(tiny_yolo).detect(batch_of(np.zeros((1, *shape, 3), np.uint8)))
    assert np.all(seen.xyxy <= np.array([shape[1], shape[0]] * 2))


def test_the_process_is_left_as_it_was(tiny_yolo, monkeypatch):
    import cv2
    import torch

    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    monkeypatch.setattr("scenes.threads.core_count", lambda: 3)
    torch.set_num_threads(3)
    cv2.setNumThreads(3)
    before, printing = dict(os.environ), np.get_printoptions()
    tiny(tiny_yolo)
    assert dict(os.environ) == before
    assert np.get_printoptions() == printing
    assert (torch.get_num_threads(), cv2.getNumThreads()) == (3, 3)
    torch.set_num_threads(1)


def test_people_and_creatures_by_default_and_others_by_name(tiny_yolo):
    everybody = tiny(tiny_yolo)
    assert everybody.class_names == {0: "person", 15: "cat", 16: "dog"}
    assert everybody.passing_classes == {15, 16}
    assert tiny(tiny_yolo, classes="person").class_names == {0: "person"}
    assert tiny(tiny_yolo, classes="cat").passing_classes == frozenset()
    assert tiny(tiny_yolo, classes="Dog, cat").class_names == {15: "cat", 16: "dog"}


def test_unknown_class_names_its_neighbours(tiny_yolo):
    with pytest.raises(ConfigError, match=r"no class 'persn'.*person"):
        tiny(tiny_yolo, classes="persn")


@pytest.mark.parametrize(
    ("device", "match"),
    [("gpu", "is unknown"), ("cuda:x", "is unknown"), ("cuda:99", "there is no cuda:99")],
)
def test_wrong_devices(tiny_yolo, device, match):
    with pytest.raises(ConfigError, match=match):
        YoloDetector(tiny_yolo, device=device, trusted=True)


def test_half_precision_on_a_cpu_is_told(tiny_yolo):
    detector = YoloDetector(tiny_yolo, device="cpu", half=True, trusted=True)
    assert "half precision" in detector.degradations[0]


@pytest.mark.parametrize(
    ("text", "match"),
    [
        pytest.param("1,-1,10", r"line 1: 3 columns", id="too-few"),
        pytest.param("\n1" + ",1" * 11, r"line 2: 12 columns", id="too-many"),
        pytest.param("1,-1,a,0,1,1,1", r"line 1: could not convert", id="no-number"),
        pytest.param("0,-1,0,0,1,1,1", "wrong frame", id="frame-0"),
        pytest.param("1.5,-1,0,0,1,1,1", "wrong frame", id="half-a-frame"),
        pytest.param("1,-1,nan,0,1,1,1", "no finite", id="nan"),
        pytest.param("1,-1,0,0,-1,1,1", "negative", id="negative-width"),
    ],
)
def test_wrong_lines_are_named(tmp_path, text, match):
    file = tmp_path / "det.txt"
    file.write_text(text)
    with pytest.raises(DetectionsFileError, match=match):
        ReplayDetector(file)


def test_replay_of_no_file_of_bytes_and_of_nothing(tmp_path):
    with pytest.raises(DetectionsFileError, match="cannot be read"):
        ReplayDetector(tmp_path / "none.txt")
    (tmp_path / "bytes.txt").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(DetectionsFileError, match="not a text file"):
        ReplayDetector(tmp_path / "bytes.txt")
    (tmp_path / "empty.txt").write_text("")
    assert len(ReplayDetector(tmp_path / "empty.txt").detect(batch_of(noise(2)))) == 0


@pytest.mark.parametrize("column", ["frame", "xyxy", "score", "class_id"])
def test_columns_are_checked(column):
    columns: dict[str, Any] = {
        "frame": np.zeros(1, np.int64),
        "xyxy": np.zeros((1, 4), np.float32),
        "score": np.zeros(1, np.float32),
        "class_id": np.zeros(1, np.int32),
    }
    one = Detections(**columns)
    with pytest.raises(ValueError, match="read-only"):
        getattr(one, column)[:] = 1
    with pytest.raises(ValueError, match=column):
        Detections(**{**columns, column: columns[column].astype(np.complex128)})


@pytest.mark.parametrize(
    ("frames", "match"), [([], "at least one"), ([3, 3], "increasing"), ([4, 3], "increasing")]
)
def test_tracklets_are_checked(frames, match):
    count = len(frames)
    boxes = np.zeros((count, 4), np.float32)
    with pytest.raises(ValueError, match=match):
        Tracklet(0, 0, np.array(frames, np.int64), boxes, np.zeros(count, np.float32))


@pytest.mark.weights
def test_real_network_finds_people_and_ignores_the_batch_size(real_yolo):
    import cv2

    video = real_yolo.parents[1] / "clips" / "real_intel_store_aisle.mp4"
    capture = cv2.VideoCapture(str(video))
    pictures = np.stack([capture.read()[1][..., ::-1] for _ in range(5)])
    one = YoloDetector(real_yolo, DetectorSettings(batch_size=1), device="cpu")
    two = YoloDetector(real_yolo, DetectorSettings(batch_size=64), device="cpu")
    a, b = one.detect(batch_of(pictures)), two.detect(batch_of(pictures))
    assert a.score.max() > 0.5
    assert np.array_equal(a.frame, b.frame)
    assert np.allclose(a.xyxy, b.xyxy, atol=0.02)
    assert np.allclose(a.score, b.score, atol=2e-4)


def test_one_network_with_other_settings(tiny_yolo):
    loose = tiny(tiny_yolo, classes="person")
    cats = loose.with_settings(
        DetectorSettings(image_size_px=96, min_score=0.2, nms_iou=0.3, classes="cat")
    )
    anew = tiny(tiny_yolo, image_size_px=96, min_score=0.2, classes="cat")
    pictures = batch_of(noise(3))
    before = loose.detect(pictures)
    found, wanted = cats.detect(pictures), anew.detect(pictures)
    assert np.array_equal(found.xyxy, wanted.xyxy)
    assert np.array_equal(found.score, wanted.score)
    assert cats.class_names == {15: "cat"}
    assert loose.class_names == {0: "person"}
    assert np.array_equal(loose.detect(pictures).xyxy, before.xyxy)
    with pytest.raises(ConfigError, match="no class"):
        loose.with_settings(DetectorSettings(classes="persn"))
