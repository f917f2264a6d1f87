"""A detector as tensors and a table: nothing is lost, nothing is run, nothing is fetched."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from scenes.errors import WeightsError
from tests.tracker.worlds import batch_of, noise
from tracker import known_weights
from tracker.bundled import FORMAT, load_bundled, save_bundled
from tracker.engine import engine_kept_quiet
from tracker.settings import DetectorSettings
from tracker.yolo import YoloDetector

SMALL = {
    "nc": 1,
    "depth_multiple": 1.0,
    "width_multiple": 1.0,
    "backbone": [
        [-1, 1, "Conv", [8, 3, 2]],
        [-1, 1, "Conv", [16, 3, 2]],
        [-1, 1, "C3k2", [16, False, 0.25]],
        [-1, 1, "Conv", [16, 3, 2]],
        [-1, 1, "SPPF", [16, 5]],
    ],
    "head": [[[-1], 1, "Detect", ["nc"]]],
}
BACKBONE = {
    **SMALL,
    "activation": "torch.nn.ReLU6()",
    "backbone": [
        [-1, 1, "TorchVision", [96, "mobilenet_v2", "DEFAULT", True, 2, True]],
        [0, 1, "Index", [32, 7]],
        [0, 1, "Index", [96, 14]],
    ],
    "head": [[[1, 2], 1, "Detect", ["nc"]]],
}


def build(table, names=("character",)):
    with engine_kept_quiet():
        from ultralytics.nn.tasks import DetectionModel

        offline = json.loads(json.dumps(table).replace('"DEFAULT"', "null"))
        torch.manual_seed(0)
        model = DetectionModel(offline, ch=3, nc=len(names), verbose=False)
    model.names = dict(enumerate(names))
    for key, rows in model.state_dict().items():  # as after a training, not as made
        if key.endswith("running_mean"):
            rows.uniform_(-0.1, 0.1)
        if key.endswith("running_var"):
            rows.uniform_(0.5, 1.5)
    for branch in model.model[-1].cv3:  # random weights are unsure of everything
        branch[-1].bias.data += 3
    return model.eval()


def settings(**more):
    return DetectorSettings(image_size_px=160, min_score=0.005, nms_iou=0.3, **more)


@pytest.mark.parametrize("table", [SMALL, BACKBONE], ids=["small", "torchvision backbone"])
def test_what_is_saved_finds_the_same_boxes(table, tmp_path, monkeypatch):
    model = build(table)
    rounded = {k: v.half().float() if v.ndim > 1 else v for k, v in model.state_dict().items()}
    model.load_state_dict(rounded)
    path = tmp_path / "net.safetensors"
    save_bundled(model, path, {"imgsz": "160"})
    if table is BACKBONE:  # the table that is read says "fetch the weights"; nothing may
        tensors = load_file(path)
        save_file(tensors, path, metadata=facts(table))
    torch.save({"model": model, "train_args": {}}, tmp_path / "net.pt")
    ours = YoloDetector(path, settings(), device="cpu")
    theirs = YoloDetector(tmp_path / "net.pt", settings(), device="cpu", trusted=True)
    one, two = (d.detect(batch_of(noise(4))) for d in (ours, theirs))
    assert len(one) > 0
    assert np.array_equal(one.frame, two.frame)
    assert np.array_equal(one.xyxy, two.xyxy)
    assert np.array_equal(one.score, two.score)
    assert ours.class_names == {0: "character"}
    assert ours.sha256 == known_weights.weights_sha256(path)


def facts(table, names=("character",), **changed):
    return {
        "format": FORMAT,
        "architecture": json.dumps(table),
        "names": json.dumps(dict(enumerate(names))),
        **changed,
    }


def test_its_people_are_asked_for_as_people(tmp_path):
    path = tmp_path / "net.safetensors"
    save_bundled(build(SMALL, ("character", "creature")), path, {})
    for wanted, expected in (
        ("", {0: "character", 1: "creature"}),
        ("person", {0: "character"}),
        ("creature", {1: "creature"}),
    ):
        assert YoloDetector(path, settings(classes=wanted)).class_names == expected


def changed(**more):
    return {**SMALL, **more}


RUNS = "__import__('os').mkdir('ran')"


@pytest.mark.parametrize(
    ("metadata", "drop", "match"),
    [
        pytest.param({}, "", "does not say 'castcheck.detector/1'", id="no metadata"),
        pytest.param(facts(SMALL, format="else/2"), "", "does not say", id="other format"),
        pytest.param(facts(SMALL, architecture="{"), "", "cannot be built", id="broken table"),
        pytest.param(facts({}), "", "cannot be built", id="empty table"),
        pytest.param(
            facts(changed(activation=RUNS)), "", "is not an activation", id="code as activation"
        ),
        pytest.param(
            facts(changed(head=[[[-1], 1, "load_checkpoint", ["evil.pt"]]])),
            "",
            "'load_checkpoint' is not a layer",
            id="function as layer",
        ),
        pytest.param(
            facts(changed(head=[[-1, 1, "DetectionModel", ["evil.yaml"]]])),
            "",
            "is not a layer",
            id="whole model as layer",
        ),
        pytest.param(
            facts(changed(head=[[-1, 1, "nn.Identity", []]])), "", "finds boxes", id="no detector"
        ),
        pytest.param(facts(SMALL), "model.0.conv.weight", "do not fit", id="tensor missing"),
        pytest.param(facts(SMALL, ("a", "b")), "", "do not fit", id="more classes than tensors"),
    ],
)
def test_what_is_no_bundled_detector_is_one_line(metadata, drop, match, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    save_bundled(build(SMALL), tmp_path / "good.safetensors", {})
    tensors = load_file(tmp_path / "good.safetensors")
    tensors.pop(drop, None)
    save_file(tensors, tmp_path / "net.safetensors", metadata=metadata)
    with pytest.raises(WeightsError, match=match) as caught:
        YoloDetector(tmp_path / "net.safetensors")
    assert "\n" not in str(caught.value)
    assert "net.safetensors" in str(caught.value)
    assert not (tmp_path / "ran").exists()


def test_bytes_that_are_no_safetensors(tmp_path):
    (tmp_path / "net.safetensors").write_bytes(b"hello")
    with pytest.raises(WeightsError, match="is not a safetensors file"):
        YoloDetector(tmp_path / "net.safetensors")


def test_an_activation_of_its_own_stays_its_own(tmp_path):
    from ultralytics.nn.modules.conv import Conv

    before = Conv.default_act
    save_bundled(build(BACKBONE), tmp_path / "net.safetensors", {})
    load_bundled(tmp_path / "net.safetensors")
    assert Conv.default_act is before


@pytest.mark.parametrize("fault", ["fused", "too large"])
def test_a_model_that_would_be_lost_is_not_saved(fault, tmp_path):
    model = build(SMALL)
    if fault == "fused":
        with engine_kept_quiet():
            model.fuse(verbose=False)
    else:
        model.model[0].conv.weight.data[0] = 1e6
    with pytest.raises(WeightsError):
        save_bundled(model, tmp_path / "net.safetensors", {})
    assert list(tmp_path.iterdir()) == []


def test_the_table_and_the_package_agree():
    """A file in the package has its sha256 in the table, and the table names no other."""
    bundled = [known for known in known_weights.KNOWN_WEIGHTS if known.is_bundled]
    folder = known_weights._BUNDLED.path.parent
    assert {known.path for known in bundled} == set(folder.glob("*.safetensors"))
    for known in bundled:
        assert known_weights.weights_sha256(known.path) == known.sha256
