"""Where the head is and how far a body is turned, read from maps that are dark but for one cell."""

from __future__ import annotations

from math import exp, log, log1p
from typing import Any

import pytest
import torch

from identity.appearance.cue_network import CueNetwork, PoseHead

LN_2 = log(2)  # what softplus makes of 0


def pose_head(*, sharp: float = 0.0, cells: tuple[float, ...] = (0, 0, 0, 2, 2)) -> Any:
    """Return a head that passes the first channel through and says `cells` in every cell.

    Args:
        sharp: How much a lit cell is preferred.
        cells: Log-odds of the place, then x, y, width and height of the head.
    """
    pose: Any = PoseHead().eval()
    with torch.no_grad():
        for values in pose.parameters():
            values.zero_()
        pose.first.weight[0, 0, 1, 1] = 1
        pose.norm.weight.fill_(1)
        pose.second.weight[0, 0, 1, 1] = 1
        pose.cells.weight[0, 0, 0, 0] = sharp
        pose.cells.bias.copy_(torch.tensor(cells))
        pose.hidden.bias[0] = 2
        pose.facing.weight[0, 0] = 0.5
        pose.facing.bias[0] = 0.25
    return pose


def dark(*lit: tuple[int, int], size: tuple[int, int] = (12, 6)) -> torch.Tensor:
    maps = torch.zeros(1, 96, *size)
    for row, column in lit:
        maps[0, 0, row, column] = 1
    return maps


@torch.inference_mode()
@pytest.mark.parametrize(
    ("cells", "centre", "half"),
    [
        pytest.param((0, 0, 0, 2, 2), (0.5, 0.5), (LN_2 / 2, LN_2 / 2), id="in the middle"),
        pytest.param((0, 0.1, -0.2, 2, 2), (0.6, 0.3), (LN_2 / 2, LN_2 / 2), id="moved"),
        pytest.param(
            (0, 0, 0, 3, 1), (0.5, 0.5), (log1p(exp(1)) / 2, log1p(exp(-1)) / 2), id="as wide"
        ),
        pytest.param((9, 0, 0, 2, 2), (0.5, 0.5), (LN_2 / 2, LN_2 / 2), id="everywhere alike"),
    ],
)
def test_a_head_is_the_mean_of_what_every_cell_says(cells, centre, half):
    box, facing, logits = pose_head(cells=cells)(dark())
    (x, y), (wide, tall) = centre, half
    assert box[0].tolist() == pytest.approx([x - wide, y - tall, x + wide, y + tall], abs=1e-5)
    assert facing.tolist() == pytest.approx([0.5 * 2 + 0.25])
    assert (logits == cells[0]).all()
    assert logits.shape == (1, 12, 6)


@torch.inference_mode()
@pytest.mark.parametrize(("row", "column"), [(0, 0), (3, 4), (11, 5)])
def test_a_head_is_where_a_cell_is_lit(row, column):
    box, _, logits = pose_head(sharp=60)(dark((row, column)))
    x, y = (box[0, :2] + box[0, 2:]) / 2
    assert (float(x), float(y)) == pytest.approx(((column + 0.5) / 6, (row + 0.5) / 12), abs=1e-5)
    assert int(logits[0].argmax()) == 6 * row + column
    assert float(logits.max()) == pytest.approx(60, abs=0.01)


@torch.inference_mode()
def test_maps_of_larger_crops_are_read_on_the_same_grid():
    lit = [(row, column) for row in (6, 7) for column in (8, 9)]  # of 24 rows and 12 columns
    box, _, _ = pose_head(sharp=60)(dark(*lit, size=(24, 12)))
    x, y = (box[0, :2] + box[0, 2:]) / 2
    assert (float(x), float(y)) == pytest.approx((4.5 / 6, 3.5 / 12), abs=1e-5)


