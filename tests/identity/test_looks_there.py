"""Looks of pictures on a device are those of arrays, whatever lies in the pictures."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from bench.observed import StoredDetector
from castcheck.batch.shared_models import SharedEmbedder, SharedPartsEmbedder
from identity.appearance import looks_there
from identity.appearance.colour import colour_histograms
from identity.appearance.colour_there import histograms_there
from identity.appearance.cues.chest import chest_edges, chest_patches
from identity.appearance.cues.hair import hair_edges, hair_patches
from identity.appearance.cues.table import CUE_TABLE
from identity.appearance.embedder import unit_rows
from identity.appearance.faces.open_faces import open_faces
from identity.appearance.looks import LooksReader
from identity.appearance.open_embedder import open_embedder
from identity.appearance.prepare import prepare_crops
from identity.appearance.reid_specs import KNOWN_REID, KNOWN_SPECS, ReidSpec
from identity.appearance.reid_there import planes_there
from identity.appearance.reid_torch import TorchEmbedder, open_safetensors
from identity.settings import LooksSettings
from scenes.device_pictures import DeviceCrop
from scenes.errors import WeightsError
from scenes.source import open_source
from scenes.upload import moved_there
from tests.tracker.worlds import batch_of
from tracker.detections import Detections
from tracker.known_weights import resolve_weights, weights_sha256
from tracker.yolo import YoloDetector

SAMPLE = Path(__file__).parents[2] / "sample_videos" / "cafe_clean.mp4"
DEVICE = "cpu:0"
HEIGHT, WIDTH = 181, 323


def pictures(count: int, height: int = HEIGHT, width: int = WIDTH) -> np.ndarray:
    rough = np.random.default_rng(5).integers(0, 256, (count, 12, 20, 3), np.uint8)
    made = [cv2.resize(p, (width, height), interpolation=cv2.INTER_CUBIC) for p in rough]
    return np.array(made, np.uint8).reshape(count, height, width, 3)


def boxes_in(rows) -> Detections:
    table = np.array(rows, np.float32).reshape(-1, 5)
    count = len(table)
    score = np.full(count, 0.9, np.float32)
    return Detections(table[:, 0].astype(np.int64), table[:, 1:], score, np.zeros(count, np.int32))


def there(batch):
    (moved,) = moved_there([batch], DEVICE, small_px=((48, 27),))
    return moved


@pytest.fixture(scope="module")
def readers():
    """The bundled network by ONNX Runtime, and by torch as on a GPU."""
    return open_embedder("bundled", device="cpu"), open_embedder("bundled", device=DEVICE)


@pytest.fixture(scope="module")
def faces():
    """The same for faces."""
    return open_faces("bundled"), open_faces("bundled", device=DEVICE)


FIGURES = [[0, 20, 10, 70, 170], [0, 200, 40, 300, 181], [1, 0, 0, 60, 181], [2, 263, 0, 323, 90],
           [2, 100, 60.4, 130.6, 150.5]]  # fmt: skip


@pytest.mark.parametrize(
    ("count", "boxes"),
    [
        pytest.param(3, FIGURES, id="anywhere, cut by every edge"),
        pytest.param(1, FIGURES[:1], id="one picture, one box"),
        pytest.param(2, [], id="nobody"),
        pytest.param(2, [[1, 20, 10, 70, 170]], id="none that the network looks at"),
        pytest.param(1, [[0, 20, 10, 24, 30]], id="too small to be judged"),
        pytest.param(1, [[0, 0, 0, WIDTH, HEIGHT]], id="the whole picture"),
        pytest.param(1, [[0, 150, 0, 152, 181]], id="two pixels wide"),
    ],
)
def test_looks_are_the_same(readers, faces, count, boxes):
    batch, found = batch_of(pictures(count)), boxes_in(boxes)
    settings = LooksSettings(embed_per_s=10.0)
    here, moved = (
        LooksReader(embedder, settings, fps=20.0, faces=network).read(own, found)
        for embedder, network, own in zip(readers, faces, (batch, there(batch)), strict=True)
    )
    assert (here.usable == moved.usable).all()
    assert set(here.vectors) == set(moved.vectors)
    for cue, rows in here.vectors.items():
        seen = ~np.isnan(rows[:, 0])
        assert (seen == ~np.isnan(moved.vectors[cue][:, 0])).all(), cue
        a, b = (looks.vectors[cue][seen].astype(np.float64) for looks in (here, moved))
        cosine = (a * b).sum(axis=1) / np.linalg.norm(a, axis=1) / np.linalg.norm(b, axis=1)
        assert (cosine > 0.9995).all(), cue


@pytest.mark.parametrize("way", ["there", "copied back"])
def test_every_cue_of_people_in_a_film_is_the_same(readers, faces, way):
    with open_source(SAMPLE) as source:
        batch = next(iter(source.batches(2)))
    found = YoloDetector("bundled", device="cpu").detect(batch)
    second = StoredDetector(found, "the same", None)
    here, moved = (
        LooksReader(embedder, LooksSettings(), fps=6.0, faces=network, second=second).read(
            own, found
        )
        for embedder, network, own in zip(
            readers, faces if way == "there" else faces[:1] * 2, (batch, there(batch)), strict=True
        )
    )
    for cue in CUE_TABLE:
        a, b = (looks.vectors[cue].astype(np.float64) for looks in (here, moved))
        seen = ~np.isnan(a[:, 0])
        assert seen.any(), cue
        assert (seen == ~np.isnan(b[:, 0])).all(), cue
        a, b = a[seen], b[seen]
        cosine = (a * b).sum(axis=1) / np.linalg.norm(a, axis=1) / np.linalg.norm(b, axis=1)
        assert (cosine > 0.9999).all(), cue


def test_all_comes_back_in_one_copy(readers, faces, monkeypatch):
    copies: list[int] = []
    cpu = torch.Tensor.cpu

    def counted(self):
        copies.append(self.numel())
        return cpu(self)

    monkeypatch.setattr(torch.Tensor, "cpu", counted)
    batch = there(batch_of(pictures(3)))
    copies.clear()
    reader = LooksReader(readers[1], LooksSettings(), fps=12.0, faces=faces[1])
    reader.read(batch, boxes_in(FIGURES))
    assert len(copies) == 1


def places(count: int) -> tuple[list[int], np.ndarray]:
    rng = np.random.default_rng(8)
    top, left = rng.integers(0, HEIGHT, count), rng.integers(0, WIDTH, count)
    bottom = np.minimum(top + rng.integers(1, 150, count), HEIGHT)
    right = np.minimum(left + rng.integers(1, 100, count), WIDTH)
    return rng.integers(0, 3, count).tolist(), np.stack([top, left, bottom, right], axis=1)


@pytest.mark.parametrize("kind", ["soft", "noise"])
def test_histograms_are_those_of_opencv_to_a_cosine_of_9999(kind):
    rgb = pictures(3)
    if kind == "noise":
        rgb = np.random.default_rng(2).integers(0, 256, rgb.shape, np.uint8)
    rows, edges = places(200)
    moved = histograms_there(torch.from_numpy(rgb), rows, torch.from_numpy(edges)).numpy()
    here = colour_histograms(
        [rgb[row, t:b, s:e] for row, (t, s, b, e) in zip(rows, edges, strict=True)]
    )
    assert ((moved * here).sum(axis=1) > 0.9999).all()
    assert np.abs(moved - here).max() < 0.02
    assert np.linalg.norm(moved, axis=1) == pytest.approx(1, abs=1e-5)


def test_no_places_have_no_histograms():
    none = torch.zeros((0, 4), dtype=torch.long)
    assert histograms_there(torch.from_numpy(pictures(1)), [], none).shape == (0, 486)


@pytest.mark.parametrize(
    ("patches", "edges_of"),
    [
        pytest.param(hair_patches, hair_edges, id="hair"),
        pytest.param(chest_patches, chest_edges, id="chest"),
    ],
)
@pytest.mark.parametrize(
    "head",
    [(0.3, 0.0, 0.7, 0.2), (0.5, 0.5, 0.5, 0.5), (-0.5, -0.2, 0.5, 0.2), (1.2, 1.2, 1.5, 1.5),
     (0.0, 0.1, 1.0, 0.5)],
)  # fmt: skip
def test_what_a_head_tells_the_place_of_is_looked_for_in_the_same_place(head, patches, edges_of):
    crop = DeviceCrop(torch.from_numpy(pictures(1)), 0, 10, 20, 110, 70)
    edges = looks_there._edges([crop], "cpu")
    (found,) = looks_there._within(edges, torch.tensor([head]), edges_of).tolist()
    (patch,) = patches([crop], np.array([head], np.float32))
    assert isinstance(patch, DeviceCrop)
    assert tuple(found) == patch.edges


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 1e30])
def test_a_head_that_is_no_number_lies_in_the_crop(value):
    crop = DeviceCrop(torch.from_numpy(pictures(1)), 0, 10, 20, 110, 70)
    edges = looks_there._edges([crop], "cpu")
    head = torch.full((1, 4), value)
    ((top, left, bottom, right),) = looks_there._within(edges, head, hair_edges).tolist()
    assert 10 <= top < bottom <= 110
    assert 20 <= left < right <= 70


SPECS = [
    ReidSpec("plain"),
    ReidSpec("pads", mean=(0.2, 0.4, 0.6), std=(0.5, 0.25, 0.5), pads=True),
    ReidSpec("raw", bgr=True, scale=1.0, mean=(0, 0, 0), std=(1, 1, 1)),
    ReidSpec("both", bgr=True, mean=(0.2, 0.4, 0.6), std=(0.5, 0.25, 0.5), pads=True),
]


@pytest.mark.parametrize("spec", SPECS, ids=lambda spec: spec.name)
def test_crops_of_two_clips_are_prepared_as_arrays_are(spec):
    clips = [pictures(3), pictures(2, 99, 140)[::-1].copy()]
    places_in = [(0, 2, (0, 0, 181, 323)), (1, 0, (5, 7, 80, 40)), (0, 1, (180, 322, 181, 323)),
                 (1, 1, (0, 0, 20, 9)), (0, 0, (3, 4, 8, 300))]  # fmt: skip
    tensors = [torch.from_numpy(rgb) for rgb in clips]
    moved = [DeviceCrop(tensors[c], row, *edges) for c, row, edges in places_in]
    here = [clips[c][row, t:b, s:e] for c, row, (t, s, b, e) in places_in]
    size = {"height_px": 64, "width_px": 31}
    planes, wanted = planes_there(moved, spec, **size).numpy(), prepare_crops(here, spec, **size)
    assert planes.dtype == wanted.dtype == np.float32
    step = 1 / (spec.scale * min(spec.std))  # one grey level
    assert np.abs(planes - wanted).max() <= 1.01 * step
    if spec.pads:
        assert (planes == 0).any()


class Sums(torch.nn.Module):
    """A network whose answer depends on every pixel."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.layer = torch.nn.Conv2d(3, 16, 5, stride=3)

    def forward(self, planes):
        return self.layer(planes).mean(dim=(2, 3))


