"""One contract for whatever reads faces, and where faces are looked for."""

from __future__ import annotations

import functools
import hashlib
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import cv2
import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from castcheck.batch.shared_models import SharedFaces
from castcheck.models import load
from identity.appearance.cues import face
from identity.appearance.cues.crops import Crops
from identity.appearance.cues.face import squares_of
from identity.appearance.embedder import CrossCues
from identity.appearance.faces import open_faces as opening
from identity.appearance.faces.face_reader import Faces, checked_faces
from identity.appearance.faces.open_faces import OFF, open_faces
from identity.appearance.faces.sface import SfaceReader
from identity.appearance.faces.squares import cut_squares, head_squares, read_in
from identity.appearance.looks import LooksReader
from identity.settings import LooksSettings
from scenes.device_pictures import DeviceCrop, copied_back
from scenes.errors import ConfigError, WeightsError
from scenes.source import open_source
from tests.identity.face_networks import RED, Reddest, made_up_sface, made_up_yunet
from tests.tracker.worlds import batch_of
from tracker.detections import Detections
from tracker.known_weights import models_dir

NAN = float("nan")
SAMPLE = Path(__file__).parents[2] / "sample_videos" / "street_clean.mp4"


def made_up(folder):
    yunet, network = made_up_yunet(folder / "yunet.onnx"), made_up_sface(folder / "sface.onnx")
    return SfaceReader(yunet, network, sha256="1" * 64)


def heads_of_noise():
    return [head(160), head(20, seed=1), head(333, seed=2), head(160, red=None)]


@functools.cache
def heads_of_film():
    with open_source(SAMPLE) as source:
        rgb = next(iter(source.batches(1))).rgb[0]
    squares = [(164, 94, 70), (576, 95, 54), (168, 96, 64), (20, 20, 50)]  # the last of a wall
    return cut_squares([rgb] * 4, np.array(squares))


# What reads faces, and four heads, of which it finds a face in all but the last.
READERS: dict[str, tuple[Any, Any]] = {
    "bundled": (lambda _: open_faces("bundled"), heads_of_film),
    "sface": (made_up, heads_of_noise),
    "reddest": (lambda _: Reddest(), heads_of_noise),
}


@pytest.fixture(params=list(READERS))
def both(request, tmp_path):
    make, heads = READERS[request.param]
    return make(tmp_path), heads()


