"""Networks shared by clips that are judged at once: the same answers, in fewer calls."""

from __future__ import annotations

import json
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from castcheck.batch import request_batcher
from castcheck.batch.shared_models import (
    SharedDetector,
    SharedEmbedder,
    SharedModels,
    SharedPartsEmbedder,
)
from castcheck.batch.work import ClipWorker, Job
from castcheck.config import Config
from castcheck.models.load import Models
from identity.appearance.embedder import CrossCues, PartsEmbedder, unit_rows
from scenes.frames import FrameBatch
from tests.scenes.clips import write_clip
from tracker.detections import Detections

SAMPLES = Path(__file__).parents[2] / "sample_videos"


class BoxPerBright:
    """Finds one box per bright column of a picture, and counts its calls."""

    name, sha256 = "columns", "c" * 64
    passing_classes: frozenset[int] = frozenset()
    heads_from: dict[str, str | None] | None = None

    def __init__(self):
        self.calls = []

    def detect(self, batch):
        self.calls.append(len(batch))
        if (batch.rgb == 13).any():
            raise ZeroDivisionError("thirteen")
        frames, columns = np.nonzero(batch.rgb[:, 0, :, 0] > 200)
        left = columns.astype(np.float32)
        return Detections(
            batch.index[frames],
            np.stack([left, 0 * left, left + 1, 0 * left + 9], axis=1),
            np.full(len(frames), 0.5, np.float32),
            np.zeros(len(frames), np.int32),
        )


class Means:
    """Embeds a crop as its mean colour."""

    name, sha256, dim = "means", "e" * 64, 3

    def embed(self, crops):
        rows = [crop.reshape(-1, 3).mean(axis=0) for crop in crops]
        return unit_rows(np.array(rows, np.float32).reshape(-1, 3))


class PartMeans(Means):
    part_dim = 2

    def read_cues(self, crops):
        body = self.embed(crops)
        part = np.repeat(body[:, None, :2], 3, axis=1)
        return CrossCues(body, part, body, np.tile(body[:, :1], 4), body[:, 0])


def batch(count, *, start=0, width=8, seed=0):
    rng = np.random.default_rng(seed)
    rgb = rng.integers(14, 256, (count, 10, width, 3), np.uint8)
    return FrameBatch(np.arange(start, start + count), (Fraction(0),) * count, rgb)


def flat(value):
    return FrameBatch(np.arange(3), (Fraction(0),) * 3, np.full((3, 10, 8, 3), value, np.uint8))


def assert_same(one, two):
    for column in ("frame", "xyxy", "score", "class_id"):
        np.testing.assert_array_equal(getattr(one, column), getattr(two, column))


@pytest.mark.parametrize(
    "batches",
    [
        pytest.param([batch(0)], id="empty"),
        pytest.param([batch(1, start=7)], id="single"),
        pytest.param([flat(20)], id="nothing-found"),
        pytest.param([batch(5, seed=i, start=40 * i) for i in range(4)], id="one-size"),
        pytest.param([batch(9, seed=i, width=8 + i % 2) for i in range(5)], id="two-sizes"),
    ],
)  # fmt: skip
def test_each_gets_the_boxes_of_their_own_pictures(batches):
    shared = SharedDetector(BoxPerBright(), batch_size=4)
    with shared.batcher, ThreadPoolExecutor(len(batches)) as threads:
        for own, found in zip(batches, threads.map(shared.detect, batches), strict=True):
            assert_same(found, BoxPerBright().detect(own))


def test_pictures_of_several_clips_fill_a_batch(monkeypatch):
    """Where each call costs the same, four clips of three pictures take one call, not four."""
    monkeypatch.setattr(request_batcher, "_LINGER_SHARE", 1e6)
    monkeypatch.setattr(request_batcher, "_LINGER_LIMIT_S", 60)
    detector = BoxPerBright()
    shared = SharedDetector(detector, batch_size=12)
    shared.batcher._last_call_s = 1.0
    together = threading.Barrier(4)

    def clip(number):
        with shared.batcher.asker():
            together.wait(60)
            return [shared.detect(batch(3, seed=number)) for _ in range(5)]

    with shared.batcher, ThreadPoolExecutor(4) as threads:
        list(threads.map(clip, range(4)))
    assert sum(detector.calls) == 4 * 3 * 5
    assert detector.calls[0] == 12
    assert len(detector.calls) <= 5 + 3


