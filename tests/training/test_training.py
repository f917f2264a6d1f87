from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from bench.error_rate import equal_error_rate
from identity.appearance.cue_network import INPUT_HEIGHT_PX, INPUT_WIDTH_PX, CueNetwork
from scenes.errors import CastcheckError
from tests.training.conftest import SIZE_PX, joints
from training.detector import fold_normalisation, new_detector, train_detector
from training.detector_data import label_lines, read_index, write_dataset
from training.export import average_checkpoints
from training.reid import Gallery, Plan, Trainer, cue_loss, held_out_eer
from training.reid_crops import GRID, Figure, cut, figures_of, part_rects


@pytest.mark.parametrize(
    ("boxes", "wanted"),
    [
        ([], []),
        ([[0, 0, 64, 96]], ["0 0.250000 0.500000 0.500000 1.000000"]),
        ([[0, 0, 4, 96], [0, 0, 40, 8]], []),  # too narrow, too low
    ],
)
def test_labels_are_shares_of_the_picture(boxes, wanted):
    assert label_lines([{"box": box} for box in boxes], *SIZE_PX) == wanted


def test_no_pictures_is_one_line(tmp_path):
    with pytest.raises(CastcheckError, match="python -m studio stills"):
        read_index(tmp_path)


def test_the_dataset_keeps_groups_back(stills, tmp_path):
    data = json.loads(write_dataset(stills, SIZE_PX, tmp_path).read_text())
    train, val = ((tmp_path / data[half]).read_text().split() for half in ("train", "val"))
    assert len(train) == 12
    assert len(val) == 4
    assert all("g000000" in line for line in val)
    assert not any("g000000" in line for line in train)


@pytest.mark.parametrize(
    ("neck_y", "hip_y", "wanted"),
    [
        (26.0, 50.0, ((18, 10, 32, 24), (10, 26, 40, 50), (10, 50, 40, 90))),
        (26.0, None, ((18, 10, 32, 24), (10, 26, 40, 90), None)),  # hips below the picture
        (None, 30.0, ((18, 10, 32, 24), (10, 10, 40, 30), (10, 30, 40, 90))),
        (None, None, ((18, 10, 32, 24), None, None)),
    ],
)
def test_parts_follow_the_joints(neck_y, hip_y, wanted):
    rects = part_rects([10, 10, 40, 90], [18.0, 10.0, 32.0, 24.0], joints(neck_y, hip_y))
    assert rects == wanted


@pytest.mark.parametrize(
    ("box", "seen"),
    [
        ((10, 10, 40, 90), (1, 1, 1)),
        ((10, 10, 40, 40), (1, 1, 0)),  # half figure
        ((10, 52, 40, 90), (0, 0, 1)),  # legs only
    ],
)
def test_a_crop_says_which_parts_it_shows(box, seen, tmp_path):
    parts = part_rects([10, 10, 40, 90], [18.0, 10.0, 32.0, 24.0], joints(26.0, 50.0))
    figure = Figure(tmp_path, tmp_path, "a", box, parts, "wide", 0.0, "room")
    crop = cut(figure, np.full((96, 128, 3), 7, np.uint8))
    assert tuple(crop.seen) == seen
    assert crop.rgb.shape == (INPUT_HEIGHT_PX, INPUT_WIDTH_PX, 3)
    assert crop.masks.shape == (3, *GRID)
    # Parts do not overlap, and no cell holds more than itself.
    assert crop.masks.sum(0).max() <= 1 + 1e-5


def test_roughened_crops_differ_and_stay_in_range(stills):
    line = read_index(stills)[0]
    figure = figures_of(line, stills)[0]
    picture = np.random.default_rng(1).integers(0, 255, (96, 128, 3)).astype(np.uint8)
    crops = [cut(figure, picture, np.random.default_rng(seed)).rgb for seed in range(20)]
    assert all(crop.min() >= 0 and crop.max() <= 1 for crop in crops)
    assert len({crop.tobytes() for crop in crops}) == 20


@pytest.mark.parametrize(
    ("same", "different", "wanted"),
    [
        ([0.9, 0.8], [0.1, 0.2], 0.0),
        ([0.1, 0.2], [0.8, 0.9], 1.0),
        ([0.1, 0.9], [0.1, 0.9], 0.5),
        ([0.9], [0.1], 0.0),
    ],
)
def test_equal_error_rate(same, different, wanted):
    assert equal_error_rate(np.array(same), np.array(different)) == pytest.approx(wanted)


def test_equal_error_rate_needs_pairs():
    assert math.isnan(equal_error_rate(np.array([]), np.array([0.1])))


def test_the_loss_rewards_telling_people_apart_and_ignores_what_is_hidden():
    centres = torch.eye(4)[:2]
    labels = torch.tensor([0, 0, 1, 1])
    told = torch.eye(4)[[0, 0, 1, 1]]
    mixed = torch.eye(4)[[0, 1, 0, 1]]
    everything = torch.ones(4)
    good = cue_loss(told, told @ centres.T, labels, everything)
    bad = cue_loss(mixed, mixed @ centres.T, labels, everything)
    assert good < bad
    assert cue_loss(mixed, mixed @ centres.T, labels, torch.zeros(4)) == 0


