from __future__ import annotations

import hashlib

import pytest

from scenes.errors import WeightsError
from tracker.known_weights import (
    KNOWN_WEIGHTS,
    check_trust,
    find_known,
    models_dir,
    resolve_weights,
    weights_sha256,
)
from tracker.yolo import YoloDetector


def cut(path, share, to):
    data = path.read_bytes()
    to.write_bytes(data[: int(len(data) * share)])
    return to


def one_line(caught):
    text = str(caught.value)
    assert "\n" not in text
    assert len(text) < 500
    return text


@pytest.mark.parametrize(
    ("name", "content", "match"),
    [
        pytest.param("notes.txt", b"hello", "is not a kind of detector weights", id="text"),
        pytest.param("clip.mp4", b"\0\0\0 ftyp", "is not a kind of detector weights", id="video"),
        pytest.param("empty.pt", b"", "is empty", id="empty"),
        pytest.param("text.pt", b"this is no checkpoint\n", "cannot be opened", id="text-named-pt"),
        pytest.param("bytes.pt", b"PK\x03\x04" + b"\0" * 99, "cannot be opened", id="broken-zip"),
        pytest.param("text.onnx", b"this is no graph\n", "not an ONNX model", id="text-named-onnx"),
    ],
)
def test_what_is_no_weights(tmp_path, name, content, match):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(WeightsError, match=match) as caught:
        YoloDetector(tmp_path / name, trusted=True)
    assert name in one_line(caught)


def test_truncated_checkpoint(tiny_yolo, tmp_path):
    with pytest.raises(WeightsError, match="cannot be opened") as caught:
        YoloDetector(cut(tiny_yolo, 0.5, tmp_path / "half.pt"), trusted=True)
    one_line(caught)


def test_a_folder_is_no_weights(tmp_path):
    with pytest.raises(WeightsError, match="not a kind of detector"):
        YoloDetector(tmp_path)


def test_a_classifier_is_no_detector(classifier):
    with pytest.raises(WeightsError, match="'classify', not a detector") as caught:
        YoloDetector(classifier, trusted=True)
    one_line(caught)


def test_unknown_bytes_are_not_opened_unasked(tiny_yolo):
    with pytest.raises(WeightsError, match="--trust-weights") as caught:
        YoloDetector(tiny_yolo)
    one_line(caught)


@pytest.mark.parametrize(
    ("spec", "advice"),
    [
        pytest.param("yolo26n", "castcheck models pull yolo26n", id="can-be-fetched"),
        pytest.param("yolov8n_coco", "castcheck models list", id="known-and-published-nowhere"),
        pytest.param("folder/yolo26n", "castcheck models list", id="path"),
        pytest.param("yolo99", "castcheck models list", id="unknown"),
    ],
)
def test_missing_weights_are_not_fetched(spec, advice):
    with pytest.raises(WeightsError, match=f"no such weights.*{advice}"):
        YoloDetector(spec)
    assert not models_dir().exists()


def test_names_are_looked_up_in_the_models_folder(tmp_path):
    models_dir().mkdir(parents=True)
    known = KNOWN_WEIGHTS[0]
    file = models_dir() / known.filename
    file.write_bytes(b"x")
    assert resolve_weights(known.name) == file
    assert resolve_weights(known.filename) == file
    (models_dir() / "other.onnx").write_bytes(b"x")
    assert resolve_weights("other") == models_dir() / "other.onnx"
    with pytest.raises(WeightsError, match="no such weights"):
        resolve_weights(tmp_path / "other")


def test_sha256_of_a_file_and_of_a_folder(tmp_path):
    (tmp_path / "b.bin").write_bytes(b"2")
    (tmp_path / "a.xml").write_bytes(b"1")
    assert weights_sha256(tmp_path / "b.bin") == hashlib.sha256(b"2").hexdigest()
    assert weights_sha256(tmp_path) == hashlib.sha256(b"12").hexdigest()


def test_the_table_is_sound(tmp_path):
    assert len({k.name for k in KNOWN_WEIGHTS}) == len(KNOWN_WEIGHTS)
    for known in KNOWN_WEIGHTS:
        assert len(known.sha256) == 64
        assert find_known(known.sha256) is known
        check_trust(tmp_path, known.sha256, trusted=False)
    assert find_known("0" * 64) is None
