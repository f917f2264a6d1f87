"""One contract for every embedder, and one clear line for everything that is none."""

from __future__ import annotations

import numpy as np
import onnxruntime
import pytest
import torch
import torchvision
from safetensors.torch import save_file

from identity.appearance import open_embedder as opening
from identity.appearance.cue_network import CueNetwork
from identity.appearance.embedder import PartsEmbedder
from identity.appearance.looks import PART_CUES, Looks, LooksReader
from identity.appearance.open_embedder import COLOUR, open_embedder
from identity.appearance.prepare import prepare_crops
from identity.appearance.reid_cues import save_cue_network
from identity.appearance.reid_onnx import OnnxEmbedder
from identity.appearance.reid_specs import KNOWN_REID, KNOWN_SPECS, ReidSpec
from identity.evidence.calibration import is_known
from identity.settings import LooksSettings
from scenes.errors import WeightsError
from tests.tracker.worlds import batch_of, noise
from tracker.detections import Detections


def small_network(folder):
    torch.manual_seed(0)
    return torch.nn.Sequential(
        torch.nn.Conv2d(3, 8, 3, stride=4), torch.nn.AdaptiveAvgPool2d(1), torch.nn.Flatten()
    ).eval()


def torchscript(folder):
    path = folder / "net.torchscript"
    torch.jit.trace(small_network(folder), torch.zeros(1, 3, 256, 128)).save(str(path))
    return open_embedder(path, trusted=True)


def safetensors(folder):
    torch.manual_seed(0)
    network = torchvision.models.shufflenet_v2_x0_5(weights=None)
    network.fc = torch.nn.Identity()
    path = folder / "net.safetensors"
    save_file(network.state_dict(), str(path), metadata={"architecture": "shufflenet_v2_x0_5"})
    return open_embedder(path)


def cues(folder):
    torch.manual_seed(0)
    save_cue_network(CueNetwork(), folder / "cues.safetensors", {"seed": "0"})
    return open_embedder(folder / "cues.safetensors")


def onnx(folder):
    pytest.importorskip("onnx")
    from onnx import TensorProto, helper, numpy_helper, save

    kernel = np.random.default_rng(0).standard_normal((8, 3, 8, 8)).astype(np.float32)
    nodes = [
        helper.make_node("Conv", ["x", "k"], ["y"], strides=[8, 8]),
        helper.make_node("GlobalAveragePool", ["y"], ["z"]),
    ]
    graph = helper.make_graph(
        nodes,
        "net",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", 3, 64, 32])],
        [helper.make_tensor_value_info("z", TensorProto.FLOAT, ["n", 8, 1, 1])],
        [numpy_helper.from_array(kernel, "k")],
    )
    path = folder / "net.onnx"
    save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8), path)
    return open_embedder(path)


def generic(folder, name, *, output, tokens, drop=""):
    """Write a small made-up network in the shape of the export of `name`; return its path."""
    pytest.importorskip("onnx")
    from onnx import TensorProto, helper, numpy_helper, save

    kernel = np.random.default_rng(0).standard_normal((8, 3, 56, 56)).astype(np.float32)
    nodes = [helper.make_node("Conv", ["pixel_values", "k"], ["y"], strides=[56, 56])]
    nodes.append(helper.make_node("GlobalAveragePool", ["y"], ["z"]))
    if tokens:  # (N, 16, 8), each of its own corner and of the whole
        nodes.append(helper.make_node("Add", ["y", "z"], ["both"]))
        nodes.append(helper.make_node("Reshape", ["both", "rows"], ["flat"]))
        nodes.append(helper.make_node("Transpose", ["flat"], [output], perm=[0, 2, 1]))
    else:
        nodes.append(helper.make_node("Flatten", ["z"], [output]))
    nodes.append(helper.make_node("ReduceSum", ["pixel_values"], ["first"], keepdims=1))
    nodes = [node for node in nodes if drop not in node.output]
    said = helper.make_tensor_value_info
    shape = ["batch_size", "num_channels", "height", "width"]
    outputs = [said("first", TensorProto.FLOAT, None)]
    if not drop:
        outputs.append(said(output, TensorProto.FLOAT, ["batch_size", *[None] * (1 + tokens)]))
    graph = helper.make_graph(
        nodes,
        "net",
        [said("pixel_values", TensorProto.FLOAT, shape)],
        outputs,
        [
            numpy_helper.from_array(kernel, "k"),
            numpy_helper.from_array(np.array([0, 8, 16]), "rows"),
        ],
    )
    path = folder / f"{name}.onnx"
    save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8), path)
    return path


GENERIC = {
    "dinov2-small": {"output": "last_hidden_state", "tokens": True},
    "clip-vit-b32": {"output": "image_embeds", "tokens": False},
}


def spec_called(name):
    return KNOWN_SPECS[next(known.sha256 for known in KNOWN_REID if known.name == name)]


def open_generic(folder, name, **more):
    path = generic(folder, name, **GENERIC[name], **more)
    return OnnxEmbedder(path, sha256="0" * 64, spec=spec_called(name))


