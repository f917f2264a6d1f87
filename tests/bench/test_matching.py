"""The contract's rule, row by row: which finding tells which planted error."""

from __future__ import annotations

import numpy as np
import pytest

from bench.matching import claimed_place
from castcheck.facts.report import ClipFacts, Report, SegmentFacts, TrackletFacts
from castcheck.runs.matching import Event, Match, Truth, followed, match, notices, said_instead
from identity.findings import Finding

FRAMES = 60
A, B, C = ("ana", 0), ("ben", 0), ("cleo", 0)
PLACES = {A: 10.0, B: 110.0, C: 210.0, ("ana", 1): 310.0}  # left edge of everybody's boxes


def box(left):
    return (left, 20.0, left + 40.0, 120.0)


def truth(*events, cuts=(), tracks=(A, B, C), frames=range(FRAMES)):
    seen = {
        key: {f: np.array([box(PLACES[key])] * 2, np.float32) for f in frames} for key in tracks
    }
    return Truth(seen, tuple(events), tuple(cuts), FRAMES, 24.0)


def tracklet(number, *keys):
    """A tracklet that follows `keys`, each for an equal part of the clip; None = empty picture."""
    part = FRAMES // len(keys)
    boxes = [box(PLACES[keys[min(f // part, len(keys) - 1)]]) for f in range(FRAMES)]
    return TrackletFacts(
        number, 0, tuple(range(FRAMES)), tuple(boxes), (0.9,) * FRAMES,
        (SegmentFacts(0, FRAMES, None),),
    )  # fmt: skip


def report(*tracklets):
    facts = ClipFacts("x.mp4", "", 480, 270, FRAMES, "24/1", FRAMES / 24)
    return Report(facts, "pass", tracklets=tuple(tracklets))


EVERYBODY = (tracklet(0, A), tracklet(1, B), tracklet(2, C))


def said(kind, tracklets, start, stop=None, confidence=0.9, **evidence):
    stop = start + 1 if stop is None else stop
    return Finding(
        kind, "major", confidence, (), tuple(tracklets), (0,), start, stop, "", dict(evidence)
    )


SWAP = Event("swap", ("ana", "ben"), 30, 31, "open")
DRIFT = Event("drift", ("ana",), 20, 40)
MORPH = Event("morph", ("ana",), 30, 31)
STYLE = Event("morph", ("ana",), 30, 31, "style", whole_picture=True)


@pytest.mark.parametrize(
    ("event", "findings", "found"),
    [
        pytest.param(SWAP, [said("swap", (0, 1), 30)], True, id="exact"),
        pytest.param(SWAP, [said("swap", (1, 0), 33)], True, id="late-within-tolerance"),
        pytest.param(SWAP, [said("swap", (0, 1), 27)], True, id="early-within-tolerance"),
        pytest.param(SWAP, [said("swap", (0, 1), 34)], False, id="too-late"),
        pytest.param(SWAP, [said("swap", (0, 1), 26)], False, id="too-early"),
        pytest.param(SWAP, [said("swap", (0, 2), 30)], False, id="one-wrong-person"),
        pytest.param(SWAP, [said("swap", (0,), 30)], False, id="half-of-the-people"),
        pytest.param(SWAP, [said("swap", (0, 1, 2), 30)], False, id="one-person-too-many"),
        pytest.param(SWAP, [said("swap", (), 30)], False, id="names-no-tracklet"),
        pytest.param(SWAP, [said("swap", (0, 77), 30)], False, id="names-an-unknown-tracklet"),
        pytest.param(SWAP, [said("morph", (0, 1), 30)], False, id="wrong-kind"),
        pytest.param(SWAP, [], False, id="nothing-said"),
        pytest.param(DRIFT, [said("drift", (0,), 20, 40)], True, id="drift-exact"),
        pytest.param(DRIFT, [said("drift", (0,), 30, 60)], True, id="drift-half-of-it"),
        pytest.param(DRIFT, [said("drift", (0,), 31, 60)], False, id="drift-less-than-half"),
        pytest.param(DRIFT, [said("drift", (0,), 0, 60)], True, id="drift-all-the-clip"),
        pytest.param(DRIFT, [said("drift", (1,), 20, 40)], False, id="drift-of-another"),
        pytest.param(STYLE, [said("morph", (0, 1), 30, whole_picture=True)], True, id="of-all"),
        pytest.param(STYLE, [said("morph", (77,), 30, whole_picture=True)], True, id="of-a-box"),
        pytest.param(STYLE, [said("morph", (0,), 34, whole_picture=True)], False, id="all-later"),
        pytest.param(STYLE, [said("morph", (0,), 30)], False, id="of-one-and-it-was-all"),
        pytest.param(MORPH, [said("morph", (0,), 30, whole_picture=True)], False, id="all-not-one"),
    ],
)
def test_the_rule_of_the_contract(event, findings, found):
    known = truth(event)
    follows = followed(report(*EVERYBODY), known)
    assert match(findings, known, follows) == ([Match(0, 0)] if found else [])


@pytest.mark.parametrize(
    ("look", "tracklets", "found"),
    [
        pytest.param("ana", (0, 1), True, id="model-and-copy"),
        pytest.param("ana", (0,), False, id="the-model-alone"),
        pytest.param("ana", (0, 2), False, id="another-than-the-copy"),
        pytest.param("ben", (0, 1), False, id="he-stays-himself"),
        pytest.param("cleo", (0, 1), False, id="a-copy-of-another"),
    ],
)
def test_who_has_become_a_copy_takes_part_in_a_clone(look, tracklets, found):
    event = {"kind": "clone", "people": ["ana"], "start_frame": 30, "stop_frame": FRAMES}
    people = [
        {
            "person": key[0],
            "tracks": [
                {
                    "frames": list(range(FRAMES)),
                    "boxes": [box(PLACES[key])] * FRAMES,
                    "look": [key[0]] * 30 + [look if key == B else key[0]] * 30,
                }
            ],
        }
        for key in (A, B, C)
    ]
    data = {"people": people, "events": [event], "shots": [{"start_frame": 0}], "frames": FRAMES}
    known = Truth.from_dict(data | {"fps": "24"})
    follows = followed(report(*EVERYBODY), known)
    said_so = [said("clone", tracklets, 30, FRAMES)]
    assert match(said_so, known, follows) == ([Match(0, 0)] if found else [])


def test_one_finding_matches_one_event_and_the_nearer_one_wins():
    known = truth(SWAP)
    follows = followed(report(*EVERYBODY), known)
    twice = [said("swap", (0, 1), 32), said("swap", (0, 1), 31)]
    assert match(twice, known, follows) == [Match(0, 1)]
    two_events = truth(SWAP, Event("swap", ("ana", "ben"), 32, 33))
    assert match(twice[:1], two_events, follows) == [Match(1, 0)]


def test_as_many_events_as_possible_are_told_before_delays_count():
    known = truth(SWAP, Event("swap", ("ana", "ben"), 34, 35))
    follows = followed(report(*EVERYBODY), known)
    findings = [said("swap", (0, 1), 32), said("swap", (0, 1), 29)]
    assert match(findings, known, follows) == [Match(0, 1), Match(1, 0)]


def test_a_clip_without_events_or_findings_matches_nothing():
    follows = followed(report(), truth())
    assert (follows, match([said("swap", (0, 1), 3)], truth(), follows)) == ({}, [])


def test_a_clone_names_both_copies():
    clone = Event("clone", ("ana",), 10, 50)
    known = truth(clone, tracks=(A, B, ("ana", 1)))
    follows = followed(report(*EVERYBODY[:2], tracklet(3, ("ana", 1))), known)
    assert match([said("clone", (0, 3), 12, 50)], known, follows)
    assert not match([said("clone", (0, 1), 12, 50)], known, follows)
    assert not match([said("clone", (0,), 12, 50)], known, follows)


@pytest.mark.parametrize(
    ("mixed", "found"),
    [
        pytest.param((tracklet(0, A, B), tracklet(1, B, A)), True, id="change-over-at-the-event"),
        pytest.param((tracklet(0, C, C), tracklet(1, B, A)), False, id="one-follows-another"),
    ],
)
def test_tracklets_that_change_over_at_a_crossing_still_name_the_pair(mixed, found):
    known = truth(SWAP)
    follows = followed(report(*mixed), known)
    assert bool(match([said("swap", (0, 1), 30)], known, follows)) is found


def test_what_happens_to_all_of_the_picture_is_read_from_the_truth():
    event = {"kind": "morph", "people": ["ana"], "start_frame": 30, "stop_frame": 31}
    data = {"people": [], "shots": [], "frames": FRAMES, "fps": "24/1"}
    read = [
        Truth.from_dict({**data, "events": [{**event, **more}]}).events[0].whole_picture
        for more in ({}, {"whole_picture": False}, {"whole_picture": True})
    ]
    assert read == [False, False, True]


def test_a_box_over_nobody_is_nobody():
    known = truth(SWAP, tracks=(A, B))
    follows = followed(report(tracklet(2, C)), known)
    assert set(follows[2].values()) == {None}


@pytest.mark.parametrize(
    ("findings", "told", "noticed"),
    [
        pytest.param([], "nothing", False, id="none"),
        pytest.param([said("morph", (0,), 31)], "morph", True, id="sibling-kind"),
        pytest.param([said("swap", (0, 1), 38)], "wrong time", False, id="late"),
        pytest.param([said("swap", (0, 2), 30)], "wrong people", True, id="half-right-people"),
        pytest.param([said("morph", (2,), 30)], "nothing", False, id="about-somebody-else"),
        pytest.param([said("morph", (0,), 55)], "nothing", False, id="long-after"),
        pytest.param(
            [said("morph", (0,), 30, confidence=0.7), said("vanish", (1,), 31, confidence=0.8)],
            "vanish", True, id="the-surest-speaks",
        ),
    ],
)  # fmt: skip
def test_what_was_said_instead(findings, told, noticed):
    known = truth(SWAP)
    follows = followed(report(*EVERYBODY), known)
    assert said_instead(SWAP, findings, known, follows) == told
    assert any(notices(f, SWAP, known, follows) for f in findings) is noticed


def test_a_false_swap_is_filed_where_it_claims_to_be():
    known = truth(cuts=(40,))
    assert claimed_place(said("swap", (0, 1), 41), report(*EVERYBODY), known) == "cut"
    assert claimed_place(said("swap", (0, 1), 20), report(*EVERYBODY), known) == "open"
    touching = report(tracklet(0, A), tracklet(1, A))
    assert claimed_place(said("swap", (0, 1), 20), touching, known) == "crossing"
    assert claimed_place(said("swap", (), 20), report(), known) == "open"


def test_truth_is_read_from_the_published_schema():
    data = {
        "schema": "castcheck.truth/1", "clip": "x.mp4", "fps": "24/1", "frames": 3,
        "width": 64, "height": 48, "shots": [{"start_frame": 0, "stop_frame": 2},
                                             {"start_frame": 2, "stop_frame": 3}],
        "people": [{"person": "ana", "tracks": [{
            "frames": [0, 1], "boxes": [[0, 0, 4, 8], [1, 0, 5, 8]],
            "amodal": [[0, 0, 4, 9], [1, 0, 5, 9]], "visible": [1, 1], "look": ["ana", "ana"],
        }]}],
        "events": [{"kind": "vanish", "people": ["ana"], "start_frame": 1, "stop_frame": 2}],
    }  # fmt: skip
    known = Truth.from_dict(data)
    assert known.events == (Event("vanish", ("ana",), 1, 2, ""),)
    assert known.tracks["ana", 0][1].tolist() == [[1, 0, 5, 8], [1, 0, 5, 9]]
    assert (known.cuts, known.shot_of(1), known.shot_of(2), known.fps) == ((2,), 0, 1, 24.0)
    assert (known.species, known.video_look) == ("", 0.0)
