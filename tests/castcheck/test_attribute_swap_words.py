"""What a finding of exchanged clothes or heads says."""

# mypy: disable-error-code="arg-type"

from __future__ import annotations

from types import SimpleNamespace

import pytest

from castcheck.kinds import attribute_swap


@pytest.mark.parametrize(
    ("attributes", "said"),
    [
        pytest.param([], [], id="nothing"),
        pytest.param(["clothes"], ["From 1.00 s on, ana and ben wear each other's clothes."]),
        pytest.param(["head"], ["From 1.00 s on, ana and ben have each other's face or hair."]),
    ],
)
def test_it_says_what_was_exchanged(attributes, said, monkeypatch):
    monkeypatch.setattr(
        attribute_swap, "in_shot", lambda case, one, message, **_: message("1.00 s", ["ana", "ben"])
    )
    swaps = [SimpleNamespace(attribute=what, over_cut=False) for what in attributes]
    case = SimpleNamespace(
        seen=SimpleNamespace(shots=[SimpleNamespace(stop_frame=48)]),
        judgement=SimpleNamespace(of_kind=lambda kind: swaps),
    )
    assert list(attribute_swap.find(case)) == said
