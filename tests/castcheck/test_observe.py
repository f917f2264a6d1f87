"""What is made of a clip before anything is judged: shots without seams."""

from __future__ import annotations

import threading
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from castcheck import observe as observing
from castcheck.config import Config
from castcheck.models.load import Models
from castcheck.observe import Observer, observe
from scenes.errors import WeightsError
from scenes.frames import FrameBatch, VideoInfo
from scenes.shots import Cut
from tests.castcheck.support import write_clip
from tracker.detections import Detections
from tracker.replay import ReplayDetector

WIDTH, HEIGHT, FRAMES, AT = 320, 180, 24, 12
SOMEBODY = (140, 40, 200, 176)


def take_all(observer, batch):
    for pictures, found in observer.searched(observer.split([batch])):
        observer.take(pictures, found)


class SaysCut:
    """A splitter that takes one picture for the first of a new shot, or is in doubt about it."""

    lookback_frames = FRAMES

    def __init__(self, *, sure=True):
        self.cuts = [Cut(AT)] if sure else []
        self.doubtful = [] if sure else [Cut(AT)]

    def push(self, batch):
        return []

    def finish(self):
        return self.cuts


@pytest.mark.parametrize("sure", [True, False])
@pytest.mark.parametrize(
    ("other_set", "mixed", "shots"),
    [
        pytest.param(False, False, [(0, FRAMES)], id="somebody appears: one shot"),
        pytest.param(True, False, [(0, AT), (AT, FRAMES)], id="so does another set: two shots"),
        pytest.param(
            True, True, [(0, AT), (AT, FRAMES)], id="the picture before is mostly of the next shot"
        ),
    ],
)
def test_a_cut_at_which_people_alone_change_is_none(other_set, mixed, shots, sure, tmp_path):
    sets = np.random.default_rng(1).integers(60, 200, (2, 18, 32, 1), np.uint8)
    rgb = sets[[int(other_set and f >= AT) for f in range(FRAMES)]]
    if mixed:
        rgb[AT - 1, :, 1:] = sets[1, :, 1:]
    rgb = rgb.repeat(10, axis=1).repeat(10, axis=2).repeat(3, axis=3)
    x1, y1, x2, y2 = SOMEBODY
    rgb[AT:, y1:y2, x1:x2] = 240
    boxes = tmp_path / "boxes.txt"
    boxes.write_text(
        "".join(f"{f + 1},-1,{x1},{y1},{x2 - x1},{y2 - y1},0.9\n" for f in range(AT, FRAMES))
    )
    detector, config = ReplayDetector(boxes), Config()
    observer = Observer(detector, Models(detector, None), config, fps=24)
    observer._splitter = SaysCut(sure=sure)  # type: ignore[assignment]
    times = tuple(Fraction(f, 24) for f in range(FRAMES))
    take_all(observer, FrameBatch(np.arange(FRAMES), times, rgb))
    info = VideoInfo(Path("drawn.mp4"), WIDTH, HEIGHT, Fraction(24), FRAMES, "h264")
    seen = observer.finish(info, config, end_s=Fraction(1), degradations=())
    if sure:
        assert [(s.start_frame, s.stop_frame) for s in seen.shots] == shots
        assert [t.shot_index for t in seen.tracklets] == [len(shots) - 1]
    else:
        assert len(seen.shots) == 1
    doubted = not sure and len(shots) == 2
    assert seen.doubtful_cuts == ((AT,) if doubted else ())


@pytest.mark.parametrize(("score", "shots"), [(0.3, 2), (0.9, 1)])
def test_a_box_that_is_only_just_followed_hides_no_set(score, shots, tmp_path):
    """Where everything is hidden, two blurred walls look alike; where it is not, they differ."""
    rgb = np.full((FRAMES, HEIGHT, WIDTH, 3), 100, np.uint8)
    rgb[AT:] = 108
    boxes = tmp_path / "boxes.txt"
    boxes.write_text("".join(f"{f + 1},-1,0,0,{WIDTH},{HEIGHT},{score}\n" for f in range(FRAMES)))
    detector, config = ReplayDetector(boxes), Config()
    observer = Observer(detector, Models(detector, None), config, fps=24)
    observer._splitter = SaysCut()  # type: ignore[assignment]
    times = tuple(Fraction(f, 24) for f in range(FRAMES))
    take_all(observer, FrameBatch(np.arange(FRAMES), times, rgb))
    info = VideoInfo(Path("drawn.mp4"), WIDTH, HEIGHT, Fraction(24), FRAMES, "h264")
    seen = observer.finish(info, config, end_s=Fraction(1), degradations=())
    assert len(seen.shots) == shots