def test_a_clip_that_fails_in_a_shared_batch_fails_alone():
    shared = SharedDetector(BoxPerBright(), batch_size=64)
    bad = flat(13)
    clips = [batch(4), bad, batch(4, seed=1), batch(4, seed=2)]

    def look(own):
        try:
            return shared.detect(own)
        except ZeroDivisionError as err:
            return str(err)

    with shared.batcher, ThreadPoolExecutor(4) as threads:
        for _ in range(20):
            answers = list(threads.map(look, clips))
            assert answers[1] == "thirteen"
            for own, found in zip(clips, answers, strict=True):
                if own is not bad:
                    assert_same(found, BoxPerBright().detect(own))


@pytest.mark.parametrize("counts", [[0], [1], [3, 0, 70, 2]])
def test_each_gets_the_looks_of_their_own_crops(counts):
    rng = np.random.default_rng(0)
    asked = [[rng.integers(1, 255, (5, 4, 3), np.uint8) for _ in range(n)] for n in counts]
    shared, parts = SharedEmbedder(Means()), SharedPartsEmbedder(PartMeans())
    assert not isinstance(shared, PartsEmbedder)
    assert isinstance(parts, PartsEmbedder)
    assert (parts.name, parts.sha256, parts.dim, parts.part_dim) == ("means", "e" * 64, 3, 2)
    with shared.batcher, parts.batcher, ThreadPoolExecutor(4) as threads:
        for crops, rows in zip(asked, threads.map(shared.embed, asked), strict=True):
            np.testing.assert_array_equal(rows, Means().embed(crops))
        for crops, cues in zip(asked, threads.map(parts.read_cues, asked), strict=True):
            for one, two in zip(cues, PartMeans().read_cues(crops), strict=True):
                np.testing.assert_array_equal(one, two)
                assert one.dtype == np.float32
        np.testing.assert_array_equal(parts.embed(asked[0]), Means().embed(asked[0]))


@pytest.fixture(scope="module")
def clips(tmp_path_factory):
    """Short clips of two sizes, and one that is none."""
    folder = tmp_path_factory.mktemp("clips")
    for name, start, stop, step in (
        ("room_swap", 26, 50, 1), ("cafe_swap_cut", 40, 64, 1), ("office_clone", 30, 44, 2),
    ):  # fmt: skip
        with av.open(str(SAMPLES / f"{name}.mp4")) as container:
            pictures = [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]
        kept = [np.ascontiguousarray(p[::step, :852:step]) for p in pictures[start:stop]]
        write_clip(folder / f"{name}.mp4", kept)
    (folder / "none.mp4").write_bytes(b"no clip at all")
    return sorted(folder.glob("*.mp4"))


@pytest.mark.slow
def test_several_clips_at_once_give_the_same_reports(clips, tmp_path):
    config = Config.from_dict(
        {
            "run": {"device": "cpu"},
            "detector": {"image_size_px": 320, "batch_size": 16},
            "shots": {"method": "content"},
            "report": {"formats": "json"},
        }
    )
    jobs = [Job(i, clip.name, str(clip), clip.stem) for i, clip in enumerate(clips)]

    def judged(clips_at_once):
        worker, out = ClipWorker(config, clips_at_once), tmp_path / f"{clips_at_once}"
        with ThreadPoolExecutor(clips_at_once) as threads:
            answers = list(threads.map(lambda job: worker.judge(job, out / job.folder), jobs))
        reports = {}
        for path in sorted(out.glob("*/report.json")):
            reports[path.parent.name] = {**json.loads(path.read_text()), "timings": None}
        return [answer.record for answer in answers], reports

    records, reports = judged(1)
    assert [r.outcome for r in records] == ["judged", "bad_input", "judged", "judged"]
    assert all(len(report["tracklets"]) >= 2 for report in reports.values())
    assert judged(4) == (records, reports)


class WithHeads(BoxPerBright):
    passing_classes = frozenset({15})
    heads_from: dict[str, str | None] | None = {"name": "b", "sha256": None}  # noqa: RUF012


def test_what_counts_only_where_it_stays_is_the_same_for_many_clips():
    one, two = (SharedDetector(d, batch_size=4) for d in (BoxPerBright(), WithHeads()))
    assert (one.passing_classes, one.heads_from) == (frozenset(), None)
    assert (two.passing_classes, two.heads_from) == (frozenset({15}), WithHeads.heads_from)


def test_a_second_detector_is_asked_in_one_thread_as_well():
    second = WithHeads()
    models = Models(BoxPerBright(), None, second=second)
    shared = SharedModels(models, Config())
    assert isinstance(shared.models.second, SharedDetector)
    assert shared.models.second.passing_classes == second.passing_classes
    assert SharedModels(replace(models, second=None), Config()).models.second is None
