from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from studio.blocking import free_spot, rough_views
from studio.director import stage_scene
from studio.floors import floor_plan
from studio.stage import Camera, Shot, Stand, Walk, place
from studio.stories import STORIES, clear_cameras


def test_a_walk_keeps_its_pace_and_stops():
    walk = Walk(((0, 0), (0, 2)), speed_m_s=1.0)
    assert [round(place(walk, t).z_m, 3) for t in (0, 0.5, 2, 9)] == [0, 0.5, 2, 2]
    assert place(walk, 9).moving == 0


def test_a_turn_ends_where_it_should():
    stand = Stand((0, 0), 0.0, turn_to_rad=3.0, turn_at_s=0.2)
    assert place(stand, 0).yaw_rad == 0
    assert place(stand, 5).yaw_rad == pytest.approx(3.0)


def test_what_the_camera_looks_at_is_in_the_middle():
    lens = Camera((0, 1.5, 4), (0.3, 1, 0)).at_time(0)
    points, depth = lens.project(np.array([[0.3, 1, 0]]), 640, 360)
    assert points[0] == pytest.approx([320, 180])
    assert depth[0] > 0


def test_shake_moves_a_little_and_repeats():
    camera = Camera((0, 1.5, 4), (0, 1, 0), shake=1.0, shake_seed=3)
    a, b = camera.at_time(0.4), camera.at_time(0.4)
    assert np.array_equal(a.at, b.at)
    assert 0 < np.linalg.norm(a.at - camera.at_time(1.4).at) < 0.3


@pytest.mark.parametrize("story", STORIES)
@pytest.mark.parametrize("frames", [24, 48, 97])
def test_stories_fill_the_clip_with_people_in_view(story, frames):
    scene = stage_scene(7, name="s", story=story, people=2, frames=frames)
    assert scene.frames == frames
    assert scene.spans()[-1][1] == frames
    for start, stop in scene.spans():
        views = rough_views(scene, (start + stop) // 2)
        assert any(view.inside > 0.3 for view in views.values())


def test_somebody_behind_another_is_not_free():
    near, far = Stand((0, 0.5), 0), Stand((0, -1), 0)
    scene = stage_scene(1, name="s", people=2, frames=24)
    a, b = (look.name for look in scene.cast)
    shot = Shot(24, Camera((0, 1.5, 4), (0, 1, 0)), ((a, near), (b, far)))
    views = rough_views(replace(scene, shots=(shot,)), 0)
    assert views[a].free == 1
    assert views[b].free < 0.2


def test_a_free_spot_is_away_from_everybody():
    scene = stage_scene(25, name="s", story="gather", set_name="room", people=2, frames=72)
    spot = free_spot(scene, 0)
    assert spot is not None
    x, z = spot
    for _, action in scene.shots[0].actions:
        assert isinstance(action, Stand)
        assert np.hypot(action.at[0] - x, action.at[1] - z) > 0.7


def test_cameras_stay_out_of_pillars():
    floor = floor_plan("cafe", 1)
    x, z = floor.occluders[0]
    shot = Shot(10, Camera((x + 0.05, 1.5, z), (0, 1, 0)), ())
    (moved,) = clear_cameras([shot], floor)
    assert np.hypot(moved.camera.eye[0] - x, moved.camera.eye[2] - z) > 0.7
