"""The part of the re-ID network that reads pose: it learns, and nothing else of it changes."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from identity.appearance.cue_network import CueNetwork, PoseHead
from identity.appearance.reid_cues import save_cue_network
from scenes.errors import WeightsError
from training.export import sha256_of
from training.pose import PoseCrops, load_network, pose_errors, read_crops, save_pose, train_pose
from training.reid import Gallery
from training.reid_crops import Figure, cut, part_rects


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    torch.manual_seed(0)
    path = tmp_path_factory.mktemp("network") / "network.safetensors"
    save_cue_network(CueNetwork().eval(), path, {"name": "small"})
    return path


def bars(count, seed):
    """Return crops' maps with a bright cell where the head is, and its facing over all cells."""
    rng = np.random.default_rng(seed)
    maps = torch.zeros(count, 96, 12, 6)
    facing = torch.from_numpy(rng.uniform(-1, 1, count).astype(np.float32))
    head = torch.full((count, 4), torch.nan)
    place = torch.zeros(count, 12, 6)
    for k in range(count):
        row, column = int(rng.integers(0, 6)), int(rng.integers(0, 6))
        maps[k, 0, row, column], place[k, row, column] = 3, 1
        maps[k, 1] = facing[k]
        if k % 5:  # one in five is not seen
            head[k] = torch.tensor([column / 6, row / 12, (column + 1) / 6, (row + 1) / 12])
    return PoseCrops(maps.half(), facing, head, place)


def test_it_learns_where_heads_are_and_where_bodies_face():
    network = CueNetwork()
    before = {key: rows.clone() for key, rows in network.state_dict().items()}
    train_pose(network, [bars(600, 0), bars(600, 1)], rounds=12)
    errors = pose_errors(network, bars(200, 2))
    assert errors["facing_r2"] > 0.8
    assert errors["head_found"] > 0.8
    kept = [key for key in before if not key.startswith("pose.")]
    assert all(torch.equal(before[key], network.state_dict()[key]) for key in kept)
    network.pose = PoseHead().eval()
    assert pose_errors(network, bars(200, 2))["facing_r2"] < 0.2  # it was the learning that helped


def test_stills_are_read_and_the_file_is_written_whole(saved, stills, tmp_path):
    network, gallery = load_network(saved), Gallery(stills)
    figures = [f for people in gallery.groups.values() for own in people.values() for f in own]
    told: list[int] = []
    crops = read_crops(
        network, gallery, figures, rng=np.random.default_rng(0), progress=told.append
    )
    assert sum(told) == len(figures) == len(crops.maps)
    assert crops.maps.shape[1:] == (96, 12, 6)
    assert crops.facing.abs().max() <= 1
    train_pose(network, [crops], rounds=1)
    target = tmp_path / "taught.safetensors"
    digest = save_pose(network, saved, target, {"facing_r2": 0.5})
    assert digest == sha256_of(target)
    one, two = load_file(saved), load_file(target)
    assert all(torch.equal(one[key], two[key]) for key in one if not key.startswith("pose."))
    assert not torch.equal(one["pose.hidden.weight"], two["pose.hidden.weight"])


@pytest.mark.parametrize("fault", ["none", "without a pose", "lacks more", "holds more"])
def test_which_networks_can_be_taught(fault, saved, tmp_path):
    tensors = load_file(saved)
    if fault == "without a pose":
        tensors = {key: rows for key, rows in tensors.items() if not key.startswith("pose.")}
    elif fault == "lacks more":
        del tensors["mask.bias"]
    elif fault == "holds more":
        tensors["more"] = torch.zeros(1)
    path = tmp_path / "network.safetensors"
    save_file(tensors, str(path), metadata={"name": "x"})
    if fault in {"lacks more", "holds more"}:
        with pytest.raises(WeightsError, match="re-ID network"):
            load_network(path)
    else:
        assert isinstance(load_network(path), CueNetwork)


def test_the_head_of_a_crop_goes_along_when_it_is_mirrored(tmp_path):
    nobody: list[list[float] | None] = [None] * 16
    parts = part_rects([10, 10, 40, 90], [12.0, 10.0, 22.0, 26.0], nobody)
    figure = Figure(tmp_path, tmp_path, "a", (10, 10, 40, 90), parts, "wide", 0.0, "room")
    picture = np.zeros((96, 128, 3), np.uint8)
    picture[10:26, 12:22] = 255  # the head is what is bright
    plain = cut(figure, picture)
    assert plain.head == pytest.approx([2 / 30, 0, 12 / 30, 0.2])
    sides = set()
    for seed in range(12):
        crop = cut(figure, picture, np.random.default_rng(seed))
        middle = (crop.head[0] + crop.head[2]) / 2
        columns = crop.rgb[: max(2, int(0.1 * 192))].mean(axis=(0, 2))
        sides.add(bool(middle > 0.5))
        if crop.seen[0] and np.ptp(columns) > 0.3:
            bright = float(np.average(np.arange(96) + 0.5, weights=columns - columns.min()) / 96)
            assert bright == pytest.approx(middle, abs=0.25)
    assert sides == {True, False}