def dinov2(folder):
    return open_generic(folder, "dinov2-small")


def clip(folder):
    return open_generic(folder, "clip-vit-b32")


def mobilenet(folder):
    return open_embedder("mobilenetv2")


@pytest.fixture(
    params=[torchscript, safetensors, cues, onnx, dinov2, clip, mobilenet],
    ids=lambda make: make.__name__,
)
def embedder(request, tmp_path):
    return request.param(tmp_path)


def crops(count):
    rng = np.random.default_rng(1)
    return [rng.integers(0, 255, (20 + 9 * k, 10 + 5 * k, 3), dtype=np.uint8) for k in range(count)]


@pytest.mark.filterwarnings("ignore")
def test_contract(embedder):
    assert embedder.embed([]).shape == (0, embedder.dim)
    vectors = embedder.embed(crops(5))
    assert vectors.shape == (5, embedder.dim)
    assert vectors.dtype == np.float32
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(np.ones(5), abs=1e-4)
    alone = np.concatenate([embedder.embed([crop]) for crop in crops(5)])
    assert alone == pytest.approx(vectors, abs=1e-3)  # the size of a batch changes nothing
    assert embedder.name
    assert len(embedder.sha256) == 64


def test_colour_needs_no_network():
    assert open_embedder(COLOUR) is None


@pytest.mark.parametrize(
    ("name", "content", "trusted", "message"),
    [
        pytest.param("none.onnx", None, False, "no such weights", id="missing"),
        pytest.param("text.onnx", b"hello", False, "not an ONNX model", id="text as onnx"),
        pytest.param("empty.onnx", b"", False, "not an ONNX model", id="empty"),
        pytest.param("text.safetensors", b"hello", False, "not a safetensors", id="safetensors"),
        pytest.param("text.pt", b"hello", True, "not a TorchScript", id="trusted text"),
        pytest.param("text.pt", b"hello", False, "trust", id="not trusted"),
        pytest.param("text.txt", b"hello", False, "not known as embedders", id="other suffix"),
    ],
)
def test_what_is_no_embedder_is_one_line(name, content, trusted, message, tmp_path):
    path = tmp_path / name
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(WeightsError, match=message) as caught:
        open_embedder(path, trusted=trusted)
    assert "\n" not in str(caught.value)
    assert name in str(caught.value)


def test_crops_are_fed_as_the_network_was_trained():
    crop = np.zeros((8, 4, 3), np.uint8)
    crop[..., 0] = 200
    raw = ReidSpec("raw", bgr=True, scale=1.0, mean=(0, 0, 0), std=(1, 1, 1))
    planes = prepare_crops([crop], raw, height_px=4, width_px=2)
    assert planes[0, 2].tolist() == [[200, 200]] * 4
    assert planes[0, 0].max() == 0


@pytest.mark.parametrize(
    ("height_px", "width_px", "filled"),
    [(80, 40, (0, 8, 2, 6)), (20, 40, (2, 6, 0, 8)), (8, 8, (0, 8, 0, 8)), (99, 1, (0, 8, 3, 4))],
)
def test_padded_crops_keep_their_proportions(height_px, width_px, filled):
    spec = ReidSpec("pads", mean=(0.2, 0.4, 0.6), std=(0.5, 0.5, 0.5), pads=True)
    white = np.full((height_px, width_px, 3), 255, np.uint8)
    planes = prepare_crops([white, white], spec, height_px=8, width_px=8)
    wanted = np.zeros((2, 3, 8, 8), np.float32)  # around it lies the mean colour
    top, bottom, left, right = filled
    wanted[:, :, top:bottom, left:right] = np.array([1.6, 1.2, 0.8]).reshape(3, 1, 1)
    assert planes == pytest.approx(wanted, abs=1e-5)


@pytest.mark.parametrize(
    ("name", "mean", "std"),
    [
        ("dinov2-small", (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)),
        (
            "clip-vit-b32",
            (0.48145466, 0.4578275, 0.40821073),
            (0.26862954, 0.26130258, 0.27577711),
        ),
    ],
)
def test_generic_networks_are_read_at_their_own_output(name, mean, std, tmp_path):
    embedder = open_generic(tmp_path, name)
    crop = np.random.default_rng(3).integers(0, 255, (224, 224, 3), np.uint8)
    planes = ((crop / 255 - mean) / std).astype(np.float32).transpose(2, 0, 1)[None]
    session = onnxruntime.InferenceSession(str(tmp_path / f"{name}.onnx"))
    (raw,) = session.run([GENERIC[name]["output"]], {"pixel_values": planes})
    wanted = raw[0, 0] if raw.ndim == 3 else raw[0]
    assert embedder.dim == len(wanted) == 8
    assert embedder.name == name
    assert embedder.embed([crop])[0] == pytest.approx(wanted / np.linalg.norm(wanted), abs=1e-4)


