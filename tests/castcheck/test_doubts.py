"""What nothing else vouches for stops no clip, however strong it is."""

from __future__ import annotations

from dataclasses import replace

import pytest

from castcheck.config import Config
from castcheck.models import load_models
from castcheck.observe import observe
from castcheck.pipeline import calibrate, embedder_name, judge_observations
from castcheck.wording import Writer
from identity.clones import Clone
from identity.drifts import Drift
from tests.e2e.test_samples import SAMPLES


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
    drift = Drift((0,), 4, 20, 2.0, {"body": 0.1}, over_cut=False, by_colours=vouched)
    clone = Clone((0, 1), 4, 20, 3.0, {"body": 1.0}, vouched)
    told = replace(
        judgement,
        drifts=(drift,) if kind == "drift" else (),
        clones=(clone,) if kind == "clone" else (),
    )
    (finding,) = Writer(seen, told, config.findings).findings([])
    assert (finding.kind, finding.severity) == (kind, severity)
    assert (finding.confidence >= config.findings.major_confidence) is vouched
