"""Checkpoints are run as graphs: written once, the same boxes, and torch wherever that fails."""

from __future__ import annotations

import sys
from dataclasses import replace

import numpy as np
import pytest

from tests.tracker.worlds import batch_of, noise
from tracker import kept_graphs
from tracker.engine import EngineNetwork
from tracker.graph_network import GraphNetwork
from tracker.known_weights import weights_sha256
from tracker.settings import DetectorSettings
from tracker.yolo import YoloDetector

LOOSE = DetectorSettings(image_size_px=160, min_score=0.005, nms_iou=0.3)


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    """Nothing is kept yet, and what is written is this test's own."""
    folder = tmp_path / "own"
    monkeypatch.setenv("CASTCHECK_CACHE", str(folder))
    return folder


def opened(path, settings=LOOSE, **kwargs):
    return YoloDetector(path, settings, device="cpu", trusted=True, **kwargs)


def in_torch(path, settings=LOOSE):
    return EngineNetwork(path, settings, device="cpu", half=False, bfloat16=False)


def test_written_once_and_then_opened_without_the_engine(tiny_yolo, cache, monkeypatch):
    first = opened(tiny_yolo)
    (kept,) = (cache / "graphs").iterdir()
    assert kept == kept_graphs.graph_path(weights_sha256(tiny_yolo))
    written_at = kept.stat().st_mtime_ns
    monkeypatch.setitem(sys.modules, "tracker.engine", None)  # whoever imports it fails
    second = opened(tiny_yolo)
    assert kept.stat().st_mtime_ns == written_at
    assert {type(one._network) for one in (first, second)} == {GraphNetwork}
    pictures = batch_of(noise(3))
    one, two = first.detect(pictures), second.detect(pictures)
    assert len(one)
    np.testing.assert_array_equal(one.xyxy, two.xyxy)
    np.testing.assert_array_equal(one.score, two.score)


def test_the_boxes_are_those_of_torch(tiny_yolo, monkeypatch):
    pictures = batch_of(noise(4))
    graph = opened(tiny_yolo).detect(pictures)
    monkeypatch.setattr("tracker.yolo.open_kept", lambda *_: None)
    monkeypatch.setattr("tracker.yolo.keep_graph", lambda *_: None)
    detector = opened(tiny_yolo)
    assert isinstance(detector._network, EngineNetwork)
    torch = detector.detect(pictures)
    assert len(graph)
    np.testing.assert_array_equal(graph.frame, torch.frame)
    np.testing.assert_array_equal(graph.class_id, torch.class_id)
    np.testing.assert_allclose(graph.xyxy, torch.xyxy, atol=0.05)
    np.testing.assert_allclose(graph.score, torch.score, atol=1e-3)


@pytest.mark.parametrize("size_px", [pytest.param(0, id="as trained"), 160, 320])
def test_the_size_is_of_the_settings_and_not_of_the_run_that_wrote_it(tiny_yolo, size_px):
    opened(tiny_yolo, replace(LOOSE, image_size_px=96))
    settings = replace(LOOSE, image_size_px=size_px)
    network = opened(tiny_yolo, settings)._network
    wanted = in_torch(tiny_yolo, settings)
    assert isinstance(network, GraphNetwork)
    assert network.longer_px == wanted.longer_px
    assert network.names == wanted.names
    assert network.stride_px == wanted.stride_px


def break_writing(monkeypatch, cache, path):
    cache.write_text("a file where a folder should be")


def break_tracing(monkeypatch, cache, path):
    def unknown(_):
        raise RuntimeError("no such operator")

    monkeypatch.setattr("tracker.tracing.traced_detector", unknown)


def miss_onnx(monkeypatch, cache, path):
    monkeypatch.setitem(sys.modules, "onnx", None)


def find_others(monkeypatch, cache, path):
    monkeypatch.setattr(GraphNetwork, "raw", lambda _self, planes: np.zeros((3, 84, 315)))


def find_fewer(monkeypatch, cache, path):
    monkeypatch.setattr(GraphNetwork, "raw", lambda _self, planes: np.zeros((3, 84, 5)))


@pytest.mark.parametrize(
    "fails", [break_writing, break_tracing, miss_onnx, find_others, find_fewer]
)
def test_where_it_fails_torch_runs_the_network(tiny_yolo, cache, monkeypatch, fails):
    fails(monkeypatch, cache, tiny_yolo)
    detector = opened(tiny_yolo)
    assert isinstance(detector._network, EngineNetwork)
    assert detector.degradations == ()
    assert not kept_graphs.graph_path(weights_sha256(tiny_yolo)).is_file()
    assert len(detector.detect(batch_of(noise(1))))


def test_a_damaged_graph_is_written_anew(tiny_yolo):
    opened(tiny_yolo)
    kept = kept_graphs.graph_path(weights_sha256(tiny_yolo))
    whole = kept.read_bytes()
    kept.write_bytes(whole[: len(whole) // 2])
    assert isinstance(opened(tiny_yolo)._network, GraphNetwork)
    assert kept.read_bytes() == whole


@pytest.mark.parametrize("is_plain", [True, False])
def test_only_plain_detectors(tiny_yolo, is_plain):
    network = in_torch(tiny_yolo)
    assert network.is_plain
    network.is_plain = is_plain
    graph = kept_graphs.keep_graph(network, weights_sha256(tiny_yolo), LOOSE)
    assert (graph is not None) is is_plain


def test_the_network_is_left_as_it_was(tiny_yolo):
    network = in_torch(tiny_yolo)
    planes = np.random.default_rng(3).random((2, 3, 96, 160), np.float32)
    before = network.raw(planes)
    assert kept_graphs.keep_graph(network, weights_sha256(tiny_yolo), LOOSE) is not None
    np.testing.assert_array_equal(network.raw(planes), before)


def test_no_path_of_the_machine_that_wrote_it(tiny_yolo, tmp_path):
    opened(tiny_yolo)
    content = kept_graphs.graph_path(weights_sha256(tiny_yolo)).read_bytes()
    assert str(tmp_path).encode() not in content
    assert b"site-packages" not in content
