"""A take of hours is judged as a short one is, to the last bit, and within a stated memory."""

# mypy: disable-error-code="arg-type, dict-item"

from __future__ import annotations

import tracemalloc
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from identity.evidence import course, running_sums, samples
from identity.evidence.auto_calibration import scale_from_clip
from identity.evidence.course import course_of
from identity.evidence.moments import Moments
from identity.evidence.running_sums import BlockCache, LaidOut, RunningSums, cache_for
from identity.evidence.samples import COMPARED, SummedAgreement, TabledAgreement, lay_out
from identity.explanations import swap
from identity.explanations.asked import Asked
from identity.explanations.contract import Explained, Scene
from identity.explanations.model import bundled_model
from identity.explanations.shot import _with_curves, explain_shot
from identity.settings import FindingSettings
from identity.tracks.body_track import make_body_track
from identity.tracks.linking import link_tracklets
from tests.identity.people import FPS, calibration, looks, tracklet

LENGTH = 96  # frames, a third of which the network sees


def tracks_of(*people, length=LENGTH):
    frames = list(range(length))
    tracklets = [tracklet(k, frames, at=(40 + 150 * k, 60)) for k in range(len(people))]
    turns = np.linspace(-0.5, 0.5, length).tolist()
    seen = [
        looks(frames, w, hair=[str(who)[0] for who in w], facing=turns, seed=k)
        for k, w in enumerate(people)
    ]
    return [make_body_track(c, tracklets, seen) for c in link_tracklets(tracklets, fps=FPS)]


def told(shot):
    scene = Scene(shot, calibration(), bundled_model(), FindingSettings(min_confidence=0.05))
    return [
        (
            *(e.kind, e.tracks, e.start_frame, e.stop_frame, e.log_odds, e.features),
            [(curve.frame.tolist(), curve.value.tolist()) for curve in e.curves.values()],
        )
        for e in explain_shot(scene)
    ]


@pytest.fixture
def small_blocks(monkeypatch):
    """Let a take of seconds be cut as one of hours is."""
    monkeypatch.setattr(running_sums, "BLOCK_SAMPLES", 7)
    monkeypatch.setattr(samples, "PART_SAMPLES", 12)
    monkeypatch.setattr(samples, "BLOCK_SAMPLES", 9)
    monkeypatch.setattr(samples, "TABLES_BYTES", 0)


HALF = LENGTH // 2
SHOTS = {
    "nobody": [],
    "one alone": [["A"] * LENGTH],
    "one becomes another": [["A"] * HALF + ["B"] * HALF, ["C"] * LENGTH],
    "two exchange": [["A"] * HALF + ["B"] * HALF, ["B"] * HALF + ["A"] * HALF],
    "two exchange again and again": [
        (["A"] * 24 + ["B"] * 24) * 2,
        (["B"] * 24 + ["A"] * 24) * 2,
        ["C"] * LENGTH,
    ],
    "one comes to look like the other": [["A"] * LENGTH, ["B"] * HALF + ["A"] * HALF],
}
FOUND = {"one becomes another": "morph", "two exchange": "swap"}


@pytest.mark.parametrize("name", SHOTS)
def test_a_long_take_is_judged_as_a_short_one(name, small_blocks):
    tracks = tracks_of(*SHOTS[name])
    short = lay_out(tracks, COMPARED, fps=FPS, in_memory_bytes=1 << 30)
    long = lay_out(tracks, COMPARED, fps=FPS, in_memory_bytes=0)
    assert not any(isinstance(rows, LaidOut) for rows in short.looks.values())
    assert all(isinstance(rows, LaidOut) for rows in long.looks.values())
    said = told(long)
    assert said == told(short)
    assert FOUND.get(name, "") in [row[0] for row in said] or name not in FOUND


