"""What vouches for a clone: twins look like one, and a complete cast has no twin."""

# mypy: disable-error-code="arg-type"

from __future__ import annotations

from types import SimpleNamespace

import pytest

from castcheck.kinds import clone


@pytest.mark.parametrize(
    ("labels", "became", "by_cast", "vouched"),
    [
        pytest.param((0, 1), False, None, [False], id="the cast does not say, or there is none"),
        pytest.param((0, 1), True, None, [True], id="one came to look like the other"),
        pytest.param((0, 1), False, True, [True], id="one of them is a member once more"),
        pytest.param((0, 1), True, False, [], id="two members"),
        pytest.param((0, -1), False, False, [False], id="of one it is not known who it is"),
        pytest.param((0, 0), False, False, [False], id="one character"),
        pytest.param((-1, -1), True, True, [], id="no one of the cast"),
    ],
)
@pytest.mark.parametrize("is_given", [True, False], ids=["cast", "no cast"])
def test_who_vouches(labels, became, by_cast, vouched, is_given):
    found = SimpleNamespace(
        segments=(0, 1), vouched=became, confidence=0.9, start_frame=0, stop_frame=9, features={}
    )
    tracks = [SimpleNamespace(tracklet=SimpleNamespace(tracklet_id=k)) for k in range(2)]
    build = SimpleNamespace(
        finding=lambda _kind, **said: said["vouched"], time=str, name=lambda k: f"char {k}"
    )
    asked = []

    def are_one(one, two):
        asked.append((one, two))
        return by_cast

    case = SimpleNamespace(
        judgement=SimpleNamespace(
            of_kind=lambda _: [found], cast=SimpleNamespace(labels=labels), segments=tracks
        ),
        build=build,
        roll=SimpleNamespace(are_one=are_one) if is_given else None,
    )
    two = labels == (0, 1)
    without = [became] if max(labels) >= 0 else []
    assert list(clone.find(case)) == (vouched if is_given else without)
    assert asked == [(0, 1)] * (is_given and two)
