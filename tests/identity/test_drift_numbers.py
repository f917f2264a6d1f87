"""Slow changes in numbers: the ramp and the step, who loses beside it, and drift over cuts."""

# Stand-ins here hold only what is asked of them, so types of arguments are not compared.
# mypy: disable-error-code="arg-type, comparison-overlap, index, truthy-function, var-annotated"

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from identity.evidence.losses import (
    LookLoss,
    _keeps_facing,
    _keeps_framing,
    _undisturbed,
)
from identity.explanations import drift_over_cuts, drift_rules
from identity.explanations.contract import Explained
from identity.explanations.drift_over_cuts import (
    _spans,
    _was,
    extend_onset_before_cut,
    merge_drifts,
)
from identity.explanations.drift_rules import _first_third
from identity.settings import FindingSettings


class Body:
    """A track whose looks are given as numbers: rows of a cue, each [value, 0] or a vector."""

    def __init__(self, frames, *, box=(0, 0, 60, 160), shot=0, **cues):
        self.frame = np.array(frames)
        self.xyxy = np.tile(np.array(box, np.float32), (len(self.frame), 1))
        self.shot_index = shot
        self.cues = {}
        for cue, values in cues.items():
            rows = np.array([k for k, value in enumerate(values) if value is not None], int)
            kept = [value for value in values if value is not None]
            vectors = [value if np.ndim(value) else [value, 0.0] for value in kept]
            self.cues[cue] = rows, np.array(vectors, np.float32).reshape(len(rows), -1)

    def vectors(self, cue):
        return self.cues.get(cue, (np.zeros(0, int), np.zeros((0, 1), np.float32)))


# --- ramps ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("frames", "old"), [(range(30, 121, 3), (10, 20)), (range(30, 37, 3), (10, 11))]
)
def test_the_first_third_of_a_stretch_is_the_old_look(frames, old):
    body = Body(range(0, 150, 3))
    rows = np.searchsorted(body.frame, list(frames))
    scene = SimpleNamespace(tracks=[body], samples=SimpleNamespace(frames=body.frame))
    assert _first_third(scene, 0, rows) == old


# --- who changes slowly in a shot -----------------------------------------------------------------


def lost(*, steady=True, head=0.0, **loss):
    return LookLoss(np.arange(12), loss, steady, head)


@pytest.mark.parametrize(
    ("stretches", "explained", "who"),
    [
        pytest.param([], [], [], id="nobody"),
        pytest.param([None], [], [], id="nothing to compare"),
        pytest.param([lost(body=0.34, upper=0.2)], [], [0], id="loses enough"),
        pytest.param([lost(body=0.32, upper=0.2)], [], [], id="too little"),
        pytest.param([lost(body=0.6, upper=0.2)], ["swap"], [], id="something else is known"),
        pytest.param([lost(body=0.6, upper=0.2)], ["drift"], [0], id="a drift is no reason"),
        pytest.param(
            [lost(body=0.5, upper=0.2), lost(body=0.29, upper=0.2)], [], [0], id="others lose half"
        ),
        pytest.param(
            [lost(body=0.5, upper=0.2), lost(body=0.31, upper=0.2)], [], [],
            id="others lose more than half: the light",
        ),
        pytest.param(
            [lost(body=0.5, upper=0.2), None], [], [0], id="of another one nothing is known"
        ),
        pytest.param([lost(body=0.1, head=0.45)], [], [0], id="the head alone, times 1.35"),
        pytest.param([lost(body=0.1, head=0.44)], [], [], id="the head, too little"),
        pytest.param(
            [lost(body=0.1, head=0.6), lost(body=0.0, head=0.37)], [], [],
            id="others' heads lose as much",
        ),
        pytest.param(
            [lost(body=0.1, head=0.6), lost(body=0.3, head=0.35, upper=0.2)], [], [0],
            id="others' heads lose less",
        ),
    ],
)  # fmt: skip
def test_who_changes_slowly(monkeypatch, stretches, explained, who):
    bodies = [Body(range(12)) for _ in stretches]
    asked = {}
    monkeypatch.setattr(
        drift_rules, "largest_loss", lambda body, *_, fps: stretches[bodies.index(body)]
    )

    def ramp(body, rows, cues):
        asked[bodies.index(body)] = cues
        return (5, 30)

    monkeypatch.setattr(drift_rules, "_ramp", ramp)
    monkeypatch.setattr(drift_rules, "curve_from", lambda *_: "curve")
    scene = SimpleNamespace(
        tracks=bodies,
        calibration=None,
        samples=SimpleNamespace(fps=24.0, frames=np.arange(12)),
        settings=FindingSettings(drift=0.33),
        explained=[Explained(kind, (0,), 0, 1, 1.0, 1.0) for kind in explained],
    )
    found = drift_rules.find(scene)
    assert [one.tracks for one in found] == [(k,) for k in who]
    for one in found:
        (k,) = one.tracks
        assert (one.kind, one.start_frame, one.stop_frame) == ("drift", 5, 30)
        assert one.curves == {k: "curve"}
        by_head = stretches[k].head > 0.4
        assert one.strength == pytest.approx(
            stretches[k].head / 1.35 if by_head else stretches[k].loss["body"]
        )
        assert ("hair" in asked[k]) == by_head
        assert not one.vouched  # one colour alone


