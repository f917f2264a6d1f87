"""What a drift is called: a look that changes, or one who stands where another was."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from castcheck.kinds import morph
from castcheck.kinds.drift import find
from identity.explanations.contract import Explained

FRAMES = {0: (0, 9), 1: (10, 19)}  # of two tracks, one after the other


class Build:
    """Words times and names, and hands out what a finding would be made of."""

    def time(self, frame):
        return f"f{frame}"

    def name(self, label, *, before_frame=None):
        assert before_frame in (None, 10)  # what is worn until then, of who looks otherwise
        return f"char-{label}"

    def severity(self, kind, tracks, confidence):
        return "major"

    def finding(self, kind, **facts):
        return SimpleNamespace(kind=kind, **facts)


def told(labels, tracks, *, over_cut, attribute=""):
    """Return what is told of a drift from frame 10 to 20, where tracks 0 and 1 have `labels`."""
    bodies = [SimpleNamespace(frame=np.arange(*FRAMES[k]), members=(k,)) for k in FRAMES]
    drift = Explained("drift", tracks, 10, 20, 2.0, 0.8, {}, over_cut=over_cut, attribute=attribute)
    judgement = SimpleNamespace(
        tracks=bodies, of_kind=lambda _: (drift,), character_at=lambda track, _: labels[track]
    )
    case = SimpleNamespace(judgement=judgement, build=Build(), settings=SimpleNamespace(drift=0.33))
    return [
        (f.characters, f.message)
        for f in find(case)  # type: ignore[arg-type]
    ]


@pytest.mark.parametrize(
    ("labels", "tracks", "over_cut", "expect"),
    [
        pytest.param((0, -1), (1,), False, [], id="nobody of the cast"),
        pytest.param(
            (0, 0), (1,), False,
            [([0], "From f10 to f20, the look of char-0 changes gradually.")], id="in a shot",
        ),
        pytest.param(
            (0, 0), (0, 1), True,
            [([0], "From f10 to f20, the look of char-0 changes from shot to shot.")],
            id="over a cut",
        ),
        pytest.param(
            (0, 1), (0, 1), True,
            [([0, 1], "From f10 on, char-1 is where char-0 was before the cut.")],
            id="somebody else in his place",
        ),
        pytest.param(
            (-1, 1), (0, 1), True,
            [([1], "From f10 to f20, the look of char-1 changes from shot to shot.")],
            id="nobody of the cast before",
        ),
    ],
)  # fmt: skip
def test_what_is_told(labels, tracks, over_cut, expect):
    assert told(labels, tracks, over_cut=over_cut) == expect


@pytest.mark.parametrize(("over_cut", "how"), [(False, "gradually"), (True, "from shot to shot")])
def test_clothes_that_alone_change_are_called_so(over_cut, how):
    ((_, message),) = told((0, 0), (0, 1), over_cut=over_cut, attribute="clothes")
    assert message == f"From f10 to f20, the clothes of char-0 change {how}."


@pytest.mark.parametrize(
    ("attribute", "said", "cues"),
    [
        pytest.param("", "char-0 abruptly becomes someone else.", None, id="all of a look"),
        pytest.param(
            "face", "the face of char-0 abruptly becomes someone else's.", ["face"], id="a face"
        ),
        pytest.param(
            "clothes", "the clothes of char-0 abruptly change.", ["clothes"], id="clothes"
        ),
    ],
)  # fmt: skip
def test_what_a_sudden_change_is_called(attribute, said, cues):
    one = Explained("morph", (0,), 10, 11, 2.0, 0.8, {}, attribute=attribute)
    judgement = SimpleNamespace(
        tracks=[SimpleNamespace(tracklet_at=lambda _: 0)], of_kind=lambda _: (one,),
        character_at=lambda track, _: track,
    )  # fmt: skip
    (found,) = morph.find(SimpleNamespace(judgement=judgement, build=Build()))  # type: ignore[arg-type]
    assert found.message == f"At f10, {said}"
    assert found.evidence.get("cues") == cues