def head(side=160, *, red=(2, 2), seed=0, level=90):
    """Return a square of noise with a red fifth of it; `None` = without."""
    rng = np.random.default_rng(seed)
    rough = rng.integers(level // 2, level, (5, 5, 3), np.uint8)
    if red is not None:
        rough[red] = RED
    return cv2.resize(rough, (side, side), interpolation=cv2.INTER_NEAREST)


def test_contract(both):
    reader, heads = both
    faces = reader.read(heads)
    assert faces.known.tolist() == [True, True, True, False]
    assert (faces.known.dtype, faces.vectors.dtype) == (np.bool_, np.float32)
    assert faces.vectors.shape == (4, reader.dim)
    assert np.linalg.norm(faces.vectors[:3], axis=1) == pytest.approx(np.ones(3), abs=1e-5)
    assert (faces.turn.dtype, faces.turn.shape) == (np.float32, (4, 2))
    assert (np.abs(faces.turn) <= 2).all()
    for place, one in enumerate(heads):  # the size of a batch changes nothing
        alone = reader.read([one])
        assert alone.known[0] == faces.known[place]
        if alone.known[0]:
            assert alone.vectors[0] == pytest.approx(faces.vectors[place], abs=1e-4)
    assert np.abs(faces.vectors[0] - faces.vectors[1]).max() > 1e-3  # another face, another vector
    assert reader.name
    assert len(reader.sha256) == 64


def test_no_heads_have_no_faces(both):
    reader, _ = both
    faces = reader.read([])
    assert [len(values) for values in faces] == [0, 0, 0]
    assert faces.vectors.shape == (0, reader.dim)


def test_heads_are_not_changed(both):
    reader, (one, *_) = both
    before = one.copy()
    one.flags.writeable = False
    assert reader.read([one]).known.all()
    assert np.array_equal(one, before)


def test_several_clips_share_a_reader(both):
    reader, heads = both
    shared = SharedFaces(reader)
    try:
        assert (shared.name, shared.sha256, shared.dim) == (reader.name, reader.sha256, reader.dim)
        assert shared.read([]).vectors.shape == (0, reader.dim)
        for one, two in zip(shared.read(heads), reader.read(heads), strict=True):
            assert np.array_equal(one, two)
    finally:
        shared.batcher.close()


@pytest.mark.parametrize(
    ("red", "found"),
    [
        pytest.param([], None, id="none"),
        pytest.param([(2, 2)], (2, 2), id="in the middle"),
        pytest.param([(1, 2), (3, 4)], (1, 2), id="one of two is outside the head"),
        pytest.param([(3, 3), (2, 1)], (2, 1), id="the one nearer to the middle"),
        pytest.param([(0, 2)], None, id="beyond the head"),
    ],
)
def test_of_several_faces_the_nearest_to_the_middle_counts(red, found, tmp_path):
    picture = head(160, red=None, level=3)
    for row, column in red:
        picture[32 * row : 32 * row + 32, 32 * column : 32 * column + 32] = RED
    row = made_up(tmp_path)._face(np.ascontiguousarray(picture[:, :, ::-1]))
    assert (row is None) is (found is None)
    if found:
        middle = row[:2] + row[2:4] / 2
        assert middle == pytest.approx([32 * found[1] + 16, 32 * found[0] + 16], abs=1)


@pytest.mark.parametrize("broken", ["yunet", "sface", "other"])
def test_what_is_no_such_network_is_one_line(broken, tmp_path):
    yunet, network = made_up_yunet(tmp_path / "a.onnx"), made_up_sface(tmp_path / "b.onnx")
    if broken == "other":
        made_up_sface(network, dim=16)
    else:
        {"yunet": yunet, "sface": network}[broken].write_bytes(b"hello")
    with pytest.raises(WeightsError, match="models pull yunet sface") as caught:
        SfaceReader(yunet, network, sha256="1" * 64)
    assert "\n" not in str(caught.value)


# --- opening --------------------------------------------------------------------------------------


def test_off_reads_nothing():
    assert open_faces(OFF) is None


@pytest.mark.parametrize("missing", ["yunet", "sface"])
def test_what_was_not_pulled_is_named(missing, tmp_path):
    models_dir().mkdir(parents=True)
    for known in (opening._YUNET, opening._SFACE):
        if known.name != missing:
            known.path.write_bytes(b"x")
    with pytest.raises(WeightsError, match=f"models pull {missing}|not those of its name"):
        open_faces("sface")


def test_named_networks_are_opened(monkeypatch):
    models_dir().mkdir(parents=True)
    for name, make in (("_YUNET", made_up_yunet), ("_SFACE", made_up_sface)):
        path = make(getattr(opening, name).path)
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        monkeypatch.setattr(opening, name, replace(getattr(opening, name), sha256=digest))
    reader = open_faces("sface")
    assert reader is not None
    assert (reader.name, reader.sha256) == ("sface", opening._SFACE.sha256)
    opening._SFACE.path.write_bytes(b"damaged")
    with pytest.raises(WeightsError, match="not those of its name"):
        open_faces("sface")


def test_unknown_names_are_refused():
    with pytest.raises(ConfigError, match="looks.faces"):
        LooksSettings(faces="dlib")


class Whole:
    """An embedder that tells no parts."""

    name, sha256, dim = "whole", None, 4

    def embed(self, crops):
        return np.ones((len(crops), 4), np.float32)


@pytest.mark.parametrize(
    ("spec", "notes"),
    [
        ("off", ()),
        ("bundled", ()),
        ("sface", ("the embedder tells no heads, so faces are not compared",)),
    ],
)
def test_without_heads_faces_that_were_asked_for_are_missed(spec, notes):
    for embedder in (Whole(), None):
        assert load._open_faces(spec, embedder, device="cpu", half=False) == (None, notes)


# --- which heads are read, and where --------------------------------------------------------------


def told(count, *, visibility=1.0, head_box=(0.4, 0.0, 0.6, 0.2), facing=1.0):
    return CrossCues(
        np.ones((count, 4), np.float32),
        np.ones((count, 3, 2), np.float32),
        np.full((count, 3), visibility, np.float32),
        np.tile(np.array(head_box, np.float32), (count, 1)),
        np.full(count, facing, np.float32),
    )


def crops_of(boxes, cues, *, read_faces=None):
    found: Any = SimpleNamespace(xyxy=np.array(boxes, np.float32).reshape(-1, 4))
    body = np.zeros((0, 4), np.float32)
    rows = tuple(range(len(boxes)))
    return Crops(found, {}, rows, 640, 360, body, cues, read_faces=read_faces)


@pytest.mark.parametrize(
    ("box", "cues", "square"),
    [
        pytest.param((100, 50, 200, 350), {}, [108, 38, 84], id="a head taller than wide"),
        pytest.param((100, 50, 200, 150), {"head_box": (0, 0, 1, 0.5)}, [80, 5, 140], id="wider"),
        pytest.param((0, 0, 100, 100), {}, [36, -4, 28], id="as tall as the least"),
        pytest.param((0, 0, 100, 99), {"head_box": (0.4, 0, 0.59, 0.2)}, None, id="too small"),
        pytest.param((100, 50, 200, 350), {"visibility": 0.49}, None, id="no head in view"),
        pytest.param((100, 50, 200, 350), {"facing": -0.9}, None, id="from behind"),
        pytest.param((0, 0, 640, 360), {"head_box": (-9, -9, 9, 9)}, [-320, -320, 640], id="huge"),
    ],
)  # fmt: skip
def test_squares_of_heads(box, cues, square):
    rows, squares = squares_of(crops_of([box], told(1, **cues)))
    assert squares.tolist() == ([] if square is None else [square])
    assert rows.tolist() == ([] if square is None else [0])


def test_no_boxes_have_no_squares():
    rows, squares = squares_of(crops_of([], told(0)))
    assert (rows.shape, squares.shape) == ((0,), (0, 3))


@given(
    st.lists(
        st.tuples(
            *(st.integers(0, 300) for _ in range(2)),
            *(st.integers(1, 400) for _ in range(2)),
            *(st.floats(-8, 8, width=32) for _ in range(4)),
        ),
        max_size=5,
    )
)
def test_squares_are_the_same_on_a_device_and_lie_around_the_head(crops):
    table = np.array(crops, np.float64).reshape(-1, 8)
    edges = np.concatenate([table[:, :2], table[:, :2] + table[:, 2:4]], axis=1)
    squares, larger = head_squares(edges, table[:, 4:], longest_px=640)
    there = head_squares(torch.from_numpy(edges), torch.from_numpy(table[:, 4:]), longest_px=640)
    assert np.array_equal(squares, there[0].numpy())
    assert np.array_equal(larger, there[1].numpy())
    side = squares[:, 2]
    assert ((side >= 1) & (side <= 640)).all()
    assert (np.abs(side - np.clip(1.4 * larger, 1, 640)) <= 0.5).all()
    size = edges[:, [3, 2]] - edges[:, [1, 0]]
    middle = edges[:, [1, 0]] + (table[:, 4:6] + table[:, 6:]) / 2 * size
    assert (np.abs(squares[:, :2] + side[:, None] / 2 - middle) <= 0.5 + 1e-9).all()


def picture(height=6, width=8):
    return np.random.default_rng(3).integers(0, 256, (height, width, 3), np.uint8)


SQUARES = [
    pytest.param((1, 2, 3), id="inside"),
    pytest.param((0, 0, 6), id="all of it"),
    pytest.param((-2, -1, 5), id="over the corner above"),
    pytest.param((5, 4, 4), id="over the corner below"),
    pytest.param((-3, -4, 14), id="larger than the picture"),
    pytest.param((-9, 2, 4), id="beyond the left"),
    pytest.param((20, 20, 4), id="beyond the corner"),
    pytest.param((7, 5, 1), id="one pixel"),
]


@pytest.mark.parametrize("square", SQUARES)
def test_what_lies_beyond_a_picture_is_its_edge(square):
    whole = picture()
    left, top, side = square
    rows = np.clip(np.arange(top, top + side), 0, 5)
    columns = np.clip(np.arange(left, left + side), 0, 7)
    there = DeviceCrop(torch.from_numpy(whole[None]), 0, 0, 0, 6, 8)
    for one in (whole, there):
        (cut,) = cut_squares([one], np.array([square]))
        assert np.array_equal(cut, whole[rows[:, None], columns[None]])


def test_no_squares_are_cut_out_of_nothing():
    assert cut_squares([], np.zeros((0, 3), np.int64)) == []


@pytest.mark.parametrize("edges", [[], [(0, 1, 2, 4)], [(0, 0, 6, 8), (3, 3, 3, 5), (1, 0, 4, 1)]])
def test_crops_come_back_in_one_copy(edges, monkeypatch):
    whole, copies, cpu = picture(), [], torch.Tensor.cpu

    def counted(self):
        copies.append(0)
        return cpu(self)

    monkeypatch.setattr(torch.Tensor, "cpu", counted)
    pictures = torch.from_numpy(whole[None])
    found = copied_back([DeviceCrop(pictures, 0, *one) for one in edges])
    assert len(copies) == bool(edges)
    for (top, left, bottom, right), cut in zip(edges, found, strict=True):
        assert np.array_equal(cut, whole[top:bottom, left:right])


def test_rows_with_a_face_have_its_vector():
    whole = np.full((360, 640, 3), 40, np.uint8)
    whole[50:120, 120:180] = RED
    boxes = [(100, 50, 200, 350), (300, 50, 400, 350), (100, 50, 200, 350)]
    crops = crops_of(boxes, told(3), read_faces=read_in([whole] * 3, Reddest()))
    rows, vectors = face.measure(crops, "face")
    assert rows.tolist() == [0, 2]
    assert vectors.shape == (2, 3)
    nobody = crops_of([], told(0), read_faces=read_in([], Reddest()))
    assert face.measure(nobody, "face")[1].shape == (0, 3)


def test_who_reads_no_faces_is_not_asked():
    with pytest.raises(ValueError, match="no faces"):
        face.measure(crops_of([], told(0)), "face")


@pytest.mark.parametrize("column", [0, 1])
def test_a_network_that_returns_no_numbers_is_named(column):
    values = [np.ones((1, 2), np.float32), np.ones(1, np.float32)]
    values[column][0] = NAN
    with pytest.raises(WeightsError, match="broken"):
        checked_faces(Faces(np.ones(1, np.bool_), *values), network="broken")


class Heads:
    """An embedder to whom the head is the upper fifth of every box."""

    name, sha256, dim, part_dim = "heads", None, 4, 2

    def embed(self, crops):
        return self.read_cues(crops).body

    def read_cues(self, crops):
        return told(len(crops))


@pytest.mark.parametrize(
    ("embedder", "faces", "seen"),
    [
        pytest.param(Heads(), Reddest(), True, id="heads and who reads them"),
        pytest.param(Heads(), None, False, id="nobody reads them"),
        pytest.param(Whole(), Reddest(), False, id="no heads"),
        pytest.param(None, Reddest(), False, id="colour alone"),
    ],
)
def test_looks_have_faces_where_both_are_there(embedder, faces, seen):
    rgb = np.full((2, 360, 640, 3), 40, np.uint8)
    rgb[1, 50:120, 120:180] = RED
    found = Detections(
        np.array([0, 1, 1]),
        np.array([[100, 50, 200, 350]] * 2 + [[300, 50, 400, 350]], np.float32),
        np.ones(3, np.float32),
        np.zeros(3, np.int32),
    )
    settings = LooksSettings(embed_per_s=120)
    looks = LooksReader(embedder, settings, fps=24, faces=faces).read(batch_of(rgb), found)
    assert ("face" in looks.vectors) is seen
    assert looks.seen("face").tolist() == ([1] if seen else [])
