"""Graphs beside weights: what they hold is what torch computes, and only for those weights."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from textwrap import dedent

import cv2
import numpy as np
import pytest

from identity.appearance.open_embedder import open_embedder
from identity.appearance.reid_cues import CueReader, build_cue_reader
from identity.appearance.reid_specs import KNOWN_REID, KNOWN_SPECS
from scenes.cuts_content import small_frames
from scenes.cuts_transnet import network_in_torch, network_on
from scenes.errors import WeightsError
from scenes.onnx_session import GRAPH_SUFFIX, open_graph
from scenes.source import open_source
from tests.tracker.worlds import batch_of
from tracker import yolo
from tracker.engine import EngineNetwork
from tracker.graph_network import GraphNetwork
from tracker.known_weights import BUNDLED, resolve_weights, weights_sha256
from tracker.tensor_file import read_tensors
from tracker.yolo import YoloDetector

ROOT = Path(__file__).parents[2]
DETECTOR = resolve_weights(BUNDLED)
REID = resolve_weights(BUNDLED, suffixes=(".safetensors",), known=KNOWN_REID)
SHA256 = weights_sha256(REID)


def pictures(count: int, height: int, width: int) -> np.ndarray:
    """Blots of colour, as people are to a detector, on each picture elsewhere."""
    rng = np.random.default_rng(count)
    small = rng.integers(0, 256, (count, height // 16, width // 16, 3), np.uint8)
    return small.repeat(16, axis=1).repeat(16, axis=2)


@pytest.mark.parametrize(("count", "size"), [(1, (854, 480)), (3, (240, 426)), (2, (320, 180))])
def test_the_detector_finds_the_boxes_that_torch_finds(monkeypatch, count, size):
    with open_source(ROOT / "sample_videos" / "street_clean.mp4") as source:
        rgb = next(iter(source.batches(count))).rgb
    batch = batch_of(np.stack([cv2.resize(picture, size) for picture in rgb]))
    here = YoloDetector(BUNDLED, device="cpu")
    assert isinstance(here._network, GraphNetwork)
    monkeypatch.setattr(yolo, "open_bundled_graph", lambda *_: None)
    there = YoloDetector(BUNDLED, device="cpu")
    assert isinstance(there._network, EngineNetwork)
    found, wanted = here.detect(batch), there.detect(batch)
    assert len(found) >= count
    assert np.array_equal(found.frame, wanted.frame)
    assert np.allclose(found.xyxy, wanted.xyxy, atol=0.05)
    assert np.allclose(found.score, wanted.score, atol=2e-3)
    assert np.array_equal(found.class_id, wanted.class_id)


@pytest.mark.parametrize("count", [0, 1, 3, 33])
def test_the_embedder_says_what_torch_says(count):
    crops = list(pictures(count, 192, 96)) if count else []
    here = open_embedder(REID)
    assert isinstance(here, CueReader)
    there = build_cue_reader(
        REID, read_tensors(REID, instead="")[1], sha256=SHA256, name=here.name,
        spec=KNOWN_SPECS[SHA256], device="cpu",
    )  # fmt: skip
    assert here._run.__qualname__ != there._run.__qualname__
    for found, wanted in zip(here.read_cues(crops), there.read_cues(crops), strict=True):
        assert found.shape == wanted.shape
        assert len(found) == count
        assert np.allclose(found, wanted, atol=1e-4)


@pytest.mark.slow
@pytest.mark.parametrize("frames", [96, 66, 51])
def test_the_shot_network_says_nearly_what_torch_says(frames):
    with open_source(ROOT / "sample_videos" / "cafe_clean.mp4") as source:
        film = np.concatenate([small_frames(batch) for batch in source.batches(16)])
    window = film[:frames]
    found, wanted = network_on("cpu")(window), network_in_torch("cpu")(window)
    assert found.shape == wanted.shape == (frames, 2)
    assert wanted.max() > 0.9  # there are cuts in it
    assert 0 < np.abs(found - wanted).max() < 0.03  # eight bits against 32
    assert network_on("cpu").__qualname__ != network_in_torch("cpu").__qualname__


def beside(folder: Path, *, graph: bytes | None, weights: bytes | None = None) -> Path:
    """Return a copy of the embedder's weights with a graph beside them."""
    path = folder / REID.name
    path.write_bytes(weights if weights is not None else REID.read_bytes())
    if graph is not None:
        (folder / (path.stem + GRAPH_SUFFIX)).write_bytes(graph)
    return path


def test_a_graph_is_used_for_its_own_weights_only(tmp_path):
    graph = REID.with_name(REID.stem + GRAPH_SUFFIX).read_bytes()
    path = beside(tmp_path, graph=graph)
    assert open_graph(path, SHA256) is not None
    assert open_graph(path, "0" * 64) is None
    path.write_bytes(b"other weights, shorter than the graph says")
    assert open_graph(path, "0" * 64) is None
    (tmp_path / (path.stem + GRAPH_SUFFIX)).unlink()
    assert open_graph(path, SHA256) is None


@pytest.mark.parametrize(
    ("graph", "weights"),
    [
        pytest.param(b"", None, id="empty"),
        pytest.param(b"hello", None, id="no graph"),
        pytest.param(None, b"\0" * 100, id="weights cut short"),
    ],
)
def test_a_damaged_graph_is_told(tmp_path, graph, weights):
    whole = REID.with_name(REID.stem + GRAPH_SUFFIX).read_bytes()
    path = beside(tmp_path, graph=whole if graph is None else graph, weights=weights)
    with pytest.raises(WeightsError, match="not an ONNX model that can be run"):
        open_graph(path, SHA256)


@pytest.mark.slow
def test_a_whole_check_on_a_cpu_loads_neither_torch_nor_its_engine(tmp_path):
    clip = tmp_path / "clip.mp4"
    shutil.copy(ROOT / "sample_videos" / "street_clean.mp4", clip)
    code = f"""
        import sys
        from castcheck.cli import main
        sys.argv[1:] = ["check", {str(clip)!r}, "--device", "cpu", "-o", {str(tmp_path / "out")!r}]
        try:
            main()
        finally:
            engines = {{"torch", "torchvision", "ultralytics", "onnxruntime"}}
            print(sorted(engines & set(sys.modules)))
    """
    done = subprocess.run(
        [sys.executable, "-c", dedent(code)], check=False, capture_output=True, text=True,
        timeout=280, cwd=ROOT,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "['onnxruntime']"
    assert (tmp_path / "out" / "clip" / "report.json").is_file()
