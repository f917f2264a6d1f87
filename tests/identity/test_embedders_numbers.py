"""How networks are fed and what they may return, on sessions that are made up."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import onnxruntime
import pytest

from identity.appearance.embedder import check_tells_apart, checked_rows, unit_rows
from identity.appearance.prepare import prepare_crops
from identity.appearance.reid_onnx import OnnxEmbedder
from identity.appearance.reid_specs import KNOWN_REID, KNOWN_SPECS, UNKNOWN, ReidSpec
from scenes.errors import WeightsError

IMAGENET = ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))


@pytest.mark.parametrize(
    ("name", "size", "mean", "std", "scale", "bgr"),
    [
        ("intel-person-reid-0286", (256, 128), (0, 0, 0), (1, 1, 1), 1, True),
        ("osnet-x0.25-msmt17", (256, 128), *IMAGENET, 255, False),
        ("castcheck-reid", (192, 96), *IMAGENET, 255, False),
        ("youtu-reid-2021", (256, 128), *IMAGENET, 255, False),
        ("dinov2-small", (224, 224), *IMAGENET, 255, False),
        (
            "clip-vit-b32",
            (224, 224),
            (0.48145466, 0.4578275, 0.40821073),
            (0.26862954, 0.26130258, 0.27577711),
            255,
            False,
        ),
        ("mobilenetv2-imagenet", (224, 224), *IMAGENET, 255, False),
    ],
)
def test_how_each_network_was_trained(name, size, mean, std, scale, bgr):
    found = [spec for spec in KNOWN_SPECS.values() if spec.name == name]
    assert found
    for spec in found:
        assert (spec.height_px, spec.width_px) == size
        assert (spec.mean, spec.std) == (mean, std)
        assert (spec.scale, spec.bgr) == (scale, bgr)
        assert spec.pads == spec.first_token or name == "clip-vit-b32"
        assert bool(spec.output) == spec.pads


def test_files_are_known_by_bytes_that_can_be_told_apart():
    sums = [known.sha256 for known in KNOWN_REID]
    assert len(set(sums)) == len(sums)
    assert set(sums) == set(KNOWN_SPECS)
    assert all(known.url.startswith("https://") for known in KNOWN_REID if known.url)


# --- crops ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("height", "width", "value"),
    [
        pytest.param(4, 2, 128, id="shrunk: the mean of all its pixels"),
        pytest.param(4, 1, 128, id="no narrower: the nearest two"),
        pytest.param(2, 2, 0, id="as large: as it is"),
    ],
)
def test_crops_are_resized(height, width, value):
    crop = np.zeros((height, width, 3), np.uint8)
    crop[1::2] = 255
    raw = ReidSpec("raw", scale=1.0, mean=(0, 0, 0), std=(1, 1, 1))
    rows = (2, 1) if (height, width) == (4, 2) else (2, width)
    planes = prepare_crops([crop], raw, height_px=rows[0], width_px=rows[1])
    assert planes.shape == (1, 3, *rows)
    assert planes[0, 0, 0] == pytest.approx([value] * rows[1], abs=1)


def test_channels_are_scaled_each_by_its_own():
    crop = np.full((4, 2, 3), (51, 102, 204), np.uint8)
    spec = ReidSpec("one", mean=(0.1, 0.2, 0.3), std=(0.5, 0.25, 0.1))
    planes = prepare_crops([crop], spec, height_px=4, width_px=2)
    assert planes[0, :, 0, 0] == pytest.approx([0.2, 0.8, 5.0], abs=1e-5)


# --- rows -----------------------------------------------------------------------------------------


def test_rows_of_length_one_and_rows_of_zeros():
    rows = unit_rows(np.array([[0, 2], [0, 0], [3e-13, 0]], np.float32))
    assert rows[0].tolist() == [0, 1]
    assert rows[1].tolist() == [0, 0]
    assert rows[2, 0] == pytest.approx(0.3, rel=1e-3)  # no noise is blown up to a look


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([[1, 0], [0, 0]], "nothing but zeros"),
        ([[1, np.nan], [0, 1]], "net"),
        ([[1, 0], [0, np.inf]], "net"),
    ],
)
def test_rows_that_are_no_looks(rows, message):
    with pytest.raises(WeightsError, match=message):
        checked_rows(np.array(rows, np.float32), network="net")
    good = np.array([[1, 0], [0, 1]], np.float32)
    assert checked_rows(good, network="net") is good


class Says:
    """An embedder whose three probes are given."""

    name, sha256, dim = "says", None, 2

    def __init__(self, *rows):
        self.rows = np.array(rows, np.float32)

    def embed(self, crops):
        assert len({crop.shape for crop in crops}) == 1
        assert [int(crop.std() > 60) for crop in crops] == [0, 1, 1]  # black, noise, one colour
        return self.rows[: len(crops)]


@pytest.mark.parametrize(
    ("rows", "tells"),
    [
        (([1, 0], [0, 1], [1, 0]), True),
        (([1, 0], [1, 0], [0, 1]), True),
        (([1, 0], [1, 0], [1, 0]), False),
        (([1, 0], [1, 5e-7], [1, 0]), False),
        (([1, 0], [1, 2e-6], [1, 0]), True),
    ],
)
def test_an_embedder_must_tell_pictures_apart(rows, tells):
    if tells:
        check_tells_apart(Says(*rows))
        return
    with pytest.raises(WeightsError, match="same vector"):
        check_tells_apart(Says(*rows))


# --- ONNX -----------------------------------------------------------------------------------------


class Session:
    """An ONNX session that returns the mean of each picture, and notes what it was given."""

    inputs = (("x", ["n", 3, 64, 32]),)
    outputs = ("y",)
    size = 2
    made = None

    def __init__(self, path, sess_options, providers):
        type(self).made = self
        self.providers = providers
        self.given = []

    def get_inputs(self):
        return [SimpleNamespace(name=name, shape=shape) for name, shape in self.inputs]

    def get_outputs(self):
        return [SimpleNamespace(name=name) for name in self.outputs]

    def run(self, names, feed):
        ((name, planes),) = feed.items()
        self.given.append((names, name, planes.shape))
        means = planes.mean(axis=(1, 2, 3))
        return [np.repeat(means[:, None], self.size, axis=1)]


def opened(monkeypatch, *, spec=UNKNOWN, device="cpu", cuda=False, **facts):
    monkeypatch.setattr(onnxruntime, "InferenceSession", type("Made", (Session,), facts))
    providers = ["CUDAExecutionProvider"] * cuda + ["CPUExecutionProvider"]
    monkeypatch.setattr(onnxruntime, "get_available_providers", lambda: providers)
    return OnnxEmbedder(Path("some.onnx"), sha256="1" * 64, spec=spec, device=device)


def shape(*sizes):
    return {"inputs": (("x", list(sizes)),)}


@pytest.mark.parametrize(
    ("facts", "message"),
    [
        pytest.param(shape("n", 3, 64, 32), None, id="open batch"),
        pytest.param(shape(4, 3, 64, 32), None, id="batch of four"),
        pytest.param(shape("n", "c", "h", "w"), None, id="all open"),
        pytest.param(shape("n", 4, 64, 32), "expected one of", id="four channels"),
        pytest.param(shape("n", 1, 64, 32), "expected one of", id="one channel"),
        pytest.param(shape("n", 3, 64), "expected one of", id="no width"),
        pytest.param(shape("n", 3, 64, 32, 1), "expected one of", id="five sizes"),
        pytest.param({"inputs": ()}, "expected one of", id="no inputs"),
        pytest.param({"inputs": Session.inputs * 2}, "expected one of", id="two inputs"),
        pytest.param({"outputs": ()}, "expected one of", id="no outputs"),
        pytest.param(shape(1, 3, 64, 32), None, id="one at a time"),
        pytest.param(shape(0, 3, 64, 32), "no picture fills", id="none at a time"),
        pytest.param(shape(256, 3, 8, 8), None, id="256 at a time"),
        pytest.param(shape(257, 3, 8, 8), "no picture fills", id="257 at a time"),
        pytest.param(shape("n", 3, 7, 32), "no picture fills", id="7 px high"),
        pytest.param(shape("n", 3, 64, 7), "no picture fills", id="7 px wide"),
        pytest.param(shape("n", 3, 1024, 8), None, id="1024 px high"),
        pytest.param(shape("n", 3, 1025, 8), "pictures of 8x1025", id="1025 px high"),
        pytest.param({"size": 1}, None, id="a number for each"),
        pytest.param({"size": 0}, "a vector for each", id="nothing for each"),
        pytest.param({"size": 16_384}, None, id="16,384 numbers"),
        pytest.param({"size": 16_385}, "a vector for each", id="16,385 numbers"),
    ],
)
def test_what_an_onnx_network_may_want(monkeypatch, facts, message):
    if message is None:
        assert opened(monkeypatch, **facts).dim == facts.get("size", 2)
        return
    with pytest.raises(WeightsError, match=message):
        opened(monkeypatch, **facts)


@pytest.mark.parametrize(
    ("facts", "spec", "size"),
    [
        (shape("n", 3, 64, 32), UNKNOWN, (64, 32)),
        (shape("n", 3, "h", 32), UNKNOWN, (256, 32)),
        (shape("n", 3, 64, "w"), ReidSpec("known", width_px=40), (64, 40)),
        (shape("n", 3, "h", "w"), UNKNOWN, (256, 128)),
    ],
)
def test_sizes_come_from_the_file_where_it_fixes_them(monkeypatch, facts, spec, size):
    embedder = opened(monkeypatch, spec=spec, **facts)
    embedder.embed([np.zeros((9, 9, 3), np.uint8)])
    assert Session.made is None
    assert embedder._session.given == [(["y"], "x", (1, 3, *size))] * 2
    assert embedder.name == ("some.onnx" if spec is UNKNOWN else "known")
    assert embedder.sha256 == "1" * 64


@pytest.mark.parametrize(
    ("batch", "count", "given"),
    [
        pytest.param("n", 3, [3], id="as many as there are"),
        pytest.param("n", 16, [16], id="sixteen at once"),
        pytest.param("n", 17, [16, 1], id="and one more"),
        pytest.param(4, 4, [4], id="a batch of the file's size"),
        pytest.param(4, 6, [4, 4], id="the last batch is filled"),
        pytest.param(1, 2, [1, 1], id="one at a time"),
        pytest.param("n", 0, [], id="none"),
    ],
)
def test_batches_are_of_the_size_it_takes(monkeypatch, batch, count, given):
    embedder = opened(monkeypatch, **shape(batch, 3, 8, 8))
    embedder._session.given.clear()
    planes = np.arange(count, dtype=np.float32)[:, None, None, None] * np.ones((1, 3, 8, 8))
    if count:
        assert embedder._run(planes.astype(np.float32))[:, 0].tolist() == list(range(count))
    else:
        assert embedder.embed([]).shape == (0, 2)
    assert [shape_[0] for _, _, shape_ in embedder._session.given] == given


@pytest.mark.parametrize(
    ("out", "first_token", "dim"),
    [
        pytest.param(np.ones((1, 5)), False, 5, id="rows"),
        pytest.param(np.ones((1, 5, 1, 1)), False, 5, id="rows of pixels"),
        pytest.param(np.ones((1, 4, 3)), True, 3, id="the first of four tokens"),
        pytest.param(np.ones((1, 4, 3)), False, 12, id="all of it"),
        pytest.param(np.ones((1, 5)), True, 5, id="no tokens"),
        pytest.param(np.ones(5), False, None, id="one row"),
        pytest.param(np.ones((2, 5)), False, None, id="two rows for one picture"),
        pytest.param(np.array([["a"]]), False, None, id="text"),
    ],
)
def test_what_an_onnx_network_may_return(monkeypatch, out, first_token, dim):
    spec = ReidSpec("net", first_token=first_token)
    facts = {"run": lambda *_: [out]}
    if dim is not None:
        assert opened(monkeypatch, spec=spec, **facts).dim == dim
        return
    with pytest.raises(WeightsError, match=r"cannot be run|a vector for each"):
        opened(monkeypatch, spec=spec, **facts)


def test_the_first_token_is_the_whole_picture(monkeypatch):
    out = np.array([[[1.0, 0.0], [0.0, 1.0]]])
    embedder = opened(monkeypatch, spec=ReidSpec("net", first_token=True), run=lambda *_: [out])
    assert embedder.embed([np.zeros((9, 9, 3), np.uint8)]).tolist() == [[1, 0]]


@pytest.mark.parametrize(
    ("device", "cuda", "provider", "degraded"),
    [
        ("cpu", True, "CPUExecutionProvider", False),
        ("cuda:1", True, ("CUDAExecutionProvider", {"device_id": 1}), False),
        ("cuda", True, ("CUDAExecutionProvider", {"device_id": 0}), False),
        ("cuda:1", False, "CPUExecutionProvider", True),
        ("cpu", False, "CPUExecutionProvider", False),
    ],
)
def test_where_it_runs(monkeypatch, device, cuda, provider, degraded):
    embedder = opened(monkeypatch, device=device, cuda=cuda)
    assert embedder._session.providers[0] == provider
    assert embedder._session.providers[-1] == "CPUExecutionProvider"
    assert bool(embedder.degradations) == degraded
