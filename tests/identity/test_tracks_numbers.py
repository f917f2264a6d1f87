"""Who goes on as whom: repairs, links and first looks at their edges."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from identity.appearance.looks import Looks, LooksReader, _rows_at, hidden_share
from identity.evidence.auto_calibration import scale_from_clip
from identity.evidence.calibration import Scale
from identity.evidence.learnt import LearntEvidence
from identity.evidence.logistic import Logistic
from identity.explanations.contract import log_odds_by_rule
from identity.explanations.model import DecisionModel, confidence_of_odds
from identity.findings import Finding
from identity.settings import LooksSettings
from identity.tracks.body_track import make_body_track
from identity.tracks.linking import Chain, link_tracklets
from identity.tracks.repair import _mean_body, _split, repair_id_switches
from identity.tracks.segments import make_segment
from tests.identity.people import looks, track_of, tracklet

FPS = 20  # so that 1 s are 20 frames
LENGTH, HIDDEN_FROM = 60, 14  # the one behind is seen in frames 0 to 13


def front(*, jump=20, box=(120, 70, 170, 190), becomes=1.0, lasts=LENGTH, comes=0):
    """Return who stands in front.

    At a frame the box jumps, and looks go so far to the other's, and back after so many frames.
    Before another one the box is elsewhere.
    """
    frames = list(range(LENGTH))
    one = tracklet(0, frames, at=(100, 60), size=(90, 170))
    xyxy = one.xyxy.copy()
    xyxy[jump:] = box
    xyxy[:comes, [0, 2]] += 300
    wears = (["A"] * jump + [("A", "B", becomes)] * lasts + ["A"] * LENGTH)[:LENGTH]
    return replace(one, xyxy=xyxy), looks(frames, wears, stride=1)


def behind(*, at=(120, 70), size=(50, 120), wears="B"):
    frames = list(range(HIDDEN_FROM))
    return tracklet(1, frames, at=at, size=size), looks(frames, [wears] * HIDDEN_FROM, stride=1,
                                                        seed=1)  # fmt: skip


def is_repaired(*bodies, fps=FPS):
    tracklets, seen = zip(*bodies, strict=True)
    fixed, _ = repair_id_switches(tracklets, seen, fps=fps)
    return int(fixed[0].frame[-1]) < LENGTH - 1


def half_way(share):
    """Return how much of the other's look a mixture has that lies so far on the way to it."""
    parts = np.linspace(0.5, 1, 5001)
    way = (2 * parts - 1) / np.sqrt(parts**2 + (1 - parts) ** 2)
    return float(parts[np.abs(way - share).argmin()])


@pytest.mark.parametrize(
    ("bodies", "repaired"),
    [
        pytest.param((front(), behind()), True, id="gone before another"),
        pytest.param((front(jump=33), behind()), True, id="20 frames later"),
        pytest.param((front(jump=35), behind()), False, id="22 frames later"),
        pytest.param((front(), behind(at=(164, 70))), True, id="just over half of it is hidden"),
        pytest.param((front(), behind(at=(165, 70))), True, id="half of it"),
        pytest.param((front(), behind(at=(168, 70))), False, id="less than half"),
        pytest.param((front(), behind(wears=("A", "B", 0.5))), True, id="of two much alike"),
        pytest.param((front(comes=15), behind()), True, id="in front two frames later"),
        pytest.param((front(comes=16), behind()), False, id="three frames later"),
        pytest.param((front(box=(112, 60, 202, 230)), behind()), False, id="overlap .76"),
        pytest.param((front(box=(114, 60, 204, 230)), behind()), True, id="overlap .73"),
        pytest.param((front(becomes=half_way(0.9)), behind()), True, id=".9 of the way"),
        pytest.param((front(becomes=half_way(0.7)), behind()), False, id=".7 of the way"),
        pytest.param(
            (front(box=(140, 60, 230, 230), becomes=half_way(0.9)), behind()), True,
            id="as tall as before, .9 of the way",
        ),
        pytest.param(
            (front(box=(140, 60, 230, 230), becomes=half_way(0.7)), behind()), False,
            id="as tall as before, .7 of the way",
        ),
        pytest.param(
            (front(box=(140, 60, 230, 230), lasts=20), behind()), True, id="so it looks for 1 s"
        ),
        pytest.param(
            (front(box=(140, 60, 230, 230), lasts=14), behind()), False, id="for .7 s only"
        ),
    ],
)  # fmt: skip
def test_who_was_hidden_goes_on(bodies, repaired):
    assert is_repaired(*bodies) is repaired