def test_colours_that_fall_too_vouch_for_it(monkeypatch):
    own = lost(steady=False, body=0.5, upper=0.34, lower=0.4)
    monkeypatch.setattr(drift_rules, "largest_loss", lambda *_, fps: own)
    monkeypatch.setattr(drift_rules, "_ramp", lambda *_: (5, 30))
    monkeypatch.setattr(drift_rules, "curve_from", lambda *_: "curve")
    scene = SimpleNamespace(
        tracks=[Body(range(12))], calibration=None, explained=(),
        samples=SimpleNamespace(fps=24.0, frames=np.arange(12)),
        settings=FindingSettings(drift=0.33),
    )  # fmt: skip
    (found,) = drift_rules.find(scene)
    assert (found.strength, found.vouched) == (pytest.approx(0.34), True)
    assert found.features == pytest.approx({"body": 0.5, "upper": 0.66, "lower": 0.6})


# --- how much is lost -----------------------------------------------------------------------------

EAST, NORTH = (1.0, 0.0), (0.0, 1.0)


def turned(*cosines):
    return [(c, (1 - c * c) ** 0.5) for c in cosines]


@pytest.mark.parametrize(
    ("facing", "box_end", "keeps"),
    [
        pytest.param([0.5] * 6, None, True, id="does not turn"),
        pytest.param([0.5] * 3, None, False, id="three looks say nothing"),
        pytest.param([0.5] * 4, None, True, id="four do"),
        pytest.param([0.5, 0.5, 0.5, 0.94, 0.5, 0.5], None, True, id="a glance of .44"),
        pytest.param([0.5, 0.5, 0.5, 0.96, 0.5, 0.5], None, False, id="a glance of .46"),
        pytest.param([0.5] * 3 + [0.69] * 3, None, True, id="turns by .19"),
        pytest.param([0.5] * 3 + [0.71] * 3, None, False, id="turns by .21"),
        pytest.param([0.71] * 3 + [0.5] * 3, None, False, id="turns back by .21"),
        pytest.param([0.5] * 6, (0, 0, 83, 160), True, id="1.38 times as wide"),
        pytest.param([0.5] * 6, (0, 0, 85, 160), False, id="1.42 times as wide"),
    ],
)
def test_who_keeps_facing_the_camera(facing, box_end, keeps):
    body = Body(range(len(facing)), facing=turned(*facing))
    if box_end is not None:
        body.xyxy[-1] = box_end
    assert _keeps_facing(body, np.arange(len(facing))) is keeps


@pytest.mark.parametrize(
    ("end", "keeps"),
    [
        ((0, 0, 60, 160), True),
        ((0, 0, 101, 160), True),
        ((0, 0, 103, 160), False),
        ((0, 0, 60, 223), True),
        ((0, 0, 60, 225), False),
    ],
)
def test_a_box_keeps_its_framing(end, keeps):
    assert _keeps_framing(np.array([(0, 0, 60, 160), end], np.float32)) is keeps


@pytest.mark.parametrize(
    ("other", "runs"),
    [
        pytest.param(None, [(0, 29)], id="alone"),
        pytest.param(((10, 20), 0), [(0, 9), (20, 29)], id="somebody passes"),
        pytest.param(((10, 20), 51), [(0, 29)], id="beside him: a twelfth in common"),
        pytest.param(((10, 20), 48), [(0, 9), (20, 29)], id="an eighth in common"),
        pytest.param(((3, 27), 0), [], id="three rows at either end"),
        pytest.param(((4, 26), 0), [(0, 3), (26, 29)], id="four rows"),
    ],
)
def test_stretches_in_which_nobody_passes(other, runs):
    own = Body(range(30))
    everybody = [own]
    if other is not None:
        (first, stop), left = other
        passing = Body(range(first, stop), box=(left, 0, left + 60, 160))
        everybody.append(passing)
    found = _undisturbed(own, everybody, fps=24)
    assert [(int(rows[0]), int(rows[-1])) for rows in found] == runs


# --- over cuts ------------------------------------------------------------------------------------

SAME = np.ones((3, 3), np.float32)
CLEAR = {"body": 0.7, "upper": 0.7}  # over a cut: 0.5


