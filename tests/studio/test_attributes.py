"""One attribute changes, and nothing else."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("moderngl", reason="the studio extra is not installed")

from dataclasses import replace

from studio.attributes import ATTRIBUTES, can_wear, with_attribute
from studio.character import Character
from studio.looks import random_look

# How high on a head, from chin to crown.
_LEVEL_SHARE = {"glasses": (0.4, 0.6), "beard": (0.0, 0.35), "helmet": (0.6, 1.1)}


def _man(library) -> Character:
    from studio.character import Wardrobe

    look = next(
        look for look in map(random_look, range(99))
        if look.build.masculine > 0.5 and look.hair.style and look.outfit.hat is None
    )  # fmt: skip
    return Character(Wardrobe(library), look)


@pytest.mark.parametrize("attribute", ATTRIBUTES)
def test_it_is_where_it_belongs_and_the_rest_stays(studio_at_work, attribute):
    character = _man(studio_at_work.wardrobe.library)
    before = {part.name: part for part in character.parts}
    shape = {name: part.mesh.position.copy() for name, part in before.items()}
    parts = with_attribute(character, attribute, np.random.default_rng(1))
    assert character.parts == list(before.values())  # not worn yet
    character.wear(parts)
    names = [part.name for part in parts]
    new = [part for part in parts if all(part is not old for old in before.values())]
    assert {part.name for part in new} <= {attribute, "lenses", "suit"}
    assert attribute in {part.name for part in new}
    assert ("hair" in names) is (attribute != "helmet")
    for name in set(names) & set(before) - {"hair", "suit"}:
        kept = next(part for part in parts if part.name == name)
        assert np.array_equal(kept.mesh.position, shape[name])
    worn = next(part for part in new if part.name == attribute).mesh.position
    assert np.isfinite(worn).all()
    if attribute in _LEVEL_SHARE:
        rig, body = character.library.rig, character.library.base.groups["body"]
        head = character.position[body[rig.weight[body, rig.index["head"]] > 0.6], 1]
        share = (worn[:, 1] - head.min()) / (head.max() - head.min())
        least, most = _LEVEL_SHARE[attribute]
        assert least < np.median(share) < most
    character.wear(list(before.values()))
    assert all(np.array_equal(part.mesh.position, shape[part.name]) for part in character.parts)


def test_hair_gets_another_cut_and_colour(studio_at_work):
    character = _man(studio_at_work.wardrobe.library)
    own = next(part for part in character.parts if part.name == "hair")
    for seed in range(5):
        parts = with_attribute(character, "hair", np.random.default_rng(seed))
        other = next(part for part in parts if part.name == "hair")
        assert np.linalg.norm(np.subtract(other.material.tint, own.material.tint)) > 0.25
        assert len(other.mesh.position) != len(own.mesh.position)


def test_a_coat_leaves_nothing_of_the_suit_below_it(studio_at_work):
    character = _man(studio_at_work.wardrobe.library)
    own = next(part for part in character.parts if part.name == "suit")
    parts = with_attribute(character, "coat", np.random.default_rng(1))
    suit = next(part for part in parts if part.name == "suit")
    assert 0 < len(suit.mesh.triangles) < len(own.mesh.triangles)
    assert suit.texture is own.texture


@pytest.mark.parametrize(("masculine", "attribute", "suits"), [
    (1.0, "beard", True), (0.0, "beard", False), (0.0, "glasses", True), (0.0, "coat", True),
])  # fmt: skip
def test_beards_are_for_men(masculine, attribute, suits):
    class _Character:
        look = replace(random_look(1), build=replace(random_look(1).build, masculine=masculine))

    assert can_wear(_Character(), attribute) is suits  # type: ignore[arg-type]


def test_a_bald_head_is_no_hair(studio_at_work):
    character = _man(studio_at_work.wardrobe.library)
    with pytest.raises(ValueError, match="bald"):
        character.hair_part(replace(character.look.hair, style=None))
