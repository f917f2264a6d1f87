from __future__ import annotations

import numpy as np
import pytest

from studio.assets import CLOTHES_FEMALE, CLOTHES_MALE
from studio.looks import (
    CUES,
    distinct_looks,
    drift_target,
    random_look,
    recoloured,
    same_outfit,
    sibling,
    with_cues,
)


@pytest.mark.parametrize("species", ["human", "cel", "toy", "robot", "animal"])
def test_a_seed_is_a_person(species):
    assert random_look(5, species=species) == random_look(5, species=species)
    assert random_look(5, species=species) != random_look(6, species=species)


def test_a_thousand_seeds_are_a_thousand_people():
    looks = [random_look(seed, "x") for seed in range(1000)]
    assert len({(look.outfit.suit, look.outfit.upper, look.face) for look in looks}) == 1000


def test_faces_stay_friendly():
    weights = [w for seed in range(50) for _, w in random_look(seed).face.targets]
    assert 0.2 < np.abs(weights).max() <= 0.38  # faces differ, and none is a caricature


def test_names_fit_and_clothes_differ():
    looks = distinct_looks(9, 4)
    assert len({look.name for look in looks}) == 4
    assert len({look.outfit.upper.colour for look in looks}) == 4
    assert distinct_looks(9, 4) == looks


def test_a_wardrobe_can_be_restricted():
    suits = frozenset({CLOTHES_FEMALE[0], CLOTHES_MALE[1]})
    assert {look.outfit.suit for look in distinct_looks(3, 4, suits=suits)} <= suits


def test_hard_cases():
    look = random_look(11, "a")
    twin = same_outfit(look, 12, "b")
    assert twin.outfit == look.outfit
    assert twin.face != look.face
    other = recoloured(look, 13, "c")
    assert other.face == look.face
    assert other.outfit.upper != look.outfit.upper
    brother = sibling(look, 14, "d")
    shared = set(brother.face.targets) & set(look.face.targets)
    assert 5 < len(shared) < len(look.face.targets)


@pytest.mark.parametrize("cue", CUES)
def test_a_lent_cue_is_the_only_change(cue):
    look, donor = random_look(1, "a"), random_look(2, "b")
    lent = with_cues(look, donor, [cue], "a+b")
    parts = {"face": "face", "hair": "hair", "clothes": "outfit", "body": "build"}
    for name, attribute in parts.items():
        source = donor if name == cue else look
        assert getattr(lent, attribute) == getattr(source, attribute)


def test_drift_keeps_the_cut_of_clothes_and_hair():
    look, donor = random_look(1, "a"), random_look(4, "b")
    goal = drift_target(look, donor, CUES)
    assert goal.outfit.suit == look.outfit.suit
    assert goal.hair.style == look.hair.style
    assert goal.outfit.upper == donor.outfit.upper
    assert goal.face.targets == donor.face.targets
