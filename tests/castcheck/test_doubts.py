"""What nothing else vouches for stops no clip, however strong it is."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from castcheck.config import Config
from castcheck.findings.builder import FindingBuilder, description, least_box_score
from castcheck.kinds.case import Case, find_in_judgement
from castcheck.models.load import load_models
from castcheck.observe import observe
from castcheck.pipeline import calibrate, embedder_name, judge_observations
from identity.appearance.colour import colour_histogram
from identity.explanations.contract import Explained
from identity.tracks.segments import Clothes
from tests.e2e.test_samples import SAMPLES
from tracker.tracklets import Tracklet


@pytest.fixture(scope="module")
def judged():
    config = Config().updated({"run": {"detector": str(SAMPLES / "boxes")}})
    models = load_models(config)
    clip = SAMPLES / "room_clean.mp4"
    seen = observe(clip, config=config, models=models, progress=lambda *_: None)
    calibration, _ = calibrate(seen, embedder=embedder_name(models))
    return config, seen, judge_observations(seen, config, calibration)


@pytest.mark.slow
@pytest.mark.parametrize(("vouched", "severity"), [(True, "major"), (False, "minor")])
@pytest.mark.parametrize("kind", ["drift", "clone"])
def test_severity_of_what_is_vouched_for_and_not(kind, vouched, severity, judged):
    config, seen, judgement = judged
    concerned = (0,) if kind == "drift" else (0, 1)
    one = Explained(kind, concerned, 4, 20, 4.0, 0.9, vouched=vouched, segments=concerned)
    told = replace(judgement, explained=(one,))
    build = FindingBuilder(seen, told, config.findings)
    (finding,) = find_in_judgement(Case(seen, told, config.findings, build))
    assert (finding.kind, finding.severity) == (kind, severity)
    assert (finding.confidence >= config.findings.major_confidence) is vouched


@pytest.mark.slow
@pytest.mark.parametrize(
    ("deciding", "weak", "severity"),
    [
        pytest.param((), None, "major", id="all are sure"),
        pytest.param((), 1, "minor", id="one is doubted"),
        pytest.param((0,), 1, "major", id="a doubted one was joined"),
        pytest.param((0,), 0, "minor", id="the one that decided is doubted"),
    ],
)
def test_a_drift_is_as_sure_as_the_boxes_that_decided(deciding, weak, severity, judged):
    config, seen, judgement = judged
    tracklets = [
        replace(t, score=np.full_like(t.score, 0.45 if t.tracklet_id == weak else 0.9))
        for t in seen.tracklets
    ]
    drift = Explained("drift", (0, 1), 4, 20, 4.0, 0.9, deciding=deciding)
    told = replace(judgement, explained=(drift,))
    build = FindingBuilder(replace(seen, tracklets=tracklets), told, config.findings)
    (finding,) = find_in_judgement(Case(seen, told, config.findings, build))
    assert (finding.severity, finding.tracklets) == (severity, (0, 1))


@pytest.mark.slow
def test_a_clone_nobody_vouches_for_names_both(judged):
    config, seen, judgement = judged
    clone = Explained("clone", (0, 1), 4, 20, 4.0, 0.9, vouched=False, segments=(0, 1))
    told = replace(judgement, explained=(clone,))
    build = FindingBuilder(seen, told, config.findings)
    (finding,) = find_in_judgement(Case(seen, told, config.findings, build))
    assert len(finding.characters) == 2
    assert "look like one person" in finding.message


@pytest.mark.slow
@pytest.mark.parametrize(
    ("names", "label", "expect"),
    [
        pytest.param((), 0, "char-01 (", id="nobody has a name"),
        pytest.param(("Ann", ""), 0, "Ann (char-01)", id="a name"),
        pytest.param(("Ann", ""), 1, "char-02", id="none of this one"),
        pytest.param(("Ann", "Bob"), -1, "char-00", id="no character: nobody's name"),
        pytest.param((), -1, "char-00", id="no character and no names"),
    ],
)
def test_what_a_character_is_called(names, label, expect, judged):
    config, seen, judgement = judged
    build = FindingBuilder(seen, judgement, config.findings, names)
    assert build.name(label).startswith(expect)


RED, BLUE = (
    colour_histogram(np.full((4, 4, 3), rgb, np.uint8)) for rgb in ((200, 35, 40), (50, 90, 190))
)


IN_RED, AS_RED = (Clothes(RED, 9, faces) for faces in (0.5, 0.2))
IN_BLUE = Clothes(BLUE, 31, 0.5)


def worn(start, stop, clothes=None, **means):
    return SimpleNamespace(
        means=means, clothes=clothes, sample_count=stop - start, start_frame=start, stop_frame=stop
    )


@pytest.mark.parametrize(
    ("segments", "before_frame", "expect"),
    [
        pytest.param([], None, "", id="no segment"),
        pytest.param([worn(0, 9)], None, "", id="no colour seen"),
        pytest.param([worn(0, 9, IN_RED)], None, "red top", id="one"),
        pytest.param([worn(0, 9, AS_RED)], None, "red figure", id="who shows no face"),
        pytest.param([worn(0, 9, IN_RED, upper=BLUE)], None, "red top", id="the chest alone"),
        pytest.param(
            [worn(0, 9, IN_RED), worn(9, 40, IN_BLUE)], None, "blue top", id="worn longest"
        ),
        pytest.param(
            [worn(0, 9, IN_RED), worn(9, 40, IN_BLUE)], 9, "red top", id="before it changed"
        ),
        pytest.param([worn(0, 9, IN_RED), worn(9, 40, IN_BLUE)], 8, "", id="nothing is over"),
        pytest.param(
            [worn(0, 9, upper=RED, head_look=RED)], None, "", id="a close-up: a head, no chest"
        ),
        pytest.param([worn(0, 9, upper=RED)], None, "red top", id="a network that tells no heads"),
    ],
)
def test_what_a_character_wears(segments, before_frame, expect):
    cast = SimpleNamespace(labels=[0] * len(segments), character_count=1)
    judgement: Any = SimpleNamespace(segments=segments, cast=cast)
    assert description(judgement, 0, before_frame=before_frame) == expect
    assert description(judgement, 1, before_frame=before_frame) == ""


@pytest.mark.parametrize(
    ("weak", "finding", "expect"),
    [
        pytest.param(range(0), (50, 51), 0.9, id="sure all along"),
        pytest.param(range(60), (90, 91), 0.2, id="doubted most of the time"),
        pytest.param(range(40, 50), (50, 51), 0.2, id="doubted before"),
        pytest.param(range(50, 60), (50, 51), 0.2, id="doubted after"),
        pytest.param(range(80, 100), (30, 31), 0.9, id="doubted another time"),
        pytest.param(range(82, 90), (30, 90), 0.9, id="doubted at the end of a long one, briefly"),
        pytest.param(range(75, 90), (30, 90), 0.2, id="doubted at the end of a long one"),
        pytest.param(range(50, 60), (30, 90), 0.9, id="doubted in the middle of a long one"),
    ],
)
def test_a_finding_is_as_sure_as_its_weakest_boxes(weak, finding, expect):
    score = np.full(100, 0.9, np.float32)
    score[list(weak)] = 0.2
    boxes = np.tile(np.array([0, 0, 10, 20], np.float32), (100, 1))
    own = Tracklet(0, 0, np.arange(100), boxes, score)
    assert least_box_score(own, finding, fps=10.0) == pytest.approx(expect)
