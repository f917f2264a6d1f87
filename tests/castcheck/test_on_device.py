"""A whole check as on a GPU, where torch's CPU stands for it: the same findings, and who is who."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.gpu import findings_of, same
from castcheck.batch.shared_models import SharedModels
from castcheck.config import Config
from castcheck.models.load import load_models
from castcheck.pipeline import judge
from tracker import yolo

pytestmark = pytest.mark.slow
CLIP = Path(__file__).parents[2] / "sample_videos" / "cafe_swap_cut.mp4"
RUN = {"detector": "bundled", "embedder": "bundled", "half": False}


def silent(*_):
    return


def report_of(config, models):
    return judge(CLIP, config=config, models=models, progress=silent).report


@pytest.fixture(scope="module")
def here():
    config = Config.from_dict({"run": {**RUN, "device": "cpu"}})
    return report_of(config, load_models(config))


@pytest.mark.parametrize("shared", [False, True])
def test_findings_are_those_of_the_cpu(here, shared, monkeypatch):
    monkeypatch.setattr(yolo, "choose_device", lambda _: "cpu:0")
    config = Config.from_dict({"run": RUN, "detector": {"batch_size": 5}})
    models = load_models(config)
    assert models.device == "cpu:0"
    if shared:
        lender = SharedModels(models, config)
        with lender.one_clip() as lent:
            there = report_of(config, lent)
        lender.close()
    else:
        there = report_of(config, models)
    assert here.findings
    assert same(findings_of(here), findings_of(there))
    assert [c.id for c in here.characters] == [c.id for c in there.characters]
    assert [s.start_frame for s in here.shots] == [s.start_frame for s in there.shots]
    assert [t.frames for t in here.tracklets] == [t.frames for t in there.tracklets]