def embedder(network=None, *, half=False):
    spec = ReidSpec("sums", height_px=32, width_px=16)
    return TorchEmbedder(
        network or Sums(), name="sums", sha256="5" * 64, spec=spec, device=DEVICE, half=half
    )


def crops_of(batch, count):
    rows, edges = places(count)
    return [DeviceCrop(batch.rgb, row, *own) for row, own in zip(rows, edges.tolist(), strict=True)]


@pytest.mark.parametrize("count", [0, 1, 70])
def test_other_networks_read_there_what_they_read_here(count):
    network = embedder()
    crops = crops_of(there(batch_of(pictures(3))), count)
    rows = network.there.rows(crops)
    assert tuple(rows.shape) == (count, 16)
    body, parts = network.there.read(rows.numpy())
    assert parts is None
    assert network.there.head_boxes(rows) is None
    wanted = network.embed([np.asarray(crop) for crop in crops])
    assert body == pytest.approx(wanted, abs=2e-3)


def bundled_in_half():
    path = resolve_weights("bundled", suffixes=(".safetensors",), known=KNOWN_REID)
    sha256 = weights_sha256(path)
    return open_safetensors(path, sha256=sha256, spec=KNOWN_SPECS[sha256], device=DEVICE, half=True)


@pytest.mark.slow
def test_half_precision_keeps_looks(readers):
    crops = [np.asarray(crop) for crop in crops_of(there(batch_of(pictures(3))), 4)]
    for whole, half in ((embedder(), embedder(half=True)), (readers[1], bundled_in_half())):
        one, two = whole.embed(crops), half.embed(crops)
        assert ((one * two).sum(axis=1) > 0.999).all()
        assert not np.array_equal(one, two)


