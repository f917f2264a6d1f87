"""Slow changes in numbers: the ramp and the step, who loses beside it, and drift over cuts."""

# Stand-ins here hold only what is asked of them, so types of arguments are not compared.
# mypy: disable-error-code="arg-type, comparison-overlap, index, truthy-function, var-annotated"

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from identity.evidence.calibration import Calibration, Scale, Weights
from identity.evidence.losses import (
    LookLoss,
    _head_loss,
    _keeps_facing,
    _keeps_framing,
    _undisturbed,
    largest_loss,
)
from identity.explanations import drift_over_cuts, drift_rules
from identity.explanations.contract import Explained
from identity.explanations.drift_over_cuts import (
    _between,
    _spans,
    _was,
    extend_onset_before_cut,
    merge_drifts,
)
from identity.explanations.drift_rules import _first_third, _projected, _ramp
from identity.settings import FindingSettings
from tests.identity.people import track_of, turned

WEIGHTS = Weights(1, 1, 1, 1, 0)
SCALES = Calibration({"body": Scale(0.0, 0.5), "head": Scale(0.0, 0.5)}, WEIGHTS)


# --- ramps ----------------------------------------------------------------------------------------


def ramp_of(values, *, every=3):
    frames = 10 + every * np.arange(len(values))
    return _ramp(track_of(frames, body=list(values)), np.arange(len(values)), ("body",))


def shaped(count, start, stop, *, noise=0.0):
    """Return a ramp of one from one sample to another, with noise of alternating sign."""
    along = np.clip((np.arange(count) - start) / (stop - start), 0, 1)
    return along + noise * (-1.0) ** np.arange(count)


@pytest.mark.parametrize(
    ("values", "span"),
    [
        pytest.param(shaped(12, 0, 11, noise=0.02), (10, 44), id="from the first to the last"),
        pytest.param(shaped(12, 5, 6), None, id="a step"),
        pytest.param(shaped(12, 4, 6), (19, 32), id="two samples: better as a short ramp"),
        pytest.param(shaped(12, 5, 6, noise=0.05), None, id="a step with noise"),
        pytest.param(np.zeros(12), None, id="nothing"),
        pytest.param(shaped(8, 0, 7, noise=0.02), (10, 32), id="eight samples"),
        pytest.param(shaped(7, 0, 6, noise=0.02), None, id="seven samples"),
        pytest.param(shaped(40, 10, 30, noise=0.01), (40, 101), id="it begins and ends inside"),
        pytest.param(shaped(40, 6, 30, noise=0.01), (10, 101), id="so near the start: from there"),
        pytest.param(shaped(40, 10, 34, noise=0.01), (40, 128), id="so near the end: up to it"),
    ],
)
def test_from_when_to_when_it_changes(values, span):
    found = ramp_of(values)
    assert (found is None) == (span is None)
    if span is not None:
        assert found == pytest.approx(span, abs=3)  # a sample
        ends = 10, 10 + 3 * (len(values) - 1) + 1
        assert [a == b for a, b in zip(found, ends, strict=True)] == [
            a == b for a, b in zip(span, ends, strict=True)
        ]


@pytest.mark.parametrize(("noise", "told"), [(0.28, True), (0.31, False)])
def test_a_ramp_explains_half_of_what_varies(noise, told):
    values = shaped(36, 0, 35, noise=noise)
    left = np.square(values - np.polyval(np.polyfit(np.arange(36), values, 1), np.arange(36)))
    explained = 1 - left.sum() / np.square(values - values.mean()).sum()
    assert abs(explained - 0.5) < 0.05
    assert (ramp_of(values) is not None) == told


def test_the_way_from_the_first_look_to_the_last():
    rows = np.arange(12)
    body = track_of(10 + 3 * rows, body=[0.0] * 4 + [1.0] * 4 + [3.0] * 4)
    frames, along = _projected(body, rows, ("body",))
    assert frames.tolist() == (10 + 3 * rows).tolist()
    assert along == pytest.approx([0] * 4 + [3] * 4 + [9] * 4)  # times 3, how far it goes
    mixed = track_of(10 + 3 * rows, body=[0.0] * 3 + [1.0] * 5 + [3.0] * 4)
    _, along = _projected(mixed, rows, ("body",))  # from .25 to 3
    assert along == pytest.approx([0] * 3 + [2.75] * 5 + [8.25] * 4)
    few = track_of(rows, body=[0.0, 0.0, *[1.0] * 4, 2.0, 2.0])
    assert _projected(few, np.arange(8), ("body",))[1] == pytest.approx([0, 0, 2, 2, 2, 2, 4, 4])


