"""Who is there beside a cast, and what is said already by another finding."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from castcheck.findings.against_cast import CastFindingBuilder, without_same_cause
from castcheck.findings.builder import FindingBuilder, character_id
from identity.cast.characters import build_cast
from identity.cast.matching import match_to_cast
from identity.findings import Finding
from identity.settings import ClusteringSettings, FindingSettings
from tests.castcheck.test_script import clip_of, member
from tests.identity.people import calibration

A, B, BARE = member("A"), member("B"), member("X", pictures=False)


def found(on_screen, *, told=(), members=(A, B)):
    """Return the findings against a cast of A and B, say, and who each character is of it."""
    seen, segments = clip_of(on_screen)
    setups = np.eye(len(seen.shots), dtype=np.float32)
    cast = build_cast(segments, setups, calibration(), ClusteringSettings())
    judgement: Any = SimpleNamespace(segments=segments, cast=cast, of_kind=lambda _: ())
    roll = match_to_cast(segments, cast, members, calibration(), ClusteringSettings())
    build = FindingBuilder(seen, judgement, FindingSettings())
    against = CastFindingBuilder(seen, judgement, roll, members, build, told)
    return against.findings(min_confidence=0.5), roll.member_of


def finding(kind, severity, *characters):
    return Finding(kind, severity, 0.9, characters, (0, 2), (0,), 0, 48, "told already")


@pytest.mark.parametrize(
    ("on_screen", "told", "kinds"),
    [
        pytest.param(["AB"], (), [], id="the cast"),
        pytest.param(["ABC"], (), ["unexpected"], id="somebody beside it"),
        pytest.param(["ABA"], (), ["unexpected"], id="A twice, and no finding says so"),
        pytest.param(["ABA"], [("clone", "major", "A", "?")], [], id="a clone of A"),
        pytest.param(["ABA"], [("clone", "minor", "A", "?")], ["unexpected"],
                     id="a doubt says too little"),
        pytest.param(["ABA"], [("clone", "major", "A", "B")], ["unexpected"],
                     id="a clone of others"),
        pytest.param(["ABA"], [("drift", "major", "A", "?")], ["unexpected"],
                     id="another kind"),
        pytest.param(["ABC"], [("clone", "major", "?")], ["unexpected"],
                     id="a clone of nobody who is named"),
    ],
)  # fmt: skip
def test_one_cause_is_one_finding(on_screen, told, kinds):
    _, member_of = found(on_screen)
    id_of = {"AB?"[who]: character_id(k) for k, who in enumerate(member_of)}
    assert {*id_of} == {"A", "B", *"?" * bool(kinds or told)}
    said, _ = found(
        on_screen,
        told=[
            finding(kind, how_bad, *(id_of[who] for who in whom)) for kind, how_bad, *whom in told
        ],
    )
    assert [f.kind for f in said] == kinds


@pytest.mark.parametrize(
    ("on_screen", "said"),
    [
        pytest.param(["AB", "AC"], [("stranger", "B", "B is not seen any more")],
                     id="from a cut on"),
        pytest.param(["AB", "AC", "AC"], [("stranger", "B", "B is not seen any more")],
                     id="to the end"),
        pytest.param(["AB", "AC", "AB"], [("unexpected", None, "already there.")],
                     id="who is missed comes back"),
        pytest.param(["AB", "ABC"], [("unexpected", None, "already there.")], id="beside both"),
        pytest.param(["ABC", "A"], [("unexpected", None, "already there.")],
                     id="before anybody has gone"),
        pytest.param(["AB", "A", "AC"], [("unexpected", None, "already there.")],
                     id="long after B has gone"),
        pytest.param(["A", "AC"], [("stranger", "B", "B is not seen.")], id="B was never there"),
        pytest.param(["AB", "CD"], [("stranger", "A", "A is not seen any more"),
                                    ("stranger", "B", "B is not seen any more")],
                     id="two in the places of two"),
        pytest.param(["ABA"], [("unexpected", None, "already there.")], id="perhaps A twice"),
        pytest.param(["ABA"] * 4, [("unexpected", "A", "and looks like A.")], id="A twice"),
    ],
)  # fmt: skip
def test_in_whose_place_somebody_stands(on_screen, said):
    findings, _ = found(on_screen)
    assert [(f.kind, f.evidence["member"]) for f in findings] == [row[:2] for row in said]
    for finding, (kind, _, words) in zip(findings, said, strict=True):
        assert words in finding.message
        assert (finding.severity == "minor") is (kind == "unexpected" and "looks" in words)


@pytest.mark.parametrize(
    ("on_screen", "members", "said"),
    [
        pytest.param(["AC"], [A, B], [("stranger", "B")], id="everybody has pictures"),
        pytest.param(["AC"], [A, BARE], [], id="C may be X"),
        pytest.param(["ABC"], [A, B, BARE], [], id="beside the others, too"),
        pytest.param(["A"], [A, BARE], [], id="nobody knows whether X is there"),
        pytest.param(["AC"], [A, B, BARE], [("missing", "B")], id="C may be X, and is not B"),
        pytest.param(["AC"], [member("A", presence="forbidden"), BARE], [("unexpected", "A")],
                     id="one who must not be there"),
        pytest.param(["AC"], [BARE], [], id="nobody has pictures"),
    ],
)  # fmt: skip
def test_whom_nobody_knows_may_be_a_member_without_pictures(on_screen, members, said):
    findings, _ = found(on_screen, members=members)
    assert [(f.kind, f.evidence["member"]) for f in findings] == said
    assert all("X" not in f.evidence["log_odds"] for f in findings)


@pytest.mark.parametrize(
    ("told", "kept"),
    [
        pytest.param([], [], id="nothing"),
        pytest.param([("drift", 24, "b", "x")], [], id="somebody looks otherwise: the stranger"),
        pytest.param([("drift", 0, "b", "x")], ["drift"], id="at another moment"),
        pytest.param([("drift", 24, "a")], ["drift"], id="of somebody else"),
        pytest.param([("morph", 24, "b", "x"), ("swap", 24, "a", "x")], ["morph", "swap"],
                     id="of other kinds"),
    ],
)  # fmt: skip
def test_a_stranger_is_one_error(told, kept):
    told = [Finding(kind, "major", 0.9, tuple(who), (0,), (1,), start, 48, "told")
            for kind, start, *who in told]  # fmt: skip
    stranger = Finding("stranger", "critical", 0.9, ("x",), (0,), (1,), 24, 48, "no member")
    assert [f.kind for f in without_same_cause(told, [stranger])] == kept
    assert len(without_same_cause(told, [])) == len(told)