@pytest.mark.parametrize(
    ("frame", "early", "late"), [(0, 0, 9), (5, 5, 4), (9, 9, 0), (99, 9, 0), (-1, 0, 9)]
)
def test_what_a_body_has_before_and_after(frame, early, late):
    one = tracklet(3, list(range(9)))
    parts = _split((one, looks(range(9), ["A"] * 9)), frame)
    assert [sum(len(t) for t, _ in part) for part in parts] == [early, late]
    for part in parts:
        for piece, own in part:
            assert len(piece) == len(own)
            assert piece.tracklet_id == 3


def test_the_mean_look_of_some_rows():
    seen = looks(range(12), ["A"] * 6 + ["B"] * 6)
    assert _mean_body(seen, np.array([1, 2])) is None  # the network looked at every third
    mean = _mean_body(seen, np.arange(12))
    assert mean is not None
    assert np.linalg.norm(mean) == pytest.approx(1, abs=1e-6)
    assert mean[:2] == pytest.approx([0.5**0.5] * 2, abs=0.05)


# --- links ----------------------------------------------------------------------------------------


def walker(number, frames, x, *, speed=0.0, size=(60, 120)):
    return tracklet(number, list(frames), at=(x, 60), speed=(speed, 0), size=size)


@pytest.mark.parametrize(
    ("second", "joined"),
    [
        pytest.param(walker(1, range(20, 40), 100), True, id="goes on"),
        pytest.param(walker(1, range(50, 70), 100), True, id="after 1.5 s"),
        pytest.param(walker(1, range(51, 70), 100), False, id="after more"),
        pytest.param(walker(1, range(19, 40), 100), False, id="both are there for a frame"),
        pytest.param(walker(1, range(20, 40), 132), True, id="overlap .304"),
        pytest.param(walker(1, range(20, 40), 133), False, id="overlap .290"),
        pytest.param(walker(1, range(20, 40), 100, size=(108, 216)), True, id="1.8 times as large"),
        pytest.param(walker(1, range(20, 40), 100, size=(112, 224)), False, id="1.87 times"),
        pytest.param(walker(1, range(20, 40), 100, size=(34, 68)), True, id="1.76 times smaller"),
        pytest.param(walker(1, range(20, 40), 100, size=(31, 62)), False, id="1.94 times smaller"),
    ],
)
def test_who_goes_on_where_somebody_ended(second, joined):
    chains = link_tracklets([walker(0, range(20), 100), second], fps=20)
    assert [chain.members for chain in chains] == ([(0, 1)] if joined else [(0,), (1,)])


@pytest.mark.parametrize(
    ("frames", "speed", "joined"),
    [
        pytest.param(range(20), 4.0, True, id="where he was going"),
        pytest.param(range(18, 20), 4.0, False, id="two boxes do not tell where"),
        pytest.param(range(17, 20), 4.0, True, id="three do"),
    ],
)
def test_who_walks_on_behind_something(frames, speed, joined):
    start = 100 + speed * frames[0]
    first = walker(0, frames, start, speed=speed)
    second = walker(1, range(40, 60), 100 + speed * 40, speed=speed)
    chains = link_tracklets([first, second], fps=20)
    assert len(chains) == (1 if joined else 2)


