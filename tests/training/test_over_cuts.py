"""People seen over real cuts: who is concerned, from when to when, and who stays."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from identity.evidence.samples import COMPARED, lay_out
from identity.tracks.body_track import make_body_track
from identity.tracks.linking import link_tracklets
from tests.identity.people import FPS, calibration, looks, tracklet
from training.decisions.clips import Shot
from training.decisions.over_cuts import (
    LabelledClip,
    LabelledShot,
    names_of,
    natural_other_looks,
    same_looks,
)

LENGTH = 72


def shot(who: str, *, first: int = 0, number: int = 0) -> LabelledShot:
    """Return a shot of 72 frames in which each letter stands beside the next."""
    frames = list(range(first, first + LENGTH))
    seen, tracklets = [], []
    for k, name in enumerate(who):
        worn = [name] * LENGTH
        tracklets.append(tracklet(k, frames, at=(60 + 180 * k, 60), shot=number))
        seen.append(looks(frames, worn, hair=worn, facing=[1.0] * LENGTH, seed=k + number))
    chains = link_tracklets(tracklets, fps=FPS)
    tracks = [make_body_track(chain, tracklets, seen) for chain in chains]
    own = Shot("x_01", "x", lay_out(tracks, COMPARED, fps=FPS))
    return LabelledShot(own, first, first + LENGTH, tuple(who))


def error(who: str, start: int, stop: int, kind: str = "morph") -> dict[str, Any]:
    return {"who": who, "kind": kind, "start_frame": start, "stop_frame": stop}


def clip(*shots: LabelledShot, errors: tuple[dict[str, Any], ...] = ()) -> LabelledClip:
    return LabelledClip("x", shots, errors, frozenset("AB"))


def box(who: str, frame: int, at: tuple[float, float]) -> dict[str, Any]:
    return {"who": who, "frame": frame, "box": [*at, at[0] + 60, at[1] + 160]}


@pytest.mark.parametrize(
    ("labelled", "expect"),
    [
        pytest.param([], (None, None), id="nobody is labelled"),
        pytest.param([box("A", 3, (60, 60))], ("A", None), id="one"),
        pytest.param([box("A", 3, (140, 60))], (None, None), id="between the two"),
        pytest.param([box("A", 300, (60, 60))], (None, None), id="at another time"),
        pytest.param(
            [box("A", 3, (60, 60)), box("-", 9, (60, 60)), box("A", 20, (62, 60))],
            ("A", None),
            id="the most of three",
        ),
        pytest.param([box("B", 3, (240, 60)), box("A", 3, (60, 60))], ("A", "B"), id="both"),
    ],
)
def test_labelled_boxes_say_who_a_track_is(labelled, expect):
    assert names_of(shot("AB").shot.samples, labelled) == expect


@pytest.mark.parametrize(
    ("second", "errors", "expect"),
    [
        pytest.param(None, (), [], id="one shot"),
        pytest.param("A", (), ["same"], id="as before"),
        pytest.param("A", (error("A", LENGTH, 140, kind="drift"),), ["natural"], id="changed"),
        pytest.param("A", (error("A", 0, 2, kind="vanish"),), [], id="may be concerned"),
        pytest.param("A", (error("an arm", 0, 9),), [], id="nobody knows whom it concerns"),
        pytest.param("A", (error("an arm", 150, 160),), ["same"], id="in a later shot"),
        pytest.param("A", (error("both", LENGTH, 140),), ["natural"], id="both"),
        pytest.param("B", (), [], id="somebody else"),
    ],
)
def test_who_looks_otherwise_in_a_later_shot(second, errors, expect):
    shots = [shot("A")] if second is None else [shot("A"), shot(second, first=LENGTH, number=1)]
    cases = natural_other_looks([clip(*shots, errors=errors)], calibration())
    assert [case.kind for case in cases] == expect


def test_the_most_alike_of_the_earlier_shots_is_asked():
    other = shot("C", first=0)
    other = LabelledShot(other.shot, other.start_frame, other.stop_frame, ("A",))
    alike, late = shot("A", first=LENGTH, number=1), shot("A", first=2 * LENGTH, number=2)
    with_alike = natural_other_looks([clip(other, alike, late)], calibration())[-1]
    without = natural_other_looks([clip(other, late)], calibration())[-1]
    assert with_alike.rows[0, 0] < without.rows[0, 0]


@pytest.mark.parametrize(
    ("shots", "expect"),
    [
        pytest.param([], 0, id="nothing"),
        pytest.param(["A"], 0, id="one shot"),
        pytest.param(["A", "A"], 1, id="two"),
        pytest.param(["A", "A", "A"], 2, id="every later one is asked about"),
    ],
)
def test_who_stays_over_the_cuts_of_a_clip(shots, expect):
    own = [shot(who, first=number * LENGTH, number=number).shot for number, who in enumerate(shots)]
    elsewhere = replace(shot("B").shot, clip="y_01")
    cases = same_looks([*own, elsewhere], calibration())
    assert [case.kind for case in cases] == ["same"] * expect


def test_relit_shots_say_nothing_of_who_stays():
    one, two = shot("A").shot, shot("A", first=LENGTH, number=1).shot
    assert same_looks([one, replace(two, kind="relit")], calibration()) == []
