"""Faces of pictures on a device are those of arrays."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
import torch

from identity.appearance.faces import faces_there
from identity.appearance.faces.align import (
    TEMPLATE,
    aligned_face,
    near_transform,
    turn_of,
    turned,
)
from identity.appearance.faces.faces_there import NEAR_TARGET, TARGET, FacesThere, Turn
from identity.appearance.faces.network import FaceLook, FacePoints
from identity.appearance.faces.sizes import LOOK_DIM, LOOK_PX, POINTS_PX
from identity.appearance.faces.squares import cut_squares
from scenes.device_pictures import warped

HEIGHT, WIDTH = 180, 320


def pictures(count=3):
    rough = np.random.default_rng(2).integers(0, 256, (count, 12, 20, 3), np.uint8)
    return np.stack([cv2.resize(p, (WIDTH, HEIGHT), interpolation=cv2.INTER_CUBIC) for p in rough])


SQUARES = [
    pytest.param((100, 40, 90), id="inside"),
    pytest.param((-20, -30, 100), id="over the corner above"),
    pytest.param((280, 120, 80), id="over the corner below"),
    pytest.param((90, 60, 24), id="small"),
    pytest.param((0, -70, 320), id="larger than the picture is tall"),
    pytest.param((330, 190, 40), id="beyond the picture"),
]


@pytest.mark.parametrize("square", SQUARES)
@pytest.mark.parametrize("turn_deg", [0, -25, 160])
@pytest.mark.parametrize("share", [0.15, 0.6])  # of the square, that the face takes
@pytest.mark.parametrize("near", [False, True])
def test_faces_are_turned_as_opencv_does_it(square, turn_deg, share, near):
    rgb, side = pictures(), square[2]
    turn = np.deg2rad(turn_deg)
    axes = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    noise = np.random.default_rng(side).normal(0, 2, (5, 2))
    points = ((TEMPLATE - 56 + noise) / 56 * share @ axes.T + 1) * side / 2
    (head,) = cut_squares([rgb[1]], np.array([square]))
    left, top, _ = square
    if near:
        wanted = turned(head, near_transform(points.astype(np.float32), POINTS_PX), POINTS_PX)
    else:
        wanted = aligned_face(head, points.astype(np.float32), LOOK_PX)
    target = NEAR_TARGET if near else TARGET
    turn = Turn.onto(target, torch.from_numpy(points)[None], torch.tensor([side]))
    edges = torch.tensor([[top, left, top + side, left + side]])
    size_px = len(wanted)
    (moved,) = warped(torch.from_numpy(rgb), [1], edges, *turn[:2], size_px=size_px).numpy()
    assert turn.back(torch.from_numpy(target)[None])[0].numpy() == pytest.approx(
        points, abs=side / 20
    )
    apart = np.abs(moved - wanted.astype(np.float32))
    assert apart.max() <= 2
    assert apart.mean() < 0.3


def networks():
    torch.manual_seed(0)
    return FacePoints().eval(), FaceLook().eval()


def there(points, look):
    return FacesThere(
        lambda planes: points(planes).in_rows(), lambda planes: look(planes).in_rows()
    )


def here(points, look, heads):
    """Return the rows of arrays, one at a time, by OpenCV."""
    rows = []

    def planes(picture):
        return torch.from_numpy((picture.transpose(2, 0, 1)[None] - np.float32(127.5)) / 127.5)

    with torch.inference_mode():
        for head in heads:
            side = len(head)
            way = cv2.INTER_AREA if side > POINTS_PX else cv2.INTER_LINEAR
            said = points(planes(cv2.resize(head, (POINTS_PX, POINTS_PX), interpolation=way)))
            matrix = near_transform(said.points[0].numpy() * side - 0.5, POINTS_PX)
            again = points(planes(turned(head, matrix, POINTS_PX))).points[0].numpy()
            placed = (again * POINTS_PX - 0.5 - matrix[:, 2]) @ np.linalg.inv(matrix[:, :2]).T
            face = aligned_face(head, placed, LOOK_PX)
            known = torch.tensor([[float(said.logit[0] > 0)]])
            turn = torch.tensor(np.stack(turn_of(placed[None]), axis=1), dtype=torch.float32)
            rows.append(torch.cat([look(planes(face)).in_rows(), turn, known], dim=1))
    return torch.cat(rows).numpy()


def test_both_networks_see_the_same(monkeypatch):
    monkeypatch.setattr(faces_there, "SURE_LOGIT", 0.0)  # networks that nobody has trained
    rgb, (points, look) = pictures(), networks()
    squares = np.array([case.values[0] for case in SQUARES])
    places = [2, 0, 1, 1, 0, 2]
    heads = cut_squares([rgb[place] for place in places], squares)
    wanted = here(points, look, heads)
    found = there(points, look).rows(torch.from_numpy(rgb), places, torch.from_numpy(squares))
    faces = there(points, look).read(found.numpy())
    assert faces.known.tolist() == (wanted[:, -1] > 0).tolist()
    seen = wanted[faces.known, :LOOK_DIM]
    seen /= np.linalg.norm(seen, axis=1, keepdims=True)
    assert ((seen * faces.vectors[faces.known]).sum(axis=1) > 0.9995).all()
    assert faces.turn[faces.known] == pytest.approx(wanted[faces.known, -3:-1], abs=1e-2)
    assert not faces.vectors[~faces.known].any()


@pytest.mark.parametrize("count", [0, 1, 70])
def test_the_size_of_a_batch_changes_nothing(count, monkeypatch):
    rgb, own = torch.from_numpy(pictures()), there(*networks())
    rng = np.random.default_rng(1)
    places = rng.integers(0, 3, count).tolist()
    squares = torch.from_numpy(rng.integers(10, 90, (count, 3)))
    rows = own.rows(rgb, places, squares)
    assert tuple(rows.shape) == (count, LOOK_DIM + 4)
    monkeypatch.setattr(faces_there, "_AT_ONCE", 1)
    assert torch.allclose(own.rows(rgb, places, squares), rows, atol=1e-4)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -1e30, 0.5])
def test_points_that_are_none_are_no_face(value):
    """Whatever a network says, nothing is read beyond the picture."""
    _, look = networks()
    own = FacesThere(
        lambda planes: torch.full((len(planes), 11), value), lambda planes: look(planes).in_rows()
    )
    squares = torch.tensor([[10, 10, 40], [-10, 150, 90]])
    faces = own.read(own.rows(torch.from_numpy(pictures()), [0, 2], squares).numpy())
    assert not faces.known.any()
    assert not faces.vectors.any()
