"""Teaching faces: views, mixtures and shares of the places, on small made-up pictures."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from identity.appearance.faces.align import TEMPLATE, TEMPLATE_PX, aligned_face
from identity.appearance.faces.network import FaceLook, FacePoints
from identity.appearance.faces.sizes import LOOK_PX, POINTS_PX
from training.faces import read_mixed_points
from training.faces_data import KEPT_PX, KEPT_SIDE, PointTeacher
from training.faces_mixed import MARGIN_PX, WIDE_PX, Crowd, inner, mixture, shares, toned, wide_face
from training.faces_views import face_view, head_view

SMOOTH = np.stack(
    [np.add.outer(np.arange(KEPT_PX), k * np.arange(KEPT_PX)) % 251 for k in (0, 1, 2)], axis=2
).astype(np.uint8) // 2 + 60  # fmt: skip


@pytest.mark.parametrize(("given", "made"), [(1, 1), (7, 5), (7, 7), (5, 7), (4, 2)], ids=str)
def test_every_place_is_shared_out_once(given: int, made: int) -> None:
    np.testing.assert_allclose(shares(given, made).sum(0), np.ones(given), atol=1e-6)
    np.testing.assert_allclose(shares(given, made).sum(1), np.full(made, given / made), atol=1e-5)


def test_a_wide_face_holds_what_the_teacher_sees() -> None:
    points = TEMPLATE * 1.3 + 40
    wide = wide_face(SMOOTH, points)
    assert wide.shape == (WIDE_PX, WIDE_PX, 3)
    narrow = aligned_face(SMOOTH, points, TEMPLATE_PX).astype(int)
    assert np.abs(inner(wide)[4:-4, 4:-4].astype(int) - narrow[4:-4, 4:-4]).mean() < 2


def test_the_middle_of_a_face_stays_the_middle() -> None:
    wide = np.zeros((WIDE_PX, WIDE_PX, 3), np.uint8)
    middle = WIDE_PX // 2
    wide[middle - 4 : middle + 4, middle - 4 : middle + 4] = 255
    view = face_view(wide).astype(float)[..., 0]
    assert view.shape == (LOOK_PX, LOOK_PX)
    rows, columns = np.mgrid[0:LOOK_PX, 0:LOOK_PX]
    for places in (rows, columns):
        assert (places * view).sum() / view.sum() == pytest.approx((LOOK_PX - 1) / 2, abs=0.3)


@pytest.mark.parametrize("seed", [None, 0, 1, 2, 3])
def test_points_move_with_the_picture(seed: int | None) -> None:
    """A bright dot lies where its point is said to be, however the head is cut."""
    place = np.array([150.0, 110.0])
    picture = np.full((KEPT_PX, KEPT_PX, 3), 20, np.uint8)
    picture[int(place[1]) - 5 : int(place[1]) + 6, int(place[0]) - 5 : int(place[0]) + 6] = 255
    rng = None if seed is None else np.random.default_rng(seed)
    view, points = head_view(picture, np.tile(place, (5, 1)).astype(np.float32), rng)
    x, y = points[0] * POINTS_PX - 0.5
    bright = view.astype(float).sum(2)
    bright = np.clip(bright - bright.max() / 2, 0, None)
    rows, columns = np.mgrid[0:POINTS_PX, 0:POINTS_PX]
    assert (columns * bright).sum() / bright.sum() == pytest.approx(x, abs=1.5)
    assert (rows * bright).sum() / bright.sum() == pytest.approx(y, abs=1.5)


@pytest.mark.parametrize("seed", [None, 0, 1])
def test_looked_at_again_a_face_fills_the_square(seed: int | None) -> None:
    rng = None if seed is None else np.random.default_rng(seed)
    for scale in (0.3, 1.5):
        _, points = head_view(SMOOTH, scale * TEMPLATE + 30, rng, near=True)
        eyes = np.linalg.norm(points[0] - points[1])
        assert eyes == pytest.approx(0.85 * 35.2 / 112, rel=0.02 if rng is None else 0.5)


def test_points_of_a_wide_face_are_in_its_pixels() -> None:
    """The teacher sees the face in a frame; what it says is brought back."""

    class Finder(PointTeacher):
        def __init__(self) -> None:
            pass

        def read(self, picture: np.ndarray) -> tuple[float, np.ndarray]:
            rows, columns = np.nonzero(picture[..., 0] > 127)
            place = np.array([columns.mean(), rows.mean()], np.float32)
            return 1.0, np.tile(place, (5, 1))

    face = np.zeros((WIDE_PX, WIDE_PX, 3), np.uint8)
    face[60:70, 90:100] = 255
    score, points = Finder().read_wide(face)
    assert score == 1.0
    np.testing.assert_allclose(points, np.tile([94.5, 64.5], (5, 1)), atol=0.5)


@pytest.mark.parametrize(("scores", "kept"), [([], 0), ([0.9], 1), ([0.9, 0.2, 0.7], 2)])
def test_mixtures_without_a_face_teach_no_points(
    tmp_path: Path, scores: list[float], kept: int
) -> None:
    count = len(scores)
    if count:
        faces = np.zeros((count, WIDE_PX, WIDE_PX, 3), np.uint8)
        np.savez(tmp_path / "mixed0003.npz", faces=faces)
        np.savez(
            tmp_path / "points0003.npz",
            score=np.array(scores, np.float32), points=np.zeros((count, 5, 2), np.float32),
        )  # fmt: skip
    faces, points = read_mixed_points(tmp_path)
    assert faces.shape == (kept, WIDE_PX, WIDE_PX, 3)
    assert points.shape == (kept, 5, 2)


def test_no_points_stay_no_points() -> None:
    _, points = head_view(SMOOTH, np.full((5, 2), np.nan, np.float32), np.random.default_rng(0))
    assert np.isnan(points).all()
    assert KEPT_SIDE > 2  # or errors of the box would show what was not kept


@pytest.mark.parametrize("people", [[0], [0, 1], [0, 0, 1, 2]])
def test_mixtures_are_pictures_and_the_same_again(people: list[int]) -> None:
    faces = np.random.default_rng(0).integers(0, 255, (len(people), WIDE_PX, WIDE_PX, 3))
    drawn = [
        mixture(
            Crowd(faces.astype(np.uint8), np.array(people), np.array(people) > 1),
            np.random.default_rng(5),
        )
        for _ in "ab"
    ]
    assert drawn[0].shape == (WIDE_PX, WIDE_PX, 3)
    assert drawn[0].dtype == np.uint8
    np.testing.assert_array_equal(drawn[0], drawn[1])


def test_a_toned_face_has_the_colours_of_the_other() -> None:
    rng = np.random.default_rng(0)
    face, like = rng.normal(90, 20, (2, 30, 30, 3)).astype(np.float32) * [[[[1]]], [[[1.6]]]]
    toned_face = toned(face.astype(np.float32), like.astype(np.float32))
    np.testing.assert_allclose(toned_face.mean((0, 1)), like.mean((0, 1)), rtol=0.02)
    np.testing.assert_allclose(toned_face.std((0, 1)), like.std((0, 1)), rtol=0.1)


def test_the_parts_of_a_look_are_the_look() -> None:
    network = FaceLook().eval()
    faces = torch.randn(2, 3, LOOK_PX, LOOK_PX)
    with torch.inference_mode():
        maps = network.features(faces)
        whole = network.parts(maps).sum(1) + network.look.bias
        torch.testing.assert_close(whole, network(faces).look, atol=1e-4, rtol=1e-4)


def test_points_begin_in_the_middle() -> None:
    with torch.inference_mode():
        out = FacePoints().eval()(torch.zeros(1, 3, POINTS_PX, POINTS_PX))
    assert out.in_rows().shape == (1, 11)
    assert (out.points - 0.5).abs().max() < 0.5
    assert MARGIN_PX > 0
