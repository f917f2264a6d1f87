from __future__ import annotations

from collections import Counter

import pytest

from studio.quality_set import REPORT, TUNE, report, tune
from studio.stage import CAST_ERRORS, ERROR_KINDS


@pytest.fixture(scope="module")
def sides():
    return {"tune": tune(), "report": report()}


def test_the_split_shares_nothing(sides):
    assert not set(TUNE.sets) & set(REPORT.sets)
    assert not TUNE.suits & REPORT.suits
    seeds = {name: {scene.seed for scene in scenes} for name, scenes in sides.items()}
    assert not seeds["tune"] & seeds["report"]


def test_people_and_strangers_stay_on_their_side(sides):
    for split, name in ((TUNE, "tune"), (REPORT, "report")):
        worn = {
            look.outfit.suit for scene in sides[name] for look in (*scene.cast, *scene.strangers)
        }
        assert worn <= split.suits


def test_every_kind_is_covered_and_every_broken_clip_has_a_clean_twin(sides):
    scenes = sides["report"]
    assert len(scenes) >= 120
    assert len({scene.name for scene in scenes}) == len(scenes)
    kinds = Counter(error.kind for scene in scenes for error in scene.errors)
    assert set(kinds) == set(ERROR_KINDS) - set(CAST_ERRORS)
    assert min(kinds.values()) >= 6
    clean = {(s.seed, s.shots) for s in scenes if not s.errors}
    assert all((s.seed, s.shots) in clean for s in scenes if s.errors)


def test_legal_look_alikes_are_there(sides):
    tags = Counter(tag for scene in sides["report"] if not scene.errors for tag in scene.tags)
    wanted = {"turns", "hide", "leave_return", "ramp", "dim", "warm", "same_outfit", "siblings"}
    assert wanted | {"recoloured", "approach", "dialogue"} <= set(tags)


def test_the_set_is_the_same_every_time(sides):
    assert tune() == sides["tune"]