@pytest.mark.parametrize(("aside", "joined"), [(32, True), (33, False), (-32, True), (-33, False)])
def test_how_far_from_there_he_may_come_out(aside, joined):
    """Boxes of 60 px that are 32 px apart overlap by .304."""
    first = walker(0, range(20), 100, speed=4.0)
    second = walker(1, range(40, 60), 100 + 4 * 40 + aside, speed=4.0)
    assert len(link_tracklets([first, second], fps=20)) == (1 if joined else 2)


# --- rows of a body -------------------------------------------------------------------------------


def body(*, first=0, count=30, x=100.0, wears="A"):
    frames = list(range(first, first + count))
    one = tracklet(0, frames, at=(x, 60))
    return make_body_track(Chain((0,)), [one], [looks(frames, [wears] * count)])


# --- scales, models, findings ---------------------------------------------------------------------


def two(wears, *, apart=0, shots=(0, 0), count=24):
    tracklets = [
        tracklet(k, list(range(apart * k, apart * k + count)), shot=shots[k]) for k in range(2)
    ]
    seen = [looks(t.frame.tolist(), [wears[k]] * count, stride=1, seed=k)
            for k, t in enumerate(tracklets)]  # fmt: skip
    return tracklets, seen


@pytest.mark.parametrize(
    ("given", "fps", "scaled"),
    [
        pytest.param(two("AB"), 24, True, id="two at once"),
        pytest.param(two("AB", apart=23), 24, True, id="for a frame"),
        pytest.param(two("AB", apart=24), 24, False, id="never at once"),
        pytest.param(two("AB", shots=(0, 1)), 24, False, id="in other shots"),
        pytest.param(two("AB"), 46, True, id="half a second long"),
        pytest.param(two("AB"), 47, False, id="less"),
        pytest.param(two(["A", ("A", "B", 0.42)]), 24, True, id="unlike by .17"),
        pytest.param(two(["A", ("A", "B", 0.36)]), 24, False, id="unlike by .13"),
    ],
)
def test_the_scale_of_a_clip(given, fps, scaled):
    found = scale_from_clip(*given, fps=fps)
    assert (found is not None) == scaled
    if found is not None:
        assert found.same == pytest.approx(0.99, abs=0.02)
        assert found.same - found.different > 0.12


def test_of_many_looks_some_are_taken_from_the_first_to_the_last(monkeypatch):
    monkeypatch.setattr("identity.evidence.auto_calibration._MAX_LOOKS", 3)
    frames = range(0, 120, 24)  # a second apart
    a, b, c = np.eye(3).tolist()
    one, other = track_of(frames, body=[a, b, a, b, a]), track_of(frames, body=[c] * 5)
    tracklets = [tracklet(0, list(frames)), tracklet(1, list(frames), at=(400, 60))]
    found = scale_from_clip(tracklets, [one.looks, other.looks], fps=24)
    assert found == Scale(different=0.0, same=1.0)


def test_numbers_are_written_to_four_places():
    same_person, others = Logistic(0.123456, {"body": 1.98768}), Logistic(2.0, {"seconded": 0.5})
    learnt = LearntEvidence(same_person, Logistic(-1.0, {}), others, {"a": 1})
    again = LearntEvidence.from_json(learnt.to_json())
    assert again.same_person == Logistic(0.1235, {"body": 1.9877})
    assert (again.someone, again.provenance) == (Logistic(-1.0, {}), {"a": 1})
    assert again.someone_of_others == others
    model = DecisionModel({"swap": Logistic(0.123456, {"gain": 1.98768})}, {})
    assert DecisionModel.from_json(model.to_json())["swap"] == Logistic(0.1235, {"gain": 1.9877})
    for text in (learnt.to_json(), model.to_json()):
        assert text.endswith("}\n")
        assert '\n "' in text


@pytest.mark.parametrize(
    ("odds", "confidence"), [(0, 0.5), (1.0986, 0.75), (-1.0986, 0.25), (4.5, 0.989), (4.7, 0.99)]
)
def test_how_sure_log_odds_are(odds, confidence):
    assert confidence_of_odds(odds) == pytest.approx(confidence, abs=1e-4)


