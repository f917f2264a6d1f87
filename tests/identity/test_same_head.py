"""Two characters of whom two shots show one head are one person in other clothes."""

# Stand-ins here hold only what is asked of them, so types of arguments are not compared.
# mypy: disable-error-code="arg-type"

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from identity.appearance.looks import Looks
from identity.cast.same_head import one_in_other_clothes
from identity.judge import judge_looks
from identity.settings import ClusteringSettings, FindingSettings
from scenes.shots import Cut, shots_from_cuts
from tests.identity.people import FPS, body_of, calibration, colour_of, looks, tracklet

CLEAR = np.full(10, 0.8, np.float32)


def wears(head, clothes, *, face=None, hair=None, without=(), looks=8, score=CLEAR):
    """Return a segment of one with this head in these clothes."""
    means = {
        "body": body_of(clothes), "upper": colour_of(clothes), "head": colour_of(head),
        "hair": colour_of(hair or head), "face": body_of(face or head),
    }  # fmt: skip
    kept = {cue: mean for cue, mean in means.items() if cue not in without}
    return SimpleNamespace(means=kept, sample_count=looks, score=score)


def joined(*segments, labels, together=(), doubtful=()):
    apart = np.zeros((len(segments),) * 2, np.bool_)
    for one, two in together:
        apart[one, two] = apart[two, one] = True
    unsure = np.isin(np.arange(len(segments)), doubtful)
    cast = SimpleNamespace(labels=np.array(labels, np.int64), apart=apart, doubtful=unsure)
    return list(one_in_other_clothes(segments, cast, calibration()))


OLD, NEW = wears("A", "B"), wears("A", "C")


@pytest.mark.parametrize(
    ("segments", "labels", "more", "pairs"),
    [
        pytest.param([], [], {}, [], id="nobody"),
        pytest.param([OLD], [0], {}, [], id="one"),
        pytest.param([OLD, NEW], [0, 1], {}, [(0, 1)], id="other clothes"),
        pytest.param([OLD, NEW], [0, 0], {}, [], id="the cast knows already"),
        pytest.param([OLD, NEW], [0, -1], {}, [], id="nobody of the cast"),
        pytest.param([OLD, NEW], [0, 1], {"doubtful": [1]}, [], id="a doubtful box"),
        pytest.param([OLD, NEW], [0, 1], {"together": [(0, 1)]}, [], id="on screen at once"),
        pytest.param(
            [OLD, NEW, wears("D", "C")], [0, 1, 1], {"together": [(0, 2)]}, [],
            id="whom he is seen beside wears the same name",
        ),
        pytest.param([OLD, wears("A", "C", face="D")], [0, 1], {}, [], id="another face"),
        pytest.param([OLD, wears("A", "C", hair="D")], [0, 1], {}, [], id="other hair"),
        pytest.param([OLD, wears("D", "C", face="A", hair="A")], [0, 1], {}, [], id="other head"),
        pytest.param([OLD, wears("A", "C", without=["face"])], [0, 1], {}, [], id="no face"),
        pytest.param([OLD, wears("A", "C", without=["hair"])], [0, 1], {}, [], id="no hair"),
        pytest.param([OLD, wears("A", "C", looks=2)], [0, 1], {}, [], id="two looks"),
        pytest.param([OLD, wears("A", "C", score=CLEAR / 4)], [0, 1], {}, [], id="a weak box"),
        pytest.param(
            [OLD, NEW, wears("A", "E")], [0, 1, 2], {}, [(0, 1), (0, 2)], id="dressed anew twice"
        ),
        pytest.param(
            [OLD, wears("D", "E"), NEW, wears("D", "F")], [0, 1, 2, 3],
            {"together": [(0, 1), (2, 3)]}, [(0, 2), (1, 3)], id="two, each in other clothes",
        ),
        pytest.param(
            [OLD, NEW, wears("A", "E")], [0, 1, 2], {"together": [(1, 2)]}, [(0, 1)],
            id="of two copies he is one",
        ),
    ],
)  # fmt: skip
def test_one_head_is_one_person(segments, labels, more, pairs):
    assert joined(*segments, labels=labels, **more) == pairs


def seen_as(frames, clothes, head, face, seed=0):
    """Return looks of one who wears these clothes, this head and hair, and this face."""
    own, top = (
        looks(frames, worn, hair=list(head), face=list(face), seed=seed)
        for worn in (list(clothes), list(head))
    )
    whose = {
        "body": own, "upper": own, "lower": own, "hair": own, "head": top, "face": top,
        "face_turn": top,
    }  # fmt: skip
    rows = np.arange(len(frames))
    cues = {cue: of.rows(cue, rows).astype(np.float16) for cue, of in whose.items()}
    return Looks(cues, np.zeros(len(frames), np.float32), np.ones(len(frames), np.bool_))


def redressed(face):
    """Return who is who in two shots, each of one who wears this face, and what is told."""
    frames = [range(24 * k, 24 * k + 24) for k in range(2)]
    seen = [seen_as(frames[k], "BC"[k] * 24, "A" * 24, face[k] * 24, seed=k) for k in range(2)]
    judgement = judge_looks(
        [tracklet(k, frames[k], shot=k) for k in range(2)], seen,
        shots_from_cuts([Cut(24)], frame_count=48), np.eye(2, dtype=np.float32), calibration(),
        ClusteringSettings(), FindingSettings(), fps=FPS,
    )  # fmt: skip
    return judgement.cast.labels.tolist(), [(e.kind, e.vouched) for e in judgement.explained]


@pytest.mark.parametrize(
    ("face", "labels", "said"),
    [
        pytest.param("AA", [0, 0], [("drift", False)], id="one, and he is dressed anew"),
        pytest.param("AD", [0, 1], [], id="two, and nothing has changed"),
    ],
)
def test_who_is_dressed_anew_is_told_of_as_one(face, labels, said):
    assert redressed(face) == (labels, said)


@pytest.mark.parametrize(
    ("head", "face", "attribute", "labels"),
    [
        pytest.param("AA", "AA", "clothes", [0], id="one, and his clothes change"),
        pytest.param("AA", "AD", "", [0, 1], id="another face: somebody else"),
        pytest.param("AD", "AD", "", [0, 1], id="another head and face: somebody else"),
    ],
)
def test_clothes_that_change_at_once_leave_a_character_who_he_is(head, face, attribute, labels):
    clothes, heads, faces = (one[0] * 48 + one[1] * 48 for one in ("BC", head, face))
    judgement = judge_looks(
        [tracklet(0, range(96))], [seen_as(range(96), clothes, heads, faces)],
        shots_from_cuts([], frame_count=96), np.ones((1, 1), np.float32), calibration(),
        ClusteringSettings(), FindingSettings(), fps=FPS,
    )  # fmt: skip
    assert [(e.kind, e.attribute) for e in judgement.explained] == [("morph", attribute)]
    assert judgement.cast.labels.tolist() == labels