def test_cues_are_added_where_all_are_seen_and_one_seen_seldom_is_left_out():
    rows = np.arange(10)
    body = track_of(
        rows,
        body=[None, *[0.0] * 3, *[1.0] * 3, *[2.0] * 3],
        head=[0.0] * 3 + [1.0] * 4 + [2.0] * 2 + [None],
        upper=[5.0] * 7 + [None] * 3,
    )
    frames, along = _projected(body, rows, ("body", "head", "upper"))
    assert frames.tolist() == list(range(1, 9))
    one, two = _projected(body, rows, ("body",))[1], _projected(body, rows, ("head",))[1]
    assert along == pytest.approx(one[:-1] + two[1:])


def test_no_more_than_48_points_are_fitted():
    rows = np.arange(200)
    frames, _ = _projected(track_of(rows, body=list(np.linspace(0, 1, 200))), rows, ("body",))
    assert len(frames) == 48
    assert (frames[0], frames[-1]) == (0, 199)
    rows = np.arange(48)
    exact = _projected(track_of(rows, body=list(np.linspace(0, 1, 48))), rows, ("body",))[0]
    assert exact.tolist() == rows.tolist()


@pytest.mark.parametrize(
    ("frames", "old"),
    [(range(30, 121, 3), (10, 20)), (range(30, 37, 3), (10, 11)), (range(30, 48, 3), (10, 12))],
)
def test_the_first_third_of_a_stretch_is_the_old_look(frames, old):
    body = track_of(range(0, 150, 3))
    rows = np.searchsorted(body.frame, list(frames))
    scene = SimpleNamespace(tracks=[body], samples=SimpleNamespace(frames=body.frame))
    assert _first_third(scene, 0, rows) == old


# --- who changes slowly in a shot -----------------------------------------------------------------


def lost(*, steady=True, head=0.0, **loss):
    return LookLoss(np.arange(12), loss, steady, head)


CLOTHES = {"upper": 0.4, "lower": 0.4}  # lose their colours as well


@pytest.mark.parametrize(
    ("stretches", "explained", "who"),
    [
        pytest.param([], [], [], id="nobody"),
        pytest.param([None], [], [], id="nothing to compare"),
        pytest.param([lost(body=0.34, **CLOTHES)], [], [0], id="loses enough"),
        pytest.param([lost(body=0.33, **CLOTHES)], [], [0], id="just enough"),
        pytest.param([lost(body=0.32, **CLOTHES)], [], [], id="too little"),
        pytest.param([lost(body=0.9, upper=0.9)], [], [0], id="networks and one colour: a hint"),
        pytest.param([lost(body=0.6, **CLOTHES)], ["swap"], [], id="something else is known"),
        pytest.param([lost(body=0.6, **CLOTHES)], ["drift"], [0], id="a drift is no reason"),
        pytest.param(
            [lost(body=0.5, **CLOTHES), lost(body=0.29, **CLOTHES)], [], [0], id="others lose half"
        ),
        pytest.param(
            [lost(body=0.5, **CLOTHES), lost(body=0.31, **CLOTHES)], [], [],
            id="others lose more than half: the light",
        ),
        pytest.param(
            [lost(body=0.5, **CLOTHES), lost(body=0.31, **CLOTHES), lost(body=0.0)], [], [],
            id="one of the others does",
        ),
        pytest.param(
            [lost(body=0.5, **CLOTHES), None], [], [0], id="of another one nothing is known"
        ),
        pytest.param([lost(body=0.1, head=0.47)], [], [0], id="the head alone, times 1.4"),
        pytest.param([lost(body=0.1, head=0.46)], [], [], id="the head, too little"),
        pytest.param(
            [lost(body=0.1, head=0.6), lost(body=0.0, head=0.37)], [], [],
            id="others' heads lose as much",
        ),
        pytest.param(
            [lost(body=0.1, head=0.6), lost(body=0.0, head=0.1), lost(body=0.0, head=0.37)], [], [],
            id="one of the others' heads does",
        ),
        pytest.param(
            [lost(body=0.1, head=0.6), lost(body=0.3, head=0.35)], [], [0],
            id="others' heads lose less",
        ),
    ],
)  # fmt: skip
def test_who_changes_slowly(monkeypatch, stretches, explained, who):
    bodies = [track_of(range(12)) for _ in stretches]
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
            stretches[k].head / 1.4 if by_head else stretches[k].loss["body"]
        )
        assert ("hair" in asked[k]) == by_head
        clothes = "lower" in stretches[k].loss
        assert (one.vouched, one.is_hint) == (clothes, not clothes and not by_head)


