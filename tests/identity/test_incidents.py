"""What happens inside a shot: each kind found where planted, and its legal look-alike not."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from identity.appearance.looks import Looks
from identity.tracks.body_track import BodyTrack, make_body_track
from identity.tracks.crossings import find_crossings
from identity.tracks.linking import link_tracklets
from identity.tracks.repair import repair_id_switches
from tests.identity.people import FPS, looks, tracklet
from tests.identity.told import explained, incidents_of

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
    tracks = [make_body_track(c, tracklets, seen) for c in link_tracklets(tracklets, fps=FPS)]
    return incidents_of(tracks)


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
    """A turn costs the network half of a similarity, and the colours nothing."""
    colours = [["A"] * LENGTH, ["B"] * LENGTH]
    for body in (slow("A", ("A", "C")), change("A", "A")):
        half = [w if isinstance(w, str) else ("A", "C", 0.35 * w[2]) for w in body]
        assert incidents(half, ["B"] * LENGTH, colours=colours) == []


def test_light_moves_the_colours_and_not_the_network_and_is_no_error():
    body, colours = ["A"] * LENGTH, slow("A", "C")
    assert incidents(body, ["B"] * LENGTH, colours=[colours, ["B"] * LENGTH]) == []


def walker(xs):
    """Return a track of boxes 40 px wide at these places, one a frame."""
    frames = np.arange(len(xs), dtype=np.int64)
    left = np.asarray(xs, np.float32)
    xyxy = np.stack([left, np.full_like(left, 50), left + 40, np.full_like(left, 150)], axis=1)
    own = looks(frames.tolist(), ["A"] * len(xs))
    score = np.full(len(xs), 0.9, np.float32)
    return BodyTrack((0,), 0, frames, xyxy, np.zeros(len(xs), np.int64), own, score)


def walking(xs, wears, number):
    """Return a track that walks along these places and wears these looks."""
    frames = list(range(len(xs)))
    return replace(walker(xs), members=(number,), looks=looks(frames, wears, seed=number))


RIGHTWARDS, LEFTWARDS = [10.0 * k for k in range(40)], [390.0 - 10 * k for k in range(40)]


@pytest.mark.parametrize(
    ("one", "two", "expect"),
    [
        pytest.param(RIGHTWARDS, [x + 200 for x in RIGHTWARDS], [], id="side by side"),
        pytest.param([100.0] * 40, [120.0] * 40, [], id="two who stand close"),
        pytest.param(RIGHTWARDS, LEFTWARDS, ["stayed"], id="each goes on as before"),
        pytest.param(
            RIGHTWARDS[:20] + LEFTWARDS[20:], LEFTWARDS[:20] + RIGHTWARDS[20:], ["exchanged"],
            id="both turn back as they meet: the tracks changed bodies",
        ),
        pytest.param(RIGHTWARDS[18:], LEFTWARDS[18:], ["unclear"], id="nothing known from before"),
    ],
)  # fmt: skip
def test_motion_says_who_comes_out_where(one, two, expect):
    found = find_crossings(walker(one), walker(two), fps=FPS)
    assert [p.tracks for p in found] == expect
    assert all(abs(p.moment - (39 - 2 * (40 - len(one))) / 2) <= 2 for p in found)


STROLLS = [100.0 + 4 * k for k in range(30)], [216.0 - 4 * k for k in range(30)]
TURNED_BACK = STROLLS[0][:15] + STROLLS[1][15:], STROLLS[1][:15] + STROLLS[0][15:]


@pytest.mark.parametrize(
    ("after", "ways", "expect"),
    [
        pytest.param("BA", STROLLS, [("swap", (0, 1))], id="came out exchanged"),
        pytest.param("AB", STROLLS, [], id="came out as themselves"),
        pytest.param("BA", TURNED_BACK, [], id="both turned back: the tracks are at fault"),
    ],
)
def test_looks_from_within_a_meeting_do_not_count(after, ways, expect):
    """They are of both bodies: half of the looks on either side of the moment tell nothing."""
    meeting = [("A", "B", 0.5)] * 16
    wears = [[own] * 7 + meeting + [new] * 7 for own, new in zip("AB", after, strict=True)]
    tracks = [walking(xs, worn, k) for k, (xs, worn) in enumerate(zip(ways, wears, strict=True))]
    found = explained(tracks)
    assert [(i.kind, i.tracks) for i in found] == expect
    assert all(13 <= i.start_frame <= 17 for i in found)


def test_tracklets_that_changed_bodies_are_put_right():
    frames = list(range(40))
    swapped = [RIGHTWARDS[:20] + LEFTWARDS[20:], LEFTWARDS[:20] + RIGHTWARDS[20:]]
    wears = [["A"] * 20 + ["B"] * 20, ["B"] * 20 + ["A"] * 20]
    tracklets = [tracklet(k, frames, at=(0, 60)) for k in range(2)]
    tracklets = [replace(t, xyxy=walker(xs).xyxy) for t, xs in zip(tracklets, swapped, strict=True)]
    own = [looks(frames, names, seed=k) for k, names in enumerate(wears)]
    fixed, seen = repair_id_switches(tracklets, own, fps=FPS)
    assert [t.tracklet_id for t in fixed] == [0, 1]
    assert np.allclose(fixed[0].xyxy[[5, 35], 0], [RIGHTWARDS[5], RIGHTWARDS[35]])
    vectors = seen[0].vectors["body"][seen[0].seen("body")].astype(float)
    assert (vectors @ vectors.T).min() > 0.8
    same, _ = repair_id_switches(fixed, seen, fps=FPS)
    assert [t.frame.tolist() for t in same] == [t.frame.tolist() for t in fixed]
    assert repair_id_switches([], [], fps=FPS) == ((), ())


@pytest.mark.parametrize(
    ("comes_at", "seconds_before", "expect"),
    [
        pytest.param(20, 0.3, [], id="just come in: a part of the body showed"),
        pytest.param(20, 1.0, [("morph", (1,))], id="settled, then another"),
        pytest.param(0, 0.3, [("morph", (1,))], id="there from the start of the shot"),
    ],
)
def test_who_has_just_come_in_has_not_become_another(comes_at, seconds_before, expect):
    frames, late = list(range(LENGTH)), list(range(comes_at, LENGTH))
    before = round(seconds_before * FPS)
    wears = ["C"] * before + ["A"] * (len(late) - before)
    people = [tracklet(0, frames, at=(60, 60)), tracklet(1, late, at=(400, 60))]
    seen = [looks(frames, ["B"] * LENGTH), looks(late, wears, seed=1)]
    tracks = [make_body_track(c, people, seen) for c in link_tracklets(people, fps=FPS)]
    found = explained(tracks)
    assert [(i.kind, i.tracks) for i in found] == expect


def test_what_networks_lose_on_everybody_is_no_drift():
    frames = list(range(LENGTH))
    facing = [0.9] * LENGTH
    seen = [
        looks(frames, slow(*names), colours=["A"] * LENGTH, seed=k, facing=facing)
        for k, names in enumerate(("AB", "CD"))
    ]
    tracklets = [tracklet(k, frames, at=(60 + 180 * k, 60)) for k in range(2)]
    tracks = [make_body_track(c, tracklets, seen) for c in link_tracklets(tracklets, fps=FPS)]
    assert explained(tracks) == []