@pytest.mark.parametrize("name", SHOTS)
def test_a_table_of_cosines_says_what_sums_of_looks_say(name, monkeypatch):
    shot = lay_out(tracks_of(*SHOTS[name]), COMPARED, fps=FPS)
    count, grid = len(shot.tracks), len(shot.frames)
    rng = np.random.default_rng(0)
    one, two = (tuple(np.sort(rng.integers(0, grid + 1, (2, 50)), axis=0)) for _ in range(2))
    pairs = [(a, b) for a in range(count) for b in range(count)]
    tables = [shot.agreement(a, b) for a, b in pairs]
    monkeypatch.setattr(samples, "TABLES_BYTES", 0)
    sums = [shot.agreement(a, b) for a, b in pairs]
    for table, summed in zip(tables, sums, strict=True):
        assert isinstance(table, TabledAgreement)
        assert isinstance(summed, SummedAgreement)
        for asked in ((table, summed), (table.turned(), summed.turned())):
            found, expect = (agreement.cosines(one, two) for agreement in asked)
            assert found.keys() == expect.keys() >= {"body", "upper", "hair"}
            for cue, cosines in found.items():
                np.testing.assert_allclose(cosines, expect[cue], atol=1e-12)
    assert len(tables) == count**2


@pytest.mark.parametrize("count", [0, 1, 4, 5, 6, 23, 60])
def test_sums_of_blocks_are_those_of_one_go(count, small_blocks):
    rng = np.random.default_rng(count)
    whole = rng.normal(size=(2, count, 3)).astype(np.float32)
    expected = np.zeros((count + 1, 3))
    np.cumsum(whole[1], axis=0, dtype=np.float64, out=expected[1:])
    stored = Slices(whole)
    sums = RunningSums(stored, "body", 1, BlockCache(200))
    every = np.arange(count + 1)
    for asked in (every, every[::-1], every[::3], rng.integers(0, count + 1, 40), every[:0]):
        np.testing.assert_array_equal(sums.at(asked), expected[asked])
    assert sums._kept._bytes <= 200 or len(sums._kept._blocks) == 1


class Slices(LaidOut):
    """An array that says it is read from elsewhere."""

    def __init__(self, whole):
        self.whole, self.shape = whole, whole.shape

    def __getitem__(self, key):
        return self.whole[key]


@pytest.mark.parametrize(
    ("looks_of", "rows"),
    [
        pytest.param(lambda shape: np.zeros(shape, np.float32), 100 + 1, id="whole"),
        pytest.param(lambda shape: Slices(np.zeros(shape, np.float32)), 6 * 256, id="in blocks"),
    ],
)
def test_no_more_sums_are_kept_than_a_stretch_reaches(looks_of, rows):
    kept = cache_for([looks_of((3, 100, 5)), looks_of((3, 100, 2))])
    for track in range(40):
        kept.put(("body", track, 0), np.zeros((rows, 7)))
    assert kept._bytes == 3 * 7 * 8 * rows


def test_of_exchanges_the_last_curve_is_drawn(monkeypatch):
    monkeypatch.setattr("identity.explanations.shot.curve_from", lambda *given: given[1:3])
    scene = SimpleNamespace(samples=None, calibration=None)
    there, back, drift = (
        Explained("swap", (0, 1), 8, 9, 2.0, 0.5, old=(0, 8)),
        Explained("swap", (1, 2), 20, 21, 1.0, 0.5, old=(9, 19)),
        Explained("drift", (3,), 4, 30, 0.5, 0.5, curves={3: "its own"}),
    )
    assert _with_curves([], scene) == []
    drawn = _with_curves([there, back, drift], scene)
    curves = [{0: (0, (0, 8))}, {1: (1, (9, 19)), 2: (2, (9, 19))}, {3: "its own"}]
    assert [one.curves for one in drawn] == curves
    assert [one.old for one in drawn] == [None] * 3
    assert replace(drawn[0], curves={}, old=there.old) == there


