from __future__ import annotations

import numpy as np
import pytest

from studio.video import VideoLook, encode


@pytest.fixture
def picture():
    rng = np.random.default_rng(0)
    return np.kron(rng.integers(0, 255, (9, 16, 3)), np.ones((10, 10, 1))).astype(np.uint8)


def run(strength, seed, picture, cut_at=0):
    look = VideoLook(strength, seed)
    return [look.apply(picture, i, first_of_shot=i == cut_at) for i in range(4)]


def test_the_look_repeats_and_obeys_its_strength(picture):
    assert np.array_equal(run(0.5, 1, picture), run(0.5, 1, picture))
    assert not np.array_equal(run(0.5, 1, picture), run(0.5, 2, picture))
    assert np.array_equal(run(0.0, 1, picture)[0], picture)
    change = [
        np.abs(run(s, 1, picture)[0].astype(int) - picture.astype(int)).mean() for s in (0.2, 0.9)
    ]
    assert 0 < change[0] < change[1]


def test_no_trace_of_the_shot_before(picture):
    look = VideoLook(1.0, 1)
    look.apply(np.zeros_like(picture), 0, first_of_shot=True)
    fresh = VideoLook(1.0, 1)
    after_cut = look.apply(picture, 1, first_of_shot=True)
    assert np.array_equal(after_cut, fresh.apply(picture, 1, first_of_shot=True))


def test_clips_are_whole_or_not_there(tmp_path, picture):
    def frames():
        yield picture
        raise RuntimeError("power cut")

    with pytest.raises(RuntimeError):
        encode(tmp_path / "a.mp4", frames(), fps=24, crf=30, preset="ultrafast")
    assert not (tmp_path / "a.mp4").exists()
    for name in ("b", "c"):
        encode(tmp_path / f"{name}.mp4", [picture] * 5, fps=24, crf=30, preset="ultrafast")
    assert (tmp_path / "b.mp4").read_bytes() == (tmp_path / "c.mp4").read_bytes()


def test_clips_repeat_to_the_byte_whatever_lies_in_memory(tmp_path):
    rng = np.random.default_rng(0)
    texture = rng.integers(0, 255, (120, 200, 3), np.uint8)
    frames = [np.ascontiguousarray(texture[i : i + 90, i : i + 160]) for i in range(24)]
    clips, litter = set(), []
    for number in range(4):
        # Fill freed memory with something else every time.
        litter = [np.full(int(n), number, np.uint8) for n in rng.integers(1000, 900_000, 40)]
        path = tmp_path / f"{number}.mp4"
        encode(path, frames, fps=24, crf=24, preset="fast")
        clips.add(path.read_bytes())
    assert len(litter) == 40
    assert len(clips) == 1
