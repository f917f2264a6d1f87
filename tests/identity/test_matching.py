"""Who of a known cast is in a clip: people on paper against references on paper."""

from __future__ import annotations

import numpy as np
import pytest

from identity.appearance.looks import Cue
from identity.cast.characters import build_cast
from identity.cast.matching import Member, ReferenceFeatures, match_to_cast
from identity.settings import ClusteringSettings
from identity.tracks.segments import make_segment
from tests.identity.people import body_of, calibration, colour_of, looks, tracklet

FRAMES = list(range(48))


def member(name, *, presence="required", views=1):
    means: dict[Cue, np.ndarray] = {
        "body": body_of(name),
        "head": colour_of(name),
        "upper": colour_of(name),
    }
    return Member(name, (ReferenceFeatures(means, np.log(160 / 60)),) * views, presence)


def roll(on_screen, cast, frames=FRAMES):
    """Call the roll over people side by side in one shot; a character is named by its looks."""
    segments = []
    for number, name in enumerate(on_screen):
        own = tracklet(number, frames, at=(60 + 150 * number, 60))
        segments.append(
            make_segment(own, looks(frames, [name] * len(frames), seed=number), 0, len(frames))
        )
    made = build_cast(segments, np.ones((1, 1), np.float32), calibration(), ClusteringSettings())
    members = [member(one) if isinstance(one, str) else one for one in cast]
    called = match_to_cast(segments, made, members, calibration(), ClusteringSettings())
    names = {
        on_screen[i]: (members[called.member_of[k]].name if called.member_of[k] >= 0 else None)
        for i, k in enumerate(made.labels)
    }
    return called, names


@pytest.mark.parametrize(
    ("on_screen", "cast", "expect"),
    [
        pytest.param("", "AB", {}, id="nobody there"),
        pytest.param("AB", "", {"A": None, "B": None}, id="nobody known"),
        pytest.param("A", "A", {"A": "A"}, id="one"),
        pytest.param("AB", "BA", {"A": "A", "B": "B"}, id="two, listed the other way round"),
        pytest.param("AB", "ABC", {"A": "A", "B": "B"}, id="one who is not there"),
        pytest.param("ABC", "AB", {"A": "A", "B": "B", "C": None}, id="one too many"),
        pytest.param("AD", "AB", {"A": "A", "D": None}, id="another in somebody's place"),
    ],
)
def test_table(on_screen, cast, expect):
    called, names = roll(on_screen, cast)
    assert names == expect
    for m, one in enumerate(cast):
        assert (called.present[m] > 0.5) == (one in on_screen)
    for k, who in enumerate(called.member_of):
        assert (called.nobody[k] > 0.5) == (who < 0)


def test_two_at_once_are_never_one_member():
    called, names = roll("AB", [member("A"), Member("twin", member("A").views)])
    assert len({m for m in called.member_of if m >= 0}) == sum(m >= 0 for m in called.member_of)
    assert names["B"] is None


def test_who_was_hardly_seen_is_neither_named_nor_accused():
    called, names = roll("A", "AB", frames=[0, 1])
    assert names == {"A": None}
    assert not called.judged.any()
    assert 0 < called.present[0] < 0.6


def test_the_best_of_several_views_counts_and_more_views_are_no_advantage():
    right, wrong = member("A").views, member("B").views
    one, _ = roll("A", [Member("A", right)])
    three, _ = roll("A", [Member("A", (*right, *wrong, *wrong))])
    many, _ = roll("A", [Member("A", right * 9)])
    assert three.member_of == one.member_of == many.member_of == (0,)
    assert many.odds[0, 0] == pytest.approx(one.odds[0, 0])
    assert three.odds[0, 0] < one.odds[0, 0]
