"""What happens inside a shot: each kind found where planted, and its legal look-alike not."""

from __future__ import annotations

import numpy as np
import pytest

from identity.chains import chains_of
from identity.incidents import find_incidents
from identity.looks import Looks
from identity.series import make_series
from identity.settings import FindingSettings
from tests.identity.people import FPS, calibration, looks, tracklet

LENGTH = 72
AT = 36


def change(first, second, at=AT):
    return [first] * at + [second] * (LENGTH - at)


def slow(first, second, start=20, stop=60):
    ramp = np.clip((np.arange(LENGTH) - start) / (stop - start), 0, 1)
    return [(first, second, float(share)) for share in ramp]


def incidents(*bodies, colours=None, hidden=()):
    """Return (kind, bodies, start) of what is found; each body is a list of names per frame."""
    frames = list(range(LENGTH))
    tracklets, seen = [], []
    for number, wears in enumerate(bodies):
        tracklets.append(tracklet(number, frames, at=(60 + 180 * number, 60)))
        own = looks(
            frames, wears, colours=None if colours is None else colours[number], seed=number
        )
        usable = ~np.isin(frames, hidden)
        seen.append(Looks(dict(own.vectors), own.covered, usable))
    series = [make_series(c, tracklets, seen) for c in chains_of(tracklets, fps=FPS)]
    found = find_incidents(series, calibration(), FindingSettings(), fps=FPS)
    return [(i.kind, tuple(i.series), i.start_frame) for i in found]


@pytest.mark.parametrize(
    ("bodies", "expect"),
    [
        pytest.param([], [], id="nobody"),
        pytest.param([["A"] * LENGTH], [], id="one, clean"),
        pytest.param([["A"] * LENGTH, ["B"] * LENGTH], [], id="two, clean"),
        pytest.param([change("A", "B"), change("B", "A")], [("swap", (0, 1), AT)], id="swap"),
        pytest.param(
            [change("A", "B", 37), change("B", "A", 37)],
            [("swap", (0, 1), 37)],
            id="swap between two looks of the network",
        ),
        pytest.param(
            [change("A", "B"), change("B", "A"), ["C"] * LENGTH],
            [("swap", (0, 1), AT)],
            id="swap of two of three",
        ),
        pytest.param([change("A", "C"), ["B"] * LENGTH], [("morph", (0,), AT)], id="morph"),
        pytest.param(
            [change("A", "C"), change("B", "D")], [], id="all at once is a transition, not an error"
        ),
        pytest.param(
            [["A"] * 30 + ["C"] * 9 + ["A"] * (LENGTH - 39), ["B"] * LENGTH],
            [],
            id="something passes in front and the old look comes back",
        ),
    ],
)
def test_table(bodies, expect):
    assert incidents(*bodies) == expect


def test_swap_behind_a_crossing_is_found_when_both_are_seen_again():
    hidden = range(30, 42)
    found = incidents(change("A", "B"), change("B", "A"), hidden=hidden)
    assert [(kind, who) for kind, who, _ in found] == [("swap", (0, 1))]
    assert 30 <= found[0][2] <= 45


def test_drift_is_found_and_spans_the_change():
    found = incidents(slow("A", "C"), ["B"] * LENGTH)
    assert [(kind, who) for kind, who, _ in found] == [("drift", (0,))]
    assert 17 <= found[0][2] <= 40


def test_a_turn_of_the_body_keeps_its_colours_and_is_no_error():
    body, colours = slow("A", "C"), ["A"] * LENGTH
    assert incidents(body, ["B"] * LENGTH, colours=[colours, ["B"] * LENGTH]) == []
    body = change("A", "C")
    assert incidents(body, ["B"] * LENGTH, colours=[colours, ["B"] * LENGTH]) == []


def test_light_moves_the_colours_and_not_the_network_and_is_no_error():
    body, colours = ["A"] * LENGTH, slow("A", "C")
    assert incidents(body, ["B"] * LENGTH, colours=[colours, ["B"] * LENGTH]) == []