@pytest.mark.parametrize("own", [lost(body=0.21, **CLOTHES), lost(body=0.1, head=0.28)])
def test_where_nobody_else_is_there_nothing_is_light(monkeypatch, own):
    monkeypatch.setattr(drift_rules, "largest_loss", lambda *_, fps: own)
    monkeypatch.setattr(drift_rules, "_ramp", lambda *_: (5, 30))
    monkeypatch.setattr(drift_rules, "curve_from", lambda *_: "curve")
    scene = SimpleNamespace(
        tracks=[track_of(range(12))], calibration=None, explained=(),
        samples=SimpleNamespace(fps=24.0, frames=np.arange(12)),
        settings=FindingSettings(drift=0.2),
    )  # fmt: skip
    assert len(drift_rules.find(scene)) == 1


def test_colours_that_fall_too_vouch_for_it(monkeypatch):
    own = lost(steady=False, body=0.5, upper=0.33, lower=0.4)  # the second is just enough
    monkeypatch.setattr(drift_rules, "largest_loss", lambda *_, fps: own)
    monkeypatch.setattr(drift_rules, "_ramp", lambda *_: (5, 30))
    monkeypatch.setattr(drift_rules, "curve_from", lambda *_: "curve")
    scene = SimpleNamespace(
        tracks=[track_of(range(12))], calibration=None, explained=(),
        samples=SimpleNamespace(fps=24.0, frames=np.arange(12)),
        settings=FindingSettings(drift=0.33),
    )  # fmt: skip
    (found,) = drift_rules.find(scene)
    assert (found.strength, found.vouched) == (pytest.approx(0.33), True)
    assert found.features == pytest.approx({"body": 0.5, "upper": 0.67, "lower": 0.6})


# --- how much is lost -----------------------------------------------------------------------------

EAST, NORTH = (1.0, 0.0), (0.0, 1.0)


@pytest.mark.parametrize(
    ("facing", "box_end", "keeps"),
    [
        pytest.param([0.5] * 6, None, True, id="does not turn"),
        pytest.param([0.5] * 3, None, False, id="three looks say nothing"),
        pytest.param([0.5] * 4, None, True, id="four do"),
        pytest.param([0.4, 0.4, 0.4, 0.89, 0.4, 0.4], None, True, id="a glance of .49"),
        pytest.param([0.4, 0.4, 0.4, 0.91, 0.4, 0.4], None, False, id="a glance of .51"),
        pytest.param([0.5] * 3 + [0.69] * 3, None, True, id="turns by .19"),
        pytest.param([0.5] * 3 + [0.71] * 3, None, False, id="turns by .21"),
        pytest.param([0.71] * 3 + [0.5] * 3, None, False, id="turns back by .21"),
        pytest.param([0.5, 0.5, 0.5, 0.86], None, True, id="of four looks two on a side: by .18"),
        pytest.param([0.5, 0.5, 0.75, 0.75], None, False, id="of four, two on a side: by .25"),
        pytest.param(
            [0.5] * 6 + [0.58, 0.72, 0.72], None, True, id="of nine, three on a side: by .17"
        ),
        pytest.param([0.5] * 6, (0, 0, 83, 160), True, id="1.38 times as wide"),
        pytest.param([0.5] * 6, (0, 0, 85, 160), False, id="1.42 times as wide"),
    ],
)
def test_who_keeps_facing_the_camera(facing, box_end, keeps):
    body = track_of(range(len(facing)), facing=turned(*facing))
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


HAIR = [EAST] * 3 + [NORTH] * 3