def test_normalisation_moves_into_the_first_layer():
    layers: Any = new_detector().eval().model
    backbone = layers[0].m
    first: Any = CueNetwork().eval().features[0]
    first.load_state_dict(backbone[0].state_dict())
    first[1].eps = backbone[0][1].eps  # Ultralytics sets its own
    fold_normalisation(first[0], first[1])
    picture = torch.rand(1, 3, 64, 64)
    mean = torch.tensor([0.485, 0.456, 0.406]).view(1, 3, 1, 1)
    std = torch.tensor([0.229, 0.224, 0.225]).view(1, 3, 1, 1)
    # Folded once more: what the detector's layer makes of a normalised picture.
    inside = (slice(None), slice(None), slice(1, None), slice(1, None))
    want = backbone[0]((picture - mean) / std)[inside]
    assert torch.allclose(first(picture)[inside], want, atol=1e-4)


@pytest.mark.slow
def test_a_short_run_learns_saves_and_goes_on(stills, tmp_path):
    plan = Plan(minutes=0.05, groups=2, views=2, threads=1, rescan=2)
    trainer = Trainer(stills, tmp_path, plan)
    before = {key: value.clone() for key, value in trainer.network.state_dict().items()}
    weights = torch.load(trainer.run(), weights_only=True)
    after = trainer.network.state_dict()
    assert not torch.equal(before["body_linear.weight"], after["body_linear.weight"])
    assert torch.equal(before["features.0.0.weight"], after["features.0.0.weight"])  # frozen
    CueNetwork().load_state_dict(weights)
    assert set(held_out_eer(trainer.averaged(), Gallery(stills))) == {
        "body", "head", "upper", "lower",
    }  # fmt: skip

    again = Trainer(stills, tmp_path, plan, resume=True)
    assert again.step == trainer.step > 0
    assert again.classifier.names == trainer.classifier.names
    again.run()  # its time is over: it stops at once
    assert again.step == trainer.step


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:.*get_trial_id")  # Ultralytics asks Ray where it is there
def test_a_round_of_the_detector(stills, tmp_path):
    best = train_detector(
        stills, tmp_path / "work", size_px=SIZE_PX, hours=0, imgsz_px=64, batch=4, threads=1,
        epochs=1,
    )  # fmt: skip
    assert best.exists()
    rows = (tmp_path / "work" / "run" / "results.csv").read_text().splitlines()
    assert len(rows) == 2

    # The mean of a detector and of its double is one and a half of it, and starts another run.
    doubled = torch.load(best, map_location="cpu", weights_only=False)
    network = (doubled.get("ema") or doubled["model"]).float()
    first = network.state_dict()["model.0.m.0.0.weight"].clone()
    network.load_state_dict({key: 2 * rows for key, rows in network.state_dict().items()})
    torch.save({**doubled, "ema": None, "model": network}, tmp_path / "doubled.pt")
    average_checkpoints([best, tmp_path / "doubled.pt"], tmp_path / "mean.pt")
    mean = torch.load(tmp_path / "mean.pt", map_location="cpu", weights_only=False)["model"]
    assert torch.allclose(mean.state_dict()["model.0.m.0.0.weight"], 1.5 * first)

    # Surer of every box alike, and of nothing else another opinion.
    average_checkpoints([tmp_path / "mean.pt"], tmp_path / "surer.pt", surer=0.5)
    surer = torch.load(tmp_path / "surer.pt", map_location="cpu", weights_only=False)["model"]
    picture = torch.rand(1, 3, 64, 96)
    with torch.inference_mode():
        one, two = (model.eval()(picture)[0] for model in (mean, surer))
    assert torch.allclose(one[:, :4], two[:, :4])
    assert torch.allclose(one[:, 4].logit() + 0.5, two[:, 4].logit(), atol=1e-4)

    # Statistics are taken anew where layers were trained, whatever they were before.
    pictures = [Path(row) for row in (tmp_path / "work" / "train.txt").read_text().split()][:5]
    taken: list[dict[str, torch.Tensor]] = []
    for earlier in (pictures, pictures[:2]):
        path = tmp_path / f"taken{len(taken)}.pt"
        average_checkpoints([best], path, pictures=earlier)
        average_checkpoints([path], path, pictures=pictures)
        taken.append(torch.load(path, map_location="cpu", weights_only=False)["model"].state_dict())
    frozen, trained = "model.0.m.0.1.running_mean", "model.4.cv1.bn.running_mean"
    before = torch.load(best, map_location="cpu", weights_only=False)
    before = (before.get("ema") or before["model"]).float().state_dict()
    assert torch.allclose(taken[0][frozen], before[frozen])
    assert torch.allclose(taken[0][trained], taken[1][trained], atol=1e-5)
    assert not torch.allclose(taken[0][trained], before[trained], atol=1e-3)
