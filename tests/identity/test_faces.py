"""Faces: how five points are put in place, and what the bundled networks say of squares."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from identity.appearance.faces.align import (
    TEMPLATE,
    aligned_face,
    face_transform,
    near_transform,
    square_crop,
    turn_of,
)
from identity.appearance.faces.network import FaceNetworks
from identity.appearance.faces.reader import WEIGHTS, FaceReader, read_faces
from identity.appearance.faces.sizes import LOOK_DIM, LOOK_PX, POINTS_PX
from scenes.errors import WeightsError
from tracker.tensor_file import read_tensors

PICTURE = np.random.default_rng(0).integers(0, 255, (40, 60, 3)).astype(np.uint8)


def turned(points: np.ndarray, *, by_rad: float, scale: float, move: tuple[float, float]):
    turn = np.array([[np.cos(by_rad), -np.sin(by_rad)], [np.sin(by_rad), np.cos(by_rad)]])
    return (scale * points @ turn.T + move).astype(np.float32)


@pytest.mark.parametrize(
    ("by_rad", "scale", "move"), [(0.0, 1.0, (0, 0)), (0.4, 0.3, (9, -4)), (-2.0, 3.0, (100, 5))]
)
@pytest.mark.parametrize("size_px", [80, 112])
def test_points_land_on_the_template(
    by_rad: float, scale: float, move: tuple[float, float], size_px: int
) -> None:
    points = turned(TEMPLATE, by_rad=by_rad, scale=scale, move=move)
    matrix = face_transform(points, size_px)
    landed = points @ matrix[:, :2].T + matrix[:, 2]
    np.testing.assert_allclose(landed, TEMPLATE * size_px / 112, atol=0.02)


def test_looked_at_again_points_come_back_where_they_are() -> None:
    """With a network that says the template's places, refining finds the place it was given."""
    reader = FaceReader()
    points = turned(TEMPLATE, by_rad=0.2, scale=0.4, move=(8, 6))
    matrix = near_transform(points, 64)
    says = (points @ matrix[:, :2].T + matrix[:, 2] + 0.5) / 64

    class Session:
        def run(self, names: None, given: dict[str, np.ndarray]) -> list[np.ndarray]:
            count = len(given["squares"])
            return [np.tile(np.append(says.reshape(-1), 0), (count, 1))]

    reader._points = Session()
    head = np.zeros((60, 60, 3), np.uint8)
    np.testing.assert_allclose(reader.refined([head], points[None])[0], points, atol=0.01)
    assert reader.refined([], np.zeros((0, 5, 2), np.float32)).shape == (0, 5, 2)


def test_points_in_one_place_are_no_face() -> None:
    with pytest.raises(ValueError, match="no direction"):
        face_transform(np.full((5, 2), 3, np.float32), 80)


@pytest.mark.parametrize(
    ("moved", "aside", "ratio"),
    [
        pytest.param({}, 0.01, -0.14, id="towards the camera"),
        pytest.param({2: (14, 0)}, 0.41, -0.14, id="the nose goes aside"),
        pytest.param({0: (9, 0), 1: (-9, 0), 3: (5, 0), 4: (-5, 0)}, 0.01, -0.86, id="half turned"),
        pytest.param({3: (0, -20), 4: (0, -20)}, 0.01, 0.54, id="nods"),
    ],
)
@pytest.mark.parametrize("size", [1.0, 0.1])
def test_how_a_face_is_turned(
    moved: dict[int, tuple[int, int]], aside: float, ratio: float, size: float
) -> None:
    points = TEMPLATE.copy()
    for place, way in moved.items():
        points[place] += way
    for tilt in (0.0, 0.6):  # a head that leans is not turned
        turn = np.array([[np.cos(tilt), -np.sin(tilt)], [np.sin(tilt), np.cos(tilt)]])
        found = [float(part[0]) for part in turn_of(size * points[None] @ turn.T)]
        assert found == pytest.approx([aside, ratio], abs=0.03)


def test_nobody_and_points_in_one_place_have_a_turn_that_is_a_number() -> None:
    assert [part.shape for part in turn_of(np.zeros((0, 5, 2)))] == [(0,), (0,)]
    assert np.isfinite(turn_of(np.full((1, 5, 2), 3.0))).all()


def test_a_large_face_is_brought_down_without_skipping_pixels() -> None:
    """Stripes of one pixel become grey, not one of the two colours."""
    stripes = np.zeros((1120, 1120, 3), np.uint8)
    stripes[::2] = 255
    face = aligned_face(stripes, 10 * TEMPLATE, 80)
    assert np.abs(face[5:-5, 5:-5].astype(int) - 127).max() < 30


@pytest.mark.parametrize(
    ("box", "side"),
    [([10, 10, 20, 30], 28), ([-30, -30, 5, 5], 49), ([59, 39, 60, 40], 1), ([5, 5, 5, 5], 1)],
)
def test_squares_around_a_box(box: list[float], side: int) -> None:
    square = square_crop(PICTURE, box)
    assert square.shape == (side, side, 3)
    assert square_crop(PICTURE, box, size_px=64).shape == (64, 64, 3)


def test_beyond_the_picture_its_edge_goes_on() -> None:
    square = square_crop(PICTURE, [-20, -20, -10, -10], scale=1.0)
    assert (square == PICTURE[0, 0]).all()


@pytest.mark.parametrize("count", [0, 1, 17])
def test_rows_for_every_head(count: int) -> None:
    heads = [np.full((20 + k, 20 + k, 3), 9 * k, np.uint8) for k in range(count)]
    known, vectors, turn = read_faces(heads)
    assert (known.shape, turn.shape) == ((count,), (count, 2))
    assert vectors.shape == (count, LOOK_DIM)
    assert not vectors[~known].any()
    assert not turn[~known].any()
    np.testing.assert_allclose(np.linalg.norm(vectors[known], axis=1), 1, atol=1e-5)


def test_a_batch_changes_nothing() -> None:
    rng = np.random.default_rng(1)
    heads = [rng.integers(0, 255, (s, s, 3)).astype(np.uint8) for s in (30, 64, 90)]
    reader = FaceReader()
    together, alone = reader.points(heads), [reader.points([head]) for head in heads]
    for k, one in enumerate(alone):
        np.testing.assert_allclose(together[0][k], one[0][0], atol=1e-3)
        np.testing.assert_allclose(together[1][k], one[1][0], atol=1e-4)


def test_the_graphs_compute_what_the_networks_do() -> None:
    _, state = read_tensors(WEIGHTS, instead="")
    networks = FaceNetworks()
    networks.load_state_dict(state)
    networks.eval()
    rng = np.random.default_rng(2)
    reader = FaceReader()
    for network, session, name, side_px in (
        (networks.points, reader._points, "squares", POINTS_PX),
        (networks.look, reader._look, "faces", LOOK_PX),
    ):
        given = rng.uniform(-1, 1, (3, 3, side_px, side_px)).astype(np.float32)
        with torch.inference_mode():
            wanted = network(torch.from_numpy(given)).in_rows().numpy()
        np.testing.assert_allclose(session.run(None, {name: given})[0], wanted, atol=2e-3)


@pytest.mark.parametrize("shape", [(20, 30, 3), (20, 20), (0, 0, 3)])
def test_no_square(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="a head is"):
        read_faces([np.zeros(shape, np.uint8)])


def test_weights_without_their_graphs(tmp_path: Path) -> None:
    lone = tmp_path / WEIGHTS.name
    lone.write_bytes(WEIGHTS.read_bytes())
    with pytest.raises(WeightsError, match="missing"):
        FaceReader(lone)