@pytest.mark.parametrize(
    ("strength", "confidence"),
    [(0.5, 0.6), (1.0, 0.923), (0.25, 0.158), (0.0, 0.0), (-1.0, 0.0), (5.0, 0.99)],
)
def test_how_sure_a_strength_is(strength, confidence):
    sure = confidence_of_odds(log_odds_by_rule(strength, 0.5))
    assert sure == pytest.approx(confidence, abs=1e-3)


def test_a_finding_is_named_by_what_where_and_whom():
    one = Finding("missing", "major", 0.9, ("char-01",), (), (2, 3), 38, 39, "")
    assert one.finding_id == "missing-38-char-01-2-3"
    assert not one.accepted


# --- looks ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("bottoms", "hidden"),
    [
        pytest.param((100, 100), (0.25, 0.25), id="end alike: half of it each"),
        pytest.param((100, 103), (0.4, 0.103), id="three hundredths lower: .8 and .2 of it"),
        pytest.param((100, 110), (0.5, 0.0), id="a tenth lower: in front"),
        pytest.param((100, 95), (0.0, 0.5), id="a twentieth higher: behind"),
    ],
)
def test_who_hides_whom(bottoms, hidden):
    rows = np.array([[0, 0, 40, bottoms[0]], [20, 0, 60, bottoms[1]]], np.float32)
    assert hidden_share(rows).tolist() == pytest.approx(hidden, abs=0.02)
    assert hidden_share(rows[:1]).tolist() == [0]


def test_three_hide_no_more_than_all():
    rows = np.array([[0, 0, 40, 100], [0, 0, 40, 120], [0, 0, 40, 140]], np.float32)
    assert hidden_share(rows).tolist() == [1, 1, 0]


@pytest.mark.parametrize(("fps", "per_s", "stride"), [(24, 8, 3), (24, 120, 1), (30, 8, 4)])
def test_which_frames_the_network_sees(fps, per_s, stride):
    reader = LooksReader(None, LooksSettings(embed_per_s=per_s), fps=fps)
    assert reader._stride_frames == stride


def test_without_a_network_a_body_is_told_by_its_colours():
    assert LooksReader(None, LooksSettings(), fps=24).body_dim == 2 * 486
    network: Any = SimpleNamespace(dim=7)
    assert LooksReader(network, LooksSettings(), fps=24).body_dim == 7


def test_rows_that_were_not_seen_are_no_numbers():
    found = _rows_at(np.array([2, 0]), np.array([[1, 2], [3, 4]], np.float32), 4)
    assert found[2].tolist() == [1, 2]
    assert found[0].tolist() == [3, 4]
    assert np.isnan(found[[1, 3]]).all()


def test_no_looks_have_the_lengths_of_all_looks():
    none = Looks.concat([], body_dim=7)
    assert len(none) == 0
    assert none.vectors["body"].shape == (0, 7)
    assert {none.vectors[zone].shape for zone in ("head", "upper", "lower")} == {(0, 486)}
    assert none.seen("body").tolist() == none.seen("hair").tolist() == []
    with pytest.raises(ValueError, match="read-only"):
        looks(range(3), ["A"] * 3).seen("body")[:] = 9


def test_looks_kept_from_before_a_cue_was_measured_do_not_show_it():
    kept = Looks.concat([looks(range(9), ["A"] * 9)] * 2, body_dim=32)
    assert "gait" not in kept.vectors
    assert (kept.seen("gait").tolist(), kept.dim("gait")) == ([], 0)
    assert "gait" not in make_segment(tracklet(0, range(18)), kept, 0, 18).means


def test_the_mean_of_many_rows_is_that_of_all():
    count = 5000
    seen = looks(range(count), ["A"] * 4096 + ["B"] * 904, stride=1)
    mean = seen.mean("body", np.arange(count))
    assert mean[:2] == pytest.approx([4096 / 5000, 904 / 5000], abs=0.02)
