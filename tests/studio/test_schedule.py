from __future__ import annotations

import pytest

from studio.director import Wish, plant, stage_scene
from studio.errors import SceneError
from studio.schedule import all_looks, clean_twin, draw_list
from studio.stage import ERROR_KINDS, ErrorPlan


def clean(story="gather", seed=25, **extra):
    options = {"people": 2, "frames": 72, "set_name": "room", **extra}
    return stage_scene(seed, name="clean", story=story, **options)


def seen_as(scene, frame):
    return {figure.person: figure.shown_as for figure in draw_list(scene, frame)}


@pytest.mark.parametrize("kind", ERROR_KINDS)
def test_every_error_has_a_place_and_a_clean_twin(kind):
    scene = plant(clean(), Wish(kind), name="broken")
    (error,) = scene.errors
    assert 0 <= error.start_frame < error.stop_frame <= scene.frames
    twin = clean_twin(scene, "clean")
    assert twin.errors == ()
    assert [draw_list(twin, f) for f in range(72)] == [draw_list(clean(), f) for f in range(72)]


@pytest.mark.parametrize("kind", [k for k in ERROR_KINDS if k != "pop_in"])
def test_nothing_differs_before_the_event(kind):
    scene = plant(clean(), Wish(kind), name="broken")
    for frame in range(scene.errors[0].start_frame):
        assert draw_list(scene, frame) == draw_list(clean(), frame)


@pytest.mark.parametrize(
    ("story", "where"), [("gather", "open"), ("crossing", "crossing"), ("gather", "cut")]
)
def test_a_swap_exchanges_exactly_from_its_frame_on(story, where):
    scene = plant(clean(story), Wish("swap", where=where), name="broken")
    (error,) = scene.errors
    a, b = error.people
    assert error.where == where
    before, after = seen_as(scene, error.start_frame - 1), seen_as(scene, error.start_frame)
    assert all(before[p] == p for p in before)
    assert (after[a], after[b]) == (b, a)
    if where == "cut":
        assert error.start_frame in [start for start, _ in scene.spans()]


def test_a_morph_brings_in_a_stranger_and_its_ghost():
    scene = plant(clean(), Wish("morph", ghost_frames=2), name="broken")
    (error,) = scene.errors
    person = error.people[0]
    ghosts = [
        next(f.ghost for f in draw_list(scene, frame) if f.person == person)
        for frame in range(error.start_frame, error.start_frame + 3)
    ]
    assert ghosts[0] > ghosts[1] > ghosts[2] == 0
    assert error.people[1] in all_looks(scene)
    assert error.people[1] not in {look.name for look in scene.cast}


def test_drift_rises_steadily_and_stays():
    scene = plant(clean(), Wish("drift", 0.6), name="broken")
    (error,) = scene.errors
    person = error.people[0]
    weights = [
        figure.drift for f in range(72) for figure in draw_list(scene, f) if figure.person == person
    ]
    assert weights == sorted(weights)
    assert weights[0] == 0
    assert max(weights) == pytest.approx(0.6)
    assert seen_as(scene, 71)[person] == person


def test_drift_from_shot_to_shot_is_steady_inside_a_shot():
    scene = plant(clean(), Wish("drift", where="per_shot"), name="broken")
    person = scene.errors[0].people[0]
    for start, stop in scene.spans():
        weights = {
            fig.drift
            for f in range(start, stop)
            for fig in draw_list(scene, f)
            if fig.person == person
        }
        assert len(weights) <= 1


def test_vanish_and_pop_in_take_one_person_away():
    gone = plant(clean(), Wish("vanish"), name="broken")
    (error,) = gone.errors
    assert error.people[0] in seen_as(gone, error.start_frame - 1)
    assert error.people[0] not in seen_as(gone, error.start_frame)
    popped = plant(clean(), Wish("pop_in"), name="broken")
    (error,) = popped.errors
    assert error.people[0] not in seen_as(popped, error.start_frame - 1)
    assert error.people[0] in seen_as(popped, error.start_frame)


def test_a_clone_is_a_second_figure_or_a_bystander():
    twice = plant(clean(), Wish("clone", where="stand"), name="broken")
    (error,) = twice.errors
    figures = [f for f in draw_list(twice, error.start_frame) if f.look == error.people[0]]
    assert sorted(f.track for f in figures) == [0, 1]
    redressed = plant(clean(), Wish("clone", where="bystander"), name="broken")
    (error,) = redressed.errors
    assert set(seen_as(redressed, error.start_frame).values()) == {error.people[0]}


@pytest.mark.parametrize(("strength", "changed"), [(1.0, 2), (0.4, 1)])
def test_an_attribute_swap_lends_one_cue_and_keeps_the_names(strength, changed):
    wish = Wish("attribute_swap", strength, cue="clothes")
    scene = plant(clean(), wish, name="broken")
    (error,) = scene.errors
    assert len(error.changed) == changed
    looks = all_looks(scene)
    for figure in draw_list(scene, error.start_frame):
        assert figure.shown_as == figure.person
        if figure.person in error.changed:
            other = next(p for p in error.people if p != figure.person)
            assert looks[figure.look].outfit == looks[other].outfit
            assert looks[figure.look].face == looks[figure.person].face


def test_an_error_without_a_place_says_so():
    with pytest.raises(SceneError, match="no place for a swap"):
        plant(clean("approach", people=2, frames=24), Wish("swap", where="cut"), name="broken")
    with pytest.raises(SceneError, match="unknown error"):
        plant(clean(), Wish("teleport"), name="broken")  # type: ignore[arg-type]


def test_plans_are_plain_values():
    plan = ErrorPlan("swap", ("a", "b"), 3, 9)
    assert plan == ErrorPlan("swap", ("a", "b"), 3, 9)
    assert hash(plan) == hash(ErrorPlan("swap", ("a", "b"), 3, 9))