def test_a_network_that_returns_no_numbers_is_named():
    class Nothing(Sums):
        def forward(self, planes):
            return super().forward(planes) / 0

    reader = LooksReader(embedder(Nothing()), LooksSettings(), fps=12.0)
    with pytest.raises(WeightsError, match="not finite"):
        reader.read(there(batch_of(pictures(1))), boxes_in(FIGURES[:1]))


@pytest.mark.parametrize("count", [0, 1, 70])
def test_several_clips_share_a_network_there(readers, count):
    crops = crops_of(there(batch_of(pictures(3))), count)
    for own, kind in ((embedder(), SharedEmbedder), (readers[1], SharedPartsEmbedder)):
        shared = kind(own)
        assert shared.there is not None
        try:
            rows, wanted = shared.there.rows(crops), own.there.rows(crops)
            body, parts = shared.there.read(rows.numpy())
        finally:
            shared.batcher.close()
        assert torch.allclose(rows, wanted, atol=1e-3)
        assert (parts is None) is (own is not readers[1])
        assert body == pytest.approx(own.there.read(wanted.numpy())[0], abs=1e-3)
        if kind is SharedEmbedder:
            assert np.array_equal(body, unit_rows(rows.numpy()))


def test_who_reads_arrays_only_is_handed_arrays():
    """An embedder run by ONNX Runtime beside a detector on a GPU, and colours alone."""
    batch, found = batch_of(pictures(3)), boxes_in(FIGURES)
    for network in (open_embedder("bundled", device="cpu"), None):
        reader = LooksReader(network, LooksSettings(), fps=12.0)
        here, moved = reader.read(batch, found), reader.read(there(batch), found)
        for cue, rows in here.vectors.items():
            assert np.array_equal(rows, moved.vectors[cue], equal_nan=True), cue
