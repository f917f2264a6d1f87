"""One cause, one finding: a copy that appears, and whatever is seen where somebody has gone."""

from __future__ import annotations

import sys
from dataclasses import replace

import numpy as np
import pytest

from castcheck.config import Config
from castcheck.findings.builder import FindingBuilder
from castcheck.kinds.case import with_one_cause
from castcheck.report_facts import frames_on_screen
from identity.findings import Finding

FPS = 24.0
CLONE = Finding(
    "clone", "minor", 0.6, ("char-01",), (0, 3), (0,), 30, 60, "is on screen twice",
    {"severity_if_sure": "major"},
)  # fmt: skip
POP_IN = Finding("pop_in", "major", 0.9, ("char-01",), (3,), (0,), 30, 31, "appears")
VANISH = replace(POP_IN, kind="vanish", message="disappears")
MORPH = replace(
    POP_IN, kind="morph", severity="minor", confidence=0.6, message="becomes somebody else"
)


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


@pytest.mark.parametrize(
    ("morph", "told"),
    [
        pytest.param(MORPH, ["vanish"], id="the wall behind him"),
        pytest.param(replace(MORPH, kind="drift"), ["vanish"], id="slowly"),
        pytest.param(replace(MORPH, start_frame=24), ["vanish"], id="as he fades"),
        pytest.param(replace(MORPH, start_frame=23), ["morph", "vanish"], id="before he fades"),
        pytest.param(replace(MORPH, severity="major"), ["morph"], id="somebody else is there"),
        pytest.param(replace(MORPH, tracklets=(4,)), ["morph", "vanish"], id="another one"),
        pytest.param(replace(MORPH, tracklets=(3, 4)), ["morph", "vanish"], id="two change"),
        pytest.param(replace(MORPH, kind="swap"), ["swap", "vanish"], id="an exchange"),
    ],
)
def test_what_is_seen_where_somebody_has_gone_is_no_change(morph, told):
    assert sorted(f.kind for f in with_one_cause([morph, VANISH], Build(), fps=FPS)) == told


@pytest.mark.parametrize(
    ("findings", "spans"),
    [
        pytest.param([], {}, id="nothing told"),
        pytest.param([MORPH, CLONE], {}, id="nobody goes or comes"),
        pytest.param([VANISH], {3: (0, 30)}, id="goes"),
        pytest.param(
            [VANISH, replace(VANISH, start_frame=12)], {3: (0, 12)}, id="goes twice: the first"
        ),
        pytest.param([VANISH, replace(POP_IN, start_frame=5)], {3: (5, 30)}, id="comes and goes"),
    ],
)
def test_boxes_show_nobody_before_who_appears_and_after_who_vanishes(findings, spans):
    everywhere = frames_on_screen(findings)
    assert {k: (first, stop) for k, (first, stop) in everywhere.items() if stop < FPS * 60} == spans


def test_who_appears_stays_until_the_end():
    assert frames_on_screen([POP_IN])[3] == (30, sys.maxsize)
