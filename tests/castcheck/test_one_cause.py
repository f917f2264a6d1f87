"""A copy that appears is one finding: a clone, as sure as the pixels and the looks together."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from castcheck.config import Config
from castcheck.findings.builder import FindingBuilder
from castcheck.kinds.case import with_one_cause
from identity.findings import Finding

FPS = 24.0
CLONE = Finding(
    "clone", "minor", 0.6, ("char-01",), (0, 3), (0,), 30, 60, "is on screen twice",
    {"severity_if_sure": "major"},
)  # fmt: skip
POP_IN = Finding("pop_in", "major", 0.9, ("char-01",), (3,), (0,), 30, 31, "appears")


class Build(FindingBuilder):
    """Its bars alone are asked."""

    def __init__(self):
        config = Config()
        self._bars, self._settings = config.confidence, config.findings


@pytest.mark.parametrize(
    ("findings", "told"),
    [
        pytest.param([], [], id="nothing"),
        pytest.param([CLONE], [("clone", "minor", 0.6)], id="a clone alone is no surer"),
        pytest.param([POP_IN], [("pop_in", "major", 0.9)], id="somebody new appears"),
        pytest.param([CLONE, POP_IN], [("clone", "major", 0.9)], id="a copy appears"),
        pytest.param(
            [replace(CLONE, confidence=0.95), POP_IN],
            [("clone", "major", 0.95)],
            id="looks are surer than pixels",
        ),
        pytest.param(
            [CLONE, replace(POP_IN, start_frame=24, stop_frame=25)],
            [("clone", "major", 0.9)],
            id="a quarter of a second before",
        ),
        pytest.param(
            [CLONE, replace(POP_IN, start_frame=23, stop_frame=24)],
            [("clone", "minor", 0.6), ("pop_in", "major", 0.9)],
            id="earlier than that",
        ),
        pytest.param(
            [CLONE, replace(POP_IN, tracklets=(5,))],
            [("clone", "minor", 0.6), ("pop_in", "major", 0.9)],
            id="somebody else appears",
        ),
        pytest.param(
            [CLONE, replace(POP_IN, kind="vanish")],
            [("clone", "minor", 0.6), ("vanish", "major", 0.9)],
            id="one of them goes",
        ),
    ],
)
def test_a_copy_that_appears_is_told_once(findings, told):
    got = with_one_cause(findings, Build(), fps=FPS)
    assert sorted((one.kind, one.severity, one.confidence) for one in got) == told


def test_both_reasons_stand_in_the_evidence():
    (got,) = with_one_cause([CLONE, POP_IN], Build(), fps=FPS)
    assert got.evidence == {"appears": 0.9}
    assert np.isclose(got.confidence, 0.9)
