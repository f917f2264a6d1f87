"""What lies where a cut may be, or in pictures that say too little, is no certainty."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from types import SimpleNamespace
from typing import Any

import pytest

from castcheck.config import Config
from castcheck.findings.builder import FindingBuilder
from castcheck.findings.doubts import with_doubts
from castcheck.report_facts import cut_notes
from castcheck.tables.kinds import KINDS
from identity.findings import Finding

FPS = 10.0
SWAP = Finding("swap", "critical", 0.9, ("char-01",), (0, 1), (0,), 30, 31, "exchange")
DRIFT = replace(SWAP, kind="drift", stop_frame=50)
CLONE = replace(SWAP, kind="clone", severity="major", stop_frame=50)
MISSING = replace(SWAP, kind="missing", severity="major")


class Build(FindingBuilder):
    """Its bars alone are asked."""

    def __init__(self):
        config = Config()
        self._bars, self._settings = config.confidence, config.findings


def seen(*cuts: int, damaged: bool = False, sparse: bool = False) -> Any:
    times = tuple(Fraction(f, 10) for f in range(90))
    info = SimpleNamespace(all_damaged=damaged)
    return SimpleNamespace(
        fps=FPS, doubtful_cuts=cuts, info=info, is_sparse=sparse, frame_times_s=times
    )


@pytest.mark.parametrize(
    ("finding", "cuts", "at"),
    [
        pytest.param(SWAP, (), None, id="no doubtful cut"),
        pytest.param(SWAP, (30,), 30, id="a swap at one"),
        pytest.param(SWAP, (10, 28, 60), 28, id="a fifth of a second before"),
        pytest.param(SWAP, (32,), 32, id="a fifth of a second after"),
        pytest.param(SWAP, (27, 33), None, id="further away"),
        pytest.param(DRIFT, (40,), 40, id="in the middle of a slow change"),
        pytest.param(DRIFT, (53,), None, id="after a slow change"),
        pytest.param(CLONE, (40,), None, id="while a copy is on screen"),
        pytest.param(CLONE, (30,), 30, id="where a copy comes"),
        pytest.param(MISSING, (30,), None, id="who is in the clip at all"),
    ],
)
def test_what_lies_at_a_doubtful_cut_is_a_doubt(finding, cuts, at):
    (told,) = with_doubts([finding], seen(*cuts), Build())
    assert told.evidence.get("doubtful_cut_frame") == at
    assert told.severity == ("minor" if at is not None else finding.severity)
    assert told.severity_if_sure == finding.severity
    assert told.confidence == finding.confidence
    said = [] if at is None else [f"there may be a cut at {at / 10:.2f} s: "]
    notes = cut_notes([told], seen(*cuts))
    assert [note.partition("what is found there")[0] for note in notes] == said


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_too_few_pictures_make_every_kind_a_doubt_and_guessed_ones_tell_nothing(kind):
    finding = replace(SWAP, kind=kind, severity=KINDS[kind].capped("critical"))
    assert with_doubts([finding], seen(), Build()) == (finding,)
    (doubt,) = with_doubts([finding], seen(sparse=True), Build())
    assert (doubt.severity, doubt.severity_if_sure) == ("minor", finding.severity)
    assert with_doubts([finding], seen(damaged=True, sparse=True), Build()) == ()
    assert with_doubts([], seen(30), Build()) == ()


def test_several_doubtful_cuts_are_one_line_in_order():
    told = with_doubts([replace(SWAP, start_frame=60), SWAP], seen(30, 60), Build())
    (note,) = cut_notes(told, seen(30, 60))
    assert note.startswith("there may be a cut at 3.00 s, 6.00 s:")