class Comer:
    """Finds somebody from frame 6 on, with a score of 0.7."""

    name, sha256, heads_from, passing_classes = "comer", None, None, frozenset[int]()

    def __init__(self) -> None:
        self.searched: list[int] = []

    def detect(self, batch):
        self.searched += batch.index.tolist()
        frames = batch.index[batch.index >= 6]
        boxes = np.tile(np.array([SOMEBODY], np.float32), (len(frames), 1))
        scores = np.full(len(frames), 0.7, np.float32)
        return Detections(frames, boxes, scores, np.zeros(len(frames), np.int32))


@pytest.mark.parametrize(
    ("start_score", "searched"),
    [
        pytest.param(0.25, [0, 4, 5, 6, 8, 9], id="may start a track: looked for"),
        pytest.param(0.8, [0, 4, 8, 9], id="starts none: no reason to look"),
    ],
)
def test_who_may_start_a_track_is_a_reason_to_look(start_score, searched):
    comer = Comer()
    config = Config.from_dict({"tracker": {"start_score": start_score}})
    observer = Observer(comer, Models(comer, None), config, fps=32)  # eight a second: every fourth
    rgb = np.full((10, HEIGHT, WIDTH, 3), 90, np.uint8)
    take_all(observer, FrameBatch(np.arange(10), tuple(Fraction(f, 32) for f in range(10)), rgb))
    assert sorted(comer.searched) == searched


class Sweeper:
    """Finds somebody in every picture, further right each time; raises at a frame."""

    name, sha256, heads_from, passing_classes = "sweeper", None, None, frozenset[int]()

    def __init__(self, fails_at: int | None = None) -> None:
        self.fails_at = fails_at
        self.threads: set[threading.Thread] = set()

    def detect(self, batch):
        self.threads.add(threading.current_thread())
        if self.fails_at in batch.index:
            raise WeightsError("broken", where="sweeper", hint="none")
        boxes = np.array([[2 + f, 4, 22 + f, 44] for f in batch.index], np.float32)
        count = len(batch)
        return Detections(
            batch.index, boxes, np.full(count, 0.8, np.float32), np.zeros(count, np.int32)
        )


def watched(clip, detector, *, threads, monkeypatch):
    monkeypatch.setattr(observing, "thread_count", lambda: threads)
    config = Config.from_dict({"detector": {"search_fps": 0}})
    return observe(clip, config=config, models=Models(detector, None), progress=lambda *_: None)


@pytest.mark.parametrize("frames", [1, 9, 40])
def test_searching_beside_the_rest_changes_nothing_that_is_seen(frames, tmp_path, monkeypatch):
    clip = write_clip(tmp_path / "clip.mp4", frames=frames)
    alone, beside = Sweeper(), Sweeper()
    one = watched(clip, alone, threads=1, monkeypatch=monkeypatch)
    two = watched(clip, beside, threads=2, monkeypatch=monkeypatch)
    assert alone.threads == {threading.current_thread()}
    assert beside.threads.isdisjoint(alone.threads)
    assert len(one.frame_times_s) == len(two.frame_times_s) == frames
    assert [t.xyxy.tolist() for t in one.tracklets] == [t.xyxy.tolist() for t in two.tracklets]
    assert [t.frame.tolist() for t in one.tracklets] == [t.frame.tolist() for t in two.tracklets]
    np.testing.assert_array_equal(one.tone, two.tone)
    np.testing.assert_array_equal(one.thumbnails, two.thumbnails)
    for own, other in zip(one.looks, two.looks, strict=True):
        np.testing.assert_array_equal(own.usable, other.usable)


@pytest.mark.parametrize("threads", [1, 2])
def test_what_fails_beside_fails_the_clip_and_leaves_no_thread(threads, tmp_path, monkeypatch):
    clip = write_clip(tmp_path / "clip.mp4", frames=40)
    with pytest.raises(WeightsError, match="broken"):
        watched(clip, Sweeper(fails_at=20), threads=threads, monkeypatch=monkeypatch)
    assert not [t for t in threading.enumerate() if t.name == "castcheck-read-ahead"]


def test_what_elapsed_is_less_than_the_stages_where_they_overlap(tmp_path, monkeypatch):
    clip = write_clip(tmp_path / "clip.mp4", frames=24)
    seen = watched(clip, Sweeper(), threads=2, monkeypatch=monkeypatch)
    own = seen.timings["looks"] + seen.timings["decode_and_rest"]
    assert seen.timings["elapsed"] == pytest.approx(own)
    assert seen.timings["shots"] > 0
    assert seen.timings["detect"] > 0
