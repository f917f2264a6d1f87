"""Who is there beside a cast, and what is said already by another finding."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from castcheck.findings.against_cast import CastFindingBuilder
from castcheck.findings.builder import FindingBuilder, character_id
from identity.cast.characters import build_cast
from identity.cast.matching import match_to_cast
from identity.findings import Finding
from identity.settings import ClusteringSettings, FindingSettings
from tests.castcheck.test_script import clip_of, member
from tests.identity.people import calibration


def found(on_screen, *, told=()):
    """Return the kinds of findings against a cast of A and B, and the names of the characters."""
    seen, segments = clip_of(on_screen)
    setups = np.eye(len(seen.shots), dtype=np.float32)
    cast = build_cast(segments, setups, calibration(), ClusteringSettings())
    judgement: Any = SimpleNamespace(segments=segments, cast=cast, of_kind=lambda _: ())
    members = [member("A"), member("B")]
    roll = match_to_cast(segments, cast, members, calibration(), ClusteringSettings())
    build = FindingBuilder(seen, judgement, FindingSettings())
    against = CastFindingBuilder(seen, judgement, roll, members, build, told)
    return [f.kind for f in against.findings(min_confidence=0.5)], roll.member_of


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
    assert said == kinds
