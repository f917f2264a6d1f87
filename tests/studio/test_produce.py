from __future__ import annotations

import os
import subprocess
import sys

import pytest

from studio.director import stage_scene
from studio.errors import SceneError
from studio.picture import RenderSettings
from studio.produce import fingerprint, render_set
from studio.video import Encoding


class FakeCamera:
    """Writes empty clips; breaks on the scenes it is told to."""

    def __init__(self, *, interrupt_at="", fail_at=""):
        self.shot = []
        self.interrupt_at = interrupt_at
        self.fail_at = fail_at

    def shoot(self, scene, folder, *, progress=lambda _: None):
        (folder / f"{scene.name}.mp4").write_bytes(b"clip")
        if scene.name == self.interrupt_at:
            raise KeyboardInterrupt
        if scene.name == self.fail_at:
            raise SceneError("no place")
        (folder / f"{scene.name}.truth.json").write_text("{}")
        self.shot.append(scene.name)
        progress(scene.frames)
        return {}


@pytest.fixture
def scenes():
    return [stage_scene(seed, name=f"s{seed}", frames=24) for seed in range(4)]


def marks_of(scenes, **settings):
    return [fingerprint(s, RenderSettings(**settings), Encoding()) for s in scenes]


def test_a_broken_off_set_goes_on_where_it_stopped(scenes, tmp_path):
    marks = marks_of(scenes)
    first = FakeCamera(interrupt_at="s2")
    with pytest.raises(KeyboardInterrupt):
        render_set(scenes, tmp_path, lambda: first, marks)
    assert first.shot == ["s0", "s1"]
    second = FakeCamera()
    tally = render_set(scenes, tmp_path, lambda: second, marks)
    assert second.shot == ["s2", "s3"]
    assert tally.kept == ["s0", "s1"]


def test_a_finished_set_opens_no_camera(scenes, tmp_path):
    marks = marks_of(scenes)
    render_set(scenes, tmp_path, FakeCamera, marks)

    def no_camera():
        pytest.fail("nothing was left to render")

    steps = []
    render_set(scenes, tmp_path, no_camera, marks, progress=lambda name, n: steps.append((name, n)))
    assert steps == [(f"s{i}", 24) for i in range(4)]


@pytest.mark.parametrize("lost", ["mp4", "truth.json"])
def test_a_lost_file_is_made_again(scenes, tmp_path, lost):
    marks = marks_of(scenes)
    render_set(scenes, tmp_path, FakeCamera, marks)
    (tmp_path / f"s1.{lost}").unlink()
    camera = FakeCamera()
    render_set(scenes, tmp_path, lambda: camera, marks)
    assert camera.shot == ["s1"]


def test_other_settings_make_everything_again(scenes, tmp_path):
    render_set(scenes, tmp_path, FakeCamera, marks_of(scenes))
    camera = FakeCamera()
    render_set(scenes, tmp_path, lambda: camera, marks_of(scenes, width_px=320))
    assert len(camera.shot) == 4


def test_one_failing_scene_does_not_end_the_set(scenes, tmp_path):
    camera = FakeCamera(fail_at="s1")
    tally = render_set(scenes, tmp_path, lambda: camera, marks_of(scenes))
    assert list(tally.failed) == ["s1"]
    assert camera.shot == ["s0", "s2", "s3"]


def test_fingerprint_is_the_same_in_every_process():
    code = (
        "from studio.director import stage_scene; from studio.produce import fingerprint;"
        "from studio.picture import RenderSettings; from studio.video import Encoding;"
        "suits = frozenset({'male_casualsuit01', 'male_casualsuit03', 'female_casualsuit01'});"
        "scene = stage_scene(1, name='s', frames=24, suits=suits);"
        "print(fingerprint(scene, RenderSettings(), Encoding()))"
    )
    marks = {
        subprocess.run(
            [sys.executable, "-c", code], env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True, text=True, check=True,
        ).stdout
        for seed in ("1", "2", "3")
    }  # fmt: skip
    assert len(marks) == 1