def over_cuts(monkeypatch, worn, losses, *, shots=None, setups=SAME, explained=(), places=None):
    """Judge bodies of some shots; losses are {(a, b): loss}, `None` = another framing."""
    shots = shots or [0, 1]
    bodies = [
        Body(range(20 * shot, 20 * shot + 20), shot=shot, box=(x, 0, x + 60, 160))
        for k, shot in enumerate(shots)
        if (x := (places or [0] * len(shots))[k]) >= 0
    ]
    monkeypatch.setattr(
        drift_over_cuts, "_between",
        lambda one, two, _: losses.get((bodies.index(one), bodies.index(two)), {}),
    )  # fmt: skip
    clip = SimpleNamespace(
        tracks=bodies, worn=worn, setups=setups, calibration=None,
        settings=FindingSettings(drift=0.4), characters_explained=lambda: set(explained),
    )  # fmt: skip
    return drift_over_cuts.find_over_cuts(clip)


@pytest.mark.parametrize(
    ("worn", "losses", "more", "pairs"),
    [
        pytest.param([0, 0], {(0, 1): CLEAR}, {}, [(0, 1)], id="looks otherwise"),
        pytest.param([0, 0], {(0, 1): {"body": 0.56, "upper": 0.9}}, {}, [(0, 1)], id="enough"),
        pytest.param([0, 0], {(0, 1): {"body": 0.55, "upper": 0.9}}, {}, [], id="too little"),
        pytest.param([0, 0], {(0, 1): {"body": 0.9, "upper": 0.55}}, {}, [], id="clothes stay"),
        pytest.param([0, 0], {(0, 1): None}, {}, [], id="another framing"),
        pytest.param([0, 0], {(0, 1): CLEAR}, {"explained": {0}}, [], id="it is explained"),
        pytest.param([0, 0], {(0, 1): CLEAR}, {"setups": np.eye(3)}, [], id="another set-up"),
        pytest.param([0, 0], {(0, 1): CLEAR}, {"setups": 0.9 * SAME}, [(0, 1)], id="like enough"),
        pytest.param([0, 0], {(0, 1): CLEAR}, {"places": [0, 200]}, [], id="another place"),
        pytest.param([0, 1], {(0, 1): CLEAR}, {}, [], id="somebody else"),
        pytest.param([-1, -1], {(0, 1): CLEAR}, {}, [], id="nobody of the cast"),
        pytest.param([0, -1], {(0, 1): CLEAR}, {}, [], id="one of the cast, one not"),
        pytest.param(
            [0, 0, 0], {(0, 1): {}, (0, 2): CLEAR, (1, 2): CLEAR}, {"shots": [0, 1, 2]}, [(0, 2)],
            id="against the first shot of the set-up",
        ),
    ],
)  # fmt: skip
def test_who_looks_otherwise_after_a_cut(monkeypatch, worn, losses, more, pairs):
    found = over_cuts(monkeypatch, worn, losses, **more)
    assert [one.tracks for one in found] == pairs
    for one in found:
        early, late = one.tracks
        loss = losses[early, late]
        assert one.strength == pytest.approx(min(loss.values()) / 1.4)
        assert one.start_frame == 20
        assert one.stop_frame == 20 * (late + 1)
        assert (one.kind, one.over_cut) == ("drift", True)


@pytest.mark.parametrize(
    ("other", "told"),
    [
        pytest.param({"body": 0.41, "upper": 0.5}, True, id="others lose less than .6 of it"),
        pytest.param({"body": 0.43, "upper": 0.5}, False, id="or more: the light"),
        pytest.param(None, True, id="of others nothing is known"),
    ],
)
def test_what_everybody_loses_over_a_cut_is_the_light(monkeypatch, other, told):
    found = over_cuts(
        monkeypatch, [0, 1, 0, 1], {(0, 2): CLEAR, (1, 3): other}, shots=[0, 0, 1, 1],
        places=[0, 200, 0, 200],
    )  # fmt: skip
    assert [one.tracks for one in found] == ([(0, 2)] if told else [])


@pytest.mark.parametrize(
    ("worn", "told"),
    [
        pytest.param([0, 1, 2, 1], True, id="one is never seen again, the other stays"),
        pytest.param([0, 1, 2, 3], False, id="nobody stays"),
        pytest.param([0, 1, 1, 1], False, id="seen before"),
    ],
)
def test_a_new_character_in_the_place_of_one_who_is_gone(monkeypatch, worn, told):
    found = over_cuts(
        monkeypatch, worn, {(0, 2): CLEAR}, shots=[0, 0, 1, 1], places=[0, 200, 0, 200]
    )
    assert [one.tracks for one in found] == ([(0, 2)] if told else [])


