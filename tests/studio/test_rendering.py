"""Needs EGL and the character assets; skipped with the reason where either is missing."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from studio.director import Wish, plant, stage_scene
from studio.truth import check_truth


@pytest.fixture(scope="module")
def pair():
    clean = stage_scene(
        24, name="clean", story="gather", set_name="office", people=2, frames=60, video_look=0.3
    )
    return clean, plant(clean, Wish("swap", where="open"), name="swap")


@pytest.fixture(scope="module")
def shot_pair(studio_at_work, pair, tmp_path_factory):
    folder = tmp_path_factory.mktemp("clips")
    # A handful of frames around the event says as much as all of them.
    clean, broken = pair
    start = broken.errors[0].start_frame
    cut = [replace(s, shots=(replace(s.shots[0], frames=start + 3),)) for s in pair]
    assert start < clean.shots[0].frames, "choose a seed whose swap is in the first shot"
    return folder, [studio_at_work.shoot(scene, folder) for scene in cut], start


def test_the_truth_of_a_rendered_clip_keeps_its_promises(shot_pair):
    folder, truths, _ = shot_pair
    for truth in truths:
        assert check_truth(truth) == []
        written = json.loads((folder / truth["clip"].replace(".mp4", ".truth.json")).read_text())
        assert written == json.loads(json.dumps(truth))
        assert all(len(person["tracks"]) == 1 for person in truth["people"])


def test_looks_change_exactly_at_the_event_and_only_in_the_broken_clip(shot_pair):
    _, (clean, broken), start = shot_pair
    assert clean["events"] == []
    swapped = set(broken["events"][0]["people"])
    for truth, faulty in ((clean, False), (broken, True)):
        for person in truth["people"]:
            (track,) = person["tracks"]
            for frame, look in zip(track["frames"], track["look"], strict=True):
                wrong = faulty and frame >= start and person["person"] in swapped
                assert (look != person["person"]) == wrong


def test_twins_show_identical_frames_before_the_event(studio_at_work, pair):
    from studio.film import Film

    pictures = {}
    start = pair[1].errors[0].start_frame
    for scene in pair:
        film = Film(studio_at_work.renderer, studio_at_work.wardrobe, scene)
        frames = film.frames()
        pictures[scene.name] = [next(frames).rgb for _ in range(start + 1)]
        film.close()
    clean, broken = pictures["clean"], pictures["swap"]
    assert all(np.array_equal(a, b) for a, b in zip(clean[:start], broken[:start], strict=True))
    assert not np.array_equal(clean[start], broken[start])


def test_the_same_seed_gives_the_same_bytes(studio_at_work, pair, tmp_path):
    short = replace(pair[0], shots=(replace(pair[0].shots[0], frames=4),))
    for name in ("a", "b"):
        studio_at_work.shoot(short, tmp_path / name)
        # Another story in between: nothing may be left over from it.
        other = replace(short, name="other", seed=99, set_name="park")
        studio_at_work.shoot(other, tmp_path / name)
    for file in ("clean.mp4", "clean.truth.json"):
        assert (tmp_path / "a" / file).read_bytes() == (tmp_path / "b" / file).read_bytes()


@pytest.mark.parametrize("species", ["cel", "toy", "robot", "animal"])
def test_every_species_can_be_drawn(studio_at_work, species, tmp_path):
    scene = stage_scene(
        4, name="one", story="gather", set_name="room", people=2, frames=3, species=species
    )
    scene = replace(scene, shots=scene.shots[:1])
    truth = studio_at_work.shoot(scene, tmp_path)
    assert check_truth(truth) == []
    heights = [box[3] - box[1] for p in truth["people"] for box in p["tracks"][0]["boxes"]]
    assert min(heights) > 20
