"""Which pixels each cue looks at, and which boxes it says something of."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import cv2
import numpy as np
import pytest

from identity.appearance.colour import (
    HISTOGRAM_DIM,
    bin_colours,
    colour_histogram,
    colour_histograms,
    mean_lightness,
)
from identity.appearance.cues import body, facing, hair, parts, zones
from identity.appearance.cues.crops import Crops
from identity.appearance.cues.hair import hair_patches
from identity.appearance.embedder import CrossCues


def picture(height=100, width=50, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)


def told(count, *, visibility=None, head_box=None, cosine=None):
    return CrossCues(
        np.ones((count, 4), np.float32),
        np.arange(count * 6, dtype=np.float32).reshape(count, 3, 2),
        np.array(visibility if visibility is not None else [[1, 1, 1]] * count, np.float32),
        np.array(head_box if head_box is not None else [[0.3, 0, 0.7, 0.2]] * count, np.float32),
        np.array(cosine if cosine is not None else [0.0] * count, np.float32),
    )


def crops(pictures, *, sampled=(), cues=None, boxes=None):
    rows = boxes if boxes is not None else [[0, 0, 50, 100]] * (max(pictures, default=0) + 1)
    found: Any = SimpleNamespace(xyxy=np.array(rows, np.float32))
    return Crops(found, pictures, sampled, 640, 360, np.zeros((0, 4), np.float32), cues)


# --- hair -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("head_box", "rows", "columns"),
    [
        pytest.param((0.3, 0.0, 0.7, 0.2), (0, 10), (17, 33), id="half as high, a tenth narrower"),
        pytest.param((0.0, 0.1, 1.0, 0.5), (10, 30), (5, 45), id="as wide as the box"),
        pytest.param((0.5, 0.5, 0.5, 0.5), (50, 51), (25, 26), id="a head of no size"),
        pytest.param((-0.5, -0.2, 0.5, 0.2), (0, 1), (0, 20), id="beyond the left and the top"),
        pytest.param((1.2, 1.2, 1.5, 1.5), (99, 135), (49, 74), id="beyond the right and the foot"),
    ],
)
def test_hair_is_the_upper_half_of_a_head(head_box, rows, columns):
    crop = picture()
    (patch,) = hair_patches([crop], np.array([head_box]))
    assert np.array_equal(patch, crop[rows[0] : rows[1], columns[0] : columns[1]])
    assert np.asarray(patch).size


def test_hair_is_told_of_heads_in_view():
    pictures = {2: picture(seed=2), 5: picture(seed=5), 7: picture(seed=7)}
    cues = told(3, visibility=[[0.5, 0, 0], [0.49, 1, 1], [0.9, 1, 1]])
    rows, vectors = hair.measure(crops(pictures, sampled=(2, 5, 7), cues=cues), "hair")
    assert rows.tolist() == [2, 7]
    wanted = [colour_histogram(pictures[row][:10, 17:33]) for row in (2, 7)]
    assert np.array_equal(vectors, np.stack(wanted))


# --- parts, facing --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cue", "number", "rows"),
    [("head_look", 0, [4]), ("upper_look", 1, [4, 9]), ("lower_look", 2, [])],
)
def test_parts_are_told_where_they_are_in_view(cue, number, rows):
    cues = told(2, visibility=[[0.5, 0.5, 0.49], [0.2, 0.6, 0.1]])
    found, vectors = parts.measure(crops({}, sampled=(4, 9), cues=cues), cue)
    assert found.tolist() == rows
    assert vectors.tolist() == [cues.parts[(4, 9).index(row), number].tolist() for row in rows]


def test_who_tells_no_parts_is_not_asked():
    with pytest.raises(ValueError, match="no parts"):
        parts.measure(crops({}, sampled=()), "head_look")


@pytest.mark.parametrize(
    ("cosine", "turned"),
    [(1.0, (1, 0)), (0.0, (0, 1)), (-1.0, (-1, 0)), (0.6, (0.6, 0.8)), (1.3, (1, 0)),
     (-1.3, (-1, 0))],
)  # fmt: skip
def test_how_far_a_body_is_turned(cosine, turned):
    rows, vectors = facing.measure(crops({}, sampled=(3,), cues=told(1, cosine=[cosine])), "facing")
    assert rows.tolist() == [3]
    assert vectors[0] == pytest.approx(turned, abs=1e-6)


# --- colours --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("size", "upper", "lower"),
    [
        pytest.param((100, 50), np.s_[:50, 5:45], np.s_[50:, 5:45], id="without a tenth aside"),
        pytest.param((7, 10), np.s_[:3, 1:9], np.s_[3:, 1:9], id="an odd height"),
        pytest.param((1, 10), np.s_[:1, 1:9], np.s_[:1, 1:9], id="a single row twice"),
        pytest.param((6, 1), np.s_[:3, :1], np.s_[3:, :1], id="a single column"),
    ],
)
def test_without_a_network_a_body_is_the_colours_of_both_halves(size, upper, lower):
    crop = picture(*size)
    (vector,) = body.colour_bodies([crop])
    assert np.linalg.norm(vector) == pytest.approx(1, abs=1e-6)
    for half, part in ((vector[:HISTOGRAM_DIM], upper), (vector[HISTOGRAM_DIM:], lower)):
        assert half == pytest.approx(colour_histogram(crop[part]) / 2**0.5, abs=1e-6)
    assert body.colour_bodies([]).shape == (0, 2 * HISTOGRAM_DIM)
    rows, _ = body.measure(crops({}, sampled=(1, 8)), "body")
    assert rows.tolist() == [1, 8]


@pytest.mark.parametrize(
    ("cue", "part"),
    [
        ("head", np.s_[0:20, 10:30]),
        ("upper", np.s_[21:52, 6:34]),
        ("lower", np.s_[76:100, 8:32]),
    ],
)
def test_zones_of_a_figure(cue, part):
    """A figure of 6.5 heads: 130 px by 40 px in a picture of 640 by 360."""
    crop = picture(130, 40)
    rows, vectors = zones.measure(crops({0: crop}, boxes=[[100, 50, 140, 180]]), cue)
    assert rows.tolist() == [0]
    tall = {"head": np.s_[0:20], "upper": np.s_[21:52], "lower": np.s_[76:120]}[cue]
    assert np.array_equal(vectors[0], colour_histogram(crop[tall, part[1]]))


def test_a_zone_out_of_view_is_left_out():
    near = [200, 100, 400, 359]  # cut below, and as wide as a near body
    rows, vectors = zones.measure(crops({0: picture(259, 200)}, boxes=[near]), "lower")
    assert rows.tolist() == []
    assert vectors.shape == (0, HISTOGRAM_DIM)
    rows, _ = zones.measure(crops({0: picture(259, 200)}, boxes=[near]), "head")
    assert rows.tolist() == [0]


def test_one_colour_lies_in_the_bins_around_it():
    bins = bin_colours()
    assert bins.shape == (486, 3)
    assert bins.min(axis=0).tolist() == [0, -50, -50]
    assert bins.max(axis=0).tolist() == [100, 60, 60]
    assert np.unique(bins[:, 0]).tolist() == [0, 20, 40, 60, 80, 100]
    assert np.diff(np.unique(bins[:, 1])).tolist() == pytest.approx([13.75] * 8)
    assert np.diff(np.unique(bins[:, 2])).tolist() == pytest.approx([13.75] * 8)
    share = np.square(colour_histogram(np.full((4, 4, 3), (200, 60, 50), np.uint8)))
    assert share.sum() == pytest.approx(1, abs=1e-5)
    lab = cv2.cvtColor(np.array([[(200, 60, 50)]], np.float32) / 255, cv2.COLOR_RGB2LAB)[0, 0]
    assert share @ bins == pytest.approx(lab, abs=0.01)
    assert np.count_nonzero(share) <= 8


@pytest.mark.parametrize("rgb", [(0, 0, 0), (255, 255, 255), (0, 0, 255), (0, 255, 0)])
def test_colours_at_the_edge_of_what_there_is_lie_in_the_last_bins(rgb):
    share = np.square(colour_histogram(np.full((4, 4, 3), rgb, np.uint8)))
    assert share.sum() == pytest.approx(1, abs=1e-5)
    light = float(share @ bin_colours()[:, 0])
    assert light == pytest.approx({0: 0, 765: 100}.get(sum(rgb), light), abs=0.2)


def test_a_patch_is_averaged_to_sixteen_pixels_a_side():
    fine = np.indices((64, 64)).sum(axis=0) % 2 * 255
    patch = np.repeat(fine.astype(np.uint8)[..., None], 3, axis=2)
    grey = colour_histogram(np.full((16, 16, 3), 128, np.uint8))
    assert colour_histogram(patch) @ grey == pytest.approx(1, abs=0.01)
    coarse = patch[:16, :16]
    assert colour_histogram(coarse) @ grey < 0.2
    both = colour_histograms([patch, coarse])
    assert mean_lightness(both[0]) == pytest.approx(54, abs=1)
    assert mean_lightness(both[1]) == pytest.approx(50, abs=1)
    assert mean_lightness(np.zeros(486, np.float32)) == 0