def test_from_which_shot_to_which_somebody_is_seen():
    bodies = [Body(range(3), shot=shot) for shot in (0, 2, 1, 4)]
    assert _spans(bodies, [7, 7, 3, -1]) == {7: (0, 2), 3: (1, 1), -1: (4, 4)}


@pytest.mark.parametrize(
    ("label", "shot", "spans", "was"),
    [
        pytest.param(0, 2, {0: (1, 5)}, 0, id="seen before"),
        pytest.param(0, 2, {0: (2, 5), 1: (0, 1)}, 1, id="one is never seen again"),
        pytest.param(0, 2, {0: (2, 5), 1: (0, 0)}, -1, id="gone for longer"),
        pytest.param(0, 2, {0: (2, 5), 1: (0, 1), 2: (1, 1)}, -1, id="two are gone"),
        pytest.param(0, 2, {0: (2, 5), -1: (0, 1)}, -1, id="nobody of the cast is gone"),
        pytest.param(1, 2, {1: (2, 5), 0: (0, 1)}, 0, id="the first character is gone"),
    ],
)
def test_who_somebody_was_before(label, shot, spans, was):
    assert _was(label, shot, spans) == was


def drift(tracks, start, stop, *, strength=0.5, odds=1.0, **more):
    return Explained("drift", tracks, start, stop, odds, strength, **more)


@pytest.mark.parametrize(
    ("worn", "start", "before", "expect"),
    [
        pytest.param([0, 0], 20, None, ((0, 1), 10), id="under way at the cut: half of it"),
        pytest.param([0, 0], 20, lost(body=0.09), ((1,), 20), id="seen to stay the same"),
        pytest.param([0, 0], 20, lost(body=0.11), ((0, 1), 10), id="not quite"),
        pytest.param([0, 0], 20, lost(steady=False, body=0.0), ((0, 1), 10), id="may have turned"),
        pytest.param([0, 0], 23, None, ((1,), 23), id="begins later"),
        pytest.param([0, 1], 20, None, ((0, 1), 10), id="as a new character"),
        pytest.param([-1, -1], 20, None, ((1,), 20), id="nobody of the cast"),
    ],
)
def test_an_onset_before_the_cut(monkeypatch, worn, start, before, expect):
    bodies = [Body(range(20), shot=0), Body(range(20, 40), shot=1)]
    monkeypatch.setattr(drift_over_cuts, "largest_loss", lambda *_, fps: before)
    clip = SimpleNamespace(tracks=bodies, worn=worn, calibration=None, fps=24)
    over = drift((0, 1), 20, 40, over_cut=True)
    found, kept = extend_onset_before_cut([drift((1,), start, 40), over], clip)
    assert (found.tracks, found.start_frame) == expect
    assert kept is over


def test_a_late_comer_did_not_begin_at_the_cut(monkeypatch):
    bodies = [Body(range(20)), Body(range(22, 40), shot=1), Body(range(20, 40), shot=1)]
    monkeypatch.setattr(drift_over_cuts, "largest_loss", lambda *_, fps: None)
    clip = SimpleNamespace(tracks=bodies, worn=[0, 0, 1], calibration=None, fps=24)
    late = drift((1,), 22, 40)
    assert extend_onset_before_cut([late], clip) == [late]


def test_of_several_pieces_the_last_one_before_the_cut_counts(monkeypatch):
    bodies = [Body(range(8)), Body(range(10, 20)), Body(range(20, 40), shot=1)]
    monkeypatch.setattr(drift_over_cuts, "largest_loss", lambda *_, fps: None)
    clip = SimpleNamespace(tracks=bodies, worn=[0, 0, 0], calibration=None, fps=24)
    (found,) = extend_onset_before_cut([drift((2,), 20, 40)], clip)
    assert (found.tracks, found.start_frame) == ((1, 2), 15)


def test_a_character_has_one_drift():
    first = drift((0,), 10, 30, odds=2.0, strength=0.4, curves={0: "a"}, vouched=False)
    second = drift((2, 1), 25, 60, odds=1.0, strength=0.9, over_cut=True, curves={1: "b"})
    other = drift((3,), 5, 8)
    (merged, alone) = merge_drifts([first, second, other], [0, 0, 0, 1])
    assert (merged.tracks, merged.start_frame, merged.stop_frame) == ((0, 1, 2), 10, 60)
    assert (merged.log_odds, merged.strength) == (2.0, 0.4)
    assert (merged.over_cut, merged.vouched) == (True, True)
    assert merged.curves == {0: "a", 1: "b"}
    assert alone == other
    assert not alone.over_cut
    apart = merge_drifts([first, other, drift((1,), 1, 2)], [-1, -1, -1, -1])
    assert [one.tracks for one in apart] == [(0,), (3,), (1,)]
    assert merge_drifts([], []) == []