@pytest.mark.parametrize(
    ("hair", "facing", "end", "loss", "said"),
    [
        pytest.param(HAIR, [0.5] * 6, None, {"head": 0.5}, 0.5, id="what both lose"),
        pytest.param(HAIR, [0.5] * 6, None, {"head": 3.0}, 1 + 0.6 / 0.38, id="hair loses less"),
        pytest.param(HAIR, [0.5] * 6, None, {}, 0.0, id="the head was not seen"),
        pytest.param(HAIR[:3], [0.5] * 3, None, {"head": 0.5}, 0.0, id="three looks"),
        pytest.param(HAIR, [0.3] * 5 + [0.79], None, {"head": 0.5}, 0.5, id="turns by .49"),
        pytest.param(HAIR, [0.3] * 5 + [0.81], None, {"head": 0.5}, 0.0, id="turns by .51"),
        pytest.param(HAIR, [0.5] * 6, (0, 0, 83, 160), {"head": 0.5}, 0.5, id="1.38 times wider"),
        pytest.param(HAIR, [0.5] * 6, (0, 0, 84, 160), {"head": 0.5}, 0.5, id="1.4 times wider"),
        pytest.param(HAIR, [0.5] * 6, (0, 0, 85, 160), {"head": 0.5}, 0.0, id="1.42 times wider"),
        pytest.param(HAIR, [0.5] * 6, (0, 0, 60, 226), {"head": 0.5}, 0.0, id="taller"),
        pytest.param(HAIR, [0.5] * 6, None, {"head": 0.5, "upper": 0.19}, 0.5, id="clothes stay"),
        pytest.param(HAIR, [0.5] * 6, None, {"head": 0.5, "upper": 0.2}, 0.5, id="just stay"),
        pytest.param(HAIR, [0.5] * 6, None, {"head": 0.5, "upper": 0.21}, 0.0, id="clothes go"),
        pytest.param(
            [EAST, *turned(0.79), EAST, NORTH, NORTH, NORTH], [0.5] * 6, None, {"head": 0.5}, 0.0,
            id="hair is not calm at first",
        ),
        pytest.param(
            [EAST, *turned(0.81), EAST, NORTH, NORTH, NORTH], [0.5] * 6, None, {"head": 0.5}, 0.5,
            id="hair is calm enough",
        ),
        pytest.param(
            [EAST, EAST, EAST, NORTH, NORTH, *turned(0.8)], [0.5] * 6, None, {"head": 0.5}, 0.0,
            id="hair is not calm at last",
        ),
    ],
)  # fmt: skip
def test_what_a_head_loses(hair, facing, end, loss, said):
    body = track_of(range(len(hair)), hair=hair, facing=turned(*facing))
    if end is not None:
        body.xyxy[-1] = end
    assert _head_loss(body, np.arange(len(hair)), loss) == pytest.approx(said)


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
    own = track_of(range(30))
    everybody = [own]
    if other is not None:
        (first, stop), left = other
        passing = track_of(range(first, stop), box=(left, 0, left + 60, 160))
        everybody.append(passing)
    found = _undisturbed(own, everybody, fps=24)
    assert [(int(rows[0]), int(rows[-1])) for rows in found] == runs