@pytest.mark.parametrize("name", list(GENERIC))
def test_a_known_name_is_opened_as_what_it_is(name, tmp_path, monkeypatch):
    known = next(entry for entry in KNOWN_REID if entry.name == name)
    monkeypatch.setenv("CASTCHECK_CACHE", str(tmp_path))
    known.path.parent.mkdir()
    generic(known.path.parent, known.path.stem, **GENERIC[name])
    monkeypatch.setattr(opening, "weights_sha256", lambda path: known.sha256)
    embedder = open_embedder(name)
    assert embedder is not None
    assert (embedder.name, embedder.sha256, embedder.dim) == (name, known.sha256, 8)
    assert known.url
    assert known.size_bytes


@pytest.mark.parametrize("name", list(GENERIC))
def test_a_missing_output_is_one_line(name, tmp_path):
    with pytest.raises(WeightsError, match="has no output") as caught:
        open_generic(tmp_path, name, drop=GENERIC[name]["output"])
    assert "\n" not in str(caught.value)


def test_what_was_not_measured_is_never_taken_by_itself():
    specs = [KNOWN_SPECS[known.sha256].name for known in KNOWN_REID]
    own = specs.index("castcheck-reid")
    assert all(map(is_known, specs[: own + 1]))
    unmeasured = [name for name in specs if not is_known(name)]  # the report says so of these
    assert {*GENERIC, "youtu-reid-2021"} <= set(unmeasured)
    assert min(map(specs.index, unmeasured)) > own


def test_what_was_saved_reads_the_same_cues(tmp_path):
    torch.manual_seed(0)
    network = CueNetwork()
    for key, rows in network.state_dict().items():
        if key.endswith("running_var"):
            rows.uniform_(0.5, 1.5)
        elif rows.ndim > 1:
            rows.copy_(rows.half().float())
    save_cue_network(network, tmp_path / "net.safetensors", {})
    spec = ReidSpec("cues")
    planes = prepare_crops(crops(3), spec, height_px=256, width_px=128)
    with torch.inference_mode():
        out = network.eval()(torch.from_numpy(planes))
    reader = open_embedder(tmp_path / "net.safetensors")
    assert isinstance(reader, PartsEmbedder)
    cues = reader.read_cues(crops(3))
    for said, meant in ((cues.body, out.body), (cues.parts[:, 1], out.upper)):
        unit = torch.nn.functional.normalize(meant, dim=1).numpy()
        assert said == pytest.approx(unit, abs=1e-3)
    assert cues.visibility == pytest.approx(out.visibility.numpy(), abs=1e-3)
    assert cues.head_box == pytest.approx(out.head_box.numpy(), abs=1e-3)
    assert cues.facing == pytest.approx(out.facing.numpy(), abs=1e-3)
    assert reader.read_cues([]).parts.shape == (0, 3, 128)


@pytest.mark.parametrize("fault", ["missing", "left over", "no number"])
def test_tensors_that_do_not_fit_are_refused(fault, tmp_path):
    tensors = CueNetwork().state_dict()
    if fault == "missing":
        del tensors["mask.bias"]
    elif fault == "left over":
        tensors["more"] = torch.zeros(1)
    else:
        tensors["mask.bias"] = torch.full((3,), torch.nan)
    path = tmp_path / "net.safetensors"
    save_file(tensors, str(path), metadata={"architecture": "castcheck.cues/2"})
    with pytest.raises(WeightsError, match="do not fit|not numbers"):
        open_embedder(path)


class Parts:
    """An embedder that sees the head always, in the middle, from the side, and the rest never."""

    name, sha256, dim, part_dim = "parts", None, 4, 2

    def embed(self, crops):
        return self.read_cues(crops).body

    def read_cues(self, crops):
        from identity.appearance.embedder import CrossCues

        count = len(crops)
        visibility = np.tile(np.array([[0.9, 0.4, 0.0]], np.float32), (count, 1))
        return CrossCues(
            np.full((count, 4), 0.5, np.float32), np.ones((count, 3, 2), np.float32), visibility,
            np.tile(np.array([0.3, 0.4, 0.7, 0.6], np.float32), (count, 1)),
            np.zeros(count, np.float32),
        )  # fmt: skip


@pytest.mark.parametrize("boxes", [0, 1, 3])
def test_parts_fill_their_cues_where_they_are_seen(boxes):
    found = Detections(
        np.arange(boxes, dtype=np.int64),
        np.tile(np.array([[10, 10, 40, 90]], np.float32), (boxes, 1)),
        np.ones(boxes, np.float32),
        np.zeros(boxes, np.int32),
    )
    reader = LooksReader(Parts(), LooksSettings(embed_per_s=120), fps=24)
    looks = reader.read(batch_of(noise(3)), found)
    both = Looks.concat([looks, looks], body_dim=reader.body_dim)
    for seen, times in ((looks, 1), (both, 2)):
        assert [len(seen.seen(cue)) for cue in ("body", *PART_CUES, "hair", "facing")] == [
            boxes * times, boxes * times, 0, 0, boxes * times, boxes * times,
        ]  # fmt: skip
        assert (seen.vectors["facing"] == (0, 1)).all()
    assert looks.vectors["head"].shape[1] == 486  # colours stay what they were
