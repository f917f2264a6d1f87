"""What vouches for a clone: twins look like one, and a complete cast has no twin."""

# mypy: disable-error-code="arg-type"

from __future__ import annotations

from types import SimpleNamespace

import pytest

from castcheck.kinds import clone


@pytest.mark.parametrize(
    ("labels", "became", "once_more", "vouched"),
    [
        pytest.param((0, 1), False, {}, [False], id="no cast"),
        pytest.param((0, 1), True, {}, [True], id="one came to look like the other"),
        pytest.param((0, 1), False, {1}, [True], id="one of them is a member once more"),
        pytest.param((0, 1), False, {2}, [False], id="somebody else is"),
        pytest.param((0, -1), False, {0}, [True], id="of one it is not known who it is"),
        pytest.param((-1, -1), False, {0}, [], id="no one of the cast"),
    ],
)
def test_who_vouches(labels, became, once_more, vouched):
    found = SimpleNamespace(
        segments=(0, 1), vouched=became, confidence=0.9, start_frame=0, stop_frame=9, features={}
    )
    tracks = [SimpleNamespace(tracklet=SimpleNamespace(tracklet_id=k)) for k in range(2)]
    build = SimpleNamespace(
        finding=lambda _kind, **said: said["vouched"], time=str, name=lambda k: f"char {k}"
    )
    case = SimpleNamespace(
        judgement=SimpleNamespace(
            of_kind=lambda _: [found], cast=SimpleNamespace(labels=labels), segments=tracks
        ),
        build=build,
        once_more=frozenset(once_more),
    )
    assert list(clone.find(case)) == vouched