@pytest.mark.parametrize(
    ("frames", "loss"),
    [
        pytest.param(range(0, 30, 2), 3.0, id="thirds apart by one, times 1.5, over .5"),
        pytest.param(range(12), None, id="0.46 s"),
        pytest.param(range(13), 3.0, id="half a second"),
        pytest.param(range(100, 112), None, id="0.46 s, later"),
        pytest.param(range(100, 113), 3.0, id="half a second, later"),
    ],
)
def test_the_largest_loss(frames, loss):
    count = len(frames)
    looks = [EAST] * (count // 2) + [NORTH] * (count - count // 2)
    body = track_of(frames, body=looks, head=[EAST] * 3 + [None] * (count - 3))
    found = largest_loss(body, [body], SCALES, fps=24)
    assert (found is None) == (loss is None)
    if found is not None:
        assert found.loss == {"body": pytest.approx(loss)}  # three looks at a head say nothing
        assert found.rows.tolist() == list(range(count))
        assert not found.steady
        assert found.head == 0


def test_thirds_of_nine_looks_are_three():
    """Two of the first three look so and one otherwise: they vary as much as is lost."""
    looks = [EAST] * 2 + [NORTH] * 7
    body = track_of(range(0, 27, 3), body=looks)
    found = largest_loss(body, [body], SCALES, fps=24)
    assert found is not None
    assert found.loss == {"body": pytest.approx(0, abs=1e-6)}


def test_of_two_stretches_the_one_with_the_larger_loss_counts():
    still, changed = [EAST] * 20, [EAST] * 10 + [NORTH] * 10
    for halves, first_row in ((still + changed, 25), (changed + still, 0)):
        body = track_of(range(40), body=halves, head=halves, upper=halves)
        scales = Calibration(dict.fromkeys(("body", "head", "upper"), Scale(0.0, 0.5)), WEIGHTS)
        passing = track_of(range(15, 25) if first_row else range(20, 26))
        other = track_of([0, 39], box=(500, 0, 560, 160))
        found = largest_loss(body, [body, passing, other], scales, fps=20)
        assert found is not None
        assert found.strength > 1
        assert found.rows[0] == first_row


# --- over cuts ------------------------------------------------------------------------------------

SAME = np.ones((3, 3), np.float32)
CLEAR = {"body": 0.7, "upper": 0.7}  # over a cut: 0.5


def over_cuts(
    monkeypatch, worn, losses, *, shots=None, setups=SAME, explained=(), places=None, drift=0.4
):
    """Judge bodies of some shots; losses are {(a, b): loss}, `None` = another framing."""
    shots = shots or [0, 1]
    bodies = [
        track_of(range(20 * shot, 20 * shot + 20), shot=shot, box=(x, 0, x + 60, 160))
        for k, shot in enumerate(shots)
        if (x := (places or [0] * len(shots))[k]) >= 0
    ]
    monkeypatch.setattr(
        drift_over_cuts, "_between",
        lambda one, two, _: losses.get((bodies.index(one), bodies.index(two)), {}),
    )  # fmt: skip
    monkeypatch.setattr(drift_over_cuts, "curve_over_cut", lambda _clip, _early, late, _: late)
    clip = SimpleNamespace(
        tracks=bodies, worn=worn, setups=setups, sets=None, calibration=None,
        settings=FindingSettings(drift=drift), characters_explained=lambda: set(explained),
    )  # fmt: skip
    return drift_over_cuts.find_over_cuts(clip)


@pytest.mark.parametrize(
    ("worn", "losses", "more", "pairs"),
    [
        pytest.param([0, 0], {(0, 1): CLEAR}, {}, [(0, 1)], id="looks otherwise"),
        pytest.param([0, 0], {(0, 1): {"body": 0.56, "upper": 0.9}}, {}, [(0, 1)], id="enough"),
        pytest.param([0, 0], {(0, 1): {"body": 0.55, "upper": 0.9}}, {}, [], id="too little"),
        pytest.param([0, 0], {(0, 1): {"body": 0.9, "upper": 0.55}}, {}, [], id="clothes stay"),
        pytest.param(
            [0, 0], {(0, 1): {"body": 0.43, "upper": 0.9}}, {"drift": 0.3}, [(0, 1)],
            id="nobody is beside it: no light",
        ),
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
        assert one.curves == {late: late}
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


@pytest.mark.parametrize("most", [0, 1])
def test_who_loses_most_beside_it_says_how_much_is_light(monkeypatch, most):
    beside = [{}, {"body": 0.5, "upper": 0.5}]
    found = over_cuts(
        monkeypatch, [0, 1, 2] * 2,
        {(0, 3): CLEAR, (1, 4): beside[most], (2, 5): beside[1 - most]},
        shots=[0, 0, 0, 1, 1, 1], places=[0, 200, 400] * 2,
    )  # fmt: skip
    assert found == []


@pytest.mark.parametrize(
    ("worn", "told"),
    [
        pytest.param([0, 1, 2, 1], True, id="one is never seen again, the other stays"),
        pytest.param([1, 0, 2, 0], True, id="the first character stays"),
        pytest.param([0, 1, 2, 3], False, id="nobody stays"),
        pytest.param([0, 1, 1, 1], False, id="seen before"),
    ],
)
def test_a_new_character_in_the_place_of_one_who_is_gone(monkeypatch, worn, told):
    found = over_cuts(
        monkeypatch, worn, {(0, 2): CLEAR}, shots=[0, 0, 1, 1], places=[0, 200, 0, 200]
    )
    assert [one.tracks for one in found] == ([(0, 2)] if told else [])


@pytest.mark.parametrize(
    ("height", "samples", "loss"),
    [
        pytest.param(160, 4, {"body": 2.0}, id="one look against another"),
        pytest.param(160, 3, {}, id="three looks say nothing"),
        pytest.param(223, 4, {"body": 2.0}, id="1.39 times as tall"),
        pytest.param(225, 4, None, id="1.41 times as tall"),
    ],
)
def test_what_is_lost_from_one_shot_to_another(height, samples, loss):
    one = track_of(range(9), body=[EAST] * 4)
    two = track_of(range(9), box=(0, 30, 60, 30 + height), body=[NORTH] * samples)
    assert _between(one, two, SCALES) == loss
    assert _between(two, one, SCALES) == loss


def test_from_which_shot_to_which_somebody_is_seen():
    bodies = [track_of(range(3), shot=shot) for shot in (0, 2, 1, 4)]
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
        pytest.param([0, 0], 20, lost(body=0.19), ((1,), 20), id="seen to stay the same"),
        pytest.param([0, 0], 20, lost(body=0.21), ((0, 1), 10), id="not quite"),
        pytest.param([0, 0], 20, lost(steady=False, body=0.0), ((0, 1), 10), id="may have turned"),
        pytest.param([0, 0], 23, None, ((1,), 23), id="begins later"),
        pytest.param([0, 1], 20, None, ((0, 1), 10), id="as a new character"),
        pytest.param([-1, -1], 20, None, ((1,), 20), id="nobody of the cast"),
    ],
)
def test_an_onset_before_the_cut(monkeypatch, worn, start, before, expect):
    bodies = [track_of(range(20), shot=0), track_of(range(20, 40), shot=1)]
    monkeypatch.setattr(drift_over_cuts, "largest_loss", lambda *_, fps: before)
    clip = SimpleNamespace(tracks=bodies, worn=worn, calibration=None, fps=24)
    over = drift((0, 1), 20, 40, over_cut=True)
    found, kept = extend_onset_before_cut([drift((1,), start, 40), over], clip)
    assert (found.tracks, found.start_frame) == expect
    assert kept is over


def test_a_late_comer_did_not_begin_at_the_cut(monkeypatch):
    bodies = [track_of(range(20)), track_of(range(22, 40), shot=1), track_of(range(20, 40), shot=1)]
    monkeypatch.setattr(drift_over_cuts, "largest_loss", lambda *_, fps: None)
    clip = SimpleNamespace(tracks=bodies, worn=[0, 0, 1], calibration=None, fps=24)
    late = drift((1,), 22, 40)
    assert extend_onset_before_cut([late], clip) == [late]


def test_of_several_pieces_the_last_one_before_the_cut_counts(monkeypatch):
    bodies = [track_of(range(8)), track_of(range(10, 20)), track_of(range(20, 40), shot=1)]
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
    assert (merged.log_odds, merged.strength) == (1.0, 0.9)  # as sure as what vouches for it
    assert (merged.deciding, alone.deciding) == ((2, 1), ())
    assert (merged.over_cut, merged.vouched) == (True, True)
    assert merged.curves == {0: "a", 1: "b"}
    assert alone == other
    assert not alone.over_cut
    apart = merge_drifts([first, other, drift((1,), 1, 2)], [-1, -1, -1, -1])
    assert [one.tracks for one in apart] == [(0,), (3,), (1,)]
    assert merge_drifts([], []) == []


def test_a_hint_adds_to_a_drift_and_is_none_by_itself():
    hint = drift((1,), 40, 60, odds=3.0, strength=0.9, vouched=False, is_hint=True)
    weak = drift((0,), 10, 30, odds=1.0, strength=0.4)
    assert merge_drifts([hint, hint], [0, 0]) == []
    (both,) = merge_drifts([weak, hint], [0, 0])
    assert (both.tracks, both.start_frame, both.stop_frame) == ((0, 1), 10, 60)
    assert (both.log_odds, both.strength, both.is_hint) == (1.0, 0.4, False)
    assert merge_drifts([weak, hint], [0, 1]) == [weak]