@torch.inference_mode()
def test_what_is_negative_says_nothing_of_how_a_body_is_turned():
    pose = pose_head()
    pose.hidden.bias[0] = -2
    assert pose(dark())[1].tolist() == pytest.approx([0.25])
    pose.hidden.weight[0, 0] = 4  # of the first cell of the first channel
    assert pose(dark((0, 0)))[1].tolist() == pytest.approx([0.5 * 2 + 0.25], abs=1e-3)
    assert pose(dark((0, 1)))[1].tolist() == pytest.approx([0.25])


def test_in_training_four_in_ten_are_left_out():
    """Of what the facing is read from; head boxes are not touched by it."""
    pose = pose_head(sharp=60).train()
    pose.norm.eval()
    torch.manual_seed(0)
    with torch.no_grad():
        pose.hidden.weight.fill_(1)
        pose.hidden.bias.zero_()
        pose.facing.weight.fill_(1)
        pose.facing.bias.zero_()
        lit = dark(*((row, column) for row in range(12) for column in range(6)))
        said = torch.stack([pose(lit)[1][0] for _ in range(60)])
        whole = float(pose.eval()(lit)[1][0])
    assert whole == pytest.approx(96 * 72, rel=1e-3)
    assert float(said.mean()) == pytest.approx(whole, rel=0.05)  # what is left counts more for it
    left_out = 0.4
    cells, units = (left_out / (1 - left_out) / count for count in (72, 96))
    assert float(said.std()) / whole == pytest.approx((cells + units) ** 0.5, rel=0.25)


def test_the_shapes_that_files_of_weights_hold():
    shapes = {key: tuple(rows.shape) for key, rows in CueNetwork().state_dict().items()}
    wanted = {
        "pose.first.weight": (24, 96, 3, 3),
        "pose.second.weight": (24, 24, 3, 3),
        "pose.cells.weight": (5, 24, 1, 1),
        "pose.hidden.weight": (96, 24 * 12 * 6),
        "pose.facing.weight": (1, 96),
        "body_linear.weight": (256, 640),
        "mask.weight": (3, 320, 1, 1),
        **{f"part_linear.{k}.weight": (128, 320) for k in range(3)},
        **{f"part_visibility.{k}.weight": (1, 321) for k in range(3)},
    }
    assert {key: shapes.get(key) for key in wanted} == wanted
    without_bias = ("pose.first", "body_linear", "part_linear.0", "part_linear.2")
    assert not [name for name in without_bias if f"{name}.bias" in shapes]
    assert "pose.centres" not in shapes  # it follows from the grid


@torch.inference_mode()
def test_a_body_is_the_mean_and_the_most_of_its_map_and_a_part_is_seen_by_its_mask():
    torch.manual_seed(0)
    network: Any = CueNetwork().eval()
    maps = network.maps(torch.randn(2, 3, 192, 96))
    assert maps.shape == (2, 96, 12, 6)
    grid = network.features[14:18](maps)
    network.body_linear.weight.zero_()
    for part in range(3):
        network.part_visibility[part].weight.zero_()
        network.part_visibility[part].bias.zero_()
    network.body_linear.weight[0, 5] = network.body_linear.weight[1, 320 + 5] = 1
    network.part_visibility[1].weight[0, 0] = 3  # the strongest place of its mask
    network.part_visibility[2].weight[0, 1 + 7] = 50  # the mean of a channel where its mask is
    (body, *_), visibility, masks = network.pooled(maps)
    assert body[:, 0].tolist() == pytest.approx(grid[:, 5].mean(dim=(1, 2)).tolist(), abs=1e-5)
    assert body[:, 1].tolist() == pytest.approx(grid[:, 5].amax(dim=(1, 2)).tolist(), abs=1e-5)
    strongest = masks[:, 1].amax(dim=(1, 2))
    weight = masks[:, 2]
    mean = (grid[:, 7] * weight).sum(dim=(1, 2)) / weight.sum(dim=(1, 2))
    assert visibility[:, 0].tolist() == [0.5, 0.5]
    assert visibility[:, 1].tolist() == pytest.approx(torch.sigmoid(3 * strongest).tolist())
    assert visibility[:, 2].tolist() == pytest.approx(torch.sigmoid(50 * mean).tolist(), abs=1e-3)
