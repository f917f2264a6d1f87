"""Looks measured by strangers: what both sides have in common with everybody is taken off."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from identity.appearance.reid_specs import KNOWN_REID
from identity.evidence.calibration import calibration_for
from identity.evidence.cohort import NEAREST, Cohort, bundled_cohort
from identity.evidence.same_look import cosines_between, same_look, similarities_between

if TYPE_CHECKING:
    from collections.abc import Sequence

EAST, NORTH = np.array([1, 0], np.float32), np.array([0, 1], np.float32)


def cohort_of(rows: Sequence[Sequence[float]]) -> Cohort:
    looks = np.array(rows, np.float32)
    return Cohort({"body": looks / np.linalg.norm(looks, axis=1, keepdims=True)}, SCALES, "sha")


SCALES = {"body": (-0.25, 0.75)}
ONLY_EAST = cohort_of([[1, 0]] * NEAREST)
EAST_AND_NORTH = cohort_of([[1, 0]] * NEAREST + [[0, 1]] * NEAREST)


@pytest.mark.parametrize(
    ("cohort", "look", "nearness"),
    [
        (ONLY_EAST, [1, 0], 1.0),
        (ONLY_EAST, [3, 0], 1.0),  # of its direction alone
        (ONLY_EAST, [0, 1], 0.0),
        (ONLY_EAST, [0, 0], 0.0),
        (EAST_AND_NORTH, [0, 1], 1.0),  # the nearest, not all
        (EAST_AND_NORTH, [-1, 0], 0.0),
        (cohort_of([[1, 0]] * (NEAREST // 2) + [[0, 1]] * (NEAREST // 2)), [1, 0], 0.5),
    ],
)
def test_how_near_a_look_is_to_its_nearest_strangers(cohort, look, nearness):
    assert cohort.nearness("body", np.array([look], np.float32)) == pytest.approx([nearness])


def test_what_everybody_shares_is_taken_off():
    one, two = [{"body": EAST}, {}], [{"body": EAST}, {"body": NORTH}, {"upper": EAST}]
    found = ONLY_EAST.normalised(cosines_between(one, two), one, two)
    assert list(found) == ["body"]
    # Both look like everybody: alike by nothing of their own. Unlike, and one of them like all.
    assert found["body"][0, :2].tolist() == pytest.approx([0.0, -0.5])
    assert np.isnan(found["body"][0, 2])
    assert np.isnan(found["body"][1]).all()


@pytest.mark.parametrize("sides", [([], []), ([{}], [{}]), ([{"upper": EAST}], [{"upper": EAST}])])
def test_where_nobody_shows_the_cue_nothing_is_normalised(sides):
    assert ONLY_EAST.normalised(cosines_between(*sides), *sides) == {}


def test_similarity_is_on_the_scale_of_the_cohort():
    calibration = replace(calibration_for("castcheck-reid"), cohort=ONLY_EAST)
    found = similarities_between([{"body": NORTH}], [{"body": NORTH}], calibration)
    assert found["body"].tolist() == [[1.25]]  # a cosine of 1, no stranger near: (1 + .25) / 1
    bare = replace(calibration, cohort=None)
    by_cosine = similarities_between([{"body": NORTH}], [{"body": NORTH}], bare)["body"]
    assert by_cosine[0, 0] == pytest.approx((1 - 0.27) / (0.91 - 0.27))


def test_two_whom_nobody_is_like_are_surer_one_person_than_two_like_everybody():
    calibration = replace(calibration_for("castcheck-reid"), cohort=ONLY_EAST)
    rare, common = (
        same_look([{"body": look}], [{"body": look}], calibration)[0, 0] for look in (NORTH, EAST)
    )
    assert rare > common + 1


def test_a_cohort_is_read_as_it_was_written(tmp_path):
    file = tmp_path / "cohort.npz"
    EAST_AND_NORTH.write(file)
    found = Cohort.read(file)
    assert found.looks["body"] == pytest.approx(EAST_AND_NORTH.looks["body"], abs=1e-3)
    assert (found.scales, found.embedder_sha256) == (SCALES, "sha")
    assert [path.name for path in tmp_path.iterdir()] == ["cohort.npz"]


def test_the_bundled_one_was_seen_by_the_bundled_network():
    cohort = bundled_cohort()
    bundled = next(known for known in KNOWN_REID if known.name == "castcheck-reid")
    assert cohort.embedder_sha256 == bundled.sha256
    for cue, rows in cohort.looks.items():
        assert len(rows) >= NEAREST
        assert np.linalg.norm(rows, axis=1) == pytest.approx(np.ones(len(rows)), abs=1e-5)
        different, same = cohort.scales[cue]
        assert different < same


def test_only_the_bundled_network_is_measured_by_it():
    assert calibration_for("castcheck-reid").cohort is bundled_cohort()
    assert calibration_for("intel-person-reid-0286").cohort is None
    assert calibration_for("colour").cohort is None
