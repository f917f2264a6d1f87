from __future__ import annotations

import numpy as np
import pytest

from training.styles import drawn, toned

HEIGHT_PX, WIDTH_PX = 48, 64


@pytest.fixture
def noisy():
    """A grey figure with grain before grey grain; who is where."""
    rng = np.random.default_rng(5)
    owner = np.zeros((HEIGHT_PX, WIDTH_PX), np.int32)
    owner[8:40, 20:40] = 1
    bgr = 150 + 20 * (owner[..., None] > 0) + rng.normal(0, 6, (HEIGHT_PX, WIDTH_PX, 3))
    return bgr.astype(np.float32), owner


@pytest.mark.parametrize("seed", range(8))
def test_a_drawn_picture_is_flat_within_and_keeps_its_size(noisy, seed):
    bgr, owner = noisy
    out = drawn(bgr, owner, np.random.default_rng(seed))
    assert out.shape == bgr.shape
    assert out.dtype == np.float32
    assert 0 <= out.min() <= out.max() <= 255
    inside = (slice(14, 34), slice(26, 34))
    assert out[inside].std(axis=(0, 1)).max() < bgr[inside].std(axis=(0, 1)).min()


def test_most_drawn_figures_have_a_dark_outline(noisy):
    bgr, owner = noisy
    dark = 0
    for seed in range(20):
        out = drawn(bgr, owner, np.random.default_rng(seed)).mean(axis=2)
        dark += out[24, 17:23].min() < out[24, 28:32].mean() - 40
    assert 10 <= dark < 20


def test_nobody_is_no_reason_to_fail():
    empty = np.full((HEIGHT_PX, WIDTH_PX, 3), 90, np.float32)
    nobody = np.zeros((HEIGHT_PX, WIDTH_PX), np.int32)
    for seed in range(4):
        out = drawn(empty, nobody, np.random.default_rng(seed))
        assert np.allclose(out, out[0, 0], atol=1)


def test_a_toned_picture_keeps_what_is_bright_bright(noisy):
    bgr, owner = noisy
    for seed in range(6):
        out = toned(bgr, np.random.default_rng(seed))
        assert out.shape == bgr.shape
        assert out[owner == 1].mean() > out[owner == 0].mean()


@pytest.mark.parametrize("style", [drawn, toned])
def test_the_same_draw_gives_the_same_picture(noisy, style):
    bgr, owner = noisy
    given = (bgr, owner) if style is drawn else (bgr,)
    one, two = (style(*given, np.random.default_rng(3)) for _ in range(2))
    assert np.array_equal(one, two)
