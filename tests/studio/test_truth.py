from __future__ import annotations

import copy

import numpy as np
import pytest

from studio.director import Wish, plant, stage_scene
from studio.truth import Sighting, build_truth, check_truth, event, mask_box


def sighting(person, look, box, track=0):
    whole = [10, 10, 40, 80]
    return Sighting(person, track, look, box, whole, [10.0, 10.0, 40.0, 80.0], 1.0, 0.0, 0.0, None,
                    [None] * 16)  # fmt: skip


@pytest.fixture
def scene():
    clean = stage_scene(25, name="s", story="gather", set_name="room", people=2, frames=48)
    return plant(clean, Wish("swap", where="cut"), name="s")


@pytest.fixture
def truth(scene):
    a, b = (look.name for look in scene.cast)
    frames = [
        [sighting(a, a, [10, 10, 40, 80]), sighting(b, b, None if f == 3 else [12, 12, 30, 70])]
        for f in range(scene.frames)
    ]
    return build_truth(scene, "s.mp4", frames, (96, 96))


def test_truth_is_what_the_contract_says(truth, scene):
    assert check_truth(truth) == []
    assert truth["schema"] == "castcheck.truth/1"
    assert truth["fps"] == "24/1"
    assert truth["frames"] == 48
    (planted,) = truth["events"]
    assert planted["stop_frame"] == planted["start_frame"] + 1
    assert planted["until_frame"] == scene.frames


def test_hidden_frames_are_listed_apart(truth):
    track = truth["people"][1]["tracks"][0]
    assert 3 not in track["frames"]
    assert track["hidden"]["frames"] == [3]


@pytest.mark.parametrize(
    ("damage", "fault"),
    [
        pytest.param(lambda t: t.update(schema="x"), "schema", id="schema"),
        pytest.param(lambda t: t["shots"].pop(0), "tile", id="shots"),
        pytest.param(lambda t: t["people"][0]["tracks"][0]["boxes"].pop(), "rows", id="rows"),
        pytest.param(
            lambda t: t["people"][0]["tracks"][0]["frames"].reverse(), "increase", id="order"
        ),
        pytest.param(
            lambda t: t["people"][0]["tracks"][0]["boxes"].__setitem__(0, [0, 0, 90, 90]),
            "amodal",
            id="box-leaves-amodal",
        ),
        pytest.param(lambda t: t["events"][0].update(people=["nobody"]), "not in", id="people"),
        pytest.param(lambda t: t["events"][0].update(start_frame=99), "outside", id="frames"),
    ],
)
def test_faults_are_found(truth, damage, fault):
    broken = copy.deepcopy(truth)
    damage(broken)
    assert any(fault in text for text in check_truth(broken))


def test_a_clone_counts_while_both_are_seen():
    clean = stage_scene(25, name="s", story="gather", set_name="room", people=2, frames=48)
    scene = plant(clean, Wish("clone", where="stand"), name="s")
    (plan,) = scene.errors
    who = plan.people[0]
    seen = []
    for frame in range(48):
        both = plan.start_frame + 2 <= frame < plan.stop_frame - 1
        second = [sighting(who, who, [50, 10, 60, 80] if both else None, track=1)]
        seen.append([sighting(who, who, [10, 10, 40, 80]), *second])
    found = event(plan, seen)
    assert (found["start_frame"], found["stop_frame"]) == (
        plan.start_frame + 2,
        plan.stop_frame - 1,
    )


def test_a_mask_box_is_half_open():
    mask = np.zeros((9, 9), bool)
    mask[2:5, 3:8] = True
    assert mask_box(mask) == [3, 2, 8, 5]