def test_what_a_moment_was_judged_by_is_not_kept():
    answers = {"start": np.arange(4.0)}
    samples = SimpleNamespace(parts=lambda at: np.split(np.arange(len(at)), [2]))
    weigh = SimpleNamespace(log_odds=lambda features: -features["start"])
    some = Moments(*np.arange(16).reshape(4, 4))

    def ask(part):
        chosen = {name: values[part.start] for name, values in answers.items()}
        return chosen, part.start > 0

    kept = Asked.about(samples, some, ask, weigh)
    assert kept.log_odds.tolist() == [0, -1, -2, -3]
    assert kept.judged.tolist() == [False, True, True, True]


def test_memory_does_not_grow_with_a_take(monkeypatch):
    monkeypatch.setattr(running_sums, "BLOCK_SAMPLES", 32)
    monkeypatch.setattr(samples, "PART_SAMPLES", 64)
    monkeypatch.setattr(samples, "TABLES_BYTES", 1 << 16)
    peaks = []
    for length in (400, 1200):
        tracks = tracks_of(["A"] * length, length=length)
        shot = lay_out(tracks, COMPARED, fps=FPS, in_memory_bytes=0)
        tracemalloc.start()
        told(shot)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < 2 * peaks[0]


@pytest.mark.parametrize(("begins", "ends"), [(0.5, 0.5), (0.2, 0.8)], ids=["step", "ramp"])
def test_a_change_in_hours_is_told_by_some_of_its_looks(begins, ends, monkeypatch):
    monkeypatch.setattr(course, "_MAX_POINTS", 30)
    length = 900
    shot = lay_out(tracks_of(["A"] * length, length=length), COMPARED, fps=FPS)
    at = np.arange(len(shot.frames)) / len(shot.frames)
    share = np.clip((at - begins) / max(ends - begins, 1e-9), 0, 1)
    turned = np.stack([np.cos(share), np.sin(share)], axis=1).astype(np.float32)
    body = np.zeros(shot.looks["body"].shape, np.float32)
    body[0, :, :2] = turned
    shot = replace(shot, looks={"body": body})
    found = course_of(shot, 0, 0, len(shot.frames))
    assert found is not None
    assert found.slow == (begins < ends)
    near = 0.08 * len(shot.frames)
    assert found.start == pytest.approx(begins * len(shot.frames), abs=near)
    assert found.stop == pytest.approx(ends * len(shot.frames), abs=near)


def test_an_unknown_network_is_scaled_by_some_of_many_looks(monkeypatch):
    length = 300
    frames = list(range(length))
    tracklets = [tracklet(k, frames, at=(40 + 150 * k, 60)) for k in range(2)]
    seen = [looks(frames, [who] * length, seed=k) for k, who in enumerate("AB")]
    every = scale_from_clip(tracklets, seen, fps=FPS)
    monkeypatch.setattr("identity.evidence.auto_calibration._MAX_LOOKS", 20)
    some = scale_from_clip(tracklets, seen, fps=FPS)
    assert every is not None
    assert some is not None
    assert some.same == pytest.approx(every.same, abs=0.05)
    assert some.different == pytest.approx(every.different, abs=0.05)


def test_two_who_exchange_many_times_are_not_asked_about_all_over_again(monkeypatch):
    asked = []
    real = swap.features_of

    def counted(shot, one, two, moments, scales, **rest):
        asked.append(len(moments))
        return real(shot, one, two, moments, scales, **rest)

    monkeypatch.setattr(swap, "features_of", counted)
    one, two = (["A"] * 24 + ["B"] * 24) * 5, (["B"] * 24 + ["A"] * 24) * 5
    found = told(lay_out(tracks_of(one, two, length=240), COMPARED, fps=FPS))
    swaps = [row[2] for row in found if row[0] == "swap"]
    assert sorted(swaps) == list(range(24, 240, 24))
    assert sum(asked) < 3 * asked[0]
